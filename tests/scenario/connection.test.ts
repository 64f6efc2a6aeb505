/* HTTP/1.1 as a server: keep-alive, pipelining, endings, and bytes that are no request. */

import * as assert from "node:assert/strict";
import { CHAT, chatBody, config, Latch, requestBytes, scenario } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";
const HEALTH = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

scenario("pipelined requests are answered in their order", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const first = new Latch();
  upstream.script(async (conn) => {
    for (let request = await conn.nextRequest(); request; request = await conn.nextRequest()) {
      const { content } = request.json.messages[0];
      if (content === "0") await first.wait("all requests to be sent");
      await conn.sendJson(200, chatBody(content));
    }
  });
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  const requests = [0, 1, 2, 3, 4].map((n) => requestBytes({ body: { ...CHAT, messages: [{ role: "user", content: String(n) }] } }));
  await conn.send(Buffer.concat(requests));
  first.open();
  for (let n = 0; n < 5; n++) assert.equal((await conn.readResponse()).json.choices[0].message.content, String(n));
  conn.close();
});

scenario("a pipelined request cut anywhere is the same request", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  for (let cut = 1; cut < HEALTH.length; cut++) {
    await conn.send(HEALTH.slice(0, cut));
    await conn.send(HEALTH.slice(cut) + HEALTH);
    assert.equal((await conn.readResponse()).status, 200);
    assert.equal((await conn.readResponse()).status, 200);
  }
  conn.close();
});

scenario("a connection serves many requests", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  for (let i = 0; i < 200; i++) assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
  conn.close();
});

scenario("Connection: close is obeyed", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  const answer = await conn.exchange({ method: "GET", path: "/healthz", headers: { connection: "close" } });
  assert.equal(answer.headers.get("connection"), "close");
  assert.equal(await conn.expectClose(), "fin");
  conn.close();
});

scenario("HTTP/1.0 gets an answer and a close", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  await conn.send("GET /healthz HTTP/1.0\r\n\r\n");
  assert.equal((await conn.readResponse()).status, 200);
  await conn.expectClose();
  conn.close();
});

scenario("a client that ends its side after the request still gets the answer", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  await conn.send(HEALTH);
  await conn.halfClose();
  assert.equal((await conn.readResponse()).status, 200);
  conn.close();
});

scenario("HEAD has the head of GET and no body", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const conn = await gateway.connect();
  await conn.send("HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.match((await conn.readHead()).start, / 200 /);
  assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
  conn.close();
});

for (const [name, text, status] of [
  ["two lengths", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", 400],
  ["length and chunks", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  ["a length with a sign", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\n{}", 400],
  ["a space before the colon", "GET /healthz HTTP/1.1\r\nhost : x\r\n\r\n", 400],
  ["a folded header", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\r\n", 400],
  ["bare line feeds", "GET /healthz HTTP/1.1\nhost: x\n\n", 400],
  ["a NUL in a value", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: 1\0\r\n\r\n", 400],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
  ["two hosts", "GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", 400],
  ["a TLS hello on the plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["an unknown coding", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n", 501],
  ["HTTP/2.0 by name", "GET /healthz HTTP/2.0\r\nhost: x\r\n\r\n", 505],
] as const) {
  scenario(`${status} and close for ${name}`, async ({ throwbar }) => {
    const gateway = await throwbar(config(NOBODY));
    const conn = await gateway.connect();
    await conn.send(text + HEALTH);
    const answer = await conn.readResponse();
    assert.equal(answer.status, status);
    assert.equal(answer.json.error.gateway.source, "client");
    await conn.expectClose();
    conn.close();
  });
}

scenario("a client that resets in the middle of anything leaves no trace but a log line", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const body = requestBytes({ body: CHAT });
  for (const cut of [1, 20, body.length - 5]) {
    const conn = await gateway.connect();
    await conn.send(body.subarray(0, cut));
    conn.reset();
  }
  assert.equal((await gateway.request({ method: "GET", path: "/healthz" })).status, 200);
});
