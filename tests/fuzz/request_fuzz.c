/* A request that is read and written again: it reads the same, but for the model, which is the one
 * given, and for include_usage where it was added; every other member stands where it stood. The
 * first byte chooses the operation and the model. */
#include "llm/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str write_again(struct arena *a, const struct request *r, str model)
{
    struct iovec pieces[REQUEST_PIECES_MAX];
    str parts[REQUEST_PIECES_MAX];
    size_t total = 0, n = request_write(a, r, model, pieces, &total);
    must(n <= REQUEST_PIECES_MAX);
    for (size_t i = 0; i < n; i++)
        parts[i] = str_of(pieces[i].iov_base, pieces[i].iov_len);
    str text = arena_concat(a, parts, n);
    must(text.n == total);
    return text;
}

/* `after` has the members of `before` with the same values, but for `edited` ones, and at most one
 * more behind them. */
static void must_keep(const struct json_scan *before, const struct json_scan *after,
                      const str edited[2])
{
    must(after->n_members >= before->n_members && after->n_members <= before->n_members + 1);
    for (size_t i = 0; i < before->n_members; i++) {
        const struct json_member *m = &before->members[i], *n = &after->members[i];
        must(str_eq(m->key, n->key));
        must(str_eq(m->value, n->value) || str_eq(m->key, edited[0]) || str_eq(m->key, edited[1]));
    }
}

static void must_keep_options(struct arena *a, const struct request *r, const struct request *again)
{
    const struct json_member *old = json_find(&r->scan, S("stream_options"), NULL);
    struct json_scan before = {0}, after;
    if (old && old->type == JSON_OBJECT)
        json_scan_members(a, old->value, &before);
    json_scan_members(a, json_find(&again->scan, S("stream_options"), NULL)->value, &after);
    must_keep(&before, &after, (const str[]){S("include_usage"), S("include_usage")});
}

/* One member more than may be read was added. */
static bool is_full(struct arena *a, const struct request *r)
{
    const struct json_member *m = json_find(&r->scan, S("stream_options"), NULL);
    struct json_scan options = {0};
    if (m && m->type == JSON_OBJECT)
        json_scan_members(a, m->value, &options);
    return MAX(r->scan.n_members, options.n_members) == JSON_KEYS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str models[] = {S("m"), S("a/\"b\\\xc3\xa9"), S("gpt")};
    str body = str_of((const char *)data + 1, size ? size - 1 : 0);
    const struct operation *op = operation_get(size ? data[0] % OP_COUNT : OP_CHAT);
    if (op->body == OPERATION_PATH)
        op = operation_get(OP_CHAT); /* the model is in the body here */
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    struct request r, again;
    struct err e = {0}, none = {0};
    if (request_read(&a, op, body, &r, &e) < 0) {
        must(e.code < 0 && e.message.n > 0);
    } else if (!is_full(&a, &r)) {
        must(request_model_is_sane(r.model));
        str model = size && data[0] >= 128 ? r.model : models[data[0] / 16 % ARRAY_LEN(models)];
        str text = write_again(&a, &r, model);
        must(request_read(&a, op, text, &again, &none) == 0);
        must(str_eq(again.model, model) && again.is_stream == r.is_stream);
        must(again.asks_usage == (r.asks_usage || r.adds_usage) && !again.adds_usage);
        must_keep(&r.scan, &again.scan, (const str[]){S("model"), S("stream_options")});
        if (r.adds_usage)
            must_keep_options(&a, &r, &again);
        must(r.adds_usage || !str_eq(model, r.model) || str_eq(text, body));
    }
    arena_fini(&a);
    return 0;
}
