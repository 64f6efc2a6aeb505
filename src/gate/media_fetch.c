/* Fetching what a request names by URL: one after the other, because a request with several is rare
 * and its provider will take far longer than they do. Each is bounded in size and time, and all of
 * them together by the arena they end in. What comes back is looked at before it is believed: the
 * first bytes say what it is, not the server. */
#include "gate/media_fetch.h"

#include "gate/fetch.h"
#include "llm/media.h"
#include "wire/base64.h"

#define FETCH_US 20000000

struct fetching {
    struct exchange *x;
    struct arena *a;
    const struct dialect *to;
    unsigned n;
    size_t bytes;
};

static bool takes_url(const struct dialect *to, const struct media *m)
{
    bool is_https = str_has_prefix_nocase(m->bytes, S("https:"));
    return to->urls == URLS_ANY || (to->urls == URLS_HTTPS && is_https);
}

static int refuse(struct fetching *f, const struct media *m, const char *why)
{
    struct exchange *x = f->x;
    x->err = (struct err){.code = 0};
    return exchange_fail(x, -E_BAD_REQUEST, "\"" STR_FMT "\" cannot be fetched: %s",
                         STR_ARG(str_slice(m->bytes, 0, 200)), why);
}

/* A page that says that there is no such picture comes with status 200 as well. */
static bool is_of_kind(const struct media *m)
{
    static const str prefixes[] = {[MEDIA_IMAGE] = {"image/", 6},
                                   [MEDIA_AUDIO] = {"audio/", 6},
                                   [MEDIA_VIDEO] = {"video/", 6},
                                   [MEDIA_DOCUMENT] = {"", 0}};
    return m->bytes.n > 0 && str_has_prefix_nocase(m->mime, prefixes[m->kind]);
}

/* What came, as what its bytes are, or else as what the server says. */
static int take(struct fetching *f, struct media *m, const struct fetch_answer *answer)
{
    struct media got = *m;
    str type, parameters;
    got.source = MEDIA_BASE64;
    got.bytes = base64_encode(f->a, buf_str(&answer->body));
    str sniffed = media_sniff(got.bytes);
    str_cut(answer->content_type, ';', &type, &parameters);
    got.mime = arena_str(f->a, sniffed.n > 0 ? sniffed : str_trim(type));
    if (!is_of_kind(&got))
        return refuse(f, m, "what the server sends is nothing of the kind.");
    *m = got;
    return 0;
}

static int MAY_YIELD fetch_one(struct fetching *f, struct media *m)
{
    struct fetch_answer answer;
    struct fetch_request r = {.url = m->bytes,
                              .policy = DIAL_PUBLIC,
                              .follows = true,
                              .timeout_us = FETCH_US,
                              .max_bytes = MEDIA_FETCH_BYTES_MAX};
    if (++f->n > MEDIA_FETCH_MAX)
        return refuse(f, m, "a request may name 16 of them.");
    int rc = fetch(&r, &f->x->request, &answer, &f->x->err);
    if (rc == -E_CLIENT_GONE || rc == -E_DRAINING || rc == -E_TOTAL_TIMEOUT)
        return rc;
    if (rc < 0)
        return refuse(f, m, arena_cz(&f->x->arena, err_message(&f->x->err)));
    f->bytes += answer.body.n;
    if (answer.status != 200)
        rc = refuse(f, m, "the server does not answer with status 200.");
    else if (f->bytes > MEDIA_FETCH_CAP / 2)
        rc = refuse(f, m, "all of them together are too large.");
    else
        rc = take(f, m, &answer);
    fetch_answer_fini(&answer);
    return rc;
}

static int MAY_YIELD fetch_blocks(struct fetching *f, struct block *list, unsigned depth)
{
    int rc = 0;
    for (struct block *b = list; b && rc == 0; b = b->next) {
        if (b->kind == BLOCK_MEDIA && b->media.source == MEDIA_URL && !takes_url(f->to, &b->media))
            rc = fetch_one(f, &b->media);
        else if (b->kind == BLOCK_TOOL_RESULT && depth > 0)
            rc = fetch_blocks(f, b->result.blocks, depth - 1);
    }
    return rc;
}

int media_fetch(struct exchange *x, struct arena *a, struct chat *chat, const struct dialect *to)
{
    struct fetching f = {.x = x, .a = a, .to = to};
    int rc = 0;
    for (struct turn *t = chat->turns; t && rc == 0; t = t->next)
        rc = fetch_blocks(&f, t->blocks, 1);
    return rc;
}
