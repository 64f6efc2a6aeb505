/* The log: one wide event per request, and a few about the process.
 *
 * An event is built key by key straight into a ring of the calling thread, as JSON or in a form for
 * people; a writer thread empties all rings into the sink and never blocks a loop. A full ring
 * drops the event and counts it (throwbar_log_dropped_total). Levels below the configured one cost
 * a comparison. Text is escaped, so no value can break a line; secrets cannot be passed (struct
 * secret has no overload here), prompts are never logged.
 *
 *     LOG_EVENT(ev, LOG_INFO, "request") { log_str(ev, "model", model); log_int(ev, "status", 200);
 * }
 *
 * The writer is woken when a ring becomes non-empty and then gathers for LOG_GATHER_MS, so a busy
 * server pays one write per gathering and an idle one no wakeups at all. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_JSON, LOG_TEXT };
#define LOG_GATHER_MS 20

struct log_options {
    enum log_level level;
    enum log_format format;
    const char *path; /* a file, opened for appending; NULL: standard error */
};

/* Starts the writer thread. Before it, and after log_stop, events go to standard error at once. 0
 * or -E_SYSTEM (the file cannot be opened; errno says why). */
NODISCARD int log_start(const struct log_options *options);
NODISCARD int log_reopen(
    const struct log_options *options); /* new level, format, file; a failure changes nothing */
void log_flush(void);                   /* returns once all events so far are written */
void log_stop(void);                    /* flushes and joins the writer */
void log_thread_end(void);              /* a thread that logged and ends calls this */
uint64_t log_dropped(void);

struct log_event;
/* NULL when the level is off. Between begin and end nothing may yield. */
struct log_event *log_begin(enum log_level level, const char *name);
void log_str(struct log_event *ev, const char *key, str value);
void log_int(struct log_event *ev, const char *key, int64_t value);
void log_ms(struct log_event *ev, const char *key,
            int64_t us); /* microseconds, shown as milliseconds "1.234" */
void log_bool(struct log_event *ev, const char *key, bool value);
void log_end(struct log_event *ev);

#define LOG_EVENT(ev, level, name)                                                                 \
    for (struct log_event *ev = log_begin((level), (name)); ev; log_end(ev), ev = NULL)
/* One line of talk: log_note(LOG_WARN, "reload_failed", "file %s", path) */
void log_note(enum log_level level, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
