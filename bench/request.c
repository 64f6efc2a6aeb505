/* The body grows by turns of a conversation of at most TURN_MAX bytes, because that is what long
 * prompts are made of: many members and strings with escapes, which cost a JSON reader more than
 * one long string. Blanks fill it to the exact size. Tools are described at the length that coding
 * assistants do it. */
#include "request.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define TURN_MAX  2000
#define TURN_ROOM 200 /* no turn shorter than this is begun after the first */

#define SYSTEM "\"You are a helpful assistant.\""

static const char sentence[] =
    "The quick brown fox jumps over the lazy dog, and then it said: \\\"hello\\\"\\n"
    "Next line of context follows here. ";

/* What the dialects' requests differ in. */
static const struct dialect {
    const char *name, *path, *headers;
    const char *stream; /* members that ask for a stream */
    const char *before_turns;
    const char *before_tool, *schema, *behind_tool;
    const char *end; /* how the last event of a stream begins */
} dialects[] = {
    {"chat", "/v1/chat/completions",
     "User-Agent: OpenAI/Python 1.51.0\r\nX-Stainless-Package-Version: 1.51.0\r\n"
     "Authorization: Bearer ",
     "\"stream\":true,\"stream_options\":{\"include_usage\":true},",
     "\"messages\":[{\"role\":\"system\",\"content\":" SYSTEM "},",
     "{\"type\":\"function\",\"function\":{", "parameters", "}}", "data: [DONE]\n"},
    {"responses", "/v1/responses",
     "User-Agent: OpenAI/Python 1.51.0\r\nX-Stainless-Package-Version: 1.51.0\r\n"
     "Authorization: Bearer ",
     "\"stream\":true,", "\"instructions\":" SYSTEM ",\"input\":[", "{\"type\":\"function\",",
     "parameters", "}", "event: response.completed\n"},
    {"anthropic", "/v1/messages",
     "User-Agent: Anthropic/Python 0.39.0\r\nX-Stainless-Package-Version: 0.39.0\r\n"
     "anthropic-version: 2023-06-01\r\nx-api-key: ",
     "\"stream\":true,", "\"max_tokens\":1024,\"system\":" SYSTEM ",\"messages\":[", "{",
     "input_schema", "}", "event: message_stop\n"},
};

static const struct dialect *dialect_of(const struct request_shape *shape)
{
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (strcmp(dialects[i].name, shape->dialect) == 0)
            return &dialects[i];
    }
    errx(2, "load: unknown dialect %s", shape->dialect);
}

static void write_tools(FILE *out, const struct dialect *d, int n)
{
    fputs("\"tools\":[", out);
    for (int i = 0; i < n; i++) {
        fprintf(out, "%s%s\"name\":\"edit_file_%d\",\"description\":\"", i > 0 ? "," : "",
                d->before_tool, i);
        fputs(sentence, out);
        fprintf(out,
                "\",\"%s\":{\"type\":\"object\",\"properties\":{"
                "\"file_path\":{\"type\":\"string\",\"description\":\"The absolute path.\"},"
                "\"old_string\":{\"type\":\"string\",\"description\":\"The text to replace.\"},"
                "\"replace_all\":{\"type\":\"boolean\",\"default\":false}},"
                "\"required\":[\"file_path\",\"old_string\"],\"additionalProperties\":false}%s",
                d->schema, d->behind_tool);
    }
    fputs("],", out);
}

/* One message; its text fills `room` bytes with whole sentences. */
static void write_turn(FILE *out, bool is_user, size_t room)
{
    fprintf(out, "{\"role\":\"%s\",\"content\":\"", is_user ? "user" : "assistant");
    size_t repeats = room / (sizeof sentence - 1);
    for (size_t i = 0; i < repeats; i++)
        fputs(sentence, out);
    fputs(repeats == 0 ? "Hello\"}" : "\"}", out);
}

static size_t position(FILE *out)
{
    return (size_t)ftell(out);
}

static char *make_body(const struct request_shape *shape, const struct dialect *d, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    if (!out)
        err(1, "request");
    fprintf(out, "{\"model\":\"%s%s%s\",", shape->model, shape->mock ? "-mock:" : "",
            shape->mock ? shape->mock : "");
    if (shape->streams)
        fputs(d->stream, out);
    fputs("\"temperature\":0.7,", out);
    if (shape->tools > 0)
        write_tools(out, d, shape->tools);
    fputs(d->before_turns, out);
    size_t size = (size_t)shape->body_bytes;
    for (bool is_user = true, is_first = true; is_first || position(out) + TURN_ROOM < size;
         is_user = !is_user, is_first = false) {
        if (!is_first)
            fputc(',', out);
        size_t used = position(out) + 80;
        size_t room = size > used ? size - used : 0;
        write_turn(out, is_user, MIN(room, (size_t)TURN_MAX));
    }
    fputc(']', out);
    while (position(out) + 1 < size)
        fputc(' ', out);
    fputc('}', out);
    if (fclose(out) == EOF)
        err(1, "request");
    return text;
}

char *request_make(const struct request_shape *shape, size_t *n)
{
    const struct dialect *d = dialect_of(shape);
    size_t body_n = 0;
    char *body = make_body(shape, d, &body_n), *text = NULL;
    FILE *out = open_memstream(&text, n);
    if (!out)
        err(1, "request");
    fprintf(out,
            "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n"
            "Accept-Encoding: identity\r\nX-Stainless-Lang: python\r\nX-Stainless-OS: Linux\r\n"
            "X-Stainless-Arch: x64\r\n%s%s\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
            d->path, shape->port, d->headers, shape->key, body_n);
    fwrite(body, 1, body_n, out);
    free(body);
    if (fclose(out) == EOF)
        err(1, "request");
    return text;
}

const char *request_end_mark(const struct request_shape *shape)
{
    return dialect_of(shape)->end;
}
