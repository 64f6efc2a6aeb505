/* Whatever the provider, an OpenAI client gets what OpenAI's own description of its API allows; and whatever the client, so
 * does an OpenAI provider. Recorded answers and requests of every dialect are the material. */

import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Provider, sseEvents, Throwbar, type Response } from "../scenario/harness.js";
import { eventFaults, faults, HAS_SCHEMA } from "./translate/openai_schema.js";
import { FIXTURES, recordings, shortName, type Recording } from "./translate/recordings.js";
import { gatewayConfig, modelName, root, startReplay } from "./translate/replay.js";

const ALL = recordings();
const AT_ONCE = 8;
const skip = HAS_SCHEMA && ALL.length > 0 ? false : "THROWBAR_VECTORS and THROWBAR_FIXTURES name no folders";

/** Faults and where they were seen: the same fault of many recordings is told once. */
class Faults {
  private readonly seen = new Map<string, { where: string; times: number }>();
  checked = 0;

  add(where: string, list: string[]): void {
    this.checked++;
    for (const fault of list) {
      const known = this.seen.get(fault);
      if (known) known.times++;
      else this.seen.set(fault, { where, times: 1 });
    }
  }

  check(): void {
    assert.ok(this.checked > 0, "nothing was checked");
    const lines = [...this.seen].sort(([, a], [, b]) => b.times - a.times).map(([fault, { where, times }]) => `${times} x ${fault} (${where})`);
    assert.deepEqual(lines.slice(0, 40), []);
  }
}

async function allOf<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.slice();
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

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
  let provider: Provider;
  let gateway: Throwbar;
  before(async () => {
    provider = await startReplay(ALL);
    gateway = await Throwbar.start(gatewayConfig(root(provider)));
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  for (const [name, client] of Object.entries(CLIENTS)) {
    for (const stream of [false, true]) {
      test(`${name}, ${stream ? "streamed" : "whole"}`, async () => {
        const found = new Faults();
        await allOf(ALL.map((recording, index) => ({ recording, index })).filter(({ recording }) => recording.dialect !== client.own), async ({ recording, index }) => {
          const model = `${recording.dialect}/${modelName(index)}`;
          const answer = await gateway.request({ path: client.path, body: client.body(model, stream) });
          checkAnswer(client, shortName(recording), stream, answer, found);
        });
        found.check();
      });
    }
  }
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
    const { path, query } = JSON.parse(readFileSync(join(FIXTURES, recording.name, "meta.json"), "utf8"));
    const body = JSON.parse(readFileSync(join(FIXTURES, recording.name, "request.json"), "utf8"));
    const stream = /stream/i.test(path) || body.stream === true;
    void query;
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
      const gateway = await Throwbar.start(`version: 1
server: {listen: "127.0.0.1:0", admin: "127.0.0.1:0", workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
  up: {kind: ${kind}, base_url: "${provider.url}", api_key: "\${env:UP_KEY}"}
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
