/* Clients that send what no SDK would, to providers of every other dialect: one request of each client dialect that holds
 * nearly all there is, with any member of it twice, of another type, gone, or absurd. The answer is the provider's, or a
 * refusal in the client's own shape that names what is wrong; never a fault of the gateway's, which must live on. */

import * as assert from "node:assert/strict";
import { chatBody, DIALECTS, scenario, TEXT, type Response, type Throwbar } from "./harness.js";

const MODEL = "/m-1";
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const SCHEMA = { type: "object", properties: { place: { type: "string", enum: ["Bern", "Rom"] }, n: { $ref: "#/$defs/n" } },
  $defs: { n: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] } }, required: ["place"], additionalProperties: false };
const FUNCTION = { name: "look", description: "looks", parameters: SCHEMA };

interface Target {
  path: string;
  body: any;
  /** Checks the shape of a refusal and gives its words. */
  refusal(answer: Response): string;
}

function openaiRefusal({ json }: Response): string {
  assert.equal(typeof json.error.type, "string");
  assert.equal(json.error.gateway.source, "client");
  return `${json.error.param} ${json.error.message}`;
}

function refusalOf(name: string): (answer: Response) => string {
  return (answer) => {
    const { message, gateway } = DIALECTS[name]!.failureOf(answer);
    assert.equal(gateway.source, "client");
    return message;
  };
}

const targets = (provider: string): Record<string, Target> => {
  const model = provider + MODEL;
  return {
    chat: {
      path: "/v1/chat/completions", refusal: openaiRefusal,
      body: {
        model, max_completion_tokens: 99, temperature: 0.5, top_p: 0.9, seed: 7, stop: ["a", "b"], n: 1, user: "u", logit_bias: { 5: 1 },
        frequency_penalty: 0.1, presence_penalty: 0.1, logprobs: true, top_logprobs: 2, reasoning_effort: "low", parallel_tool_calls: false,
        metadata: { a: "b" }, stream_options: null, modalities: ["text"], verbosity: "low", store: false, service_tier: "auto",
        response_format: { type: "json_schema", json_schema: { name: "place", strict: true, schema: SCHEMA } },
        tools: [{ type: "function", function: FUNCTION }, { type: "custom", custom: { name: "run", format: { type: "text" } } }],
        tool_choice: { type: "function", function: { name: "look" } },
        messages: [
          { role: "system", content: [{ type: "text", text: "be brief" }] }, { role: "developer", content: "very" },
          { role: "user", name: "ann", content: [{ type: "text", text: "hi" }, { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "low" } },
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" } }] },
          { role: "assistant", content: null, refusal: null, reasoning_content: "hm", tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: "{\"place\":\"Bern\"}" } }] },
          { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "seen" }] }, { role: "user", content: "go on" },
        ],
      },
    },
    responses: {
      path: "/v1/responses", refusal: openaiRefusal,
      body: {
        model, max_output_tokens: 99, temperature: 0.5, top_p: 0.9, instructions: "be brief", store: false, user: "u", metadata: { a: "b" },
        reasoning: { effort: "low", summary: "auto" }, text: { verbosity: "low", format: { type: "json_schema", name: "place", strict: true, schema: SCHEMA } },
        include: ["reasoning.encrypted_content"], parallel_tool_calls: false, truncation: "disabled", top_logprobs: 0, service_tier: "auto",
        tools: [{ type: "function", ...FUNCTION, strict: true }, { type: "custom", name: "run", format: { type: "text" } }],
        tool_choice: { type: "function", name: "look" },
        input: [
          { role: "user", content: [{ type: "input_text", text: "hi" }, { type: "input_image", detail: "low", image_url: `data:image/png;base64,${PNG}` },
            { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" }] },
          { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "gAAA" },
          { type: "function_call", id: "fc_1", call_id: "call_1", name: "look", arguments: "{\"place\":\"Bern\"}", status: "completed" },
          { type: "function_call_output", call_id: "call_1", output: "seen" },
          { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Bern", annotations: [] }] },
          { role: "user", content: "go on" },
        ],
      },
    },
    anthropic: {
      path: "/v1/messages", refusal: refusalOf("anthropic"),
      body: {
        model, max_tokens: 4000, temperature: 1, top_k: 5, stop_sequences: ["a"], metadata: { user_id: "u" }, service_tier: "auto",
        system: [{ type: "text", text: "be brief", cache_control: { type: "ephemeral", ttl: "5m" } }], thinking: { type: "enabled", budget_tokens: 1024 },
        tools: [{ name: "look", description: "looks", input_schema: SCHEMA, cache_control: { type: "ephemeral" } }],
        tool_choice: { type: "auto", disable_parallel_tool_use: true }, output_config: { effort: "low" },
        messages: [
          { role: "user", content: [{ type: "text", text: "hi" }, { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
            { type: "document", title: "a", context: "b", citations: { enabled: false }, source: { type: "text", media_type: "text/plain", data: "words" } }] },
          { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "c2ln" }, { type: "redacted_thinking", data: "c2ln" },
            { type: "tool_use", id: "toolu_1", name: "look", input: { place: "Bern" } }] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", is_error: false, content: [{ type: "text", text: "seen" }] }] },
        ],
      },
    },
    gemini: {
      path: `/v1beta/models/${model}:generateContent`, refusal: refusalOf("gemini"),
      body: {
        systemInstruction: { parts: [{ text: "be brief" }] }, safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
        tools: [{ functionDeclarations: [{ name: "look", description: "looks", parametersJsonSchema: SCHEMA }] }],
        toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["look"] } },
        generationConfig: { temperature: 0.5, topP: 0.9, topK: 5, maxOutputTokens: 99, stopSequences: ["a"], candidateCount: 1, seed: 7, presencePenalty: 0.1,
          responseMimeType: "application/json", responseSchema: { type: "OBJECT", properties: { place: { type: "STRING" } } }, responseLogprobs: true, logprobs: 2,
          thinkingConfig: { includeThoughts: true, thinkingBudget: 100 } },
        contents: [
          { role: "user", parts: [{ text: "hi" }, { inlineData: { mimeType: "image/png", data: PNG } }] },
          { role: "model", parts: [{ text: "hm", thought: true }, { functionCall: { id: "c1", name: "look", args: { place: "Bern" } }, thoughtSignature: "c2ln" }] },
          { role: "user", parts: [{ functionResponse: { id: "c1", name: "look", response: { result: "seen" } } }] },
        ],
      },
    },
    bedrock: {
      path: `/model/${encodeURIComponent(model)}/converse`, refusal: refusalOf("bedrock"),
      body: {
        system: [{ text: "be brief" }, { cachePoint: { type: "default" } }], inferenceConfig: { maxTokens: 99, temperature: 0.5, topP: 0.9, stopSequences: ["a"] },
        toolConfig: { tools: [{ toolSpec: { name: "look", description: "looks", inputSchema: { json: SCHEMA } } }], toolChoice: { tool: { name: "look" } } },
        additionalModelRequestFields: { top_k: 5, thinking: { type: "enabled", budget_tokens: 1024 } }, requestMetadata: { a: "b" },
        messages: [
          { role: "user", content: [{ text: "hi" }, { image: { format: "png", source: { bytes: PNG } } }, { document: { format: "txt", name: "a", source: { bytes: "d29yZHM=" } } }] },
          { role: "assistant", content: [{ reasoningContent: { reasoningText: { text: "hm", signature: "c2ln" } } }, { toolUse: { toolUseId: "t1", name: "look", input: { place: "Bern" } } }] },
          { role: "user", content: [{ toolResult: { toolUseId: "t1", status: "success", content: [{ text: "seen" }, { json: { a: 1 } }] } }] },
        ],
      },
    },
    cohere: {
      path: "/v2/chat", refusal: refusalOf("cohere"),
      body: {
        model, max_tokens: 99, temperature: 0.5, p: 0.9, k: 5, seed: 7, stop_sequences: ["a"], frequency_penalty: 0.1, presence_penalty: 0.1, logprobs: true,
        thinking: { type: "enabled", token_budget: 100 }, safety_mode: "OFF", response_format: { type: "json_object", json_schema: SCHEMA },
        tools: [{ type: "function", function: FUNCTION }], tool_choice: "REQUIRED", strict_tools: true, citation_options: { mode: "OFF" },
        documents: [{ id: "d1", data: { text: "words" } }, "more"],
        messages: [
          { role: "system", content: "be brief" }, { role: "user", content: [{ type: "text", text: "hi" }, { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }] },
          { role: "assistant", tool_plan: "hm", tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "{\"place\":\"Bern\"}" } }] },
          { role: "tool", tool_call_id: "c1", content: [{ type: "document", document: { id: "d2", data: { text: "seen" } } }] },
        ],
      },
    },
    ollama: {
      path: "/api/chat", refusal: refusalOf("ollama"),
      body: {
        model, stream: false, think: "low", keep_alive: "5m", format: SCHEMA, logprobs: true, top_logprobs: 2,
        options: { temperature: 0.5, top_p: 0.9, top_k: 5, min_p: 0.1, num_predict: 99, seed: 7, stop: ["a"], repeat_penalty: 1.1, num_ctx: 4096 },
        tools: [{ type: "function", function: FUNCTION }],
        messages: [
          { role: "system", content: "be brief" }, { role: "user", content: "hi", images: [PNG] },
          { role: "assistant", content: "", thinking: "hm", tool_calls: [{ function: { name: "look", arguments: { place: "Bern" } } }] },
          { role: "tool", tool_name: "look", content: "seen" },
        ],
      },
    },
  };
};

// ---- mutations ----

type Path = (string | number)[];

function pathsOf(value: any, at: Path = []): Path[] {
  if (value === null || typeof value !== "object") return [at];
  const inside = Object.keys(value).flatMap((key) => pathsOf(value[key], [...at, Array.isArray(value) ? Number(key) : key]));
  return at.length === 0 ? inside : [at, ...inside];
}

const HOLE = "\uE000hole";

/** The body as text with something else at a path: raw JSON, or with `twice` the member itself and once more. */
function withRaw(body: any, path: Path, raw: string): string {
  const copy = structuredClone(body);
  let node = copy;
  for (const step of path.slice(0, -1)) node = node[step];
  node[path.at(-1)!] = HOLE;
  return JSON.stringify(copy).replace(JSON.stringify(HOLE), () => raw);
}

function at(body: any, path: Path): any {
  return path.reduce((node, step) => node[step], body);
}

function twice(body: any, path: Path): string {
  const value = JSON.stringify(at(body, path));
  return withRaw(body, path, `${value},${JSON.stringify(path.at(-1))}:${value}`);
}

function without(body: any, path: Path): string {
  const copy = structuredClone(body);
  const parent = at(copy, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(path.at(-1) as number, 1);
  else delete parent[path.at(-1)!];
  return JSON.stringify(copy);
}

const ABSURD = ["null", "7", "-1", "1e999", "0.1e-999999", "123456789012345678901234567890", '"x"', '""', '"\\u0000"', '"\\ud83d"', "true", "[]", "{}", "[[]]", "[null]", '[{"type":7}]',
  '{"type":"\\u0000"}', `${"[".repeat(300)}${"]".repeat(300)}`, `${'{"a":'.repeat(300)}1${"}".repeat(300)}`, `"${"y".repeat(70_000)}"`, `[${'"z",'.repeat(3000)}"z"]`,
  '"data:image/png;base64,!!!!"', '"data:;base64,"', '"data:image/png;base64,AAAA\\u0000"', '"data:text/html,<b>"', '"\u202e\uffff"', '"{\\"a\\":1,\\"a\\":2}"', '"{"'];

// ---- providers ----

const KINDS = ["chat", ...Object.keys(DIALECTS)];

function configOf(urls: Record<string, string>): string {
  const lines = Object.entries(urls).map(([name, url]) =>
    `  ${name}: {kind: ${name === "chat" ? "openai-chat" : name}, base_url: "${name === "chat" ? url : url.slice(0, -"/v1".length)}", api_key: "\${env:UP_KEY}"}\n`);
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${lines.join("")}`;
}

const BATCH = 16;

async function attack(gateway: Throwbar, { path, refusal }: Target, bodies: [string, string][], mayPass: boolean): Promise<void> {
  for (let from = 0; from < bodies.length; from += BATCH) {
    await Promise.all(bodies.slice(from, from + BATCH).map(async ([what, body]) => {
      const answer = await gateway.request({ path, body });
      assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
      if (answer.status === 200) {
        assert.ok(mayPass, `${what} passes`);
        assert.ok(answer.text.includes(TEXT), what);
        return;
      }
      const words = refusal(answer);
      if (!mayPass) assert.ok(words.includes(what.split(" ")[0]!.split(".").at(-1)!), `${what} is named: ${words}`);
    }));
  }
}

for (const name of Object.keys(targets(""))) {
  scenario(`${name}: whatever a request holds, it is answered or refused in the client's words`, async ({ provider, throwbar }) => {
    const urls: Record<string, string> = {};
    for (const kind of KINDS.filter((one) => one !== name)) {
      const upstream = await provider();
      upstream.answer((request, conn) => {
        assert.ok(typeof request.json === "object", "a document");
        return conn.sendJson(200, kind === "chat" ? chatBody(TEXT) : DIALECTS[kind]!.whole);
      });
      urls[kind] = upstream.url;
    }
    const gateway = await throwbar(configOf(urls));
    const kinds = Object.keys(urls);
    const paths = pathsOf(targets("")[name]!.body);
    const step = process.env["TB_ATTACK_ALL"] ? 1 : 5;
    for (const [k, kind] of kinds.entries()) {
      const target = targets(kind)[name]!;
      const whole = await gateway.request({ path: target.path, body: target.body });
      assert.ok([200, 400].includes(whole.status), `${kind}: ${whole.text}`);
      const mine = paths.filter((_, i) => step === 1 || i % kinds.length === k);
      await attack(gateway, target, mine.filter((path) => typeof path.at(-1) === "string").map((path) => [`${path.join(".")} twice`, twice(target.body, path)]), false);
      await attack(gateway, target, mine.map((path) => [`${path.join(".")} gone`, without(target.body, path)]), true);
      await attack(gateway, target, mine.flatMap((path, i) => ABSURD.filter((_, j) => (i + j) % step === 0)
        .map((raw): [string, string] => [`${path.join(".")} = ${raw.slice(0, 40)} to ${kind}`, withRaw(target.body, path, raw)])), true);
    }
  });
}
