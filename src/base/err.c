/* The table of errors and the struct that carries one.
 *
 * Rows come from err.def in the order of the enum, so a code is an index. A struct err keeps the
 * first report it gets: the function nearest to the fault knows best, and callers on the way up may
 * report again without asking. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 1024 /* of a message, with its NUL */

static const struct err_info table[E_COUNT] = {
#define ERR(id, code, code_status, code_source, code_retry, type, ocode, text, advice)             \
    [E_##id] = {                                                                                   \
        .name = #id,                                                                               \
        .number = (code),                                                                          \
        .status = (code_status),                                                                   \
        .source = ERR_SOURCE_##code_source,                                                        \
        .retry = ERR_RETRY_##code_retry,                                                           \
        .openai_type = (type),                                                                     \
        .openai_code = (ocode),                                                                    \
        .message = (text),                                                                         \
        .hint = (advice),                                                                          \
    },
#include "base/err.def"
#undef ERR
};

const struct err_info *err_info(int code)
{
    must(code > -E_COUNT && code < E_COUNT && code != E_OK);
    return &table[code < 0 ? -code : code];
}

const char *err_source_name(enum err_source s)
{
    static const char *const names[] = {
        [ERR_SOURCE_CLIENT] = "client",   [ERR_SOURCE_POLICY] = "policy",
        [ERR_SOURCE_GATEWAY] = "gateway", [ERR_SOURCE_PROVIDER] = "provider",
        [ERR_SOURCE_NETWORK] = "network",
    };
    must(s < ARRAY_LEN(names));
    return names[s];
}

const struct err_info *err_by_number(int number)
{
    for (size_t i = E_OK + 1; i < E_COUNT; i++) {
        if (table[i].number == number)
            return &table[i];
    }
    return NULL;
}

/* The longest part of text[0..n) that does not end inside a UTF-8 sequence. */
static size_t whole_characters(const char *text, size_t n)
{
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

PRINTF_LIKE(2, 0) static str format(struct arena *a, const char *fmt, va_list args)
{
    char text[TEXT_MAX];
    int n = vsnprintf(text, sizeof(text), fmt, args);
    must(n >= 0);
    size_t kept = (size_t)n;
    if (kept >= sizeof(text))
        kept = whole_characters(text, sizeof(text) - 2);
    return arena_str(a, str_of(text, kept));
}

int err_set(struct err *e, struct arena *a, int code, const char *fmt, ...)
{
    must(code < 0 && code > -E_COUNT);
    if (e->code != 0)
        return code;
    e->code = code;
    va_list args;
    va_start(args, fmt);
    e->message = format(a, fmt, args);
    va_end(args);
    return code;
}

int err_set_code(struct err *e, int code)
{
    must(code < 0 && code > -E_COUNT);
    if (e->code == 0)
        e->code = code;
    return code;
}

int err_status(const struct err *e)
{
    return e->status != 0 ? e->status : err_info(e->code)->status;
}

str err_message(const struct err *e)
{
    return e->message.n > 0 ? e->message : str_from_cz(err_info(e->code)->message);
}
