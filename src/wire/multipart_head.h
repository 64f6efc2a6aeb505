/* What the head of a part says (RFC 7578, section 4). Private to multipart.c. Pure. */
#pragma once

#include "base/defs.h"
#include "base/str.h"

struct multipart_head {
    str name; /* points into the head */
    bool is_file;
};

/* `head` ends with an empty line; every line ends with CRLF. NULL, or what is wrong. */
const char *multipart_read_head(str head, struct multipart_head *out);
