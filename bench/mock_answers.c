/* OpenAI's envelopes with made-up words in them, of the sizes that real ones have: a whole answer
 * is CHAT_BYTES, an event of a stream about 220 bytes for one token. */
#include "mock_answers.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAT_BYTES 600

struct answers answers;

static struct text format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
static struct text format(const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    struct text t = {0};
    int n = vasprintf(&t.p, pattern, arguments);
    va_end(arguments);
    if (n < 0)
        err(1, "text");
    t.n = (size_t)n;
    return t;
}

static struct text json_answer(const char *body)
{
    return format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                  "x-request-id: req_mock\r\n\r\n%s",
                  strlen(body), body);
}

/* A chunk of HTTP that holds one event: the envelope that all of OpenAI's stream events have
 * around `rest`. */
static struct text event_chunk(const char *rest)
{
    struct text event =
        format("data: {\"id\":\"chatcmpl-mock0000000000000000000000\",\"object\":\"chat.completion."
               "chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\","
               "\"system_fingerprint\":\"fp_mock\",\"choices\":[%s}\n\n",
               rest);
    struct text chunk = format("%zx\r\n%s\r\n", event.n, event.p);
    free(event.p);
    return chunk;
}

/* The words of the answer make the body CHAT_BYTES long. */
static struct text chat_answer(void)
{
    static const char before[] =
        "{\"id\":\"chatcmpl-mock0000000000000000000000\",\"object\":\"chat.completion\","
        "\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char after[] =
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":"
        "{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29},"
        "\"system_fingerprint\":\"fp_mock\"}";
    char words[CHAT_BYTES + 1 - (sizeof before - 1) - (sizeof after - 1)];
    for (size_t i = 0; i < sizeof words - 1; i++)
        words[i] = i % 6 == 5 ? ' ' : (char)('a' + i % 26);
    words[sizeof words - 1] = '\0';
    struct text body = format("%s%s%s", before, words, after);
    struct text answer = json_answer(body.p);
    free(body.p);
    return answer;
}

static struct text embeddings_answer(void)
{
    struct text body = {0};
    FILE *out = open_memstream(&body.p, &body.n);
    if (!out)
        err(1, "text");
    fputs("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[",
          out);
    for (int i = 0; i < 256; i++)
        fprintf(out, "%s%.8f", i > 0 ? "," : "", i / 2560.0 - 0.05);
    fputs("]}],\"model\":\"text-embedding-3-small\",\"usage\":{\"prompt_tokens\":8,"
          "\"total_tokens\":8}}",
          out);
    if (fclose(out) == EOF)
        err(1, "text");
    struct text answer = json_answer(body.p);
    free(body.p);
    return answer;
}

void answers_make(void)
{
    answers.chat = chat_answer();
    answers.embeddings = embeddings_answer();
    answers.models =
        json_answer("{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\",\"object\":\"model\","
                    "\"created\":1,\"owned_by\":\"mock\"}]}");
    answers.not_found = format("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    answers.stream_head =
        format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
               "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n"
               "x-request-id: req_mock\r\n\r\n");
    answers.first_chunk =
        event_chunk("{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                    "\"logprobs\":null,\"finish_reason\":null}]");
    answers.chunk = event_chunk("{\"index\":0,\"delta\":{\"content\":\" token\"},"
                                "\"logprobs\":null,\"finish_reason\":null}]");
    struct text usage = event_chunk("],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":64,"
                                    "\"total_tokens\":83}");
    answers.end = format("%se\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", usage.p);
    free(usage.p);
}
