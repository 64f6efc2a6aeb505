/* Requests as strictly as the real providers look at them: what one of them would answer with 400 fails here. */

import * as assert from "node:assert/strict";
import { PNG, step, TURNS, type Kind } from "./script.js";

/* Whose seals a provider reads. Claude's are the same wherever it runs. */
const READS: Partial<Record<Kind, Kind[]>> = {
  anthropic: ["anthropic", "bedrock"], bedrock: ["anthropic", "bedrock"], responses: ["responses"], gemini: ["gemini"],
};
const ID = /^[a-zA-Z0-9_-]{1,64}$/;

function steps(kind: Kind) {
  return (READS[kind] ?? []).flatMap((maker) => Array.from({ length: TURNS }, (_, turn) => step(maker, turn, true)));
}

/** Whether this provider can read this seal, and it is for this thought. */
function checkSeal(kind: Kind, seal: unknown, thought?: string): void {
  const made = steps(kind).find((s) => s.seal === seal);
  assert.ok(made, `${kind} never sealed ${seal}`);
  if (thought !== undefined) assert.equal(thought, made.thought, "a signed thought was changed");
}

function checkSecret(kind: Kind, data: unknown): void {
  assert.ok(steps(kind).some((s) => s.redacted !== "" && s.redacted === data), `${kind} never hid ${data}`);
}

function checkText(text: unknown): void {
  assert.ok(typeof text === "string" && text.trim() !== "", "an empty text");
}

function checkAlternate(roles: string[], model: string): void {
  assert.deepEqual(roles, roles.map((_, i) => (i % 2 === 0 ? "user" : model)), "roles alternate, the user begins");
}

function anthropicContent(content: any): any[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

function anthropicBlock(block: any): void {
  if (block.type === "text") checkText(block.text);
  if (block.type === "thinking") checkSeal("anthropic", block.signature, block.thinking);
  if (block.type === "redacted_thinking") checkSecret("anthropic", block.data);
  if (block.type === "tool_result") for (const part of anthropicContent(block.content)) anthropicBlock(part);
  if (block.type !== "tool_use") return;
  assert.match(block.id, ID);
  assert.ok(typeof block.input === "object" && block.input !== null && !Array.isArray(block.input));
}

function anthropic(body: any): void {
  const budget = body.thinking?.type === "enabled" ? body.thinking.budget_tokens : 0;
  if (body.max_tokens !== undefined) assert.ok(body.max_tokens > budget, "max_tokens has to be more than the budget");
  assert.ok((JSON.stringify(body).match(/"cache_control"/g) ?? []).length <= 4, "more than four cache marks");
  for (const block of anthropicContent(body.system ?? [])) checkText(block.text);
  checkAlternate(body.messages.map((message: any) => message.role), "assistant");
  let open: string[] = [], first = "";
  for (const message of body.messages) {
    const blocks = anthropicContent(message.content);
    assert.ok(blocks.length > 0, "a message without content");
    const results = blocks.filter((block) => block.type === "tool_result").map((block) => block.tool_use_id);
    assert.deepEqual(results.slice().sort(), open.slice().sort(), "each call has its result in the next message");
    assert.ok(blocks.slice(0, results.length).every((block) => block.type === "tool_result"), "results come first");
    open = blocks.filter((block) => block.type === "tool_use").map((block) => block.id);
    blocks.forEach(anthropicBlock);
    if (message.role === "assistant") first = blocks[0].type;
    else if (results.length === 0) first = "";
  }
  assert.deepEqual(open, [], "a call without a result");
  if (budget > 0) assert.match(first, /^($|thinking|redacted_thinking)/, "with a budget the calls at the end follow a thought");
}

function responses(body: any): void {
  const items = body.input;
  const calls = new Map<string, string>();
  for (const [i, item] of items.entries()) {
    const type = item.type ?? "message";
    if (type === "reasoning") {
      checkSeal("responses", item.encrypted_content);
      const next = items[i + 1]?.type ?? "message";
      assert.ok(["function_call", "custom_tool_call", "message", "reasoning"].includes(next), `reasoning before ${next}`);
    } else if (type === "function_call" || type === "custom_tool_call") {
      assert.ok(!calls.has(item.call_id), `a call's id twice: ${item.call_id}`);
      assert.ok(item.call_id.length > 0 && item.call_id.length <= 64);
      if (type === "function_call") JSON.parse(item.arguments);
      calls.set(item.call_id, type);
    } else if (type === "function_call_output" || type === "custom_tool_call_output") {
      assert.equal(calls.get(item.call_id), type.replace("_output", ""), "a result of no call");
      calls.set(item.call_id, "answered");
    } else {
      assert.equal(type, "message");
      const parts = typeof item.content === "string" ? [{ text: item.content }] : item.content;
      for (const part of parts) if (part.type !== "input_image") checkText(part.text ?? part.refusal);
    }
    if (item.id !== undefined) assert.match(item.id, /^((rs|msg)_\d|(fc|ctc)_call_)/, "an id that is none of ours");
  }
  for (const [id, state] of calls) assert.equal(state, "answered", `call ${id} without a result`);
}

/** Chat messages, which several dialects have in common: each result behind its call, nothing empty. */
function chatMessages(messages: any[], idOf: (message: any) => string): void {
  const open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      assert.ok(open.includes(idOf(message)), `a result of no call: ${idOf(message)} of ${open}`);
      open.splice(open.indexOf(idOf(message)), 1);
      continue;
    }
    assert.equal(open.length, 0, "a call without a result before the next message");
    assert.ok(["system", "developer", "user", "assistant"].includes(message.role));
    for (const part of Array.isArray(message.content) ? message.content : []) if (part.type === "text") checkText(part.text);
    const hasMore = (message.tool_calls ?? message.images)?.length > 0;
    assert.ok(message.content?.length > 0 || hasMore, "an empty message");
    if (message.role !== "assistant") continue;
    open.push(...(message.tool_calls ?? []).map((call: any) => call.id ?? call.function.name));
  }
  assert.deepEqual(open, [], "a call without a result");
}

function openai(body: any): void {
  chatMessages(body.messages, (message) => message.tool_call_id);
  for (const { tool_calls: calls = [], role, content } of body.messages) {
    for (const call of calls) if (call.type === "function") JSON.parse(call.function.arguments);
    if (role === "tool" && typeof content !== "string") assert.ok(content.every((part: any) => part.type === "text"), "results are text");
  }
}

function cohere(body: any): void {
  chatMessages(body.messages, (message) => message.tool_call_id);
  for (const call of body.messages.flatMap((message: any) => message.tool_calls ?? [])) JSON.parse(call.function.arguments);
}

function ollama(body: any): void {
  chatMessages(body.messages, (message) => message.tool_call_id ?? message.tool_name);
  for (const message of body.messages) {
    assert.equal(typeof message.content, "string", "content is text");
    for (const call of message.tool_calls ?? []) assert.equal(typeof call.function.arguments, "object");
  }
}

function geminiPart(part: any): void {
  if (part.text !== undefined && !part.thoughtSignature) checkText(part.text);
  if (part.thoughtSignature && part.thoughtSignature !== "skip_thought_signature_validator") checkSeal("gemini", part.thoughtSignature);
}

function gemini(body: any): void {
  const words = (content: any) => content.role === "user" && content.parts.some((part: any) => part.text);
  const lastWords = body.contents.map(words).lastIndexOf(true);
  checkAlternate(body.contents.map((content: any) => content.role), "model");
  let open: object[] = [];
  for (const [i, content] of body.contents.entries()) {
    assert.ok(content.parts.length > 0, "a turn without parts");
    const joined = (key: string) => content.parts.filter((part: any) => part[key]).map((part: any) => ({ name: part[key].name, id: part[key].id }));
    assert.deepEqual(joined("functionResponse"), open, "as many results as calls, in their order");
    open = joined("functionCall");
    content.parts.forEach(geminiPart);
    const first = content.parts.find((part: any) => part.functionCall);
    if (first && i > lastWords) assert.ok(first.thoughtSignature, "the first call of a step is not signed");
  }
  assert.deepEqual(open, [], "a call without a result");
}

function bedrockBlock(block: any): void {
  if (block.text !== undefined) checkText(block.text);
  const { reasoningText, redactedContent } = block.reasoningContent ?? {};
  if (reasoningText) checkSeal("bedrock", reasoningText.signature, reasoningText.text);
  if (redactedContent) checkSecret("bedrock", Buffer.from(redactedContent, "base64").toString("utf8"));
  if (block.toolUse) assert.match(block.toolUse.toolUseId, ID);
}

function bedrock(body: any): void {
  checkAlternate(body.messages.map((message: any) => message.role), "assistant");
  let open: string[] = [];
  for (const { content } of body.messages) {
    assert.ok(content.length > 0, "a message without content");
    const results = content.filter((block: any) => block.toolResult).map((block: any) => block.toolResult.toolUseId);
    assert.deepEqual(results.slice().sort(), open.slice().sort(), "each call has its result in the next message");
    open = content.filter((block: any) => block.toolUse).map((block: any) => block.toolUse.toolUseId);
    content.forEach(bedrockBlock);
  }
  assert.deepEqual(open, [], "a call without a result");
  if (body.messages.length > 1) assert.ok(body.toolConfig, "calls need toolConfig");
}

const CHECKS: Record<Kind, (body: any) => void> = { anthropic, responses, openai, gemini, bedrock, cohere, ollama };

/** What has been said so far: by whom each turn, and what the tools answered. */
export interface History {
  asked: Kind[];
  results: { text: string; hasPicture: boolean }[];
}

/** A provider reads all that tools have answered, and gets all of its own seals back. */
function checkWhole(kind: Kind, text: string, { asked, results }: History): void {
  for (const said of results) assert.equal(text.split(said.text).length, 2, `"${said.text}" stands there once`);
  const pictures = results.filter((said) => said.hasPicture).length;
  if (kind !== "cohere") assert.equal(text.split(PNG).length - 1, pictures, "pictures in results");
  for (const [turn, maker] of asked.entries()) {
    if (READS[kind]?.includes(maker)) assert.ok(text.includes(step(maker, turn, true).seal), `${kind} misses the seal of turn ${turn}`);
  }
}

export function check(kind: Kind, body: any, history: History): void {
  CHECKS[kind](body);
  checkWhole(kind, JSON.stringify(body), history);
}
