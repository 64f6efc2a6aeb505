/* The dialect that the guide for contributors shows, compiled and tried. */
#include "llm/dialect.h"

/* What its line in dialect.def would make. */
#define DIALECT_PARROT DIALECT_NONE
extern const struct codec dialect_parrot;
#include "../../../docs/example/dialect_example.c"

#include "tap.h"

struct bench {
    struct arena a;
    struct err err;
    struct losses loss;
    struct buf out;
};

static struct bench *bench_new(void)
{
    static struct bench b;
    b = (struct bench){.err = {.code = 0}};
    arena_init(&b.a, 4096, 1u << 20);
    losses_init(&b.loss, &b.a);
    buf_init(&b.out, 1u << 16);
    return &b;
}

static void bench_end(struct bench *b)
{
    buf_fini(&b->out);
    arena_fini(&b->a);
}

static const struct json *parse(struct bench *b, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    is_int(json_read(&b->a, text, &v, &error_at), 0, "JSON");
    return v;
}

/* A chat completion as Parrot gets it. */
static int ask(struct bench *b, str body)
{
    struct reading r = {.a = &b->a, .err = &b->err, .origin = DIALECT_CHAT, .loss = &b->loss};
    struct chat *c = arena_new(&b->a, struct chat);
    struct capability can = capability_find(NULL, 0, DIALECT_CHAT, S("polly"), 0);
    struct writing w = {.a = &b->a, .err = &b->err, .loss = &b->loss, .can = &can};
    c->origin = DIALECT_CHAT;
    is_int(dialect_get(DIALECT_CHAT)->codec->read_request(&r, parse(b, body), c), 0, "read");
    return dialect_parrot.write_request(&w, c, &b->out);
}

static void test_request(void)
{
    struct bench *b = bench_new();
    is_int(ask(b, S("{\"model\":\"polly\",\"max_tokens\":9,\"temperature\":1.5,\"seed\":1,"
                    "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}")),
           0, "written");
    is_str(buf_str(&b->out), S("{\"prompt\":\"Hello\",\"limit\":9,\"heat\":1,\"flow\":false}"),
           "the request");
    is_str(losses_text(&b->loss, &b->a), S("dropped:seed, clamped:temperature"), "its losses");
    bench_end(b);
    b = bench_new();
    is_int(ask(b, S("{\"model\":\"polly\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
                    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}")),
           -E_BAD_REQUEST, "tools are refused");
    bench_end(b);
}

static void test_whole(void)
{
    struct bench *b = bench_new();
    struct reading r = {.a = &b->a, .err = &b->err, .code = -E_PROVIDER_BODY};
    struct reply reply;
    str body = S("{\"text\":\"Hello\",\"why\":\"length\",\"spent\":{\"in\":3,\"out\":5}}");
    reply_init(&reply);
    is_int(dialect_parrot.read_reply(&r, parse(b, body), &reply), 0, "read");
    is_str(reply.choices->blocks->text, S("Hello"), "its text");
    is_int(reply.choices->finish.reason, FINISH_LENGTH, "why it ended");
    is_int(reply.usage.output_tokens, 5, "its usage");
    is_int(dialect_parrot.read_reply(&r, parse(b, S("{}")), &reply), -E_PROVIDER_BODY, "no text");
    bench_end(b);
}

/* The lines of a stream, folded. Returns what the decoder said, of the fold if it said nothing. */
static int stream(struct bench *b, const char *const *lines, size_t n, struct reply *out)
{
    struct fold fold;
    fold_init(&fold, &b->a, out, 1u << 16);
    struct decoder d = {.a = &b->a, .scratch = &b->a, .err = &b->err, .sink = fold_sink(&fold)};
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct message m = {.data = str_from_cz(lines[i])};
        rc = dialect_parrot.read_message(&d, &m);
    }
    if (rc == 0)
        rc = dialect_parrot.read_message(&d, NULL);
    int folded = fold_end(&fold);
    return rc == 0 ? folded : rc;
}

static void test_stream(void)
{
    static const char *const good[] = {"{\"piece\":\"Hel\"}", "{\"piece\":\"lo\"}",
                                       "{\"why\":\"end\",\"spent\":{\"in\":3,\"out\":5}}"};
    static const char *const bad[] = {"{\"piece\":\"Hel\"}", "{\"error\":\"no such bird\"}"};
    struct bench *b = bench_new();
    struct reply reply;
    is_int(stream(b, good, ARRAY_LEN(good), &reply), 0, "a stream");
    is_str(reply.choices->blocks->text, S("Hello"), "its text");
    is_int(reply.usage.input_tokens, 3, "its usage");
    bench_end(b);
    b = bench_new();
    is_int(stream(b, good, 2, &reply), -E_PROVIDER_TRUNCATED, "a stream that breaks off");
    bench_end(b);
    b = bench_new();
    is_int(stream(b, bad, ARRAY_LEN(bad), &reply), -E_PROVIDER_STREAM, "an error in it");
    bench_end(b);
}

int main(void)
{
    test_request();
    test_whole();
    test_stream();
    return tap_done();
}
