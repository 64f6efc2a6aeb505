/* Engines and clouds that do not speak OpenAI's dialect, or not at OpenAI's place: what an OpenAI client's chat becomes
 * on its way there, and what comes back, whole and streamed, errors too. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, chatChunks, usageChunk, scenario, sseEvents,
  type Provider, type ProviderConn, type Request, type Response } from "./harness.js";

const SERVER = `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
`;
const KEYS = "aws: {access_key_id: AKIA, secret_access_key: plain-secret}, region: eu-west-1";

/** A configuration with the provider "up" of this kind. */
function config(upstream: Provider, kind: string, more = ""): string {
  const origin = upstream.url.slice(0, -"/v1".length);
  return `${SERVER}providers:\n  up: {kind: ${kind}, base_url: "${origin}"${more === "" ? "" : `, ${more}`}}\n`;
}

function asked(model: string, more: object = {}): object {
  return { ...CHAT, model: `up/${model}`, ...more };
}

/** The text of a streamed chat, and its last finish reason. */
function streamed(answer: Response): { text: string; finish: string | undefined } {
  assert.equal(answer.status, 200, answer.text);
  const events = sseEvents(answer.text);
  assert.equal(events.at(-1)!.data, "[DONE]", answer.text);
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.data));
  return {
    text: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""),
    finish: chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean).at(-1),
  };
}

function content(answer: Response): string {
  assert.equal(answer.status, 200, answer.text);
  return answer.json.choices[0].message.content;
}

async function sendEvents(conn: ProviderConn, ...events: unknown[]): Promise<void> {
  await conn.beginStream();
  for (const event of events) await conn.sendEvent(event);
  await conn.endChunks();
}

// ---- TGI ----

scenario("TGI's native routes get a prompt and parameters", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.target === "/generate"
    ? conn.sendJson(200, { generated_text: "Hello", details: { finish_reason: "length", generated_tokens: 2, prefill: [] } })
    : sendEvents(conn,
      { token: { id: 1, text: "Hel", special: false }, generated_text: null, details: null },
      { token: { id: 2, text: "lo", special: false }, generated_text: null, details: null },
      { token: { id: 3, text: "</s>", special: true }, generated_text: "Hello",
        details: { finish_reason: "eos_token", generated_tokens: 3, input_length: 4 } }));
  const gateway = await throwbar(config(upstream, "tgi"));
  const whole = await gateway.request({ body: asked("any", { max_tokens: 5, temperature: 0.5, stop: ["x"] }) });
  assert.equal(content(whole), "Hello");
  assert.equal(whole.json.choices[0].finish_reason, "length");
  assert.equal(upstream.requests[0]!.target, "/generate");
  assert.deepEqual(upstream.requests[0]!.json, {
    inputs: "hello",
    parameters: { max_new_tokens: 5, temperature: 0.5, stop: ["x"], details: true, return_full_text: false },
  });
  assert.deepEqual(streamed(await gateway.request({ body: asked("any", { stream: true }) })), { text: "Hello", finish: "stop" });
  assert.equal(upstream.requests[1]!.target, "/generate_stream");
});

scenario("TGI's errors keep their words and their class", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.target === "/generate"
    ? conn.sendJson(422, { error: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000", error_type: "validation" })
    : sendEvents(conn, { token: { text: "He", special: false } }, { error: "Request failed during generation", error_type: "generation" }));
  const gateway = await throwbar(config(upstream, "tgi"));
  const whole = await gateway.request({ body: asked("any") });
  assert.equal(whole.status, 400, whole.text);
  assert.equal(whole.json.error.code, "context_length_exceeded");
  assert.match(whole.json.error.message, /must be <= 4096/);
  const answer = await gateway.request({ body: asked("any", { stream: true }) });
  assert.equal(answer.status, 200);
  assert.match(sseEvents(answer.text).at(-1)!.data, /Request failed during generation/);
  assert.ok(!answer.text.includes("[DONE]"), "a failed stream has no end mark");
});

// ---- KServe ----

scenario("KServe's V1 protocol gets instances, and streams from a whole answer", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.target.includes("nobody")
    ? conn.sendJson(404, { error: "Model with name nobody does not exist." })
    : conn.sendJson(200, { predictions: ["Hello"] }));
  const gateway = await throwbar(config(upstream, "kserve-v1"));
  assert.equal(content(await gateway.request({ body: asked("llm", { max_tokens: 5 }) })), "Hello");
  assert.equal(upstream.requests[0]!.target, "/v1/models/llm:predict");
  assert.deepEqual(upstream.requests[0]!.json, { instances: [{ prompt: "hello", max_tokens: 5 }] });
  assert.deepEqual(streamed(await gateway.request({ body: asked("llm", { stream: true }) })), { text: "Hello", finish: "stop" });
  const missing = await gateway.request({ body: asked("nobody") });
  assert.equal(missing.status, 404, missing.text);
  assert.equal(missing.json.error.message, "Model with name nobody does not exist.");
});

scenario("KServe's V2 protocol gets tensors, and streams by generate_stream", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => {
    if (request.target.includes("nobody")) return conn.sendJson(404, { error: "Model nobody is not found" });
    return request.target.endsWith("/infer")
      ? conn.sendJson(200, { model_name: "llm", outputs: [{ name: "text_output", datatype: "BYTES", shape: [1], data: ["Hello"] }] })
      : sendEvents(conn, { model_name: "llm", text_output: "Hel" }, { model_name: "llm", text_output: "lo" });
  });
  const gateway = await throwbar(config(upstream, "kserve-v2"));
  assert.equal(content(await gateway.request({ body: asked("llm") })), "Hello");
  assert.equal(upstream.requests[0]!.target, "/v2/models/llm/infer");
  assert.deepEqual(upstream.requests[0]!.json, {
    inputs: [{ name: "text_input", shape: [1], datatype: "BYTES", data: ["hello"] }], parameters: {},
  });
  assert.deepEqual(streamed(await gateway.request({ body: asked("llm", { stream: true }) })), { text: "Hello", finish: "stop" });
  assert.equal(upstream.requests[1]!.target, "/v2/models/llm/generate_stream");
  const missing = await gateway.request({ body: asked("nobody") });
  assert.equal(missing.status, 404, missing.text);
  assert.equal(missing.json.error.message, "Model nobody is not found");
});

// ---- MLflow ----

scenario("an MLflow scoring server gets a chat without a model", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.json.stream
    ? conn.sendStream(chatChunks("Hel", "lo"))
    : conn.sendJson(200, { predictions: [{ generated_text: "Hello" }] }));
  const gateway = await throwbar(config(upstream, "mlflow-model"));
  assert.equal(content(await gateway.request({ body: asked("m", { max_tokens: 5 }) })), "Hello");
  assert.equal(upstream.requests[0]!.target, "/invocations");
  assert.deepEqual(upstream.requests[0]!.json, { messages: CHAT.messages, max_tokens: 5 });
  assert.deepEqual(streamed(await gateway.request({ body: asked("m", { stream: true }) })), { text: "Hello", finish: "stop" });
});

scenario("MLflow's error codes are read", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(400, { error_code: "BAD_REQUEST", message: "no such column" }));
  const gateway = await throwbar(config(upstream, "mlflow-model"));
  const answer = await gateway.request({ body: asked("m") });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.error.message, "no such column");
});

// ---- AWS event streams ----

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function u32(n: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
}

/** A frame of an event stream, by the documentation of the format. */
function frame(headers: Record<string, string>, payload: string | Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => {
    const [n, v] = [Buffer.from(name), Buffer.from(value)];
    return Buffer.concat([Buffer.from([n.length]), n, Buffer.from([7, v.length >> 8, v.length & 255]), v]);
  }));
  const body = Buffer.from(payload);
  const prelude = Buffer.concat([u32(16 + head.length + body.length), u32(head.length)]);
  const message = Buffer.concat([prelude, u32(crc32(prelude)), head, body]);
  return Buffer.concat([message, u32(crc32(message))]);
}

function event(type: string, payload: string | Buffer): Buffer {
  return frame({ ":event-type": type, ":content-type": "application/octet-stream", ":message-type": "event" }, payload);
}

function exception(type: string, payload: string): Buffer {
  return frame({ ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }, payload);
}

/** The bytes in chunks of this size. */
async function drip(conn: ProviderConn, data: Buffer, step: number): Promise<void> {
  await conn.beginStream({ "content-type": "application/vnd.amazon.eventstream" });
  for (let at = 0; at < data.length; at += step) await conn.sendChunk(data.subarray(at, at + step));
  await conn.endChunks();
}

/** A container's stream in payload parts of this size. */
function parts(stream: string, step: number): Buffer {
  const raw = Buffer.from(stream);
  const frames: Buffer[] = [];
  for (let at = 0; at < raw.length; at += step) frames.push(event("PayloadPart", raw.subarray(at, at + step)));
  return Buffer.concat(frames);
}

function sse(...events: unknown[]): string {
  return events.map((e) => `data: ${typeof e === "string" ? e : JSON.stringify(e)}\n\n`).join("");
}

const CONTAINERS: [string, string][] = [
  ["chat chunks", sse(...chatChunks("Hel", "lo ä€😀"), usageChunk(), "[DONE]")],
  ["chat chunks without the last line end", sse(...chatChunks("Hel", "lo ä€😀"), "[DONE]").trimEnd()],
  ["tokens", sse({ token: { text: "Hel" } }, { token: { text: "lo ä€😀" }, generated_text: "x", details: { finish_reason: "eos_token" } })],
  ["lines", `${JSON.stringify({ token: { text: "Hel" } })}\n${JSON.stringify({ token: { text: "lo ä€😀" }, generated_text: "x" })}\n`],
];

for (const [name, stream] of CONTAINERS) {
  scenario(`SageMaker's payload parts may be cut anywhere: ${name}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const steps: [number, number][] = [[1, 1000], [7, 3], [50, 61], [5000, 1]];
    upstream.answer((_, conn) => {
      const [part, step] = steps[upstream.requests.length - 1]!;
      return drip(conn, parts(stream, part), step);
    });
    const gateway = await throwbar(config(upstream, "sagemaker", KEYS));
    for (const [part, step] of steps) {
      const answer = await gateway.request({ body: asked("endpoint-1", { stream: true }) });
      assert.deepEqual(streamed(answer), { text: "Hello ä€😀", finish: "stop" }, `parts of ${part}, chunks of ${step}`);
    }
    assert.equal(upstream.requests[0]!.target, "/endpoints/endpoint-1/invocations-response-stream");
    assert.equal(upstream.requests[0]!.json.model, undefined);
    assert.match(upstream.requests[0]!.headers.get("authorization")!, /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/eu-west-1\/sagemaker\//);
  });
}

scenario("SageMaker's whole answers and its containers' errors", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.target.includes("/bad/")
    ? conn.sendJson(424, {
      ErrorCode: "CLIENT_ERROR_FROM_MODEL", LogStreamArn: "arn:aws:logs:x", Message: "Received client error (400) from primary",
      OriginalMessage: JSON.stringify({ error: { message: "max_tokens is too large" } }), OriginalStatusCode: 400,
    }, { "x-amzn-errortype": "ModelError" })
    : conn.sendJson(200, request.target.includes("/tgi/") ? [{ generated_text: "Hello" }] : chatBody("Hello")));
  const gateway = await throwbar(config(upstream, "sagemaker", KEYS));
  assert.equal(content(await gateway.request({ body: asked("vllm") })), "Hello");
  assert.equal(upstream.requests[0]!.target, "/endpoints/vllm/invocations");
  assert.equal(content(await gateway.request({ body: asked("tgi") })), "Hello");
  const bad = await gateway.request({ body: asked("bad") });
  assert.equal(bad.status, 400, bad.text);
  assert.equal(bad.json.error.message, "max_tokens is too large");
});

scenario("an exception in SageMaker's stream is the end of the answer", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const failure = exception("ModelStreamError", JSON.stringify({ ErrorCode: "ModelInvocationTimeExceeded", Message: "too slow" }));
  upstream.answer((request, conn) => drip(conn, request.target.includes("/late/")
    ? Buffer.concat([parts(sse(...chatChunks("Hel").slice(0, 2)), 40), failure])
    : failure, 1000));
  const gateway = await throwbar(config(upstream, "sagemaker", KEYS));
  const late = await gateway.request({ body: asked("late", { stream: true }) });
  assert.equal(late.status, 200, late.text);
  assert.match(sseEvents(late.text).at(-1)!.data, /too slow/);
  const early = await gateway.request({ body: asked("early", { stream: true }) });
  assert.ok(early.status >= 500, `before any text it is a status: ${early.status}`);
  assert.match(early.json.error.message, /too slow/);
});

scenario("a SageMaker stream that breaks off is no whole answer", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => drip(conn, parts(sse(...chatChunks("Hel").slice(0, 2)), 30), 1000));
  const gateway = await throwbar(config(upstream, "sagemaker", KEYS));
  const answer = await gateway.request({ body: asked("e", { stream: true }) });
  assert.ok(!answer.text.includes("[DONE]"), answer.text);
  assert.match(answer.text, /upstream_truncated/);
});

const CLAUDE_EVENTS = [
  { type: "message_start", message: { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [],
    stop_reason: null, stop_sequence: null, usage: { input_tokens: 3, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];

scenario("InvokeModel carries Claude's own bodies and events", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const chunks = Buffer.concat(CLAUDE_EVENTS.map((e) =>
    event("chunk", JSON.stringify({ bytes: Buffer.from(JSON.stringify(e)).toString("base64"), p: "abc" }))));
  upstream.answer((request, conn) => request.target.endsWith("/invoke")
    ? conn.sendJson(200, { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [{ type: "text", text: "Hello" }],
      stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 3, output_tokens: 5 } })
    : drip(conn, chunks, 13));
  const gateway = await throwbar(config(upstream, "bedrock-invoke", KEYS));
  assert.equal(content(await gateway.request({ body: asked("anthropic.claude-v1:0", { max_tokens: 9 }) })), "Hello");
  const { target, json } = upstream.requests[0]!;
  assert.equal(target, "/model/anthropic.claude-v1%3A0/invoke");
  assert.equal(json.anthropic_version, "bedrock-2023-05-31");
  assert.ok(!("model" in json) && !("stream" in json) && json.max_tokens === 9);
  const answer = await gateway.request({ body: asked("anthropic.claude-v1:0", { stream: true }) });
  assert.deepEqual(streamed(answer), { text: "Hello", finish: "stop" });
  assert.equal(upstream.requests[1]!.target, "/model/anthropic.claude-v1%3A0/invoke-with-response-stream");
  const messages = await gateway.request({ path: "/v1/messages",
    body: { model: "up/anthropic.claude-v1:0", max_tokens: 9, stream: true, messages: [{ role: "user", content: "hi" }] } });
  assert.equal(messages.status, 200, messages.text);
  assert.deepEqual(sseEvents(messages.text).map((e) => e.event).filter((e) => e !== "ping"), CLAUDE_EVENTS.map((e) => e.type));
});

// ---- Azure ----

scenario("Azure by deployment and by /openai/v1", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [] };
  upstream.answer((request, conn) => request.json.stream
    ? conn.sendStream([first, ...chatChunks("Hel", "lo")])
    : conn.sendJson(200, chatBody("Hello")));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:
  old: {kind: azure, base_url: "${origin}", api_version: 2024-10-21, api_key: k-1}
  new: {kind: azure-v1, base_url: "${origin}", api_key: k-2}
`);
  for (const [id, path] of [["old", "/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21"], ["new", "/openai/v1/chat/completions"]]) {
    assert.equal(content(await gateway.request({ body: { ...CHAT, model: `${id}/gpt-x` } })), "Hello");
    assert.equal(upstream.requests.at(-1)!.target, path);
    assert.deepEqual(streamed(await gateway.request({ body: { ...CHAT_STREAM, model: `${id}/gpt-x` } })), { text: "Hello", finish: "stop" });
  }
});

// ---- Vertex ----

scenario("Vertex has a path for each publisher", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => {
    if (request.target.includes(":predict")) return conn.sendJson(200, { predictions: ["Hello"], deployedModelId: "1" });
    if (request.target.includes(":rawPredict"))
      return conn.sendJson(200, { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [{ type: "text", text: "Hello" }],
        stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 3, output_tokens: 5 } });
    if (request.target.includes("streamRawPredict")) return sendEvents(conn, ...CLAUDE_EVENTS);
    return conn.sendJson(200, chatBody("Hello"));
  });
  const gateway = await throwbar(config(upstream, "vertex", "project: p1, location: l1, api_key: token"));
  const base = "/v1/projects/p1/locations/l1";
  const cases: [string, string, (request: Request) => void][] = [
    ["claude-x@1", `${base}/publishers/anthropic/models/claude-x%401:rawPredict`, (request) => {
      assert.equal(request.json.anthropic_version, "vertex-2023-10-16");
      assert.ok(!("model" in request.json));
    }],
    ["meta/llama-x", `${base}/endpoints/openapi/chat/completions`, (request) => assert.equal(request.json.model, "meta/llama-x")],
    ["endpoints/42", `${base}/endpoints/42:predict`,
      (request) => assert.deepEqual(request.json, { instances: [{ prompt: "hello", max_tokens: 9, raw_response: true }] })],
  ];
  for (const [model, path, check] of cases) {
    assert.equal(content(await gateway.request({ body: asked(model, { max_tokens: 9 }) })), "Hello", model);
    assert.equal(upstream.requests.at(-1)!.target, path);
    check(upstream.requests.at(-1)!);
  }
  assert.deepEqual(streamed(await gateway.request({ body: asked("claude-x@1", { stream: true, max_tokens: 9 }) })), { text: "Hello", finish: "stop" });
  assert.equal(upstream.requests.at(-1)!.target, `${base}/publishers/anthropic/models/claude-x%401:streamRawPredict`);
});

// ---- templates ----

const CUSTOM = `custom:
      path: /models/{model}/run
      stream_path: /models/{model}/stream
      body: |
        {"q": {{prompt}}, "opts": {"n": {{max_tokens}}, "t": {{temperature}}},
         "who": "user {{user}}", "s": {{stream}}}
      reply: {text: /out/0/text, finish: /why, input_tokens: /n/in, output_tokens: /n/out, error: /fault}
      stream: {framing: lines, text: /piece, finish: /why, error: /fault, done: END}`;

function customConfig(upstream: Provider): string {
  const origin = upstream.url.slice(0, -"/v1".length);
  return `${SERVER}providers:\n  up:\n    kind: custom\n    base_url: "${origin}/api"\n    api_key: k-1\n    headers: {x-team: ml}\n    ${CUSTOM}\n`;
}

scenario("a provider is described by templates", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    if (request.target.endsWith("/run"))
      return conn.sendJson(200, { out: [{ text: "Hello" }], why: "length", n: { in: 3, out: 4 } });
    await conn.beginStream({ "content-type": "application/json" });
    await conn.sendChunk('{"piece":"Hel"}\n{"pie');
    await conn.sendChunk('ce":"lo","why":"max_tokens"}\nEND');
    return conn.endChunks();
  });
  const gateway = await throwbar(customConfig(upstream));
  const whole = await gateway.request({ body: asked("m/1", { max_tokens: 5, user: 'q"', top_p: 0.5 }) });
  assert.equal(content(whole), "Hello");
  assert.equal(whole.json.choices[0].finish_reason, "length");
  assert.deepEqual([whole.json.usage.prompt_tokens, whole.json.usage.completion_tokens], [3, 4]);
  assert.equal(whole.headers.get("tb-warnings"), "dropped:top_p");
  const request = upstream.requests[0]!;
  assert.equal(`${request.method} ${request.target}`, "POST /api/models/m%2F1/run");
  assert.deepEqual(request.json, { q: "hello", opts: { n: 5 }, who: 'user q"', s: false });
  assert.equal(request.headers.get("authorization"), "Bearer k-1");
  assert.equal(request.headers.get("x-team"), "ml");
  assert.deepEqual(streamed(await gateway.request({ body: asked("m", { stream: true }) })), { text: "Hello", finish: "length" });
  assert.equal(upstream.requests[1]!.target, "/api/models/m/stream");
  assert.equal(upstream.requests[1]!.json.s, true);
});

scenario("a described provider's errors are where its pointer says", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    if (request.target.includes("/full/")) return conn.sendJson(429, { fault: { message: "slow down" } });
    if (request.target.includes("/sick/")) return conn.sendJson(200, { fault: "no memory" });
    if (request.target.includes("/odd/")) return conn.sendJson(200, { out: "?" });
    await conn.beginStream({ "content-type": "text/plain" });
    await conn.sendChunk('{"piece":"Hel"}\n{"fault":"no memory"}\n');
    return conn.endChunks();
  });
  const gateway = await throwbar(customConfig(upstream));
  for (const [model, status, message] of [["full", 429, /^slow down$/], ["sick", 502, /^no memory$/], ["odd", 502, /no text where one should be/]] as const) {
    const answer = await gateway.request({ body: asked(model) });
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.json.error.message, message);
  }
  const stream = await gateway.request({ body: asked("m", { stream: true }) });
  assert.match(sseEvents(stream.text).at(-1)!.data, /no memory/);
});

scenario("a described provider that cannot stream is streamed from its whole answer", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendBody(200, "text/plain", JSON.stringify(["Hello"])));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:
  up: {kind: custom, base_url: "${origin}", custom: {path: /run, body: '[{{messages}}, {{stream}}]', reply: {text: ""}}}
`);
  assert.deepEqual(streamed(await gateway.request({ body: asked("m", { stream: true }) })), { text: "Hello", finish: "stop" });
  assert.deepEqual(upstream.requests[0]!.json, [CHAT.messages, false]);
});

scenario("a described provider takes tools where its template has a place, and calls them where its pointer says", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: "{\"city\":\"Rome\"}" } };
  upstream.answer((_, conn) => conn.sendJson(200, { calls: [call], why: "tool_calls" }));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:
  up:
    kind: custom
    base_url: "${origin}"
    custom: {path: /run, body: '{"m": {{messages}}, "t": {{tools}}, "c": {{tool_choice}}}', reply: {text: /text, tool_calls: /calls, finish: /why}}
`);
  const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
  const whole = await gateway.request({ body: asked("m", { tools, tool_choice: "required" }) });
  assert.equal(whole.status, 200, whole.text);
  assert.deepEqual(whole.json.choices[0].message.tool_calls, [call]);
  assert.equal(whole.json.choices[0].finish_reason, "tool_calls");
  assert.deepEqual(upstream.requests[0]!.json, { m: CHAT.messages, t: tools, c: "required" });
  const answer = await gateway.request({ body: asked("m", { tools, stream: true }) });
  assert.equal(streamed(answer).finish, "tool_calls");
  const deltas = sseEvents(answer.text).slice(0, -1).flatMap((e) => JSON.parse(e.data).choices[0]?.delta.tool_calls ?? []);
  assert.equal(deltas.map((delta: any) => delta.function.arguments ?? "").join(""), call.function.arguments);
  const messages = await gateway.request({ path: "/v1/messages", body: { model: "up/m", max_tokens: 9,
    tools: [{ name: "weather", input_schema: { type: "object" } }], messages: [{ role: "user", content: "hello" }] } });
  assert.deepEqual(messages.json.content.map((block: any) => [block.type, block.name, block.input]), [["tool_use", "weather", { city: "Rome" }]]);
});

scenario("a template without a place for tools refuses them, engines that take a prompt too", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, {}));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:
  house: {kind: custom, base_url: "${origin}", custom: {path: /run, body: '{"q": {{prompt}}}', reply: {text: /text}}}
  tgi: {kind: tgi, base_url: "${origin}"}
  v1: {kind: kserve-v1, base_url: "${origin}"}
  v2: {kind: kserve-v2, base_url: "${origin}"}
`);
  const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
  for (const id of ["house", "tgi", "v1", "v2"]) {
    const answer = await gateway.request({ body: { ...CHAT, model: `${id}/m`, tools } });
    assert.equal(answer.status, 400, `${id}: ${answer.text}`);
    assert.match(answer.json.error.param, /^tools/, answer.text);
  }
  assert.equal(upstream.requests.length, 0);
});

scenario("KServe's V2 streams fail in the middle as they say", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    await conn.beginStream();
    await conn.sendEvent({ model_name: "m", text_output: "Hel" });
    if (request.target.includes("/sick/")) await conn.sendEvent({ error: "out of memory" });
    return conn.endChunks();
  });
  const gateway = await throwbar(config(upstream, "kserve-v2"));
  const sick = await gateway.request({ body: asked("sick", { stream: true }) });
  assert.match(sseEvents(sick.text).at(-1)!.data, /out of memory/);
  assert.ok(!sick.text.includes("[DONE]"), sick.text);
});
