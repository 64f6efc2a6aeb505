/* Clouds and model servers by their own paths: what an OpenAI client's chat becomes on its way to each, how it is signed,
 * and what comes back, whole, streamed and refused. */

import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_KEYS, CHAT, chatBody, chatChunks, DIALECTS, expectSigned, run, scenario, sseEvents, TEXT, usageChunk,
  type Provider, type ProviderConn, type Request, type Response } from "./harness.js";

const SERVER = `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
`;

async function sendFrames(conn: ProviderConn, dialect: string): Promise<void> {
  const { frames, streamType } = DIALECTS[dialect]!;
  await conn.beginStream({ "content-type": streamType });
  for (const frame of frames) await conn.sendChunk(frame);
  await conn.endChunks();
}

/** How a cloud speaks: a whole answer, a stream, an error, all in one dialect. */
interface Cloud {
  config: string;
  model: string;
  /** Of the answers: a dialect of harness/dialects, or OpenAI's. */
  dialect: string;
  target: string;
  streamTarget: string;
  failure: unknown;
  /** What only its requests have. */
  check(request: Request): void;
}

const VERTEX = "kind: vertex, project: p1, location: l1, api_key: token";
const PLACE = "/v1/projects/p1/locations/l1";
const GOOGLE_FAILURE = { error: { code: 400, message: "no such place", status: "INVALID_ARGUMENT" } };
const OPENAI_FAILURE = { error: { message: "no such place", type: "invalid_request_error", param: null, code: null } };
const AMAZON_FAILURE = { message: "no such place" };

const bears = (token: string) => ({ headers }: Request) => assert.equal(headers.get("authorization"), `Bearer ${token}`);
const signs = (scope: string) => (request: Request) => expectSigned(request, "plain-secret", scope);

const CLOUDS: Record<string, Cloud> = {
  "vertex: gemini": { config: VERTEX, model: "gemini-x", dialect: "gemini", target: `${PLACE}/publishers/google/models/gemini-x:generateContent`,
    streamTarget: `${PLACE}/publishers/google/models/gemini-x:streamGenerateContent?alt=sse`, failure: GOOGLE_FAILURE, check: bears("token") },
  "vertex: claude": { config: VERTEX, model: "claude-x@1", dialect: "anthropic", target: `${PLACE}/publishers/anthropic/models/claude-x%401:rawPredict`,
    streamTarget: `${PLACE}/publishers/anthropic/models/claude-x%401:streamRawPredict`, failure: GOOGLE_FAILURE, check: (request) => {
      bears("token")(request);
      assert.equal(request.json.anthropic_version, "vertex-2023-10-16");
      assert.ok(!("model" in request.json));
    } },
  "vertex: a publisher's model": { config: VERTEX, model: "meta/llama-x", dialect: "openai", target: `${PLACE}/endpoints/openapi/chat/completions`,
    streamTarget: `${PLACE}/endpoints/openapi/chat/completions`, failure: [GOOGLE_FAILURE], check: (request) => {
      bears("token")(request);
      assert.equal(request.json.model, "meta/llama-x");
    } },
  "vertex: an endpoint's OpenAI route": { config: VERTEX, model: "openapi/42", dialect: "openai", target: `${PLACE}/endpoints/42/chat/completions`,
    streamTarget: `${PLACE}/endpoints/42/chat/completions`, failure: OPENAI_FAILURE, check: bears("token") },
  "bedrock, signed": { config: `kind: bedrock, ${AWS_KEYS}`, model: "anthropic.claude-v1:0", dialect: "bedrock",
    target: "/model/anthropic.claude-v1%3A0/converse", streamTarget: "/model/anthropic.claude-v1%3A0/converse-stream",
    failure: AMAZON_FAILURE, check: signs("eu-west-1/bedrock") },
  "bedrock, an ARN": { config: `kind: bedrock, ${AWS_KEYS}`, model: "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-v1:0", dialect: "bedrock",
    target: "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.amazon.nova-v1%3A0/converse",
    streamTarget: "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.amazon.nova-v1%3A0/converse-stream",
    failure: AMAZON_FAILURE, check: signs("eu-west-1/bedrock") },
  "bedrock, by a key": { config: "kind: bedrock, region: eu-west-1, api_key: bedrock-api-key-1", model: "amazon.nova-v1:0", dialect: "bedrock",
    target: "/model/amazon.nova-v1%3A0/converse", streamTarget: "/model/amazon.nova-v1%3A0/converse-stream",
    failure: AMAZON_FAILURE, check: bears("bedrock-api-key-1") },
  "bedrock-openai, by a key": { config: "kind: bedrock-openai, region: us-west-2, api_key: bedrock-api-key-1", model: "openai.gpt-oss-120b-1:0", dialect: "openai",
    target: "/chat/completions", streamTarget: "/chat/completions", failure: OPENAI_FAILURE, check: bears("bedrock-api-key-1") },
  "bedrock-openai, signed": { config: `kind: bedrock-openai, ${AWS_KEYS}`, model: "openai.gpt-oss-120b-1:0", dialect: "openai",
    target: "/chat/completions", streamTarget: "/chat/completions", failure: OPENAI_FAILURE, check: signs("eu-west-1/bedrock") },
  "bedrock-invoke": { config: `kind: bedrock-invoke, ${AWS_KEYS}`, model: "anthropic.claude-x", dialect: "invoke",
    target: "/model/anthropic.claude-x/invoke", streamTarget: "/model/anthropic.claude-x/invoke-with-response-stream",
    failure: AMAZON_FAILURE, check: (request) => {
      signs("eu-west-1/bedrock")(request);
      assert.equal(request.json.anthropic_version, "bedrock-2023-05-31");
    } },
  sagemaker: { config: `kind: sagemaker, ${AWS_KEYS}`, model: "llm-1", dialect: "openai", target: "/endpoints/llm-1/invocations",
    streamTarget: "/endpoints/llm-1/invocations-response-stream", failure: { ErrorCode: "ValidationError", Message: "no such place" },
    check: (request) => {
      signs("eu-west-1/sagemaker")(request);
      assert.ok(!("model" in request.json));
    } },
  "sagemaker's OpenAI route": { config: `kind: sagemaker, ${AWS_KEYS}`, model: "openai/llm-1", dialect: "openai",
    target: "/endpoints/llm-1/openai/v1/chat/completions", streamTarget: "/endpoints/llm-1/openai/v1/chat/completions", failure: OPENAI_FAILURE,
    check: ({ headers }) => assert.match(headers.get("authorization")!, /^Bearer sagemaker-api-key-/) },
  "azure, by deployment": { config: "kind: azure, api_version: 2024-10-21, api_key: azure-key", model: "gpt-x", dialect: "openai",
    target: "/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21", streamTarget: "/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21",
    failure: OPENAI_FAILURE, check: ({ headers }) => assert.equal(headers.get("api-key"), "azure-key") },
  "azure, without a version": { config: "kind: azure-v1, api_key: azure-key", model: "gpt-x", dialect: "openai",
    target: "/openai/v1/chat/completions", streamTarget: "/openai/v1/chat/completions",
    failure: OPENAI_FAILURE, check: ({ headers }) => assert.equal(headers.get("api-key"), "azure-key") },
  mlflow: { config: "kind: mlflow", model: "endpoint-1", dialect: "openai", target: "/gateway/mlflow/v1/chat/completions",
    streamTarget: "/gateway/mlflow/v1/chat/completions", failure: { error_code: "BAD_REQUEST", message: "no such place" },
    check: ({ json }) => assert.equal(json.model, "endpoint-1") },
  "mlflow-model": { config: "kind: mlflow-model", model: "m", dialect: "openai", target: "/invocations", streamTarget: "/invocations",
    failure: { error_code: "BAD_REQUEST", message: "no such place" }, check: ({ json }) => assert.ok(!("model" in json)) },
  kserve: { config: "kind: kserve", model: "llama", dialect: "openai", target: "/openai/v1/chat/completions", streamTarget: "/openai/v1/chat/completions",
    failure: { detail: "no such place" }, check: ({ json }) => assert.equal(json.model, "llama") },
};

/** Claude's events in the chunks of InvokeModelWithResponseStream are what the engines' scenarios stream. */
function isStreamed(cloud: Cloud): boolean {
  return cloud.dialect !== "invoke" && !cloud.streamTarget.endsWith("-response-stream");
}

function config(upstream: Provider, text: string): string {
  return `${SERVER}providers:\n  up: {${text}, base_url: "${upstream.url.slice(0, -"/v1".length)}"}\n`;
}

function textOf(answer: Response): string {
  assert.equal(answer.status, 200, answer.text);
  return answer.json.choices[0].message.content;
}

for (const [name, cloud] of Object.entries(CLOUDS)) {
  scenario(`${name}: its paths, its bodies, its credential, its errors`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((request, conn) => {
      if (request.body.includes("lost")) return conn.sendJson(400, cloud.failure);
      const { dialect } = cloud;
      if (dialect === "openai") return request.json.stream
        ? conn.sendStream([...chatChunks("Hel", "lo ä€😀"), usageChunk()])
        : conn.sendJson(200, chatBody(TEXT));
      const isStream = /stream/i.test(request.target);
      return isStream ? sendFrames(conn, dialect) : conn.sendJson(200, DIALECTS[dialect === "invoke" ? "anthropic" : dialect]!.whole);
    });
    const gateway = await throwbar(config(upstream, cloud.config));
    const model = `up/${cloud.model}`;
    const whole = await gateway.request({ body: { ...CHAT, model, max_tokens: 9 } });
    assert.equal(textOf(whole), TEXT);
    assert.equal(whole.json.choices[0].finish_reason, "stop");
    assert.deepEqual([whole.json.usage.prompt_tokens, whole.json.usage.completion_tokens], [11, 7]);
    assert.equal(upstream.requests[0]!.target, cloud.target);
    cloud.check(upstream.requests[0]!);
    if (isStreamed(cloud)) {
      const stream = await gateway.request({ body: { ...CHAT, model, max_tokens: 9, stream: true } });
      const events = sseEvents(stream.text);
      assert.equal(events.at(-1)?.data, "[DONE]", stream.text);
      assert.equal(events.slice(0, -1).map((e) => JSON.parse(e.data).choices[0]?.delta.content ?? "").join(""), TEXT);
      assert.equal(upstream.requests[1]!.target, cloud.streamTarget);
      cloud.check(upstream.requests[1]!);
    }
    for (const stream of [false, true]) {
      const refused = await gateway.request({ body: { ...CHAT, model, max_tokens: 9, stream, messages: [{ role: "user", content: "lost" }] } });
      assert.equal(refused.status, 400, refused.text);
      assert.match(refused.json.error.message, /no such place/, refused.text);
    }
  });
}

scenario("a Claude client keeps its own form on Vertex and Bedrock", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, DIALECTS["anthropic"]!.whole));
  const origin = upstream.url.slice(0, -"/v1".length);
  const gateway = await throwbar(`${SERVER}providers:
  vert: {${VERTEX}, base_url: "${origin}"}
  rock: {kind: bedrock-invoke, ${AWS_KEYS}, base_url: "${origin}"}
`);
  for (const model of ["vert/claude-x", "rock/anthropic.claude-x"]) {
    const answer = await gateway.request({ path: "/v1/messages", headers: { "anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07" },
      body: { model, max_tokens: 9, x_new: 1, thinking: { type: "enabled", budget_tokens: 1024 }, messages: [{ role: "user", content: "hi" }] } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.content[0].text, TEXT);
    const { json, headers } = upstream.requests.at(-1)!;
    assert.ok(!("model" in json) && json.anthropic_version !== undefined, JSON.stringify(json));
    assert.deepEqual([json.x_new, json.messages], [1, [{ role: "user", content: "hi" }]]);
    if (model.startsWith("rock")) assert.deepEqual(json.anthropic_beta, ["context-1m-2025-08-07"]);
    else assert.equal(headers.get("anthropic-beta"), "context-1m-2025-08-07");
  }
});

scenario("a deployed model's :predict may be anything that gives predictions", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const answers: unknown[] = [{ predictions: ["Hello"] }, { predictions: [{ generated_text: "Hello" }] }, { predictions: [{ content: "Hello" }] },
    { predictions: "Hello" }, { predictions: [] }, { error: { code: 404, message: "no endpoint", status: "NOT_FOUND" } }];
  upstream.answer((_, conn) => {
    const answer: any = answers[upstream.requests.length - 1];
    return conn.sendJson(answer.error ? 404 : 200, answer);
  });
  const gateway = await throwbar(config(upstream, VERTEX));
  for (const [i] of answers.entries()) {
    const answer = await gateway.request({ body: { ...CHAT, model: "up/endpoints/42" } });
    if (i < 4) assert.equal(textOf(answer), "Hello", JSON.stringify(answers[i]));
    else assert.equal(answer.status, i === 4 ? 502 : 404, answer.text);
    if (i === 5) assert.match(answer.json.error.message, /no endpoint/);
  }
});

// ---- configuration ----

async function check(providers: string): Promise<{ code: number | null; text: string }> {
  const folder = mkdtempSync(join(tmpdir(), "throwbar-check-"));
  const file = join(folder, "throwbar.yaml");
  writeFileSync(file, `${SERVER}providers:\n${providers}\n`);
  const { code, stdout, stderr } = await run(["check", "-c", file], { UP_KEY: "k" });
  rmSync(folder, { recursive: true });
  return { code, text: stdout + stderr };
}

const KEY = 'api_key: "${env:UP_KEY}"';
const REFUSED: [string, RegExp][] = [
  [`  up: {kind: vertex, ${KEY}}`, /E1044.*needs `project` and `location`|vertex needs `project` and `location`/],
  [`  up: {kind: vertex, project: p1, ${KEY}}`, /needs `project` and `location`/],
  [`  up: {kind: azure, ${KEY}}`, /resource/],
  [`  up: {kind: azure-foundry, ${KEY}}`, /resource/],
  [`  up: {kind: azure-v1, ${KEY}}`, /base_url|resource/],
  [`  up: {kind: mlflow}`, /base_url/],
  [`  up: {kind: kserve}`, /base_url/],
  [`  up: {kind: custom, base_url: "http://h"}`, /custom/],
  [`  up: {kind: sagemker, ${KEY}}`, /sagemaker/],
  [`  up: {kind: openai, base_url: "ftp://h/v1", ${KEY}}`, /http/],
  [`  up: {kind: openai, base_url: "http://", ${KEY}}`, /base_url|host/],
  [`  up: {kind: openai, base_url: "http://h:99999/v1", ${KEY}}`, /port|base_url/],
  [`  up: {kind: vertex, project: p1, location: "eu west/4", ${KEY}}`, /location/],
  [`  up: {kind: bedrock, region: "eu-west-1.evil.com/", ${KEY}}`, /region/],
  [`  up: {kind: azure, resource: "a.b/c", ${KEY}}`, /resource/],
  [`  up: {kind: bedrock, region: eu-west-1, aws: {access_key_id: AKIA}, ${KEY}}`, /exclude each other/],
  [`  up: {kind: bedrock, region: eu-west-1, aws: {access_key_id: AKIA}}`, /secret_access_key/],
];

for (const [providers, said] of REFUSED) {
  scenario(`check refuses${providers.replace(/ +/g, " ")}`, async () => {
    const { code, text } = await check(providers);
    assert.equal(code, 2, text);
    assert.match(text, said);
    assert.match(text, /error\[E1\d{3}\]/);
  });
}
