/* Any JSON as a schema: what is made of it is JSON and within bounds, and where nothing is made
 * nothing is left behind. */
#include "gate/sim_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json *schema, *instance;
    size_t error_at;
    struct arena a;
    struct buf out;
    arena_init(&a, 4096, 256u << 20);
    buf_init(&out, 256u << 20);
    if (json_read(&a, str_of((const char *)data, size), &schema, &error_at) == 0) {
        if (sim_schema_instance(schema, &out))
            must(json_read(&a, buf_str(&out), &instance, &error_at) == 0 && out.n <= 64u << 10);
        else
            must(out.n == 0);
        must(buf_is_ok(&out));
    }
    buf_fini(&out);
    arena_fini(&a);
    return 0;
}
