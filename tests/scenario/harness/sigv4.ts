/* Signatures of AWS (version 4), computed again from what arrived, by an implementation of their own. */

import * as assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import type { Request } from "./provider.js";

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The signature that AWS would compute for what arrived. */
export function expectSigned(request: Request, secret: string, scope: string): void {
  const authorization = request.headers.get("authorization") ?? "";
  const match = /^AWS4-HMAC-SHA256 Credential=\w+\/(\d{8})\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(authorization);
  assert.ok(match, authorization);
  const [, date = "", where = "", names = "", signature] = match;
  assert.equal(where, `${scope}/aws4_request`);
  const [path = "", query = ""] = request.target.split("?");
  const canonical = [
    request.method,
    path.split("/").map((part) => encodeURIComponent(part)).join("/"),
    query,
    ...names.split(";").map((name) => `${name}:${request.headers.get(name)}`),
    "",
    names,
    sha256(request.body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", request.headers.get("x-amz-date"), `${date}/${where}`, sha256(canonical)].join("\n");
  const key = `${date}/${where}`.split("/").reduce<string | Buffer>((k, part) => hmac(k, part), `AWS4${secret}`);
  assert.equal(hmac(key, text).toString("hex"), signature);
}
