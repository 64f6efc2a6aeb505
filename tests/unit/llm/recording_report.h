/* What the tests on recordings share: the client dialects, and one line of TAP for every
 * property of every recording. */
#pragma once

#include "llm/dialect_pipe.h"
#include "llm/ir_equal.h"
#include "llm/recording.h"

#include "tap.h"

static inline void recording_comment(str text)
{
    printf("# ");
    for (size_t i = 0; i < text.n; i++)
        putchar((unsigned char)text.p[i] < ' ' ? '.' : text.p[i]);
    putchar('\n');
}

/* One line of TAP: nothing to say means that the property holds. */
static inline void recording_report(const struct recording *r, const char *property, str difference)
{
    struct buf line;
    buf_init(&line, 1024);
    buf_printf(&line, "%s: " STR_FMT, property, STR_ARG(r->name));
    buf_put_char(&line, '\0');
    if (difference.n > 0)
        recording_comment(difference);
    tap_result(difference.n == 0, line.p ? line.p : property, __FILE__, __LINE__);
    buf_fini(&line);
}

/* The same for a property that belongs to a client's dialect: "to anthropic". */
static inline void recording_report_to(const struct recording *r, const struct dialect *to,
                                       str difference)
{
    struct buf b;
    buf_init(&b, 64);
    buf_printf(&b, "to " STR_FMT, STR_ARG(to->name));
    buf_put_char(&b, '\0');
    recording_report(r, b.p, difference);
    buf_fini(&b);
}

static inline str pipe_fault(struct pipe *p, const char *what)
{
    if (p->rc == 0)
        return S_EMPTY;
    return arena_printf(&p->a, "%s: %s " STR_FMT " (" STR_FMT ")", what, err_info(p->rc)->name,
                        STR_ARG(p->err.message), STR_ARG(p->err.param));
}

static inline const struct json *recording_json(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 ? v : NULL;
}

/* Those that a client may speak. */
static const enum dialect_id client_dialects[] = {
    DIALECT_CHAT,    DIALECT_RESPONSES, DIALECT_ANTHROPIC, DIALECT_GEMINI,
    DIALECT_BEDROCK, DIALECT_COHERE,    DIALECT_OLLAMA,
};

/* Is it there, both to be written and to be read? */
static inline bool dialect_can_answer(const struct dialect *d)
{
    const struct codec *c = d->codec;
    return c->write_event && c->read_message && c->write_reply && c->read_reply;
}
