/* llhttp's part in reading a head: private to the HTTP/1 files of this folder. */
#pragma once

#include "wire/http1.h"

/* Runs llhttp in strict mode over `head`, a whole head with its empty line. 0: it took it as one
 * message; *headers (in the arena) have their names, not yet their values. -E_HEAD_TOO_LARGE: more
 * than HTTP1_HEADERS_MAX fields. -E_HTTP: anything else. */
NODISCARD int http1_scan(struct arena *a, str head, bool is_request, struct http_header **headers,
                         size_t *n_headers);
