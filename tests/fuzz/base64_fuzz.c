/* Bytes survive base64 in either alphabet; what is taken for base64 has one standard form, which
 * means the same bytes and is the encoder's. */
#include "wire/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf url;
    arena_init(&a, 0, SIZE_MAX / 2);
    buf_init(&url, SIZE_MAX / 2);
    str text = str_of((const char *)data, size), bytes = S_EMPTY, again = S_EMPTY, standard;
    must(base64_decode(&a, base64_encode(&a, text), &bytes) && str_eq(bytes, text));
    base64_put_url(&url, text);
    must(base64_decode(&a, buf_str(&url), &bytes) && str_eq(bytes, text));
    bool is_base64 = base64_decode(&a, text, &bytes);
    must(base64_normalise(&a, text, &standard) == is_base64);
    must(is_base64 || (bytes.n == 0 && standard.n == 0));
    if (is_base64) {
        must(str_eq(standard, base64_encode(&a, bytes)));
        must(base64_normalise(&a, standard, &again) && again.p == standard.p);
    }
    buf_fini(&url);
    arena_fini(&a);
    return 0;
}
