/* OpenRouter's dialect: chat completions with members of its own (OpenRouter's API reference, "Chat
 * completion", "Provider routing", "Errors").
 *
 * The chat codec does the work; here stand the members that only OpenRouter's clients send, checked
 * when they are read, and its errors. models[] and provider{} say which models and providers may
 * answer: they are kept for routing (llm/chat.h), and go back as they came to OpenRouter itself.
 * Errors have the status as a number for a code. */
#include "llm/dialect_chat.h"

/* ---- requests ---- */

/* A member of provider{} and what it must be. */
struct preference {
    const char *name;
    enum { LIST, FLAG, WORD, NUMBERS, LIMIT } kind;
    const char *const *words; /* WORD: those allowed, NULL at the end */
};

static const char *const data_words[] = {"allow", "deny", NULL};
static const char *const sort_words[] = {"price", "throughput", "latency", NULL};

static const struct preference preferences[] = {
    {"order", LIST, NULL},
    {"only", LIST, NULL},
    {"ignore", LIST, NULL},
    {"quantizations", LIST, NULL},
    {"allow_fallbacks", FLAG, NULL},
    {"require_parameters", FLAG, NULL},
    {"zdr", FLAG, NULL},
    {"enforce_distillable_text", FLAG, NULL},
    {"data_collection", WORD, data_words},
    {"sort", WORD, sort_words},
    {"max_price", NUMBERS, NULL},
    {"preferred_min_throughput", LIMIT, NULL},
    {"preferred_max_latency", LIMIT, NULL},
};

static int check_list(struct reading *r, const char *name, const struct json *v)
{
    int rc = member_type(r, name, v, JSON_ARRAY);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        if (!json_is_str(it.value))
            rc = member_fail(r, name, STR_FMT " must be an array of strings.",
                             STR_ARG(reading_path(r, name)));
    }
    return rc;
}

static bool is_word(const struct json *v, const char *const *words)
{
    for (; *words; words++) {
        if (str_eq(json_str(v), str_from_cz(*words)))
            return true;
    }
    return false;
}

/* sort may be an object {by, partition}, too. */
static int check_word(struct reading *r, const char *name, const struct json *v,
                      const char *const *words)
{
    if (json_type(v) == JSON_OBJECT && words == sort_words)
        v = json_get(v, "by");
    if (!v || is_word(v, words))
        return 0;
    return member_fail(r, name, STR_FMT " must be one of %s, %s%s%s.",
                       STR_ARG(reading_path(r, name)), words[0], words[1], words[2] ? ", " : "",
                       words[2] ? words[2] : "");
}

/* A price may be a number or a number in a string. */
static int check_numbers(struct reading *r, const char *name, const struct json *v)
{
    int rc = member_type(r, name, v, JSON_OBJECT);
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        if (json_type(it.value) != JSON_NUMBER && !json_is_str(it.value))
            rc =
                member_fail(r, name, STR_FMT " must hold numbers.", STR_ARG(reading_path(r, name)));
    }
    return rc;
}

static int check_preference(struct reading *r, const struct preference *p, const struct json *v)
{
    bool flag = false;
    if (!v)
        return 0;
    switch (p->kind) {
    case LIST:
        return check_list(r, p->name, v);
    case FLAG:
        return member_bool(r, p->name, v, &flag);
    case WORD:
        return check_word(r, p->name, v, p->words);
    case NUMBERS:
        return check_numbers(r, p->name, v);
    case LIMIT:
        return json_type(v) == JSON_NUMBER ? 0 : check_numbers(r, p->name, v);
    }
    return 0;
}

static int check_provider(struct reading *r, const struct json *v)
{
    const char *names[ARRAY_LEN(preferences)];
    const struct json *value[ARRAY_LEN(preferences)];
    struct reading in = reading_at(r, "provider", -1);
    for (size_t i = 0; i < ARRAY_LEN(preferences); i++)
        names[i] = preferences[i].name;
    int rc = MEMBERS_READ(&in, v, names, value, NULL);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(preferences); i++)
        rc = check_preference(&in, &preferences[i], value[i]);
    return rc;
}

/* models and provider are extras to chat, and stay so: they go back as they came. */
static int read_routing(struct reading *r, const struct json *body, struct chat *out)
{
    enum { MODELS, PROVIDER };
    static const char *const keys[] = {[MODELS] = "models", [PROVIDER] = "provider"};
    const struct json *value[ARRAY_LEN(keys)];
    int rc = MEMBERS_READ(r, body, keys, value, NULL);
    if (rc == 0)
        rc = check_list(r, "models", value[MODELS]);
    if (rc == 0 && value[PROVIDER])
        rc = check_provider(r, value[PROVIDER]);
    out->models = value[MODELS];
    out->provider_wish = value[PROVIDER];
    return rc;
}

/* usage{include} asks for what is reported anyway: no other dialect need know of it. */
static void settle_usage(struct reading *r, struct chat *out)
{
    struct extras rest = {.origin = r->origin};
    for (const struct extra *x = out->extras.first; x; x = x->next) {
        bool is_usage = str_eq(x->key, S("usage"));
        extras_add(r->a, is_usage ? &out->verbatim : &rest, x->key, x->value);
    }
    out->verbatim.origin = r->origin;
    out->extras = rest;
    out->asks_usage = true;
}

static int read_request(struct reading *r, const struct json *body, struct chat *out)
{
    int rc = dialect_chat_read_request(r, body, out);
    if (rc != 0)
        return rc;
    settle_usage(r, out);
    return read_routing(r, body, out);
}

static int write_request(struct writing *w, const struct chat *c, struct buf *out)
{
    return dialect_chat_write_request(w, c, out, DIALECT_OPENROUTER);
}

/* ---- answers ---- */

static int write_event(struct encoder *e, const struct event *ev)
{
    return dialect_chat_write_event(e, ev, DIALECT_OPENROUTER);
}

static int write_reply(struct writing *w, const struct reply *r, struct buf *out)
{
    return dialect_chat_write_reply(w, r, out, DIALECT_OPENROUTER);
}

void dialect_openrouter_put_error(struct buf *out, const struct failure *f)
{
    int status = f->status >= 400 ? f->status : failure_status(f->class);
    buf_put(out, S("\"error\":"));
    struct json_writer j = json_writer(out);
    json_begin_object(&j, NULL);
    json_put_int(&j, "code", status);
    json_put_str(&j, "message", f->message);
    if (f->type.n > 0 || f->code.n > 0) {
        json_begin_object(&j, "metadata");
        if (f->type.n > 0)
            json_put_str(&j, "type", f->type);
        if (f->code.n > 0)
            json_put_str(&j, "code", f->code);
        json_end_object(&j);
    }
    if (f->gateway.n > 0)
        json_put_raw(&j, "gateway", f->gateway);
    json_end_object(&j);
}

static void write_error(const struct failure *f, struct buf *out)
{
    buf_put_char(out, '{');
    dialect_openrouter_put_error(out, f);
    buf_put_char(out, '}');
}

const struct codec dialect_openrouter = {
    .read_request = read_request,
    .write_request = write_request,
    .read_message = dialect_chat_read_message,
    .read_reply = dialect_chat_read_reply,
    .write_event = write_event,
    .write_reply = write_reply,
    .read_error = dialect_chat_read_error,
    .write_error = write_error,
};
