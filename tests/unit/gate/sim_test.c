#include "gate/sim.c"

#include <string.h>

#include "tap.h"

static struct exchange x;
static struct provider provider = {.id = {.p = "sim", .n = 3}};

static int read_name(const char *name, struct sim_options *o)
{
    arena_fini(&x.arena);
    memset(&x, 0, sizeof x);
    arena_init(&x.arena, 512, 1u << 20);
    x.target.provider = &provider;
    x.target.upstream_model = str_from_cz(name);
    return read_model(&x, o);
}

static void test_names(void)
{
    struct sim_options o;
    for (size_t i = 0; i < sim_models_n; i++) {
        is_int(read_name(sim_models[i].p, &o), 0, sim_models[i].p);
        is_int(o.model, i, "is itself");
    }
    ok(o.tokens == -1 && o.ttft_us == 0 && o.tps == 0 && o.error_status == 0, "without options");
    is_int(read_name("lorem?tokens=200&ttft=300ms&tps=80&error=429:5%", &o), 0, "all options");
    ok(o.tokens == 200 && o.ttft_us == 300000 && o.tps == 80, "are read");
    ok(o.error_status == 429 && o.error_percent == 5, "errors too");
    is_str(x.answered_model, S("lorem"), "the bare name answers");
    is_str(x.target.upstream_model, S("lorem"), "and is what metrics see");
    ok(x.err.param.n == 0, "nothing is at fault");
    is_int(read_name("echo?", &o), 0, "a question mark and nothing");
    is_int(read_name("echo?error=500", &o), 0, "an error without a share");
    is_int(o.error_percent, 100, "happens always");
}

static void test_bad_names(void)
{
    static const char *const unknown[] = {"", "?", "Echo", "lorem ", "nothing", "echo/lorem"};
    static const char *const bad[] = {
        "echo?tokens",         "echo?tokens=",        "echo?tokens=-1",
        "echo?tokens=100001",  "echo?tokens=1.5",     "echo?tokens=99999999999999999999",
        "echo?ttft=300",       "echo?ttft=2h",        "echo?ttft=-1s",
        "echo?tps=x",          "echo?tps=1000001",    "echo?error=399",
        "echo?error=600",      "echo?error=429:",     "echo?error=429:5",
        "echo?error=429:%",    "echo?error=429:101%", "echo?error=429:5%%",
        "echo?what=1",         "echo?&tokens=1",      "echo?TOKENS=1",
        "echo?tokens=1;tps=2",
    };
    struct sim_options o;
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        is_int(read_name(unknown[i], &o), -E_MODEL_NOT_FOUND, "an unknown model");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        is_int(read_name(bad[i], &o), -E_BAD_REQUEST, bad[i]);
    is_str(x.err.param, S("model"), "the model is at fault");
    is_int(read_name("lorum", &o), -E_MODEL_NOT_FOUND, "a slip of the pen");
    is_str(x.err.message, S("The simulator has no model \"lorum\"; did you mean sim/lorem?"),
           "is understood");
}

static void test_luck(void)
{
    struct sim_options o = {.error_status = 500, .error_percent = 30};
    unsigned n = 0;
    for (unsigned i = 0; i < 10000; i++)
        n += is_unlucky(&o);
    ok(n > 2500 && n < 3500, "three in ten");
    o.error_percent = 100;
    n = 0;
    for (unsigned i = 0; i < 1000; i++)
        n += is_unlucky(&o);
    is_int(n, 1000, "all of them");
    o.error_percent = 0;
    for (unsigned i = 0; i < 1000; i++)
        n += is_unlucky(&o);
    is_int(n, 1000, "none of them");
}

static void test_operations(void)
{
    bool is_right = true;
    for (enum operation_id id = 0; id < OP_COUNT; id++) {
        x.err = (struct err){.code = 0};
        x.op = operation_get(id);
        is_right = is_right &&
                   (check_operation(&x, SIM_ECHO) == 0) == (is_text(x.op) || id == OP_MODERATIONS);
        x.err = (struct err){.code = 0};
        is_right = is_right && (check_operation(&x, SIM_EMBED) == 0) ==
                                   (x.op->purpose == PURPOSE_EMBED || id == OP_MODERATIONS);
    }
    ok(is_right, "text from the others, vectors from embed, moderation from all, no more");
}

int main(void)
{
    arena_init(&x.arena, 512, 1u << 20);
    test_names();
    test_bad_names();
    test_luck();
    test_operations();
    arena_fini(&x.arena);
    return tap_done();
}
