/* Metrics: cells and sums over threads, the limit of series, and the text format. */
#include "base/metrics.c"

#include <stdio.h>

#include "tap.h"

static struct buf out;

static str render(void)
{
    buf_reset(&out);
    metrics_render(&out);
    return buf_str(&out);
}

static bool rendered(str text)
{
    return str_find(render(), text) != STR_NONE;
}

/* -- counting -- */

static void test_plain(void)
{
    ok(rendered(S("throwbar_inflight 0\n")), "a metric without labels is 0 before it is counted");
    is_int(metric_total(M_INFLIGHT, NULL), 0, "its total, too");
    metric_add(M_INFLIGHT, 5);
    metric_add(M_INFLIGHT, -2);
    is_int(metric_total(M_INFLIGHT, NULL), 3, "a gauge goes up and down");
    metric_add(M_INFLIGHT, -4);
    ok(rendered(S("throwbar_inflight -1\n")), "and below zero");
}

static void test_same_labels_same_cell(void)
{
    str labels[] = {S("a"), S("ok")};
    struct metric_cell *c = metric_cell(M_ATTEMPTS, labels);
    char copy[] = "aok";
    str others[] = {str_of(copy, 1), str_of(copy + 1, 2)};
    ok(metric_cell(M_ATTEMPTS, others) == c, "the texts count, not where they lie");
    memset(copy, 'z', 3);
    ok(metric_cell(M_ATTEMPTS, labels) == c, "and they are copied");
    ok(metric_cell(M_UPSTREAM_CONNECTIONS, labels) != c, "another metric, another cell");
    str shifted[] = {S("ao"), S("k")};
    ok(metric_cell(M_ATTEMPTS, shifted) != c, "the border between labels counts");
    str empty[] = {S_EMPTY, S_EMPTY};
    metric_cell_add(metric_cell(M_ATTEMPTS, empty), 7);
    is_int(metric_total(M_ATTEMPTS, empty), 7, "labels may be empty");
    str unknown[] = {S("nobody"), S("counted")};
    is_int(metric_total(M_ATTEMPTS, unknown), 0, "a series nobody counted");
}

static void test_long_label(void)
{
    char text[METRIC_LABEL_BYTES_MAX + 2];
    memset(text, 'l', sizeof(text));
    str longer = str_of(text, sizeof(text));
    str exact = str_of(text, METRIC_LABEL_BYTES_MAX);
    ok(metric_cell(M_STREAM_BYTES, &longer) == metric_cell(M_STREAM_BYTES, &exact),
       "a label is cut at its limit");
}

/* -- threads -- */

enum { THREADS = 4, ROUNDS = 20000 };

static void *count(void *arg)
{
    str label = S("shared");
    int64_t number = *(const int *)arg;
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(M_CONNECTIONS, i % 2 == 0 ? 3 : -2);
        metric_cell_add(metric_cell(M_REFUSED, &label), 1);
        metric_cell_observe_us(metric_cell(M_OVERHEAD, &label), 10 * number);
    }
    char space[8];
    int n = snprintf(space, sizeof(space), "own%d", (int)number);
    str own = str_of(space, (size_t)n);
    metric_cell_add(metric_cell(M_REFUSED, &own), number);
    metric_set(M_CONFIG_VERSION, 42);
    return NULL;
}

static void test_threads(void)
{
    static int numbers[THREADS] = {1, 2, 3, 4};
    pthread_t threads[THREADS];
    metric_set(M_CONFIG_VERSION, 41);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, count, &numbers[i]);
    for (int i = 0; i < 20; i++)
        ok(render().n > 0 && buf_is_ok(&out), "rendering goes on while others count");
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    str shared = S("shared");
    str own = S("own3");
    is_int(metric_total(M_CONNECTIONS, NULL), THREADS * ROUNDS / 2, "plain counts are summed");
    is_int(metric_total(M_REFUSED, &shared), THREADS * ROUNDS, "counts with labels are summed");
    is_int(metric_total(M_OVERHEAD, &shared), THREADS * ROUNDS, "observations are summed");
    is_int(metric_total(M_REFUSED, &own), 3, "the counts of an ended thread stay");
    is_int(metric_total(M_CONFIG_VERSION, NULL), 42, "what is set last holds, nothing adds up");
    ok(rendered(S("throwbar_connections_refused_total{reason=\"shared\"} 80000\n")), "one line");
    ok(rendered(S("throwbar_config_version 42\n")), "one value");
}

static void test_too_many_series(void)
{
    char space[16];
    str label = S_EMPTY;
    struct metric_cell *first = NULL;
    for (int i = 0; i < METRIC_SERIES_MAX; i++) {
        int n = snprintf(space, sizeof(space), "s%d", i);
        label = str_of(space, (size_t)n);
        struct metric_cell *c = metric_cell(M_CONFIG_RELOADS, &label);
        first = first ? first : c;
        metric_cell_add(c, 1);
    }
    is_int(metric_total(M_CONFIG_RELOADS, &label), 1, "the last series that fits");
    str other = S("other");
    str more = S("one more");
    str most = S("and more");
    struct metric_cell *c = metric_cell(M_CONFIG_RELOADS, &more);
    ok(c == metric_cell(M_CONFIG_RELOADS, &other), "past the limit all is other");
    ok(c == metric_cell(M_CONFIG_RELOADS, &most), "always");
    metric_cell_add(c, 5);
    is_int(metric_total(M_CONFIG_RELOADS, &other), 5, "and is counted there");
    str known = S("s0");
    ok(metric_cell(M_CONFIG_RELOADS, &known) == first, "known series stay");
    ok(metric_cell(M_STREAM_BYTES, &more) != metric_cell(M_STREAM_BYTES, &most),
       "another metric has a limit of its own");
}

/* -- the text format -- */

static void test_histogram(void)
{
    str labels[] = {S("r"), S("p"), S("m")};
    struct metric_cell *c = metric_cell(M_TTFT, labels);
    static const int64_t us[] = {-5, 0, 500, 501, 1000, 1800000000, 1800000001};
    for (size_t i = 0; i < ARRAY_LEN(us); i++)
        metric_cell_observe_us(c, us[i]);
    is_int(metric_total(M_TTFT, labels), 7, "its total is the number of observations");
#define SERIES "{route=\"r\",provider=\"p\",model=\"m\""
    ok(rendered(S("# HELP throwbar_ttft_seconds From the first byte of a request to the first byte "
                  "of its answer's body.\n# TYPE throwbar_ttft_seconds histogram\n"
                  "throwbar_ttft_seconds_bucket" SERIES ",le=\"0.0005\"} 3\n"
                  "throwbar_ttft_seconds_bucket" SERIES ",le=\"0.001\"} 5\n"
                  "throwbar_ttft_seconds_bucket" SERIES ",le=\"0.0025\"} 5\n")),
       "HELP, TYPE, then cumulative buckets that include their bound");
    ok(rendered(S("le=\"600\"} 5\n"
                  "throwbar_ttft_seconds_bucket" SERIES ",le=\"1800\"} 6\n"
                  "throwbar_ttft_seconds_bucket" SERIES ",le=\"+Inf\"} 7\n"
                  "throwbar_ttft_seconds_sum" SERIES "} 3600.002002\n"
                  "throwbar_ttft_seconds_count" SERIES "} 7\n")),
       "to the last, then sum in seconds and count");
#undef SERIES
}

/* The texts of the bounds are typed beside the numbers: do they agree? */
static void test_bounds(void)
{
    static const enum metric metrics[] = {M_DURATION, M_TTFT, M_OVERHEAD};
    bool same = true;
    bool ordered = true;
    for (size_t m = 0; m < ARRAY_LEN(metrics); m++) {
        struct scale scale = scale_of(metrics[m]);
        for (size_t i = 0; i < scale.n; i++) {
            double seconds = 0;
            same = same && sscanf(scale.buckets[i].le, "%lf", &seconds) == 1 &&
                   (int64_t)(seconds * 1e6 + 0.5) == scale.buckets[i].le_us;
            ordered = ordered && (i == 0 || scale.buckets[i].le_us > scale.buckets[i - 1].le_us);
        }
    }
    ok(same, "each bound is rendered as what it is");
    ok(ordered, "bounds grow");
}

static void test_hostile_labels(void)
{
    static const struct {
        const char *what;
        str value, text;
    } cases[] = {
        {"quote, backslash, newline", {"a\"b\\c\nd", 7}, {"a\\\"b\\\\c\\nd", 10}},
        {"a forged sample", {"x\"} 1\ny", 7}, {"x\\\"} 1\\ny", 9}},
        {"controls", {"\0\r\x7F", 3}, {"\\\\x00\\\\x0d\\\\x7f", 15}},
        {"no UTF-8", {"\xFF\xE2\x82", 3}, {"\\\\xff\\\\xe2\\\\x82", 15}},
        {"UTF-8", {"\xC3\xA9", 2}, {"\xC3\xA9", 2}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        metric_cell_add(metric_cell(M_REFUSED, &cases[i].value), 1);
        char line[128];
        int n = snprintf(line, sizeof(line),
                         "\nthrowbar_connections_refused_total{reason=\"%.*s\"} 1\n",
                         STR_ARG(cases[i].text));
        ok(rendered(str_of(line, (size_t)n)), cases[i].what);
    }
}

/* Does the line read "name{labels} value" with `name` of the family? Returns the value's text. */
static bool is_sample_of(str line, str family)
{
    size_t space = str_rfind_char(line, ' ');
    if (space == STR_NONE || !str_has_prefix(line, family))
        return false;
    str rest = str_skip(str_slice(line, 0, space), family.n);
    static const str suffixes[] = {{"_bucket", 7}, {"_sum", 4}, {"_count", 6}};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (str_has_prefix(rest, suffixes[i]))
            rest = str_skip(rest, suffixes[i].n);
    }
    bool labelled = str_has_prefix(rest, S("{")) && str_has_suffix(rest, S("\"}"));
    double value;
    char number[32] = {0};
    memcpy(number, line.p + space + 1, MIN(line.n - space - 1, sizeof(number) - 1));
    return (rest.n == 0 || labelled) && sscanf(number, "%lf", &value) == 1;
}

static void test_whole_page(void)
{
    str page = render();
    str line;
    str family = S_EMPTY;
    int families = 0;
    bool right = str_has_suffix(page, S("\n"));
    while (right && str_cut(page, '\n', &line, &page)) {
        if (str_has_prefix(line, S("# HELP "))) {
            str help;
            right = str_cut(str_skip(line, 7), ' ', &family, &help) && help.n > 0;
            families++;
        } else if (str_has_prefix(line, S("# TYPE "))) {
            str name;
            str type;
            right = str_cut(str_skip(line, 7), ' ', &name, &type) && str_eq(name, family) &&
                    (str_eq(type, S("counter")) || str_eq(type, S("gauge")) ||
                     str_eq(type, S("histogram")));
        } else {
            right = is_sample_of(line, family);
        }
    }
    ok(right, "every line of the page is HELP, TYPE or a sample of the family above it");
    is_int(families, M_COUNT, "every metric is there");
    is_int(page.n, 0, "to the end");
}

static void test_process(void)
{
    ok(metric_total(M_RSS, NULL) > 100000, "resident memory");
    ok(metric_total(M_FDS, NULL) >= 3, "open descriptors");
    char text[64];
    int n = snprintf(text, sizeof(text), "\nprocess_start_time_seconds %lld\n",
                     (long long)process_start_s());
    ok(rendered(str_of(text, (size_t)n)), "process metrics are looked up by rendering");
}

static void test_small_buffer(void)
{
    struct buf small;
    buf_init(&small, 2000);
    metrics_render(&small);
    ok(!buf_is_ok(&small), "a page past the buffer's limit is a failed buffer");
    buf_fini(&small);
}

int main(void)
{
    buf_init(&out, 8u << 20);
    test_plain();
    test_same_labels_same_cell();
    test_long_label();
    test_threads();
    test_histogram();
    test_bounds();
    test_hostile_labels();
    test_too_many_series();
    test_whole_page();
    test_process();
    test_small_buffer();
    buf_fini(&out);
    return tap_done();
}
