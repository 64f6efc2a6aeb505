/* What the files of Ollama's two dialects share: /api/chat and /api/generate.
 *
 *   dialect_ollama.c         chat: the codec, whole answers; what both have of answers and errors
 *   dialect_ollama_text.c    generate: the codec, requests, whole answers
 *   dialect_ollama_read.c    chat requests, and the settings of both, read
 *   dialect_ollama_write.c   chat requests, and the settings of both, written
 *   dialect_ollama_stream.c  streams of both, read
 *   dialect_ollama_event.c   streams of both, written
 *
 * Pure. */
#pragma once

#include "llm/dialect.h"

/* ---- requests ---- */

/* Settings that both kinds of request have, read by name from a list of members. */
enum ollama_setting {
    OLLAMA_MODEL,
    OLLAMA_STREAM,
    OLLAMA_FORMAT,
    OLLAMA_OPTIONS,
    OLLAMA_THINK,
    OLLAMA_LOGPROBS,
    OLLAMA_TOP_LOGPROBS,
    OLLAMA_SETTINGS
};
#define OLLAMA_SETTING_KEYS                                                                        \
    "model", "stream", "format", "options", "think", "logprobs", "top_logprobs"
NODISCARD int ollama_read_settings(struct reading *r, const struct json *const *m, struct chat *c);
/* images: base64 without a media type, appended to *out; *is_odd: not as they would be written. */
NODISCARD int ollama_read_images(struct reading *r, const struct json *v, struct block **out,
                                 bool *is_odd);
void ollama_keep(struct reading *r, struct extras *verbatim, const char *key, const struct json *v);

struct ollama_request {
    struct writing *w;
    const struct chat *chat;
    struct json_writer json;
    uint8_t target; /* enum dialect_id: chat or generate */
    bool is_own;
};
/* Everything that is not said in a turn: options, format, think, stream. */
void ollama_put_settings(struct ollama_request *q);
/* Bits of what ollama_put_settings takes care of. */
uint64_t ollama_settings_carried(void);
/* The text of a turn's blocks as one string, the pictures in `images`; what has no place is
 * refused. */
NODISCARD int ollama_put_content(struct ollama_request *q, const char *key,
                                 const struct block *list);
void ollama_put_images(struct ollama_request *q, const struct block *list);

/* ---- answers ---- */

enum finish ollama_finish_from(str reason);
str ollama_finish_name(enum finish f);
void ollama_read_usage(const struct json *v, struct usage *u);
/* Seconds since 1970 of created_at; -1: not said. */
int64_t ollama_read_time(const struct json *v);
/* model and created_at, in front of everything. */
void ollama_put_head(struct json_writer *w, struct arena *a, const struct writing *for_whom,
                     const struct start *s);
/* What the last line says of the whole: why it ended, durations, counts. */
void ollama_put_tail(struct json_writer *w, enum finish f, const struct usage *u);
/* One item of tool_calls; `args` as JSON text. */
void ollama_put_call(struct json_writer *w, struct writing *for_whom, const struct tool_call *call,
                     str id, int64_t index);
NODISCARD int ollama_read_call(struct reading *r, const struct json *v, struct block **out);
void ollama_read_error(struct arena *a, const struct json *body, str hint, struct failure *f);
void ollama_write_error(const struct failure *f, struct buf *out);

int ollama_read_request(struct reading *r, const struct json *body, struct chat *out);
int ollama_write_request(struct writing *w, const struct chat *c, struct buf *out);
int ollama_read_message(struct decoder *d, const struct message *m);
int ollama_write_event(struct encoder *e, const struct event *ev);
int ollama_write_text_event(struct encoder *e, const struct event *ev);
