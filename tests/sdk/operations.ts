/* The operations of the SDK that the fault matrix plays: what a provider answers, and what the SDK makes of it. */

import { File as NodeFile } from "node:buffer";
import OpenAI, { toFile } from "openai";
import { chatBody, chatChunks } from "../scenario/harness.js";

if (!("File" in globalThis)) Object.assign(globalThis, { File: NodeFile }); // Node 18 has it, but not under that name

export interface Operation {
  name: string;
  /** How a failure in the middle is told: not at all, the answer being held back; in the stream; or by a broken transfer. */
  late: "status" | "event" | "break";
  type: string;
  /** The body up to and with the last token: the pieces in which it comes. */
  pieces: Buffer[];
  /** What marks its end, if its dialect has a mark. */
  end: Buffer;
  /** What the SDK has to hand over for all of `pieces`. */
  content: string;
  /** Calls, and adds to `seen` whatever the SDK hands over. */
  call(client: OpenAI, model: string, seen: string[], signal?: AbortSignal): Promise<void>;
}

export const MESSAGES = [{ role: "user" as const, content: "hello" }];
const WORDS = ["One", " two", " thr\u00e9e", " \u{1F600}", " and the last."];
const TEXT = WORDS.join("");
const SOUND = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7) % 256));
const NONE = Buffer.alloc(0);

export const RESPONSE = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-real", error: null, incomplete_details: null,
  instructions: null, metadata: {}, output: [{
    id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: TEXT, annotations: [] }],
  }],
  usage: { input_tokens: 5, input_tokens_details: { cached_tokens: 2 }, output_tokens: 3, output_tokens_details: { reasoning_tokens: 1 }, total_tokens: 8 },
};

export function named(type: string, more: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
}

function json(value: object): Pick<Operation, "late" | "type" | "pieces" | "end"> {
  const text = Buffer.from(JSON.stringify(value));
  const half = text.length >> 1;
  return { late: "status", type: "application/json", pieces: [text.subarray(0, half), text.subarray(half)], end: NONE };
}

export const CHAT_WHOLE: Operation = {
  name: "chat", ...json(chatBody(TEXT)), content: TEXT,
  async call(client, model, seen, signal) {
    const answer = await client.chat.completions.create({ model, messages: MESSAGES }, { signal });
    seen.push(answer.choices[0]?.message.content ?? "");
  },
};

export const CHAT_STREAM: Operation = {
  name: "chat, streamed", late: "event", type: "text/event-stream", content: TEXT,
  pieces: chatChunks(...WORDS).map((chunk) => Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)),
  end: Buffer.from("data: [DONE]\n\n"),
  async call(client, model, seen, signal) {
    const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true }, { signal });
    for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content ?? "");
  },
};

export const RESPONSES_WHOLE: Operation = {
  name: "responses", ...json(RESPONSE), content: TEXT,
  async call(client, model, seen, signal) {
    seen.push((await client.responses.create({ model, input: "hello" }, { signal })).output_text);
  },
};

export const RESPONSES_STREAM: Operation = {
  name: "responses, streamed", late: "event", type: "text/event-stream", content: TEXT,
  pieces: [
    named("response.created", { sequence_number: 0, response: { ...RESPONSE, status: "in_progress", output: [], usage: null } }),
    ...WORDS.map((delta, i) => named("response.output_text.delta", { sequence_number: i + 1, item_id: "msg_1", output_index: 0, content_index: 0, delta })),
  ],
  end: named("response.completed", { sequence_number: 9, response: RESPONSE }),
  async call(client, model, seen, signal) {
    const stream = await client.responses.create({ model, input: "hello", stream: true }, { signal });
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") seen.push(event.delta);
      if (event.type === "response.failed") seen.push(`failed: ${event.response.error?.message}`);
    }
  },
};

export const EMBEDDINGS: Operation = {
  name: "embeddings", content: "[0.25,-1.5,3]",
  ...json({ object: "list", model: "m", data: [{ object: "embedding", index: 0, embedding: [0.25, -1.5, 3] }], usage: { prompt_tokens: 4, total_tokens: 4 } }),
  async call(client, model, seen, signal) {
    const answer = await client.embeddings.create({ model, input: "hello", encoding_format: "float" }, { signal });
    seen.push(JSON.stringify(answer.data[0]?.embedding));
  },
};

export const IMAGES: Operation = {
  name: "images", ...json({ created: 1, data: [{ b64_json: "aGVsbG8=" }] }), content: "aGVsbG8=",
  async call(client, model, seen, signal) {
    seen.push((await client.images.generate({ model, prompt: "a cat" }, { signal })).data?.[0]?.b64_json ?? "");
  },
};

export const TRANSCRIPTION: Operation = {
  name: "transcription", ...json({ text: TEXT }), content: TEXT,
  async call(client, model, seen, signal) {
    const file = await toFile(SOUND, "a.wav");
    seen.push((await client.audio.transcriptions.create({ model, file }, { signal })).text);
  },
};

export const SPEECH: Operation = {
  name: "speech", late: "break", type: "audio/mpeg", content: SOUND.toString("latin1"),
  pieces: [SOUND.subarray(0, 20_000), SOUND.subarray(20_000)], end: NONE,
  async call(client, model, seen, signal) {
    const answer = await client.audio.speech.create({ model, voice: "alloy", input: "hello" }, { signal });
    seen.push(Buffer.from(await answer.arrayBuffer()).toString("latin1"));
  },
};

export const STREAMS = [CHAT_STREAM, RESPONSES_STREAM];
export const JSONS = [CHAT_WHOLE, RESPONSES_WHOLE, EMBEDDINGS, IMAGES, TRANSCRIPTION];
export const ALL = [...JSONS, ...STREAMS, SPEECH];
