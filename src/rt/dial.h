/* The one dialler: every outbound connection is made here, to an address that was checked here.
 *
 * dial resolves the name (rt/dns), asks the address policy about every address, races the allowed
 * ones (the next one starts when the one before fails or has been silent for DIAL_STAGGER_MS,
 * families alternating: RFC 8305), goes through an HTTP proxy with CONNECT where there is one, and
 * does TLS with full verification. There is no way round the policy: the address connected to is
 * the address checked, a name of which one address is forbidden is forbidden, and a proxy is given
 * the checked address instead of the name. */
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

struct dial_proxy { /* http:// only */
    str host;
    uint16_t port;
    str authorization; /* value of Proxy-Authorization; empty: none */
};

struct dial_options {
    str host; /* name or numeric address, IPv6 without brackets */
    uint16_t port;
    str unix_path;                  /* not empty: this socket instead of host and port */
    struct tls_client *tls;         /* NULL: plain */
    const struct dial_proxy *proxy; /* NULL: direct */
    enum dial_policy policy;
    /* Each step's own limit, 0: none; the task's deadline holds besides. The way through a proxy
     * belongs to the connect step. */
    int64_t dns_us, connect_us, tls_us;
};

/* Opens *out, or leaves it closed. 0 or -E_DNS, -E_DNS_TIMEOUT, -E_CONNECT, -E_CONNECT_TIMEOUT,
 * -E_TLS, -E_TLS_TIMEOUT, -E_PROXY, -E_ADDRESS_DENIED, -E_TIMEOUT (the task's deadline), or the
 * cancel code. But for the last two, `e` gets a text that names the host, the address and the
 * system's or OpenSSL's reason (in arena `a`). */
NODISCARD int dial(struct net_conn *out, const struct dial_options *o, struct arena *a,
                   struct err *e) MAY_YIELD;

/* May a connection to sa be made under this policy? Pure; the table of special-purpose ranges
 * (IANA, RFC 6890; mapped, NAT64 and 6to4 addresses are judged by the IPv4 address they carry) is
 * in dial_policy.c. */
bool dial_policy_allows(enum dial_policy policy, const struct sockaddr *sa);

/* The URL of the proxy for a destination, from HTTPS_PROXY or HTTP_PROXY, then ALL_PROXY (lower
 * case before upper; upper case HTTP_PROXY ignored when REQUEST_METHOD is set), unless NO_PROXY
 * (names with all below them, addresses, CIDR, each perhaps with :port, *) exempts it. Loopback
 * never goes through a proxy. S_EMPTY: none. BORROWED from the environment; read at configuration
 * time. */
str dial_proxy_from_env(bool is_tls, str host, uint16_t port);
/* "http://user:pass@host:3128"; port 80 when none is given. 0, or -E_CONFIG with a static *why. */
NODISCARD int dial_proxy_parse(struct arena *a, str url, struct dial_proxy *out, const char **why);
/* On a connection to the proxy: has it connect to host and port. 0, -E_PROXY (with `e`), -E_TIMEOUT
 * or the cancel code. For dial.c. */
struct dial_target {
    str host; /* IPv6 without brackets */
    uint16_t port;
};
NODISCARD int dial_proxy_tunnel(struct net_conn *c, const struct dial_proxy *proxy,
                                struct dial_target target, struct arena *a,
                                struct err *e) MAY_YIELD;
