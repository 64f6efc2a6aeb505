/* The documentation is done as it says: every configuration is checked, every command run, every name looked up. */

import * as assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ADMIN_KEY, BINARY, config, environment, run, scenario, within, type Stage } from "./harness.js";
import { CANNOT_RUN, commands, freePort, pages, ROOT, script, type Page } from "./harness/docs.js";

const LANGUAGES = ["", "sh", "yaml", "json", "js", "python", "promql", "c"];
const PAGES = pages();
const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;

function has(page: Page, ...languages: string[]): boolean {
  return page.blocks.some((block) => languages.includes(block.language));
}

/** A folder with the binary on its path, gone after the test. */
async function inPlace(play: (dir: string, moduleDir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "throwbar-docs-"));
  const moduleDir = mkdtempSync(join(ROOT, "tests/build/docs-"));
  try {
    mkdirSync(join(dir, "bin"));
    symlinkSync(BINARY, join(dir, "bin/throwbar"));
    await play(dir, moduleDir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
    rmSync(moduleDir, { recursive: true, force: true });
  }
}

async function bash(text: string, cwd: string, env: Record<string, string>): Promise<void> {
  const child = spawn("bash", ["-s"], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString("utf8")));
  child.stderr.on("data", (data: Buffer) => (output += data.toString("utf8")));
  child.stdin.end(text);
  try {
    const code = await within("the page's commands", new Promise((done) => child.once("close", done)));
    assert.equal(code, 0, output.slice(-4000));
  } finally {
    child.kill();
  }
}

async function doPage(page: Page, { throwbar }: Stage): Promise<void> {
  const ports = { 8080: await freePort(), 8081: await freePort(), 8443: await freePort() };
  const gateway = await throwbar(`version: 1
server: {listen: 127.0.0.1:${ports[8080]}, admin: 127.0.0.1:${ports[8081]}, workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
`);
  await inPlace(async (dir, moduleDir) => {
    await bash(script(page, { dir, ports }, moduleDir, HAS_PYTHON), dir, environment({
      HOME: dir, PATH: `${join(dir, "bin")}:${process.env["PATH"] ?? ""}`, PAGE: page.name, GATEWAY: String(gateway.pid),
      TB_URL: gateway.url, TB_KEY: "any", TB_ADMIN_URL: `http://${gateway.adminAddr}`, TB_ADMIN_KEY: ADMIN_KEY,
    }));
  });
}

for (const page of PAGES.filter((page) => has(page, "sh", "yaml", "js", "python")))
  scenario(`${page.name} can be done`, (stage) => doPage(page, stage));

test("blocks are of a kind that is looked at", () => {
  for (const page of PAGES)
    for (const { language, text, line } of page.blocks) {
      assert.ok(LANGUAGES.includes(language), `${page.name}:${line}: a block of ${language}`);
      if (language === "json") assert.doesNotThrow(() => JSON.parse(text), `${page.name}:${line}`);
    }
});

/** What pages may show in C: an example that the unit tests compile, and lines of the tables. */
function compiled(): string[] {
  return ["docs/example", "src/llm"].flatMap((dir) => readdirSync(join(ROOT, dir))
    .filter((name) => dir === "docs/example" || name.endsWith(".def"))
    .map((name) => readFileSync(join(ROOT, dir, name), "utf8")));
}

test("C stands in a file that is compiled", () => {
  const files = compiled();
  for (const page of PAGES)
    for (const { language, text, line } of page.blocks)
      if (language === "c") assert.ok(files.some((file) => file.includes(text)), `${page.name}:${line}`);
});

test("every exception for a line that cannot run is needed", () => {
  const all = PAGES.flatMap((page) => page.blocks).filter((block) => block.language === "sh").flatMap(commands);
  for (const [pattern, reason] of CANNOT_RUN)
    assert.ok(all.some(({ text, skipped }) => skipped === reason && pattern.test(text)), String(pattern));
});

test("links lead somewhere", () => {
  for (const page of PAGES)
    for (const [, target = ""] of page.text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(ROOT, dirname(page.name), target)), `${page.name}: ${target}`);
});

/** What stands in code quotes in a column of a page that the binary prints. */
async function names(args: string[], pattern: RegExp): Promise<Set<string>> {
  const { code, stdout } = await run(args);
  assert.equal(code, 0);
  return new Set([...stdout.matchAll(pattern)].map(([, name = ""]) => name));
}

test("codes exist", async () => {
  const known = new Set([
    ...await names(["explain", "--md", "errors"], /^\| `(TB-\d+)`/gm),
    ...await names(["schema", "--md"], /^\| ([EW]\d{4}) \|/gm),
  ]);
  for (const page of PAGES)
    for (const [code] of page.text.matchAll(/\b(?:TB-|[EW])\d{4}\b/g)) assert.ok(known.has(code), `${page.name}: ${code}`);
});

test("options exist", async () => {
  const known = await names(["schema", "--md"], /^\| `([\w.*[\]]+)` \|/gm);
  for (const page of PAGES)
    for (const [, path = ""] of page.text.matchAll(/`((?:server|auth|providers|models|keys|observability)\.[\w.*[\]]+)`/g))
      if (!/\.[ch]$/.test(path)) assert.ok(known.has(path), `${page.name}: ${path}`);
});

const OBSERVE = PAGES.find((page) => page.name === "docs/guide/observe.md")!;

test("the metrics of the guide are those of the binary", async () => {
  const known = await names(["explain", "--md", "metrics"], /^\| `(\w+)`/gm);
  for (const name of known) assert.ok(OBSERVE.text.includes(`\`${name}\``), `${name} is not in the guide`);
  for (const page of PAGES)
    for (const [, name = ""] of page.text.matchAll(/\b(throwbar_\w+?)(?:_bucket|_sum|_count)?\b(?!\.)/g))
      assert.ok(known.has(name), `${page.name}: ${name}`);
});

/** Metrics that ordinary traffic leaves without a sample. */
const QUIET = ["throwbar_connections_refused_total"];

scenario("what a request leaves is in the guide", async ({ provider, throwbar }) => {
  const upstream = await provider();
  const usage = {
    prompt_tokens: 2, completion_tokens: 3, total_tokens: 5,
    prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: { reasoning_tokens: 1 },
  };
  upstream.answer((_, conn) => conn.sendJson(200, { id: "x", object: "chat.completion", choices: [], usage }));
  const gateway = await throwbar(config(upstream.url));
  const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const good = await gateway.request({ body: { model: "up/gpt", messages: [] }, headers });
  const bad = await gateway.request({ body: { model: "nobody/gpt", messages: [] } });
  assert.deepEqual([good.status, bad.status], [200, 404]);
  const described = new Set([...OBSERVE.text.matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)));
  for (const { headers } of [good, bad])
    for (const field of Object.keys(await gateway.requestEvent(headers.get("tb-request-id"))))
      assert.ok(described.has(field), `${field} is not in the guide`);

  const { status } = await gateway.admin({ method: "POST", path: "/admin/v1/config:reload" });
  assert.equal(status, 200);
  assert.equal(await gateway.metric("throwbar_upstream_connections", 'provider="up",state="idle"'), 1);
  assert.equal(await gateway.metric("throwbar_upstream_connections", 'provider="up",state="active"'), 0);
  const { text } = await gateway.admin({ method: "GET", path: "/metrics" });
  for (const [, name = ""] of text.matchAll(/^# TYPE (\S+)/gm))
    assert.equal(new RegExp(`^${name}[{_ ]`, "m").test(text), !QUIET.includes(name), `samples of ${name}`);
});
