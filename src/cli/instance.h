/* Where the running instance is, and with which key to speak to it.
 *
 * Clients: TB_URL and TB_KEY. Admin: -c FILE, else TB_ADMIN_URL, else the configuration that serve
 * would read, else the default address; the key is TB_ADMIN_KEY, else the configuration's, else the
 * one that serve made and stored (for URLs on this machine only). TB_CA names a PEM file to trust
 * instead of the system's. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

#define INSTANCE_URL       "http://127.0.0.1:8080"
#define INSTANCE_ADMIN_URL "http://127.0.0.1:8081"

struct instance {
    str url;
    str key; /* empty: none is known */
    const char *ca;
    bool is_admin;
};

void instance_find(struct instance *out); /* its texts are the environment's */
/* config_path NULL: no -c. False: the configuration has no admin address that can be asked, which
 * has been told on stderr. */
bool instance_find_admin(struct arena *a, const char *config_path, struct instance *out);
/* The URL of a listening address, "0.0.0.0:8081" -> "http://127.0.0.1:8081"; S_EMPTY when nobody
 * can connect to it: port 0, or TLS on a unix socket. Pure. */
str instance_url_of(struct arena *a, str address, bool is_tls);
