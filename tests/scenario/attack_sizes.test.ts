/* Sizes that nobody decent sends, from either side: whatever is passed on has a bound, and what exceeds it is left out or
 * refused. Nothing here may end the process. */

import * as assert from "node:assert/strict";
import { CHAT, CHAT_STREAM, chatBody, config, EndedEarly, EventReader, Provider, scenario } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";
const MIB = 1 << 20;

scenario("a model name of 20,000 bytes in the path is 404", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  for (const provider of ["sim", "up"]) {
    const answer = await gateway.request({ method: "GET", path: `/v1/models/${provider}/${"m".repeat(20_000)}` });
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error.code, "model_not_found");
  }
});

for (const size of [MIB - 200, 4 * MIB]) {
  const error = { message: "x".repeat(size), type: "server_error", code: "big" };

  for (const status of [200, 400, 500]) {
    scenario(`an error object of ${size} bytes with status ${status} is an error of ours`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      upstream.answer((_, conn) => conn.sendJson(status, { error }));
      const gateway = await throwbar(config(upstream.url));
      const answer = await gateway.request({ body: CHAT });
      assert.equal(answer.status, status === 200 ? 502 : status);
      assert.equal(answer.json.error.gateway.source, "provider");
      assert.ok(answer.body.length < 64 << 10, `${answer.body.length} bytes`);
    });
  }

  scenario(`an error event of ${size} bytes at the head of a stream is an error of ours`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendStream([{ error }]));
    const gateway = await throwbar(config(upstream.url));
    const answer = await gateway.request({ body: CHAT_STREAM });
    assert.equal(answer.status, 502);
    assert.equal(answer.json.error.gateway.source, "provider");
  });
}

for (const body of [CHAT, CHAT_STREAM]) {
  const kind = body === CHAT ? "application/json" : "text/event-stream";
  scenario(`a Content-Type of 40,000 bytes does not pass (${kind})`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendBody(200, `${kind}; x=${"y".repeat(40_000)}`, body === CHAT ? JSON.stringify(chatBody("ok")) : "data: [DONE]\n\n"));
    const gateway = await throwbar(config(upstream.url));
    const answer = await gateway.request({ body });
    assert.ok([200, 502].includes(answer.status), answer.text);
    assert.ok((answer.headers.get("content-type") ?? "").length < 1000);
  });
}

scenario("a Content-Type of 40,000 bytes on a file does not pass", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendBody(200, `audio/mpeg; x=${"y".repeat(40_000)}`, "abc", { "content-encoding": "z".repeat(9000) }));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ path: "/v1/audio/speech", body: { model: "up/tts", input: "a", voice: "b" } });
  assert.ok([200, 502].includes(answer.status), answer.text);
});

scenario("headers of an answer beyond what we pass on are left out", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-ratelimit-${i}`, "v".repeat(500)]));
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok"), many));
  const gateway = await throwbar(config(upstream.url));
  const conn = await gateway.connect();
  assert.equal((await conn.exchange({ body: CHAT })).status, 200);
  assert.equal((await conn.exchange({ body: CHAT })).status, 200);
  conn.close();
});

scenario("a list of models from hundreds of dead providers is a list with a gap", async ({ throwbar }) => {
  const port = await Provider.deadPort();
  const dead = Array.from({ length: 400 }, (_, i) =>
    `  a-provider-with-a-rather-long-name-to-fill-a-header-${i}: {kind: openai, api_key: "\${env:UP_KEY}", base_url: "http://127.0.0.1:${port}/v1"}`);
  const gateway = await throwbar(config(NOBODY, { more: dead.join("\n") }));
  const answer = await gateway.request({ method: "GET", path: "/v1/models" });
  assert.equal(answer.status, 200);
  assert.ok(answer.json.data.some((m: { id: string }) => m.id === "sim/echo"));
  assert.match(answer.headers.get("tb-warnings") ?? "", /^models-unavailable:up/);
});

scenario("a list of 45,000 models with long names is a list", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const data = Array.from({ length: 5000 }, (_, i) => ({ id: `${"m".repeat(240)}-${i}`, object: "model" }));
  const list = JSON.stringify({ object: "list", data });
  upstream.answer((_, conn) => conn.sendJson(200, list));
  const more = Array.from({ length: 8 }, (_, i) =>
    `  p${i}: {kind: openai, api_key: "\${env:UP_KEY}", base_url: "${upstream.url}"}`);
  const gateway = await throwbar(config(upstream.url, { more: more.join("\n") }));
  const answer = await gateway.request({ method: "GET", path: "/v1/models" });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data.filter((m: { owned_by: string }) => m.owned_by !== "sim").length, 45_000);
});

scenario("a query too long to pass on is refused", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, { id: "resp_1" }));
  const gateway = await throwbar(config(upstream.url));
  const answer = await gateway.request({ method: "GET", path: `/v1/responses/resp_1?include=${"a".repeat(9000)}` });
  assert.equal(answer.status, 431);
  assert.equal(upstream.requests.length, 0);
});

scenario("a stream of one event just under the limit passes, one above it does not", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    await conn.beginStream();
    await conn.sendEvent({ id: "x", choices: [], pad: "p".repeat(request.json.n) });
    await conn.sendEvent("[DONE]");
    await conn.endChunks();
  });
  const gateway = await throwbar(config(upstream.url));
  for (const [n, fits] of [[8 * MIB - 1000, true], [8 * MIB + 1000, false]] as const) {
    const conn = await gateway.connect();
    await conn.sendRequest({ body: { ...CHAT_STREAM, n } });
    const head = await conn.readHead();
    assert.equal(head.start.includes(" 200 "), fits, head.start);
    if (fits) {
      const events = await new EventReader(conn).rest().catch((e: unknown) => { if (e instanceof EndedEarly) return []; throw e; });
      assert.equal(events.at(-1)?.data, "[DONE]");
    }
    conn.close();
  }
});
