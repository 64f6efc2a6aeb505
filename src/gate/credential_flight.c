/* What every way to a credential needs: to ask a server, to read a file, to say what went wrong.
 *
 * A message begins with whom it is about and ends with the server's or the system's own words;
 * whoever reads it in a log shall know which of the three or four steps to look at. Every answer
 * has a Date header, and its sender's clock is what expiry times are written by: a machine whose
 * clock is wrong is corrected here, before AWS refuses its signatures. */
#include "gate/credential_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cloud/sigv4.h"
#include "gate/fetch.h"
#include "rt/task.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define ANSWER_MAX     ((size_t)1 << 20)
#define TIMEOUT_US     INT64_C(10000000)
#define METADATA_US    INT64_C(2000000)
#define CLOCK_OFF_US   INT64_C(60000000)  /* less may be the way of the answer */
#define MESSAGE_MAX    ((size_t)64 << 10) /* far more than anybody says */

int64_t flight_wall_us(const struct flight *f)
{
    return clock_wall_us() + f->clock_us;
}

str flight_secret(const struct secret *s)
{
    return s ? secret_expose(s) : S_EMPTY;
}

const char *flight_env(const char *name)
{
    return getenv(name);
}

int flight_fail(struct flight *f, const char *fmt, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, MESSAGE_MAX);
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    int rc = err_set(f->err, f->arena, -E_CREDENTIAL, STR_FMT, STR_ARG(buf_str(&text)));
    buf_fini(&text);
    return rc;
}

static void learn_clock(struct flight *f, str date)
{
    int64_t offset_us;
    if (!sigv4_clock_offset(date, clock_wall_us(), &offset_us))
        return;
    bool is_off = offset_us > CLOCK_OFF_US || offset_us < -CLOCK_OFF_US;
    f->clock_us = is_off ? offset_us : 0;
}

/* Is the server one that the provider's `ca` speaks for? */
static bool is_configured(const struct credential_settings *s, str url)
{
    if (s->kind == CREDENTIAL_OAUTH)
        return true;
    if (s->kind == CREDENTIAL_AWS)
        return s->aws.sts_url.n > 0 && str_has_prefix(url, s->aws.sts_url);
    return s->gcp.token_url.n > 0 && str_eq(url, s->gcp.token_url);
}

static struct fetch_request fetch_request(const struct flight *f, const struct cloud_request *r,
                                          enum flight_peer peer)
{
    const struct credential_settings *s = f->settings;
    bool is_metadata = peer == FLIGHT_METADATA;
    bool shows_certificate = s->kind == CREDENTIAL_OAUTH && s->oauth.auth == OAUTH_TLS;
    int64_t timeout_us = s->timeout_us > 0 ? s->timeout_us : TIMEOUT_US;
    return (struct fetch_request){
        .method = r->method,
        .url = r->url,
        .headers = r->headers,
        .n_headers = r->n_headers,
        .body = r->body,
        .policy = DIAL_ANY, /* the configuration, the environment or a file of theirs names it */
        .is_direct = is_metadata,
        .ca = is_configured(s, r->url) ? s->ca : NULL,
        .cert = shows_certificate ? s->cert : NULL,
        .key = shows_certificate ? s->key : NULL,
        .timeout_us = is_metadata ? MIN(timeout_us, METADATA_US) : timeout_us,
        .max_bytes = ANSWER_MAX,
    };
}

int flight_ask(struct flight *f, const struct cloud_request *r, enum flight_peer peer,
               const char *whom, str *body)
{
    struct fetch_request request = fetch_request(f, r, peer);
    struct fetch_answer answer;
    struct err e = {.code = 0};
    int rc = fetch(&request, f->arena, &answer, &e);
    if (rc < 0 && task_cancelled() != 0)
        return rc;
    if (rc < 0)
        return flight_fail(f, "%s: " STR_FMT, whom, STR_ARG(err_message(&e)));
    learn_clock(f, answer.date);
    if (answer.status / 100 == 2) {
        *body = arena_str(f->arena, buf_str(&answer.body));
    } else {
        str refusal = cloud_refusal(f->arena, answer.status, buf_str(&answer.body));
        rc = flight_fail(f, "%s: " STR_FMT, whom, STR_ARG(refusal));
    }
    if (answer.body.n > 0)
        explicit_bzero(answer.body.p, answer.body.n);
    fetch_answer_fini(&answer);
    return rc;
}

int flight_file(struct flight *f, str path, const char *what, str *text)
{
    const char *why = NULL;
    size_t n = 0;
    char *p = file_read(f->arena, arena_cz(f->arena, path), FILE_MAX_BYTES, &n, &why);
    if (!p)
        return flight_fail(f, "%s " STR_FMT ": %s", what, STR_ARG(path), why);
    *text = str_of(p, n);
    return 0;
}

bool flight_file_exists(struct flight *f, str path)
{
    return path.n > 0 && access(arena_cz(f->arena, path), F_OK) == 0;
}
