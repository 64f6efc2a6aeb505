/* How each client dialect lists models. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "llm/dialect_id.h"
#include "wire/json.h"

/* A list on its way out. */
struct models_page {
    struct json_writer w;
    struct arena *a;
    str after;  /* Anthropic's after_id, Gemini's pageToken: begin behind it; empty: at the start */
    str before; /* Anthropic's before_id: the page ends ahead of it; empty: it does not */
    size_t skip; /* models ahead of the page, where `before` is given */
    size_t most; /* models of one page; 0: all */
    size_t n;    /* written */
    bool is_begun, is_over, has_more;
    str first;
    struct buf last; /* its name; the caller frees it */
};

struct models_shape {
    enum dialect_id dialect;
    void (*begin)(struct models_page *p);
    void (*put)(struct json_writer *w, str id, str owner); /* one model, as a list has it */
    void (*end)(struct models_page *p);
};
/* OpenAI's for dialects that have none of their own. */
const struct models_shape *models_shape_of(enum dialect_id dialect);

void models_page_begin(struct models_page *p, const struct models_shape *s);
void models_page_put(struct models_page *p, const struct models_shape *s, str id, str owner);
void models_page_end(struct models_page *p, const struct models_shape *s);
