/* Answers that no recording holds: what vendors are known to send beside their dialect's plain form.
 *
 * Each is the payloads of a stream, or a whole body, written after the vendor's own documentation, with what an
 * application has to get out of it whatever SDK it uses. A field that is left out of `wants` is empty or zero; a count
 * that nobody gives is undefined. */

import { framed, MARKS, type Dialect, type Recording } from "./recordings.js";
import { nothing, type Seen } from "./seen.js";

export interface Invented extends Recording {
  wants: Seen;
  /** Clients that see something else by right: the provider's own, whose bytes are relayed, where its SDK reads less. */
  without: Dialect[];
}

interface More {
  status?: number;
  without?: Dialect[];
  /** Text before the payloads and between them. */
  comment?: string;
  isCut?: boolean;
}

export const INVENTED: Invented[] = [];

function add(dialect: Dialect, name: string, body: Buffer, isStream: boolean, wants: Partial<Seen>, more: More): void {
  const types: Partial<Record<Dialect, string>> = { bedrock: "application/vnd.amazon.eventstream", ollama: "application/x-ndjson" };
  INVENTED.push({
    name: `${dialect}: ${name}`, dialect, status: more.status ?? 200, type: isStream ? types[dialect] ?? "text/event-stream" : "application/json",
    headers: {}, body, isStream, isMarked: !isStream || (!more.isCut && MARKS[dialect].test(body.toString("latin1"))),
    wants: { ...nothing(), finish: "stop", ...wants }, without: more.without ?? [],
  });
}

export function stream(dialect: Dialect, name: string, payloads: object[], wants: Partial<Seen>, more: More = {}): void {
  const lines = payloads.map((payload) => JSON.stringify(payload));
  const body = dialect === "ollama" ? Buffer.from(lines.map((line) => `${line}\n`).join("")) : framed(dialect, lines);
  const cut = more.isCut ? Buffer.from(body.toString("utf8").replace("data: [DONE]\n\n", "")) : body;
  const all = more.comment ? Buffer.from(body.toString("utf8").replace(/^(event|data):/gm, `: ${more.comment}\n\n$1:`)) : cut;
  add(dialect, name, all, true, wants, more);
}

export function whole(dialect: Dialect, name: string, payload: object, wants: Partial<Seen>, more: More = {}): void {
  add(dialect, name, Buffer.from(JSON.stringify(payload)), false, wants, more);
}

/** An answer with the status of an error; text as it is, anything else as JSON, undefined as nothing. */
export function error(dialect: Dialect, name: string, status: number, body: unknown): void {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  add(dialect, name, Buffer.from(text), false, { error: { name: "", status } }, { status });
}
