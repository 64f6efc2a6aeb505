#include "cli/failure.c"

#include "tap.h"

static struct arena a;

static struct failure read_body(int status, str body)
{
    struct failure f;
    failure_read(&a, status, body, &f);
    return f;
}

static void test_shapes(void)
{
    struct failure f =
        read_body(404, S("{\"error\":{\"message\":\"no model\",\"gateway\":{\"code\":"
                         "\"TB-1008\",\"hint\":\"look\"}}}"));
    is_str(f.message, S("no model"), "OpenAI's shape");
    is_str(f.hint, S("look"), "with the gateway's hint");
    is_str(f.code, S("TB-1008"), "and code");
    f = read_body(401,
                  S("{\"type\":\"about:blank\",\"title\":\"t\",\"detail\":\"the key\",\"code\":"
                    "\"TB-2004\"}"));
    is_str(f.message, S("the key"), "RFC 9457");
    is_str(f.code, S("TB-2004"), "with a code");
    f = read_body(500, S("{\"error\":\"plain\"}"));
    is_str(f.message, S("plain"), "a text");
    f = read_body(400, S("{\"error\":{\"message\":\"m\",\"code\":\"model_not_found\"}}"));
    is_str(f.code, S(""), "a provider's code is none of ours");
}

static void test_others(void)
{
    is_str(read_body(502, S("<h1>Bad</h1>\n")).message,
           S("The answer is 502 Bad Gateway: <h1>Bad</h1>"), "no JSON");
    is_str(read_body(404, S_EMPTY).message, S("The answer is 404 Not Found"), "no body");
    is_str(read_body(404, S("[1]")).message, S("The answer is 404 Not Found: [1]"), "no object");
    is_str(read_body(400, S("{\"error\":{}}")).message,
           S("The answer is 400 Bad Request: {\"error\":{}}"), "an empty object");
    char text[300];
    memset(text, 'x', sizeof text);
    ok(str_has_suffix(read_body(500, str_of(text, sizeof text)).message, S("x...")),
       "a long one is cut");
}

static void test_exit(void)
{
    const struct instance to = {.url = S("http://h")};
    is_int(failure_tell_answer(&a, &to, 404, S("{}")), CLI_NOT_FOUND, "by the status");
    is_int(failure_tell_answer(&a, &to, 200, S("{}")), CLI_FAILED, "an error in a good answer");
    const struct http_outcome refused = {.err = {.code = -E_CONNECT}};
    is_int(failure_tell_outcome(&to, &refused), CLI_UNREACHABLE, "refused");
}

int main(void)
{
    arena_init(&a, 4096, 1 << 20);
    test_shapes();
    test_others();
    test_exit();
    arena_fini(&a);
    return tap_done();
}
