/* The arguments of a function call that come in pieces: Vertex's streamFunctionCallArguments. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "llm/chat.h"
#include "wire/json.h"

/* A call on its way. It has its own memory, which goes when the call is whole. */
struct gemini_args {
    struct arena a;
    bool is_open;
    str id, name;
    struct seal seal;
    struct args_node *root;
    size_t room; /* bytes it may still take */
};
void gemini_args_init(struct gemini_args *g);
void gemini_args_fini(struct gemini_args *g);
/* Begins a call; strings are copied. Drops one that was open. */
void gemini_args_begin(struct gemini_args *g, str id, str name, const struct seal *seal);
/* Takes [{jsonPath, stringValue | numberValue | boolValue | nullValue, willContinue}]. 0,
 * -E_PROVIDER_BODY when a path makes no sense, -E_PROVIDER_TOO_LARGE. */
NODISCARD int gemini_args_add(struct gemini_args *g, const struct json *partial);
/* The arguments as JSON text; "{}" when none came. */
void gemini_args_put(const struct gemini_args *g, struct buf *out);
