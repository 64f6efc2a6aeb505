/* Log events: from keys and values to one line.
 *
 * Each thread builds its line in a buffer of its own and hands it to the writer (log_writer.c) with
 * one copy when the event ends, so the writer never sees half an event and no event is built under
 * a lock. What a line looks like (level, format, colour) is one atomic word, read when the event
 * begins, so a line is of one form even while log_reopen changes it.
 *
 * Room is reckoned from the end: TAIL_MAX bytes of every line are kept for the words that end it,
 * so it can always be closed. A value may fill LOG_VALUE_MAX bytes, so that one long value does not
 * push out the keys behind it; a key without room is left out. Both are marked.
 *
 * Escaping is JSON's in both formats. The fast path copies runs of plain ASCII; what is beyond is
 * decoded, so that invalid bytes and the controls hidden in UTF-8 (C1, line separators, bidi
 * overrides) are found. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log_writer.h"
#include "base/utf8.h"

#define TAIL_MAX 24 /* the truncation mark, brace and newline */
#define ELLIPSIS S("\xE2\x80\xA6")
#define STAMP_N  24 /* 2026-11-21T07:28:54.123Z */

struct style {
    enum log_level level;
    enum log_format format;
    bool coloured;
};

/* A struct style packed by style_pack. Written by start and reopen; relaxed: one word, nothing
 * hangs on when a thread sees it. */
static _Atomic unsigned current_style = LOG_INFO | LOG_TEXT << 4;

struct log_event {
    struct log_ring *ring; /* OWNED */
    struct style style;    /* of the event being built */
    bool is_open;
    bool is_cut; /* something did not fit */
    int64_t stamp_ms;
    char stamp[STAMP_N + 1]; /* stamp_ms formatted */
    size_t n;                /* bytes of the line */
    char line[LOG_LINE_MAX];
    char note[LOG_VALUE_MAX + 8]; /* longer than a value may be, see log_note */
};

static _Thread_local struct log_event *mine; /* OWNED until log_thread_end */

static unsigned style_pack(struct style s)
{
    return (unsigned)s.level | (unsigned)s.format << 4 | (unsigned)s.coloured << 8;
}

static struct style style_unpack(unsigned word)
{
    return (struct style){
        .level = (enum log_level)(word & 15),
        .format = (enum log_format)(word >> 4 & 15),
        .coloured = word >> 8 != 0,
    };
}

/* -- raw pieces; the caller made sure of the room -- */

static void put(struct log_event *ev, str s)
{
    memcpy(ev->line + ev->n, s.p, s.n);
    ev->n += s.n;
}

static void put_digits(struct log_event *ev, uint64_t v, size_t width)
{
    char text[20];
    size_t at = sizeof(text);
    while (v > 0 || at > sizeof(text) - width) {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    }
    put(ev, str_of(text + at, sizeof(text) - at));
}

/* The sign, if any; returns what is behind it. */
static uint64_t put_sign(struct log_event *ev, int64_t v)
{
    if (v >= 0)
        return (uint64_t)v;
    put(ev, S("-"));
    return -(uint64_t)v; /* in unsigned arithmetic INT64_MIN has a positive twin */
}

/* The time now in ev->stamp, read anew: the thread may have no loop that refreshes the clock.
 * Within one second, and that is nearly always, only the last three digits change. */
static void stamp(struct log_event *ev)
{
    int64_t now_us = clock_read_wall_us();
    int64_t now_ms = now_us / 1000;
    if (now_ms == ev->stamp_ms)
        return;
    if (now_ms / 1000 == ev->stamp_ms / 1000) {
        unsigned ms = (unsigned)(now_ms % 1000);
        ev->stamp[STAMP_N - 4] = (char)('0' + ms / 100);
        ev->stamp[STAMP_N - 3] = (char)('0' + ms / 10 % 10);
        ev->stamp[STAMP_N - 2] = (char)('0' + ms % 10);
    } else {
        (void)clock_format(now_us, ev->stamp); /* the text is in ev->stamp */
    }
    ev->stamp_ms = now_ms;
}

/* -- escaping -- */

/* Characters that a terminal or a reader of lines may obey: controls of both sets, line and
 * paragraph separator, bidirectional embeddings, overrides and isolates. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

static str escape_of(uint32_t code, char out[6])
{
    static const char hex[] = "0123456789abcdef";
    switch (code) {
    case '"':
        return S("\\\"");
    case '\\':
        return S("\\\\");
    case '\n':
        return S("\\n");
    case '\r':
        return S("\\r");
    case '\t':
        return S("\\t");
    default:
        break;
    }
    memcpy(out,
           (char[]){'\\', 'u', hex[code >> 12 & 15], hex[code >> 8 & 15], hex[code >> 4 & 15],
                    hex[code & 15]},
           6);
    return str_of(out, 6);
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* How many bytes at the start of s are plain. */
static size_t plain_run(str s)
{
    size_t n = 0;
    while (n < s.n && is_plain(s.p[n]))
        n++;
    return n;
}

/* Appends the character (or the fault) that s begins with, shown as it may be shown, if there is
 * room before `end`. Returns the bytes of s done; 0: no room. */
static size_t put_character(struct log_event *ev, str s, size_t end)
{
    char scratch[6];
    struct utf8 c = utf8_at(s);
    str shown = str_of(s.p, c.n);
    if (!c.valid)
        shown = UTF8_REPLACEMENT;
    else if (is_control(c.code) || c.code == '"' || c.code == '\\')
        shown = escape_of(c.code, scratch);
    if (ev->n + shown.n > end)
        return 0;
    put(ev, shown);
    return c.n;
}

/* Appends s escaped, up to `end` in the line; false when it was cut, at a character. */
static bool put_escaped(struct log_event *ev, str s, size_t end)
{
    while (s.n > 0) {
        size_t n = plain_run(str_of(s.p, MIN(s.n, end - ev->n)));
        put(ev, str_of(s.p, n));
        s = str_skip(s, n);
        if (s.n == 0)
            break;
        n = put_character(ev, s, end);
        if (n == 0)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

/* -- keys and values -- */

static size_t room(const struct log_event *ev)
{
    return LOG_LINE_MAX - TAIL_MAX - ev->n;
}

/* Appends the key with what stands before and behind it; false when it and `value_n` bytes more
 * have no room. */
static bool put_key(struct log_event *ev, const char *key, size_t value_n)
{
    must(ev->is_open);
    str k = str_from_cz(key);
    bool is_json = ev->style.format == LOG_JSON;
    if (k.n + 4 + value_n > room(ev)) {
        ev->is_cut = true;
        return false;
    }
    put(ev, is_json ? S(",\"") : S(" "));
    put(ev, k);
    put(ev, is_json ? S("\":") : S("="));
    return true;
}

static void put_quoted(struct log_event *ev, str value)
{
    size_t reserve = 1 + ELLIPSIS.n; /* bytes behind the text */
    put(ev, S("\""));
    size_t end = ev->n + MIN(LOG_VALUE_MAX, room(ev)) - reserve;
    if (!put_escaped(ev, value, end)) {
        put(ev, ELLIPSIS);
        ev->is_cut = true;
    }
    put(ev, S("\""));
}

/* May stand in a text line without quotes. */
static bool is_word(str s)
{
    if (s.n == 0 || plain_run(s) < s.n)
        return false;
    return str_find_char(s, ' ') == STR_NONE && str_find_char(s, '=') == STR_NONE;
}

void log_str(struct log_event *ev, const char *key, str value)
{
    if (!put_key(ev, key, 16))
        return;
    if (ev->style.format == LOG_TEXT && value.n <= MIN(64, room(ev)) && is_word(value))
        put(ev, value);
    else
        put_quoted(ev, value);
}

void log_int(struct log_event *ev, const char *key, int64_t value)
{
    if (put_key(ev, key, 20))
        put_digits(ev, put_sign(ev, value), 1);
}

void log_ms(struct log_event *ev, const char *key, int64_t us)
{
    if (!put_key(ev, key, 21))
        return;
    uint64_t size = put_sign(ev, us);
    put_digits(ev, size / 1000, 1);
    put(ev, S("."));
    put_digits(ev, size % 1000, 3);
}

void log_bool(struct log_event *ev, const char *key, bool value)
{
    if (put_key(ev, key, 5))
        put(ev, value ? S("true") : S("false"));
}

/* -- events -- */

static str level_name(enum log_level level)
{
    static const str names[] = {
        [LOG_DEBUG] = {.p = "debug", .n = 5},
        [LOG_INFO] = {.p = "info", .n = 4},
        [LOG_WARN] = {.p = "warn", .n = 4},
        [LOG_ERROR] = {.p = "error", .n = 5},
    };
    return names[level];
}

static str level_colour(enum log_level level)
{
    static const str colours[] = {
        [LOG_DEBUG] = {.p = "\033[90m", .n = 5},
        [LOG_INFO] = {.p = "\033[32m", .n = 5},
        [LOG_WARN] = {.p = "\033[33m", .n = 5},
        [LOG_ERROR] = {.p = "\033[31m", .n = 5},
    };
    return colours[level];
}

static void begin_json(struct log_event *ev, enum log_level level, str name)
{
    put(ev, S("{\"time\":\""));
    put(ev, str_of(ev->stamp, STAMP_N));
    put(ev, S("\",\"level\":\""));
    put(ev, level_name(level));
    put(ev, S("\",\"event\":\""));
    put(ev, name);
    put(ev, S("\""));
}

static void begin_text(struct log_event *ev, enum log_level level, str name)
{
    str word = level_name(level);
    put(ev, str_of(ev->stamp, STAMP_N));
    put(ev, S(" "));
    if (ev->style.coloured)
        put(ev, level_colour(level));
    put(ev, word);
    if (ev->style.coloured)
        put(ev, S("\033[0m"));
    put(ev, str_of("  ", 6 - word.n)); /* names below each other */
    put(ev, name);
}

static struct log_event *event_new(void)
{
    struct log_event *ev = calloc(1, sizeof(*ev));
    if (!ev)
        out_of_memory(sizeof(*ev));
    ev->ring = log_ring_new();
    ev->stamp_ms = -1000; /* a second that never is */
    return ev;
}

struct log_event *log_begin(enum log_level level, const char *name)
{
    must(level < LOG_OFF);
    struct style style = style_unpack(atomic_load_explicit(&current_style, memory_order_relaxed));
    if (level < style.level)
        return NULL;
    if (UNLIKELY(!mine))
        mine = event_new();
    struct log_event *ev = mine;
    must(!ev->is_open);
    ev->is_open = true;
    ev->is_cut = false;
    ev->style = style;
    ev->n = 0;
    stamp(ev);
    str label = str_slice(str_from_cz(name), 0, LOG_VALUE_MAX);
    if (style.format == LOG_JSON)
        begin_json(ev, level, label);
    else
        begin_text(ev, level, label);
    return ev;
}

void log_end(struct log_event *ev)
{
    must(ev->is_open);
    bool is_json = ev->style.format == LOG_JSON;
    if (ev->is_cut)
        put(ev, is_json ? S(",\"truncated\":true") : S(" truncated=true"));
    put(ev, is_json ? S("}\n") : S("\n"));
    ev->is_open = false;
    log_ring_put(ev->ring, str_of(ev->line, ev->n));
}

void log_note(enum log_level level, const char *name, const char *fmt, ...)
{
    struct log_event *ev = log_begin(level, name);
    if (!ev)
        return;
    /* A text too long for `note` is also too long for a value, so log_str cuts it once more, at a
     * character. style: vsnprintf, because the text goes into memory that is there already */
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(ev->note, sizeof(ev->note), fmt, args);
    va_end(args);
    must(n >= 0);
    log_str(ev, "message", str_of(ev->note, MIN((size_t)n, sizeof(ev->note) - 1)));
    log_end(ev);
}

void log_thread_end(void)
{
    if (!mine)
        return;
    log_ring_end(mine->ring);
    free(mine);
    mine = NULL;
}

/* -- the sink -- */

/* O_NONBLOCK: a pipe in the file system without a reader is an error and not a wait. */
static int sink_open(const char *path)
{
    if (!path)
        return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

static bool wants_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */
    return (!no_color || no_color[0] == '\0') && isatty(fd) == 1;
}

static void style_set(const struct log_options *options, int fd)
{
    struct style style = {
        .level = options->level,
        .format = options->format,
        .coloured = options->format == LOG_TEXT && wants_colour(fd),
    };
    atomic_store_explicit(&current_style, style_pack(style), memory_order_relaxed);
}

int log_start(const struct log_options *options)
{
    int fd = sink_open(options->path);
    if (fd == -1)
        return -E_SYSTEM;
    style_set(options, fd);
    return log_writer_start(fd);
}

int log_reopen(const struct log_options *options)
{
    int fd = sink_open(options->path);
    if (fd == -1)
        return -E_SYSTEM;
    /* First the style, so that lines of the old one go to the old file. */
    style_set(options, fd);
    log_writer_swap(fd);
    return 0;
}

void log_flush(void)
{
    log_writer_flush();
}

void log_stop(void)
{
    log_writer_stop();
}

uint64_t log_dropped(void)
{
    return log_writer_dropped();
}
