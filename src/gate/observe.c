/* The log line and the metrics of an exchange. Labels come from closed sets: a model name counts
 * only when it is the operator's alias or a provider has answered for it; anything else a client
 * may have said is "other". */
#include "gate/observe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gate/generation.h"

static str or_none(str s)
{
    return s.n > 0 ? s : S("none");
}

static str model_label(const struct exchange *x)
{
    if (x->target.route.n > 0)
        return x->target.route;
    if (!x->target.provider)
        return S("none");
    bool was_answered = x->status >= 200 && x->status < 300;
    return was_answered ? x->target.upstream_model : S("other");
}

static str provider_label(const struct exchange *x)
{
    return x->target.provider ? x->target.provider->id : S("none");
}

static str status_text(int status, char out[4])
{
    must(status >= 0 && status < 1000);
    out[0] = (char)('0' + status / 100);
    out[1] = (char)('0' + status / 10 % 10);
    out[2] = (char)('0' + status % 10);
    return str_of(out, 3);
}

void observe_attempt(const struct attempt *t)
{
    str outcome = S("ok");
    if (t->code != 0)
        outcome = str_from_cz(err_info(t->code)->name);
    metric_cell_add(metric_cell(M_ATTEMPTS, (str[]){t->provider->id, outcome}), 1);
}

/* The status a log line shows: what was sent, or what would have been had the client stayed. */
static int final_status(const struct exchange *x)
{
    if (x->err.code == -E_CLIENT_GONE)
        return 499;
    if (x->status > 0)
        return x->status;
    return x->err.code != 0 ? err_status(&x->err) : 0;
}

static int64_t overhead_us(const struct exchange *x)
{
    return MAX((int64_t)0, x->end_us - x->begin_us - x->upstream_us - x->client_us);
}

static void count_tokens(const struct exchange *x, str model, str kind, int64_t n)
{
    if (n > 0)
        metric_cell_add(metric_cell(M_TOKENS, (str[]){provider_label(x), model, kind}), n);
}

static void count_bytes(str direction, uint64_t n)
{
    if (n > 0)
        metric_cell_add(metric_cell(M_STREAM_BYTES, &direction), (int64_t)n);
}

static void count(const struct exchange *x)
{
    char digits[4];
    str route = or_none(x->target.route), provider = provider_label(x), model = model_label(x);
    str series[] = {route, provider, model, status_text(final_status(x), digits), S("openai")};
    metric_cell_add(metric_cell(M_REQUESTS, series), 1);
    metric_cell_observe_us(metric_cell(M_DURATION, series), x->end_us - x->begin_us);
    metric_cell_observe_us(metric_cell(M_OVERHEAD, series), overhead_us(x));
    if (x->first_byte_us > 0)
        metric_cell_observe_us(metric_cell(M_TTFT, series), x->first_byte_us - x->begin_us);
    count_tokens(x, model, S("input"), x->usage.input_tokens);
    count_tokens(x, model, S("output"), x->usage.output_tokens);
    count_tokens(x, model, S("cached"), x->usage.cached_tokens);
    count_tokens(x, model, S("reasoning"), x->usage.reasoning_tokens);
    count_bytes(S("in"), x->bytes_in);
    count_bytes(S("out"), x->bytes_out);
}

static void log_target(struct log_event *ev, const struct exchange *x)
{
    if (x->model.n > 0)
        log_str(ev, "model", x->model);
    if (x->target.provider) {
        log_str(ev, "provider", x->target.provider->id);
        log_str(ev, "upstream_model", x->target.upstream_model);
        log_bool(ev, "stream", x->is_stream);
    }
    if (x->n_attempts == 0)
        return;
    const struct attempt *last = &x->attempts[x->n_attempts - 1];
    log_int(ev, "attempts", (int64_t)x->n_attempts);
    log_int(ev, "upstream_status", last->status);
    if (last->endpoint)
        log_str(ev, "endpoint", last->endpoint->url);
    if (last->key)
        log_str(ev, "provider_key", last->key->id);
}

static void log_times(struct log_event *ev, const struct exchange *x)
{
    log_ms(ev, "ms", x->end_us - x->begin_us);
    log_ms(ev, "gateway_ms", overhead_us(x));
    if (x->upstream_us > 0)
        log_ms(ev, "upstream_ms", x->upstream_us);
    if (x->first_byte_us > 0)
        log_ms(ev, "ttft_ms", x->first_byte_us - x->begin_us);
}

static void log_usage(struct log_event *ev, const struct usage *u)
{
    if (u->input_tokens >= 0)
        log_int(ev, "input_tokens", u->input_tokens);
    if (u->output_tokens >= 0)
        log_int(ev, "output_tokens", u->output_tokens);
    if (u->cached_tokens >= 0)
        log_int(ev, "cached_tokens", u->cached_tokens);
    if (u->reasoning_tokens >= 0)
        log_int(ev, "reasoning_tokens", u->reasoning_tokens);
}

static void log_error(struct log_event *ev, const struct err *e)
{
    if (e->code == 0)
        return;
    log_str(ev, "error", str_from_cz(err_info(e->code)->name));
    log_str(ev, "error_source", str_from_cz(err_source_name(err_info(e->code)->source)));
    log_str(ev, "error_message", err_message(e));
}

/* Health checks come every few seconds for ever; they are worth a line only when something is
 * wrong. */
static enum log_level level_of(const struct exchange *x, int status)
{
    bool is_clients = x->err.code != 0 && err_info(x->err.code)->source == ERR_SOURCE_CLIENT;
    if (status >= 500 && !is_clients)
        return LOG_WARN;
    return x->path && x->path->auth == PATH_AUTH_PUBLIC ? LOG_DEBUG : LOG_INFO;
}

/* Health checks and the admin listener's own requests say nothing about the traffic. */
static bool is_traffic(const struct exchange *x)
{
    bool is_public = x->path && x->path->auth == PATH_AUTH_PUBLIC;
    return x->client->scope == CLIENT_SERVER && !is_public;
}

void observe_end(const struct exchange *x)
{
    if (is_traffic(x))
        count(x);
    if (generation_is_wanted(x) && x->committed)
        generation_note(x);
    int status = final_status(x);
    char peer[NET_ADDR_TEXT];
    LOG_EVENT (ev, level_of(x, status), "request") {
        log_str(ev, "id", str_of(x->id, ULID_LEN));
        log_str(ev, "method", x->method);
        log_str(ev, "path", x->target_path);
        log_int(ev, "status", status);
        if (x->key)
            log_str(ev, "key", x->key->id);
        log_target(ev, x);
        log_times(ev, x);
        log_usage(ev, &x->usage);
        log_int(ev, "bytes_in", (int64_t)x->bytes_in);
        log_int(ev, "bytes_out", (int64_t)x->bytes_out);
        log_str(ev, "client", client_peer_text(x->client, peer));
        if (x->traceparent[0] != '\0')
            log_str(ev, "trace_id", str_of(x->traceparent + 3, 32));
        log_int(ev, "config_version", (int64_t)x->snapshot->version);
        log_error(ev, &x->err);
    }
}
