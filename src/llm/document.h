/* Operations that are answered by one document, and how each is written: embeddings, rerank, token
 * counts, images.
 *
 * A purpose has one form in between (struct embed, struct rerank...), and for every operation of
 * it a reader and a writer of its request and of its answer. What asks for more items than a
 * provider takes at once is sent in several requests, whose answers are joined. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "llm/dialect.h"
#include "llm/operation.h"

struct document_codec {
    size_t ask_bytes, answer_bytes; /* of the forms in between; zeroed before use */
    /* The client's body. */
    int (*read_request)(struct reading *r, enum operation_id op, const struct json *body,
                        void *ask);
    /* How many items are asked about, and how many of them one request may have. */
    size_t (*count)(const void *ask);
    size_t (*batch)(enum operation_id op, str model);
    int (*write_request)(struct writing *w, const struct operation *op, const void *ask,
                         size_t from, size_t n, struct buf *out);
    /* The provider's answer about the items from `from` on: adds to `answer`. */
    int (*read_answer)(struct reading *r, const struct operation *op, const struct json *body,
                       size_t from, void *answer);
    /* The client's answer. `asked` is x->op. */
    int (*write_answer)(struct writing *w, const struct operation *op, const void *ask,
                        const void *answer, struct buf *out);
    /* The usage that an answer reports, for the log. */
    struct usage (*usage)(const void *answer);
};

/* NULL: nothing is translated for it. */
const struct document_codec *document_codec_of(enum purpose purpose);

extern const struct document_codec document_embed, document_rerank, document_count, document_image;

/* ---- what the codecs share ---- */

/* Fails as member_fail does; the text is what follows the member's path: "must be a string". */
int document_fail(struct reading *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Notes every member that nobody has read as dropped. */
void document_note_extras(struct writing *w, const struct extras *e);
/* Adds what one of several answers counts; -1 is nothing yet. What is no count adds nothing. */
void document_add_count(int64_t *total, const struct json *v);
