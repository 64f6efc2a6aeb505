/* The client's end: raw connections for what no decent client would send, and a plain request on top of them. */

import * as net from "node:net";
import * as tls from "node:tls";
import { Conn, type Bytes, bytes, type Headers } from "./conn.js";
import { within } from "./deadline.js";

export interface Response {
  status: number;
  headers: Headers;
  body: Buffer;
  text: string;
  json: any;
}

export interface RequestOptions {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** A string or bytes as they are; anything else as JSON. */
  body?: unknown;
}

/** The bytes of a request, Content-Length and Host included unless `headers` has them. */
export function requestBytes(options: RequestOptions): Buffer {
  const { method = "POST", path = "/v1/chat/completions", body } = options;
  const raw = body === undefined ? Buffer.alloc(0)
    : body instanceof Uint8Array ? Buffer.from(body)
    : Buffer.from(typeof body === "string" ? body : JSON.stringify(body), "utf8");
  const headers: Record<string, string> = { host: "gateway.test" };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    headers["content-length"] = String(raw.length);
  }
  Object.assign(headers, options.headers);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([bytes(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), raw]);
}

export class ClientConn extends Conn {
  static async connect(addr: string, options: { ca?: Buffer } = {}): Promise<ClientConn> {
    const colon = addr.lastIndexOf(":");
    const [host, port] = [addr.slice(0, colon).replace(/[[\]]/g, ""), Number(addr.slice(colon + 1))];
    const socket = options.ca
      ? tls.connect({ host, port, ca: options.ca, servername: "localhost", ALPNProtocols: ["http/1.1"] })
      : net.connect({ host, port, allowHalfOpen: true });
    const conn = new ClientConn(socket);
    await within(`a connection to ${addr}`, new Promise<void>((resolve, reject) => {
      socket.once(options.ca ? "secureConnect" : "connect", () => resolve());
      socket.once("error", reject);
    }));
    return conn;
  }

  sendRequest(options: RequestOptions): Promise<void> {
    return this.send(requestBytes(options));
  }

  /** A whole answer to a request that was no HEAD; interim answers are skipped. */
  async readResponse(): Promise<Response> {
    let head = await this.readHead();
    while (/^HTTP\/1\.1 1/.test(head.start)) head = await this.readHead();
    const match = /^HTTP\/1\.1 (\d{3}) /.exec(head.start);
    if (!match) throw new Error(`bad status line ${JSON.stringify(head.start)}`);
    const body = await this.readBody(head, true);
    return {
      status: Number(match[1]),
      headers: head.headers,
      body,
      get text() {
        return body.toString("utf8");
      },
      get json() {
        return JSON.parse(body.toString("utf8"));
      },
    };
  }

  async exchange(options: RequestOptions): Promise<Response> {
    await this.sendRequest(options);
    return this.readResponse();
  }
}

/** One request on a connection of its own. */
export async function request(addr: string, options: RequestOptions): Promise<Response> {
  const conn = await ClientConn.connect(addr);
  try {
    return await conn.exchange(options);
  } finally {
    conn.close();
  }
}

export interface SseEvent {
  event?: string;
  data: string;
}

/** The events of a whole text/event-stream body; comments are left out. */
export function sseEvents(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const data: string[] = [];
    let event: string | undefined;
    for (const line of block.split(/\r?\n/)) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      if (line.startsWith("event:")) event = line.slice(6).trim();
    }
    if (data.length > 0) events.push(event === undefined ? { data: data.join("\n") } : { event, data: data.join("\n") });
  }
  return events;
}

/** Reads a chunked event stream on a connection piece by piece. */
export class EventReader {
  private text = "";

  constructor(private readonly conn: Conn) {}

  /** The next event; undefined at the orderly end of the body. */
  async next(): Promise<SseEvent | undefined> {
    for (;;) {
      const end = this.text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.text.slice(0, end + 2);
        this.text = this.text.slice(end + 2);
        const [event] = sseEvents(block);
        if (event) return event;
        continue;
      }
      const chunk = await this.conn.readChunk();
      if (!chunk) {
        if (this.text !== "") throw new Error(`the body ends inside of an event: ${JSON.stringify(this.text)}`);
        return undefined;
      }
      this.text += chunk.toString("utf8");
    }
  }

  async rest(): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) events.push(event);
    return events;
  }
}

export type { Bytes };
