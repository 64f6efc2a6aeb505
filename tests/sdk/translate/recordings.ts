/* Recorded answers of providers to requests for a chat, ready to be replayed.
 *
 * Two layouts: a folder for each HTTP exchange with a meta.json, and plain files that hold a body, or the payloads of a
 * stream line by line without their framing, which is put back here. What a recording is, its path or its first
 * payload says; counts, embeddings, images and the like are left to other tests. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { crc32 } from "./crc32.js";

export type Dialect = "openai" | "responses" | "anthropic" | "gemini" | "bedrock" | "cohere" | "ollama";

export interface Recording {
  name: string;
  dialect: Dialect;
  status: number;
  type: string;
  headers: Record<string, string>;
  body: Buffer;
  isStream: boolean;
  /** Whether the end mark of its dialect is there. Without it a stream has been cut off. */
  isMarked: boolean;
}

export const FIXTURES = process.env["THROWBAR_FIXTURES"] ?? "";

const PATHS: [RegExp, Dialect][] = [
  [/\/chat\/completions$/, "openai"],
  [/\/responses$/, "responses"],
  [/\/v1\/messages$/, "anthropic"],
  [/:(generateContent|streamGenerateContent)$/, "gemini"],
  [/\/converse(-stream)?$/, "bedrock"],
  [/\/v2\/chat$/, "cohere"],
  [/\/api\/chat$/, "ollama"],
];
const FOLDERS: [RegExp, Dialect][] = [
  [/^anthropic\b/, "anthropic"], [/^gemini\//, "gemini"], [/^bedrock-converse\//, "bedrock"], [/^cohere\//, "cohere"],
  [/^openai-responses\//, "responses"], [/^errors-documented\/anthropic/, "anthropic"], [/^errors-documented\/gemini/, "gemini"],
  [/^errors-documented\/bedrock/, "bedrock"], [/^(errors-documented|groq|mistral|deepseek|xai|perplexity)\//, "openai"],
];
const STREAM_TYPES: Partial<Record<Dialect, string>> = { bedrock: "application/vnd.amazon.eventstream", ollama: "application/x-ndjson" };
const LATER = /^(gemini-interactions|embeddings|images|audio|models|moderations|rerank|sse-torture|translation-golden)\//;
export const MARKS: Record<Dialect, RegExp> = {
  openai: /^data: ?\[DONE\]|"object": ?"chat\.completion\.done"/m,
  responses: /"type": ?"response\.(completed|incomplete|failed)"/,
  anthropic: /"type": ?"message_stop"/,
  gemini: /"finishReason"|"blockReason"/,
  bedrock: /messageStop/,
  cohere: /message-end/,
  ollama: /"done": ?true/,
};

function frame(event: string, payload: string): Buffer {
  const header = (name: string, value: string) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(Buffer.byteLength(value));
    return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
  };
  const headers = Buffer.concat([header(":event-type", event), header(":content-type", "application/json"), header(":message-type", "event")]);
  const body = Buffer.from(payload);
  const total = 16 + headers.length + body.length;
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(total, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const whole = Buffer.concat([prelude, headers, body]);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32(whole));
  return Buffer.concat([whole, end]);
}

/** The bytes that a provider would have sent for these payloads. */
export function framed(dialect: Dialect, lines: string[]): Buffer {
  if (dialect === "bedrock") {
    return Buffer.concat(lines.map((line) => {
      const [event = "", payload] = Object.entries(JSON.parse(line))[0] ?? [];
      return frame(event, JSON.stringify(payload));
    }));
  }
  const isNamed = dialect === "anthropic" || dialect === "responses" || dialect === "cohere";
  const events = lines.map((line) => `${isNamed ? `event: ${JSON.parse(line).type}\n` : ""}data: ${line}\n\n`);
  return Buffer.from(events.join("") + (dialect === "openai" ? "data: [DONE]\n\n" : ""));
}

function sniff(payload: any): Dialect | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  if (String(payload.object).startsWith("chat.completion")) return "openai";
  if (payload.object === "response" || /^response\./.test(payload.type)) return "responses";
  if (payload.type === "message" || payload.type === "message_start") return "anthropic";
  if (payload.candidates || payload.usageMetadata) return "gemini";
  if (payload.message?.content && payload.finish_reason) return "cohere";
  return undefined;
}

function folder(name: string): Dialect | undefined {
  return FOLDERS.find(([pattern]) => pattern.test(name))?.[1];
}

function ofMeta(name: string, meta: any): Recording[] {
  const dialect = PATHS.find(([pattern]) => pattern.test(meta.path))?.[1];
  const file = join(FIXTURES, name, meta.response_file ?? "none");
  if (!dialect || !existsSync(file)) return [];
  const body = readFileSync(file);
  const isStream = /\.(sse|ndjson|eventstream\.bin)$/.test(meta.response_file);
  const type = meta.response_headers?.["content-type"] ?? (isStream ? STREAM_TYPES[dialect] ?? "text/event-stream" : "application/json");
  const headers: Record<string, string> = {};
  const exception = meta.response_headers?.["x-amzn-errortype"];
  if (exception) headers["x-amzn-errortype"] = exception;
  return [{ name, dialect, status: meta.status, type, headers, body, isStream, isMarked: MARKS[dialect].test(body.toString("latin1")) }];
}

function ofChunks(name: string): Recording[] {
  const all = readFileSync(join(FIXTURES, name), "utf8").split("\n").filter((line) => line.trim() !== "");
  const end = all.findIndex((line) => line.includes('"type":"message_stop"')); // some go on with the next answer
  const lines = end < 0 ? all : all.slice(0, end + 1);
  const dialect = sniff(JSON.parse(lines[0] ?? "null")) ?? folder(name);
  if (!dialect) return [];
  const body = framed(dialect, lines);
  const type = STREAM_TYPES[dialect] ?? "text/event-stream";
  return [{ name, dialect, status: 200, type, headers: {}, body, isStream: true, isMarked: MARKS[dialect].test(body.toString("latin1")) }];
}

/** A documented error: status, headers and body in one file. */
function ofDocument(name: string, dialect: Dialect, document: any): Recording {
  const { "content-type": type = "application/json", ...headers } = document.headers;
  const body = Buffer.from(JSON.stringify(document.body));
  return { name, dialect, status: document.status, type, headers, body, isStream: false, isMarked: true };
}

function ofJson(name: string): Recording[] {
  const body = readFileSync(join(FIXTURES, name));
  const payload = JSON.parse(body.toString("utf8"));
  const dialect = sniff(payload) ?? folder(name);
  if (!dialect) return [];
  if (payload.provenance) return [ofDocument(name, dialect, payload)];
  const isError = payload.error && payload.object !== "response";
  if (!isError && !sniff(payload) && dialect !== "bedrock") return [];
  return [{ name, dialect, status: isError ? 400 : 200, type: "application/json", headers: {}, body, isStream: false, isMarked: true }];
}

function ofBinary(name: string): Recording[] {
  const body = readFileSync(join(FIXTURES, name));
  return [{ name, dialect: "bedrock", status: 200, type: "application/vnd.amazon.eventstream", headers: {}, body, isStream: true, isMarked: false }];
}

function one(name: string): Recording[] {
  if (LATER.test(name)) return [];
  if (name.endsWith("meta.json")) return ofMeta(dirname(name), JSON.parse(readFileSync(join(FIXTURES, name), "utf8")));
  if (existsSync(join(FIXTURES, dirname(name), "meta.json"))) return [];
  if (name.endsWith(".chunks.txt")) return ofChunks(name);
  if (name.endsWith(".eventstream.bin")) return ofBinary(name);
  return name.endsWith(".json") ? ofJson(name) : [];
}

export function recordings(): Recording[] {
  if (!FIXTURES || !existsSync(FIXTURES)) return [];
  return (readdirSync(FIXTURES, { recursive: true }) as string[]).map((name) => relative(".", name)).sort().flatMap(one);
}

/** "anthropic/tool-no-args": for people. */
export function shortName(recording: Recording): string {
  return `${recording.name.split("/")[0]}/${basename(recording.name).replace(/\.(chunks\.txt|json)$/, "")}`;
}
