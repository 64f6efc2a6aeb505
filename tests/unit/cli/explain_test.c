#include "cli/explain.c"

#include "cli/quiet.h"
#include "tap.h"

static struct arena a;

static void test_find(void)
{
    is_int(find_error(S("TB-1008"))->number, 1008, "as it is shown");
    is_int(find_error(S("tb-1008"))->number, 1008, "in any case");
    is_int(find_error(S("1008"))->number, 1008, "the number alone");
    is_int(find_error(S("model_not_found"))->number, 1008, "by name");
    is_int(find_error(S("MODEL_NOT_FOUND"))->number, 1008, "by name as it is in the log");
    static const char *const unknown[] = {
        "TB-9999999", "TB-0", "TB--1", "TB-", "", "TB-1999", "4294968304", "18446744073709552624"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        ok(!find_error(str_from_cz(unknown[i])), "unknown codes");
}

static void test_all(void)
{
    int kept = quiet_begin(), n = 0;
    for (int code = 1; code < E_COUNT; code++)
        n += explain(&a, str_from_cz(err_info(code)->name)) == CLI_OK;
    quiet_end(kept);
    is_int(n, E_COUNT - 1, "every error is explained");
}

static void test_nearest(void)
{
    is_str(nearest_error(&a, S("model_not_fund")), S("MODEL_NOT_FOUND"), "a name");
    is_str(nearest_error(&a, S("tb-108")), S("TB-1008"), "a code");
    is_str(nearest_error(&a, S("nothing like it")), S(""), "none");
}

static int exit_of(const char *what)
{
    int kept = quiet_begin();
    int code = explain(&a, str_from_cz(what));
    quiet_end(kept);
    return code;
}

int main(void)
{
    arena_init(&a, 4096, 1 << 22);
    test_find();
    test_all();
    test_nearest();
    is_int(exit_of("server.listen"), CLI_OK, "a key of the configuration");
    is_int(exit_of("providers.mine.timeouts"), CLI_OK, "with an id");
    is_int(exit_of("E1001"), CLI_OK, "a problem of the configuration");
    is_int(exit_of("e1001"), CLI_OK, "in any case");
    is_int(exit_of("server.lisen"), CLI_NOT_FOUND, "an unknown key");
    is_int(exit_of("E9999"), CLI_NOT_FOUND, "an unknown code");
    is_int(exit_of(""), CLI_NOT_FOUND, "nothing");
    arena_fini(&a);
    return tap_done();
}
