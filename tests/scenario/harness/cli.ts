/* A verb of the command line as a process of its own: with standard input, in a folder, and observable while it runs. */

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Latch, within } from "./deadline.js";
import { BINARY, environment, expectNoReport } from "./throwbar.js";

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Standard input, whole; empty when absent. */
  input?: string | Buffer;
  /** Run on a terminal of its own (both outputs come as standard output, with a carriage return before a line feed). */
  onTerminal?: boolean;
  /** A program in between: it gets the binary's path behind the arguments. */
  program?: string;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  bytes: Buffer;
  stderr: string;
}

export class Cli {
  stderr = "";
  private pieces: Buffer[] = [];
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly ended: Promise<number | null>;
  private watchers: (() => void)[] = [];

  constructor(readonly args: string[], options: CliOptions = {}) {
    const [program, all] = options.onTerminal
      ? ["script", ["-qec", `exec ${[BINARY, ...args].map((word) => `'${word}'`).join(" ")}`, "/dev/null"]]
      : options.program ? [options.program, [...args, BINARY]] : [BINARY, args];
    this.child = spawn(program, all, {
      env: environment(options.env ?? {}), cwd: options.cwd, stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdin.on("error", () => {}); // it may end without reading
    if (options.input !== undefined) this.child.stdin.end(options.input);
    this.child.stdout.on("data", (data: Buffer) => {
      this.pieces.push(data);
      for (const watcher of this.watchers) watcher();
    });
    this.child.stderr.on("data", (data: Buffer) => {
      this.stderr += data.toString("utf8");
      for (const watcher of this.watchers) watcher();
    });
    this.ended = new Promise((done, fail) => {
      this.child.once("close", done);
      this.child.once("error", fail);
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** The match of a pattern in what standard output has got, or will get. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.watch(pattern, () => this.bytes.toString("utf8"));
  }

  /** The same for standard error. */
  logs(pattern: RegExp): Promise<RegExpExecArray> {
    return this.watch(pattern, () => this.stderr);
  }

  private watch(pattern: RegExp, text: () => string): Promise<RegExpExecArray> {
    const latch = new Latch<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(text());
      if (match) latch.open(match);
    };
    this.watchers.push(look);
    look();
    void this.ended.then(() => latch.fail(new Error(`it ended without ${pattern}:\n${this.bytes}${this.stderr}`)));
    return latch.wait(String(pattern));
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<CliResult> {
    this.child.kill(signal);
    return this.end();
  }

  async end(): Promise<CliResult> {
    this.child.stdin.end();
    try {
      const code = await within(`throwbar ${this.args.join(" ")}`, this.ended);
      expectNoReport(this.stderr);
      return { code, stdout: this.bytes.toString("utf8"), bytes: this.bytes, stderr: this.stderr };
    } finally {
      this.child.kill("SIGKILL"); // of a process that has ended it is none
    }
  }
}

/** Runs a verb to its end. */
export function cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  return new Cli(args, { input: "", ...options }).end();
}

/** An empty folder with these files in it, for the time of a test. */
export async function inFolder(files: Record<string, string | Buffer>, play: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "throwbar-cli-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
    await play(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export function filesIn(dir: string): string[] {
  return readdirSync(dir);
}
