/* A fake provider: a TCP (or TLS) server that does exactly what a script says, byte by byte if need be.
 *
 * The vocabulary is varnishtest's: a script gets one connection and expects, sends, stalls, resets, half-closes or
 * drips on it. `script(...)` sets one script per connection, in the order they come; the last one serves all further
 * ones. `answer(...)` is the short form for a provider that simply answers every request. A script that throws fails
 * the test when the provider is stopped, so an expectation inside a script is as good as one in the test. */

import * as assert from "node:assert/strict";
import * as net from "node:net";
import * as tls from "node:tls";
import { Conn, EndedEarly, Headers, bytes, type Bytes } from "./conn.js";
import { Latch, within } from "./deadline.js";
import { certificates, type Certificate } from "./tls.js";

export interface Request {
  method: string;
  target: string;
  headers: Headers;
  body: Buffer;
  /** The body as JSON. */
  json: any;
}

export type HeaderList = Record<string, string>;

function headText(start: string, headers: HeaderList): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${start}\r\n${lines.join("")}\r\n`;
}

/** The provider's end of a connection. */
export class ProviderConn extends Conn {
  /** A whole request; throws EndedEarly when the gateway closes instead of sending one. */
  async request(): Promise<Request> {
    const head = await this.readHead();
    const [method = "", target = ""] = head.start.split(" ");
    const body = await this.readBody(head, false);
    return {
      method,
      target,
      headers: head.headers,
      body,
      get json() {
        return JSON.parse(body.toString("utf8"));
      },
    };
  }

  /** The next request, or undefined when the gateway has closed the idle connection. */
  async nextRequest(): Promise<Request | undefined> {
    try {
      return await this.request();
    } catch (error) {
      if (error instanceof EndedEarly && error.got.length === 0) return undefined;
      throw error;
    }
  }

  sendHead(status: number, headers: HeaderList): Promise<void> {
    return this.send(headText(`HTTP/1.1 ${status} Status`, headers));
  }

  sendBody(status: number, contentType: string, body: Bytes, headers: HeaderList = {}): Promise<void> {
    const raw = bytes(body);
    const head = headText(`HTTP/1.1 ${status} Status`, {
      "content-type": contentType,
      "content-length": String(raw.length),
      ...headers,
    });
    return this.send(Buffer.concat([bytes(head), raw]));
  }

  sendJson(status: number, value: unknown, headers: HeaderList = {}): Promise<void> {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return this.sendBody(status, "application/json", Buffer.from(text, "utf8"), headers);
  }

  beginStream(headers: HeaderList = {}): Promise<void> {
    return this.sendHead(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked", ...headers });
  }

  sendChunk(data: Bytes): Promise<void> {
    const raw = bytes(data);
    return this.send(Buffer.concat([bytes(`${raw.length.toString(16)}\r\n`), raw, bytes("\r\n")]));
  }

  /** One SSE event in a chunk of its own. */
  sendEvent(value: unknown): Promise<void> {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return this.sendChunk(Buffer.from(`data: ${text}\n\n`, "utf8"));
  }

  endChunks(): Promise<void> {
    return this.send("0\r\n\r\n");
  }

  /** A whole stream: every event, [DONE], the last chunk. */
  async sendStream(events: unknown[]): Promise<void> {
    await this.beginStream();
    for (const event of events) await this.sendEvent(event);
    await this.sendEvent("[DONE]");
    await this.endChunks();
  }
}

export type Script = (conn: ProviderConn) => Promise<void> | void;
export type Answer = (request: Request, conn: ProviderConn) => Promise<void> | void;

export interface ProviderOptions {
  /** A TLS server with this certificate. */
  tls?: Certificate;
}

export class Provider {
  /** Every request that `answer` has seen, in order. */
  readonly requests: Request[] = [];
  /** Every connection, in order of arrival. */
  readonly conns: ProviderConn[] = [];
  private readonly server: net.Server;
  private readonly isTls: boolean;
  private scripts: Script[] = [];
  private errors: unknown[] = [];
  private stopping = false;
  private arrivals: { n: number; latch: Latch<ProviderConn> }[] = [];

  private constructor(options: ProviderOptions) {
    const accept = (socket: net.Socket) => this.serve(new ProviderConn(socket));
    this.isTls = options.tls !== undefined;
    this.server = options.tls
      ? tls.createServer({ cert: options.tls.cert, key: options.tls.key, ALPNProtocols: ["http/1.1"] }, accept)
      : net.createServer({ allowHalfOpen: true }, accept);
    this.server.on("tlsClientError", () => {}); // a refused certificate: the test looks at the gateway's side
  }

  static async start(options: ProviderOptions = {}): Promise<Provider> {
    const provider = new Provider(options);
    await within("the fake provider to listen",
      new Promise<void>((resolve) => provider.server.listen(0, "127.0.0.1", resolve)));
    return provider;
  }

  /** A port of 127.0.0.1 on which nobody listens. */
  static async deadPort(): Promise<number> {
    const provider = await Provider.start();
    const { port } = provider;
    await provider.stop();
    return port;
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  /** What goes into base_url. */
  get url(): string {
    return `${this.isTls ? "https" : "http"}://${this.isTls ? "localhost" : "127.0.0.1"}:${this.port}/v1`;
  }

  script(...scripts: Script[]): this {
    this.scripts = scripts;
    return this;
  }

  answer(answer: Answer): this {
    return this.script(async (conn) => {
      for (let request = await conn.nextRequest(); request; request = await conn.nextRequest()) {
        this.requests.push(request);
        await answer(request, conn);
      }
    });
  }

  /** The nth connection (from 0), as soon as it is there. */
  async connection(n: number): Promise<ProviderConn> {
    const there = this.conns[n];
    if (there) return there;
    const latch = new Latch<ProviderConn>();
    this.arrivals.push({ n, latch });
    return latch.wait(`connection ${n} at the fake provider`);
  }

  private serve(conn: ProviderConn): void {
    const n = this.conns.push(conn) - 1;
    for (const arrival of this.arrivals) if (arrival.n === n) arrival.latch.open(conn);
    const script = this.scripts[Math.min(n, this.scripts.length - 1)];
    if (!script) return;
    Promise.resolve()
      .then(() => script(conn))
      .catch((error: unknown) => {
        if (!this.stopping) this.errors.push(error);
      });
  }

  /** Closes everything and throws what the scripts threw. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const conn of this.conns) conn.close();
    await new Promise((resolve) => this.server.close(resolve));
    assert.deepEqual(this.errors, [], "a script of the fake provider failed");
  }
}

export function tlsProvider(): Promise<Provider> {
  return Provider.start({ tls: certificates().localhost });
}
