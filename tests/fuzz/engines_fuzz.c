/* The dialects that only providers speak, and the templates of those that speak none: see codec.h.
 * The first byte says which of them. A template that is taken gives JSON, with values and without.
 */
#include "codec.h"

static void template_any(str text)
{
    struct arena a;
    struct custom_template t;
    struct custom_values values = {.at = {NULL}};
    struct buf out;
    str why = S_EMPTY;
    size_t at = 0;
    arena_init(&a, 4096, 1u << 30);
    buf_init(&out, SIZE_MAX);
    int rc = custom_template_read(&a, text, &t, &why, &at);
    must(rc == 0 ? t.body != NULL : why.n > 0 && at <= text.n);
    for (int filled = 0; rc == 0 && filled < 2; filled++) {
        struct json_writer w = json_writer(&out);
        custom_template_put(&w, &a, &t, &values);
        must(codec_parse(&a, buf_str(&out)));
        buf_reset(&out);
        for (size_t i = 0; i < CUSTOM_PLACES; i++)
            values.at[i] = codec_parse(&a, S("[\"\\\"{{model}}\"]"));
    }
    buf_fini(&out);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dialect_id ids[] = {DIALECT_TGI, DIALECT_KSERVE_V1, DIALECT_KSERVE_V2,
                                          DIALECT_MLFLOW, DIALECT_CUSTOM};
    if (size > 0 && data[0] == 't')
        template_any(str_of((const char *)data + 1, size - 1));
    return size == 0 ? 0 : codec_any(ids[data[0] % ARRAY_LEN(ids)], data + 1, size - 1);
}
