/* A skipper for machines with AVX2; see json_string.c. Private to it. */
#pragma once

#include "base/defs.h"

bool json_has_avx2(void);

/* `p` is inside a string, between two characters. Returns a place between two characters, not
 * before p, up to which the string goes on and is valid: its closing quote, or a place from which
 * the caller looks closer. */
const char *json_skip_avx2(const char *p, const char *end);
