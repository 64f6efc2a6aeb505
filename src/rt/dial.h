/* The one dialler: every outbound connection is made here, to an address that was checked here.
 *
 * dial resolves the name (rt/dns), asks the address policy about every address, races the allowed
 * ones (the next one starts when the one before fails or has been silent for DIAL_STAGGER_MS,
 * families alternating: RFC 8305), goes through an HTTP proxy with CONNECT where there is one, and
 * does TLS with full verification. There is no way round the policy: the address connected to is
 * the address checked. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "rt/net.h"
#include "rt/tls.h"

#define DIAL_STAGGER_MS 250

enum dial_policy {
    DIAL_ANY,    /* the configuration names this host: loopback and private networks allowed */
    DIAL_PUBLIC, /* the name came from a request: global unicast only */
};

struct dial_proxy {
    str host;
    uint16_t port;
    bool is_tls;       /* https:// proxy */
    str authorization; /* value of Proxy-Authorization; empty: none */
};

struct dial_options {
    str host; /* name or numeric address, IPv6 without brackets */
    uint16_t port;
    str unix_path;                  /* not empty: this socket instead of host and port */
    const struct tls_client *tls;   /* NULL: plain */
    const struct dial_proxy *proxy; /* NULL: direct */
    enum dial_policy policy;
    int64_t dns_us, connect_us,
        tls_us; /* each step's own limit; the task's deadline holds besides */
};

/* Opens *out. 0 or -E_DNS, -E_DNS_TIMEOUT, -E_CONNECT, -E_CONNECT_TIMEOUT, -E_TLS, -E_TLS_TIMEOUT,
 * -E_PROXY, -E_ADDRESS_DENIED, -E_TIMEOUT (the task's deadline), or the cancel code. `e` gets a
 * text that names the host, the address and the system's or OpenSSL's reason (in arena `a`). */
NODISCARD int dial(struct net_conn *out, const struct dial_options *o, struct arena *a,
                   struct err *e) MAY_YIELD;

/* May a connection to sa be made under this policy? Pure; the table of special-purpose ranges
 * (IANA, RFC 6890, 6to4, NAT64, mapped and compatible IPv4 unpacked) is in dial_policy.c. */
bool dial_policy_allows(enum dial_policy policy, const struct sockaddr *sa);

/* The proxy for a URL from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY (either case; HTTP_PROXY upper case
 * ignored when REQUEST_METHOD is set) and NO_PROXY (names, suffixes, addresses, CIDR, *). Loopback
 * never goes through a proxy. Returns false for none. Read once at configuration time, not per
 * request. */
bool dial_proxy_from_env(struct arena *a, bool is_tls, str host, uint16_t port,
                         struct dial_proxy *out);
/* "http://user:pass@host:3128" */
NODISCARD int dial_proxy_parse(struct arena *a, str url, struct dial_proxy *out);
