/* One answer on its way from a provider's dialect to the client's: decoder, stages, encoder.
 *
 *   message -> decoder -> note (usage, errors) -> serial -> restore -> encoder or fold
 *
 * It works on messages and knows no connection; answer_stream.c and translate.c feed it. The same
 * with no client dialect is a tap: it notes usage, errors and the end of a stream whose bytes are
 * relayed. Everything lives in the exchange's arena, as small as can be, because it stays as long
 * as the answer streams. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "gate/exchange.h"
#include "llm/dialect.h"
#include "llm/reply.h"
#include "llm/restore.h"
#include "llm/serial.h"

struct translator {
    struct exchange *x;
    const struct dialect *from; /* the provider's */
    const struct dialect *to;   /* the client's; NULL: a tap */
    struct arena scratch;       /* of one batch of messages */
    struct decoder decoder;
    struct serial serial;
    struct restore restore;
    struct encoder encoder;
    struct buf out;       /* what the client gets next: taken by whoever feeds */
    struct fold *fold;    /* whole answers: the events are gathered instead of written */
    struct losses losses; /* of the answer */
    bool is_serial;
    bool has_error; /* an error event has passed */
    bool has_events;
    bool has_content; /* a part of the answer has passed */
};

/* What an answer's writer must know of the request. */
struct translator_setup {
    const struct dialect *from, *to; /* to NULL: a tap */
    const struct chat *asked;        /* lives as long as the translator; NULL with a tap */
    const struct name_rule *rule;    /* that fitted the tools' names */
    bool as_array;                   /* Gemini without alt=sse */
    struct fold *fold;               /* not NULL: gather */
};
void translator_init(struct translator *t, struct exchange *x, const struct translator_setup *s);
void translator_fini(struct translator *t);

/* The dialect's next message; bytes for the client are appended to t->out. 0, or an error code with
 * x->err filled. */
NODISCARD int translator_feed(struct translator *t, const struct message *m);
/* The provider's bytes have ended: 0 if the answer is whole. */
NODISCARD int translator_end(struct translator *t);
/* A whole answer instead of messages: plays it through the stages. */
NODISCARD int translator_play(struct translator *t, const struct reply *r);
/* Whether something of the answer is on its way to a client that streams: what fails from now on is
 * told inside the stream, however little of it has been sent. */
bool translator_is_late(const struct translator *t);
/* Writes x->err as the client's dialect tells it inside a stream. */
void translator_put_error(struct translator *t);
void translator_put_ping(struct translator *t);
/* Forgets what only the last batch needed. */
void translator_tidy(struct translator *t);

/* The content type of a stream of this dialect. */
str translator_stream_type(const struct dialect *d, bool as_array);
/* Whose seals a provider's answers carry. */
enum seal_family translator_family(const struct dialect *d, str model);
/* x->err as a failure, for the client's dialect; texts live in x->arena. */
struct failure translator_failure(struct exchange *x);
/* Notes what a provider said was wrong: x->failure, x->err with its status. Returns the code. */
int translator_fail(struct exchange *x, const struct failure *f);
