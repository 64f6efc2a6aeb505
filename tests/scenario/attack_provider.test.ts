/* Providers that answer in ways nobody foresaw: what reaches the client is either true or an error. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, chatChunks, config, EventReader, Latch, PROVIDER_KEY, requestBytes, scenario, sseEvents, type Script } from "./harness.js";

const UP = "timeouts: {connect: 1s, first_byte: 1s, idle: 1s, total: 10s}";
const EVENTS = chatChunks("a", "b");
const STREAM = `${EVENTS.map((e) => `data: ${JSON.stringify(e)}\n\n`).join("")}data: [DONE]\n\n`;

/** After [DONE] the answer is whole, whatever becomes of the connection. */
const AFTER_DONE: Record<string, Script> = {
  "silence": async (conn) => { await conn.ended; },
  "a reset": (conn) => conn.reset(),
  "a close without the last chunk": (conn) => conn.halfClose(),
  "garbage": (conn) => conn.send("zz\r\n"),
  "more events": async (conn) => { await conn.sendEvent({ id: "late" }); await conn.sendEvent({ error: { message: "late" } }); await conn.endChunks(); conn.close(); },
};
for (const [name, after] of Object.entries(AFTER_DONE)) {
  scenario(`${name} behind [DONE] changes nothing`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const seen = new Latch();
    upstream.script(
      async (conn) => {
        await conn.request();
        await conn.beginStream();
        await conn.sendChunk(STREAM);
        await seen.wait("[DONE] at the client");
        await after(conn);
      },
      async (conn) => { await conn.request(); await conn.sendJson(200, chatBody("next")); },
    );
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const conn = await gateway.connect();
    await conn.sendRequest({ body: CHAT_STREAM });
    const head = await conn.readHead();
    const reader = new EventReader(conn);
    for (let event = await reader.next(); event?.data !== "[DONE]"; event = await reader.next()) assert.ok(event);
    seen.open();
    assert.equal(await reader.next(), undefined);
    const event = await gateway.requestEvent(head.headers.get("tb-request-id"));
    assert.equal(event["error"], undefined);
    assert.equal((await conn.exchange({ body: CHAT })).json.choices[0].message.content, "next");
    conn.close();
  });
}

/** Streams written in other ways than ours; the client sees the same events. */
const WRITINGS: Record<string, string> = {
  "CR only": STREAM.replaceAll("\n", "\r"),
  "CRLF": STREAM.replaceAll("\n", "\r\n"),
  "a byte order mark": `\xEF\xBB\xBF${STREAM}`,
  "comments between": STREAM.replaceAll("data:", ": ping\n\ndata:"),
  "ids and unknown fields": STREAM.replaceAll("data:", "id: 7\nretry: 100\nx: y\ndata:"),
  "no space behind the colon": STREAM.replaceAll("data: ", "data:"),
};
for (const [name, text] of Object.entries(WRITINGS)) {
  scenario(`a stream with ${name} is the same stream`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer(async (_, conn) => { await conn.beginStream(); await conn.sendChunk(text); await conn.endChunks(); });
    const gateway = await throwbar(config(upstream.url));
    const answer = await gateway.request({ body: CHAT_STREAM });
    const data = answer.body.toString("latin1").replace(/^\xEF\xBB\xBF/, "").split(/\r\n|\r|\n/).filter((l) => l.startsWith("data:")).map((l) => l.slice(5).trim());
    assert.deepEqual(data, [...EVENTS.map((e) => JSON.stringify(e)), "[DONE]"]);
  });
}

scenario("a stream that ends inside of an event is cut", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => { await conn.beginStream(); await conn.sendChunk(STREAM.slice(0, STREAM.indexOf("data: [DONE]") - 1)); await conn.endChunks(); });
  const gateway = await throwbar(config(upstream.url));
  const events = sseEvents((await gateway.request({ body: CHAT_STREAM })).text);
  assert.equal(JSON.parse(events.at(-1)?.data ?? "{}").error?.gateway.source, "provider");
});

/** Whole answers. */
const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const OK = JSON.stringify(chatBody("ok"));
const WHOLE: Record<string, { wire: string; status: number; again?: boolean }> = {
  "a body longer than announced": { wire: `${JSON_HEAD}content-length: ${OK.length}\r\n\r\n${OK}HTTP/1.1 200 OK\r\n`, status: 200 },
  "another answer behind it": { wire: `${JSON_HEAD}content-length: ${OK.length}\r\n\r\n${OK}${JSON_HEAD}content-length: 2\r\n\r\n{}`, status: 200 },
  "a redirect": { wire: "HTTP/1.1 307 Temporary\r\nlocation: http://127.0.0.1:1/stolen\r\ncontent-length: 0\r\n\r\n", status: 502 },
  "a page of HTML": { wire: "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>", status: 502 },
  "NUL in JSON": { wire: `${JSON_HEAD}content-length: 4\r\n\r\n{}\0\0`, status: 502 },
  "a switch of protocols": { wire: "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", status: 502 },
  "20 interim answers": { wire: `${"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(20)}${JSON_HEAD}content-length: ${OK.length}\r\n\r\n${OK}`, status: 502 },
  "two interim answers": { wire: `${"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(2)}${JSON_HEAD}content-length: ${OK.length}\r\n\r\n${OK}`, status: 200 },
  "status 999": { wire: "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n", status: 502 },
  "status 000": { wire: "HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n", status: 502 },
  "a bare CR in a header": { wire: `${JSON_HEAD}x-request-id: a\rset-cookie: b=c\r\ncontent-length: ${OK.length}\r\n\r\n${OK}`, status: 502 },
  "HTTP/0.9": { wire: OK, status: 502 },
  "a chunk that lies": { wire: `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{}{}{}{}\r\n0\r\n\r\n`, status: 502 },
  "a length and chunks": { wire: `${JSON_HEAD}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, status: 502 },
};
for (const [name, { wire, status }] of Object.entries(WHOLE)) {
  scenario(`${name} is ${status}, and the next request has its own answer`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.script(
      async (conn) => { await conn.request(); await conn.send(wire); if (name === "HTTP/0.9") await conn.halfClose(); await conn.ended; },
      async (conn) => { await conn.request(); await conn.sendJson(200, chatBody("second")); },
    );
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const conn = await gateway.connect();
    const answer = await conn.exchange({ body: CHAT });
    assert.equal(answer.status, status, answer.text);
    assert.ok(!answer.headers.has("set-cookie") && !answer.headers.has("location"));
    if (status !== 200) assert.equal(answer.json.error.gateway.attempts.length, 1);
    if (name !== "a redirect" && name !== "two interim answers")
      assert.equal((await conn.exchange({ body: CHAT })).json.choices[0].message.content, "second");
    conn.close();
  });
}

scenario("headers that steer a browser or a proxy do not pass", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok"), {
    "set-cookie": "a=b", "location": "http://evil", "server": "x", "via": "y", "connection": "x-request-id", "x-request-id": "req_\xe9",
    "alt-svc": "h3=1", "strict-transport-security": "max-age=1", "tb-request-id": "forged", "tb-provider": "forged", "openai-organization": "org-secret",
    "access-control-allow-origin": "*", "date": "Thu, 01 Jan 1970 00:00:00 GMT", "upgrade": "h2c", "keep-alive": "timeout=1", "trailer": "x",
  }));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT });
  for (const name of ["set-cookie", "location", "server", "via", "alt-svc", "strict-transport-security", "openai-organization", "access-control-allow-origin",
    "upgrade", "keep-alive", "trailer"]) assert.ok(!answer.headers.has(name), name);
  assert.equal(answer.headers.all("tb-request-id").length, 1);
  assert.equal(answer.headers.get("tb-provider"), "up");
  assert.equal(answer.headers.all("date").length, 1);
});

for (const body of [CHAT, CHAT_STREAM]) {
  for (const status of [200, 400, 401, 500]) {
    scenario(`a provider that shows its key in an error with ${status} is not quoted, ${body === CHAT ? "whole" : "streamed"}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      const error = { message: `Incorrect API key provided: ${PROVIDER_KEY}.`, type: "invalid_request_error", code: PROVIDER_KEY };
      upstream.answer((_, conn) => status === 200 && body === CHAT_STREAM ? conn.sendStream([{ error }]) : conn.sendJson(status, { error }, { "x-request-id": `for ${PROVIDER_KEY}` }));
      const gateway = await throwbar(config(upstream.url, { more: "observability: {log: {level: debug}}" }));
      const answer = await gateway.request({ body });
      assert.ok(answer.status >= 400);
      assert.equal(answer.json.error.gateway.source, "provider");
      assert.ok(!answer.text.includes(PROVIDER_KEY), answer.text);
      assert.ok(!JSON.stringify(answer.headers.pairs).includes(PROVIDER_KEY));
      await gateway.requestEvent(answer.headers.get("tb-request-id"));
      assert.ok(!gateway.log.includes(PROVIDER_KEY), gateway.log);
    });
  }
}

scenario("nothing is sent twice once the provider has said a word", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const second = (wire: string): Script => async (conn) => {
    await conn.request();
    await conn.sendJson(200, chatBody("ok"));
    await conn.request();
    await conn.send(wire);
    await conn.halfClose();
  };
  for (const wire of ["HTTP/1.1 103 Early Hints\r\n\r\n", "H", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"]) {
    const from = upstream.conns.length;
    upstream.script(...Array.from({ length: from }, () => () => {}), second(wire), () => assert.fail("sent again"));
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    assert.equal((await gateway.request({ body: CHAT })).status, 200);
    assert.equal((await gateway.request({ body: CHAT })).status, 502, wire);
    assert.equal(upstream.conns.length, from + 1);
  }
});

scenario("a large body goes again on a fresh connection when the kept one was closed", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.script(
    async (conn) => { await conn.request(); await conn.sendJson(200, chatBody("first")); await conn.readHead(); conn.reset(); },
    async (conn) => { const r = await conn.request(); await conn.sendJson(200, chatBody(String(r.body.length))); },
  );
  const gateway = await throwbar(config(upstream.url, { up: UP }));
  await gateway.request({ body: CHAT });
  const body = Buffer.from(JSON.stringify({ ...CHAT, messages: [{ role: "user", content: "x".repeat(9 << 20) }] }));
  const answer = await gateway.request({ body, headers: { "content-type": "application/json" } });
  assert.equal(answer.status, 200, answer.text);
  const sent = body.length - "up/".length;
  assert.ok(Math.abs(Number(answer.json.choices[0].message.content) - sent) < 20);
  assert.match(answer.headers.get("tb-attempts") ?? "", /RESET;.*200;/);
});

scenario("max_concurrent is free again after every kind of end", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const ends: Script[] = [
    (conn) => conn.reset(), (conn) => conn.sendJson(500, {}), (conn) => conn.sendJson(200, "{"), (conn) => conn.send("garbage\r\n\r\n"),
    async (conn) => { await conn.beginStream(); await conn.sendEvent(EVENTS[0]); conn.reset(); },
    async (conn) => { await conn.beginStream(); await conn.sendEvent({ error: { message: "x" } }); await conn.endChunks(); },
    (conn) => conn.sendJson(307, {}), () => {},
  ];
  let n = 0;
  upstream.answer((_, conn) => (ends[n++] ?? ((c) => c.sendJson(200, chatBody("ok"))))(conn));
  const gateway = await throwbar(config(upstream.url, { up: `${UP}\nmax_concurrent: 1` }));
  for (let i = 0; i < ends.length; i++) {
    await gateway.request({ body: CHAT_STREAM });
    assert.equal(n, i + 1, `end ${i - 1} has kept the place`);
  }
  const gone = await gateway.connect();
  const here = new Latch();
  ends[n] = async (conn) => { here.open(); await conn.ended; };
  await gone.send(requestBytes({ body: CHAT }));
  await here.wait("the request at the provider");
  assert.equal((await gateway.request({ body: CHAT })).json.error.gateway.code, "TB-3006");
  gone.reset();
  await gateway.waitForEvent((e) => e.event === "request" && e["error"] === "CLIENT_GONE");
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
});
