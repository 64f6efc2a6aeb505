/* Cases of translation, one struct each: what one side sends, and what the other must see of it.
 *
 * JSON is written with ' for ". What is wanted of a case is said of the bytes that come out, in
 * lines:
 *
 *     messages.0.role = 'user'      the value at this path, minified
 *     messages.# = 2                how many elements or members
 *     tools =                       nothing is there
 *     loss = dropped:seed           what the client is told was lost
 *     ! BAD_REQUEST messages[0]     refused with this code, at this member (nothing: any)
 *     ~ text, ^ text                the bytes have it, or do not have it
 *
 * A streamed answer is read again by the client's own dialect and looked at as its whole answer. */
#pragma once

#include <stdlib.h>

#include "llm/dialect_pipe.h"
#include "tap.h"

enum case_kind { REQUEST, REPLY, STREAM };

struct translation_case {
    const char *name;
    enum case_kind kind;
    enum dialect_id from, to;
    const char *model; /* of the provider; NULL: "m" */
    const char *in;    /* a body; STREAM: a message a line, "@type data" where the type counts */
    const char *want;
    const char *asked; /* answers: the client's request; NULL: none that matters */
};

struct outcome {
    struct pipe *p;
    str bytes;               /* as the reader gets them */
    const struct json *root; /* the same, looked at as a document; NULL: none */
    int rc;
    struct err err;
};

/* JSON with ' for ". */
static inline str quoted(struct arena *a, const char *text)
{
    char *copy = arena_cz(a, str_from_cz(text));
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return str_from_cz(copy);
}

static inline const struct json *parsed(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 ? v : NULL;
}

static inline void run_request(const struct translation_case *k, struct outcome *o)
{
    struct chat *c = arena_new(&o->p->a, struct chat);
    const char *model = k->model ? k->model : "m";
    c->model = str_from_cz(model);
    o->rc = pipe_chat(o->p, dialect_get(k->from), quoted(&o->p->a, k->in), c);
    c->model = str_from_cz(model);
    if (o->rc == 0) {
        o->bytes = pipe_request(o->p, dialect_get(k->to), c, S_EMPTY);
        o->rc = o->p->rc;
        o->root = parsed(&o->p->a, o->bytes);
    }
    o->err = o->p->err;
}

/* The client's request that an answer belongs to. */
static inline const struct chat *asked_of(const struct translation_case *k, struct outcome *o)
{
    if (!k->asked)
        return NULL;
    struct chat *c = arena_new(&o->p->a, struct chat);
    must(pipe_chat(o->p, dialect_get(k->to), quoted(&o->p->a, k->asked), c) == 0);
    return c;
}

static inline void run_reply(const struct translation_case *k, struct outcome *o)
{
    const struct dialect *from = dialect_get(k->from), *to = dialect_get(k->to);
    const struct chat *asked = asked_of(k, o);
    struct pipe *p = pipe_new(from, NULL, asked);
    p->restore.rule = from->names;
    pipe_reply(p, from, quoted(&p->a, k->in));
    o->rc = p->rc;
    o->err = p->err;
    if (o->rc == 0) {
        o->bytes = arena_str(&o->p->a, pipe_whole(p, from, to, &p->reply, asked));
        o->rc = p->rc;
        o->root = parsed(&o->p->a, o->bytes);
    }
    pipe_free(p);
}

static inline void put_messages(const struct translation_case *k, struct outcome *o,
                                struct buf *framed)
{
    str rest = quoted(&o->p->a, k->in), line, type = S_EMPTY;
    while (rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        type = S_EMPTY;
        if (str_has_prefix(line, S("@")))
            (void)str_cut(str_skip(line, 1), ' ', &type, &line);
        frames_put(dialect_get(k->from)->framing, framed, type, line);
    }
}

static inline void run_stream(const struct translation_case *k, struct outcome *o)
{
    const struct dialect *from = dialect_get(k->from), *to = dialect_get(k->to);
    const struct chat *asked = asked_of(k, o);
    struct buf framed;
    buf_init(&framed, PIPE_MAX);
    put_messages(k, o, &framed);
    struct pipe *p = pipe_new(from, to, asked), *again = pipe_new(to, NULL, NULL);
    p->restore.rule = from->names;
    pipe_stream(p, from, buf_str(&framed), (struct pipe_cut){0});
    o->rc = p->rc;
    o->err = p->err;
    o->bytes = arena_str(&o->p->a, buf_str(&p->out));
    pipe_stream(again, to, o->bytes, (struct pipe_cut){0});
    if (again->rc == 0)
        o->root =
            parsed(&o->p->a, arena_str(&o->p->a, pipe_whole(again, to, to, &again->reply, NULL)));
    pipe_free(again);
    pipe_free(p);
    buf_fini(&framed);
}

/* ---- what is wanted ---- */

static inline str value_at(struct outcome *o, str path)
{
    const struct json *v = o->root;
    str step;
    while (v && path.n > 0) {
        (void)str_cut(path, '.', &step, &path);
        if (str_eq(step, S("#")))
            return arena_printf(&o->p->a, "%zu", json_count(v));
        struct json_iter it = json_iter(v);
        long index = json_type(v) == JSON_ARRAY ? strtol(arena_cz(&o->p->a, step), NULL, 10) : -1;
        const struct json *next = NULL;
        for (long i = 0; !next && json_iter_next(&it); i++)
            next = i == index || (index < 0 && str_eq(it.key, step)) ? it.value : NULL;
        v = next;
    }
    struct buf text;
    buf_init(&text, PIPE_MAX);
    if (v)
        json_put(&text, v);
    str out = arena_str(&o->p->a, buf_str(&text));
    buf_fini(&text);
    return out;
}

static inline bool refuses(const struct outcome *o, str wanted)
{
    str name, param;
    (void)str_cut(wanted, ' ', &name, &param);
    return o->rc < 0 && str_eq(str_from_cz(err_info(o->rc)->name), name) &&
           (param.n == 0 || str_eq(o->err.param, param));
}

/* One line; `is_refused` becomes true when it says so. */
static inline bool holds(struct outcome *o, str line, bool *is_refused)
{
    str left, right;
    if (str_has_prefix(line, S("! "))) {
        *is_refused = true;
        return refuses(o, str_skip(line, 2));
    }
    if (str_has_prefix(line, S("~ ")))
        return str_find(o->bytes, str_skip(line, 2)) != STR_NONE;
    if (str_has_prefix(line, S("^ ")))
        return str_find(o->bytes, str_skip(line, 2)) == STR_NONE;
    (void)str_cut(line, '=', &left, &right);
    left = str_slice(left, 0, left.n - 1);
    right = str_skip(right, right.n > 0);
    if (str_eq(left, S("loss")))
        return str_eq(losses_text(&o->p->loss, &o->p->a), right);
    return str_eq(value_at(o, left), right);
}

static inline void run_case(const struct translation_case *k)
{
    struct outcome o = {.p = pipe_new(dialect_get(k->from), NULL, NULL)};
    if (k->kind == REQUEST)
        run_request(k, &o);
    else if (k->kind == REPLY)
        run_reply(k, &o);
    else
        run_stream(k, &o);
    str rest = quoted(&o.p->a, k->want), line, failed = S_EMPTY;
    bool is_refused = false;
    while (rest.n > 0 && failed.n == 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (!holds(&o, line, &is_refused))
            failed = line;
    }
    bool is_fine = failed.n == 0 && (is_refused || o.rc == 0);
    ok(is_fine, k->name);
    if (!is_fine) {
        str loss = losses_text(&o.p->loss, &o.p->a);
        printf("# wanted: " STR_FMT "\n# rc %s " STR_FMT ": " STR_FMT "\n# loss " STR_FMT
               "\n# got:\n",
               STR_ARG(failed), o.rc < 0 ? err_info(o.rc)->name : "0", STR_ARG(o.err.param),
               STR_ARG(o.err.message), STR_ARG(loss));
        for (str text = o.bytes, one; text.n > 0;) {
            (void)str_cut(text, '\n', &one, &text);
            printf("#   " STR_FMT "\n", STR_ARG(one));
        }
    }
    pipe_free(o.p);
}
