/* Agents at work: ten turns with reasoning and tools, the model changing in mid conversation.
 *
 * The clients speak as Claude Code and Codex do; the scripted providers look at each request as strictly as the real
 * ones: results right behind their calls, signatures only their own and unchanged, no ids of others, no empty texts. */

import * as assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { scenario, type Provider, type Request, type Stage } from "../scenario/harness.js";
import { answer, step, TURNS, type Kind } from "./loops/script.js";
import { check } from "./loops/strict.js";
import { gatewayConfig, root } from "./translate/replay.js";

const SCHEMA = { type: "object" as const, properties: { path: { type: "string" }, pattern: { type: "string" } } };

function kindOf(target: string): Kind {
  if (target.startsWith("/v1/messages")) return "anthropic";
  if (target.startsWith("/v1/responses")) return "responses";
  return target.startsWith("/v1/chat") ? "openai" : "gemini";
}

/** Which turn it is, and who has been asked. */
interface Talk {
  turn: number;
  asked: Kind[];
}

function play(provider: Provider, talk: Talk, hasPatch: boolean): void {
  provider.answer(async (request: Request, conn) => {
    if (/count_tokens|input_tokens|countTokens/.test(request.target)) {
      await conn.sendJson(200, { object: "response.input_tokens", input_tokens: 42, totalTokens: 42 });
      return;
    }
    const kind = kindOf(request.target);
    try {
      check(kind, request.json);
    } catch (error) {
      await conn.sendJson(400, { error: { message: `turn ${talk.turn}: ${(error as Error).message}` } });
      throw error;
    }
    talk.asked.push(kind);
    await answer(conn, kind, talk.turn, hasPatch);
  });
}

/** Away, to `home` for some turns, and away again. */
function route(away: Kind, home: Kind): Kind[] {
  return Array.from({ length: TURNS }, (_, turn) => (turn >= 4 && turn < 7 ? home : away));
}

async function stage({ provider, throwbar }: Stage, hasPatch: boolean) {
  const upstream = await provider();
  const talk: Talk = { turn: 0, asked: [] };
  play(upstream, talk, hasPatch);
  return { gateway: await throwbar(gatewayConfig(root(upstream))), talk };
}

const CLAUDE_CODE = {
  max_tokens: 32000, thinking: { type: "enabled" as const, budget_tokens: 10000 }, metadata: { user_id: "user_1_account__session_2" },
  betas: ["interleaved-thinking-2025-05-14", "fine-grained-tool-streaming-2025-05-14"],
  system: [
    { type: "text" as const, text: "You are a tool for code.", cache_control: { type: "ephemeral" as const } },
    { type: "text" as const, text: "Be brief.", cache_control: { type: "ephemeral" as const } },
  ],
  tools: [
    { name: "read_file", description: "Reads a file.", input_schema: SCHEMA },
    { name: "grep", description: "Searches.", input_schema: SCHEMA, cache_control: { type: "ephemeral" as const } },
  ],
};

async function claudeCode(s: Stage, away: Kind): Promise<void> {
  const { gateway, talk } = await stage(s, false);
  const client = new Anthropic({ baseURL: gateway.url, apiKey: "anything", maxRetries: 0 });
  const messages: Anthropic.Beta.BetaMessageParam[] = [{ role: "user", content: [{ type: "text", text: "Tidy up.", cache_control: { type: "ephemeral" } }] }];
  const { max_tokens: _, metadata: __, ...counted } = CLAUDE_CODE;
  for (const kind of away === "openai" ? ["anthropic"] : ["anthropic", away]) {
    const { input_tokens } = await client.beta.messages.countTokens({ ...counted, model: `${kind}/m`, messages });
    assert.equal(input_tokens, 42);
  }
  const way = route(away, "anthropic");
  for (const [turn, kind] of way.entries()) {
    talk.turn = turn;
    const stream = client.beta.messages.stream({ ...CLAUDE_CODE, model: `${kind}/m`, messages });
    const message = await stream.finalMessage();
    const wanted = step(kind, turn, false);
    const calls = message.content.filter((block) => block.type === "tool_use");
    assert.deepEqual(calls.map(({ name, input }) => ({ name, args: input })), wanted.calls.map(({ name, args }) => ({ name, args })));
    assert.equal(message.content.filter((block) => block.type === "thinking").map((block) => block.thinking).join(""), wanted.thought);
    assert.equal(message.stop_reason, calls.length > 0 ? "tool_use" : "end_turn");
    messages.push({ role: "assistant", content: message.content });
    if (calls.length === 0) break;
    messages.push({ role: "user", content: calls.map((call) => ({ type: "tool_result" as const, tool_use_id: call.id, content: `result of ${call.name}` })) });
  }
  assert.deepEqual(talk.asked, way);
}

for (const away of ["responses", "openai", "gemini"] as Kind[]) {
  scenario(`Claude Code's ten turns with ${away}, some of them back at Anthropic`, (s) => claudeCode(s, away));
}

const CODEX = {
  store: false, stream: true as const, parallel_tool_calls: true, instructions: "You are a coding agent.", tool_choice: "auto" as const,
  include: ["reasoning.encrypted_content" as const], reasoning: { effort: "medium" as const, summary: "auto" as const }, prompt_cache_key: "session-1",
  tools: [
    { type: "function" as const, name: "read_file", description: "Reads a file.", strict: false, parameters: SCHEMA },
    { type: "function" as const, name: "grep", description: "Searches.", strict: false, parameters: SCHEMA },
    { type: "custom" as const, name: "apply_patch", description: "Applies a patch.", format: { type: "grammar" as const, syntax: "lark" as const, definition: "start: /.+/" } },
  ],
};

async function codex(s: Stage, away: Kind): Promise<void> {
  const { gateway, talk } = await stage(s, true);
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 0 });
  const input: any[] = [{ type: "message", role: "user", content: [{ type: "input_text", text: "Tidy up." }] }];
  const way = route(away, "responses");
  for (const [turn, kind] of way.entries()) {
    talk.turn = turn;
    const items: any[] = [];
    let status = "none";
    for await (const event of await client.responses.create({ ...CODEX, model: `${kind}/m`, input })) {
      if (event.type === "response.output_item.done") items.push(event.item);
      if (event.type === "response.completed") status = event.response.status ?? "none";
    }
    assert.equal(status, "completed");
    const wanted = step(kind, turn, true);
    const calls = items.filter((item) => item.type === "function_call" || item.type === "custom_tool_call");
    const seen = calls.map((item) => ({ name: item.name, args: item.type === "custom_tool_call" ? { input: item.input } : JSON.parse(item.arguments) }));
    assert.deepEqual(seen, wanted.calls.map(({ name, args }) => ({ name, args })));
    assert.ok(calls.every((item) => (item.type === "custom_tool_call") === (item.name === "apply_patch")), "a custom tool's call is one");
    const thoughts = items.filter((item) => item.type === "reasoning").flatMap((item) => [...(item.content ?? []), ...item.summary]);
    assert.equal(thoughts.map((part) => part.text).join(""), wanted.thought);
    input.push(...items.map(({ status: _, ...item }) => item));
    for (const call of calls) input.push({ type: `${call.type}_output`, call_id: call.call_id, output: `result of ${call.name}` });
  }
  assert.deepEqual(talk.asked, way);
}

for (const away of ["anthropic", "gemini", "openai"] as Kind[]) {
  scenario(`Codex's ten turns with ${away}, some of them back at OpenAI`, (s) => codex(s, away));
}
