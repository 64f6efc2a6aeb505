/* Gateway keys, made as docs describe them and not by the code under test: tb-<id>-<43 random digits><checksum>. */

import { createHash, randomInt } from "node:crypto";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

export interface GatewayKey {
  text: string;
  /** What goes into secret_hash. */
  hash: string;
}

export function gatewayKey(id: string): GatewayKey {
  let text = `tb-${id}-`;
  for (let i = 0; i < 43; i++) text += DIGITS[randomInt(62)];
  let checksum = "";
  for (let crc = crc32(text), i = 0; i < 6; i++, crc = Math.floor(crc / 62)) checksum = DIGITS[crc % 62] + checksum;
  text += checksum;
  return { text, hash: `sha256:${createHash("sha256").update(text).digest("hex")}` };
}
