/* Translation at the edges that need a connection: how a body is written and sent, how a provider writes its stream and
 * what it sends in place of one. What follows from the bytes alone is tested without a socket (tests/unit/llm/cases_*). */

import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CHAT_STREAM, chatBody, chatChunk, chatChunks, DIALECTS, eventFrame, frameBytes, scenario, sseEvents, TEXT, usageChunk,
  type Failure, type Provider, type ProviderConn, type Response, type Spoken, type Throwbar } from "./harness.js";

interface Client {
  path: (model: string, isStream: boolean) => string;
  body: (model: string, isStream: boolean) => string;
  failureOf: (answer: Response) => Failure;
  lastFailure: (stream: Buffer) => Failure;
  /** The member that holds the conversation. */
  said: string;
}

const openaiFailure = ({ error }: any): Failure => {
  assert.equal(typeof error.message, "string");
  assert.equal(typeof error.type, "string");
  return { message: error.message, gateway: error.gateway };
};
const lastData = (stream: Buffer): any => JSON.parse(sseEvents(stream.toString("utf8")).at(-1)!.data);

const CLIENTS: Record<string, Client> = {
  chat: {
    path: () => "/v1/chat/completions",
    body: (model, isStream) => `{"model":"${model}","stream":${isStream},"messages":[{"role":"user","content":"a\\u00e9\\/b"}]}`,
    failureOf: ({ json }) => openaiFailure(json),
    lastFailure: (stream) => openaiFailure(lastData(stream)),
    said: "messages",
  },
  responses: {
    path: () => "/v1/responses",
    body: (model, isStream) => `{"model":"${model}","stream":${isStream},"input":[{"role":"user","content":"a\\u00e9\\/b"}]}`,
    failureOf: ({ json }) => openaiFailure(json),
    lastFailure: (stream) => {
      const { type, response } = lastData(stream);
      assert.equal(type, "response.failed");
      assert.equal(response.status, "failed");
      return { message: response.error.message, gateway: response.error.gateway };
    },
    said: "input",
  },
  ...Object.fromEntries(Object.entries(DIALECTS).map(([name, spoken]) => [name, { ...spoken, said: name === "gemini" ? "contents" : "messages" }])),
};

const spoken = (name: string): Spoken => DIALECTS[name]!;
const MODEL = "up/m-1";

function config(upstream: Provider, kind: string): string {
  const base = kind.startsWith("openai") ? upstream.url : upstream.url.slice(0, -"/v1".length);
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
  up: {kind: ${kind}, base_url: "${base}", api_key: "\${env:UP_KEY}"}
`;
}

/** A provider of another dialect than the client's. */
const kindFor = (client: string): string => (client === "anthropic" ? "openai-chat" : "anthropic");

function answerWhole(kind: string, conn: ProviderConn): Promise<void> {
  return kind === "anthropic" ? conn.sendJson(200, spoken("anthropic").whole) : conn.sendJson(200, chatBody(TEXT));
}

async function sendStream(conn: ProviderConn, type: string, ...parts: (string | Buffer)[]): Promise<void> {
  await conn.beginStream({ "content-type": type });
  for (const part of parts) await conn.sendChunk(typeof part === "string" ? Buffer.from(part) : part);
  await conn.endChunks();
}

// ---- bodies ----

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const behind = (body: string, members: string): string => `${body.slice(0, -1)},${members}}`;

const WRONG: Record<string, (body: string, client: Client) => Buffer> = {
  "a comma too many": (body) => Buffer.from(`${body.slice(0, -1)},}`),
  "a list for a body": (body) => Buffer.from(`[${body}]`),
  "two documents": (body) => Buffer.from(body + body),
  "a byte order mark": (body) => Buffer.from(`\uFEFF${body}`),
  "text that is no UTF-8": (body) => latin1(body.replace("\\u00e9", "\xff")),
  "a NUL byte in a text": (body) => latin1(body.replace("\\u00e9", "\0")),
  "lists in lists without end": (body) => Buffer.from(behind(body, `"x_deep":${"[".repeat(100_000)}${"]".repeat(100_000)}`)),
  "its conversation twice": (body, { said }) => Buffer.from(behind(body, `"${said}":[]`)),
  "a conversation that is a number": (body, { said }) => Buffer.from(`{"model":"${MODEL}","${said}":7${body.includes("max_tokens") ? ',"max_tokens":9' : ""}}`),
  "nothing in it": () => Buffer.from("{}"),
};

for (const [name, client] of Object.entries(CLIENTS)) {
  scenario(`${name}: a body with anything wrong is 400 in the client's own words, and the connection lives`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => answerWhole(kindFor(name), conn));
    const gateway = await throwbar(config(upstream, kindFor(name)));
    const conn = await gateway.connect();
    for (const [what, make] of Object.entries(WRONG)) {
      const answer = await conn.exchange({ path: client.path(MODEL, false), body: make(client.body(MODEL, false), client) });
      assert.equal(answer.status, 400, `${what}: ${answer.text}`);
      const { message, gateway: why } = client.failureOf(answer);
      assert.equal(why.source, "client", what);
      assert.ok(message.length > 0, what);
      if (what === "its conversation twice") assert.ok(message.includes(client.said), message);
    }
    assert.equal(upstream.requests.length, 0);
    assert.equal((await conn.exchange({ path: client.path(MODEL, false), body: client.body(MODEL, false) })).status, 200);
    conn.close();
  });

  scenario(`${name}: an escaped NUL, a half of a pair and a number without end pass or are refused, never lost`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => answerWhole(kindFor(name), conn));
    const gateway = await throwbar(config(upstream, kindFor(name)));
    const ask = (body: string) => gateway.request({ path: client.path(MODEL, false), body });
    const nul = await ask(client.body(MODEL, false).replace("\\u00e9", "\\u0000"));
    assert.equal(nul.status, 200, nul.text);
    assert.match(JSON.stringify(upstream.requests.at(-1)!.json), /a\\u0000\/b/);
    const half = await ask(client.body(MODEL, false).replace("\\u00e9", "\\ud83d"));
    assert.ok([200, 400].includes(half.status), half.text);
    if (half.status === 400) client.failureOf(half);
    const endless = await ask(behind(client.body(MODEL, false), '"x_endless":1e999'));
    assert.equal(endless.status, 200, endless.text);
    assert.match(endless.headers.get("tb-warnings") ?? "", /dropped:x_endless/);
  });

  scenario(`${name}: a body in chunks behind Expect: 100-continue is a body like any other`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => answerWhole(kindFor(name), conn));
    const gateway = await throwbar(config(upstream, kindFor(name)));
    const conn = await gateway.connect();
    await conn.send(`POST ${client.path(MODEL, false)} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n`);
    assert.match((await conn.readHead()).start, / 100 /);
    for (const part of client.body(MODEL, false).match(/[^]{1,7}/g)!) await conn.send(`${part.length.toString(16)}\r\n${part}\r\n`);
    await conn.send("0\r\n\r\n");
    const head = await conn.readHead();
    assert.match(head.start, / 200 /);
    assert.ok((await conn.readBody(head, false)).toString("utf8").includes(TEXT));
    conn.close();
  });

  scenario(`${name}: a compressed body is 415 in the client's own words`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const gateway = await throwbar(config(upstream, kindFor(name)));
    const answer = await gateway.request({ path: client.path(MODEL, false), body: gzipSync(client.body(MODEL, false)), headers: { "content-encoding": "gzip" } });
    assert.equal(answer.status, 415, answer.text);
    assert.equal(client.failureOf(answer).gateway.source, "client");
  });
}

// ---- streams written in other ways ----

const CHUNKS = [...chatChunks("Hello ", "ä€😀"), usageChunk()].map((chunk) => JSON.stringify({ ...chunk, id: "chatcmpl-1", created: 1 }));
const PLAIN = [...CHUNKS, "[DONE]"].map((data) => `data: ${data}\n\n`).join("");

const WRITINGS: Record<string, string> = {
  "CR only": PLAIN.replaceAll("\n", "\r"),
  "CRLF": PLAIN.replaceAll("\n", "\r\n"),
  "every kind of line end": PLAIN.split("\n\n").map((event, i) => event + ["\n\n", "\r\n\r\n", "\r\r"][i % 3]).join(""),
  "a byte order mark": `\uFEFF${PLAIN}`,
  "comments and empty events between": PLAIN.replaceAll("data:", ": ping\n\nevent: ping\n\n\n\ndata:"),
  "ids, times and unknown fields": PLAIN.replaceAll("data:", "id: 7\nretry: 100\nx: y\nnothing\ndata:"),
  "names of events": PLAIN.replaceAll("data:", "event: chunk\ndata:"),
  "no space behind the colon": PLAIN.replaceAll("data: ", "data:"),
  "documents of several lines": PLAIN.replaceAll(',"', ',\ndata: "'),
  "two end marks and more": `${PLAIN}data: [DONE]\n\ndata: {"choices":[{"index":0,"delta":{"content":"late"}}]}\n\njunk`,
  "no blank line at its end": PLAIN.slice(0, -2),
};

async function askStream(gateway: Throwbar, client: Client): Promise<Response> {
  return gateway.request({ path: client.path(MODEL, true), body: client.body(MODEL, true) });
}

for (const name of ["anthropic", "gemini", "bedrock"]) {
  scenario(`${name}: a provider's stream is the same however it is written`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    let text = PLAIN;
    upstream.answer((_, conn) => sendStream(conn, "text/event-stream", text));
    const gateway = await throwbar(config(upstream, "openai-chat"));
    const plain = await askStream(gateway, CLIENTS[name]!);
    assert.equal(plain.status, 200, plain.text);
    assert.ok(plain.text.includes("Hello "));
    for (const [what, writing] of Object.entries(WRITINGS)) {
      text = writing;
      const answer = await askStream(gateway, CLIENTS[name]!);
      assert.equal(answer.body.toString("base64"), plain.body.toString("base64"), `${what}:\n${answer.text}`);
    }
  });
}

/** What a stream says, without its frames and the ids that are made anew each time. */
function documents(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => /^(data:|\{)/.test(line)).map((line) => line.replace(/[0-9a-f]{20,}/g, "#"));
}

for (const [name, client] of Object.entries(CLIENTS)) {
  scenario(`${name}: a stream is one whatever its provider calls it`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    let [type, text] = ["text/event-stream", PLAIN];
    upstream.answer((_, conn) => sendStream(conn, type, text));
    const gateway = await throwbar(config(upstream, "openai-chat"));
    const plain = await askStream(gateway, client);
    assert.equal(plain.status, 200, plain.text);
    for (const [called, writing] of Object.entries({ "application/json": PLAIN, "application/json; charset=utf-8": `\r\n${PLAIN}`, "": PLAIN.replaceAll("data:", "event: chunk\ndata:") })) {
      [type, text] = [called, writing];
      const answer = await askStream(gateway, client);
      assert.equal(answer.headers.get("content-type"), plain.headers.get("content-type"), type);
      if (name === "bedrock") assert.equal(answer.body.toString("base64"), plain.body.toString("base64"), answer.text);
      else assert.deepEqual(documents(answer.text), documents(plain.text), type);
    }
  });
}

scenario("an event of more than a megabyte is an event", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const long = "x".repeat(1_500_000);
  upstream.answer((_, conn) => conn.sendStream([chatChunk({ role: "assistant", content: "" }), chatChunk({ content: long }), chatChunk({}, "stop")]));
  const gateway = await throwbar(config(upstream, "openai-chat"));
  const answer = await askStream(gateway, CLIENTS["anthropic"]!);
  assert.equal(answer.status, 200);
  const text = sseEvents(answer.text).map(({ data }) => JSON.parse(data)).filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta.text);
  assert.equal(text.join(""), long);
});

scenario("a compressed stream is read like any other, or refused", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => {
    await conn.beginStream({ "content-type": "text/event-stream", "content-encoding": "gzip" });
    await conn.sendChunk(gzipSync(PLAIN));
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream, "openai-chat"));
  const client = CLIENTS["anthropic"]!;
  const answer = await askStream(gateway, client);
  assert.equal(upstream.requests[0]!.headers.get("accept-encoding"), "identity");
  if (answer.status === 200) assert.ok(answer.text.includes("message_stop"));
  else assert.equal(client.failureOf(answer).gateway.source, "provider");
});

// ---- in place of a stream ----

const INSTEAD: Record<string, { send: (conn: ProviderConn) => Promise<void>; status: number; says?: RegExp }> = {
  "an error as a document": { send: (conn) => conn.sendJson(200, { error: { message: "no luck", type: "server_error" } }), status: 502, says: /no luck/ },
  "an error as its first event": { send: (conn) => sendStream(conn, "text/event-stream", 'data: {"error":{"message":"no luck","type":"server_error"}}\n\n'),
    status: 502, says: /no luck/ },
  "nothing at all": { send: (conn) => conn.sendBody(200, "text/event-stream", ""), status: 502 },
  "a page": { send: (conn) => conn.sendBody(200, "text/html", "<html>login</html>"), status: 502 },
  "a proxy's page": { send: (conn) => conn.sendBody(502, "text/html", "<html><title>502 Bad Gateway</title></html>"), status: 502 },
  "a page of too many requests": { send: (conn) => conn.sendBody(429, "text/html", "<h1>slow down</h1>"), status: 429 },
  "half a document": { send: (conn) => conn.sendBody(200, "application/json", '{"choices":[{"mess'), status: 502 },
  "comments only": { send: (conn) => sendStream(conn, "text/event-stream", ": one\n\n: two\n\n"), status: 502 },
};

for (const name of Object.keys(CLIENTS).filter((client) => client !== "chat" && client !== "responses")) {
  scenario(`${name}: what a provider sends in place of a stream is an error with a status`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    let send = INSTEAD["nothing at all"]!.send;
    upstream.answer((_, conn) => send(conn));
    const gateway = await throwbar(config(upstream, "openai-chat"));
    const client = CLIENTS[name]!;
    for (const [what, instead] of Object.entries(INSTEAD)) {
      send = instead.send;
      const answer = await askStream(gateway, client);
      assert.equal(answer.status, instead.status, `${what}: ${answer.text}`);
      const { message, gateway: why } = client.failureOf(answer);
      assert.equal(why.source, "provider", what);
      if (instead.says) assert.match(message, instead.says, what);
      assert.doesNotMatch(answer.text, /<html|<h1/, what);
    }
  });
}

// ---- usage ----

scenario("an OpenAI provider is asked to count a translated stream, and its client is told as usual", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => sendStream(conn, "text/event-stream", PLAIN));
  const gateway = await throwbar(config(upstream, "openai-chat"));
  const answer = await askStream(gateway, CLIENTS["anthropic"]!);
  assert.deepEqual(upstream.requests[0]!.json.stream_options, { include_usage: true });
  const end = sseEvents(answer.text).map(({ data }) => JSON.parse(data)).find(({ type }) => type === "message_delta");
  assert.deepEqual([end.usage.input_tokens, end.usage.output_tokens], [11, 7]);
});

scenario("usage that a translated chat did not ask for is counted and not told", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => sendStream(conn, "text/event-stream", ...spoken("anthropic").frames));
  const gateway = await throwbar(config(upstream, "anthropic"));
  const silent = await gateway.request({ body: CHAT_STREAM });
  assert.doesNotMatch(silent.text, /usage/);
  const event = await gateway.requestEvent(silent.headers.get("tb-request-id"));
  assert.deepEqual([event["input_tokens"], event["output_tokens"]], [11, 7]);
  const told = await gateway.request({ body: { ...CHAT_STREAM, stream_options: { include_usage: true } } });
  const last = JSON.parse(sseEvents(told.text).at(-2)!.data);
  assert.deepEqual([last.choices, last.usage.prompt_tokens, last.usage.completion_tokens], [[], 11, 7]);
});

// ---- connections ----

for (const name of ["anthropic", "gemini", "bedrock", "ollama"]) {
  scenario(`${name}: the connection of a translated stream serves the next request`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => sendStream(conn, spoken(name).streamType, ...spoken(name).frames));
    const gateway = await throwbar(config(upstream, name));
    for (let i = 0; i < 3; i++) {
      const answer = await gateway.request({ body: CHAT_STREAM });
      assert.equal(sseEvents(answer.text).at(-1)!.data, "[DONE]");
    }
    assert.equal(upstream.conns.length, 1);
  });
}

// ---- frames ----

const BEDROCK = spoken("bedrock").frames;

function text(answer: Response): string {
  return sseEvents(answer.text).filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data).choices?.[0]?.delta.content ?? "").join("");
}

scenario("frames of an event stream may be cut at every byte", async ({ provider, throwbar }) => {
  const upstream = await provider();
  let at = 0;
  const stream = Buffer.concat(BEDROCK);
  upstream.answer((_, conn) => sendStream(conn, "application/vnd.amazon.eventstream", stream.subarray(0, at), stream.subarray(at)));
  const gateway = await throwbar(config(upstream, "bedrock"));
  for (at = 1; at < stream.length; at += 1) {
    const answer = await gateway.request({ body: CHAT_STREAM });
    assert.equal(text(answer), TEXT, `cut at ${at}`);
    assert.ok(answer.text.endsWith("data: [DONE]\n\n"), `cut at ${at}`);
  }
});

for (const [client, body] of [["bedrock", CLIENTS["bedrock"]!.body("up/m-1", true)], ["chat", CHAT_STREAM]] as const) {
  scenario(`frames whose type is missing or wrong are frames to a ${client} client`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    let type = "application/vnd.amazon.eventstream";
    upstream.answer((_, conn) => sendStream(conn, type, ...BEDROCK));
    const gateway = await throwbar(config(upstream, "bedrock"));
    const ask = async () => {
      const answer = await gateway.request(client === "chat" ? { body } : { path: CLIENTS[client]!.path("up/m-1", true), body });
      return client === "chat" ? text(answer) : answer.body.toString("base64");
    };
    const wanted = await ask();
    assert.notEqual(wanted, "");
    for (type of ["", "text/event-stream"]) assert.equal(await ask(), wanted, type);
  });
}

scenario("a frame that nobody knows is passed over", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => sendStream(conn, "application/vnd.amazon.eventstream", ...BEDROCK.slice(0, 2),
    eventFrame("sparkle", { p: "abcdef" }), ...BEDROCK.slice(2)));
  const gateway = await throwbar(config(upstream, "bedrock"));
  assert.equal(text(await gateway.request({ body: CHAT_STREAM })), TEXT);
});

const flipped = (frame: Buffer, at: number): Buffer => {
  const copy = Buffer.from(frame);
  copy[at < 0 ? copy.length + at : at]! ^= 1;
  return copy;
};
const BROKEN: Record<string, Buffer> = {
  "a wrong sum of its message": flipped(BEDROCK[2]!, -1),
  "a wrong sum of its head": flipped(BEDROCK[2]!, 8),
  "another byte in its text": flipped(BEDROCK[2]!, -8),
  "a length without end": Buffer.concat([Buffer.from([0x7f, 0xff, 0xff, 0xff]), BEDROCK[2]!.subarray(4)]),
  "an error for a frame": frameBytes({ ":message-type": "error", ":error-code": "500", ":error-message": "no luck" }, ""),
  "an exception for a frame": frameBytes({ ":message-type": "exception", ":exception-type": "modelStreamErrorException", ":content-type": "application/json" }, '{"message":"no luck"}'),
};

for (const [what, frame] of Object.entries(BROKEN)) {
  scenario(`an event stream with ${what} ends in the client's error, whatever follows`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer(async (_, conn) => {
      await conn.beginStream({ "content-type": "application/vnd.amazon.eventstream" });
      for (const part of [...BEDROCK.slice(0, 2), frame, ...BEDROCK.slice(3)]) await conn.sendChunk(part).catch(() => undefined);
      await conn.endChunks().catch(() => undefined);
    });
    const gateway = await throwbar(config(upstream, "bedrock"));
    for (const name of ["chat", "anthropic", "gemini"]) {
      const client = CLIENTS[name]!;
      const answer = await askStream(gateway, client);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.text.includes("Hel"), answer.text);
      assert.doesNotMatch(answer.text, /\[DONE\]|message_stop|"finishReason"/);
      assert.equal(client.lastFailure(answer.body).gateway.source, "provider");
    }
  });
}
