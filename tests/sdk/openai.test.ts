/* The official OpenAI SDK as the client: what it returns through the gateway is what the provider said, and what went
 * wrong arrives as the SDK's own exception. */

import * as assert from "node:assert/strict";
import { File as NodeFile } from "node:buffer";
import OpenAI, { toFile } from "openai";
import { CHAT, chatBody, chatChunk, chatChunks, config, scenario, usageChunk, type Answer, type Request, type Stage } from "../scenario/harness.js";

if (!("File" in globalThis)) Object.assign(globalThis, { File: NodeFile }); // Node 18 has it, but not under that name

const MESSAGES = [{ role: "user" as const, content: "hello" }];

/** A gateway in front of this provider, and an SDK in front of the gateway. */
async function stage({ provider, throwbar }: Stage, answer: Answer, more = "") {
  const upstream = await provider();
  upstream.answer(answer);
  const gateway = await throwbar(config(upstream.url, { more, up: "timeouts: {first_byte: 500ms, idle: 500ms}" }));
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 0 });
  const last = (): Request => upstream.requests.at(-1) ?? assert.fail("nothing reached the provider");
  return { upstream, gateway, client, last };
}

scenario("chat.completions.create", async (s) => {
  const { client, last, gateway } = await stage(s, (_, conn) => conn.sendJson(200, chatBody("Grüße \u{1F600}")));
  const { data, response } = await client.chat.completions
    .create({ model: "up/gpt-real", messages: MESSAGES, temperature: 0.5 }).withResponse();
  assert.equal(data.choices[0]?.message.content, "Grüße \u{1F600}");
  assert.equal(data.usage?.total_tokens, 18);
  assert.equal(last().target, "/v1/chat/completions");
  assert.deepEqual(last().json, { model: "gpt-real", messages: MESSAGES, temperature: 0.5 });
  const event = await gateway.requestEvent(response.headers.get("tb-request-id") ?? undefined);
  assert.equal(event["input_tokens"], 11);
});

scenario("chat.completions.create, streamed, with usage", async (s) => {
  const words = ["One", " two", " three ", "\u{1F600}"];
  const { client } = await stage(s, (_, conn) => conn.sendStream([...chatChunks(...words), usageChunk()]));
  const stream = await client.chat.completions
    .create({ model: "up/gpt-real", messages: MESSAGES, stream: true, stream_options: { include_usage: true } });
  let [text, total] = ["", 0];
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    total += chunk.usage?.total_tokens ?? 0;
  }
  assert.equal(text, words.join(""));
  assert.equal(total, 18);
});

scenario("the stream helper folds what it got without usage", async (s) => {
  const { client } = await stage(s, (_, conn) => conn.sendStream([...chatChunks("a", "b"), usageChunk()]));
  const final = await client.chat.completions.stream({ model: "up/gpt-real", messages: MESSAGES }).finalChatCompletion();
  assert.equal(final.choices[0]?.message.content, "ab");
  assert.equal(final.usage, undefined);
});

scenario("tools, whole and streamed", async (s) => {
  const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Köln"}' } };
  const { client, last } = await stage(s, (request, conn) => request.json.stream
    ? conn.sendStream([
      chatChunk({ role: "assistant", tool_calls: [{ index: 0, ...call, function: { name: "weather", arguments: "" } }] }),
      chatChunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chatChunk({ tool_calls: [{ index: 0, function: { arguments: '"Köln"}' } }] }),
      chatChunk({}, "tool_calls"),
    ])
    : conn.sendJson(200, chatBody("", { choices: [{ index: 0, message: { role: "assistant", content: null, tool_calls: [call] }, finish_reason: "tool_calls" }] })));
  const tools = [{ type: "function" as const, function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
  const body = { model: "up/gpt-real", messages: MESSAGES, tools };
  const whole = await client.chat.completions.create(body);
  assert.deepEqual(whole.choices[0]?.message.tool_calls, [call]);
  assert.deepEqual(last().json.tools, tools);
  const streamed = await client.chat.completions.stream(body).finalChatCompletion();
  const [got] = streamed.choices[0]?.message.tool_calls ?? [];
  assert.ok(got && got.type === "function");
  assert.deepEqual(JSON.parse(got.function.arguments), { city: "Köln" });
});

scenario("completions.create", async (s) => {
  const { client, last } = await stage(s, (_, conn) => conn.sendJson(200, {
    id: "cmpl-1", object: "text_completion", created: 1, model: "x", choices: [{ text: "ok", index: 0, finish_reason: "stop", logprobs: null }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }));
  const answer = await client.completions.create({ model: "up/instruct", prompt: "say ok" });
  assert.equal(answer.choices[0]?.text, "ok");
  assert.equal(last().target, "/v1/completions");
});

scenario("embeddings.create, as base64 and as floats", async (s) => {
  const floats = new Float32Array([0.25, -1.5, 3]);
  const { client, last } = await stage(s, (request, conn) => conn.sendJson(200, {
    object: "list", model: "x", usage: { prompt_tokens: 4, total_tokens: 4 },
    data: [{
      object: "embedding", index: 0,
      embedding: request.json.encoding_format === "base64" ? Buffer.from(floats.buffer).toString("base64") : [...floats],
    }],
  }));
  const implicit = await client.embeddings.create({ model: "up/embed", input: "hello" });
  assert.deepEqual(Array.from(implicit.data[0]?.embedding ?? []), [0.25, -1.5, 3]);
  assert.equal(last().json.model, "embed");
  const explicit = await client.embeddings.create({ model: "up/embed", input: ["hello"], encoding_format: "float" });
  assert.deepEqual(explicit.data[0]?.embedding, [0.25, -1.5, 3]);
});

scenario("moderations.create", async (s) => {
  const { client } = await stage(s, (_, conn) => conn.sendJson(200, { id: "modr-1", model: "m", results: [{ flagged: true }] }));
  assert.equal((await client.moderations.create({ model: "up/moderate", input: "x" })).results[0]?.flagged, true);
});

scenario("models.list and models.retrieve name the aliases", async (s) => {
  const { client } = await stage(s, (_, conn) => conn.sendJson(200, { object: "list", data: [] }),
    "models: {fast: {use: up/gpt-real}, slow: {use: up/org/gpt-big}}");
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes("fast") && ids.includes("slow"), ids.join(" "));
  const one = await client.models.retrieve("fast");
  assert.equal(one.id, "fast");
  assert.equal(one.object, "model");
  await assert.rejects(client.models.retrieve("nothing"), OpenAI.NotFoundError);
});

scenario("images.generate, and images.edit as an upload", async (s) => {
  const { client, upstream, last } = await stage(s, (_, conn) => conn.sendJson(200, { created: 1, data: [{ b64_json: "aGk=" }] }));
  const made = await client.images.generate({ model: "up/gpt-image", prompt: "a cat" });
  assert.equal(made.data?.[0]?.b64_json, "aGk=");
  assert.equal(last().json.model, "gpt-image");
  const picture = Buffer.from("\x89PNG\r\n\x1a\n--not-a-boundary\r\n\r\n\0\xff", "latin1");
  await client.images.edit({ model: "up/gpt-image", prompt: "a dog", image: await toFile(picture, "cat.png", { type: "image/png" }) });
  const upload = upstream.requests[1];
  assert.equal(upload?.target, "/v1/images/edits");
  const parts = multipart(upload);
  assert.equal(parts.get("model")?.toString(), "gpt-image");
  assert.deepEqual(parts.get("image"), picture);
});

scenario("audio.transcriptions.create uploads a large file unchanged", async (s) => {
  const { client, last } = await stage(s, (_, conn) => conn.sendJson(200, { text: "hello there" }));
  const sound = Buffer.alloc(3 << 20, "RIFF\r\n--\0\xff", "latin1");
  const answer = await client.audio.transcriptions.create({ model: "up/whisper", file: await toFile(sound, "a.wav"), language: "de" });
  assert.equal(answer.text, "hello there");
  const parts = multipart(last());
  assert.equal(parts.get("model")?.toString(), "whisper");
  assert.equal(parts.get("language")?.toString(), "de");
  assert.ok(parts.get("file")?.equals(sound));
});

scenario("audio.speech.create returns bytes that are no text", async (s) => {
  const sound = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
  const { client } = await stage(s, (_, conn) => conn.sendBody(200, "audio/mpeg", sound));
  const answer = await client.audio.speech.create({ model: "up/tts", voice: "alloy", input: "hello" });
  assert.equal(answer.headers.get("content-type"), "audio/mpeg");
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(sound));
});

const RESPONSE = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-real", error: null, incomplete_details: null,
  instructions: null, metadata: {}, output: [{
    id: "msg_1", type: "message", role: "assistant", status: "completed",
    content: [{ type: "output_text", text: "hello you", annotations: [] }],
  }],
  usage: { input_tokens: 5, input_tokens_details: { cached_tokens: 2 }, output_tokens: 3, output_tokens_details: { reasoning_tokens: 1 }, total_tokens: 8 },
};

scenario("responses: create, retrieve, cancel, delete", async (s) => {
  const { client, upstream, gateway } = await stage(s, (request, conn) => conn.sendJson(200,
    request.method === "DELETE" ? { id: "resp_1", object: "response", deleted: true } : RESPONSE));
  const { data, response } = await client.responses.create({ model: "up/gpt-real", input: "hello" }).withResponse();
  assert.equal(data.output_text, "hello you");
  const event = await gateway.requestEvent(response.headers.get("tb-request-id") ?? undefined);
  assert.deepEqual([event["input_tokens"], event["output_tokens"], event["cached_tokens"], event["reasoning_tokens"]], [5, 3, 2, 1]);
  assert.equal((await client.responses.retrieve("resp_1")).id, "resp_1");
  assert.equal((await client.responses.cancel("resp_1")).id, "resp_1");
  await client.responses.delete("resp_1");
  assert.deepEqual(upstream.requests.map((r) => `${r.method} ${r.target}`),
    ["POST /v1/responses", "GET /v1/responses/resp_1", "POST /v1/responses/resp_1/cancel", "DELETE /v1/responses/resp_1"]);
});

scenario("responses.create, streamed", async (s) => {
  const { client, gateway } = await stage(s, async (_, conn) => {
    await conn.beginStream();
    let n = 0;
    for (const event of [
      { type: "response.created", response: { ...RESPONSE, status: "in_progress", output: [], usage: null } },
      { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "hello " },
      { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "you" },
      { type: "response.completed", response: RESPONSE },
    ]) await conn.sendChunk(`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: n++ })}\n\n`);
    await conn.endChunks();
  });
  const { data: stream, response } = await client.responses.create({ model: "up/gpt-real", input: "hello", stream: true }).withResponse();
  let text = "";
  const types: string[] = [];
  for await (const event of stream) {
    types.push(event.type);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assert.equal(text, "hello you");
  assert.equal(types.at(-1), "response.completed");
  const event = await gateway.requestEvent(response.headers.get("tb-request-id") ?? undefined);
  assert.equal(event["output_tokens"], 3);
});

for (const [status, answer, exception] of [
  [400, { error: { message: "bad", type: "invalid_request_error", param: "x", code: null } }, OpenAI.BadRequestError],
  [401, { error: { message: "no", type: "invalid_request_error", param: null, code: "invalid_api_key" } }, OpenAI.InternalServerError],
  [429, { error: { message: "slow", type: "requests", param: null, code: "rate_limit_exceeded" } }, OpenAI.RateLimitError],
  [500, { error: { message: "boom", type: "server_error", param: null, code: null } }, OpenAI.InternalServerError],
] as const) {
  scenario(`a provider's ${status} is the SDK's ${exception.name}`, async (s) => {
    const { client } = await stage(s, (_, conn) => conn.sendJson(status, answer));
    await assert.rejects(client.chat.completions.create({ model: "up/x", messages: MESSAGES }), exception);
    await assert.rejects(client.chat.completions.create({ model: "up/x", messages: MESSAGES, stream: true }), exception);
  });
}

scenario("an unknown model is the SDK's NotFoundError", async (s) => {
  const { client } = await stage(s, () => assert.fail("nothing must reach the provider"));
  await assert.rejects(client.chat.completions.create({ model: "nobody/x", messages: MESSAGES }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
});

for (const [name, cut] of [
  ["ends early", "halfClose"], ["is reset", "reset"], ["stalls", "none"],
] as const) {
  scenario(`a stream that ${name} is an error to the SDK, never a short answer`, async (s) => {
    const { client } = await stage(s, async (_, conn) => {
      await conn.beginStream();
      await conn.sendEvent(chatChunk({ role: "assistant", content: "half" }));
      if (cut === "halfClose") await conn.halfClose();
      if (cut === "reset") conn.reset();
      await conn.ended;
    });
    const stream = await client.chat.completions.create({ ...CHAT, messages: MESSAGES, stream: true });
    let text = "";
    await assert.rejects(async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    }, OpenAI.APIError);
    assert.equal(text, "half");
  });
}

scenario("an aborted SDK stream closes the provider's connection", async (s) => {
  const { client, upstream } = await stage(s, async (_, conn) => {
    await conn.beginStream();
    await conn.sendEvent(chatChunk({ role: "assistant", content: "a" }));
    await conn.ended;
  });
  const stream = await client.chat.completions.create({ ...CHAT, messages: MESSAGES, stream: true });
  for await (const chunk of stream) {
    assert.equal(chunk.choices[0]?.delta.content, "a");
    break;
  }
  const conn = await upstream.connection(0);
  await conn.readToEnd();
});

/** The parts of a multipart body by name; an independent reader for what the gateway wrote. */
function multipart(request: Request | undefined): Map<string, Buffer> {
  assert.ok(request);
  const boundary = /boundary="?([^";]+)"?/.exec(request.headers.get("content-type") ?? "")?.[1];
  assert.ok(boundary, "no boundary");
  const parts = new Map<string, Buffer>();
  const mark = Buffer.from(`--${boundary}`);
  let at = request.body.indexOf(mark);
  for (;;) {
    const head = request.body.indexOf("\r\n\r\n", at);
    if (head < 0) return parts;
    const next = request.body.indexOf(Buffer.concat([Buffer.from("\r\n"), mark]), head + 2);
    assert.ok(next >= 0, "a part without an end");
    const name = /name="([^"]*)"/.exec(request.body.subarray(at, head).toString("latin1"))?.[1];
    assert.ok(name, "a part without a name");
    parts.set(name, request.body.subarray(head + 4, next));
    at = next + 2;
  }
}
