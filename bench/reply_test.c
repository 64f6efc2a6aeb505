/* The reply reader, with every reply cut into two at every byte. */
#include "reply.c"
#include "tap.h"

#define HEAD   "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
#define EVENTS "data: 1\n\ndata: [DONE]\n\n"

static enum reply_verdict feed_cut(struct reply *r, const char *text, size_t cut)
{
    reply_begin(r);
    enum reply_verdict first = reply_feed(r, text, cut);
    return first == REPLY_PENDING ? reply_feed(r, text + cut, strlen(text) - cut) : first;
}

/* At no cut does the reply end differently or hold another number of events. */
static bool is_always(const char *text, enum reply_verdict want, long events)
{
    static struct reply r;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        if (feed_cut(&r, text, cut) != want || r.events != events)
            return false;
    }
    return true;
}

static void test_ends(void)
{
    ok(is_always("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", REPLY_COMPLETE, 0),
       "an empty body");
    ok(is_always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1\n\n\n5", REPLY_COMPLETE, 0),
       "a body that is no stream holds no events");
    ok(is_always(HEAD "Content-Length: 23\r\n\r\n" EVENTS, REPLY_COMPLETE, 2),
       "a stream with a length");
    ok(is_always(HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0e\r\n"
                      "data: [DONE]\n\n\r\n0\r\n\r\n",
                 REPLY_COMPLETE, 2),
       "a stream in chunks");
    ok(is_always(HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n\n\r\nA\r\n\n123456789\r\n0\r\n"
                      "Trailer: x\r\n\r\n",
                 REPLY_COMPLETE, 1),
       "an event that ends in another chunk, and a trailer");
}

static void test_breaches(void)
{
    ok(is_always("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", REPLY_BROKEN, 0), "HTTP/1.0");
    ok(is_always("HTTP/1.1 200 OK\r\n\r\n", REPLY_BROKEN, 0), "no length");
    ok(is_always(HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nab", REPLY_BROKEN, 0),
       "a chunk longer than it says");
    ok(is_always(HEAD "Transfer-Encoding: chunked\r\n\r\nx", REPLY_BROKEN, 0), "no size");
    static struct reply r;
    reply_begin(&r);
    is_int(reply_feed(&r, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 40), REPLY_BROKEN,
           "bytes after the end");
    ok(is_always(HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n", REPLY_PENDING, 1),
       "a stream that breaks off is not complete");
}

static void test_notes(void)
{
    static struct reply r;
    is_int(feed_cut(&r, HEAD "Connection: close\r\nContent-Length: 23\r\n\r\n" EVENTS, 100),
           REPLY_COMPLETE, "a reply");
    is_int(r.status, 200, "its status");
    ok(r.closes && r.is_stream, "it closes, it is a stream");
    ok(reply_ends_with(&r, "data: [DONE]\n"), "the end mark");
    is_int(feed_cut(&r, HEAD "Content-Length: 9\r\n\r\ndata: 1\n\n", 9), REPLY_COMPLETE, "a reply");
    ok(!reply_ends_with(&r, "data: [DONE]\n"), "no end mark");
    ok(!r.closes, "a new reply forgets the last one");
    const char *text = HEAD "Content-Length: 23\r\n\r\n" EVENTS;
    bool is_found = true;
    for (size_t cut = strlen(text) - 23; cut <= strlen(text); cut++) {
        (void)feed_cut(&r, text, cut);
        is_found = is_found && reply_ends_with(&r, "data: [DONE]\n");
    }
    ok(is_found, "the end mark, cut anywhere");
}

int main(void)
{
    test_ends();
    test_breaches();
    test_notes();
    return tap_done();
}
