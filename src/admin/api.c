/* The admin listener's paths.
 *
 * Health and metrics are open to whoever reaches the admin address (loopback unless configured
 * otherwise); everything that shows or changes the configuration needs the admin key. All of it
 * runs on the main thread, where configuration lives. */
#include "admin/api.h"

#include "base/metrics.h"
#include "gate/config.h"
#include "gate/exchange.h"
#include "gate/paths.h"
#include "gate/reply.h"
#include "gate/server.h"
#include "wire/json.h"

static int MAY_YIELD answer_json(struct exchange *x, int status, struct buf *body)
{
    int rc = reply_whole(x, status, S("application/json"), S_EMPTY, buf_str(body));
    buf_fini(body);
    return rc;
}

static int MAY_YIELD metrics(struct exchange *x)
{
    struct buf body;
    buf_init(&body, 64u << 20);
    metrics_render(&body);
    int rc =
        reply_whole(x, 200, S("text/plain; version=0.0.4; charset=utf-8"), S_EMPTY, buf_str(&body));
    buf_fini(&body);
    return rc;
}

static int MAY_YIELD reload(struct exchange *x)
{
    struct buf report, body;
    buf_init(&report, 1u << 20);
    buf_init(&body, 2u << 20);
    int rc = server_reload(&report);
    struct json_writer w = json_writer(&body);
    json_begin_object(&w, NULL);
    json_put_bool(&w, "reloaded", rc == 0);
    json_put_int(&w, "config_version", (int64_t)server_snapshot()->version);
    json_put_str(&w, "report", buf_str(&report));
    json_end_object(&w);
    buf_fini(&report);
    if (rc == -E_DRAINING) {
        buf_fini(&body);
        return err_set_code(&x->err, rc);
    }
    return answer_json(x, rc == 0 ? 200 : 422, &body);
}

static int MAY_YIELD drain(struct exchange *x)
{
    server_drain();
    return reply_whole(x, 202, S("application/json"), S_EMPTY, S("{\"draining\":true}"));
}

/* Checks the configuration in the body without putting it into force. */
static int MAY_YIELD check(struct exchange *x)
{
    int rc = exchange_read_body(x);
    if (rc < 0)
        return rc;
    struct config *config = config_parse(str_of(x->body.p, x->body.n), S("request"));
    struct snapshot *s = snapshot_compile(config);
    struct buf body;
    buf_init(&body, 8u << 20);
    config_render_json(config, &body);
    if (s)
        snapshot_release(s); /* the tree goes with it */
    else
        config_free(config);
    return answer_json(x, s ? 200 : 422, &body);
}

static int MAY_YIELD show(struct exchange *x)
{
    struct buf body;
    buf_init(&body, 8u << 20);
    config_render_effective(server_snapshot()->config, &body);
    return answer_json(x, 200, &body);
}

/* clang-format off */
static const struct path rows[] = {
    PATH("GET",  "/healthz",                PUBLIC, PROBLEM, paths_healthz),
    PATH("GET",  "/readyz",                 PUBLIC, PROBLEM, paths_readyz),
    PATH("GET",  "/metrics",                PUBLIC, PROBLEM, metrics),
    PATH("GET",  "/admin/v1/config",        ADMIN,  PROBLEM, show),
    PATH("POST", "/admin/v1/config:check",  ADMIN,  PROBLEM, check),
    PATH("POST", "/admin/v1/config:reload", ADMIN,  PROBLEM, reload),
    PATH("POST", "/admin/v1/drain",         ADMIN,  PROBLEM, drain),
};
/* clang-format on */

const struct path_table api_paths = {.rows = rows, .n = ARRAY_LEN(rows)};
