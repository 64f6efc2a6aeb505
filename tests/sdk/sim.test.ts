/* The OpenAI SDK against the simulator: what an application does first, before it has a provider. */

import * as assert from "node:assert/strict";
import OpenAI from "openai";
import { config, scenario, type Stage } from "../scenario/harness.js";

const MESSAGES = [{ role: "user" as const, content: "What is the weather in Köln?" }];
const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer", minimum: 2 } },
  required: ["city", "days"],
  additionalProperties: false,
};

async function stage({ throwbar }: Stage) {
  const gateway = await throwbar(config("http://127.0.0.1:1/v1"));
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries: 0 });
}

scenario("chat, whole and streamed with usage", async (s) => {
  const client = await stage(s);
  const whole = await client.chat.completions.create({ model: "sim/echo", messages: MESSAGES });
  assert.equal(whole.choices[0]?.message.content, MESSAGES[0]?.content);
  const stream = client.chat.completions.stream({ model: "sim/echo", messages: MESSAGES, stream_options: { include_usage: true } });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0]?.message.content, MESSAGES[0]?.content);
  assert.equal(final.choices[0]?.finish_reason, "stop");
  assert.deepEqual(final.usage, whole.usage);
});

for (const stream of [false, true]) {
  scenario(`runTools calls a function and ends, ${stream ? "streamed" : "whole"}`, async (s) => {
    const client = await stage(s);
    const calls: unknown[] = [];
    const tool = {
      type: "function" as const,
      function: {
        name: "weather", description: "the weather", parameters: PARAMETERS, parse: JSON.parse,
        function: (args: object) => {
          calls.push(args);
          return "rain, as ever";
        },
      },
    };
    const runner = stream
      ? client.chat.completions.runTools({ model: "sim/tools", messages: MESSAGES, tools: [tool], stream: true })
      : client.chat.completions.runTools({ model: "sim/tools", messages: MESSAGES, tools: [tool] });
    assert.equal(await runner.finalContent(), "rain, as ever");
    assert.deepEqual(calls, [{ city: "text", days: 2 }]);
  });
}

scenario("structured output obeys the schema, in chat and Responses", async (s) => {
  const client = await stage(s);
  const chat = await client.chat.completions.parse({
    model: "sim/json", messages: MESSAGES,
    response_format: { type: "json_schema", json_schema: { name: "forecast", schema: PARAMETERS, strict: true } },
  });
  assert.deepEqual(JSON.parse(chat.choices[0]?.message.content ?? ""), { city: "text", days: 2 });
  const response = await client.responses.create({
    model: "sim/json", input: "x",
    text: { format: { type: "json_schema", name: "forecast", schema: PARAMETERS, strict: true } },
  });
  assert.deepEqual(JSON.parse(response.output_text), { city: "text", days: 2 });
});

scenario("Responses, whole and streamed", async (s) => {
  const client = await stage(s);
  const whole = await client.responses.create({ model: "sim/echo", input: "hello you", instructions: "be kind" });
  assert.equal(whole.output_text, "hello you");
  assert.equal(whole.instructions, "be kind");
  const stream = client.responses.stream({ model: "sim/lorem?tokens=30", input: "hello" });
  let [text, sequence] = ["", 0];
  for await (const event of stream) {
    assert.equal(event.sequence_number, sequence++);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  const final = await stream.finalResponse();
  assert.equal(final.output_text, text);
  assert.equal(text.split(" ").length, 30);
  assert.equal(final.usage?.output_tokens, 30);
});

scenario("a tool loop over Responses", async (s) => {
  const client = await stage(s);
  const tools = [{ type: "function" as const, name: "weather", parameters: PARAMETERS, strict: true }];
  const final = await client.responses.stream({ model: "sim/tools", input: "x", tools }).finalResponse();
  const [call] = final.output;
  assert.ok(call?.type === "function_call");
  assert.deepEqual(JSON.parse(call.arguments), { city: "text", days: 2 });
  const answer = await client.responses.create({
    model: "sim/tools", tools,
    input: [
      { role: "user", content: "x" },
      { type: "function_call", call_id: call.call_id, name: call.name, arguments: call.arguments },
      { type: "function_call_output", call_id: call.call_id, output: "rain" },
    ],
  });
  assert.equal(answer.output_text, "rain");
});

scenario("text completions, embeddings, moderations", async (s) => {
  const client = await stage(s);
  const completion = await client.completions.create({ model: "sim/echo", prompt: "say this" });
  assert.equal(completion.choices[0]?.text, "say this");
  const implicit = await client.embeddings.create({ model: "sim/embed", input: ["cat", "dog"] });
  const explicit = await client.embeddings.create({ model: "sim/embed", input: ["cat", "dog"], encoding_format: "float" });
  assert.equal(implicit.data[1]?.embedding.length, 256);
  for (const i of [0, 1]) {
    const floats = explicit.data[i]?.embedding ?? [];
    assert.deepEqual(implicit.data[i]?.embedding, floats.map(Math.fround));
    assert.ok(Math.abs(floats.reduce((sum, v) => sum + v * v, 0) - 1) < 1e-5);
  }
  const short = await client.embeddings.create({ model: "sim/embed", input: [1, 2, 3], dimensions: 8 });
  assert.equal(short.data[0]?.embedding.length, 8);
  assert.equal(short.usage.prompt_tokens, 3);
  const moderation = await client.moderations.create({ model: "sim/echo", input: ["a", "b"] });
  assert.deepEqual(moderation.results.map((r) => r.flagged), [false, false]);
});

scenario("an error that was asked for is the SDK's", async (s) => {
  const client = await stage(s);
  const ask = (error: string) => client.chat.completions.create({ model: `sim/echo?error=${error}`, messages: MESSAGES });
  await assert.rejects(ask("429"), OpenAI.RateLimitError);
  await assert.rejects(ask("400"), OpenAI.BadRequestError);
  await assert.rejects(ask("503"), OpenAI.InternalServerError);
  await ask("429:0%");
});
