/* The log: one wide event per request, and a few about the process.
 *
 * An event is built key by key as one line of its thread, JSON or a form for people; the whole line
 * goes into the thread's ring, and a writer thread empties all rings into the sink, so no caller
 * ever waits for a disk or a pipe. A full ring drops the event and counts it
 * (throwbar_log_dropped_total). Levels below the configured one cost a comparison.
 *
 *     LOG_EVENT(ev, LOG_INFO, "request") {
 *         log_str(ev, "model", model);
 *         log_int(ev, "status", 200);
 *     }
 *
 * Event names and keys are literals of the code, of [a-z0-9_.]. Values may come from anywhere: they
 * are escaped (controls, also those beyond ASCII that terminals obey, and invalid UTF-8), so none
 * can break a line or colour a terminal; a value that is long is cut at a character and ends in an
 * ellipsis, and a line that lost something says "truncated". Secrets cannot be passed (struct
 * secret has no overload here), prompts are never logged.
 *
 * The writer is woken when a ring becomes non-empty and then gathers for LOG_GATHER_MS, so a busy
 * server pays one write per gathering and an idle one no wakeups at all. A sink that fails (disk
 * full) is tried again until it takes lines; the rings hold what they can meanwhile. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_JSON, LOG_TEXT };
#define LOG_GATHER_MS 20
#define LOG_VALUE_MAX 2048 /* bytes that one value may fill in its line */

struct log_options {
    enum log_level level;
    enum log_format format;
    const char *path; /* a file, opened for appending; NULL: standard error */
};

/* Starts the writer thread. Before it, and after log_stop, events go to standard error at once. 0
 * or -E_SYSTEM (the file cannot be opened; errno says why). */
NODISCARD int log_start(const struct log_options *options);
/* New level, format, file (also the same file, after a rotation renamed it); a failure changes
 * nothing. Between start and stop; waits for the writer, so never on a loop's thread. */
NODISCARD int log_reopen(const struct log_options *options);
/* Returns once all events so far are written; a sink that takes nothing is waited for 5 s. */
void log_flush(void);
/* Flushes and joins the writer; what a failing sink does not take is dropped and counted. */
void log_stop(void);
void log_thread_end(void); /* a thread that logged and ends calls this */
uint64_t log_dropped(void);

struct log_event;
/* NULL when the level is off. Until log_end nothing may yield, and no other event begin on this
 * thread. */
struct log_event *log_begin(enum log_level level, const char *name);
void log_str(struct log_event *ev, const char *key, str value);
void log_int(struct log_event *ev, const char *key, int64_t value);
void log_ms(struct log_event *ev, const char *key,
            int64_t us); /* microseconds, shown as milliseconds 1.234 */
void log_bool(struct log_event *ev, const char *key, bool value);
void log_end(struct log_event *ev);

/* The body must not be left by break, return or goto. NOLINTBEGIN(bugprone-macro-parentheses): `ev`
 * is declared here, so it cannot stand in brackets */
#define LOG_EVENT(ev, level, name)                                                                 \
    for (struct log_event *ev = log_begin((level), (name)); ev; log_end(ev), ev = NULL)
/* NOLINTEND(bugprone-macro-parentheses) */

/* One line of talk: log_note(LOG_WARN, "reload_failed", "file %s", path); the key is "message". */
void log_note(enum log_level level, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
