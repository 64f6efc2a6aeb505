/* How the simulator's files meet; private to gate/sim*.c.
 *
 * sim.c reads the model's name and decides; sim_text.c works out what is said, sim_schema.c invents
 * what a JSON Schema wants; sim_write.c says it in the client's dialect, at the pace asked for.
 * sim_embed.c and sim_moderate.c answer their operations alone. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"
#include "gate/exchange.h"
#include "llm/chat.h"
#include "llm/dialect.h"
#include "llm/request.h"
#include "wire/json.h"

enum sim_model { SIM_ECHO, SIM_LOREM, SIM_TOOLS, SIM_JSON, SIM_THINK, SIM_EMBED, SIM_MODELS_N };

/* What a model name says: lorem?tokens=200&ttft=300ms&tps=80&error=429:5%. */
struct sim_options {
    enum sim_model model;
    int64_t tokens;  /* said at most, and by lorem exactly; -1: not given */
    int64_t ttft_us; /* time to the first token */
    int64_t tps;     /* tokens a second after it; 0: no pause */
    int error_status;
    unsigned error_percent;
};

/* The request under work. `root` is the body as a document, `chat` what it asks for (NULL when it
 * is not for text); both live until the answer is made. */
struct sim_request {
    struct exchange *x;
    const struct request *json;
    const struct json *root;
    struct chat *chat;
    struct sim_options options;
};

/* What will be said. It owns its text, so that it outlives the request's memory. */
struct sim_answer {
    bool is_lorem; /* `text` is empty: the words are made as they are said */
    bool is_call;  /* the text is the arguments of a call of `tool` */
    bool is_cut;   /* the client's limit came first */
    struct buf text;
    struct buf tool;
    str thoughts; /* said before the text; static */
    int64_t input_tokens, output_tokens /* of the text */, thought_tokens;
};

/* 0, or the request's fault in x->err. The answer is released by sim_answer_fini in either case. */
NODISCARD int sim_answer_make(const struct sim_request *r, struct sim_answer *a);
void sim_answer_fini(struct sim_answer *a);
/* The answer token by token, in pieces that end between characters. False: that was all. */
struct sim_cursor { /* zeroed: the beginning */
    size_t at;
    int64_t said;
};
bool sim_answer_next(const struct sim_answer *a, struct sim_cursor *c, str *piece);
/* The estimate for text that came in: a token for every four bytes, rounded up. */
int64_t sim_estimate_tokens(size_t bytes);

/* Puts an instance of the schema, as JSON. False if none was found within bounds; then `out` is as
 * it was. */
NODISCARD bool sim_schema_instance(const struct json *schema, struct buf *out);

/* Refuses the request for what its member `param` (static text) is: "param what." Returns
 * -E_BAD_REQUEST. */
int sim_refuse(struct exchange *x, str param, const char *what);
/* Ends the exchange's attempt, unless it has ended: before an error that tells of it goes out. */
void sim_attempt_end(struct exchange *x, int code);

/* Says the answer in the client's dialect, whole or streamed, with the pauses of the options.
 * `asked` is what its writer must know of the request; it lives until then. */
NODISCARD int sim_write_whole(struct exchange *x, const struct chat *asked,
                              const struct sim_answer *a, const struct sim_options *o) MAY_YIELD;
NODISCARD int sim_write_stream(struct exchange *x, const struct chat *asked,
                               const struct sim_answer *a, const struct sim_options *o) MAY_YIELD;
/* Waits as long as a provider with these options would think about `tokens`. */
NODISCARD int sim_pause(struct exchange *x, const struct sim_options *o, int64_t tokens) MAY_YIELD;

NODISCARD int sim_embed(const struct sim_request *r) MAY_YIELD;
NODISCARD int sim_moderate(const struct sim_request *r) MAY_YIELD;
