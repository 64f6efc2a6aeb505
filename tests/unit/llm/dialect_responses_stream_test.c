/* Streams of the Responses dialect, read: what servers leave out or say twice makes no difference,
 * every end is told from every other, and cutting the bytes anywhere changes nothing. */
#include "llm/dialect_responses_stream.c"

#include "llm/dialect_responses_bench.h"

#define CREATED                                                                                    \
    "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":"          \
    "\"resp_1\",\"created_at\":1700000000.5,\"model\":\"gpt-x\",\"service_tier\":\"auto\"}}\n\n"
#define EV(json) "data: {\"type\":\"response." json "}\n\n"
#define END                                                                                        \
    EV("completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":3,"         \
       "\"input_tokens_details\":{\"cached_tokens\":1,\"cache_write_tokens\":2},"                  \
       "\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":4}}}")
#define MESSAGE_ADDED                                                                              \
    EV("output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\","   \
       "\"role\":\"assistant\",\"phase\":\"final_answer\",\"content\":[]}")
#define TEXT(text)                                                                                 \
    EV("output_text.delta\",\"output_index\":0,\"content_index\":0,\"item_id\":\"msg_1\","         \
       "\"delta\":\"" text "\"")
#define MESSAGE_DONE(text)                                                                         \
    EV("output_item.done\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\","    \
       "\"role\":\"assistant\",\"phase\":\"final_answer\",\"content\":[{\"type\":\"output_text\"," \
       "\"text\":\"" text "\",\"annotations\":[{\"type\":\"url_citation\",\"url\":\"u\"}]}]}")
#define CALL_ITEM(args)                                                                            \
    "\"item\":{\"id\":\"fc_1\",\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\","  \
    "\"namespace\":\"n\",\"arguments\":\"" args "\"}"

/* An answer in one line: "text[msg_1/final_answer]:hi {u} | call[call_1 n.f]:{} | stop". */
static void describe(struct buf *out, const struct block *b)
{
    switch (b->kind) {
    case BLOCK_TEXT:
    case BLOCK_REFUSAL:
        buf_printf(out, "%s[" STR_FMT "/" STR_FMT "]:" STR_FMT,
                   b->kind == BLOCK_TEXT ? "text" : "refusal", STR_ARG(b->item_id),
                   STR_ARG(b->phase), STR_ARG(b->text));
        for (const struct annotation *a = b->annotations; a; a = a->next)
            buf_printf(out, "{" STR_FMT "}", STR_ARG(a->url));
        break;
    case BLOCK_REASONING:
        buf_printf(out, "reasoning[" STR_FMT "]", STR_ARG(b->reasoning.id));
        for (const struct reasoning_part *p = b->reasoning.parts; p; p = p->next)
            buf_printf(out, "%s" STR_FMT, p->is_summary ? ":" : "!", STR_ARG(p->text));
        buf_printf(out, "~" STR_FMT, STR_ARG(b->seal.value));
        break;
    case BLOCK_TOOL_CALL:
        buf_printf(out, "%s[" STR_FMT " " STR_FMT "." STR_FMT "]:" STR_FMT,
                   b->call.kind == TOOL_CUSTOM ? "custom" : "call", STR_ARG(b->call.id),
                   STR_ARG(b->call.space), STR_ARG(b->call.name), STR_ARG(b->call.args));
        break;
    case BLOCK_OPAQUE:
        buf_printf(out, "opaque:" STR_FMT, STR_ARG(b->type));
        break;
    case BLOCK_MEDIA:
    case BLOCK_TOOL_RESULT:
        break;
    }
    buf_put(out, S(" | "));
}

static str read_as(struct bench *b, const char *stream, struct pipe_cut cut)
{
    struct buf out;
    buf_init(&out, 65536);
    pipe_stream(b->p, dialect_get(DIALECT_RESPONSES), str_from_cz(stream), cut);
    const struct failure *f = b->p->fold.failure;
    const struct reply_choice *c = b->p->reply.choices;
    for (const struct block *k = c ? c->blocks : NULL; k; k = k->next)
        describe(&out, k);
    if (f)
        buf_printf(&out, "error %d " STR_FMT ": " STR_FMT, (int)f->class, STR_ARG(f->code),
                   STR_ARG(f->message));
    else if (b->p->rc != 0)
        buf_printf(&out, "%s", err_info(b->p->rc)->name);
    else
        buf_printf(&out, "%s", finish_name(c ? c->finish.reason : FINISH_UNSET));
    if (b->p->before.fault.n > 0)
        buf_printf(&out, " GRAMMAR: " STR_FMT, STR_ARG(b->p->before.fault));
    str text = arena_str(&b->p->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

static const struct {
    const char *what, *stream, *want;
} cases[] = {
    {"a plain answer", CREATED MESSAGE_ADDED TEXT("he") TEXT("llo") MESSAGE_DONE("hello") END,
     "text[msg_1/final_answer]:hello{u} | stop"},
    {"text without announcement", CREATED TEXT("hel") TEXT("lo") END, "text[msg_1/]:hello | stop"},
    {"nothing but deltas", TEXT("hi") END, "text[msg_1/]:hi | stop"},
    {"no deltas, text.done",
     CREATED MESSAGE_ADDED EV("output_text.done\",\"output_index\":0,\"text\":\"hello\"")
         MESSAGE_DONE("hello") END,
     "text[msg_1/final_answer]:hello{u} | stop"},
    {"no deltas, item.done only", CREATED MESSAGE_DONE("hello") END,
     "text[msg_1/final_answer]:hello{u} | stop"},
    {"only the end has it",
     CREATED EV("completed\",\"response\":{\"status\":\"completed\",\"output\":[{\"type\":"
                "\"reasoning\",\"id\":\"rs\",\"summary\":[]},{\"type\":\"message\",\"id\":\"m\","
                "\"content\":[{\"type\":\"output_text\",\"text\":\"hi\"}]}]}"),
     "reasoning[rs]~ | text[m/]:hi | stop"},
    {"an item that was never done takes the end's",
     CREATED MESSAGE_ADDED EV("completed\",\"response\":{\"status\":\"completed\",\"output\":[{"
                              "\"type\":\"message\",\"id\":\"m\",\"content\":[{\"type\":"
                              "\"output_text\",\"text\":\"hi\"}]}]}"),
     "text[m/final_answer]:hi | stop"},
    {"a part that was not streamed",
     CREATED MESSAGE_ADDED TEXT("a")
         EV("output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_1\","
            "\"content\":[{\"type\":\"output_text\",\"text\":\"a\"},{\"type\":\"refusal\","
            "\"refusal\":\"no\"}]}") END,
     "text[msg_1/final_answer]:a | refusal[msg_1/final_answer]:no | refusal"},
    {"parts counted from one",
     CREATED MESSAGE_ADDED EV("content_part.added\",\"output_index\":0,\"content_index\":1,"
                              "\"part\":{\"type\":\"output_text\",\"text\":\"\"}")
         EV("output_text.delta\",\"output_index\":0,\"content_index\":1,\"delta\":\"hello\"")
             MESSAGE_DONE("hello") END,
     "text[msg_1/final_answer]:hello{u} | stop"},
    {"citations behind the text",
     CREATED MESSAGE_ADDED TEXT("hello") EV("output_text.done\",\"output_index\":0,\"text\":\"x\"")
         EV("output_text.annotation.added\",\"output_index\":0,\"annotation\":{\"type\":"
            "\"url_citation\",\"url\":\"v\"}") MESSAGE_DONE("hello") END,
     "text[msg_1/final_answer]:hello{v} | stop"},
    {"a call",
     CREATED EV("output_item.added\",\"output_index\":0," CALL_ITEM(""))
         EV("function_call_arguments.delta\",\"output_index\":0,\"delta\":\"{\\\"a\\\"\"")
             EV("function_call_arguments.delta\",\"output_index\":0,\"delta\":\":1}\"")
                 EV("function_call_arguments.done\",\"output_index\":0,\"arguments\":\"{}\"")
                     EV("output_item.done\",\"output_index\":0," CALL_ITEM("{\\\"a\\\":1}")) END,
     "call[call_1 n.f]:{\"a\":1} | tool_calls"},
    {"arguments.done without deltas",
     CREATED EV("output_item.added\",\"output_index\":0," CALL_ITEM(""))
         EV("function_call_arguments.done\",\"output_index\":0,\"arguments\":\"{}\"")
             EV("output_item.done\",\"output_index\":0," CALL_ITEM("{}")) END,
     "call[call_1 n.f]:{} | tool_calls"},
    {"a call without announcement",
     CREATED EV("function_call_arguments.delta\",\"output_index\":0,\"delta\":\"{}\"")
         EV("output_item.done\",\"output_index\":0," CALL_ITEM("{}")) END,
     "call[call_1 n.f]:{} | tool_calls"},
    {"ids that change on the way",
     CREATED EV("output_item.added\",\"output_index\":0," CALL_ITEM("")) EV(
         "function_call_arguments.delta\",\"item_id\":\"zz\",\"output_index\":0,\"delta\":\"{}\"")
         EV("output_item.done\",\"output_index\":0,\"item\":{\"id\":\"yy\",\"type\":"
            "\"function_call\",\"call_id\":\"call_1\",\"name\":\"f\",\"namespace\":\"n\","
            "\"arguments\":\"{}\"}") END,
     "call[call_1 n.f]:{} | tool_calls"},
    {"calls side by side",
     CREATED EV("output_item.added\",\"output_index\":0," CALL_ITEM("")) EV(
         "output_item.added\",\"output_index\":1,\"item\":{\"type\":\"custom_tool_call\","
         "\"call_id\":\"call_2\",\"name\":\"p\",\"input\":\"\"}")
         EV("function_call_arguments.delta\",\"output_index\":0,\"delta\":\"{\"")
             EV("custom_tool_call_input.delta\",\"output_index\":1,\"delta\":\"x\"")
                 EV("function_call_arguments.delta\",\"output_index\":0,\"delta\":\"}\"")
                     EV("custom_tool_call_input.delta\",\"output_index\":1,\"delta\":\"y\"") END,
     "call[call_1 n.f]:{} | custom[call_2 .p]:xy | tool_calls"},
    {"sealed reasoning counts when it is done",
     CREATED EV("output_item.added\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":"
                "\"rs_1\",\"summary\":[],\"encrypted_content\":\"part\"}")
         EV("reasoning_summary_part.added\",\"output_index\":0,\"summary_index\":0,\"part\":{}")
             EV("reasoning_summary_text.delta\",\"output_index\":0,\"summary_index\":0,\"delta\":"
                "\"a\"") EV("reasoning_summary_text.delta\",\"output_index\":0,\"summary_index\":1,"
                            "\"delta\":\"b\"") EV("reasoning_text.delta\",\"output_index\":0,"
                                                  "\"content_index\":0,\"delta\":\"c\"")
                 EV("output_item.done\",\"output_index\":0,\"item\":{\"type\":\"reasoning\","
                    "\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"whole\"}") END,
     "reasoning[rs_1]:a:b!c~whole | stop"},
    {"reasoning that comes whole",
     CREATED EV("output_item.done\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":"
                "\"r\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"s\"}],\"content\":[{"
                "\"type\":\"reasoning_text\",\"text\":\"t\"}]}") END,
     "reasoning[r]:s!t~ | stop"},
    {"thoughts without deltas",
     CREATED EV("reasoning_summary_text.done\",\"output_index\":0,\"summary_index\":0,\"text\":"
                "\"s\"") EV("reasoning_text.done\",\"output_index\":0,\"text\":\"t\"") END,
     "reasoning[]:s!t~ | stop"},
    {"hosted tools are whole at their end",
     CREATED EV("output_item.added\",\"output_index\":0,\"item\":{\"type\":\"web_search_call\","
                "\"id\":\"w\"}") EV("web_search_call.searching\",\"output_index\":0")
         EV("output_item.done\",\"output_index\":0,\"item\":{\"type\":\"web_search_call\","
            "\"id\":\"w\",\"status\":\"completed\"}") END,
     "opaque:web_search_call | stop"},
    {"a refusal",
     CREATED MESSAGE_ADDED EV("refusal.delta\",\"output_index\":0,\"delta\":\"no\"")
         EV("refusal.done\",\"output_index\":0,\"refusal\":\"no\"") END,
     "refusal[msg_1/final_answer]:no | refusal"},
    {"queued, unknown events, a mark in the middle",
     EV("queued\",\"response\":{\"id\":\"r\"}") "data: [DONE]\n\n" EV(
         "from_the_future\"") "event: ping\ndata: {}\n\n" TEXT("x") END
     "data: [DONE]\n\ndata: junk\n\n",
     "text[msg_1/]:x | stop"},
    {"too long",
     CREATED TEXT("x") EV("incomplete\",\"response\":{\"status\":\"incomplete\","
                          "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}"),
     "text[msg_1/]:x | length"},
    {"filtered",
     CREATED TEXT("x") EV("incomplete\",\"response\":{\"status\":\"incomplete\","
                          "\"incomplete_details\":{\"reason\":\"content_filter\"}}"),
     "text[msg_1/]:x | content_filter"},
    {"the documented error",
     CREATED "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\","
             "\"message\":\"slow\",\"param\":null}\n\n",
     "error 11 rate_limit_exceeded: slow"},
    {"the recorded error, then failed",
     CREATED "data: {\"type\":\"error\",\"error\":{\"type\":\"server_error\",\"code\":null,"
             "\"message\":\"oops\"}}\n\n" EV("failed\",\"response\":{\"error\":{}}"),
     "error 15 : oops"},
    {"failed alone",
     CREATED EV("failed\",\"response\":{\"error\":{\"code\":\"context_length_exceeded\","
                "\"message\":\"long\"}}"),
     "error 1 context_length_exceeded: long"},
    {"an error without a type", "data: {\"error\":{\"message\":\"m\",\"code\":429}}\n\n",
     "error 15 : m"},
    {"failed without words", CREATED EV("failed\",\"response\":{}"),
     "error 15 : The provider failed while it answered."},
    {"broken off", CREATED MESSAGE_ADDED, "PROVIDER_TRUNCATED"},
    {"nothing at all", "", "PROVIDER_TRUNCATED"},
    {"no JSON", CREATED "data: {nope\n\n", "PROVIDER_BODY"},
    {"no object", CREATED "data: [1]\n\n", "PROVIDER_BODY"},
    {"an item of the wrong shape",
     CREATED EV("output_item.done\",\"output_index\":0,\"item\":{\"type\":\"function_call\","
                "\"name\":7}") END,
     "PROVIDER_BODY"},
    {"an item that is none", CREATED EV("output_item.added\",\"item\":null"), "PROVIDER_BODY"},
    {"members of the wrong type say nothing",
     CREATED EV("output_text.delta\",\"output_index\":\"a\",\"content_index\":-4,\"delta\":{}")
         EV("output_text.annotation.added\",\"annotation\":3") EV("output_item.added\"")
             EV("completed\",\"response\":[]"),
     "text[/]: | other"},
};

static void test_cases(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b;
        bench_init(&b);
        is_str(read_as(&b, cases[i].stream, (struct pipe_cut){0}), str_from_cz(cases[i].want),
               cases[i].what);
        bench_fini(&b);
    }
}

static void test_cuts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = strlen(cases[i].stream), wrong = 0;
        for (size_t at = 1; at <= n; at++) {
            struct bench b;
            bench_init(&b);
            str got = read_as(&b, cases[i].stream, (struct pipe_cut){.first = at, .step = n});
            wrong += !str_eq(got, str_from_cz(cases[i].want));
            bench_fini(&b);
        }
        is_int(wrong, 0, cases[i].what);
    }
}

/* A stream that ends early is never a success. */
static void test_truncation(void)
{
    const char *stream = cases[0].stream;
    size_t n = strlen(stream), wrong = 0;
    for (size_t at = 0; at + 2 < n; at++) {
        struct bench b;
        bench_init(&b);
        char *part = arena_cz(&b.p->a, str_of(stream, at));
        read_as(&b, part, (struct pipe_cut){0});
        wrong += b.p->rc == 0 || b.p->n_ends > 0;
        bench_fini(&b);
    }
    is_int(wrong, 0, "no prefix is an answer");
}

static void test_start_and_usage(void)
{
    struct bench b;
    bench_init(&b);
    read_as(&b, CREATED TEXT("x") END, (struct pipe_cut){0});
    is_str(b.p->reply.start.id, S("resp_1"), "id");
    is_str(b.p->reply.start.model, S("gpt-x"), "model");
    is_int(b.p->reply.start.created_s, 1700000000, "created, a float");
    is_int(b.p->reply.usage.input_tokens, 3, "input");
    is_int(b.p->reply.usage.cached_tokens, 1, "cached");
    is_int(b.p->reply.usage.cache_write_tokens, 2, "cache write");
    is_int(b.p->reply.usage.output_tokens, 5, "output");
    is_int(b.p->reply.usage.reasoning_tokens, 4, "reasoning");
    bench_fini(&b);
}

/* Records of open blocks are used again: a stream of many items needs no more than one. */
static void test_memory(void)
{
    struct bench b;
    bench_init(&b);
    struct arena a, scratch;
    arena_init(&a, 512, 1 << 20);
    arena_init(&scratch, 4096, 1 << 20);
    struct decoder d = {.a = &a, .scratch = &scratch, .err = &b.p->err, .sink = b.p->head};
    for (int i = 0; i < 200; i++) {
        char data[200];
        struct buf event;
        buf_init(&event, sizeof(data));
        buf_printf(&event,
                   "{\"type\":\"response.output_item.done\",\"output_index\":%d,\"item\":{"
                   "\"type\":\"message\",\"id\":\"m\",\"content\":[{\"type\":\"output_text\","
                   "\"text\":\"x\"}]}}",
                   i);
        struct message m = {.data = buf_str(&event)};
        ok(responses_read_message(&d, &m) == 0 || i > 0, "read");
        arena_fini(&scratch);
        buf_fini(&event);
    }
    ok(a.used_bytes <= 2048, "two records");
    arena_fini(&a);
    bench_fini(&b);
}

/* A provider that begins items and never ends them is told from one that does. */
static void test_open_items(void)
{
    struct bench b;
    bench_init(&b);
    struct buf stream;
    buf_init(&stream, 1 << 20);
    for (int i = 0; i < 2000; i++)
        buf_printf(&stream,
                   "data: {\"type\":\"response.output_item.added\",\"output_index\":%d,\"item\":{"
                   "\"type\":\"message\",\"id\":\"m\",\"content\":[]}}\n\n",
                   i);
    pipe_stream(b.p, dialect_get(DIALECT_RESPONSES), buf_str(&stream), (struct pipe_cut){0});
    is_int(b.p->rc, -E_PROVIDER_BODY, "too many open items");
    buf_fini(&stream);
    bench_fini(&b);
}

int main(void)
{
    test_cases();
    test_cuts();
    test_truncation();
    test_start_and_usage();
    test_memory();
    test_open_items();
    return tap_done();
}
