/* Reloads at the worst moment. */

import * as assert from "node:assert/strict";
import { ClientConn, config, scenario } from "./harness.js";

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
