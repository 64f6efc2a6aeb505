/* Lists of models in the shape of each dialect, from providers of each kind, by pages and by keys; and OpenRouter's small
 * calls, suffixes and routing members. */

import * as assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { CohereClient } from "cohere-ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { AWS_KEYS, CHAT, chatBody, chatChunks, DIALECTS, gatewayKey, scenario, usageChunk,
  type Provider, type Request, type Response, type Stage } from "./harness.js";

/** What providers of each kind are asked for their models, and how they answer: all have "m-<kind>" and "n". */
const CATALOGUES: Record<string, { base: string; target: string; answer: unknown; more?: string }> = {
  openai: { base: "/v1", target: "/v1/models", answer: { object: "list", data: [{ id: "m-openai", object: "model" }, { id: "n", object: "model" }] } },
  "openai-chat": { base: "/v1", target: "/v1/models", answer: { data: [{ id: "m-openai-chat" }, { id: "n" }] } },
  anthropic: { base: "", target: "/v1/models?limit=1000", answer: { data: [{ type: "model", id: "m-anthropic" }, { type: "model", id: "n" }], has_more: false } },
  gemini: { base: "", target: "/v1beta/models?pageSize=1000", answer: { models: [{ name: "models/m-gemini" }, { name: "models/n" }] } },
  cohere: { base: "", target: "/v1/models?page_size=1000", answer: { models: [{ name: "m-cohere" }, { name: "n" }] } },
  ollama: { base: "", target: "/api/tags", answer: { models: [{ name: "m-ollama", model: "m-ollama" }, { name: "n", model: "n" }] } },
  "azure-v1": { base: "", target: "/openai/v1/models", answer: { data: [{ id: "m-azure-v1" }, { id: "n" }] } },
  kserve: { base: "", target: "/openai/v1/models", answer: { data: [{ id: "m-kserve" }, { id: "n" }] } },
};
const KINDS = Object.keys(CATALOGUES);
const idOf = (kind: string) => `p${KINDS.indexOf(kind)}`;
const SIM = ["echo", "lorem", "tools", "json", "think", "embed"].map((name) => `sim/${name}`);
const ALL = ["fast", ...KINDS.flatMap((kind) => [`${idOf(kind)}/m-${kind}`, `${idOf(kind)}/n`]), ...SIM];

interface Played {
  upstream: Provider;
  ask(path: string, headers?: Record<string, string>, body?: unknown): Promise<Response>;
  gateway: { url: string };
}

/** A gateway with a provider of each kind and one that lists nothing; all but the first are fed by one server. */
async function play({ provider, throwbar }: Stage, auth = "mode: open", more = ""): Promise<Played> {
  const upstream = await provider();
  upstream.answer((request: Request, conn) => {
    const { answer } = CATALOGUES[KINDS[Number(request.target[2])]!]!;
    return conn.sendJson(200, answer);
  });
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {${auth}, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${KINDS.map((kind) => `  ${idOf(kind)}: {kind: ${kind}, base_url: "${origin}/${idOf(kind)}${CATALOGUES[kind]!.base}", api_key: "\${env:UP_KEY}"}\n`).join("")}\
  rock: {kind: bedrock, base_url: "${origin}", ${AWS_KEYS}}
models:
  fast: {use: ${idOf("openai")}/m-openai}
${more}`);
  return { upstream, gateway,
    ask: (path, headers = {}, body) => gateway.request({ method: body === undefined ? "GET" : "POST", path, headers, body }) };
}

/** The names of a list, by what the dialect calls them. */
const LISTS: [string, Record<string, string>, (json: any) => string[]][] = [
  ["/v1/models", {}, (json) => json.data.map((m: any) => m.id)],
  ["/v1/models", { "anthropic-version": "2023-06-01" }, (json) => json.data.map((m: any) => m.id)],
  ["/v1/models", { "x-fern-sdk-name": "cohere-ai" }, (json) => json.models.map((m: any) => m.name)],
  ["/v1beta/models", {}, (json) => json.models.map((m: any) => m.name.replace(/^models\//, ""))],
  ["/api/tags", {}, (json) => json.models.map((m: any) => m.model)],
  ["/api/v1/models", {}, (json) => json.data.map((m: any) => m.id)],
  ["/api/v1/models/user", {}, (json) => json.data.map((m: any) => m.id)],
  ["/foundation-models", {}, (json) => json.modelSummaries.map((m: any) => m.modelId)],
];

scenario("every dialect's list has all models, and each provider is asked in its own way, once a minute", async (stage) => {
  const { upstream, ask } = await play(stage);
  for (const [path, headers, namesOf] of LISTS) {
    const answer = await ask(path, headers);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(namesOf(answer.json), ALL, path);
    assert.equal(answer.headers.get("tb-warnings"), undefined);
  }
  assert.deepEqual(upstream.requests.map((request) => request.target.slice("/p0".length)).sort(), KINDS.map((kind) => CATALOGUES[kind]!.target).sort());
  const keyOf = (kind: string) => upstream.requests.find((request) => request.target.startsWith(`/${idOf(kind)}/`))!.headers;
  assert.equal(keyOf("anthropic").get("x-api-key"), "sk-provider-secret");
  assert.equal(keyOf("anthropic").get("anthropic-version"), "2023-06-01");
  assert.equal(keyOf("gemini").get("x-goog-api-key"), "sk-provider-secret");
  assert.equal(keyOf("cohere").get("authorization"), "Bearer sk-provider-secret");
});

scenario("the members of a model in each shape", async (stage) => {
  const { ask } = await play(stage);
  const first = async (path: string, headers = {}) => {
    const { json } = await ask(path, headers);
    return (json.data ?? json.models ?? json.modelSummaries)[1];
  };
  const id = "p0/m-openai";
  assert.deepEqual(await first("/v1/models"), { id, object: "model", created: 0, owned_by: "p0" });
  assert.deepEqual(await first("/v1/models", { "anthropic-version": "2023-06-01" }),
    { type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" });
  const gemini = await first("/v1beta/models");
  assert.equal(gemini.name, `models/${id}`);
  assert.ok(gemini.supportedGenerationMethods.includes("generateContent"));
  const ollama = await first("/api/tags");
  assert.deepEqual([ollama.name, ollama.model, typeof ollama.size, typeof ollama.digest, typeof ollama.modified_at, typeof ollama.details],
    [id, id, "number", "string", "string", "object"]);
  const openrouter = await first("/api/v1/models");
  assert.deepEqual([openrouter.id, openrouter.context_length, openrouter.pricing.prompt, openrouter.pricing.completion], [id, null, "0", "0"]);
  assert.deepEqual([openrouter.architecture.input_modalities, openrouter.supported_parameters], [["text"], []]);
  const bedrock = await first("/foundation-models");
  assert.deepEqual([bedrock.modelId, bedrock.responseStreamingSupported], [id, true]);
});

scenario("official SDKs list models, page by page", async (stage) => {
  const { gateway, upstream } = await play(stage);
  const all = async <T>(pages: AsyncIterable<T>, nameOf: (item: T) => string) => {
    const names: string[] = [];
    for await (const item of pages) names.push(nameOf(item));
    return names;
  };
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "k", maxRetries: 0 });
  assert.deepEqual(await all(openai.models.list(), (m) => m.id), ALL);
  assert.equal((await openai.models.retrieve("p0/n")).id, "p0/n");
  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: "k", maxRetries: 0 });
  assert.deepEqual(await all(anthropic.models.list({ limit: 3 }), (m) => m.id), ALL);
  assert.deepEqual(await all(anthropic.models.list(), (m) => m.id), ALL);
  assert.equal((await anthropic.models.retrieve("p0/n")).display_name, "p0/n");
  const google = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: gateway.url } });
  assert.deepEqual(await all(await google.models.list({ config: { pageSize: 4 } }), (m) => m.name!), ALL.map((name) => `models/${name}`));
  assert.equal((await google.models.get({ model: "p0/n" })).name, "models/p0/n");
  const ollama = new Ollama({ host: gateway.url });
  assert.deepEqual((await ollama.list()).models.map((m) => m.model), ALL);
  assert.ok((await ollama.show({ model: "p0/n" })).capabilities.includes("completion"));
  assert.deepEqual((await ollama.ps()).models, []);
  assert.match((await ollama.version()).version, /^\d+\.\d+/);
  const cohere = new CohereClient({ environment: gateway.url, token: "k" });
  const page = await cohere.models.list({ pageSize: 5 });
  assert.deepEqual(page.models.map((m) => m.name), ALL.slice(0, 5));
  assert.deepEqual((await cohere.models.list({ pageToken: page.nextPageToken! })).models.map((m) => m.name), ALL.slice(5));
  assert.equal((await cohere.models.get("p0/n")).name, "p0/n");
  assert.equal(upstream.requests.length, KINDS.length);
});

scenario("pages go forwards and backwards, and must be pages of the list", async (stage) => {
  const { ask } = await play(stage);
  const headers = { "anthropic-version": "2023-06-01" };
  const page = async (query: string) => {
    const { json } = await ask(`/v1/models?${query}`, headers);
    return [json.data.map((m: any) => ALL.indexOf(m.id)), json.has_more, ALL.indexOf(json.first_id), ALL.indexOf(json.last_id)];
  };
  assert.deepEqual(await page("limit=2"), [[0, 1], true, 0, 1]);
  assert.deepEqual(await page(`limit=2&after_id=${encodeURIComponent(ALL[1]!)}`), [[2, 3], true, 2, 3]);
  assert.deepEqual(await page(`after_id=${encodeURIComponent(ALL.at(-3)!)}`), [[ALL.length - 2, ALL.length - 1], false, ALL.length - 2, ALL.length - 1]);
  assert.deepEqual(await page(`after_id=${encodeURIComponent(ALL.at(-1)!)}`), [[], false, -1, -1]);
  assert.deepEqual(await page(`limit=2&before_id=${encodeURIComponent(ALL[4]!)}`), [[2, 3], true, 2, 3]);
  assert.deepEqual(await page(`limit=9&before_id=${encodeURIComponent(ALL[2]!)}`), [[0, 1], false, 0, 1]);
  for (const [path, more, field] of [["/v1/models?limit=0", headers, "limit"], ["/v1/models?limit=x", headers, "limit"],
    ["/v1/models?after_id=nobody", headers, "after_id"], ["/v1/models?before_id=nobody", headers, "before_id"],
    ["/v1beta/models?pageSize=-1", {}, "pageSize"], ["/v1beta/models?pageToken=nobody", {}, "pageToken"]] as const) {
    const answer = await ask(path, more);
    assert.equal(answer.status, 400, answer.text);
    const { message } = DIALECTS[path.startsWith("/v1beta") ? "gemini" : "anthropic"]!.failureOf(answer);
    assert.match(message, new RegExp(`^${field} `));
  }
});

scenario("a model that nobody has is 404 in each shape", async (stage) => {
  const { ask } = await play(stage);
  for (const name of ["nobody/x", "p0/gone"]) {
    const openai = await ask(`/v1/models/${name}`);
    assert.equal(openai.status, 404, openai.text);
    assert.equal(openai.json.error.code, "model_not_found");
    for (const [dialect, path, headers, body] of [
      ["anthropic", `/v1/models/${name}`, { "anthropic-version": "2023-06-01" }, undefined],
      ["cohere", `/v1/models/${name}`, { "x-fern-sdk-name": "cohere-ai" }, undefined],
      ["gemini", `/v1beta/models/${name}`, {}, undefined],
      ["ollama", "/api/show", {}, { model: name }],
      ["ollama", "/api/show", {}, { name }],
    ] as const) {
      const answer = await ask(path, headers, body);
      assert.equal(answer.status, 404, answer.text);
      assert.match(DIALECTS[dialect]!.failureOf(answer).message, /x|gone/);
    }
  }
  assert.equal((await ask("/v1/models/fast")).json.id, "fast");
  assert.equal((await ask("/v1/models/rock/anything")).status, 200, "who does not say what it has may have it");
  for (const body of ["{", { model: 5 }, {}]) {
    const answer = await ask("/api/show", {}, body);
    assert.ok(answer.status === 400 || answer.status === 404, answer.text);
    assert.equal(typeof answer.json.error, "string");
  }
});

scenario("a key sees and gets the models that it may use", async (stage) => {
  const [web, batch] = [gatewayKey("web"), gatewayKey("batch")];
  const { ask } = await play(stage, "mode: keys", `keys:
  - {id: web, secret_hash: "${web.hash}", models: [fast, "p3/*"]}
  - {id: batch, secret_hash: "${batch.hash}"}
`);
  for (const [path, headers, namesOf] of LISTS) {
    const as = (key: string) => ask(path, { ...headers, authorization: `Bearer ${key}` });
    assert.deepEqual(namesOf((await as(web.text)).json), ["fast", "p3/m-gemini", "p3/n"], path);
    assert.deepEqual(namesOf((await as(batch.text)).json), ALL, path);
    assert.equal((await ask(path, headers)).status, 401);
  }
  const bearer = { authorization: `Bearer ${web.text}` };
  assert.equal((await ask("/v1/models/p3/n", bearer)).status, 200);
  assert.equal((await ask("/v1/models/p0/n", bearer)).status, 403);
  assert.equal((await ask("/v1/models/p0/n", { authorization: `Bearer ${batch.text}` })).status, 200);
});

scenario("a provider that fails to list is left out and named", async ({ provider, throwbar }) => {
  const [good, bad] = [await provider(), await provider()];
  good.answer((_, conn) => conn.sendJson(200, { data: [{ id: "m" }, { id: 5 }, {}, { id: "bad\u0001name" }, { id: "a/b" }] }));
  bad.answer((request, conn) => request.target.startsWith("/html") ? conn.sendBody(200, "text/html", "<html>") : conn.sendJson(500, {}));
  const origin = bad.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
  good: {kind: openai, base_url: "${good.url}"}
  bad: {kind: openai, base_url: "${origin}/bad"}
  html: {kind: gemini, base_url: "${origin}/html"}
`);
  const answer = await gateway.request({ method: "GET", path: "/v1/models" });
  assert.deepEqual(answer.json.data.map((m: any) => m.id), ["good/m", "good/a/b", ...SIM]);
  assert.equal(answer.headers.get("tb-warnings"), "models-unavailable:bad, models-unavailable:html");
  assert.equal((await gateway.request({ method: "GET", path: "/v1/models/bad/m" })).status, 200, "it may well have it");
});

// ---- OpenRouter ----

async function playRouter({ provider, throwbar }: Stage, auth = "mode: open", more = "") {
  const upstream = await provider();
  upstream.answer((request, conn) => request.json.stream ? conn.sendStream([...chatChunks("Hel", "lo"), usageChunk()]) : conn.sendJson(200, chatBody("Hello")));
  const gateway = await throwbar(`version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {${auth}, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
  up: {kind: openai-chat, base_url: "${upstream.url}"}
  openrouter: {base_url: "${upstream.url}", api_key: k-1}
models:
  odd: {use: "up/thinker:thinking"}
${more}`);
  return { upstream, gateway, chat: (body: object, headers = {}) => gateway.request({ path: "/api/v1/chat/completions", headers, body: { ...CHAT, ...body } }) };
}

scenario("OpenRouter's generation, key and credits", async (stage) => {
  const [web, batch] = [gatewayKey("web"), gatewayKey("batch")];
  const { gateway, chat } = await playRouter(stage, "mode: keys", `keys:
  - {id: web, secret_hash: "${web.hash}"}
  - {id: batch, secret_hash: "${batch.hash}"}
`);
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const get = (path: string, key = web.text) => gateway.request({ method: "GET", path, headers: bearer(key) });
  for (const isStream of [false, true]) {
    const answer = await chat({ stream: isStream }, bearer(web.text));
    assert.equal(answer.status, 200, answer.text);
    const id = answer.headers.get("x-generation-id")!;
    const shown = isStream ? JSON.parse(/data: (\{.*)/.exec(answer.text)![1]!).id : answer.json.id;
    await gateway.requestEvent(answer.headers.get("tb-request-id"));
    for (const name of [id, shown, answer.headers.get("tb-request-id")!]) {
      const { status, json, text } = await get(`/api/v1/generation?id=${name}`);
      assert.equal(status, 200, text);
      assert.deepEqual([json.data.model, json.data.provider_name, json.data.streamed, json.data.cancelled, json.data.tokens_prompt, json.data.tokens_completion],
        ["up/gpt-real", "up", isStream, false, 11, 7]);
      assert.ok(Math.abs(Date.parse(json.data.created_at) - Date.now()) < 60_000, json.data.created_at);
    }
    assert.equal((await get(`/api/v1/generation?id=${id}`, batch.text)).status, 404, "another's key finds nothing");
  }
  const missing = await get("/api/v1/generation?id=gen-nothing");
  assert.equal(missing.status, 404);
  assert.equal(missing.json.error.code, 404);
  assert.equal((await get("/api/v1/generation")).status, 400);
  const key = await get("/api/v1/key");
  assert.deepEqual([key.json.data.label, key.json.data.limit, key.json.data.limit_remaining, key.json.data.is_free_tier], ["web", null, null, false]);
  assert.deepEqual((await get("/api/v1/credits")).json, { data: { total_credits: 0, total_usage: 0 } });
  for (const path of ["/api/v1/key", "/api/v1/credits", "/api/v1/generation?id=x", "/api/v1/models"]) {
    const refused = await gateway.request({ method: "GET", path });
    assert.deepEqual([refused.status, refused.json.error.code], [401, 401], refused.text);
  }
});

scenario("suffixes are OpenRouter's: kept for it, taken off for others, never off an alias's model", async (stage) => {
  const { upstream, chat, gateway } = await playRouter(stage);
  for (const suffix of [":free", ":nitro", ":floor", ":online", ":exacto", ":thinking", ":extended"]) {
    const other = await chat({ model: `up/gpt${suffix}` });
    assert.equal(other.status, 200, other.text);
    assert.equal(other.headers.get("tb-warnings"), "dropped:model.suffix");
    assert.equal(upstream.requests.at(-1)!.json.model, "gpt");
    const own = await chat({ model: `openrouter/meta/llama${suffix}` });
    assert.equal(own.headers.get("tb-warnings"), undefined);
    assert.equal(upstream.requests.at(-1)!.json.model, `meta/llama${suffix}`);
  }
  for (const [model, warning] of [["odd", undefined], ["odd:free", "dropped:model.suffix"]] as const) {
    const alias = await chat({ model });
    assert.equal(alias.status, 200, alias.text);
    assert.equal(upstream.requests.at(-1)!.json.model, "thinker:thinking", "what the operator wrote stays");
    assert.equal(alias.headers.get("tb-warnings"), warning);
  }
  const unknown = await chat({ model: "up/gpt:latest" });
  assert.equal(unknown.status, 200);
  assert.equal(upstream.requests.at(-1)!.json.model, "gpt:latest");
  const strict = await chat({ model: "up/gpt:nitro" }, { "tb-strict": "error" });
  assert.equal(strict.status, 400, strict.text);
  assert.match(strict.json.error.message, /dropped:model\.suffix/);
  assert.equal((await chat({ model: "up/gpt:nitro" }, { "tb-strict": "ignore" })).headers.get("tb-warnings"), undefined);
  const elsewhere = await gateway.request({ body: { ...CHAT, model: "up/gpt:free" } });
  assert.equal(elsewhere.status, 200);
  assert.equal(upstream.requests.at(-1)!.json.model, "gpt:free", "only on OpenRouter's paths");
});

scenario("OpenRouter gets from every dialect what only it takes", async (stage) => {
  const { upstream, gateway } = await playRouter(stage);
  const answer = await gateway.request({ path: "/v1/messages", body: { model: "openrouter/a/b", max_tokens: 9, top_k: 5,
    messages: [{ role: "user", content: [{ type: "text", text: "hi", cache_control: { type: "ephemeral" } }] }] } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("tb-warnings"), undefined);
  const { json } = upstream.requests[0]!;
  assert.equal(json.top_k, 5);
  assert.deepEqual(json.messages[0].content[0].cache_control, { type: "ephemeral" });
});

scenario("models[] and provider{} are checked, go to OpenRouter as they are, and are named where they are lost", async (stage) => {
  const { upstream, chat } = await playRouter(stage);
  const routing = { models: ["a/b", "c/d"], provider: { order: ["x"], allow_fallbacks: false, sort: "price", max_price: { prompt: "1", completion: 2 }, x_new: 1 } };
  assert.equal((await chat({ model: "openrouter/a/b", ...routing, top_k: 5, messages: [{ role: "user", content: [
    { type: "text", text: "hi", cache_control: { type: "ephemeral" } }] }] })).status, 200);
  const { models, provider, top_k, messages } = upstream.requests.at(-1)!.json;
  assert.deepEqual({ models, provider }, routing);
  assert.deepEqual([top_k, messages[0].content[0].cache_control], [5, { type: "ephemeral" }]);
  const other = await chat(routing);
  assert.equal(other.status, 200, other.text);
  assert.deepEqual(other.headers.get("tb-warnings")?.split(", ").sort(), ["dropped:models", "dropped:provider"]);
  assert.deepEqual(Object.keys(upstream.requests.at(-1)!.json).sort(), ["messages", "model"]);
  const before = upstream.requests.length;
  for (const [body, param] of [
    [{ models: "a/b" }, "models"], [{ models: [5] }, "models"], [{ models: {} }, "models"],
    [{ provider: "x" }, "provider"], [{ provider: [] }, "provider"],
    [{ provider: { order: "x" } }, "provider.order"], [{ provider: { only: [1] } }, "provider.only"],
    [{ provider: { ignore: {} } }, "provider.ignore"], [{ provider: { quantizations: 4 } }, "provider.quantizations"],
    [{ provider: { allow_fallbacks: "no" } }, "provider.allow_fallbacks"], [{ provider: { require_parameters: 1 } }, "provider.require_parameters"],
    [{ provider: { data_collection: "maybe" } }, "provider.data_collection"], [{ provider: { sort: "luck" } }, "provider.sort"],
    [{ provider: { zdr: "yes" } }, "provider.zdr"], [{ provider: { max_price: 5 } }, "provider.max_price"],
  ] as const) {
    for (const model of ["up/gpt", "openrouter/a/b"]) {
      const answer = await chat({ model, ...body });
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.error.code, 400);
      assert.ok(answer.json.error.message.includes(param), `${param}: ${answer.text}`);
    }
  }
  assert.equal(upstream.requests.length, before, "the provider is not even asked");
});
