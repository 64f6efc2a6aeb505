#include "base/err.c"

#include "base/pool.h"
#include "dies.h"
#include "tap.h"

static void test_rows(void)
{
    for (int code = E_OK + 1; code < E_COUNT; code++) {
        const struct err_info *row = err_info(-code);
        ok(row == err_info(code), row->name);
        ok(row->status >= 400 && row->status < 600, "its status is an error's");
        ok(strlen(row->message) > 0 && strlen(row->openai_type) > 0, "it has its texts");
        ok(err_by_number(row->number) == row, "its number is its own");
    }
    ok(err_by_number(0) == NULL && err_by_number(-1) == NULL, "numbers that nothing has");
    is_int(err_info(-E_MODEL_NOT_FOUND)->number, 1008, "a number");
    is_int(err_info(E_MODEL_NOT_FOUND)->source, ERR_SOURCE_CLIENT, "a source");
    is_int(err_info(E_PROVIDER_RATE)->retry, ERR_RETRY_NEXT, "a retry class");
    is_str(str_from_cz(err_source_name(ERR_SOURCE_CLIENT)), S("client"), "client");
    is_str(str_from_cz(err_source_name(ERR_SOURCE_POLICY)), S("policy"), "policy");
    is_str(str_from_cz(err_source_name(ERR_SOURCE_GATEWAY)), S("gateway"), "gateway");
    is_str(str_from_cz(err_source_name(ERR_SOURCE_PROVIDER)), S("provider"), "provider");
    is_str(str_from_cz(err_source_name(ERR_SOURCE_NETWORK)), S("network"), "network");
}

static void test_set(struct arena *a)
{
    struct err e = {0};
    is_int(err_set(&e, a, -E_JSON, "at byte %d", 7), -E_JSON, "set returns the code");
    is_int(e.code, -E_JSON, "and keeps it");
    is_str(err_message(&e), S("at byte 7"), "with its text");
    is_int(err_status(&e), 400, "the status is the table's");
    is_int(err_set(&e, a, -E_INTERNAL, "general"), -E_INTERNAL, "a later report goes on upward");
    is_int(err_set_code(&e, -E_IO), -E_IO, "so does a bare code");
    is_int(e.code, -E_JSON, "but the first is kept");
    is_str(err_message(&e), S("at byte 7"), "with its text");
    e.status = 418;
    is_int(err_status(&e), 418, "a status of its own wins");

    struct err bare = {0};
    is_int(err_set_code(&bare, -E_KEY_MISSING), -E_KEY_MISSING, "a bare code");
    is_str(err_message(&bare), S("No API key was sent."), "has the table's text");
    is_int(err_status(&bare), 401, "and status");
    struct err empty = {0};
    err_set(&empty, a, -E_KEY_MISSING, "%s", "");
    is_str(err_message(&empty), S("No API key was sent."), "an empty text falls back to it");
}

static void test_bound(struct arena *a)
{
    static char text[3000];
    memset(text, 'x', sizeof(text));
    struct err e = {0};
    err_set(&e, a, -E_JSON, "%.*s", TEXT_MAX - 1, text);
    is_int(e.message.n, TEXT_MAX - 1, "the longest text is kept whole");
    e = (struct err){0};
    err_set(&e, a, -E_JSON, "%.*s", (int)sizeof(text), text);
    ok(e.message.n < TEXT_MAX && e.message.n > TEXT_MAX - 8, "a longer one is cut");
    bool is_whole = true;
    for (size_t lead = 0; lead < 8; lead++) {
        for (size_t i = lead; i + 3 <= sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        e = (struct err){0};
        err_set(&e, a, -E_JSON, "%.*s", (int)sizeof(text), text);
        is_whole = is_whole && e.message.n > TEXT_MAX - 8 && (e.message.n - lead) % 3 == 0;
        memset(text, 'x', sizeof(text));
    }
    ok(is_whole, "never inside a character");
}

static void look_up(void *code)
{
    (void)err_info(*(int *)code);
}

static void set_positive(void *a)
{
    struct err e = {0};
    err_set(&e, a, E_JSON, "x");
}

int main(void)
{
    struct arena a;
    arena_init(&a, 512, 1 << 20);
    test_rows();
    test_set(&a);
    test_bound(&a);
    ok(dies(look_up, &(int){0}), "E_OK has no row");
    ok(dies(look_up, &(int){E_COUNT}), "nor has what is past the table");
    ok(dies(look_up, &(int){-E_COUNT}), "on either side");
    ok(dies(set_positive, &a), "an error is set by its negative code");
    arena_fini(&a);
    pool_trim();
    return tap_done();
}
