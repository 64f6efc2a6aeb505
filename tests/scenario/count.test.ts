/* Counting tokens: asked of the provider where it has a call for it, in whatever dialect, and estimated where it has none,
 * which the answer then says. */

import * as assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { BedrockRuntimeClient, CountTokensCommand } from "@aws-sdk/client-bedrock-runtime";
import { AWS_KEYS, DIALECTS, scenario, type Request, type Response, type Stage } from "./harness.js";

const SERVER = `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
`;

interface Counter {
  dialect: string;
  path(model: string): string;
  body(model: string): any;
  count(json: any): unknown;
}

const TOOL_SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

const CLIENTS: Record<string, Counter> = {
  anthropic: {
    dialect: "anthropic",
    path: () => "/v1/messages/count_tokens",
    body: (model) => ({ model, system: "Be brief.", messages: [{ role: "user", content: "hello" }],
      tools: [{ name: "weather", description: "Tells it.", input_schema: TOOL_SCHEMA }] }),
    count: (json) => json.input_tokens,
  },
  responses: {
    dialect: "openai",
    path: () => "/v1/responses/input_tokens",
    body: (model) => ({ model, instructions: "Be brief.", input: "hello",
      tools: [{ type: "function", name: "weather", description: "Tells it.", parameters: TOOL_SCHEMA }] }),
    count: (json) => json.input_tokens,
  },
  gemini: {
    dialect: "gemini",
    path: (model) => `/v1beta/models/${model}:countTokens`,
    body: (model) => ({ generateContentRequest: { model: `models/${model}`, systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [{ role: "user", parts: [{ text: "hello" }] }],
      tools: [{ functionDeclarations: [{ name: "weather", description: "Tells it.", parametersJsonSchema: TOOL_SCHEMA }] }] } }),
    count: (json) => json.totalTokens,
  },
  bedrock: {
    dialect: "bedrock",
    path: (model) => `/model/${encodeURIComponent(model)}/count-tokens`,
    body: () => ({ input: { converse: { system: [{ text: "Be brief." }], messages: [{ role: "user", content: [{ text: "hello" }] }],
      toolConfig: { tools: [{ toolSpec: { name: "weather", description: "Tells it.", inputSchema: { json: TOOL_SCHEMA } } }] } } } }),
    count: (json) => json.inputTokens,
  },
};

interface Provider {
  config: string;
  base: string;
  model: string;
  target: string;
  answer: unknown;
  /** Where the text of the user's turn stands. */
  text(json: any): unknown;
  /** Where the tool's name stands. */
  tool(json: any): unknown;
}

const GEMINI = (json: any) => json.generateContentRequest ?? json;

const PROVIDERS: Record<string, Provider> = {
  anthropic: {
    config: "kind: anthropic", base: "", model: "claude-x", target: "/v1/messages/count_tokens", answer: { input_tokens: 42 },
    text: (json) => [json.messages[0].content].flat().map((c: any) => c.text ?? c)[0], tool: (json) => json.tools[0].name,
  },
  openai: {
    config: "kind: openai", base: "/v1", model: "gpt-x", target: "/v1/responses/input_tokens",
    answer: { object: "response.input_tokens", input_tokens: 42 },
    text: (json) => typeof json.input === "string" ? json.input : [json.input[0].content].flat().map((c: any) => c.text ?? c)[0],
    tool: (json) => json.tools[0].name,
  },
  gemini: {
    config: "kind: gemini", base: "", model: "gemini-x", target: "/v1beta/models/gemini-x:countTokens", answer: { totalTokens: 42 },
    text: (json) => GEMINI(json).contents[0].parts[0].text, tool: (json) => GEMINI(json).tools[0].functionDeclarations[0].name,
  },
  vertex: {
    config: "kind: vertex, project: p1, location: l1, api_key: t", base: "", model: "gemini-x",
    target: "/v1/projects/p1/locations/l1/publishers/google/models/gemini-x:countTokens", answer: { totalTokens: 42, totalBillableCharacters: 9 },
    text: (json) => GEMINI(json).contents[0].parts[0].text, tool: (json) => GEMINI(json).tools[0].functionDeclarations[0].name,
  },
  "claude on vertex": {
    config: "kind: vertex, project: p1, location: l1, api_key: t", base: "", model: "claude-x",
    target: "/v1/projects/p1/locations/l1/publishers/anthropic/models/count-tokens:rawPredict", answer: { input_tokens: 42 },
    text: (json) => [json.messages[0].content].flat().map((c: any) => c.text ?? c)[0], tool: (json) => json.tools[0].name,
  },
  bedrock: {
    config: `kind: bedrock, ${AWS_KEYS}`, base: "", model: "anthropic.claude-x", target: "/model/anthropic.claude-x/count-tokens",
    answer: { inputTokens: 42 },
    text: (json) => json.input.converse.messages[0].content[0].text, tool: (json) => json.input.converse.toolConfig.tools[0].toolSpec.name,
  },
};

/** A gateway with these providers, whose answers may be replaced. */
async function play({ provider, throwbar }: Stage, providers: Record<string, Pick<Provider, "config" | "base" | "model" | "answer">>) {
  const names = Object.keys(providers);
  const upstream = await provider();
  const state: { failure?: [number, unknown] } = {};
  upstream.answer((request, conn) => conn.sendJson(...(state.failure ?? [200, providers[names[Number(request.target[2])]!]!.answer] as const)));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:\n${names.map((name, i) =>
    `  p${i}: {${providers[name]!.config}, base_url: "${origin}/p${i}${providers[name]!.base}"}\n`).join("")}`);
  return { gateway, state, requests: upstream.requests, model: (name: string) => `p${names.indexOf(name)}/${providers[name]!.model}` };
}

scenario("every client counts at every provider that can", async (stage) => {
  const { gateway, model, requests } = await play(stage, PROVIDERS);
  for (const [clientName, client] of Object.entries(CLIENTS)) {
    for (const [name, provider] of Object.entries(PROVIDERS)) {
      const what = `${clientName} -> ${name}`;
      const answer = await gateway.request({ path: client.path(model(name)), body: client.body(model(name)) });
      assert.equal(answer.status, 200, `${what}: ${answer.text}`);
      assert.equal(client.count(answer.json), 42, what);
      assert.equal(answer.headers.get("tb-warnings"), undefined, what);
      const { target, json }: Request = requests.at(-1)!;
      assert.equal(target.slice("/p0".length), provider.target, what);
      assert.equal(provider.text(json), "hello", what);
      assert.equal(provider.tool(json), "weather", what);
    }
  }
  assert.equal(requests.at(-1)!.json.model, undefined);
});

scenario("a request that counts asks for no answer: what only an answer needs is left out", async (stage) => {
  const { gateway, model, requests } = await play(stage, PROVIDERS);
  const ask = (name: string) => gateway.request({ path: "/v1beta/models/" + model(name) + ":countTokens",
    body: { contents: [{ role: "user", parts: [{ text: "hello" }] }] } });
  assert.equal((await ask("anthropic")).status, 200);
  assert.deepEqual(requests.at(-1)!.json, { model: "claude-x", messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] });
  assert.equal((await ask("openai")).status, 200);
  assert.deepEqual(Object.keys(requests.at(-1)!.json).sort(), ["input", "model"]);
  assert.equal((await ask("bedrock")).status, 200);
  assert.deepEqual(requests.at(-1)!.json, { input: { converse: { messages: [{ role: "user", content: [{ text: "hello" }] }] } } });
  assert.equal((await ask("claude on vertex")).status, 200);
  assert.deepEqual(requests.at(-1)!.json, { anthropic_version: "vertex-2023-10-16", model: "claude-x",
    messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] });
});

scenario("a provider without a call for it: an estimate, that says so", async (stage) => {
  const without = Object.fromEntries(["openai-chat", "cohere", "ollama", "azure-v1", "tgi", "kserve-v2"].map((kind) =>
    [kind, { config: `kind: ${kind}`, base: "", model: "m", answer: {} }]));
  const { gateway, model, requests } = await play(stage, without);
  for (const [clientName, client] of Object.entries(CLIENTS)) {
    for (const name of Object.keys(without)) {
      const answer = await gateway.request({ path: client.path(model(name)), body: client.body(model(name)) });
      assert.equal(answer.status, 200, `${clientName} -> ${name}: ${answer.text}`);
      const count = client.count(answer.json);
      assert.ok(typeof count === "number" && count >= 15 && count <= 60, `${clientName} -> ${name}: ${count}`);
      assert.equal(answer.headers.get("tb-warnings"), "emulated:count_tokens");
      const strict = await gateway.request({ path: client.path(model(name)), body: client.body(model(name)), headers: { "tb-strict": "error" } });
      assert.equal(strict.status, 400, strict.text);
      assert.match(messageOf(client.dialect, strict), /emulated:count_tokens/);
    }
  }
  assert.equal(requests.length, 0, "nobody is asked");
});

function messageOf(dialect: string, answer: Response): string {
  return dialect === "openai" ? answer.json.error.message : DIALECTS[dialect]!.failureOf(answer).message;
}

scenario("an estimate grows with what is counted, and a wrong request has none", async (stage) => {
  const { gateway, model } = await play(stage, { up: { config: "kind: openai-chat", base: "/v1", model: "m", answer: {} } });
  const count = async (content: unknown, more: object = {}) => (await gateway.request({ path: "/v1/messages/count_tokens",
    body: { model: model("up"), messages: [{ role: "user", content }], ...more } })).json.input_tokens as number;
  const small = await count("hello");
  assert.ok(small >= 2 && small < 12, String(small));
  const large = await count("hello ".repeat(4000));
  assert.ok(large > 5000 && large < 8000, String(large));
  const picture = await count([{ type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } }]);
  assert.ok(picture >= 500 && picture < 3000, String(picture));
  const withTool = await count("hello", { tools: [{ name: "f", input_schema: TOOL_SCHEMA }] });
  assert.ok(withTool > small, String(withTool));
  for (const [path, body, field] of [
    ["/v1/messages/count_tokens", { messages: [] }, "messages"],
    ["/v1/messages/count_tokens", { messages: "hello" }, "messages"],
    ["/v1/responses/input_tokens", { input: 5 }, "input"],
    [`/v1beta/models/${model("up")}:countTokens`, { contents: "hello" }, "contents"],
    [`/v1beta/models/${model("up")}:countTokens`, { generateContentRequest: 5 }, "generateContentRequest"],
    [`/model/${encodeURIComponent(model("up"))}/count-tokens`, { input: {} }, "input.converse"],
    [`/model/${encodeURIComponent(model("up"))}/count-tokens`, { input: { invokeModel: { body: "e30=" } } }, "input.converse"],
  ] as const) {
    const isInPath = path.includes("/model");
    const answer = await gateway.request({ path, body: isInPath ? body : { model: model("up"), ...body } });
    assert.equal(answer.status, 400, `${path}: ${answer.text}`);
    assert.ok(answer.text.includes(field), answer.text);
  }
});

scenario("a provider's failure to count is told in the client's shape", async (stage) => {
  const { gateway, model, state } = await play(stage, PROVIDERS);
  const failures: Record<string, unknown> = {
    anthropic: { type: "error", error: { type: "rate_limit_error", message: "slow down" } },
    openai: { error: { message: "slow down", type: "rate_limit", param: null, code: null } },
    gemini: { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } },
    vertex: { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } },
    "claude on vertex": { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } },
    bedrock: { message: "slow down" },
  };
  for (const [clientName, client] of Object.entries(CLIENTS)) {
    for (const name of Object.keys(PROVIDERS)) {
      state.failure = [429, failures[name]];
      const answer = await gateway.request({ path: client.path(model(name)), body: client.body(model(name)) });
      assert.equal(answer.status, 429, `${clientName} -> ${name}: ${answer.text}`);
      assert.match(messageOf(client.dialect, answer), /slow down/, `${clientName} -> ${name}`);
    }
  }
  state.failure = [200, { tokens: "many" }];
  const odd = await gateway.request({ path: "/v1/messages/count_tokens", body: CLIENTS["anthropic"]!.body(model("gemini")) });
  assert.equal(odd.status, 502, odd.text);
  assert.match(messageOf("anthropic", odd), /has no count/);
});

scenario("official SDKs count at others' providers", async (stage) => {
  const { gateway, model } = await play(stage, PROVIDERS);
  for (const name of Object.keys(PROVIDERS)) {
    const anthropic = await new Anthropic({ baseURL: gateway.url, apiKey: "k", maxRetries: 0 })
      .messages.countTokens({ model: model(name), messages: [{ role: "user", content: "hello" }] });
    assert.equal(anthropic.input_tokens, 42, name);
    const google = await new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: gateway.url } })
      .models.countTokens({ model: model(name), contents: "hello" });
    assert.equal(google.totalTokens, 42, name);
    const bedrock = new BedrockRuntimeClient({ endpoint: gateway.url, region: "eu-west-1", token: { token: "k" },
      authSchemePreference: ["httpBearerAuth"], maxAttempts: 1, requestHandler: new NodeHttpHandler() });
    const counted = await bedrock.send(new CountTokensCommand({ modelId: model(name),
      input: { converse: { messages: [{ role: "user", content: [{ text: "hello" }] }] } } }));
    assert.equal(counted.inputTokens, 42, name);
    bedrock.destroy();
  }
});
