/* A set of requests with their wanted verdicts, kept outside of the tree as JSON lines (id, expect, raw_hex): the file
 * http1-framing/payloads.jsonl in the folder THROWBAR_VECTORS. Skipped where there is none.
 *
 *   accept             answered, at most one request at the provider
 *   reject             4xx or 5xx, then close, and nothing at the provider
 *   either-consistent  either of the two, but at most one request at the provider */

import * as assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { join } from "node:path";
import { chatBody, ClientConn, config, scenario, type Conn } from "./harness.js";

interface Payload {
  id: string;
  expect: "accept" | "reject" | "either-consistent";
  raw_hex: string;
}

const FILE = join(process.env["THROWBAR_VECTORS"] ?? "vectors", "http1-framing/payloads.jsonl");

/** Everything the gateway says to these bytes until it closes; the client ends its side first. */
async function answersTo(conn: Conn, raw: Buffer): Promise<{ statuses: number[]; closed: boolean }> {
  await conn.send(raw);
  await conn.halfClose();
  const { bytes } = await conn.readToEnd();
  const text = bytes.toString("latin1");
  const statuses = [...text.matchAll(/^HTTP\/1\.1 ([2-5]\d\d) /gm)].map((m) => Number(m[1]));
  return { statuses, closed: /^connection: close\r$/im.test(text) };
}

if (!existsSync(FILE)) {
  test("request framing", { skip: `no ${FILE}` }, () => {});
} else {
  const payloads = readFileSync(FILE, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Payload);
  scenario(`request framing: ${payloads.length} verdicts`, async ({ provider, throwbar }) => {
    const upstream = await provider();
    upstream.answer((_, conn) => conn.sendJson(200, chatBody("ok")));
    const gateway = await throwbar(config(upstream.url));
    const wrong: string[] = [];
    for (const { id, expect, raw_hex } of payloads) {
      const before = upstream.requests.length;
      const conn = await ClientConn.connect(gateway.addr);
      const { statuses, closed } = await answersTo(conn, Buffer.from(raw_hex, "hex"));
      conn.close();
      const forwarded = upstream.requests.length - before;
      const isRejected = statuses.length === 1 && (statuses[0] ?? 0) >= 400 && closed && forwarded === 0;
      const isAccepted = statuses.length >= 1 && forwarded <= 1;
      const isFine = expect === "reject" ? isRejected : expect === "accept" ? isAccepted : isRejected || forwarded <= 1;
      if (!isFine) wrong.push(`${id}: wanted ${expect}, got ${statuses.join(",") || "nothing"}, closed ${closed}, ${forwarded} forwarded`);
    }
    assert.deepEqual(wrong, []);
  });
}
