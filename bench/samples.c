/* A float has 24 bits: at 16 seconds it still tells one microsecond from the next, and it halves
 * the memory that the generator touches while it measures. */
#include "samples.h"

#include <err.h>
#include <stdlib.h>

#include "bench.h"

void samples_add(struct samples *s, int64_t ns)
{
    if (s->n == s->cap) {
        s->cap = MAX(s->cap * 2, (size_t)65536);
        s->us = reallocarray(s->us, s->cap, sizeof *s->us);
        if (!s->us)
            err(1, "samples");
    }
    s->us[s->n++] = (float)((double)ns / (double)NS_PER_US);
}

static int compare(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void samples_sort(struct samples *s)
{
    if (s->n > 0)
        qsort(s->us, s->n, sizeof *s->us, compare);
}

double samples_quantile(const struct samples *s, double q)
{
    if (s->n == 0)
        return 0;
    return (double)s->us[(size_t)(q * (double)(s->n - 1) + 0.5)];
}
