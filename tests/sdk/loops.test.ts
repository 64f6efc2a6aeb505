/* Agents at work: ten turns with reasoning and tools, the provider changing in mid conversation and back.
 *
 * The clients speak as Claude Code, Codex, Gemini CLI and an agent on Bedrock do; some turns are streamed and some come
 * whole, some tools are called side by side, some results are pictures. The scripted providers look at each request as
 * strictly as the real ones: results right behind their calls, signatures only their own and unchanged, ids in their
 * alphabet, no empty texts; and nothing of what was said may be missing. */

import * as assert from "node:assert/strict";
import { scenario, type Provider, type Request, type Stage } from "../scenario/harness.js";
import { claudeCode, codex, converse, geminiCli, type Agent } from "./loops/agents.js";
import { answer } from "./loops/answers.js";
import { isStreamed, result, step, TURNS, type Kind } from "./loops/script.js";
import { check, type History } from "./loops/strict.js";
import { gatewayConfig, root } from "./translate/replay.js";

const COUNTED = 42;
const KINDS: [RegExp, Kind][] = [
  [/^\/v1\/messages/, "anthropic"], [/^\/v1\/responses/, "responses"], [/^\/v1\/chat/, "openai"], [/^\/v1beta/, "gemini"],
  [/^\/model\//, "bedrock"], [/^\/v2\/chat/, "cohere"], [/^\/api\/chat/, "ollama"],
];

interface Talk extends History {
  turn: number;
  agent: Agent | undefined;
}

/** The conversation in a request to count it. */
function counted(body: any): any {
  return body.generateContentRequest ?? body.input?.converse ?? body;
}

function play(provider: Provider, talk: Talk): void {
  provider.answer(async (request: Request, conn) => {
    const kind = KINDS.find(([path]) => path.test(request.target))![1];
    const isCount = /count_tokens|input_tokens|countTokens|count-tokens/.test(request.target);
    try {
      check(kind, isCount ? counted(request.json) : request.json, talk);
      if (!isCount && kind === talk.agent!.home) talk.agent!.checkHome(request);
    } catch (error) {
      await conn.sendJson(400, { error: { message: `turn ${talk.turn}: ${(error as Error).message}` } });
      throw error;
    }
    if (isCount) return conn.sendJson(200, { object: "response.input_tokens", input_tokens: COUNTED, inputTokens: COUNTED, totalTokens: COUNTED });
    const told = step(kind, talk.turn, talk.agent!.hasPatch);
    talk.asked.push(kind);
    return answer(conn, kind, told, isStreamed(talk.turn));
  });
}

/** Away, home for some turns, and away again. */
function route(away: Kind, home: Kind): Kind[] {
  return Array.from({ length: TURNS }, (_, turn) => (turn >= 4 && turn < 7 ? home : away));
}

async function converseFor({ provider, throwbar }: Stage, start: (url: string) => Agent, away: Kind): Promise<void> {
  const upstream = await provider();
  const talk: Talk = { turn: 0, asked: [], results: [], agent: undefined };
  play(upstream, talk);
  const agent = (talk.agent = start((await throwbar(gatewayConfig(root(upstream)))).url));
  const way = route(away, agent.home);
  for (const [turn, kind] of way.entries()) {
    talk.turn = turn;
    const tokens = await agent.count(kind);
    if (tokens !== undefined) assert.ok(["openai", "cohere", "ollama"].includes(kind) ? tokens > 0 : tokens === COUNTED, `${tokens} tokens`);
    const told = await agent.ask(kind, turn);
    const { thought, text, calls } = step(kind, turn, agent.hasPatch);
    assert.deepEqual(told, { thought, text, calls: calls.map(({ name, args }) => ({ name, args })), endsWithCalls: calls.length > 0 });
    talk.results.push(...calls.map(({ name }) => result(name, turn)));
  }
  assert.deepEqual(talk.asked, way);
}

const AGENTS: [string, (url: string) => Agent, Kind[]][] = [
  ["Claude Code", claudeCode, ["responses", "openai", "gemini", "bedrock", "cohere", "ollama"]],
  ["Codex", codex, ["anthropic", "gemini", "openai", "bedrock", "cohere", "ollama"]],
  ["Gemini CLI", geminiCli, ["anthropic", "openai", "responses", "bedrock"]],
  ["An agent on Converse", converse, ["anthropic", "openai", "gemini"]],
];

for (const [name, start, others] of AGENTS) {
  for (const away of others) scenario(`${name} with ${away} and back, ten turns`, (stage) => converseFor(stage, start, away));
}
