/* Requests to the simulator without a connection: an exchange with just what reading one needs. */
#pragma once

#include <string.h>

#include "gate/sim_parts.h"
#include "llm/dialect.h"

struct asked {
    struct exchange x;
    struct request json;
    struct sim_request request;
    struct chat chat;
    struct sim_answer answer;
    int rc;
};

static inline void sim_read(struct asked *a)
{
    struct reading r = {.a = &a->x.request, .err = &a->x.err, .origin = (uint8_t)a->x.op->dialect};
    a->chat.origin = r.origin;
    a->rc = dialect_get(a->x.op->dialect)->codec->read_request(&r, a->request.root, &a->chat);
}

/* Reads `body` as a request of this operation to this model and makes the answer. */
static inline struct asked *sim_ask(enum operation_id op, enum sim_model model, str body)
{
    static struct asked a;
    size_t error_at;
    memset(&a, 0, sizeof a);
    arena_init(&a.x.arena, 512, 1u << 20);
    arena_init(&a.x.request, 512, 1u << 20);
    strcpy(a.x.id, "01ID"); /* style: a literal that fits */
    a.x.op = operation_get(op);
    a.x.answered_model = S("m");
    a.request =
        (struct sim_request){.x = &a.x, .json = &a.json, .options = {.model = model, .tokens = -1}};
    must(request_read(&a.x.request, a.x.op, body, &a.json, &a.x.err) == 0);
    must(json_read(&a.x.request, body, &a.request.root, &error_at) == 0);
    a.request.chat = &a.chat;
    if (a.x.op->purpose == PURPOSE_GENERATE)
        sim_read(&a);
    if (a.rc == 0)
        a.rc = sim_answer_make(&a.request, &a.answer);
    return &a;
}

static inline void sim_asked_fini(struct asked *a)
{
    sim_answer_fini(&a->answer);
    arena_fini(&a->x.request);
    arena_fini(&a->x.arena);
}
