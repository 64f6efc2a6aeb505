/* An answer on its way out: what the encoder of Responses holds of it, and the steps that it is
 * made of. Only for the files of that encoder.
 *
 *   dialect_responses_build.c    events, items, what is held
 *   dialect_responses_text.c     messages and what goes with their text
 *   dialect_responses_encode.c   all other items, beginning and end, the codec's functions */
#pragma once

#include "base/buf.h"
#include "llm/dialect_responses.h"

#define RESPONSES_ITEM_COST   1024 /* bytes that an item counts with besides its text */
#define RESPONSES_ESCAPED_MAX 6    /* bytes of JSON that one byte of text may take */

/* An open output item; no larger than what it counts with. */
struct item {
    enum block_kind kind; /* TEXT: a message */
    unsigned block;       /* the event's number of its open block */
    unsigned index;       /* output_index, once announced */
    bool is_announced;
    bool has_part;          /* a part of it is open */
    bool is_refusal;        /* message: its open part is */
    bool is_summary;        /* reasoning: its open part is */
    bool keeps_raw;         /* reasoning that came in this dialect: raw thoughts are content */
    bool is_blank;          /* media nobody here can show: nothing is written */
    unsigned n_parts;       /* message: ended parts */
    unsigned n_thoughts[2]; /* reasoning: ended parts, of content and of the summary */
    unsigned n_notes;       /* message: annotations of the open part */
    int64_t length;         /* message: code points of the open part */
    bool omits_logprobs;    /* message: its open part came without any */
    bool has_content;       /* reasoning: its list of raw thoughts is written even if empty */
    struct arena names;     /* holds the strings here */
    str id, name, space, call_id, item_id, phase, sealed;
    str status; /* as the provider of this dialect had it; empty: not said */
    enum tool_kind tool;
    const struct responses_builtin *builtin;
    struct buf text;     /* of the open part; a call's arguments */
    struct buf parts;    /* ended parts as JSON; reasoning: its content */
    struct buf summary;  /* reasoning: its summary */
    struct buf notes;    /* annotations of the open part as JSON */
    struct buf late;     /* annotations of the whole part: JSON up to the indices, a line each */
    struct buf logprobs; /* of the open part as JSON */
    struct buf own;      /* members that nobody here reads, as a JSON object: of the item, or of a
                            message's open part */
    struct item *next;
};

/* Where an item stands among those that are done; nowhere yet: end is 0. */
struct span {
    size_t begin, end;
};

struct build {
    struct arena *a;       /* for what there is once */
    struct arena records;  /* of open items */
    struct arena *scratch; /* for the duration of an event */
    const struct writing *w;
    struct buf *out;    /* events */
    struct buf no_room; /* where they go in whole answers */
    struct responses_state state;
    struct usage usage;
    struct finishing finish;
    struct item *open, *spare;
    struct item *message; /* that another part may join; NULL: none */
    struct buf done;      /* items as JSON */
    struct buf spans;     /* struct span by output_index */
    struct buf waiting;   /* text whose log probabilities may follow, and whose */
    struct item *waits;
    size_t held, max_held;
    unsigned sequence, n_items, n_ids;
    bool has_started, has_ended, has_overflown;
    bool has_refusal; /* in words */
};

/* ---- dialect_responses_build.c ---- */

/* An event, from its name to the blank line; with item_id and output_index if it is about one. */
struct json_writer responses_begin_event(struct build *b, const char *type);
struct json_writer responses_begin_item_event(struct build *b, const char *type,
                                              const struct item *it);
void responses_end_event(struct build *b, struct json_writer *j);
/* One with the whole response in its state now. */
void responses_put_response_event(struct build *b, const char *type);

/* Appends to a buffer of the answer; past the maximum b->has_overflown. */
void responses_hold(struct build *b, struct buf *to, str text);
/* An id for the item, and a string kept as long as it is open. */
str responses_made_id(struct build *b, struct item *it, const char *prefix);
str responses_keep(struct build *b, struct item *it, str text);
/* `given`, or one made. */
str responses_item_id(struct build *b, struct item *it, str given, const char *prefix);

struct item *responses_item_new(struct build *b, enum block_kind kind, unsigned block);
void responses_item_free(struct build *b, struct item *it);
struct item *responses_item_of(const struct build *b, unsigned block); /* NULL: none is open */
/* Keeps what the answer's own dialect said besides, of the item or the open part. */
void responses_keep_own(struct build *b, struct item *it, const struct extras *e);
/* output_item.added, with the next output_index. */
void responses_announce(struct build *b, struct item *it);
/* output_item.done; the item is gone then. */
void responses_finish_item(struct build *b, struct item *it, str status, str sealed);
/* The same for JSON that stands in b->done from `begin` on. */
void responses_add_done(struct build *b, unsigned index, size_t begin);

/* The items that are done, as the elements of a list. */
void responses_put_output(struct json_writer *j, const struct build *b);
void responses_add_element(struct buf *list); /* a comma, if it is not the first */
void responses_put_elements(struct json_writer *j, const char *key, str elements);
void responses_put_list(struct json_writer *j, const char *key, const struct buf *elements);

/* ---- dialect_responses_text.c ---- */

void responses_start_text(struct build *b, const struct block *content, unsigned block,
                          bool is_refusal);
void responses_add_text(struct build *b, struct item *it, str text);
void responses_add_note(struct build *b, struct item *it, const struct annotation *a);
void responses_add_logprobs(struct build *b, struct item *it, const struct json *list);
void responses_stop_text(struct build *b, struct item *it);
/* Nothing joins the open message any more. */
void responses_leave_message(struct build *b, str status);
/* Sends the text that waited for its log probabilities. */
void responses_flush(struct build *b, str logprobs);
