/* Settings, member by member: three tables say which members are texts, paths and secrets, and
 * everything that has to do something with all of them walks the tables. So a new member is one
 * line here, and cannot be copied but forgotten in the digest that tells sources apart. */
#include <string.h>

#include "base/buf.h"
#include "gate/credential_parts.h"

#define AT(member) offsetof(struct credential_settings, member)
#define DIGEST_MAX ((size_t)8 << 20)

static const size_t texts[] = {
    AT(provider),
    AT(header),
    AT(scheme),
    AT(aws.region),
    AT(aws.service),
    AT(aws.profile),
    AT(aws.role_arn),
    AT(aws.role_name),
    AT(aws.external_id),
    AT(aws.sts_url),
    AT(aws.imds_url),
    AT(gcp.file),
    AT(gcp.scope),
    AT(gcp.token_url),
    AT(gcp.metadata_host),
    AT(oauth.token_url),
    AT(oauth.client_id),
    AT(oauth.certificate_file),
    AT(oauth.key_id),
    AT(oauth.jwt_audience),
    AT(oauth.assertion_file),
    AT(oauth.private_key_file),
    AT(oauth.scope),
    AT(oauth.audience),
    AT(oauth.resource),
};
static const size_t paths[] = {AT(ca), AT(cert), AT(key)};
static const size_t secrets[] = {
    AT(value),
    AT(aws.access_key_id),
    AT(aws.secret_access_key),
    AT(aws.session_token),
    AT(oauth.client_secret),
};

/* Of the member at `offset`: read it, write it. memcpy, because the tables know no types. */
static str text_at(const struct credential_settings *s, size_t offset)
{
    str text;
    memcpy(&text, (const char *)s + offset, sizeof text);
    return text;
}

static const void *pointer_at(const struct credential_settings *s, size_t offset)
{
    const void *p;
    memcpy(&p, (const char *)s + offset, sizeof(void *));
    return p;
}

static void set_at(struct credential_settings *s, size_t offset, const void *value, size_t n)
{
    memcpy((char *)s + offset, value, n);
}

void credential_settings_copy(struct arena *a, const struct credential_settings *from,
                              struct credential_settings *to)
{
    *to = *from;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        str text = arena_str(a, text_at(from, texts[i]));
        set_at(to, texts[i], &text, sizeof text);
    }
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const char *path = pointer_at(from, paths[i]);
        path = path ? arena_cz(a, str_from_cz(path)) : NULL;
        set_at(to, paths[i], &path, sizeof(void *));
    }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        const struct secret *secret = pointer_at(from, secrets[i]);
        secret = secret ? secret_new(secret_expose(secret)) : NULL;
        set_at(to, secrets[i], &secret, sizeof(void *));
    }
}

void credential_settings_wipe(struct credential_settings *s)
{
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        struct secret *secret; /* our own copy: not const to us */
        memcpy(&secret, (const char *)s + secrets[i], sizeof(void *));
        secret_free(secret);
        secret = NULL;
        set_at(s, secrets[i], &secret, sizeof(void *));
    }
}

/* With its length in front, and whether it is there at all: no two settings read the same. */
static void put_member(struct buf *b, bool is_there, str value)
{
    buf_put_char(b, is_there ? '+' : '-');
    buf_put_u64(b, value.n);
    buf_put_char(b, ':');
    buf_put(b, value);
}

void credential_settings_digest(const struct credential_settings *s, uint8_t out[SHA256_BYTES])
{
    struct buf b;
    buf_init(&b, DIGEST_MAX);
    buf_printf(&b, "%d,%d,%d,%lld", (int)s->kind, (int)s->aws.use, (int)s->oauth.auth,
               (long long)s->timeout_us);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        put_member(&b, true, text_at(s, texts[i]));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const char *path = pointer_at(s, paths[i]);
        put_member(&b, path != NULL, str_from_cz(path));
    }
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        const struct secret *secret = pointer_at(s, secrets[i]);
        put_member(&b, secret != NULL, secret ? secret_expose(secret) : S_EMPTY);
    }
    must(buf_is_ok(&b));
    crypt_sha256(buf_str(&b), out);
    if (b.n > 0)
        explicit_bzero(b.p, b.n);
    buf_fini(&b);
}
