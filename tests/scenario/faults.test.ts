/* Every way in which a provider can fail, for whole and streamed requests alike: the client gets an error that says what
 * happened, in time, and never an answer that only looks complete. */

import * as assert from "node:assert/strict";
import { certificates, CHAT, CHAT_STREAM, chatBody, chatChunks, config, EndedEarly, EventReader, Latch, Provider, scenario,
  sseEvents, type ProviderConn, type Script } from "./harness.js";

const UP = "timeouts: {connect: 1s, first_byte: 300ms, idle: 300ms, total: 10s}";
const JSON_TEXT = JSON.stringify(chatBody("a long enough answer to be cut"));
const [FIRST = {}] = chatChunks("half an ans");

interface Fault {
  script: Script;
  status: number;
  source: "provider" | "network";
  code?: string;
}

const answerWith = (text: string): Script => async (conn) => {
  await conn.request();
  await conn.send(text);
  await conn.halfClose();
};
const stall = (conn: ProviderConn) => conn.ended.then(() => {});

/** Before anything of an answer: the same for whole and streamed requests. */
const EARLY: Record<string, Fault> = {
  "a reset instead of an answer": { script: async (conn) => { await conn.request(); conn.reset(); }, status: 502, source: "network", code: "upstream_reset" },
  "a close instead of an answer": { script: async (conn) => { await conn.request(); await conn.halfClose(); }, status: 502, source: "network", code: "upstream_reset" },
  "silence": { script: async (conn) => { await conn.request(); await stall(conn); }, status: 504, source: "provider", code: "timeout" },
  "a head that never ends": {
    script: async (conn) => { await conn.request(); await conn.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"); await stall(conn); },
    status: 504, source: "provider", code: "timeout",
  },
  "garbage": { script: answerWith("\x00\x01\x02 this is no HTTP\r\n\r\n"), status: 502, source: "provider", code: "upstream_malformed" },
  "two lengths": { script: answerWith("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x"), status: 502, source: "provider", code: "upstream_malformed" },
  "a head of 1 MiB": { script: answerWith(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(1 << 20)}\r\n\r\n`), status: 502, source: "provider" },
  "500 with an error object": {
    script: async (conn) => { await conn.request(); await conn.sendJson(500, { error: { message: "boom", type: "server_error", code: "x1" } }); },
    status: 500, source: "provider", code: "x1",
  },
  "503 with a page of HTML": {
    script: async (conn) => { await conn.request(); await conn.sendBody(503, "text/html", "<html>down</html>"); },
    status: 503, source: "provider", code: "upstream_error",
  },
  "401 for the provider's key": {
    script: async (conn) => { await conn.request(); await conn.sendJson(401, { error: { message: "Incorrect API key provided: sk-provider-secret" } }); },
    status: 502, source: "provider", code: "upstream_auth",
  },
};

for (const [name, fault] of Object.entries(EARLY)) {
  for (const body of [CHAT, CHAT_STREAM]) {
    scenario(`${name} is ${fault.status}, ${body === CHAT ? "whole" : "streamed"}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      upstream.script(fault.script);
      const gateway = await throwbar(config(upstream.url, { up: UP }));
      const conn = await gateway.connect();
      const answer = await conn.exchange({ body });
      assert.equal(answer.status, fault.status, answer.text);
      const { error } = answer.json;
      assert.equal(error.gateway.source, fault.source);
      if (fault.code) assert.equal(error.code, fault.code);
      assert.ok(error.gateway.attempts.length >= 1);
      assert.ok(!answer.text.includes("sk-provider-secret"));
      const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
      assert.equal(event["status"], fault.status);
      assert.equal(event["error_source"], fault.source);
      assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
      conn.close();
    });
  }
}

for (const body of [CHAT, CHAT_STREAM]) {
  const kind = body === CHAT ? "whole" : "streamed";

  scenario(`a refused connection is 502, ${kind}`, async ({ throwbar }) => {
    const gateway = await throwbar(config(`http://127.0.0.1:${await Provider.deadPort()}/v1`, { up: UP }));
    const answer = await gateway.request({ body });
    assert.equal(answer.status, 502);
    assert.equal(answer.json.error.gateway.source, "network");
    assert.equal(answer.json.error.code, "upstream_unreachable");
  });

  scenario(`a name that does not resolve is 502 or 504, ${kind}`, async ({ throwbar }) => {
    const gateway = await throwbar(config("http://no-such-host.invalid/v1", { up: "timeouts: {dns: 1s}" }));
    const answer = await gateway.request({ body });
    assert.ok([502, 504].includes(answer.status), answer.text);
    assert.equal(answer.json.error.gateway.source, "network");
  });

  scenario(`429 keeps its status, its text and its Retry-After, ${kind}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const error = { message: "Rate limit reached for gpt-real", type: "tokens", param: null, code: "rate_limit_exceeded" };
    upstream.answer((_, conn) => conn.sendJson(429, { error }, { "retry-after": "7" }));
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const answer = await gateway.request({ body });
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get("retry-after"), "7");
    assert.match(answer.json.error.message, /Rate limit reached for gpt-real/);
    assert.equal(answer.json.error.code, "rate_limit_exceeded");
    assert.equal(answer.json.error.gateway.source, "provider");
  });

  scenario(`400 keeps what the provider says about the request, ${kind}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const error = { message: "Unknown parameter: 'foo'.", type: "invalid_request_error", param: "foo", code: "unknown_parameter" };
    upstream.answer((_, conn) => conn.sendJson(400, { error }));
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const answer = await gateway.request({ body });
    assert.equal(answer.status, 400);
    const { gateway: added, ...rest } = answer.json.error;
    assert.deepEqual(rest, error);
    assert.equal(added.source, "provider");
  });

  scenario(`200 with an error object is no success, ${kind}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendJson(200, { error: { message: "overloaded", type: "server_error", code: 529 } }));
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const answer = await gateway.request({ body });
    assert.equal(answer.status, 502, answer.text);
    assert.equal(answer.json.error.gateway.source, "provider");
  });
}

/** In the middle of a whole body. */
const CUT_BODIES: Record<string, Fault> = {
  "a reset": {
    script: async (conn) => { await conn.request(); await conn.send(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT.slice(0, 40)}`); conn.reset(); },
    status: 502, source: "provider",
  },
  "a close before Content-Length": {
    script: answerWith(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT.slice(0, 40)}`),
    status: 502, source: "provider", code: "upstream_truncated",
  },
  "a close before the last chunk": {
    script: answerWith(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n10\r\n${JSON_TEXT.slice(0, 16)}\r\n`),
    status: 502, source: "provider", code: "upstream_truncated",
  },
  "a close inside of JSON": {
    script: answerWith(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${JSON_TEXT.slice(0, 40)}`),
    status: 502, source: "provider",
  },
  "a bad chunk": {
    script: answerWith("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    status: 502, source: "provider", code: "upstream_malformed",
  },
  "silence": {
    script: async (conn) => { await conn.request(); await conn.send(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT.slice(0, 40)}`); await stall(conn); },
    status: 504, source: "provider", code: "timeout",
  },
};

for (const [name, fault] of Object.entries(CUT_BODIES)) {
  scenario(`${name} in the middle of a whole answer is ${fault.status}`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.script(fault.script);
    const gateway = await throwbar(config(upstream.url, { up: UP }));
    const answer = await gateway.request({ body: CHAT });
    assert.equal(answer.status, fault.status, answer.text);
    assert.equal(answer.json.error.gateway.source, fault.source);
    if (fault.code) assert.equal(answer.json.error.code, fault.code);
  });
}

/** After the first event of a stream: the status is out, only the stream itself can tell. */
const CUT_STREAMS: Record<string, (conn: ProviderConn) => Promise<void> | void> = {
  "a reset": (conn) => conn.reset(),
  "a close without the last chunk": (conn) => conn.halfClose(),
  "a last chunk without [DONE]": (conn) => conn.endChunks(),
  "an event cut in two": async (conn) => { await conn.sendChunk('data: {"id":"x","cho'); await conn.halfClose(); },
  "a bad chunk": (conn) => conn.send("zz\r\n"),
  "silence": (conn) => stall(conn),
  "an error event": async (conn) => { await conn.sendEvent({ error: { message: "boom", type: "server_error", code: null } }); await conn.halfClose(); },
  "an event larger than the limit": async (conn) => { await conn.sendChunk(`data: ${"x".repeat(200_000)}`); await stall(conn); },
};

for (const [name, cut] of Object.entries(CUT_STREAMS)) {
  scenario(`${name} in a stream becomes an error event and no [DONE]`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const seen = new Latch();
    upstream.script(async (conn) => {
      await conn.request();
      await conn.beginStream();
      await conn.sendEvent(FIRST);
      await seen.wait("the first event at the client");
      await cut(conn);
    });
    const gateway = await throwbar(config(upstream.url, { up: UP, server: "limits: {event: 64KiB}" }));
    const conn = await gateway.connect();
    await conn.sendRequest({ body: CHAT_STREAM });
    const head = await conn.readHead();
    const reader = new EventReader(conn);
    assert.equal((await reader.next())?.data, JSON.stringify(FIRST));
    seen.open();
    const events: string[] = [];
    try {
      for (let event = await reader.next(); event; event = await reader.next()) events.push(event.data);
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error; // a body without its last chunk says the same
    }
    assert.ok(!events.includes("[DONE]"), events.join("\n"));
    const last = JSON.parse(events.at(-1) ?? "null");
    assert.equal(typeof last?.error?.message, "string", events.join("\n"));
    const event = await gateway.requestEvent(head.headers.get("tb-request-id"));
    assert.equal(event["error_source"], "provider");
    conn.close();
  });
}

scenario("a connection that failed is not used again", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.script(
    async (conn) => { await conn.request(); await conn.beginStream(); await conn.sendEvent(FIRST); await conn.endChunks(); await stall(conn); },
    async (conn) => { await conn.request(); await conn.sendJson(200, chatBody("ok")); },
  );
  const gateway = await throwbar(config(upstream.url, { up: UP }));
  await gateway.request({ body: CHAT_STREAM });
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.equal(upstream.conns.length, 2);
});

for (const [name, pick] of [
  ["expired", "expired"], ["for another name", "otherName"], ["from an unknown authority", "untrusted"],
] as const) {
  scenario(`a certificate ${name} is 502`, async ({ provider, throwbar }) => {
    const certs = certificates();
    const upstream = await provider({ tls: certs[pick] });
    upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
    const gateway = await throwbar(config(upstream.url, { up: `ca: ${certs.ca.certFile}` }));
    const answer = await gateway.request({ body: CHAT });
    assert.equal(answer.status, 502);
    assert.equal(answer.json.error.code, "upstream_tls");
    assert.equal(answer.json.error.gateway.source, "network");
    assert.equal(upstream.requests.length, 0);
  });
}

scenario("a provider behind TLS answers whole and streamed requests", async ({ provider, throwbar }) => {
  const certs = certificates();
  const upstream = await provider({ tls: certs.localhost });
  upstream.answer((request, conn) => request.json.stream ? conn.sendStream(chatChunks("a", "b")) : conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, { up: `ca: ${certs.ca.certFile}` }));
  assert.equal((await gateway.request({ body: CHAT })).json.choices[0].message.content, "ok");
  const events = sseEvents((await gateway.request({ body: CHAT_STREAM })).text);
  assert.equal(events.at(-1)?.data, "[DONE]");
  assert.equal(upstream.conns.length, 1);
});
