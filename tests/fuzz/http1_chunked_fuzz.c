/* Chunked bodies: the first byte of the input says how the rest is cut and how many spans there
 * are; verdict, text and bytes taken are those of the whole. */
#include <string.h>

#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(str in, size_t step, size_t n_spans, struct buf *text, size_t *taken)
{
    struct http1_body b;
    struct iovec spans[8];
    int rc = 0;
    http1_body_init(&b, &(struct http_head){.framing = HTTP_CHUNKED}, true);
    for (*taken = 0; *taken < in.n && !b.done && rc == 0;) {
        size_t n = n_spans;
        size_t used;
        rc = http1_body_feed(&b, in.p + *taken, MIN(step, in.n - *taken), spans, &n, &used);
        must(rc < 0 || used > 0);
        for (size_t i = 0; i < n; i++)
            buf_put(text, str_of(spans[i].iov_base, spans[i].iov_len));
        *taken += used;
    }
    must(b.decoded == text->n && text->n <= in.n);
    return rc < 0 ? rc : b.done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str in = str_of((const char *)data + 1, size - 1);
    struct buf whole;
    struct buf cut;
    size_t taken[2];
    buf_init(&whole, SIZE_MAX / 2);
    buf_init(&cut, SIZE_MAX / 2);
    int rc = decode(in, SIZE_MAX, 8, &whole, &taken[0]);
    must(rc == decode(in, 1 + data[0] % 32, 1 + data[0] / 32, &cut, &taken[1]));
    must(rc < 0 || (taken[0] == taken[1] && str_eq(buf_str(&whole), buf_str(&cut))));
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}
