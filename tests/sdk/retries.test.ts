/* The SDK's own retries on top of the gateway's, and its aborts: the gateway tells it truly when to come again, and lets
 * a provider go as soon as the SDK has. */

import * as assert from "node:assert/strict";
import OpenAI from "openai";
import { config, Latch, Provider, scenario, type Answer, type Stage } from "../scenario/harness.js";
import { CHAT_STREAM, CHAT_WHOLE, RESPONSES_STREAM, RESPONSES_WHOLE, SPEECH, type Operation } from "./operations.js";

const AT_ONCE = { "retry-after-ms": "1" };
const ERROR = { error: { message: "boom", type: "server_error", param: null, code: null } };

async function stage({ provider, throwbar }: Stage, answer: Answer) {
  const upstream = await provider();
  upstream.answer(answer);
  const gateway = await throwbar(config(upstream.url));
  return { upstream, gateway, client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 2 }) };
}

/** Refuses so many times, then answers. */
function refuse(op: Operation, times: number, status: number, headers: Record<string, string>): Answer {
  let n = 0;
  return (_, conn) => n++ < times
    ? conn.sendJson(status, ERROR, headers)
    : conn.sendBody(200, op.type, Buffer.concat([...op.pieces, op.end]));
}

for (const op of [CHAT_WHOLE, CHAT_STREAM, RESPONSES_WHOLE, RESPONSES_STREAM, SPEECH]) {
  for (const [status, headers] of [[503, AT_ONCE], [429, AT_ONCE], [400, { ...AT_ONCE, "x-should-retry": "true" }]] as const) {
    scenario(`${op.name}: the SDK comes again after ${Object.keys(headers).at(-1)} with ${status}`, async (s) => {
      const { client, upstream } = await stage(s, refuse(op, 2, status, headers));
      const seen: string[] = [];
      await op.call(client, "up/m", seen);
      assert.equal(seen.join(""), op.content);
      assert.equal(upstream.requests.length, 3);
      assert.equal(upstream.conns.length, 1, "a refusal costs no connection");
    });
  }

  scenario(`${op.name}: the SDK stays away when the provider says so`, async (s) => {
    const { client, upstream } = await stage(s, refuse(op, 1, 503, { "x-should-retry": "false" }));
    await assert.rejects(op.call(client, "up/m", []), OpenAI.InternalServerError);
    assert.equal(upstream.requests.length, 1);
  });
}

scenario("the SDK comes again after a connection that could not be made, and each try is one line", async ({ throwbar }) => {
  const gateway = await throwbar(config(`http://127.0.0.1:${await Provider.deadPort()}/v1`));
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 1 });
  await assert.rejects(CHAT_WHOLE.call(client, "up/m", []), OpenAI.InternalServerError);
  const lines = () => gateway.events.filter((event) => event.event === "request");
  await gateway.waitForEvent(() => lines().length >= 2, "two lines");
  assert.deepEqual(lines().map((line) => line["error"]), ["CONNECT", "CONNECT"]);
});

scenario("a stream that has begun is not begun again", async (s) => {
  const { client, upstream } = await stage(s, async (_, conn) => {
    await conn.beginStream();
    await conn.sendChunk(CHAT_STREAM.pieces[1]!);
    await conn.halfClose();
  });
  const seen: string[] = [];
  await assert.rejects(CHAT_STREAM.call(client, "up/m", seen), OpenAI.APIError);
  assert.equal(upstream.requests.length, 1);
  assert.equal(seen.join(""), "One");
});

const TRIES = 3; // the quickest counts: the machine may be busy, a timer in the gateway would show in each
const PROMPT_MS = 100;

for (const op of [CHAT_WHOLE, CHAT_STREAM, RESPONSES_STREAM, SPEECH]) {
  for (const moment of ["before the answer", "in the middle"] as const) {
    scenario(`${op.name}: an abort ${moment} reaches the provider within ${PROMPT_MS} ms`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      const asked = Array.from({ length: TRIES }, () => new Latch());
      const left = Array.from({ length: TRIES }, () => new Latch<number>());
      let n = 0;
      upstream.script(async (conn) => {
        const i = n++;
        await conn.request();
        if (moment === "in the middle") {
          await conn.sendHead(200, { "content-type": op.type, "transfer-encoding": "chunked" });
          await conn.sendChunk(op.pieces[0]!);
        }
        asked[i]!.open();
        await conn.ended;
        left[i]!.open(performance.now());
      });
      const gateway = await throwbar(config(upstream.url));
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 0 });
      let best = Infinity;
      for (let i = 0; i < TRIES; i++) {
        const abort = new AbortController();
        const call = op.call(client, "up/m", [], abort.signal).then(() => {}, () => {});
        await asked[i]!.wait("the request at the provider");
        const at = performance.now();
        abort.abort();
        best = Math.min(best, (await left[i]!.wait("the provider's connection to end")) - at);
        await call;
      }
      assert.ok(best < PROMPT_MS, `${best} ms`);
      const lines = () => gateway.events.filter((event) => event.event === "request" && event["error"] === "CLIENT_GONE");
      await gateway.waitForEvent(() => lines().length === TRIES, "a line for each");
      assert.equal(await gateway.metric("throwbar_inflight"), 0, "nothing is in flight");
    });
  }
}
