/* The dialects besides OpenAI's as their providers speak them: paths, a request that holds what no schema knows, a whole
 * answer, a stream frame by frame, and what their errors look like. All answers say "Hello ä€😀" and count the same. */

import * as assert from "node:assert/strict";
import { sseEvents, type Response } from "./client.js";
import { eventFrame, exceptionFrame, readFrames } from "./event_stream.js";

export interface Failure {
  message: string;
  gateway: any;
}

export interface Spoken {
  /** Of the provider that speaks it. */
  kind: string;
  /** What a client asks for. */
  path(model: string, isStream: boolean): string;
  /** A request's body as text, with spaces and escapes of its own. */
  body(model: string, isStream: boolean): string;
  /** The header in which the credential goes, and what stands before it. */
  credential: [string, string];
  whole: string;
  streamType: string;
  /** A whole stream. */
  frames: Buffer[];
  /** How many of them are no whole answer yet. */
  cut: number;
  /** The provider's own error inside of a stream; it says "boom". */
  failure: Buffer;
  /** An error answer, checked for its shape. */
  failureOf(answer: Response): Failure;
  /** The error that ends a stream. */
  lastFailure(stream: Buffer): Failure;
}

export const TEXT = "Hello ä€😀";
export const TOKENS = { input_tokens: 11, output_tokens: 7 };

function named(type: string, data: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
}

function data(value: unknown): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\r\n\r\n`);
}

function line(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function lastEvent(stream: Buffer): any {
  return JSON.parse(sseEvents(stream.toString("utf8")).at(-1)!.data);
}

function failure(message: unknown, gateway: unknown): Failure {
  assert.equal(typeof message, "string");
  assert.match((gateway as any).code, /^TB-[1-5][0-9]{3}$/);
  return { message: message as string, gateway };
}

const [BEFORE, AFTER] = ['{ "x_unknown" : [1.0e+2, {"model":"inner"}],\n ', '"a\\u00e9\\/b"'];

const anthropic: Spoken = {
  kind: "anthropic",
  path: () => "/v1/messages",
  body: (model, isStream) => `${BEFORE}"max_tokens":9,"model" : "${model}" ,"stream":${isStream},"messages":[{"role":"user","content":${AFTER}}]}`,
  credential: ["x-api-key", ""],
  whole: `{"id":"msg_1", "type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"${TEXT}"}],
 "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":7},"x_new":1.50}`,
  streamType: "text/event-stream",
  frames: [
    named("message_start", { message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null,
      stop_sequence: null, usage: { input_tokens: 11, output_tokens: 1 } } }),
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    named("ping", {}),
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hel" } }),
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text: "lo ä€😀" } }),
    named("content_block_stop", { index: 0 }),
    named("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 7 } }),
    named("message_stop", {}),
  ],
  cut: 5,
  failure: named("error", { error: { type: "overloaded_error", message: "boom" } }),
  failureOf: ({ json, headers }) => {
    assert.equal(json.type, "error");
    assert.equal(typeof json.error.type, "string");
    assert.equal(headers.get("request-id"), json.request_id);
    return failure(json.error.message, json.error.gateway);
  },
  lastFailure: (stream) => {
    assert.equal(sseEvents(stream.toString("utf8")).at(-1)!.event, "error");
    const { type, error } = lastEvent(stream);
    assert.equal(type, "error");
    return failure(error.message, error.gateway);
  },
};

const candidate = (text: string, more: object = {}) => ({ content: { parts: [{ text }], role: "model" }, index: 0, ...more });
const GEMINI_USAGE = { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 };

function geminiFailure({ error }: any): Failure {
  assert.equal(typeof error.code, "number");
  assert.match(error.status, /^[A-Z_]+$/);
  return failure(error.message, error.gateway);
}

const gemini: Spoken = {
  kind: "gemini",
  path: (model, isStream) => `/v1beta/models/${model}:${isStream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: () => `${BEFORE}"contents":[{"role":"user","parts":[{"text":${AFTER}}]}]}`,
  credential: ["x-goog-api-key", ""],
  whole: JSON.stringify({ candidates: [candidate(TEXT, { finishReason: "STOP" })], usageMetadata: GEMINI_USAGE, xNew: 1 }, null, 2),
  streamType: "text/event-stream",
  frames: [
    data({ candidates: [candidate("Hel")], usageMetadata: { promptTokenCount: 11 }, modelVersion: "m" }),
    data({ candidates: [candidate("lo ä€😀", { finishReason: "STOP" })], usageMetadata: GEMINI_USAGE, modelVersion: "m" }),
  ],
  cut: 1,
  failure: data({ error: { code: 503, message: "boom", status: "UNAVAILABLE" } }),
  failureOf: ({ json, status }) => {
    assert.equal(json.error.code, status);
    return geminiFailure(json);
  },
  lastFailure: (stream) => geminiFailure(lastEvent(stream)),
};

const bedrock: Spoken = {
  kind: "bedrock",
  path: (model, isStream) => `/model/${encodeURIComponent(model)}/converse${isStream ? "-stream" : ""}`,
  body: () => `${BEFORE}"messages":[{"role":"user","content":[{"text":${AFTER}}]}]}`,
  credential: ["authorization", "Bearer "],
  whole: JSON.stringify({ output: { message: { role: "assistant", content: [{ text: TEXT }] } }, stopReason: "end_turn",
    usage: { inputTokens: 11, outputTokens: 7, totalTokens: 18 }, metrics: { latencyMs: 5 }, xNew: 1 }),
  streamType: "application/vnd.amazon.eventstream",
  frames: [
    eventFrame("messageStart", { role: "assistant", p: "ab" }),
    eventFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hel" }, p: "abc" }),
    eventFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "lo ä€😀" } }),
    eventFrame("contentBlockStop", { contentBlockIndex: 0 }),
    eventFrame("messageStop", { stopReason: "end_turn" }),
    eventFrame("metadata", { usage: { inputTokens: 11, outputTokens: 7, totalTokens: 18 }, metrics: { latencyMs: 5 } }),
  ],
  cut: 3,
  failure: exceptionFrame("throttlingException", { message: "boom" }),
  failureOf: ({ json, headers }) => {
    assert.match(headers.get("x-amzn-errortype") ?? "", /Exception$/);
    return failure(json.message, json.gateway);
  },
  lastFailure: (stream) => {
    const { headers, payload } = readFrames(stream).at(-1)!;
    assert.equal(headers[":message-type"], "exception");
    assert.match(headers[":exception-type"] ?? "", /Exception$/);
    const { message, gateway } = JSON.parse(payload.toString("utf8"));
    return failure(message, gateway);
  },
};

const COHERE_USAGE = { billed_units: { input_tokens: 4, output_tokens: 6 }, tokens: { input_tokens: 11, output_tokens: 7 } };

const cohere: Spoken = {
  kind: "cohere",
  path: () => "/v2/chat",
  body: (model, isStream) => `${BEFORE}"stream":${isStream},"messages":[{"role":"user","content":${AFTER}}], "model":"${model}"}`,
  credential: ["authorization", "Bearer "],
  whole: JSON.stringify({ id: "c-1", finish_reason: "COMPLETE", message: { role: "assistant", content: [{ type: "text", text: TEXT }] },
    usage: COHERE_USAGE, x_new: 1 }),
  streamType: "text/event-stream",
  frames: [
    named("message-start", { id: "c-1", delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } } }),
    named("content-start", { index: 0, delta: { message: { content: { type: "text", text: "" } } } }),
    named("content-delta", { index: 0, delta: { message: { content: { text: "Hel" } } } }),
    named("content-delta", { index: 0, delta: { message: { content: { text: "lo ä€😀" } } } }),
    named("content-end", { index: 0 }),
    named("message-end", { delta: { finish_reason: "COMPLETE", usage: COHERE_USAGE } }),
    Buffer.from("data: [DONE]\n\n"),
  ],
  cut: 4,
  failure: named("message-end", { delta: { finish_reason: "ERROR", error: "boom" } }),
  failureOf: ({ json }) => {
    assert.equal(typeof json.id, "string");
    return failure(json.message, json.gateway);
  },
  lastFailure: (stream) => {
    const { type, delta } = lastEvent(stream);
    assert.equal(type, "message-end");
    assert.match(delta.finish_reason, /^(ERROR|TIMEOUT)$/);
    return failure(delta.error, delta.gateway);
  },
};

const OLLAMA_COUNTS = { done_reason: "stop", prompt_eval_count: 11, eval_count: 7, total_duration: 5 };
const ollamaLine = (content: string, done: boolean, more: object = {}) =>
  ({ model: "m", created_at: "2026-01-02T03:04:05.678901234Z", message: { role: "assistant", content }, done, ...more });

const ollama: Spoken = {
  kind: "ollama",
  path: () => "/api/chat",
  // a stream is what is not refused
  body: (model, isStream) => `${BEFORE}"model":"${model}","messages":[{"role":"user","content":${AFTER}}]${isStream ? "" : ', "stream" : false'}}`,
  credential: ["authorization", "Bearer "],
  whole: JSON.stringify(ollamaLine(TEXT, true, { ...OLLAMA_COUNTS, x_new: 1 })),
  streamType: "application/x-ndjson",
  frames: [line(ollamaLine("Hel", false)), line(ollamaLine("lo ä€😀", false)), line(ollamaLine("", true, OLLAMA_COUNTS))],
  cut: 2,
  failure: line({ error: "boom" }),
  failureOf: ({ json }) => failure(json.error, json.gateway),
  lastFailure: (stream) => {
    const { error, gateway } = JSON.parse(stream.toString("utf8").trimEnd().split("\n").at(-1)!);
    return failure(error, gateway);
  },
};

export const DIALECTS: Record<string, Spoken> = { anthropic, gemini, bedrock, cohere, ollama };
