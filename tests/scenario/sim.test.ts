/* The simulator, and a start without any configuration: the first request is answered with no account and no key. */

import * as assert from "node:assert/strict";
import { config, scenario, sseEvents } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";
const ask = (model: string, text: string, more: object = {}) => ({ model, messages: [{ role: "user", content: text }], ...more });

scenario("sim/echo repeats what was said", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const answer = await gateway.request({ body: ask("sim/echo", "Grüße \u{1F600} \"quoted\"\n") });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.object, "chat.completion");
  assert.equal(answer.json.choices[0].message.content, "Grüße \u{1F600} \"quoted\"\n");
  assert.equal(answer.json.choices[0].finish_reason, "stop");
  assert.ok(answer.json.usage.total_tokens > 0);
  assert.equal(answer.headers.get("tb-provider"), "sim");
});

scenario("sim/echo streams the same text", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const text = "a somewhat longer text, to be cut into several pieces";
  const answer = await gateway.request({ body: ask("sim/echo", text, { stream: true }) });
  const events = sseEvents(answer.text).map((e) => e.data);
  assert.equal(events.at(-1), "[DONE]");
  const chunks = events.slice(0, -1).map((data) => JSON.parse(data));
  assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? "").join(""), text);
  assert.ok(chunks.every((c) => c.usage === undefined || c.usage === null));
});

scenario("sim/lorem obeys its options", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const answer = await gateway.request({ body: ask("sim/lorem?tokens=20", "go") });
  assert.equal(answer.json.usage.completion_tokens, 20);
  const failing = await gateway.request({ body: ask("sim/lorem?error=429:100%", "go") });
  assert.equal(failing.status, 429);
});

scenario("an attempt at the simulator looks like one at a provider", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const answer = await gateway.request({ body: ask("sim/lorem?tokens=3", "go") });
  assert.match(answer.headers.get("tb-attempts") ?? "", /^sim;200;\d+ms$/);
  assert.equal(answer.headers.get("tb-model"), "lorem");
  const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
  assert.equal(event["upstream_status"], 200);
  assert.equal(event["output_tokens"], 3);
  assert.ok(event["input_tokens"] > 0);
  const failing = await gateway.request({ body: ask("sim/lorem?error=503", "go") });
  assert.equal(failing.status, 503);
  assert.equal(failing.json.error.gateway.code, "TB-4003");
  assert.equal(failing.json.error.gateway.attempts[0].status, 503);
  assert.match(failing.headers.get("tb-attempts") ?? "", /^sim;503;\d+ms$/);
  assert.equal(await gateway.metric("throwbar_upstream_attempts_total", 'provider="sim",outcome="ok"'), 1);
  assert.equal(await gateway.metric("throwbar_upstream_attempts_total", 'provider="sim",outcome="PROVIDER_FAILED"'), 1);
  assert.equal(await gateway.metric("throwbar_requests_total", 'model="lorem"'), 1, "options are no label");
});

scenario("the simulator refuses what a provider would", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  for (const [body, status, param, text] of [
    [ask("sim/lorum", "go"), 404, "model", /did you mean sim\/lorem\?/],
    [ask("sim/lorem?tokns=3", "go"), 400, "model", /no option "tokns"/],
    [ask("sim/lorem?tokens=many", "go"), 400, "model", /takes a number/],
    [ask("sim/echo", "go", { n: 2 }), 400, "n", /one choice/],
    [ask("sim/echo", "go", { max_tokens: 0 }), 400, "max_tokens", /positive/],
    [{ model: "sim/echo", messages: [] }, 400, "messages", /at least one message/],
    [ask("sim/embed", "go"), 400, null, /does not offer \/chat\/completions/],
  ] as const) {
    const answer = await gateway.request({ body });
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.error.param, param);
    assert.match(answer.json.error.message, text);
  }
  const image = await gateway.request({ path: "/v1/images/generations", body: { model: "sim/echo", prompt: "a cat" } });
  assert.equal(image.json.error.code, "unsupported_operation");
});

scenario("a limit cuts the answer and says so", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const whole = await gateway.request({ body: ask("sim/echo", "one two three", { max_completion_tokens: 2 }) });
  assert.equal(whole.json.choices[0].message.content, "one two");
  assert.equal(whole.json.choices[0].finish_reason, "length");
  const streamed = await gateway.request({ body: ask("sim/lorem", "go", { max_tokens: 2, stream: true }) });
  const last = sseEvents(streamed.text).at(-2);
  assert.equal(JSON.parse(last?.data ?? "").choices[0].finish_reason, "length");
  const response = await gateway.request({ path: "/v1/responses", body: { model: "sim/echo?tokens=1", input: "one two" } });
  assert.equal(response.json.status, "incomplete");
  assert.deepEqual(response.json.incomplete_details, { reason: "max_output_tokens" });
});

scenario("ttft and tps take their time, and a waiting client hears comments", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "timeouts: {heartbeat: 100ms}" }));
  const before = performance.now();
  const answer = await gateway.request({ body: ask("sim/lorem?tokens=5&ttft=350ms&tps=20", "go", { stream: true }) });
  const took = performance.now() - before;
  assert.ok(took >= 545, `${took} ms`); // 350 + 4 * 50, less what a clock may round
  assert.match(answer.text, /^(: ping\n\n){2,}data: /);
  const event = await gateway.requestEvent(answer.headers.get("tb-request-id"));
  assert.ok(event["ttft_ms"] >= 349, `${event["ttft_ms"]}`);
  assert.ok(event["upstream_ms"] >= 545 && event["gateway_ms"] < 100, "waiting is the provider's time");
  const whole = await gateway.request({ body: ask("sim/lorem?tokens=2&ttft=50ms&tps=20", "go") });
  const { upstream_ms } = await gateway.requestEvent(whole.headers.get("tb-request-id"));
  assert.ok(upstream_ms >= 149, `${upstream_ms}`);
});

scenario("the timeouts of a sim provider end it like any other", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY).replace("providers:", "providers:\n  slow: {kind: sim, timeouts: {first_byte: 100ms, total: 300ms}}"));
  const late = await gateway.request({ body: ask("slow/lorem?ttft=1s", "go") });
  assert.equal(late.status, 504);
  assert.equal(late.json.error.gateway.code, "TB-4009");
  const long = await gateway.request({ body: ask("slow/lorem?tps=10&tokens=100", "go", { stream: true }) });
  assert.equal(long.status, 200);
  const events = sseEvents(long.text);
  assert.equal(JSON.parse(events.at(-1)?.data ?? "").error.gateway.code, "TB-3003");
  assert.ok(events.length > 2, "what was said before stays said");
  const response = await gateway.request({ path: "/v1/responses", body: { model: "slow/lorem?tps=10&tokens=100", input: "go", stream: true } });
  assert.equal(sseEvents(response.text).at(-1)?.event, "response.failed");
  const hurried = await gateway.request({ headers: { "tb-timeout": "50ms" }, body: ask("sim/lorem?ttft=10s", "go") });
  assert.equal(hurried.status, 504);
});

scenario("max_concurrent holds for a sim provider too", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY).replace("providers:", "providers:\n  one: {kind: sim, max_concurrent: 1}"));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: ask("one/lorem?tps=10&tokens=1000", "go", { stream: true }) });
  await conn.readUntil("ipsum");
  const refused = await gateway.request({ body: ask("one/echo", "go") });
  assert.equal(refused.status, 503);
  assert.equal(refused.json.error.gateway.code, "TB-3006");
  conn.close();
  await gateway.waitForEvent((e) => e["error"] === "CLIENT_GONE", "the first request's end");
  assert.equal((await gateway.request({ body: ask("one/echo", "go") })).status, 200);
});

scenario("a client that hangs up ends the simulator's answer", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  for (const body of [ask("sim/lorem?tps=10&tokens=1000", "go", { stream: true }), ask("sim/lorem?ttft=100s", "go")]) {
    const conn = await gateway.connect();
    await conn.sendRequest({ body });
    if ("stream" in body) await conn.readUntil("ipsum");
    conn.close();
    const event = await gateway.waitForEvent((e) => e.event === "request" && e["model"] === body.model, "the request's line");
    assert.equal(event["error"], "CLIENT_GONE");
  }
  assert.equal(await gateway.metric("throwbar_inflight"), 0);
});

scenario("a client that does not read holds the stream up, and gets all of it later", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const body = JSON.stringify(ask("sim/lorem?tokens=100000", "go", { stream: true }));
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const other = await gateway.request({ body: ask("sim/echo", "meanwhile") });
  assert.equal(other.json.choices[0].message.content, "meanwhile");
  await gateway.requestEvent(other.headers.get("tb-request-id"));
  assert.ok(!gateway.events.some((e) => e["model"] === "sim/lorem?tokens=100000"), "20 MB wait for their reader");
  const events = sseEvents(await answer.text());
  assert.equal(events.length, 100_000 + 3);
  assert.equal(events.at(-1)?.data, "[DONE]");
});

scenario("a drain that takes too long ends a stream with an error, not with silence", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY, { server: "limits: {drain: 200ms}" }));
  const conn = await gateway.connect();
  await conn.sendRequest({ body: ask("sim/lorem?tps=10&tokens=1000", "go", { stream: true }) });
  await conn.readUntil("ipsum");
  gateway.signal("SIGTERM");
  const { bytes } = await conn.readToEnd();
  assert.match(bytes.toString("utf8"), /data: {"error":{.*"code":"draining".*\n\n\r\n0\r\n\r\n$/s);
});

scenario("sim/embed gives the same text the same vector", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const embed = async (input: string) => {
    const answer = await gateway.request({ path: "/v1/embeddings", body: { model: "sim/embed", input, encoding_format: "float" } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.data[0].embedding as number[];
  };
  const [one, again, other] = [await embed("cat"), await embed("cat"), await embed("dog")];
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
});

scenario("both listeners say that they are alive and ready", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal((await gateway.request({ method: "GET", path })).status, 200);
    assert.equal((await gateway.admin({ method: "GET", path, headers: { authorization: "" } })).status, 200);
  }
});

scenario("the metrics are Prometheus text", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const answer = await gateway.request({ body: ask("sim/echo", "hi") });
  await gateway.requestEvent(answer.headers.get("tb-request-id"));
  const { text } = await gateway.admin({ method: "GET", path: "/metrics" });
  for (const line of text.split("\n").filter((l) => l !== "")) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? [-+0-9.eE]+(Inf|NaN)?)$/);
  }
  assert.match(text, /^throwbar_requests_total\{.*provider="sim".*status="200".*\} 1$/m);
  assert.match(text, /^throwbar_build_info\{version="[^"]+"\} 1$/m);
});
