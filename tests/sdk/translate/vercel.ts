/* Vercel's AI SDK with its OpenAI and Anthropic providers: what many web applications see of a gateway. */

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText, type LanguageModel } from "ai";
import type { Ask } from "./clients.js";
import type { Dialect } from "./recordings.js";
import { nothing, type Seen } from "./seen.js";

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const STOPS: Record<string, string> = { stop: "stop", length: "length", "content-filter": "filter", "tool-calls": "tool", other: "none", unknown: "none" };

function fill(seen: Seen, answer: any): void {
  seen.text = answer.text;
  seen.reasoning = answer.reasoningText ?? "";
  seen.calls = answer.toolCalls.filter((call: any) => !call.providerExecuted).map((call: any) => ({ name: call.toolName, args: call.input }));
  seen.finish = STOPS[answer.finishReason] ?? answer.finishReason;
  seen.input = answer.usage.inputTokens;
  seen.output = answer.usage.outputTokens;
  seen.cached = answer.usage.inputTokenDetails?.cacheReadTokens;
  seen.reasoningTokens = answer.usage.outputTokenDetails?.reasoningTokens;
}

async function ask(model: LanguageModel, isStream: boolean): Promise<Seen> {
  const seen = nothing();
  const settings = { model, prompt: "hello", maxRetries: 0, maxOutputTokens: 1000 };
  let failure: any;
  try {
    if (!isStream) {
      fill(seen, await generateText(settings));
      return seen;
    }
    const stream = streamText({ ...settings, onError: ({ error }) => { failure = error; } });
    for await (const part of stream.fullStream) {
      if (part.type === "text-delta") seen.text += part.text;
      if (part.type === "reasoning-delta") seen.reasoning += part.text;
    }
    if (failure) throw failure;
    const answer = await Promise.all([stream.text, stream.reasoningText, stream.toolCalls, stream.finishReason, stream.usage]);
    fill(seen, { text: answer[0], reasoningText: answer[1], toolCalls: answer[2], finishReason: answer[3], usage: answer[4] });
  } catch (error: any) {
    seen.error = { name: error?.name ?? "Error", status: error?.statusCode ?? "stream" };
  }
  return seen;
}

/** By the dialect in which it asks. */
export const VERCEL: Partial<Record<Dialect, Ask>> = {
  openai: (base, model, isStream) => ask(createOpenAI({ baseURL: `${base}/v1`, apiKey: "anything" }).chat(model), isStream),
  responses: (base, model, isStream) => ask(createOpenAI({ baseURL: `${base}/v1`, apiKey: "anything" }).responses(model), isStream),
  anthropic: (base, model, isStream) => ask(createAnthropic({ baseURL: `${base}/v1`, apiKey: "anything" })(model), isStream),
};
