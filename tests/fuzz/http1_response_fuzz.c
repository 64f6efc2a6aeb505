/* Response heads: no cut matters, and the head written anew from the parsed one reads the same. */
#include "http1_heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str method = size % 8 == 0 ? S("HEAD") : S("GET");
    str in = str_of((const char *)data, size);
    str head = exact_copy(str_slice(in, 0, head_end_at_any_cut(in)));
    struct arena a;
    struct http_head h;
    struct http_head again;
    arena_init(&a, 1024, 1 << 20);
    if (http1_parse_response(&a, head, method, &h) == 0) {
        must(h.framing != HTTP_TO_EOF || !h.keep_alive);
        struct buf b;
        buf_init(&b, SIZE_MAX / 2);
        http1_put_status_line(&b, h.status);
        put_fields(&b, &h);
        if (h.minor == 1) { /* we write nothing else */
            must(http1_parse_response(&a, buf_str(&b), method, &again) == 0);
            must_be_same(&h, &again);
        }
        buf_fini(&b);
    }
    arena_fini(&a);
    free((void *)(uintptr_t)head.p);
    return 0;
}
