#include "cli/chat_answer.c"

#include "tap.h"

static const char stream[] =
    ": hello\n\n"
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"well,\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\" so\",\"reasoning\":\" "
    "so\"}}]}\r\n\r\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"Gr\\u00fc\"}}]}\n\n"
    "event: message\ndata: {\"choices\":[\ndata: {\"delta\":{\"content\":\"\xc3\x9f"
    "e\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n"
    "data: [DONE]\n\n";

static const char calls[] =
    "data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"a\","
    "\"arguments\":\"\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
    "\"{\\\"x\\\"\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
    "\":1}\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"b\","
    "\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n";

/* Feeds `text` in pieces of `n` bytes. */
static int feed(struct chat_answer *c, str text, size_t n)
{
    int rc = 0;
    for (size_t at = 0; at < text.n && rc == 0; at += n)
        rc = chat_answer_feed(c, str_slice(text, at, at + n));
    return rc;
}

static void test_stream(void)
{
    str text = str_from_cz(stream);
    for (size_t n = 1; n <= text.n; n++) {
        struct chat_answer c;
        chat_answer_init(&c);
        bool is_good = feed(&c, text, n) == 0 && c.is_complete && !c.is_cut &&
                       str_eq(buf_str(&c.text), S("Gr\xc3\xbc\xc3\x9f"
                                                  "e")) &&
                       str_eq(buf_str(&c.aside), S("well, so\n")) && c.held.n == 0;
        chat_answer_fini(&c);
        if (!is_good || n == text.n)
            is_int(is_good ? text.n : n, text.n, "the same answer in pieces of any size");
        if (!is_good)
            break;
    }
}

static void test_cut(void)
{
    str text = str_from_cz(stream);
    size_t end = str_find(text, S("data: {\"choices\":[{\"delta\":{},\"finish"));
    struct chat_answer c;
    chat_answer_init(&c);
    is_int(feed(&c, str_slice(text, 0, end), end), 0, "all but the end");
    ok(!c.is_complete, "is not complete");
    chat_answer_fini(&c);
}

static void test_calls(void)
{
    struct chat_answer c;
    chat_answer_init(&c);
    is_int(feed(&c, str_from_cz(calls), 7), 0, "a stream with calls");
    is_str(buf_str(&c.aside), S("hm\ncall of the tool a {\"x\":1}\ncall of the tool b {}"),
           "each on a line");
    is_str(buf_str(&c.text), S(""), "nothing was said");
    ok(c.is_complete, "complete without [DONE]");
    chat_answer_fini(&c);
}

static void test_errors(void)
{
    struct chat_answer c;
    chat_answer_init(&c);
    is_int(feed(&c, S("data: {\"error\":{\"message\":\"gone\"}}\n\n"), 100), 0, "an error event");
    is_str(buf_str(&c.error), S("{\"error\":{\"message\":\"gone\"}}"), "is kept as it is");
    ok(!c.is_complete, "and ends nothing well");
    chat_answer_fini(&c);
    static const char *const bad[] = {
        "data: {\n\n",         "data: []\n\n",          "data: {\"choices\":1}\n\n",
        "data: {\"a\":1}\n\n", "data: \"choices\"\n\n", "data: DONE\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        chat_answer_init(&c);
        is_int(feed(&c, str_from_cz(bad[i]), 100), -E_PROVIDER_BODY, "no chunk of a chat");
        chat_answer_fini(&c);
    }
    static const char *const odd[] = {
        "data:\n\n", "data: {\"choices\":[],\"error\":null}\n\n", "data: {\"choices\":[1]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":[1],\"tool_calls\":{\"a\":1}}}]}\n\n"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        chat_answer_init(&c);
        is_int(feed(&c, str_from_cz(odd[i]), 100), 0, "an odd chunk");
        is_str(buf_str(&c.text), S(""), "says nothing");
        chat_answer_fini(&c);
    }
}

static void test_whole(void)
{
    struct chat_answer c;
    chat_answer_init(&c);
    is_int(chat_answer_whole(&c, S("{\"choices\":[{\"message\":{\"content\":\"hi\"},"
                                   "\"finish_reason\":\"length\"}]}")),
           0, "a whole answer");
    is_str(buf_str(&c.text), S("hi"), "its text");
    ok(c.is_cut && c.is_complete, "cut at the limit");
    chat_answer_fini(&c);
    chat_answer_init(&c);
    is_int(
        chat_answer_whole(&c, S("{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"},"
                                "\"finish_reason\":\"content_filter\"}]}")),
        0, "a refusal");
    is_str(buf_str(&c.text), S("no"), "is said");
    ok(c.is_filtered, "filtered");
    chat_answer_fini(&c);
    chat_answer_init(&c);
    is_int(chat_answer_whole(&c, S("<html>")), -E_PROVIDER_BODY, "something else");
    ok(!c.is_complete, "is no answer");
    chat_answer_fini(&c);
}

int main(void)
{
    test_stream();
    test_cut();
    test_calls();
    test_errors();
    test_whole();
    return tap_done();
}
