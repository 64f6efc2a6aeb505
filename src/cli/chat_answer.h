/* What a model says, gathered from a whole answer or from a stream of pieces (OpenAI's dialect).
 *
 * Pure: bytes in, text out. A whole answer and each event of a stream go through the same fold. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "wire/sse.h"

#define CHAT_ANSWER_MAX (64u << 20)

struct chat_answer {
    struct buf text;   /* what the model says to the user */
    struct buf aside;  /* reasoning and calls of tools, for people */
    struct buf error;  /* the JSON with the error object that a stream ended with; empty: none */
    bool is_reasoning; /* the last piece of aside was reasoning */
    bool is_calling;   /* ... or a call */
    bool is_cut;       /* the token limit ended it */
    bool is_filtered;  /* the provider's filter did */
    bool is_complete;
    /* of a stream */
    struct sse_split split;
    struct buf held; /* bytes of an event that has not ended */
};

void chat_answer_init(struct chat_answer *c);
void chat_answer_fini(struct chat_answer *c);
/* The body of an answer that is no stream. 0, or -E_PROVIDER_BODY when it is no chat completion. */
NODISCARD int chat_answer_whole(struct chat_answer *c, str body);
/* More bytes of a stream. 0; -E_PROVIDER_BODY for an event that is no chunk of a chat, -E_TOO_LARGE
 * past CHAT_ANSWER_MAX. */
NODISCARD int chat_answer_feed(struct chat_answer *c, str bytes);
