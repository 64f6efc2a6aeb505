/* Chat completions of the vendors that speak OpenAI's dialect with an accent. */

import { stream, whole } from "./invented.js";

const ID = { id: "chatcmpl-1", created: 1750000000, model: "m" };
const chunk = (delta: object | undefined, more: object = {}, top: object = {}) =>
  ({ ...ID, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null, ...more }], ...top });
const rest = (usage: object, more: object = {}) => ({ ...ID, object: "chat.completion.chunk", choices: [], usage, ...more });
const said = (message: object, more: object = {}, top: object = {}) =>
  ({ ...ID, object: "chat.completion", choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop", ...more }], ...top });
const tool = (index: number | undefined, id: string | null, name: string | null, args: unknown, more: object = {}) =>
  ({ ...(index === undefined ? {} : { index }), id, type: "function", function: { name, arguments: args }, ...more });
const END = { finish_reason: "stop" }, CALLS = { finish_reason: "tool_calls" };
const COUNTS = { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 };
const COUNTED = { input: 20, output: 9 };
const CITY = { name: "weather", args: { city: "Köln" } };

stream("openai", "DeepSeek thinks", [
  chunk({ role: "assistant", content: null, reasoning_content: "" }), chunk({ content: null, reasoning_content: "Hm" }),
  chunk({ content: null, reasoning_content: ", so." }), chunk({ content: "Yes", reasoning_content: null }), chunk({ content: "!", reasoning_content: null }),
  chunk({ content: "", reasoning_content: null }, END, { usage: {
    ...COUNTS, prompt_tokens_details: { cached_tokens: 12 }, completion_tokens_details: { reasoning_tokens: 5 }, prompt_cache_hit_tokens: 12, prompt_cache_miss_tokens: 8,
  } }),
], { reasoning: "Hm, so.", text: "Yes!", ...COUNTED, cached: 12, reasoningTokens: 5 });

stream("openai", "DeepSeek thinks, calls, and counts only its way", [
  chunk({ role: "assistant", reasoning_content: "Ask." }), chunk({ tool_calls: [tool(0, "call_00_x", "weather", "")] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city": "K' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: 'öln"}' } }] }),
  chunk({ content: "" }, CALLS, { usage: { ...COUNTS, prompt_cache_hit_tokens: 16, prompt_cache_miss_tokens: 4 } }),
], { reasoning: "Ask.", calls: [CITY], finish: "tool", ...COUNTED, cached: 16 });

stream("openai", "Groq counts in x_groq as well", [
  chunk({ role: "assistant", content: "" }, {}, { x_groq: { id: "req_1" } }), chunk({ reasoning: "Hm.", channel: "analysis" }), chunk({ content: "Yes" }),
  chunk({}, END, { x_groq: { id: "req_1", usage: { ...COUNTS, queue_time: 0.1, prompt_time: 0.01 } }, usage: { ...COUNTS, queue_time: 0.1 } }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED });

stream("openai", "Groq counts in x_groq alone", [
  chunk({ role: "assistant", content: "Yes" }, {}, { x_groq: { id: "req_1" } }), chunk({}, END, { x_groq: { id: "req_1", usage: { ...COUNTS, queue_time: 0.1 } } }),
], { text: "Yes", ...COUNTED }, { without: ["openai"] });

stream("openai", "Groq breaks off with an error in x_groq", [
  chunk({ role: "assistant", content: "Ye" }, {}, { x_groq: { id: "req_1" } }),
  { error: { message: "Failed to call a function.", type: "invalid_request_error", code: "tool_use_failed", failed_generation: "<x>" } },
], { text: "Ye", error: { name: "APIError", status: "stream" } });

stream("openai", "Magistral thinks in parts", [
  chunk({ role: "assistant", content: "" }), chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }] }),
  chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: ", so." }], closed: true }] }), chunk({ content: [{ type: "text", text: "Ye" }] }), chunk({ content: "s" }),
  chunk({ content: "" }, END, { usage: COUNTS }),
], { reasoning: "Hm, so.", text: "Yes", ...COUNTED });

whole("openai", "Magistral, whole, with references", said({ content: [
  { type: "thinking", thinking: [{ type: "text", text: "Hm, " }, { type: "text", text: "so." }], closed: true }, { type: "text", text: "See " },
  { type: "reference", reference_ids: [1, 2] }, { type: "text", text: "there." },
], tool_calls: null }, {}, { usage: { ...COUNTS, prompt_tokens_details: null, num_cached_tokens: 4 } }), { reasoning: "Hm, so.", text: "See there.", ...COUNTED, cached: 4 });

whole("openai", "Mistral calls twice without a type", said({ content: "", tool_calls: [
  { id: "D681PevKs", function: { name: "weather", arguments: '{"city": "Köln"}' }, index: 0 }, { id: "E681PevKs", function: { name: "time", arguments: { zone: "CET" } }, index: 1 },
] }, CALLS, { usage: COUNTS }), { calls: [CITY, { name: "time", args: { zone: "CET" } }], finish: "tool", ...COUNTED });

whole("openai", "Mistral stops at the model's length", said({ content: "Half" }, { finish_reason: "model_length" }, { usage: COUNTS }), { text: "Half", finish: "length", ...COUNTED });

stream("openai", "OpenRouter says its reasoning twice", [
  chunk({ role: "assistant", content: "", reasoning: "Hm", reasoning_details: [{ type: "reasoning.text", text: "Hm", format: "anthropic-claude-v1", index: 0 }] }, { native_finish_reason: null }, { provider: "Anthropic" }),
  chunk({ role: "assistant", content: "", reasoning: ", so.", reasoning_details: [{ type: "reasoning.text", text: ", so.", format: "anthropic-claude-v1", index: 0 }] }),
  chunk({ role: "assistant", content: "", reasoning: null, reasoning_details: [{ type: "reasoning.text", signature: "c2ln", format: "anthropic-claude-v1", index: 0 }] }),
  chunk({ role: "assistant", content: "Yes" }), chunk({ role: "assistant", content: "" }, { ...END, native_finish_reason: "end_turn" }),
  { ...chunk({ role: "assistant", content: "" }), usage: { ...COUNTS, cost: 0.01, is_byok: false, prompt_tokens_details: { cached_tokens: 3, audio_tokens: 0 }, cost_details: { upstream_inference_cost: null }, completion_tokens_details: { reasoning_tokens: 4, image_tokens: 0 } } },
], { reasoning: "Hm, so.", text: "Yes", ...COUNTED, cached: 3, reasoningTokens: 4 }, { comment: "OPENROUTER PROCESSING" });

stream("openai", "OpenRouter hides the reasoning of OpenAI", [
  chunk({ role: "assistant", content: "", reasoning: "**Sum**", reasoning_details: [{ type: "reasoning.summary", summary: "**Sum**", format: "openai-responses-v1", index: 0 }] }),
  chunk({ role: "assistant", content: "", reasoning_details: [{ type: "reasoning.encrypted", data: "gAAA", id: "rs_1", format: "openai-responses-v1", index: 0 }] }),
  chunk({ role: "assistant", content: null, tool_calls: [tool(0, "call_1", "weather", '{"city":"Köln"}')] }), chunk({ role: "assistant", content: "" }, { ...CALLS, native_finish_reason: "completed" }),
], { reasoning: "**Sum**", calls: [CITY], finish: "tool" }, { comment: "OPENROUTER PROCESSING" });

stream("openai", "OpenRouter fails in the middle", [
  chunk({ role: "assistant", content: "Ye" }),
  { ...chunk({ content: "" }, { finish_reason: "error" }), error: { code: 502, message: "Provider disconnected", metadata: { provider_name: "x" } } },
], { text: "Ye", error: { name: "APIError", status: "stream" } });

stream("openai", "xAI counts reasoning beside the output, and cites", [
  chunk({ role: "assistant", reasoning_content: "Hm." }), chunk({ content: "Yes" }), chunk({}, END),
  rest({ prompt_tokens: 20, completion_tokens: 4, total_tokens: 29, prompt_tokens_details: { text_tokens: 20, cached_tokens: 2 }, completion_tokens_details: { reasoning_tokens: 5 }, num_sources_used: 1 }, { citations: ["https://x.ai"] }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED, cached: 2, reasoningTokens: 5 });

stream("openai", "Together numbers tokens", [
  { ...chunk({ role: "assistant", content: "Ye", token_id: 77, tool_calls: [] }, { text: "Ye", seed: null, logprobs: null }), usage: null },
  { ...chunk({ content: "s", token_id: 78 }, { text: "s" }), usage: null }, { ...chunk({ content: "", token_id: 2 }, { text: "", finish_reason: "eos", seed: 1 }), usage: COUNTS },
], { text: "Yes", ...COUNTED });

stream("openai", "Fireworks measures", [
  chunk({ role: "assistant" }), chunk({ reasoning_content: "Hm." }), chunk({ content: "Yes" }, { logprobs: null, token_ids: [1] }),
  chunk({}, { ...END, raw_output: null }, { usage: { ...COUNTS, prompt_tokens_details: { cached_tokens: 0 } }, perf_metrics: { "fireworks-x": "1" } }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED, cached: 0 });

stream("openai", "vLLM counts in each chunk", [
  { ...chunk({ role: "assistant", content: "" }, { logprobs: null }), usage: { prompt_tokens: 20, total_tokens: 20, completion_tokens: 0 } },
  { ...chunk({ reasoning: "Hm.", reasoning_content: "Hm." }), usage: { prompt_tokens: 20, total_tokens: 24, completion_tokens: 4 } },
  { ...chunk({ content: "Yes" }), usage: { prompt_tokens: 20, total_tokens: 28, completion_tokens: 8 } },
  { ...chunk({ content: "" }, { ...END, stop_reason: null, token_ids: null }), usage: COUNTS }, rest({ ...COUNTS, prompt_tokens_details: null }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED });

stream("openai", "vLLM calls twice, piece by piece", [
  chunk({ role: "assistant", content: "", reasoning_content: null }), chunk({ tool_calls: [{ id: "chatcmpl-tool-1", type: "function", index: 0, function: { name: "weather" } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city": ' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '"Köln"}' } }] }),
  chunk({ tool_calls: [{ id: "chatcmpl-tool-2", type: "function", index: 1, function: { name: "time" } }] }), chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
  chunk({ content: "", tool_calls: [] }, { ...CALLS, stop_reason: 128008 }), rest(COUNTS),
], { calls: [CITY, { name: "time", args: {} }], finish: "tool", ...COUNTED });

stream("openai", "SGLang says null for what it has not", [
  chunk({ role: "assistant", content: "", reasoning_content: null, tool_calls: null }, { logprobs: null, matched_stop: null }), chunk({ role: null, content: null, reasoning_content: "Hm.", tool_calls: null }),
  chunk({ content: null, tool_calls: [tool(0, "call_1", "weather", "")] }), chunk({ content: null, tool_calls: [{ id: null, index: 0, type: "function", function: { name: null, arguments: '{"city": "Köln"}' } }] }),
  { ...chunk({ content: null, reasoning_content: null, tool_calls: null }, { ...CALLS, matched_stop: null }), usage: null }, rest({ ...COUNTS, prompt_tokens_details: null, reasoning_tokens: 3 }),
], { reasoning: "Hm.", calls: [CITY], finish: "tool", ...COUNTED, reasoningTokens: 3 });

stream("openai", "llama.cpp begins with null and times", [
  chunk({ role: "assistant", content: null }), chunk({ reasoning_content: "Hm." }), chunk({ content: "Yes" }), chunk({}, END, { timings: { prompt_n: 20, predicted_n: 9 } }),
  rest(COUNTS, { timings: { cache_n: 0, prompt_n: 20, predicted_n: 9 } }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED });

stream("openai", "LM Studio calls and says statistics", [
  chunk({ role: "assistant", reasoning: "Hm." }), chunk({ tool_calls: [tool(0, "365174485", "weather", "")] }), chunk({ tool_calls: [tool(0, null, null, '{"city":"Köln"}')] }),
  chunk({}, CALLS, { stats: {}, system_fingerprint: "m" }), rest(COUNTS, { system_fingerprint: "m" }),
], { reasoning: "Hm.", calls: [CITY], finish: "tool", ...COUNTED });

const SAFE = { hate: { filtered: false, severity: "safe" } };
stream("openai", "Azure says first what it thinks of the prompt", [
  { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }] },
  chunk({ role: "assistant", content: "", refusal: null }, { content_filter_results: {} }), chunk({ content: "Yes" }, { content_filter_results: SAFE, logprobs: null }), chunk({}, END),
  { choices: [{ content_filter_offsets: { check_offset: 0, start_offset: 0, end_offset: 9 }, content_filter_results: SAFE, finish_reason: null, index: 0 }], created: 0, id: "", model: "", object: "" },
  rest({ ...COUNTS, completion_tokens_details: { reasoning_tokens: 0 }, prompt_tokens_details: { cached_tokens: 0 } }),
], { text: "Yes", ...COUNTED, cached: 0, reasoningTokens: 0 });

stream("openai", "Azure filters the answer", [
  { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [] }, chunk({ role: "assistant", content: "Half" }),
  chunk({}, { finish_reason: "content_filter", content_filter_results: { violence: { filtered: true, severity: "high" } } }),
], { text: "Half", finish: "filter" });

whole("openai", "Azure refuses the prompt", { error: { message: "The response was filtered", type: null, param: "prompt", code: "content_filter", status: 400, innererror: { code: "ResponsibleAIPolicyViolation" } } },
  { error: { name: "", status: 400 } }, { status: 400 });

stream("openai", "Perplexity repeats the whole message", [
  chunk({ role: "assistant", content: "Ye" }, { message: { role: "assistant", content: "Ye" } }, { citations: ["https://a.b"], usage: { ...COUNTS, completion_tokens: 1, total_tokens: 21 }, search_results: [{ title: "t", url: "https://a.b" }] }),
  chunk({ role: "assistant", content: "s" }, { ...END, message: { role: "assistant", content: "Yes" } }, { usage: { ...COUNTS, search_context_size: "low", cost: { total_cost: 0.1 } } }),
], { text: "Yes", ...COUNTED });

stream("openai", "a function is called as of old", [
  chunk({ role: "assistant", content: null, function_call: { name: "weather", arguments: "" } }), chunk({ function_call: { arguments: '{"city":' } }), chunk({ function_call: { arguments: '"Köln"}' } }),
  chunk({}, { finish_reason: "function_call" }), rest(COUNTS),
], { calls: [CITY], finish: "tool", ...COUNTED }, { without: ["openai"] });

whole("openai", "a function is called as of old, whole", said({ content: null, function_call: { name: "weather", arguments: '{"city":"Köln"}' } }, { finish_reason: "function_call" }, { usage: COUNTS }),
  { calls: [CITY], finish: "tool", ...COUNTED });

stream("openai", "OpenAI refuses", [chunk({ role: "assistant", content: "", refusal: null }), chunk({ refusal: "I can" }), chunk({ refusal: "not." }), chunk({}, END), rest(COUNTS)],
  { text: "I cannot.", finish: "refused", ...COUNTED });

whole("openai", "OpenAI refuses, whole", said({ content: null, refusal: "I cannot." }, {}, { usage: COUNTS }), { text: "I cannot.", finish: "refused", ...COUNTED });

stream("openai", "OpenAI calls a custom tool and obfuscates", [
  chunk({ role: "assistant", content: null, tool_calls: [{ index: 0, id: "call_1", type: "custom", custom: { name: "patch", input: "" } }] }, {}, { obfuscation: "a" }),
  chunk({ tool_calls: [{ index: 0, custom: { input: "*** B" } }] }, {}, { obfuscation: "bb" }), chunk({ tool_calls: [{ index: 0, custom: { input: "egin" } }] }), chunk({}, CALLS), rest(COUNTS),
], { calls: [{ name: "patch", args: { input: "*** Begin" } }], finish: "tool", ...COUNTED });

stream("openai", "Moonshot counts in the choice", [
  chunk({ role: "assistant", content: "" }), chunk({ reasoning_content: "Hm." }), chunk({ content: "Yes" }), chunk({}, { ...END, usage: { ...COUNTS, cached_tokens: 6 } }),
], { reasoning: "Hm.", text: "Yes", ...COUNTED, cached: 6 }, { without: ["openai"] });

stream("openai", "Qwen repeats empty ids", [
  chunk({ role: "assistant", content: null, tool_calls: [tool(0, "call_a", "weather", "")] }), chunk({ content: null, tool_calls: [tool(0, "", null, '{"city": "')] }), chunk({ content: null, tool_calls: [tool(0, "", "", 'Köln"}')] }),
  chunk({ content: "" }, CALLS), rest({ ...COUNTS, prompt_tokens_details: { cached_tokens: 0 } }),
], { calls: [CITY], finish: "tool", ...COUNTED, cached: 0 });

stream("openai", "Gemini by OpenAI's dialect numbers all calls 0", [
  chunk({ role: "assistant", tool_calls: [tool(0, "function-call-1", "weather", '{"city":"Köln"}', { extra_content: { google: { thought_signature: "c2ln" } } })] }),
  chunk({ role: "assistant", tool_calls: [tool(0, "function-call-2", "time", '{"zone":"CET"}')] }), chunk({ role: "assistant" }, END, { usage: COUNTS }),
], { calls: [CITY, { name: "time", args: { zone: "CET" } }], finish: "tool", ...COUNTED }, { without: ["openai"] });

stream("openai", "calls without an index", [
  chunk({ role: "assistant", tool_calls: [tool(undefined, "call_1", "weather", '{"city":"Köln"}'), tool(undefined, "call_2", "time", "{}")] }), chunk({}, CALLS, { usage: COUNTS }),
], { calls: [CITY, { name: "time", args: {} }], finish: "tool", ...COUNTED });

stream("openai", "Databricks sums up in parts", [
  chunk({ role: "assistant", content: [{ type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] }] }), chunk({ content: [{ type: "reasoning", summary: [{ type: "summary_text", text: ", so.", signature: "" }] }] }),
  chunk({ content: [{ type: "reasoning", summary: [{ type: "summary_text", text: "", signature: "c2ln" }] }] }), chunk({ content: "Yes" }), chunk({}, END, { usage: COUNTS }),
], { reasoning: "Hm, so.", text: "Yes", ...COUNTED }, { without: ["openai"] });

whole("openai", "Databricks sums up in parts, whole", said({ content: [
  { type: "reasoning", summary: [{ type: "summary_text", text: "Hm.", signature: "c2ln" }] }, { type: "text", text: "Yes" },
] }, {}, { usage: COUNTS }), { reasoning: "Hm.", text: "Yes", ...COUNTED }, { without: ["openai"] });

stream("openai", "LiteLLM says thinking three times", [
  chunk({ role: "assistant", content: "", reasoning_content: "Hm.", thinking_blocks: [{ type: "thinking", thinking: "Hm.", signature: null }], provider_specific_fields: { thinking_blocks: [] } }),
  chunk({ content: "", reasoning_content: "", thinking_blocks: [{ type: "thinking", thinking: "", signature: "c2ln" }] }), chunk({ content: "Yes" }), chunk({}, END), rest(COUNTS),
], { reasoning: "Hm.", text: "Yes", ...COUNTED });

stream("openai", "GLM is sensitive", [chunk({ role: "assistant", content: "Half" }), chunk({ role: "assistant", content: "" }, { finish_reason: "sensitive" }, { usage: COUNTS })],
  { text: "Half", finish: "filter", ...COUNTED }, { without: ["openai"] });

stream("openai", "nothing is said", [chunk({ role: "assistant", content: "" }), chunk({}, END), rest({ ...COUNTS, completion_tokens: 0, total_tokens: 20 })], { input: 20, output: 0 });

stream("openai", "the length is reached within arguments", [
  chunk({ role: "assistant", content: "Wait. " }), chunk({ tool_calls: [tool(0, "call_1", "weather", '{"city":"Köln"}')] }), chunk({}, { finish_reason: "length" }), rest(COUNTS),
], { text: "Wait. ", calls: [CITY], finish: "length", ...COUNTED });

stream("openai", "an error is all there is", [{ error: { message: "The server is overloaded", type: "server_error", param: null, code: null } }], { error: { name: "APIError", status: "stream" } });

whole("openai", "an error with the status of an answer", { error: { message: "Model is loading", type: "invalid_request_error" } }, { error: { name: "", status: 200 } }, { without: ["openai", "responses", "anthropic", "gemini", "bedrock", "cohere", "ollama"] });

stream("openai", "the connection breaks", [chunk({ role: "assistant", content: "Ye" }), chunk({ content: "s" })], { text: "Yes" }, { isCut: true, without: ["openai"] });
