/* The table of dialects, and the three things that all of them do the same way: read a message's
 * JSON, make an id nobody gave, refuse what cannot be carried.
 *
 * Ids come from a hash of the exchange's own id and a number that the writer counts up, not from
 * randomness: an answer written twice, or cut elsewhere on the way, has the same ids. */
#include "llm/dialect.h"

#include <stdarg.h>

#define REFUSAL_MAX 512 /* bytes of a message */

/* The column of blocks. */
enum { BLOCKS_FREE, BLOCKS_SERIAL };

static const struct dialect dialects[DIALECT_COUNT] = {
#define DIALECT(ident, text, object, how, blocks, rule, from)                                      \
    [DIALECT_##ident] = {.id = DIALECT_##ident,                                                    \
                         .name = {.p = text, .n = sizeof text - 1},                                \
                         .codec = &object,                                                         \
                         .framing = how,                                                           \
                         .is_serial = BLOCKS_##blocks == BLOCKS_SERIAL,                            \
                         .names = &name_rule_##rule,                                               \
                         .urls = URLS_##from},
#include "llm/dialect.def"
#undef DIALECT
};

const struct dialect *dialect_get(enum dialect_id id)
{
    must(id > DIALECT_NONE && id < DIALECT_COUNT);
    return &dialects[id];
}

int decoder_json(struct decoder *d, str data, const struct json **out)
{
    size_t error_at = 0;
    if (json_read(d->scratch, data, out, &error_at) != 0)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent an event that is not valid JSON (at byte %zu).",
                       error_at);
    if (json_type(*out) != JSON_OBJECT)
        return err_set(d->err, d->a, -E_PROVIDER_BODY,
                       "The provider sent an event that is no JSON object.");
    return 0;
}

void encoder_put_element(struct encoder *e, str element)
{
    buf_put(e->out, e->has_elements ? S("\r\n,\r\n") : S("["));
    buf_put(e->out, element);
    e->has_elements = true;
}

void encoder_end_array(struct encoder *e)
{
    buf_put(e->out, e->has_elements ? S("\r\n]") : S("[]"));
}

str make_id(struct arena *a, const char *prefix, str seed, unsigned number)
{
    uint64_t high = str_hash(seed, UINT64_C(0x9e3779b97f4a7c15) * (number + UINT64_C(1)));
    uint64_t low = str_hash(str_from_cz(prefix), high);
    return arena_printf(a, "%s%016llx%08llx", prefix, (unsigned long long)high,
                        (unsigned long long)(low >> 32));
}

int writing_refuse(struct writing *w, const char *field, const char *fmt, ...)
{
    if (w->err->code != 0)
        return w->err->code;
    struct buf what;
    buf_init(&what, REFUSAL_MAX);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&what, fmt, args);
    va_end(args);
    str text = buf_is_ok(&what) ? buf_str(&what) : S("The provider cannot take this field.");
    w->err->param = arena_str(w->a, str_from_cz(field));
    int code = err_set(w->err, w->a, -E_BAD_REQUEST, STR_FMT, STR_ARG(text));
    buf_fini(&what);
    return code;
}
