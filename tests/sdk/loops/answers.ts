/* A scripted step in the words of each provider, as a stream or whole. */

import { eventFrame, type ProviderConn } from "../../scenario/harness.js";
import { MODELS, type Kind, type Step } from "./script.js";

interface Answer {
  whole: object;
  type: string;
  stream: Buffer;
}

function sse(type: string, more: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
}

function events(text: string): Pick<Answer, "type" | "stream"> {
  return { type: "text/event-stream", stream: Buffer.from(text) };
}

function anthropic({ thought, seal, redacted, calls, text }: Step): Answer {
  const thinking = { type: "thinking", thinking: thought, signature: seal };
  const content: any[] = redacted ? [thinking, { type: "redacted_thinking", data: redacted }] : [thinking];
  if (text) content.push({ type: "text", text });
  for (const { id, name, args } of calls) content.push({ type: "tool_use", id, name, input: args });
  const stop_reason = calls.length > 0 ? "tool_use" : "end_turn";
  const message = { id: "msg_1", type: "message", role: "assistant", model: MODELS.anthropic, content, stop_reason, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 20 } };
  const begun: Record<string, object> = { thinking: { thinking: "", signature: "" }, text: { text: "" }, tool_use: { input: {} } };
  const deltas = (block: any): object[] => {
    if (block.type === "thinking") return [{ type: "thinking_delta", thinking: thought }, { type: "signature_delta", signature: seal }];
    if (block.type === "text") return [{ type: "text_delta", text }];
    if (block.type !== "tool_use") return [];
    const json = JSON.stringify(block.input);
    return [json.slice(0, 7), json.slice(7)].map((partial_json) => ({ type: "input_json_delta", partial_json }));
  };
  const start = sse("message_start", { message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 9, output_tokens: 1 } } });
  const blocks = content.map((block, index) => sse("content_block_start", { index, content_block: { ...block, ...begun[block.type] } }) +
    deltas(block).map((delta) => sse("content_block_delta", { index, delta })).join("") + sse("content_block_stop", { index }));
  const end = sse("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } }) + sse("message_stop", {});
  return { whole: message, ...events(start + blocks.join("") + end) };
}

function responses({ turn, thought, seal, calls, text }: Step): Answer {
  const summary = [{ type: "summary_text", text: thought }];
  const items: any[] = [{ id: `rs_${turn}`, type: "reasoning", summary, encrypted_content: seal }];
  if (text) items.push({ id: `msg_${turn}`, type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text, annotations: [] }] });
  for (const { id, name, args } of calls) {
    const more = { id: `fc_${id}`, status: "completed", call_id: id, name };
    items.push(name === "apply_patch" ? { type: "custom_tool_call", ...more, id: `ctc_${id}`, input: args["input"] } : { type: "function_call", ...more, arguments: JSON.stringify(args) });
  }
  const begun = { id: `resp_${turn}`, object: "response", created_at: 1, model: MODELS.responses, status: "in_progress", output: [], usage: null };
  const body = items.map((item, output_index) => {
    const at = { item_id: item.id, output_index };
    const added = sse("response.output_item.added", { output_index, item: { ...item, status: "in_progress", summary: [], content: [], arguments: "", input: "" } });
    const done = sse("response.output_item.done", { output_index, item });
    if (item.type === "function_call") return added + sse("response.function_call_arguments.delta", { ...at, delta: item.arguments }) + sse("response.function_call_arguments.done", { ...at, arguments: item.arguments }) + done;
    if (item.type === "custom_tool_call") return added + sse("response.custom_tool_call_input.delta", { ...at, delta: item.input }) + sse("response.custom_tool_call_input.done", { ...at, input: item.input }) + done;
    if (item.type === "message") return added + sse("response.content_part.added", { ...at, content_index: 0, part: { type: "output_text", text: "", annotations: [] } }) + sse("response.output_text.delta", { ...at, content_index: 0, delta: text }) + done;
    return added + sse("response.reasoning_summary_part.added", { ...at, summary_index: 0, part: { type: "summary_text", text: "" } }) + sse("response.reasoning_summary_text.delta", { ...at, summary_index: 0, delta: thought }) + done;
  });
  const usage = { input_tokens: 9, input_tokens_details: { cached_tokens: 0 }, output_tokens: 20, output_tokens_details: { reasoning_tokens: 5 }, total_tokens: 29 };
  const whole = { ...begun, status: "completed", output: items, usage };
  return { whole, ...events(sse("response.created", { response: begun }) + body.join("") + sse("response.completed", { response: whole })) };
}

function openai({ thought, calls, text }: Step): Answer {
  const finish = calls.length > 0 ? "tool_calls" : "stop";
  const tools = calls.map(({ id, name, args }, index) => ({ index, id, type: "function", function: { name, arguments: JSON.stringify(args) } }));
  const choice = (more: object) => ({ id: "c1", created: 1, model: MODELS.openai, choices: [{ index: 0, ...more }] });
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ ...choice({ delta, finish_reason }), object: "chat.completion.chunk" })}\n\n`;
  const message = { role: "assistant", content: text || null, reasoning_content: thought, ...(calls.length > 0 ? { tool_calls: tools } : {}) };
  return {
    whole: { ...choice({ message, finish_reason: finish }), object: "chat.completion", usage: { prompt_tokens: 9, completion_tokens: 20, total_tokens: 29 } },
    ...events(chunk({ role: "assistant", content: "" }) + chunk({ reasoning_content: thought }) + (text ? chunk({ content: text }) : "") +
      tools.map((tool) => chunk({ tool_calls: [tool] })).join("") + chunk({}, finish) + "data: [DONE]\n\n"),
  };
}

function gemini({ turn, thought, seal, calls, text }: Step): Answer {
  const tools = calls.map(({ id, name, args }, i) => ({ functionCall: { ...(id ? { id } : {}), name, args }, ...(i === 0 ? { thoughtSignature: seal } : {}) }));
  const parts = [{ text: thought, thought: true }, ...(text ? [{ text, ...(calls.length === 0 ? { thoughtSignature: seal } : {}) }] : []), ...tools];
  const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 15, thoughtsTokenCount: 5, totalTokenCount: 29 };
  const said = (some: object[], more: object) => ({ candidates: [{ index: 0, content: { role: "model", parts: some }, ...more }], usageMetadata, modelVersion: MODELS.gemini, responseId: `r${turn}` });
  const frames = parts.map((part, i) => `data: ${JSON.stringify(said([part], i + 1 === parts.length ? { finishReason: "STOP" } : {}))}\r\n\r\n`);
  return { whole: said(parts, { finishReason: "STOP" }), ...events(frames.join("")) };
}

function bedrock({ thought, seal, redacted, calls, text }: Step): Answer {
  const hidden = Buffer.from(redacted).toString("base64"); // a blob
  const content: any[] = [{ reasoningContent: { reasoningText: { text: thought, signature: seal } } }];
  if (redacted) content.push({ reasoningContent: { redactedContent: hidden } });
  if (text) content.push({ text });
  for (const { id, name, args } of calls) content.push({ toolUse: { toolUseId: id, name, input: args } });
  const usage = { inputTokens: 9, outputTokens: 20, totalTokens: 29 }, metrics = { latencyMs: 5 };
  const stopReason = calls.length > 0 ? "tool_use" : "end_turn";
  const frames = content.flatMap((block, contentBlockIndex) => {
    const delta = (value: object) => eventFrame("contentBlockDelta", { contentBlockIndex, delta: value });
    const stop = eventFrame("contentBlockStop", { contentBlockIndex });
    if (block.text) return [delta({ text }), stop];
    if (block.reasoningContent?.redactedContent) return [delta({ reasoningContent: { redactedContent: hidden } }), stop];
    if (block.reasoningContent) return [delta({ reasoningContent: { text: thought } }), delta({ reasoningContent: { signature: seal } }), stop];
    const { input, ...toolUse } = block.toolUse;
    return [eventFrame("contentBlockStart", { contentBlockIndex, start: { toolUse } }), delta({ toolUse: { input: JSON.stringify(input) } }), stop];
  });
  return {
    whole: { output: { message: { role: "assistant", content } }, stopReason, usage, metrics }, type: "application/vnd.amazon.eventstream",
    stream: Buffer.concat([eventFrame("messageStart", { role: "assistant" }), ...frames, eventFrame("messageStop", { stopReason }), eventFrame("metadata", { usage, metrics })]),
  };
}

function cohere({ thought, calls, text }: Step): Answer {
  const content = [{ type: "thinking", thinking: thought }, ...(text ? [{ type: "text", text }] : [])];
  const tools = calls.map(({ id, name, args }) => ({ id, type: "function", function: { name, arguments: JSON.stringify(args) } }));
  const finish_reason = calls.length > 0 ? "TOOL_CALL" : "COMPLETE";
  const usage = { tokens: { input_tokens: 9, output_tokens: 20 } };
  const message = (value: object) => ({ delta: { message: value } });
  const blocks = content.map((block: any, index) => sse("content-start", { index, ...message({ content: { type: block.type, [block.type]: "" } }) }) +
    sse("content-delta", { index, ...message({ content: { [block.type]: block[block.type] } }) }) + sse("content-end", { index }));
  const asked = tools.map((tool, index) => sse("tool-call-start", { index, ...message({ tool_calls: { ...tool, function: { name: tool.function.name, arguments: "" } } }) }) +
    sse("tool-call-delta", { index, ...message({ tool_calls: { function: { arguments: tool.function.arguments } } }) }) + sse("tool-call-end", { index }));
  return {
    whole: { id: "c-1", finish_reason, message: { role: "assistant", content, ...(calls.length > 0 ? { tool_calls: tools } : {}) }, usage },
    ...events(sse("message-start", { id: "c-1", ...message({ role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] }) }) +
      blocks.join("") + asked.join("") + sse("message-end", { delta: { finish_reason, usage } }) + "data: [DONE]\n\n"),
  };
}

function ollama({ thought, calls, text }: Step): Answer {
  const tool_calls = calls.map(({ name, args }, index) => ({ function: { index, name, arguments: args } }));
  const line = (message: object, done: boolean) => ({
    model: MODELS.ollama, created_at: "2026-01-02T03:04:05.678901234Z", message: { role: "assistant", content: "", ...message }, done,
    ...(done ? { done_reason: "stop", prompt_eval_count: 9, eval_count: 20, total_duration: 5 } : {}),
  });
  const said = [{ thinking: thought }, ...(text ? [{ content: text }] : []), ...(calls.length > 0 ? [{ tool_calls }] : [])];
  const lines = [...said.map((message) => line(message, false)), line({}, true)];
  return {
    whole: line(Object.assign({}, ...said), true), type: "application/x-ndjson",
    stream: Buffer.from(lines.map((value) => `${JSON.stringify(value)}\n`).join("")),
  };
}

const ANSWERS: Record<Kind, (step: Step) => Answer> = { anthropic, responses, openai, gemini, bedrock, cohere, ollama };

export async function answer(conn: ProviderConn, kind: Kind, step: Step, isStream: boolean): Promise<void> {
  const { whole, type, stream } = ANSWERS[kind](step);
  if (!isStream) return conn.sendJson(200, whole);
  await conn.beginStream({ "content-type": type });
  for (let at = 0; at < stream.length; at += 1000) await conn.sendChunk(stream.subarray(at, at + 1000));
  await conn.endChunks();
}
