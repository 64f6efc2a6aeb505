/* Undoing on the way back what was done to a request on its way out, and saying whose an answer's
 * seals are: a stage between a provider's decoder and the client's encoder.
 *
 * Fitted tool names become the client's again (llm/tool_name.h), a custom tool that went as a
 * function with one text argument becomes custom again, and a seal gets the provider and model that
 * made it, so that it can be wrapped (llm/seal.h). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "llm/chat.h"
#include "llm/event.h"
#include "llm/tool_name.h"

struct restore {
    struct sink to;
    struct arena *scratch;        /* emptied between messages */
    const struct chat *asked;     /* its tools; BORROWED; NULL: none */
    const struct name_rule *rule; /* the provider's, for names; NULL: names went as they were */
    str provider, model;
    enum seal_family family;
    /* A custom tool's call on its way: its arguments are held until they are whole. */
    bool is_held;
    unsigned choice, block;
    struct buf held;
};
void restore_init(struct restore *r, const struct sink *to, struct arena *scratch,
                  size_t max_bytes);
void restore_fini(struct restore *r);
struct sink restore_sink(struct restore *r);
/* What an answer's writer may want to know of the request, copied so that the request itself,
 * which may be megabytes, can go: settings, and the tools that an answer's calls do not name by
 * themselves. An answer of OpenAI Responses repeats the request's settings and tools: they are kept
 * as the text that it will write. `from` itself, which then has to stay, when all that is too much
 * to be copied. */
const struct chat *restore_keep(struct arena *a, const struct chat *from,
                                const struct name_rule *rule);
