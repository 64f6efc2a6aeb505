/* Texts of the configuration -> values: durations, sizes, counts, dates, URLs.
 *
 * Pure functions without state. Each returns false for what it does not understand; the caller says
 * so with a position. Durations, sizes and counts too large for the type become INT64_MAX. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

/* What a plain (unquoted) scalar is in YAML 1.2's core schema. */
enum core_type { CORE_NULL, CORE_BOOL, CORE_INT, CORE_FLOAT, CORE_STRING };
enum core_type value_core_type(str plain);

bool value_int(str s, int64_t *out);      /* core schema: 12, -3, 0x1f, 0o17 */
bool value_duration(str s, int64_t *out); /* 250ms 30s 10m 1h 7d, or 0; microseconds */
bool value_size(str s, int64_t *out);     /* 1024, 64KiB, 32MiB, 1GiB, 1TiB; bytes */
bool value_count(str s, int64_t *out);    /* 100, 400k, 2M, 1G */
/* RFC 3339: a date (midnight UTC) or a date and time with zone; microseconds since 1970. */
bool value_date(str s, int64_t *wall_us);

bool value_is_id(str s);           /* [A-Za-z0-9._-]+, at most 128 */
bool value_is_header_name(str s);  /* RFC 9110 token */
bool value_is_header_value(str s); /* no control character but HTAB */
bool value_is_clean_text(str s);   /* no control character at all, not even DEL */

/* A provider's base URL: http, https or http+unix:/socket[:/base]; nothing but scheme, host, port
 * and path. */
struct value_url {
    bool is_tls;
    str host; /* lower case, no brackets */
    uint16_t port;
    str unix_path; /* empty: TCP */
    str authority; /* for the Host header */
    str base_path; /* without trailing slash; "" for none */
};
/* 0, or -E_BAD_REQUEST with *why, static text that ends the sentence "the URL ...". */
NODISCARD int value_url(struct arena *a, str s, struct value_url *out, const char **why);
