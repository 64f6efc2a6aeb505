/* AWS Bedrock's Converse API, in parts: what the gate asks of it besides its codec, and what its
 * source files share. Pure. */
#pragma once

#include "llm/dialect.h"
#include "llm/event.h"

/* Value of the header x-amzn-errortype that goes with an error of this class: SDKs choose their
 * exception by it. */
str bedrock_error_type(enum failure_class class);

/* ---- between dialect_bedrock_*.c ---- */

#define BEDROCK_DEPTH_MAX 4 /* blocks inside blocks: document in tool result in message */

/* Reads an array of content blocks; `name` is the member it stands in. A cachePoint becomes the
 * mark of the block before it. */
NODISCARD int bedrock_read_blocks(struct reading *r, const char *name, const struct json *array,
                                  struct block **out);

/* Blocks on their way into a body. */
struct bedrock_writer {
    struct writing *w;
    struct json_writer json;
    bool is_own; /* came in this dialect: blocks go as they are */
    bool is_reply;
    unsigned depth;
    size_t n_documents;
    str document_names[16]; /* of this body: they must differ */
};
/* Is there a form of this block in a message? If not, it is left out, with a loss. */
bool bedrock_takes(struct bedrock_writer *b, const struct block *block);
/* One block, and its cache mark behind it. `id` joins a tool call and its result. */
NODISCARD int bedrock_put_block(struct bedrock_writer *b, const struct block *block, str id);
void bedrock_put_cache_point(struct bedrock_writer *b, const struct cache_mark *mark);
void bedrock_put_text(struct bedrock_writer *b, str text);

/* {location, title, source, sourceContent}: a citation of an answer. */
void bedrock_read_citation(struct arena *a, const struct json *v, struct annotation *out);
void bedrock_put_citation(struct json_writer *w, const char *key, const struct annotation *a);

/* inputTokens leaves out what the cache had part in; struct usage does not. */
void bedrock_read_usage(const struct json *v, struct usage *u);
void bedrock_put_usage(struct json_writer *w, const struct usage *u);

enum finish bedrock_finish_from(str reason);
str bedrock_finish_name(enum finish f);
/* Which stop sequence it was, of additionalModelResponseFields. */
str bedrock_stop_sequence(const struct json *fields);

/* An exception by its name, "ThrottlingException" or "throttlingException". */
void bedrock_read_failure(str type, const struct json *body, struct failure *f);
/* Its name inside a stream: only five of them may stand there. */
const char *bedrock_stream_exception(const struct failure *f);

/* A redacted block's blob holds the very string that Anthropic's own API calls data. */
NODISCARD bool bedrock_read_redacted(struct arena *a, str blob, struct seal *out);
/* The seal as this dialect's reader gets it: as its maker wrote it, or wrapped when it came
 * through us. */
str bedrock_seal_text(struct arena *a, const struct seal *s);
str bedrock_seal_blob(struct arena *a, const struct seal *s);

int bedrock_read_request(struct reading *r, const struct json *body, struct chat *out);
int bedrock_write_request(struct writing *w, const struct chat *c, struct buf *out);
int bedrock_read_message(struct decoder *d, const struct message *m);
int bedrock_write_event(struct encoder *e, const struct event *ev);
