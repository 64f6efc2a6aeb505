/* What the gate does around a translation, whatever the dialects: what is lost is said, what cannot be is refused in the
 * client's shape, what a request names is fetched from public places only, and answers come in the form that was asked
 * for, whichever form the provider chose. */

import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { CHAT, CHAT_STREAM, chatBody, chatChunks, DIALECTS, Latch, Provider, readFrames, scenario, sseEvents, TEXT, usageChunk,
  type ClientConn, type Failure, type ProviderConn, type RequestOptions, type Response, type Spoken, type Throwbar } from "./harness.js";

const spoken = (name: string): Spoken => DIALECTS[name]!;
const origin = (upstream: Provider): string => upstream.url.slice(0, -"/v1".length);

/** A configuration of these providers, each a flow mapping, and whole sections behind them. */
function config(providers: Record<string, string>, more = ""): string {
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${Object.entries(providers).map(([id, text]) => `  ${id}: {${text}}\n`).join("")}${more}
`;
}

function up(upstream: Provider, kind: string, more = ""): Record<string, string> {
  const base = kind.startsWith("openai") ? upstream.url : origin(upstream);
  return { up: `kind: ${kind}, base_url: "${base}", api_key: "\${env:UP_KEY}"${more === "" ? "" : `, ${more}`}` };
}

async function sendFrames(conn: ProviderConn, { frames, streamType }: Spoken): Promise<void> {
  await conn.beginStream({ "content-type": streamType });
  for (const frame of frames) await conn.sendChunk(frame);
  await conn.endChunks();
}

function messages(content: unknown, more: object = {}): object {
  return { model: "up/claude-opus-4-1", max_tokens: 9, messages: [{ role: "user", content }], ...more };
}

// ---- losses ----

scenario("what the provider cannot take is named, refused or passed over, as the caller likes", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  const ask = (strict?: string) => gateway.request({
    body: { ...CHAT, logit_bias: { 5: 1 }, seed: 7 }, headers: strict === undefined ? {} : { "tb-strict": strict },
  });
  for (const strict of [undefined, "warn"]) {
    const answer = await ask(strict);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.headers.get("tb-warnings")?.split(", ").sort(), ["dropped:logit_bias", "dropped:seed"]);
  }
  const ignored = await ask("ignore");
  assert.equal(ignored.status, 200);
  assert.equal(ignored.headers.get("tb-warnings"), undefined);
  const asked = upstream.requests.length;
  const refused = await ask("error");
  assert.equal(refused.status, 400, refused.text);
  assert.match(refused.json.error.param, /^(logit_bias|seed)$/);
  assert.match(refused.json.error.message, /dropped:logit_bias/);
  assert.equal(refused.json.error.gateway.source, "client");
  const wrong = await ask("yes");
  assert.equal(wrong.status, 400, wrong.text);
  assert.equal(wrong.json.error.param, "tb-strict");
  assert.equal(upstream.requests.length, asked, "the provider is not even asked");
});

scenario("a request that loses nothing passes with tb-strict: error", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  const answer = await gateway.request({ body: CHAT, headers: { "tb-strict": "error" } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("tb-warnings"), undefined);
});

scenario("a response to go on from is kept by its own kind of provider only", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  const answer = await gateway.request({ path: "/v1/responses", body: { model: "up/claude", input: "hi", previous_response_id: "resp_1" } });
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.json.error.param, "previous_response_id");
  assert.match(answer.json.error.message, /whole conversation/);
  assert.equal(upstream.requests.length, 0);
});

scenario("a translated answer names the model as the client did, its header as the provider does", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.json.stream ? sendFrames(conn, spoken("anthropic")) : conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  for (const stream of [false, true]) {
    const answer = await gateway.request({ body: { ...CHAT, stream } });
    assert.equal(answer.headers.get("tb-model"), CHAT.model.replace("up/", ""));
    const said = stream ? JSON.parse(answer.text.slice("data: ".length, answer.text.indexOf("\n\n"))) : answer.json;
    assert.equal(said.model, CHAT.model);
  }
});

// ---- pictures by URL ----

const PRIVATE = ["http://127.0.0.1:$/x.png", "http://localhost:$/x.png", "http://[::1]:$/x.png", "http://2130706433:$/x.png",
  "http://0x7f.1:$/x.png", "http://[::ffff:127.0.0.1]:$/x.png", "http://10.0.0.1/x.png", "http://169.254.169.254/latest/meta-data/",
  "http://192.168.1.1/x.png", "http://0.0.0.0:$/x.png", "http://[fd00::1]/x.png", "file:///etc/passwd", "gopher://127.0.0.1:$/x"];

for (const kind of ["bedrock", "gemini", "ollama"]) {
  scenario(`a picture's URL leads ${kind}'s requests to public addresses only`, async ({ provider, throwbar }) => {
    const [upstream, inside] = [await provider(), await provider()];
    inside.answer((_, conn) => conn.sendBody(200, "image/png", "a secret"));
    upstream.answer((_, conn) => conn.sendJson(200, spoken(kind).whole));
    const gateway = await throwbar(config(up(upstream, kind)));
    for (const url of PRIVATE.map((text) => text.replace("$", String(inside.port)))) {
      const chat = await gateway.request({ body: { ...CHAT, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] } });
      assert.equal(chat.status, 400, `${url}: ${chat.text}`);
      assert.equal(chat.json.error.type, "invalid_request_error");
      assert.equal(chat.json.error.gateway.source, "client");
      const message = await gateway.request({ path: "/v1/messages", body: messages([{ type: "image", source: { type: "url", url } }]) });
      assert.equal(message.status, 400, `${url}: ${message.text}`);
      assert.equal(spoken("anthropic").failureOf(message).gateway.source, "client");
      assert.ok(!chat.text.includes("a secret") && !message.text.includes("a secret"));
    }
    assert.equal(inside.conns.length, 0);
    assert.equal(upstream.requests.length, 0);
  });
}

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
const PUBLIC = "93.184.216.34"; // reached through a proxy, which is a script here

const WEB: Record<string, (conn: ProviderConn) => Promise<void>> = {
  "/picture": (conn) => conn.sendBody(200, "text/html", PNG),
  "/moved": (conn) => conn.sendBody(302, "text/plain", "", { location: "/picture" }),
  "/elsewhere": (conn) => conn.sendBody(307, "text/plain", "", { location: `//${PUBLIC}/moved` }),
  "/inside": (conn) => conn.sendBody(302, "text/plain", "", { location: "http://127.0.0.1/secret" }),
  "/metadata": (conn) => conn.sendBody(301, "text/plain", "", { location: "http://169.254.169.254/latest/" }),
  "/file": (conn) => conn.sendBody(302, "text/plain", "", { location: "file:///etc/passwd" }),
  "/round": (conn) => conn.sendBody(302, "text/plain", "", { location: "/round" }),
  "/page": (conn) => conn.sendBody(200, "text/html", "<html>no picture</html>"),
  "/empty": (conn) => conn.sendBody(200, "image/png", ""),
  "/gone": (conn) => conn.sendBody(404, "image/png", PNG),
  "/large": (conn) => conn.sendHead(200, { "content-type": "image/png", "content-length": String(21 << 20) }),
  "/cut": async (conn) => {
    await conn.sendHead(200, { "content-type": "image/png", "content-length": "1000" });
    await conn.send(PNG);
    await conn.halfClose();
  },
};

scenario("a picture that a URL leads to is sent as what its bytes are, and anything else is refused", async ({ provider, throwbar }) => {
  const [upstream, proxy] = [await provider(), await provider()];
  upstream.answer((_, conn) => conn.sendJson(200, spoken("gemini").whole));
  const asked: string[] = [];
  proxy.script(async (conn) => {
    asked.push((await conn.readHead()).start.split(" ")[1]!);
    await conn.send("HTTP/1.1 200 Connected\r\n\r\n");
    const { target } = await conn.request();
    await WEB[target]!(conn);
  });
  const gateway = await throwbar(config(up(upstream, "gemini")), { env: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "127.0.0.1" } });
  for (const target of Object.keys(WEB)) {
    const url = `http://${PUBLIC}${target}`;
    const answer = await gateway.request({ body: { ...CHAT, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] } });
    if (["/picture", "/moved", "/elsewhere"].includes(target)) {
      assert.equal(answer.status, 200, `${target}: ${answer.text}`);
      assert.deepEqual(upstream.requests.at(-1)!.json.contents[0].parts, [{ inlineData: { mimeType: "image/png", data: PNG.toString("base64") } }]);
    } else {
      assert.equal(answer.status, 400, `${target}: ${answer.text}`);
      assert.match(answer.json.error.message, /cannot be fetched/);
    }
  }
  assert.ok(asked.every((place) => place === `${PUBLIC}:80`), asked.join());
  assert.equal(upstream.requests.length, 3);
});

// ---- which call ----

const TOOLS = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
const RESPONSE = { id: "resp_1", object: "response", created_at: 1, model: "m", status: "completed",
  output: [{ type: "message", id: "msg_1", role: "assistant", status: "completed", content: [{ type: "output_text", text: TEXT, annotations: [] }] }],
  usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } };

scenario("a capability row sends a chat with tools to Responses, until a reload takes it away", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => conn.sendJson(200, request.target === "/v1/responses" ? RESPONSE : chatBody(TEXT)));
  const providers = up(upstream, "openai");
  const gateway = await throwbar(config(providers, 'capabilities: [{models: "my-*", call: tools-on-responses, can: [stop]}]'));
  const ask = async (model: string, more: object = {}) => {
    const answer = await gateway.request({ body: { ...CHAT, model: `up/${model}`, ...more } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.object, "chat.completion");
    assert.equal(answer.json.choices[0].message.content, TEXT);
    return upstream.requests.at(-1)!.target;
  };
  assert.equal(await ask("my-model", { tools: TOOLS }), "/v1/responses");
  assert.deepEqual(upstream.requests.at(-1)!.json.tools.map((tool: any) => tool.name), ["look"]);
  assert.equal(await ask("my-model"), "/v1/chat/completions");
  assert.equal(await ask("other", { tools: TOOLS }), "/v1/chat/completions");
  gateway.reconfigure(config(providers));
  gateway.signal("SIGHUP");
  await gateway.waitForEvent((e) => e["config_version"] === 2 && e.event !== "request", "version 2 in force");
  assert.equal(await ask("my-model", { tools: TOOLS }), "/v1/chat/completions");
});

scenario("an endpoint that refuses the connection hands the translated request to the next one", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const dead = `http://127.0.0.1:${await Provider.deadPort()}`;
  const gateway = await throwbar(config({ up: `kind: anthropic, api_key: k-1, endpoints: [{url: "${dead}"}, {url: "${origin(upstream)}"}]` }));
  const attempts: number[] = [];
  for (let i = 0; i < 4; i++) {
    const answer = await gateway.request({ body: { ...CHAT, max_tokens: 5 } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, TEXT);
    attempts.push(answer.headers.get("tb-attempts")!.split(", ").length);
  }
  assert.ok(attempts.includes(2), `attempts: ${attempts}`);
  for (const { json } of upstream.requests)
    assert.deepEqual(json, { model: "gpt-real", max_tokens: 5, messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] });
});

// ---- whole or streamed ----

function streamText(answer: Response): string {
  assert.equal(answer.status, 200, answer.text);
  const events = sseEvents(answer.text);
  assert.equal(events.at(-1)!.data, "[DONE]", answer.text);
  return events.slice(0, -1).map((event) => JSON.parse(event.data).choices[0]?.delta.content ?? "").join("");
}

for (const name of ["anthropic", "gemini", "bedrock", "cohere", "ollama"]) {
  scenario(`${name}: a provider may answer whole or streamed, the client gets what it asked for`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    let streams = true;
    upstream.answer((_, conn) => streams ? sendFrames(conn, spoken(name)) : conn.sendJson(200, spoken(name).whole));
    const gateway = await throwbar(config(up(upstream, name)));
    const ask = (isStream: boolean) => gateway.request({ body: isStream ? CHAT_STREAM : CHAT });
    assert.equal(streamText(await ask(true)), TEXT);
    const gathered = await ask(false);
    assert.equal(gathered.json.choices[0].message.content, TEXT, "a stream that nobody asked for");
    assert.equal(gathered.json.usage.completion_tokens, 7);
    streams = false;
    assert.equal((await ask(false)).json.choices[0].message.content, TEXT);
    const played = await ask(true);
    assert.match(played.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(streamText(played), TEXT, "a whole answer that nobody asked for");
    const event = await gateway.requestEvent(played.headers.get("tb-request-id"));
    assert.deepEqual([event["input_tokens"], event["output_tokens"], event["stream"]], [11, 7, true]);
  });
}

for (const client of ["chat", "anthropic"]) {
  scenario(`a model that only streams is gathered for a whole ${client} client`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((request, conn) => request.json.stream === true
      ? conn.sendStream([...chatChunks("Hello ", "ä€😀"), usageChunk()])
      : conn.sendJson(400, { error: { message: "This model only supports streaming." } }));
    const gateway = await throwbar(config(up(upstream, "openai-chat"), 'capabilities: [{models: "qwq*", can: [stop, stream-only]}]'));
    const answer = await gateway.request(client === "chat"
      ? { body: { ...CHAT, model: "up/qwq-32b" } }
      : { path: "/v1/messages", body: messages("hi", { model: "up/qwq-32b" }) });
    assert.equal(answer.status, 200, answer.text);
    const { json } = answer;
    assert.equal(client === "chat" ? json.choices[0].message.content : json.content[0].text, TEXT);
    assert.equal(client === "chat" ? json.usage.prompt_tokens : json.usage.input_tokens, 11);
    const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
    assert.deepEqual([event["output_tokens"], event["stream"]], [7, false]);
  });
}

for (const kind of ["openai-chat", "gemini"]) {
  scenario(`a Gemini client without alt=sse gets one JSON array from ${kind}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => kind === "gemini" ? sendFrames(conn, spoken("gemini")) : conn.sendStream(chatChunks("Hello ", "ä€😀")));
    const gateway = await throwbar(config(up(upstream, kind)));
    const path = "/v1beta/models/up/m-1:streamGenerateContent";
    const body = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };
    const answer = await gateway.request({ path, body });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    assert.ok(Array.isArray(answer.json), answer.text);
    const parts = answer.json.flatMap((chunk: any) => chunk.candidates?.[0]?.content?.parts ?? []);
    assert.equal(parts.map((part: any) => part.text ?? "").join(""), TEXT);
    const streamed = await gateway.request({ path: `${path}?alt=sse`, body });
    assert.match(streamed.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.ok(sseEvents(streamed.text).length > 0);
  });
}

// ---- seals ----

/** A seal as the gateway gives it to a client of another dialect. */
function wrapped(family: string, by: string, model: string, value: Buffer | string): string {
  const field = (text: string) => Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), Buffer.from(text)]);
  return Buffer.concat([Buffer.from(`throwbar1s${family}`), field(by), field(model), Buffer.from(value)]).toString("base64");
}

function thought(signature: string): object {
  return messages("go on", { model: "up/claude-opus-4-1", max_tokens: 2000, thinking: { type: "enabled", budget_tokens: 1024 }, messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: [{ type: "thinking", thinking: "hmm", signature }, { type: "tool_use", id: "toolu_1", name: "look", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "seen" }] },
  ], tools: [{ name: "look", input_schema: { type: "object" } }] });
}

function thoughtsIn(request: { json: any }): any[] {
  return request.json.messages.flatMap((turn: any) => Array.isArray(turn.content) ? turn.content : [])
    .filter((block: any) => block.type === "thinking");
}

scenario("a seal that comes home is opened, a stranger's is left out, in the provider's own dialect too", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  const send = async (signature: string) => {
    const answer = await gateway.request({ path: "/v1/messages", body: thought(signature) });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!upstream.requests.at(-1)!.body.includes("dGhyb3diYXIx"), "no wrapping leaves");
    return thoughtsIn(upstream.requests.at(-1)!);
  };
  assert.deepEqual(await send("c2lnbmF0dXJl"), [{ type: "thinking", thinking: "hmm", signature: "c2lnbmF0dXJl" }]);
  assert.deepEqual(await send(wrapped("a", "elsewhere", "us.anthropic.claude-opus-4-1-v1:0", "c2lnbmF0dXJl")),
    [{ type: "thinking", thinking: "hmm", signature: "c2lnbmF0dXJl" }]);
  for (const strange of [wrapped("g", "up", "gemini-3-pro", "c2ln"), wrapped("a", "up", "claude-sonnet-4-5", "c2ln"), "dGhyb3diYXIxbroken"])
    assert.deepEqual(await send(strange), []);
});

scenario("Gemini's signature goes through an Anthropic client and back", async ({ provider, throwbar }) => {
  const [google, claude] = [await provider(), await provider()];
  const signature = Buffer.from("a signature of Gemini's").toString("base64");
  const call = { functionCall: { name: "look", args: {} }, thoughtSignature: signature };
  google.answer((_, conn) => conn.sendJson(200, { candidates: [{ content: { role: "model", parts: [call] }, finishReason: "STOP", index: 0 }] }));
  claude.answer((_, conn) => conn.sendJson(200, spoken("anthropic").whole));
  const gateway = await throwbar(config({
    google: `kind: gemini, base_url: "${origin(google)}", api_key: k-1`, claude: `kind: anthropic, base_url: "${origin(claude)}", api_key: k-2`,
  }));
  const tools = [{ name: "look", input_schema: { type: "object" } }];
  const first = { model: "google/gemini-3-pro", max_tokens: 99, tools, messages: [{ role: "user", content: "look" }] };
  const answer = await gateway.request({ path: "/v1/messages", body: first });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!answer.text.includes(signature), "it travels wrapped");
  assert.ok(answer.text.includes("dGhyb3diYXIx"), answer.text);
  const { id } = answer.json.content.find((block: any) => block.type === "tool_use");
  const next = { ...first, messages: [...first.messages, { role: "assistant", content: answer.json.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "seen" }] }] };
  const back = await gateway.request({ path: "/v1/messages", body: next });
  assert.equal(back.status, 200, back.text);
  const sent = google.requests[1]!.json.contents.flatMap((turn: any) => turn.parts).find((part: any) => part.functionCall);
  assert.equal(sent.thoughtSignature, signature);
  const other = await gateway.request({ path: "/v1/messages", body: { ...next, model: "claude/claude-opus-4-1" } });
  assert.equal(other.status, 200, other.text);
  assert.ok(!claude.requests[0]!.body.includes("dGhyb3diYXIx") && !claude.requests[0]!.body.includes(signature));
  assert.equal(claude.requests[0]!.json.messages[1].content.filter((block: any) => block.type === "tool_use").length, 1);
});

/** How a client asks for a tool, finds what it has to give back in an answer, and gives it back. */
interface Keeper {
  path: string;
  body: object;
  whole(json: any): any;
  streamed(body: Buffer): any;
  next(kept: any): object;
}

const data = (body: Buffer): any[] => sseEvents(body.toString("utf8")).filter((event) => event.data !== "[DONE]").map((event) => JSON.parse(event.data));
const LOOK = { name: "look", parameters: { type: "object", properties: {} } };
const MODEL = "google/gemini-3-pro";

function blocks(body: Buffer): any[] {
  const content: any[] = [];
  for (const event of data(body)) {
    if (event.type === "content_block_start") content[event.index] = event.content_block;
    if (event.delta?.type === "signature_delta") content[event.index].signature = event.delta.signature;
    if (event.delta?.type === "thinking_delta") content[event.index].thinking += event.delta.thinking;
  }
  return content;
}

function bedrockBlocks(body: Buffer): any[] {
  const content: any[] = [];
  for (const { headers, payload } of readFrames(body)) {
    const { contentBlockIndex: at, start, delta } = JSON.parse(payload.toString("utf8"));
    if (headers[":event-type"] === "contentBlockStart") content[at] = { toolUse: { ...start.toolUse, input: {} } };
    if (delta?.reasoningContent?.redactedContent) content[at] = { reasoningContent: delta.reasoningContent };
    if (delta?.reasoningContent?.text) content[at] = { reasoningContent: { reasoningText: { text: delta.reasoningContent.text } } };
    if (delta?.reasoningContent?.signature) content[at].reasoningContent.reasoningText.signature = delta.reasoningContent.signature;
  }
  return content;
}

const KEEPERS: Record<string, Keeper> = {
  chat: {
    path: "/v1/chat/completions", body: { model: MODEL, messages: [{ role: "user", content: "look" }], tools: [{ type: "function", function: LOOK }] },
    whole: (json) => json.choices[0].message.tool_calls,
    streamed: (body) => data(body).flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []).filter((call) => call.id),
    next: (calls) => ({ messages: [{ role: "user", content: "look" }, { role: "assistant", tool_calls: calls.map(({ index, ...call }: any) => call) },
      ...calls.map(({ id }: any) => ({ role: "tool", tool_call_id: id, content: "seen" }))] }),
  },
  responses: {
    path: "/v1/responses", body: { model: MODEL, input: "look", tools: [{ type: "function", ...LOOK }] },
    whole: (json) => json.output,
    streamed: (body) => data(body).filter(({ type }) => type === "response.output_item.done").map(({ item }) => item),
    next: (items) => ({ input: [{ role: "user", content: "look" }, ...items,
      ...items.filter((item: any) => item.call_id).map((item: any) => ({ type: "function_call_output", call_id: item.call_id, output: "seen" }))] }),
  },
  anthropic: {
    path: "/v1/messages", body: { model: MODEL, max_tokens: 99, messages: [{ role: "user", content: "look" }], tools: [{ name: "look", input_schema: { type: "object" } }] },
    whole: (json) => json.content,
    streamed: blocks,
    next: (content) => ({ messages: [{ role: "user", content: "look" }, { role: "assistant", content },
      { role: "user", content: content.filter((b: any) => b.id).map((b: any) => ({ type: "tool_result", tool_use_id: b.id, content: "seen" })) }] }),
  },
  bedrock: {
    path: `/model/${encodeURIComponent(MODEL)}/converse`,
    body: { messages: [{ role: "user", content: [{ text: "look" }] }], toolConfig: { tools: [{ toolSpec: { name: "look", inputSchema: { json: { type: "object" } } } }] } },
    whole: (json) => json.output.message.content,
    streamed: bedrockBlocks,
    next: (content) => ({ messages: [{ role: "user", content: [{ text: "look" }] }, { role: "assistant", content },
      { role: "user", content: content.filter((b: any) => b.toolUse).map((b: any) => ({ toolResult: { toolUseId: b.toolUse.toolUseId, content: [{ text: "seen" }] } })) }] }),
  },
};

for (const [name, keeper] of Object.entries(KEEPERS)) {
  for (const isStream of [false, true]) {
    scenario(`Gemini gets its calls back signed from a ${name} client that ${isStream ? "streams" : "waits"}`, async ({ provider, throwbar }) => {
      const google = await provider();
      const signed = (value: string) => ({ functionCall: { name: "look", args: {} }, thoughtSignature: Buffer.from(value).toString("base64") });
      const parts = [{ text: "where?", thought: true }, signed("one"), { functionCall: { name: "look", args: {} } }, signed("two")];
      const answer = (these: object[], more: object = {}) => ({ candidates: [{ content: { role: "model", parts: these }, index: 0, ...more }] });
      google.answer(async (request, conn) => {
        if (!request.target.includes("streamGenerateContent")) return conn.sendJson(200, answer(parts, { finishReason: "STOP" }));
        await conn.beginStream();
        for (const part of parts) await conn.sendEvent(answer([part]));
        await conn.sendEvent(answer([{ text: "" }], { finishReason: "STOP" }));
        return conn.endChunks();
      });
      const gateway = await throwbar(config({ google: `kind: gemini, base_url: "${origin(google)}", api_key: k-1` }));
      const path = name === "bedrock" && isStream ? `${keeper.path}-stream` : keeper.path;
      const ask = (body: object) => gateway.request({ path, body: { ...body, ...(name === "bedrock" ? {} : { stream: isStream }) } });
      const first = await ask(keeper.body);
      assert.equal(first.status, 200, first.text);
      const kept = isStream ? keeper.streamed(first.body) : keeper.whole(first.json);
      const back = await ask({ ...keeper.body, ...keeper.next(kept) });
      assert.equal(back.status, 200, back.text);
      const sent = google.requests[1]!.json.contents.flatMap((turn: any) => turn.parts);
      assert.deepEqual(sent.filter((part: any) => part.functionCall).map((part: any) => part.thoughtSignature),
        parts.slice(1).map((part: any) => part.thoughtSignature), JSON.stringify(kept));
      assert.equal(sent.filter((part: any) => part.functionResponse).length, 3);
      assert.ok(!google.requests[1]!.body.includes("dGhyb3diYXIx"), "unwrapped");
    });
  }
}

// ---- errors ----

scenario("when to come again is said in a header, where the provider said it in its text", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7.5s" }];
  upstream.answer((_, conn) => conn.sendJson(429, { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED", details } }));
  const gateway = await throwbar(config(up(upstream, "gemini")));
  for (const body of [CHAT, CHAT_STREAM]) {
    const answer = await gateway.request({ body });
    assert.equal(answer.status, 429, answer.text);
    assert.equal(answer.headers.get("retry-after"), "8");
    assert.equal(answer.headers.get("retry-after-ms"), "7500");
    assert.match(answer.json.error.message, /Quota exceeded/);
  }
});

for (const [name, dialect] of Object.entries(DIALECTS)) {
  scenario(`${name}: a translated stream that breaks off ends with the dialect's error`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const passed = new Latch();
    upstream.script(async (conn) => {
      await conn.request();
      await conn.beginStream();
      for (const chunk of chatChunks("Hello").slice(0, 2)) await conn.sendEvent(chunk);
      await passed.wait("the client to see the beginning");
      conn.reset();
    });
    const gateway = await throwbar(config(up(upstream, "openai-chat")));
    const conn = await gateway.connect();
    await conn.sendRequest({ path: dialect.path("up/m-1", true), body: dialect.body("up/m-1", true) });
    const head = await conn.readHead();
    assert.match(head.start, / 200 /);
    const first = await conn.readChunk();
    passed.open();
    const rest = await conn.readBody(head, false);
    const { gateway: why } = dialect.lastFailure(Buffer.concat([first!, rest]));
    assert.deepEqual([why.source, why.code], ["provider", "TB-4006"]);
    conn.close();
  });
}

/** A chat stream ends with an error, a response with an error and the response as it has failed. */
function openaiFailure(body: Buffer): Failure {
  const events = data(body);
  const failed = events.at(-1).type === "response.failed" ? events.pop().response : undefined;
  const { message, gateway } = events.at(-1).error;
  if (failed) assert.deepEqual([failed.status, failed.error.message], ["failed", message]);
  return { message, gateway };
}

/** Clients that stream, by what keeps them waiting: none of it may be more than their SDKs pass over. */
const STREAMING: Record<string, { ask: RequestOptions; ping: string; lastFailure: (stream: Buffer) => Failure }> = {
  chat: { ask: { body: { ...CHAT_STREAM, model: "up/m-1" } }, ping: ": ping\n\n", lastFailure: openaiFailure },
  responses: { ask: { path: "/v1/responses", body: { model: "up/m-1", stream: true, input: "hi" } }, ping: ": ping\n\n", lastFailure: openaiFailure },
  ...Object.fromEntries(Object.entries(DIALECTS).map(([name, dialect]) => [name, {
    ask: { path: dialect.path("up/m-1", true), body: dialect.body("up/m-1", true) },
    lastFailure: dialect.lastFailure, ping: name === "anthropic" ? 'event: ping\ndata: {"type":"ping"}\n\n' : "",
  }])),
};

for (const [name, { ask, lastFailure }] of Object.entries(STREAMING)) {
  for (const kind of Object.keys(DIALECTS).filter((one) => one !== name)) {
    scenario(`${name}: an error inside of ${kind}'s stream is told in the client's own form`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      const { frames, cut, streamType, failure } = spoken(kind);
      upstream.answer(async (_, conn) => {
        await conn.beginStream({ "content-type": streamType });
        if (upstream.requests.length === 1) for (const frame of frames.slice(0, cut)) await conn.sendChunk(frame);
        await conn.sendChunk(failure);
        await conn.endChunks();
      });
      const gateway = await throwbar(config(up(upstream, kind)));
      const late = await gateway.request(ask);
      assert.equal(late.status, 200, late.text);
      const { message, gateway: why } = lastFailure(late.body);
      assert.equal(message, "boom");
      assert.equal(why.source, "provider");
      const event = await gateway.requestEvent(late.headers.get("tb-request-id"));
      assert.equal(event["error_source"], "provider");
      const early = await gateway.request(ask);
      assert.ok(early.status >= 429, early.text);
      assert.match(early.text, /boom/);
    });
  }
}

for (const [name, { ask, ping }] of Object.entries(STREAMING)) {
  const kind = name === "anthropic" ? "gemini" : "anthropic";

  scenario(`${name}: while a provider of another dialect is silent the client is kept, and reads nothing strange`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const waited = new Latch();
    upstream.answer(async (_, conn) => {
      const { frames, cut, streamType } = spoken(kind);
      await conn.beginStream({ "content-type": streamType });
      await waited.wait("the client to have its answer's head");
      for (const frame of frames.slice(0, cut)) await conn.sendChunk(frame);
      await conn.sendChunk(Buffer.concat(frames.slice(cut)));
      await conn.endChunks();
    });
    const gateway = await throwbar(config(up(upstream, kind)).replace("workers: 1", "workers: 1, timeouts: {heartbeat: 100ms}"));
    const conn = await gateway.connect();
    await conn.sendRequest(ask);
    const head = await conn.readHead();
    assert.match(head.start, / 200 /);
    if (ping !== "") assert.equal((await conn.readChunk())!.toString("utf8"), ping);
    waited.open();
    const rest = (await conn.readBody(head, false)).toString("utf8").replaceAll(ping === "" ? "\0" : ping, "");
    assert.ok(!rest.includes("ping"), rest);
    assert.ok(rest.includes("lo ä€😀"), rest);
    conn.close();
  });

  scenario(`${name}: when the client goes a translated provider is let go`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.script(async (conn) => {
      await conn.request();
      await conn.beginStream({ "content-type": spoken(kind).streamType });
      for (const frame of spoken(kind).frames.slice(0, spoken(kind).cut)) await conn.sendChunk(frame);
      await conn.expectClose();
    });
    const gateway = await throwbar(config(up(upstream, kind)));
    const conn = await gateway.connect();
    await conn.sendRequest(ask);
    await conn.readHead();
    await conn.readChunk();
    conn.close();
    await (await upstream.connection(0)).ended;
    const event = await gateway.waitForEvent((e) => e.event === "request", "the request's line");
    assert.equal(event["status"], 499);
  });

  scenario(`${name}: a client that does not read holds its translated provider back`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const { frames, cut, streamType } = spoken(kind);
    const piece = Buffer.concat(Array.from({ length: 200 }, () => frames[cut - 1]!));
    const most = 64 << 20; // far more than all sockets on the way hold
    const stopped = new Latch<number>();
    upstream.script(async (conn) => {
      await conn.request();
      await conn.beginStream({ "content-type": streamType });
      for (const frame of frames.slice(0, cut)) await conn.sendChunk(frame);
      let sent = 0;
      for (; sent < most && !conn.isEnded; sent += piece.length) await conn.sendChunk(piece);
      stopped.open(sent);
    });
    const gateway = await throwbar(config(up(upstream, kind)).replace("workers: 1", "workers: 1, timeouts: {write_stall: 200ms}"));
    const conn = await gateway.connect();
    await conn.sendRequest(ask);
    await conn.readHead();
    conn.pause();
    const before = residentBytes(gateway);
    assert.ok(await stopped.wait("the gateway to leave the provider") < most / 2);
    await gateway.waitForEvent((e) => e.event === "request", "the request's line");
    const after = residentBytes(gateway);
    if (before !== undefined && after !== undefined) assert.ok(after - before < 4 << 20, `${after - before} bytes are held`);
    conn.close();
  });
}

// ---- memory ----

const STREAMS = 200;
const STREAM_BYTES = 40 * 1024; // of a stream in the middle: both connections, its task, and the translation

/** Resident bytes of the process that are nobody else's; undefined where a sanitizer keeps more than is used. */
function residentBytes(gateway: Throwbar): number | undefined {
  if (/lib[atm]san|\.asan|san_shadow/.test(readFileSync(`/proc/${gateway.pid}/maps`, "utf8"))) return undefined;
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, "utf8"))![1];
  return Number(kib) * 1024;
}

scenario(`${STREAMS} slow translated streams at a time, each of them small`, async ({ provider, throwbar }) => {
  const upstream = await provider();
  const dialect = spoken("anthropic");
  const goOn = new Latch();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    for (const frame of dialect.frames.slice(0, dialect.cut)) await conn.sendChunk(frame);
    await goOn.wait("all streams to be open");
    for (const frame of dialect.frames.slice(dialect.cut)) await conn.sendChunk(frame);
    await conn.endChunks();
  });
  const gateway = await throwbar(config(up(upstream, "anthropic")));
  const open = async (): Promise<{ conn: ClientConn; begun: string }> => {
    const conn = await gateway.connect();
    await conn.sendRequest({ body: CHAT_STREAM });
    await conn.readHead();
    let begun = "";
    while (!begun.includes("lo ä€😀")) begun += (await conn.readChunk())!.toString("utf8");
    return { conn, begun };
  };
  const first = await open();
  const before = residentBytes(gateway);
  const streams = [first, ...await Promise.all(Array.from({ length: STREAMS - 1 }, open))];
  const after = residentBytes(gateway);
  if (before !== undefined && after !== undefined)
    assert.ok((after - before) / STREAMS < STREAM_BYTES, `${Math.round((after - before) / STREAMS)} bytes for a stream`);
  goOn.open();
  await Promise.all(streams.map(async ({ conn, begun }) => {
    let text = begun;
    for (let chunk = await conn.readChunk(); chunk; chunk = await conn.readChunk()) text += chunk.toString("utf8");
    conn.close();
    const events = sseEvents(text);
    assert.equal(events.at(-1)!.data, "[DONE]");
    assert.equal(events.slice(0, -1).map((event) => JSON.parse(event.data).choices[0]?.delta.content ?? "").join(""), TEXT);
  }));
});
