/* What clouds answer and what their files hold: whatever is taken from it can be sent in a header,
 * what is found in XML lies in it, and the same text is read the same way again. */
#include "cloud/aws.h"
#include "cloud/gcp.h"
#include "cloud/token.h"
#include "cloud/xml.h"
#include "wire/http1_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answers(struct arena *a, str text, str *why)
{
    struct cloud_token token;
    struct aws_keys keys;
    struct gcp_file file;
    if (cloud_token_read(a, text, 0, &token, why) == 0)
        must(token.value.n > 0 && http_value_is_valid(token.value) && token.expires_us >= 0);
    if (gcp_impersonation_read(a, text, &token, why) == 0)
        must(token.value.n > 0 && http_value_is_valid(token.value));
    if (aws_keys_read(a, text, &keys, why) == 0 || aws_sts_read(a, text, &keys, why) == 0)
        must(keys.access_key_id.n > 0 && http_value_is_valid(keys.session_token));
    if (gcp_file_read(a, text, &file, why) == 0)
        must(file.token_url.n > 0 && file.n_subject_headers <= CLOUD_HEADERS_MAX);
    must(http_value_is_valid(cloud_refusal(a, 400, text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size), inner, why = S_EMPTY;
    struct aws_profile once, again;
    struct arena a;
    arena_init(&a, 0, SIZE_MAX / 2);
    read_answers(&a, text, &why);
    if (xml_find(text, S("a"), &inner) && inner.n > 0)
        must(inner.p >= text.p && inner.p + inner.n <= text.p + text.n);
    must(xml_text(&a, text, S("a")).n <= text.n);
    bool found = aws_profile_read(&a, text, text, S("default"), &once);
    must(found == aws_profile_read(&a, text, text, S("default"), &again));
    must(str_eq(once.keys.access_key_id, again.keys.access_key_id));
    must(str_find_char(once.region, '\n') == STR_NONE && once.duration_s >= 0);
    arena_fini(&a);
    return 0;
}
