/* Providers that are described by templates: their section of the file, compiled.
 *
 * Everything that can be wrong is found here: places that do not exist, a body that is no JSON when
 * its places are filled in, pointers that are none, paths that no request line could hold. An
 * offset in the body is told in words, because a YAML text of several lines has been folded and
 * unindented before anybody could count in it. */
#include <string.h>

#include "gate/snapshot_parts.h"

struct work {
    struct snapshot *s;
    struct config *c;
    struct custom *custom;
};

/* ---- pointers ---- */

static void take_pointer(struct work *w, const struct config_node *group, const char *key,
                         struct custom_pointer *out)
{
    const struct config_node *n = config_get(group, key);
    const char *why = NULL;
    if (!config_is_good(n))
        return;
    if (custom_pointer_read(&w->s->arena, n->text, out, &why) == 0)
        return;
    struct config_problem *p =
        config_complain(w->c, CONFIG_POINTER, n, "this is no pointer: %s", why);
    p->help = S("for example /choices/0/text");
}

static void take_answer(struct work *w, const struct config_node *group, struct custom_answer *out)
{
    const struct {
        const char *key;
        struct custom_pointer *to;
    } pointers[] = {
        {"text", &out->text},
        {"reasoning", &out->reasoning},
        {"tool_calls", &out->tool_calls},
        {"finish", &out->finish},
        {"input_tokens", &out->input_tokens},
        {"output_tokens", &out->output_tokens},
        {"error", &out->error},
    };
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
        take_pointer(w, group, pointers[i].key, pointers[i].to);
}

/* An answer must have text somewhere; a pointer to the whole answer has to be written out. */
static void check_answer(struct work *w, const struct config_node *group, const char *key,
                         const struct custom_answer *answer)
{
    if (!group || group->is_bad || answer->text.is_set || config_get(group, "text") ||
        answer->tool_calls.is_set)
        return;
    struct config_problem *p =
        config_complain_key(w->c, CONFIG_MISSING, group, "`custom.%s` lacks `text`", key);
    p->help = S("for example text: /answer");
}

/* ---- paths ---- */

static bool is_path_char(char c)
{
    return c > ' ' && c < 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\';
}

/* What is wrong with it; NULL: nothing. */
static const char *path_fault(str path)
{
    str name, rest = path;
    if (path.n == 0 || path.p[0] != '/')
        return "a path begins with /";
    for (size_t i = 0; i < path.n; i++) {
        if (!is_path_char(path.p[i]))
            return "it has a character that no path may have: encode it as %XX";
    }
    for (size_t at; (at = str_find_char(rest, '{')) != STR_NONE;) {
        rest = str_skip(rest, at + 1);
        bool has_end = str_cut(rest, '}', &name, &rest);
        if (!has_end || (!str_eq(name, S("model")) && !str_eq(name, S("rest"))))
            return "its places are {model} and {rest}";
    }
    return NULL;
}

static const char *take_path(struct work *w, const struct config_node *group, const char *key)
{
    const struct config_node *n = config_get(group, key);
    if (!config_is_good(n))
        return NULL;
    const char *fault = path_fault(n->text);
    if (fault)
        config_complain(w->c, CONFIG_CUSTOM_PATH, n, "this is no path: %s", fault);
    return arena_cz(&w->s->arena, n->text);
}

/* ---- the body ---- */

static void take_body(struct work *w, const struct config_node *n)
{
    str why = S_EMPTY;
    size_t at = 0, line = 1, column = 1;
    if (!config_is_good(n) ||
        custom_template_read(&w->s->arena, n->text, &w->custom->body, &why, &at) == 0)
        return;
    for (size_t i = 0; i < at && i < n->text.n; i++) {
        column = n->text.p[i] == '\n' ? 1 : column + 1;
        line += n->text.p[i] == '\n';
    }
    config_complain(w->c, CONFIG_TEMPLATE, n,
                    "the body cannot be used: " STR_FMT " (line %zu, column %zu of the body)",
                    STR_ARG(why), line, column);
}

/* ---- the whole ---- */

static void compile(struct work *w, const struct config_node *n)
{
    struct custom *custom = w->custom;
    const struct config_node *reply = config_get(n, "reply"), *stream = config_get(n, "stream");
    const struct config_node *stream_path = config_get(n, "stream_path");
    custom->method =
        schema_choice(config_get(n, "method")->option, (size_t)config_number(n, "method"));
    custom->path = take_path(w, n, "path");
    custom->stream_path = take_path(w, n, "stream_path");
    take_body(w, config_get(n, "body"));
    take_answer(w, reply, &custom->reply);
    check_answer(w, reply, "reply", &custom->reply);
    custom->streams = stream != NULL;
    if (stream_path && !stream) {
        config_complain_key(w->c, CONFIG_CONFLICT, stream_path,
                            "`stream_path` has no use without `stream`");
        return;
    }
    if (!stream)
        return;
    take_answer(w, stream, &custom->stream);
    check_answer(w, stream, "stream", &custom->stream);
    custom->framing = config_number(stream, "framing") == 1 ? FRAMING_LINES : FRAMING_SSE;
    custom->done = snapshot_str(w->s, str_trim(config_text(stream, "done")));
}

void snapshot_compile_custom(struct snapshot *s, struct config *c, const struct config_node *n,
                             struct provider *p)
{
    const struct config_node *custom = config_get(n, "custom");
    struct work w = {.s = s, .c = c};
    if (p->kind == PROVIDER_CUSTOM && !custom) {
        struct config_problem *problem =
            config_complain_key(c, CONFIG_MISSING, n, "kind custom needs the section `custom`");
        problem->help = S("`throwbar explain providers.*.custom` shows it");
        return;
    }
    if (p->kind != PROVIDER_CUSTOM && custom) {
        config_complain_key(c, CONFIG_CONFLICT, custom,
                            "`custom` has no use for a provider of this kind");
        return;
    }
    if (!custom || custom->type != CONFIG_MAP)
        return;
    w.custom = arena_new(&s->arena, struct custom);
    p->custom = w.custom;
    compile(&w, custom);
}
