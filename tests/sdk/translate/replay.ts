/* A provider that replays recordings: the model's name says which, whatever the dialect writes it into. */

import { after, before } from "node:test";
import { Provider, Throwbar, type ProviderConn } from "../../scenario/harness.js";
import type { Recording } from "./recordings.js";

export function modelName(index: number): string {
  return `m${index}x`;
}

/** What the SDKs take as their base URL, less a version. */
export function root(provider: Provider): string {
  return provider.url.replace(/\/v1$/, "");
}

/** Sends a stream in pieces that end anywhere: the sizes come from a small generator, the same in every run. */
async function sendInPieces(conn: ProviderConn, body: Buffer, seed: number): Promise<void> {
  for (let at = 0; at < body.length;) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const n = 1 + ((seed >>> 8) % 6000);
    await conn.sendChunk(body.subarray(at, at + n));
    at += n;
  }
  await conn.endChunks();
}

async function startReplay(all: Recording[]): Promise<Provider> {
  return (await Provider.start()).script(async (conn) => {
    for (let request = await conn.nextRequest(); request; request = await conn.nextRequest()) {
      const named = request.body.length > 0 ? request.json.model : undefined;
      const index = Number(/\bm(\d+)x\b/.exec(named ?? request.target)?.[1]);
      const recording = all[index];
      if (!recording) throw new Error(`no recording for ${request.target}`);
      if (!recording.isStream) {
        await conn.sendBody(recording.status, recording.type, recording.body, recording.headers);
        continue;
      }
      await conn.sendHead(recording.status, { "content-type": recording.type, "transfer-encoding": "chunked", ...recording.headers });
      await sendInPieces(conn, recording.body, index + 1);
    }
  });
}

/** One provider of the gateway for each dialect, all at the same address. */
export function gatewayConfig(base: string): string {
  const provider = (id: string, kind: string, url: string) => `  ${id}: {kind: ${kind}, base_url: "${url}", api_key: "\${env:UP_KEY}"}`;
  return `version: 1
server: {listen: "127.0.0.1:0", admin: "127.0.0.1:0", workers: 1}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
providers:
${provider("openai", "openai-chat", `${base}/v1`)}
${provider("responses", "openai-responses", `${base}/v1`)}
${provider("anthropic", "anthropic", base)}
${provider("gemini", "gemini", base)}
${provider("bedrock", "bedrock", base)}
${provider("cohere", "cohere", base)}
${provider("ollama", "ollama", base)}
`;
}

/** Such a provider and a gateway in front of it, for the tests of the suite that this is called in. */
export function replaying(all: Recording[]): { readonly provider: Provider; readonly gateway: Throwbar } {
  const both = {} as { provider: Provider; gateway: Throwbar };
  before(async () => {
    both.provider = await startReplay(all);
    both.gateway = await Throwbar.start(gatewayConfig(root(both.provider)));
  });
  after(async () => {
    await both.gateway?.stop();
    await both.provider?.stop();
  });
  return both;
}
