/* Reading and editing a request of the OpenAI dialect without rebuilding it.
 *
 * Everything a decision depends on must mean the same to us and to the provider. So each
 * top-level member may appear once (a JSON parser may take the first or the last), a member we
 * read may not appear in another letter case (some decoders ignore case), and members that steer
 * other gateways to another provider or credential are refused. */
#include "llm/request.h"

#include "base/buf.h"
#include "base/table.h"
#include "llm/dialect_anthropic.h"
#include "llm/dialect_responses.h"
#include "llm/seal.h"

static const str read_members[] = {
    {"model", 5},
    {"stream", 6},
    {"stream_options", 14},
};

/* Members by which a client could move the request or its credential elsewhere, were the
 * provider itself a gateway. */
static const str refused_members[] = {
    {"api_base", 8},
    {"base_url", 8},
    {"api_key", 7},
};

static int refuse_member(struct err *e, struct arena *a, str key, int code, const char *why)
{
    e->param = arena_str(a, str_slice(key, 0, 64));
    return err_set(e, a, code, "%s: \"" STR_FMT "\".", why, STR_ARG(e->param));
}

static bool differs_in_case(str key, str name)
{
    return str_eq_nocase(key, name) && !str_eq(key, name);
}

static int check_name(struct arena *a, str key, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(refused_members); i++)
        if (str_eq_nocase(key, refused_members[i]))
            return refuse_member(e, a, key, -E_BAD_REQUEST, "This member is not accepted here");
    for (size_t i = 0; i < ARRAY_LEN(read_members); i++)
        if (differs_in_case(key, read_members[i]))
            return refuse_member(e, a, key, -E_BAD_REQUEST,
                                 "This member differs from one that is read in letter case only");
    return 0;
}

/* The first member whose key stands again further on; NULL when all differ. Few members are
 * compared with each other, many go through a table, so that no body makes this quadratic. */
static const struct json_member *find_duplicate(const struct json_scan *scan)
{
    const struct json_member *found = NULL;
    if (scan->n_members <= 32) {
        for (size_t i = 0; i < scan->n_members && !found; i++)
            for (size_t k = i + 1; k < scan->n_members && !found; k++)
                if (str_eq(scan->members[i].key, scan->members[k].key))
                    found = &scan->members[i];
        return found;
    }
    struct table seen;
    table_init(&seen);
    for (size_t i = 0; i < scan->n_members && !found; i++)
        found = table_add(&seen, scan->members[i].key, &scan->members[i]);
    table_fini(&seen);
    return found;
}

static int check_members(struct arena *a, const struct json_scan *scan, struct err *e)
{
    for (size_t i = 0; i < scan->n_members; i++) {
        int rc = check_name(a, scan->members[i].key, e);
        if (rc < 0)
            return rc;
    }
    const struct json_member *twice = find_duplicate(scan);
    if (twice)
        return refuse_member(e, a, twice->key, -E_DUPLICATE_MEMBER, "This member appears twice");
    return 0;
}

bool request_model_is_sane(str model)
{
    if (model.n == 0 || model.n > REQUEST_MODEL_MAX)
        return false;
    for (size_t i = 0; i < model.n; i++)
        if ((unsigned char)model.p[i] < 0x20 || model.p[i] == 0x7f)
            return false;
    return true;
}

static int read_model(struct arena *a, struct request *r, struct err *e)
{
    const struct json_member *m = json_find(&r->scan, S("model"), NULL);
    e->param = S("model");
    if (!m)
        return err_set(e, a, -E_MODEL_MISSING, "You must provide a model parameter.");
    if (m->type != JSON_STRING)
        return err_set(e, a, -E_BAD_REQUEST, "\"model\" must be a string.");
    r->model = json_unescape(a, m->value);
    if (r->model.n == 0)
        return err_set(e, a, -E_MODEL_MISSING, "You must provide a model parameter.");
    if (!request_model_is_sane(r->model))
        return err_set(e, a, -E_BAD_REQUEST,
                       "\"model\" must be at most %d bytes without control characters.",
                       REQUEST_MODEL_MAX);
    e->param = S_EMPTY;
    return 0;
}

static int read_stream(struct arena *a, struct request *r, struct err *e)
{
    const struct json_member *m = json_find(&r->scan, S("stream"), NULL);
    if (!m || m->type == JSON_NULL || m->type == JSON_FALSE)
        return 0;
    if (m->type != JSON_TRUE) {
        e->param = S("stream");
        return err_set(e, a, -E_BAD_REQUEST, "\"stream\" must be true or false.");
    }
    r->is_stream = true;
    return 0;
}

static int read_stream_options(struct arena *a, struct request *r, struct err *e)
{
    const struct json_member *m = json_find(&r->scan, S("stream_options"), NULL);
    if (!m || m->type == JSON_NULL)
        return 0;
    e->param = S("stream_options");
    if (m->type != JSON_OBJECT)
        return err_set(e, a, -E_BAD_REQUEST, "\"stream_options\" must be an object.");
    struct json_scan inner;
    json_scan_members(a, m->value, &inner);
    for (size_t i = 0; i < inner.n_members; i++)
        if (differs_in_case(inner.members[i].key, S("include_usage")))
            return err_set(e, a, -E_BAD_REQUEST, "Write \"include_usage\" in lower case.");
    bool is_duplicate = false;
    const struct json_member *asks = json_find(&inner, S("include_usage"), &is_duplicate);
    if (is_duplicate)
        return err_set(e, a, -E_DUPLICATE_MEMBER,
                       "\"stream_options.include_usage\" appears twice.");
    r->asks_usage = asks && asks->type == JSON_TRUE;
    e->param = S_EMPTY;
    return 0;
}

static bool has_items(const struct json_scan *scan, str key)
{
    const struct json_member *m = json_find(scan, key, NULL);
    return m && (m->type == JSON_OBJECT || (m->type == JSON_ARRAY && m->value.n > 2));
}

/* Results of calls that no model of Anthropic's has made. */
static bool has_foreign_results(str body)
{
    const str key = S("\"tool_use_id\"");
    for (size_t at = str_find(body, key); at != STR_NONE; at = str_find(body, key)) {
        body = str_skip(body, at + key.n);
        str id, rest;
        if (!str_cut(body, '"', &id, &rest) || !str_eq(str_trim(id), S(":")))
            continue; /* not a member, or not a string */
        if (!anthropic_is_call_id(rest))
            return true;
    }
    return false;
}

bool request_has_marks(const struct request *r, const struct operation *op)
{
    str body = r->body;
    if (op->purpose != PURPOSE_GENERATE && op->purpose != PURPOSE_COUNT)
        return false;
    return str_find(body, S(SEAL_MAGIC)) != STR_NONE ||
           (op->dialect == DIALECT_BEDROCK && str_find(body, S(SEAL_MAGIC_BLOB)) != STR_NONE) ||
           (op->dialect == DIALECT_ANTHROPIC && has_foreign_results(body)) ||
           (op->dialect == DIALECT_RESPONSES &&
            str_find(body, S("_" RESPONSES_ID_MARK)) != STR_NONE);
}

/* What decides which call of a provider this request takes. */
static void look_at(struct request *r, const struct operation *op)
{
    const struct json_member *effort = json_find(&r->scan, S("reasoning_effort"), NULL);
    r->has_tools = has_items(&r->scan, S("tools")) || has_items(&r->scan, S("functions")) ||
                   has_items(&r->scan, S("toolConfig"));
    r->is_without_effort = effort && str_eq(effort->value, S("\"none\""));
    bool streams_always = op->dialect == DIALECT_OLLAMA || op->dialect == DIALECT_OLLAMA_TEXT;
    if (streams_always && !json_find(&r->scan, S("stream"), NULL))
        r->is_stream = true;
}

int request_read(struct arena *a, const struct operation *op, str body, struct request *out,
                 struct err *e)
{
    bool has_path = op->body == OPERATION_PATH;
    str model = has_path ? out->model : S_EMPTY;
    bool is_stream = has_path && out->is_stream;
    *out = (struct request){.body = body, .model = model, .is_stream = is_stream};
    if (json_scan(a, body, &out->scan) < 0)
        return err_set(e, a, -E_JSON, "The request body is not valid JSON: %s at byte %zu.",
                       out->scan.error, out->scan.error_at);
    if (out->scan.type != JSON_OBJECT)
        return err_set(e, a, -E_JSON, "The request body must be a JSON object.");
    int rc = check_members(a, &out->scan, e);
    if (rc == 0 && !has_path)
        rc = read_model(a, out, e);
    if (rc == 0 && !has_path)
        rc = read_stream(a, out, e);
    if (rc == 0 && op->usage == OPERATION_USAGE_CHUNK)
        rc = read_stream_options(a, out, e);
    if (rc == 0 && (op->purpose == PURPOSE_GENERATE || op->purpose == PURPOSE_COUNT))
        look_at(out, op);
    out->adds_usage =
        rc == 0 && out->is_stream && !out->asks_usage && op->usage == OPERATION_USAGE_CHUNK;
    return rc;
}

/* The value of stream_options with include_usage set, whatever else it holds. */
static str options_with_usage(struct arena *a, const struct request *r)
{
    const struct json_member *m = json_find(&r->scan, S("stream_options"), NULL);
    if (!m || m->type != JSON_OBJECT)
        return S("{\"include_usage\":true}");
    struct json_scan inner;
    json_scan_members(a, m->value, &inner);
    struct json_edit edit = json_edit_set(a, &inner, S("include_usage"), S("true"));
    str parts[] = {str_slice(m->value, 0, edit.from), edit.with, str_skip(m->value, edit.to)};
    return arena_concat(a, parts, ARRAY_LEN(parts));
}

/* `text` as a JSON string in the arena. */
static str json_quoted(struct arena *a, str text)
{
    struct buf b;
    buf_init(&b, 6 * text.n + 2); /* no character becomes longer than \u0000 */
    buf_put_json(&b, text);
    must(buf_is_ok(&b));
    str quoted = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return quoted;
}

size_t request_write(struct arena *a, const struct request *r, str upstream_model,
                     struct iovec *pieces, size_t *total)
{
    struct json_edit edits[REQUEST_EDITS_MAX];
    size_t n = 0;
    if (!str_eq(upstream_model, r->model) && json_find(&r->scan, S("model"), NULL))
        edits[n++] = json_edit_set(a, &r->scan, S("model"), json_quoted(a, upstream_model));
    if (r->adds_usage)
        edits[n++] = json_edit_set(a, &r->scan, S("stream_options"), options_with_usage(a, r));
    if (n == 2 && edits[0].from > edits[1].from) {
        struct json_edit first = edits[1];
        edits[1] = edits[0];
        edits[0] = first;
    }
    return json_splice(r->body, edits, n, pieces, total);
}
