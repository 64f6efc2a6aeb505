#include "llm/stream.c"

#include "printable.h"
#include "tap.h"

static struct arena arena;

static const char *const verdicts[] = {"keep", "drop", "edit"};

#define CHUNK "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]"
#define USAGE "{\"prompt_tokens\":9,\"completion_tokens\":3}"

/* ---- what the client gets of an event that carries usage nobody asked for ---- */

static void test_stripping(void)
{
    static const struct {
        str event;
        enum stream_verdict verdict;
        str edited;
    } cases[] = {
        {S("data: " CHUNK "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: " CHUNK ",\"usage\":null}\n\n"), STREAM_EDIT, S("data: " CHUNK "}\n\n")},
        {S("data: {\"usage\":null,\"choices\":[{}]}\n\n"), STREAM_EDIT,
         S("data: {\"choices\":[{}]}\n\n")},
        {S("data: {\"id\":\"c\", \"usage\" : null , \"choices\":[{}]}\n\n"), STREAM_EDIT,
         S("data: {\"id\":\"c\", \"choices\":[{}]}\n\n")},
        {S("data: {\"usage\":null}\n\n"), STREAM_EDIT, S("data: {}\n\n")},
        {S("data: {\"us\\u0061ge\":null,\"a\":\"\\\"usage\\\"\"}\r\n\r\n"), STREAM_EDIT,
         S("data: {\"a\":\"\\\"usage\\\"\"}\r\n\r\n")},
        {S(": note\r\nid: 7\r\ndata:{\"a\":1,\"usage\":null}\r\n\r\n"), STREAM_EDIT,
         S(": note\r\nid: 7\r\ndata:{\"a\":1}\r\n\r\n")},
        {S("data: {\"choices\":[],\"usage\":" USAGE "}\n\n"), STREAM_DROP, S_EMPTY},
        {S("data: {\"choices\":[{\"index\":0,\"delta\":{ "
           "},\"finish_reason\":null}],\"usage\":" USAGE "}\n\n"),
         STREAM_DROP, S_EMPTY},
        {S("data: "
           "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":" USAGE
           "}\n\n"),
         STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}],\"usage\":" USAGE
           "}\n\n"),
         STREAM_KEEP, S_EMPTY},
        {S("data: "
           "{\"choices\":[{\"index\":0,\"delta\":{}},{\"index\":1,\"delta\":{}}],\"usage\":" USAGE
           "}\n\n"),
         STREAM_KEEP, S_EMPTY},
        {S("data: {\"usage\":" USAGE ",\"choices\" : [ \t ] }\n\n"), STREAM_DROP, S_EMPTY},
        {S("data: {\"choices\":[],\ndata: \"usage\":" USAGE "}\n\n"), STREAM_DROP, S_EMPTY},
        {S("data: {\"choices\":[],\"usage\":null,\"prompt_filter_results\":[]}\n\n"), STREAM_EDIT,
         S("data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n")},
        {S("data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: " CHUNK ",\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":null,\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":{},\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[[]],\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: " CHUNK ",\"x_groq\":{\"usage\":" USAGE "}}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[],\"usage\":" USAGE ",\"error\":{\"code\":1}}\n\n"), STREAM_KEEP,
         S_EMPTY},
        {S("event: error\ndata: {\"choices\":[],\"usage\":" USAGE "}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[],\"usage\":1}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"a\":1,\ndata: \"usage\":null}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[{\"delta\":{\"usage\":null}}]}\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: {\"choices\":[],\"usage\":null\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: [{\"usage\":null}]\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: \"usage\"\n\n"), STREAM_KEEP, S_EMPTY},
        {S(": \"usage\" in a comment\n\n"), STREAM_KEEP, S_EMPTY},
        {S("data: [DONE]\n\n"), STREAM_KEEP, S_EMPTY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stream_tap t;
        str edited = S_EMPTY;
        stream_tap_init(&t, operation_get(OP_CHAT), true);
        enum stream_verdict got = stream_tap_event(&t, &arena, cases[i].event, &edited);
        printf("# %s: %s\n", printable(cases[i].event), verdicts[got]);
        is_int(got, cases[i].verdict, "verdict");
        is_str(edited, cases[i].edited, "what goes on instead");
        stream_tap_init(&t, operation_get(OP_CHAT), false);
        got = stream_tap_event(&t, &arena, cases[i].event, &edited);
        is_int(got, STREAM_KEEP, "who asked for usage gets all");
    }
}

/* ---- what is noted ---- */

static void test_notes(void)
{
    static const struct {
        enum operation_id op;
        str event;
        bool has_ended, has_error;
        uint64_t events;
    } cases[] = {
        {OP_CHAT, S("data: [DONE]\n\n"), true, false, 1},
        {OP_CHAT, S("data:[DONE]\r\n\r\n"), true, false, 1},
        {OP_CHAT, S("data:   [DONE] \r\r"), true, false, 1},
        {OP_CHAT,
         S("\xEF\xBB\xBF"
           "data: [DONE]\n\n"),
         true, false, 1},
        {OP_CHAT, S(": a comment\nid: 1\ndata: [DONE]\n\n"), true, false, 1},
        {OP_CHAT, S("data: [DONE\ndata: ]\n\n"), false, false, 1},
        {OP_CHAT, S("data: [done]\n\n"), false, false, 1},
        {OP_CHAT, S("data: \"[DONE]\"\n\n"), false, false, 1},
        {OP_CHAT, S("data: " CHUNK "}\ndata: [DONE]\n\n"), false, false, 1},
        {OP_CHAT, S(": data: [DONE]\n\n"), false, false, 0},
        {OP_CHAT, S("event: [DONE]\n\n"), false, false, 0},
        {OP_CHAT, S("\n"), false, false, 0},
        {OP_CHAT, S("data:\n\n"), false, false, 1},
        {OP_CHAT, S("data: {\"type\":\"response.completed\"}\n\n"), false, false, 1},
        {OP_CHAT, S("data: {\"object\":\"chat.completion.done\",\"choices\":[]}\n\n"), false, false,
         1},

        /* errors: OpenAI's, OpenRouter's chunk, Groq's event, and what only looks like one */
        {OP_CHAT, S("data: {\"error\":{\"message\":\"m\"}}\n\n"), false, true, 1},
        {OP_CHAT, S("data: { \"error\" : {\"message\":\"m\"}}\n\n"), false, true, 1},
        {OP_CHAT, S("data: {\"error\":\"text\"}\n\n"), false, true, 1},
        {OP_CHAT,
         S("data: {\"id\":\"g\",\"error\":{\"code\":400},\"choices\":[{\"index\":0}]}\n\n"), false,
         true, 1},
        {OP_CHAT, S("data: {\"type\":\"error\",\"message\":\"m\"}\n\n"), false, true, 1},
        {OP_CHAT, S("data: {\"type\":\"chunk\",\"error\":{\"code\":400}}\n\n"), false, true, 1},
        {OP_CHAT, S("event: message\ndata: {\"error\":{\"code\":400}}\n\n"), false, true, 1},
        {OP_CHAT, S("event: error\ndata: {\"error\":{\"status_code\":400}}\n\n"), false, true, 1},
        {OP_CHAT, S("event: error\ndata: {\"message\":\"m\"}\n\n"), false, true, 1},
        {OP_CHAT, S("event: error\ndata: overloaded\n\n"), false, true, 1},
        {OP_CHAT, S("data: {\"message\":\"m\"}\nevent: error\n\n"), false, true, 1},
        {OP_CHAT, S("data: {\"message\":\"m\"}\revent: error\r\r"), false, true, 1},
        {OP_CHAT, S("event: error\n\n"), false, false, 0},
        {OP_CHAT, S("data: {\"error\":null,\"choices\":[]}\n\n"), false, false, 1},
        {OP_CHAT, S("data: {\"a\":\"\\\"error\\\":{}\"}\n\n"), false, false, 1},
        {OP_CHAT, S("data: {\"choices\":[{\"error\":{}}]}\n\n"), false, false, 1},

        {OP_RESPONSES, S("event: response.completed\ndata: {}\n\n"), true, false, 1},
        {OP_RESPONSES, S("event: response.incomplete\ndata: {}\n\n"), true, false, 1},
        {OP_RESPONSES, S("event: response.failed\ndata: {}\n\n"), true, false, 1},
        {OP_RESPONSES, S("event: response.cancelled\ndata: {}\n\n"), true, false, 1},
        {OP_RESPONSES, S("data: {\"type\":\"response.completed\"}\n\n"), true, false, 1},
        {OP_RESPONSES, S("data: {\"type\":\"response\\u002ecompleted\"}\n\n"), true, false, 1},
        {OP_RESPONSES, S("event: response.completed\n\n"), false, false, 0},
        {OP_RESPONSES, S("event: response.output_item.done\ndata: {}\n\n"), false, false, 1},
        {OP_RESPONSES, S("event: response.web_search_call.completed\ndata: {}\n\n"), false, false,
         1},
        {OP_RESPONSES, S("data: {\"item\":{\"type\":\"response.completed\"}}\n\n"), false, false,
         1},
        {OP_RESPONSES, S("data: {\"type\":7}\n\n"), false, false, 1},
        {OP_RESPONSES, S("data: [DONE]\n\n"), false, false, 1},
        {OP_RESPONSES, S("event: error\ndata: {\"type\":\"error\",\"error\":{}}\n\n"), false, true,
         1},
        {OP_RESPONSES, S("data: {\"type\":\"error\",\"code\":\"c\",\"message\":\"m\"}\n\n"), false,
         true, 1},
        {OP_RESPONSES, S("data: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\n"),
         false, false, 1},
        {OP_RESPONSES, S("event: error\rdata: {\"d\":\"x.delta\"}\r\r"), false, true, 1},
        {OP_RESPONSES, S("event: response.completed\rdata: {}\nx: .delta\n\n"), true, false, 1},
        {OP_RESPONSES, S("event: a.delta\nevent: response.completed\ndata: {}\n\n"), true, false,
         1},
        {OP_RESPONSES, S("event: a.delta\ndata: {}\nevent: error\n\n"), false, true, 1},
        {OP_RESPONSES, S("event: a.delta\ndata: {}\n\n"), false, false, 1},
        {OP_RESPONSES, S("event: a.delta\n\n"), false, false, 0},

        {OP_IMAGES_GENERATIONS, S("event: image_generation.completed\ndata: {}\n\n"), true, false,
         1},
        {OP_IMAGES_EDITS, S("data: {\"type\":\"image_edit.completed\"}\n\n"), true, false, 1},
        {OP_IMAGES_GENERATIONS, S("event: image_generation.partial_image\ndata: {}\n\n"), false,
         false, 1},
        {OP_AUDIO_SPEECH, S("data: {\"type\":\"speech.audio.done\"}\n\n"), true, false, 1},
        {OP_AUDIO_SPEECH, S("data: {\"type\":\"speech.audio.delta\"}\n\n"), false, false, 1},
        {OP_AUDIO_TRANSCRIPTIONS, S("event: transcript.text.done\ndata: {}\n\n"), true, false, 1},
        {OP_AUDIO_TRANSCRIPTIONS, S("data: {\"type\":\"done\"}\n\n"), false, false, 1},
        {OP_AUDIO_TRANSCRIPTIONS, S("data: [DONE]\n\n"), false, false, 1},
        {OP_EMBEDDINGS, S("data: {\"type\":\"x.done\"}\n\n"), false, false, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stream_tap t;
        str edited;
        stream_tap_init(&t, operation_get(cases[i].op), false);
        printf("# %s: %s\n", t.op->name.p, printable(cases[i].event));
        is_int(stream_tap_event(&t, &arena, cases[i].event, &edited), STREAM_KEEP, "is kept");
        is_int(t.has_ended, cases[i].has_ended, "ends the stream?");
        is_int(t.has_error, cases[i].has_error, "is an error?");
        is_int((long long)t.events, (long long)cases[i].events, "has data?");
        bool is_last = str_find(cases[i].event, S("chat.completion.done")) != STR_NONE;
        bool may_end = cases[i].has_ended || is_last || cases[i].op == OP_EMBEDDINGS;
        is_int(stream_tap_is_complete(&t), may_end, "may the stream end here?");
    }
}

static void tap_all(struct stream_tap *t, str stream)
{
    str event, edited;
    while (sse_next(&stream, &event))
        (void)stream_tap_event(t, &arena, event, &edited);
}

static void test_usage(void)
{
    static const struct {
        enum operation_id op;
        str stream;
        int64_t input, output;
    } cases[] = {
        {OP_CHAT, S("data: " CHUNK ",\"usage\":null}\n\ndata: [DONE]\n\n"), -1, -1},
        {OP_CHAT, S("data: {\"choices\":[],\"usage\":" USAGE "}\n\n"), 9, 3},
        {OP_CHAT, S("data: " CHUNK ",\"usage\":" USAGE "}\n\n"), 9, 3},
        {OP_CHAT, S("data: " CHUNK ",\"x_groq\":{\"id\":\"r\",\"usage\":" USAGE "}}\n\n"), 9, 3},
        {OP_CHAT, S("data: {\"x_groq\":{\"usage\":{\"prompt_tokens\":1}},\"usage\":" USAGE "}\n\n"),
         9, 3},
        {OP_CHAT, S("data: {\"error\":{},\"usage\":" USAGE "}\n\n"), 9, 3},
        {OP_CHAT,
         S("data: {\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\n"
           "data: {\"usage\":" USAGE "}\n\n"),
         9, 3},
        {OP_CHAT, S("data: {\"choices\":[{\"usage\":" USAGE "}]}\n\n"), -1, -1},
        {OP_CHAT, S("data: {\"usage\":[" USAGE "]}\n\n"), -1, -1},
        {OP_CHAT, S("data: {\"usage\":" USAGE "\n\n"), -1, -1},
        {OP_RESPONSES,
         S("event: response.completed\ndata: {\"response\":{\"usage\":" USAGE "}}\n\n"), 9, 3},
        {OP_RESPONSES, S("event: response.created\ndata: {\"response\":{\"usage\":null}}\n\n"), -1,
         -1},
        {OP_RESPONSES, S("event: response.created\ndata: {\"response\":\"usage\"}\n\n"), -1, -1},
        {OP_AUDIO_TRANSCRIPTIONS,
         S("data: {\"type\":\"transcript.text.done\",\"usage\":{\"type\":\"tokens\","
           "\"input_tokens\":9,\"output_tokens\":3}}\n\n"),
         9, 3},
        {OP_IMAGES_GENERATIONS,
         S("event: image_generation.completed\ndata: {\"b64_json\":\"\",\"usage\":"
           "{\"input_tokens\":9,\"output_tokens\":3}}\n\n"),
         9, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stream_tap t;
        stream_tap_init(&t, operation_get(cases[i].op), true);
        tap_all(&t, cases[i].stream);
        is_int(t.usage.input_tokens, cases[i].input, printable(cases[i].stream));
        is_int(t.usage.output_tokens, cases[i].output, "and its output");
    }
}

static void test_response_id(void)
{
    struct stream_tap t;
    stream_tap_init(&t, operation_get(OP_RESPONSES), false);
    tap_all(&t, S("event: response.created\ndata: {\"response\":{\"id\":\"resp_1\"}}\n\n"));
    is_str(t.response_id, S("resp_1"), "the id, once created");
    tap_all(&t, S("event: response.output_text.delta\ndata: {\"response\":{\"id\":\"x\"}}\n\n"
                  "event: response.completed\ndata: {\"response\":{\"id\":9}}\n\n"
                  "event: response.completed\ndata: {\"id\":\"y\"}\n\n"));
    is_str(t.response_id, S("resp_1"), "nothing else is taken for one");
}

static void test_mark_stays(void)
{
    struct stream_tap t;
    stream_tap_init(&t, operation_get(OP_CHAT), false);
    tap_all(&t, S("data: [DONE]\n\ndata: {\"x\":1}\n\ndata: {\"error\":{}}\n\n"));
    ok(t.has_ended && t.has_error && t.events == 3, "what follows the mark does not unmake it");
}

/* ---- the quick looks ---- */

/* Lines to make events of; what matters and what only looks like it, in every combination. */
static const char *const lines[] = {
    "data: {\"choices\":[],\"usage\":" USAGE "}",
    "data: {\"a\":1,\"usage\":null}",
    "data: {\"a\":\"\\\"usage\\\" \\\"error\\\"\"}",
    "data: {\"a\":1,\"error\":{\"code\":1}}",
    "data: {\"type\":\"error\"}",
    "data: {\"type\":\"response.completed\"}",
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}",
    "data: {\"type\":\"x.delta\",\"error\":{},\"usage\":" USAGE "}",
    "data: [DONE]",
    "data:{",
    "event: error",
    "event: x.delta",
    "event: response.completed",
    "event:x.delta",
    ": x.delta",
    "",
};
static const char *const line_ends[] = {"\n", "\r\n", "\r"};

static bool same_taps(const struct stream_tap *a, const struct stream_tap *b)
{
    return a->has_ended == b->has_ended && a->has_error == b->has_error && a->events == b->events &&
           a->usage.input_tokens == b->usage.input_tokens &&
           a->usage.output_tokens == b->usage.output_tokens;
}

/* Reads an event quickly and in full; do both say the same, and does it not pass unseen when it
 * has something to say? */
static bool is_read_alike(enum operation_id op, str event)
{
    struct stream_tap quick, full;
    str edits[2] = {S_EMPTY, S_EMPTY};
    stream_tap_init(&quick, operation_get(op), true);
    stream_tap_init(&full, operation_get(op), true);
    enum stream_verdict a = stream_tap_event(&quick, &arena, event, &edits[0]);
    enum stream_verdict b = read_event(&full, &arena, event, &edits[1]);
    bool is_same = same_taps(&quick, &full);
    bool tells = b != STREAM_KEEP || full.has_ended || full.has_error ||
                 usage_is_known(&full.usage) || full.response_id.n > 0;
    stream_tap_init(&quick, operation_get(op), true);
    bool is_missed = tells && stream_tap_skips(&quick, event);
    return a == b && str_eq(edits[0], edits[1]) && is_same && !is_missed;
}

static void test_quick_looks(void)
{
    static const enum operation_id ops[] = {OP_CHAT, OP_RESPONSES, OP_AUDIO_SPEECH, OP_EMBEDDINGS};
    size_t n = ARRAY_LEN(lines), bad = 0;
    for (size_t i = 0; i < n * n * 9 * ARRAY_LEN(ops); i++) {
        const char *first_end = line_ends[i / (n * n) % 3],
                   *last_end = line_ends[i / (n * n) / 3 % 3];
        str event = arena_printf(&arena, "%s%s%s%s%s", lines[i % n], first_end, lines[i / n % n],
                                 last_end, last_end);
        str one_line = arena_printf(&arena, "%s%s%s", lines[i % n], first_end, last_end);
        enum operation_id op = ops[i / (n * n * 9)];
        if (!is_read_alike(op, event) || !is_read_alike(op, one_line)) {
            printf("# op %d: %s\n", op, printable(event));
            bad++;
        }
        arena_fini(&arena);
    }
    is_int(bad, 0, "a quick look and a full reading say the same");
    const struct operation *chat = operation_get(OP_CHAT), *responses = operation_get(OP_RESPONSES);
    ok(is_plain_chunk(chat, S("data: " CHUNK "}\n\n")), "a chunk needs no more than a quick look");
    ok(is_plain_chunk(chat, S("data: {\"a\":\"\\\"usage\\\"\"}\n\n")), "whatever it says");
    ok(is_delta_event(responses, S("event: x.delta\ndata: {}\n\n")), "nor does a delta event");
    ok(!is_plain_chunk(responses, S("data: {}\n\n")) && !is_delta_event(chat, S("event: x.delta\n"
                                                                                "data: {}\n\n")),
       "each in its own dialect");
    ok(!is_plain_chunk(chat, S("data: {\nx")) && !is_plain_chunk(chat, S("data: {")), "cut short");
}

static void test_batches(void)
{
    static const struct {
        enum operation_id op;
        str events;
        bool is_skipped;
    } cases[] = {
        {OP_CHAT, S("data: " CHUNK "}\n\n: ping\n\ndata: " CHUNK "}\n\n"), true},
        {OP_CHAT, S("data: " CHUNK "}\n\ndata: [DONE]\n\n"), false},
        {OP_CHAT, S("data: " CHUNK "}\n\ndata: " CHUNK ",\"usage\":null}\n\n"), false},
        {OP_CHAT, S("data: " CHUNK "}\n\nevent: error\ndata: x\n\n"), false},
        {OP_RESPONSES, S("event: x.delta\ndata: {}\n\n"), false},
        {OP_AUDIO_SPEECH, S("event: x.delta\ndata: {}\n\n"), false},
        {OP_EMBEDDINGS, S("data: {}\n\n"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stream_tap t;
        stream_tap_init(&t, operation_get(cases[i].op), true);
        is_int(stream_tap_skips(&t, cases[i].events), cases[i].is_skipped,
               printable(cases[i].events));
        t.has_ended = true;
        ok(!stream_tap_skips(&t, cases[i].events), "behind the end mark all is looked at");
    }
}

/* ---- errors, read and written ---- */

static void test_error_data(void)
{
    static const struct {
        str event, want;
    } cases[] = {
        {S("data: {\"error\":{\"message\":\"m\"}}\n\n"), S("{\"error\":{\"message\":\"m\"}}")},
        {S("event: error\ndata: {\"message\":\"m\"}\n\n"), S("{\"message\":\"m\"}")},
        {S("data: {\"type\":\"error\",\"message\":\"m\"}\n\n"),
         S("{\"type\":\"error\",\"message\":\"m\"}")},
        {S("data: {\"id\":\"g\",\ndata: \"error\":{}}\n\n"), S("{\"id\":\"g\",\n\"error\":{}}")},
        {S("data: {\"error\":null}\n\n"), S_EMPTY},
        {S("data: " CHUNK "}\n\n"), S_EMPTY},
        {S("data: [DONE]\n\n"), S_EMPTY},
        {S("event: error\ndata: overloaded\n\n"), S_EMPTY},
        {S("event: error\ndata: [1]\n\n"), S_EMPTY},
        {S("event: error\n\n"), S_EMPTY},
        {S(": error\n\n"), S_EMPTY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_str(stream_error_data(&arena, cases[i].event), cases[i].want, printable(cases[i].event));
}

static str error_events(enum operation_id op, int code)
{
    struct err e = {0};
    struct buf b;
    buf_init(&b, 4096);
    IGNORE_RESULT(err_set(&e, &arena, code, "a \"b\"\nc"));
    stream_put_error(&b, operation_get(op), &e, S("{\"message\":\"m\"}"));
    must(buf_is_ok(&b));
    str text = arena_str(&arena, buf_str(&b));
    buf_fini(&b);
    return text;
}

static void test_writing_errors(void)
{
    static const enum operation_id all[] = {OP_CHAT, OP_COMPLETIONS, OP_RESPONSES,
                                            OP_IMAGES_GENERATIONS, OP_AUDIO_SPEECH};
    is_str(error_events(OP_CHAT, -E_PROVIDER_STREAM),
           S("data: {\"error\":{\"message\":\"m\"}}\n\n"), "chat");
    is_str(error_events(OP_AUDIO_SPEECH, -E_DRAINING),
           arena_printf(&arena,
                        "event: error\ndata: {\"type\":\"error\",\"code\":\"%s\","
                        "\"message\":\"a \\\"b\\\"\\nc\",\"param\":null,"
                        "\"error\":{\"message\":\"m\"}}\n\n",
                        err_info(E_DRAINING)->openai_code ? err_info(E_DRAINING)->openai_code
                                                          : "server_error"),
           "speech");
    str failed = S("event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{"
                   "\"object\":\"response\",\"status\":\"failed\",\"output\":[],\"error\":{"
                   "\"code\":\"server_error\",\"message\":\"a \\\"b\\\"\\nc\"}}}\n\n");
    must(!err_info(E_BAD_REQUEST)->openai_code);
    ok(str_has_suffix(error_events(OP_RESPONSES, -E_BAD_REQUEST), failed),
       "Responses ends after it");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct stream_tap t;
        stream_tap_init(&t, operation_get(all[i]), false);
        tap_all(&t, error_events(all[i], -E_PROVIDER_STREAM));
        ok(t.has_error, "what is written reads as an error");
        is_int(t.has_ended, all[i] == OP_RESPONSES, "and only Responses has an end for it");
    }
}

/* What passes unseen must be what a look at each event would neither change nor learn from. */
static void test_skips(void)
{
    static const struct {
        enum operation_id op;
        const char *events;
        bool skips;
    } cases[] = {
        {OP_CHAT, "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"b\":1}\n\n",
         true},
        {OP_CHAT, ": ping\n\n", true},
        {OP_CHAT, "data: {\"choices\":[],\"usage\":{}}\n\n", false},
        {OP_CHAT, "data: {\"a\":1}\n\ndata: [DONE]\n\n", false},
        {OP_CHAT, "data: {\"a\":1}\n\ndata: {\"error\":{}}\n\n", false},
        {OP_CHAT, "event: error\ndata: {}\n\n", false},
        {OP_CHAT, "data: {\"object\":\"chat.completion.done\"}\n\n", false},
        {OP_RESPONSES, "event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n", false},
        {OP_RESPONSES, "event: response.created\ndata: {\"response\":{\"id\":\"r\"}}\n\n", false},
        {OP_RESPONSES, "data: {\"type\":\"error\"}\n\n", false},
        {OP_IMAGES_GENERATIONS, "event: image_generation.completed\ndata: {}\n\n", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stream_tap t;
        stream_tap_init(&t, operation_get(cases[i].op), true);
        is_int(stream_tap_skips(&t, str_from_cz(cases[i].events)), cases[i].skips,
               cases[i].events[0] == ':' ? "a comment" : "skipped or looked at");
    }
    struct stream_tap ended;
    stream_tap_init(&ended, operation_get(OP_CHAT), false);
    ended.has_ended = true;
    ok(!stream_tap_skips(&ended, S("data: {}\n\n")), "behind the end mark nothing passes unseen");
}

int main(void)
{
    arena_init(&arena, 0, (size_t)64 << 20);
    test_stripping();
    test_notes();
    test_usage();
    test_response_id();
    test_mark_stays();
    test_quick_looks();
    test_batches();
    test_error_data();
    test_writing_errors();
    arena_fini(&arena);
    test_skips();
    return tap_done();
}
