/* An address inside this machine that takes no connection and refuses none: a listener whose thread sleeps for ever and
 * whose queue is full, so that the kernel drops what else knocks. */

import * as net from "node:net";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { within } from "../scenario/harness.js";

const LISTENER = `
const { parentPort } = require("node:worker_threads");
const server = require("node:net").createServer().listen(0, "127.0.0.1", 1, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;
const QUEUE = 2; // a backlog of 1 holds two
const PATIENCE_MS = 300;

export class Blackhole {
  private constructor(readonly port: number, private readonly thread: Worker, private readonly knocking: net.Socket[]) {}

  /** Undefined where the kernel takes connections in spite of a full queue. */
  static async open(): Promise<Blackhole | undefined> {
    const thread = new Worker(LISTENER, { eval: true });
    const [port] = await within("a listener that sleeps", once(thread, "message"));
    const hole = new Blackhole(port, thread, []);
    for (let i = 0; i < QUEUE; i++) await within("the queue to fill", once(hole.knock(), "connect"));
    const isTaken = await within("one connection more", once(hole.knock(), "connect"), PATIENCE_MS).then(() => true, () => false);
    if (!isTaken) return hole;
    await hole.close();
    return undefined;
  }

  private knock(): net.Socket {
    const socket = net.connect(this.port, "127.0.0.1").on("error", () => {});
    this.knocking.push(socket);
    return socket;
  }

  async close(): Promise<void> {
    for (const socket of this.knocking) socket.destroy();
    await this.thread.terminate();
  }
}
