/* A client and a provider that speak the same dialect, and not OpenAI's: what passes between them are bytes. The request
 * keeps every one of its own but those of the model's name, the answer keeps all of them however it is cut, and only what
 * the gateway has to say itself is written in the dialect. */

import * as assert from "node:assert/strict";
import { DIALECTS, Latch, PROVIDER_KEY, requestBytes, scenario, TEXT, TOKENS,
  type Provider, type ProviderConn, type RequestOptions, type Spoken } from "./harness.js";

const MODEL = "model-1:0";

function config(upstream: Provider, spoken: Spoken, server = ""): string {
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1${server}}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
  up: {kind: ${spoken.kind}, base_url: "${upstream.url.slice(0, -"/v1".length)}", api_key: "\${env:UP_KEY}"}
`;
}

function asking(spoken: Spoken, isStream: boolean, headers: Record<string, string> = {}): RequestOptions {
  return { path: spoken.path(`up/${MODEL}`, isStream), body: spoken.body(`up/${MODEL}`, isStream), headers };
}

async function begin(conn: ProviderConn, spoken: Spoken): Promise<void> {
  await conn.beginStream({ "content-type": spoken.streamType });
}

async function sendAll(conn: ProviderConn, spoken: Spoken, stream: Buffer, step = stream.length): Promise<void> {
  await begin(conn, spoken);
  for (let at = 0; at < stream.length; at += step) await conn.sendChunk(stream.subarray(at, at + step));
  await conn.endChunks();
}

for (const [name, spoken] of Object.entries(DIALECTS)) {
  const stream = Buffer.concat(spoken.frames);
  const begun = Buffer.concat(spoken.frames.slice(0, spoken.cut));

  scenario(`${name}: a whole answer is relayed byte for byte`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendJson(200, spoken.whole));
    const gateway = await throwbar(config(upstream, spoken));
    const answer = await gateway.request(asking(spoken, false, { authorization: "Bearer mine", "x-unknown": "1", cookie: "a=b" }));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, spoken.whole);
    assert.ok(answer.text.includes(TEXT));
    assert.equal(answer.headers.get("tb-provider"), "up");
    assert.equal(answer.headers.get("tb-warnings"), undefined);
    const [request] = upstream.requests;
    assert.equal(request!.method, "POST");
    assert.equal(decodeURIComponent(request!.target), decodeURIComponent(spoken.path(MODEL, false)));
    assert.equal(request!.body.toString("utf8"), spoken.body(MODEL, false));
    assert.equal(request!.headers.get(spoken.credential[0]), spoken.credential[1] + PROVIDER_KEY);
    assert.ok(!JSON.stringify(request!.headers.pairs).includes("mine"), "the caller's own key goes nowhere");
    assert.ok(!request!.headers.has("cookie") && !request!.headers.has("x-unknown"));
    const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
    assert.deepEqual([event["input_tokens"], event["output_tokens"], event["stream"]], [TOKENS.input_tokens, TOKENS.output_tokens, false]);
  });

  scenario(`${name}: a streamed answer is relayed byte for byte, however it is cut`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const steps = [stream.length, 1, 7, 100];
    upstream.answer((_, conn) => sendAll(conn, spoken, stream, steps[upstream.requests.length - 1]!));
    const gateway = await throwbar(config(upstream, spoken));
    const conn = await gateway.connect();
    for (const step of steps) {
      const answer = await conn.exchange(asking(spoken, true));
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.headers.get("content-type")!.startsWith(spoken.streamType));
      assert.ok(answer.body.equals(stream), `chunks of ${step}: ${JSON.stringify(answer.text)}`);
      const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
      assert.deepEqual([event["input_tokens"], event["output_tokens"], event["stream"]], [TOKENS.input_tokens, TOKENS.output_tokens, true]);
    }
    conn.close();
    const [request] = upstream.requests;
    assert.equal(decodeURIComponent(request!.target), decodeURIComponent(spoken.path(MODEL, true)));
    assert.equal(request!.body.toString("utf8"), spoken.body(MODEL, true));
    assert.equal(upstream.conns.length, 1, "the connection serves all of them");
  });

  scenario(`${name}: a frame is with the client before the next one exists`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const seen = spoken.frames.map(() => new Latch());
    upstream.answer(async (_, conn) => {
      await begin(conn, spoken);
      for (const [i, frame] of spoken.frames.entries()) {
        await conn.sendChunk(frame);
        await seen[i]!.wait(`the client to see frame ${i}`);
      }
      await conn.endChunks();
    });
    const gateway = await throwbar(config(upstream, spoken));
    const conn = await gateway.connect();
    await conn.sendRequest(asking(spoken, true));
    await conn.readHead();
    for (const [i, frame] of spoken.frames.entries()) {
      assert.equal((await conn.readChunk())?.toString("utf8"), frame.toString("utf8"));
      seen[i]!.open();
    }
    assert.equal(await conn.readChunk(), undefined);
    conn.close();
  });

  for (const how of ["without its end", "by a reset"]) {
    scenario(`${name}: a stream that breaks off ${how} ends with the dialect's error`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      const passed = new Latch();
      upstream.script(async (conn) => {
        await conn.request();
        await begin(conn, spoken);
        await conn.sendChunk(begun);
        await passed.wait("the client to see what came");
        if (how === "by a reset") conn.reset();
        else await conn.endChunks();
      });
      const gateway = await throwbar(config(upstream, spoken));
      const conn = await gateway.connect();
      await conn.sendRequest(asking(spoken, true));
      const head = await conn.readHead();
      assert.ok(begun.equals((await conn.readChunk())!), "what came is passed on as it is");
      passed.open();
      const rest = await conn.readBody(head, false);
      const { gateway: added, message } = spoken.lastFailure(rest);
      assert.ok(message.length > 0);
      assert.match(added.source, /^(provider|network)$/);
      const event = await gateway.requestEvent(head.headers.get("tb-request-id"));
      assert.match(event["error_source"], /^(provider|network)$/);
      assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
      conn.close();
    });
  }

  scenario(`${name}: the provider's own error inside the stream passes, and nothing follows it`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const failed = Buffer.concat([begun, spoken.failure]);
    upstream.answer((_, conn) => sendAll(conn, spoken, failed, 50));
    const gateway = await throwbar(config(upstream, spoken));
    const answer = await gateway.request(asking(spoken, true));
    assert.equal(answer.status, 200);
    assert.equal(answer.text, failed.toString("utf8"));
    assert.ok(answer.body.equals(failed));
    const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
    assert.equal(event["error_source"], "provider", JSON.stringify(event));
  });

  scenario(`${name}: an error instead of the first frame is an answer with a status`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => sendAll(conn, spoken, spoken.failure));
    const gateway = await throwbar(config(upstream, spoken));
    const answer = await gateway.request(asking(spoken, true));
    assert.ok(answer.status >= 429, answer.text);
    assert.equal(spoken.failureOf(answer).message, "boom");
  });

  scenario(`${name}: while the provider is silent the client is kept, and nothing is put into its stream`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    const waited = new Latch();
    upstream.answer(async (_, conn) => {
      await begin(conn, spoken);
      await waited.wait("the client to have its answer's head");
      await conn.sendChunk(stream);
      await conn.endChunks();
    });
    const gateway = await throwbar(config(upstream, spoken, ", timeouts: {heartbeat: 100ms}"));
    const conn = await gateway.connect();
    await conn.sendRequest(asking(spoken, true));
    const head = await conn.readHead();
    const ping = name === "anthropic" ? 'event: ping\ndata: {"type": "ping"}\n\n' : "";
    if (ping !== "") assert.equal((await conn.readChunk())?.toString("utf8"), ping);
    waited.open();
    const rest = (await conn.readBody(head, false)).toString("utf8");
    assert.equal(ping === "" ? rest : rest.replaceAll(ping, ""), stream.toString("utf8"));
    conn.close();
  });

  for (const isStream of [false, true]) {
    const kind = isStream ? "streamed" : "whole";

    scenario(`${name}: the provider's 401 is 502, ${kind}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      upstream.answer((_, conn) => conn.sendJson(401, { message: `bad key ${PROVIDER_KEY}`, error: { type: "authentication_error", message: `bad key ${PROVIDER_KEY}` } }));
      const gateway = await throwbar(config(upstream, spoken));
      const answer = await gateway.request(asking(spoken, isStream));
      assert.equal(answer.status, 502, answer.text);
      const { gateway: added } = spoken.failureOf(answer);
      assert.equal(added.source, "provider");
      assert.equal(added.request_id, answer.headers.get("tb-request-id"));
      assert.equal(added.attempts.length, 1);
      assert.ok(!answer.text.includes(PROVIDER_KEY));
    });

    scenario(`${name}: 429 keeps its status and when to come again, ${kind}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      upstream.answer((_, conn) => conn.sendJson(429, { message: "slow down" }, { "retry-after": "7" }));
      const gateway = await throwbar(config(upstream, spoken));
      const answer = await gateway.request(asking(spoken, isStream));
      assert.equal(answer.status, 429, answer.text);
      assert.equal(answer.headers.get("retry-after"), "7");
      assert.equal(spoken.failureOf(answer).gateway.retryable, true);
    });

    scenario(`${name}: an answer that breaks off before it began is 502, ${kind}`, async ({ provider, throwbar }) => {
      const upstream = await provider();
      upstream.script(async (conn) => { await conn.request(); conn.reset(); });
      const gateway = await throwbar(config(upstream, spoken));
      const answer = await gateway.request(asking(spoken, isStream));
      assert.equal(answer.status, 502, answer.text);
      assert.equal(spoken.failureOf(answer).gateway.source, "network");
    });

    scenario(`${name}: a request that is no JSON is 400, ${kind}`, async ({ provider, throwbar }) => {
      const gateway = await throwbar(config(await provider(), spoken));
      const answer = await gateway.request({ ...asking(spoken, isStream), body: '{"messages": ' });
      assert.equal(answer.status, 400, answer.text);
      assert.equal(spoken.failureOf(answer).gateway.source, "client");
    });
  }

  scenario(`${name}: a whole answer that ends early is 502 and never half an answer`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendJson(200, spoken.whole.slice(0, -1)));
    const gateway = await throwbar(config(upstream, spoken));
    const answer = await gateway.request(asking(spoken, false));
    assert.equal(answer.status, 502, answer.text);
    assert.equal(spoken.failureOf(answer).gateway.source, "provider");
  });

  scenario(`${name}: when the client goes the provider is let go`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.script(async (conn) => {
      await conn.request();
      await begin(conn, spoken);
      await conn.sendChunk(begun);
      await conn.expectClose();
    });
    const gateway = await throwbar(config(upstream, spoken));
    const conn = await gateway.connect();
    await conn.send(requestBytes(asking(spoken, true)));
    await conn.readHead();
    await conn.readChunk();
    conn.close();
    await (await upstream.connection(0)).ended;
    const event = await gateway.waitForEvent((e) => e.event === "request", "the request's line");
    assert.equal(event["status"], 499, JSON.stringify(event));
  });
}

scenario("anthropic: the version and the betas are the client's own", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const spoken = DIALECTS["anthropic"]!;
  upstream.answer((_, conn) => conn.sendJson(200, spoken.whole, { "request-id": "req_1", "anthropic-ratelimit-requests-remaining": "9" }));
  const gateway = await throwbar(config(upstream, spoken));
  const answer = await gateway.request(asking(spoken, false, { "anthropic-version": "2024-01-01", "anthropic-beta": "a-1,b-2", "x-api-key": "mine" }));
  assert.equal(answer.headers.get("request-id"), "req_1");
  assert.equal(answer.headers.get("anthropic-ratelimit-requests-remaining"), "9");
  const { headers } = upstream.requests[0]!;
  assert.deepEqual(headers.all("anthropic-version"), ["2024-01-01"]);
  assert.deepEqual(headers.all("anthropic-beta"), ["a-1,b-2"]);
  assert.deepEqual(headers.all("x-api-key"), [PROVIDER_KEY]);
  await gateway.request(asking(spoken, false));
  assert.match(upstream.requests[1]!.headers.get("anthropic-version") ?? "", /^\d{4}-\d\d-\d\d$/);
  assert.ok(!upstream.requests[1]!.headers.has("anthropic-beta"));
});

scenario("gemini: the key in the query is taken, and goes nowhere", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const spoken = DIALECTS["gemini"]!;
  upstream.answer((_, conn) => conn.sendJson(200, spoken.whole));
  const gateway = await throwbar(config(upstream, spoken));
  const { path, ...rest } = asking(spoken, false);
  assert.equal((await gateway.request({ path: `${path}?key=secret-of-mine`, ...rest })).status, 200);
  assert.ok(!upstream.requests[0]!.target.includes("key="));
  assert.ok(!gateway.log.includes("secret-of-mine"));
});

scenario("ollama: a stream is what a client gets that says nothing about it", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const spoken = DIALECTS["ollama"]!;
  upstream.answer((_, conn) => sendAll(conn, spoken, Buffer.concat(spoken.frames)));
  const gateway = await throwbar(config(upstream, spoken));
  const body = { model: `up/${MODEL}`, messages: [{ role: "user", content: "hi" }] };
  const answer = await gateway.request({ path: "/api/chat", body });
  assert.deepEqual(upstream.requests[0]!.json, { ...body, model: MODEL });
  assert.equal(answer.text.trimEnd().split("\n").length, 3);
});
