/* Credentials from a request head, and the look-up of gateway keys by hash.
 *
 * The raw text of a credential is hashed before anything is looked up, so no header byte ever
 * reaches a table, a store or a log, and the time a look-up takes says nothing about near
 * misses. */
#include "policy/auth.h"

#include "base/err.h"

static const struct {
    str name;
    str scheme;
} carriers[] = {
    {{"authorization", 13}, {"Bearer ", 7}},
    {{"x-api-key", 9}, {"", 0}},
    {{"api-key", 7}, {"", 0}},
    {{"x-goog-api-key", 14}, {"", 0}},
};

/* The value of ?key=, undecoded: gateway keys need no escaping. */
static str query_key(str query)
{
    str pair;
    while (query.n > 0) {
        str_cut(query, '&', &pair, &query);
        if (str_has_prefix(pair, S("key=")))
            return str_skip(pair, 4);
    }
    return S_EMPTY;
}

static size_t add(str *out, size_t n, str credential)
{
    if (credential.n > 0 && n < AUTH_CREDENTIALS_MAX)
        out[n++] = credential;
    return n;
}

size_t auth_credentials(const struct http_head *head, str out[AUTH_CREDENTIALS_MAX])
{
    size_t n = 0;
    for (size_t c = 0; c < ARRAY_LEN(carriers); c++)
        for (size_t i = 0; i < head->n_headers; i++) {
            const struct http_header *h = &head->headers[i];
            if (str_eq_nocase(h->name, carriers[c].name) &&
                str_has_prefix_nocase(h->value, carriers[c].scheme))
                n = add(out, n, str_trim(str_skip(h->value, carriers[c].scheme.n)));
        }
    return add(out, n, query_key(head->query));
}

int auth_identify(const struct table *keys, const struct http_head *head, int64_t wall_us,
                  const struct gateway_key **out)
{
    str credentials[AUTH_CREDENTIALS_MAX];
    size_t n = auth_credentials(head, credentials);
    int rc = n == 0 ? -E_KEY_MISSING : -E_KEY_INVALID;
    for (size_t i = 0; i < n; i++) {
        uint8_t hash[SHA256_BYTES];
        crypt_sha256(credentials[i], hash);
        const struct gateway_key *key = table_get(keys, str_of((const char *)hash, sizeof hash));
        if (key && key->expires_wall_us > wall_us) {
            *out = key;
            return 0;
        }
        if (key)
            rc = -E_KEY_EXPIRED;
    }
    return rc;
}

static bool pattern_matches(str pattern, str name)
{
    if (str_has_suffix(pattern, S("*")))
        return str_has_prefix(name, str_slice(pattern, 0, pattern.n - 1));
    return str_eq(pattern, name);
}

bool auth_allows_model(const struct gateway_key *key, str name)
{
    if (!key || key->n_models == 0)
        return true;
    for (size_t i = 0; i < key->n_models; i++)
        if (pattern_matches(key->models[i], name))
            return true;
    return false;
}

bool auth_is_admin(const struct secret *admin_key, const struct http_head *head)
{
    str credentials[AUTH_CREDENTIALS_MAX];
    size_t n = auth_credentials(head, credentials);
    for (size_t i = 0; i < n; i++)
        if (admin_key && !secret_is_empty(admin_key) && secret_equals(admin_key, credentials[i]))
            return true;
    return false;
}
