/* Clients that try to get two answers out of one request, or somebody else's: after whatever goes wrong, a connection
 * either is exactly between two requests or is closed. */

import * as assert from "node:assert/strict";
import { ADMIN_KEY, CHAT, CHAT_STREAM, chatBody, chatChunks, ClientConn, config, Latch, requestBytes, scenario, sseEvents } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";
const SMUGGLED = "GET /healthz HTTP/1.1\r\nhost: smuggled\r\n\r\n";
const POST = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => m[1] ?? "");
}

/* The chunk is a little longer than what has come of it, so that a decoder that is given the same bytes a second time
 * finds its end inside of them, and behind it what looks like a request. */
scenario("a chunked body over the limit hides no second request", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {body: 1KiB}" }));
  const inside = `\r\n0\r\n\r\n${SMUGGLED}`;
  for (let shift = 0; shift < 24; shift++) {
    const conn = await gateway.connect();
    const data = "x".repeat(shift) + inside + "y".repeat(2000);
    const size = (data.length + 5 + shift).toString(16);
    await conn.send(`${POST}transfer-encoding: chunked\r\n\r\n${size}\r\n${data}`);
    await conn.halfClose();
    const { bytes } = await conn.readToEnd();
    assert.deepEqual(statuses(bytes.toString("latin1")), ["413"], `shift ${shift}`);
    conn.close();
  }
});

scenario("a whole chunked body over the limit is one request", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {body: 1KiB}" }));
  const conn = await gateway.connect();
  const chunk = `10\r\n${"z".repeat(16)}\r\n`;
  await conn.send(`${POST}transfer-encoding: chunked\r\n\r\n${chunk.repeat(200)}0\r\n\r\n${SMUGGLED}`);
  await conn.halfClose();
  const { bytes } = await conn.readToEnd();
  assert.equal(statuses(bytes.toString("latin1"))[0], "413");
  assert.ok(["413", "413,200"].includes(statuses(bytes.toString("latin1")).join()), bytes.toString("latin1"));
  conn.close();
});

scenario("who leaves before an answer gets no answer to a later request in its place", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => { await conn.ended; });
  const gateway = await throwbar(config(upstream.url));
  for (const body of [CHAT, CHAT_STREAM]) {
    const conn = await gateway.connect();
    await conn.send(Buffer.concat([requestBytes({ body }), Buffer.from(SMUGGLED)]));
    await conn.halfClose();
    assert.equal((await conn.readToEnd()).bytes.toString("latin1"), "");
    conn.close();
  }
});

scenario("who leaves inside of a stream gets nothing behind what has come", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    await conn.sendEvent(chatChunks("a")[0]);
    await conn.ended;
  });
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  await conn.send(Buffer.concat([requestBytes({ body: CHAT_STREAM }), Buffer.from(SMUGGLED)]));
  await conn.readHead();
  await conn.readChunk();
  await conn.halfClose();
  assert.equal((await conn.readToEnd()).bytes.toString("latin1"), "");
  conn.close();
});

for (const minor of [0, 1]) {
  scenario(`a whole answer cut by the request's time is seen to be cut, HTTP/1.${minor}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const text = JSON.stringify(chatBody("x".repeat(14 << 20)));
    upstream.answer((_, conn) => conn.sendJson(200, text));
    const gateway = await throwbar(config(upstream.url));
    const conn = await gateway.connect();
    conn.pause();
    const request = requestBytes({ body: CHAT, headers: { "tb-timeout": "1500ms", connection: "keep-alive" } }).toString("latin1");
    await conn.send(request.replace("HTTP/1.1", `HTTP/1.${minor}`) + SMUGGLED);
    const event = await gateway.waitForEvent((e) => e.event === "request");
    assert.equal(event["error"], "TOTAL_TIMEOUT");
    assert.equal(event["status"], 200, "the answer had begun");
    conn.resume();
    const { bytes } = await conn.readToEnd();
    assert.ok(bytes.length < text.length, "the answer is not whole");
    assert.ok(statuses(bytes.toString("latin1")).length <= 1, "nothing follows a cut answer");
    conn.close();
  });
}

scenario("a stream that a slow reader makes last too long ends by its own time", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    const event = { ...chatChunks("x".repeat(60_000))[1] };
    while (!conn.isEnded) await conn.sendEvent(event);
  });
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: CHAT_STREAM, headers: { "tb-timeout": "700ms", connection: "close" } });
  conn.pause();
  const event = await gateway.waitForEvent((e) => e.event === "request");
  assert.equal(event["error"], "TOTAL_TIMEOUT");
  conn.resume();
  const text = (await conn.readToEnd()).bytes.toString("latin1");
  const last = text.slice(text.lastIndexOf("data: "));
  assert.match(last, /"code":"timeout"/);
  assert.match(last, /\r\n0\r\n\r\n$/);
  conn.close();
});

scenario("a pipelined admin request is not what another connection sent", async ({ throwbar }) => {
  const many = Array.from({ length: 1500 }, (_, i) => `  alias-of-a-model-number-${i}: {use: up/model-${i}}`);
  const gateway = await throwbar(config(NOBODY, { more: `models:\n${many.join("\n")}` }));
  const get = `GET /admin/v1/config HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\n\r\n`;
  const slow = await ClientConn.connect(gateway.adminAddr);
  slow.pause();
  await slow.send(get.repeat(150) + "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  await gateway.waitForEvent((e) => e.event === "request" && e["path"] === "/admin/v1/config");
  for (let i = 0; i < 20; i++)
    await gateway.admin({ method: "GET", path: `/nowhere/${"n".repeat(8000)}` });
  slow.resume();
  for (let i = 0; i < 150; i++) assert.equal((await slow.readResponse()).status, 200, `answer ${i}`);
  assert.equal((await slow.readResponse()).json.status, "ok");
  slow.close();
});

scenario("HEAD of a stored response is answered like GET, without a body", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((request, conn) => request.method === "HEAD" ? conn.sendHead(200, { "content-type": "application/json", "content-length": "17" })
    : conn.sendJson(200, { id: "resp_1", a: 1 }));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  await conn.send("HEAD /v1/responses/resp_1 HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.match((await conn.readHead()).start, / 200 /);
  assert.equal((await conn.exchange({ method: "GET", path: "/v1/responses/resp_1" })).json.id, "resp_1");
  assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
  conn.close();
});

scenario("a refused body that was announced is not waited for, and the connection closes", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { auth: "mode: keys" }));
  for (const expect of ["", "expect: 100-continue\r\n"]) {
    const conn = await gateway.connect();
    await conn.send(`${POST}content-length: 1000\r\n${expect}\r\n`);
    const head = await conn.readHead();
    assert.match(head.start, / 401 /);
    assert.equal(head.headers.get("connection"), "close");
    await conn.readBody(head, true);
    assert.equal(await conn.expectClose(), "fin");
    conn.close();
  }
});

scenario("a refused body that has come whole leaves the connection usable", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { auth: "mode: keys" }));
  const conn = await gateway.connect();
  assert.equal((await conn.exchange({ body: CHAT })).status, 401);
  await conn.send(`${POST}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-trailer: y\r\n\r\n${SMUGGLED}`);
  assert.equal((await conn.readResponse()).status, 401);
  assert.equal((await conn.readResponse()).status, 200);
  conn.close();
});

scenario("an HTTP/1.0 client gets a stream until the close", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream(chatChunks("a", "b")));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  await conn.send(requestBytes({ body: CHAT_STREAM, headers: { connection: "keep-alive" } }).toString("latin1").replace("HTTP/1.1", "HTTP/1.0"));
  const head = await conn.readHead();
  assert.equal(head.headers.get("transfer-encoding"), undefined);
  assert.equal(head.headers.get("connection"), "close");
  assert.equal(sseEvents((await conn.readBody(head, true)).toString()).at(-1)?.data, "[DONE]");
  conn.close();
});

scenario("what a client says of a connection or a key does not reach the provider", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  await gateway.request({
    path: "/v1/chat/completions?key=tb-secret-of-the-query", body: CHAT,
    headers: { authorization: "Bearer tb-secret", "x-api-key": "tb-secret", cookie: "a=b", connection: "x-hop, keep-alive", "x-hop": "1", "te": "trailers",
      "x-forwarded-for": "1.2.3.4", "proxy-authorization": "Basic tb-secret", "tb-session": "tb-secret", "openai-organization": "org-1" },
  });
  const sent = JSON.stringify(upstream.requests[0]!.headers.pairs) + upstream.requests[0]!.target;
  assert.ok(!/tb-secret|cookie|x-hop|x-forwarded-for|organization/i.test(sent), sent);
  assert.equal(upstream.requests[0]!.headers.all("authorization").length, 1);
  assert.ok(!gateway.log.includes("tb-secret"), gateway.log);
});

scenario("two uploads of one connection in a row, the first refused in the middle", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const early = new Latch();
  upstream.script(async (conn) => {
    await conn.readHead();
    await conn.sendJson(413, { error: { message: "too much", type: "invalid_request_error" } }, { connection: "close" });
    early.open();
    await conn.halfClose();
    await conn.ended;
  });
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  const head = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nup/whisper\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
  await conn.send(`POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 30000000\r\n\r\n${head}`);
  await early.wait("the early answer");
  void conn.send("f".repeat(29_000_000));
  const answer = await conn.readResponse();
  assert.equal(answer.status, 413, answer.text);
  assert.equal(answer.headers.get("connection"), "close");
  conn.close();
});
