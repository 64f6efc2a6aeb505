/* What a model can do, by its name: the data that decides what a translation may write.
 *
 * Rows of capability.def, matched by pattern; the operator's own rows (configuration,
 * `capabilities`) come first. A name nobody knows gets the newest known rule of its line: an
 * unseen "claude-opus-7" that of the newest claude-opus, an unseen "gpt-8" that of the newest gpt.
 * Static and read-only but for the operator's rows, which live in the snapshot. Pure. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

enum capability_call {                          /* which of OpenAI's calls takes what */
                       CALL_ANY,                /* chat completions take everything */
                       CALL_TOOLS_ON_RESPONSES, /* tools with reasoning only on Responses */
                       CALL_RESPONSES,          /* only Responses */
                       CALL_CHAT,               /* only chat completions */
};
enum capability_sampling {
    SAMPLING_ALL,
    SAMPLING_WITHOUT_EFFORT, /* only while effort is none */
    SAMPLING_NONE,           /* temperature, top_p, top_k, penalties, logprobs: 400 */
};
enum capability_schema { /* how a JSON schema must look */
                         SCHEMA_ANY,
                         SCHEMA_OPENAI,
                         SCHEMA_ANTHROPIC,
                         SCHEMA_GEMINI_JSON,    /* responseJsonSchema, parametersJsonSchema */
                         SCHEMA_GEMINI_OPENAPI, /* responseSchema, parameters */
};

/* Bits of `efforts`: 1 << enum effort. Bits of `thinking`: 1 << enum thinking. */
/* Bits of `choices`: 1 << enum choice_mode. */
enum {
    CAN_PREFILL = 1 << 0,            /* an assistant turn may be last */
    CAN_MID_SYSTEM = 1 << 1,         /* system turns in the middle */
    CAN_DEVELOPER = 1 << 2,          /* role developer; else system */
    CAN_JSON_SCHEMA = 1 << 3,        /* output bound to a schema */
    CAN_IMAGE_URL = 1 << 4,          /* fetches images itself */
    CAN_PARALLEL_OFF = 1 << 5,       /* parallel tool calls can be switched off */
    CAN_STOP = 1 << 6,               /* stop sequences */
    CAN_SIGN_CALLS = 1 << 7,         /* Gemini 3+: function calls must be sent back signed */
    CAN_DROP_STALE = 1 << 8,         /* Anthropic: block_binding drop_block is understood */
    CAN_CACHE_MARKS = 1 << 9,        /* cache_control, cachePoint, prompt_cache_breakpoint */
    CAN_IMAGES_IN_RESULTS = 1 << 10, /* tool results may hold images */
    CAN_ADAPTIVE = 1 << 11,          /* thinking adaptive plus effort */
    CAN_STRICT_TOOLS = 1 << 12,      /* a tool's schema may bind */
    CAN_STREAM_ONLY = 1 << 13,       /* whole answers are not offered */
    /* How an OpenAI-compatible vendor differs; set from its row in vendors.def. */
    CAN_OLD_MAX_TOKENS = 1 << 16,    /* max_tokens, not max_completion_tokens */
    CAN_RANDOM_SEED = 1 << 17,       /* Mistral: random_seed */
    CAN_SHORT_IDS = 1 << 18,         /* Mistral: tool ids are 9 alphanumerics */
    CAN_REASONING_CONTENT = 1 << 19, /* thoughts in history as reasoning_content */
    CAN_REASONING = 1 << 20,         /* ... as reasoning */
    CAN_REASONING_DETAILS = 1 << 21, /* ... as reasoning_details */
    CAN_REPLAY_ALWAYS = 1 << 22,     /* DeepSeek, Moonshot: "" where there were none */
    CAN_NOT_STREAM_USAGE = 1 << 24,  /* refuses stream_options */
    CAN_THINKING_TYPE = 1 << 25,     /* thinking {type} (Z.ai, DeepSeek, Moonshot) */
    CAN_ENABLE_THINKING = 1 << 26,   /* enable_thinking, thinking_budget (Qwen) */
    CAN_REASONING_OBJECT = 1 << 27,  /* OpenRouter: reasoning {effort, max_tokens} */
    CAN_NOT_STRICT = 1 << 28,        /* refuses unknown members such as strict, store, metadata */
    CAN_TOOL_CHOICE_ANY = 1 << 29,   /* Mistral: "any" for required */
};

struct capability {
    const char *pattern; /* '*' stands for anything, '#' for a digit; without case */
    enum capability_call call;
    enum capability_sampling sampling;
    uint32_t efforts;
    uint32_t thinking;
    uint32_t choices; /* of tools */
    enum capability_schema schema;
    int64_t max_output; /* tokens; -1: not known */
    uint32_t can;       /* CAN_ bits */
};

/* The rule for a model in its provider's dialect. `own`: the operator's rows, may be NULL.
 * `vendor_bits` are added. Never fails: the last rule of each dialect matches everything. */
struct capability capability_find(const struct capability *own, size_t n_own, uint8_t dialect,
                                  str model, uint32_t vendor_bits);
/* Exact names or with '*'. */
bool capability_matches(const char *pattern, str model);
