/* What providers of the other dialects say beside text and calls: tools of their own, citations, refusals, blocks that
 * are hidden, ends that are none. */

import { stream, whole } from "./invented.js";

const CITY = { name: "weather", args: { city: "Köln" } };
const COUNTED = { input: 20, output: 9 };

/* OpenAI Responses */

const USAGE = { input_tokens: 20, input_tokens_details: { cached_tokens: 12 }, output_tokens: 9, output_tokens_details: { reasoning_tokens: 5 }, total_tokens: 29 };
const USED = { ...COUNTED, cached: 12, reasoningTokens: 5 };
const response = (output: object[], more: object = {}) => ({
  id: "resp_1", object: "response", created_at: 1750000000, status: "completed", error: null, incomplete_details: null, instructions: null, model: "m", output, usage: USAGE, ...more,
});
const message = (text: string, more: object = {}) => ({ id: "msg_1", type: "message", status: "completed", role: "assistant", content: [{ type: "output_text", text, annotations: [], logprobs: [] }], ...more });
const added = (output_index: number, item: object) => ({ type: "response.output_item.added", output_index, item: { ...item, status: "in_progress", content: [] } });
const done = (output_index: number, item: object) => ({ type: "response.output_item.done", output_index, item });
const text = (output_index: number, ...deltas: string[]) => [
  { type: "response.content_part.added", item_id: "msg_1", output_index, content_index: 0, part: { type: "output_text", text: "", annotations: [] } },
  ...deltas.map((delta) => ({ type: "response.output_text.delta", item_id: "msg_1", output_index, content_index: 0, delta, obfuscation: "xyz" })),
  { type: "response.output_text.done", item_id: "msg_1", output_index, content_index: 0, text: deltas.join("") },
  { type: "response.content_part.done", item_id: "msg_1", output_index, content_index: 0, part: { type: "output_text", text: deltas.join(""), annotations: [] } },
];
const say = (output_index: number, ...deltas: string[]) => [added(output_index, message("")), ...text(output_index, ...deltas), done(output_index, message(deltas.join("")))];
const begin = [{ type: "response.queued", response: response([], { status: "queued", usage: null }) }, { type: "response.created", response: response([], { status: "in_progress", usage: null }) },
  { type: "response.in_progress", response: response([], { status: "in_progress", usage: null }) }, { type: "keepalive", sequence_number: 3 }];
const end = (output: object[], more: object = {}, type = "completed") => ({ type: `response.${type}`, response: response(output, more) });

const BUILT_IN: [string, object][] = [
  ["searches the web", { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q", sources: [] } }],
  ["searches files", { id: "fs_1", type: "file_search_call", status: "completed", queries: ["q"], results: null }],
  ["runs code", { id: "ci_1", type: "code_interpreter_call", status: "completed", code: "1+1", container_id: "cntr_1", outputs: [{ type: "logs", logs: "2" }] }],
  ["lists tools of an MCP server", { id: "mcpl_1", type: "mcp_list_tools", server_label: "s", tools: [{ name: "t", input_schema: {}, annotations: null }] }],
  ["calls an MCP server", { id: "mcp_1", type: "mcp_call", server_label: "s", name: "t", arguments: "{}", output: "o", error: null, approval_request_id: null }],
  ["wants an approval", { id: "mcpr_1", type: "mcp_approval_request", server_label: "s", name: "t", arguments: "{}" }],
  ["uses a computer", { id: "cu_1", type: "computer_call", call_id: "call_9", status: "completed", action: { type: "screenshot" }, pending_safety_checks: [] }],
  ["compacts", { id: "cmp_1", type: "compaction", encrypted_content: "gAAA" }],
  ["does what nobody has heard of", { id: "zz_1", type: "teleport_call", status: "completed", goal: { x: 1 } }],
];
for (const [what, item] of BUILT_IN) {
  stream("responses", `the model ${what}`, [...begin, added(0, item), done(0, item), ...say(1, "Ye", "s"), end([item, message("Yes")])], { text: "Yes", ...USED });
  whole("responses", `the model ${what}, whole`, response([item, message("Yes")]), { text: "Yes", ...USED });
}

stream("responses", "events of built-in tools", [
  ...begin, added(0, BUILT_IN[2]![1]), { type: "response.code_interpreter_call.in_progress", output_index: 0, item_id: "ci_1" },
  { type: "response.code_interpreter_call_code.delta", output_index: 0, item_id: "ci_1", delta: "1+" }, { type: "response.code_interpreter_call_code.done", output_index: 0, item_id: "ci_1", code: "1+1" },
  { type: "response.code_interpreter_call.completed", output_index: 0, item_id: "ci_1" }, done(0, BUILT_IN[2]![1]),
  added(1, BUILT_IN[4]![1]), { type: "response.mcp_call_arguments.delta", output_index: 1, item_id: "mcp_1", delta: "{}" }, { type: "response.mcp_call_arguments.done", output_index: 1, item_id: "mcp_1", arguments: "{}" },
  { type: "response.mcp_call.completed", output_index: 1, item_id: "mcp_1" }, done(1, BUILT_IN[4]![1]), ...say(2, "Yes"), end([BUILT_IN[2]![1], BUILT_IN[4]![1], message("Yes")]),
], { text: "Yes", ...USED });

const IMAGE = { id: "ig_1", type: "image_generation_call", status: "completed", result: "iVBORw0KGgoAAAANSUhEUg==", output_format: "png" };
stream("responses", "the model paints", [
  ...begin, added(0, { ...IMAGE, result: null }), { type: "response.image_generation_call.generating", output_index: 0, item_id: "ig_1" },
  { type: "response.image_generation_call.partial_image", output_index: 0, item_id: "ig_1", partial_image_index: 0, partial_image_b64: "iVBO" }, done(0, IMAGE), ...say(1, "Done"), end([IMAGE, message("Done")]),
], { text: "Done", ...USED });

const REFUSED = { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [{ type: "refusal", refusal: "I cannot." }] };
stream("responses", "the model refuses", [
  ...begin, added(0, REFUSED), { type: "response.content_part.added", item_id: "msg_1", output_index: 0, content_index: 0, part: { type: "refusal", refusal: "" } },
  { type: "response.refusal.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "I can" }, { type: "response.refusal.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "not." },
  { type: "response.refusal.done", item_id: "msg_1", output_index: 0, content_index: 0, refusal: "I cannot." }, done(0, REFUSED), end([REFUSED]),
], { text: "I cannot.", finish: "refused", ...USED });

const RAW = { id: "rs_1", type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm, so." }], status: "completed" };
stream("responses", "an open model shows all its thoughts", [
  ...begin, added(0, { ...RAW }), { type: "response.content_part.added", item_id: "rs_1", output_index: 0, content_index: 0, part: { type: "reasoning_text", text: "" } },
  { type: "response.reasoning_text.delta", item_id: "rs_1", output_index: 0, content_index: 0, delta: "Hm" }, { type: "response.reasoning_text.delta", item_id: "rs_1", output_index: 0, content_index: 0, delta: ", so." },
  { type: "response.reasoning_text.done", item_id: "rs_1", output_index: 0, content_index: 0, text: "Hm, so." }, done(0, RAW), ...say(1, "Yes"), end([RAW, message("Yes")]),
], { reasoning: "Hm, so.", text: "Yes", ...USED });

const SUMMED = { id: "rs_1", type: "reasoning", encrypted_content: "gAAA", summary: [{ type: "summary_text", text: "First." }, { type: "summary_text", text: "Second." }] };
stream("responses", "a summary of several parts", [
  ...begin, added(0, { ...SUMMED, summary: [], encrypted_content: "gAA" }),
  ...SUMMED.summary.flatMap((part, summary_index) => [
    { type: "response.reasoning_summary_part.added", item_id: "rs_1", output_index: 0, summary_index, part: { type: "summary_text", text: "" } },
    { type: "response.reasoning_summary_text.delta", item_id: "rs_1", output_index: 0, summary_index, delta: part.text },
    { type: "response.reasoning_summary_text.done", item_id: "rs_1", output_index: 0, summary_index, text: part.text },
    { type: "response.reasoning_summary_part.done", item_id: "rs_1", output_index: 0, summary_index, part },
  ]), done(0, SUMMED), ...say(1, "Yes"), end([SUMMED, message("Yes")]),
], { reasoning: "First.Second.", text: "Yes", ...USED });

const call = (n: number, name: string, args: string) => ({ id: `fc_${n}`, type: "function_call", status: "completed", call_id: `call_${n}`, name, arguments: args });
const PATCH = { id: "ctc_1", type: "custom_tool_call", status: "completed", call_id: "call_7", name: "patch", input: '*** "Begin"\n' };
stream("responses", "calls side by side, one of them free text", [
  ...begin, added(0, { ...call(1, "weather", "") }), added(1, { ...PATCH, input: "" }), added(2, call(2, "time", "")),
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 0, delta: '{"city":' }, { type: "response.custom_tool_call_input.delta", item_id: "ctc_1", output_index: 1, delta: '*** "Be' },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 0, delta: '"Köln"}' }, { type: "response.custom_tool_call_input.delta", item_id: "ctc_1", output_index: 1, delta: 'gin"\n' },
  { type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 0, arguments: '{"city":"Köln"}' }, { type: "response.custom_tool_call_input.done", item_id: "ctc_1", output_index: 1, input: PATCH.input },
  { type: "response.function_call_arguments.done", item_id: "fc_2", output_index: 2, arguments: "{}" },
  done(0, call(1, "weather", '{"city":"Köln"}')), done(1, PATCH), done(2, call(2, "time", "{}")), end([call(1, "weather", '{"city":"Köln"}'), PATCH, call(2, "time", "{}")]),
], { calls: [CITY, { name: "patch", args: { input: PATCH.input } }, { name: "time", args: {} }], finish: "tool", ...USED });

stream("responses", "a call that is there at once", [...begin, done(0, call(1, "weather", '{"city":"Köln"}')), end([call(1, "weather", '{"city":"Köln"}')])], { calls: [CITY], finish: "tool", ...USED });

whole("responses", "calls side by side, whole", response([RAW, call(1, "weather", '{"city":"Köln"}'), PATCH]), { reasoning: "Hm, so.", calls: [CITY, { name: "patch", args: { input: PATCH.input } }], finish: "tool", ...USED });

whole("responses", "a comment, and the answer", response([message("Wait. ", { phase: "commentary" }), message("Yes", { id: "msg_2", phase: "final_answer" })]), { text: "Wait. Yes", ...USED });

for (const [reason, finish] of [["max_output_tokens", "length"], ["content_filter", "filter"]] as const) {
  const cut = { status: "incomplete", incomplete_details: { reason } };
  stream("responses", `incomplete for ${reason}`, [...begin, ...say(0, "Half"), end([message("Half", { status: "incomplete" })], cut, "incomplete")], { text: "Half", finish, ...USED });
  whole("responses", `incomplete for ${reason}, whole`, response([message("Half", { status: "incomplete" })], cut), { text: "Half", finish, ...USED });
}

const FAILED = { status: "failed", error: { code: "server_error", message: "The model failed." }, usage: null };
stream("responses", "the response fails", [...begin, ...say(0, "Half"), end([], FAILED, "failed")], { text: "Half", error: { name: "APIError", status: "stream" } });
stream("responses", "an error in the middle", [...begin, added(0, message("")), ...text(0, "Half").slice(0, 2), { type: "error", code: "rate_limit_exceeded", message: "Slow down.", param: null, sequence_number: 9 }],
  { text: "Half", error: { name: "APIError", status: "stream" } }, { isCut: true });

/* Anthropic */

const anthropicUsage = { input_tokens: 5, cache_creation_input_tokens: 3, cache_read_input_tokens: 12, cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 0 }, output_tokens: 1, service_tier: "standard" };
const ANTHROPIC_USED = { input: 20, output: 9, cached: 12 };
const claude = (content: object[], more: object = {}) => ({ id: "msg_1", type: "message", role: "assistant", model: "m", content, stop_reason: "end_turn", stop_sequence: null, usage: { ...anthropicUsage, output_tokens: 9 }, ...more });
const starts = { type: "message_start", message: claude([], { stop_reason: null, usage: anthropicUsage }) };
const ends = (stop_reason: string, more: object = {}, usage: object = {}) => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null, ...more }, usage: { output_tokens: 9, ...usage } }, { type: "message_stop" },
];
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: "content_block_start", index, content_block }, { type: "ping" }, ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })), { type: "content_block_stop", index },
];
const words = (index: number, ...some: string[]) => block(index, { type: "text", text: "" }, ...some.map((piece) => ({ type: "text_delta", text: piece })));
const json = (partial_json: string) => ({ type: "input_json_delta", partial_json });

const SERVERS: [string, object[]][] = [
  ["searches the web", [{ type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
    { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", title: "t", url: "https://a.b", encrypted_content: "Eq", page_age: null }] }]],
  ["fails to search the web", [{ type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }, { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: { type: "web_search_tool_result_error", error_code: "max_uses_exceeded" } }]],
  ["runs code", [{ type: "server_tool_use", id: "srvtoolu_1", name: "bash_code_execution", input: { command: "ls" } },
    { type: "bash_code_execution_tool_result", tool_use_id: "srvtoolu_1", content: { type: "bash_code_execution_result", stdout: "a", stderr: "", return_code: 0, content: [] } }]],
  ["calls an MCP server", [{ type: "mcp_tool_use", id: "mcptoolu_1", name: "t", server_name: "s", input: { a: 1 } }, { type: "mcp_tool_result", tool_use_id: "mcptoolu_1", is_error: false, content: [{ type: "text", text: "not said" }] }]],
  ["looks for tools", [{ type: "server_tool_use", id: "srvtoolu_1", name: "tool_search_tool_regex", input: { query: "w" } },
    { type: "tool_search_tool_result", tool_use_id: "srvtoolu_1", content: { type: "tool_search_tool_search_result", tool_references: [{ type: "tool_reference", tool_name: "weather" }] } }]],
  ["compacts", [{ type: "compaction", content: "summary" }]],
  ["does what nobody has heard of", [{ type: "teleport", goal: { x: 1 } }]],
  ["hides a thought", [{ type: "redacted_thinking", data: "EmwK" }]],
];
for (const [what, blocks] of SERVERS) {
  const shown = blocks.flatMap((some: any, index) => (some.input === undefined ? block(index, some) : block(index, { ...some, input: {} }, json(""), json(JSON.stringify(some.input)))));
  stream("anthropic", `Claude ${what}`, [starts, ...shown, ...words(blocks.length, "Ye", "s"), ...ends("end_turn", {}, { server_tool_use: { web_search_requests: 1 } })], { text: "Yes", ...ANTHROPIC_USED });
  whole("anthropic", `Claude ${what}, whole`, claude([...blocks, { type: "text", text: "Yes", citations: null }]), { text: "Yes", ...ANTHROPIC_USED });
}

const CITATION = { type: "char_location", cited_text: "c", document_index: 0, document_title: "t", start_char_index: 0, end_char_index: 1, file_id: null };
stream("anthropic", "Claude cites", [
  starts, ...block(0, { type: "text", text: "", citations: [] }, { type: "text_delta", text: "Yes" }, { type: "citations_delta", citation: CITATION }),
  ...block(1, { type: "text", text: "" }, { type: "text_delta", text: ", no." }), ...ends("end_turn"),
], { text: "Yes, no.", ...ANTHROPIC_USED });
whole("anthropic", "Claude cites, whole", claude([{ type: "text", text: "Yes", citations: [CITATION] }, { type: "text", text: ", no." }]), { text: "Yes, no.", ...ANTHROPIC_USED });

stream("anthropic", "Claude thinks unseen", [
  starts, ...block(0, { type: "thinking", thinking: "", signature: "" }, { type: "signature_delta", signature: "EqQB" }), ...words(1, "Yes"), ...ends("end_turn", {}, { output_tokens_details: { thinking_tokens: 5 } }),
], { text: "Yes", ...ANTHROPIC_USED, reasoningTokens: 5 });

stream("anthropic", "Claude thinks between calls", [
  starts, ...block(0, { type: "thinking", thinking: "", signature: "" }, { type: "thinking_delta", thinking: "Hm", estimated_tokens: 2 }, { type: "thinking_delta", thinking: "." }, { type: "signature_delta", signature: "EqQB" }),
  ...block(1, { type: "tool_use", id: "toolu_1", name: "weather", input: {} }, json(""), json('{"ci'), json('ty": "Köln"}')), ...block(2, { type: "tool_use", id: "toolu_2", name: "time", input: {} }),
  ...ends("tool_use"),
], { reasoning: "Hm.", calls: [CITY, { name: "time", args: {} }], finish: "tool", ...ANTHROPIC_USED });

stream("anthropic", "a call's input is there at once", [starts, ...block(0, { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Köln" }, caller: { type: "direct" } }), ...ends("tool_use")], { calls: [CITY], finish: "tool", ...ANTHROPIC_USED }, { without: ["anthropic"] });

for (const [reason, finish, more] of [
  ["refusal", "filter", { stop_details: { type: "refusal", category: "cyber", explanation: "No." } }], ["pause_turn", "stop", { container: { id: "c", expires_at: "2026-01-01T00:00:00Z" } }], ["max_tokens", "length", {}],
  ["model_context_window_exceeded", "length", {}], ["stop_sequence", "stop", { stop_sequence: "###" }],
] as const) {
  stream("anthropic", `Claude ends with ${reason}`, [starts, ...words(0, "Half"), ...ends(reason, more)], { text: "Half", finish, ...ANTHROPIC_USED });
  whole("anthropic", `Claude ends with ${reason}, whole`, claude([{ type: "text", text: "Half" }], { stop_reason: reason, ...more }), { text: "Half", finish, ...ANTHROPIC_USED });
}
whole("anthropic", "Claude refuses without a word", claude([], { stop_reason: "refusal", stop_details: null }), { finish: "filter", ...ANTHROPIC_USED });
stream("anthropic", "Claude is overloaded in the middle", [starts, ...words(0, "Half"), { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" }], { text: "Half", error: { name: "APIError", status: "stream" } });
stream("anthropic", "events that nobody has heard of", [starts, { type: "teleport", x: 1 }, ...words(0, "Yes").flatMap((event) => [event, { type: "vertex_event", x: 1 }]), ...ends("end_turn")], { text: "Yes", ...ANTHROPIC_USED });
stream("anthropic", "usage is said again at the end", [starts, ...words(0, "Yes"), ...ends("end_turn", {}, { input_tokens: 6, cache_creation_input_tokens: 2, cache_read_input_tokens: 12, iterations: [{ type: "message", input_tokens: 6, output_tokens: 9 }] })], { text: "Yes", ...ANTHROPIC_USED });

/* Gemini */

const gUsage = { promptTokenCount: 20, candidatesTokenCount: 4, thoughtsTokenCount: 5, totalTokenCount: 29, cachedContentTokenCount: 12, promptTokensDetails: [{ modality: "TEXT", tokenCount: 20 }], trafficType: "ON_DEMAND" };
const part = (parts: object[] | undefined, more: object = {}, top: object = {}) =>
  ({ candidates: [{ ...(parts ? { content: { parts, role: "model" } } : {}), index: 0, ...more }], usageMetadata: gUsage, modelVersion: "m", responseId: "r1", ...top });
const STOP = { finishReason: "STOP" };

const PARTS: [string, object[], object][] = [
  ["runs code", [{ executableCode: { language: "PYTHON", code: "1+1" } }, { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2\n" } }, { text: "Yes" }], { text: "Yes" }],
  ["thinks", [{ text: "Hm", thought: true }, { text: ".", thought: true, thoughtSignature: "c2ln" }, { text: "Ye" }, { text: "s", thoughtSignature: "c2lo" }, { text: "", thoughtSignature: "c2lp" }], { reasoning: "Hm.", text: "Yes" }],
  ["calls twice", [{ functionCall: { id: "a", name: "weather", args: { city: "Köln" } }, thoughtSignature: "c2ln" }, { functionCall: { name: "time" } }], { calls: [CITY, { name: "time", args: {} }], finish: "tool" }],
  ["says nothing but a signature", [{ text: "", thoughtSignature: "c2ln" }], {}],
  ["does what nobody has heard of", [{ teleport: { goal: 1 } }, { text: "Yes" }], { text: "Yes" }],
  ["calls a tool of Google's", [{ toolCall: { id: "t", toolType: "GOOGLE_SEARCH_WEB", args: { queries: ["q"] } } }, { toolResponse: { id: "t", toolType: "GOOGLE_SEARCH_WEB", response: {} } }, { text: "Yes" }], { text: "Yes" }],
];
for (const [what, parts, wants] of PARTS) {
  stream("gemini", `Gemini ${what}`, parts.map((one, i) => part([one], i + 1 === parts.length ? STOP : {})), { ...USED, ...wants });
  whole("gemini", `Gemini ${what}, whole`, part(parts, STOP), { ...USED, ...wants });
}

const GROUNDS = { groundingMetadata: { webSearchQueries: ["q"], searchEntryPoint: { renderedContent: "<b>" }, groundingChunks: [{ web: { uri: "https://a.b", title: "t" } }], groundingSupports: [{ segment: { startIndex: 0, endIndex: 3, text: "Yes" }, groundingChunkIndices: [0] }] } };
stream("gemini", "Gemini searches", [part([{ text: "Yes" }]), part([{ text: "." }], { ...STOP, ...GROUNDS })], { text: "Yes.", ...USED });
whole("gemini", "Gemini searches, whole", part([{ text: "Yes." }], { ...STOP, ...GROUNDS, citationMetadata: { citationSources: [{ startIndex: 0, endIndex: 3, uri: "https://a.b" }] }, urlContextMetadata: { urlMetadata: [] } }), { text: "Yes.", ...USED });

for (const reason of ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"]) {
  stream("gemini", `Gemini ends with ${reason}`, [part([{ text: "Half" }]), part(undefined, { finishReason: reason, safetyRatings: [{ category: "HARM_CATEGORY_X", probability: "HIGH", blocked: true }] })], { text: "Half", finish: "filter", ...USED });
  whole("gemini", `Gemini ends with ${reason}, whole`, part(undefined, { finishReason: reason }), { finish: "filter", ...USED });
}
stream("gemini", "the prompt is blocked", [{ promptFeedback: { blockReason: "PROHIBITED_CONTENT", safetyRatings: [] }, usageMetadata: { promptTokenCount: 20, totalTokenCount: 20 }, modelVersion: "m" }], { finish: "filter", input: 20 });
whole("gemini", "the prompt is blocked, whole", { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "No." }, usageMetadata: { promptTokenCount: 20, totalTokenCount: 20 }, modelVersion: "m" }, { finish: "filter", input: 20 });
whole("gemini", "the length is reached before a word", part(undefined, { finishReason: "MAX_TOKENS" }, { usageMetadata: { promptTokenCount: 20, totalTokenCount: 25, thoughtsTokenCount: 5 } }), { finish: "length", input: 20, output: 5, reasoningTokens: 5 });
whole("gemini", "a content without parts", part([], { ...STOP, content: { role: "model" } }), USED);
stream("gemini", "an empty content at the end", [part([{ text: "Yes" }]), part([{ text: "" }], STOP)], { text: "Yes", ...USED });
stream("gemini", "a tool's tokens", [part([{ text: "Yes" }], STOP, { usageMetadata: { promptTokenCount: 15, toolUsePromptTokenCount: 5, candidatesTokenCount: 9, totalTokenCount: 29 } })], { text: "Yes", ...COUNTED });
stream("gemini", "an error in the middle", [part([{ text: "Half" }]), { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }], { text: "Half", error: { name: "ApiError", status: "stream" } }, { isCut: true, without: ["gemini"] });
stream("gemini", "arguments in pieces", [
  part([{ functionCall: { name: "weather", id: "a", willContinue: true } }]), part([{ functionCall: { partialArgs: [{ jsonPath: "$.city", stringValue: "Kö", willContinue: true }], willContinue: true } }]),
  part([{ functionCall: { partialArgs: [{ jsonPath: "$.city", stringValue: "ln" }], willContinue: true } }]), part([{ functionCall: {} }]), part([{ text: "" }], STOP),
], { calls: [CITY], finish: "tool", ...USED });

/* Bedrock */

const bUsage = { inputTokens: 5, cacheReadInputTokens: 12, cacheWriteInputTokens: 3, outputTokens: 9, totalTokens: 29, cacheDetails: [{ inputTokens: 3, ttl: "5m" }] };
const B_USED = { ...COUNTED, cached: 12 };
const converse = (content: object[], stopReason = "end_turn", more: object = {}) => ({ output: { message: { role: "assistant", content } }, stopReason, usage: bUsage, metrics: { latencyMs: 9 }, ...more });
const b = (contentBlockIndex: number, start: object | undefined, ...deltas: object[]) => [
  ...(start ? [{ contentBlockStart: { contentBlockIndex, start } }] : []), ...deltas.map((delta) => ({ contentBlockDelta: { contentBlockIndex, delta, p: "abcd" } })), { contentBlockStop: { contentBlockIndex, p: "ab" } },
];
const bEnd = (stopReason = "end_turn", more: object = {}, trace: object = {}) => [{ messageStop: { stopReason, ...more } }, { metadata: { usage: bUsage, metrics: { latencyMs: 9 }, ...trace } }];
const B_START = { messageStart: { role: "assistant", p: "abc" } };
const GUARD = { trace: { guardrail: { inputAssessment: { g: { topicPolicy: { topics: [{ action: "BLOCKED", name: "t", type: "DENY" }] } } }, modelOutput: [], outputAssessments: {} } } };

stream("bedrock", "a guardrail steps in", [B_START, ...b(0, undefined, { text: "Sorry." }), ...bEnd("guardrail_intervened", {}, GUARD)], { text: "Sorry.", finish: "filter", ...B_USED });
whole("bedrock", "a guardrail steps in, whole", converse([{ text: "Sorry." }], "guardrail_intervened", GUARD), { text: "Sorry.", finish: "filter", ...B_USED });
stream("bedrock", "Claude thinks, seen and unseen", [
  B_START, ...b(0, undefined, { reasoningContent: { text: "Hm" } }, { reasoningContent: { text: "." } }, { reasoningContent: { signature: "EqQB" } }), ...b(1, undefined, { reasoningContent: { redactedContent: "RW13Sw==" } }),
  ...b(2, undefined, { text: "Yes" }), ...bEnd(),
], { reasoning: "Hm.", text: "Yes", ...B_USED });
whole("bedrock", "Claude thinks, seen and unseen, whole", converse([{ reasoningContent: { reasoningText: { text: "Hm.", signature: "EqQB" } } }, { reasoningContent: { redactedContent: "RW13Sw==" } }, { text: "Yes" }]), { reasoning: "Hm.", text: "Yes", ...B_USED });
stream("bedrock", "calls in pieces, one without input", [
  B_START, ...b(0, undefined, { text: "Wait. " }), ...b(1, { toolUse: { toolUseId: "tooluse_1", name: "weather" } }, { toolUse: { input: "" } }, { toolUse: { input: '{"city":' } }, { toolUse: { input: '"Köln"}' } }),
  ...b(2, { toolUse: { toolUseId: "tooluse_2", name: "time" } }, { toolUse: { input: "" } }), ...bEnd("tool_use"),
], { text: "Wait. ", calls: [CITY, { name: "time", args: {} }], finish: "tool", ...B_USED });
whole("bedrock", "a document is cited", converse([{ citationsContent: { content: [{ text: "Yes" }], citations: [{ title: "t", location: { documentChar: { documentIndex: 0, start: 0, end: 3 } }, sourceContent: [{ text: "s" }] }] } }, { text: "." }]), { text: "Yes.", ...B_USED });
stream("bedrock", "a document is cited in a stream", [
  B_START, ...b(0, undefined, { text: "Yes" }, { citation: { title: "t", location: { documentPage: { documentIndex: 0, start: 1, end: 1 } }, sourceContent: [{ text: "s" }] } }), ...b(1, undefined, { text: "." }), ...bEnd(),
], { text: "Yes.", ...B_USED });
for (const [reason, finish] of [["max_tokens", "length"], ["stop_sequence", "stop"], ["content_filtered", "filter"], ["model_context_window_exceeded", "length"]] as const) {
  stream("bedrock", `it ends with ${reason}`, [B_START, ...b(0, undefined, { text: "Half" }), ...bEnd(reason, { additionalModelResponseFields: { stop_sequence: "###" } })], { text: "Half", finish, ...B_USED });
}
whole("bedrock", "nothing is said, and more is", converse([], "end_turn", { additionalModelResponseFields: { x: 1 }, performanceConfig: { latency: "optimized" }, serviceTier: { type: "flex" }, trace: { promptRouter: { invokedModelId: "m" } } }), B_USED);

/* Cohere */

const cUsage = { billed_units: { input_tokens: 4, output_tokens: 6 }, tokens: { input_tokens: 20, output_tokens: 9 }, cached_tokens: 12 };
const C_USED = { ...COUNTED, cached: 12 };
const c = (type: string, more: object = {}) => ({ type, ...more });
const cMessage = (content: object, more: object = {}) => ({ ...more, delta: { message: content } });
const cStart = c("message-start", { id: "c1", ...cMessage({ role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] }) });
const cEnd = (finish_reason: string, more: object = {}) => c("message-end", { id: "c1", delta: { finish_reason, usage: cUsage, ...more } });
const cText = (index: number, kind: string, ...some: string[]) => [
  c("content-start", { index, ...cMessage({ content: { type: kind, [kind]: "" } }) }), ...some.map((piece) => c("content-delta", { index, ...cMessage({ content: { [kind]: piece } }) })), c("content-end", { index }),
];
const cWhole = (content: object[], finish_reason = "COMPLETE", more: object = {}) => ({ id: "c1", finish_reason, message: { role: "assistant", content, ...more }, usage: cUsage, logprobs: null });
const cite = { start: 0, end: 3, text: "Yes", sources: [{ type: "tool", id: "weather_1:0", tool_output: { t: "1" } }], type: "TEXT_CONTENT" };

stream("cohere", "Command plans and calls", [
  cStart, c("tool-plan-delta", cMessage({ tool_plan: "I will" })), c("tool-plan-delta", cMessage({ tool_plan: " ask." })),
  c("tool-call-start", { index: 0, ...cMessage({ tool_calls: { id: "weather_1", type: "function", function: { name: "weather", arguments: "" } } }) }), c("tool-call-delta", { index: 0, ...cMessage({ tool_calls: { function: { arguments: '{"city"' } } }) }),
  c("tool-call-delta", { index: 0, ...cMessage({ tool_calls: { function: { arguments: ':"Köln"}' } } }) }), c("tool-call-end", { index: 0 }),
  c("tool-call-start", { index: 1, ...cMessage({ tool_calls: { id: "time_2", type: "function", function: { name: "time", arguments: "" } } }) }), c("tool-call-delta", { index: 1, ...cMessage({ tool_calls: { function: { arguments: "{}" } } }) }), c("tool-call-end", { index: 1 }),
  cEnd("TOOL_CALL"),
], { text: "I will ask.", calls: [CITY, { name: "time", args: {} }], finish: "tool", ...C_USED });
whole("cohere", "Command plans and calls, whole", cWhole([], "TOOL_CALL", { tool_plan: "I will ask.", tool_calls: [{ id: "weather_1", type: "function", function: { name: "weather", arguments: '{"city":"Köln"}' } }] }), { text: "I will ask.", calls: [CITY], finish: "tool", ...C_USED });
stream("cohere", "Command thinks and cites", [
  cStart, ...cText(0, "thinking", "Hm", "."), ...cText(1, "text", "Ye", "s."), c("citation-start", { index: 0, ...cMessage({ citations: cite }) }), c("citation-end", { index: 0 }), cEnd("COMPLETE"),
], { reasoning: "Hm.", text: "Yes.", ...C_USED });
whole("cohere", "Command thinks and cites, whole", cWhole([{ type: "thinking", thinking: "Hm." }, { type: "text", text: "Yes." }], "COMPLETE", { citations: [cite] }), { reasoning: "Hm.", text: "Yes.", ...C_USED });
for (const [reason, finish] of [["MAX_TOKENS", "length"], ["STOP_SEQUENCE", "stop"]] as const) {
  stream("cohere", `it ends with ${reason}`, [cStart, ...cText(0, "text", "Half"), cEnd(reason)], { text: "Half", finish, ...C_USED });
  whole("cohere", `it ends with ${reason}, whole`, cWhole([{ type: "text", text: "Half" }], reason), { text: "Half", finish, ...C_USED });
}
stream("cohere", "an error at the end", [cStart, ...cText(0, "text", "Half"), c("message-end", { id: "c1", delta: { finish_reason: "ERROR", error: "GPU lost" } })], { text: "Half", error: { name: "CohereError", status: "stream" } });
whole("cohere", "billed units alone", { ...cWhole([{ type: "text", text: "Yes" }]), usage: { billed_units: { input_tokens: 20, output_tokens: 9 } } }, { text: "Yes", ...COUNTED });
stream("cohere", "what nobody has heard of", [cStart, c("debug", { prompt: "p" }), c("teleport", { x: 1 }), ...cText(0, "text", "Yes"), cEnd("COMPLETE")], { text: "Yes", ...C_USED });

/* Ollama */

const o = (content: object, more: object = {}) => ({ model: "m", created_at: "2026-01-02T03:04:05.678Z", message: { role: "assistant", content: "", ...content }, done: false, ...more });
const oEnd = { done: true, done_reason: "stop", total_duration: 9, load_duration: 1, prompt_eval_count: 20, prompt_eval_duration: 1, eval_count: 9, eval_duration: 1 };
stream("ollama", "it thinks and calls", [
  o({ thinking: "Hm" }), o({ thinking: "." }), o({ tool_calls: [{ id: "call_1", function: { index: 0, name: "weather", arguments: { city: "Köln" } } }] }), o({ tool_calls: [{ function: { name: "time", arguments: {} } }] }), o({}, oEnd),
], { reasoning: "Hm.", calls: [CITY, { name: "time", args: {} }], finish: "tool", ...COUNTED });
whole("ollama", "it thinks and calls, whole", o({ thinking: "Hm.", tool_calls: [{ function: { name: "weather", arguments: { city: "Köln" } } }] }, oEnd), { reasoning: "Hm.", calls: [CITY], finish: "tool", ...COUNTED });
for (const [reason, finish] of [["length", "length"], ["stop", "stop"]] as const) stream("ollama", `it ends with ${reason}`, [o({ content: "Half" }), o({}, { ...oEnd, done_reason: reason })], { text: "Half", finish, ...COUNTED });
stream("ollama", "no reason is given", [o({ content: "Yes" }), o({}, { done: true })], { text: "Yes" });
whole("ollama", "the prompt was cached", o({ content: "Yes" }, { ...oEnd, prompt_eval_count: undefined }), { text: "Yes", output: 9 });
stream("ollama", "the last line has text", [o({ content: "Ye" }), o({ content: "s" }, oEnd)], { text: "Yes", ...COUNTED });
stream("ollama", "an error in the middle", [o({ content: "Half" }), { error: "an error was encountered while running the model" }], { text: "Half", error: { name: "Error", status: "stream" } }, { isCut: true });
stream("ollama", "a cloud model's own words", [o({ content: "Yes" }, { remote_model: "m", remote_host: "https://ollama.com:443", logprobs: [{ token: "Yes", logprob: -0.1 }] }), o({}, oEnd)], { text: "Yes", ...COUNTED });
