/* The event loop: one epoll instance, one timer wheel, one mailbox, one run queue per thread.
 *
 * A turn costs one system call, the wait. Descriptors are registered once and edge-triggered,
 * timers live in a wheel that tells how long to wait, and tasks that can run are run until none can
 * (or, when they keep each other going, for some rounds).
 *
 * Events are fetched by the batch. While a batch is dispatched a watch may be removed and its
 * memory freed whose event comes later in the batch; loop_watch_remove therefore strikes it from
 * the rest.
 *
 * The mailbox is a stack that senders push on with compare-and-swap; the loop takes the whole of it
 * at once and turns it round. A sender wakes the loop through an eventfd, but only when the loop
 * says that it is about to sleep. That is a Dekker pair: the sender stores mail and then reads
 * may_sleep, the loop stores may_sleep and then reads the mail, all sequentially consistent, so at
 * least one sees the other. The eventfd is edge-triggered and never read: each write is an event,
 * and its counter has room for 2^64 - 2 of them. */
#include "rt/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "rt/task.h"
#include "rt/wheel.h"

#define EVENTS_MAX 256

struct loop {
    size_t size; /* of this block */
    int epoll_fd;
    int n_events, next_event; /* of the batch being dispatched */
    size_t n_watches;
    struct loop_watch post_watch; /* on the eventfd */
    char *scratch;                /* NULL until somebody asks */
    size_t scratch_size;
    struct epoll_event events[EVENTS_MAX];
    struct wheel wheel;

    char distance[64];                /* what follows is written by all threads */
    _Atomic(struct loop_mail *) mail; /* newest first */
    atomic_bool may_sleep;            /* set by the loop, cleared by it and by whoever wakes it */
    atomic_bool is_stopped;           /* set by any thread, cleared by the loop */
};

static _Thread_local struct loop *current;

/* ---- mail ---- */

static void on_post(struct loop_watch *w, uint32_t events)
{
    (void)w, (void)events; /* it was to end the wait, and has done so */
}

static void wake(struct loop *l)
{
    if (atomic_load(&l->may_sleep) && atomic_exchange(&l->may_sleep, false))
        must(eventfd_write(l->post_watch.fd, 1) == 0);
}

void loop_post(struct loop *l, struct loop_mail *mail)
{
    mail->next = atomic_load_explicit(&l->mail, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&l->mail, &mail->next, mail))
        continue;
    wake(l);
}

static struct loop_mail *take_mail(struct loop *l)
{
    struct loop_mail *newest = atomic_exchange(&l->mail, NULL);
    struct loop_mail *oldest = NULL;
    while (newest) {
        struct loop_mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void deliver_mail(struct loop *l)
{
    if (!atomic_load_explicit(&l->mail, memory_order_relaxed))
        return;
    struct loop_mail *mail = take_mail(l);
    while (mail) {
        struct loop_mail letter = *mail; /* its sender may reuse it as soon as fn begins */
        letter.fn(letter.arg);
        mail = letter.next;
    }
}

/* ---- watches ---- */

int loop_watch_add(struct loop_watch *w, uint32_t events)
{
    must(current && w->fn);
    struct epoll_event event = {.events = events, .data.ptr = w};
    if (epoll_ctl(current->epoll_fd, EPOLL_CTL_ADD, w->fd, &event) == -1)
        return -E_SYSTEM;
    current->n_watches++;
    return 0;
}

int loop_watch_change(struct loop_watch *w, uint32_t events)
{
    must(current);
    struct epoll_event event = {.events = events, .data.ptr = w};
    return epoll_ctl(current->epoll_fd, EPOLL_CTL_MOD, w->fd, &event) == -1 ? -E_SYSTEM : 0;
}

void loop_watch_remove(struct loop_watch *w)
{
    struct loop *l = current;
    must(l && epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL) == 0);
    l->n_watches--;
    for (int i = l->next_event; i < l->n_events; i++) {
        if (l->events[i].data.ptr == w)
            l->events[i].data.ptr = NULL;
    }
}

static void dispatch(struct loop *l, int n)
{
    l->n_events = n;
    l->next_event = 0;
    while (l->next_event < l->n_events) {
        const struct epoll_event *event = &l->events[l->next_event++];
        struct loop_watch *w = event->data.ptr;
        if (w)
            w->fn(w, event->events);
    }
    l->n_events = l->next_event = 0;
}

/* ---- timers ---- */

void loop_timer_init(struct loop_timer *t, void (*fn)(struct loop_timer *t))
{
    *t = (struct loop_timer){.fn = fn};
    list_init(&t->link);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
    return !list_is_empty(&t->link);
}

void loop_timer_clear(struct loop_timer *t)
{
    if (loop_timer_is_set(t))
        wheel_clear(&current->wheel, t);
}

void loop_timer_set(struct loop_timer *t, int64_t at_us)
{
    must(current && t->fn);
    loop_timer_clear(t);
    wheel_set(&current->wheel, t, at_us);
}

/* ---- turns ---- */

/* How long this turn may wait, in the terms of epoll_wait. */
static int wait_ms(struct loop *l, int limit_ms)
{
    if (limit_ms == 0 || task_has_runnable())
        return 0;
    int64_t next_us = wheel_next_us(&l->wheel);
    if (next_us == INT64_MAX)
        return limit_ms;
    clock_refresh(); /* the turn before may have been long */
    int64_t ms = MIN((MAX(next_us - clock_now_us(), 0) + 999) / 1000, INT_MAX);
    return limit_ms < 0 ? (int)ms : MIN((int)ms, limit_ms);
}

void loop_turn(struct loop *l, int timeout_ms)
{
    must(l == current && !task_self());
    int timeout = wait_ms(l, timeout_ms);
    if (timeout != 0) {
        atomic_store(&l->may_sleep, true);
        if (atomic_load(&l->mail) || atomic_load(&l->is_stopped))
            timeout = 0;
    }
    int n = epoll_wait(l->epoll_fd, l->events, EVENTS_MAX, timeout);
    must(n >= 0 || errno == EINTR);
    atomic_store_explicit(&l->may_sleep, false, memory_order_relaxed);
    clock_refresh();
    dispatch(l, n);
    wheel_expire(&l->wheel, clock_now_us());
    deliver_mail(l);
    task_run_all();
}

void loop_run(struct loop *l)
{
    while (!atomic_load(&l->is_stopped))
        loop_turn(l, -1);
    atomic_store(&l->is_stopped, false);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->is_stopped, true);
    wake(l);
}

/* ---- the loop itself ---- */

struct loop *loop_open(void)
{
    must(!current);
    size_t size = 0;
    struct loop *l = pool_acquire(sizeof *l, &size);
    memset(l, 0, sizeof *l);
    l->size = size;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->post_watch =
        (struct loop_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .fn = on_post};
    must(l->epoll_fd != -1 && l->post_watch.fd != -1);
    current = l;
    clock_refresh();
    wheel_init(&l->wheel, clock_now_us());
    task_thread_begin();
    must(loop_watch_add(&l->post_watch, EPOLLIN | EPOLLET) == 0);
    return l;
}

void loop_close(struct loop *l)
{
    must(l == current);
    task_thread_end();
    loop_watch_remove(&l->post_watch);
    must(l->n_watches == 0);
    (void)close(l->post_watch.fd);
    (void)close(l->epoll_fd);
    pool_release(l->scratch, l->scratch_size);
    pool_release(l, l->size);
    current = NULL;
}

struct loop *loop_self(void)
{
    return current;
}

char *loop_scratch(void)
{
    must(current);
    if (!current->scratch)
        current->scratch = pool_acquire(LOOP_SCRATCH_BYTES, &current->scratch_size);
    return current->scratch;
}
