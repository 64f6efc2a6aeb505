/* What the files that write chat's streams share: how far the answer is, and its chunks. The story
 * is told in dialect_chat_event.c. Pure. */
#pragma once

#include "llm/dialect_chat.h"

/* A choice of the answer, as far as it was written. */
struct chat_told {
    unsigned index;
    struct dialect_chat_seen seen;
    unsigned n_calls;
    int64_t n_thoughts;
    int64_t n_letters; /* code points of text so far */
    struct chat_told *next;
};

/* A block that is open. */
struct chat_shown {
    unsigned choice, block;
    enum block_kind kind;
    bool is_custom, is_left_out, has_any, is_summary, is_image;
    int64_t number;       /* of the call, or of the thought, in its choice */
    int64_t first_letter; /* of a text: where it begins */
    struct media media;   /* image: what was said at its start */
    char mime[64];        /* image: its type, which `media` points to */
    struct buf held;      /* image: its base64 */
    struct chat_shown *next;
};

struct chat_page {
    uint8_t as;
    str head;                   /* "data: {...," up to the choices */
    bool asks_usage, says_null; /* usage at the end; usage:null in every chunk before */
    bool uses_functions;
    struct usage usage;
    struct chat_told *choices;
    struct chat_shown *open, *spare;
};

/* What a function here needs: the encoder and what it has kept. */
struct chat_pen {
    struct encoder *e;
    struct chat_page *page;
    struct buf *out;
};

/* ---- chunks, each whole unless said otherwise ---- */

/* The two ends of a chunk with a delta, which the caller writes between them. */
void chat_begin_chunk(const struct chat_pen *p, unsigned choice);
void chat_end_chunk(const struct chat_pen *p);
void chat_put_text(const struct chat_pen *p, unsigned choice, str member, str text);
bool chat_is_completion(const struct chat_pen *p);
void chat_put_completion(const struct chat_pen *p, unsigned choice, str text, str finish);
void chat_put_role(const struct chat_pen *p, unsigned choice);
void chat_put_thought(const struct chat_pen *p, const struct chat_shown *s, str text);
void chat_put_thought_seal(const struct chat_pen *p, const struct chat_shown *s,
                           const struct seal *seal);
void chat_put_call_start(const struct chat_pen *p, const struct chat_shown *s,
                         const struct block *b);
void chat_put_args(const struct chat_pen *p, const struct chat_shown *s, str args);
void chat_put_late_seal(const struct chat_pen *p, const struct chat_shown *s,
                        const struct seal *seal);
void chat_put_audio(const struct chat_pen *p, const struct chat_shown *s, const char *member,
                    str text);
void chat_put_image(const struct chat_pen *p, struct chat_shown *s);
