/* Certificates for the TLS variants, made once per test process by the openssl program: an authority, a leaf for
 * localhost and 127.0.0.1, an expired leaf, a leaf for another name, and a second authority that nobody trusts. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  certFile: string;
  keyFile: string;
  cert: Buffer;
  key: Buffer;
}

export interface Certificates {
  ca: Certificate;
  localhost: Certificate;
  expired: Certificate;
  otherName: Certificate;
  untrusted: Certificate;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function authority(dir: string, name: string): Certificate {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  openssl("req", "-x509", ...EC, "-subj", `/CN=${name}`, "-days", "2", "-keyout", keyFile, "-out", certFile);
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function leaf(dir: string, name: string, ca: Certificate, altName: string, days: string): Certificate {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const [request, extensions] = [join(dir, `${name}.csr`), join(dir, `${name}.ext`)];
  writeFileSync(extensions, `subjectAltName=${altName}\n`);
  openssl("req", "-new", ...EC, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", request);
  openssl("x509", "-req", "-in", request, "-CA", ca.certFile, "-CAkey", ca.keyFile, "-CAcreateserial",
    "-extfile", extensions, "-days", days, "-out", certFile);
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

let made: Certificates | undefined;

export function certificates(): Certificates {
  if (made) return made;
  const dir = mkdtempSync(join(tmpdir(), "throwbar-tls-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  const ca = authority(dir, "ca");
  const other = authority(dir, "other-ca");
  const here = "DNS:localhost,IP:127.0.0.1";
  made = {
    ca,
    localhost: leaf(dir, "localhost", ca, here, "2"),
    expired: leaf(dir, "expired", ca, here, "0"), // ends in the second in which it begins
    otherName: leaf(dir, "elsewhere", ca, "DNS:elsewhere.test", "2"),
    untrusted: leaf(dir, "untrusted", other, here, "2"),
  };
  return made;
}
