/* Which codec serves which purpose, and what the codecs share. */
#include "llm/document.h"

#include <stdarg.h>

#define WHAT_MAX  256             /* bytes of a message */
#define COUNT_MAX (INT64_MAX / 4) /* two of them can be added */

const struct document_codec *document_codec_of(enum purpose purpose)
{
    switch (purpose) {
    case PURPOSE_EMBED:
        return &document_embed;
    case PURPOSE_RERANK:
        return &document_rerank;
    case PURPOSE_COUNT:
        return &document_count;
    case PURPOSE_IMAGE:
        return &document_image;
    case PURPOSE_GENERATE:
    case PURPOSE_MODERATE:
    case PURPOSE_IMAGE_EDIT:
    case PURPOSE_IMAGE_VARY:
    case PURPOSE_SPEAK:
    case PURPOSE_TRANSCRIBE:
    case PURPOSE_INTERPRET:
        break;
    }
    return NULL;
}

int document_fail(struct reading *r, const char *name, const char *fmt, ...)
{
    struct buf what;
    buf_init(&what, WHAT_MAX);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&what, fmt, args);
    va_end(args);
    str path = reading_path(r, name);
    str text = buf_is_ok(&what) ? buf_str(&what) : S("is not valid");
    int code = member_fail(r, name, STR_FMT " " STR_FMT ".", STR_ARG(path), STR_ARG(text));
    buf_fini(&what);
    return code;
}

void document_note_extras(struct writing *w, const struct extras *e)
{
    for (const struct extra *x = e->first; x; x = x->next)
        if (x->value && json_type(x->value) != JSON_NULL)
            loss_add(w->loss, LOSS_DROPPED, x->key);
}

void document_add_count(int64_t *total, const struct json *v)
{
    int64_t n = 0;
    if (v && json_i64(v, &n) && n >= 0)
        *total = MIN(MAX(*total, (int64_t)0) + MIN(n, COUNT_MAX), COUNT_MAX);
}
