/* What the scripted model does in each turn of a conversation, in the words of each provider's stream. */

import type { ProviderConn } from "../../scenario/harness.js";

export type Kind = "anthropic" | "responses" | "openai" | "gemini";

export interface Step {
  thought: string;
  /** What a provider seals: its own, and for no other to see. */
  seal: string;
  calls: { id: string; name: string; args: Record<string, unknown> }[];
  text: string;
}

export const TURNS = 10;

/** Reasoning and a call or two in every turn, a patch now and then, and words at the end. */
export function step(kind: Kind, turn: number, hasPatch: boolean): Step {
  const call = (i: number, name: string, args: Record<string, unknown>) => ({ id: `${PREFIX[kind]}${turn}x${i}`, name, args });
  const calls = [call(0, "read_file", { path: `src/f${turn}.c` })];
  if (turn % 2 === 1) calls.push(call(1, "grep", { pattern: "x+", flags: ["-n", "-i"], depth: turn }));
  if (hasPatch && turn % 3 === 2) calls.push(call(2, "apply_patch", { input: `*** Begin "${turn}"\n+line\n` }));
  const isLast = turn === TURNS - 1;
  return {
    thought: `Turn ${turn}: what next?`, seal: Buffer.from(`seal of ${kind} ${turn}`).toString("base64"),
    calls: isLast ? [] : calls, text: isLast ? "All done." : "",
  };
}

const PREFIX: Record<Kind, string> = { anthropic: "toolu_", responses: "call_", openai: "call_", gemini: "fc" };

function sse(type: string, more: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
}

function anthropic({ thought, seal, calls, text }: Step): string {
  const blocks: { start: object; deltas: object[] }[] = [{
    start: { type: "thinking", thinking: "", signature: "" },
    deltas: [{ type: "thinking_delta", thinking: thought }, { type: "signature_delta", signature: seal }],
  }];
  if (text) blocks.push({ start: { type: "text", text: "" }, deltas: [{ type: "text_delta", text }] });
  for (const { id, name, args } of calls) {
    const json = JSON.stringify(args);
    const pieces = [json.slice(0, 7), json.slice(7)].map((partial_json) => ({ type: "input_json_delta", partial_json }));
    blocks.push({ start: { type: "tool_use", id, name, input: {} }, deltas: pieces });
  }
  const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } };
  const stop_reason = calls.length > 0 ? "tool_use" : "end_turn";
  return sse("message_start", { message }) + blocks.map(({ start, deltas }, index) =>
    sse("content_block_start", { index, content_block: start }) + deltas.map((delta) => sse("content_block_delta", { index, delta })).join("") +
    sse("content_block_stop", { index })).join("") +
    sse("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } }) + sse("message_stop", {});
}

function responses({ thought, seal, calls, text }: Step, turn: number): string {
  const summary = [{ type: "summary_text", text: thought }];
  const items: any[] = [{ id: `rs_${turn}`, type: "reasoning", summary, encrypted_content: seal }];
  if (text) items.push({ id: `msg_${turn}`, type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text, annotations: [] }] });
  for (const { id, name, args } of calls) {
    const more = { id: `fc_${id}`, status: "completed", call_id: id, name };
    items.push(name === "apply_patch" ? { type: "custom_tool_call", ...more, input: args["input"] } : { type: "function_call", ...more, arguments: JSON.stringify(args) });
  }
  const response = { id: `resp_${turn}`, object: "response", created_at: 1, model: "m", status: "in_progress", output: [], usage: null };
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
  return sse("response.created", { response }) + body.join("") + sse("response.completed", { response: { ...response, status: "completed", output: items, usage } });
}

function openai({ thought, calls, text }: Step): string {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const tools = calls.map(({ id, name, args }, index) => chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: JSON.stringify(args) } }] }));
  return chunk({ role: "assistant", content: "" }) + chunk({ reasoning_content: thought }) + (text ? chunk({ content: text }) : "") + tools.join("") +
    chunk({}, calls.length > 0 ? "tool_calls" : "stop") + "data: [DONE]\n\n";
}

function gemini({ thought, seal, calls, text }: Step): string {
  const tools = calls.map(({ id, name, args }, i) => ({ functionCall: { id, name, args }, ...(i === 0 ? { thoughtSignature: seal } : {}) }));
  const parts = [{ text: thought, thought: true }, ...(text ? [{ text }] : []), ...tools];
  const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 15, thoughtsTokenCount: 5, totalTokenCount: 29 };
  return `data: ${JSON.stringify({ candidates: [{ index: 0, content: { role: "model", parts }, finishReason: "STOP" }], usageMetadata, modelVersion: "m", responseId: "r" })}\r\n\r\n`;
}

export async function answer(conn: ProviderConn, kind: Kind, turn: number, hasPatch: boolean): Promise<void> {
  const told = step(kind, turn, hasPatch);
  const body = { anthropic, responses, openai, gemini }[kind](told, turn);
  await conn.beginStream();
  await conn.sendChunk(Buffer.from(body));
  await conn.endChunks();
}
