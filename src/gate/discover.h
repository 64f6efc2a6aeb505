/* The configuration of a start without a file.
 *
 * Called once, before any loop runs, from the thread that loads the configuration; blocks for less
 * than half a second. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"

/* Writes a configuration as YAML text: a provider for every vendor whose key is in the environment
 * (by reference, the key itself is not in the text), one for every local engine that answers on its
 * default port, and everything listening on loopback only. */
void discover_config(struct buf *out);
