/* Metrics: counters, gauges and histograms, one shard per thread, no lock on the hot path.
 *
 * A series (one metric with one set of label values) is looked up with metric_cell, which is cheap
 * but not free; code on a hot path looks it up once and keeps the cell (cells live as long as the
 * process and belong to the thread that asked). Cells are written by their own thread with relaxed
 * atomics and summed by whoever renders. Past METRIC_SERIES_MAX series of one metric per thread,
 * further label values fall together under "other". Metrics with no label may use metric_add(M_X,
 * n) directly.
 *
 * The process metrics (START_TIME, RSS, FDS) are nobody's to count: reading looks them up. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

#define METRIC_SERIES_MAX      4096
#define METRIC_LABELS_MAX      6
#define METRIC_LABEL_BYTES_MAX 127 /* of one value; the rest is cut off */

enum metric {
#define METRIC(name, type, text, labels, help) M_##name,
#include "base/metrics.def"
#undef METRIC
    M_COUNT
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A row of the table. */
struct metric_info {
    enum metric_type type;
    const char *name;
    const char *labels; /* names, comma between them */
    const char *help;
};

const struct metric_info *metric_info(enum metric m);
const char *metric_type_name(enum metric_type t); /* "counter" */

struct metric_cell;

/* `labels`: as many values as the metric has labels, in the table's order. BORROWED for the life of
 * the thread's shard (which outlives the thread). The label texts are copied. */
struct metric_cell *metric_cell(enum metric m, const str *labels);
void metric_cell_add(struct metric_cell *c, int64_t n); /* COUNTER, GAUGE; gauges may go down */
void metric_cell_set(struct metric_cell *c, int64_t v); /* GAUGE: the last set by any thread */
void metric_cell_observe_us(struct metric_cell *c, int64_t us); /* HISTOGRAM */
void metric_add(enum metric m, int64_t n);                      /* metric without labels */
void metric_set(enum metric m, int64_t v);

/* Sum over threads, of a histogram the number of observations; 0 for a series nobody counted. For
 * tests and the admin API. */
int64_t metric_total(enum metric m, const str *labels);
void metrics_render(struct buf *out); /* Prometheus text format 0.0.4; any thread */
