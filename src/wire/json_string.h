/* JSON strings: finds where one ends, validating every byte of it, at near memory speed.
 *
 * Private to the JSON files of this folder. Pure; no memory is taken. */
#pragma once

#include "base/defs.h"

struct json_fault {
    const char *at;   /* where in the text */
    const char *what; /* static text */
};

/* `p` is behind the opening quote. Returns the closing quote, or NULL with *fault: a control
 * character, an escape that RFC 8259 does not know, bytes that are not UTF-8, or the end of the
 * text. A lone surrogate escape (\ud800) is legal. */
const char *json_string_end(const char *p, const char *end, struct json_fault *fault);

/* Are the four bytes at p hexadecimal digits? */
bool json_is_hex4(const char *p);

/* The code point of the valid escape at p, \uXXXX or two of them that are a surrogate pair; a lone
 * surrogate is U+FFFD. *behind is what follows. */
uint32_t json_code_point(const char *p, const char *end, const char **behind);
