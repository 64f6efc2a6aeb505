/* Text of strangers on a terminal. */
#include "cli/terminal.h"

#include "base/utf8.h"

/* Unicode's marks that reverse text: what is read is then not what is there (CVE-2021-42574). */
static bool turns_direction(uint32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x200e || code == 0x200f || code == 0x061c;
}

static bool is_shown(const struct utf8 *u)
{
    if (!u->valid)
        return false;
    if (u->code == '\n' || u->code == '\t')
        return true;
    return u->code >= 0x20 && u->code != 0x7f && (u->code < 0x80 || u->code >= 0xa0) &&
           !turns_direction(u->code);
}

void terminal_put_safe(struct buf *out, str text)
{
    while (text.n > 0) {
        struct utf8 u = utf8_at(text);
        buf_put(out, is_shown(&u) ? str_slice(text, 0, u.n) : UTF8_REPLACEMENT);
        text = str_skip(text, u.n);
    }
}
