/* Recorded answers of real vendors through the gateway: the SDK must see exactly what it sees without one.
 *
 * A fake provider replays each recording of OpenAI's dialect, whole and cut at random places (the seed is fixed). The
 * SDK asks it directly and through the gateway; what it collects must be deeply equal, and so must the bytes where the
 * gateway has nothing to add or to take out. A recorded stream without its dialect's end mark counts as cut off: there
 * the SDK must get every chunk, and then an error. Recordings are no part of the tree; without them this is skipped. */

import * as assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import { config, Provider, Throwbar, type ProviderConn } from "../scenario/harness.js";

const FIXTURES = process.env["THROWBAR_FIXTURES"] ?? "";
const PATHS = ["/chat/completions", "/completions", "/responses", "/embeddings", "/moderations", "/images/generations"];
const CUTS = 3;
/** The end marks: OpenAI's two, and Perplexity's last chunk. */
const MARK = /^data: ?\[DONE\]|"type": ?"response\.(completed|incomplete|failed)"|"object": ?"chat\.completion\.done"/m;

interface Recording {
  name: string;
  path: string;
  status: number;
  type: string;
  body: Buffer;
  isStream: boolean;
  isMarked: boolean;
}

function read(metaFile: string): Recording[] {
  const meta = JSON.parse(readFileSync(metaFile, "utf8"));
  const path = PATHS.find((p) => String(meta.path).endsWith(p));
  const isStream = meta.response_file === "response.sse";
  const file = join(dirname(metaFile), meta.response_file ?? "none");
  if (!path || !(isStream || meta.response_file === "response.json") || !existsSync(file)) return [];
  const body = readFileSync(file);
  const type = meta.response_headers?.["content-type"] ?? (isStream ? "text/event-stream" : "application/json");
  const isMarked = MARK.test(body.toString("utf8"));
  return [{ name: relative(FIXTURES, dirname(metaFile)), path, status: meta.status, type, body, isStream, isMarked }];
}

function recordings(): Recording[] {
  if (!existsSync(FIXTURES)) return [];
  return (readdirSync(FIXTURES, { recursive: true }) as string[]).filter((name) => name.endsWith("meta.json")).sort()
    .flatMap((name) => read(join(FIXTURES, name)));
}

/** A generator that gives the same numbers everywhere (mulberry32). */
function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Chunks of a byte to some hundred. */
async function sendInPieces(conn: ProviderConn, body: Buffer, random: () => number): Promise<void> {
  for (let at = 0; at < body.length;) {
    const n = 1 + Math.floor(random() * random() * 800);
    await conn.sendChunk(body.subarray(at, at + n));
    at += n;
  }
  await conn.endChunks();
}

interface Seen {
  chunks: unknown[];
  error?: { status: number | undefined; message: string; error: unknown };
  raw: Buffer;
}

/** What the SDK hands over, and the bytes that it read. */
async function ask(baseURL: string, model: string, recording: Recording): Promise<Seen> {
  const raw: Buffer[] = [];
  const fetcher: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (!answer.body) return answer;
    const tee = new TransformStream<Uint8Array, Uint8Array>({ transform: (bytes, to) => { raw.push(Buffer.from(bytes)); to.enqueue(bytes); } });
    return new Response(answer.body.pipeThrough(tee), { status: answer.status, headers: answer.headers });
  };
  const client = new OpenAI({ baseURL, apiKey: "anything", maxRetries: 0, fetch: fetcher });
  const seen: Seen = { chunks: [], raw: Buffer.alloc(0) };
  const stream = recording.isStream ? { stream: true } : {};
  const usage = recording.isStream && recording.path.endsWith("completions") ? { stream_options: { include_usage: true } } : {};
  try {
    const answer: any = await client.post(recording.path, { body: { model, ...stream, ...usage }, stream: recording.isStream });
    if (recording.isStream) for await (const chunk of answer) seen.chunks.push(chunk);
    else seen.chunks.push(answer);
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    seen.error = { status: error.status, message: error.message, error: error.error };
  }
  seen.raw = Buffer.concat(raw);
  return seen;
}

const ALL = recordings();
let provider: Provider;
let gateway: Throwbar;

/** The model says which recording is wanted, and how it is to come: "m<i>-<cut>"; cut 0 is whole. */
async function replay(conn: ProviderConn): Promise<void> {
  for (let request = await conn.nextRequest(); request; request = await conn.nextRequest()) {
    const [, i, cut] = /^m(\d+)-(\d+)$/.exec(request.json.model) ?? assert.fail(request.json.model);
    const recording = ALL[Number(i)] ?? assert.fail();
    if (cut === "0") {
      await conn.sendBody(recording.status, recording.type, recording.body);
      continue;
    }
    await conn.sendHead(recording.status, { "content-type": recording.type, "transfer-encoding": "chunked" });
    await sendInPieces(conn, recording.body, numbers(Number(i) * CUTS + Number(cut)));
  }
}

/** The provider's own error object, without what the gateway adds. */
function own(error: any): unknown {
  const { gateway: _, ...rest } = error?.error ?? {};
  return rest;
}

function same(recording: Recording, got: Seen, wanted: Seen): void {
  assert.deepEqual(got.chunks, wanted.chunks);
  if (recording.status >= 400) {
    if (recording.status === 401 || recording.status === 403) return assert.equal(got.error?.status, 502); // the gateway's key, not the caller's
    assert.equal(got.error?.status, wanted.error?.status);
    if (typeof wanted.error?.error === "object") assert.deepEqual(own(got.error), own(wanted.error));
    return;
  }
  if (recording.isStream && !recording.isMarked) {
    assert.ok(got.error, "a stream without its end mark is cut off");
    assert.deepEqual(got.raw.subarray(0, recording.body.lastIndexOf("\n\n") + 2), recording.body.subarray(0, recording.body.lastIndexOf("\n\n") + 2));
    return;
  }
  assert.deepEqual(got.error, wanted.error);
  assert.ok(got.raw.equals(recording.body), "the bytes differ");
}

describe("recorded answers pass unchanged", { concurrency: 16, skip: ALL.length === 0 && "no recordings (THROWBAR_FIXTURES)" }, () => {
  before(async () => {
    provider = (await Provider.start()).script(replay);
    gateway = await Throwbar.start(config(provider.url));
  });
  after(async () => {
    const inflight = await gateway.metric("throwbar_inflight").catch(() => NaN); // what stop says counts more
    await gateway.stop();
    assert.equal(inflight, 0, "nothing is in flight");
    await provider.stop();
  });
  for (const [i, recording] of ALL.entries()) {
    test(`${recording.name}${recording.isStream && !recording.isMarked ? " (no end mark)" : ""}`, async () => {
      const direct = await ask(provider.url, `m${i}-0`, recording);
      for (let cut = 0; cut <= CUTS; cut++) same(recording, await ask(`${gateway.url}/v1`, `up/m${i}-${cut}`, recording), direct);
    });
  }
});
