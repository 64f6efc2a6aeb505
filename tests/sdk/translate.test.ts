/* Any SDK, any provider: what a client reads through the gateway is what the provider's own SDK reads without it.
 *
 * A fake provider replays each recording, the streams cut anywhere. The provider's own SDK reads it directly: that is
 * the truth. Then the SDK of every dialect asks the gateway for the same model, and each field of what it sees is
 * compared: text, reasoning, calls, the end, the counts, the error. translate/compare.ts says what a dialect has no
 * place for. A pair of client and provider has to agree in 99 of 100 fields; what differs is listed either way. */

import * as assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anthropicStream, CLIENTS, type Ask } from "./translate/clients.js";
import { compare, equal } from "./translate/compare.js";
import { allOf } from "./translate/faults.js";
import { recordings, shortName, type Dialect, type Recording } from "./translate/recordings.js";
import { modelName, replaying, root } from "./translate/replay.js";
import type { Seen } from "./translate/seen.js";
import { VERCEL } from "./translate/vercel.js";

const ENOUGH = 0.99;
const ALL = recordings();
const DIALECTS = Object.keys(CLIENTS) as Dialect[];

/* Vercel's provider for chat completions reads OpenAI's own members, and those know no text of reasoning. */
const VERCEL_OMITS: Partial<Record<Dialect, string[]>> = { openai: ["reasoning"] };
/* A refusal counts as filtered there, whichever way it is said. */
const NOT_VERCEL = /refused/;

interface Client {
  dialect: Dialect;
  ask: Ask;
  /** Fields that it does not read. */
  omits?: string[] | undefined;
}

function indices(wanted: (recording: Recording) => boolean): number[] {
  return ALL.flatMap((recording, index) => (wanted(recording) ? [index] : []));
}

let over: ReturnType<typeof replaying>;
const truths: Promise<Seen>[] = [];

/** The truth about a recording, read once. */
function truth(index: number, recording: Recording): Promise<Seen> {
  return (truths[index] ??= CLIENTS[recording.dialect](root(over.provider), modelName(index), recording.isStream));
}

interface Score {
  fields: number;
  wrong: string[];
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 200);
}

async function score(client: Client, chosen: number[]): Promise<Score> {
  const total: Score = { fields: 0, wrong: [] };
  await allOf(chosen, async (index) => {
    const recording = ALL[index]!;
    const wanted = await truth(index, recording);
    const got = await client.ask(over.gateway.url, `${recording.dialect}/${modelName(index)}`, recording.isStream);
    for (const field of compare(recording, client.dialect, wanted, got)) {
      if (client.omits?.includes(field.name)) continue;
      total.fields++;
      if (!equal(field)) total.wrong.push(`${shortName(recording)} ${field.name}: wanted ${show(field.wanted)}, got ${show(field.got)}`);
    }
  });
  return total;
}

function judge(t: { diagnostic(message: string): void }, name: string, { fields, wrong }: Score): void {
  const share = fields === 0 ? 1 : (fields - wrong.length) / fields;
  t.diagnostic(`${name}: ${(100 * share).toFixed(2)} % of ${fields} fields`);
  for (const line of wrong.sort()) t.diagnostic(line);
  assert.ok(share >= ENOUGH, `${name}: ${(100 * share).toFixed(2)} %\n${wrong.join("\n")}`);
}

describe("clients of any dialect read what the provider says", { skip: ALL.length === 0 && "no recordings (THROWBAR_FIXTURES)" }, () => {
  over = replaying(ALL);
  for (const dialect of DIALECTS) {
    const chosen = indices((recording) => recording.dialect === dialect);
    for (const client of DIALECTS) {
      const name = `${client} asks ${dialect}`;
      test(name, async (t) => judge(t, name, await score({ dialect: client, ask: CLIENTS[client] }, chosen)));
    }
  }
  test("the accumulator of Anthropic's SDK takes the gateway's streams", async (t) => {
    const chosen = indices((recording) => recording.isStream && recording.dialect !== "anthropic");
    judge(t, "anthropic's accumulator", await score({ dialect: "anthropic", ask: anthropicStream }, chosen));
  });
  for (const [dialect, ask] of Object.entries(VERCEL) as [Dialect, Ask][]) {
    test(`Vercel's SDK asks for ${dialect} from providers of other dialects`, async (t) => {
      const chosen = indices((recording) => recording.dialect !== dialect && recording.status < 400 && !NOT_VERCEL.test(recording.name));
      judge(t, `vercel ${dialect}`, await score({ dialect, ask, omits: VERCEL_OMITS[dialect] }, chosen));
    });
  }
});
