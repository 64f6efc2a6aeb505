/* What the user gives a verb to read: standard input, whole or line by line, and files. */
#pragma once

#include "base/buf.h"
#include "base/defs.h"

/* The next line without its end; false when there is none. A line longer than `line` may grow is
 * told on stderr and left out. */
bool input_line(struct buf *line);
/* All of it. CLI_OK, or the exit code after the reason was told on stderr. */
NODISCARD int input_stdin(struct buf *out);
NODISCARD int input_file(const char *path, struct buf *out);
