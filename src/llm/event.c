/* The tables that go with events: the names of ends, and which HTTP status belongs to which class
 * of failure. */
#include "llm/event.h"

enum failure_class failure_class_of(int status)
{
    static const struct {
        int status;
        enum failure_class class;
    } table[] = {
        {401, FAILURE_UPSTREAM_AUTH}, {402, FAILURE_BILLING},   {403, FAILURE_FORBIDDEN},
        {404, FAILURE_NOT_FOUND},     {408, FAILURE_TIMEOUT},   {409, FAILURE_CONFLICT},
        {410, FAILURE_NOT_FOUND},     {413, FAILURE_TOO_LARGE}, {422, FAILURE_UNPROCESSABLE},
        {424, FAILURE_SERVER},        {429, FAILURE_RATE},      {498, FAILURE_OVERLOADED},
        {503, FAILURE_OVERLOADED},    {504, FAILURE_TIMEOUT},   {529, FAILURE_OVERLOADED},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].status == status)
            return table[i].class;
    }
    return status >= 400 && status < 500 ? FAILURE_BAD_REQUEST : FAILURE_SERVER;
}

int failure_status(enum failure_class class)
{
    static const int status[] = {
        [FAILURE_BAD_REQUEST] = 400,   [FAILURE_CONTEXT] = 400,   [FAILURE_AUTH] = 401,
        [FAILURE_UPSTREAM_AUTH] = 502, /* the client's own key is fine */
        [FAILURE_BILLING] = 402,       [FAILURE_FORBIDDEN] = 403, [FAILURE_NOT_FOUND] = 404,
        [FAILURE_CONFLICT] = 409,      [FAILURE_TOO_LARGE] = 413, [FAILURE_UNPROCESSABLE] = 422,
        [FAILURE_FILTERED] = 400,      [FAILURE_RATE] = 429,      [FAILURE_QUOTA] = 429,
        [FAILURE_OVERLOADED] = 503,    [FAILURE_TIMEOUT] = 504,   [FAILURE_SERVER] = 502,
    };
    must(class < ARRAY_LEN(status));
    return status[class];
}

const char *finish_name(enum finish f)
{
    static const char *const names[] = {
        [FINISH_UNSET] = "unset",
        [FINISH_STOP] = "stop",
        [FINISH_STOP_SEQUENCE] = "stop_sequence",
        [FINISH_LENGTH] = "length",
        [FINISH_TOOL_CALLS] = "tool_calls",
        [FINISH_CONTENT_FILTER] = "content_filter",
        [FINISH_REFUSAL] = "refusal",
        [FINISH_PAUSE] = "pause",
        [FINISH_CONTEXT_WINDOW] = "context_window",
        [FINISH_CONTINUATION] = "continuation",
        [FINISH_MALFORMED_TOOL] = "malformed_tool",
        [FINISH_ERROR] = "error",
        [FINISH_OTHER] = "other",
    };
    must(f < ARRAY_LEN(names));
    return names[f];
}

enum finish finish_settle(enum finish f, bool has_calls)
{
    bool is_stop =
        f == FINISH_UNSET || f == FINISH_STOP || f == FINISH_STOP_SEQUENCE || f == FINISH_OTHER;
    if (is_stop && has_calls)
        return FINISH_TOOL_CALLS;
    return f == FINISH_TOOL_CALLS && !has_calls ? FINISH_STOP : f;
}
