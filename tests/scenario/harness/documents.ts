/* The calls that one document answers, in every dialect that has them: what clients send and read, and what a scripted
 * provider of each kind reads and answers. All providers make the same vector of the same text, and the same score of the
 * same query and document, so that whoever asks whom, the client's numbers are known. */

import type { Response } from "./client.js";
import type { Request } from "./provider.js";

export interface Provided {
  kind: string;
  /** Behind the provider's address; OpenAI's kinds have /v1 there. */
  base: string;
  /** More lines of its configuration. */
  config?: string;
  model: string;
  target: string;
  /** Items of one request, at most. */
  limit: number;
  /** What the request asks about. */
  texts(request: Request): string[];
  answer(request: Request): unknown;
  /** Does its answer say how many tokens went in? */
  counts: boolean;
}

export const AWS_KEYS = "aws: {access_key_id: AKIA, secret_access_key: plain-secret}, region: eu-west-1";
const VERTEX = "project: p1, location: l1, api_key: token";
const PUBLISHER = "/v1/projects/p1/locations/l1/publishers/google/models";

// ---- embeddings ----

/** What every provider here makes of a text: numbers that a 32-bit float holds exactly. */
export function vectorOf(text: string): number[] {
  return [text.length / 4, (text.codePointAt(0) ?? 0) / 8, -0.5];
}

export function tokensOf(texts: string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

export interface EmbedClient {
  dialect: "openai" | "anthropic" | "gemini" | "bedrock" | "cohere" | "ollama";
  /** One text only. */
  isSingle: boolean;
  path(model: string): string;
  body(model: string, texts: string[], more?: object): unknown;
  vectors(answer: Response): number[][];
  tokens(answer: Response): number | undefined;
}

const openaiEmbed: EmbedClient = {
  dialect: "openai",
  isSingle: false,
  path: () => "/v1/embeddings",
  body: (model, input, more) => ({ model, input, ...more }),
  vectors: ({ json }) => json.data.map((item: any) => item.embedding),
  tokens: ({ json }) => json.usage?.prompt_tokens,
};

const geminiContent = (text: string) => ({ content: { parts: [{ text }] } });

export const EMBED_CLIENTS: Record<string, EmbedClient> = {
  openai: openaiEmbed,
  openrouter: { ...openaiEmbed, path: () => "/api/v1/embeddings" },
  cohere: {
    dialect: "cohere",
    isSingle: false,
    path: () => "/v2/embed",
    body: (model, texts, more) => ({ model, texts, input_type: "search_document", embedding_types: ["float"], ...more }),
    vectors: ({ json }) => json.embeddings.float,
    tokens: ({ json }) => json.meta?.billed_units?.input_tokens,
  },
  "gemini, in a batch": {
    dialect: "gemini",
    isSingle: false,
    path: (model) => `/v1beta/models/${model}:batchEmbedContents`,
    body: (model, texts, more) => ({ requests: texts.map((text) => ({ model: `models/${model}`, ...geminiContent(text), ...more })) }),
    vectors: ({ json }) => json.embeddings.map((item: any) => item.values),
    tokens: ({ json }) => json.usageMetadata?.promptTokenCount,
  },
  gemini: {
    dialect: "gemini",
    isSingle: true,
    path: (model) => `/v1beta/models/${model}:embedContent`,
    body: (_, texts, more) => ({ ...geminiContent(texts[0]!), ...more }),
    vectors: ({ json }) => [json.embedding.values],
    tokens: ({ json }) => json.usageMetadata?.promptTokenCount,
  },
  ollama: {
    dialect: "ollama",
    isSingle: false,
    path: () => "/api/embed",
    body: (model, input, more) => ({ model, input, ...more }),
    vectors: ({ json }) => json.embeddings,
    tokens: ({ json }) => json.prompt_eval_count,
  },
  "ollama's older call": {
    dialect: "ollama",
    isSingle: true,
    path: () => "/api/embeddings",
    body: (model, texts, more) => ({ model, prompt: texts[0], ...more }),
    vectors: ({ json }) => [json.embedding],
    tokens: () => undefined,
  },
};

/** Texts by where they stand in the request, vectors by where they stand in the answer. */
function embeds(more: Omit<Provided, "answer" | "counts"> & { counts?: boolean },
  wrap: (texts: string[], vectors: number[][], tokens: number, request: Request) => unknown): Provided {
  return {
    counts: true,
    ...more,
    answer: (request) => {
      const texts = more.texts(request);
      return wrap(texts, texts.map(vectorOf), tokensOf(texts), request);
    },
  };
}

const inputOf = ({ json }: Request): string[] => [json.input].flat();

function openaiAnswer(_: string[], vectors: number[][], tokens: number): unknown {
  return {
    object: "list", data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
    model: "emb-real", usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function cohereAnswer(texts: string[], float: number[][], tokens: number): unknown {
  return {
    id: "e-1", embeddings: { float }, texts, response_type: "embeddings_by_type",
    meta: { api_version: { version: "2" }, billed_units: { input_tokens: tokens } },
  };
}

export const EMBED_PROVIDERS: Record<string, Provided> = {
  openai: embeds({ kind: "openai", base: "/v1", model: "emb", target: "/v1/embeddings", limit: 2048, texts: inputOf }, openaiAnswer),
  cohere: embeds({ kind: "cohere", base: "", model: "emb", target: "/v2/embed", limit: 96, texts: ({ json }) => json.texts }, cohereAnswer),
  gemini: embeds({ kind: "gemini", base: "", model: "emb", target: "/v1beta/models/emb:batchEmbedContents", limit: 100, counts: false,
    texts: ({ json }) => (json.requests ?? [json]).map((one: any) => one.content.parts[0].text) },
  (_, vectors, __, { json }) => json.requests ? { embeddings: vectors.map((values) => ({ values })) } : { embedding: { values: vectors[0] } }),
  ollama: embeds({ kind: "ollama", base: "", model: "emb", target: "/api/embed", limit: 512,
    texts: ({ json }) => [json.input ?? json.prompt].flat() },
  (_, embeddings, tokens, { json }) => json.prompt !== undefined ? { embedding: embeddings[0] }
    : { model: "emb", embeddings, total_duration: 1, load_duration: 1, prompt_eval_count: tokens }),
  voyage: embeds({ kind: "voyage", base: "/v1", model: "emb", target: "/v1/embeddings", limit: 128, texts: inputOf },
    (_, vectors, tokens) => ({ object: "list", model: "emb", usage: { total_tokens: tokens },
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })).reverse() })),
  tei: embeds({ kind: "tei", base: "", model: "emb", target: "/embed", limit: 32, counts: false,
    texts: (request) => request.json.inputs ?? inputOf(request) },
  (texts, vectors, _, { json }) => json.inputs ? vectors : openaiAnswer(texts, vectors, 0)),
  "vertex text embeddings": embeds({ kind: "vertex", base: "", config: VERTEX, model: "text-embedding-005",
    target: `${PUBLISHER}/text-embedding-005:predict`, limit: 250, texts: ({ json }) => json.instances.map((one: any) => one.content) },
  (texts, vectors) => ({ predictions: vectors.map((values, i) =>
    ({ embeddings: { values, statistics: { truncated: false, token_count: texts[i]!.length } } })) })),
  "vertex gemini-embedding-001": embeds({ kind: "vertex", base: "", config: VERTEX, model: "gemini-embedding-001",
    target: `${PUBLISHER}/gemini-embedding-001:predict`, limit: 1, texts: ({ json }) => json.instances.map((one: any) => one.content) },
  (texts, vectors) => ({ predictions: vectors.map((values, i) =>
    ({ embeddings: { values, statistics: { truncated: false, token_count: texts[i]!.length } } })) })),
  "vertex gemini-embedding-2": embeds({ kind: "vertex", base: "", config: VERTEX, model: "gemini-embedding-2",
    target: `${PUBLISHER}/gemini-embedding-2:embedContent`, limit: 1, texts: ({ json }) => [json.content.parts[0].text] },
  (_, [values], promptTokenCount) => ({ embedding: { values }, usageMetadata: { promptTokenCount }, truncated: false })),
  "bedrock titan": embeds({ kind: "bedrock", base: "", config: AWS_KEYS, model: "amazon.titan-embed-text-v2:0",
    target: "/model/amazon.titan-embed-text-v2%3A0/invoke", limit: 1, texts: ({ json }) => [json.inputText] },
  (_, [embedding], inputTextTokenCount) => ({ embedding, embeddingsByType: { float: embedding }, inputTextTokenCount })),
  "bedrock nova": embeds({ kind: "bedrock", base: "", config: AWS_KEYS, model: "amazon.nova-2-multimodal-embeddings-v1:0",
    target: "/model/amazon.nova-2-multimodal-embeddings-v1%3A0/invoke", limit: 1, counts: false,
    texts: ({ json }) => [json.singleEmbeddingParams.text.value] },
  (_, [embedding]) => ({ embeddings: [{ embeddingType: "TEXT", embedding }] })),
  "bedrock cohere": embeds({ kind: "bedrock", base: "", config: AWS_KEYS, model: "cohere.embed-v4:0",
    target: "/model/cohere.embed-v4%3A0/invoke", limit: 96, counts: false, texts: ({ json }) => json.texts },
  (texts, float) => ({ id: "e-1", embeddings: { float }, response_type: "embeddings_by_type", texts })),
  azure: embeds({ kind: "azure", base: "", config: "api_version: 2024-10-21, api_key: k-1", model: "emb",
    target: "/openai/deployments/emb/embeddings?api-version=2024-10-21", limit: 2048, texts: inputOf }, openaiAnswer),
  "azure-v1": embeds({ kind: "azure-v1", base: "", config: "api_key: k-1", model: "emb", target: "/openai/v1/embeddings", limit: 2048,
    texts: inputOf }, openaiAnswer),
  mlflow: embeds({ kind: "mlflow", base: "", model: "emb", target: "/gateway/mlflow/v1/embeddings", limit: 2048, texts: inputOf }, openaiAnswer),
  kserve: embeds({ kind: "kserve", base: "", model: "emb", target: "/openai/v1/embeddings", limit: 2048, texts: inputOf }, openaiAnswer),
};

// ---- rerank ----

/** What every provider here thinks of a document: the longer, the better. */
export function scoreOf(document: string): number {
  return document.length / 64;
}

export interface Ranked {
  index: number;
  relevance_score: number;
}

/** All documents, best first; of equal ones the first. */
export function rankingOf(documents: string[]): Ranked[] {
  return documents.map((document, index) => ({ index, relevance_score: scoreOf(document) }))
    .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index);
}

function ranks(more: Omit<Provided, "answer">, wrap: (ranking: Ranked[], tokens: number) => unknown): Provided {
  return { ...more, answer: (request) => wrap(rankingOf(more.texts(request)), tokensOf(more.texts(request))) };
}

const documentsOf = ({ json }: Request): string[] => json.documents;

export const RERANK_CLIENTS: Record<string, { dialect: "openai" | "cohere"; path: string }> = {
  openai: { dialect: "openai", path: "/v1/rerank" },
  openrouter: { dialect: "openai", path: "/api/v1/rerank" },
  cohere: { dialect: "cohere", path: "/v2/rerank" },
};

export const RERANK_PROVIDERS: Record<string, Provided> = {
  jina: ranks({ kind: "openai-chat", base: "/v1", model: "rank", target: "/v1/rerank", limit: 65536, counts: true, texts: documentsOf },
    (results, total_tokens) => ({ model: "rank", object: "list", usage: { total_tokens }, results })),
  cohere: ranks({ kind: "cohere", base: "", model: "rank", target: "/v2/rerank", limit: 65536, counts: false, texts: documentsOf },
    (results) => ({ id: "r-1", results, meta: { api_version: { version: "2" }, billed_units: { search_units: 1 } } })),
  voyage: ranks({ kind: "voyage", base: "/v1", model: "rank", target: "/v1/rerank", limit: 65536, counts: true, texts: documentsOf },
    (data, total_tokens) => ({ object: "list", data, model: "rank", usage: { total_tokens } })),
  tei: ranks({ kind: "tei", base: "", model: "rank", target: "/rerank", limit: 32, counts: false, texts: ({ json }) => json.texts },
    (ranking) => ranking.map(({ index, relevance_score }) => ({ index, score: relevance_score }))),
  "bedrock cohere": ranks({ kind: "bedrock", base: "", config: AWS_KEYS, model: "cohere.rerank-v3-5:0",
    target: "/model/cohere.rerank-v3-5%3A0/invoke", limit: 65536, counts: false, texts: documentsOf }, (results) => ({ results })),
  "bedrock amazon": ranks({ kind: "bedrock", base: "", config: AWS_KEYS, model: "amazon.rerank-v1:0",
    target: "/model/amazon.rerank-v1%3A0/invoke", limit: 65536, counts: false, texts: documentsOf }, (results) => ({ results })),
  vertex: ranks({ kind: "vertex", base: "", config: VERTEX, model: "semantic-ranker-default@latest",
    target: "/v1/projects/p1/locations/l1/rankingConfigs/default_ranking_config:rank", limit: 65536, counts: false,
    texts: ({ json }) => json.records.map((one: any) => one.content) },
  (ranking) => ({ records: ranking.map(({ index, relevance_score }) => ({ id: String(index), score: relevance_score })) })),
};
