/* The configuration changes while requests run: one atomic switch, requests in flight keep their version, and a bad file
 * changes nothing. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, chatChunks, config, EventReader, Latch, scenario, type Throwbar } from "./harness.js";

function reload(gateway: Throwbar) {
  return gateway.admin({ path: "/admin/v1/config:reload", body: {} });
}

const alias = (name: string) => ({ more: `models: {${name}: {use: up/gpt-real}}` });

scenario("SIGHUP puts the changed file in force", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, alias("before")));
  const first = await gateway.request({ body: { ...CHAT, model: "before" } });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("tb-config-version"), "1");
  gateway.reconfigure(config(upstream.url, alias("after")));
  gateway.signal("SIGHUP");
  await gateway.waitForEvent((e) => e["config_version"] === 2 && e.event !== "request", "version 2 in force");
  const second = await gateway.request({ body: { ...CHAT, model: "after" } });
  assert.equal(second.status, 200);
  assert.equal(second.headers.get("tb-config-version"), "2");
  assert.equal((await gateway.request({ body: { ...CHAT, model: "before" } })).status, 404);
});

scenario("a bad file is refused, with its place, and the old one stays", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, alias("mine")));
  gateway.reconfigure(`${config(upstream.url)}sever: {}\n`);
  const answer = await reload(gateway);
  assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
  assert.match(answer.text, /sever/);
  assert.equal((await gateway.request({ body: { ...CHAT, model: "mine" } })).headers.get("tb-config-version"), "1");
});

scenario("a stream in flight ends on the version it began with", async ({ provider, throwbar }) => {
  const old = await provider();
  const goOn = new Latch();
  const events = chatChunks("one", "two");
  old.answer(async (_, conn) => {
    await conn.beginStream();
    await conn.sendEvent(events[0]);
    await goOn.wait("the reload");
    for (const event of events.slice(1)) await conn.sendEvent(event);
    await conn.sendEvent("[DONE]");
    await conn.endChunks();
  });
  const young = await provider();
  young.answer((_, conn) => conn.sendJson(200, chatBody("new")));
  const gateway = await throwbar(config(old.url));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: CHAT_STREAM });
  assert.equal((await conn.readHead()).headers.get("tb-config-version"), "1");
  const reader = new EventReader(conn);
  assert.equal((await reader.next())?.data, JSON.stringify(events[0]));
  gateway.reconfigure(config(young.url));
  assert.equal((await reload(gateway)).status, 200);
  assert.equal((await gateway.request({ body: CHAT })).json.choices[0].message.content, "new");
  goOn.open();
  assert.deepEqual((await reader.rest()).map((e) => e.data), [...events.slice(1).map((e) => JSON.stringify(e)), "[DONE]"]);
  const after = await conn.exchange({ body: CHAT });
  assert.equal(after.json.choices[0].message.content, "new");
  conn.close();
});

scenario("fifty reloads under load lose no request", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url));
  let isDone = false;
  let served = 0;
  const client = async () => {
    const conn = await gateway.connect();
    while (!isDone) {
      assert.equal((await conn.exchange({ body: CHAT })).status, 200);
      served++;
    }
    conn.close();
  };
  const clients = [client(), client(), client(), client()];
  for (let version = 2; version <= 51; version++) {
    const answer = await reload(gateway);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.config_version, version, "what reload says is in force is what it read");
  }
  isDone = true;
  await Promise.all(clients);
  assert.ok(served > 0);
});
