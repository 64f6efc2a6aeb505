/* Metrics: who counts, and who reads.
 *
 * A series (a metric with one set of label values) is process-wide; each thread that counts it has
 * a cell of its own in it. So there are two tables: the registry's, from label texts to series,
 * behind the lock and asked once per thread and series; and each thread's, from the same texts to
 * its cell, without a lock. Cells and series are never freed and only ever prepended or appended to
 * their lists, so a reader walks them without the lock.
 *
 * Only its own thread changes a cell. An increment is therefore a relaxed load and a relaxed store,
 * not a locked instruction, and a reader may see a sum a moment old but never a torn one. Values
 * that are set and not added up belong to the series: the last one set holds, whichever thread set
 * it.
 *
 * A histogram's cell counts per bucket, not cumulatively, so that an observation touches two words;
 * rendering adds up, and takes the count from the buckets so that the two always agree. */
#include "base/metrics.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "base/table.h"
#include "base/utf8.h"

#define CACHE_LINE  64
#define BUCKETS_MAX 20
#define KEY_MAX     (1 + METRIC_LABELS_MAX * (1 + METRIC_LABEL_BYTES_MAX))

static const struct metric_info infos[M_COUNT] = {
#define METRIC(name, type, text, labels, help) [M_##name] = {METRIC_##type, text, labels, help},
#include "base/metrics.def"
#undef METRIC
};

const struct metric_info *metric_info(enum metric m)
{
    must(m < M_COUNT);
    return &infos[m];
}

const char *metric_type_name(enum metric_type t)
{
    static const char *const names[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    must(t < ARRAY_LEN(names));
    return names[t];
}

struct bucket {
    int64_t le_us;
    const char *le; /* the same in seconds, as it is rendered */
};

/* From a cache hit to the longest reasoning answer. */
static const struct bucket request_buckets[] = {
    {500, "0.0005"},    {1000, "0.001"},    {2500, "0.0025"},     {5000, "0.005"},
    {10000, "0.01"},    {25000, "0.025"},   {50000, "0.05"},      {100000, "0.1"},
    {250000, "0.25"},   {500000, "0.5"},    {1000000, "1"},       {2500000, "2.5"},
    {5000000, "5"},     {10000000, "10"},   {30000000, "30"},     {60000000, "60"},
    {180000000, "180"}, {600000000, "600"}, {1800000000, "1800"},
};
/* Our own work: microseconds, until something is wrong. */
static const struct bucket overhead_buckets[] = {
    {10, "0.00001"},  {25, "0.000025"}, {50, "0.00005"},  {100, "0.0001"}, {250, "0.00025"},
    {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"},
    {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
};
_Static_assert(ARRAY_LEN(request_buckets) < BUCKETS_MAX, "one more is +Inf");

struct scale {
    const struct bucket *buckets;
    size_t n; /* without +Inf */
};

struct series {
    enum metric metric;
    _Atomic(struct series *) next;       /* of the metric; in order of first use */
    _Atomic(struct metric_cell *) cells; /* newest first */
    _Atomic int64_t set;                 /* by metric_cell_set; relaxed: a value alone */
    size_t key_n;
    char key[]; /* see key_make */
};

struct metric_cell {
    struct series *series;
    struct metric_cell *next; /* const once in the series' list */
    /* Written by the cell's thread only; relaxed: values alone. */
    _Atomic int64_t value;     /* of a histogram: the sum in us */
    _Atomic int64_t buckets[]; /* histograms only */
};

/* A thread's part. Stays when the thread ends, since its counts do. */
struct shard {
    struct table cells;
    struct metric_cell *plain[M_COUNT]; /* of the metrics without labels */
    size_t series_n[M_COUNT];
    struct shard *next; /* in registry.shards: keeps it reachable for leak checkers */
};

static struct {
    pthread_mutex_t lock; /* for all but `first` */
    struct table series;
    struct shard *shards;
    _Atomic(struct series *) first[M_COUNT]; /* written under the lock; release: series is filled */
    struct series *last[M_COUNT];
    uint8_t labels_n[M_COUNT]; /* const once a shard exists */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct shard *mine;

static struct scale scale_of(enum metric m)
{
    if (m == M_OVERHEAD)
        return (struct scale){overhead_buckets, ARRAY_LEN(overhead_buckets)};
    return (struct scale){request_buckets, ARRAY_LEN(request_buckets)};
}

static void *alloc0(size_t n)
{
    /* Whole cache lines, so that cells of two threads never share one. */
    size_t size = (n + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *p = aligned_alloc(CACHE_LINE, size);
    if (!p)
        out_of_memory(size);
    return memset(p, 0, size);
}

/* -- keys -- */

/* A series' texts in one: the metric, then each label with its length in front, so that no two
 * sets of labels give the same key. */
static str key_make(enum metric m, const str *labels, char space[KEY_MAX])
{
    size_t n = 0;
    space[n++] = (char)m;
    for (size_t i = 0; i < registry.labels_n[m]; i++) {
        size_t label_n = MIN(labels[i].n, METRIC_LABEL_BYTES_MAX);
        space[n++] = (char)label_n;
        if (label_n > 0)
            memcpy(space + n, labels[i].p, label_n);
        n += label_n;
    }
    return str_of(space, n);
}

_Static_assert(M_COUNT <= 128, "a metric is one char of the key");
_Static_assert(METRIC_LABEL_BYTES_MAX <= 127, "so is the length of a label");

/* -- registration, under the lock -- */

static void count_labels(void)
{
    for (enum metric m = 0; m < M_COUNT; m++) {
        uint8_t n = infos[m].labels[0] != '\0';
        for (const char *p = infos[m].labels; *p != '\0'; p++)
            n = (uint8_t)(n + (*p == ','));
        must(n <= METRIC_LABELS_MAX);
        registry.labels_n[m] = n;
    }
}

static struct series *series_find(str key)
{
    return table_get(&registry.series, key);
}

static struct series *series_add(enum metric m, str key)
{
    struct series *s = alloc0(sizeof(*s) + key.n);
    s->metric = m;
    s->key_n = key.n;
    memcpy(s->key, key.p, key.n);
    must(!table_add(&registry.series, str_of(s->key, s->key_n), s));
    struct series *last = registry.last[m];
    atomic_store_explicit(last ? &last->next : &registry.first[m], s, memory_order_release);
    registry.last[m] = s;
    return s;
}

static struct metric_cell *cell_add(struct series *s)
{
    size_t buckets = infos[s->metric].type == METRIC_HISTOGRAM ? scale_of(s->metric).n + 1 : 0;
    struct metric_cell *c = alloc0(sizeof(*c) + buckets * sizeof(c->buckets[0]));
    c->series = s;
    c->next = atomic_load_explicit(&s->cells, memory_order_relaxed);
    atomic_store_explicit(&s->cells, c, memory_order_release);
    return c;
}

static struct shard *shard_new(void)
{
    struct shard *shard = alloc0(sizeof(*shard));
    table_init(&shard->cells);
    pthread_mutex_lock(&registry.lock);
    if (!registry.shards)
        count_labels();
    shard->next = registry.shards;
    registry.shards = shard;
    pthread_mutex_unlock(&registry.lock);
    return shard;
}

/* -- counting -- */

static struct shard *shard_get(void)
{
    if (UNLIKELY(!mine))
        mine = shard_new();
    return mine;
}

static struct metric_cell *cell_register(enum metric m, str key)
{
    pthread_mutex_lock(&registry.lock);
    struct series *s = series_find(key);
    if (!s)
        s = series_add(m, key);
    struct metric_cell *c = cell_add(s);
    pthread_mutex_unlock(&registry.lock);
    must(!table_add(&mine->cells, str_of(s->key, s->key_n), c));
    mine->series_n[m]++;
    return c;
}

struct metric_cell *metric_cell(enum metric m, const str *labels)
{
    struct shard *shard = shard_get();
    char space[KEY_MAX];
    str key = key_make(m, labels, space);
    struct metric_cell *c = table_get(&shard->cells, key);
    if (LIKELY(c))
        return c;
    if (shard->series_n[m] >= METRIC_SERIES_MAX) {
        static const str others[METRIC_LABELS_MAX] = {{"other", 5}, {"other", 5}, {"other", 5},
                                                      {"other", 5}, {"other", 5}, {"other", 5}};
        key = key_make(m, others, space);
        c = table_get(&shard->cells, key);
    }
    return c ? c : cell_register(m, key);
}

static struct metric_cell *cell_plain(enum metric m)
{
    struct shard *shard = shard_get();
    if (UNLIKELY(!shard->plain[m])) {
        must(registry.labels_n[m] == 0);
        shard->plain[m] = metric_cell(m, NULL);
    }
    return shard->plain[m];
}

static void bump(_Atomic int64_t *word, int64_t n)
{
    int64_t v = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, v + n, memory_order_relaxed);
}

void metric_cell_add(struct metric_cell *c, int64_t n)
{
    bump(&c->value, n);
}

void metric_cell_set(struct metric_cell *c, int64_t v)
{
    atomic_store_explicit(&c->series->set, v, memory_order_relaxed);
}

void metric_cell_observe_us(struct metric_cell *c, int64_t us)
{
    must(infos[c->series->metric].type == METRIC_HISTOGRAM);
    struct scale scale = scale_of(c->series->metric);
    us = MAX(us, 0);
    size_t i = 0;
    while (i < scale.n && us > scale.buckets[i].le_us)
        i++;
    bump(&c->buckets[i], 1);
    bump(&c->value, us);
}

void metric_add(enum metric m, int64_t n)
{
    metric_cell_add(cell_plain(m), n);
}

void metric_set(enum metric m, int64_t v)
{
    metric_cell_set(cell_plain(m), v);
}

/* -- reading -- */

struct sum {
    int64_t value;
    int64_t count; /* histogram */
    int64_t buckets[BUCKETS_MAX];
};

static void sum_cell(struct sum *sum, const struct metric_cell *c, size_t buckets)
{
    sum->value += atomic_load_explicit(&c->value, memory_order_relaxed);
    for (size_t i = 0; i < buckets; i++) {
        int64_t n = atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
        sum->buckets[i] += n;
        sum->count += n;
    }
}

static struct sum series_sum(const struct series *s)
{
    struct sum sum = {.value = atomic_load_explicit(&s->set, memory_order_relaxed)};
    size_t buckets = infos[s->metric].type == METRIC_HISTOGRAM ? scale_of(s->metric).n + 1 : 0;
    const struct metric_cell *c = atomic_load_explicit(&s->cells, memory_order_acquire);
    for (; c; c = c->next)
        sum_cell(&sum, c, buckets);
    return sum;
}

/* The metrics that nobody counts: they are looked up when asked for. */
static bool process_value(enum metric m, int64_t *value)
{
    if (m == M_START_TIME)
        *value = process_start_s();
    else if (m == M_RSS)
        *value = process_rss_bytes();
    else if (m == M_FDS)
        *value = process_open_fds();
    else
        return false;
    return true;
}

int64_t metric_total(enum metric m, const str *labels)
{
    int64_t value;
    if (process_value(m, &value))
        return value;
    (void)shard_get(); /* makes labels_n */
    char space[KEY_MAX];
    str key = key_make(m, labels, space);
    pthread_mutex_lock(&registry.lock);
    const struct series *s = series_find(key);
    pthread_mutex_unlock(&registry.lock);
    if (!s)
        return 0;
    struct sum sum = series_sum(s);
    return infos[m].type == METRIC_HISTOGRAM ? sum.count : sum.value;
}

/* -- the text format, https://prometheus.io/docs/instrumenting/exposition_formats/ -- */

static void put_hex_bytes(struct buf *out, str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        buf_put(out, S("\\\\x"));
        buf_put_hex(out, str_of(bytes.p + i, 1));
    }
}

/* The format escapes backslash, quote and newline. Other controls and bytes that are not UTF-8 are
 * shown as \xHH with an escaped backslash, so that different values stay different. */
static void put_label_character(struct buf *out, struct utf8 c, str bytes)
{
    if (c.code == '\n') {
        buf_put(out, S("\\n"));
    } else if (c.code == '"' || c.code == '\\') {
        buf_put_char(out, '\\');
        buf_put(out, bytes);
    } else if (c.code < 0x20 || c.code == 0x7F) { /* a fault's code is 0 */
        put_hex_bytes(out, bytes);
    } else {
        buf_put(out, bytes);
    }
}

static void put_label_value(struct buf *out, str value)
{
    while (value.n > 0) {
        struct utf8 c = utf8_at(value);
        put_label_character(out, c, str_of(value.p, c.n));
        value = str_skip(value, c.n);
    }
}

static void put_pair(struct buf *out, bool is_first, str name, str value)
{
    buf_put_char(out, is_first ? '{' : ',');
    buf_put(out, name);
    buf_put(out, S("=\""));
    put_label_value(out, value);
    buf_put_char(out, '"');
}

/* "name_suffix{label="value",le="0.1"} "; le: NULL for none. */
static void put_sample(struct buf *out, const struct series *s, const char *suffix, const char *le)
{
    const struct metric_info *info = &infos[s->metric];
    buf_put(out, str_from_cz(info->name));
    buf_put(out, str_from_cz(suffix));
    str names = str_from_cz(info->labels);
    str key = str_skip(str_of(s->key, s->key_n), 1);
    bool is_first = true;
    while (key.n > 0) {
        str name;
        (void)str_cut(names, ',', &name, &names); /* the last has no comma */
        size_t n = (size_t)key.p[0];
        put_pair(out, is_first, name, str_slice(key, 1, 1 + n));
        key = str_skip(key, 1 + n);
        is_first = false;
    }
    if (le)
        put_pair(out, is_first, S("le"), str_from_cz(le));
    buf_put(out, is_first && !le ? S(" ") : S("} "));
}

static void put_line_i64(struct buf *out, int64_t v)
{
    buf_put_i64(out, v);
    buf_put_char(out, '\n');
}

static void render_histogram(struct buf *out, const struct series *s)
{
    struct sum sum = series_sum(s);
    struct scale scale = scale_of(s->metric);
    int64_t cumulative = 0;
    for (size_t i = 0; i <= scale.n; i++) {
        cumulative += sum.buckets[i];
        put_sample(out, s, "_bucket", i < scale.n ? scale.buckets[i].le : "+Inf");
        put_line_i64(out, cumulative);
    }
    put_sample(out, s, "_sum", NULL);
    buf_printf(out, "%lld.%06lld\n", (long long)(sum.value / 1000000),
               (long long)(sum.value % 1000000));
    put_sample(out, s, "_count", NULL);
    put_line_i64(out, sum.count);
}

static void render_series(struct buf *out, const struct series *s)
{
    if (infos[s->metric].type == METRIC_HISTOGRAM) {
        render_histogram(out, s);
        return;
    }
    put_sample(out, s, "", NULL);
    put_line_i64(out, series_sum(s).value);
}

static void render_metric(struct buf *out, enum metric m)
{
    const struct metric_info *info = &infos[m];
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help, info->name,
               metric_type_name(info->type));
    int64_t value = 0;
    const struct series *s = atomic_load_explicit(&registry.first[m], memory_order_acquire);
    /* Without labels there is one series, and it is 0 before anybody counts. */
    if (process_value(m, &value) || (!s && info->labels[0] == '\0')) {
        buf_printf(out, "%s %lld\n", info->name, (long long)value);
        return;
    }
    for (; s; s = atomic_load_explicit(&s->next, memory_order_acquire))
        render_series(out, s);
}

void metrics_render(struct buf *out)
{
    for (enum metric m = 0; m < M_COUNT; m++)
        render_metric(out, m);
}
