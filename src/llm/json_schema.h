/* JSON schemas made fit for a provider (the subsets of the providers' documentation; see
 * capability_schema). Keys keep their order: generation follows it, and prompt caches hang on it.
 * What is taken away is said in the description of the place, so that the model still knows.
 * Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "llm/capability.h"
#include "llm/loss.h"
#include "wire/json.h"

#define SCHEMA_DEPTH_MAX 32 /* of places in places */

enum schema_use { SCHEMA_FOR_TOOL, SCHEMA_FOR_OUTPUT, SCHEMA_FOR_STRICT_TOOL };

/* Writes `schema` as the flavour wants it. Losses: "emulated:<field>" when a description says what
 * a keyword said, "clamped:<field>" when something is gone. A $ref that cannot be resolved or does
 * not end becomes {} (OpenAPI: an object), which is such a loss; so does, as a whole, a schema that
 * would grow to many times its size. NULL schema: writes the empty object schema. */
void json_schema_put(struct json_writer *w, const char *key, const struct json *schema,
                     enum capability_schema flavour, enum schema_use use, struct losses *loss,
                     const char *field);
