/* Two views of one answer, field by field: what the provider's own SDK read, and what a client's SDK got. */

import { isDeepStrictEqual } from "node:util";
import type { Dialect, Recording } from "./recordings.js";
import type { Seen } from "./seen.js";

export interface Field {
  name: string;
  wanted: unknown;
  got: unknown;
}

/* What a client's dialect has no place for, and what stands there instead. */
const LOSSES: Record<Dialect, Partial<Record<keyof Seen, true>>> = {
  openai: {},
  responses: {},
  anthropic: {},
  gemini: {},
  bedrock: { reasoningTokens: true }, // usage knows input, output and the cache
  cohere: { reasoningTokens: true }, // the same
  ollama: { reasoningTokens: true, cached: true }, // two counts
};

/** Parts of reasoning are joined with blank lines in dialects that know one text only. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, "");
}

/* How a dialect ends an answer that is a refusal in words. */
const REFUSED: Partial<Record<Dialect, string>> = { anthropic: "filter", gemini: "filter", bedrock: "filter", cohere: "stop", ollama: "stop" };

/** A call makes an end of any stop-like name an end for calls; no name at all is a stop. */
function settled(seen: Seen): string {
  const finish = seen.finish === "none" || seen.finish === "" ? "stop" : seen.finish;
  return finish === "stop" && seen.calls.length > 0 ? "tool" : finish;
}

/** Azure's Grok counts what was cached beside the input; a dialect that takes the parts out of the whole shows no less. */
function inputOf(seen: Seen, client: Dialect): number | undefined {
  const hasParts = client === "anthropic" || client === "bedrock";
  return hasParts && seen.input !== undefined ? Math.max(seen.input, seen.cached ?? 0) : seen.input;
}

export function equal(field: Field): boolean {
  return isDeepStrictEqual(field.wanted, field.got);
}

/* The class that a client's SDK has for a status. */
const OPENAI_CLASSES: Record<number, string> = {
  400: "BadRequestError", 404: "NotFoundError", 409: "ConflictError", 413: "APIError", 422: "UnprocessableEntityError", 429: "RateLimitError",
};
const CLASSES: Record<Dialect, (status: number) => string> = {
  openai: (status) => OPENAI_CLASSES[status] ?? "InternalServerError",
  responses: (status) => OPENAI_CLASSES[status] ?? "InternalServerError",
  anthropic: (status) => ({ 413: "ContentTooLargeError", 503: "ServiceUnavailableError", 504: "GatewayTimeoutError" })[status] ?? OPENAI_CLASSES[status] ?? "InternalServerError",
  gemini: () => "ApiError",
  bedrock: (status) => ({
    404: "ResourceNotFoundException", 408: "ModelTimeoutException", 409: "ConflictException", 504: "ModelTimeoutException", 429: "ThrottlingException", 500: "InternalServerException",
    502: "InternalServerException", 503: "ServiceUnavailableException",
  })[status] ?? "ValidationException",
  cohere: (status) => ({
    400: "BadRequestError", 404: "NotFoundError", 422: "UnprocessableEntityError", 429: "TooManyRequestsError", 500: "InternalServerError",
    503: "ServiceUnavailableError", 504: "GatewayTimeoutError",
  })[status] ?? "CohereError",
  ollama: () => "ResponseError",
};

/** The status that a client gets: the gateway's own key is no fault of the caller, a broken provider is a bad gateway. */
function statusFor(recording: Recording, client: Dialect): number {
  const text = recording.body.toString("utf8");
  if (recording.status === 401 || recording.status === 403 || text.includes("API_KEY_INVALID")) return 502;
  const isRelayed = client === recording.dialect && (client === "openai" || client === "responses");
  if (recording.status === 500) return isRelayed ? 500 : 502;
  if (recording.status === 529) return 503;
  return client !== recording.dialect && text.includes("model_not_found") ? 404 : recording.status;
}

function compareErrors(recording: Recording, client: Dialect, got: Seen): Field[] {
  const status = statusFor(recording, client);
  return [{ name: "error", wanted: { name: CLASSES[client](status), status }, got: got.error }];
}

export function compare(recording: Recording, client: Dialect, truth: Seen, got: Seen): Field[] {
  if (truth.error !== undefined && !recording.isStream) return compareErrors(recording, client, got);
  const fields: Field[] = [];
  const add = (name: keyof Seen, wanted: unknown, seen: unknown) => {
    if (!LOSSES[client][name]) fields.push({ name, wanted, got: seen });
  };
  const isCut = recording.isStream && !recording.isMarked;
  const isError = truth.error !== undefined || isCut;
  add("error", isError, got.error !== undefined);
  add("text", truth.text, got.text);
  add("reasoning", squeezed(truth.reasoning), squeezed(got.reasoning));
  if (isError) return fields;
  add("calls", truth.calls, got.calls);
  const finish = truth.finish === "refused" ? (REFUSED[client] ?? truth.finish) : settled(truth);
  add("finish", client === "ollama" && finish === "filter" ? "stop" : finish, settled(got));
  if (truth.input !== undefined) add("input", inputOf(truth, client), inputOf(got, client));
  for (const name of ["output", "cached", "reasoningTokens"] as const) if (truth[name] !== undefined) add(name, truth[name], got[name] ?? 0);
  return fields;
}
