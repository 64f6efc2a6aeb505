/* Whatever the provider, an OpenAI client gets what OpenAI's own description of its API allows; and whatever the client, so
 * does an OpenAI provider. Recorded answers and requests of every dialect are the material. */

import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EMBED_PROVIDERS, Provider, sseEvents, Throwbar, type Response } from "../scenario/harness.js";
import { allOf, Faults } from "./translate/faults.js";
import { eventFaults, faults, HAS_SCHEMA } from "./translate/openai_schema.js";
import { FIXTURES, recordings, shortName, type Recording } from "./translate/recordings.js";
import { modelName, replaying } from "./translate/replay.js";

const ALL = recordings();
const skip = HAS_SCHEMA && ALL.length > 0 ? false : "THROWBAR_VECTORS and THROWBAR_FIXTURES name no folders";

// ---- answers ----

interface Client {
  path: string;
  body: (model: string, stream: boolean) => object;
  whole: string;
  event: (event: any) => string[];
  own: string;
}

const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const SCHEMA = { type: "object", properties: { answer: { type: "string" } }, required: ["answer"], additionalProperties: false };
const CLIENTS: Record<string, Client> = {
  "chat completions": {
    path: "/v1/chat/completions",
    body: (model, stream) => ({ model, stream, stream_options: stream ? { include_usage: true } : undefined,
      messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: { name: "get_weather", parameters: PARAMETERS } }] }),
    whole: "CreateChatCompletionResponse",
    event: (event) => faults("error" in event ? "ErrorResponse" : "CreateChatCompletionStreamResponse", event),
    own: "openai",
  },
  completions: {
    path: "/v1/completions",
    body: (model, stream) => ({ model, stream, prompt: "hi" }),
    whole: "CreateCompletionResponse",
    event: (event) => faults("error" in event ? "ErrorResponse" : "CreateCompletionResponse", event),
    own: "openai",
  },
  responses: {
    path: "/v1/responses",
    body: (model, stream) => ({ model, stream, input: "hi", instructions: "be kind", temperature: 0.5, max_output_tokens: 100, metadata: { a: "b" },
      tools: [{ type: "function", name: "get_weather", parameters: PARAMETERS, strict: true }], tool_choice: { type: "function", name: "get_weather" },
      text: { format: { type: "json_schema", name: "answer", schema: SCHEMA } }, reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"] }),
    whole: "Response",
    event: eventFaults,
    own: "responses",
  },
};

function checkStream(client: Client, where: string, answer: Response, found: Faults): void {
  const events = sseEvents(answer.text).filter(({ data }) => data !== "[DONE]");
  assert.ok(events.length > 0, `${where}: ${answer.text}`);
  events.forEach(({ event, data }, i) => {
    const value = JSON.parse(data);
    found.add(where, client.event(value));
    if (client.own !== "responses") return;
    assert.equal(event, value.type, where);
    assert.equal(value.sequence_number, i, where);
  });
}

function checkAnswer(client: Client, where: string, stream: boolean, answer: Response, found: Faults): void {
  if (answer.status >= 400) found.add(where, faults("ErrorResponse", answer.json));
  else if (stream) checkStream(client, where, answer, found);
  else found.add(where, faults(client.whole, answer.json));
}

describe("answers for OpenAI's clients are valid by OpenAI's schema", { skip }, () => {
  const over = replaying(ALL);

  for (const [name, client] of Object.entries(CLIENTS)) {
    for (const stream of [false, true]) {
      test(`${name}, ${stream ? "streamed" : "whole"}`, async () => {
        const found = new Faults();
        await allOf(ALL.map((recording, index) => ({ recording, index })).filter(({ recording }) => recording.dialect !== client.own), async ({ recording, index }) => {
          const model = `${recording.dialect}/${modelName(index)}`;
          const answer = await over.gateway.request({ path: client.path, body: client.body(model, stream) });
          checkAnswer(client, shortName(recording), stream, answer, found);
        });
        found.check();
      });
    }
  }
});

// ---- documents ----

const head = `version: 1
server: {listen: "127.0.0.1:0", admin: "127.0.0.1:0", workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
`;

/** A gateway with these providers, played by one server that answers as `answer` says. */
async function play(lines: (origin: string) => string, answer: Parameters<Provider["answer"]>[0], use: (gateway: Throwbar) => Promise<void>): Promise<void> {
  const provider = await Provider.start();
  provider.answer(answer);
  const gateway = await Throwbar.start(head + lines(provider.url.slice(0, -"/v1".length)));
  try {
    await use(gateway);
  } finally {
    await gateway.stop();
    await provider.stop();
  }
}

const PICTURE = { mimeType: "image/png", data: "QUJD" };
const ERRORS: [string, { method?: string; path?: string; body?: unknown }][] = [
  ["a body that is no JSON", { body: "{" }],
  ["a model that is not there", { body: { model: "none/such", messages: [{ role: "user", content: "hi" }] } }],
  ["a path that is not there", { path: "/v1/nothing", body: {} }],
  ["a field of the wrong type", { body: { model: "up/m", messages: 5 } }],
  ["a field that is missing", { path: "/v1/responses", body: { model: "up/m" } }],
  ["what cannot be", { path: "/v1/responses", body: { model: "up/m", input: "hi", previous_response_id: "resp_1" } }],
  ["a method that is not there", { method: "PUT", body: {} }],
];

describe("documents for OpenAI's clients are valid by OpenAI's schema", { skip }, () => {
  test("the judge sees what is wrong", () => {
    assert.notDeepEqual(faults("CreateChatCompletionResponse", { id: "c", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0 }] }), []);
    assert.notDeepEqual(faults("Response", { id: "r", object: "response" }), []);
    assert.notDeepEqual(eventFaults({ type: "response.output_text.delta", delta: 5 }), []);
    assert.notDeepEqual(eventFaults({ type: "response.sparkle" }), []);
    assert.notDeepEqual(faults("CreateResponse", { model: "m", input: [{ type: "message", role: "wizard", content: "hi" }] }), []);
  });

  for (const [name, { kind, model, base, config, answer }] of Object.entries(EMBED_PROVIDERS)) {
    test(`embeddings of ${name}`, () => play((origin) => `  up: {kind: ${kind}, base_url: "${origin}${base}"${config === undefined ? "" : `, ${config}`}}\n`,
      (request, conn) => conn.sendJson(200, answer(request)), async (gateway) => {
        for (const more of [{}, { encoding_format: "base64" }]) {
          const { status, json, text } = await gateway.request({ path: "/v1/embeddings", body: { model: `up/${model}`, input: ["one", "two"], ...more } });
          assert.equal(status, 200, text);
          if (!("encoding_format" in more)) assert.deepEqual(faults("CreateEmbeddingResponse", json), []); // the schema knows lists of numbers only
        }
      }));
  }

  test("pictures", () => play((origin) => `  up: {kind: gemini, base_url: "${origin}", api_key: k}\n`,
    (request, conn) => conn.sendJson(200, request.target.endsWith(":predict") ? { predictions: [{ mimeType: "image/png", bytesBase64Encoded: "QUJD" }] }
      : { candidates: [{ content: { role: "model", parts: [{ inlineData: PICTURE }] }, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1290, totalTokenCount: 1294 } }), async (gateway) => {
      for (const model of ["gemini-2.5-flash-image", "imagen-4.0-generate-001"]) {
        const { status, json, text } = await gateway.request({ path: "/v1/images/generations", body: { model: `up/${model}`, prompt: "a cat" } });
        assert.equal(status, 200, text);
        assert.deepEqual(faults("ImagesResponse", json), []);
      }
    }));

  test("models", () => play((origin) => `  up: {kind: anthropic, base_url: "${origin}", api_key: k}\nmodels: {alias: {use: up/m-1}}\n`,
    (_, conn) => conn.sendJson(200, { data: [{ type: "model", id: "m-2", display_name: "M 2", created_at: "2026-01-01T00:00:00Z" }], has_more: false }), async (gateway) => {
      const list = await gateway.request({ method: "GET", path: "/v1/models" });
      assert.equal(list.status, 200, list.text);
      assert.ok(list.json.data.length > 0, list.text);
      assert.deepEqual(faults("ListModelsResponse", list.json), []);
      const one = await gateway.request({ method: "GET", path: `/v1/models/${encodeURIComponent(list.json.data[0].id)}` });
      assert.deepEqual(faults("Model", one.json), []);
    }));

  test("errors", () => play((origin) => `  up: {kind: anthropic, base_url: "${origin}", api_key: k}\n`, (_, conn) => conn.sendJson(200, {}), async (gateway) => {
    for (const [what, { method, path, body }] of ERRORS) {
      const answer = await gateway.request({ path: path ?? "/v1/chat/completions", body: body as object, ...(method === undefined ? {} : { method }) });
      assert.ok(answer.status >= 400, `${what}: ${answer.text}`);
      assert.deepEqual(faults("ErrorResponse", answer.json), [], `${what}: ${answer.text}`);
    }
  }));
});

// ---- requests ----

interface Asked {
  name: string;
  path: string;
  body: any;
}

/** Recorded requests for chats: where they were sent, and what. */
function asked(recording: Recording): Asked[] {
  try {
    const { path } = JSON.parse(readFileSync(join(FIXTURES, recording.name, "meta.json"), "utf8"));
    const body = JSON.parse(readFileSync(join(FIXTURES, recording.name, "request.json"), "utf8"));
    const stream = /stream/i.test(path) || body.stream === true;
    return [{ name: shortName(recording), path: clientPath(recording, stream), body }];
  } catch {
    return [];
  }
}

function clientPath({ dialect }: Recording, stream: boolean): string {
  return {
    openai: "/v1/chat/completions", responses: "/v1/responses", anthropic: "/v1/messages", cohere: "/v2/chat", ollama: "/api/chat",
    gemini: `/v1beta/models/MODEL:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    bedrock: `/model/MODEL/converse${stream ? "-stream" : ""}`,
  }[dialect];
}

const TARGETS: Record<string, { kind: string; schema: string; own: string }> = {
  "chat completions": { kind: "openai-chat", schema: "CreateChatCompletionRequest", own: "/v1/chat/completions" },
  responses: { kind: "openai-responses", schema: "CreateResponse", own: "/v1/responses" },
};
const MODELS = ["gpt-4.1", "gpt-5.2", "gpt-6-sol"];

describe("requests to OpenAI are valid by OpenAI's schema", { skip }, () => {
  for (const [name, { kind, schema, own }] of Object.entries(TARGETS)) {
    test(name, async () => {
      const provider = await Provider.start();
      const found = new Faults();
      let refused = 0;
      const where = new Map<string, string>();
      provider.answer((request, conn) => {
        found.add(where.get(request.json.model) ?? request.target, faults(schema, request.json));
        return conn.sendJson(400, { error: { message: "seen", type: "invalid_request_error", param: null, code: null } });
      });
      const gateway = await Throwbar.start(`${head}  up: {kind: ${kind}, base_url: "${provider.url}", api_key: "\${env:UP_KEY}"}
`);
      const requests = ALL.flatMap(asked).filter(({ path }) => path !== own);
      await allOf(requests.map((request, i) => ({ ...request, model: `${MODELS[i % MODELS.length]}-m${i}x` })), async ({ path, body, name: said, model }) => {
        where.set(model, said);
        const answer = await gateway.request({ path: path.replace("MODEL", encodeURIComponent(`up/${model}`)), body: { ...body, model: `up/${model}` } });
        assert.ok(answer.status >= 400 && answer.status < 500, `${said}: ${answer.text}`);
        if (!answer.text.includes("seen")) refused++;
      });
      await gateway.stop();
      await provider.stop();
      assert.ok(found.checked > requests.length / 2, `${found.checked} of ${requests.length}, ${refused} refused`);
      found.check();
    });
  }
});
