#include "base/defs.c"

#include <string.h>

#include "dies.h"
#include "tap.h"

struct pair {
    int first, second;
};

static void break_invariant(void *arg)
{
    must(arg != NULL);
}

static void run_out(void *arg)
{
    (void)arg;
    out_of_memory(42);
}

/* What fn(NULL) writes to standard error before it aborts. */
static void last_words(void (*fn)(void *arg), char *out, size_t size)
{
    int ends[2];
    ok(pipe(ends) == 0, "a pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(ends[1], STDERR_FILENO);
        fn(NULL);
        _exit(0);
    }
    close(ends[1]);
    memset(out, 0, size);
    size_t n = 0;
    ssize_t got;
    while (n + 1 < size && (got = read(ends[0], out + n, size - 1 - n)) > 0)
        n += (size_t)got;
    close(ends[0]);
    waitpid(child, NULL, 0);
}

int main(void)
{
    struct pair p = {.first = 1, .second = 2};
    int numbers[7];
    ok(container_of(&p.second, struct pair, second) == &p, "container_of finds the outer struct");
    is_int(ARRAY_LEN(numbers), 7, "ARRAY_LEN counts elements");
    is_int(MIN(2, 3), 2, "MIN");
    is_int(MAX(2, 3), 3, "MAX");

    int evaluated = 0;
    must(++evaluated == 1);
    is_int(evaluated, 1, "must evaluates its condition once");
    ok(!dies(break_invariant, &p), "a true condition goes on");
    ok(dies(break_invariant, NULL), "a false one aborts");
    ok(dies(run_out, NULL), "out_of_memory aborts");

    char text[256];
    last_words(break_invariant, text, sizeof(text));
    ok(strstr(text, "defs_test.c:") && strstr(text, "arg != NULL"),
       "must names place and condition");
    last_words(run_out, text, sizeof(text));
    ok(strstr(text, "42 bytes") != NULL, "out_of_memory names the size");
    return tap_done();
}
