/* A seal of any bytes survives its wrapping; a value of any bytes is taken for what it is, and
 * wrapping what was unwrapped gives it back; an absent one stays so. */
#include "llm/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_survive(struct arena *a, const struct seal *s)
{
    str wrapped = seal_wrap(a, s);
    must(str_has_prefix(wrapped, S(SEAL_MAGIC)));
    struct seal again = seal_unwrap(a, wrapped, SEAL_NONE, FAMILY_UNKNOWN);
    must(again.kind == s->kind && again.family == s->family && str_eq(again.value, s->value));
    must(str_eq(again.provider, s->provider) && str_eq(again.model, s->model));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    str text = str_of((const char *)data + 2, size - 2);
    struct seal made = {
        .kind = data[0] & 1 ? SEAL_REDACTED : SEAL_SIGNATURE,
        .family = (enum seal_family)(data[0] % (FAMILY_OTHER + 1)),
        .provider = str_slice(text, 0, data[1] % 8),
        .model = str_slice(text, data[1] % 8, data[1] % 32),
        .value = text,
    };
    must_survive(&a, &made);
    must(!seal_fits(&made, FAMILY_UNKNOWN, made.provider, made.model));
    must(made.family == FAMILY_UNKNOWN || seal_fits(&made, made.family, made.provider, made.model));
    struct seal read = seal_unwrap(&a, text, SEAL_SIGNATURE, FAMILY_GEMINI);
    bool is_marked = str_has_prefix(text, S(SEAL_MAGIC));
    if (str_eq(text, S(SEAL_ABSENT)))
        must(read.family == FAMILY_OTHER && read.value.n == 0);
    else if (is_marked && !str_eq(read.value, text)) /* well wrapped, be it for a family unknown */
        must_survive(&a, &read);
    else
        must(read.kind == SEAL_SIGNATURE && str_eq(read.value, text) &&
             read.family == (is_marked ? FAMILY_UNKNOWN : FAMILY_GEMINI));
    arena_fini(&a);
    return 0;
}
