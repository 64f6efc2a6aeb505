/* What clients of the other dialects get has no member and no value that their SDK's own types do not know, whichever
 * provider answered. */

import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readFrames, sseEvents, type Response } from "../scenario/harness.js";
import { allOf, Faults } from "./translate/faults.js";
import { recordings, shortName } from "./translate/recordings.js";
import { modelName, replaying } from "./translate/replay.js";
import { typeFaults } from "./translate/sdk_types.js";

const ALL = recordings();
const skip = ALL.length > 0 ? false : "THROWBAR_FIXTURES names no folder";
const TOOL = { city: { type: "string" } };

interface Client {
  path: (model: string, stream: boolean) => string;
  body: (model: string, stream: boolean) => object;
  whole: (json: any) => string[];
  stream: (answer: Response) => string[];
}

const bedrockEvents = ({ body }: Response) => readFrames(body).filter(({ headers }) => headers[":message-type"] === "event")
  .map(({ headers, payload }) => ({ [headers[":event-type"]!]: withoutPadding(JSON.parse(payload.toString("utf8"))) }));
const withoutPadding = ({ p, ...event }: any) => (void p, event);
const data = ({ text }: Response): any[] => sseEvents(text).filter((event) => event.data !== "[DONE]").map((event) => JSON.parse(event.data));
const lines = ({ text }: Response): any[] => text.trimEnd().split("\n").map((line) => JSON.parse(line));
const isError = (value: any): boolean => "error" in value;

const CLIENTS: Record<string, Client> = {
  anthropic: {
    path: () => "/v1/messages",
    body: (model, stream) => ({ model, stream, max_tokens: 100, messages: [{ role: "user", content: "hi" }],
      tools: [{ name: "get_weather", input_schema: { type: "object", properties: TOOL } }], thinking: { type: "enabled", budget_tokens: 1024 } }),
    whole: (json) => typeFaults("anthropic", json),
    stream: (answer) => data(answer).filter(({ type }) => type !== "ping" && type !== "error").flatMap((event) => typeFaults("anthropicEvent", event)),
  },
  gemini: {
    path: (model, stream) => `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: () => ({ contents: [{ role: "user", parts: [{ text: "hi" }] }], tools: [{ functionDeclarations: [{ name: "get_weather", parameters: { type: "OBJECT", properties: { city: { type: "STRING" } } } }] }] }),
    whole: (json) => typeFaults("gemini", json),
    stream: (answer) => data(answer).filter((event) => !isError(event)).flatMap((event) => typeFaults("gemini", event)),
  },
  bedrock: {
    path: (model, stream) => `/model/${encodeURIComponent(model)}/converse${stream ? "-stream" : ""}`,
    body: () => ({ messages: [{ role: "user", content: [{ text: "hi" }] }],
      toolConfig: { tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: { type: "object", properties: TOOL } } } }] } }),
    whole: (json) => typeFaults("bedrock", json),
    stream: (answer) => bedrockEvents(answer).flatMap((event) => typeFaults("bedrockEvent", event)),
  },
  ollama: {
    path: () => "/api/chat",
    body: (model, stream) => ({ model, stream, messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: TOOL } } }] }),
    whole: (json) => typeFaults("ollama", json),
    stream: (answer) => lines(answer).filter((line) => !isError(line)).flatMap((line) => typeFaults("ollama", line)),
  },
};

describe("answers have the types of the client's SDK", { skip }, () => {
  const over = replaying(ALL);

  test("the judge sees what is wrong", () => {
    assert.notDeepEqual(typeFaults("anthropic", { sparkle: 1 }), []);
    assert.notDeepEqual(typeFaults("anthropicEvent", { type: "content_block_delta", index: "0" }), []);
    assert.notDeepEqual(typeFaults("gemini", { candidates: [{ finishReason: "BORED" }] }), []);
    assert.notDeepEqual(typeFaults("bedrock", { output: { message: { role: "wizard" } } }), []);
    assert.notDeepEqual(typeFaults("ollama", { done: "yes" }), []);
  });

  for (const [name, client] of Object.entries(CLIENTS)) {
    for (const stream of [false, true]) {
      test(`${name}, ${stream ? "streamed" : "whole"}`, async () => {
        const found = new Faults();
        await allOf(ALL.map((recording, index) => ({ recording, index })).filter(({ recording }) => recording.dialect !== name), async ({ recording, index }) => {
          const model = `${recording.dialect}/${modelName(index)}`;
          const answer = await over.gateway.request({ path: client.path(model, stream), body: client.body(model, stream) });
          if (answer.status === 200) found.add(shortName(recording), stream ? client.stream(answer) : client.whole(answer.json));
        });
        found.check();
      });
    }
  }
});
