/* Puts the events of blocks in a row.
 *
 * At most one block is open behind this stage. A block that begins while it is open gets a queue of
 * its own: copies of its events in an arena that lives as long as the queue, the text of its deltas
 * in a buffer, where neighbours of one kind become one event. Parallel tool calls come in hundreds
 * of fragments a few bytes long; kept one by one they would cost more than fifty times their text.
 *
 * When the open block stops, the queues are sent in their order, each whole, up to the first whose
 * block has not stopped yet: that one is the open one now. A FINISH waits in the row like a block
 * that has one event only. */
#include "llm/serial.h"

#include "base/buf.h"
#include "llm/event_copy.h"

#define WAITING_MAX 1024 /* queues: they are looked for one by one */
#define FIRST_BYTES 512  /* of a queue's arena */

/* One event that waits. The text of a delta is bytes [begin, end) of the queue's buffer. */
struct waiting_event {
    struct event ev;
    size_t begin, end;
    struct waiting_event *next;
};

struct serial_block {
    unsigned choice, number;
    bool is_finish; /* no block: the FINISH of its choice */
    bool is_stopped;
    struct arena a;
    struct buf text;
    size_t cost; /* what it took of the room */
    struct waiting_event *first, *newest;
    struct serial_block *next;
};

void serial_init(struct serial *s, struct arena *a, const struct sink *to, size_t max_bytes)
{
    *s = (struct serial){.a = a, .to = *to, .room = max_bytes};
}

/* ---- queues ---- */

static int queue_add(struct serial *s, unsigned choice, unsigned number, struct serial_block **out)
{
    if (s->n_waiting >= WAITING_MAX)
        return -E_PROVIDER_TOO_LARGE;
    struct serial_block *q = s->spare;
    if (q)
        s->spare = q->next;
    else
        q = arena_new(s->a, struct serial_block);
    *q = (struct serial_block){.choice = choice, .number = number};
    arena_init(&q->a, FIRST_BYTES, SIZE_MAX);
    buf_init(&q->text, SIZE_MAX);
    if (s->last)
        s->last->next = q;
    else
        s->waiting = q;
    s->last = q;
    s->n_waiting++;
    *out = q;
    return 0;
}

/* Takes the first queue out of the row. */
static struct serial_block *queue_take(struct serial *s)
{
    struct serial_block *q = s->waiting;
    s->waiting = q->next;
    if (!s->waiting)
        s->last = NULL;
    s->n_waiting--;
    return q;
}

static void queue_release(struct serial *s, struct serial_block *q)
{
    s->room += q->cost;
    buf_fini(&q->text);
    arena_fini(&q->a);
    q->next = s->spare;
    s->spare = q;
}

void serial_fini(struct serial *s)
{
    while (s->waiting)
        queue_release(s, queue_take(s));
}

static struct serial_block *queue_find(const struct serial *s, const struct event *ev)
{
    for (struct serial_block *q = s->waiting; q; q = q->next) {
        if (!q->is_finish && q->choice == ev->choice && q->number == ev->block)
            return q;
    }
    return NULL;
}

static bool has_waiting(const struct serial *s, unsigned choice)
{
    for (const struct serial_block *q = s->waiting; q; q = q->next) {
        if (q->choice == choice)
            return true;
    }
    return false;
}

static int take_room(struct serial *s, struct serial_block *q, size_t n)
{
    if (n > s->room)
        return -E_PROVIDER_TOO_LARGE;
    s->room -= n;
    q->cost += n;
    return 0;
}

/* Can this delta be written behind the newest one? */
static bool is_more(const struct serial_block *q, const struct event *ev)
{
    const struct waiting_event *newest = q->newest;
    return newest && newest->ev.kind == EV_DELTA && ev->delta.kind != DELTA_PART &&
           newest->ev.delta.kind == ev->delta.kind &&
           newest->ev.delta.is_summary == ev->delta.is_summary;
}

static struct waiting_event *event_add(struct serial_block *q)
{
    struct waiting_event *w = arena_new(&q->a, struct waiting_event);
    w->begin = q->text.n;
    w->end = q->text.n;
    if (q->newest)
        q->newest->next = w;
    else
        q->first = w;
    q->newest = w;
    return w;
}

static int hold_delta(struct serial *s, struct serial_block *q, const struct event *ev)
{
    bool is_new = !is_more(q, ev);
    size_t cost = ev->delta.text.n + (is_new ? sizeof(struct waiting_event) : 0);
    int rc = take_room(s, q, cost);
    if (rc != 0)
        return rc;
    if (is_new) {
        struct waiting_event *w = event_add(q);
        w->ev = *ev;
        w->ev.delta.text = S_EMPTY;
    }
    buf_put(&q->text, ev->delta.text);
    q->newest->end = q->text.n;
    return 0;
}

static int hold(struct serial *s, struct serial_block *q, const struct event *ev)
{
    if (ev->kind == EV_DELTA)
        return hold_delta(s, q, ev);
    int rc = take_room(s, q, sizeof(struct waiting_event));
    if (rc != 0)
        return rc;
    size_t room = s->room;
    struct event copy;
    rc = event_copy(&q->a, &room, ev, &copy);
    if (rc != 0)
        return rc;
    rc = take_room(s, q, s->room - room);
    event_add(q)->ev = copy;
    return rc;
}

/* ---- sending ---- */

static int send_queue(const struct serial *s, const struct serial_block *q)
{
    int rc = 0;
    for (const struct waiting_event *w = q->first; w && rc == 0; w = w->next) {
        struct event ev = w->ev;
        if (ev.kind == EV_DELTA)
            ev.delta.text = str_slice(buf_str(&q->text), w->begin, w->end);
        rc = sink_put(&s->to, &ev);
    }
    return rc;
}

/* Sends what may leave now that no block is open. */
static int drain(struct serial *s)
{
    int rc = 0;
    while (s->waiting && !s->is_open && rc == 0) {
        struct serial_block *q = queue_take(s);
        s->is_open = !q->is_finish && !q->is_stopped;
        s->choice = q->choice;
        s->block = q->number;
        rc = send_queue(s, q);
        queue_release(s, q);
    }
    return rc;
}

static bool is_of_open(const struct serial *s, const struct event *ev)
{
    return s->is_open && s->choice == ev->choice && s->block == ev->block;
}

static int begin(struct serial *s, const struct event *ev)
{
    if (is_of_open(s, ev) || queue_find(s, ev))
        return 0;
    if (s->is_open) {
        struct serial_block *q = NULL;
        int rc = queue_add(s, ev->choice, ev->block, &q);
        return rc == 0 ? hold(s, q, ev) : rc;
    }
    s->is_open = true;
    s->choice = ev->choice;
    s->block = ev->block;
    return sink_put(&s->to, ev);
}

static int go_on(struct serial *s, const struct event *ev)
{
    bool is_stop = ev->kind == EV_BLOCK_STOP;
    if (is_of_open(s, ev)) {
        int rc = sink_put(&s->to, ev);
        if (rc != 0 || !is_stop)
            return rc;
        s->is_open = false;
        return drain(s);
    }
    struct serial_block *q = queue_find(s, ev);
    if (!q || q->is_stopped)
        return 0;
    q->is_stopped = is_stop;
    return hold(s, q, ev);
}

static int finish(struct serial *s, const struct event *ev)
{
    bool is_behind = (s->is_open && s->choice == ev->choice) || has_waiting(s, ev->choice);
    if (!is_behind)
        return sink_put(&s->to, ev);
    struct serial_block *q = NULL;
    int rc = queue_add(s, ev->choice, 0, &q);
    if (rc != 0)
        return rc;
    q->is_finish = true;
    return hold(s, q, ev);
}

static int end(struct serial *s, const struct event *ev)
{
    int rc = 0;
    while (s->is_open && rc == 0) {
        struct event stop = {.kind = EV_BLOCK_STOP, .choice = s->choice, .block = s->block};
        rc = go_on(s, &stop);
    }
    return rc == 0 ? sink_put(&s->to, ev) : rc;
}

static int serial_put(void *arg, const struct event *ev)
{
    struct serial *s = arg;
    switch (ev->kind) {
    case EV_BLOCK_START:
        return begin(s, ev);
    case EV_DELTA:
    case EV_ANNOTATION:
    case EV_LOGPROBS:
    case EV_BLOCK_STOP:
        return go_on(s, ev);
    case EV_FINISH:
        return finish(s, ev);
    case EV_ERROR:
        serial_fini(s);
        return sink_put(&s->to, ev);
    case EV_END:
        return end(s, ev);
    case EV_START:
    case EV_USAGE:
    case EV_PING:
    case EV_NOTICE:
        return sink_put(&s->to, ev);
    }
    return 0;
}

struct sink serial_sink(struct serial *s)
{
    return (struct sink){.put = serial_put, .arg = s};
}
