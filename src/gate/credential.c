/* Sources, their keepers, and what requests call.
 *
 * A source is shared by threads; what changes in it is under its lock, which is held for a copy and
 * never across a wait. Its keeper is one task on one worker: the loop in keep() is the whole life
 * of a credential. Everybody else reaches the keeper by mail (a kick: renew now, or stop), and the
 * keeper reaches those who wait by mail to their loops. A waiter is on the heap, because the task
 * that waits may give up while the mail to it is under way; the last of the two frees it.
 *
 * A keeper ends with its source (the last snapshot has let go of it) or with its worker. In the
 * first case it frees the source. In the second the source stays, and the next request on another
 * worker starts a new keeper; those who were waiting are woken and do just that.
 *
 * When values end is kept on the monotonic clock: a step of the wall clock neither ends a token nor
 * makes it immortal. */
#include "gate/credential.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "gate/credential_parts.h"
#include "rt/loop.h"
#include "rt/task.h"

#define US_PER_S      INT64_C(1000000)
#define RENEW_PERCENT 80                  /* of its life, a value is renewed */
#define JITTER        10                  /* percent by which that may be earlier */
#define PAUSE_MIN_US  (1 * US_PER_S)      /* between two flights, however short a life */
#define BACKOFF_US    (1 * US_PER_S)      /* after the first failure; doubles... */
#define BACKOFF_MAX   6                   /* ...so often */
#define QUIET_US      (5 * US_PER_S)      /* a failure holds for requests this long */
#define FORCED_US     (60 * US_PER_S)     /* between renewals that refusals ask for */
#define MARGIN_US     (5 * US_PER_S)      /* a value this close to its end is not given out */
#define CLOCK_STEP_US (120 * US_PER_S)    /* what AWS forgives is five minutes */
#define REASON_MAX    512                 /* bytes kept of a failure */
#define FLIGHT_MAX    ((size_t)128 << 20) /* of a flight's arena */

struct credential_source {
    struct arena arena; /* what does not change: */
    struct credential_settings settings;
    char id[2 * SHA256_BYTES]; /* digest of the settings in hex: its key in the registry */
    unsigned users;            /* under the registry's lock */

    pthread_mutex_t lock; /* of all that follows */
    struct secret *token; /* whole value of the header; NULL: none... */
    struct secret *access_key_id, *secret_access_key, *session_token; /* ...or AWS's */
    struct secret *region;
    struct sigv4_key key;  /* of today */
    uint64_t generation;   /* 0: there was no value yet */
    int64_t ends_us;       /* monotonic, less the margin; INT64_MAX: never */
    int64_t clock_us;      /* how far AWS's clock is ahead of ours */
    struct secret *reason; /* of the last failure; NULL: the last flight was fine */
    int64_t failed_us;     /* when that was */
    int64_t forced_us;     /* when a refusal last asked for a renewal; 0: never */
    bool is_forced;        /* that renewal is still to come */
    struct list waiters;
    struct loop *loop; /* the keeper's; NULL: there is none */
    struct task *task;
    struct loop_mail kick;
    bool is_posted;   /* the kick is under way */
    bool is_stopping; /* nobody uses the source any more */

    struct list here; /* the keeper's thread only: in `keepers` */
    bool is_pausing;  /* it may be woken */
};

/* One task that waits for the end of a flight. */
struct waiter {
    struct list link; /* in its source's waiters, under the lock, until it is posted */
    struct loop *loop;
    struct task *task; /* NULL: it has given up */
    struct loop_mail mail;
    bool is_woken;
};

static struct table registry; /* id -> source; under the lock */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local struct list keepers; /* of this thread, by `here` */
static _Thread_local unsigned orphans;    /* waiters of this thread that have given up */

/* ---- sources ---- */

static void drop_value(struct credential_source *s)
{
    struct secret **all[] = {&s->token, &s->access_key_id, &s->secret_access_key, &s->session_token,
                             &s->region};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        secret_free(*all[i]);
        *all[i] = NULL;
    }
    explicit_bzero(&s->key, sizeof s->key);
}

static void source_free(struct credential_source *s)
{
    must(list_is_empty(&s->waiters) && !s->loop);
    drop_value(s);
    secret_free(s->reason);
    credential_settings_wipe(&s->settings);
    pthread_mutex_destroy(&s->lock);
    arena_fini(&s->arena);
    mem_free(s);
}

static str source_id(struct credential_source *s)
{
    return str_of(s->id, sizeof s->id);
}

static struct credential_source *source_new(const struct credential_settings *settings, str id)
{
    struct credential_source *s = mem_new(sizeof *s);
    arena_init(&s->arena, 1024, (size_t)8 << 20);
    credential_settings_copy(&s->arena, settings, &s->settings);
    memcpy(s->id, id.p, sizeof s->id);
    pthread_mutex_init(&s->lock, NULL);
    list_init(&s->waiters);
    list_init(&s->here);
    return s;
}

struct credential_source *credential_acquire(const struct credential_settings *settings)
{
    uint8_t digest[SHA256_BYTES];
    struct arena a;
    arena_init(&a, 512, 4096);
    credential_settings_digest(settings, digest);
    str id = crypt_to_hex(&a, digest, sizeof digest);
    pthread_mutex_lock(&registry_lock);
    struct credential_source *s = table_get(&registry, id);
    if (!s) {
        s = source_new(settings, id);
        (void)table_add(&registry, source_id(s), s);
    }
    s->users++;
    pthread_mutex_unlock(&registry_lock);
    arena_fini(&a);
    return s;
}

/* ---- mail to the keeper ---- */

/* On the keeper's thread. */
static void take_kick(void *arg)
{
    struct credential_source *s = arg;
    pthread_mutex_lock(&s->lock);
    s->is_posted = false;
    bool is_stopping = s->is_stopping;
    pthread_mutex_unlock(&s->lock);
    if (is_stopping)
        task_cancel(s->task, -E_CANCELLED);
    else if (s->is_pausing && task_is_waiting(s->task))
        task_wake(s->task, 0);
}

/* Under the lock: as long as s->loop is set, that loop is there. */
static void kick(struct credential_source *s)
{
    if (!s->loop || s->is_posted)
        return;
    s->is_posted = true;
    s->kick = (struct loop_mail){.fn = take_kick, .arg = s};
    loop_post(s->loop, &s->kick);
}

void credential_release(struct credential_source *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&registry_lock);
    must(s->users > 0);
    s->users--;
    bool is_last = s->users == 0;
    if (is_last)
        (void)table_remove(&registry, source_id(s));
    if (registry.n == 0)
        table_fini(&registry);
    pthread_mutex_unlock(&registry_lock);
    if (!is_last)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    bool has_keeper = s->loop != NULL;
    kick(s);
    pthread_mutex_unlock(&s->lock);
    if (!has_keeper)
        source_free(s);
}

/* ---- waiters ---- */

/* On the waiter's thread. */
static void wake_waiter(void *arg)
{
    struct waiter *w = arg;
    if (!w->task) {
        orphans--;
        mem_free(w);
        return;
    }
    w->is_woken = true;
    if (task_is_waiting(w->task))
        task_wake(w->task, 0);
}

/* Under the lock. */
static struct waiter *waiter_new(struct credential_source *s)
{
    struct waiter *w = mem_new(sizeof *w);
    w->loop = loop_self();
    w->task = task_self();
    w->mail = (struct loop_mail){.fn = wake_waiter, .arg = w};
    list_push_back(&s->waiters, &w->link);
    return w;
}

/* Under the lock. */
static void wake_all(struct credential_source *s)
{
    while (!list_is_empty(&s->waiters)) {
        struct waiter *w = container_of(list_pop_front(&s->waiters), struct waiter, link);
        loop_post(w->loop, &w->mail);
    }
}

/* Until a flight has ended or the time has come. 0, -E_TIMEOUT or the cancel code. */
static int wait_for_flight(struct credential_source *s, struct waiter *w,
                           int64_t until_us) MAY_YIELD
{
    int rc = 0;
    int64_t before = task_deadline_narrow(until_us);
    while (!w->is_woken && rc == 0)
        rc = task_wait();
    task_deadline_restore(before);
    if (w->is_woken) {
        mem_free(w);
        return 0;
    }
    pthread_mutex_lock(&s->lock);
    bool is_posted = list_is_empty(&w->link);
    list_remove(&w->link);
    pthread_mutex_unlock(&s->lock);
    if (is_posted) {
        w->task = NULL;
        orphans++;
    } else {
        mem_free(w);
    }
    return rc;
}

/* ---- flights ---- */

static bool is_valid(const struct credential_source *s)
{
    return s->generation > 0 && clock_now_us() < s->ends_us;
}

/* The last flight has failed, and so lately that asking again would not help. */
static bool has_just_failed(const struct credential_source *s)
{
    return s->reason && clock_now_us() < s->failed_us + QUIET_US;
}

static int fly(struct flight *f, struct flight_value *out) MAY_YIELD
{
    switch (f->settings->kind) {
    case CREDENTIAL_STATIC:
        *out = (struct flight_value){.token = flight_secret(f->settings->value)};
        return 0;
    case CREDENTIAL_AWS:
        return flight_aws(f, out);
    case CREDENTIAL_GCP:
        return flight_gcp(f, out);
    case CREDENTIAL_OAUTH:
        return flight_oauth(f, out);
    case CREDENTIAL_IDENTITY:
        return flight_identity(f, out);
    }
    return -E_CREDENTIAL;
}

/* How long the value is good from now on; INT64_MAX: for ever. */
static int64_t life_us(const struct flight *f, const struct flight_value *v)
{
    return v->expires_us == 0 ? INT64_MAX : MAX(v->expires_us - flight_wall_us(f), 0);
}

static bool is_same(const struct secret *held, str value)
{
    return held ? secret_equals(held, value) : value.n == 0;
}

/* Is it what the source holds already? Metadata services answer the same until shortly before the
 * end. */
static bool holds(const struct credential_source *s, const struct flight_value *v, str token)
{
    return s->generation > 0 && is_same(s->token, token) &&
           is_same(s->secret_access_key, v->keys.secret_access_key) &&
           is_same(s->session_token, v->keys.session_token) &&
           is_same(s->access_key_id, v->keys.access_key_id) && is_same(s->region, v->region);
}

static struct secret *secret_or_null(str value)
{
    return value.n > 0 ? secret_new(value) : NULL;
}

/* Puts a value in force. Under the lock. */
static void publish(struct credential_source *s, const struct flight *f,
                    const struct flight_value *v)
{
    int64_t life = life_us(f, v);
    str token = v->token;
    if (token.n > 0)
        token = arena_concat(f->arena, (str[]){s->settings.scheme, token}, 2);
    s->ends_us = life == INT64_MAX ? INT64_MAX : clock_now_us() + life - MIN(MARGIN_US, life / 10);
    s->clock_us = f->clock_us;
    if (holds(s, v, token))
        return;
    drop_value(s);
    s->token = secret_or_null(token);
    s->access_key_id = secret_or_null(v->keys.access_key_id);
    s->secret_access_key = secret_or_null(v->keys.secret_access_key);
    s->session_token = secret_or_null(v->keys.session_token);
    s->region = secret_or_null(v->region);
    s->generation++;
}

/* The flight has ended: everybody who waits for it hears of it. */
static void land(struct credential_source *s, const struct flight *f, const struct flight_value *v,
                 int rc)
{
    pthread_mutex_lock(&s->lock);
    secret_free(s->reason);
    s->reason = NULL;
    s->is_forced = false;
    if (rc == 0) {
        publish(s, f, v);
    } else {
        s->reason = secret_new(str_slice(err_message(f->err), 0, REASON_MAX));
        s->failed_us = clock_now_us();
    }
    wake_all(s);
    pthread_mutex_unlock(&s->lock);
}

static void log_landing(const struct credential_source *s, const struct flight *f,
                        const struct flight_value *v, int rc)
{
    if (rc < 0) {
        LOG_EVENT (ev, LOG_WARN, "credential_failed") {
            log_str(ev, "provider", s->settings.provider);
            log_str(ev, "error", err_message(f->err));
        }
        return;
    }
    LOG_EVENT (ev, LOG_INFO, "credential_fetched") {
        log_str(ev, "provider", s->settings.provider);
        if (v->expires_us != 0)
            log_int(ev, "life_s", life_us(f, v) / US_PER_S);
    }
}

/* ---- the keeper ---- */

/* Up to JITTER percent less, so that a fleet does not renew in step. */
static int64_t jittered(int64_t us)
{
    uint8_t dice;
    crypt_random(&dice, sizeof dice);
    return us - us / 100 * JITTER * dice / 255;
}

/* How long to rest after a flight; INT64_MAX: until kicked. */
static int64_t pause_after(const struct flight *f, const struct flight_value *v, int rc,
                           unsigned failures)
{
    if (rc < 0)
        return jittered(BACKOFF_US << MIN(failures - 1, (unsigned)BACKOFF_MAX));
    int64_t life = life_us(f, v);
    return life == INT64_MAX ? life : MAX(jittered(life / 100 * RENEW_PERCENT), PAUSE_MIN_US);
}

/* One flight; *pause_us: how long to rest after it. */
static void fly_and_land(struct credential_source *s, unsigned *failures,
                         int64_t *pause_us) MAY_YIELD
{
    struct arena a;
    struct err e = {.code = 0};
    struct flight_value v = {.expires_us = 0};
    arena_init(&a, 4096, FLIGHT_MAX);
    pthread_mutex_lock(&s->lock);
    struct flight f = {.settings = &s->settings, .arena = &a, .err = &e, .clock_us = s->clock_us};
    pthread_mutex_unlock(&s->lock);
    int rc = fly(&f, &v);
    if (rc == 0 && life_us(&f, &v) == 0)
        rc = flight_fail(&f, "what came has expired already: are the clocks right?");
    if (rc < 0)
        rc = err_set_code(&e, rc);
    if (task_cancelled() == 0) {
        land(s, &f, &v, rc);
        log_landing(s, &f, &v, rc);
    }
    *failures = rc < 0 ? *failures + 1 : 0;
    *pause_us = pause_after(&f, &v, rc, *failures);
    arena_fini(&a);
}

/* Before its time: a provider has refused the value, or a request finds none that is valid and the
 * last failure is some time ago. */
static bool is_wanted(struct credential_source *s)
{
    pthread_mutex_lock(&s->lock);
    bool wanted = s->is_forced || (!is_valid(s) && !has_just_failed(s));
    pthread_mutex_unlock(&s->lock);
    return wanted;
}

/* Rests until it is time for the next flight, one is wanted, or the keeper has to end. A kick that
 * comes late, for what the flight has brought meanwhile, is no reason. */
static void pause_for(struct credential_source *s, int64_t us) MAY_YIELD
{
    int64_t until_us = us == INT64_MAX ? INT64_MAX : clock_now_us() + us;
    int64_t before = task_deadline_narrow(until_us);
    int rc = 0;
    while (rc == 0 && !is_wanted(s)) {
        s->is_pausing = true;
        rc = task_wait();
        s->is_pausing = false;
    }
    task_deadline_restore(before);
}

/* Leaves the source: to nobody, or to the next keeper. No kick is under way to it any more. */
static void keeper_end(struct credential_source *s) MAY_YIELD
{
    (void)task_cancel_clear(); /* what comes below has to wait all the same */
    pthread_mutex_lock(&s->lock);
    while (s->is_posted) {
        pthread_mutex_unlock(&s->lock);
        s->is_pausing = true;
        IGNORE_RESULT(task_wait()); /* for the kick */
        (void)task_cancel_clear();
        pthread_mutex_lock(&s->lock);
    }
    bool is_stopping = s->is_stopping;
    list_remove(&s->here);
    s->is_pausing = false;
    s->loop = NULL;
    s->task = NULL;
    wake_all(s);
    pthread_mutex_unlock(&s->lock);
    if (is_stopping)
        source_free(s);
}

/* Task entry. */
static void keep(void *arg)
{
    struct credential_source *s = arg;
    unsigned failures = 0;
    int64_t pause_us = 0;
    while (task_cancelled() == 0) {
        fly_and_land(s, &failures, &pause_us);
        if (task_cancelled() == 0)
            pause_for(s, pause_us);
    }
    keeper_end(s);
}

/* Under the lock: starts the keeper here unless there is one. */
static void start(struct credential_source *s)
{
    if (s->loop)
        return;
    if (!keepers.next)
        list_init(&keepers);
    list_push_back(&keepers, &s->here);
    s->loop = loop_self();
    s->task = task_spawn(keep, s);
}

void credential_thread_end(void)
{
    if (!keepers.next)
        list_init(&keepers);
    list_each (at, &keepers)
        task_cancel(container_of(at, struct credential_source, here)->task, -E_CANCELLED);
    while (!list_is_empty(&keepers) || orphans > 0)
        loop_turn(loop_self(), 1);
}

/* ---- what requests call ---- */

static str copy_of(struct arena *a, const struct secret *s)
{
    return arena_str(a, flight_secret(s));
}

/* Under the lock. */
static void copy_out(struct credential_source *s, struct arena *a, struct credential *out)
{
    const struct credential_settings *o = &s->settings;
    *out = (struct credential){.generation = s->generation};
    if (s->token) {
        out->header.name = o->header.n > 0 ? arena_str(a, o->header) : S("authorization");
        out->header.value = copy_of(a, s->token);
    }
    if (o->kind != CREDENTIAL_AWS)
        return;
    out->region = copy_of(a, s->region);
    if (o->aws.use != AWS_SIGNS)
        return;
    out->signs = true;
    out->signer = (struct sigv4_signer){
        .access_key_id = copy_of(a, s->access_key_id),
        .session_token = copy_of(a, s->session_token),
        .scope = {.region = out->region, .service = arena_str(a, o->aws.service)},
        .wall_us = clock_wall_us() + s->clock_us,
    };
    sigv4_key_derive(&s->key, flight_secret(s->secret_access_key), &out->signer.scope,
                     out->signer.wall_us);
    out->signing_key = s->key;
}

static int fail(struct credential_source *s, struct arena *a, struct err *e, str reason)
{
    return err_set(e, a, -E_CREDENTIAL, "No credential for the provider \"" STR_FMT "\": " STR_FMT,
                   STR_ARG(s->settings.provider), STR_ARG(reason));
}

int credential_get(struct credential_source *s, int64_t wait_us, struct arena *a,
                   struct credential *out, struct err *e)
{
    int64_t until_us = clock_now_us() + wait_us;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        bool is_there = is_valid(s), has_failed = !is_there && has_just_failed(s);
        str reason = has_failed ? copy_of(a, s->reason) : S_EMPTY;
        if (is_there)
            copy_out(s, a, out);
        start(s);
        if (is_there || has_failed) {
            pthread_mutex_unlock(&s->lock);
            return is_there ? 0 : fail(s, a, e, reason);
        }
        struct waiter *w = waiter_new(s);
        kick(s); /* it may be resting after a failure */
        pthread_mutex_unlock(&s->lock);
        int rc = wait_for_flight(s, w, until_us);
        if (rc == -E_TIMEOUT && task_cancelled() == 0 && clock_now_us() >= until_us)
            return fail(s, a, e, S("none came in time"));
        if (rc < 0)
            return rc;
    }
}

/* Under the lock: takes over the server's idea of the time, if it is far from ours. */
static bool learn_clock(struct credential_source *s, str date)
{
    int64_t offset_us;
    if (s->settings.kind != CREDENTIAL_AWS || s->settings.aws.use != AWS_SIGNS ||
        !sigv4_clock_offset(date, clock_wall_us(), &offset_us))
        return false;
    int64_t change = offset_us - s->clock_us;
    if (change < CLOCK_STEP_US && change > -CLOCK_STEP_US)
        return false;
    s->clock_us = offset_us;
    return true;
}

/* Under the lock: is a renewal on its way, or may it be asked for? */
static bool ask_renewal(struct credential_source *s)
{
    if (s->settings.kind == CREDENTIAL_STATIC)
        return false;
    if (s->is_forced)
        return true;
    if (s->forced_us > 0 && clock_now_us() < s->forced_us + FORCED_US)
        return false;
    s->forced_us = clock_now_us();
    s->is_forced = true;
    start(s);
    kick(s);
    return true;
}

bool credential_renew(struct credential_source *s, str date, int64_t wait_us, struct arena *a,
                      struct credential *c)
{
    int64_t until_us = clock_now_us() + wait_us;
    pthread_mutex_lock(&s->lock);
    bool is_better = learn_clock(s, date) || s->generation > c->generation;
    bool is_coming = !is_better && ask_renewal(s);
    struct waiter *w = is_coming ? waiter_new(s) : NULL;
    pthread_mutex_unlock(&s->lock);
    if (w && wait_for_flight(s, w, until_us) < 0)
        return false;
    if (!w && !is_better)
        return false;
    pthread_mutex_lock(&s->lock);
    is_better = is_valid(s) && (is_better || s->generation > c->generation);
    if (is_better)
        copy_out(s, a, c);
    pthread_mutex_unlock(&s->lock);
    return is_better;
}

void credential_sign(const struct credential *c, const struct sigv4_request *r, struct arena *a,
                     struct sigv4_headers *out)
{
    struct sigv4_signer signer = c->signer;
    must(c->signs);
    signer.key = &c->signing_key;
    sigv4_sign(&signer, r, a, out);
}
