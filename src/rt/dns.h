/* Name resolution with c-ares inside the loop: no thread, no blocking call.
 *
 * One channel and one cache per thread. Answers live for their TTL (at least 1 s, at most 1 h);
 * when a refresh fails or is slow, a stale answer up to 1 h old is used. Failures are remembered
 * for 1 s. Concurrent questions for one name share one flight. Numeric hosts and "localhost" ask
 * nobody; /etc/hosts comes before the servers. At most DNS_ADDRS_MAX addresses are kept per name,
 * DNS_CACHE_MAX names. */
#pragma once

#include <sys/socket.h>

#include "base/defs.h"
#include "base/str.h"

#define DNS_ADDRS_MAX 32
#define DNS_CACHE_MAX 1024

struct dns_addrs {
    size_t n;
    /* Port 0. Families alternate, IPv6 first; but "localhost" is 127.0.0.1, then ::1. */
    struct sockaddr_storage addr[DNS_ADDRS_MAX];
};

/* 0, -E_DNS, -E_DNS_TIMEOUT (the servers are silent), -E_TIMEOUT or the cancel code. *out is the
 * caller's (large: put it into an arena, not on the stack); *reason gets a static text when it is
 * -E_DNS or -E_DNS_TIMEOUT. */
NODISCARD int dns_resolve(str host, struct dns_addrs *out, const char **reason) MAY_YIELD;
/* Frees this thread's channel and cache; no task waits for an answer. Before loop_close. */
void dns_thread_end(void);
/* For tests, before threads start: servers as "127.0.0.1:5353[,...]" for channels made later; NULL:
 * the system's. */
void dns_set_servers(const char *csv);
const char *dns_version_text(void); /* of c-ares: "1.18.1" */
