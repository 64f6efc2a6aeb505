/* What the scripted model does in each turn of a conversation, whoever's model it is. */

export type Kind = "anthropic" | "responses" | "openai" | "gemini" | "bedrock" | "cohere" | "ollama";

export const MODELS: Record<Kind, string> = {
  anthropic: "claude-sonnet-4-5", bedrock: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", responses: "gpt-5.2", openai: "kimi-k2-thinking",
  gemini: "gemini-3-pro-preview", cohere: "command-a-reasoning-08-2025", ollama: "gpt-oss:20b",
};

export interface Call {
  /** Empty where the provider gives none. */
  id: string;
  name: string;
  args: Record<string, unknown>;
}

export interface Step {
  turn: number;
  thought: string;
  /** What a provider seals: its own, and for no other to see. */
  seal: string;
  /** A thought that is only there as a seal; empty: none. */
  redacted: string;
  calls: Call[];
  text: string;
}

export const TURNS = 10;

/** A picture that some results hold: white, one pixel. */
export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEANl9ngAAAAABJRU5ErkJggg==";

/* Ollama has no ids, Gemini's older models neither. */
const IDS: Record<Kind, (turn: number, i: number, name: string) => string> = {
  anthropic: (turn, i) => `toolu_01${turn}x${i}`, bedrock: (turn, i) => `tooluse_${turn}x${i}`, responses: (turn, i) => `call_${turn}x${i}`,
  openai: (turn, i, name) => (turn === 2 ? `functions.${name}:${i}` : `call_${turn}x${i}`), // as Kimi writes them
  gemini: (turn, i) => (turn % 2 === 0 ? `fc${turn}x${i}` : ""), cohere: (turn, i, name) => `${name}_${turn}x${i}`, ollama: () => "",
};

function sealed(kind: Kind, what: string, turn: number): string {
  return Buffer.from(`${what} of ${kind} ${turn}`).toString("base64");
}

/** Reasoning and a call or two in every turn, a patch now and then, and words at the end. */
export function step(kind: Kind, turn: number, hasPatch: boolean): Step {
  const call = (i: number, name: string, args: Record<string, unknown>) => ({ id: IDS[kind](turn, i, name), name, args });
  const calls = [call(0, "read_file", { path: `src/f${turn}.c` })];
  if (turn % 2 === 1) calls.push(call(1, "grep", { pattern: "x+", flags: ["-n", "-i"], depth: turn }));
  if (hasPatch && turn % 3 === 2) calls.push(call(2, "apply_patch", { input: `*** Begin "${turn}"\n+line\n` }));
  const isLast = turn === TURNS - 1, hides = (kind === "anthropic" || kind === "bedrock") && turn % 4 === 1;
  return {
    turn, thought: `Turn ${turn}: what next?`, seal: sealed(kind, "seal", turn), redacted: hides ? sealed(kind, "secret", turn) : "",
    calls: isLast ? [] : calls, text: isLast ? "All done." : turn === 6 ? "Nearly there." : "",
  };
}

/** What the tool says; `hasPicture` where it is more than text. */
export function result(name: string, turn: number): { text: string; hasPicture: boolean } {
  return { text: `result of ${name} in turn ${turn}`, hasPicture: name === "read_file" && turn % 4 === 2 };
}

/** Whether the turn is asked for as a stream. */
export function isStreamed(turn: number): boolean {
  return turn % 3 !== 1;
}
