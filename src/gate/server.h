/* The running server: its workers, the configuration in force, and how both change while it
 * runs.
 *
 * The main thread is the control worker: it serves the admin listener, receives signals,
 * reloads, drains. The workers each run a loop of their own on shared client addresses. All
 * functions are called on the main thread. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "gate/path.h"
#include "gate/snapshot.h"

struct server_options {
    const char *config_path; /* NULL: the zero-config start */
    str config_text;         /* not empty: this is the configuration, and there is no file */
    bool watches;            /* reload when the file changes */
    struct path_table admin_paths;
    void (*on_ready)(void *arg); /* all listeners are open; NULL: nothing */
    void *on_ready_arg;
};

/* Runs until drained. Returns the process's exit code: 0, 1 (cannot listen...), 2 (the
 * configuration is invalid). */
int server_run(const struct server_options *o);

/* Loads and publishes the configuration anew. 0, or -E_CONFIG: the old one stays. `report` gets
 * the problems as text. */
NODISCARD int server_reload(struct buf *report);
/* Stops accepting and lets requests finish, at most server.limits.drain; then server_run
 * returns. */
void server_drain(void);
bool server_is_draining(void);
/* The configuration in force. BORROWED until the caller next returns to the loop. */
const struct snapshot *server_snapshot(void);
const char *server_config_path(void); /* NULL: zero-config */
