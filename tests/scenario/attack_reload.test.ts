/* Reloads and drains at the worst moment. */

import * as assert from "node:assert/strict";
import { certificates, ClientConn, config, scenario } from "./harness.js";

const NOBODY = "http://127.0.0.1:1/v1";

/* The process is stopped while the signal and the connection arrive, so that it finds both at once, the signal first. */
scenario("a connection to a listener that a reload takes away is served by the old rules", async ({ throwbar }) => {
  const text = config(NOBODY);
  const gateway = await throwbar(text);
  const { adminAddr } = gateway;
  gateway.signal("SIGSTOP");
  gateway.reconfigure(text.replace("admin: 127.0.0.1:0", "admin: off"));
  gateway.signal("SIGHUP");
  const conn = await ClientConn.connect(adminAddr);
  gateway.signal("SIGCONT");
  assert.equal((await conn.exchange({ method: "GET", path: "/healthz" })).status, 200);
  conn.close();
  await gateway.waitForEvent((e) => e.event === "reloaded");
  assert.equal((await gateway.request({ method: "GET", path: "/healthz" })).status, 200);
});

for (const [name, bytes] of [["silent", ""], ["half of a hello", "\x16\x03\x01"]] as const) {
  scenario(`a drain ends in time with a TLS handshake under way (${name})`, async ({ throwbar }) => {
    const { localhost } = certificates();
    const gateway = await throwbar(config(NOBODY, { server: "limits: {drain: 100ms}" })
      .replace("listen: 127.0.0.1:0", `listen: {addr: 127.0.0.1:0, tls: {cert: ${localhost.certFile}, key: ${localhost.keyFile}}}`));
    const conn = await ClientConn.connect(gateway.addr);
    await conn.send(bytes);
    gateway.signal("SIGTERM");
    gateway.signal("SIGTERM");
    assert.equal(await gateway.exited, 0, gateway.log);
    conn.close();
  });
}
