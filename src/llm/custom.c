/* Templates and pointers of providers that an operator describes.
 *
 * A template is checked by being read: places outside strings are replaced by strings with a mark
 * that no JSON text of an operator has, and the rest must be JSON. What is kept is the document,
 * so writing a body is a walk over it, and what comes out is JSON whatever a client sends. */
#include "llm/custom.h"

#include "base/err.h"
#include "llm/carry.h"

#define DEPTH_MAX  16        /* the writer's bound is 32 */
#define MARK       "\\u0001" /* begins the string that stands for a place */
#define MARK_CHAR  '\001'
#define NAME_SHOWN 40

static const char *const names[CUSTOM_PLACES] = {
    [CUSTOM_MODEL] = "model",
    [CUSTOM_PROMPT] = "prompt",
    [CUSTOM_MESSAGES] = "messages",
    [CUSTOM_SYSTEM] = "system",
    [CUSTOM_MAX_TOKENS] = "max_tokens",
    [CUSTOM_TEMPERATURE] = "temperature",
    [CUSTOM_TOP_P] = "top_p",
    [CUSTOM_TOP_K] = "top_k",
    [CUSTOM_FREQUENCY_PENALTY] = "frequency_penalty",
    [CUSTOM_PRESENCE_PENALTY] = "presence_penalty",
    [CUSTOM_SEED] = "seed",
    [CUSTOM_STOP] = "stop",
    [CUSTOM_USER] = "user",
    [CUSTOM_STREAM] = "stream",
    [CUSTOM_TOOLS] = "tools",
    [CUSTOM_TOOL_CHOICE] = "tool_choice",
};

enum custom_place custom_place_find(str name)
{
    enum custom_place p = 0;
    while (p < CUSTOM_PLACES && !str_eq(name, str_from_cz(names[p])))
        p++;
    return p;
}

const char *custom_place_name(enum custom_place place)
{
    return place < CUSTOM_PLACES ? names[place] : NULL;
}

/* ---- templates, read ---- */

struct scan {
    struct arena *a;
    str text;
    size_t at;
    bool in_string;
    struct buf out; /* JSON with marked strings for places */
    struct custom_template *to;
    str *why;
};

static int complain(struct scan *s, str why)
{
    *s->why = why;
    return -E_BAD_REQUEST;
}

static str nearest(str name)
{
    unsigned best = 3;
    str near = S_EMPTY;
    for (size_t i = 0; i < CUSTOM_PLACES; i++) {
        unsigned d = str_distance(str_from_cz(names[i]), name, 2);
        if (d < best) {
            best = d;
            near = str_from_cz(names[i]);
        }
    }
    return near;
}

static int unknown_place(struct scan *s, str name)
{
    str shown = str_slice(name, 0, NAME_SHOWN), near = nearest(shown);
    if (near.n > 0)
        return complain(s, arena_printf(s->a,
                                        "there is no place {{" STR_FMT "}}; did you mean {{" STR_FMT
                                        "}}?",
                                        STR_ARG(shown), STR_ARG(near)));
    return complain(s, arena_printf(s->a, "there is no place {{" STR_FMT "}}", STR_ARG(shown)));
}

/* A place at s->at. */
static int take_place(struct scan *s)
{
    str rest = str_skip(s->text, s->at + 2);
    size_t end = str_find(rest, S("}}"));
    if (end == STR_NONE)
        return complain(s, S("a place begins with {{ and does not end"));
    str name = str_trim(str_slice(rest, 0, end));
    enum custom_place place = custom_place_find(name);
    if (place == CUSTOM_PLACES)
        return unknown_place(s, name);
    s->to->places |= 1u << place;
    if (s->in_string)
        buf_printf(&s->out, "{{%s}}", names[place]);
    else
        buf_printf(&s->out, "\"" MARK "%s\"", names[place]);
    s->at += 2 + end + 2;
    return 0;
}

static bool is_place(const struct scan *s)
{
    return str_has_prefix(str_skip(s->text, s->at), S("{{"));
}

static int take_char(struct scan *s)
{
    char c = s->text.p[s->at];
    size_t n = s->in_string && c == '\\' && s->at + 1 < s->text.n ? 2 : 1;
    str piece = str_slice(s->text, s->at, s->at + n);
    if (s->in_string && n == 1 && (unsigned char)c < ' ')
        return complain(s, S("a string has a line break or another control character in it"));
    if (s->in_string && str_has_prefix_nocase(str_skip(s->text, s->at), S("\\u00")) &&
        str_slice(s->text, s->at + 4, s->at + 6).n == 2 &&
        (s->text.p[s->at + 4] == '0' || s->text.p[s->at + 4] == '1'))
        return complain(s, S("a string has a control character in it"));
    if (c == '"')
        s->in_string = !s->in_string;
    buf_put(&s->out, piece);
    s->at += n;
    return 0;
}

/* Expands the text until `out` has more than `limit` bytes; then s->at is where they come from. */
static int expand(struct scan *s, size_t limit)
{
    int rc = 0;
    s->in_string = false;
    s->at = 0;
    buf_reset(&s->out);
    while (rc == 0 && s->at < s->text.n) {
        size_t begin = s->at;
        rc = is_place(s) ? take_place(s) : take_char(s);
        if (rc == 0 && s->out.n > limit) {
            s->at = begin;
            break;
        }
    }
    return rc;
}

static int check(struct scan *s, const struct json *v, unsigned depth)
{
    int rc = 0;
    if (depth > DEPTH_MAX)
        return complain(s, S("it is nested too deep"));
    for (struct json_iter it = json_iter(v); rc == 0 && json_iter_next(&it);) {
        if (str_find_char(it.key, MARK_CHAR) != STR_NONE || str_find(it.key, S("{{")) != STR_NONE)
            return complain(s, S("a place cannot be the name of a member"));
        rc = check(s, it.value, depth + 1);
    }
    return rc;
}

static int read_expanded(struct scan *s)
{
    size_t error_at = 0;
    str text = arena_str(s->a, buf_str(&s->out));
    if (json_read(s->a, text, &s->to->body, &error_at) != 0) {
        int rc = expand(s, error_at);
        must(rc == 0); /* it went well a moment ago */
        return complain(s, S("with its places filled in, this is not valid JSON"));
    }
    s->at = 0;
    enum json_type type = json_type(s->to->body);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return complain(s, S("a body is an object or an array"));
    return check(s, s->to->body, 1);
}

int custom_template_read(struct arena *a, str text, struct custom_template *out, str *why,
                         size_t *at)
{
    struct scan s = {.a = a, .text = text, .to = out, .why = why};
    *out = (struct custom_template){.body = NULL};
    buf_init(&s.out, SIZE_MAX);
    int rc = expand(&s, SIZE_MAX);
    if (rc == 0)
        rc = read_expanded(&s);
    *at = s.at;
    buf_fini(&s.out);
    return rc;
}

/* ---- templates, written ---- */

struct filling {
    struct json_writer *w;
    struct arena *a;
    const struct custom_values *values;
};

static const struct json *value_at(const struct filling *f, str name)
{
    enum custom_place place = custom_place_find(name);
    return place < CUSTOM_PLACES ? f->values->at[place] : NULL;
}

static void put_text(struct buf *out, struct arena *a, const struct json *v)
{
    if (!v)
        return;
    if (json_is_str(v))
        buf_put(out, json_str(v));
    else
        buf_put(out, json_text(a, v));
}

/* A string with places in it. */
static void put_string(const struct filling *f, const char *key, str text)
{
    struct buf out;
    str rest = text;
    buf_init(&out, SIZE_MAX);
    for (;;) {
        size_t begin = str_find(rest, S("{{"));
        size_t end = begin == STR_NONE ? STR_NONE : str_find(str_skip(rest, begin), S("}}"));
        if (end == STR_NONE)
            break;
        buf_put(&out, str_slice(rest, 0, begin));
        put_text(&out, f->a, value_at(f, str_slice(rest, begin + 2, begin + end)));
        rest = str_skip(rest, begin + end + 2);
    }
    buf_put(&out, rest);
    json_put_str(f->w, key, buf_str(&out));
    buf_fini(&out);
}

static void put_value(const struct filling *f, str name, const struct json *v);

static void put_inside(const struct filling *f, const struct json *v)
{
    for (struct json_iter it = json_iter(v); json_iter_next(&it);)
        put_value(f, it.key, it.value);
}

static bool is_place_value(const struct json *v)
{
    return json_str(v).n > 0 && json_str(v).p[0] == MARK_CHAR;
}

/* Depth is bounded by the check of the template. */
static void put_value(const struct filling *f, str name, const struct json *v)
{
    const char *key = name.p ? arena_cz(f->a, name) : NULL;
    if (is_place_value(v)) {
        const struct json *value = value_at(f, str_skip(json_str(v), 1));
        if (value)
            json_put_value(f->w, key, value);
    } else if (json_is_str(v)) {
        put_string(f, key, json_str(v));
    } else if (json_type(v) == JSON_OBJECT) {
        json_begin_object(f->w, key);
        put_inside(f, v);
        json_end_object(f->w);
    } else if (json_type(v) == JSON_ARRAY) {
        json_begin_array(f->w, key);
        put_inside(f, v);
        json_end_array(f->w);
    } else {
        json_put_value(f->w, key, v);
    }
}

void custom_template_put(struct json_writer *w, struct arena *a, const struct custom_template *t,
                         const struct custom_values *values)
{
    const struct filling f = {.w = w, .a = a, .values = values};
    put_value(&f, S_EMPTY, t->body);
}

/* ---- pointers ---- */

/* A token without its escapes: ~1 is '/', ~0 is '~'. NULL: another escape. */
static char *unescape(struct arena *a, str token)
{
    char *out = arena_cz(a, token), *to = out;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        if (c == '~') {
            if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
                return NULL;
            c = token.p[i] == '0' ? '~' : '/';
        }
        *to++ = c;
    }
    *to = '\0';
    return out;
}

static size_t count_slashes(str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '/';
    return n;
}

int custom_pointer_read(struct arena *a, str text, struct custom_pointer *out, const char **why)
{
    *out = (struct custom_pointer){.is_set = true};
    if (text.n == 0)
        return 0;
    *why = "a JSON pointer begins with /";
    if (text.p[0] != '/')
        return -E_BAD_REQUEST;
    *why = "a ~ in a JSON pointer is written ~0, and a / in a name ~1";
    out->tokens = arena_new_n(a, const char *, count_slashes(text));
    str token, rest = str_skip(text, 1);
    for (bool more = true; more;) {
        more = str_cut(rest, '/', &token, &rest);
        const char *name = unescape(a, token);
        if (!name)
            return -E_BAD_REQUEST;
        out->tokens[out->n++] = name;
    }
    return 0;
}

static const struct json *step(const struct json *v, const char *token)
{
    uint64_t i = 0;
    str text = str_from_cz(token);
    if (!v || json_type(v) != JSON_ARRAY)
        return json_get(v, token);
    bool has_zero = text.n > 1 && text.p[0] == '0';
    return !has_zero && str_to_u64(text, &i) && i < json_count(v) ? json_at(v, (size_t)i) : NULL;
}

const struct json *custom_pointer_find(const struct custom_pointer *p, const struct json *root)
{
    const struct json *v = p->is_set ? root : NULL;
    for (size_t i = 0; v && i < p->n; i++)
        v = step(v, p->tokens[i]);
    return v && json_type(v) != JSON_NULL ? v : NULL;
}

bool custom_find_error(const struct custom_answer *answer, const struct json *body, str *message)
{
    const struct json *v = custom_pointer_find(&answer->error, body);
    if (!v || json_type(v) == JSON_FALSE || (json_is_str(v) && json_str(v).n == 0))
        return false;
    *message = json_str(v);
    if (message->n == 0)
        *message = json_str(json_get(v, "message"));
    if (message->n == 0)
        *message = S("The provider reported an error.");
    return true;
}
