/* Between the files of gate/credential: one flight, from the settings to a value.
 *
 *   credential.c         sources, keepers, what requests call
 *   credential_copy.c    settings, copied and told apart
 *   credential_flight.c  what all flights do: ask over HTTP, read a file, say what failed
 *   credential_aws.c     AWS's chain
 *   credential_token.c   Google's and OAuth's tokens */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "cloud/aws.h"
#include "cloud/token.h"
#include "gate/credential.h"

/* Everything lives in the flight's arena until the value has been taken over. */
struct flight {
    const struct credential_settings *settings; /* the source's own copy */
    struct arena *arena;
    struct err *err;
    int64_t clock_us; /* how far the true time is ahead of this machine's, as servers tell */
};

struct flight_value {
    struct aws_keys keys; /* AWS... */
    str region;
    str token;          /* ...or this */
    int64_t expires_us; /* true wall clock; 0: never */
};

/* A copy in `a`, secrets included; credential_settings_wipe before the arena goes. */
void credential_settings_copy(struct arena *a, const struct credential_settings *from,
                              struct credential_settings *to);
void credential_settings_wipe(struct credential_settings *s);
/* SHA-256 of all that the settings say. */
void credential_settings_digest(const struct credential_settings *s, uint8_t out[SHA256_BYTES]);

int64_t flight_wall_us(const struct flight *f);
/* The secret's text, S_EMPTY for NULL. */
str flight_secret(const struct secret *s);
const char *flight_env(const char *name); /* getenv */

/* Fills f->err and returns -E_CREDENTIAL. */
int flight_fail(struct flight *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sends r to `whom` ("STS", for messages) and returns the body of a successful answer; anything
 * else is a failure. A metadata service is near or not there: it is asked without a proxy and given
 * little time. */
enum flight_peer { FLIGHT_SERVER, FLIGHT_METADATA };
NODISCARD int flight_ask(struct flight *f, const struct cloud_request *r, enum flight_peer peer,
                         const char *whom, str *body) MAY_YIELD;
/* A file's text. `what`: "the token file". */
NODISCARD int flight_file(struct flight *f, str path, const char *what, str *text);
bool flight_file_exists(struct flight *f, str path);

NODISCARD int flight_aws(struct flight *f, struct flight_value *out) MAY_YIELD;
NODISCARD int flight_gcp(struct flight *f, struct flight_value *out) MAY_YIELD;
NODISCARD int flight_oauth(struct flight *f, struct flight_value *out) MAY_YIELD;
NODISCARD int flight_identity(struct flight *f, struct flight_value *out) MAY_YIELD;
