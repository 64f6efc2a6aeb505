/* The official SDKs, each behind the same function: ask for a chat, whole or streamed, and say what came.
 *
 * They serve twice: a provider's own SDK reads a recording as it is, which is the truth, and every SDK asks the gateway
 * for it. What comes in a stream is put together here from the SDK's own events. */

import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { CohereClientV2 } from "cohere-ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import type { Dialect } from "./recordings.js";
import { count, nothing, parsed, sum, type Seen } from "./seen.js";

/** `base` is the address without a path; `prefix` stands before the paths of the SDK. */
export type Ask = (base: string, model: string, isStream: boolean) => Promise<Seen>;

const PROMPT = "hello";

/* OpenAI chat completions, with what compatible vendors add */

const STOPS: Record<string, string> = {
  stop: "stop", length: "length", tool_calls: "tool", function_call: "tool", content_filter: "filter", model_length: "length",
  eos: "stop", end_turn: "stop",
};

function chatText(content: any, kind: "text" | "thinking"): string {
  if (typeof content === "string") return kind === "text" ? content : "";
  return (content ?? []).map((part: any) =>
    part.type !== kind ? "" : kind === "text" ? part.text : (part.thinking ?? []).map((t: any) => t.text ?? "").join("")).join("");
}

function chatReasoning(message: any): string {
  if (typeof message.reasoning_content === "string") return message.reasoning_content;
  if (typeof message.reasoning === "string") return message.reasoning;
  if (message.reasoning_details) return message.reasoning_details.map((part: any) => part.text ?? part.summary ?? "").join("");
  return chatText(message.content, "thinking");
}

function chatUsage(seen: Seen, usage: any): void {
  if (!usage) return;
  const reasoning = count(usage.completion_tokens_details?.reasoning_tokens) ?? count(usage.reasoning_tokens);
  const isBeside = reasoning !== undefined && reasoning > 0 && // xAI counts it beside the output, as its total shows
    usage.total_tokens === usage.prompt_tokens + usage.completion_tokens + reasoning;
  seen.input = count(usage.prompt_tokens);
  seen.output = isBeside ? usage.completion_tokens + reasoning : count(usage.completion_tokens);
  seen.cached = count(usage.prompt_tokens_details?.cached_tokens) ?? count(usage.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ??
    count(usage.num_cached_tokens);
  seen.reasoningTokens = reasoning;
}

function chatCall(call: any): { name: string; args: unknown } {
  return call.type === "custom" ? { name: call.custom.name, args: { input: call.custom.input } } : { name: call.function.name, args: parsed(call.function.arguments) };
}

function chatWhole(seen: Seen, answer: any): void {
  const choice = answer.choices[0];
  const message = choice.message ?? {}; // Azure leaves it out where it has filtered
  seen.text = chatText(message.content, "text") + (message.refusal ?? "");
  seen.reasoning = chatReasoning(message);
  const old = message.function_call?.name ? [{ function: message.function_call }] : [];
  seen.calls = (message.tool_calls ?? old).map(chatCall);
  seen.finish = STOPS[choice.finish_reason] ?? choice.finish_reason ?? "none";
  if (seen.finish === "stop" && message.refusal) seen.finish = "refused";
  chatUsage(seen, answer.usage);
}

function chatChunks(): (seen: Seen, chunk: any) => void {
  const calls: any[] = [];
  let isRefused = false;
  return (seen, chunk) => {
    chatUsage(seen, chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) return;
    const delta = choice.delta ?? {};
    seen.text += chatText(delta.content, "text") + (delta.refusal ?? "");
    seen.reasoning += chatReasoning(delta);
    for (const piece of delta.tool_calls ?? []) {
      const call = (calls[piece.index ?? calls.length] ??= { type: piece.type, function: { name: "", arguments: "" }, custom: { name: "", input: "" } });
      call.custom.name ||= piece.custom?.name ?? ""; // some say the name with every piece
      call.custom.input += piece.custom?.input ?? "";
      call.function.name ||= piece.function?.name ?? "";
      call.function.arguments += piece.function?.arguments ?? "";
    }
    seen.calls = calls.filter(Boolean).map(chatCall);
    isRefused ||= Boolean(delta.refusal);
    if (choice.finish_reason) seen.finish = STOPS[choice.finish_reason] ?? choice.finish_reason;
    if (seen.finish === "stop" && isRefused) seen.finish = "refused";
  };
}

async function openai(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "anything", maxRetries: 0 });
  const seen = nothing();
  const messages = [{ role: "user" as const, content: PROMPT }];
  try {
    if (!isStream) {
      chatWhole(seen, await client.chat.completions.create({ model, messages }));
      return seen;
    }
    const add = chatChunks();
    const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
    for await (const chunk of stream) add(seen, chunk);
  } catch (error) {
    if (!(error instanceof OpenAI.OpenAIError)) throw error;
    seen.error = { name: error.constructor.name, status: (error as any).status ?? "stream" };
  }
  return seen;
}

/* OpenAI Responses */

function responsesOutput(seen: Seen, response: any): void {
  for (const item of response.output ?? []) {
    if (item.type === "message") seen.text += (item.content ?? []).map((part: any) => part.text ?? part.refusal ?? "").join("");
    if (item.type === "reasoning") {
      const parts = item.content?.length ? item.content : item.summary ?? [];
      seen.reasoning += parts.map((part: any) => part.text).join("");
    }
    if (item.type === "function_call") seen.calls.push({ name: item.name, args: parsed(item.arguments) });
    if (item.type === "custom_tool_call") seen.calls.push({ name: item.name, args: { input: item.input } });
  }
}

function responsesEnd(seen: Seen, response: any): void {
  const why = response.incomplete_details?.reason;
  const isRefused = (response.output ?? []).some((item: any) => (item.content ?? []).some((part: any) => part.type === "refusal"));
  if (response.status === "completed") seen.finish = isRefused ? "refused" : "stop";
  else if (response.status === "incomplete") seen.finish = why === "content_filter" ? "filter" : "length";
  else seen.error = { name: "APIError", status: "stream" };
  const usage = response.usage;
  if (!usage) return;
  seen.input = count(usage.input_tokens);
  seen.output = count(usage.output_tokens);
  seen.cached = count(usage.input_tokens_details?.cached_tokens);
  seen.reasoningTokens = count(usage.output_tokens_details?.reasoning_tokens);
}

async function responses(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "anything", maxRetries: 0 });
  const seen = nothing();
  try {
    if (!isStream) {
      const response = await client.responses.create({ model, input: PROMPT });
      responsesOutput(seen, response);
      responsesEnd(seen, response);
      return seen;
    }
    const done = nothing();
    for await (const event of await client.responses.create({ model, input: PROMPT, stream: true })) {
      if (event.type === "response.output_text.delta" || event.type === "response.refusal.delta") seen.text += event.delta;
      if (event.type === "response.reasoning_summary_text.delta" || event.type === "response.reasoning_text.delta") seen.reasoning += event.delta;
      if (event.type === "response.output_item.done") responsesOutput(done, { output: [event.item] });
      if (event.type === "error") seen.error = { name: "APIError", status: "stream" };
      if (event.type !== "response.completed" && event.type !== "response.incomplete" && event.type !== "response.failed") continue;
      seen.calls = done.calls;
      responsesEnd(seen, event.response);
    }
  } catch (error) {
    if (!(error instanceof OpenAI.OpenAIError)) throw error;
    seen.error = { name: error.constructor.name, status: (error as any).status ?? "stream" };
  }
  return seen;
}

/* Anthropic */

const ANTHROPIC_STOPS: Record<string, string> = {
  end_turn: "stop", stop_sequence: "stop", max_tokens: "length", tool_use: "tool", refusal: "filter", pause_turn: "stop",
  model_context_window_exceeded: "length",
};

function anthropicMessage(seen: Seen, message: any): void {
  for (const block of message.content) {
    if (block.type === "text") seen.text += block.text;
    if (block.type === "thinking") seen.reasoning += block.thinking;
    if (block.type === "tool_use") seen.calls.push({ name: block.name, args: block.input });
  }
  seen.finish = ANTHROPIC_STOPS[message.stop_reason] ?? message.stop_reason ?? "none";
  const usage = message.usage;
  seen.input = sum(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens);
  seen.output = count(usage.output_tokens);
  seen.cached = count(usage.cache_read_input_tokens);
  seen.reasoningTokens = count(usage.output_tokens_details?.thinking_tokens);
}

/** From the events as they come: the SDK's own accumulator refuses what some recordings hold. */
async function anthropicEvents(seen: Seen, stream: AsyncIterable<any>): Promise<void> {
  const message: any = { content: [], usage: {} };
  for await (const event of stream) {
    const block = message.content[event.index];
    if (event.type === "message_start") message.usage = { ...event.message.usage };
    if (event.type === "content_block_start") message.content[event.index] = { ...event.content_block, json: "" };
    if (event.type === "content_block_delta") {
      block.text += event.delta.text ?? "";
      block.thinking += event.delta.thinking ?? "";
      block.json += event.delta.partial_json ?? "";
    }
    if (event.type === "content_block_stop" && block.json !== "") block.input = parsed(block.json);
    if (event.type === "message_delta") {
      message.stop_reason = event.delta.stop_reason;
      for (const [name, n] of Object.entries(event.usage ?? {})) message.usage[name] = n ?? message.usage[name];
    }
    anthropicMessage(Object.assign(seen, nothing()), { ...message, content: message.content.filter(Boolean) });
  }
}

function anthropicClient(base: string): Anthropic {
  return new Anthropic({ baseURL: base, apiKey: "anything", maxRetries: 0 });
}

function anthropicError(seen: Seen, error: unknown): void {
  if (!(error instanceof Anthropic.AnthropicError)) throw error;
  seen.error = { name: error.constructor.name, status: (error as any).status ?? "stream" };
}

async function anthropic(base: string, model: string, isStream: boolean): Promise<Seen> {
  const seen = nothing();
  const body = { model, max_tokens: 4096, messages: [{ role: "user" as const, content: PROMPT }] };
  try {
    if (isStream) await anthropicEvents(seen, await anthropicClient(base).messages.create({ ...body, stream: true }));
    else anthropicMessage(seen, await anthropicClient(base).messages.create(body));
  } catch (error) {
    anthropicError(seen, error);
  }
  return seen;
}

/* Google */

const GEMINI_STOPS: Record<string, string> = {
  STOP: "stop", MAX_TOKENS: "length", SAFETY: "filter", RECITATION: "filter", BLOCKLIST: "filter", PROHIBITED_CONTENT: "filter", SPII: "filter",
  CONTINUATION: "length",
};

/** Arguments in pieces: a path such as "$.days[0].city", and a value; text comes in several. */
function geminiPartial(args: any, piece: any): void {
  const steps = [...String(piece.jsonPath).matchAll(/[^$.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
  const last = steps.pop() ?? "";
  for (const [i, step] of steps.entries()) args = args[step] ??= typeof (steps[i + 1] ?? last) === "number" ? [] : {};
  if (piece.stringValue !== undefined) args[last] = (args[last] ?? "") + piece.stringValue;
  else args[last] = piece.numberValue ?? piece.boolValue ?? null;
}

function geminiChunk(seen: Seen, chunk: any): void {
  const candidate = chunk.candidates?.[0];
  for (const part of candidate?.content?.parts ?? []) {
    if (part.functionCall) geminiCall(seen, part.functionCall);
    else if (part.text && part.thought) seen.reasoning += part.text;
    else if (part.text) seen.text += part.text;
  }
  if (candidate?.finishReason) seen.finish = GEMINI_STOPS[candidate.finishReason] ?? candidate.finishReason;
  if (chunk.promptFeedback?.blockReason) seen.finish = "filter";
  const usage = chunk.usageMetadata;
  if (!usage) return;
  seen.input = sum(usage.promptTokenCount, usage.toolUsePromptTokenCount);
  seen.output = sum(usage.candidatesTokenCount, usage.thoughtsTokenCount);
  seen.cached = count(usage.cachedContentTokenCount);
  seen.reasoningTokens = count(usage.thoughtsTokenCount);
}

function geminiCall(seen: Seen, call: any): void {
  if (call.name) seen.calls.push({ name: call.name, args: call.args ?? {} });
  for (const piece of call.partialArgs ?? []) geminiPartial(seen.calls.at(-1)?.args ?? {}, piece);
}

async function gemini(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new GoogleGenAI({ apiKey: "anything", httpOptions: { baseUrl: base } });
  const seen = nothing();
  try {
    if (!isStream) geminiChunk(seen, await client.models.generateContent({ model, contents: PROMPT }));
    else for await (const chunk of await client.models.generateContentStream({ model, contents: PROMPT })) geminiChunk(seen, chunk);
  } catch (error: any) {
    if (!(error instanceof Error)) throw error;
    seen.error = { name: error.name, status: (error as any).status ?? "stream" };
  }
  return seen;
}

/* Bedrock */

const BEDROCK_STOPS: Record<string, string> = {
  end_turn: "stop", stop_sequence: "stop", max_tokens: "length", tool_use: "tool", guardrail_intervened: "filter", content_filtered: "filter",
  model_context_window_exceeded: "length",
};

function bedrockUsage(seen: Seen, usage: any): void {
  if (!usage) return;
  seen.input = sum(usage.inputTokens, usage.cacheReadInputTokens, usage.cacheWriteInputTokens);
  seen.output = count(usage.outputTokens);
  seen.cached = count(usage.cacheReadInputTokens);
}

function bedrockWhole(seen: Seen, answer: any): void {
  for (const block of answer.output?.message?.content ?? []) {
    if (block.text !== undefined) seen.text += block.text;
    if (block.citationsContent) seen.text += (block.citationsContent.content ?? []).map((part: any) => part.text ?? "").join("");
    if (block.reasoningContent?.reasoningText) seen.reasoning += block.reasoningContent.reasoningText.text ?? "";
    if (block.toolUse && block.toolUse.type !== "server_tool_use") seen.calls.push({ name: block.toolUse.name, args: block.toolUse.input ?? {} });
  }
  seen.finish = BEDROCK_STOPS[answer.stopReason] ?? answer.stopReason;
  bedrockUsage(seen, answer.usage);
}

async function bedrockStream(seen: Seen, stream: AsyncIterable<any>): Promise<void> {
  const calls: any[] = [];
  for await (const event of stream) {
    const start = event.contentBlockStart?.start?.toolUse;
    if (start && start.type !== "server_tool_use") calls[event.contentBlockStart.contentBlockIndex] = { name: start.name, text: "" };
    const delta = event.contentBlockDelta?.delta;
    if (delta?.text) seen.text += delta.text;
    if (delta?.reasoningContent?.text) seen.reasoning += delta.reasoningContent.text;
    const call = calls[event.contentBlockDelta?.contentBlockIndex ?? -1];
    if (call && delta?.toolUse) call.text += delta.toolUse.input ?? "";
    if (event.messageStop) seen.finish = BEDROCK_STOPS[event.messageStop.stopReason] ?? event.messageStop.stopReason;
    bedrockUsage(seen, event.metadata?.usage);
  }
  seen.calls = calls.filter(Boolean).map((call) => ({ name: call.name, args: parsed(call.text) }));
}

async function bedrock(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new BedrockRuntimeClient({
    region: "us-east-1", endpoint: base, maxAttempts: 1, credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    requestHandler: new NodeHttpHandler(),
  });
  const seen = nothing();
  const input = { modelId: model, messages: [{ role: "user" as const, content: [{ text: PROMPT }] }] };
  try {
    if (isStream) await bedrockStream(seen, (await client.send(new ConverseStreamCommand(input))).stream!);
    else bedrockWhole(seen, await client.send(new ConverseCommand(input)));
  } catch (error: any) {
    if (!(error instanceof Error)) throw error;
    const status = (error as any).$metadata?.httpStatusCode;
    seen.error = { name: error.name, status: status >= 400 ? status : "stream" };
  } finally {
    client.destroy();
  }
  return seen;
}

/* Cohere */

const COHERE_STOPS: Record<string, string> = { COMPLETE: "stop", STOP_SEQUENCE: "stop", MAX_TOKENS: "length", TOOL_CALL: "tool", ERROR: "filter" };

function cohereUsage(seen: Seen, usage: any): void {
  if (!usage) return;
  seen.input = count(usage.tokens?.inputTokens) ?? count(usage.billedUnits?.inputTokens);
  seen.output = count(usage.tokens?.outputTokens) ?? count(usage.billedUnits?.outputTokens);
  seen.cached = count(usage.cachedTokens);
}

function cohereWhole(seen: Seen, answer: any): void {
  for (const part of answer.message?.content ?? []) {
    if (part.type === "text") seen.text += part.text;
    if (part.type === "thinking") seen.reasoning += part.thinking;
  }
  seen.text = (answer.message?.toolPlan ?? "") + seen.text;
  seen.calls = (answer.message?.toolCalls ?? []).map((call: any) => ({ name: call.function.name, args: parsed(call.function.arguments) }));
  seen.finish = COHERE_STOPS[answer.finishReason] ?? answer.finishReason;
  cohereUsage(seen, answer.usage);
}

async function cohereStream(seen: Seen, stream: AsyncIterable<any>): Promise<void> {
  const calls: any[] = [];
  for await (const event of stream) {
    const message = event.delta?.message;
    if (event.type === "tool-plan-delta") seen.text += message.toolPlan ?? "";
    if (event.type === "content-delta") {
      seen.text += message?.content?.text ?? "";
      seen.reasoning += message?.content?.thinking ?? "";
    }
    if (event.type === "tool-call-start") calls[event.index ?? 0] = { name: message.toolCalls.function.name, text: message.toolCalls.function.arguments ?? "" };
    if (event.type === "tool-call-delta") calls[event.index ?? 0].text += message?.toolCalls?.function?.arguments ?? "";
    if (event.type === "message-end") {
      seen.finish = COHERE_STOPS[event.delta.finishReason] ?? event.delta.finishReason;
      cohereUsage(seen, event.delta.usage);
      if (event.delta.error) seen.error = { name: "CohereError", status: "stream" };
    }
  }
  seen.calls = calls.filter(Boolean).map((call) => ({ name: call.name, args: parsed(call.text) }));
}

async function cohere(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new CohereClientV2({ token: "anything", environment: base });
  const seen = nothing();
  const body = { model, messages: [{ role: "user" as const, content: PROMPT }] };
  try {
    if (isStream) await cohereStream(seen, await client.chatStream(body, { maxRetries: 0 }));
    else cohereWhole(seen, await client.chat(body, { maxRetries: 0 }));
  } catch (error: any) {
    if (!(error instanceof Error)) throw error;
    seen.error = { name: error.constructor.name, status: (error as any).statusCode ?? "stream" };
  }
  return seen;
}

/* Ollama */

function ollamaChunk(seen: Seen, chunk: any): void {
  seen.text += chunk.message?.content ?? "";
  seen.reasoning += chunk.message?.thinking ?? "";
  for (const call of chunk.message?.tool_calls ?? []) seen.calls.push({ name: call.function.name, args: call.function.arguments ?? {} });
  if (!chunk.done) return;
  seen.finish = STOPS[chunk.done_reason] ?? "stop";
  seen.input = count(chunk.prompt_eval_count);
  seen.output = count(chunk.eval_count);
}

async function ollama(base: string, model: string, isStream: boolean): Promise<Seen> {
  const client = new Ollama({ host: base });
  const seen = nothing();
  const messages = [{ role: "user", content: PROMPT }];
  try {
    if (isStream) for await (const chunk of await client.chat({ model, messages, stream: true })) ollamaChunk(seen, chunk);
    else ollamaChunk(seen, await client.chat({ model, messages, stream: false }));
  } catch (error: any) {
    if (!(error instanceof Error)) throw error;
    seen.error = { name: error.name, status: (error as any).status_code ?? "stream" };
  }
  return seen;
}

export const CLIENTS: Record<Dialect, Ask> = { openai, responses, anthropic, gemini, bedrock, cohere, ollama };

/** The SDK's accumulator, strict about the order of events: for what the gateway itself has written. */
export const anthropicStream: Ask = async (base, model) => {
  const seen = nothing();
  const messages = [{ role: "user" as const, content: PROMPT }];
  try {
    const stream = anthropicClient(base).messages.stream({ model, max_tokens: 4096, messages });
    stream.on("text", (delta) => (seen.text += delta)).on("thinking", (delta) => (seen.reasoning += delta));
    const message = await stream.finalMessage();
    anthropicMessage(Object.assign(seen, nothing()), message);
  } catch (error) {
    anthropicError(seen, error);
  }
  return seen;
};
