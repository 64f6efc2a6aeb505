/* Settings by the names of their clients, arguments as objects, room. */
#include "llm/carry.c"

#include "codec_bench.h"

static void client_names(struct bench *b)
{
    struct chat *c = bench_new_chat(b);
    is_str(setting_name(c, SETTING_TOP_K), S("top_k"), "OpenAI's name");
    c->origin = DIALECT_GEMINI;
    is_str(setting_name(c, SETTING_TOP_K), S("generationConfig.topK"), "Gemini's");
    c->origin = DIALECT_OLLAMA_TEXT;
    is_str(setting_name(c, SETTING_TOP_K), S("options.top_k"), "Ollama's");
    c->origin = DIALECT_RESPONSES;
    is_str(setting_name(c, SETTING_REASONING), S("reasoning.effort"), "Responses'");
    c->max_output_field = S("max_completion_tokens");
    is_str(setting_name(c, SETTING_MAX_OUTPUT), S("max_completion_tokens"), "the client's own");
}

static void carrying(struct bench *b)
{
    struct writing w = bench_writing(b);
    struct chat *c = bench_new_chat(b);
    c->sampling.seed = S("1");
    c->parallel = YES;
    c->service_tier = S("auto");
    c->output.modalities = bench_json(b, S("[\"text\"]"));
    struct extras *e = &c->extras;
    e->origin = DIALECT_CHAT;
    extras_add(&b->a, e, S("new"), bench_json(b, S("1")));
    extras_add(&b->a, e, S("empty"), bench_json(b, S("{}")));
    is_int(settings_carry(&w, c, DIALECT_COHERE, SETTING_BIT(TOP_P)), 0, "losses are no refusal");
    is_str(bench_lost(b), S("dropped:seed, dropped:new"), "what asks for something is noted");
    is_int(settings_carry(&w, c, DIALECT_CHAT, SETTING_BIT(SEED)), 0, "one's own");
    is_str(bench_lost(b), S(""), "loses nothing");
    c->own_only = "prompt";
    is_int(settings_carry(&w, c, DIALECT_COHERE, 0), -E_BAD_REQUEST, "what no other can say");
    is_str(w.err->param, S("prompt"), "is refused by its name");
    bench_lost(b);
}

static void clamping(struct bench *b)
{
    struct writing w = bench_writing(b);
    struct chat *c = bench_new_chat(b);
    is_str(setting_clamp(&w, c, SETTING_TEMPERATURE, S("0.70"), S("0"), S("1")), S("0.70"),
           "a number within stays as it was written");
    is_str(bench_lost(b), S(""), "without a note");
    is_str(setting_clamp(&w, c, SETTING_TEMPERATURE, S("1e9"), S("0"), S("1")), S("1"), "above");
    is_str(setting_clamp(&w, c, SETTING_TEMPERATURE, S("-1"), S("0"), S("1")), S("0"), "below");
    is_str(setting_clamp(&w, c, SETTING_TEMPERATURE, S_EMPTY, S("0"), S("1")), S(""), "absent");
    is_str(bench_lost(b), S("clamped:temperature"), "noted once");
}

static str as_written(struct bench *b, enum tool_kind kind, str args)
{
    struct tool_call call = {.kind = kind, .args = args};
    buf_reset(&b->out);
    struct json_writer w = json_writer(&b->out);
    call_put_object(&w, NULL, &b->a, &call, &b->loss);
    return buf_str(&b->out);
}

static void objects(struct bench *b)
{
    is_str(as_written(b, TOOL_FUNCTION, S("{\"a\": 1.0}")), S("{\"a\":1.0}"), "an object");
    is_str(as_written(b, TOOL_FUNCTION, S(" ")), S("{}"), "nothing");
    is_str(as_written(b, TOOL_FUNCTION, S("null")), S("{}"), "null");
    is_str(bench_lost(b), S(""), "lose nothing");
    is_str(as_written(b, TOOL_FUNCTION, S("{\"a\":")), S("{\"_raw_arguments\":\"{\\\"a\\\":\"}"),
           "what was cut off");
    is_str(bench_lost(b), S("emulated:arguments"), "is noted");
    is_str(as_written(b, TOOL_CUSTOM, S("free")), S("{\"input\":\"free\"}"), "free text");
    is_str(free_text_piece(&b->a, S("a\"\n"), true), S("{\"input\":\"a\\\"\\n"), "its first piece");
    is_str(free_text_piece(&b->a, S("\\b"), false), S("\\\\b"), "another one");
    is_str(free_text_piece(&b->a, S_EMPTY, true), S("{\"input\":\""), "an empty one");
}

static void room(struct bench *b)
{
    struct arena small;
    struct reading r = bench_reading(b, 0);
    struct writing w = bench_writing(b);
    struct chat *c = bench_new_chat(b);
    is_int(reading_check_room(&r, 1u << 20), 0, "there is room");
    is_int(reading_check_room(&r, 1u << 30), -E_BAD_REQUEST, "not for everything");
    is_int(writing_check_room(&w, c), 0, "there is room to write in");
    arena_init(&small, 512, 64u << 10);
    b->err.code = 0;
    w.a = &small;
    is_int(writing_check_room(&w, c), -E_BAD_REQUEST, "but not in a small arena");
    is_str(json_text(&small, bench_json(b, S("[1]"))), S(""), "where texts are empty");
    arena_fini(&small);
}

int main(void)
{
    struct bench b;
    bench_init(&b, DIALECT_CHAT);
    client_names(&b);
    carrying(&b);
    clamping(&b);
    objects(&b);
    room(&b);
    bench_fini(&b);
    return tap_done();
}
