/* malloc for the few callers outside of base/ that need neither an arena nor recycling. */
#include "base/mem.h"

#include <stdlib.h>

void *mem_new(size_t n)
{
    void *p = calloc(1, n);
    if (!p)
        out_of_memory(n);
    return p;
}

void mem_free(void *p)
{
    free(p);
}
