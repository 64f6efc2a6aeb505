/* Characters that come in two chunks. */
#include "llm/dialect_chat_halves.c"

#include "llm/chat_case.h"

/* A smiling face in two halves, as escapes. */
static void halves(struct chat_case *k)
{
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'a\\ud83d'}") CHUNK("{'content':'\\uDE00b'}")
                           FINISH("stop") DONE),
           S("start c1 m\n[0.0 text\n+0.0 a\n+0.0 \xf0\x9f\x98\x80"
             "b\n]0.0\nfinish 0 stop\nend\n"),
           "two halves are one character");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'a\\ud83d'}") CHUNK("{'content':'b'}") FINISH("stop")
                           DONE),
           S("start c1 m\n[0.0 text\n+0.0 a\n+0.0 b\n]0.0\nfinish 0 stop\nend\n"),
           "a half alone is nothing");
    is_str(case_stream(k, DIALECT_CHAT,
                       CHUNK("{'content':'\\\\ud83d'}") CHUNK("{'content':'\\ud83d\\ude00'}")
                           FINISH("stop") DONE),
           S("start c1 m\n[0.0 text\n+0.0 \\ud83d\n+0.0 \xf0\x9f\x98\x80\n]0.0\nfinish 0 stop\n"
             "end\n"),
           "an escaped backslash is none, and whole characters stay");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    halves(&k);
    case_fini(&k);
    return tap_done();
}
