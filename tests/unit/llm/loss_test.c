#include "llm/loss.c"

#include "tap.h"

static struct arena arena;

static void test_notes(void)
{
    struct losses l;
    losses_init(&l, &arena);
    is_str(losses_text(&l, &arena), S_EMPTY, "nothing is lost at first");
    char name[] = "logit_bias";
    loss_add(&l, LOSS_DROPPED, str_from_cz(name));
    name[0] = 'X';
    loss_add(&l, LOSS_CLAMPED, S("temperature"));
    loss_add(&l, LOSS_DROPPED, S("logit_bias"));
    loss_add(&l, LOSS_EMULATED, S("logit_bias"));
    is_str(losses_text(&l, &arena),
           S("dropped:logit_bias, clamped:temperature, emulated:logit_bias"),
           "each note once, in order, with a name of its own");
    loss_add(NULL, LOSS_DROPPED, S("a"));
    ok(true, "nobody need want to know");
}

static void test_bounds(void)
{
    struct losses l;
    losses_init(&l, &arena);
    for (int i = 0; i < LOSS_MAX + 3; i++)
        loss_add(&l, LOSS_DROPPED, arena_printf(&arena, "field%d", i));
    is_int(l.n, LOSS_MAX, "so many are kept");
    is_int(l.more, 3, "the others are counted");
    ok(str_has_suffix(losses_text(&l, &arena), S(", more:3")), "and told");

    losses_init(&l, &arena);
    char *huge = arena_alloc(&arena, TEXT_MAX);
    memset(huge, 'h', TEXT_MAX);
    loss_add(&l, LOSS_DROPPED, str_of(huge, TEXT_MAX));
    loss_add(&l, LOSS_DROPPED, str_of(huge, TEXT_MAX - 1));
    is_int(l.n, 1, "names that are the same as far as they are kept are one");
    is_int(l.items[0].field.n, FIELD_MAX, "a name is kept up to a bound");
    for (int i = 0; i < 32; i++) {
        huge[0] = (char)('A' + i);
        loss_add(&l, LOSS_DROPPED, str_of(huge, TEXT_MAX));
    }
    loss_add(&l, LOSS_DROPPED, S("x"));
    ok(losses_text(&l, &arena).n <= TEXT_MAX, "a header is never too long");
    ok(str_find(losses_text(&l, &arena), S(", dropped:x, more:")) != STR_NONE,
       "what fits no header is counted, and hides nothing else");
}

static void test_hostile_names(void)
{
    struct losses l;
    losses_init(&l, &arena);
    loss_add(&l, LOSS_DROPPED, S("a\r\nset-cookie: b, c\x7f\xc3\xa4"));
    is_str(losses_text(&l, &arena), S("dropped:a__set-cookie:_b__c___"),
           "a name cannot leave its place in the header");
}

int main(void)
{
    arena_init(&arena, 4096, (size_t)1 << 20);
    test_notes();
    test_bounds();
    test_hostile_names();
    arena_fini(&arena);
    return tap_done();
}
