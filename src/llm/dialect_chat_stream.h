/* What the files that read chat's streams share: where a stream is, and the steps they take in
 * each other's places. The story is told in dialect_chat_stream.c. Pure. */
#pragma once

#include "llm/dialect_chat.h"

#define CHAT_WORD_MAX 128 /* bytes of a finish reason, a stop sequence, an id that is kept */

/* How far a call's arguments are: depth of brackets, and where in a string. */
struct chat_progress {
    unsigned depth;
    bool has_begun, in_string, is_escaped;
};

struct chat_call {
    int64_t index; /* the provider's; -1: it gave none */
    unsigned block;
    uint64_t id_hash; /* 0: it has no id */
    bool is_open, is_named, is_custom;
    str id;            /* while the name is missing */
    struct seal *seal; /* that came behind the start; NULL: none */
    struct chat_progress progress;
    struct chat_call *next;
};

enum chat_open { OPEN_NONE, OPEN_TEXT, OPEN_REFUSAL, OPEN_REASONING, OPEN_AUDIO };

struct chat_choice {
    unsigned index;
    unsigned n_blocks;
    enum chat_open open; /* beside calls only one block is open */
    unsigned open_block;
    int64_t detail; /* index of the reasoning detail that is open; -1: none was given */
    bool is_summary;
    struct chat_call *calls;
    unsigned n_calls;
    bool has_text, has_refusal, is_finished;
    struct finishing finish;
    struct chat_choice *next;
};

#define CHAT_HALF_LEN 6 /* "\ud83d" */

struct chat_stream {
    char half[CHAT_HALF_LEN]; /* of a character, see dialect_chat_halves.c */
    bool has_half;
    str seed;
    unsigned n_ids;
    size_t seal_bytes; /* kept of late signatures */
    bool has_started, may_end;
    struct usage usage;
    struct chat_choice *choices; /* by index */
};

/* A decoder with the stream and choice it is at. */
struct chat_at {
    struct decoder *d;
    struct chat_stream *s;
    struct chat_choice *c;
};

/* -E_PROVIDER_BODY with what is wrong. */
int chat_at_fail(const struct chat_at *at, const char *what);
/* Hands an event of the choice on. */
NODISCARD int chat_at_put(const struct chat_at *at, struct event ev);
str chat_kept(struct arena *a, str text, size_t max); /* a copy, cut */

/* ---- dialect_chat_delta.c ---- */

/* Ends the block that is open beside calls, if there is one; `end` may be NULL. */
NODISCARD int chat_at_close(const struct chat_at *at, const struct block *end);
NODISCARD int chat_at_begin(const struct chat_at *at, const struct block *b, unsigned *number);
NODISCARD int chat_at_text(const struct chat_at *at, enum chat_open kind, str text);
NODISCARD int chat_at_annotation(const struct chat_at *at, const struct annotation *note);
/* Everything in a delta but calls; and the token probabilities beside it. */
NODISCARD int chat_at_read_delta(const struct chat_at *at, const struct json *delta);
NODISCARD int chat_at_read_logprobs(const struct chat_at *at, const struct json *v);

/* ---- dialect_chat_piece.c ---- */

NODISCARD int chat_at_read_calls(const struct chat_at *at, const struct json *delta);
/* Ends the calls that are whole, because something else begins; or all of them. */
NODISCARD int chat_at_close_whole_calls(const struct chat_at *at);
NODISCARD int chat_at_close_calls(const struct chat_at *at);

/* ---- dialect_chat_halves.c ---- */

/* The chunk's text with the half kept of the last one, and without the one it ends in itself. */
str chat_join_halves(struct chat_stream *s, struct arena *scratch, str chunk);
