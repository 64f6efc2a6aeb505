/* What the files of the Cohere dialect share (API v2, POST /v2/chat).
 *
 *   dialect_cohere.c          the codec, ends, usage, whole answers, errors
 *   dialect_cohere_read.c     requests, and the messages that answers have too, read
 *   dialect_cohere_write.c    requests, written
 *   dialect_cohere_stream.c   streams, read
 *   dialect_cohere_event.c    streams, written
 *
 * Pure. */
#pragma once

#include "llm/dialect.h"

/* tool_plan is visible text that comes before calls: a text block of this phase. */
#define COHERE_PLAN S("commentary")

enum finish cohere_finish_from(str reason);
/* A refusal in words ends like any text; one without a word, like an answer that was filtered. */
str cohere_finish_name(enum finish f, bool has_refusal);

void cohere_read_usage(const struct json *v, struct usage *u);
void cohere_put_usage(struct json_writer *w, const struct usage *u);

/* A citation: what it stands on in the text, and what it points to. */
void cohere_read_citation(struct arena *a, const struct json *v, struct annotation *out);
/* `index`: of the content it is in; below 0: not said. */
void cohere_put_citation(struct json_writer *w, const char *key, const struct annotation *a,
                         int64_t index);

/* content: a string or an array of parts, appended to *out. */
NODISCARD int cohere_read_content(struct reading *r, const struct json *v, struct block **out,
                                  bool *is_plain);
/* tool_calls */
NODISCARD int cohere_read_calls(struct reading *r, const struct json *v, struct block **out);

/* A part of content. False: it has none here, and nothing was written. */
bool cohere_put_part(struct json_writer *w, struct arena *a, const struct block *b);
bool cohere_is_plan(const struct block *b);
/* One item of tool_calls; `id` and `name` as they are to be written. */
void cohere_put_call(struct json_writer *w, const char *key, const struct block *b, str id,
                     str name);

int cohere_read_request(struct reading *r, const struct json *body, struct chat *out);
int cohere_write_request(struct writing *w, const struct chat *c, struct buf *out);
int cohere_read_message(struct decoder *d, const struct message *m);
int cohere_write_event(struct encoder *e, const struct event *ev);
