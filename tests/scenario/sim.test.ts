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
  await gateway.request({ body: ask("sim/echo", "hi") });
  const { text } = await gateway.admin({ method: "GET", path: "/metrics" });
  for (const line of text.split("\n").filter((l) => l !== "")) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? [-+0-9.eE]+(Inf|NaN)?)$/);
  }
  assert.match(text, /^throwbar_requests_total\{.*provider="sim".*status="200".*\} 1$/m);
  assert.match(text, /^throwbar_build_info\{version="[^"]+"\} 1$/m);
});
