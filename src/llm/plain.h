/* Models behind an engine's own API: a prompt goes in, text comes out.
 *
 * What the dialects of such engines share (TGI, KServe, templates). A conversation is written as
 * one text; there are no tools, no thoughts and no pictures, but for engines that take pictures as
 * Markdown. Answers are one block of text. No client speaks these dialects, so their halves for
 * clients only refuse. Pure. */
#pragma once

#include "base/buf.h"
#include "llm/dialect.h"

/* ---- requests ---- */

/* The conversation as a prompt, appended to `out`.
 *
 * One message of the user, with or without system text before it: the texts, a blank line between.
 * Anything longer: the system text, then every turn behind a line of its own that says whose it is,
 * and last the line that the answer stands behind:
 *
 *     You are brief.
 *
 *     User:
 *     Hello!
 *
 *     Assistant:
 *     Hi.
 *
 *     User:
 *     How are you?
 *
 *     Assistant:
 *
 * Roles in words are noted as emulated. An assistant's turn that is last is gone on with. Tools and
 * files are refused; pictures, too, unless `takes_images`: then they are ![](url). */
NODISCARD int plain_prompt(struct writing *w, const struct chat *c, bool takes_images,
                           struct buf *out);

/* A number of the chat and what the engine calls it. */
struct plain_number {
    const char *key;
    str text;
};
void plain_put_numbers(struct json_writer *json, const struct plain_number *numbers, size_t n);
void plain_put_stop(struct json_writer *json, const char *key, const struct chat *c);

/* ---- answers ---- */

/* The text in one of the forms that engines answer in: a string, an object with a member
 * generated_text, text, output_text, text_output, output, response, content, answer, completion,
 * candidates or outputs, or an array whose first element is one of these. False: none of them. */
bool plain_find_text(const struct json *v, str *out);
/* "length", "max_tokens"; "eos_token", "stop"...: FINISH_STOP for what nobody knows. */
enum finish plain_finish(str word);
/* A whole answer of one text. */
void plain_reply(struct arena *a, struct reply *out, str text, str finish);

/* ---- streams of one text ---- */

struct plain_stream {
    bool has_started, has_block;
    bool is_thinking; /* the open block holds thoughts; those come before the text */
    unsigned block;
    struct usage usage; /* for whoever learns of it before the end; unknown at first */
    str finish;         /* noted so far, kept in `word` */
    char word[32];
};
struct plain_stream *plain_stream_of(struct decoder *d); /* d->state, made when it is missing */
NODISCARD int plain_think(struct decoder *d, struct plain_stream *s, str text);
NODISCARD int plain_say(struct decoder *d, struct plain_stream *s, str text);
/* Keeps the word for the end, where it comes before the end: the last one counts. */
void plain_note_finish(struct plain_stream *s, str word);
/* Ends the answer; `finish` and `usage` as far as they are known. */
NODISCARD int plain_end(struct decoder *d, struct plain_stream *s, str finish,
                        const struct usage *usage);
/* The provider's error, read by the codec, ends the stream. */
NODISCARD int plain_fail(struct decoder *d, const struct codec *codec, const struct json *body);
/* The bytes have ended where a mark was due. */
int plain_truncated(struct decoder *d);

/* ---- the client's side, which there is not ---- */

int plain_read_request(struct reading *r, const struct json *body, struct chat *out);
int plain_write_event(struct encoder *e, const struct event *ev);
int plain_write_reply(struct writing *w, const struct reply *r, struct buf *out);
void plain_write_error(const struct failure *f, struct buf *out); /* {"error": message} */
