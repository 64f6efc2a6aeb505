/* Bodies of OpenAI's dialect, as a provider would send them. */

export function chatBody(content: string, more: object = {}): Record<string, unknown> {
  return {
    id: "chatcmpl-1", object: "chat.completion", created: 1700000000, model: "gpt-real",
    choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, prompt_tokens_details: { cached_tokens: 3 } },
    ...more,
  };
}

export function chatChunk(delta: object, finish: string | null = null): Record<string, unknown> {
  return {
    id: "chatcmpl-1", object: "chat.completion.chunk", created: 1700000000, model: "gpt-real",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
}

export function usageChunk(): Record<string, unknown> {
  return {
    id: "chatcmpl-1", object: "chat.completion.chunk", created: 1700000000, model: "gpt-real", choices: [],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  };
}

/** A whole streamed answer without its usage. */
export function chatChunks(...words: string[]): Record<string, unknown>[] {
  return [
    chatChunk({ role: "assistant", content: "" }),
    ...words.map((content) => chatChunk({ content })),
    chatChunk({}, "stop"),
  ];
}

export const CHAT = { model: "up/gpt-real", messages: [{ role: "user", content: "hello" }] };
export const CHAT_STREAM = { ...CHAT, stream: true };
