/* Errors with a status, in every shape that servers have for one. */

import { error } from "./invented.js";

const STATUSES = [400, 404, 409, 413, 422, 429, 500, 502, 503, 504];
const SHAPES: [string, (status: number) => unknown][] = [
  ["OpenAI's", () => ({ error: { message: "It says no.", type: "some_error", param: null, code: null } })],
  ["a number as code", (status) => ({ error: { message: "It says no.", code: status, metadata: { raw: "x" } } })],
  ["a string", () => ({ error: "It says no." })],
  ["FastAPI's", () => ({ detail: "It says no." })],
  ["a list in detail", () => ({ detail: [{ loc: ["body", "messages"], msg: "It says no.", type: "missing" }] })],
  ["Mistral's", (status) => ({ object: "error", message: { detail: [{ msg: "It says no." }] }, type: "invalid_request_error", code: String(status) })],
  ["a message alone", () => ({ message: "It says no." })],
  ["Cloudflare's", (status) => ({ success: false, errors: [{ code: status, message: "It says no." }], result: null })],
  ["a list of errors", (status) => [{ error: { code: status, message: "It says no.", status: "INVALID_ARGUMENT" } }]],
  ["null", () => null],
  ["nothing", () => undefined],
  ["a page", () => "<html><body><h1>It says no.</h1></body></html>"],
];

for (const status of [400, 429, 503]) for (const [shape, body] of SHAPES) error("openai", `${shape} error ${status}`, status, body(status));
for (const status of STATUSES) {
  error("anthropic", `Anthropic's error ${status}`, status, { type: "error", error: { type: "some_error", message: "It says no." }, request_id: "req_1" });
  error("responses", `OpenAI's error ${status}`, status, SHAPES[0]![1](status));
  error("gemini", `Google's error ${status}`, status, { error: { code: status, message: "It says no.", status: "SOME", details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }] } });
  error("bedrock", `AWS's error ${status}`, status, { message: "It says no." });
  error("cohere", `Cohere's error ${status}`, status, { id: "1", message: "It says no." });
  error("ollama", `Ollama's error ${status}`, status, { error: "It says no." });
}
