/* Listening addresses: what is parsed is shown in a form that parses to the same. */
#include <string.h>

#include "rt/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_addr a;
    struct net_addr b;
    char text[NET_ADDR_TEXT];
    if (net_addr_parse(str_of((const char *)data, size), &a) < 0)
        return 0;
    str shown = net_addr_format((const struct sockaddr *)&a.sa, a.len, text);
    must(shown.n > 0 && shown.n <= sizeof text);
    must(net_addr_parse(shown, &b) == 0);
    must(a.len == b.len && memcmp(&a.sa, &b.sa, a.len) == 0);
    must(!net_addr_is_local((const struct sockaddr *)&a.sa) ||
         net_addr_is_local((const struct sockaddr *)&b.sa));
    return 0;
}
