/* Any SDK reads the variants of any provider that vendors are known to send (translate/invented.ts). Here every field has
 * to be right. */

import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CLIENTS } from "./translate/clients.js";
import { compare, equal } from "./translate/compare.js";
import { INVENTED } from "./translate/invented.js";
import "./translate/invented_chat.js";
import "./translate/invented_errors.js";
import "./translate/invented_others.js";
import type { Dialect } from "./translate/recordings.js";
import { modelName, replaying } from "./translate/replay.js";

describe("clients of any dialect read what vendors make of theirs", () => {
  const over = replaying(INVENTED);
  for (const client of Object.keys(CLIENTS) as Dialect[]) {
    test(`${client} asks`, async () => {
      const wrong = await Promise.all(INVENTED.map(async (invented, index) => {
        if (invented.without.includes(client)) return [];
        const got = await CLIENTS[client](over.gateway.url, `${invented.dialect}/${modelName(index)}`, invented.isStream);
        return compare(invented, client, invented.wants, got).filter((field) => !equal(field)).map(({ name, wanted, got: seen }) =>
          `${client} asks ${invented.name}: ${name}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(seen)}`);
      }));
      assert.equal(wrong.flat().join("\n"), "");
    });
  }
});
