/* A streamed answer of the simulator, taken apart again as a client would. */
#pragma once

#include "gate/sim_parts.h"
#include "wire/sse.h"

/* Writes the whole stream into the pen. */
static inline void sim_stream(const struct sim_shape *shape, struct sim_pen *p)
{
    struct sim_cursor c = {.said = 0};
    str piece;
    unsigned step = 0;
    shape->begin(p);
    while (sim_answer_next(p->answer, &c, &piece))
        shape->piece(p, piece);
    while (shape->end(p, step))
        step++;
}

/* The data of the next event, as a document; NULL when it is [DONE]. False: no event is left. */
static inline bool sim_next_event(struct arena *a, str *rest, struct sse_event *event,
                                  const struct json **data)
{
    str text;
    size_t error_at;
    *data = NULL;
    if (!sse_next(rest, &text))
        return false;
    sse_parse(a, text, event);
    if (!str_eq(event->data, S("[DONE]")))
        must(json_read(a, event->data, data, &error_at) == 0);
    return true;
}
