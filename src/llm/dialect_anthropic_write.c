/* Requests of the Anthropic dialect, written: the envelope, and a client's own.
 *
 * A client that speaks the dialect itself gets its request back member by member, as a relay would
 * have sent it: what the model takes is between the two of them. Everybody else's request is made
 * from its meaning in dialect_anthropic_foreign.c.
 *
 * Vertex and Bedrock take the same body in an envelope: anthropic_version inside, the model and, on
 * Bedrock, the choice of a stream in the path, and there also the beta features in the body. */
#include "llm/dialect_anthropic.h"

bool anthropic_is_bedrock(const struct writing *w)
{
    return str_has_prefix(w->envelope, S("bedrock"));
}

static bool is_vertex(const struct writing *w)
{
    return str_has_prefix(w->envelope, S("vertex"));
}

/* ---- head: model, envelope, stream ---- */

static void put_betas(struct anthropic_request *q)
{
    str rest = q->chat->betas;
    if (!anthropic_is_bedrock(q->w) || rest.n == 0)
        return;
    json_begin_array(&q->json, "anthropic_beta");
    while (rest.n > 0) {
        str one = S_EMPTY;
        (void)str_cut(rest, ',', &one, &rest);
        one = str_trim(one);
        if (one.n > 0)
            json_put_str(&q->json, NULL, one);
    }
    json_end_array(&q->json);
}

/* Vertex counts tokens of a model that the body names. */
static void put_head(struct anthropic_request *q)
{
    const struct writing *w = q->w;
    if (w->envelope.n == 0 || (is_vertex(w) && q->chat->is_count))
        json_put_str(&q->json, "model", w->model);
    if (w->envelope.n > 0)
        json_put_str(&q->json, "anthropic_version", w->envelope);
    put_betas(q);
    if (q->chat->is_stream && !anthropic_is_bedrock(w) && !q->chat->is_count)
        json_put_bool(&q->json, "stream", true);
}

/* ---- the dialect's own requests ---- */

static bool is_kept(const struct extras *verbatim, const char *key)
{
    return extras_find(verbatim, str_from_cz(key)) != NULL;
}

void anthropic_put_number(struct anthropic_request *q, const char *key, str text)
{
    if (text.n > 0)
        json_put_number(&q->json, key, text);
}

static void put_own_system(struct anthropic_request *q)
{
    const struct chat *c = q->chat;
    if (!c->instructions)
        return;
    if (c->instructions_is_plain) {
        json_put_str(&q->json, "system", c->instructions->text);
        return;
    }
    json_begin_array(&q->json, "system");
    for (const struct block *b = c->instructions; b; b = b->next)
        anthropic_put_system_block(q, b);
    json_end_array(&q->json);
}

static void put_own_tool(struct anthropic_request *q, const struct tool *t)
{
    if (t->kind == TOOL_SERVER) {
        json_put_value(&q->json, NULL, t->raw);
        return;
    }
    json_begin_object(&q->json, NULL);
    json_put_str(&q->json, "name", t->name);
    if (t->description.n > 0)
        json_put_str(&q->json, "description", t->description);
    if (t->schema)
        json_put_value(&q->json, "input_schema", t->schema);
    if (t->strict != UNSET)
        json_put_bool(&q->json, "strict", t->strict == YES);
    anthropic_put_cache(q, &t->cache, &t->verbatim);
    extras_put(&q->json, &t->extras, DIALECT_ANTHROPIC);
    extras_put(&q->json, &t->verbatim, DIALECT_ANTHROPIC);
    json_end_object(&q->json);
}

static void put_own_tools(struct anthropic_request *q)
{
    if (!q->chat->tools)
        return;
    json_begin_array(&q->json, "tools");
    for (const struct tool *t = q->chat->tools; t; t = t->next)
        put_own_tool(q, t);
    json_end_array(&q->json);
}

void anthropic_put_choice(struct anthropic_request *q, const struct tool_choice *choice)
{
    static const char *const types[] = {
        [CHOICE_UNSET] = "auto",   [CHOICE_AUTO] = "auto",  [CHOICE_NONE] = "none",
        [CHOICE_REQUIRED] = "any", [CHOICE_NAMED] = "tool", [CHOICE_ALLOWED] = "auto",
    };
    must(choice->mode < ARRAY_LEN(types));
    json_begin_object(&q->json, "tool_choice");
    json_put_str(&q->json, "type", str_from_cz(types[choice->mode]));
    if (choice->mode == CHOICE_NAMED && choice->n_names > 0)
        json_put_str(&q->json, "name", choice->names[0]);
    bool says_parallel = q->chat->parallel == NO || (q->is_own && q->chat->parallel == YES);
    if (says_parallel && choice->mode != CHOICE_NONE)
        json_put_bool(&q->json, "disable_parallel_tool_use", q->chat->parallel == NO);
    json_end_object(&q->json);
}

static void put_own_choice(struct anthropic_request *q)
{
    const struct tool_choice *choice = &q->chat->choice;
    if (choice->raw)
        json_put_value(&q->json, "tool_choice", choice->raw);
    else if (choice->mode != CHOICE_UNSET)
        anthropic_put_choice(q, choice);
}

const char *anthropic_thinking_type(enum thinking mode)
{
    static const char *const types[] = {
        [THINKING_UNSET] = NULL,
        [THINKING_OFF] = "disabled",
        [THINKING_ON] = "enabled",
        [THINKING_ADAPTIVE] = "adaptive",
        [THINKING_BETWEEN_TOOLS] = "between_tools",
    };
    must(mode < ARRAY_LEN(types));
    return types[mode];
}

/* Another model's calls end the conversation, and behind them a budget to think is refused: then
 * the model thinks as it sees fit, or not at all. */
static bool put_replaced_thinking(struct anthropic_request *q)
{
    bool is_adaptive = (q->w->can->thinking & UINT32_C(1) << THINKING_ADAPTIVE) != 0;
    if (q->chat->reasoning.thinking != THINKING_ON || !anthropic_lacks_thought(q))
        return false;
    q->is_thoughtless = !is_adaptive;
    loss_add(q->w->loss, is_adaptive ? LOSS_CLAMPED : LOSS_DROPPED, S("thinking"));
    json_begin_object(&q->json, "thinking");
    json_put_str(&q->json, "type", is_adaptive ? S("adaptive") : S("disabled"));
    json_end_object(&q->json);
    return true;
}

static void put_own_thinking(struct anthropic_request *q)
{
    const struct reasoning_wish *wish = &q->chat->reasoning;
    if (wish->thinking == THINKING_UNSET || put_replaced_thinking(q))
        return;
    json_begin_object(&q->json, "thinking");
    json_put_str(&q->json, "type", str_from_cz(anthropic_thinking_type(wish->thinking)));
    if (wish->budget_tokens >= 0)
        json_put_int(&q->json, "budget_tokens", wish->budget_tokens);
    if (wish->display.n > 0)
        json_put_str(&q->json, "display", wish->display);
    extras_put(&q->json, &wish->extras, DIALECT_ANTHROPIC);
    json_end_object(&q->json);
}

static void put_own_output(struct anthropic_request *q)
{
    const struct chat *c = q->chat;
    bool has_format = c->output.format == FORMAT_SCHEMA && !is_kept(&c->verbatim, "output_format");
    const struct extras *rest = &c->output.extras, *verbatim = &c->output.verbatim;
    if (c->reasoning.effort == EFFORT_UNSET && !has_format && !rest->first && !verbatim->first)
        return;
    json_begin_object(&q->json, "output_config");
    if (c->reasoning.effort != EFFORT_UNSET)
        json_put_str(&q->json, "effort", str_from_cz(effort_name(c->reasoning.effort)));
    if (has_format && !is_kept(verbatim, "format")) {
        json_begin_object(&q->json, "format");
        json_put_str(&q->json, "type", S("json_schema"));
        json_put_value(&q->json, "schema", c->output.schema);
        json_end_object(&q->json);
    }
    extras_put(&q->json, rest, DIALECT_ANTHROPIC);
    extras_put(&q->json, verbatim, DIALECT_ANTHROPIC);
    json_end_object(&q->json);
}

void anthropic_put_stop(struct anthropic_request *q, const str *stop, size_t n)
{
    if (n == 0)
        return;
    json_begin_array(&q->json, "stop_sequences");
    for (size_t i = 0; i < n; i++)
        json_put_str(&q->json, NULL, stop[i]);
    json_end_array(&q->json);
}

/* What is in the envelope does not come twice. */
static void put_own_rest(struct anthropic_request *q, const struct extras *rest)
{
    static const char *const in_envelope[] = {"anthropic_version", "anthropic_beta"};
    for (const struct extra *x = rest->first; x; x = x->next) {
        bool is_stream = str_eq(x->key, S("stream"));
        bool is_out =
            str_eq(x->key, S("model")) ||
            (is_stream && (q->chat->is_stream || q->chat->is_count || anthropic_is_bedrock(q->w)));
        for (size_t i = 0; i < ARRAY_LEN(in_envelope); i++) {
            if (q->w->envelope.n > 0 && str_eq(x->key, str_from_cz(in_envelope[i])))
                is_out = i == 0 || q->chat->betas.n > 0;
        }
        if (q->is_thoughtless && str_eq(x->key, S("context_management"))) {
            loss_add(q->w->loss, LOSS_DROPPED, x->key);
            continue; /* how to clear thoughts is refused where there are to be none */
        }
        if (!is_out)
            json_put_member(&q->json, x->key, x->value);
    }
}

/* A count of tokens has no limit, but in Bedrock's body, where there must be one. */
static void put_limit(struct anthropic_request *q)
{
    str limit = q->chat->max_output;
    if (q->chat->is_count && !anthropic_is_bedrock(q->w))
        return;
    anthropic_put_number(q, "max_tokens", q->chat->is_count && limit.n == 0 ? S("1") : limit);
}

static void write_own(struct anthropic_request *q)
{
    const struct chat *c = q->chat;
    put_limit(q);
    put_own_system(q);
    anthropic_put_turns(q);
    anthropic_put_number(q, "temperature", c->sampling.temperature);
    anthropic_put_number(q, "top_p", c->sampling.top_p);
    anthropic_put_number(q, "top_k", c->sampling.top_k);
    anthropic_put_stop(q, c->stop, c->n_stop);
    put_own_thinking(q);
    put_own_output(q);
    put_own_tools(q);
    put_own_choice(q);
    if (c->service_tier.n > 0)
        json_put_str(&q->json, "service_tier", c->service_tier);
    anthropic_put_cache(q, &c->cache, &c->verbatim);
    put_own_rest(q, &c->extras);
    put_own_rest(q, &c->verbatim);
}

int anthropic_write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    struct anthropic_request q = {
        .w = w, .chat = c, .json = json_writer(out), .is_own = c->origin == DIALECT_ANTHROPIC};
    int rc = 0;
    json_begin_object(&q.json, NULL);
    put_head(&q);
    if (q.is_own)
        write_own(&q);
    else
        rc = anthropic_put_foreign(&q);
    json_end_object(&q.json);
    return rc;
}
