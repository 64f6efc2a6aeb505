/* UTF-8, as strict as Unicode's table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF.
 *
 * Whoever prints or checks text from outside walks it with utf8_at, so all walkers agree on what is
 * a character and what is one fault. Pure. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

#define UTF8_REPLACEMENT S("\xEF\xBF\xBD") /* U+FFFD, to be shown for one fault */

struct utf8 {
    size_t n;      /* bytes of the character, or of the fault; at least 1 */
    uint32_t code; /* the character's number; 0 for a fault */
    bool valid;
};

/* What s, which is not empty, begins with. A fault spans the longest start of a character there
 * (Unicode calls it the maximal subpart), else one byte; a character cut by the end of s is one. */
struct utf8 utf8_at(str s);
