/* The body grows by turns of a conversation of at most TURN_MAX bytes, because that is what long
 * prompts are made of: many members and strings with escapes, which cost a JSON reader more than
 * one long string. Blanks fill it to the exact size. */
#include "request.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define TURN_MAX  2000
#define TURN_ROOM 200 /* no turn shorter than this is begun after the first */

static const char sentence[] =
    "The quick brown fox jumps over the lazy dog, and then it said: \\\"hello\\\"\\n"
    "Next line of context follows here. ";

/* One message; its text fills `room` bytes with whole sentences. */
static void write_turn(FILE *out, bool is_user, size_t room)
{
    fprintf(out, ",{\"role\":\"%s\",\"content\":\"", is_user ? "user" : "assistant");
    size_t repeats = room / (sizeof sentence - 1);
    for (size_t i = 0; i < repeats; i++)
        fputs(sentence, out);
    fputs(repeats == 0 ? "Hello\"}" : "\"}", out);
}

static size_t position(FILE *out)
{
    return (size_t)ftell(out);
}

static char *make_body(const struct request_shape *shape, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    if (!out)
        err(1, "request");
    fprintf(out, "{\"model\":\"%s\",", shape->model);
    if (shape->streams)
        fputs("\"stream\":true,\"stream_options\":{\"include_usage\":true},", out);
    if (shape->mock)
        fprintf(out, "\"user\":\"mock:%s\",", shape->mock);
    fputs("\"temperature\":0.7,\"messages\":[", out);
    fputs("{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"}", out);
    size_t size = (size_t)shape->body_bytes;
    bool is_user = true;
    do {
        size_t used = position(out) + 80;
        size_t room = size > used ? size - used : 0;
        write_turn(out, is_user, MIN(room, (size_t)TURN_MAX));
        is_user = !is_user;
    } while (position(out) + TURN_ROOM < size);
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
    size_t body_n = 0;
    char *body = make_body(shape, &body_n), *text = NULL;
    FILE *out = open_memstream(&text, n);
    if (!out)
        err(1, "request");
    fprintf(out,
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            "User-Agent: OpenAI/Python 1.51.0\r\nAccept: application/json\r\n"
            "Accept-Encoding: identity\r\nX-Stainless-Lang: python\r\n"
            "X-Stainless-Package-Version: 1.51.0\r\nX-Stainless-OS: Linux\r\n"
            "X-Stainless-Arch: x64\r\nAuthorization: Bearer %s\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
            shape->port, shape->key, body_n);
    fwrite(body, 1, body_n, out);
    free(body);
    if (fclose(out) == EOF)
        err(1, "request");
    return text;
}
