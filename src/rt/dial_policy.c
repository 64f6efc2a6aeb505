/* The address policy: which destinations a name that came from a request may lead to.
 *
 * A caller who may name a host (an image URL, a webhook) must not reach what only the gateway can
 * reach: loopback, private networks, the cloud's metadata service. Names cannot be judged, because
 * any name can point anywhere, and differently each time it is asked for; so the judgement is about
 * the socket address just before connect, and the dialler connects to that very address.
 *
 * For IPv4 the table lists what is forbidden, after IANA's special-purpose registry (RFC 6890 and
 * its updates) and with one address that is public by number only. For IPv6 global unicast
 * (2000::/3) is allowed less a list, because everything else is unassigned or special. An IPv6
 * address that carries an IPv4 address, and by which a translator or the kernel reaches it, is
 * judged by what it carries. What no table names is refused. */
#include "rt/dial.h"

#include <netinet/in.h>
#include <string.h>

struct range4 {
    uint32_t net; /* host byte order */
    unsigned bits;
};

static const struct range4 forbidden4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8        this network; Linux takes 0.0.0.0 for loopback */
    {0x0a000000, 8},  /* 10.0.0.0/8       private, RFC 1918 */
    {0x64400000, 10}, /* 100.64.0.0/10    carrier-grade NAT; Alibaba's metadata is in it */
    {0x7f000000, 8},  /* 127.0.0.0/8      loopback */
    {0xa83f8110, 32}, /* 168.63.129.16    Azure's wire server: a public number, a host's service */
    {0xa9fe0000, 16}, /* 169.254.0.0/16   link-local; metadata of AWS, GCP, Azure and others */
    {0xac100000, 12}, /* 172.16.0.0/12    private */
    {0xc0000000, 24}, /* 192.0.0.0/24     protocol assignments; Oracle's metadata is in it */
    {0xc0000200, 24}, /* 192.0.2.0/24     documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24   6to4 relays, withdrawn */
    {0xc0a80000, 16}, /* 192.168.0.0/16   private */
    {0xc6120000, 15}, /* 198.18.0.0/15    benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24  documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24   documentation */
    {0xe0000000, 3},  /* 224.0.0.0/3      multicast, reserved, broadcast */
};

struct range6 {
    uint8_t net[16];
    unsigned bits;
};

/* Inside 2000::/3, where everything else is allowed. */
static const struct range6 forbidden6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* 2001::/23      protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32  documentation */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20      documentation */
};

static const uint8_t global_unicast6[] = {0x20}; /* 2000::/3 */

/* Prefixes behind which an IPv4 address stands, and at which byte. */
static const struct carrier {
    struct range6 range;
    unsigned offset;
} carriers[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12}, /* ::ffff:0:0/96  mapped: the kernel speaks IPv4 */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},   /* 64:ff9b::/96   NAT64, RFC 6052 */
    {{{0x20, 0x02}, 16}, 2},                /* 2002::/16      6to4, RFC 3056 */
};

static bool in_range4(uint32_t ip, const struct range4 *range)
{
    return ((ip ^ range->net) >> (32 - range->bits)) == 0;
}

static bool has_prefix(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(ip, net, bytes) != 0)
        return false;
    return rest == 0 || ((ip[bytes] ^ net[bytes]) >> (8 - rest)) == 0;
}

static bool is_public4(const uint8_t ip[4])
{
    uint32_t host_order =
        (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
    for (size_t i = 0; i < ARRAY_LEN(forbidden4); i++) {
        if (in_range4(host_order, &forbidden4[i]))
            return false;
    }
    return true;
}

static bool is_public6(const uint8_t ip[16])
{
    for (size_t i = 0; i < ARRAY_LEN(carriers); i++) {
        if (has_prefix(ip, carriers[i].range.net, carriers[i].range.bits))
            return is_public4(ip + carriers[i].offset);
    }
    if (!has_prefix(ip, global_unicast6, 3))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(forbidden6); i++) {
        if (has_prefix(ip, forbidden6[i].net, forbidden6[i].bits))
            return false;
    }
    return true;
}

bool dial_policy_allows(enum dial_policy policy, const struct sockaddr *sa)
{
    if (policy == DIAL_ANY)
        return true;
    uint8_t ip[16];
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in sin;
        memcpy(&sin, sa, sizeof(sin));
        memcpy(ip, &sin.sin_addr, 4);
        return is_public4(ip);
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, sa, sizeof(sin6));
        memcpy(ip, &sin6.sin6_addr, 16);
        return is_public6(ip);
    }
    return false;
}
