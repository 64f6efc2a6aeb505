/* demo, reload, drain, and the verbs that need nobody: exit codes, what goes where, and that the manual has them all. */

import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { config, request, scenario } from "./harness.js";
import { Cli, cli, filesIn, inFolder } from "./harness/cli.js";

const NOBODY = "http://127.0.0.1:1/v1";
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** A file as `config` makes it, with the admin listener on a socket that `-c` can find. */
function withAdminSocket(dir: string): string {
  return config(NOBODY).replace("admin: 127.0.0.1:0", `admin: unix:${join(dir, "admin")}`);
}

scenario("reload says what became of the file", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const env = { TB_ADMIN_URL: `http://${gateway.adminAddr}` };
  const good = await cli(["reload"], { env });
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /version 2 /);
  assert.equal(good.stderr, "");
  const json = await cli(["reload", "-o", "json"], { env });
  assert.equal(JSON.parse(json.stdout).config_version, 3);
  gateway.reconfigure(`${config(NOBODY)}sever: {}\n`);
  const bad = await cli(["reload"], { env });
  assert.equal(bad.code, 2);
  assert.equal(bad.stdout, "");
  assert.match(bad.stderr, /throwbar\.yaml:\d+:1[^]*sever[^]*\^[^]*version 3 .*stays/);
  assert.equal((await cli(["reload", "-o", "json"], { env })).code, 2);
});

scenario("reload needs the admin key", async ({ throwbar }) => {
  const gateway = await throwbar(config(NOBODY));
  const env = { TB_ADMIN_URL: `http://${gateway.adminAddr}`, TB_ADMIN_KEY: "wrong" };
  for (const args of [["reload"], ["drain"], ["call", "POST", "/admin/v1/drain", "--admin"]])
    assert.equal((await cli(args, { env })).code, 4, args.join(" "));
  assert.match((await cli(["reload"], { env })).stderr, /TB_ADMIN_KEY/);
  assert.equal((await gateway.admin({ method: "GET", path: "/readyz" })).status, 200);
});

test("the instance is found by its configuration", () => inFolder({}, async (dir) => {
  await inFolder({ "throwbar.yaml": withAdminSocket(dir) }, async (cwd) => {
    const server = new Cli(["serve", "-c", "throwbar.yaml"], { cwd });
    await server.logs(/"scope":"admin"/);
    const named = await cli(["reload", "-c", join(cwd, "throwbar.yaml")]);
    assert.match(named.stdout, /version 2 /, named.stderr);
    const found = await cli(["reload"], { cwd });
    assert.match(found.stdout, /version 3 /, found.stderr);
    const metrics = await cli(["call", "GET", "/metrics", "--admin"], { cwd });
    assert.match(metrics.stdout, /throwbar_config_version 3/);
    const drained = await cli(["drain"], { cwd });
    assert.equal(drained.code, 0, drained.stderr);
    assert.match(drained.stdout, /^draining/);
    assert.equal((await server.end()).code, 0);
    const gone = await cli(["drain"], { cwd });
    assert.equal(gone.code, 5);
    assert.match(gone.stderr, /throwbar serve/);
  });
}));

test("a configuration without an admin address that can be asked is told", () => inFolder({
  "off.yaml": config(NOBODY).replace("admin: 127.0.0.1:0", "admin: off"), "free.yaml": config(NOBODY),
}, async (cwd) => {
  for (const [file, told] of [["off.yaml", /off/], ["free.yaml", /TB_ADMIN_URL/]] as const) {
    const result = await cli(["reload", "-c", file], { cwd });
    assert.equal(result.code, 2, file);
    assert.match(result.stderr, told);
  }
}));

test("demo works at once, and leaves nothing behind", () => inFolder({}, async (cwd) => {
  const demo = new Cli(["demo"], { cwd });
  await demo.says(/throwbar chat/);
  const text = demo.bytes.toString("utf8");
  const [, url = "", key = ""] = /TB_URL=(\S+) TB_KEY=(\S+)/.exec(text) ?? [];
  const [, adminUrl = "", adminKey = ""] = /TB_ADMIN_URL=(\S+) TB_ADMIN_KEY=(\S+)/.exec(text) ?? [];
  const env = { TB_URL: url, TB_KEY: key, TB_ADMIN_URL: adminUrl, TB_ADMIN_KEY: adminKey };
  assert.equal((await cli(["chat", "sim/echo", "hello"], { env })).stdout, "hello\n");

  const [, curl = ""] = /^  (curl [^]*?)\n\n/m.exec(text) ?? [];
  const [, body = ""] = /-d '([^']*)'/.exec(curl) ?? [];
  const headers = Object.fromEntries([...curl.matchAll(/-H '([^:]*): ([^']*)'/g)].map((m) => [m[1], m[2]]));
  const [, host = "", path = ""] = /curl http:\/\/([^/]*)(\S*)/.exec(curl) ?? [];
  const answer = await request(host, { path, headers, body });
  assert.equal(answer.status, 200, curl);
  assert.equal(answer.json.choices[0].message.content, "hello");

  assert.equal((await cli(["call", "GET", "/v1/models"], { env: { TB_URL: url } })).code, 4, "keys are demanded");
  const [, metrics = ""] = /metrics +http:\/\/([^/]*)/.exec(text) ?? [];
  assert.match((await request(metrics, { method: "GET", path: "/metrics" })).text, /throwbar_requests_total/);
  assert.match((await cli(["reload"], { env })).stdout, /version 2 /);
  assert.doesNotMatch(demo.stderr, /warning/);

  const second = new Cli(["demo"], { cwd });
  const [, secondUrl] = await second.says(/TB_URL=(\S+)/);
  assert.notEqual(secondUrl, url);
  assert.equal((await second.stop("SIGINT")).code, 0);
  assert.equal((await demo.stop("SIGINT")).code, 0);
  assert.deepEqual(filesIn(cwd), []);
}));

test("version tells what it is made of", async () => {
  const { stdout } = await cli(["version", "--verbose"]);
  for (const library of ["OpenSSL", "c-ares", "llhttp", "yyjson", "libyaml"])
    assert.match(stdout, new RegExp(`^  ${library} +.*\\d+\\.\\d+\\.\\d+`, "mi"), library);
  const json = JSON.parse((await cli(["version", "-o", "json"])).stdout);
  assert.match(json.version, /^\d+\.\d+\.\d+$/);
});

test("explain: codes by number and name, keys, and the nearest of what is unknown", async () => {
  for (const what of ["TB-1008", "1008", "model_not_found"])
    assert.match((await cli(["explain", what])).stdout, /^TB-1008 MODEL_NOT_FOUND\n[^]*404/);
  assert.match((await cli(["explain", "providers.mine.timeouts.connect"])).stdout, /duration/);
  for (const [what, near] of [["model_not_fund", /MODEL_NOT_FOUND/], ["server.lisen", /server\.listen/]] as const) {
    const result = await cli(["explain", what]);
    assert.equal(result.code, 3);
    assert.equal(result.stdout, "");
    assert.match(result.stderr, near);
  }
});

test("check without a file speaks of the defaults, and says so", () => inFolder({}, async (cwd) => {
  const result = await cli(["check"], { cwd });
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^ok: /);
  assert.match(result.stderr, /no throwbar\.yaml/);
}));

test("check for code scanning is SARIF", () => inFolder({ "bad.yaml": "version: 1\nsever: {}\n" }, async (cwd) => {
  const { code, stdout } = await cli(["check", "-c", "bad.yaml", "--format", "sarif"], { cwd });
  assert.equal(code, 2);
  const results: { level: string; locations: { physicalLocation: { region: { startLine: number } } }[] }[] = JSON.parse(stdout).runs[0].results;
  const error = results.find((r) => r.level === "error");
  assert.equal(error?.locations[0]?.physicalLocation.region.startLine, 2);
}));

test("output that cannot be written is a failure", async () => {
  for (const verb of ["schema", "version", "--help"]) {
    const result = await cli(["-c", `exec "$0" ${verb} >/dev/full`], { program: "/bin/sh" });
    assert.equal(result.code, 1, verb);
    assert.match(result.stderr, /cannot write/);
  }
});

test("every mistake of usage shows how it is meant", async () => {
  for (const args of [["serve", "x"], ["check", "--fromat", "json"], ["check", "--format", "xml"], ["schema", "--json", "--md"],
    ["explain"], ["explain", "a", "b"], ["reload", "-c"], ["drain", "--now"], ["chat"], ["version", "-o", "yaml"], ["demo", "8080"]]) {
    const { code, stdout, stderr } = await cli(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`usage: throwbar ${args[0]}`));
  }
  assert.match((await cli(["check", "--fromat", "json"])).stderr, /did you mean --format/);
});

test("the manual has every verb and every option", async () => {
  const manual = readFileSync(join(ROOT, "docs/reference/cli.md"), "utf8");
  const verbs = [...(await cli(["--help"])).stdout.matchAll(/^  ([a-z]+) /gm)].map((match) => match[1]!);
  assert.ok(verbs.length >= 10);
  for (const verb of verbs) {
    const { code, stdout } = await cli([verb, "--help"]);
    assert.equal(code, 0);
    const [usage = ""] = stdout.split("\n");
    const section = manual.split(/^## /m).find((part) => part.startsWith(`${verb}\n`)) ?? "";
    assert.ok(section.includes(usage.replace("usage: ", "")), `docs/reference/cli.md lacks: ${usage}`);
    for (const [, options = ""] of stdout.matchAll(/^  ((?:-[a-zA-Z]|--[a-z-]+)[^ ]*(?: --[a-z-]+)?)/gm))
      for (const option of options.split(/[ ,]+/).filter((word) => !/^(-h|--help)$/.test(word)))
        assert.ok(section.includes(`\`${option}`), `docs/reference/cli.md, ${verb}: ${option}`);
  }
});
