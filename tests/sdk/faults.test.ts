/* Every way in which a provider can fail, at every moment, with the official SDK as the judge.
 *
 * A cell is one operation against one provider that fails in one way. What must follow is the same for all of them: the
 * SDK throws what the table says, and hands over no more and no other content than was sent; it never waits past a
 * deadline; the log has one line with the same verdict; and the provider's next request, which it answers well, comes on
 * a connection that has seen no fault. One gateway plays all cells at once, each with a provider of its own, and must
 * have nothing in flight when they are over.
 *
 * What counts as the end of an answer: for a stream its dialect's mark ([DONE], response.completed) and nothing else, so
 * a stream without it is cut off however orderly the transport ends, and one with it is whole however the transport ends;
 * for JSON the closing brace within the framing; for sound the framing alone, so that a body which ends by a close cannot
 * be told from one that was cut, unless TLS says so. */

import * as assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import { certificates, config, Provider, Throwbar, within, type ProviderConn, type Script } from "../scenario/harness.js";
import { Blackhole } from "./blackhole.js";
import {
  ALL, CHAT_STREAM, CHAT_WHOLE, JSONS, named, RESPONSES_STREAM, SPEECH, STREAMS, TRANSCRIPTION,
  type Operation,
} from "./operations.js";

/** What a failure of this name is to a client. */
const VERDICTS = {
  CONNECT: { status: 502, source: "network", code: "upstream_unreachable" },
  CONNECT_TIMEOUT: { status: 504, source: "network", code: "timeout" },
  DNS: { status: 502, source: "network", code: "upstream_unreachable" },
  TLS: { status: 502, source: "network", code: "upstream_tls" },
  TLS_TIMEOUT: { status: 504, source: "network", code: "timeout" },
  RESET: { status: 502, source: "network", code: "upstream_reset" },
  FIRST_BYTE_TIMEOUT: { status: 504, source: "provider", code: "timeout" },
  IDLE_TIMEOUT: { status: 504, source: "provider", code: "timeout" },
  TOTAL_TIMEOUT: { status: 504, source: "gateway", code: "timeout" },
  PROVIDER_HTTP: { status: 502, source: "provider", code: "upstream_malformed" },
  PROVIDER_BODY: { status: 502, source: "provider", code: "upstream_malformed" },
  PROVIDER_TRUNCATED: { status: 502, source: "provider", code: "upstream_truncated" },
  PROVIDER_TOO_LARGE: { status: 502, source: "provider", code: "upstream_too_large" },
  PROVIDER_FAILED: { status: 500, source: "provider", code: "upstream_error" },
  PROVIDER_STREAM: { status: 502, source: "provider", code: "upstream_error" },
  PROVIDER_STATUS: { status: 400, source: "provider", code: null },
  PROVIDER_AUTH: { status: 502, source: "provider", code: "upstream_auth" },
  PROVIDER_RATE: { status: 429, source: "provider", code: "rate_limit_exceeded" },
};
type Failure = keyof typeof VERDICTS;

/** How the failure reaches the SDK: as a status, in the stream, or as a transfer that breaks. */
type Way = "status" | "event" | "break";

interface Cell {
  name: string;
  op: Operation;
  /** What the provider does to its first request; the others it answers well. Absent: no provider is there. */
  fault?: (conn: ProviderConn, op: Operation) => Promise<void> | void;
  /** Instead of all this, for what happens before any request. */
  script?: Script;
  /** What the SDK must make of it; undefined: the answer is whole. */
  is?: Failure;
  way?: Way;
  /** Where the provider's own answer makes it differ from VERDICTS. */
  but?: { status?: number; code?: string | null };
  /** Headers that the SDK's error must show. */
  headers?: Record<string, string>;
  /** The connection is as good as before. */
  keeps?: boolean;
  /** Lines of the provider's configuration. */
  up?: string;
  url?: () => string;
  tls?: "localhost" | "expired" | "otherName" | "untrusted";
}

// ---- the matrix: four ends at four moments ----

const QUICK = "timeouts: {first_byte: 1s, idle: 1s}";
const stay = (conn: ProviderConn) => conn.ended.then(() => {});

const ENDS: Record<string, (conn: ProviderConn) => Promise<void> | void> = {
  "a reset": (conn) => conn.reset(),
  "a close": (conn) => conn.halfClose(),
  "silence": stay,
  "garbage": (conn) => conn.send("\x00\x01 garbage\r\n\r\n"),
};

async function begin(conn: ProviderConn, op: Operation): Promise<void> {
  await conn.sendHead(200, { "content-type": op.type, "transfer-encoding": "chunked" });
}

/** All of the first piece and half of the second one. */
async function half(conn: ProviderConn, op: Operation): Promise<void> {
  await begin(conn, op);
  const [first, second] = op.pieces;
  assert.ok(first && second);
  await conn.sendChunk(first);
  await conn.sendChunk(second.subarray(0, second.length >> 1));
}

async function allTokens(conn: ProviderConn, op: Operation): Promise<void> {
  await begin(conn, op);
  for (const piece of op.pieces) await conn.sendChunk(piece);
}

const MOMENTS: Record<string, (conn: ProviderConn, op: Operation) => Promise<void> | void> = {
  "instead of an answer": () => {},
  "after the head": begin,
  "in the middle": half,
  "after the last token": allTokens,
};

const FAILURES: Record<string, [instead: Failure, later: Failure]> = {
  "a reset": ["RESET", "PROVIDER_TRUNCATED"],
  "a close": ["RESET", "PROVIDER_TRUNCATED"],
  "silence": ["FIRST_BYTE_TIMEOUT", "IDLE_TIMEOUT"],
  "garbage": ["PROVIDER_HTTP", "PROVIDER_HTTP"],
};

const MATRIX: Cell[] = ALL.flatMap((op) => Object.entries(MOMENTS).flatMap(([moment, play]) =>
  Object.entries(ENDS).map(([name, end]): Cell => {
    const isEarly = moment === "instead of an answer" || moment === "after the head";
    return {
      name: `${name} ${moment}`, op, way: isEarly ? "status" : op.late, up: name === "silence" ? QUICK : "",
      is: FAILURES[name]?.[moment === "instead of an answer" ? 0 : 1],
      fault: async (conn) => {
        await play(conn, op);
        await end(conn);
      },
    };
  })));

// ---- the rest, fault by fault ----

const every = (ops: Operation[], cell: Omit<Cell, "op">): Cell[] => ops.map((op) => ({ ...cell, op }));
const sendEnd = async (conn: ProviderConn, op: Operation) => { await allTokens(conn, op); await conn.sendChunk(op.end); };

const MARKED: Cell[] = Object.entries(ENDS).flatMap(([name, end]) => every(STREAMS, {
  name: `${name} after the end mark is no fault`, up: name === "silence" ? QUICK : "",
  fault: async (conn, op) => { await sendEnd(conn, op); await end(conn); },
}));

let blackhole: Blackhole | undefined;
let deadPort = 0;

const UNREACHED: Cell[] = [
  ...every(ALL, { name: "a refused connection", is: "CONNECT", url: () => `http://127.0.0.1:${deadPort}/v1` }),
  ...every([CHAT_WHOLE, CHAT_STREAM, SPEECH], {
    name: "a connection that nobody takes", is: "CONNECT_TIMEOUT", up: "timeouts: {connect: 200ms}", url: () => `http://127.0.0.1:${blackhole?.port}/v1`,
  }),
  ...every(ALL, { name: "a name that does not exist", is: "DNS", url: () => "http://no-such-host.invalid/v1" }),
  ...(["expired", "otherName", "untrusted"] as const).flatMap((tls) =>
    every(ALL, { name: `a certificate that is wrong (${tls})`, is: "TLS", tls, fault: () => assert.fail("a request came through") })),
  ...every([CHAT_WHOLE, CHAT_STREAM], {
    name: "an alert in the handshake", is: "TLS", script: async (conn) => { await conn.readSome(); await conn.send("\x15\x03\x03\x00\x02\x02\x28"); await stay(conn); },
  }),
  ...every([CHAT_WHOLE, CHAT_STREAM], {
    name: "no TLS where TLS should be", is: "TLS", script: async (conn) => { await conn.readSome(); await conn.send("HTTP/1.1 400 Bad Request\r\n\r\n"); await stay(conn); },
  }),
  ...every([CHAT_WHOLE, CHAT_STREAM], {
    name: "silence in the handshake", is: "TLS_TIMEOUT", up: "timeouts: {tls: 200ms}", script: async (conn) => { await conn.readSome(); await stay(conn); },
  }),
];

const ERROR = { message: "boom", type: "server_error", param: null, code: "x1" };
const LIMIT = { message: "Rate limit reached for gpt-real", type: "tokens", param: null, code: "rate_limit_exceeded" };
const LATER = new Date(Date.now() + 3_600_000).toUTCString();
const says = (status: number, value: unknown, headers: Record<string, string> = {}): Cell["fault"] => (conn) => conn.sendJson(status, value, headers);

const sendPage = (conn: ProviderConn) => conn.sendBody(200, "text/html", "<html>Please log in</html>");

const REFUSALS: Cell[] = [
  ...every(ALL, { name: "500 with an error object", is: "PROVIDER_FAILED", but: { code: "x1" }, keeps: true, fault: says(500, { error: ERROR }) }),
  ...every(ALL, { name: "503 with a page of HTML", is: "PROVIDER_FAILED", but: { status: 503 }, keeps: true, fault: (conn) => conn.sendBody(503, "text/html", "<html>down</html>") }),
  ...every(ALL, { name: "500 without a body", is: "PROVIDER_FAILED", but: { status: 500 }, keeps: true, fault: (conn) => conn.sendBody(500, "text/plain", "") }),
  ...every([CHAT_WHOLE, CHAT_STREAM], { name: "529 is nobody else's status", is: "PROVIDER_FAILED", but: { status: 503 }, keeps: true, fault: says(529, { error: "overloaded" }) }),
  ...every([CHAT_WHOLE, CHAT_STREAM], {
    name: "500 whose text breaks off", is: "PROVIDER_FAILED", but: { status: 500 },
    fault: async (conn) => { await conn.sendHead(500, { "content-type": "application/json", "content-length": "500" }); await conn.send('{"error":{"mess'); await conn.halfClose(); },
  }),
  ...every(ALL, { name: "401 for the gateway's credential", is: "PROVIDER_AUTH", keeps: true, fault: says(401, { error: ERROR }) }),
  ...every(ALL, { name: "404 for a model", is: "PROVIDER_STATUS", but: { status: 404, code: "model_not_found" }, keeps: true, fault: says(404, { error: { ...ERROR, code: "model_not_found" } }) }),
  ...every(ALL, {
    name: "429 with Retry-After in seconds", is: "PROVIDER_RATE", keeps: true, headers: { "retry-after": "7", "x-ratelimit-reset-tokens": "6s" },
    fault: says(429, { error: LIMIT }, { "retry-after": "7", "x-ratelimit-reset-tokens": "6s" }),
  }),
  ...every(ALL, {
    name: "429 with Retry-After as a date", is: "PROVIDER_RATE", keeps: true, headers: { "retry-after": LATER }, fault: says(429, { error: LIMIT }, { "retry-after": LATER }),
  }),
  ...every(ALL, {
    name: "429 with retry-after-ms and x-should-retry", is: "PROVIDER_RATE", keeps: true, headers: { "retry-after-ms": "1500", "x-should-retry": "false" },
    fault: says(429, { error: LIMIT }, { "retry-after-ms": "1500", "x-should-retry": "false" }),
  }),
  ...every([...JSONS, ...STREAMS], { name: "200 with an error object", is: "PROVIDER_FAILED", but: { status: 502, code: "x1" }, fault: says(200, { error: ERROR }) }),
  ...every([...JSONS, ...STREAMS], { name: "200 with an error text", is: "PROVIDER_FAILED", but: { status: 502 }, fault: says(200, { error: "model overloaded" }) }),
  ...every(JSONS.filter((op) => op !== TRANSCRIPTION), { name: "200 with a page of HTML", is: "PROVIDER_BODY", fault: sendPage }),
  ...every(STREAMS, { name: "200 with a page of HTML", is: "PROVIDER_TRUNCATED", fault: sendPage }),
  ...every(JSONS, { name: "200 without a body", is: "PROVIDER_BODY", fault: (conn) => conn.sendBody(200, "application/json", "") }),
];

const EVENTS: Cell[] = [
  ...every(STREAMS, {
    name: "an error as the first event", is: "PROVIDER_STREAM", but: { code: "x1" },
    fault: async (conn, op) => { await begin(conn, op); await conn.sendEvent({ error: ERROR }); await conn.halfClose(); },
  }),
  ...every(STREAMS, {
    name: "an error event in the middle", is: "PROVIDER_STREAM", way: "event", but: { code: "x1" },
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(op.pieces[0]!); await conn.sendChunk(op.pieces[1]!); await conn.sendChunk(named("error", { error: ERROR })); await conn.halfClose(); },
  }),
  ...every(STREAMS, {
    name: "an error event and then an orderly end", is: "PROVIDER_STREAM", way: "event", but: { code: "x1" },
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(op.pieces[0]!); await conn.sendEvent({ error: ERROR }); await conn.endChunks(); await stay(conn); },
  }),
  ...every(STREAMS, { name: "an orderly end without the end mark", is: "PROVIDER_TRUNCATED", way: "event", fault: async (conn, op) => { await allTokens(conn, op); await conn.endChunks(); await stay(conn); } }),
  ...every(STREAMS, { name: "no event at all", is: "PROVIDER_TRUNCATED", fault: async (conn, op) => { await begin(conn, op); await conn.endChunks(); await stay(conn); } }),
  ...every(STREAMS, {
    name: "a stream whose end mark is cut", is: "PROVIDER_TRUNCATED", way: "event",
    fault: async (conn, op) => { await allTokens(conn, op); await conn.sendChunk(op.end.subarray(0, op.end.length >> 1)); await conn.endChunks(); await stay(conn); },
  }),
  ...every(STREAMS, {
    name: "a stream that ends by a close, marked", fault: async (conn, op) => {
      await conn.sendHead(200, { "content-type": op.type, connection: "close" });
      await conn.send(Buffer.concat([...op.pieces, op.end]));
      await conn.halfClose();
    },
  }),
  ...every(STREAMS, {
    name: "a stream that ends by a close, unmarked", is: "PROVIDER_TRUNCATED", way: "event", fault: async (conn, op) => {
      await conn.sendHead(200, { "content-type": op.type, connection: "close" });
      await conn.send(Buffer.concat(op.pieces));
      await conn.halfClose();
    },
  }),
];

const byLength = (op: Operation) => ({ "content-type": op.type, "content-length": String(Buffer.concat(op.pieces).length) });

const BODIES: Cell[] = [
  ...every([...JSONS, SPEECH], {
    name: "a close before Content-Length", is: "PROVIDER_TRUNCATED",
    fault: async (conn, op) => { await conn.sendHead(200, byLength(op)); await conn.send(op.pieces[0]!); await conn.halfClose(); },
  }).map((cell) => ({ ...cell, way: cell.op.late })),
  ...every(JSONS, {
    name: "JSON that ends by a close, cut", is: "PROVIDER_BODY",
    fault: async (conn, op) => { await conn.sendHead(200, { "content-type": op.type, connection: "close" }); await conn.send(op.pieces[0]!); await conn.halfClose(); },
  }),
  ...every(JSONS, { name: "JSON with a byte missing", is: "PROVIDER_BODY", fault: (conn, op) => conn.sendBody(200, op.type, Buffer.concat(op.pieces).subarray(0, -1)) }),
  ...every([SPEECH], {
    name: "sound that ends by a close", fault: async (conn, op) => { await conn.sendHead(200, { "content-type": op.type }); await conn.send(Buffer.concat(op.pieces)); await conn.halfClose(); },
  }),
  ...every([SPEECH], {
    name: "sound behind TLS that ends without a close_notify", is: "PROVIDER_TRUNCATED", way: "break", tls: "localhost",
    fault: async (conn, op) => { await conn.sendHead(200, { "content-type": op.type }); await conn.send(op.pieces[0]!); conn.reset(); },
  }),
];

const SIZES: Cell[] = [
  ...every(ALL, { name: "a head of 100 KiB", is: "PROVIDER_TOO_LARGE", fault: (conn) => conn.send(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100 << 10)}\r\n\r\n`) }),
  ...every(STREAMS, {
    name: "an event over the limit as the first one", is: "PROVIDER_TOO_LARGE",
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(`data: {"x":"${"x".repeat(100 << 10)}`); await stay(conn); },
  }),
  ...every(STREAMS, {
    name: "an event over the limit in the middle", is: "PROVIDER_TOO_LARGE", way: "event",
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(op.pieces[0]!); await conn.sendChunk(`data: {"x":"${"x".repeat(100 << 10)}`); await stay(conn); },
  }),
  ...every(STREAMS, {
    name: "a line over the limit that is no field", is: "PROVIDER_TOO_LARGE", way: "event",
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(op.pieces[0]!); await conn.sendChunk(`: ${"x".repeat(100 << 10)}`); await stay(conn); },
  }),
  ...every(JSONS, {
    name: "a whole answer over the limit", is: "PROVIDER_TOO_LARGE",
    fault: async (conn, op) => { await begin(conn, op); await conn.sendChunk(`{"x":"${"x".repeat(600 << 10)}`); await stay(conn); },
  }),
];

/** A byte at a time; the whole takes several times as long as the provider may be silent. */
async function drip(conn: ProviderConn, bytes: Buffer, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (conn.isEnded) return;
    await conn.send(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const DRIPS: Cell[] = [
  ...every([...JSONS, ...STREAMS], {
    name: "a byte at a time", fault: async (conn, op) => {
      const body = Buffer.concat([...op.pieces, op.end]);
      await conn.drip(`HTTP/1.1 200 OK\r\ncontent-type: ${op.type}\r\ncontent-length: ${body.length}\r\n\r\n`);
      await conn.drip(body);
    }, keeps: true,
  }),
  ...every([CHAT_WHOLE, CHAT_STREAM, RESPONSES_STREAM, SPEECH], {
    name: "slow, but never silent for long", keeps: true, up: "timeouts: {idle: 600ms}", fault: async (conn, op) => {
      const body = Buffer.concat([...op.pieces, op.end]);
      await conn.sendHead(200, { "content-type": op.type, "content-length": String(body.length) });
      await conn.send(body.subarray(0, -16));
      await drip(conn, body.subarray(-16), 60);
    },
  }),
  ...every(ALL, {
    name: "a head that drips for ever", is: "FIRST_BYTE_TIMEOUT", up: "timeouts: {first_byte: 300ms}",
    fault: async (conn) => { await conn.send("HTTP/1.1 200 OK\r\nx: "); await drip(conn, Buffer.alloc(1000, "y"), 20); },
  }),
  ...every([CHAT_WHOLE, CHAT_STREAM], {
    name: "a body that drips for ever", is: "TOTAL_TIMEOUT", up: "timeouts: {total: 400ms}",
    fault: async (conn, op) => { await begin(conn, op); await conn.send("ffff\r\n"); await drip(conn, Buffer.alloc(1000, " "), 20); },
  }),
];

const CELLS: Cell[] = [...MATRIX, ...MARKED, ...UNREACHED, ...REFUSALS, ...EVENTS, ...BODIES, ...SIZES, ...DRIPS];

// ---- how a cell is played ----

/** The operation's answer as it should be. */
async function answerWell(conn: ProviderConn, op: Operation): Promise<void> {
  await conn.sendBody(200, op.type, Buffer.concat([...op.pieces, op.end]));
}

function scriptOf(cell: Cell): Script {
  let hasFailed = false;
  return async (conn) => {
    if (cell.script && !hasFailed) {
      hasFailed = true;
      return cell.script(conn);
    }
    if (!hasFailed && cell.fault) {
      hasFailed = true;
      if (!(await conn.nextRequest())) return; // the handshake was the fault
      await cell.fault(conn, cell.op);
      if (!cell.keeps) {
        const { bytes } = await conn.readToEnd(); // no other request comes here
        return assert.equal(bytes.toString("latin1"), "");
      }
    }
    if (await conn.nextRequest()) await answerWell(conn, cell.op);
  };
}

const ids = new Map(CELLS.map((cell, i) => [cell, `p${i}`]));
const providers = new Map<Cell, Provider>();
let gateway: Throwbar;

function providerLines(cell: Cell): string {
  const provider = providers.get(cell);
  const isTls = cell.tls !== undefined || cell.script !== undefined;
  const url = cell.url?.() ?? (isTls ? `https://localhost:${provider?.port}/v1` : provider?.url);
  const ca = isTls ? `    ca: ${certificates().ca.certFile}\n` : "";
  return `  ${ids.get(cell)}:\n    kind: openai\n    base_url: ${url}\n    api_key: k\n${ca}${cell.up ? `    ${cell.up}\n` : ""}`;
}

/** The id of the gateway's provider and what it serves, as the SDK names it. */
const modelOf = (cell: Cell) => `${ids.get(cell)}/m`;

function client(maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "anything", maxRetries });
}

async function outcome(cell: Cell, seen: string[]): Promise<unknown> {
  return within(`the SDK's verdict`, cell.op.call(client(), modelOf(cell), seen).then(() => undefined, (error: unknown) => error ?? new Error("?")));
}

const EXCEPTIONS = new Map<number, abstract new (...args: any) => Error>([
  [400, OpenAI.BadRequestError], [404, OpenAI.NotFoundError], [429, OpenAI.RateLimitError],
]);

/** The error object that the SDK shows must be the table's row. */
function judge(cell: Cell, failure: Failure, error: unknown): void {
  const wanted = { ...VERDICTS[failure], ...cell.but };
  const way = cell.way ?? "status";
  if (way === "break") {
    assert.ok(error instanceof Error && !(error instanceof OpenAI.APIError), String(error));
    assert.match(String(error), /terminated/);
    return;
  }
  assert.ok(error instanceof OpenAI.APIError, String(error));
  assert.ok(!(error instanceof OpenAI.APIConnectionError), `${error.message} ${error.cause}`);
  if (way === "status") {
    assert.ok(error instanceof (EXCEPTIONS.get(wanted.status) ?? OpenAI.InternalServerError), error.constructor.name);
    assert.equal(error.status, wanted.status, error.message);
  } else {
    assert.equal(error.status, undefined); // the status was 200
  }
  for (const [name, value] of Object.entries(cell.headers ?? {})) assert.equal(error.headers?.get(name), value, name);
  assert.equal(error.code, wanted.code, error.message);
  const told = (error.error as any).gateway;
  if (failure === "PROVIDER_STREAM" && way === "event") return; // the provider's own event, relayed as it came
  assert.equal(told.source, wanted.source);
  assert.deepEqual(told.attempts.map((attempt: any) => [attempt.provider, attempt.outcome]), [[ids.get(cell), failure]]);
}

async function logLines(cell: Cell, n: number): Promise<any[]> {
  const lines = () => gateway.events.filter((event) => event.event === "request" && event["provider"] === ids.get(cell));
  await gateway.waitForEvent(() => lines().length >= n, `${n} lines about ${ids.get(cell)}`);
  return lines();
}

async function play(cell: Cell): Promise<void> {
  const seen: string[] = [];
  const error = await outcome(cell, seen);
  const got = seen.join("");
  if (cell.is) {
    judge(cell, cell.is, error);
    assert.ok(cell.op.content.startsWith(got) && (cell.op.late !== "status" || got === ""), "content that nobody has sent");
  } else {
    assert.equal(error, undefined, String(error));
    assert.equal(got, cell.op.content);
  }
  const isThere = !cell.url && !cell.script && cell.is !== "TLS";
  if (isThere) {
    const again: string[] = [];
    assert.equal(await outcome(cell, again), undefined, "the provider's next answer is fine");
    assert.equal(again.join(""), cell.op.content);
  }
  const [line, ...more] = await logLines(cell, isThere ? 2 : 1);
  assert.equal(more.length, isThere ? 1 : 0);
  const isLate = cell.way === "event" || cell.way === "break";
  assert.equal(line.error, cell.is);
  assert.equal(line.status, !cell.is || isLate ? 200 : (cell.but?.status ?? VERDICTS[cell.is].status));
  assert.equal(line.attempts, 1);
  if (isThere) assert.equal(providers.get(cell)?.conns.length, cell.keeps ? 1 : 2);
}

const NOBODY = "http://127.0.0.1:1/v1";

describe("a provider's faults, as the SDK sees them", { concurrency: 32 }, () => {
  before(async () => {
    blackhole = await Blackhole.open();
    for (const cell of CELLS) {
      if (!cell.url) providers.set(cell, (await Provider.start(cell.tls ? { tls: certificates()[cell.tls] } : {})).script(scriptOf(cell)));
    }
    deadPort = await Provider.deadPort(); // last, so that no other takes it
    const more = CELLS.map(providerLines).join(""); // goes on with the providers
    gateway = await Throwbar.start(config(NOBODY, { more, server: "limits: {event: 64KiB, reply: 512KiB}" }));
  });
  after(async () => {
    const inflight = await gateway.metric("throwbar_inflight").catch(() => NaN); // what stop says counts more
    await gateway.stop();
    assert.equal(inflight, 0, "nothing is in flight");
    for (const provider of providers.values()) await provider.stop();
    await blackhole?.close();
  });
  for (const cell of CELLS) {
    test(`${cell.name}: ${cell.op.name} ${cell.is ? `is ${cell.is}` : "is whole"}`, async (t) => {
      if (cell.is === "CONNECT_TIMEOUT" && !blackhole) return t.skip("this machine takes every connection");
      await play(cell);
    });
  }
});
