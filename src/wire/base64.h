/* Base64 (RFC 4648): the standard alphabet and the one for URLs. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

void base64_put(struct buf *out, str bytes);     /* standard, padded */
void base64_put_url(struct buf *out, str bytes); /* URL alphabet, no padding */
str base64_encode(struct arena *a, str bytes);   /* standard, padded */
/* Takes either alphabet, with or without padding, white space between; false: anything else. */
NODISCARD bool base64_decode(struct arena *a, str text, str *bytes);
/* The same text in the standard alphabet, padded, without white space; the text itself when it is
 * so already. False: it is no base64. */
NODISCARD bool base64_normalise(struct arena *a, str text, str *out);
