/* Checks a stream of events against the grammar of llm/event.h, as a stage in front of another. */
#pragma once

#include "base/arena.h"
#include "llm/event.h"

#define IR_CHOICES 16
#define IR_BLOCKS  512

struct ir_choice {
    unsigned next;
    bool is_open[IR_BLOCKS];
    bool has_finished;
};

struct ir_grammar {
    struct sink to;
    struct arena *a;
    bool is_serial; /* no more than one block open */
    bool has_started, is_over;
    unsigned n_open;
    struct ir_choice *choices; /* IR_CHOICES */
    size_t n_events;
    str fault; /* the first one; empty: none */
};

static inline void ir_grammar_fault(struct ir_grammar *g, const struct event *ev, const char *what)
{
    if (g->fault.n == 0)
        g->fault = arena_printf(g->a, "event %zu (kind %d, choice %u, block %u): %s", g->n_events,
                                (int)ev->kind, ev->choice, ev->block, what);
}

static inline void ir_grammar_block(struct ir_grammar *g, const struct event *ev)
{
    if (ev->choice >= IR_CHOICES || ev->block >= IR_BLOCKS) {
        ir_grammar_fault(g, ev, "more blocks than this test counts");
        return;
    }
    bool *is_open = &g->choices[ev->choice].is_open[ev->block];
    if (g->choices[ev->choice].has_finished)
        ir_grammar_fault(g, ev, "behind the FINISH of its choice");
    if (ev->kind == EV_BLOCK_START) {
        if (ev->block != g->choices[ev->choice].next++)
            ir_grammar_fault(g, ev, "blocks are not numbered without gaps");
        if (!ev->content)
            ir_grammar_fault(g, ev, "a block without content");
        if (g->is_serial && g->n_open > 0)
            ir_grammar_fault(g, ev, "a second block is open");
        *is_open = true;
        g->n_open++;
        return;
    }
    if (!*is_open) {
        ir_grammar_fault(g, ev, "the block is not open");
        return;
    }
    if (ev->kind == EV_BLOCK_STOP) {
        *is_open = false;
        g->n_open--;
    }
}

static inline void ir_grammar_finish(struct ir_grammar *g, const struct event *ev)
{
    if (ev->choice >= IR_CHOICES)
        return;
    if (g->choices[ev->choice].has_finished)
        ir_grammar_fault(g, ev, "a second FINISH");
    g->choices[ev->choice].has_finished = true;
    for (unsigned i = 0; i < g->choices[ev->choice].next && i < IR_BLOCKS; i++) {
        if (g->choices[ev->choice].is_open[i])
            ir_grammar_fault(g, ev, "a block is still open");
    }
}

static inline void ir_grammar_order(struct ir_grammar *g, const struct event *ev)
{
    if (g->is_over)
        ir_grammar_fault(g, ev, "behind the end");
    bool needs_start = ev->kind != EV_START && ev->kind != EV_ERROR && ev->kind != EV_PING;
    if (needs_start && !g->has_started)
        ir_grammar_fault(g, ev, "before START");
    if (ev->kind == EV_START && g->has_started)
        ir_grammar_fault(g, ev, "a second START");
    if (ev->kind == EV_START)
        g->has_started = true;
    if (ev->kind == EV_END && g->n_open > 0)
        ir_grammar_fault(g, ev, "a block is still open");
    if (ev->kind == EV_ERROR || ev->kind == EV_END)
        g->is_over = true;
}

static inline int ir_grammar_put(void *arg, const struct event *ev)
{
    struct ir_grammar *g = arg;
    ir_grammar_order(g, ev);
    bool is_of_block = ev->kind == EV_BLOCK_START || ev->kind == EV_DELTA ||
                       ev->kind == EV_ANNOTATION || ev->kind == EV_LOGPROBS ||
                       ev->kind == EV_BLOCK_STOP;
    if (is_of_block)
        ir_grammar_block(g, ev);
    if (ev->kind == EV_FINISH)
        ir_grammar_finish(g, ev);
    g->n_events++;
    return sink_put(&g->to, ev);
}

static inline void ir_grammar_init(struct ir_grammar *g, struct arena *a, const struct sink *to)
{
    *g = (struct ir_grammar){
        .a = a, .to = *to, .choices = arena_new_n(a, struct ir_choice, IR_CHOICES)};
}

static inline struct sink ir_grammar_sink(struct ir_grammar *g)
{
    return (struct sink){.put = ir_grammar_put, .arg = g};
}
