/* What breaks off is never a success. Streams of every kind of provider are cut at many bytes, with the transport torn or,
 * worse, ended in good order, and asked for by clients of every dialect, streamed and whole: none of them may see what its
 * SDK takes for the end of an answer. Whole answers are cut as well. */

import * as assert from "node:assert/strict";
import { chatBody, chatChunk, DIALECTS, eventFrame, readFrames, scenario, sseEvents, TEXT, usageChunk,
  type Request, type RequestOptions, type Response } from "./harness.js";

// ---- providers ----

interface Stream {
  bytes: Buffer;
  /** Up to which byte it is no whole answer. */
  until: number;
}

interface Speaker {
  kind: string;
  type: string;
  /** Of text, and of a tool call with arguments in pieces. */
  streams: Stream[];
  whole: string;
}

const sse = (value: unknown): Buffer => Buffer.from(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
const named = (type: string, data: object): Buffer => Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
const line = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** The last of `ends` frames are an end that is none before its own last byte but for the line ends behind it. */
function stream(frames: Buffer[], ends = 1): Stream {
  const bytes = Buffer.concat(frames);
  const behind = Buffer.concat(frames.slice(frames.length - ends + 1)).length;
  let until = bytes.length - behind;
  while (/\s/.test(String.fromCharCode(bytes[until - 1]!))) until--;
  return { bytes, until };
}

const ARGS = ['{"place":', '"B', 'ern"}'];
const ANTHROPIC = DIALECTS["anthropic"]!.frames;
const delta = (index: number, piece: object): Buffer => named("content_block_delta", { index, delta: piece });
const call = (name: string, args: string, more: object = {}) => ({ index: 0, id: "call_1", type: "function", function: { name, arguments: args }, ...more });

function responses(item: object, events: Buffer[]): Buffer[] {
  const response = (status: string, output: object[]) => ({ id: "resp_1", object: "response", created_at: 1, model: "m", status, output,
    ...(status === "completed" ? { usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } } : {}) });
  return [
    named("response.created", { response: response("in_progress", []) }),
    named("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", ...("content" in item ? { content: [] } : { arguments: "" }) } }),
    ...events,
    named("response.output_item.done", { output_index: 0, item }),
    named("response.completed", { response: response("completed", [item]) }),
  ];
}

const MESSAGE = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: TEXT, annotations: [] }] };
const FUNCTION_CALL = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "look", arguments: ARGS.join("") };
const ollama = (message: object, done = false) => line({ model: "m", created_at: "2026-01-02T03:04:05Z", message: { role: "assistant", ...message }, done,
  ...(done ? { done_reason: "stop", prompt_eval_count: 11, eval_count: 7 } : {}) });
const gemini = (part: object, more: object = {}) => sse({ candidates: [{ content: { role: "model", parts: [part] }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 }, modelVersion: "m" });

const SPEAKERS: Record<string, Speaker> = {
  chat: {
    kind: "openai-chat", type: "text/event-stream", whole: JSON.stringify(chatBody(TEXT)),
    streams: [
      stream([sse(chatChunk({ role: "assistant", content: "" })), sse(chatChunk({ content: "Hel" })), sse(chatChunk({ content: "lo ä€😀" })),
        sse(chatChunk({}, "stop")), sse(usageChunk()), sse("[DONE]")]),
      stream([sse(chatChunk({ role: "assistant", tool_calls: [call("look", "")] })),
        ...ARGS.map((piece) => sse(chatChunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }))),
        sse(chatChunk({}, "tool_calls")), sse(usageChunk()), sse("[DONE]")]),
    ],
  },
  responses: {
    kind: "openai-responses", type: "text/event-stream",
    whole: JSON.stringify({ id: "resp_1", object: "response", created_at: 1, model: "m", status: "completed", output: [MESSAGE],
      usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } }),
    streams: [
      stream(responses(MESSAGE, [
        named("response.content_part.added", { item_id: "msg_1", output_index: 0, content_index: 0, part: { type: "output_text", text: "", annotations: [] } }),
        named("response.output_text.delta", { item_id: "msg_1", output_index: 0, content_index: 0, delta: TEXT }),
        named("response.output_text.done", { item_id: "msg_1", output_index: 0, content_index: 0, text: TEXT }),
      ])),
      stream(responses(FUNCTION_CALL, [
        ...ARGS.map((piece) => named("response.function_call_arguments.delta", { item_id: "fc_1", output_index: 0, delta: piece })),
        named("response.function_call_arguments.done", { item_id: "fc_1", output_index: 0, arguments: ARGS.join("") }),
      ])),
    ],
  },
  anthropic: {
    kind: "anthropic", type: "text/event-stream", whole: DIALECTS["anthropic"]!.whole,
    streams: [
      stream(ANTHROPIC),
      stream([ANTHROPIC[0]!,
        named("content_block_start", { index: 0, content_block: { type: "thinking", thinking: "", signature: "" } }),
        delta(0, { type: "thinking_delta", thinking: "Bern?" }), delta(0, { type: "signature_delta", signature: "c2lnbmF0dXJl" }),
        named("content_block_stop", { index: 0 }),
        named("content_block_start", { index: 1, content_block: { type: "tool_use", id: "toolu_1", name: "look", input: {} } }),
        ...ARGS.map((piece) => delta(1, { type: "input_json_delta", partial_json: piece })),
        named("content_block_stop", { index: 1 }),
        named("message_delta", { delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 7 } }), ANTHROPIC.at(-1)!]),
    ],
  },
  gemini: {
    kind: "gemini", type: "text/event-stream", whole: DIALECTS["gemini"]!.whole,
    streams: [
      stream(DIALECTS["gemini"]!.frames),
      stream([gemini({ text: "Bern?", thought: true }), gemini({ functionCall: { name: "look", args: { place: "Bern" } }, thoughtSignature: "c2ln" }),
        gemini({ text: "" }, { finishReason: "STOP" })]),
    ],
  },
  bedrock: {
    kind: "bedrock", type: "application/vnd.amazon.eventstream", whole: DIALECTS["bedrock"]!.whole,
    streams: [
      stream(DIALECTS["bedrock"]!.frames, 2),
      stream([eventFrame("messageStart", { role: "assistant" }),
        eventFrame("contentBlockStart", { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t1", name: "look" } } }),
        ...ARGS.map((input) => eventFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input } } })),
        eventFrame("contentBlockStop", { contentBlockIndex: 0 }), eventFrame("messageStop", { stopReason: "tool_use" }),
        DIALECTS["bedrock"]!.frames.at(-1)!], 2),
    ],
  },
  cohere: {
    kind: "cohere", type: "text/event-stream", whole: DIALECTS["cohere"]!.whole,
    streams: [
      stream(DIALECTS["cohere"]!.frames, 2),
      stream([DIALECTS["cohere"]!.frames[0]!,
        named("tool-call-start", { index: 0, delta: { message: { tool_calls: call("look", "") } } }),
        ...ARGS.map((piece) => named("tool-call-delta", { index: 0, delta: { message: { tool_calls: { function: { arguments: piece } } } } })),
        named("tool-call-end", { index: 0 }), ...DIALECTS["cohere"]!.frames.slice(-2)], 2),
    ],
  },
  ollama: {
    kind: "ollama", type: "application/x-ndjson", whole: DIALECTS["ollama"]!.whole,
    streams: [
      stream(DIALECTS["ollama"]!.frames),
      stream([ollama({ content: "", tool_calls: [{ function: { name: "look", arguments: { place: "Bern" } } }] }), ollama({ content: "" }, true)]),
    ],
  },
};

// ---- clients ----

interface Client {
  ask(model: string, isStream: boolean): RequestOptions;
  /** Would its SDK say that this stream is a whole answer? */
  believes(body: Buffer): boolean;
}

const TOOL = { name: "look", parameters: { type: "object", properties: { place: { type: "string" } } } };
const parsed = (body: Buffer): any[] => sseEvents(body.toString("utf8")).filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
const finished = (chunks: any[]): boolean => !chunks.some((chunk) => chunk.error) && chunks.some((chunk) => chunk.candidates?.[0]?.finishReason);

function geminiAsk(model: string, isStream: boolean, query = ""): RequestOptions {
  return { path: `/v1beta/models/${model}:${isStream ? "streamGenerateContent" : "generateContent"}${query}`,
    body: { contents: [{ role: "user", parts: [{ text: "hi" }] }], tools: [{ functionDeclarations: [TOOL] }] } };
}

const CLIENTS: Record<string, Client> = {
  chat: {
    ask: (model, stream) => ({ body: { model, stream, messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: TOOL }] } }),
    believes: (body) => sseEvents(body.toString("utf8")).at(-1)?.data === "[DONE]" && !parsed(body).some((chunk) => chunk.error),
  },
  responses: {
    ask: (model, stream) => ({ path: "/v1/responses", body: { model, stream, input: "hi", tools: [{ type: "function", ...TOOL }] } }),
    believes: (body) => parsed(body).some(({ type }) => type === "response.completed" || type === "response.incomplete"),
  },
  anthropic: {
    ask: (model, stream) => ({ path: "/v1/messages", body: { model, stream, max_tokens: 99, messages: [{ role: "user", content: "hi" }],
      tools: [{ name: TOOL.name, input_schema: TOOL.parameters }] } }),
    believes: (body) => parsed(body).at(-1)?.type === "message_stop",
  },
  gemini: {
    ask: (model, isStream) => geminiAsk(model, isStream, "?alt=sse"),
    believes: (body) => finished(parsed(body)),
  },
  "gemini, as an array": {
    ask: (model, isStream) => geminiAsk(model, isStream),
    believes: (body) => finished(JSON.parse(body.toString("utf8"))),
  },
  bedrock: {
    ask: (model, isStream) => ({ path: `/model/${encodeURIComponent(model)}/converse${isStream ? "-stream" : ""}`, body: {
      messages: [{ role: "user", content: [{ text: "hi" }] }], toolConfig: { tools: [{ toolSpec: { name: TOOL.name, inputSchema: { json: TOOL.parameters } } }] } } }),
    believes: (body) => readFrames(body).every(({ headers }) => headers[":message-type"] === "event") &&
      readFrames(body).some(({ headers }) => headers[":event-type"] === "messageStop"),
  },
  cohere: {
    ask: (model, stream) => ({ path: "/v2/chat", body: { model, stream, messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: TOOL }] } }),
    believes: (body) => parsed(body).some(({ type, delta }) => type === "message-end" && !/ERROR|TIMEOUT/.test(delta.finish_reason)),
  },
  ollama: {
    ask: (model, stream) => ({ path: "/api/chat", body: { model, stream, messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: TOOL }] } }),
    believes: (body) => {
      const lines = body.toString("utf8").trimEnd().split("\n").map((text) => JSON.parse(text));
      return lines.some(({ done }) => done === true) && !lines.some(({ error }) => error !== undefined);
    },
  },
};

// ---- the matrix ----

type How = "torn" | "ended";

/** What a model's name asks the provider for: which of its streams (or the whole answer), up to where, and how it ends. */
const model = (which: number | "whole", at: number, how: How): string => `up/cut-${which}-${at}-${how}`;

function wanted(request: Request): { which: string; at: number; how: How } {
  const [, which, at, how] = /cut-(\w+)-(\d+)-(\w+)/.exec(`${request.target} ${request.body.toString("utf8")}`)!;
  return { which: which!, at: Number(at), how: how as How };
}

/** All bytes near the end, and some on the way there. */
function places(n: number): number[] {
  const step = Math.max(1, Math.floor(n / 12));
  return Array.from({ length: n }, (_, i) => i).filter((i) => i % step === 0 || i >= n - 12);
}

/** Is it what a client can read that wants no stream? In the provider's own dialect one passes all the same. */
function isAnswer({ text }: Response): boolean {
  try {
    return JSON.parse(text).done !== false;
  } catch {
    return false;
  }
}

async function believed(client: Client, ask: () => Promise<Response>): Promise<boolean> {
  const answer = await ask().catch((error: unknown) => {
    if (/EndedEarly|ended|reset/i.test(String(error))) return undefined; // what the client's transport sees
    throw error;
  });
  return answer !== undefined && answer.status === 200 && client.believes(answer.body);
}

for (const [name, speaker] of Object.entries(SPEAKERS)) {
  scenario(`${name}: a stream that breaks off is no success for any client`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer(async (request, conn) => {
      const { which, at, how } = wanted(request);
      const bytes = which === "whole" ? Buffer.from(speaker.whole) : speaker.streams[Number(which)]!.bytes;
      await conn.beginStream({ "content-type": which === "whole" ? "application/json" : speaker.type });
      if (at > 0) await conn.sendChunk(bytes.subarray(0, at));
      if (how === "ended") await conn.endChunks();
      else await conn.halfClose();
    });
    const base = speaker.kind.startsWith("openai") ? upstream.url : upstream.url.slice(0, -"/v1".length);
    const gateway = await throwbar(`version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers: {up: {kind: ${speaker.kind}, base_url: "${base}", api_key: "\${env:UP_KEY}"}}
`);
    const check = async (client: string, asked: string): Promise<void> => {
      const [dialect, what] = [CLIENTS[client]!, `a ${client} client of ${asked}`];
      assert.ok(!await believed(dialect, () => gateway.request(dialect.ask(asked, true))), what);
      const gathered = await gateway.request(dialect.ask(asked, false)).catch(() => undefined);
      assert.ok(gathered === undefined || gathered.status >= 500 || !isAnswer(gathered), `${what}, whole: ${gathered?.text}`);
    };
    for (const client of Object.keys(CLIENTS)) {
      for (const [which, { bytes, until }] of speaker.streams.entries()) {
        const [streamed, whole] = await Promise.all([true, false].map((isStream) =>
          gateway.request(CLIENTS[client]!.ask(model(which, bytes.length, "ended"), isStream)))) as [Response, Response];
        assert.ok(CLIENTS[client]!.believes(streamed.body), `${client} takes the whole stream ${which}: ${streamed.text}`);
        assert.equal(whole.status, 200, whole.text);
        for (const at of places(until))
          await Promise.all((["torn", "ended"] as const).map((how) => check(client, model(which, at, how))));
      }
      for (const at of places(speaker.whole.length)) await check(client, model("whole", at, "ended"));
    }
  });
}
