/* Files before and after a change, and folders of roots. */
#include "rt/tls_files.c"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/throwbar_files_XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[100];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");
    must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

int main(void)
{
    struct arena a;
    arena_init(&a, 0, 1 << 16);
    must(mkdtemp(dir) != NULL);
    put("cert", "one");
    struct tls_file f = tls_file_note(&a, in_dir("cert"));
    ok(tls_file_is(&f, in_dir("cert")), "a file is itself");
    ok(!tls_file_is(&f, in_dir("other")), "and no other");
    ok(!tls_file_is(&f, NULL), "nor none");
    put("cert", "longer");
    ok(!tls_file_is(&f, in_dir("cert")), "nor what overwrote it");
    f = tls_file_note(&a, in_dir("cert"));
    put("new", "longer");
    char from[100];
    snprintf(from, sizeof(from), "%s", in_dir("new"));
    must(rename(from, in_dir("cert")) == 0);
    ok(!tls_file_is(&f, in_dir("cert")), "nor what was renamed to it");
    f = tls_file_note(&a, in_dir("missing"));
    ok(!tls_file_is(&f, in_dir("missing")), "what cannot be read is never the same");
    f = tls_file_note(&a, NULL);
    ok(tls_file_is(&f, NULL), "none is none");
    ok(!tls_file_is(&f, in_dir("cert")), "and nothing else");

    put("ca.pem", "");
    put("002c0b4f", "");
    put("002c0b4f.crl", "");
    put("02c0b4f.0", "");
    put("g02c0b4f.0", "");
    ok(!tls_dir_is_hashed(dir), "a folder without hashes");
    put("002c0b4f.0", "");
    ok(tls_dir_is_hashed(dir), "a folder with one");
    ok(!tls_dir_is_hashed(in_dir("missing")), "no folder");

    static const char *const files[] = {"cert",      "ca.pem",     "002c0b4f",  "002c0b4f.crl",
                                        "02c0b4f.0", "g02c0b4f.0", "002c0b4f.0"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        unlink(in_dir(files[i]));
    rmdir(dir);
    arena_fini(&a);
    return tap_done();
}
