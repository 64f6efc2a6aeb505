/* The client goes away: the provider's connection is closed at once, and the request still has its line in the log. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, chatChunk, config, Latch, scenario, type ClientConn } from "./harness.js";

for (const [how, leave] of [
  ["closes", (conn: ClientConn) => conn.close()],
  ["resets", (conn: ClientConn) => conn.reset()],
] as const) {
  for (const body of [CHAT, CHAT_STREAM]) {
    scenario(`a client that ${how} while the provider thinks, ${body === CHAT ? "whole" : "streamed"}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      const asked = new Latch();
      const left = new Latch<number>();
      upstream.script(async (conn) => {
        await conn.request();
        asked.open();
        await conn.ended;
        left.open(performance.now());
      });
      const gateway = await throwbar(config(upstream.url));
      const conn = await gateway.connect();
      await conn.sendRequest({ body });
      await asked.wait("the request at the provider");
      const at = performance.now();
      leave(conn);
      const took = (await left.wait("the provider's connection to end")) - at;
      assert.ok(took < 1000, `${took} ms`);
      const event = await gateway.waitForEvent((e) => e.event === "request", "the request's line");
      assert.equal(event["status"], 499);
      assert.equal(event["error"], "CLIENT_GONE");
    });
  }

  scenario(`a client that ${how} in the middle of a stream`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const left = new Latch();
    upstream.script(async (conn) => {
      await conn.request();
      await conn.beginStream();
      await conn.sendEvent(chatChunk({ content: "a" }));
      await conn.ended;
      left.open();
    });
    const gateway = await throwbar(config(upstream.url));
    const conn = await gateway.connect();
    await conn.sendRequest({ body: CHAT_STREAM });
    await conn.readUntil('"a"');
    leave(conn);
    await left.wait("the provider's connection to end");
    const event = await gateway.waitForEvent((e) => e.event === "request", "the request's line");
    assert.equal(event["error"], "CLIENT_GONE");
    assert.equal(await gateway.metric("throwbar_inflight"), 0, "nothing is in flight");
  });
}

scenario("other requests do not notice", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const asked = new Latch();
  const release = new Latch();
  upstream.script(
    async (conn) => { await conn.request(); asked.open(); await conn.ended; release.open(); },
    async (conn) => { await conn.request(); await release.wait("the other client to leave"); await conn.sendJson(200, chatBody("mine")); },
  );
  const gateway = await throwbar(config(upstream.url));
  const leaver = await gateway.connect();
  await leaver.sendRequest({ body: CHAT });
  await asked.wait("the first request at the provider");
  const stayer = gateway.request({ body: CHAT });
  await upstream.connection(1);
  leaver.close();
  assert.equal((await stayer).json.choices[0].message.content, "mine");
});
