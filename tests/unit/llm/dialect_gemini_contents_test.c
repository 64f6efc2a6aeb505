/* The order of contents: sides in turn, results right behind their calls, as many as there were. */
#include "llm/dialect_gemini_contents.c"

#include "gemini_bench.h"

static str contents_of(struct bench *b, const char *messages)
{
    str body = arena_printf(&b->a, "{\"model\":\"m\",\"messages\":[%s]}", messages);
    return gemini_from(b, DIALECT_CHAT, body);
}

static void is_contents(struct bench *b, const char *messages, const char *want, const char *what)
{
    str got = contents_of(b, messages);
    bench_same(b, gemini_member(b, got, "contents"), str_from_cz(want), what);
}

#define CALL(id, name)                                                                             \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"{}\"}}"
#define CALLS(list)      "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" list "]}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define USER(text)       "{\"role\":\"user\",\"content\":\"" text "\"}"
#define P_CALL(id, name) "{\"functionCall\":{\"id\":\"" id "\",\"name\":\"" name "\",\"args\":{}}}"
#define P_RESULT(id, name, key, text)                                                              \
    "{\"functionResponse\":{\"id\":\"" id "\",\"name\":\"" name "\",\"response\":{\"" key          \
    "\":\"" text "\"}}}"
#define P_TEXT(text)      "{\"text\":\"" text "\"}"
#define SIDE(role, parts) "{\"role\":\"" role "\",\"parts\":[" parts "]}"

static void sides(struct bench *b)
{
    is_contents(b, USER("a") "," USER("b"), "[" SIDE("user", P_TEXT("a") "," P_TEXT("b")) "]",
                "two turns of a side are parts of one content");
    is_contents(b, USER("a") ",{\"role\":\"system\",\"content\":\"s\"}",
                "[" SIDE("user", P_TEXT("a") "," P_TEXT("<system>s</system>")) "]",
                "a system turn in the middle is said by the user");
    ok(gemini_lost(b, "emulated:messages.role"), "and noted");
    is_contents(b, USER("") "," USER("b"), "[" SIDE("user", P_TEXT("b")) "]", "no empty text");
    str got = contents_of(b, "{\"role\":\"system\",\"content\":\"s\"}," USER("a"));
    is_str(gemini_member(b, got, "systemInstruction"), S("{\"parts\":[{\"text\":\"s\"}]}"),
           "leading system text");
    got = contents_of(b, "{\"role\":\"system\",\"content\":\"s\"}");
    is_str(gemini_member(b, got, "contents"),
           S("[{\"role\":\"user\",\"parts\":[{\"text\":\"s\"}]}]"), "instructions alone");
    is_int(contents_of(b, USER("")).n, 0, "nothing at all is refused");
}

static void results(struct bench *b)
{
    is_contents(
        b,
        USER("q") "," CALLS(CALL("1", "f") "," CALL("2", "g")) "," RESULT("2", "two") "," USER(
            "more") "," RESULT("1", "one"),
        "[" SIDE("user", P_TEXT("q")) "," SIDE(
            "model", P_CALL("1", "f") "," P_CALL(
                         "2", "g")) "," SIDE("user",
                                             P_RESULT("1", "f", "result", "one") "," P_RESULT(
                                                 "2", "g", "result", "two") "," P_TEXT("more")) "]",
        "in the order of the calls, before anything else");
    is_contents(b, USER("q") "," CALLS(CALL("1", "f")) "," USER("go on"),
                "[" SIDE("user", P_TEXT("q")) "," SIDE("model", P_CALL("1", "f")) "," SIDE(
                    "user", P_RESULT("1", "f", "error",
                                     "There is no result of this call.") "," P_TEXT("go on")) "]",
                "a call without a result");
    ok(gemini_lost(b, "emulated:messages.tool_calls"), "is noted");
    is_contents(b, USER("q") "," RESULT("9", "lost"),
                "[" SIDE("user", P_TEXT("q") "," P_TEXT("<tool_result>lost</tool_result>")) "]",
                "a result without a call");
    is_contents(
        b,
        USER("q") "," CALLS(CALL("1", "f")) "," RESULT("1", "a") "," CALLS(
            CALL("1", "f")) "," RESULT("1", "b"),
        "[" SIDE("user", P_TEXT("q")) "," SIDE("model", P_CALL("1", "f")) "," SIDE(
            "user", P_RESULT("1", "f", "result",
                             "a")) "," SIDE("model",
                                            P_CALL("1", "f")) "," SIDE("user",
                                                                       P_RESULT("1", "f", "result",
                                                                                "b")) "]",
        "ids that come again");
}

/* Only calls behind the user's last words are signed, the first of each step. */
static void signatures(struct bench *b)
{
    b->can.can |= CAN_SIGN_CALLS;
    str got = contents_of(
        b, USER("old") "," CALLS(CALL("0", "f")) "," RESULT("0", "r") "," USER("q") "," CALLS(
               CALL("1", "f") "," CALL("2", "g")) "," RESULT("1", "a") "," RESULT("2", "b"));
    is_str(gemini_member(b, got, "contents.1.parts.0.thoughtSignature"), S("(absent)"),
           "an old one");
    is_str(gemini_member(b, got, "contents.3.parts.0.thoughtSignature"),
           S("\"skip_thought_signature_validator\""), "the first of the step");
    is_str(gemini_member(b, got, "contents.3.parts.1.thoughtSignature"), S("(absent)"),
           "the second");
    b->can.can &= ~(uint32_t)CAN_SIGN_CALLS;
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    sides(&b);
    results(&b);
    signatures(&b);
    bench_fini(&b);
    return tap_done();
}
