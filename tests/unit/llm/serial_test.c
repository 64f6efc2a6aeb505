#include "llm/serial.c"

#include "tap.h"

static struct arena arena;

/* Writes down what leaves: "+0.1" begins, "0.1:text", "-0.1" stops, "!0" finishes. */
static int log_put(void *arg, const struct event *ev)
{
    struct buf *out = arg;
    switch (ev->kind) {
    case EV_BLOCK_START:
        buf_printf(out, "+%u.%u ", ev->choice, ev->block);
        return 0;
    case EV_DELTA:
        buf_printf(out, "%u.%u:" STR_FMT " ", ev->choice, ev->block, STR_ARG(ev->delta.text));
        return 0;
    case EV_BLOCK_STOP:
        buf_printf(out, "-%u.%u%s ", ev->choice, ev->block, ev->content ? "s" : "");
        return 0;
    case EV_FINISH:
        buf_printf(out, "!%u" STR_FMT " ", ev->choice, STR_ARG(ev->finish.native));
        return 0;
    case EV_ANNOTATION:
        buf_printf(out, "note:" STR_FMT " ", STR_ARG(ev->annotation->url));
        return 0;
    case EV_START:
    case EV_LOGPROBS:
    case EV_USAGE:
    case EV_PING:
    case EV_NOTICE:
    case EV_ERROR:
    case EV_END:
        buf_printf(out, "#%d ", (int)ev->kind);
        return 0;
    }
    return 0;
}

struct serial_case {
    struct serial s;
    struct buf log;
    int rc;
};

static void begin_case(struct serial_case *c, size_t max_bytes)
{
    c->rc = 0;
    buf_init(&c->log, 1 << 20);
    struct sink sink = {.put = log_put, .arg = &c->log};
    serial_init(&c->s, &arena, &sink, max_bytes);
}

static void end_case(struct serial_case *c)
{
    serial_fini(&c->s);
    buf_fini(&c->log);
}

static void put(struct serial_case *c, struct event ev)
{
    struct sink sink = serial_sink(&c->s);
    int rc = sink_put(&sink, &ev);
    c->rc = c->rc == 0 ? rc : c->rc;
}

static const struct block some_block = {.kind = BLOCK_TEXT};

static void start(struct serial_case *c, unsigned choice, unsigned block)
{
    put(c, (struct event){
               .kind = EV_BLOCK_START, .choice = choice, .block = block, .content = &some_block});
}

static void text(struct serial_case *c, unsigned choice, unsigned block, const char *cz)
{
    put(c, (struct event){.kind = EV_DELTA,
                          .choice = choice,
                          .block = block,
                          .delta = {.kind = DELTA_TEXT, .text = str_from_cz(cz)}});
}

static void stop(struct serial_case *c, unsigned choice, unsigned block)
{
    put(c, (struct event){.kind = EV_BLOCK_STOP, .choice = choice, .block = block});
}

static void finish_choice(struct serial_case *c, unsigned choice)
{
    put(c, (struct event){.kind = EV_FINISH, .choice = choice});
}

static void test_in_order(void)
{
    struct serial_case c;
    begin_case(&c, 0);
    put(&c, (struct event){.kind = EV_START});
    start(&c, 0, 0);
    text(&c, 0, 0, "a");
    put(&c, (struct event){.kind = EV_USAGE});
    text(&c, 0, 0, "b");
    stop(&c, 0, 0);
    start(&c, 0, 1);
    stop(&c, 0, 1);
    finish_choice(&c, 0);
    put(&c, (struct event){.kind = EV_END});
    is_int(c.rc, 0, "what is in a row needs no room");
    is_str(buf_str(&c.log), S("#0 +0.0 0.0:a #6 0.0:b -0.0 +0.1 -0.1 !0 #11 "), "passes at once");
    end_case(&c);
}

static void test_interleaved(void)
{
    struct serial_case c;
    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 0, 1);
    start(&c, 0, 2);
    text(&c, 0, 1, "b");
    text(&c, 0, 0, "a");
    text(&c, 0, 2, "c");
    text(&c, 0, 1, "b");
    stop(&c, 0, 2);
    text(&c, 0, 0, "a");
    is_str(buf_str(&c.log), S("+0.0 0.0:a 0.0:a "), "the first streams on");
    stop(&c, 0, 0);
    is_str(buf_str(&c.log), S("+0.0 0.0:a 0.0:a -0.0 +0.1 0.1:bb "),
           "then the next, its pieces as one");
    text(&c, 0, 1, "b");
    stop(&c, 0, 1);
    is_str(buf_str(&c.log), S("+0.0 0.0:a 0.0:a -0.0 +0.1 0.1:bb 0.1:b -0.1 +0.2 0.2:c -0.2 "),
           "and what has stopped meanwhile whole");
    is_int(c.s.room, 1 << 20, "all room is back");
    is_int(c.s.n_waiting, 0, "nothing waits");
    end_case(&c);
}

static void test_choices(void)
{
    struct serial_case c;
    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 1, 0);
    text(&c, 1, 0, "one");
    stop(&c, 1, 0);
    finish_choice(&c, 1);
    text(&c, 0, 0, "zero");
    finish_choice(&c, 0);
    put(&c, (struct event){.kind = EV_USAGE});
    stop(&c, 0, 0);
    put(&c, (struct event){.kind = EV_END});
    is_str(buf_str(&c.log), S("+0.0 0.0:zero #6 -0.0 +1.0 1.0:one -1.0 !1 !0 #11 "),
           "an end leaves behind its blocks");
    is_int(c.rc, 0, "without a fault");
    end_case(&c);

    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    finish_choice(&c, 1);
    is_str(buf_str(&c.log), S("+0.0 !1 "), "at once when none of them is left");
    end_case(&c);
}

static void test_everything_waits(void)
{
    struct serial_case c;
    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 0, 1);
    char url[] = "url";
    struct annotation note = {.url = str_from_cz(url)};
    text(&c, 0, 1, "x");
    put(&c, (struct event){.kind = EV_ANNOTATION, .block = 1, .annotation = &note});
    url[0] = '?';
    text(&c, 0, 1, "y");
    put(&c, (struct event){.kind = EV_LOGPROBS, .block = 1});
    put(&c, (struct event){.kind = EV_DELTA, .block = 1, .delta = {.kind = DELTA_PART}});
    put(&c, (struct event){.kind = EV_DELTA, .block = 1, .delta = {.kind = DELTA_PART}});
    put(&c, (struct event){.kind = EV_BLOCK_STOP, .block = 1, .content = &some_block});
    stop(&c, 0, 0);
    is_str(buf_str(&c.log), S("+0.0 -0.0 +0.1 0.1:x note:url 0.1:y #4 0.1: 0.1: -0.1s "),
           "in order, as they were");
    end_case(&c);
}

static void test_ends(void)
{
    struct serial_case c;
    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 0, 1);
    text(&c, 0, 1, "b");
    put(&c, (struct event){.kind = EV_END});
    is_str(buf_str(&c.log), S("+0.0 -0.0 +0.1 0.1:b -0.1 #11 "), "the end closes what is open");
    end_case(&c);

    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 0, 1);
    text(&c, 0, 1, "b");
    put(&c, (struct event){.kind = EV_ERROR});
    is_str(buf_str(&c.log), S("+0.0 #10 "), "an error drops what waits");
    is_int(c.s.room, 1 << 20, "and gives its room back");
    end_case(&c);

    begin_case(&c, 1 << 20);
    start(&c, 0, 0);
    start(&c, 0, 1);
    text(&c, 0, 1, "given up");
    end_case(&c);
    ok(true, "a stream given up leaks nothing");
}

static void test_strange_decoders(void)
{
    struct serial_case c;
    begin_case(&c, 1 << 20);
    text(&c, 0, 0, "nobody's");
    stop(&c, 0, 7);
    start(&c, 0, 0);
    start(&c, 0, 0);
    start(&c, 0, 1);
    start(&c, 0, 1);
    stop(&c, 0, 1);
    text(&c, 0, 1, "late");
    stop(&c, 0, 0);
    stop(&c, 0, 0);
    is_str(buf_str(&c.log), S("+0.0 -0.0 +0.1 -0.1 "), "what makes no sense is left out");
    is_int(c.rc, 0, "without a fault");
    end_case(&c);
}

static void test_bounds(void)
{
    struct serial_case c;
    begin_case(&c, 4096);
    start(&c, 0, 0);
    start(&c, 0, 1);
    for (int i = 0; i < 4096 && c.rc == 0; i++)
        text(&c, 0, 1, "xx");
    is_int(c.rc, -E_PROVIDER_TOO_LARGE, "text that waits is bounded");
    end_case(&c);

    begin_case(&c, 4096);
    start(&c, 0, 0);
    start(&c, 0, 1);
    for (int i = 0; i < 4096 && c.rc == 0; i++)
        put(&c, (struct event){.kind = EV_DELTA, .block = 1, .delta = {.kind = DELTA_PART}});
    is_int(c.rc, -E_PROVIDER_TOO_LARGE, "events are");
    end_case(&c);

    begin_case(&c, (size_t)1 << 30);
    for (unsigned i = 0; i < 10000 && c.rc == 0; i++)
        start(&c, 0, i);
    is_int(c.rc, -E_PROVIDER_TOO_LARGE, "blocks are");
    is_int(c.s.n_waiting, WAITING_MAX, "at a number that can be searched");
    end_case(&c);
}

static int refuse_put(void *arg, const struct event *ev)
{
    (void)ev;
    int *left = arg;
    return (*left)-- == 0 ? -E_PROVIDER_TOO_LARGE : 0;
}

static void test_refusals(void)
{
    int seen = 0;
    for (int i = 0; i < 12; i++) {
        int left = i;
        struct serial_case c;
        begin_case(&c, 1 << 20);
        c.s.to = (struct sink){.put = refuse_put, .arg = &left};
        start(&c, 0, 0);
        start(&c, 0, 1);
        text(&c, 0, 1, "x");
        finish_choice(&c, 0);
        put(&c, (struct event){.kind = EV_END});
        seen += c.rc == -E_PROVIDER_TOO_LARGE;
        end_case(&c);
    }
    is_int(seen, 7, "a refusal behind the stage is told in front of it");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)64 << 20);
    test_in_order();
    test_interleaved();
    test_choices();
    test_everything_waits();
    test_ends();
    test_strange_decoders();
    test_bounds();
    test_refusals();
    arena_fini(&arena);
    return tap_done();
}
