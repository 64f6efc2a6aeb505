/* What a client gets for bad input: OpenAI's error shape, the right status, and a connection in a known state. */

import * as assert from "node:assert/strict";
import { CHAT, chatBody, config, gatewayKey, scenario, type Response } from "./harness.js";

/** Asserts an error answer in full shape and returns its error object. */
function errorOf(answer: Response, status: number, source: string): any {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  const { error } = answer.json;
  assert.equal(typeof error.message, "string");
  assert.equal(typeof error.type, "string");
  assert.ok("param" in error && "code" in error);
  assert.equal(error.gateway.source, source);
  assert.match(error.gateway.code, /^TB-[1-5][0-9]{3}$/);
  assert.equal(error.gateway.request_id, answer.headers.get("tb-request-id"));
  assert.equal(typeof error.gateway.retryable, "boolean");
  return error;
}

const NOBODY = "http://127.0.0.1:1/v1";

for (const [name, body, pattern] of [
  ["a body that is no JSON", '{"model": "up/x", }', /byte|offset|position|column/i],
  ["a body that ends early", '{"model": "up/x"', /byte|offset|position|column/i],
  ["an empty body", "", /./],
  ["text behind the object", '{"model":"up/x"} x', /byte|offset|position|column/i],
  ["a number that RFC 8259 does not know", '{"model":"up/x","n":01}', /byte|offset|position|column/i],
  ["bad UTF-8", Buffer.from([...Buffer.from('{"model":"up/x","a":"'), 0xc3, 0x28, ...Buffer.from('"}')]), /./],
  ["an array", "[]", /./],
  ["a body without a model", '{"messages":[]}', /model/],
  ["a model that is no string", '{"model":7}', /model/],
  ["an empty model", '{"model":""}', /model/],
  ["two models", '{"model":"up/x","model":"up/y"}', /model/],
  ["two models, one of them escaped", '{"model":"up/x","mod\\u0065l":"up/y"}', /model/],
  ["stream that is no boolean", '{"model":"up/x","stream":"yes"}', /stream/],
  ["nesting without end", `{"model":"up/x","a":${"[".repeat(20000)}`, /./],
] as const) {
  scenario(`400 for ${name}, and the connection lives`, async ({ throwbar }) => {
    const gateway = await throwbar(config(NOBODY));
    const conn = await gateway.connect();
    const error = errorOf(await conn.exchange({ body }), 400, "client");
    assert.equal(error.type, "invalid_request_error");
    assert.match(error.message, pattern);
    assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
    conn.close();
  });
}

scenario("404 for a model that does not exist, with the nearest names", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { more: "models: {sonnet-fast: {use: up/gpt-real}}" }));
  const error = errorOf(await gateway.request({ body: { ...CHAT, model: "sonet-fast" } }), 404, "client");
  assert.equal(error.code, "model_not_found");
  assert.match(error.message, /sonet-fast/);
  assert.match(error.message, /sonnet-fast/);
  const other = errorOf(await gateway.request({ body: { ...CHAT, model: "nobody/gpt" } }), 404, "client");
  assert.equal(other.code, "model_not_found");
});

scenario("404 for an unknown path, 405 for a known one", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  errorOf(await gateway.request({ path: "/v1/nothing", body: CHAT }), 404, "client");
  errorOf(await gateway.request({ path: "/v1/chat/completions/../models", method: "GET" }), 400, "client");
  const answer = await gateway.request({ path: "/v1/chat/completions", method: "GET" });
  errorOf(answer, 405, "client");
  assert.match(answer.headers.get("allow") ?? "", /POST/);
});

scenario("415 for a compressed body", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  errorOf(await gateway.request({ body: CHAT, headers: { "content-encoding": "gzip" } }), 415, "client");
});

scenario("413 as soon as the length is known, without reading the body", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {body: 64KiB}" }));
  const conn = await gateway.connect();
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 70000\r\n\r\n");
  const answer = await conn.readResponse();
  assert.equal(errorOf(answer, 413, "client").code, "request_too_large");
  assert.equal(answer.headers.get("connection"), "close");
  await conn.expectClose();
  conn.close();
});

scenario("413 for a chunked body that grows past the limit", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {body: 64KiB}" }));
  const conn = await gateway.connect();
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
  await conn.send(`11000\r\n${"x".repeat(0x11000)}\r\n`);
  errorOf(await conn.readResponse(), 413, "client");
  conn.close();
});

scenario("a body of exactly the limit passes", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const gateway = await throwbar(config(upstream.url, { server: "limits: {body: 64KiB}" }));
  const body = JSON.stringify(CHAT).padEnd(64 * 1024, " ");
  assert.equal((await gateway.request({ body })).status, 200);
  errorOf(await gateway.request({ body: `${body} ` }), 413, "client");
});

scenario("431 for a head over the limit, then close", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {header: 4KiB}" }));
  const conn = await gateway.connect();
  const answer = await conn.exchange({ body: CHAT, headers: { "x-long": "y".repeat(5000) } });
  errorOf(answer, 431, "client");
  await conn.expectClose();
  conn.close();
});

scenario("a request head that never ends is answered with 408", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "timeouts: {header: 100ms}" }));
  const conn = await gateway.connect();
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n");
  errorOf(await conn.readResponse(), 408, "client");
  await conn.expectClose();
  conn.close();
});

scenario("a request body that never ends is answered with 408", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "timeouts: {body: 100ms}" }));
  const conn = await gateway.connect();
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
  errorOf(await conn.readResponse(), 408, "client");
  await conn.expectClose();
  conn.close();
});

scenario("keys: the right one passes by every carrier, a wrong one never", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  const [good, other, late, narrow] = ["web-prod", "stranger", "late", "narrow"].map(gatewayKey);
  const gateway = await throwbar(config(upstream.url, {
    auth: "mode: keys",
    more: `models: {fast: {use: up/gpt-real}}
keys:
  - {id: web-prod, secret_hash: "${good!.hash}"}
  - {id: late, secret_hash: "${late!.hash}", expires: 2020-01-01}
  - {id: narrow, secret_hash: "${narrow!.hash}", models: [fast]}`,
  }));
  const withKey = (headers: Record<string, string>, model = "up/gpt-real") => gateway.request({ body: { ...CHAT, model }, headers });
  const carriers: Record<string, string>[] = [
    { authorization: `Bearer ${good!.text}` }, { "x-api-key": good!.text }, { "api-key": good!.text }, { "x-goog-api-key": good!.text },
  ];
  for (const headers of carriers) {
    const answer = await withKey(headers);
    assert.equal(answer.status, 200, JSON.stringify(Object.keys(headers)));
    assert.equal((await gateway.requestEvent(answer.headers.get("tb-request-id")))["key"], "web-prod");
  }
  const bad = good!.text.slice(0, -1) + (good!.text.endsWith("0") ? "1" : "0");
  const refused: Record<string, string>[] = [
    {}, { authorization: "Bearer " }, { authorization: `Basic ${good!.text}` }, { authorization: `Bearer ${other!.text}` },
    { authorization: `Bearer ${bad}` }, { authorization: `Bearer ${good!.text} ` + "x" }, { authorization: `Bearer ${late!.text}` },
    { authorization: "Bearer sk-provider-secret" }, { authorization: `Bearer ${good!.hash}` },
  ];
  for (const headers of refused) {
    const answer = await withKey(headers);
    assert.equal(errorOf(answer, 401, "policy").code, "invalid_api_key");
  }
  assert.equal((await withKey({ authorization: `Bearer ${narrow!.text}` }, "fast")).status, 200);
  assert.equal(errorOf(await withKey({ authorization: `Bearer ${narrow!.text}` }), 403, "policy").code, "model_not_allowed");
  assert.equal(upstream.requests.length, 5);
  for (const key of [good, late, narrow]) assert.ok(!gateway.log.includes(key!.text));
});

scenario("a wrong key is refused before the body is read", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { auth: "mode: keys" }));
  const conn = await gateway.connect();
  await conn.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n");
  errorOf(await conn.readResponse(), 401, "policy");
  conn.close();
});

scenario("the admin listener wants the admin key", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const path = "/admin/v1/config";
  assert.equal((await gateway.admin({ method: "GET", path })).status, 200);
  assert.equal((await gateway.admin({ method: "GET", path, headers: { authorization: "Bearer wrong" } })).status, 401);
  assert.equal((await gateway.request({ method: "GET", path })).status, 404);
  assert.ok(!(await gateway.admin({ method: "GET", path })).text.includes("sk-provider-secret"));
});

scenario("a stored response is its caller's alone: to read, to delete, and to go on from", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, { id: "resp_mine", object: "response", status: "completed", output: [] }));
  const [mine, theirs] = ["mine", "theirs"].map(gatewayKey);
  const gateway = await throwbar(config(upstream.url, {
    auth: "mode: keys",
    more: `keys:
  - {id: mine, secret_hash: "${mine!.hash}"}
  - {id: theirs, secret_hash: "${theirs!.hash}"}`,
  }));
  const as = (key: { text: string }) => ({ authorization: `Bearer ${key.text}` });
  const body = { model: "up/gpt-real", input: "hi" };
  assert.equal((await gateway.request({ path: "/v1/responses", body, headers: as(mine!) })).status, 200);
  const next = { ...body, previous_response_id: "resp_mine" };
  assert.equal((await gateway.request({ path: "/v1/responses", body: next, headers: as(mine!) })).status, 200);
  assert.equal((await gateway.request({ path: "/v1/responses/resp_mine", method: "GET", headers: as(mine!) })).status, 200);
  const asked = upstream.requests.length;
  errorOf(await gateway.request({ path: "/v1/responses", body: next, headers: as(theirs!) }), 404, "client");
  for (const method of ["GET", "DELETE"])
    errorOf(await gateway.request({ path: "/v1/responses/resp_mine", method, headers: as(theirs!) }), 404, "client");
  assert.equal(upstream.requests.length, asked, "the provider is not even asked");
});
