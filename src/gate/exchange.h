/* An exchange: one request of one client and everything that happens to it until its log line is
 * written.
 *
 * Life: exchange_begin (head parsed) -> path found -> caller identified -> handler (relay,
 * models, admin...) -> answer -> exchange_end (log, metrics, memory). A handler answers with
 * reply_* or returns an error, which is then written in the path's shape. Nothing of an exchange
 * survives it. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "gate/client.h"
#include "gate/path.h"
#include "gate/snapshot.h"
#include "gate/worker.h"
#include "llm/capability.h"
#include "llm/event.h"
#include "llm/usage.h"
#include "wire/http1.h"

#define EXCHANGE_ATTEMPTS_MAX 4

struct attempt {
    const struct endpoint *endpoint; /* NULL: sim */
    const struct provider *provider;
    const struct provider_key *key; /* NULL: none */
    int status;                     /* the provider's; 0: none came */
    int code;                       /* -E_X; 0: fine */
    int64_t begin_us, end_us;
};

struct exchange {
    struct arena arena;   /* lives to the end: small */
    struct arena request; /* head, scan, edits: given back once the answer streams */
    struct client *client;
    struct worker *worker;
    struct lease *lease;
    const struct snapshot *snapshot; /* of the lease */
    const struct path *path;         /* NULL: not found */
    const struct operation *op;      /* NULL: none */
    const struct service *service;   /* what is asked of the provider; NULL: not chosen */
    struct capability capability;    /* of the target's model; known with the service */
    str path_arg;                    /* decoded {id} */
    struct http_head head;           /* in `request` */
    str method, target_path;         /* in `arena`, bounded: for the log */
    struct client_body body;
    const struct gateway_key *key; /* the caller; NULL: open mode or public */
    char id[ULID_LEN + 1];
    char traceparent[56]; /* as sent, if valid; else empty */

    struct model_ref target;
    str model;          /* as the client named it; empty: none */
    str answered_model; /* provider's name for it */
    bool is_stream;
    bool wants_array; /* the stream as one JSON array: Gemini's without alt=sse */
    struct attempt attempts[EXCHANGE_ATTEMPTS_MAX];
    size_t n_attempts;
    struct usage usage;
    str warnings; /* value of tb-warnings */

    size_t block_size;
    struct err err;
    const struct failure *failure; /* what the provider said was wrong, read; NULL: nothing */
    int status;                    /* sent; 0: nothing yet */
    bool committed;                /* the status line is out */
    bool is_complete;              /* the answer is written to its end */
    bool is_head;                  /* HEAD: no body is written */
    bool is_chunked;               /* the committed answer is chunked */
    int64_t begin_us, first_byte_us, end_us;
    int64_t upstream_us;          /* time spent waiting for the provider */
    int64_t client_us;            /* time spent waiting for the client */
    uint64_t bytes_in, bytes_out; /* bodies */
};

/* Serves the request whose head is complete in c->in. Returns true if the connection may serve
 * another. */
bool exchange_serve(struct client *c, size_t head_n) MAY_YIELD;
/* Answers bytes that are no request: the error, then close. */
void exchange_refuse(struct client *c, int code) MAY_YIELD;

/* Reads the whole body into x->body (within the limit). */
NODISCARD int exchange_read_body(struct exchange *x) MAY_YIELD;
/* What is left of the body is dropped if it has arrived already. True if the message has been
 * read to its end; if not, the connection cannot serve another request. */
bool exchange_finish_body(struct exchange *x);
/* The request's memory is no longer needed (the answer streams). */
void exchange_drop_request(struct exchange *x);
/* Copies the texts of x->err that lie in memory which is about to go. */
void exchange_keep_err(struct exchange *x);
/* Fills x->err and returns code. */
int exchange_fail(struct exchange *x, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
