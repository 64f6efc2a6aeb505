/* Pictures, sound and moderations: relayed to providers of OpenAI's dialect, uploads while they still arrive; pictures from
 * a prompt also at Google's models; refused clearly wherever there is no such call. */

import * as assert from "node:assert/strict";
import { File as NodeFile } from "node:buffer";
import OpenAI, { toFile } from "openai";
import { AWS_KEYS, scenario, sseEvents, type Provider, type Request, type Stage } from "./harness.js";

if (!("File" in globalThis)) Object.assign(globalThis, { File: NodeFile }); // Node 18 has it, but not under that name

function config(upstream: Provider, providers: Record<string, string>, server = ""): string {
  const origin = upstream.url.slice(0, -"/v1".length);
  return `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 1${server}}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${Object.entries(providers).map(([id, text]) => `  ${id}: {${text.replace("ORIGIN", origin)}}\n`).join("")}`;
}

const OPENAI = `kind: openai, base_url: "ORIGIN/v1", api_key: k-1`;
const AZURE = `kind: azure, base_url: "ORIGIN", api_version: 2024-10-21, api_key: k-1`;
const AZURE_V1 = `kind: azure-v1, base_url: "ORIGIN", api_key: k-1`;
const GEMINI = `kind: gemini, base_url: "ORIGIN", api_key: k-1`;
const VERTEX = `kind: vertex, base_url: "ORIGIN", project: p1, location: l1, api_key: k-1`;

/** Kinds without a call for sound, uploads or moderations. */
const OTHERS: Record<string, string> = {
  claude: `kind: anthropic, base_url: "ORIGIN"`,
  gem: GEMINI,
  vert: VERTEX,
  rock: `kind: bedrock, base_url: "ORIGIN", ${AWS_KEYS}`,
  coh: `kind: cohere, base_url: "ORIGIN"`,
  oll: `kind: ollama, base_url: "ORIGIN"`,
  voy: `kind: voyage, base_url: "ORIGIN/v1"`,
  resp: `kind: openai-responses, base_url: "ORIGIN/v1"`,
};

function sdk(gateway: { url: string }): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "k", maxRetries: 0 });
}

// ---- multipart ----

const BOUNDARY = "----b0undary";

interface Part {
  name: string;
  value: string | Buffer;
  file?: string;
}

function multipart(parts: Part[]): Buffer {
  const pieces = parts.flatMap(({ name, value, file }) => [
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? "" : `; filename="${file}"\r\nContent-Type: audio/wav`}\r\n\r\n`),
    Buffer.from(value), Buffer.from("\r\n")]);
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

function form(parts: Part[]) {
  return { body: multipart(parts), headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` } };
}

/** The fields of a multipart body, files as their size. */
function fieldsOf(request: Request): Record<string, string | number> {
  const boundary = /boundary=("?)([^";]+)\1/.exec(request.headers.get("content-type") ?? "")![2]!;
  const text = request.body.toString("latin1");
  const fields: Record<string, string | number> = {};
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const name = /name="([^"]*)"/.exec(part.slice(0, end))![1]!;
    const value = part.slice(end + 4, -2);
    fields[name] = part.slice(0, end).includes("filename=") ? value.length : value;
  }
  return fields;
}

const SOUND = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
const UPLOADS: [string, string, string][] = [
  ["/v1/audio/transcriptions", "/audio/transcriptions", "file"],
  ["/v1/audio/translations", "/audio/translations", "file"],
  ["/v1/images/edits", "/images/edits", "image"],
];

scenario("uploads go to OpenAI and Azure with the provider's name of the model in the field", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, { text: "hello", created: 1, data: [] }));
  const gateway = await throwbar(config(upstream, { up: OPENAI, old: AZURE, new: AZURE_V1 }));
  const bases: Record<string, (path: string) => string> = {
    up: (path) => `/v1${path}`,
    old: (path) => `/openai/deployments/whisper/${path.slice(1)}?api-version=2024-10-21`,
    new: (path) => `/openai/v1${path}`,
  };
  for (const [path, target, file] of UPLOADS) {
    for (const [id, targetOf] of Object.entries(bases)) {
      for (const order of ["model first", "file first"]) {
        const parts: Part[] = [{ name: "model", value: `${id}/whisper` }, { name: file, value: SOUND, file: "a.wav" }, { name: "language", value: "de" }];
        if (order === "file first") parts.reverse();
        const answer = await gateway.request({ path, ...form(parts) });
        assert.equal(answer.status, 200, `${id} ${path} ${order}: ${answer.text}`);
        const request = upstream.requests.at(-1)!;
        assert.equal(request.target, targetOf(target));
        assert.deepEqual(fieldsOf(request), { model: "whisper", [file]: SOUND.length, language: "de" });
        assert.equal(request.headers.get("content-length"), String(request.body.length));
      }
    }
  }
  const vary = await gateway.request({ path: "/v1/images/variations",
    ...form([{ name: "model", value: "up/dall-e-2" }, { name: "image", value: SOUND, file: "a.png" }]) });
  assert.equal(vary.status, 200, vary.text);
  assert.equal(upstream.requests.at(-1)!.target, "/v1/images/variations");
});

scenario("the SDK's uploads, whole, streamed and as subtitles", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    const fields = fieldsOf(request);
    if (fields["response_format"] === "srt") return conn.sendBody(200, "text/plain", "1\n00:00 --> 00:01\nhi\n");
    if (fields["stream"] !== "true") return conn.sendJson(200, { text: "hello", usage: { type: "tokens", input_tokens: 5, output_tokens: 2, total_tokens: 7 } });
    await conn.beginStream();
    await conn.sendEvent({ type: "transcript.text.delta", delta: "hel" });
    await conn.sendEvent({ type: "transcript.text.done", text: "hello" });
    return conn.endChunks();
  });
  const gateway = await throwbar(config(upstream, { up: OPENAI }));
  const file = () => toFile(SOUND, "a.wav");
  const client = sdk(gateway);
  const whole = await client.audio.transcriptions.create({ model: "up/whisper-1", file: await file() });
  assert.equal(whole.text, "hello");
  const stream = await client.audio.transcriptions.create({ model: "up/whisper-1", file: await file(), stream: true });
  const types: string[] = [];
  for await (const event of stream) types.push(event.type);
  assert.deepEqual(types, ["transcript.text.delta", "transcript.text.done"]);
  const subtitles = await client.audio.transcriptions.create({ model: "up/whisper-1", file: await file(), response_format: "srt" });
  assert.match(String(subtitles), /00:00 --> 00:01/);
  const translated = await client.audio.translations.create({ model: "up/whisper-1", file: await file() });
  assert.equal((translated as { text: string }).text, "hello");
  const edited = await client.images.edit({ model: "up/gpt-image-1", image: await file(), prompt: "more" }).asResponse();
  assert.equal(edited.status, 200);
  assert.ok(upstream.requests.every((request) => fieldsOf(request)["model"] !== undefined && !String(fieldsOf(request)["model"]).startsWith("up/")));
});

scenario("an upload leaves while it still arrives, and has the body's bounds", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, { text: "hello" }));
  const gateway = await throwbar(config(upstream, { up: OPENAI }, ", limits: {body: 64KiB}"));
  const body = multipart([{ name: "model", value: "up/whisper" }, { name: "file", value: SOUND.subarray(0, 40_000), file: "a.wav" }]);
  const client = await gateway.connect();
  await client.send(`POST /v1/audio/transcriptions HTTP/1.1\r\nhost: g\r\ncontent-type: multipart/form-data; boundary=${BOUNDARY}\r\n` +
    `content-length: ${body.length}\r\n\r\n`);
  await client.send(body.subarray(0, 20_000));
  const there = await upstream.connection(0); // before the rest exists
  assert.ok(there);
  await client.send(body.subarray(20_000));
  assert.equal((await client.readResponse()).status, 200);
  assert.deepEqual(fieldsOf(upstream.requests[0]!), { model: "whisper", file: 40_000 });
  client.close();
  const large = await gateway.request({ path: "/v1/audio/transcriptions",
    ...form([{ name: "model", value: "up/whisper" }, { name: "file", value: SOUND, file: "a.wav" }]) });
  assert.equal(large.status, 413, large.text);
  assert.equal(large.json.error.gateway.source, "client");
});

scenario("uploads without a model, or that are no uploads, are refused", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, {}));
  const gateway = await throwbar(config(upstream, { up: OPENAI }));
  for (const [path] of UPLOADS) {
    const ask = (body: Buffer | string, type = `multipart/form-data; boundary=${BOUNDARY}`) =>
      gateway.request({ path, body, headers: { "content-type": type } });
    const none = await ask(multipart([{ name: "file", value: SOUND.subarray(0, 99), file: "a" }]));
    assert.equal(none.status, 400, none.text);
    assert.match(none.json.error.message, /model/);
    const unknown = await ask(multipart([{ name: "model", value: "nobody/x" }, { name: "file", value: "a", file: "a" }]));
    assert.equal(unknown.status, 404, unknown.text);
    const json = await ask('{"model":"up/whisper"}', "application/json");
    assert.equal(json.status, 415, json.text);
    const broken = await ask(multipart([{ name: "model", value: "up/whisper" }]).subarray(0, -20));
    assert.equal(broken.status, 400, broken.text);
  }
  assert.equal(upstream.requests.length, 0);
});

scenario("kinds of providers without a call say so, in the caller's shape", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer((_, conn) => conn.sendJson(200, {}));
  const gateway = await throwbar(config(upstream, OTHERS));
  for (const id of Object.keys(OTHERS)) {
    const model = `${id}/m`;
    const asks = [
      ...UPLOADS.map(([path, , file]) => ({ path, ...form([{ name: "model", value: model }, { name: file, value: "abc", file: "a" }]) })),
      { path: "/v1/audio/speech", body: { model, input: "hi", voice: "alloy" } },
      { path: "/v1/moderations", body: { model, input: "hi" } },
      { path: "/v1/images/generations", body: { model, prompt: "a cat" } },
    ];
    for (const ask of asks) {
      const answer = await gateway.request(ask);
      const what = `${id} ${ask.path}: ${answer.text}`;
      assert.equal(answer.status, 400, what);
      assert.match(answer.json.error.message, new RegExp(`The provider "${id}" does not offer .*for the model "m"`), what);
      assert.equal(answer.json.error.gateway.source, "client", what);
    }
  }
  for (const [path, body] of [
    ["/v2/rerank", { query: "q", documents: ["a"] }],
    ["/v2/embed", { texts: ["a"], input_type: "search_query" }],
    ["/api/embed", { input: "a" }],
  ] as const) {
    const answer = await gateway.request({ path, body: { model: "claude/m", ...body } });
    assert.equal(answer.status, 400, answer.text);
    assert.match(path.startsWith("/api") ? answer.json.error : answer.json.message, /does not offer/);
  }
  const gemini = await gateway.request({ path: "/v1beta/models/claude/m:embedContent", body: { content: { parts: [{ text: "a" }] } } });
  assert.equal(gemini.status, 400, gemini.text);
  assert.match(gemini.json.error.message, /does not offer/);
  assert.equal(upstream.requests.length, 0);
});

// ---- speech, moderations ----

scenario("speech comes as bytes or as events, moderations as JSON", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    if (request.target.endsWith("/moderations")) return conn.sendJson(200, { id: "modr-1", model: "m", results: [{ flagged: true }] });
    if (request.json.stream_format !== "sse") return conn.sendBody(200, "audio/mpeg", SOUND);
    await conn.beginStream();
    await conn.sendEvent({ type: "speech.audio.delta", audio: "AAAA" });
    await conn.sendEvent({ type: "speech.audio.done", usage: { input_tokens: 3, output_tokens: 9, total_tokens: 12 } });
    return conn.endChunks();
  });
  const gateway = await throwbar(config(upstream, { up: OPENAI, old: AZURE, new: AZURE_V1 }));
  for (const [id, target] of [["up", "/v1/audio/speech"], ["old", "/openai/deployments/tts-1/audio/speech?api-version=2024-10-21"],
    ["new", "/openai/v1/audio/speech"]] as const) {
    const speech = await sdk(gateway).audio.speech.create({ model: `${id}/tts-1`, input: "hi", voice: "alloy" });
    assert.ok(Buffer.from(await speech.arrayBuffer()).equals(SOUND));
    assert.equal(speech.headers.get("content-type"), "audio/mpeg");
    assert.equal(upstream.requests.at(-1)!.target, target);
    assert.equal(upstream.requests.at(-1)!.json.model, "tts-1");
  }
  const events = await gateway.request({ path: "/v1/audio/speech", body: { model: "up/tts-1", input: "hi", voice: "alloy", stream_format: "sse" } });
  assert.equal(sseEvents(events.text).length, 2, events.text);
  const moderation = await sdk(gateway).moderations.create({ model: "up/omni-moderation-latest", input: ["a", "b"] });
  assert.equal(moderation.results[0]!.flagged, true);
  assert.deepEqual(upstream.requests.at(-1)!.json, { model: "omni-moderation-latest", input: ["a", "b"] });
});

// ---- pictures ----

const PICTURES: Record<string, { config: string; model: string; target: string; most: number; answer: (n: number) => unknown }> = {
  gemini: {
    config: GEMINI, model: "gemini-2.5-flash-image", target: "/v1beta/models/gemini-2.5-flash-image:generateContent", most: 1,
    answer: () => ({ candidates: [{ content: { role: "model", parts: [{ text: "Here." }, { thought: true, inlineData: { mimeType: "image/png", data: "c2tldGNo" } },
      { inlineData: { mimeType: "image/png", data: "QUJD" } }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1290, totalTokenCount: 1294 } }),
  },
  "vertex gemini": {
    config: VERTEX, model: "gemini-2.5-flash-image", target: "/v1/projects/p1/locations/l1/publishers/google/models/gemini-2.5-flash-image:generateContent", most: 1,
    answer: () => ({ candidates: [{ content: { role: "model", parts: [{ inlineData: { mimeType: "image/png", data: "QUJD" } }] } }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 1290, totalTokenCount: 1294 } }),
  },
  imagen: {
    config: GEMINI, model: "imagen-4.0-generate-001", target: "/v1beta/models/imagen-4.0-generate-001:predict", most: 4,
    answer: (n) => ({ predictions: Array.from({ length: n }, () => ({ mimeType: "image/png", bytesBase64Encoded: "QUJD", prompt: "A cat, larger." })) }),
  },
  "vertex imagen": {
    config: VERTEX, model: "imagen-4.0-generate-001", target: "/v1/projects/p1/locations/l1/publishers/google/models/imagen-4.0-generate-001:predict", most: 4,
    answer: (n) => ({ predictions: Array.from({ length: n }, () => ({ mimeType: "image/png", bytesBase64Encoded: "QUJD" })) }),
  },
};

async function playPictures({ provider, throwbar }: Stage, name: string, refuses = false) {
  const { config: text, model, answer } = PICTURES[name]!;
  const upstream = await provider();
  upstream.answer((request, conn) => conn.sendJson(200, refuses ? { candidates: [{ finishReason: "IMAGE_SAFETY" }] }
    : answer(request.json.parameters?.sampleCount ?? 1)));
  return { upstream, gateway: await throwbar(config(upstream, { up: text })), model: `up/${model}` };
}

for (const [name, { target, most }] of Object.entries(PICTURES)) {
  scenario(`pictures of ${name} for OpenAI's SDK`, async (stage) => {
    const { upstream, gateway, model } = await playPictures(stage, name);
    const images = await sdk(gateway).images.generate({ model, prompt: "a cat", n: 5 });
    assert.deepEqual(images.data?.map((image) => image.b64_json), Array(5).fill("QUJD"));
    assert.ok(images.created > 1_700_000_000);
    assert.equal(upstream.requests.length, Math.ceil(5 / most));
    assert.ok(upstream.requests.every((request) => request.target === target), upstream.requests[0]!.target);
    const wide = await gateway.request({ path: "/v1/images/generations", body: { model, prompt: "a cat", size: "1792x1024", response_format: "url", quality: "hd" } });
    assert.equal(wide.status, 200, wide.text);
    assert.deepEqual(wide.headers.get("tb-warnings")?.split(", ").sort(), ["clamped:response_format", "clamped:size", "dropped:quality"]);
    const { json } = upstream.requests.at(-1)!;
    assert.equal((json.parameters ?? json.generationConfig.imageConfig).aspectRatio, "16:9");
    const before = upstream.requests.length;
    const strict = await gateway.request({ path: "/v1/images/generations", body: { model, prompt: "a cat", style: "vivid" }, headers: { "tb-strict": "error" } });
    assert.equal(strict.status, 400, strict.text);
    for (const [body, param] of [[{ prompt: "" }, "prompt"], [{}, "prompt"], [{ prompt: "a", n: 11 }, "n"], [{ prompt: "a", n: 0 }, "n"],
      [{ prompt: "a", stream: true }, "stream"], [{ prompt: "a", size: 5 }, "size"]] as const) {
      const answer = await gateway.request({ path: "/v1/images/generations", body: { model, ...body } });
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.error.param, param);
    }
    assert.equal(upstream.requests.length, before, "the provider is not even asked");
  });
}

scenario("what Gemini's pictures and Imagen's are asked for", async (stage) => {
  const gemini = await playPictures(stage, "gemini");
  const answer = await gemini.gateway.request({ path: "/v1/images/generations", body: { model: gemini.model, prompt: "a cat" } });
  assert.deepEqual(gemini.upstream.requests[0]!.json, { contents: [{ role: "user", parts: [{ text: "a cat" }] }],
    generationConfig: { responseModalities: ["TEXT", "IMAGE"] } });
  assert.deepEqual(answer.json.usage, { input_tokens: 4, output_tokens: 1290, total_tokens: 1294,
    input_tokens_details: { text_tokens: 4, image_tokens: 0 } });
  const imagen = await playPictures(stage, "imagen");
  const second = await imagen.gateway.request({ path: "/v1/images/generations", body: { model: imagen.model, prompt: "a cat", n: 2, output_format: "jpeg" } });
  assert.deepEqual(imagen.upstream.requests[0]!.json, { instances: [{ prompt: "a cat" }],
    parameters: { sampleCount: 2, outputOptions: { mimeType: "image/jpeg" } } });
  assert.equal(second.json.data[1].revised_prompt, "A cat, larger.");
});

scenario("a prompt that was refused is no picture", async (stage) => {
  const { gateway, model } = await playPictures(stage, "gemini", true);
  const answer = await gateway.request({ path: "/v1/images/generations", body: { model, prompt: "something bad" } });
  assert.equal(answer.status, 502, answer.text);
  assert.match(answer.json.error.message, /no picture/);
});

scenario("pictures of OpenAI's and Azure's are relayed, streamed ones too", async ({ provider, throwbar }) => {
  const upstream = await provider();
  upstream.answer(async (request, conn) => {
    if (!request.json.stream) return conn.sendJson(200, { created: 5, data: [{ b64_json: "QUJD" }], usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } });
    await conn.beginStream();
    await conn.sendEvent({ type: "image_generation.partial_image", b64_json: "QQ==", partial_image_index: 0 });
    await conn.sendEvent({ type: "image_generation.completed", b64_json: "QUJD" });
    return conn.endChunks();
  });
  const gateway = await throwbar(config(upstream, { up: OPENAI, old: AZURE, new: AZURE_V1 }));
  for (const [id, target] of [["up", "/v1/images/generations"], ["old", "/openai/deployments/gpt-image-1/images/generations?api-version=2024-10-21"],
    ["new", "/openai/v1/images/generations"]] as const) {
    const image = await sdk(gateway).images.generate({ model: `${id}/gpt-image-1`, prompt: "a cat", size: "1536x1024" });
    assert.equal(image.data![0]!.b64_json, "QUJD");
    assert.equal(upstream.requests.at(-1)!.target, target);
    assert.deepEqual(upstream.requests.at(-1)!.json, { model: "gpt-image-1", prompt: "a cat", size: "1536x1024" });
    const types: string[] = [];
    for await (const event of await sdk(gateway).images.generate({ model: `${id}/gpt-image-1`, prompt: "a cat", stream: true })) types.push(event.type);
    assert.deepEqual(types, ["image_generation.partial_image", "image_generation.completed"]);
  }
});
