#include "llm/restore.c"

#include "llm/dialect.h"
#include "tap.h"

static struct arena arena, scratch;

/* What came out, one letter for each event, and the texts. */
static struct {
    char kinds[64];
    size_t n;
    str name, space;
    enum tool_kind kind;
    struct seal seal;
    char text[256];
    size_t text_n;
    int rc;
} seen;

static int note(void *arg, const struct event *ev)
{
    static const char letters[] = {[EV_BLOCK_START] = 'b', [EV_DELTA] = 'd', [EV_BLOCK_STOP] = 'e'};
    (void)arg;
    must(seen.n < sizeof seen.kinds - 1);
    seen.kinds[seen.n++] = ev->kind < sizeof letters && letters[ev->kind] ? letters[ev->kind] : '.';
    if (ev->kind == EV_BLOCK_START && ev->content) {
        seen.name = arena_str(&arena, ev->content->call.name);
        seen.space = arena_str(&arena, ev->content->call.space);
        seen.kind = ev->content->call.kind;
    }
    if ((ev->kind == EV_BLOCK_START || ev->kind == EV_BLOCK_STOP) && ev->content)
        seen.seal = ev->content->seal;
    if (ev->kind == EV_DELTA) {
        must(seen.text_n + ev->delta.text.n < sizeof seen.text);
        if (ev->delta.text.n > 0)
            memcpy(seen.text + seen.text_n, ev->delta.text.p, ev->delta.text.n);
        seen.text_n += ev->delta.text.n;
    }
    return seen.rc;
}

static const struct sink out = {.put = note};

static void begin(struct restore *r, const struct chat *asked)
{
    memset(&seen, 0, sizeof seen);
    restore_init(r, &out, &scratch, 64);
    r->asked = asked;
    r->rule = &name_rule_openai;
    r->provider = S("up");
    r->model = S("m");
    r->family = FAMILY_ANTHROPIC;
}

static int start_call(struct restore *r, unsigned block, str name)
{
    struct sink s = restore_sink(r);
    struct block b = {.kind = BLOCK_TOOL_CALL,
                      .call = {.kind = TOOL_FUNCTION, .id = S("i"), .name = name}};
    return sink_put(&s, &(struct event){.kind = EV_BLOCK_START, .block = block, .content = &b});
}

static int args(struct restore *r, unsigned block, str text)
{
    struct sink s = restore_sink(r);
    struct event ev = {.kind = EV_DELTA, .block = block};
    ev.delta.kind = DELTA_ARGS;
    ev.delta.text = text;
    return sink_put(&s, &ev);
}

static int stop(struct restore *r, unsigned block)
{
    struct sink s = restore_sink(r);
    return sink_put(&s, &(struct event){.kind = EV_BLOCK_STOP, .block = block});
}

static void test_names(void)
{
    struct chat asked = {.origin = DIALECT_RESPONSES};
    struct restore r;
    struct tool *t = tool_add(&arena, &asked, TOOL_FUNCTION);
    t->name = S("get weather");
    t->space = S("maps");
    str fitted = name_fit(&arena, &name_rule_openai, t->space, t->name);
    begin(&r, &asked);
    is_int(start_call(&r, 0, fitted), 0, "a call of a tool whose name was fitted");
    is_str(seen.name, S("get weather"), "gets its name back");
    is_str(seen.space, S("maps"), "and its namespace");
    is_int(start_call(&r, 1, S("unknown")), 0, "a call of a tool nobody named");
    is_str(seen.name, S("unknown"), "keeps its name");
    r.rule = NULL;
    is_int(start_call(&r, 2, fitted), 0, "where names went as they were");
    is_str(seen.name, fitted, "they come as they are");
    restore_fini(&r);
}

/* The arguments of a custom tool, as they came in pieces, and what the client gets. */
static void test_custom(void)
{
    static const struct {
        const char *pieces[3];
        const char *wanted, *kinds;
    } cases[] = {
        {{"{\"input\":", "\"SELECT \\u0031\"}", NULL}, "SELECT 1", "bde"},
        {{"{\"input\":\"\"}", NULL, NULL}, "", "be"},
        {{"{\"other\":1}", NULL, NULL}, "{\"other\":1}", "bde"},
        {{"not json", NULL, NULL}, "not json", "bde"},
        {{NULL, NULL, NULL}, "", "be"},
    };
    struct chat asked = {.origin = DIALECT_RESPONSES};
    struct tool *t = tool_add(&arena, &asked, TOOL_CUSTOM);
    t->name = S("sql");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct restore r;
        begin(&r, &asked);
        is_int(start_call(&r, 0, S("sql")), 0, "a custom tool's call");
        is_int(seen.kind, TOOL_CUSTOM, "is custom again");
        for (size_t k = 0; k < 3 && cases[i].pieces[k]; k++)
            must(args(&r, 0, str_from_cz(cases[i].pieces[k])) == 0);
        is_int(seen.text_n, 0, "its arguments wait");
        is_int(stop(&r, 0), 0, "until they are whole");
        is_str(str_of(seen.text, seen.text_n), str_from_cz(cases[i].wanted), "as free text");
        is_str(str_from_cz(seen.kinds), str_from_cz(cases[i].kinds), "in order");
        must(args(&r, 1, S("x")) == 0);
        is_int(seen.text_n, str_from_cz(cases[i].wanted).n + 1, "what follows does not wait");
        restore_fini(&r);
    }
}

static void test_limits(void)
{
    struct chat asked = {.origin = DIALECT_RESPONSES};
    struct restore r;
    tool_add(&arena, &asked, TOOL_CUSTOM)->name = S("sql");
    begin(&r, &asked);
    must(start_call(&r, 0, S("sql")) == 0);
    int rc = 0;
    for (size_t i = 0; i < 20 && rc == 0; i++)
        rc = args(&r, 0, S("aaaaaaaa"));
    is_int(rc, -E_PROVIDER_TOO_LARGE, "arguments without end");
    restore_fini(&r);
    begin(&r, &asked);
    seen.rc = -E_CLIENT_GONE;
    is_int(args(&r, 0, S("x")), -E_CLIENT_GONE, "the sink's failure is passed on");
    restore_fini(&r);
}

static void test_seals(void)
{
    struct restore r;
    struct block b = {.kind = BLOCK_REASONING, .seal = {.kind = SEAL_SIGNATURE, .value = S("s")}};
    begin(&r, NULL);
    struct sink s = restore_sink(&r);
    must(sink_put(&s, &(struct event){.kind = EV_BLOCK_STOP, .content = &b}) == 0);
    is_str(seen.seal.provider, S("up"), "a seal gets the provider that made it");
    is_str(seen.seal.model, S("m"), "and the model");
    is_int(seen.seal.family, FAMILY_ANTHROPIC, "and its family");
    is_str(b.seal.provider, S_EMPTY, "in a copy");
    b.seal.provider = S("own");
    must(sink_put(&s, &(struct event){.kind = EV_BLOCK_START, .content = &b}) == 0);
    is_str(seen.seal.provider, S("own"), "one that says whose it is stays");
    b.seal = (struct seal){.kind = SEAL_NONE};
    must(sink_put(&s, &(struct event){.kind = EV_BLOCK_START, .content = &b}) == 0);
    is_str(seen.seal.provider, S_EMPTY, "none stays none");
    restore_fini(&r);
}

static void test_keeping(void)
{
    struct chat from = {.origin = DIALECT_CHAT, .model = S("x"), .is_stream = true};
    tool_add(&arena, &from, TOOL_FUNCTION)->name = S("plain");
    tool_add(&arena, &from, TOOL_FUNCTION)->name = S("not plain");
    tool_add(&arena, &from, TOOL_CUSTOM)->name = S("sql");
    tool_add(&arena, &from, TOOL_SERVER)->name = S("web");
    const struct chat *to = restore_keep(&arena, &from, &name_rule_openai);
    ok(to->is_stream && to->origin == DIALECT_CHAT, "settings are kept");
    is_str(to->model, S("x"), "and the model");
    is_str(to->tools ? to->tools->name : S_EMPTY, S("not plain"), "a name that was fitted");
    is_str(to->tools && to->tools->next ? to->tools->next->name : S_EMPTY, S("sql"),
           "and a custom tool");
    ok(to->tools && to->tools->next && !to->tools->next->next, "and no other");
    ok(!restore_keep(&arena, &from, NULL)->tools, "none where names go as they are");
    struct chat own = {.origin = DIALECT_RESPONSES, .user = S("u")};
    struct tool *shell = tool_add(&arena, &own, TOOL_FUNCTION);
    shell->name = shell->type = S("local_shell");
    tool_add(&arena, &own, TOOL_FUNCTION)->name = S("plain");
    to = restore_keep(&arena, &own, &name_rule_openai);
    is_str(to->tools ? to->tools->type : S_EMPTY, S("local_shell"), "one of OpenAI's own tools");
    ok(to->tools && !to->tools->next, "but no function that stands on its own");
    ok(str_find(to->settings, S("\"user\":\"u\"")) != STR_NONE, "and what Responses repeats");
    struct arena full;
    arena_init(&full, 512, ARENA_SPARE);
    ok(restore_keep(&full, &own, &name_rule_openai) == &own, "or all, where there is no room");
    arena_fini(&full);
}

int main(void)
{
    arena_init(&arena, 4096, 4u << 20);
    arena_init(&scratch, 4096, 4u << 20);
    test_names();
    test_custom();
    test_limits();
    test_seals();
    test_keeping();
    arena_fini(&scratch);
    arena_fini(&arena);
    return tap_done();
}
