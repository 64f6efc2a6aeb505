/* A pile of durations, for percentiles. All samples are kept, so the percentiles are exact. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct samples {
    float *us;
    size_t n, cap;
};

void samples_add(struct samples *s, int64_t ns);
/* To be called once, after the last samples_add and before samples_quantile. */
void samples_sort(struct samples *s);
/* The sample below which the part `q` (0..1) of all lies, in microseconds; 0 without samples. */
double samples_quantile(const struct samples *s, double q);
