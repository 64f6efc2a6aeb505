/* What an application gets out of its SDK, in terms that all of them share: the fields that are compared. */

/** "refused": an end like any other, whose text is the refusal. */
export type Finish = "stop" | "refused" | "length" | "tool" | "filter" | "none" | string;

export interface Call {
  name: string;
  args: unknown;
}

export interface Seen {
  text: string;
  reasoning: string;
  calls: Call[];
  finish: Finish;
  /** Counts as a whole: input with what was cached, output with the reasoning; undefined where nothing was said. */
  input: number | undefined;
  output: number | undefined;
  cached: number | undefined;
  reasoningTokens: number | undefined;
  /** The SDK's class and the status, or "stream" for an error in the middle. */
  error: { name: string; status: number | "stream" } | undefined;
}

export function nothing(): Seen {
  return {
    text: "", reasoning: "", calls: [], finish: "none", input: undefined, output: undefined, cached: undefined,
    reasoningTokens: undefined, error: undefined,
  };
}

/** Arguments as JSON; text that is none stays text, and what some vendors send as an object is one. */
export function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text ?? {};
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function sum(...counts: (number | undefined | null)[]): number | undefined {
  const known = counts.filter((n): n is number => typeof n === "number");
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
}

export function count(n: unknown): number | undefined {
  return typeof n === "number" ? n : undefined;
}
