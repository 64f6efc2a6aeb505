/* One TCP or TLS connection, seen as bytes: the fake provider holds one end of it, the raw client the other.
 *
 * Everything that arrives is kept in order until a read takes it. Reads wait for what they name and fail when the peer
 * ends first, showing what had come. HTTP is read here by a small parser of the tests' own, strict where the tests must
 * be sure: framing, chunk sizes and the terminating chunk. */

import type * as net from "node:net";
import { TLSSocket } from "node:tls";
import { Latch, within } from "./deadline.js";

export type Bytes = string | Uint8Array;

export function bytes(data: Bytes): Buffer {
  return typeof data === "string" ? Buffer.from(data, "latin1") : Buffer.from(data);
}

/** How a peer ended: orderly, or by a reset. */
export type End = "fin" | "reset";

export class EndedEarly extends Error {
  constructor(what: string, readonly end: End, readonly got: Buffer) {
    super(`the peer ended (${end}) before ${what}; it had sent ${JSON.stringify(got.toString("latin1").slice(0, 400))}`);
  }
}

export class Headers {
  constructor(readonly pairs: [string, string][]) {}

  get(name: string): string | undefined {
    return this.all(name)[0];
  }
  all(name: string): string[] {
    return this.pairs.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
  }
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
}

export interface Head {
  start: string;
  headers: Headers;
}

export class Conn {
  readonly socket: net.Socket;
  /** Resolves when the peer has sent its last byte. */
  readonly ended: Promise<End>;
  private pending = Buffer.alloc(0);
  private end: End | undefined;
  private wake: (() => void)[] = [];

  constructor(socket: net.Socket | TLSSocket) {
    this.socket = socket;
    socket.setNoDelay(true);
    const ended = new Latch<End>();
    this.ended = ended.opened;
    const finish = (how: End) => {
      if (this.end) return;
      this.end = how;
      ended.open(how);
      this.notify();
    };
    socket.on("data", (chunk: Buffer) => {
      this.pending = Buffer.concat([this.pending, chunk]);
      this.notify();
    });
    socket.on("end", () => finish("fin"));
    socket.on("error", () => finish("reset"));
    socket.on("close", () => finish(socket.destroyed && !socket.readableEnded ? "reset" : "fin"));
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const go of waiting) go();
  }

  /** Takes n(pending) bytes as soon as n is not undefined. */
  private async take(what: string, n: (pending: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const length = n(this.pending);
      if (length !== undefined) {
        const taken = this.pending.subarray(0, length);
        this.pending = this.pending.subarray(length);
        return Buffer.from(taken);
      }
      if (this.end) throw new EndedEarly(what, this.end, this.pending);
      await within(what, new Promise<void>((resolve) => this.wake.push(resolve)));
    }
  }

  // ---- reading bytes ----

  readExactly(n: number): Promise<Buffer> {
    return this.take(`${n} bytes`, (p) => (p.length >= n ? n : undefined));
  }

  readSome(): Promise<Buffer> {
    return this.take("a byte", (p) => (p.length > 0 ? p.length : undefined));
  }

  /** Everything up to and with the mark. */
  readUntil(mark: Bytes): Promise<Buffer> {
    const wanted = bytes(mark);
    return this.take(JSON.stringify(wanted.toString("latin1")), (p) => {
      const at = p.indexOf(wanted);
      return at < 0 ? undefined : at + wanted.length;
    });
  }

  /** Waits for the peer to end, and returns what it sent until then. */
  async readToEnd(): Promise<{ bytes: Buffer; end: End }> {
    const end = await within("the peer to close", this.ended);
    const rest = this.pending;
    this.pending = Buffer.alloc(0);
    return { bytes: rest, end };
  }

  /** Waits for the peer to end and insists that it sent nothing more. */
  async expectClose(): Promise<End> {
    const { bytes: rest, end } = await this.readToEnd();
    if (rest.length > 0) throw new Error(`expected a close, got ${JSON.stringify(rest.toString("latin1").slice(0, 400))}`);
    return end;
  }

  /** What has arrived and nobody has read yet. */
  get unread(): Buffer {
    return this.pending;
  }

  get isEnded(): boolean {
    return this.end !== undefined;
  }

  // ---- reading HTTP ----

  async readHead(): Promise<Head> {
    const text = (await this.readUntil("\r\n\r\n")).toString("latin1");
    const lines = text.split("\r\n");
    const pairs = lines.slice(1, -2).map((line): [string, string] => {
      const colon = line.indexOf(":");
      if (colon < 1) throw new Error(`bad header line ${JSON.stringify(line)}`);
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    return { start: lines[0] ?? "", headers: new Headers(pairs) };
  }

  /** One chunk of a chunked body; undefined: the terminating one, trailers read. */
  async readChunk(): Promise<Buffer | undefined> {
    const line = (await this.readUntil("\r\n")).toString("latin1");
    if (!/^[0-9a-fA-F]+\r\n$/.test(line)) throw new Error(`bad chunk size ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    if (size === 0) {
      while ((await this.readUntil("\r\n")).length > 2);
      return undefined;
    }
    const data = await this.readExactly(size);
    const tail = await this.readExactly(2);
    if (tail.toString() !== "\r\n") throw new Error("chunk data is longer than its size");
    return data;
  }

  /** A body framed as the head says; `toEnd`: without framing it lasts until the connection ends. */
  async readBody(head: Head, toEnd: boolean): Promise<Buffer> {
    if (/(^|,)\s*chunked$/i.test(head.headers.get("transfer-encoding") ?? "")) {
      const parts: Buffer[] = [];
      for (let part = await this.readChunk(); part; part = await this.readChunk()) parts.push(part);
      return Buffer.concat(parts);
    }
    const length = head.headers.get("content-length");
    if (length !== undefined) return this.readExactly(Number(length));
    return toEnd ? (await this.readToEnd()).bytes : Buffer.alloc(0);
  }

  // ---- writing ----

  /** Resolves once the bytes are with the kernel; quietly when the peer has gone. */
  send(data: Bytes): Promise<void> {
    return new Promise((resolve) => {
      if (!this.socket.writable) resolve();
      else this.socket.write(bytes(data), () => resolve());
    });
  }

  /** Every byte in a write of its own, the loop turning between two. */
  async drip(data: Bytes): Promise<void> {
    for (const byte of bytes(data)) {
      await this.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Ends our direction; the other stays open. */
  halfClose(): Promise<void> {
    return new Promise((resolve) => this.socket.end(() => resolve()));
  }

  /** RST: the peer loses what it has not read. Under TLS: a close without close_notify. */
  reset(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  /** Stops reading, so that the peer's writes fill up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }
}
