/* The command line: data on stdout, talk on stderr, exit codes as documented. */

import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { config, Provider, run, scenario } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";

async function inFolder(files: Record<string, string>, play: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "throwbar-cli-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    await play(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test("version", async () => {
  const { code, stdout } = await run(["version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^throwbar \d+\.\d+\.\d+/);
});

test("an unknown verb is a mistake of usage, with the nearest one", async () => {
  const { code, stdout, stderr } = await run(["sreve"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /serve/);
});

test("check accepts a good file", () => inFolder({ "good.yaml": config(NOBODY) }, async (dir) => {
  assert.equal((await run(["check", "-c", "good.yaml"], {}, dir)).code, 0);
}));

test("check shows every mistake with its place, a caret and a suggestion", () => inFolder({
  "bad.yaml": "version: 1\nserver:\n  lisen: 127.0.0.1:0\n  limits: {body: much}\nproviders:\n  a: {kind: openai, base_url: 7}\n",
}, async (dir) => {
  const { code, stdout, stderr } = await run(["check", "-c", "bad.yaml"], {}, dir);
  assert.equal(code, 2);
  const text = stdout + stderr;
  assert.match(text, /bad\.yaml:3:3/);
  assert.match(text, /lisen/);
  assert.match(text, /listen/);
  assert.match(text, /^.*\^/m);
  assert.match(text, /bad\.yaml:4:18/);
  assert.match(text, /E\d+/);
}));

test("check -o json is for programs", () => inFolder({ "bad.yaml": "version: 1\nsever: {}\n" }, async (dir) => {
  const { code, stdout } = await run(["check", "-c", "bad.yaml", "--format", "json"], {}, dir);
  assert.equal(code, 2);
  assert.ok(JSON.stringify(JSON.parse(stdout)).includes("sever"));
}));

test("check says when there is no file", async () => {
  const { code, stderr } = await run(["check", "-c", "/nonexistent.yaml"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /nonexistent/);
});

test("schema is a JSON Schema, and a page", async () => {
  const schema = JSON.parse((await run(["schema", "--json"])).stdout);
  assert.ok(schema.$schema && schema.properties.server && schema.properties.providers);
  assert.match((await run(["schema", "--md"])).stdout, /server\.listen/);
});

test("explain knows error codes and options", async () => {
  assert.match((await run(["explain", "TB-1008"])).stdout, /model/);
  assert.match((await run(["explain", "server.listen"])).stdout, /127\.0\.0\.1:8080/);
  assert.equal((await run(["explain", "TB-9999999"])).code, 3);
});

test("serve refuses a bad file as check does", () => inFolder({ "bad.yaml": "sever: {}\n" }, async (dir) => {
  const { code, stderr } = await run(["serve", "-c", "bad.yaml"], {}, dir);
  assert.equal(code, 2);
  assert.match(stderr, /bad\.yaml:1:1/);
}));

test("open to everybody on every address is refused", () => inFolder({
  "open.yaml": "version: 1\nserver: {listen: 0.0.0.0:0}\nauth: {mode: open}\n",
}, async (dir) => {
  const { code, stdout, stderr } = await run(["check", "-c", "open.yaml"], {}, dir);
  assert.equal(code, 2);
  assert.match(stdout + stderr, /open/);
}));

test("a client without a server exits with 5", async () => {
  const env = { TB_URL: `http://127.0.0.1:${await Provider.deadPort()}` };
  assert.equal((await run(["chat", "sim/echo", "hello"], env)).code, 5);
});

scenario("chat and call talk to a running gateway", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const env = { TB_URL: gateway.url };
  const chat = await run(["chat", "sim/echo", "hello there"], env);
  assert.equal(chat.code, 0, chat.stderr);
  assert.equal(chat.stdout.trim(), "hello there");
  const whole = await run(["chat", "sim/echo", "hello there", "--no-stream"], env);
  assert.equal(whole.stdout.trim(), "hello there");
  const call = await run(["call", "GET", "/v1/models"], env);
  assert.equal(call.code, 0);
  assert.equal(JSON.parse(call.stdout).object, "list");
  assert.equal((await run(["chat", "sim/nothing", "x"], env)).code, 3);
});
