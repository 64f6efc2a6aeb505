/* The SDKs' own types as a judge: a value is held against a TypeScript type at run time, by TypeScript's own checker.
 *
 * A fault is a member that the type does not know, or a value of another type. A member that a type requires and an answer
 * lacks is none: the types require much that the APIs themselves leave out. */

import { fileURLToPath } from "node:url";
import ts from "typescript";

/** Module, type, and the name it has here. */
const TYPES: [string, string, string][] = [
  ["@anthropic-ai/sdk/resources/messages", "Message", "anthropic"],
  ["@anthropic-ai/sdk/resources/messages", "RawMessageStreamEvent", "anthropicEvent"],
  ["@google/genai", "GenerateContentResponse", "gemini"],
  ["@aws-sdk/client-bedrock-runtime", "ConverseResponse", "bedrock"],
  ["@aws-sdk/client-bedrock-runtime", "ConverseStreamOutput", "bedrockEvent"],
  ["ollama", "ChatResponse", "ollama"],
];
/** Members that the APIs have and the types do not. */
const BEHIND: [RegExp, string][] = [
  [/^bedrock.*\.usage\.cacheDetails is unknown$/, "tokens written to the cache by how long they stay, newer than this SDK"],
  [/^ollama\.message\.tool_calls\[\]\.(id|function\.index) is unknown$/, "sent by the server, left out of its SDK's types"],
  [/^ollama\.logprobs\[\](\.top_logprobs\[\])?\.bytes is unknown$/, "sent by the server, left out of its SDK's types"],
];
/* Never written: it stands where the modules are found. */
const FILE = fileURLToPath(new URL("../../../sdk_types.virtual.ts", import.meta.url));
const SOURCE = TYPES.map(([module, type, name]) => `import type { ${type} as T_${name} } from "${module}";\nexport type ${name} = T_${name};\n`).join("");

let checker: ts.TypeChecker | undefined;
const types = new Map<string, ts.Type>();

function load(): ts.TypeChecker {
  if (checker) return checker;
  const options: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022,
    strict: true, skipLibCheck: true, noEmit: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) => name === FILE ? ts.createSourceFile(name, SOURCE, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === FILE || fileExists.call(host, name);
  host.readFile = (name) => name === FILE ? SOURCE : readFile.call(host, name);
  const program = ts.createProgram([FILE], options, host);
  checker = program.getTypeChecker();
  const source = program.getSourceFile(FILE)!;
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)) types.set(symbol.name, checker.getDeclaredTypeOfSymbol(symbol));
  return checker;
}

/** Of several forms the one that comes nearest: it is at least of this kind, and has this type. */
function best(lists: string[][], path: string): string[] {
  const isOther = (fault: string) => fault.startsWith(`${path} `) || fault.startsWith(`${path}.type `) || fault.includes(" is not undefined: ");
  const weight = (list: string[]) => list.reduce((sum, fault) => sum + (isOther(fault) ? 1000 : 1), 0);
  return lists.reduce((least, list) => (weight(list) < weight(least) ? list : least));
}

function object(of: ts.TypeChecker, type: ts.Type, value: Record<string, unknown>, path: string): string[] {
  const index = of.getIndexInfoOfType(type, ts.IndexKind.String);
  return Object.entries(value).flatMap(([key, member]) => {
    const symbol = of.getPropertyOfType(type, key);
    if (symbol) return against(of, of.getTypeOfSymbol(symbol), member, `${path}.${key}`);
    return index ? against(of, index.type, member, `${path}.*`) : [`${path}.${key} is unknown`];
  });
}

function against(of: ts.TypeChecker, type: ts.Type, value: unknown, path: string): string[] {
  const is = (flags: ts.TypeFlags) => (type.flags & flags) !== 0;
  const wrong = [`${path} is not ${of.typeToString(type).slice(0, 80)}: ${JSON.stringify(value)?.slice(0, 60)}`];
  if (is(ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return [];
  if (type.isUnion()) return best(type.types.map((one) => against(of, one, value, path)), path);
  if (type.isIntersection() && type.types.some((one) => (one.flags & ts.TypeFlags.String) !== 0)) return typeof value === "string" ? [] : wrong;
  if (type.isIntersection()) return object(of, type, Object(value), path);
  if (is(ts.TypeFlags.Null)) return value === null ? [] : wrong;
  if (type.isStringLiteral() || type.isNumberLiteral()) return value === type.value ? [] : wrong;
  if (is(ts.TypeFlags.BooleanLiteral)) return String(value) === of.typeToString(type) ? [] : wrong;
  if (is(ts.TypeFlags.StringLike)) return typeof value === "string" ? [] : wrong;
  if (is(ts.TypeFlags.NumberLike)) return typeof value === "number" ? [] : wrong;
  if (is(ts.TypeFlags.BooleanLike)) return typeof value === "boolean" ? [] : wrong;
  if (!is(ts.TypeFlags.Object | ts.TypeFlags.NonPrimitive)) return wrong;
  if (/^(Date|Uint8Array)\b/.test(of.typeToString(type))) return typeof value === "string" ? [] : wrong; // read from text by the SDK
  if (of.isArrayType(type)) {
    const [item] = of.getTypeArguments(type as ts.TypeReference);
    return Array.isArray(value) ? value.flatMap((one) => against(of, item!, one, `${path}[]`)) : wrong;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? object(of, type, value as Record<string, unknown>, path) : wrong;
}

/** What a value has that this type does not allow. */
export function typeFaults(name: string, value: unknown): string[] {
  return faultsOf(name, value).filter((fault) => !BEHIND.some(([known]) => known.test(fault)));
}

function faultsOf(name: string, value: unknown): string[] {
  const of = load();
  const type = types.get(name);
  if (!type) throw new Error(`no type ${name}`);
  return against(of, type, value, name);
}
