/* Whole answers of the chat dialect. */
#include "llm/dialect_chat.h"

#include "llm/seal.h"

static str format_of(enum seal_family family)
{
    switch (family) {
    case FAMILY_OPENAI:
        return S("openai-responses-v1");
    case FAMILY_ANTHROPIC:
        return S("anthropic-claude-v1");
    case FAMILY_GEMINI:
        return S("google-gemini-v1");
    case FAMILY_UNKNOWN:
    case FAMILY_OTHER:
        break;
    }
    return S("unknown");
}

void dialect_chat_put_detail(struct json_writer *j, struct arena *a,
                             const struct dialect_chat_detail *d)
{
    const struct seal *seal = d->seal && d->seal->kind != SEAL_NONE ? d->seal : NULL;
    bool is_encrypted = seal && d->text.n == 0;
    str value = S_EMPTY;
    if (seal)
        value = d->is_raw ? seal->value : seal_wrap(a, seal);
    json_begin_object(j, NULL);
    if (is_encrypted) {
        json_put_str(j, "type", S("reasoning.encrypted"));
        json_put_str(j, "data", value);
    } else if (d->is_summary) {
        json_put_str(j, "type", S("reasoning.summary"));
        json_put_str(j, "summary", d->text);
    } else {
        json_put_str(j, "type", S("reasoning.text"));
        json_put_str(j, "text", d->text);
    }
    if (seal && !is_encrypted)
        json_put_str(j, "signature", value);
    json_put_str(j, "format", format_of(seal ? seal->family : FAMILY_UNKNOWN));
    json_put_int(j, "index", d->index);
    json_end_object(j);
}

void dialect_chat_put_call_seal(struct json_writer *j, str value)
{
    json_begin_object(j, "extra_content");
    json_begin_object(j, "google");
    json_put_str(j, "thought_signature", value);
    json_end_object(j);
    json_end_object(j);
}
