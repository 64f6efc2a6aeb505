/* The harness watched by itself: client and fake provider talk to each other directly, without the gateway. */

import * as assert from "node:assert/strict";
import { test } from "node:test";
import { certificates, ClientConn, EndedEarly, EventReader, Latch, Provider, request, sseEvents, within } from "./harness.js";

async function withProvider(play: (provider: Provider, addr: string) => Promise<void>): Promise<void> {
  const provider = await Provider.start();
  try {
    await play(provider, `127.0.0.1:${provider.port}`);
  } finally {
    await provider.stop();
  }
}

test("a request and its answer arrive as sent", () => withProvider(async (provider, addr) => {
  provider.answer((_, conn) => conn.sendJson(201, { héllo: "wörld" }, { "x-more": "1" }));
  const answer = await request(addr, { path: "/v1/x", headers: { "X-Probe": "yes" }, body: { model: "ü" } });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json, { héllo: "wörld" });
  assert.equal(answer.headers.get("X-More"), "1");
  const [seen] = provider.requests;
  assert.equal(seen?.target, "/v1/x");
  assert.equal(seen?.headers.get("x-probe"), "yes");
  assert.deepEqual(seen?.json, { model: "ü" });
}));

test("a stream arrives event by event, however it is cut", () => withProvider(async (provider, addr) => {
  const release = new Latch();
  provider.script(async (conn) => {
    await conn.request();
    await conn.beginStream();
    await conn.sendEvent({ n: 1 });
    await release.wait("the client's word");
    await conn.drip("b\r\ndata: two\n\n\r\n0\r\n\r\n");
  });
  const conn = await ClientConn.connect(addr);
  await conn.sendRequest({ body: {} });
  await conn.readHead();
  const events = new EventReader(conn);
  assert.deepEqual(await events.next(), { data: '{"n":1}' });
  assert.equal(conn.unread.length, 0);
  release.open();
  assert.deepEqual(await events.next(), { data: "two" });
  assert.equal(await events.next(), undefined);
  conn.close();
}));

test("a reset and an orderly close can be told apart", () => withProvider(async (provider, addr) => {
  provider.script(
    async (conn) => { await conn.readExactly(1); conn.reset(); },
    async (conn) => { await conn.readExactly(1); await conn.halfClose(); },
  );
  for (const expected of ["reset", "fin"] as const) {
    const conn = await ClientConn.connect(addr);
    await conn.send("x");
    assert.equal(await conn.expectClose(), expected);
    conn.close();
  }
}));

test("a cut answer is an error that shows what had come", () => withProvider(async (provider, addr) => {
  provider.script(async (conn) => {
    await conn.request();
    await conn.sendHead(200, { "content-length": "10" });
    await conn.send("12345");
    await conn.halfClose();
  });
  await assert.rejects(request(addr, { body: {} }), (error) => error instanceof EndedEarly && error.got.toString() === "12345");
}));

test("a script that fails fails the provider's end", async () => {
  const provider = await Provider.start();
  provider.script(() => assert.fail("unexpected"));
  const conn = await ClientConn.connect(`127.0.0.1:${provider.port}`);
  await provider.connection(0);
  conn.close();
  await assert.rejects(provider.stop(), /a script of the fake provider failed/);
});

test("TLS: the right certificate is accepted, the others are not", async () => {
  const { ca, localhost, expired, otherName, untrusted } = certificates();
  for (const [cert, good] of [[localhost, true], [expired, false], [otherName, false], [untrusted, false]] as const) {
    const provider = await Provider.start({ tls: cert });
    provider.answer((_, conn) => conn.sendJson(200, {}));
    const connecting = ClientConn.connect(`127.0.0.1:${provider.port}`, { ca: ca.cert });
    if (good) {
      const conn = await connecting;
      assert.equal((await conn.exchange({ body: {} })).status, 200);
      conn.close();
    } else await assert.rejects(connecting);
    await provider.stop();
  }
});

test("the SSE reader takes names, comments and several data lines", () => {
  assert.deepEqual(sseEvents(": ping\n\nevent: error\ndata: a\ndata:b\n\ndata: [DONE]\r\n\r\n"),
    [{ event: "error", data: "a\nb" }, { data: "[DONE]" }]);
});

test("a wait that nobody ends says what it waited for", async () => {
  await assert.rejects(within("a miracle", new Promise(() => {}), 5), /timed out waiting for a miracle/);
});
