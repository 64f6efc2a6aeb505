/* Requests as strictly as the real providers look at them: what one of them would answer with 400 fails here. */

import * as assert from "node:assert/strict";
import { step, TURNS, type Kind } from "./script.js";

/** Whether this provider has made this seal, and for this thought. */
function checkSeal(kind: Kind, seal: unknown, thought?: string): void {
  const made = Array.from({ length: TURNS }, (_, turn) => step(kind, turn, true)).find((s) => s.seal === seal);
  assert.ok(made, `${kind} never sealed ${seal}`);
  if (thought !== undefined) assert.equal(thought, made.thought, "a signed thought was changed");
}

function checkText(text: unknown): void {
  assert.ok(typeof text === "string" && text.trim() !== "", "an empty text");
}

function anthropicContent(content: any): any[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

function anthropic(body: any): void {
  assert.ok(body.max_tokens > (body.thinking?.budget_tokens ?? 0), "max_tokens has to be more than the budget");
  const marks = JSON.stringify(body).match(/"cache_control"/g) ?? [];
  assert.ok(marks.length <= 4, "more than four cache marks");
  if (body.system !== undefined) for (const block of anthropicContent(body.system)) checkText(block.text);
  let open: string[] = [];
  for (const [i, message] of body.messages.entries()) {
    assert.equal(message.role, i % 2 === 0 ? "user" : "assistant", "roles alternate, the user begins");
    const blocks = anthropicContent(message.content);
    assert.ok(blocks.length > 0, "a message without content");
    const results = blocks.filter((block) => block.type === "tool_result").map((block) => block.tool_use_id);
    assert.deepEqual(results.slice().sort(), open.slice().sort(), "each call has its result in the next message");
    assert.ok(blocks.slice(0, results.length).every((block) => block.type === "tool_result"), "results come first");
    open = blocks.filter((block) => block.type === "tool_use").map((block) => block.id);
    for (const block of blocks) {
      if (block.type === "text") checkText(block.text);
      if (block.type === "thinking") checkSeal("anthropic", block.signature, block.thinking);
      if (block.type !== "tool_use") continue;
      assert.match(block.id, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.equal(typeof block.input, "object");
    }
  }
  assert.deepEqual(open, [], "a call without a result");
}

function responses(body: any): void {
  const items = body.input;
  const calls = new Map<string, string>();
  for (const [i, item] of items.entries()) {
    const type = item.type ?? "message";
    if (type === "reasoning") {
      checkSeal("responses", item.encrypted_content);
      const next = items[i + 1]?.type;
      assert.ok(["function_call", "custom_tool_call", "message", "reasoning"].includes(next), `reasoning before ${next}`);
    } else if (type === "function_call" || type === "custom_tool_call") {
      assert.ok(!calls.has(item.call_id), "a call's id twice");
      assert.match(item.call_id, /^[a-zA-Z0-9_-]{1,64}$/);
      if (type === "function_call") JSON.parse(item.arguments);
      calls.set(item.call_id, type);
    } else if (type === "function_call_output" || type === "custom_tool_call_output") {
      assert.equal(calls.get(item.call_id), type.replace("_output", ""), "a result of no call");
      calls.set(item.call_id, "answered");
    } else {
      assert.equal(type, "message");
      const parts = typeof item.content === "string" ? [{ text: item.content }] : item.content;
      for (const part of parts) checkText(part.text ?? part.refusal);
    }
    if (item.id !== undefined) assert.match(item.id, /^(rs|fc|msg|ctc)_(\d|call_|toolu_|fc)/, "an id that is none of ours");
  }
  for (const [id, state] of calls) assert.equal(state, "answered", `call ${id} without a result`);
}

function openai(body: any): void {
  let open: string[] = [];
  for (const message of body.messages) {
    if (message.role === "tool") {
      assert.ok(open.includes(message.tool_call_id), "a result of no call");
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    assert.deepEqual(open, [], "a call without a result before the next message");
    assert.ok(["system", "developer", "user", "assistant"].includes(message.role));
    for (const part of Array.isArray(message.content) ? message.content : []) if (part.type === "text") checkText(part.text);
    if (message.role !== "assistant") assert.ok(message.content?.length > 0, "an empty message");
    else assert.ok(message.content?.length > 0 || message.tool_calls?.length > 0, "an empty answer");
    open = (message.tool_calls ?? []).map((call: any) => call.id);
    for (const call of message.tool_calls ?? []) if (call.type === "function") JSON.parse(call.function.arguments);
  }
  assert.deepEqual(open, [], "a call without a result");
}

function gemini(body: any): void {
  let open: string[] = [];
  const lastWords = body.contents.findLastIndex((content: any) => content.role === "user" && content.parts.some((part: any) => part.text));
  for (const [i, content] of body.contents.entries()) {
    assert.equal(content.role, i % 2 === 0 ? "user" : "model", "roles alternate, the user begins");
    assert.ok(content.parts.length > 0, "a turn without parts");
    const results = content.parts.filter((part: any) => part.functionResponse).map((part: any) => part.functionResponse.name);
    assert.deepEqual(results, open, "as many results as calls, in their order");
    open = content.parts.filter((part: any) => part.functionCall).map((part: any) => part.functionCall.name);
    for (const part of content.parts) {
      if (part.text !== undefined && !part.thoughtSignature) checkText(part.text);
      if (part.thoughtSignature && part.thoughtSignature !== "skip_thought_signature_validator") checkSeal("gemini", part.thoughtSignature);
    }
    const first = content.parts.find((part: any) => part.functionCall);
    if (first && i > lastWords) assert.ok(first.thoughtSignature, "the first call of a step is not signed");
  }
  assert.deepEqual(open, [], "a call without a result");
}

export function check(kind: Kind, body: any): void {
  ({ anthropic, responses, openai, gemini })[kind](body);
}
