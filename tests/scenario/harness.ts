/* What a scenario needs, in one import.
 *
 *     scenario("a whole chat is relayed byte for byte", async ({ provider, throwbar }) => {
 *       const upstream = await provider();
 *       upstream.answer((request, conn) => conn.sendJson(200, { ... }));
 *       const gateway = await throwbar(config(upstream.url));
 *       const answer = await gateway.request({ body: { model: "up/gpt", messages: [] } });
 *       ...
 *     });
 *
 * The real binary runs against scripted providers on ports that the kernel chooses; test files run in parallel. What a
 * scenario starts is stopped when it ends, the gateway first: it must exit with 0 and without a sanitizer's report, and
 * no script may have failed. Nothing sleeps: wait for a log event, a metric, a byte or a latch. TB_TEST_TIMEOUT is the
 * only deadline. */

import { test } from "node:test";
import { Provider, type ProviderOptions } from "./harness/provider.js";
import { Throwbar, type StartOptions } from "./harness/throwbar.js";

export * from "./harness/client.js";
export * from "./harness/conn.js";
export * from "./harness/deadline.js";
export * from "./harness/dialects.js";
export * from "./harness/documents.js";
export * from "./harness/event_stream.js";
export * from "./harness/keys.js";
export * from "./harness/openai.js";
export * from "./harness/provider.js";
export * from "./harness/sigv4.js";
export * from "./harness/throwbar.js";
export { certificates } from "./harness/tls.js";

export interface Stage {
  provider(options?: ProviderOptions): Promise<Provider>;
  throwbar(config: string, options?: StartOptions): Promise<Throwbar>;
}

export function scenario(name: string, play: (stage: Stage) => Promise<void>): void {
  test(name, async () => {
    const providers: Provider[] = [];
    const servers: Throwbar[] = [];
    const failures: unknown[] = [];
    const attempt = async (step: () => Promise<void>) => {
      await step().catch((error: unknown) => failures.push(error));
    };
    await attempt(() => play({
      provider: async (options) => {
        const provider = await Provider.start(options);
        providers.push(provider);
        return provider;
      },
      throwbar: async (config, options) => {
        const server = await Throwbar.start(config, options);
        servers.push(server);
        return server;
      },
    }));
    for (const server of servers) await attempt(() => server.stop());
    for (const provider of providers) await attempt(() => provider.stop());
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("\n"));
  });
}

export interface ConfigParts {
  /** Lines below `server:`. */
  server?: string;
  /** Lines below the provider "up". */
  up?: string;
  /** Whole top-level sections. */
  more?: string;
  auth?: string;
}

function indent(text: string, by: number): string {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => " ".repeat(by) + line).join("\n");
}

/** A configuration with one provider "up" at this base URL, open to everybody on loopback. */
export function config(baseUrl: string, parts: ConfigParts = {}): string {
  return `version: 1
server:
  listen: 127.0.0.1:0
  admin: 127.0.0.1:0
  workers: 1
${indent(parts.server ?? "", 2)}
auth:
${indent(parts.auth ?? "mode: open", 2)}
  admin_key: \${env:TB_ADMIN_KEY}
providers:
  up:
    kind: openai
    base_url: ${baseUrl}
    api_key: \${env:UP_KEY}
${indent(parts.up ?? "", 4)}
${parts.more ?? ""}
`;
}
