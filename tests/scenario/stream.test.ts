/* A streamed chat through the gateway: order, promptness, usage, endings. */

import * as assert from "node:assert/strict";
import { CHAT_STREAM, chatChunk, chatChunks, config, EventReader, Latch, scenario, sseEvents, usageChunk } from "./harness.js";

const EVENTS = chatChunks("Hel", "lo, ", "wörld \u{1F600}");
const WIRE = [...EVENTS.map((e) => JSON.stringify(e)), "[DONE]"];

function texts(text: string): string[] {
  return sseEvents(text).map((e) => e.data);
}

scenario("every event passes unchanged and in order", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream(EVENTS));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("an event is with the client before the next one exists", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const seen = EVENTS.map(() => new Latch());
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    for (const [i, event] of EVENTS.entries()) {
      await conn.sendEvent(event);
      await seen[i]?.wait(`the client to see event ${i}`);
    }
    await conn.sendEvent("[DONE]");
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: CHAT_STREAM });
  await conn.readHead();
  const reader = new EventReader(conn);
  for (const [i, event] of EVENTS.entries()) {
    assert.equal((await reader.next())?.data, JSON.stringify(event));
    seen[i]?.open();
  }
  assert.deepEqual((await reader.rest()).map((e) => e.data), ["[DONE]"]);
  conn.close();
});

scenario("a stream cut at every byte is the same stream", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const text = `: hello\r\n\r\n${WIRE.map((data) => `data: ${data}\r\n\r\n`).join("")}`;
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    for (const byte of Buffer.from(text, "utf8")) await conn.sendChunk(Buffer.of(byte));
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("usage is asked for behind the client's back, counted, and not shown", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream([...EVENTS, usageChunk()]));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.deepEqual(upstream.requests[0]?.json, { ...CHAT_STREAM, model: "gpt-real", stream_options: { include_usage: true } });
  assert.deepEqual(texts(answer.text), WIRE);
  const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
  assert.equal(event["input_tokens"], 11);
  assert.equal(event["output_tokens"], 7);
  assert.equal(event["stream"], true);
});

scenario("usage that the client asked for is shown", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream([...EVENTS, usageChunk()]));
  const gateway = await throwbar(config(upstream.url));
  const body = { ...CHAT_STREAM, stream_options: { include_usage: true, x: 1 } };
  const answer = await gateway.request({ body });
  assert.deepEqual(upstream.requests[0]?.json, { ...body, model: "gpt-real" });
  assert.deepEqual(texts(answer.text), [...EVENTS.map((e) => JSON.stringify(e)), JSON.stringify(usageChunk()), "[DONE]"]);
});

scenario("a client that refused usage still does not see it", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream([...EVENTS, usageChunk()]));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: { ...CHAT_STREAM, stream_options: { include_usage: false } } });
  assert.equal(upstream.requests[0]?.json.stream_options.include_usage, true);
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("what follows [DONE] is not the client's business", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    for (const data of WIRE) await conn.sendEvent(data);
    await conn.sendEvent({ trailing: "garbage" });
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("a stream that ends by closing the connection after [DONE] is complete", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.script(async (conn) => {
    await conn.request();
    await conn.sendHead(200, { "content-type": "text/event-stream", connection: "close" });
    await conn.send(Buffer.from(WIRE.map((data) => `data: ${data}\n\n`).join(""), "utf8"));
    await conn.halfClose();
  });
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("a body that ends right behind [DONE], without its blank line, is complete", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.script(async (conn) => {
    await conn.request();
    await conn.sendHead(200, { "content-type": "text/event-stream", connection: "close" });
    await conn.send(Buffer.from(WIRE.map((data) => `data: ${data}\n\n`).join("").trimEnd(), "utf8"));
    await conn.halfClose();
  });
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ body: CHAT_STREAM });
  assert.deepEqual(texts(answer.text), WIRE);
});

scenario("a client that waits for the first event is kept alive by comments", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const pinged = new Latch();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    await pinged.wait("a comment at the client");
    for (const data of WIRE) await conn.sendEvent(data);
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url, { server: "timeouts: {heartbeat: 100ms}" }));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: CHAT_STREAM });
  await conn.readUntil("\r\n\r\n");
  assert.match((await conn.readChunk())?.toString() ?? "", /^:.*\n\n$/);
  pinged.open();
  const rest = await new EventReader(conn).rest();
  assert.deepEqual(rest.map((e) => e.data), WIRE);
  conn.close();
});

scenario("the connection serves another request after a stream", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendStream(EVENTS));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  for (let i = 0; i < 3; i++) assert.deepEqual(texts((await conn.exchange({ body: CHAT_STREAM })).text), WIRE);
  conn.close();
  assert.equal(upstream.conns.length, 1);
});

scenario("a reader that stalls stops the provider, and is given up after a while", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const event = JSON.stringify(chatChunk({ content: "x".repeat(16 * 1024) }));
  const limit = 4096; // 64 MiB, far more than all socket buffers on the way
  const stopped = new Latch<number>();
  upstream.script(async (conn) => {
    await conn.request();
    await conn.beginStream();
    let sent = 0;
    while (sent < limit && !conn.isEnded) {
      await conn.sendEvent(event);
      sent++;
    }
    stopped.open(sent);
  });
  const gateway = await throwbar(config(upstream.url, { server: "timeouts: {write_stall: 200ms}" }));
  const conn = await gateway.connect();
  conn.pause();
  await conn.sendRequest({ body: CHAT_STREAM });
  const sent = await stopped.wait("the gateway to leave the provider");
  assert.ok(sent < limit / 2, `${sent} events of 16 KiB were taken for a client that reads nothing`);
  await gateway.waitForEvent((e) => e.event === "request", "the request's line");
  conn.close();
});
