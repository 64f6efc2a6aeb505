/* Who is calling, and which models may they use. Pure: reads a request head and tables made at
 * configuration time.
 *
 * A key is known by the SHA-256 of its text; nothing else is stored or compared. Every place an
 * SDK puts its key is looked at (Authorization: Bearer, x-api-key, api-key, x-goog-api-key,
 * ?key=), in this order; the first credential that is known wins, because an SDK that insists on
 * sending its own dummy key must not lock out the real one. */
#pragma once

#include "base/crypt.h"
#include "base/defs.h"
#include "base/str.h"
#include "base/table.h"
#include "wire/http1.h"

#define AUTH_CREDENTIALS_MAX 6

enum auth_headers { AUTH_HEADERS_FULL, AUTH_HEADERS_BASIC, AUTH_HEADERS_OFF };

/* A declared gateway key. */
struct gateway_key {
    str id;
    uint8_t hash[SHA256_BYTES];
    str *models; /* allowed names: alias, provider/model, or a prefix that ends in '*'; none: all */
    size_t n_models;
    int64_t expires_wall_us;   /* INT64_MAX: never */
    enum auth_headers headers; /* which tb- headers its answers carry */
};

/* The credentials a request carries, in order; returns how many. They borrow from the head. */
size_t auth_credentials(const struct http_head *head, str out[AUTH_CREDENTIALS_MAX]);

/* The key whose hash is in `keys` (32 raw bytes -> struct gateway_key). 0, -E_KEY_MISSING,
 * -E_KEY_INVALID or -E_KEY_EXPIRED. */
NODISCARD int auth_identify(const struct table *keys, const struct http_head *head, int64_t wall_us,
                            const struct gateway_key **out);

/* May this key (NULL: nobody in open mode, who may use all) name this model? `name` is what the
 * client said. */
bool auth_allows_model(const struct gateway_key *key, str name);
/* Does the request carry the admin key? */
bool auth_is_admin(const struct secret *admin_key, const struct http_head *head);
