/* The reference pages that come out of tables: errors, metrics, paths. */
#pragma once

#include "base/buf.h"
#include "base/str.h"

#define REFERENCE_TOPICS "errors|metrics|paths|kinds|vendors"

/* Puts the page of a topic: in Markdown, or as a list for a terminal, which is shorter. False:
 * there is no such topic. */
bool reference_put(struct buf *out, str topic, bool is_md);
