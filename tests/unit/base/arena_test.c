#include "base/arena.c"

#include "dies.h"
#include "tap.h"

#define NO_CAP ((size_t)1 << 40)

static void test_alloc(void)
{
    struct arena a;
    arena_init(&a, 1000, NO_CAP);
    ok(a.blocks == NULL && a.used_bytes == 0, "an arena begins without memory");
    arena_fini(&a);

    bool is_aligned = true, is_apart = true;
    char *before = NULL;
    size_t before_n = 0;
    for (size_t n = 0; n < 300; n++) {
        char *p = arena_alloc(&a, n);
        is_aligned = is_aligned && (uintptr_t)p % 16 == 0;
        is_apart = is_apart && (!before || p >= before + before_n || p + n <= before);
        memset(p, (int)n, n);
        before = p;
        before_n = n;
    }
    ok(is_aligned, "every object is aligned");
    ok(is_apart, "neighbours do not overlap");
    ok(arena_alloc(&a, 0) != arena_alloc(&a, 0), "empty objects have addresses of their own");
    arena_fini(&a);
    ok(a.blocks == NULL && a.used_bytes == 0, "fini gives the blocks back");
    char *again = arena_alloc0(&a, 100);
    bool is_zero = true;
    for (size_t i = 0; i < 100; i++)
        is_zero = is_zero && again[i] == 0;
    ok(is_zero, "after fini it can be used again; alloc0 clears");
    arena_fini(&a);
}

static size_t count_blocks(const struct arena *a)
{
    size_t n = 0;
    for (const struct arena_block *b = a->blocks; b; b = b->next)
        n++;
    return n;
}

static void test_blocks(void)
{
    struct arena a;
    arena_init(&a, 1, NO_CAP);
    arena_alloc(&a, 1);
    is_int(a.blocks->size, 512, "the first block has at least 512 bytes");
    arena_fini(&a);
    arena_init(&a, 1 << 20, NO_CAP);
    arena_alloc(&a, 1);
    is_int(a.blocks->size, 64 << 10, "and at most 64 KiB");
    arena_fini(&a);

    arena_init(&a, 512, NO_CAP);
    size_t largest = 0;
    for (size_t total = 0; total < 1 << 20; total += 64) {
        arena_alloc(&a, 64);
        largest = MAX(largest, a.blocks->size);
    }
    is_int(largest, 64 << 10, "blocks grow to 64 KiB");
    ok(count_blocks(&a) <= 8 + (ASAN ? 24 : 17), "a megabyte takes few blocks");
    arena_fini(&a);

    arena_init(&a, 4096, NO_CAP);
    char *small = arena_alloc(&a, 16);
    char *large = arena_alloc(&a, 128 << 10);
    memset(large, 1, 128 << 10);
    size_t n = count_blocks(&a);
    char *next = arena_alloc(&a, 16);
    ok(count_blocks(&a) == n, "behind a large object there is room without a new block");
    ok(next != small, "and it is new room");
    arena_fini(&a);
}

struct request {
    struct arena *arena;
    size_t n;
};

static void alloc_n(void *arg)
{
    const struct request *r = arg;
    arena_alloc(r->arena, r->n);
}

static void multiply(void *arg)
{
    (void)arg;
    (void)arena_mul(SIZE_MAX / 2, 3);
}

static void concat_too_much(void *arg)
{
    const str parts[] = {str_of("", SIZE_MAX), S("x")};
    (void)arena_concat(arg, parts, 2);
}

static void test_cap(void)
{
    struct arena a;
    arena_init(&a, 512, 10000);
    for (size_t i = 0; i < 80; i++)
        arena_alloc(&a, 100 - RED_ZONE);
    ok(a.used_bytes <= 10000, "80 objects of 112 bytes fit into 10000");
    ok(dies(alloc_n, &(struct request){&a, 5000}), "past the cap it aborts");
    ok(dies(alloc_n, &(struct request){&a, SIZE_MAX}), "so it does for an absurd size");
    ok(dies(alloc_n, &(struct request){&a, SIZE_MAX - 20}), "and for another");
    arena_fini(&a);
    arena_init(&a, 512, 1 << 20);
    ok(!dies(alloc_n, &(struct request){&a, 1000000}), "an object of nearly the cap fits");
    is_int(arena_mul(6, 7), 42, "arena_mul multiplies");
    ok(dies(multiply, NULL), "and aborts on overflow");
    ok(dies(concat_too_much, &a), "so does the sum of a concatenation");
    arena_fini(&a);
}

static void test_room(void)
{
    struct arena a;
    arena_init(&a, 512, ARENA_SPARE + 4096);
    ok(arena_has_room(&a, 4096) && !arena_has_room(&a, 4097), "room for what the cap leaves");
    (void)arena_alloc(&a, 1024);
    ok(arena_has_room(&a, 2048) && !arena_has_room(&a, 4096), "less when some is taken");
    ok(!arena_has_room(&a, SIZE_MAX), "never for everything");
    arena_fini(&a);
    arena_init(&a, 512, 4096);
    ok(!arena_has_room(&a, 0), "none in an arena smaller than what is spared");
}

static char letters[] = "abcd";
static char order[8];

static void note(void *obj)
{
    const char *letter = obj;
    order[strlen(order)] = *letter;
}

static void note_and_defer(void *obj)
{
    note(&letters[2]);
    arena_on_fini(obj, note, &letters[3]);
}

static void test_defers(void)
{
    struct arena a;
    arena_init(&a, 512, NO_CAP);
    arena_on_fini(&a, note, &letters[0]);
    arena_on_fini(&a, note, &letters[1]);
    arena_on_fini(&a, note_and_defer, &a);
    arena_fini(&a);
    is_str(str_from_cz(order), S("cdba"), "destructors run newest first, also late ones");
    arena_fini(&a);
    is_str(str_from_cz(order), S("cdba"), "and once");
}

static void test_texts(void)
{
    struct arena a;
    arena_init(&a, 512, NO_CAP);
    char text[] = "hello";
    str copy = arena_str(&a, str_of(text, 5));
    char *cz = arena_cz(&a, str_of(text, 4));
    text[0] = 'j';
    is_str(copy, S("hello"), "arena_str copies");
    is_int(strcmp(cz, "hell"), 0, "arena_cz ends its copy");
    is_int(strcmp(arena_cz(&a, S_EMPTY), ""), 0, "arena_cz of nothing");
    is_int(arena_str(&a, S_EMPTY).n, 0, "arena_str of nothing");
    is_str(arena_concat(&a, (str[]){S("a"), S_EMPTY, S("bc")}, 3), S("abc"), "concat");
    is_str(arena_concat(&a, NULL, 0), S_EMPTY, "concat of nothing");
    is_str(arena_printf(&a, "%d-%s", 42, "x"), S("42-x"), "printf");
    is_str(arena_printf(&a, "%s", ""), S_EMPTY, "printf of nothing");
    bool same = true;
    for (size_t n = PRINTF_TEXT - 2; n < PRINTF_TEXT + 3; n++) {
        str long_text = arena_printf(&a, "%*d", (int)n, 7);
        same = same && long_text.n == n && long_text.p[n - 1] == '7' && long_text.p[n - 2] == ' ';
    }
    ok(same, "printf of texts about as long as its first try");
    struct arena_block *typed = arena_new(&a, struct arena_block);
    int *numbers = arena_new_n(&a, int, 10);
    ok(typed->next == NULL && numbers[9] == 0, "typed allocations are cleared");
    arena_fini(&a);
}

#if ASAN
static void test_poison(void)
{
    struct arena a;
    arena_init(&a, 512, NO_CAP);
    char *p = arena_alloc(&a, 20);
    ok(!__asan_region_is_poisoned(p, 20), "an object can be used");
    ok(__asan_address_is_poisoned(p + 20), "what follows it cannot");
    char *q = arena_alloc(&a, 20);
    ok(__asan_address_is_poisoned(q - 1), "nor what precedes the next");
    arena_fini(&a);
    ok(__asan_address_is_poisoned(p), "nor itself after fini");
}
#endif

int main(void)
{
    test_alloc();
    test_blocks();
    test_cap();
    test_room();
    test_defers();
    test_texts();
#if ASAN
    test_poison();
#endif
    pool_trim();
    return tap_done();
}
