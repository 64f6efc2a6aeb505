/* SIGTERM: no new work, what runs may finish, nobody is cut without a word, exit code 0. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, chatChunks, ClientConn, config, EventReader, Latch, scenario, sseEvents } from "./harness.js";

const EVENTS = chatChunks("one", "two");

scenario("an idle server leaves at once", async ({ throwbar }) => {
  const gateway = await throwbar(config("http://127.0.0.1:1/v1"));
  const idle = await gateway.connect();
  assert.equal((await idle.exchange({ method: "GET", path: "/readyz" })).status, 200);
  gateway.signal("SIGTERM");
  await idle.expectClose();
  assert.equal(await gateway.exited, 0);
  await assert.rejects(ClientConn.connect(gateway.addr));
});

scenario("a stream and a whole answer in flight are finished", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const goOn = new Latch();
  upstream.answer(async (request, conn) => {
    if (!request.json.stream) {
      await goOn.wait("the drain");
      await conn.sendJson(200, chatBody("finished"));
      return;
    }
    await conn.beginStream();
    await conn.sendEvent(EVENTS[0]);
    await goOn.wait("the drain");
    for (const event of [...EVENTS.slice(1), "[DONE]"]) await conn.sendEvent(event);
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url, { server: "limits: {drain: 10s}" }));
  const [streaming, whole] = [await gateway.connect(), await gateway.connect()];
  await streaming.sendRequest({ body: CHAT_STREAM });
  await streaming.readHead();
  const reader = new EventReader(streaming);
  await reader.next();
  await whole.sendRequest({ body: CHAT });
  await upstream.connection(1);
  gateway.signal("SIGTERM");
  await gateway.waitForEvent((e) => /drain/.test(e.event), "the drain's line");
  goOn.open();
  assert.equal((await reader.rest()).at(-1)?.data, "[DONE]");
  assert.equal((await whole.readResponse()).json.choices[0].message.content, "finished");
  assert.equal(await gateway.exited, 0);
});

scenario("what is not finished at the deadline gets a clean error", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (_, conn) => {
    await conn.beginStream();
    await conn.sendEvent(EVENTS[0]);
    await conn.ended;
  });
  const gateway = await throwbar(config(upstream.url, { server: "limits: {drain: 1s}" }));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: CHAT_STREAM });
  await conn.readHead();
  gateway.signal("SIGTERM");
  const text = (await conn.readToEnd()).bytes.toString("utf8");
  const events = sseEvents(text.replace(/\r\n[0-9a-f]+\r\n/g, "")).map((e) => e.data);
  assert.ok(!events.includes("[DONE]"), text);
  assert.match(text, /"error"/);
  assert.equal(await gateway.exited, 0);
});
