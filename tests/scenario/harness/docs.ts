/* The documentation as a test reads it: pages, fenced blocks, and a page's blocks as one shell script.
 *
 * A page is done in order by one shell in an empty folder, as its reader would: a yaml block is checked, and kept under
 * the file name of its first comment line; sh blocks are run line by line. A line's exit code must be 0, or what its
 * comment `# exit code N` says. Ports and system folders are replaced by the test's own. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { certificates } from "./tls.js";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");

export interface Block {
  language: string;
  text: string;
  /** Line of its first line in the page. */
  line: number;
}

export interface Page {
  /** "docs/guide/keys.md" */
  name: string;
  text: string;
  blocks: Block[];
}

/** Lines that a test cannot run, each with its reason. */
export const CANNOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^make\b/, "builds this tree"],
  [/^(sudo|journalctl|certbot) /, "changes or reads the machine's services"],
  [/tb-(demo|admin)-\.\.\./, "stands for a key that the demo prints"],
  [/^throwbar chat fast /, "asks OpenAI"],
  [/^(jq|grep) .* throwbar\.log/, "reads the log of requests that nobody made here"],
];

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  text.split("\n").forEach((line, at) => {
    const fence = /^```(\w*)/.exec(line);
    if (!fence) {
      if (open) open.text += `${line}\n`;
    } else if (open) {
      blocks.push(open);
      open = undefined;
    } else {
      open = { language: fence[1] ?? "", text: "", line: at + 2 };
    }
  });
  return blocks;
}

function markdownFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? markdownFiles(path) : path.endsWith(".md") ? [path] : [];
  });
}

export function pages(): Page[] {
  return [join(ROOT, "README.md"), ...markdownFiles(join(ROOT, "docs")).sort()].map((path) => {
    const text = readFileSync(path, "utf8");
    return { name: relative(ROOT, path), text, blocks: blocksOf(text) };
  });
}

/* ---- commands ---- */

export interface Command {
  text: string;
  line: number;
  exitCode: number;
  /** Why it is not run. */
  skipped?: string;
}

/** Lines of a shell block, those that a backslash continues joined. */
export function commands(block: Block): Command[] {
  const found: Command[] = [];
  let text = "";
  block.text.split("\n").forEach((line, at) => {
    text += line;
    if (line.endsWith("\\")) {
      text += "\n";
      return;
    }
    const bare = text.trim();
    text = "";
    if (bare === "" || bare.startsWith("#")) return;
    const exitCode = Number(/# exit code (\d+)$/.exec(bare)?.[1] ?? "0");
    const reason = CANNOT_RUN.find(([pattern]) => pattern.test(bare))?.[1];
    found.push({ text: bare, line: block.line + at, exitCode, ...(reason ? { skipped: reason } : {}) });
  });
  return found;
}

/* ---- the page as a script ---- */

/** A free port outside of the range from which the kernel takes the other tests'. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const server = createServer();
    const isFree = await new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
    if (isFree) return port;
  }
}

export interface Place {
  dir: string;
  /** What 8080, 8081 and 8443 stand for. */
  ports: Record<"8080" | "8081" | "8443", number>;
}

const SYSTEM_PATH = /\/(?:etc|run|var\/log|var\/lib)\/[\w.\/-]*\w/g;

function localise(text: string, place: Place): string {
  return text
    .replace(/\b(127\.0\.0\.1|0\.0\.0\.0):(8080|8081|8443)\b/g,
      (_, host: string, port: keyof Place["ports"]) => `${host}:${place.ports[port]}`)
    .replace(SYSTEM_PATH, (path) => place.dir + path);
}

/** Makes the files of the system that a block names. */
function makeFiles(block: Block, place: Place): void {
  for (const [path] of block.text.matchAll(SYSTEM_PATH)) {
    const file = place.dir + path;
    const { ca, localhost } = certificates();
    mkdirSync(dirname(file), { recursive: true });
    const isKey = file.endsWith(".key") || /\/key[^/]*\.pem$/.test(file);
    const pem = /ca\.pem$/.test(file) ? ca.cert : isKey ? localhost.key : localhost.cert;
    writeFileSync(file, /\.(pem|key)$/.test(file) ? pem : "secret-of-a-file\n");
  }
}

const PROLOGUE = `
check() { # LINE EXPECTED ACTUAL
    [ "$3" = "$2" ] || { echo "$PAGE:$1: exit code $3 in place of $2" >&2; exit 1; }
}
stop_gateway() { # the one that runs for pages that start none
    kill "$GATEWAY" 2>/dev/null
    while kill -0 "$GATEWAY" 2>/dev/null; do sleep 0.02; done
}
await_start() {
    until TB_URL= throwbar call GET /readyz --admin >/dev/null 2>&1; do
        kill -0 $! || exit 1
        sleep 0.02
    done
}
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
`;

function step(line: number, exitCode: number, text: string): string {
  return `{ ${text}\n}; check ${line} ${exitCode} $?\n`;
}

function shellSteps(block: Block, place: Place): string {
  let script = "";
  for (const { text, line, exitCode } of commands(block).filter(({ skipped }) => !skipped)) {
    const isServer = /^throwbar serve\b.*&$/.test(text);
    if (isServer) script += "stop_gateway\n";
    script += step(line, exitCode, localise(text, place));
    if (isServer) script += "await_start\n";
    if (text === "throwbar drain") script += "wait\n";
  }
  return script;
}

function yamlSteps(block: Block, place: Place, file: string): string {
  writeFileSync(file, localise(block.text, place));
  const name = /^# (?:\S*\/)?([\w.-]+\.yaml)\n/.exec(block.text)?.[1];
  const variables = [...block.text.matchAll(/\$\{env:(\w+)/g)].map(([, variable = ""]) => {
    const value = variable.endsWith("HASH") ? `sha256:${"9f".repeat(32)}` : `value-of-${variable}`;
    return `export ${variable}="\${${variable}:-${value}}"\n`;
  });
  return variables.join("") + step(block.line, 0, `throwbar check -c ${file}`) + (name ? `cp ${file} ${name}\n` : "");
}

/** Everything on a page that can be run, as a script for bash. `moduleDir` is where node finds the SDK. */
export function script(page: Page, place: Place, moduleDir: string, hasPython: boolean): string {
  let text = PROLOGUE;
  page.blocks.forEach((block, at) => {
    const file = join(place.dir, `block-${at}`);
    if (block.language === "sh" || block.language === "yaml") makeFiles(block, place);
    if (block.language === "sh") {
      text += shellSteps(block, place);
    } else if (block.language === "yaml") {
      text += yamlSteps(block, place, `${file}.yaml`);
    } else if (block.language === "js") {
      const module = join(moduleDir, `block-${at}.mjs`);
      writeFileSync(module, localise(block.text, place));
      text += step(block.line, 0, `node --check ${module} && node ${module}`);
    } else if (block.language === "python" && hasPython) {
      writeFileSync(`${file}.py`, block.text);
      text += step(block.line, 0, `python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' ${file}.py`);
    }
  });
  return text;
}
