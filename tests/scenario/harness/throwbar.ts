/* The real binary under test: started with a configuration, watched through its JSON log, stopped by SIGTERM.
 *
 * THROWBAR is the path of the binary (build/throwbar). It runs in an empty folder of its own with an empty environment,
 * listens on ports that the kernel chooses, and says so in its log; that line is what start waits for. Stopping demands
 * exit code 0 and a standard error without a sanitizer's report or a broken invariant. */

import * as assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ClientConn, request, type RequestOptions, type Response } from "./client.js";
import { Latch, within } from "./deadline.js";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
export const BINARY = process.env["THROWBAR"] ?? join(ROOT, "build/throwbar");
export const ADMIN_KEY = "admin-key-of-the-tests";
export const PROVIDER_KEY = "sk-provider-secret";

const REPORT = /ERROR: \w*Sanitizer|runtime error:|SUMMARY: \w*Sanitizer|invariant/;
const PASSED_ON = ["PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "ASAN_SYMBOLIZER_PATH"];

/** One line of the JSON log. */
export type LogEvent = { event: string; level: string } & Record<string, any>;

export interface StartOptions {
  /** Arguments instead of `serve -c <config>`. */
  args?: string[];
  env?: Record<string, string>;
  /** How many "listening" lines to wait for: one for each listener. */
  listeners?: number;
}

/** Fails, showing just the report, when standard error holds one. */
export function expectNoReport(stderr: string): void {
  const at = stderr.search(REPORT);
  if (at >= 0) assert.fail(`standard error holds a report:\n${stderr.slice(stderr.lastIndexOf("\n", at) + 1).slice(0, 6000)}`);
}

/** Runs the binary to its end; for the verbs that are no server. */
export async function run(args: string[], env: Record<string, string> = {}, cwd?: string) {
  const child = spawn(BINARY, args, { env: environment(env), cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString("utf8")));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString("utf8")));
  const code = await within(`throwbar ${args.join(" ")}`, new Promise<number | null>((done, fail) => {
    child.once("close", done);
    child.once("error", fail);
  }));
  expectNoReport(stderr);
  return { code, stdout, stderr };
}

export function environment(extra: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = { TB_ADMIN_KEY: ADMIN_KEY, UP_KEY: PROVIDER_KEY };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

export class Throwbar {
  readonly dir: string;
  readonly configFile: string;
  readonly events: LogEvent[] = [];
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  private readonly child: ChildProcess;
  private stderr = "";
  private isDone = false;
  private listeners: ((event: LogEvent) => void)[] = [];

  private constructor(config: string, options: StartOptions) {
    this.dir = mkdtempSync(join(tmpdir(), "throwbar-"));
    this.configFile = join(this.dir, "throwbar.yaml");
    writeFileSync(this.configFile, config);
    this.child = spawn(BINARY, options.args ?? ["serve", "-c", this.configFile], {
      cwd: this.dir,
      env: environment({ HOME: this.dir, ...options.env }),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines = createInterface({ input: this.child.stderr! });
    lines.on("line", (line) => this.line(line));
    const exited = new Latch<number | string>();
    this.exited = exited.opened;
    this.child.once("error", (error) => exited.fail(error));
    this.child.once("close", (code, signal) => {
      this.isDone = true;
      exited.open(code ?? signal ?? "unknown");
    });
  }

  static async start(config: string, options: StartOptions = {}): Promise<Throwbar> {
    const server = new Throwbar(config, options);
    const wanted = options.listeners ?? 2;
    await server.waitForEvent(() => server.events.filter((e) => e.event === "listening").length >= wanted,
      `${wanted} listeners`);
    return server;
  }

  private line(line: string): void {
    this.stderr += `${line}\n`;
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as LogEvent;
    this.events.push(event);
    for (const listener of this.listeners) listener(event);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  private listening(scope: string): string {
    const event = this.events.find((e) => e.event === "listening" && e["scope"] === scope);
    assert.ok(event, `no ${scope} listener; the log says:\n${this.stderr}`);
    return event["addr"] as string;
  }

  /** "127.0.0.1:43210" of the clients' listener. */
  get addr(): string {
    return this.listening("server");
  }

  get adminAddr(): string {
    return this.listening("admin");
  }

  get url(): string {
    return `http://${this.addr}`;
  }

  /** Everything on standard error so far. */
  get log(): string {
    return this.stderr;
  }

  /** The first event, past or to come, that the predicate likes; fails when the server ends before. */
  async waitForEvent(wanted: (event: LogEvent) => boolean, what = wanted.toString()): Promise<LogEvent> {
    const past = this.events.find(wanted);
    if (past) return past;
    const latch = new Latch<LogEvent>();
    const listener = (event: LogEvent) => {
      if (wanted(event)) latch.open(event);
    };
    this.listeners.push(listener);
    void this.exited.then(
      (code) => latch.fail(new Error(`throwbar ended (${code}) before ${what}:\n${this.stderr}`)),
      (error: Error) => latch.fail(error),
    );
    try {
      return await latch.wait(`the log event: ${what}`).catch((error: Error) => {
        throw this.isDone ? error : new Error(`${error.message}; the log says:\n${this.stderr}`);
      });
    } finally {
      this.listeners = this.listeners.filter((l) => l !== listener);
    }
  }

  /** The wide event of the request with this id. */
  requestEvent(id: string | undefined): Promise<LogEvent> {
    assert.ok(id, "the answer has no tb-request-id");
    return this.waitForEvent((e) => e.event === "request" && e["id"] === id, `request ${id}`);
  }

  connect(): Promise<ClientConn> {
    return ClientConn.connect(this.addr);
  }

  request(options: RequestOptions): Promise<Response> {
    return request(this.addr, options);
  }

  admin(options: RequestOptions): Promise<Response> {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...options.headers };
    return request(this.adminAddr, { ...options, headers });
  }

  /** The value of a metric by its name and a part of its labels; the sum when several lines match, 0 when none does. */
  async metric(name: string, labels = ""): Promise<number> {
    const { text } = await this.admin({ method: "GET", path: "/metrics" });
    return text.split("\n")
      .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  reconfigure(config: string): void {
    writeFileSync(this.configFile, config);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGTERM, then exit code 0 and nothing bad on standard error. */
  async stop(): Promise<void> {
    if (!this.isDone) this.signal("SIGTERM");
    try {
      const code = await within("throwbar to end after SIGTERM", this.exited);
      assert.equal(code, 0, `throwbar ended with ${code}:\n${this.stderr}`);
      expectNoReport(this.stderr);
    } finally {
      this.dispose();
    }
  }

  private dispose(): void {
    if (!this.isDone) this.child.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
