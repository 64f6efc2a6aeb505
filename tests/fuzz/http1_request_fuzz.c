/* Request heads: no cut matters, what is accepted was plausible from its first byte, and the head
 * written anew from the parsed one reads the same. */
#include "http1_heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of((const char *)data, size);
    in = str_skip(in, http1_skip_blank(in));
    str head = exact_copy(str_slice(in, 0, head_end_at_any_cut(in)));
    struct arena a;
    struct http_head h;
    struct http_head again;
    arena_init(&a, 1024, 1 << 20);
    if (http1_parse_request(&a, head, &h) == 0) {
        for (size_t n = 0; n <= head.n; n += 1 + n / 8)
            must(http1_head_is_plausible(str_slice(head, 0, n)));
        struct buf b;
        buf_init(&b, SIZE_MAX / 2);
        http1_put_request_line(&b, h.method, h.target);
        put_fields(&b, &h);
        if (h.minor == 1) { /* we write nothing else */
            must(http1_parse_request(&a, buf_str(&b), &again) == 0);
            must_be_same(&h, &again);
        }
        buf_fini(&b);
    }
    arena_fini(&a);
    free((void *)(uintptr_t)head.p);
    return 0;
}
