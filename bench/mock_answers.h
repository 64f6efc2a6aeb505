/* Everything that mock_provider says, as ready texts. */
#pragma once

#include <stddef.h>

struct text {
    char *p;
    size_t n;
};

extern struct answers {
    struct text chat, embeddings, models, not_found; /* whole answers, with their heads */
    struct text stream_head, first_chunk, chunk;     /* of a stream; each chunk holds one event */
    struct text end;                                 /* usage, the end mark, the last chunk */
} answers;

/* To be called once, before `answers` is read. */
void answers_make(void);
