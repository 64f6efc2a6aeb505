/* How the files of embeddings meet; private to llm/embed*.c and to what tests them.
 *
 * embed_read.c reads what a client asks, embed_write.c writes it for a provider, embed_answer.c
 * takes the vectors out of a provider's answer, embed_reply.c writes the client's answer, embed.c
 * has the table of them all. Everything lives in the arena of the document it was read from. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "llm/document.h"
#include "llm/members.h"
#include "llm/usage.h"
#include "wire/json.h"

#define EMBED_INPUTS_MAX     8192
#define EMBED_DIMENSIONS_MAX 65536

/* What the vectors are for, in each API's word; S_EMPTY: it has none. */
enum embed_words { WORDS_NONE, WORDS_GEMINI, WORDS_COHERE, WORDS_VOYAGE, WORDS_NOVA, WORDS_COUNT };
struct embed_purpose {
    str words[WORDS_COUNT];
};
/* By its word in any of the APIs; NULL: unknown. */
const struct embed_purpose *embed_purpose_find(str word);

enum embed_truncate { TRUNCATE_UNSAID, TRUNCATE_NONE, TRUNCATE_START, TRUNCATE_END };

struct embed_input {
    str text;
    str title;                 /* Gemini's, of a document */
    const struct json *tokens; /* OpenAI's token numbers; NULL: a text */
};

struct embed {
    struct embed_input *inputs;
    size_t n, size;
    bool is_single; /* Gemini's embedContent, Ollama's old call: one vector, not a list */
    bool wants_floats, wants_base64;
    int64_t dimensions; /* 0: not given */
    const struct embed_purpose *purpose;
    str purpose_word;          /* as it came */
    const char *purpose_field; /* the client's name for it */
    enum embed_truncate truncate;
    str dtype; /* Voyage's, of the numbers */
    str user;
    struct extras extras;
};

struct embed_vector {
    const struct json *numbers; /* NULL: not given yet */
    bool is_cut; /* to fewer dimensions, and perhaps not normalised again afterwards */
};

struct embed_answer {
    struct embed_vector *vectors;
    size_t n, size;
    str id;
    struct usage usage;
    bool has_usage; /* `usage` is set up */
};

/* The inputs of one request to a provider. */
struct embed_slice {
    const struct embed_input *first;
    size_t n;
};

enum { /* what a provider's request has room for */
       CARRIES_DIMENSIONS = 1 << 0,
       CARRIES_TRUNCATE = 1 << 1,
       CARRIES_USER = 1 << 2,
       CARRIES_TITLE = 1 << 3,
       CARRIES_TOKENS = 1 << 4,
       CARRIES_DTYPE = 1 << 5,
};

/* One operation. */
struct embed_form {
    enum operation_id op;
    size_t batch; /* inputs of one request; 0: no provider is asked this way */
    unsigned carries;
    enum embed_words words;
    int (*read)(struct reading *r, const struct json *body, struct embed *e);
    void (*write)(struct writing *w, const struct embed *e, const struct embed_slice *s,
                  struct json_writer *j);
    int (*answer)(struct reading *r, const struct json *body, size_t from, struct embed_answer *a);
    void (*reply)(struct writing *w, const struct embed *e, const struct embed_answer *a,
                  struct json_writer *j);
};

int embed_read_openai(struct reading *r, const struct json *body, struct embed *e);
int embed_read_cohere(struct reading *r, const struct json *body, struct embed *e);
int embed_read_gemini(struct reading *r, const struct json *body, struct embed *e);
int embed_read_gemini_batch(struct reading *r, const struct json *body, struct embed *e);
int embed_read_ollama(struct reading *r, const struct json *body, struct embed *e);
int embed_read_ollama_prompt(struct reading *r, const struct json *body, struct embed *e);

/* -E_BAD_REQUEST: it cannot be asked of the provider at all. What is lost is noted. */
NODISCARD int embed_check(struct writing *w, const struct embed_form *f, const struct embed *e);
void embed_write_openai(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_voyage(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_cohere(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_bedrock_cohere(struct writing *w, const struct embed *e,
                                const struct embed_slice *s, struct json_writer *j);
void embed_write_gemini(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_gemini_batch(struct writing *w, const struct embed *e, const struct embed_slice *s,
                              struct json_writer *j);
void embed_write_vertex(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_vertex_content(struct writing *w, const struct embed *e,
                                const struct embed_slice *s, struct json_writer *j);
void embed_write_ollama(struct writing *w, const struct embed *e, const struct embed_slice *s,
                        struct json_writer *j);
void embed_write_titan(struct writing *w, const struct embed *e, const struct embed_slice *s,
                       struct json_writer *j);
void embed_write_nova(struct writing *w, const struct embed *e, const struct embed_slice *s,
                      struct json_writer *j);
void embed_write_tei(struct writing *w, const struct embed *e, const struct embed_slice *s,
                     struct json_writer *j);

int embed_answer_openai(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a);
int embed_answer_cohere(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a);
int embed_answer_gemini(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a);
int embed_answer_gemini_batch(struct reading *r, const struct json *body, size_t from,
                              struct embed_answer *a);
int embed_answer_vertex(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a);
int embed_answer_ollama(struct reading *r, const struct json *body, size_t from,
                        struct embed_answer *a);
int embed_answer_titan(struct reading *r, const struct json *body, size_t from,
                       struct embed_answer *a);
int embed_answer_nova(struct reading *r, const struct json *body, size_t from,
                      struct embed_answer *a);
int embed_answer_tei(struct reading *r, const struct json *body, size_t from,
                     struct embed_answer *a);

void embed_reply_openai(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j);
void embed_reply_cohere(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j);
void embed_reply_gemini(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j);
void embed_reply_ollama(struct writing *w, const struct embed *e, const struct embed_answer *a,
                        struct json_writer *j);
