/* Credentials that the gateway fetches: one flight for all, renewal before the end and after a refusal, failures that
 * name their cause, and what signs or carries them at the provider. Tokens come from fake servers of the same kind as
 * the provider; signatures are checked by an implementation of their own. */

import * as assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { join } from "node:path";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { CHAT, Latch, certificates, chatBody, expectSigned, run, scenario, type Provider, type Request } from "./harness.js";

const SERVER = `version: 1
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:0, workers: 2}
auth: {mode: open, admin_key: "\${env:TB_ADMIN_KEY}"}
observability: {log: {format: json, level: debug}}
`;

/** A provider of OpenAI's kind behind OAuth. */
function oauthConfig(upstream: Provider, tokens: Provider, more = ""): string {
  return `${SERVER}providers:
  up:
    kind: openai
    base_url: ${upstream.url}
    timeouts: {first_byte: 5s}
    oauth: {token_url: "${origin(tokens)}/token", client_id: gateway, client_secret: s3cr3t, scope: models${more}}
`;
}

function origin(server: Provider): string {
  return server.url.slice(0, -"/v1".length);
}

/** Answers with token-1, token-2 and so on. */
function serveTokens(server: Provider, life: number): void {
  server.answer((_, conn) => conn.sendJson(200,
    { access_token: `token-${server.requests.length}`, token_type: "Bearer", expires_in: life }));
}

function serveChat(upstream: Provider): void {
  upstream.answer((_, conn) => conn.sendJson(200, chatBody("hi")));
}

function bearer(request: Request | undefined): string | undefined {
  return request?.headers.get("authorization");
}

scenario("one token request serves all requests of all workers", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3600);
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  assert.equal(tokens.requests.length, 0, "nothing is fetched before it is needed");
  const answers = await Promise.all(Array.from({ length: 24 }, () => gateway.request({ body: CHAT })));
  assert.ok(answers.every((answer) => answer.status === 200), answers.map((a) => a.text).join("\n"));
  assert.equal(tokens.requests.length, 1);
  assert.equal(bearer(tokens.requests[0]), `Basic ${Buffer.from("gateway:s3cr3t").toString("base64")}`);
  assert.equal(tokens.requests[0]!.body.toString(), "grant_type=client_credentials&scope=models");
  assert.deepEqual(new Set(upstream.requests.map(bearer)), new Set(["Bearer token-1"]));
  assert.ok(!gateway.log.includes("token-1") && !gateway.log.includes("s3cr3t"), "secrets stay out of the log");
});

scenario("a token is renewed before its end, without a request", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  const renewed = new Latch<void>();
  tokens.answer((_, conn) => {
    if (tokens.requests.length === 2) renewed.open();
    return conn.sendJson(200, { access_token: `token-${tokens.requests.length}`, expires_in: "2" });
  });
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  await renewed.wait("the second token request");
  await gateway.waitForEvent((e) => e.event === "credential_fetched" && gateway.events.indexOf(e) > 0 &&
    gateway.events.filter((f) => f.event === "credential_fetched").length >= 2, "the second token");
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.notEqual(bearer(upstream.requests[1]), "Bearer token-1");
});

scenario("a refused token is renewed once, and the request sent again", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3600);
  let refused = "Bearer token-1";
  upstream.answer((request, conn) => bearer(request) === refused || refused === "all"
    ? conn.sendJson(401, { error: { message: "expired token", type: "invalid_request_error", code: "invalid_api_key" } })
    : conn.sendJson(200, chatBody("hi")));
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.deepEqual(upstream.requests.map(bearer), ["Bearer token-1", "Bearer token-2"]);
  refused = "all";
  const answer = await gateway.request({ body: CHAT });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.error.code, "upstream_auth");
  await gateway.request({ body: CHAT });
  assert.equal(tokens.requests.length, 2, "no more than one forced renewal a minute");
});

scenario("a token server's refusal is named, and its recovery noticed", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  let isUp = false;
  tokens.answer((_, conn) => isUp
    ? conn.sendJson(200, { access_token: "late", expires_in: 3600 })
    : conn.sendJson(401, { error: "invalid_client", error_description: "secret expired" }));
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  const answer = await gateway.request({ body: CHAT });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.error.code, "upstream_auth");
  assert.equal(answer.json.error.gateway.code, "TB-4011");
  assert.match(answer.json.error.message, /"up".*token endpoint.*401.*invalid_client: secret expired/);
  assert.equal(upstream.requests.length, 0, "a request without a credential is not sent");
  const event = await gateway.waitForEvent((e) => e.event === "credential_failed");
  assert.match(event["error"], /secret expired/);
  isUp = true;
  await gateway.waitForEvent((e) => e.event === "credential_fetched", "the next attempt");
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.equal(bearer(upstream.requests[0]), "Bearer late");
});

scenario("while the renewal fails the old token is used", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  tokens.answer((_, conn) => tokens.requests.length === 1
    ? conn.sendJson(200, { access_token: "first", expires_in: 6 })
    : conn.sendJson(503, "busy"));
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  await gateway.waitForEvent((e) => e.event === "credential_failed", "the renewal to fail");
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  assert.equal(bearer(upstream.requests[1]), "Bearer first");
});

scenario("a reload keeps the token, other settings fetch their own", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3600);
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens));
  assert.equal((await gateway.request({ body: CHAT })).status, 200);
  for (const [config, version, wanted] of [
    [`${oauthConfig(upstream, tokens)}models: {x: {use: up/gpt-real}}\n`, 2, 1],
    [oauthConfig(upstream, tokens, ", audience: other"), 3, 2],
  ] as const) {
    gateway.reconfigure(config);
    gateway.signal("SIGHUP");
    await gateway.waitForEvent((e) => e.event === "adopted" && e["config_version"] === version, `version ${version}`);
    assert.equal((await gateway.request({ body: CHAT })).status, 200);
    assert.equal(tokens.requests.length, wanted);
  }
});

scenario("a token server that is silent delays nobody's end", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  const arrived = new Latch<void>();
  tokens.answer(() => arrived.open());
  serveChat(upstream);
  const gateway = await throwbar(oauthConfig(upstream, tokens).replace("first_byte: 5s", "first_byte: 200ms"));
  const answer = gateway.request({ body: CHAT });
  await arrived.wait("the token request");
  assert.equal((await answer).status, 502);
  await gateway.stop();
});

/* ---- AWS ---- */

const CONVERSE = {
  output: { message: { role: "assistant", content: [{ text: "hi" }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
  metrics: { latencyMs: 1 },
};
const KEYS = (id: string, life_s: number) => ({
  Code: "Success", AccessKeyId: id, SecretAccessKey: "machine-secret", Token: "machine-token",
  Expiration: new Date(Date.now() + life_s * 1000).toISOString(),
});

/** A machine's metadata service, version 2 only. */
function serveMachine(server: Provider, keys: () => object): void {
  server.answer((request, conn) => {
    if (request.method === "PUT" && request.target === "/latest/api/token") return conn.sendBody(200, "text/plain", "session-1");
    if (request.headers.get("x-aws-ec2-metadata-token") !== "session-1") return conn.sendBody(401, "text/plain", "");
    if (request.target.endsWith("/security-credentials/")) return conn.sendBody(200, "text/plain", "role-1");
    return conn.sendJson(200, keys());
  });
}

function bedrockConfig(upstream: Provider, aws: string): string {
  return `${SERVER}providers:
  br: {kind: bedrock, region: eu-west-1, base_url: "${origin(upstream)}", aws: ${aws}}
`;
}

const BEDROCK_CHAT = { model: "br/anthropic.claude-v1:0", messages: [{ role: "user", content: "hello" }] };

scenario("Bedrock is signed for with the keys of the machine's role", async ({ provider, throwbar }) => {
  const [upstream, machine] = [await provider(), await provider()];
  serveMachine(machine, () => KEYS("ASIAMACHINE", 3600));
  upstream.answer((_, conn) => conn.sendJson(200, CONVERSE));
  const gateway = await throwbar(bedrockConfig(upstream, `{imds_url: "${origin(machine)}"}`));
  const answer = await gateway.request({ body: BEDROCK_CHAT });
  assert.equal(answer.status, 200, answer.text);
  const request = upstream.requests[0]!;
  assert.equal(request.target, "/model/anthropic.claude-v1%3A0/converse");
  assert.equal(request.headers.get("x-amz-security-token"), "machine-token");
  expectSigned(request, "machine-secret", "eu-west-1/bedrock");
  assert.ok(!gateway.log.includes("machine-secret") && !gateway.log.includes("machine-token"));
});

scenario("a clock that is wrong is corrected by the provider's date", async ({ provider, throwbar }) => {
  const [upstream] = [await provider()];
  const future = new Date(Date.now() + 7200_000);
  upstream.answer((request, conn) => {
    const stamp = request.headers.get("x-amz-date")!;
    const sent = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    return Math.abs(sent - future.getTime()) < 300_000
      ? conn.sendJson(200, CONVERSE)
      : conn.sendJson(403, { message: "Signature expired" },
        { "x-amzn-errortype": "InvalidSignatureException", date: future.toUTCString() });
  });
  const gateway = await throwbar(bedrockConfig(upstream, "{access_key_id: AKIA, secret_access_key: plain-secret}"));
  const answer = await gateway.request({ body: BEDROCK_CHAT });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(upstream.requests.length, 2);
  expectSigned(upstream.requests[1]!, "plain-secret", "eu-west-1/bedrock");
});

scenario("a web identity is traded at STS for the keys that sign", async ({ provider, throwbar }) => {
  const [upstream, sts] = [await provider(), await provider()];
  sts.answer((_, conn) => conn.sendBody(200, "text/xml", `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>web-secret</SecretAccessKey>
    <SessionToken>web-token</SessionToken><Expiration>${new Date(Date.now() + 3600_000).toISOString()}</Expiration></Credentials>
    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`));
  upstream.answer((_, conn) => conn.sendJson(200, CONVERSE));
  const folder = mkdtempSync(join(tmpdir(), "throwbar-web-"));
  writeFileSync(join(folder, "token"), "eyJ.web.identity\n");
  const gateway = await throwbar(bedrockConfig(upstream, `{sts_url: "${origin(sts)}"}`), {
    env: { AWS_ROLE_ARN: "arn:aws:iam::1:role/x", AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "token") },
  });
  const answer = await gateway.request({ body: BEDROCK_CHAT });
  rmSync(folder, { recursive: true });
  assert.equal(answer.status, 200, answer.text);
  const form = new URLSearchParams(sts.requests[0]!.body.toString());
  assert.equal(form.get("Action"), "AssumeRoleWithWebIdentity");
  assert.equal(form.get("WebIdentityToken"), "eyJ.web.identity");
  expectSigned(upstream.requests[0]!, "web-secret", "eu-west-1/bedrock");
});

/* ---- Google ---- */

scenario("a service account signs for its token", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  tokens.answer((_, conn) => conn.sendJson(200, { access_token: "ya29.token", expires_in: 3599, token_type: "Bearer" }));
  upstream.answer((_, conn) => conn.sendJson(200, {
    candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  }));
  const folder = mkdtempSync(join(tmpdir(), "throwbar-gcp-"));
  const file = join(folder, "sa.json");
  writeFileSync(file, JSON.stringify({
    type: "service_account", project_id: "p", private_key_id: "key-1", client_email: "sa@p.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }), token_uri: `${origin(tokens)}/token`,
  }));
  const gateway = await throwbar(`${SERVER}providers:
  vx: {kind: vertex, project: p, location: europe-west4, base_url: "${origin(upstream)}", credentials: ${file}}
`);
  const answer = await gateway.request({ body: { ...CHAT, model: "vx/gemini-2.5-flash" } });
  rmSync(folder, { recursive: true });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(bearer(upstream.requests[0]), "Bearer ya29.token");
  const form = new URLSearchParams(tokens.requests[0]!.body.toString());
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const [head = "", claims = "", signature = ""] = form.get("assertion")!.split(".");
  const parsed = JSON.parse(Buffer.from(claims, "base64url").toString());
  assert.equal(parsed.iss, "sa@p.iam.gserviceaccount.com");
  assert.equal(parsed.aud, `${origin(tokens)}/token`);
  assert.equal(parsed.exp - parsed.iat, 3600);
  assert.equal(JSON.parse(Buffer.from(head, "base64url").toString()).kid, "key-1");
  assert.ok(verify("sha256", Buffer.from(`${head}.${claims}`), createPublicKey(publicKey.export({ type: "spki", format: "pem" })),
    Buffer.from(signature, "base64url")));
});

/* ---- other ways ---- */

scenario("SageMaker's OpenAI route gets a bearer token made of a presigned URL", async ({ provider, throwbar }) => {
  const [upstream] = [await provider()];
  serveChat(upstream);
  const gateway = await throwbar(`${SERVER}providers:
  sm: {kind: sagemaker, region: us-west-2, base_url: "${origin(upstream)}", aws: {access_key_id: AKIA, secret_access_key: plain-secret}}
`);
  const answer = await gateway.request({ body: { ...CHAT, model: "sm/openai/my-endpoint" } });
  assert.equal(answer.status, 200, answer.text);
  const request = upstream.requests[0]!;
  assert.match(request.target, /^\/endpoints\/my-endpoint\/openai\/v1\/chat\/completions$/);
  const token = /^Bearer sagemaker-api-key-(\S+)$/.exec(bearer(request) ?? "");
  assert.ok(token, bearer(request));
  const url = new URL(`https://${Buffer.from(token[1]!, "base64").toString()}`);
  assert.equal(url.host, "sagemaker.amazonaws.com");
  assert.equal(url.searchParams.get("Action"), "CallWithBearerToken");
  assert.match(url.searchParams.get("X-Amz-Credential")!, /^AKIA\/\d{8}\/us-west-2\/sagemaker\/aws4_request$/);
  assert.match(url.searchParams.get("X-Amz-Signature")!, /^[0-9a-f]{64}$/);
});

for (const [ca, wanted] of [["ca", 200], ["untrusted", 502]] as const) {
  scenario(`a token server's certificate is verified: ${ca}`, async ({ provider, throwbar }) => {
    const certs = certificates();
    const [upstream, tokens] = [await provider({ tls: certs.localhost }), await provider({ tls: certs.localhost })];
    serveTokens(tokens, 3600);
    serveChat(upstream);
    const gateway = await throwbar(oauthConfig(upstream, tokens).replace("kind: openai", `kind: openai\n    ca: ${certs[ca].certFile}`));
    const answer = await gateway.request({ body: CHAT });
    assert.equal(answer.status, wanted, answer.text);
    if (wanted === 502) assert.match(answer.json.error.message, /token endpoint: .*certificate/);
    assert.equal(tokens.requests.length, wanted === 200 ? 1 : 0);
  });
}

scenario("Entra is asked with the client's secret for the scope of Azure's models", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3599);
  serveChat(upstream);
  const gateway = await throwbar(`${SERVER}providers:
  az:
    kind: openai
    base_url: ${upstream.url}
    entra: {tenant_id: tenant-1, client_id: app, client_secret: s3cr3t, authority: "${origin(tokens)}"}
`);
  const answer = await gateway.request({ body: { ...CHAT, model: "az/gpt-real" } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(tokens.requests[0]!.target, "/tenant-1/oauth2/v2.0/token");
  const form = new URLSearchParams(tokens.requests[0]!.body.toString());
  assert.equal(form.get("client_secret"), "s3cr3t");
  assert.equal(form.get("scope"), "https://cognitiveservices.azure.com/.default");
  assert.equal(bearer(upstream.requests[0]), "Bearer token-1");
});

scenario("a managed identity is asked for at the machine's metadata service", async ({ provider, throwbar }) => {
  const [upstream, machine] = [await provider(), await provider()];
  machine.answer((_, conn) => conn.sendJson(200, { access_token: "managed", expires_on: String(Math.floor(Date.now() / 1000) + 3600), token_type: "Bearer" }));
  serveChat(upstream);
  const gateway = await throwbar(`${SERVER}providers:
  az: {kind: openai, base_url: "${upstream.url}", entra: {auth: managed, client_id: id-1, identity_url: "${origin(machine)}/token"}}
`);
  assert.equal((await gateway.request({ body: { ...CHAT, model: "az/gpt-real" } })).status, 200);
  const request = machine.requests[0]!;
  assert.equal(request.target,
    "/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com%2F&client_id=id-1");
  assert.equal(request.headers.get("metadata"), "true");
  assert.equal(bearer(upstream.requests[0]), "Bearer managed");
});

scenario("workload identity shows the token that the environment names", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3600);
  serveChat(upstream);
  const folder = mkdtempSync(join(tmpdir(), "throwbar-aks-"));
  writeFileSync(join(folder, "token"), "eyJ.aks.token\n");
  const gateway = await throwbar(`${SERVER}providers:
  az: {kind: openai, base_url: "${upstream.url}", entra: {auth: federated, authority: "${origin(tokens)}"}}
`, { env: { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", AZURE_FEDERATED_TOKEN_FILE: join(folder, "token") } });
  const answer = await gateway.request({ body: { ...CHAT, model: "az/gpt-real" } });
  rmSync(folder, { recursive: true });
  assert.equal(answer.status, 200, answer.text);
  const form = new URLSearchParams(tokens.requests[0]!.body.toString());
  assert.equal(form.get("client_id"), "c");
  assert.equal(form.get("client_assertion"), "eyJ.aks.token");
});

scenario("private_key_jwt: an assertion that the key has signed", async ({ provider, throwbar }) => {
  const [upstream, tokens] = [await provider(), await provider()];
  serveTokens(tokens, 3600);
  serveChat(upstream);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const folder = mkdtempSync(join(tmpdir(), "throwbar-jwt-"));
  const file = join(folder, "key.pem");
  writeFileSync(file, privateKey.export({ type: "pkcs1", format: "pem" }));
  const gateway = await throwbar(oauthConfig(upstream, tokens)
    .replace("client_secret: s3cr3t", `auth: private_key_jwt, private_key: ${file}, key_id: k-1, jwt_audience: aud-1`));
  const answer = await gateway.request({ body: CHAT });
  rmSync(folder, { recursive: true });
  assert.equal(answer.status, 200, answer.text);
  const form = new URLSearchParams(tokens.requests[0]!.body.toString());
  const [head = "", claims = "", signature = ""] = form.get("client_assertion")!.split(".");
  const parsed = JSON.parse(Buffer.from(claims, "base64url").toString());
  assert.deepEqual([parsed.iss, parsed.sub, parsed.aud], ["gateway", "gateway", "aud-1"]);
  assert.ok(parsed.exp - Date.now() / 1000 <= 300 && parsed.jti.length >= 16);
  assert.ok(verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url")));
});

scenario("a way to sign in that lacks something is refused by check", async () => {
  const folder = mkdtempSync(join(tmpdir(), "throwbar-check-"));
  const file = join(folder, "throwbar.yaml");
  for (const [signIn, missing] of [
    ["entra: {}", ["tenant_id", "client_id", "client_secret"]],
    ["entra: {auth: certificate, tenant_id: t, client_id: c}", ["private_key", "certificate"]],
    ["entra: {auth: federated, tenant_id: t, client_id: c}", ["token_file"]],
    ['oauth: {token_url: "http://x/t", client_id: c}', ["client_secret"]],
    ['oauth: {token_url: "http://x/t", client_id: c, auth: private_key_jwt}', ["private_key"]],
    ['oauth: {token_url: "http://x/t", client_id: c, auth: mtls}', ["cert"]],
  ] as const) {
    writeFileSync(file, `${SERVER}providers: {up: {kind: openai, base_url: "http://127.0.0.1:1/v1", ${signIn}}}\n`);
    const { code, stdout, stderr } = await run(["check", "-c", file]);
    assert.equal(code, 2, signIn);
    for (const key of missing) assert.match(stdout + stderr, new RegExp(`E1044.*needs \`${key}\``), signIn);
  }
  rmSync(folder, { recursive: true });
});
