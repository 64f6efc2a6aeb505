/* The intermediate form of a request for generated text: what a client of any dialect asked for.
 *
 * A superset of the dialects, in order, nothing merged. Every reader of a dialect makes one, every
 * writer takes one; N readers and M writers, never N times M. Absent is a value of its own
 * everywhere: an empty str, UNSET, NULL. Numbers stay as text, JSON values as they were parsed;
 * members that nobody here reads are extras of the node they stood on.
 *
 * Everything lives in the arena of the request's document. Lists are linked, in order; the
 * chat_add functions append. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"
#include "llm/members.h"
#include "wire/json.h"

enum tristate { UNSET, NO, YES };
static inline enum tristate tristate_of(bool b)
{
    return b ? YES : NO;
}

/* Members that were read and are kept as they came all the same, because the form here does not say
 * how they were written (`verbatim` below): for the writer of their own dialect, for which they
 * win. Value NULL: the member was not there. To every other writer they are carried, so no loss. */

/* ---- blocks: what a turn or an answer is made of ---- */

enum block_kind {
    BLOCK_TEXT,        /* text, annotations */
    BLOCK_REFUSAL,     /* text */
    BLOCK_MEDIA,       /* media */
    BLOCK_REASONING,   /* reasoning, seal */
    BLOCK_TOOL_CALL,   /* call, seal (Gemini) */
    BLOCK_TOOL_RESULT, /* result */
    BLOCK_OPAQUE,      /* raw: something only its own dialect knows (server tools, compaction...) */
};

enum media_kind { MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_DOCUMENT };
enum media_source {
    MEDIA_BASE64,  /* bytes: base64 without white space, standard alphabet */
    MEDIA_URL,     /* bytes: the URL, http or https */
    MEDIA_FILE_ID, /* bytes: an id at the provider; usable in its own dialect only */
    MEDIA_URI,     /* bytes: s3://, gs://, Files API: usable in its own dialect only */
    MEDIA_TEXT,    /* bytes: the document's text */
    MEDIA_BLOCKS,  /* blocks: a document made of content blocks (Anthropic) */
};
struct media {
    enum media_kind kind;
    enum media_source source;
    str bytes;
    str mime;   /* "image/png"; empty: not said */
    str name;   /* file name or title */
    str detail; /* OpenAI's low|high|auto|original */
    str context;
    enum tristate citations;
    struct block *blocks;
};

/* A proof of the provider that it made a block: Anthropic's thinking signature or redacted data,
 * Gemini's thoughtSignature, Responses' encrypted_content. Opaque; only the family that made it can
 * read it, see llm/seal.h. */
enum seal_kind {
    SEAL_NONE,
    SEAL_SIGNATURE,
    SEAL_REDACTED, /* stands for the text itself */
    SEAL_CALL,     /* a call's signature in a thought of its own: see seal_join_calls */
};
enum seal_family { FAMILY_UNKNOWN, FAMILY_OPENAI, FAMILY_ANTHROPIC, FAMILY_GEMINI, FAMILY_OTHER };
struct seal {
    enum seal_kind kind;
    enum seal_family family;
    str provider; /* id of the provider that made it; empty: the client did not come through us */
    str model;    /* that made it; empty: not known */
    str value;    /* as its maker wrote it */
};

struct reasoning_part {
    bool is_summary; /* else the raw chain of thought */
    str text;
    struct reasoning_part *next;
};
struct reasoning {
    str id;                                   /* Responses: rs_... */
    struct reasoning_part *parts, *last_part; /* appended to by reasoning_add */
    str status;
};

enum tool_kind { TOOL_FUNCTION, TOOL_CUSTOM /* free text input */, TOOL_SERVER /* opaque */ };
struct tool_call {
    enum tool_kind kind;
    str id;      /* joins call and result; empty: the dialect has none */
    str item_id; /* Responses: fc_... */
    str name;
    str space;                /* Responses: namespace */
    str args;                 /* JSON text, verbatim; TOOL_CUSTOM: the free text */
    const struct json *value; /* the same as a value, when it came as one; else NULL */
    str status;
};
struct tool_result {
    enum tool_kind kind;
    str id;
    str name;             /* Gemini, Ollama join by it */
    enum tristate failed; /* is_error */
    bool is_plain;        /* content was a string */
    struct block *blocks;
    const struct json *value; /* came as a JSON value (Gemini's response, Bedrock's json) */
};

/* A citation: where in the block's text (code points; -1 unknown), and what it points to. */
struct annotation {
    str type; /* the origin's: "url_citation", "char_location"... */
    str url, title, text;
    int64_t begin, end;
    const struct json *raw; /* as it came, for its own dialect */
    uint8_t origin;
    struct annotation *next;
};

struct cache_mark {
    bool is_set;
    str ttl; /* "5m", "1h"; empty: the default */
};

struct block {
    enum block_kind kind;
    struct block *next;
    struct block *last; /* in the first block of a list: where block_add goes on; its own */
    str text;
    struct annotation *annotations;
    const struct json *logprobs; /* raw */
    union {
        struct media media;
        struct reasoning reasoning;
        struct tool_call call;
        struct tool_result result;
        const struct json *raw;
    };
    str type; /* OPAQUE: the origin's type, "server_tool_use"; for warnings */
    /* Responses, where an answer may have several messages: of the one this text stands in. */
    str item_id, phase;
    bool is_item; /* Responses: an opaque block that stands beside messages, not in one */
    struct seal seal;
    struct cache_mark cache;
    struct extras extras; /* also holds the origin of an opaque block */
    struct extras verbatim;
};

/* ---- turns ---- */

enum role { ROLE_SYSTEM, ROLE_DEVELOPER, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

struct turn {
    enum role role;
    struct block *blocks;
    bool is_plain; /* content was one string */
    str name;
    str id;    /* Responses: msg_... */
    str phase; /* Responses: commentary | final_answer */
    str status;
    struct extras extras;
    struct extras verbatim;
    size_t index; /* from 0, of the chat's turns */
    struct turn *next;
};

/* ---- tools ---- */

struct tool {
    enum tool_kind kind;
    str name;
    str space; /* namespace */
    str description;
    const struct json *schema; /* of the arguments; NULL: none given */
    enum tristate strict;
    struct cache_mark cache;
    const struct json *format; /* TOOL_CUSTOM: grammar */
    str type;                  /* TOOL_SERVER: "web_search_20250305" */
    const struct json *raw;    /* TOOL_SERVER: the whole tool */
    struct extras extras;      /* its origin says whose server tool it is */
    struct extras verbatim;
    struct tool *next;
};

enum choice_mode {
    CHOICE_UNSET,
    CHOICE_AUTO,
    CHOICE_NONE,
    CHOICE_REQUIRED,
    CHOICE_NAMED,
    CHOICE_ALLOWED
};
struct tool_choice {
    enum choice_mode mode;
    bool is_required;    /* CHOICE_ALLOWED: one of them must be called */
    enum tool_kind kind; /* CHOICE_NAMED */
    const str *names;    /* NAMED: one; ALLOWED: the subset */
    size_t n_names;
    const struct json *raw; /* a form only its dialect knows, with mode UNSET */
};

/* ---- settings ---- */

struct sampling { /* numbers as text, empty: absent */
    str temperature, top_p, top_k, min_p, frequency_penalty, presence_penalty, repeat_penalty, seed;
    const struct json *logit_bias;
    int64_t n;              /* answers wanted; 0: absent */
    enum tristate logprobs; /* asked for */
    int64_t top_logprobs;   /* -1: absent */
};

enum effort {
    EFFORT_UNSET,
    EFFORT_NONE,
    EFFORT_MINIMAL,
    EFFORT_LOW,
    EFFORT_MEDIUM,
    EFFORT_HIGH,
    EFFORT_XHIGH,
    EFFORT_MAX
};
enum thinking {
    THINKING_UNSET,
    THINKING_OFF,
    THINKING_ON /* by budget */,
    THINKING_ADAPTIVE,
    THINKING_BETWEEN_TOOLS
};
struct reasoning_wish {
    enum effort effort;
    enum thinking thinking;
    int64_t budget_tokens;  /* -1: absent; 0: off; dynamic (Gemini's -1) is THINKING_ADAPTIVE */
    str summary;            /* Responses: auto | concise | detailed */
    enum tristate included; /* the thoughts are wanted in the answer */
    str display;            /* Anthropic: summarized | omitted */
    struct extras extras;   /* of the dialect's reasoning object */
};

enum format { FORMAT_UNSET, FORMAT_TEXT, FORMAT_JSON, FORMAT_SCHEMA };
struct output_wish {
    enum format format;
    str name, description;
    const struct json *schema;
    enum tristate strict;
    str verbosity;                 /* low | medium | high */
    const struct json *modalities; /* array of names, as OpenAI writes them: text, audio, image */
    const struct json *audio;      /* {voice, format} */
    struct extras extras;          /* of the dialect's format object; Gemini: generationConfig */
    struct extras verbatim;
};

/* Server-side state that only the provider has. */
struct state_wish {
    str previous_response_id;
    const struct json *conversation;
    enum tristate store, background;
    str truncation;
    const struct json *include; /* Responses */
};

struct chat {
    uint8_t origin; /* enum dialect_id the client spoke */
    str model;      /* as the client named it; from body or path */
    bool is_stream;
    bool asks_usage; /* of the stream; dialects that always report it: true */
    bool is_text;    /* a plain prompt (legacy completions, Ollama generate), not a dialogue */
    bool is_count;   /* only the tokens are to be counted; set before the body is read */
    bool
        uses_functions; /* chat completions of old: `functions` asked for, function_call answered */
    str settings;       /* Responses: all that its answers repeat, see llm/restore.h */
    const char *own_only;       /* a field that no other dialect can carry at all; NULL: none */
    struct block *instructions; /* the dialect's own place for the leading system text */
    bool instructions_is_plain;
    struct turn *turns, *last_turn; /* appended to by turn_add */
    size_t n_leading;               /* turns that are leading system text, see turn_is_leading */
    struct tool *tools, *last_tool; /* appended to by tool_add */
    struct tool_choice choice;
    enum tristate parallel; /* tool calls */
    struct sampling sampling;
    str max_output;       /* tokens, number as text; empty: absent */
    str max_output_field; /* the client's name for it, "max_tokens" */
    const str *stop;
    size_t n_stop;
    bool stop_is_plain;
    struct reasoning_wish reasoning;
    struct output_wish output;
    struct state_wish state;
    struct cache_mark cache; /* for the whole request (Anthropic top level) */
    str cache_key;           /* OpenAI prompt_cache_key */
    str user, safety_id;
    const struct json *metadata;
    str service_tier;
    str betas; /* Anthropic: anthropic-beta, comma list */
    const struct json *prediction;
    /* OpenRouter: read and checked, carried out by routing strategies */
    const struct json *models, *provider_wish;
    struct extras extras;
    struct extras verbatim;
};

struct block *block_new(struct arena *a, enum block_kind kind);
/* Appends b, and what hangs behind it. `list` is the head of the list: NULL inside when empty. */
void block_add(struct block **list, struct block *b);
/* The role given here decides what is leading: it is not changed afterwards. */
struct turn *turn_add(struct arena *a, struct chat *c, enum role role);
struct tool *tool_add(struct arena *a, struct chat *c, enum tool_kind kind);
struct block *block_text(struct arena *a, str text); /* a text block */
void reasoning_add(struct arena *a, struct reasoning *r, bool is_summary, str text);
str reasoning_text(struct arena *a, const struct reasoning *r); /* all parts, "\n\n" between */
bool block_list_has(const struct block *list, enum block_kind kind);
/* The text of text blocks, joined by `between`; other blocks are left out. */
str block_list_text(struct arena *a, const struct block *list, str between);
/* Is this turn part of the leading system text? True for system and developer turns before the
 * first other one. */
bool turn_is_leading(const struct chat *c, const struct turn *t);

const char *role_name(enum role r);     /* "user" */
const char *effort_name(enum effort e); /* "xhigh"; NULL for UNSET */
enum effort effort_from(str name);      /* EFFORT_UNSET: no such */
/* Tokens of reasoning for an effort: none 0, minimal 1024, low 2048, medium 8192, high 16384,
 * xhigh 32768, max and UNSET -1 (whatever the model can); back at the geometric means, and
 * EFFORT_UNSET for less than 0. */
int64_t effort_budget(enum effort e);
enum effort effort_of_budget(int64_t tokens);
