/* Vendors known by name: every row of the table by its own kind, below its own path, with its own way to show a key; and
 * how some differ from OpenAI in what they are sent. The rows are those that the binary lists. */

import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHAT, chatBody, DIALECTS, run, scenario, type Provider, type Request } from "./harness.js";

interface Row {
  id: string;
  kind: string;
  /** Of its base URL. */
  path: string;
  /** Places of the URL that the configuration fills. */
  places: string[];
}

async function rows(): Promise<Row[]> {
  const { code, stdout } = await run(["explain", "vendors"]);
  assert.equal(code, 0);
  return [...stdout.matchAll(/^(\S+) +(\S+) +(https?:\/\/\S+)/gm)].map(([, id, kind, url]) => ({
    id: id!, kind: kind!,
    path: url!.replace(/^https?:\/\/[^/]*/, "").replaceAll(/\{\w+\}/g, "x"),
    places: [...url!.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!),
  }));
}

/** Those that take another header than a bearer token. */
const HEADERS: Record<string, string> = {
  anthropic: "x-api-key", "deepseek-anthropic": "x-api-key", "minimax-anthropic": "x-api-key", "azure-anthropic": "x-api-key",
  gemini: "x-goog-api-key", azure: "api-key", "azure-v1": "api-key", "azure-foundry": "api-key", reka: "x-api-key",
};

const CALLS: Record<string, [string, string]> = {
  openai: ["/chat/completions", "openai"], "openai-chat": ["/chat/completions", "openai"], "azure-v1": ["/openai/v1/chat/completions", "openai"],
  anthropic: ["/v1/messages", "anthropic"], gemini: ["/v1beta/models/m:generateContent", "gemini"], cohere: ["/v2/chat", "cohere"],
  ollama: ["/api/chat", "ollama"], bedrock: ["/model/m/converse", "bedrock"], "bedrock-invoke": ["/model/m/invoke", "anthropic"],
  sagemaker: ["/endpoints/m/invocations", "openai"],
  vertex: ["/v1/projects/p1/locations/l1/publishers/google/models/m:generateContent", "gemini"],
};

function config(upstream: Provider, vendors: Row[]): string {
  const origin = upstream.url.slice(0, -"/v1".length);
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${vendors.map(({ id, kind, path }) =>
    `  ${id}: {base_url: "${origin}/${id}${path}", api_key: key-of-${id}${kind === "vertex" ? ", project: p1, location: l1" : ""}}\n`).join("")}`;
}

function answerOf(dialect: string): unknown {
  return dialect === "openai" ? chatBody("Hello") : DIALECTS[dialect]!.whole;
}

scenario("every vendor is asked below its own path, in its own dialect, with its own header", async ({ provider, throwbar }) => {
  const vendors = (await rows()).filter((row) => CALLS[row.kind]);
  assert.ok(vendors.length >= 60, String(vendors.length));
  const kindOf = (request: Request) => vendors.find(({ id }) => request.target.startsWith(`/${id}/`))!;
  const upstream = await provider();
  upstream.answer((request, conn) => conn.sendJson(200, answerOf(CALLS[kindOf(request).kind]![1])));
  const gateway = await throwbar(config(upstream, vendors));
  for (const { id, kind, path } of vendors) {
    const answer = await gateway.request({ body: { ...CHAT, model: `${id}/m`, max_tokens: 9 } });
    assert.equal(answer.status, 200, `${id}: ${answer.text}`);
    assert.match(answer.json.choices[0].message.content, /^Hello/, id);
    const { target, headers } = upstream.requests.at(-1)!;
    assert.equal(target, `/${id}${path}${CALLS[kind]![0]}`);
    const header = HEADERS[id] ?? "authorization";
    assert.equal(headers.get(header), header === "authorization" ? `Bearer key-of-${id}` : `key-of-${id}`, id);
    if (header !== "authorization") assert.equal(headers.get("authorization"), undefined, id);
  }
});

scenario("a vendor's address follows from its name and its places, and check says which are missing", async () => {
  const places: Record<string, string> = { region: "eu-west-1", location: "europe-west4", resource: "res-1" };
  const folder = mkdtempSync(join(tmpdir(), "throwbar-check-"));
  const file = join(folder, "throwbar.yaml");
  const check = async (id: string, more: string) => {
    writeFileSync(file, `version: 1\nauth: {mode: open}\nproviders:\n  ${id}: {api_key: "\${env:UP_KEY}"${more}}\n`);
    return run(["check", "-c", file], { UP_KEY: "k" });
  };
  for (const { id, kind, places: names } of await rows()) {
    const project = kind === "vertex" ? ", project: p1" : "";
    const whole = await check(id, project + names.map((name) => `, ${name}: ${places[name]}`).join(""));
    assert.equal(whole.code, 0, `${id}: ${whole.stdout}${whole.stderr}`);
    if (names.length === 0) continue;
    const partial = await check(id, project);
    assert.equal(partial.code, 2, id);
    assert.match(partial.stdout + partial.stderr, new RegExp(`\`${names[0]}\``), id);
  }
  rmSync(folder, { recursive: true });
});

/** What a chat with everything in it looks like when it arrives, translated from Messages. */
const MESSAGES = {
  max_tokens: 9, thinking: { type: "enabled", budget_tokens: 2048 },
  tools: [{ name: "f", input_schema: { type: "object" } }], tool_choice: { type: "any" },
  messages: [{ role: "user", content: "hi" }],
};

const DIFFERENCES: Record<string, (json: any) => void> = {
  openai: (json) => assert.deepEqual([json.max_completion_tokens, json.max_tokens, json.tool_choice], [9, undefined, "required"]),
  groq: (json) => assert.deepEqual([json.max_completion_tokens, json.max_tokens], [9, undefined]),
  mistral: (json) => assert.deepEqual([json.max_tokens, json.tool_choice], [9, "any"]),
  together: (json) => assert.deepEqual([json.max_tokens, json.max_completion_tokens, json.tool_choice], [9, undefined, "required"]),
  zai: (json) => assert.deepEqual([json.max_tokens, json.thinking?.type], [9, "enabled"]),
  deepseek: (json) => assert.deepEqual([json.max_tokens, json.thinking?.type], [9, "enabled"]),
  moonshot: (json) => assert.deepEqual([json.max_tokens, json.thinking?.type], [9, "enabled"]),
  dashscope: (json) => assert.deepEqual([json.max_tokens, json.enable_thinking, json.thinking_budget], [9, true, 2048]),
  openrouter: (json) => assert.deepEqual([json.max_tokens, json.reasoning?.max_tokens], [9, 2048]),
  cerebras: (json) => assert.deepEqual([json.max_completion_tokens, json.store, json.metadata], [9, undefined, undefined]),
  perplexity: (json) => assert.deepEqual([json.max_tokens, json.metadata], [9, undefined]),
};

scenario("what vendors do not share with OpenAI", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("Hello")));
  const vendors = (await rows()).filter(({ id }) => DIFFERENCES[id]);
  assert.equal(vendors.length, Object.keys(DIFFERENCES).length);
  const gateway = await throwbar(config(upstream, vendors));
  for (const [id, expectDifference] of Object.entries(DIFFERENCES)) {
    const answer = await gateway.request({ path: "/v1/messages", body: { model: `${id}/m`, ...MESSAGES, metadata: { user_id: "u" } } });
    assert.equal(answer.status, 200, `${id}: ${answer.text}`);
    try {
      expectDifference(upstream.requests.at(-1)!.json);
    } catch (error) {
      throw new Error(`${id} was sent ${upstream.requests.at(-1)!.body.toString()}`, { cause: error });
    }
  }
});
