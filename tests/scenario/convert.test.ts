/* Operations that one document answers, from every client dialect to every kind of provider: embeddings, rerank and token
 * counts; what is batched, lost, refused, and how a provider's failure is told. */

import * as assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";
import { CohereClientV2 } from "cohere-ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { DIALECTS, EMBED_CLIENTS, EMBED_PROVIDERS, RERANK_CLIENTS, RERANK_PROVIDERS, rankingOf, scenario, tokensOf, vectorOf,
  type Failure, type Provided, type Provider, type Ranked, type Request, type Response, type Stage, type Throwbar } from "./harness.js";

const SERVER = `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
`;

interface Played {
  upstream: Provider;
  gateway: Throwbar;
  /** The client's name for a provider's model. */
  model(name: string): string;
  /** What the provider of this name has been asked, its own path in `target`. */
  asked(name: string): Request[];
  /** From now on every provider answers this. */
  fail(status: number, body: unknown, headers?: Record<string, string>): void;
}

/** A gateway with all of these providers, played by one server below a path for each. */
async function play({ provider, throwbar }: Stage, providers: Record<string, Provided>): Promise<Played> {
  const names = Object.keys(providers);
  const upstream = await provider();
  const pathOf = (name: string) => `/p${names.indexOf(name)}`;
  const nameOf = (request: Request) => names[Number(/^\/p(\d+)\//.exec(request.target)![1])]!;
  let failure: [number, unknown, Record<string, string>?] | undefined;
  upstream.answer((request, conn) => failure ? conn.sendJson(...failure)
    : conn.sendJson(200, providers[nameOf(request)]!.answer(request)));
  const origin = upstream.url.slice(0, -"/v1".length);
  const lines = names.map((name) => {
    const { kind, base, config } = providers[name]!;
    return `  ${pathOf(name).slice(1)}: {kind: ${kind}, base_url: "${origin}${pathOf(name)}${base}"${config === undefined ? "" : `, ${config}`}}\n`;
  });
  return {
    upstream,
    gateway: await throwbar(`${SERVER}providers:\n${lines.join("")}`),
    model: (name) => `${pathOf(name).slice(1)}/${providers[name]!.model}`,
    asked: (name) => upstream.requests.filter((request) => nameOf(request) === name)
      .map((request) => ({ ...request, json: request.json, target: request.target.slice(pathOf(name).length) })),
    fail: (...answer) => (failure = answer),
  };
}

/** One provider of them, and a gateway. */
function playOne(stage: Stage, providers: Record<string, Provided>, name: string): Promise<Played> {
  return play(stage, { [name]: providers[name]! });
}

/** What a client of this dialect is told, in the dialect's own shape. */
function failureOf(dialect: string, answer: Response): Failure {
  if (dialect !== "openai") return DIALECTS[dialect]!.failureOf(answer);
  assert.match(answer.json.error.gateway.code, /^TB-[1-5][0-9]{3}$/);
  return { message: answer.json.error.message, gateway: answer.json.error.gateway };
}

// ---- embeddings ----

const TEXTS = ["one", "twoo", "ä€😀"];

scenario("every client gets the same vectors from every provider", async (stage) => {
  const { gateway, model, asked } = await play(stage, EMBED_PROVIDERS);
  for (const [clientName, client] of Object.entries(EMBED_CLIENTS)) {
    for (const [name, provider] of Object.entries(EMBED_PROVIDERS)) {
      const what = `${clientName} -> ${name}`;
      const texts = client.isSingle ? TEXTS.slice(2) : TEXTS;
      const before = asked(name).length;
      const answer = await gateway.request({ path: client.path(model(name)), body: client.body(model(name), texts) });
      assert.equal(answer.status, 200, `${what}: ${answer.text}`);
      assert.deepEqual(client.vectors(answer), texts.map(vectorOf), what);
      const tokens = client.tokens(answer);
      if (tokens !== undefined) assert.equal(tokens, provider.counts ? tokensOf(texts) : 0, what);
      const requests = asked(name).slice(before);
      assert.deepEqual(requests.flatMap((request) => provider.texts(request)), texts, what);
      assert.equal((await gateway.requestEvent(answer.headers.get("tb-request-id")))["input_tokens"] ?? 0,
        provider.counts && (tokens !== undefined || name !== "ollama") ? tokensOf(texts) : 0, what);
    }
  }
});

scenario("more inputs than a provider takes are as many requests as it needs, joined in order", async (stage) => {
  const texts = Array.from({ length: 300 }, (_, i) => "x".repeat(1 + (i % 9)) + i);
  const { gateway, model, asked } = await play(stage, EMBED_PROVIDERS);
  const client = EMBED_CLIENTS["cohere"]!;
  for (const [name, provider] of Object.entries(EMBED_PROVIDERS).filter(([name]) => name !== "cohere")) {
    const answer = await gateway.request({ path: client.path(""), body: client.body(model(name), texts) });
    assert.equal(answer.status, 200, `${name}: ${answer.text.slice(0, 300)}`);
    assert.deepEqual(client.vectors(answer), texts.map(vectorOf), name);
    assert.equal(client.tokens(answer) ?? 0, provider.counts ? tokensOf(texts) : 0, name);
    const sizes = asked(name).map((request) => provider.texts(request).length);
    assert.equal(sizes.length, Math.ceil(300 / provider.limit), name);
    assert.ok(sizes.every((size, i) => size === Math.min(provider.limit, 300 - i * provider.limit)), `${name}: ${sizes}`);
    assert.ok(asked(name).every((request) => request.target === provider.target), name);
  }
});

scenario("base64 is what the provider's numbers are as little-endian 32-bit floats", async (stage) => {
  const { gateway, model } = await playOne(stage, EMBED_PROVIDERS, "cohere");
  const ask = (path: string, body: object) => gateway.request({ path, body: { model: model("cohere"), ...body } });
  const floatsOf = (text: string) => {
    const bytes = Buffer.from(text, "base64");
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  };
  const openai = await ask("/v1/embeddings", { input: TEXTS, encoding_format: "base64" });
  assert.deepEqual(openai.json.data.map((item: any) => floatsOf(item.embedding)), TEXTS.map(vectorOf));
  const plain = await ask("/v1/embeddings", { input: "one", encoding_format: "float" });
  assert.deepEqual(plain.json, {
    object: "list", data: [{ object: "embedding", index: 0, embedding: vectorOf("one") }], model: model("cohere"),
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
  const wrong = await ask("/v1/embeddings", { input: "one", encoding_format: "int8" });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.json.error.param, "encoding_format");
});

scenario("a Cohere client may have both forms of a vector from another's provider, and is told of those there are not", async (stage) => {
  const { gateway, model } = await playOne(stage, EMBED_PROVIDERS, "openai");
  const ask = (body: object) => gateway.request({ path: "/v2/embed", body: { model: model("openai"), input_type: "search_query", ...body } });
  const both = await ask({ texts: ["one"], embedding_types: ["float", "base64"] });
  assert.equal(both.status, 200, both.text);
  assert.deepEqual(both.json.embeddings.float, [vectorOf("one")]);
  assert.equal(Buffer.from(both.json.embeddings.base64[0], "base64").readFloatLE(8), -0.5);
  assert.deepEqual(both.json.texts, ["one"]);
  assert.equal(both.json.response_type, "embeddings_by_type");
  assert.equal(both.headers.get("tb-warnings"), "dropped:input_type");
  const typed = await ask({ inputs: [{ content: [{ type: "text", text: "on" }, { type: "text", text: "e" }] }] });
  assert.deepEqual(typed.json.embeddings.float, [vectorOf("one")], typed.text);
  for (const [body, field] of [
    [{ texts: ["one"], embedding_types: ["int8"] }, "embedding_types"],
    [{ images: ["data:image/png;base64,AA=="] }, "images"],
    [{ inputs: [{ content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }] }] }, "inputs"],
    [{ texts: ["one"], truncate: "SOMEWHERE" }, "truncate"],
    [{ texts: [] }, "texts"],
    [{}, "texts"],
  ] as const) {
    const answer = await ask(body);
    assert.equal(answer.status, 400, answer.text);
    assert.match(failureOf("cohere", answer).message, new RegExp(field), answer.text);
  }
});

scenario("how many dimensions, what for, and what to do with what is too long, in each provider's words", async (stage) => {
  const { gateway, model, asked } = await play(stage, EMBED_PROVIDERS);
  const said: Record<string, object> = {
    cohere: { output_dimension: 2, input_type: "search_query", truncate: "START" },
    ollama: { dimensions: 2, truncate: true },
    voyage: { output_dimension: 2, input_type: "query", truncation: true },
    tei: { dimensions: 2, truncate: true },
    "bedrock titan": { dimensions: 2 },
    "bedrock cohere": { output_dimension: 2, input_type: "search_query", truncate: "START" },
  };
  for (const [name, members] of Object.entries(said)) {
    const answer = await gateway.request({ path: "/v2/embed",
      body: { model: model(name), texts: ["one"], input_type: "search_query", output_dimension: 2, truncate: "START" } });
    assert.equal(answer.status, 200, answer.text);
    const { json } = asked(name)[0]!;
    for (const [key, value] of Object.entries(members)) assert.deepEqual(json[key], value, `${name}: ${key}`);
  }
  await gateway.request({ path: "/v2/embed", body: { model: model("gemini"), texts: ["one"], input_type: "search_query", output_dimension: 2 } });
  assert.deepEqual(asked("gemini")[0]!.json.requests[0], {
    model: "models/emb", content: { parts: [{ text: "one" }] }, taskType: "RETRIEVAL_QUERY", outputDimensionality: 2,
  });
  const vertex = "vertex text embeddings";
  await gateway.request({ path: `/v1beta/models/${model(vertex)}:embedContent`,
    body: { content: { parts: [{ text: "one" }] }, taskType: "RETRIEVAL_DOCUMENT", title: "Title", outputDimensionality: 2 } });
  assert.deepEqual(asked(vertex)[0]!.json, {
    instances: [{ content: "one", task_type: "RETRIEVAL_DOCUMENT", title: "Title" }], parameters: { outputDimensionality: 2 },
  });
  const nova = "bedrock nova";
  await gateway.request({ path: "/v1/embeddings", body: { model: model(nova), input: "one", dimensions: 256 } });
  assert.deepEqual(asked(nova)[0]!.json, {
    taskType: "SINGLE_EMBEDDING",
    singleEmbeddingParams: { embeddingPurpose: "GENERIC_INDEX", embeddingDimension: 256, text: { truncationMode: "END", value: "one" } },
  });
});

scenario("a Gemini vector that was cut has length one again", async (stage) => {
  const { gateway, model } = await playOne(stage, EMBED_PROVIDERS, "gemini");
  const answer = await gateway.request({ path: "/v1/embeddings", body: { model: model("gemini"), input: "one", dimensions: 3 } });
  const vector: number[] = answer.json.data[0].embedding;
  const length = Math.hypot(...vectorOf("one"));
  assert.ok(vector.every((n, i) => Math.abs(n - vectorOf("one")[i]! / length) < 1e-6), String(vector));
});

scenario("tokens go to OpenAI as they are, and nowhere else", async (stage) => {
  const openai = { ...EMBED_PROVIDERS["openai"]!, answer: () => ({ object: "list", data: [], model: "emb", usage: { prompt_tokens: 3, total_tokens: 3 } }) };
  const { gateway, model, asked } = await play(stage, { ...EMBED_PROVIDERS, openai });
  for (const input of [[1, 2, 3], [[1, 2], [3]]]) {
    const relayed = await gateway.request({ path: "/v1/embeddings", body: { model: model("openai"), input } });
    assert.equal(relayed.status, 200, relayed.text);
    assert.deepEqual(asked("openai").at(-1)!.json.input, input);
    for (const name of Object.keys(EMBED_PROVIDERS).filter((name) => EMBED_PROVIDERS[name]!.limit < 2048 && name !== "tei")) {
      const answer = await gateway.request({ path: "/v1/embeddings", body: { model: model(name), input } });
      assert.equal(answer.status, 400, `${name}: ${answer.text}`);
      assert.equal(answer.json.error.param, "input");
      assert.match(answer.json.error.message, /Tokens can be embedded by OpenAI's models only/);
      assert.equal(asked(name).length, 0, `${name} is not even asked`);
    }
  }
});

scenario("inputs that make no sense are refused by the name of the member", async (stage) => {
  const name = "bedrock titan";
  const { gateway, model, upstream } = await playOne(stage, EMBED_PROVIDERS, name);
  const wrong: [string, object, string][] = [
    ["openai", { input: [] }, "input"],
    ["openai", { input: 5 }, "input"],
    ["openai", { input: [{}] }, "input"],
    ["openai", { input: [[]] }, "input"],
    ["openai", { input: "a", dimensions: 0 }, "dimensions"],
    ["openai", { input: "a", dimensions: "2" }, "dimensions"],
    ["openai", { input: "a", user: 5 }, "user"],
    ["ollama", { input: [5] }, "input"],
    ["ollama", { input: "a", truncate: "yes" }, "truncate"],
    ["ollama's older call", { prompt: ["a"] }, "prompt"],
    ["gemini", { content: { parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }] } }, "content"],
    ["gemini", { content: null }, "content"],
    ["gemini, in a batch", { requests: [] }, "requests"],
    ["gemini, in a batch", { requests: [{ content: { parts: [{ text: "a" }] }, taskType: 5 }] }, "requests\\[0\\].taskType"],
    ["gemini, in a batch", { requests: [{ content: { parts: [{ text: "a" }] }, taskType: "CLUSTERING" },
      { content: { parts: [{ text: "b" }] } }] }, "requests\\[1\\].taskType"],
  ];
  for (const [clientName, members, field] of wrong) {
    const { dialect, path } = EMBED_CLIENTS[clientName]!;
    const body = dialect === "gemini" ? members : { model: model(name), ...members };
    const answer = await gateway.request({ path: path(model(name)), body });
    assert.equal(answer.status, 400, `${clientName} ${JSON.stringify(members)}: ${answer.text}`);
    assert.match(failureOf(dialect, answer).message, new RegExp(field));
  }
  assert.equal(upstream.requests.length, 0, "the provider is not even asked");
});

scenario("settings that a provider has no room for are named, and refused where the caller is strict", async (stage) => {
  const { gateway, model, upstream } = await play(stage, EMBED_PROVIDERS);
  const ask = (clientName: string, provider: string, more: object, strict: string) => {
    const client = EMBED_CLIENTS[clientName]!;
    return gateway.request({ path: client.path(model(provider)), body: client.body(model(provider), ["one"], more), headers: { "tb-strict": strict } });
  };
  const lost: [string, string, object, string[]][] = [
    ["openai", "cohere", { user: "u-1", x_new: 5 }, ["dropped:user", "dropped:x_new"]],
    ["cohere", "bedrock titan", { truncate: "END" }, ["dropped:input_type", "dropped:truncate"]],
    ["gemini", "openai", { taskType: "CLUSTERING", title: "T" }, ["dropped:taskType", "dropped:title"]],
    ["gemini", "cohere", { taskType: "SEMANTIC_SIMILARITY" }, ["clamped:taskType"]],
    ["ollama", "openai", { truncate: true, keep_alive: "5m", options: {} }, ["dropped:keep_alive", "dropped:options", "dropped:truncate"]],
  ];
  for (const [client, provider, more, warnings] of lost) {
    const answer = await ask(client, provider, more, "warn");
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.headers.get("tb-warnings")?.split(", ").sort(), warnings, `${client} -> ${provider}`);
    const before = upstream.requests.length;
    const refused = await ask(client, provider, more, "error");
    assert.equal(refused.status, 400, refused.text);
    assert.ok(failureOf(EMBED_CLIENTS[client]!.dialect, refused).message.includes(warnings[0]!), refused.text);
    assert.equal((await ask(client, provider, more, "ignore")).headers.get("tb-warnings"), undefined);
    const wrong = await ask(client, provider, more, "yes");
    assert.equal(wrong.status, 400, wrong.text);
    assert.match(failureOf(EMBED_CLIENTS[client]!.dialect, wrong).message, /tb-strict/);
    assert.equal(upstream.requests.length, before + 1, "the provider is not even asked");
  }
});

scenario("a provider that lacks a vector, or sends something else, has failed", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const answers: [unknown, RegExp][] = [
    [{ embeddings: { float: [[1]] } }, /lacks the embedding of input 1/],
    [{ embeddings: { float: [[1], ["x"]] } }, /lacks the embedding of input 1/],
    [{ embeddings: { float: [[1], []] } }, /lacks the embedding of input 1/],
    [{ embeddings: {} }, /lacks the embedding of input 0/],
    [[], /lacks the embedding of input 0/],
    ["{\"embeddings\":", /not valid JSON/],
  ];
  upstream.answer((_, conn) => {
    const [body] = answers[upstream.requests.length - 1]!;
    return typeof body === "string" ? conn.sendBody(200, "application/json", body) : conn.sendJson(200, body);
  });
  const gateway = await throwbar(`${SERVER}providers:\n  up: {kind: cohere, base_url: "${upstream.url.slice(0, -3)}"}\n`);
  for (const [, message] of answers) {
    const answer = await gateway.request({ path: "/api/embed", body: { model: "up/emb", input: ["a", "b"] } });
    assert.equal(answer.status, 502, answer.text);
    assert.match(failureOf("ollama", answer).message, message);
  }
});

scenario("a provider's failure is told in the client's own shape, and ends a batch", async (stage) => {
  const { gateway, model, fail } = await play(stage, EMBED_PROVIDERS);
  const failures: Record<string, [number, unknown]> = {
    openai: [429, { error: { message: "slow down", type: "rate_limit", code: null, param: null } }],
    cohere: [429, { id: "x", message: "slow down" }],
    gemini: [429, { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } }],
    ollama: [429, { error: "slow down" }],
    voyage: [429, { detail: "slow down" }],
    tei: [429, { error: "slow down", error_type: "overloaded" }],
    "vertex text embeddings": [429, { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } }],
    "bedrock titan": [429, { message: "slow down" }],
  };
  for (const [name, [status, body]] of Object.entries(failures)) {
    fail(status, body, { "retry-after": "7" });
    for (const [clientName, client] of Object.entries(EMBED_CLIENTS)) {
      const answer = await gateway.request({ path: client.path(model(name)), body: client.body(model(name), ["one"]) });
      assert.equal(answer.status, 429, `${clientName} -> ${name}: ${answer.text}`);
      assert.match(failureOf(client.dialect, answer).message, /slow down/, `${clientName} -> ${name}: ${answer.text}`);
      assert.equal(answer.headers.get("retry-after"), "7", `${clientName} -> ${name}`);
    }
  }
});

scenario("a batch ends with the first failure", async (stage) => {
  const titan = EMBED_PROVIDERS["bedrock titan"]!;
  const { gateway, model, asked } = await play(stage, { titan: { ...titan, answer: (request) =>
    request.json.inputText === "b" ? { message: "no embedding here" } : titan.answer(request) } });
  const answer = await gateway.request({ path: "/v1/embeddings", body: { model: model("titan"), input: ["a", "b", "c"] } });
  assert.equal(answer.status, 502, answer.text);
  assert.match(answer.json.error.message, /lacks the embedding of input 1/);
  assert.deepEqual(asked("titan").map((request) => request.json.inputText), ["a", "b"]);
});

scenario("official SDKs get each other's vectors", async (stage) => {
  const { gateway, model } = await play(stage, EMBED_PROVIDERS);
  for (const name of ["openai", "cohere", "gemini", "ollama", "voyage", "bedrock titan"]) {
    if (name !== "openai") { // relayed, the SDK would have to get base64 from the script
      const openai = await new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "k", maxRetries: 0 }).embeddings.create({ model: model(name), input: TEXTS });
      assert.deepEqual(openai.data.map((item) => item.embedding), TEXTS.map(vectorOf), name);
    }
    const cohere = await new CohereClientV2({ environment: gateway.url, token: "k" }).embed({
      model: model(name), texts: TEXTS, inputType: "search_document", embeddingTypes: ["float"] }, { maxRetries: 0 });
    assert.deepEqual(cohere.embeddings.float, TEXTS.map(vectorOf), name);
    const google = await new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: gateway.url } }).models.embedContent({ model: model(name), contents: TEXTS });
    assert.deepEqual(google.embeddings?.map((one) => one.values), TEXTS.map(vectorOf), name);
    const ollama = await new Ollama({ host: gateway.url }).embed({ model: model(name), input: TEXTS });
    assert.deepEqual(ollama.embeddings, TEXTS.map(vectorOf), name);
  }
});

// ---- rerank ----

const DOCUMENTS = ["four", "seventeen letters", "a", "nine char"];

function rankedOf(answer: Response): Ranked[] {
  assert.equal(answer.status, 200, answer.text);
  return answer.json.results.map(({ index, relevance_score }: Ranked) => ({ index, relevance_score }));
}

scenario("every client gets the same ranking from every provider", async (stage) => {
  const { gateway, model, asked } = await play(stage, RERANK_PROVIDERS);
  for (const [clientName, client] of Object.entries(RERANK_CLIENTS)) {
    for (const [name, provider] of Object.entries(RERANK_PROVIDERS)) {
      const answer = await gateway.request({ path: client.path, body: { model: model(name), query: "which", documents: DOCUMENTS } });
      assert.deepEqual(rankedOf(answer), rankingOf(DOCUMENTS), `${clientName} -> ${name}`);
      const request = asked(name).at(-1)!;
      assert.equal(request.target, provider.target);
      assert.deepEqual(provider.texts(request), DOCUMENTS);
      assert.equal(request.json.query, "which");
    }
  }
});

scenario("the best few, with their documents, from those who cannot be asked for them", async (stage) => {
  const { gateway, model, asked } = await play(stage, RERANK_PROVIDERS);
  const documents = ["four", { text: "seventeen letters", id: 7 }, "a"];
  for (const name of Object.keys(RERANK_PROVIDERS).filter((name) => name !== "jina")) {
    const answer = await gateway.request({ path: "/v1/rerank",
      body: { model: model(name), query: "which", documents, top_n: 2, return_documents: true } });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.results.map((r: any) => [r.index, r.document]), [[1, documents[1]], [0, { text: "four" }]], name);
  }
  const few: Record<string, object> = { cohere: { top_n: 2 }, voyage: { top_k: 2 }, "bedrock cohere": { top_n: 2, api_version: 2 },
    "bedrock amazon": { top_n: 2 }, vertex: { topN: 2 } };
  for (const [name, members] of Object.entries(few))
    for (const [key, value] of Object.entries(members)) assert.deepEqual(asked(name)[0]!.json[key], value, name);
});

scenario("documents beyond what TEI takes are scored in parts and ranked together", async (stage) => {
  const documents = Array.from({ length: 100 }, (_, i) => "x".repeat(1 + ((i * 37) % 64)));
  const { gateway, model, asked } = await playOne(stage, RERANK_PROVIDERS, "tei");
  const answer = await gateway.request({ path: "/v2/rerank", body: { model: model("tei"), query: "q", documents, top_n: 40 } });
  assert.deepEqual(rankedOf(answer), rankingOf(documents).slice(0, 40));
  assert.deepEqual(asked("tei").map((request) => request.json.texts.length), [32, 32, 32, 4]);
});

scenario("Cohere's SDK reranks with others' providers", async (stage) => {
  const { gateway, model } = await play(stage, RERANK_PROVIDERS);
  for (const name of ["jina", "cohere", "voyage", "tei"]) {
    const answer = await new CohereClientV2({ environment: gateway.url, token: "k" })
      .rerank({ model: model(name), query: "which", documents: DOCUMENTS, topN: 3 }, { maxRetries: 0 });
    assert.deepEqual(answer.results.slice(0, 3).map((r) => r.index), rankingOf(DOCUMENTS).slice(0, 3).map((r) => r.index), name);
    assert.equal(typeof answer.id, "string");
  }
});

scenario("rerank: what is wrong is named, what is lost is said, what failed is told in the client's shape", async (stage) => {
  const { gateway, model, upstream, fail } = await play(stage, RERANK_PROVIDERS);
  const ask = (path: string, name: string, more: object, headers = {}) => gateway.request({ path, headers,
    body: { model: model(name), query: "which", documents: DOCUMENTS, ...more } });
  for (const [more, field] of [
    [{ query: 5 }, "query"], [{ query: undefined }, "query"], [{ documents: [] }, "documents"], [{ documents: [5] }, "documents"],
    [{ documents: "a" }, "documents"], [{ top_n: 0 }, "top_n"], [{ top_n: "2" }, "top_n"], [{ return_documents: 1 }, "return_documents"],
  ] as const) {
    const answer = await ask("/v1/rerank", "tei", more);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json.error.param, field);
    const cohere = await ask("/v2/rerank", "tei", more);
    assert.equal(cohere.status, 400);
    assert.match(failureOf("cohere", cohere).message, new RegExp(field));
  }
  assert.equal(upstream.requests.length, 0);
  const lost = await ask("/v2/rerank", "voyage", { max_tokens_per_doc: 9, priority: 1 });
  assert.deepEqual(lost.headers.get("tb-warnings")?.split(", ").sort(), ["dropped:max_tokens_per_doc", "dropped:priority"]);
  assert.equal((await ask("/v2/rerank", "voyage", { max_tokens_per_doc: 9 }, { "tb-strict": "error" })).status, 400);
  for (const [body, status, message] of [
    [{ results: [{ index: 9, relevance_score: 1 }] }, 502, /a document that nobody sent/],
    [{ results: [{ index: -1, relevance_score: 1 }] }, 502, /lacks its position or its score/],
    [{ results: [{ index: 0 }] }, 502, /lacks its position or its score/],
    [{}, 502, /has no results/],
    [{ message: "slow down" }, 429, /slow down/],
  ] as const) {
    fail(status === 502 ? 200 : status, body);
    for (const [path, dialect] of [["/v1/rerank", "openai"], ["/v2/rerank", "cohere"]] as const) {
      const answer = await ask(path, "bedrock cohere", {});
      assert.equal(answer.status, status, answer.text);
      assert.match(failureOf(dialect, answer).message, message);
    }
  }
});
