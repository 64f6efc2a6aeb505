#include "base/pool.c"

#include <pthread.h>
#include <string.h>

#include "dies.h"
#include "tap.h"

/* Every test begins and ends with an empty cache. */

static void test_sizes(void)
{
    static const struct {
        size_t need, want;
    } cases[] = {
        {0, 512},
        {1, 512},
        {512, 512},
        {513, 1024},
        {1024, 1024},
        {1025, 2048},
        {128 << 10, 128 << 10},
        {(128 << 10) + 1, 256 << 10},
        {64 << 20, 64 << 20},
        {(64 << 20) + 1, (64 << 20) + 4096},
        {(64 << 20) + 4096, (64 << 20) + 4096},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t size;
        char *p = pool_acquire(cases[i].need, &size);
        is_int(size, cases[i].want, "the size is rounded to its class");
        ok((uintptr_t)p % 16 == 0, "the block is aligned");
        p[0] = p[size - 1] = 1;
        pool_release(p, size);
    }
    pool_release(NULL, 0);
    pool_trim();
    is_int(pool_idle_bytes(), 0, "trim gives everything back");
}

static void test_reuse(void)
{
    size_t size;
    for (size_t need = POOL_MIN; need <= 4 << 20; need *= 2) {
        char *p = pool_acquire(need, &size);
        char *q = pool_acquire(need, &size);
        pool_release(p, size);
        pool_release(q, size);
        is_int(pool_idle_bytes(), need * 2, "released blocks are kept");
        ok(pool_acquire(need, &size) == q, "the last one released comes first");
        ok(pool_acquire(need, &size) == p, "then the one before");
        is_int(pool_idle_bytes(), 0, "nothing is left");
        pool_release(p, size);
        pool_release(q, size);
        pool_trim();
    }
}

/* Acquires `n` blocks of `size` and releases them all; returns what is kept of it. */
static size_t kept_of(size_t size, size_t n)
{
    struct idle *all = NULL;
    size_t got;
    for (size_t i = 0; i < n; i++) {
        struct idle *block = pool_acquire(size, &got);
        block->next = all;
        all = block;
    }
    size_t before = pool_idle_bytes();
    while (all) {
        struct idle *block = all;
        all = block->next;
        pool_release(block, size);
    }
    return pool_idle_bytes() - before;
}

static void test_bounds(void)
{
    is_int(kept_of(1 << 20, 80), 64 << 20, "a class keeps no more than its share");
    is_int(kept_of(2 << 20, 33), 64 << 20, "so does the next");
    is_int(pool_idle_bytes(), 128 << 20, "together they fill the thread's bound");
    is_int(kept_of(512, 100), 0, "which then takes nothing more");
    is_int(pool_idle_bytes(), 128 << 20, "and is not passed");
    pool_trim();
    is_int(kept_of(512, 140000), 64 << 20, "small blocks have the same share");
    pool_trim();
    is_int(kept_of(64 << 20, 2), 64 << 20, "of the largest class one block is kept");
    pool_trim();
    is_int(kept_of((64 << 20) + 4096, 1), 0, "a block past all classes is not");
    is_int(pool_idle_bytes(), 0, "trim again");
}

static void test_decay(void)
{
    is_int(kept_of(4096, 10), 40960, "ten blocks lie idle");
    pool_decay();
    is_int(pool_idle_bytes(), 40960, "all were used since the beginning");
    is_int(kept_of(4096, 4), 4 * 4096, "four are used again");
    pool_decay();
    is_int(pool_idle_bytes(), 4 * 4096, "the six that were not go back");
    pool_decay();
    is_int(pool_idle_bytes(), 0, "and the others when they rest, too");
}

static bool is_mapped_at(void *p)
{
    unsigned char resident;
    return mincore(p, 4096, &resident) == 0;
}

static void test_mapped(void)
{
    size_t size;
    char *p = pool_acquire(32 << 20, &size);
    static unsigned char resident[(32 << 20) / 4096];
    size_t touched = 0;
    ok(mincore(p, size, resident) == 0, "a large block is mapped");
    for (size_t i = 0; i < ARRAY_LEN(resident); i++)
        touched += resident[i] & 1;
    is_int(touched, 0, "and costs no memory before it is written");
    pool_release(p, size);
    ok(is_mapped_at(p), "while it is kept it stays mapped");
    pool_trim();
    ok(!is_mapped_at(p), "trim unmaps it");
}

static void *acquire_for_main(void *arg)
{
    (void)arg;
    size_t size;
    char *p = pool_acquire(1000, &size);
    memset(p, 1, size);
    return p;
}

static void *release_for_main(void *p)
{
    pool_release(p, 1024);
    size_t here = pool_idle_bytes();
    pool_trim();
    return here == 1024 ? p : NULL;
}

static void test_threads(void)
{
    pthread_t thread;
    void *p = NULL, *result = NULL;
    pthread_create(&thread, NULL, acquire_for_main, NULL);
    pthread_join(thread, &p);
    pool_release(p, 1024);
    is_int(pool_idle_bytes(), 1024, "a block may be released on another thread");
    size_t size;
    ok(pool_acquire(1024, &size) == p, "and is used there");
    pthread_create(&thread, NULL, release_for_main, p);
    pthread_join(thread, &result);
    ok(result == p, "a thread whose first call is a release keeps the block");
    is_int(pool_idle_bytes(), 0, "and this thread does not");
}

static void release_with_wrong_size(void *arg)
{
    (void)arg;
    size_t size;
    void *p = pool_acquire(600, &size);
    pool_release(p, 600);
}

static void acquire_everything(void *arg)
{
    (void)arg;
    size_t size;
    char *p = pool_acquire(SIZE_MAX, &size);
    p[0] = 1;
}

static void acquire_too_much(void *arg)
{
    (void)arg;
    size_t size;
    char *p = pool_acquire((size_t)1 << 60, &size);
    p[0] = 1;
}

/* Runs in a child, before the pool looked at the environment. True when nothing was kept. */
static bool works_disabled(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setenv("POOL_DISABLE", "1", 1);
        size_t sizes[3];
        void *blocks[3] = {pool_acquire(1, &sizes[0]), pool_acquire(1 << 20, &sizes[1]),
                           pool_acquire(65 << 20, &sizes[2])};
        for (size_t i = 0; i < 3; i++)
            pool_release(blocks[i], sizes[i]);
        _exit(pool_idle_bytes() == 0 && sizes[0] == 512 && sizes[1] == 1 << 20 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

int main(void)
{
    ok(works_disabled(), "disabled, the pool keeps nothing");
    test_sizes();
    if (is_disabled()) {
        tap_skip("the pool is disabled");
        return tap_done();
    }
    test_reuse();
    test_bounds();
    test_decay();
    test_mapped();
    test_threads();
    ok(dies(release_with_wrong_size, NULL), "a wrong size is a bug");
    ok(dies(acquire_everything, NULL), "a size that overflows is refused");
    ok(dies(acquire_too_much, NULL), "a size the system refuses aborts");
    return tap_done();
}
