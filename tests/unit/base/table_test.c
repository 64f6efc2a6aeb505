#include "base/table.c"

#include "dies.h"
#include "tap.h"

#define NAMES 400

static char names[NAMES][8];

static str name_of(size_t i)
{
    return str_of(names[i], 5);
}

static void make_names(void)
{
    for (size_t i = 0; i < NAMES; i++) {
        names[i][0] = 'k';
        for (size_t digit = 4, rest = i; digit > 0; digit--, rest /= 10)
            names[i][digit] = (char)('0' + rest % 10);
    }
}

static uint64_t rng_state = 7;

static size_t rng(size_t below)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(rng_state >> 33) % below;
}

static void test_basics(void)
{
    struct table t;
    int one, two;
    table_init(&t);
    ok(table_get(&t, S("a")) == NULL, "nothing in an empty table");
    ok(table_remove(&t, S("a")) == NULL, "nothing to remove from it");
    ok(table_add(&t, S("a"), &one) == NULL, "added");
    ok(table_add(&t, S("a"), &two) == &one, "a second value for a key is refused");
    ok(table_get(&t, S("a")) == &one, "the first stays");
    ok(table_add(&t, S_EMPTY, &two) == NULL, "the empty key is a key");
    ok(table_get(&t, S("")) == &two, "and is found");
    is_int(t.n, 2, "two entries");
    ok(table_remove(&t, S("a")) == &one, "remove tells the value");
    ok(table_get(&t, S("a")) == NULL && table_get(&t, S("")) == &two, "only that one is gone");
    ok(table_remove(&t, S("a")) == NULL, "it cannot be removed twice");
    table_fini(&t);
    ok(t.n == 0 && t.slots == NULL, "fini empties it");
    ok(table_add(&t, S("a"), &one) == NULL, "and it can be used again");
    table_fini(&t);
    table_fini(&t);
}

/* Every entry must be reachable from its home slot, and n must count them. */
static bool is_sound(const struct table *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->size; i++) {
        if (!t->slots[i].value)
            continue;
        n++;
        if (probe(t, t->slots[i].key, t->slots[i].hash) != &t->slots[i])
            return false;
    }
    return n == t->n && t->n * 4 <= t->size * 3;
}

/* Random additions and removals, compared with an array. `names_used` sets how full it gets. */
static bool agrees_with_model(size_t names_used, int rounds)
{
    struct table t;
    table_init(&t);
    bool present[NAMES] = {false};
    bool same = true;
    for (int round = 0; round < rounds && same; round++) {
        size_t i = rng(names_used);
        void *value = names[i];
        if (rng(2) == 0) {
            same = table_add(&t, name_of(i), value) == (present[i] ? value : NULL);
            present[i] = true;
        } else {
            same = table_remove(&t, name_of(i)) == (present[i] ? value : NULL);
            present[i] = false;
        }
        same = same && is_sound(&t);
        i = rng(names_used);
        same = same && table_get(&t, name_of(i)) == (present[i] ? names[i] : NULL);
    }
    table_fini(&t);
    return same;
}

static void test_walk(void)
{
    struct table t;
    table_init(&t);
    size_t cursor = 0;
    ok(table_next(&t, &cursor) == NULL, "a walk through nothing");
    for (size_t i = 0; i < NAMES; i++)
        table_add(&t, name_of(i), names[i]);
    size_t seen = 0;
    bool fits = true;
    cursor = 0;
    for (const struct table_slot *s = table_next(&t, &cursor); s; s = table_next(&t, &cursor)) {
        seen++;
        fits = fits && s->key.p == s->value;
    }
    is_int(seen, NAMES, "a walk sees every entry once");
    ok(fits, "with its own value");
    ok(table_next(&t, &cursor) == NULL, "and stays at the end");
    table_fini(&t);
}

static void test_nearest(void)
{
    struct table t;
    int v;
    table_init(&t);
    is_str(table_nearest(&t, S("x")), S_EMPTY, "nothing near in an empty table");
    table_add(&t, S("gpt-5-mini"), &v);
    table_add(&t, S("gpt-5"), &v);
    table_add(&t, S("claude-sonnet-5"), &v);
    table_add(&t, S("chat"), &v);
    table_add(&t, S("chap"), &v);
    is_str(table_nearest(&t, S("gtp-5")), S("gpt-5"), "a swap");
    is_str(table_nearest(&t, S("gpt-5mini")), S("gpt-5-mini"), "a character left out");
    is_str(table_nearest(&t, S("claude-sonet-5")), S("claude-sonnet-5"), "another");
    is_str(table_nearest(&t, S("chax")), S("chap"), "of equals the first in order");
    is_str(table_nearest(&t, S("mistral-large")), S_EMPTY, "nothing near");
    is_str(table_nearest(&t, S_EMPTY), S_EMPTY, "nothing is near to nothing");
    is_str(table_nearest(&t, S("chat")), S("chat"), "the key itself");
    table_fini(&t);
}

static void add_null(void *arg)
{
    (void)table_add(arg, S("a"), NULL);
}

int main(void)
{
    make_names();
    test_basics();
    ok(agrees_with_model(11, 20000), "a crowded small table agrees with the model");
    ok(agrees_with_model(NAMES, 20000), "so does one that grows");
    test_walk();
    test_nearest();
    ok(process_seed() != 0 && process_seed() == process_seed(), "one seed for the process");
    struct table t;
    table_init(&t);
    ok(dies(add_null, &t), "a NULL value is a bug");
    pool_trim();
    return tap_done();
}
