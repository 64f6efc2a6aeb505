/* Any JSON as a schema, for every provider and use: the output is JSON, not many times the input's
 * size, an object where one is asked for; and converting it again changes nothing. */
#include "llm/json_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str convert(struct arena *a, const struct json *schema, enum capability_schema flavour,
                   enum schema_use use)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    struct json_writer w = json_writer(&b);
    json_schema_put(&w, NULL, schema, flavour, use, NULL, "tools");
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    const struct json *schema, *again;
    size_t error_at;
    arena_init(&a, 0, SIZE_MAX / 2);
    if (size > 0 &&
        json_read(&a, str_of((const char *)data + 1, size - 1), &schema, &error_at) == 0) {
        enum capability_schema flavour = (enum capability_schema)(data[0] % 5);
        enum schema_use use = (enum schema_use)(data[0] / 5 % 3);
        str text = convert(&a, schema, flavour, use);
        must(text.n <= (64u << 10) + 64 * size);
        int rc = json_read(&a, text, &again, &error_at);
        must(rc == 0 || text.n > size); /* a key or a depth past the limits of JSON here */
        if (rc == 0) {
            must(flavour < SCHEMA_ANTHROPIC || json_type(again) == JSON_OBJECT);
            must(str_eq(convert(&a, again, flavour, use), text));
        }
    }
    arena_fini(&a);
    return 0;
}
