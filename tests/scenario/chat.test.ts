/* A whole chat through the gateway: what the provider gets, what the client gets, what the log says. */

import * as assert from "node:assert/strict";
import { CHAT, chatBody, config, Latch, scenario } from "./harness.js";

const TEXT = "Grüße, \u{1F600}\u2028 and \\ \" too";

scenario("only the model's value changes on the way to the provider", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  const before = '{ "x_unknown" : [1.0e+2, {"model":"inner"}],\n "messages":[{"role":"user","content":"a\\u00e9\\/b"}],"mod\\u0065l2":1,';
  const after = ', "temperature":1.10 , "big": 123456789012345678901234567890 }  ';
  await gateway.request({ body: `${before}"model":"up/gpt-real"${after}` });
  assert.equal(upstream.requests[0]?.body.toString(), `${before}"model":"gpt-real"${after}`);
});

scenario("the provider's body reaches the client byte for byte", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const body = `  ${JSON.stringify(chatBody(TEXT), null, 3)}\r\n\t `;
  upstream.answer((_, conn) => conn.sendJson(200, body));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.text, body);
});

scenario("an answer says where it came from, and the log has one line for it", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, { more: "models: {fast: {use: up/gpt-real}}" }));
  const answer = await gateway.request({ body: { ...CHAT, model: "fast" } });
  assert.match(answer.headers.get("tb-request-id") ?? "", /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(answer.headers.get("tb-provider"), "up");
  assert.equal(answer.headers.get("tb-model"), "gpt-real");
  assert.match(answer.headers.get("tb-attempts") ?? "", /^up\/default;200;[0-9.]+m?s$/);
  assert.equal(upstream.requests[0]?.json.model, "gpt-real");
  const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
  assert.equal(event["status"], 200);
  assert.equal(event["model"], "fast");
  assert.equal(event["provider"], "up");
  assert.equal(event["upstream_model"], "gpt-real");
  assert.equal(event["input_tokens"], 11);
  assert.equal(event["output_tokens"], 7);
  assert.equal(event["cached_tokens"], 3);
  assert.equal(event["path"], "/v1/chat/completions");
  assert.equal(gateway.events.filter((e) => e.event === "request").length, 1);
  assert.equal(await gateway.metric("throwbar_requests_total", 'status="200"'), 1);
  assert.equal(await gateway.metric("throwbar_tokens_total", 'kind="output"'), 7);
});

scenario("credentials: the provider sees its own key and never the client's", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, { up: "headers: {x-team: ml}" }));
  await gateway.request({
    body: CHAT,
    headers: {
      authorization: "Bearer client-secret", "x-api-key": "client-secret", "api-key": "client-secret",
      cookie: "client-secret", connection: "keep-alive, x-hop", "x-hop": "client-secret",
      "proxy-authorization": "client-secret", "keep-alive": "client-secret", te: "trailers",
    },
  });
  const seen = upstream.requests[0];
  assert.equal(seen?.headers.get("authorization"), "Bearer sk-provider-secret");
  assert.equal(seen?.headers.get("x-team"), "ml");
  assert.equal(seen?.headers.get("host"), `127.0.0.1:${upstream.port}`);
  assert.equal(seen?.headers.pairs.flat().filter((text) => text.includes("client-secret")).length, 0);
  assert.ok(!gateway.log.includes("sk-provider-secret") && !gateway.log.includes("client-secret"));
});

scenario("a chunked request is relayed with its length", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  const body = JSON.stringify(CHAT);
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  for (const byte of body) await conn.send(`1;ext=1\r\n${byte}\r\n`);
  await conn.send("0\r\nx-trailer: 1\r\n\r\n");
  assert.equal((await conn.readResponse()).status, 200);
  conn.close();
  assert.deepEqual(upstream.requests[0]?.json, { ...CHAT, model: "gpt-real" });
  assert.equal(upstream.requests[0]?.headers.has("x-trailer"), false);
});

scenario("bodies of several megabytes pass unchanged in both directions", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const content = "0123456789abcdef".repeat(256 * 1024);
  upstream.answer((request, conn) => conn.sendJson(200, chatBody(request.json.messages[0].content)));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: { ...CHAT, messages: [{ role: "user", content }] } });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.choices[0].message.content, content);
});

for (const [name, head, tail] of [
  ["in chunks", "transfer-encoding: chunked\r\n", true],
  ["until the connection ends", "connection: close\r\n", false],
] as const) {
  scenario(`an answer that comes byte by byte, ${name}, is relayed whole`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const body = JSON.stringify(chatBody(TEXT));
    upstream.script(async (conn) => {
      await conn.request();
      await conn.drip(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n`);
      const raw = Buffer.from(body, "utf8");
      if (tail) for (let i = 0; i < raw.length; i += 7) await conn.sendChunk(raw.subarray(i, i + 7));
      else await conn.drip(raw);
      if (tail) await conn.drip("0\r\n\r\n");
      else await conn.halfClose();
    });
    const gateway = await throwbar(config(upstream.url));
    const answer = await gateway.request({ body: CHAT });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, body);
  });
}

scenario("Expect: 100-continue is answered before the body is sent", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  const body = JSON.stringify(CHAT);
  await conn.send(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`);
  assert.match((await conn.readHead()).start, /^HTTP\/1\.1 100 /);
  await conn.send(body);
  assert.equal((await conn.readResponse()).status, 200);
  conn.close();
});

scenario("the provider's connection is kept for the next request", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  for (let i = 0; i < 3; i++) assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.equal(upstream.conns.length, 1);
});

scenario("a kept connection that the provider closes meanwhile costs nobody an error", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const closed = new Latch();
  upstream.script(
    async (conn) => {
      await conn.request();
      await conn.sendJson(200, chatBody("one"));
      await conn.request(); // the provider's idle timeout fires just as this one arrives
      conn.reset();
      closed.open();
    },
    async (conn) => {
      await conn.request();
      await conn.sendJson(200, chatBody("two"));
    },
  );
  const gateway = await throwbar(config(upstream.url));
  assert.equal((await gateway.request({ body: CHAT })).json.choices[0].message.content, "one");
  assert.equal((await gateway.request({ body: CHAT })).json.choices[0].message.content, "two");
  await closed.wait("the first connection's end");
});
