/* version: of this binary; with --verbose also what it was built from and what it found here.
 *
 * A bug report needs these facts. Each library's version comes from the file that owns its header;
 * OpenSSL, c-ares and libyaml tell the one that was loaded, llhttp and yyjson the one compiled
 * with. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/args.h"
#include "gate/config.h"
#include "rt/dns.h"
#include "rt/tls.h"
#include "wire/http1.h"
#include "wire/json.h"
#include "wire/json_skip_avx2.h"

#if defined(__x86_64__)
#define MACHINE "x86-64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "other"
#endif

#if defined(__clang__)
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct fact {
    const char *name, *value;
};

static const char *cpu(void)
{
    return json_has_avx2() ? MACHINE " with AVX2" : MACHINE;
}

static size_t facts(struct fact out[8])
{
    const struct fact all[] = {
        {"compiler", COMPILER},
        {"build", THROWBAR_BUILD},
        {"cpu", cpu()},
        {"openssl", tls_version_text()},
        {"c-ares", dns_version_text()},
        {"llhttp", http1_version_text()},
        {"yyjson", json_version_text()},
        {"libyaml", config_version_text()},
    };
    memcpy(out, all, sizeof all);
    return ARRAY_LEN(all);
}

static void show_json(const struct fact *f, size_t n)
{
    struct buf out;
    buf_init(&out, 64u << 10);
    struct json_writer w = json_writer(&out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "version", S(THROWBAR_VERSION));
    for (size_t i = 0; i < n; i++)
        json_put_str(&w, f[i].name, str_from_cz(f[i].value));
    json_end_object(&w);
    buf_put_char(&out, '\n');
    cli_put(buf_str(&out));
    buf_fini(&out);
}

int cli_version(const struct cli_command *self, int argc, char **argv)
{
    bool is_verbose = false;
    const char *format = "text";
    const struct cli_option options[] = {
        {'v', "verbose", .help = "also libraries, build and processor", .flag = &is_verbose},
        {'o', "output", "text|json", "form of the result", .text = &format},
    };
    const struct cli_args args = {.options = options, .n_options = ARRAY_LEN(options)};
    int rc = cli_parse(self, &args, argc, argv);
    if (rc != CLI_GO_ON)
        return rc;
    struct fact list[8];
    size_t n = is_verbose ? facts(list) : 0;
    if (strcmp(format, "json") == 0) {
        show_json(list, n);
        return CLI_OK;
    }
    printf("throwbar %s\n", THROWBAR_VERSION);
    for (size_t i = 0; i < n; i++)
        printf("  %-9s %s\n", list[i].name, list[i].value);
    return CLI_OK;
}
