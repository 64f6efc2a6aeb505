/* Tool names and call ids within each dialect's alphabet, without a table kept anywhere.
 *
 * A name that a dialect does not take is written as its allowed part, '_' for the rest, and '_'
 * with eight hexadecimal digits of its hash; the answer's names are restored by mapping the tools
 * of the request again. Ids are mapped the same way both in calls and in results, so they still
 * join. Names and ids that fit stay as they are. Pure. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/chat.h"

struct name_rule {
    size_t min, max;         /* 0: no least length */
    const char *also;        /* allowed besides letters and digits: "_-" */
    bool begins_with_letter; /* or '_' */
};
extern const struct name_rule name_rule_openai;    /* 64, "_-" */
extern const struct name_rule name_rule_anthropic; /* 128, "_-" */
extern const struct name_rule name_rule_gemini;    /* 64, "_.:-", begins with a letter or '_' */
extern const struct name_rule name_rule_bedrock;   /* 64, "_-" */
extern const struct name_rule id_rule_openai;      /* 64, anything printable */
extern const struct name_rule id_rule_anthropic;   /* 64, "_-"; Bedrock's too */
extern const struct name_rule id_rule_mistral;     /* exactly 9 letters and digits */

/* `name`, or its mangled form in `a`. With a namespace: space and name joined by "__" first. An
 * empty one stays empty. Where '_' is not allowed the mangled form is the hash alone. */
str name_fit(struct arena *a, const struct name_rule *rule, str space, str name);
/* Is `fitted` the tool's name by this rule? */
bool name_is_of(const struct tool *t, const struct name_rule *rule, str fitted);
/* The tool of the request whose fitted name this is; NULL: none. */
const struct tool *name_restore(const struct chat *asked, const struct name_rule *rule, str fitted);
