/* OpenAI's own description of its API as a judge: what the gateway writes in OpenAI's words must be valid by it.
 *
 * The description is a document of its own, read in place through THROWBAR_VECTORS. It is stricter than what OpenAI
 * itself answers in a few places; those stand in TOO_STRICT, each with its reason, and count as valid. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { parse } from "yaml";

const FILE = join(process.env["THROWBAR_VECTORS"] ?? "", "openai-openapi/openapi.yaml");
export const HAS_SCHEMA = existsSync(FILE);

interface Exception {
  schema: RegExp;
  /** Path in the document and what is said of it. */
  error: RegExp;
  reason: string;
}
export const TOO_STRICT: Exception[] = [
  { schema: /^CreateCompletionResponse$/, error: /^\/choices\/\*\/finish_reason .* got null$/,
    reason: "a chunk of OpenAI's own streams has null until the last one; the schema is that of whole answers" },
  { schema: /./, error: /annotations?(\/\*)?(\/url_citation)?\/url must match format "uri"/, reason: "a citation's address is passed on as its provider wrote it" },
  { schema: /^Response(FailedEvent)?$/, error: /\/error\/code .* got "(context_length_exceeded|insufficient_quota)"$/,
    reason: "OpenAI sends these two, and its own clients look for them" },
];

/* "nullable" is of OpenAPI 3.0, and still stands in many places of a document of 3.1. And of the forms under "oneOf" several
 * may fit one document: an input message is also an easy one. */
function modern(node: any): any {
  if (Array.isArray(node)) return node.map(modern);
  if (typeof node !== "object" || node === null) return node;
  const { nullable, ...rest } = node;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key === "oneOf" ? "anyOf" : key, modern(value)]));
  return nullable === true ? { anyOf: [copy, { type: "null" }] } : copy;
}

let ajv: Ajv2020 | undefined;
let schemas: Record<string, any> = {};
const eventSchemas = new Map<string, string>();
const compiled = new Map<string, ValidateFunction>();

function load(): Ajv2020 {
  if (ajv) return ajv;
  const document = parse(readFileSync(FILE, "utf8"), { maxAliasCount: -1 });
  schemas = document.components.schemas;
  for (const { $ref } of schemas["ResponseStreamEvent"].anyOf) {
    const name = $ref.split("/").at(-1);
    const part = schemas[name].properties ?? schemas[name].allOf?.find((one: any) => one.properties?.type)?.properties;
    for (const type of part.type.enum ?? [part.type.const]) eventSchemas.set(type, name);
  }
  ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true });
  formats.default(ajv);
  ajv.addFormat("unixtime", { type: "number", validate: Number.isInteger });
  ajv.addSchema({ $id: "openai", components: { schemas: modern(schemas) } });
  return ajv;
}

function validator(schema: string): ValidateFunction {
  let found = compiled.get(schema);
  if (!found) {
    found = load().compile({ $ref: `openai#/components/schemas/${schema}` });
    compiled.set(schema, found);
  }
  return found;
}

function said({ instancePath, message, keyword, params, data }: ErrorObject): string {
  const value = typeof data === "object" && data !== null ? "" : ` got ${JSON.stringify(data)?.slice(0, 80)}`;
  const wanted = keyword === "enum" ? "" : ` ${JSON.stringify(params)}`;
  return `${instancePath.replace(/\/\d+/g, "/*")} ${message}${wanted}${value}`;
}

/** Where several forms are allowed, all of them complain: what tells most is said of the deepest place, less that it is another form. */
function telling(errors: ErrorObject[]): ErrorObject[] {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split("/").length;
  const rest = errors.filter(({ keyword, instancePath }) => keyword !== "oneOf" && keyword !== "anyOf" && !(keyword === "enum" && instancePath.endsWith("/type")));
  const deepest = Math.max(...rest.map(depth));
  return rest.length > 0 ? rest.filter((error) => depth(error) === deepest) : errors;
}

/** What is wrong with a document by this schema, once for each kind of fault; empty: nothing. */
export function faults(schema: string, document: unknown): string[] {
  const validate = validator(schema);
  if (validate(document)) return [];
  const wrong = [...new Set(telling(validate.errors!).map(said))];
  return wrong.filter((fault) => !TOO_STRICT.some(({ schema: of, error }) => of.test(schema) && error.test(fault)));
}

/** The same for an event of a Responses stream. */
export function eventFaults(event: any): string[] {
  load();
  const schema = eventSchemas.get(event.type);
  return schema ? faults(schema, event) : [`no such event: ${event.type}`];
}
