/* Text of strangers on a terminal.
 *
 * A model, a provider or a hostile server can put escape sequences into what it says; a terminal
 * obeys them. terminal_put_safe lets line feeds and tabs through and replaces everything else that
 * is a command and not a character. Pure. */
#pragma once

#include "base/buf.h"
#include "base/str.h"

/* `text`, with control characters (C0, DEL, C1), the marks that turn the direction of writing, and
 * broken UTF-8 as U+FFFD. */
void terminal_put_safe(struct buf *out, str text);
