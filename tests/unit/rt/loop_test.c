#include "rt/loop.c"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/dies.h"
#include "tap.h"

static struct loop *loop;

/* ---- watches ---- */

struct seen {
    struct loop_watch watch;
    int n;
    uint32_t events;
    struct loop_watch *remove; /* another one, to be removed when this one fires */
    int other_end;
};

static void on_seen(struct loop_watch *w, uint32_t events)
{
    struct seen *s = container_of(w, struct seen, watch);
    s->n++;
    s->events = events;
    if (s->remove)
        loop_watch_remove(s->remove);
    s->remove = NULL;
}

static void seen_open(struct seen *s, uint32_t events)
{
    int fd[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
    *s = (struct seen){.watch = {.fd = fd[0], .fn = on_seen}, .other_end = fd[1]};
    is_int(loop_watch_add(&s->watch, events), 0, "a watch is added");
}

static void seen_close(struct seen *s)
{
    (void)close(s->watch.fd);
    (void)close(s->other_end);
}

static void poke(const struct seen *s)
{
    must(write(s->other_end, "x", 1) == 1);
}

static void test_watch(void)
{
    struct seen s;
    seen_open(&s, EPOLLIN | EPOLLET);
    loop_turn(loop, 0);
    is_int(s.n, 0, "nothing happens where nothing is");
    poke(&s);
    loop_turn(loop, -1);
    ok(s.n == 1 && s.events == EPOLLIN, "bytes are an event");
    loop_turn(loop, 0);
    is_int(s.n, 1, "an edge is told once");
    is_int(loop_watch_change(&s.watch, EPOLLIN), 0, "a watch is changed");
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    is_int(s.n, 3, "a level every turn");
    loop_watch_remove(&s.watch);
    poke(&s);
    loop_turn(loop, 0);
    is_int(s.n, 3, "a removed watch is told nothing");
    seen_close(&s);

    struct loop_watch bad = {.fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .fn = on_seen};
    (void)close(bad.fd);
    is_int(loop_watch_add(&bad, EPOLLIN), -E_SYSTEM, "a closed descriptor cannot be watched");
    is_int(loop_watch_change(&bad, EPOLLIN), -E_SYSTEM, "nor changed");
}

static void test_remove_in_batch(void)
{
    struct seen a, b;
    seen_open(&a, EPOLLIN | EPOLLET);
    seen_open(&b, EPOLLIN | EPOLLET);
    a.remove = &b.watch;
    b.remove = &a.watch;
    poke(&a);
    poke(&b);
    loop_turn(loop, 0);
    is_int(a.n + b.n, 1, "an event already fetched is not delivered to a removed watch");
    loop_watch_remove(a.n > 0 ? &a.watch : &b.watch);
    seen_close(&a);
    seen_close(&b);
}

/* ---- timers ---- */

static char order[16];

struct lettered {
    struct loop_timer timer;
    char letter;
};

static void on_lettered(struct loop_timer *t)
{
    size_t n = strlen(order);
    order[n] = container_of(t, struct lettered, timer)->letter;
    order[n + 1] = '\0';
}

static void turn_to(int64_t us)
{
    clock_test_advance(us - clock_now_us());
    loop_turn(loop, 0);
}

static void test_timers(void)
{
    static const int64_t delays_ms[] = {5000, 1, 70, 300000, 64, 2};
    struct lettered t[ARRAY_LEN(delays_ms)];
    int64_t start = (clock_now_us() / 1000000 + 1) * 1000000; /* time never goes back */
    clock_test_set(start, 0);
    loop_turn(loop, 0);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        t[i].letter = (char)('a' + i);
        loop_timer_init(&t[i].timer, on_lettered);
        loop_timer_clear(&t[i].timer);
        loop_timer_set(&t[i].timer, start + delays_ms[i] * 1000);
    }
    order[0] = '\0';
    turn_to(start + 999);
    is_str(str_from_cz(order), S(""), "no timer fires early");
    turn_to(start + 1000);
    is_str(str_from_cz(order), S("b"), "each fires in its time");
    loop_timer_set(&t[5].timer, start + 65000);
    turn_to(start + 64000);
    is_str(str_from_cz(order), S("be"), "one that was moved does not fire before");
    loop_timer_clear(&t[2].timer);
    ok(!loop_timer_is_set(&t[2].timer) && loop_timer_is_set(&t[0].timer), "set and cleared");
    turn_to(start + 400000000);
    is_str(str_from_cz(order), S("befad"), "and all in order however late the turn");
    is_int(wait_ms(loop, -1), -1, "without timers the wait has no limit");
    loop_timer_set(&t[0].timer, clock_now_us() + 30500);
    int ms = wait_ms(loop, -1);
    ok(ms > 0 && ms <= 32, "with one it ends in time, or before");
    is_int(wait_ms(loop, 7), 7, "a shorter limit holds");
    is_int(wait_ms(loop, 0), 0, "and none at all, too");
    clock_test_advance(40000);
    is_int(wait_ms(loop, -1), 0, "a timer that is due allows no wait");
    loop_timer_set(&t[0].timer, INT64_MAX);
    ok(wait_ms(loop, -1) > 1000000000, "the end of time is far");
    loop_timer_clear(&t[0].timer);
}

static void stop_loop(struct loop_timer *t)
{
    (void)t;
    loop_stop(loop);
}

/* On a thread of its own, where nobody has set a test clock. */
static void *real_wait(void *arg)
{
    int64_t *took_us = arg;
    loop = loop_open();
    struct loop_timer t;
    loop_timer_init(&t, stop_loop);
    int64_t start = clock_now_us();
    loop_timer_set(&t, start + 3000);
    loop_run(loop);
    *took_us = clock_now_us() - start;
    loop_close(loop);
    pool_trim();
    return NULL;
}

static void test_real_wait(void)
{
    struct loop *mine = loop;
    pthread_t thread;
    int64_t took_us = 0;
    must(pthread_create(&thread, NULL, real_wait, &took_us) == 0);
    must(pthread_join(thread, NULL) == 0);
    loop = mine;
    ok(took_us >= 3000, "the loop sleeps until its timer, and a fired function may stop it");
}

/* ---- mail ---- */

#define SENDERS 4
#define LETTERS 10000

struct letter {
    struct loop_mail mail;
    int sender, number;
};

static struct letter letters[SENDERS][LETTERS];
static int next_number[SENDERS];
static int n_received, n_disordered;

static void on_letter(void *arg)
{
    const struct letter *l = arg;
    if (l->number != next_number[l->sender]++)
        n_disordered++;
    if (++n_received == SENDERS * LETTERS)
        loop_stop(loop);
}

static void *send_letters(void *arg)
{
    struct letter *mine = arg;
    for (int i = 0; i < LETTERS; i++) {
        mine[i].number = i;
        mine[i].sender = (int)((mine - letters[0]) / LETTERS);
        mine[i].mail = (struct loop_mail){.fn = on_letter, .arg = &mine[i]};
        loop_post(loop, &mine[i].mail);
    }
    return NULL;
}

static void test_mail(void)
{
    pthread_t threads[SENDERS];
    for (size_t i = 0; i < SENDERS; i++)
        must(pthread_create(&threads[i], NULL, send_letters, letters[i]) == 0);
    loop_run(loop);
    for (size_t i = 0; i < SENDERS; i++)
        must(pthread_join(threads[i], NULL) == 0);
    is_int(n_received, SENDERS * LETTERS, "no letter is lost, no wake is missed");
    is_int(n_disordered, 0, "each sender's arrive in order");
}

struct reposted {
    struct loop_mail mail;
    int n;
};

static void on_reposted(void *arg)
{
    struct reposted *r = arg;
    if (++r->n < 3)
        loop_post(loop, &r->mail);
}

static void test_repost(void)
{
    struct reposted r = {.mail = {.fn = on_reposted, .arg = &r}};
    loop_post(loop, &r.mail);
    loop_turn(loop, -1);
    is_int(r.n, 1, "mail posted by its own loop comes in the next turn");
    loop_turn(loop, -1);
    loop_turn(loop, -1);
    is_int(r.n, 3, "a letter is free again when its function has begun");
}

static void *stop_it(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void test_stop(void)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, stop_it, loop) == 0);
    loop_run(loop);
    must(pthread_join(thread, NULL) == 0);
    loop_stop(loop);
    loop_run(loop);
    ok(true, "a loop stopped from elsewhere, or before it ran, ends");
}

/* ---- tasks ---- */

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void test_tasks(void)
{
    bool has_run = false;
    (void)task_spawn(set_flag, &has_run);
    loop_turn(loop, -1);
    ok(has_run, "a task that can run allows no wait");
}

static void open_twice(void *arg)
{
    (void)arg;
    (void)loop_open();
}

int main(void)
{
    ok(!loop_self(), "a thread begins without a loop");
    loop = loop_open();
    ok(loop_self() == loop, "and has one after loop_open");
    ok(dies(open_twice, NULL), "one and no more");
    test_watch();
    test_remove_in_batch();
    test_real_wait();
    test_mail();
    test_repost();
    test_stop();
    test_tasks();
    char *scratch = loop_scratch();
    memset(scratch, 1, LOOP_SCRATCH_BYTES);
    ok(scratch == loop_scratch(), "a thread has one scratch buffer");
    test_timers();
    loop_close(loop);
    ok(!loop_self(), "a closed loop is gone");
    return tap_done();
}
