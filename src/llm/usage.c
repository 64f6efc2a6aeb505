/* Reads token counts out of a provider's usage object with the splice scanner: a usage object is
 * some hundred bytes, a document tree would cost more than the reading. Chat completions and
 * embeddings say prompt_tokens and completion_tokens, Responses and images say input_tokens and
 * output_tokens; details lie one level deeper under names that differ the same way. */
#include "llm/usage.h"

#include "wire/json_scan.h"

static void read_count(str value, int64_t *field)
{
    int64_t n = 0;
    if (json_to_i64(value, &n) && n >= 0)
        *field = n;
}

/* The member `name` of the details object `details`, if it is there. */
static void read_detail(struct arena *scratch, const struct json_member *details, str name,
                        int64_t *field)
{
    if (details->type != JSON_OBJECT)
        return;
    struct json_scan inner;
    json_scan_members(scratch, details->value, &inner);
    const struct json_member *m = json_find(&inner, name, NULL);
    if (m)
        read_count(m->value, field);
}

void usage_read_openai(struct arena *scratch, str object, struct usage *u)
{
    struct json_scan scan;
    json_scan_members(scratch, object, &scan);
    for (size_t i = 0; i < scan.n_members; i++) {
        const struct json_member *m = &scan.members[i];
        if (str_eq(m->key, S("prompt_tokens")) || str_eq(m->key, S("input_tokens")))
            read_count(m->value, &u->input_tokens);
        else if (str_eq(m->key, S("completion_tokens")) || str_eq(m->key, S("output_tokens")))
            read_count(m->value, &u->output_tokens);
        else if (str_eq(m->key, S("prompt_tokens_details")) ||
                 str_eq(m->key, S("input_tokens_details")))
            read_detail(scratch, m, S("cached_tokens"), &u->cached_tokens);
        else if (str_eq(m->key, S("completion_tokens_details")) ||
                 str_eq(m->key, S("output_tokens_details")))
            read_detail(scratch, m, S("reasoning_tokens"), &u->reasoning_tokens);
    }
}
