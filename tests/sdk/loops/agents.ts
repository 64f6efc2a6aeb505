/* Agents at work: each asks turn by turn, through the SDK and in the shape that it has in the wild, does what it is
 * told, and sends back everything it was given. */

import * as assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import OpenAI from "openai";
import type { Request } from "../../scenario/harness.js";
import { isStreamed, MODELS, PNG, result, type Kind } from "./script.js";

/** What a turn brought, in terms that all of them share. */
export interface Told {
  thought: string;
  text: string;
  calls: { name: string; args: unknown }[];
  /** Whether the answer says that it ends with calls. */
  endsWithCalls: boolean;
}

export interface Agent {
  home: Kind;
  hasPatch: boolean;
  /** One turn with this provider's model; the next one goes on from it. */
  ask(kind: Kind, turn: number): Promise<Told>;
  /** The tokens of what would be asked next; undefined where nobody counts. */
  count(kind: Kind): Promise<number | undefined>;
  /** What a request to its own provider has to have kept. */
  checkHome(request: Request): void;
}

function modelOf(kind: Kind): string {
  return `${kind}/${MODELS[kind]}`;
}

const SCHEMA = { type: "object" as const, properties: { path: { type: "string" }, pattern: { type: "string" } } };
const MARK = { cache_control: { type: "ephemeral" as const } };
const BYTES = Buffer.from(PNG, "base64");

/* Claude Code */

const CLAUDE_CODE = {
  max_tokens: 32000, thinking: { type: "enabled" as const, budget_tokens: 10000 }, metadata: { user_id: "user_1_account__session_2" },
  betas: ["interleaved-thinking-2025-05-14", "fine-grained-tool-streaming-2025-05-14"],
  system: [{ type: "text" as const, text: "You are a tool for code.", ...MARK }, { type: "text" as const, text: "Be brief.", ...MARK }],
  tools: [
    { name: "read_file", description: "Reads a file.", input_schema: SCHEMA },
    { name: "grep", description: "Searches.", input_schema: SCHEMA, ...MARK },
  ],
};

export function claudeCode(url: string): Agent {
  const client = new Anthropic({ baseURL: url, apiKey: "anything", maxRetries: 0, timeout: 60_000 });
  const messages: Anthropic.Beta.BetaMessageParam[] = [{ role: "user", content: [{ type: "text", text: "Tidy up.", ...MARK }] }];
  const said = (call: Anthropic.Beta.BetaToolUseBlock, turn: number): Anthropic.Beta.BetaToolResultBlockParam => {
    const { text, hasPicture } = result(call.name, turn);
    const picture = { type: "image" as const, source: { type: "base64" as const, media_type: "image/png" as const, data: PNG } };
    return { type: "tool_result", tool_use_id: call.id, content: hasPicture ? [{ type: "text", text }, picture] : text };
  };
  return {
    home: "anthropic", hasPatch: false,
    async count(kind) {
      const { max_tokens: _, metadata: __, ...counted } = CLAUDE_CODE;
      return (await client.beta.messages.countTokens({ ...counted, model: modelOf(kind), messages })).input_tokens;
    },
    async ask(kind, turn) {
      const body = { ...CLAUDE_CODE, model: modelOf(kind), messages };
      const message = isStreamed(turn) ? await client.beta.messages.stream(body).finalMessage() : await client.beta.messages.create(body);
      const calls = message.content.filter((block) => block.type === "tool_use");
      messages.push({ role: "assistant", content: message.content });
      if (calls.length > 0) messages.push({ role: "user", content: calls.map((call) => said(call, turn)) });
      return {
        thought: message.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
        text: message.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
        calls: calls.map(({ name, input }) => ({ name, args: input })), endsWithCalls: message.stop_reason === "tool_use",
      };
    },
    checkHome({ json, headers }) {
      assert.deepEqual({ system: json.system, tools: json.tools }, { system: CLAUDE_CODE.system, tools: CLAUDE_CODE.tools });
      assert.deepEqual(json.messages[0].content, [{ type: "text", text: "Tidy up.", ...MARK }], "the mark on the first words");
      const betas = headers.get("anthropic-beta") ?? "";
      for (const beta of CLAUDE_CODE.betas) assert.ok(betas.split(",").includes(beta), `${beta} in ${betas}`);
    },
  };
}

/* Codex */

const CODEX = {
  store: false, parallel_tool_calls: true, instructions: "You are a coding agent.", tool_choice: "auto" as const,
  include: ["reasoning.encrypted_content" as const], reasoning: { effort: "medium" as const, summary: "auto" as const }, prompt_cache_key: "session-1",
  tools: [
    { type: "function" as const, name: "read_file", description: "Reads a file.", strict: false, parameters: SCHEMA },
    { type: "function" as const, name: "grep", description: "Searches.", strict: false, parameters: SCHEMA },
    { type: "custom" as const, name: "apply_patch", description: "Applies a patch.", format: { type: "grammar" as const, syntax: "lark" as const, definition: "start: /.+/" } },
  ],
};

export function codex(url: string): Agent {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "anything", maxRetries: 0 });
  const input: any[] = [{ type: "message", role: "user", content: [{ type: "input_text", text: "Tidy up." }] }];
  const said = (call: any, turn: number) => {
    const { text, hasPicture } = result(call.name, turn);
    const parts = [{ type: "input_text", text }, { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${PNG}` }];
    return { type: `${call.type}_output`, call_id: call.call_id, output: hasPicture ? parts : text };
  };
  const answered = async (body: any): Promise<any> => {
    if (!body.stream) return client.responses.create(body);
    const output: any[] = [];
    let response: any;
    for await (const event of (await client.responses.create(body)) as any) {
      if (event.type === "response.output_item.done") output.push(event.item);
      if (event.type === "response.completed") response = event.response;
    }
    assert.deepEqual(response?.output, output, "the items are those of the whole");
    return response;
  };
  return {
    home: "responses", hasPatch: true,
    async count(kind) {
      const { tools, instructions } = CODEX;
      return (await client.responses.inputTokens.count({ model: modelOf(kind), input, tools: tools as any, instructions })).input_tokens;
    },
    async ask(kind, turn) {
      const { status, output } = await answered({ ...CODEX, model: modelOf(kind), input, stream: isStreamed(turn) });
      assert.equal(status, "completed");
      const calls = output.filter((item: any) => item.type === "function_call" || item.type === "custom_tool_call");
      for (const call of calls) assert.equal(call.type === "custom_tool_call", call.name === "apply_patch", "a custom tool's call is one");
      const thoughts = output.filter((item: any) => item.type === "reasoning").flatMap((item: any) => [...(item.content ?? []), ...item.summary]);
      input.push(...output.map(({ status: _, ...item }: any) => item), ...calls.map((call: any) => said(call, turn)));
      return {
        thought: thoughts.map((part: any) => part.text).join(""),
        text: output.flatMap((item: any) => (item.type === "message" ? item.content : [])).map((part: any) => part.text).join(""),
        calls: calls.map((item: any) => ({ name: item.name, args: item.type === "custom_tool_call" ? { input: item.input } : JSON.parse(item.arguments) })),
        endsWithCalls: calls.length > 0,
      };
    },
    checkHome({ json }) {
      const { input: _, model: __, stream: ___, ...settings } = json;
      assert.deepEqual(settings, CODEX, "the settings");
    },
  };
}

/* Gemini CLI */

const GEMINI_CLI = {
  systemInstruction: "You are a CLI agent.", thinkingConfig: { includeThoughts: true },
  tools: [{ functionDeclarations: ["read_file", "grep"].map((name) => ({ name, description: "A tool.", parametersJsonSchema: SCHEMA })) }],
};

export function geminiCli(url: string): Agent {
  const client = new GoogleGenAI({ apiKey: "anything", httpOptions: { baseUrl: url } });
  const contents: any[] = [{ role: "user", parts: [{ text: "Tidy up." }] }];
  const said = ({ id, name }: any, turn: number) => {
    const { text, hasPicture } = result(name, turn);
    const picture = { parts: [{ inlineData: { mimeType: "image/png", data: PNG } }] };
    return { functionResponse: { ...(id ? { id } : {}), name, response: { output: text }, ...(hasPicture ? picture : {}) } };
  };
  return {
    home: "gemini", hasPatch: false,
    async count(kind) {
      return (await client.models.countTokens({ model: modelOf(kind), contents })).totalTokens;
    },
    async ask(kind, turn) {
      const body = { model: modelOf(kind), contents, config: GEMINI_CLI };
      const parts: any[] = [];
      let finish: unknown;
      const take = ({ candidates = [] }: any) => {
        parts.push(...(candidates[0]?.content?.parts ?? []));
        finish = candidates[0]?.finishReason ?? finish;
      };
      if (isStreamed(turn)) for await (const chunk of await client.models.generateContentStream(body)) take(chunk);
      else take(await client.models.generateContent(body));
      const kept = parts.filter((part) => part.text !== "" || part.thoughtSignature);
      const calls = kept.filter((part) => part.functionCall).map((part) => part.functionCall);
      assert.equal(finish, "STOP");
      contents.push({ role: "model", parts: kept });
      if (calls.length > 0) contents.push({ role: "user", parts: calls.map((call) => said(call, turn)) });
      const text = (isThought: boolean) => kept.map((part) => (Boolean(part.thought) === isThought ? part.text ?? "" : "")).join("");
      return { thought: text(true), text: text(false), calls: calls.map(({ name, args }) => ({ name, args })), endsWithCalls: calls.length > 0 };
    },
    checkHome({ json }) {
      assert.deepEqual(json.generationConfig, { thinkingConfig: { includeThoughts: true } });
      assert.deepEqual(json.tools, GEMINI_CLI.tools);
    },
  };
}

/* An agent on Bedrock's Converse */

const POINT = { cachePoint: { type: "default" as const } };
const CONVERSE = {
  system: [{ text: "You are an agent." }, POINT], inferenceConfig: { maxTokens: 20000 },
  toolConfig: { tools: [...["read_file", "grep"].map((name) => ({ toolSpec: { name, inputSchema: { json: SCHEMA } } })), POINT] },
};

async function converseBlocks(stream: AsyncIterable<any>): Promise<{ content: any[]; stopReason: string }> {
  const content: any[] = [];
  let stopReason = "none";
  for await (const { contentBlockStart: start, contentBlockDelta: more, messageStop } of stream) {
    stopReason = messageStop?.stopReason ?? stopReason;
    if (start?.start?.toolUse) content[start.contentBlockIndex] = { toolUse: { ...start.start.toolUse, input: "" } };
    if (!more) continue;
    const { text, reasoningContent: thought, toolUse } = more.delta;
    const block = (content[more.contentBlockIndex] ??= text !== undefined ? { text: "" }
      : thought.redactedContent ? { reasoningContent: {} } : { reasoningContent: { reasoningText: { text: "" } } });
    if (text !== undefined) block.text += text;
    if (toolUse) block.toolUse.input += toolUse.input;
    if (thought?.redactedContent) block.reasoningContent.redactedContent = thought.redactedContent;
    if (thought?.text) block.reasoningContent.reasoningText.text += thought.text;
    if (thought?.signature) block.reasoningContent.reasoningText.signature = thought.signature;
  }
  for (const { toolUse } of content) if (toolUse) toolUse.input = JSON.parse(toolUse.input);
  return { content, stopReason };
}

export function converse(url: string): Agent {
  const client = new BedrockRuntimeClient({
    region: "us-east-1", endpoint: url, maxAttempts: 1, credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    requestHandler: new NodeHttpHandler(),
  });
  const messages: any[] = [{ role: "user", content: [{ text: "Tidy up." }, POINT] }];
  const said = ({ toolUseId, name }: any, turn: number) => {
    const { text, hasPicture } = result(name, turn);
    return { toolResult: { toolUseId, content: [{ text }, ...(hasPicture ? [{ image: { format: "png", source: { bytes: BYTES } } }] : [])] } };
  };
  const answered = async (body: any, turn: number): Promise<{ content: any[]; stopReason: string | undefined }> => {
    if (isStreamed(turn)) return converseBlocks((await client.send(new ConverseStreamCommand(body))).stream!);
    const { output, stopReason } = await client.send(new ConverseCommand(body));
    return { content: output?.message?.content ?? [], stopReason };
  };
  return {
    home: "bedrock", hasPatch: false, count: async () => undefined,
    async ask(kind, turn) {
      const { content, stopReason } = await answered({ ...CONVERSE, modelId: modelOf(kind), messages }, turn);
      const calls = content.filter((block) => block.toolUse).map((block) => block.toolUse);
      messages.push({ role: "assistant", content });
      if (calls.length > 0) messages.push({ role: "user", content: calls.map((call) => said(call, turn)) });
      else client.destroy();
      return {
        thought: content.map((block) => block.reasoningContent?.reasoningText?.text ?? "").join(""), text: content.map((block) => block.text ?? "").join(""),
        calls: calls.map(({ name, input }) => ({ name, args: input })), endsWithCalls: stopReason === "tool_use",
      };
    },
    checkHome({ json }) {
      assert.deepEqual({ ...json, messages: undefined, modelId: undefined }, { ...CONVERSE, messages: undefined, modelId: undefined });
      assert.deepEqual(json.messages[0].content, [{ text: "Tidy up." }, POINT]);
    },
  };
}
