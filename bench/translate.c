/* What translation costs by itself, without sockets: every dialect's requests written for every
 * provider, and every provider's streams written for every client.
 *
 *     translate                    all pairs: ns a chunk, us a request of 32 KB
 *     translate CLIENT PROVIDER    one pair only, again and again for a second: to be profiled
 *     translate PROVIDER FILE      a recorded stream of that dialect, for every client
 *
 * Nothing is recorded for the first two: one conversation in Anthropic's form is read, and what
 * each dialect's own writers make of it is what its readers are given. A stream passes as the
 * gateway passes it when each chunk comes by itself: cut, decoded, put in a row, named, encoded,
 * and what the chunk needed given back. Of several passes the fastest counts, in time of the
 * processor: others on the machine can only add to it. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "llm/capability.h"
#include "llm/dialect.h"
#include "llm/restore.h"
#include "llm/serial.h"
#include "wire/frames.h"

#define CAP        ((size_t)1 << 30)
#define BODY_BYTES ((size_t)32 << 10)
#define PASSES     15
#define NS_PER_S   1000000000.0

static const struct side {
    enum dialect_id id;
    const char *name, *model;
} sides[] = {
    {DIALECT_CHAT, "chat", "gpt-4o-mini"},
    {DIALECT_RESPONSES, "responses", "gpt-5-mini"},
    {DIALECT_ANTHROPIC, "anthropic", "claude-sonnet-4-5"},
    {DIALECT_GEMINI, "gemini", "gemini-2.5-pro"},
    {DIALECT_BEDROCK, "bedrock", "anthropic.claude-sonnet-4-5-v1:0"},
    {DIALECT_COHERE, "cohere", "command-a-03-2025"},
    {DIALECT_OLLAMA, "ollama", "qwen3"},
};
#define N_SIDES ARRAY_LEN(sides)

static const char sentence[] = "The quick brown fox jumps over the lazy dog, and then it said: "
                               "\\\"hello\\\"\\nNext line of context follows here. ";

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * NS_PER_S + (double)t.tv_nsec;
}

static const struct side *side_named(const char *name)
{
    for (size_t i = 0; i < N_SIDES; i++) {
        if (strcmp(sides[i].name, name) == 0)
            return &sides[i];
    }
    return NULL;
}

/* ---- requests ---- */

enum kind { SMALL_TURNS, ONE_TEXT, TOOLS, KINDS };
static const char *const kind_names[KINDS] = {"small turns", "one text",
                                              "30 tools, calls, thoughts"};

static void put_text(struct buf *b, size_t bytes)
{
    for (size_t end = b->n + bytes; b->n < end;)
        buf_put(b, str_from_cz(sentence));
}

static void put_tools(struct buf *b)
{
    buf_put(b, S("\"tools\":["));
    for (int i = 0; i < 30; i++)
        buf_printf(
            b,
            "%s{\"name\":\"tool_%d\",\"description\":\"%s\",\"input_schema\":{\"type\":"
            "\"object\",\"properties\":{\"path\":{\"type\":\"string\",\"description\":\"Where.\"},"
            "\"limit\":{\"type\":\"integer\",\"minimum\":1},\"mode\":{\"type\":\"string\","
            "\"enum\":[\"a\",\"b\"]}},\"required\":[\"path\"],\"additionalProperties\":false}}",
            i > 0 ? "," : "", i, sentence);
    buf_put(b, S("],"));
}

static void put_call(struct buf *b, unsigned i)
{
    buf_printf(
        b,
        ",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"%s\","
        "\"signature\":\"\"},{\"type\":\"text\",\"text\":\"%s\"},{\"type\":\"tool_use\",\"id\":"
        "\"toolu_%u\",\"name\":\"tool_%u\",\"input\":{\"path\":\"/tmp/a\",\"limit\":%u}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_%u\","
        "\"content\":\"%s\"}]}",
        sentence, sentence, i, i % 30, i, i, sentence);
}

/* A conversation in Anthropic's form. */
static void put_conversation(struct buf *b, enum kind kind)
{
    buf_put(b, S("{\"model\":\"m\",\"max_tokens\":1024,\"system\":\"Be brief.\","));
    if (kind == TOOLS)
        put_tools(b);
    buf_put(b, S("\"messages\":[{\"role\":\"user\",\"content\":\""));
    put_text(b, kind == ONE_TEXT ? BODY_BYTES - 200 : 40);
    buf_put(b, S("\"}"));
    for (unsigned i = 1; b->n + 400 < BODY_BYTES; i++) {
        if (kind == TOOLS)
            put_call(b, i);
        else
            buf_printf(b, ",{\"role\":\"%s\",\"content\":\"%s\"}", i % 2 ? "assistant" : "user",
                       sentence);
    }
    buf_put(b, S("]}"));
}

static void check(int rc, const struct err *e, const char *what)
{
    if (rc < 0)
        errx(1, "%s: %d " STR_FMT, what, rc, STR_ARG(err_message(e)));
}

static void translate_request(str body, const struct side *client, const struct side *provider,
                              struct buf *out)
{
    struct arena a;
    struct err e = {.code = 0};
    struct losses loss;
    const struct json *root = NULL;
    size_t error_at = 0;
    arena_init(&a, 4096, CAP);
    losses_init(&loss, &a);
    struct chat *chat = arena_new(&a, struct chat);
    chat->origin = (uint8_t)client->id;
    chat->model = S("m");
    chat->is_stream = true;
    struct reading r = {.a = &a, .err = &e, .origin = (uint8_t)client->id, .loss = &loss};
    check(json_read(&a, body, &root, &error_at), &e, client->name);
    check(dialect_get(client->id)->codec->read_request(&r, root, chat), &e, client->name);
    str model = str_from_cz(provider->model);
    struct capability can = capability_find(NULL, 0, (uint8_t)provider->id, model, 0);
    struct writing w = {.a = &a,
                        .err = &e,
                        .loss = &loss,
                        .model = model,
                        .can = &can,
                        .provider = S("p"),
                        .id_seed = S("01M7YKFG0C7V6QCDYX19E0EBV2")};
    check(dialect_get(provider->id)->codec->write_request(&w, chat, out), &e, provider->name);
    arena_fini(&a);
}

/* The conversation as clients of this dialect write it. */
static void make_body(const struct side *client, enum kind kind, struct buf *out)
{
    struct buf first;
    buf_init(&first, CAP);
    buf_init(out, CAP);
    put_conversation(&first, kind);
    if (client->id == DIALECT_ANTHROPIC)
        buf_put(out, buf_str(&first));
    else
        translate_request(buf_str(&first), side_named("anthropic"), client, out);
    buf_fini(&first);
}

/* us for each 32 KB of the client's body */
static double time_request(const struct side *client, const struct side *provider, enum kind kind)
{
    struct buf body, out;
    double best = 1e18;
    make_body(client, kind, &body);
    buf_init(&out, CAP);
    for (int pass = 0; pass < 4 * PASSES; pass++) {
        double before = now_ns();
        for (int i = 0; i < 4; i++) {
            translate_request(buf_str(&body), client, provider, &out);
            buf_fini(&out);
        }
        best = MIN(best, (now_ns() - before) / 4);
    }
    double us = best / 1e3 * (double)BODY_BYTES / (double)body.n;
    buf_fini(&body);
    return us;
}

/* ---- streams ---- */

/* One answer on its way, as gate/translator.c has it. */
struct stages {
    const struct dialect *from, *to;
    struct arena a, scratch;
    struct err err;
    struct losses loss;
    struct decoder decoder;
    struct serial serial;
    struct restore restore;
    struct encoder encoder;
    struct buf out;
    size_t n_bytes;
};

static int write_event(void *arg, const struct event *ev)
{
    struct stages *s = arg;
    return s->to->codec->write_event(&s->encoder, ev);
}

static void stages_init(struct stages *s, enum dialect_id from, enum dialect_id to)
{
    *s = (struct stages){.from = dialect_get(from), .to = dialect_get(to)};
    arena_init(&s->a, 4096, CAP);
    arena_init(&s->scratch, 4096, CAP);
    losses_init(&s->loss, &s->a);
    buf_init(&s->out, CAP);
    struct sink last = {.put = write_event, .arg = s};
    restore_init(&s->restore, &last, &s->scratch, CAP);
    struct sink next = restore_sink(&s->restore);
    serial_init(&s->serial, &s->a, &next, CAP);
    if (s->to->is_serial)
        next = serial_sink(&s->serial);
    s->decoder = (struct decoder){.a = &s->a, .scratch = &s->scratch, .err = &s->err, .sink = next};
    s->encoder = (struct encoder){.a = &s->a, .scratch = &s->scratch, .out = &s->out};
    s->encoder.w = (struct writing){.a = &s->a,
                                    .err = &s->err,
                                    .loss = &s->loss,
                                    .model = S("mock/model"),
                                    .id_seed = S("01M7YKFG0C7V6QCDYX19E0EBV2"),
                                    .now_s = 1760000000};
}

static void stages_fini(struct stages *s)
{
    serial_fini(&s->serial);
    restore_fini(&s->restore);
    buf_fini(&s->out);
    arena_fini(&s->scratch);
    arena_fini(&s->a);
}

static void stages_tidy(struct stages *s)
{
    s->n_bytes += s->out.n;
    buf_fini(&s->out);
    arena_fini(&s->scratch);
}

/* Passes the stream, chunk by chunk; returns how many there were. */
static size_t pass(struct stages *s, str stream)
{
    size_t n = 0;
    struct message m;
    const char *why = NULL;
    while (frames_next(s->from->framing, &s->scratch, &stream, &m, &why) > 0) {
        if (!s->decoder.has_ended)
            check(s->from->codec->read_message(&s->decoder, &m), &s->err, "stream");
        stages_tidy(s);
        n++;
    }
    if (!s->decoder.has_ended)
        check(s->from->codec->read_message(&s->decoder, NULL), &s->err, "end of stream");
    stages_tidy(s);
    return n;
}

static void put(struct stages *s, const struct event *ev)
{
    check(s->to->codec->write_event(&s->encoder, ev), &s->err, "event");
    arena_fini(&s->scratch);
}

static void put_block(struct stages *s, unsigned i, const struct block *b, enum delta_kind kind)
{
    put(s, &(struct event){.kind = EV_BLOCK_START, .block = i, .content = b});
    if (b->kind == BLOCK_REASONING)
        put(s, &(struct event){.kind = EV_DELTA, .block = i, .delta = {.kind = DELTA_PART}});
    if (kind == DELTA_ARGS)
        put(s, &(struct event){.kind = EV_DELTA,
                               .block = i,
                               .delta = {.kind = kind, .text = S("{\"path\":\"")}});
    for (int k = 0; k < 100; k++)
        put(s, &(struct event){.kind = EV_DELTA,
                               .block = i,
                               .delta = {.kind = kind, .text = S(" token and more")}});
    if (kind == DELTA_ARGS)
        put(s, &(struct event){
                   .kind = EV_DELTA, .block = i, .delta = {.kind = kind, .text = S("\"}")}});
    put(s, &(struct event){.kind = EV_BLOCK_STOP, .block = i});
}

/* Thoughts, text and a tool call as a provider of this dialect streams them. */
static void make_stream(enum dialect_id provider, struct buf *out)
{
    static struct stages s; /* too large for a frame */
    stages_init(&s, provider, provider);
    put(&s,
        &(struct event){.kind = EV_START,
                        .start = {.id = S("msg_01"), .model = S("m"), .created_s = 1760000000}});
    put_block(&s, 0, &(struct block){.kind = BLOCK_REASONING}, DELTA_TEXT);
    put_block(&s, 1, &(struct block){.kind = BLOCK_TEXT}, DELTA_TEXT);
    put_block(&s, 2,
              &(struct block){.kind = BLOCK_TOOL_CALL,
                              .call = {.id = S("toolu_01"), .name = S("read_file")}},
              DELTA_ARGS);
    struct usage used = USAGE_NONE;
    used.input_tokens = 20;
    used.output_tokens = 300;
    put(&s, &(struct event){.kind = EV_USAGE, .usage = used});
    put(&s, &(struct event){.kind = EV_FINISH, .finish = {.reason = FINISH_TOOL_CALLS}});
    put(&s, &(struct event){.kind = EV_END});
    buf_init(out, CAP);
    buf_put(out, buf_str(&s.out));
    stages_fini(&s);
}

/* ns for each chunk of the provider's */
static double time_stream(const struct side *client, enum dialect_id provider, str stream)
{
    double best = 1e18;
    for (int i = 0; i < 2 * PASSES; i++) {
        static struct stages s; /* too large for a frame */
        double before = now_ns();
        stages_init(&s, provider, client->id);
        size_t n = pass(&s, stream);
        stages_fini(&s);
        best = MIN(best, (now_ns() - before) / (double)MAX(n, 1));
    }
    return best;
}

/* ---- what is printed ---- */

static void print_head(const char *what)
{
    printf("\n%-28s", what);
    for (size_t i = 0; i < N_SIDES; i++)
        printf(" %9s", sides[i].name);
    putchar('\n');
}

static void print_all(void)
{
    print_head("ns a chunk: client \\ provider");
    for (size_t c = 0; c < N_SIDES; c++) {
        printf("%-28s", sides[c].name);
        for (size_t p = 0; p < N_SIDES; p++) {
            struct buf stream;
            make_stream(sides[p].id, &stream);
            printf(" %9.0f", time_stream(&sides[c], sides[p].id, buf_str(&stream)));
            buf_fini(&stream);
        }
        putchar('\n');
    }
    for (enum kind kind = 0; kind < KINDS; kind++) {
        print_head("us a request of 32 KB");
        for (size_t c = 0; c < N_SIDES; c++) {
            printf("%-12s%-16.15s", sides[c].name, kind_names[kind]);
            for (size_t p = 0; p < N_SIDES; p++)
                printf(" %9.1f", time_request(&sides[c], &sides[p], kind));
            putchar('\n');
        }
    }
}

static void print_pair(const struct side *client, const struct side *provider)
{
    struct buf stream;
    make_stream(provider->id, &stream);
    for (double end = now_ns() + NS_PER_S; now_ns() < end;)
        (void)time_stream(client, provider->id, buf_str(&stream));
    printf("%.0f ns a chunk;", time_stream(client, provider->id, buf_str(&stream)));
    for (double end = now_ns() + NS_PER_S; now_ns() < end;)
        (void)time_request(client, provider, SMALL_TURNS);
    for (enum kind kind = 0; kind < KINDS; kind++)
        printf(" %.1f us for %s;", time_request(client, provider, kind), kind_names[kind]);
    putchar('\n');
    buf_fini(&stream);
}

static void print_recording(const struct side *provider, const char *path)
{
    static char text[16 << 20];
    FILE *in = fopen(path, "rb");
    if (!in)
        err(1, "%s", path);
    str stream = str_of(text, fread(text, 1, sizeof text, in));
    fclose(in);
    for (size_t c = 0; c < N_SIDES; c++)
        printf("%s %.0f ns a chunk\n", sides[c].name, time_stream(&sides[c], provider->id, stream));
}

int main(int argc, char **argv)
{
    const struct side *first = argc > 1 ? side_named(argv[1]) : NULL;
    const struct side *second = argc > 2 ? side_named(argv[2]) : NULL;
    if (argc == 1)
        print_all();
    else if (argc == 3 && first && second)
        print_pair(first, second);
    else if (argc == 3 && first)
        print_recording(first, argv[2]);
    else
        errx(2, "usage: translate [CLIENT PROVIDER | PROVIDER FILE]");
    return 0;
}
