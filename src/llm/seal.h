/* Seals on their way through a client that speaks another dialect.
 *
 * A provider's signature means nothing to another one, and sent back to the wrong one it is a 400
 * there. A client keeps it for us without knowing whose it is, so before it goes out it is wrapped:
 * base64 of "throwbar1", kind, family, provider id, model and the value. Wrapped seals are valid
 * base64, so that they fit wherever a dialect wants bytes. What comes back unwrapped is the
 * client's dialect's own. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/chat.h"

/* The beginning of every wrapped seal: a body without it holds none. */
#define SEAL_MAGIC "dGhyb3diYXIx"
/* The same in base64 once more. */
#define SEAL_MAGIC_BLOB "ZEdoeWIzZGlZWEl4"
/* Stands for the proof that there is none, where a dialect always has one: the client will give it
 * back, and then what it stands on is known to be another provider's. A wrapping of nothing. */
#define SEAL_ABSENT SEAL_MAGIC "c3gAAAAA"

/* The value as a client of another dialect gets it. S_EMPTY for SEAL_NONE. */
str seal_wrap(struct arena *a, const struct seal *s);
/* The same for the signature of a tool call, towards a dialect whose calls have no place for one: a
 * thought of its own carries it, right ahead of the call, or behind it if it came late. */
str seal_wrap_call(struct arena *a, const struct seal *s);
/* Undoes that in the blocks of a turn that came back: the thought goes, its signature is the next
 * call's, or else that of the one before. */
void seal_join_calls(struct block **list);
/* Reads a value that a client sent: wrapped (kind and family of the wrapping win), or raw: then
 * `kind` and `native`, with no provider and model. Of SEAL_ABSENT the value is empty. */
struct seal seal_unwrap(struct arena *a, str value, enum seal_kind kind, enum seal_family native);
/* Is what it stands on without a proof, as text of anybody's is? */
static inline bool seal_is_absent(const struct seal *s)
{
    return s->kind == SEAL_NONE || s->value.n == 0;
}
/* May this seal go to that provider and model? Anthropic and Gemini seals go to any provider of
 * their family (an Anthropic one only to the model that made it, when that is known); an OpenAI one
 * to the provider that made it only. An unwrapped seal is taken for the provider's own if the
 * family agrees. */
bool seal_fits(const struct seal *s, enum seal_family family, str provider, str model);
