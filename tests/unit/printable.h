/* The name of a test that is about a text: the text, with what TAP could misread as dots. */
#pragma once

#include "base/str.h"

/* Valid until the next call. */
static inline const char *printable(str text)
{
    static char name[80];
    size_t n = MIN(text.n, sizeof name - 1);
    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];
        name[i] = (c < ' ' || c > '~' || c == '#') ? '.' : c;
    }
    name[n] = '\0';
    return name;
}
