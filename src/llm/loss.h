/* What a translation could not carry over: the value of tb-warnings.
 *
 * Every field that is dropped, clamped or emulated is noted once, "dropped:logit_bias". With
 * `tb-strict: error` the first note is a refusal. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

#define LOSS_MAX 64 /* notes kept; further ones are counted only */

enum loss_verb {
    LOSS_DROPPED,  /* the target has no place for it */
    LOSS_CLAMPED,  /* another value went instead */
    LOSS_EMULATED, /* carried by other means: a schema as a hint, a system turn as user text */
};

struct loss {
    enum loss_verb verb;
    str field; /* "logit_bias", "messages.name": the client's name for it, without indices */
};

struct losses {
    struct arena *arena;
    struct loss *items; /* in the arena: most translations lose nothing or little */
    size_t n, size;
    size_t more; /* not kept */
};

void losses_init(struct losses *l, struct arena *a);
/* `field` is copied; the same note twice is one. NULL for `l` means: nobody wants to know. */
void loss_add(struct losses *l, enum loss_verb verb, str field);
/* "dropped:logit_bias, clamped:temperature"; S_EMPTY: none. */
str losses_text(const struct losses *l, struct arena *a);
