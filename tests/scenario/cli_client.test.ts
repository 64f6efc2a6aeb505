/* chat and call against servers that do what they should not: what is printed, and which exit code tells it. */

import * as assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { certificates, chatBody, chatChunk, chatChunks, Latch, Provider, scenario } from "./harness.js";
import { Cli, cli, inFolder } from "./harness/cli.js";

const KEY = "tb-client-key";

function envOf(server: Provider): Record<string, string> {
  return { TB_URL: server.url, TB_KEY: KEY };
}

scenario("chat sends the system message, the prompt and the key", async ({ provider }) => {
  const server = await provider();
  server.answer((_, conn) => conn.sendStream(chatChunks("Grü", "ße")));
  const result = await cli(["chat", "m", "hi \"there\"", "-s", "be brief"], { env: envOf(server) });
  assert.equal(result.stdout, "Grüße\n");
  assert.equal(result.stderr, "");
  assert.equal(result.code, 0);
  const [request] = server.requests;
  assert.equal(request?.target, "/v1/chat/completions");
  assert.equal(request?.headers.get("authorization"), `Bearer ${KEY}`);
  assert.deepEqual(request?.json, {
    model: "m",
    stream: true,
    messages: [{ role: "system", content: "be brief" }, { role: "user", content: "hi \"there\"" }],
  });
});

scenario("chat prints each piece as it comes", async ({ provider }) => {
  const server = await provider();
  const goOn = new Latch();
  server.answer(async (_, conn) => {
    await conn.beginStream();
    await conn.sendEvent(chatChunk({ content: "first" }));
    await goOn.wait("the first piece to be printed");
    await conn.sendEvent(chatChunk({ content: " second" }, "stop"));
    await conn.endChunks();
  });
  const chat = new Cli(["chat", "m", "hi"], { env: envOf(server) });
  await chat.says(/^first$/);
  goOn.open();
  const result = await chat.end();
  assert.equal(result.stdout, "first second\n");
  assert.equal(result.code, 0);
});

scenario("chat takes the prompt from standard input", async ({ provider }) => {
  const server = await provider();
  server.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
  for (const args of [["chat", "m", "--no-stream"], ["chat", "m", "-", "--no-stream"]]) {
    const result = await cli(args, { env: envOf(server), input: "one\ntwo\n" });
    assert.equal(result.stdout, "ok\n");
    assert.deepEqual(server.requests.at(-1)?.json, { model: "m", messages: [{ role: "user", content: "one\ntwo" }] });
  }
  const empty = await cli(["chat", "m"], { env: envOf(server), input: "" });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /prompt is empty/);
});

scenario("reasoning and calls of tools are told beside the answer", async ({ provider }) => {
  const server = await provider();
  server.answer((_, conn) => conn.sendStream([
    chatChunk({ reasoning_content: "let me see" }),
    chatChunk({ content: "42" }),
    chatChunk({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "add", arguments: "{\"a\":1}" } }] }, "tool_calls"),
  ]));
  const result = await cli(["chat", "m", "hi"], { env: envOf(server) });
  assert.equal(result.stdout, "42\n");
  assert.equal(result.stderr, "let me see\ncall of the tool add {\"a\":1}\n");
  assert.equal(result.code, 0);
});

scenario("an error of the gateway is told with its hint and the next step", async ({ provider }) => {
  const server = await provider();
  const error = {
    message: "The model does not exist.", type: "invalid_request_error", code: "model_not_found",
    gateway: { code: "TB-1008", hint: "Look at the list.", source: "client" },
  };
  server.answer((_, conn) => conn.sendJson(404, { error }));
  const result = await cli(["chat", "nobody", "hi"], { env: envOf(server) });
  assert.equal(result.code, 3);
  assert.equal(result.stdout, "");
  assert.match(result.stderr, /does not exist/);
  assert.match(result.stderr, /Look at the list/);
  assert.match(result.stderr, /throwbar call GET \/v1\/models/);
});

scenario("the exit code tells the status", async ({ provider }) => {
  const server = await provider();
  server.answer((request, conn) => conn.sendJson(Number(request.target.slice("/v1/".length)), { detail: "no" }));
  const codes = { 200: 0, 400: 1, 401: 4, 403: 4, 404: 3, 409: 6, 429: 1, 500: 1, 503: 1 };
  for (const [status, code] of Object.entries(codes)) {
    const call = await cli(["call", "GET", `/${status}`], { env: envOf(server) });
    assert.equal(call.code, code, `call, ${status}`);
    assert.deepEqual(JSON.parse(call.stdout), { detail: "no" });
  }
});

scenario("an answer that breaks off is a failure, whatever came before", async ({ provider }) => {
  const server = await provider();
  server.answer(async (request, conn) => {
    if (request.json.model === "no-end") await conn.sendBody(200, "text/event-stream", `data: ${JSON.stringify(chatChunk({ content: "half" }))}\n\n`);
    else {
      await conn.beginStream();
      await conn.sendEvent(chatChunk({ content: "half" }));
      await (request.json.model === "cut" ? conn.send("5\r\nda") : conn.sendEvent({ error: { message: "it broke" } }));
    }
    conn.close();
  });
  for (const [model, told] of Object.entries({ "no-end": /ended early/, cut: /middle of the answer/, error: /it broke|middle of/ })) {
    const result = await cli(["chat", model, "hi"], { env: envOf(server) });
    assert.equal(result.code, 1, model);
    assert.equal(result.stdout, "half\n", model);
    assert.match(result.stderr, told);
  }
});

scenario("a server that is no gateway is told from one", async ({ provider }) => {
  const server = await provider();
  server.script(
    (conn) => conn.send("SSH-2.0-OpenSSH_9.2\r\n"),
    async (conn) => {
      await conn.request();
      conn.close();
    },
    async (conn) => {
      await conn.request();
      await conn.sendBody(200, "text/html", "<html>hello</html>");
    },
    async (conn) => {
      await conn.request();
      await conn.sendBody(200, "text/event-stream", "data: hello\n\n");
    },
  );
  for (const told of [/not HTTP/, /without an answer/, /no chat completion/, /no piece of a chat/]) {
    const result = await cli(["chat", "m", "hi"], { env: envOf(server) });
    assert.equal(result.code, 1);
    assert.match(result.stderr, told);
    assert.equal(result.stdout.trim(), "");
  }
});

scenario("what a stranger's server says cannot command the terminal", async ({ provider }) => {
  const server = await provider();
  server.answer((_, conn) => conn.sendJson(500, { error: { message: "\u001b]0;owned\u0007\u202e\r" } }));
  const result = await cli(["chat", "m", "hi"], { env: envOf(server) });
  assert.doesNotMatch(result.stderr, /[\u001b\u0007\u202e\r]/);
  assert.match(result.stderr, /owned/);
});

scenario("a conversation on a terminal remembers what was said", async ({ provider }) => {
  const server = await provider();
  let turn = 0;
  server.answer((_, conn) => {
    turn++;
    return turn === 2 ? conn.sendJson(500, { error: { message: "not now" } }) : conn.sendStream(chatChunks(`answer ${turn} \u001b[31m`));
  });
  const chat = new Cli(["chat", "m"], { env: envOf(server), onTerminal: true });
  await chat.says(/> $/);
  chat.type("one\n");
  await chat.says(/answer 1 .*\s+> $/);
  chat.type("two\n");
  await chat.says(/not now[^]*> $/);
  chat.type("three\n");
  await chat.says(/answer 3 .*\s+> $/);
  chat.type("\u0004");
  const result = await chat.end();
  assert.equal(result.code, 0);
  assert.doesNotMatch(result.stdout, /\u001b\[31m/);
  assert.deepEqual(server.requests.at(-1)?.json.messages, [
    { role: "user", content: "one" },
    { role: "assistant", content: "answer 1 \u001b[31m" },
    { role: "user", content: "three" },
  ]);
});

scenario("call prints the body byte for byte", async ({ provider }) => {
  const server = await provider();
  const bytes = Buffer.from([0, 1, 0xff, 0x1b, 0x0d, 0x0a, 0x80]);
  server.answer(async (request, conn) => {
    if (request.target === "/v1/whole") await conn.sendBody(200, "application/octet-stream", bytes, { "x-mine": "yes" });
    else if (request.target === "/v1/chunked") {
      await conn.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n");
      await conn.sendHead(200, { "transfer-encoding": "chunked" });
      for (const byte of bytes) await conn.sendChunk(Buffer.from([byte]));
      await conn.endChunks();
    } else {
      await conn.send("HTTP/1.0 200 OK\r\n\r\n");
      await conn.send(bytes);
      conn.close();
    }
  });
  for (const path of ["/whole", "/chunked", "/to-the-end"]) {
    const result = await cli(["call", "GET", path], { env: envOf(server) });
    assert.deepEqual(result.bytes, bytes, path);
    assert.equal(result.stderr, "");
    assert.equal(result.code, 0);
  }
  const shown = await cli(["call", "GET", "/whole", "-i"], { env: envOf(server) });
  assert.match(shown.stderr, /^HTTP\/1\.1 200 OK\ncontent-type: application\/octet-stream\n/);
  assert.match(shown.stderr, /\nx-mine: yes\n/);
});

scenario("call sends data from the command line, a file and standard input", async ({ provider }) => {
  const server = await provider();
  server.answer((_, conn) => conn.sendJson(200, {}));
  await inFolder({ "body.bin": Buffer.from([1, 2, 0xff]) }, async (cwd) => {
    const big = "x".repeat(3 << 20);
    for (const [data, input, body] of [["{}", "", "{}"], ["@body.bin", "", "\u0001\u0002\u00ff"], ["@-", big, big]] as const) {
      const result = await cli(["call", "POST", "/x", "-d", data], { env: envOf(server), cwd, input });
      assert.equal(result.code, 0, result.stderr);
      const request = server.requests.at(-1);
      assert.equal(request?.body.toString("latin1"), body);
      assert.equal(request?.headers.get("content-type"), "application/json");
    }
    const missing = await cli(["call", "POST", "/x", "-d", "@missing"], { env: envOf(server), cwd });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /missing/);
  });
  await cli(["call", "POST", "/x", "-d", "a=b", "-H", "Content-Type: text/plain", "-H", "Authorization: Basic x", "-H", "x-two:  2 "], { env: envOf(server) });
  const { headers } = server.requests.at(-1)!;
  assert.equal(headers.get("content-type"), "text/plain");
  assert.equal(headers.get("authorization"), "Basic x");
  assert.equal(headers.get("x-two"), "2");
});

test("call refuses what would not be HTTP", async () => {
  const env = { TB_URL: "http://127.0.0.1:1" };
  for (const args of [
    ["GET", "v1"], ["GET", "/a b"], ["GET", "/a\nb"], ["get", "/"], ["G T", "/"], ["GET", "/", "-H", "nothing"],
    ["GET", "/", "-H", "a b: c"], ["GET", "/", "-H", "a: b\r\nc: d"], ["GET", "/", "-H", "Content-Length: 1"], ["GET"], [],
  ]) {
    const result = await cli(["call", ...args], { env });
    assert.equal(result.code, 2, JSON.stringify(args));
    assert.match(result.stderr, /usage: throwbar call METHOD PATH/);
  }
});

scenario("an early refusal of a large body is shown, not a broken pipe", async ({ provider }) => {
  const server = await provider();
  server.script(async (conn) => {
    await conn.readHead();
    await conn.sendJson(413, { error: { message: "too large" } }, { connection: "close" });
    await conn.readToEnd();
  });
  const result = await cli(["call", "POST", "/x", "-d", "@-"], { env: envOf(server), input: "x".repeat(8 << 20) });
  assert.match(result.stdout, /too large/);
  assert.equal(result.code, 1);
});

scenario("TLS is verified, and TB_CA says whom to trust", async ({ provider }) => {
  const server = await provider({ tls: certificates().localhost });
  server.answer((_, conn) => conn.sendJson(200, { tls: true }));
  const trusted = await cli(["call", "GET", "/x"], { env: { ...envOf(server), TB_CA: certificates().ca.certFile } });
  assert.deepEqual(JSON.parse(trusted.stdout), { tls: true }, trusted.stderr);
  const untrusted = await cli(["call", "GET", "/x"], { env: envOf(server) });
  assert.equal(untrusted.code, 5);
  assert.match(untrusted.stderr, /certificate/);
  assert.match(untrusted.stderr, /TB_CA/);
});

test("nobody there: exit code 5, and how to start", async () => {
  const env = { TB_URL: `http://127.0.0.1:${await Provider.deadPort()}` };
  for (const args of [["chat", "m", "hi"], ["call", "GET", "/"]]) {
    const result = await cli(args, { env });
    assert.equal(result.code, 5);
    assert.match(result.stderr, /refused/);
    assert.match(result.stderr, /throwbar serve/);
    assert.equal(result.stdout, "");
  }
  assert.equal((await cli(["call", "GET", "/"], { env: { TB_URL: "http://no.such.host.invalid" } })).code, 5);
  const socket = join("/nonexistent", "socket");
  assert.equal((await cli(["call", "GET", "/"], { env: { TB_URL: `http+unix:${socket}` } })).code, 5);
  const nonsense = await cli(["call", "GET", "/"], { env: { TB_URL: "gopher://x" } });
  assert.notEqual(nonsense.code, 0);
  assert.match(nonsense.stderr, /gopher/);
});
