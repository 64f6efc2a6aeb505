/* Errors: one table (err.def), one enum, one struct for the detail.
 *
 * A function that can fail returns 0 or -E_NAME. Whoever knows the detail first (a text for the
 * caller, the provider's status, when to try again) writes it into a struct err with err_set;
 * nobody overwrites it with something more general. err_info() gives the table row: what a client,
 * a log line and a retry decision need to know. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

enum err_code {
    E_OK = 0,
#define ERR(name, code, status, source, retry, type, ocode, message, hint) E_##name,
#include "base/err.def"
#undef ERR
    E_COUNT
};

enum err_source {
    ERR_SOURCE_CLIENT,
    ERR_SOURCE_POLICY,
    ERR_SOURCE_GATEWAY,
    ERR_SOURCE_PROVIDER,
    ERR_SOURCE_NETWORK
};
enum err_retry { ERR_RETRY_NEVER, ERR_RETRY_NEXT, ERR_RETRY_STALE };

struct err_info {
    const char *name; /* "MODEL_NOT_FOUND" */
    int number;       /* 1008, shown as TB-1008 */
    int status;
    enum err_source source;
    enum err_retry retry;
    const char *openai_type;
    const char *openai_code; /* NULL: null */
    const char *message;
    const char *hint; /* NULL: none */
};

const struct err_info *
err_info(int code); /* takes -E_X and E_X alike; must be a code of the table */
const char *err_source_name(enum err_source s);
/* The row whose number is `number` (1008) or NULL; for `explain`. */
const struct err_info *err_by_number(int number);

/* Detail of one failure. Zeroed means: none. */
struct err {
    int code;          /* -E_X, 0: none */
    int status;        /* status to answer with; 0: the table's */
    str message;       /* for the caller; empty: the table's */
    str param;         /* the member at fault, "messages[0].role"; empty: null */
    str provider_body; /* the provider's own error object as raw JSON, when it sent one */
    str headers;       /* header lines of the provider's that go with it: when to try again */
    bool close;        /* the client connection cannot be used again */
};

/* Fills e unless it holds an error already; the text is made in `a`. Returns `code`, so: return
 * err_set(...). */
int err_set(struct err *e, struct arena *a, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Same with the table's message. */
int err_set_code(struct err *e, int code);
int err_status(const struct err *e);
str err_message(const struct err *e);
