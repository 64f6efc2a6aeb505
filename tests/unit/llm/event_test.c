#include "llm/event.c"

#include "tap.h"

static void test_classes(void)
{
    static const struct {
        int status;
        enum failure_class class;
    } cases[] = {
        {400, FAILURE_BAD_REQUEST},   {401, FAILURE_UPSTREAM_AUTH}, {402, FAILURE_BILLING},
        {403, FAILURE_FORBIDDEN},     {404, FAILURE_NOT_FOUND},     {405, FAILURE_BAD_REQUEST},
        {408, FAILURE_TIMEOUT},       {409, FAILURE_CONFLICT},      {413, FAILURE_TOO_LARGE},
        {422, FAILURE_UNPROCESSABLE}, {424, FAILURE_SERVER},        {429, FAILURE_RATE},
        {499, FAILURE_BAD_REQUEST},   {500, FAILURE_SERVER},        {502, FAILURE_SERVER},
        {503, FAILURE_OVERLOADED},    {504, FAILURE_TIMEOUT},       {529, FAILURE_OVERLOADED},
        {0, FAILURE_SERVER},          {302, FAILURE_SERVER},        {999, FAILURE_SERVER},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(failure_class_of(cases[i].status), cases[i].class, "a status has its class");
}

static void test_statuses(void)
{
    for (enum failure_class c = FAILURE_BAD_REQUEST; c <= FAILURE_SERVER; c++)
        ok(failure_status(c) >= 400 && failure_status(c) <= 504, "a class has its status");
    is_int(failure_status(FAILURE_UPSTREAM_AUTH), 502,
           "the gateway's key is no fault of the client");
    is_int(failure_status(FAILURE_QUOTA), 429, "a quota is a limit");
}

static void test_ends(void)
{
    static const struct {
        enum finish f;
        bool has_calls;
        enum finish want;
    } cases[] = {
        {FINISH_STOP, true, FINISH_TOOL_CALLS},
        {FINISH_STOP_SEQUENCE, true, FINISH_TOOL_CALLS},
        {FINISH_UNSET, true, FINISH_TOOL_CALLS},
        {FINISH_OTHER, true, FINISH_TOOL_CALLS},
        {FINISH_LENGTH, true, FINISH_LENGTH},
        {FINISH_CONTENT_FILTER, true, FINISH_CONTENT_FILTER},
        {FINISH_TOOL_CALLS, true, FINISH_TOOL_CALLS},
        {FINISH_TOOL_CALLS, false, FINISH_STOP},
        {FINISH_STOP, false, FINISH_STOP},
        {FINISH_STOP_SEQUENCE, false, FINISH_STOP_SEQUENCE},
        {FINISH_LENGTH, false, FINISH_LENGTH},
        {FINISH_UNSET, false, FINISH_UNSET},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_int(finish_settle(cases[i].f, cases[i].has_calls), cases[i].want,
               finish_name(cases[i].f));
    for (enum finish f = FINISH_UNSET; f <= FINISH_OTHER; f++)
        ok(finish_name(f) != NULL, "every end has a name");
}

int main(void)
{
    test_classes();
    test_statuses();
    test_ends();
    return tap_done();
}
