/* The two ways this process ends itself: a broken invariant and no memory.
 *
 * Both write one line to standard error and abort, so that the supervisor restarts a clean process
 * and a core file shows the place. Nothing is flushed or unlocked on the way: after a broken
 * invariant no state can be trusted. The log is not used, because it may be what broke; stdio's
 * standard error is unbuffered and takes no memory. */
#include "base/defs.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void must_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "throwbar: %s:%d: invariant broken: %s\n", file, line, cond);
    abort();
}

_Noreturn void out_of_memory(size_t wanted)
{
    fprintf(stderr, "throwbar: out of memory: the system refused %zu bytes\n", wanted);
    abort();
}
