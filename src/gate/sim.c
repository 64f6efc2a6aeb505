/* The simulator: which of its models is meant, with which options, and who answers.
 *
 * A request goes the same way as one to a provider, as far as anybody can see: one attempt with
 * its status and its time, the provider's timeouts, an end when the client hangs up, usage, and
 * refusals (the `error` option) in the very shape that a provider's refusal has. So what is
 * tried on the simulator holds for the real thing. It differs in that nothing leaves the
 * process.
 *
 * The body is read into a document of its own arena, which is gone before the answer begins: a
 * slow stream keeps its text and little else. */
#include "gate/sim.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "gate/config_value.h"
#include "gate/observe.h"
#include "gate/relay.h"
#include "gate/sim_parts.h"
#include "llm/restore.h"
#include "rt/task.h"

#define TOKENS_MAX 100000
#define TPS_MAX    1000000
#define TTFT_MAX   INT64_C(3600000000)

const str sim_models[SIM_MODELS_N] = {
    [SIM_ECHO] = {"echo", 4}, [SIM_LOREM] = {"lorem", 5}, [SIM_TOOLS] = {"tools", 5},
    [SIM_JSON] = {"json", 4}, [SIM_THINK] = {"think", 5}, [SIM_EMBED] = {"embed", 5},
};
const size_t sim_models_n = SIM_MODELS_N;

/* ---- the options ---- */

static bool read_number(str value, int64_t max, int64_t *out)
{
    int64_t n = 0;
    if (!str_to_i64(value, &n) || n < 0 || n > max)
        return false;
    *out = n;
    return true;
}

static bool read_tokens(struct sim_options *o, str value)
{
    return read_number(value, TOKENS_MAX, &o->tokens);
}

static bool read_ttft(struct sim_options *o, str value)
{
    return value_duration(value, &o->ttft_us) && o->ttft_us >= 0 && o->ttft_us <= TTFT_MAX;
}

static bool read_tps(struct sim_options *o, str value)
{
    return read_number(value, TPS_MAX, &o->tps);
}

/* 429, or 429:5% for one request in twenty. */
static bool read_error(struct sim_options *o, str value)
{
    str status, percent;
    int64_t n = 0, share = 100;
    bool has_share = str_cut(value, ':', &status, &percent);
    if (!read_number(status, 599, &n) || n < 400)
        return false;
    if (has_share && !(str_has_suffix(percent, S("%")) &&
                       read_number(str_slice(percent, 0, percent.n - 1), 100, &share)))
        return false;
    o->error_status = (int)n;
    o->error_percent = (unsigned)share;
    return true;
}

static const struct option_row {
    str name;
    bool (*read)(struct sim_options *o, str value);
    const char *takes;
} option_rows[] = {
    {{"tokens", 6}, read_tokens, "a number up to 100000"},
    {{"ttft", 4}, read_ttft, "a duration up to 1h, such as 300ms"},
    {{"tps", 3}, read_tps, "a number up to 1000000"},
    {{"error", 5}, read_error, "a status from 400 to 599, or with a share such as 429:5%"},
};

static const struct option_row *find_option(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (str_eq(option_rows[i].name, name))
            return &option_rows[i];
    return NULL;
}

static int read_options(struct exchange *x, str options, struct sim_options *out)
{
    str pair, name, value;
    while (options.n > 0) {
        str_cut(options, '&', &pair, &options);
        str_cut(pair, '=', &name, &value);
        const struct option_row *row = find_option(name);
        if (!row)
            return exchange_fail(x, -E_BAD_REQUEST,
                                 "The simulator has no option \"" STR_FMT
                                 "\"; it has tokens, ttft, tps and error.",
                                 STR_ARG(name));
        if (!row->read(out, value))
            return exchange_fail(x, -E_BAD_REQUEST,
                                 "The simulator's option \"" STR_FMT "\" takes %s, not \"" STR_FMT
                                 "\".",
                                 STR_ARG(name), row->takes, STR_ARG(value));
    }
    return 0;
}

/* ---- the model ---- */

static int unknown_model(struct exchange *x, str name)
{
    str id = x->target.provider->id;
    for (size_t i = 0; i < SIM_MODELS_N; i++)
        if (str_distance(sim_models[i], name, 2) <= 2)
            return exchange_fail(x, -E_MODEL_NOT_FOUND,
                                 "The simulator has no model \"" STR_FMT "\"; did you mean " STR_FMT
                                 "/" STR_FMT "?",
                                 STR_ARG(name), STR_ARG(id), STR_ARG(sim_models[i]));
    return exchange_fail(x, -E_MODEL_NOT_FOUND,
                         "The simulator has no model \"" STR_FMT
                         "\"; it has echo, lorem, tools, json, think and embed.",
                         STR_ARG(name));
}

static int find_model(struct exchange *x, str name, enum sim_model *out)
{
    for (size_t i = 0; i < SIM_MODELS_N; i++) {
        if (str_eq(sim_models[i], name)) {
            *out = (enum sim_model)i;
            return 0;
        }
    }
    return unknown_model(x, name);
}

/* Reads the name and shortens it to the bare model: options are the client's own text, and names of
 * models become labels of metrics. */
static int read_model(struct exchange *x, struct sim_options *out)
{
    str name, options;
    *out = (struct sim_options){.tokens = -1};
    x->err.param = S("model");
    str_cut(x->target.upstream_model, '?', &name, &options);
    int rc = find_model(x, name, &out->model);
    if (rc == 0)
        rc = read_options(x, options, out);
    if (rc < 0)
        return rc;
    x->target.upstream_model = x->answered_model = sim_models[out->model];
    x->err.param = S_EMPTY;
    return 0;
}

/* ---- the attempt ---- */

static void attempt_begin(struct exchange *x)
{
    x->attempts[0] = (struct attempt){.provider = x->target.provider, .begin_us = clock_now_us()};
    x->n_attempts = 1;
}

void sim_attempt_end(struct exchange *x, int code)
{
    struct attempt *t = &x->attempts[0];
    if (t->end_us > 0)
        return;
    t->code = code;
    t->end_us = clock_now_us();
    observe_attempt(t);
}

static bool is_unlucky(const struct sim_options *o)
{
    uint32_t draw = 0;
    if (o->error_status == 0)
        return false;
    crypt_random(&draw, sizeof draw);
    return draw % 100 < o->error_percent;
}

/* Refuses as a provider with this status would have: the same way to the same error. */
static int refuse(struct exchange *x, int status)
{
    struct call call = {.x = x, .head = {.status = status}};
    x->attempts[0].status = status;
    return answer_refusal(x, &call, S_EMPTY);
}

/* ---- the operations ---- */

int sim_refuse(struct exchange *x, str param, const char *what)
{
    x->err.param = param;
    return exchange_fail(x, -E_BAD_REQUEST, "\"" STR_FMT "\" %s.", STR_ARG(param), what);
}

static bool is_text(const struct operation *op)
{
    return op->purpose == PURPOSE_GENERATE;
}

static int check_operation(struct exchange *x, enum sim_model model)
{
    enum operation_id id = x->op->id;
    bool is_offered = id == OP_MODERATIONS ||
                      (model == SIM_EMBED ? x->op->purpose == PURPOSE_EMBED : is_text(x->op));
    if (is_offered)
        return 0;
    return exchange_fail(x, -E_NOT_SUPPORTED,
                         "The simulator's model \"" STR_FMT "\" does not offer " STR_FMT ".",
                         STR_ARG(sim_models[model]), STR_ARG(x->op->path));
}

static int read_body(struct exchange *x, struct arena *a, struct sim_request *r)
{
    size_t error_at = 0;
    if (json_read(a, r->json->body, &r->root, &error_at) == 0)
        return 0;
    return exchange_fail(x, -E_BAD_REQUEST, "The body has more values than the simulator reads.");
}

/* The body as the client's dialect reads it. */
static int read_chat(struct exchange *x, struct arena *a, struct sim_request *r)
{
    struct reading reading = {.a = a, .err = &x->err, .origin = (uint8_t)x->op->dialect};
    r->chat = arena_new(a, struct chat);
    r->chat->origin = (uint8_t)x->op->dialect;
    r->chat->model = r->json->model;
    r->chat->is_stream = r->json->is_stream;
    int rc = dialect_get(x->op->dialect)->codec->read_request(&reading, r->root, r->chat);
    return rc < 0 ? err_set_code(&x->err, rc) : 0;
}

/* Makes the answer, forgets the request but for what the answer repeats, sends. */
static int MAY_YIELD say(struct sim_request *r, struct arena *document)
{
    struct exchange *x = r->x;
    struct sim_options options = r->options;
    struct sim_answer answer;
    bool is_stream = r->json->is_stream;
    int rc = read_chat(x, document, r);
    if (rc < 0)
        return rc;
    rc = sim_answer_make(r, &answer);
    const struct chat *asked = rc == 0 ? restore_keep(&x->arena, r->chat, NULL) : NULL;
    exchange_keep_err(x);
    if (asked != r->chat)
        arena_fini(document);
    if (rc == 0) {
        exchange_drop_request(x);
        rc = is_stream ? sim_write_stream(x, asked, &answer, &options)
                       : sim_write_whole(x, asked, &answer, &options);
    }
    sim_answer_fini(&answer);
    return rc;
}

static int MAY_YIELD answer(struct exchange *x, const struct request *json,
                            const struct sim_options *options)
{
    struct sim_request r = {.x = x, .json = json, .options = *options};
    struct arena document;
    arena_init(&document, 4096, 16 * json->body.n + (8u << 20));
    int rc = read_body(x, &document, &r);
    if (rc == 0 && is_text(x->op))
        rc = say(&r, &document);
    else if (rc == 0)
        rc = x->op->purpose == PURPOSE_EMBED ? sim_embed(&r) : sim_moderate(&r);
    exchange_keep_err(x);
    arena_fini(&document);
    return rc;
}

static int MAY_YIELD attempt(struct exchange *x, const struct request *r,
                             const struct sim_options *options)
{
    const struct provider *p = x->target.provider;
    if (!provider_slot_acquire(p))
        return err_set_code(&x->err, -E_CONCURRENCY);
    int64_t before = task_deadline_narrow(relay_deadline(x));
    client_keep_input(x->client);
    client_watch_hangup(x->client, true);
    int rc = is_unlucky(options) ? refuse(x, options->error_status) : answer(x, r, options);
    client_watch_hangup(x->client, false);
    task_deadline_restore(before);
    provider_slot_release(p);
    return rc;
}

int sim_run(struct exchange *x, const struct request *r)
{
    struct sim_options options;
    int rc = read_model(x, &options);
    if (rc == 0)
        rc = check_operation(x, options.model);
    if (rc < 0)
        return rc;
    attempt_begin(x);
    rc = attempt(x, r, &options);
    sim_attempt_end(x, rc);
    return rc;
}
