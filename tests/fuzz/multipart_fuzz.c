/* Multipart bodies, in pieces as long as the first byte says: the verdict of the whole; the model
 * lies where it is said to lie; and a body with another model in its place reads as that. */
#include "wire/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct multipart *read(struct arena *a, str body, size_t step)
{
    struct multipart *m = multipart_new(a, S("b"));
    const char *why = NULL;
    for (size_t at = 0; at < body.n; at += step) {
        if (multipart_feed(m, str_slice(body, at, at + step), &why) < 0) {
            must(why && !multipart_is_done(m));
            break;
        }
    }
    return m;
}

static void must_replace(struct arena *a, str body, uint64_t begin, uint64_t end, str with)
{
    str parts[] = {str_slice(body, 0, (size_t)begin), with, str_skip(body, (size_t)end)};
    struct multipart *m = read(a, arena_concat(a, parts, ARRAY_LEN(parts)), SIZE_MAX / 2);
    str model = S_EMPTY;
    must(multipart_is_done(m) && multipart_model(m, &model, &begin, &end) && str_eq(model, with));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str body = str_of((const char *)data + 1, size - 1);
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    struct multipart *whole = read(&a, body, MAX(body.n, 1));
    struct multipart *pieces = read(&a, body, 1 + data[0] % 32);
    str model = S_EMPTY, again = S_EMPTY;
    uint64_t begin = 0, end = 0;
    bool has_model = multipart_model(whole, &model, &begin, &end);
    must(multipart_is_done(whole) == multipart_is_done(pieces));
    must(multipart_model(pieces, &again, &begin, &end) == has_model && str_eq(model, again));
    must(str_eq(multipart_field(whole, S("a")), multipart_field(pieces, S("a"))));
    if (has_model) {
        must(begin <= end && end <= body.n);
        must(str_eq(str_slice(body, (size_t)begin, (size_t)end), model));
    }
    if (has_model && multipart_is_done(whole))
        must_replace(&a, body, begin, end, S("another"));
    arena_fini(&a);
    return 0;
}
