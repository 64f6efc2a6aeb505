/* Reading what the user gives. These are plain blocking reads: no loop runs meanwhile. */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define PIECE 1024

static bool read_line(struct buf *line)
{
    char piece[PIECE];
    buf_reset(line);
    while (fgets(piece, sizeof piece, stdin)) {
        str s = str_from_cz(piece);
        bool is_end = str_has_suffix(s, S("\n"));
        buf_put(line, is_end ? str_slice(s, 0, s.n - 1) : s);
        if (is_end)
            return true;
    }
    return line->n > 0 || line->failed;
}

bool input_line(struct buf *line)
{
    while (read_line(line)) {
        if (buf_is_ok(line))
            return true;
        cli_say("a line of more than %zu bytes is left out", line->max);
    }
    return false;
}

static int read_all(FILE *in, const char *name, struct buf *out)
{
    char piece[PIECE];
    size_t n;
    do {
        n = fread(piece, 1, sizeof piece, in);
        buf_put(out, str_of(piece, n));
    } while (n > 0 && buf_is_ok(out));
    if (!buf_is_ok(out)) {
        cli_say("%s is larger than %zu MiB", name, out->max >> 20);
        return CLI_USAGE;
    }
    if (ferror(in)) {
        cli_say("cannot read %s: %s", name, strerror(errno));
        return CLI_FAILED;
    }
    return CLI_OK;
}

int input_stdin(struct buf *out)
{
    return read_all(stdin, "standard input", out);
}

int input_file(const char *path, struct buf *out)
{
    FILE *in = fopen(path, "re");
    if (!in) {
        cli_say("cannot open %s: %s", path, strerror(errno));
        return CLI_USAGE;
    }
    int code = read_all(in, path, out);
    (void)fclose(in); /* nothing was written */
    return code;
}
