/* The response object: what stands around the output.
 *
 * OpenAI repeats every setting of the request in its answer, with the defaults filled in, and the
 * SDKs' types count on the members being there. A translated answer repeats what the client asked
 * for, as far as that was carried out: nothing is stored, so store is false whatever was asked.
 *
 * The settings are the bulk of a response object, which is written three times in a stream; so they
 * are written once, as text, and that is all that has to be kept of the request.
 *
 * An answer that came in this dialect has all of that already, among the members that nobody here
 * reads: then they are written instead. */
#include "llm/dialect_responses.h"

/* ---- settings ---- */

static void put_str_or_null(struct json_writer *j, const char *key, str v)
{
    if (v.n > 0)
        json_put_str(j, key, v);
    else
        json_put_null(j, key);
}

static void put_number_or(struct json_writer *j, const char *key, str v, const char *otherwise)
{
    json_put_number(j, key, v.n > 0 ? v : str_from_cz(otherwise));
}

/* A function's members as they were written, and those that the API fills in. */
static void put_tool(struct json_writer *j, const struct json *v)
{
    bool is_function = str_eq(json_str(json_get(v, "type")), S("function"));
    if (!is_function) {
        json_put_value(j, NULL, v);
        return;
    }
    json_begin_object(j, NULL);
    for (struct json_iter it = json_iter(v); json_iter_next(&it);)
        json_put_member(j, it.key, it.value);
    if (!json_get(v, "parameters"))
        json_put_null(j, "parameters");
    if (!json_get(v, "strict"))
        json_put_bool(j, "strict", false);
    json_end_object(j);
}

static void put_tools(struct json_writer *j, const struct chat *c)
{
    const struct json *tools = extras_find(&c->verbatim, S("tools"));
    const struct json *choice = extras_find(&c->verbatim, S("tool_choice"));
    json_begin_array(j, "tools");
    for (struct json_iter it = json_iter(tools); json_iter_next(&it);)
        put_tool(j, it.value);
    json_end_array(j);
    if (choice)
        json_put_value(j, "tool_choice", choice);
    else
        json_put_str(j, "tool_choice", S("auto"));
}

static void put_text(struct json_writer *j, const struct chat *c)
{
    const struct json *format = json_get(extras_find(&c->verbatim, S("text")), "format");
    json_begin_object(j, "text");
    if (format && json_type(format) == JSON_OBJECT)
        json_put_value(j, "format", format);
    else
        json_put_raw(j, "format", S("{\"type\":\"text\"}"));
    if (c->output.verbosity.n > 0)
        json_put_str(j, "verbosity", c->output.verbosity);
    json_end_object(j);
}

/* The text of the instructions, in one piece. */
static str instructions(struct arena *scratch, const struct block *list)
{
    if (list && !list->next)
        return list->text;
    size_t n = 0;
    for (const struct block *b = list; b; b = b->next)
        n += b->text.n + 2;
    return arena_has_room(scratch, n) ? block_list_text(scratch, list, S("\n\n")) : S_EMPTY;
}

static void put_settings(struct json_writer *j, struct arena *scratch, const struct chat *c)
{
    const struct json *max_calls = extras_find(&c->extras, S("max_tool_calls"));
    const struct sampling *s = &c->sampling;
    int64_t top_logprobs = s->logprobs == YES && s->top_logprobs > 0 ? s->top_logprobs : 0;
    json_put_bool(j, "background", false);
    put_str_or_null(j, "instructions", instructions(scratch, c->instructions));
    put_number_or(j, "max_output_tokens", c->max_output, "null");
    if (max_calls)
        json_put_value(j, "max_tool_calls", max_calls);
    else
        json_put_null(j, "max_tool_calls");
    json_put_bool(j, "parallel_tool_calls", c->parallel != NO);
    json_put_null(j, "previous_response_id");
    put_str_or_null(j, "prompt_cache_key", c->cache_key);
    json_begin_object(j, "reasoning");
    put_str_or_null(j, "effort", str_from_cz(effort_name(c->reasoning.effort)));
    put_str_or_null(j, "summary", c->reasoning.summary);
    json_end_object(j);
    put_str_or_null(j, "safety_identifier", c->safety_id);
    json_put_bool(j, "store", false);
    put_number_or(j, "temperature", s->temperature, "1");
    put_text(j, c);
    put_tools(j, c);
    json_put_int(j, "top_logprobs", top_logprobs);
    put_number_or(j, "top_p", s->top_p, "1");
    json_put_str(j, "truncation", c->state.truncation.n > 0 ? c->state.truncation : S("disabled"));
    if (c->user.n > 0)
        json_put_str(j, "user", c->user);
    if (c->metadata)
        json_put_value(j, "metadata", c->metadata);
    else
        json_put_raw(j, "metadata", S("{}"));
}

str responses_settings(struct arena *a, const struct chat *c)
{
    struct arena scratch;
    struct buf text;
    arena_init(&scratch, 0, SIZE_MAX / 2);
    buf_init(&text, SIZE_MAX / 2);
    struct json_writer j = json_writer(&text);
    json_begin_object(&j, NULL);
    put_settings(&j, &scratch, c);
    json_end_object(&j);
    str kept = arena_has_room(a, text.n) ? arena_str(a, buf_str(&text)) : S_EMPTY;
    buf_fini(&text);
    arena_fini(&scratch);
    return kept;
}

void responses_splice(struct json_writer *j, str object)
{
    if (object.n <= 2)
        return;
    buf_put_char(j->out, ',');
    buf_put(j->out, str_slice(object, 1, object.n - 1));
}

/* ---- usage ---- */

static int64_t known(int64_t n)
{
    return n < 0 ? 0 : n;
}

static void put_usage(struct json_writer *j, const struct responses_state *s)
{
    const struct usage *u = s->usage;
    if (s->usage_raw) {
        json_put_value(j, "usage", s->usage_raw);
        return;
    }
    if (!u || !usage_is_known(u))
        return;
    json_begin_object(j, "usage");
    json_put_int(j, "input_tokens", known(u->input_tokens));
    json_begin_object(j, "input_tokens_details");
    json_put_int(j, "cached_tokens", known(u->cached_tokens));
    json_put_int(j, "cache_write_tokens", known(u->cache_write_tokens));
    json_end_object(j);
    json_put_int(j, "output_tokens", known(u->output_tokens));
    json_begin_object(j, "output_tokens_details");
    json_put_int(j, "reasoning_tokens", known(u->reasoning_tokens));
    json_end_object(j);
    json_put_int(j, "total_tokens", known(u->input_tokens) + known(u->output_tokens));
    json_end_object(j);
}

/* ---- the object ---- */

/* The codes of a response's error are few. The reference leaves two out that OpenAI's own clients
 * look for: of a conversation that is too long, and of a quota that is used up. */
static str error_code(const struct failure *f)
{
    switch (f->class) {
    case FAILURE_CONTEXT:
        return S("context_length_exceeded");
    case FAILURE_RATE:
        return S("rate_limit_exceeded");
    case FAILURE_QUOTA:
    case FAILURE_BILLING:
        return S("insufficient_quota");
    case FAILURE_BAD_REQUEST:
    case FAILURE_FORBIDDEN:
    case FAILURE_NOT_FOUND:
    case FAILURE_CONFLICT:
    case FAILURE_TOO_LARGE:
    case FAILURE_UNPROCESSABLE:
    case FAILURE_FILTERED:
        return S("invalid_prompt");
    case FAILURE_AUTH:
    case FAILURE_UPSTREAM_AUTH:
    case FAILURE_OVERLOADED:
    case FAILURE_TIMEOUT:
    case FAILURE_SERVER:
        break;
    }
    return S("server_error");
}

/* Tiers that this dialect has a word for. */
static str known_tier(str tier)
{
    static const char *const tiers[] = {"auto", "default", "flex", "scale", "priority", "fast"};
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        if (str_eq(tier, str_from_cz(tiers[i])))
            return tier;
    }
    return S("default");
}

static void put_ends(struct json_writer *j, const struct responses_state *s)
{
    bool is_own = s->extras != NULL;
    if (s->failure) {
        json_begin_object(j, "error");
        json_put_str(j, "code", error_code(s->failure));
        json_put_str(j, "message", s->failure->message);
        json_end_object(j);
    } else if (!is_own) {
        json_put_null(j, "error");
    }
    if (s->incomplete.n > 0) {
        json_begin_object(j, "incomplete_details");
        json_put_str(j, "reason", s->incomplete);
        json_end_object(j);
    } else if (!is_own) {
        json_put_null(j, "incomplete_details");
    }
}

void responses_begin_response(struct json_writer *j, const char *key, struct arena *scratch,
                              const struct responses_state *s)
{
    static const struct chat nothing = {.sampling.top_logprobs = -1};
    bool is_own = s->extras != NULL;
    json_begin_object(j, key);
    if (s->id.n > 0 || !is_own)
        json_put_str(j, "id", s->id);
    if (!is_own)
        json_put_str(j, "object", S("response"));
    json_put_int(j, "created_at", s->created_s);
    json_put_str(j, "status", s->status);
    if (!is_own && s->completed_s >= 0)
        json_put_int(j, "completed_at", s->completed_s);
    else if (!is_own)
        json_put_null(j, "completed_at");
    put_ends(j, s);
    json_put_str(j, "model", s->model);
    if (!is_own)
        json_put_str(j, "service_tier", known_tier(s->service_tier));
    else if (s->service_tier.n > 0)
        json_put_str(j, "service_tier", s->service_tier);
    if (!is_own || s->usage_raw)
        put_usage(j, s);
    if (is_own)
        extras_put(j, s->extras, DIALECT_RESPONSES);
    else if (s->asked && s->asked->settings.n > 0)
        responses_splice(j, s->asked->settings);
    else
        put_settings(j, scratch, s->asked ? s->asked : &nothing);
}
