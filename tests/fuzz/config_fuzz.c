/* Any bytes as a configuration, alone and behind a literal secret. Nothing outside is read:
 * references resolve to a canary. Properties: problems and errors agree with the verdict, and no
 * rendering shows the canary or the secret. */
#include <stdlib.h>

#include "base/buf.h"
#include "gate/config_tree.h"
#include "gate/snapshot.h"

#define CANARY "qzCanaryzq"
#define SECRET "qzSecretzq"
#define BEFORE "providers:\n  p:\n    kind: openai\n    api_key: " SECRET

static bool canary_env(str name, str *value)
{
    *value = name.n > 3 ? S(CANARY) : S_EMPTY;
    return name.n > 3;
}

static const char *canary_file(struct arena *a, str path, str *text)
{
    *text = arena_str(a, S(CANARY));
    return path.n > 9 ? "no such file" : NULL;
}

static void check(str text)
{
    static const struct config_sources sources = {canary_env, canary_file, .is_sealed = true};
    struct config *c = config_parse_with(text, S("fuzz"), &sources);
    struct snapshot *s = snapshot_compile(c);
    struct buf b;

    buf_init(&b, SIZE_MAX / 2);
    must((s != NULL) == (config_error_count(c) == 0));
    config_render_text(c, &b, true);
    config_render_json(c, &b);
    config_render_effective(c, &b);
    must(str_find(buf_str(&b), S(CANARY)) == STR_NONE);
    must(str_find(buf_str(&b), S(SECRET)) == STR_NONE);
    buf_fini(&b);
    s ? snapshot_release(s) : config_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size);
    struct buf b;

    /* The fuzzer learns these words from the comparisons above. */
    if (str_find(text, S(CANARY)) != STR_NONE || str_find(text, S(SECRET)) != STR_NONE)
        return 0;
    check(text);
    buf_init(&b, SIZE_MAX / 2);
    buf_put(&b, S(BEFORE));
    buf_put(&b, text);
    check(buf_str(&b));
    buf_fini(&b);
    return 0;
}
