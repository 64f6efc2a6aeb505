/* multipart/form-data as a stream (RFC 7578, RFC 2046): finds the `model` field and where its text
 * lies, so that the caller can replace it while everything else passes as it came.
 *
 * The scanner is fed the body in pieces and keeps nothing of it but the head of the part under way
 * and the texts of small fields, so the upload may be larger than memory. What two parsers could
 * read in two ways is refused. Where `model` follows the file, the gateway must know it before it
 * can route: the caller then buffers (bounded by server.limits.body) until multipart_model is
 * known. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

#define MULTIPART_HEAD_MAX  4096
#define MULTIPART_MODEL_MAX 512 /* bytes of a field's text that is kept */
#define MULTIPART_PARTS_MAX 256

/* The boundary parameter of a Content-Type; false when it is no multipart/form-data or the boundary
 * is missing or not RFC 2046's (1-70 bchars, not ending in a space). */
bool multipart_boundary(str content_type, str *boundary);

struct multipart;

/* A boundary as multipart_boundary gave it. Takes at most 256 KiB of the arena in all. */
OWNED struct multipart *multipart_new(struct arena *a, str boundary);
/* Looks at the next piece of the body. 0; -E_MULTIPART with *why (static text) when the grammar is
 * broken, a part head is too long, or there are two model fields; so it stays. The pieces are the
 * caller's. */
NODISCARD int multipart_feed(struct multipart *m, str piece, const char **why);
bool multipart_is_done(const struct multipart *m); /* the closing delimiter has been seen */

/* Once the model part has passed: its text and where its bytes lie, as offsets into the whole body
 * fed so far. */
bool multipart_model(const struct multipart *m, str *model, uint64_t *begin, uint64_t *end);
/* The text of a small non-file field seen so far (`stream`, `response_format`), the last one of
 * that name; S_EMPTY if not seen. */
str multipart_field(const struct multipart *m, str name);
