/* One row an option, with its place in the struct and how its text becomes a value. */
#include "load_options.h"

#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct row {
    const char *name;
    enum { TEXT, INT, REAL, SECONDS, FLAG } kind;
    size_t offset;
} rows[] = {
    {"--target", TEXT, offsetof(struct load_options, target)},
    {"--scenario", TEXT, offsetof(struct load_options, scenario)},
    {"--port", INT, offsetof(struct load_options, request.port)},
    {"--dialect", TEXT, offsetof(struct load_options, request.dialect)},
    {"--key", TEXT, offsetof(struct load_options, request.key)},
    {"--model", TEXT, offsetof(struct load_options, request.model)},
    {"--body", INT, offsetof(struct load_options, request.body_bytes)},
    {"--tools", INT, offsetof(struct load_options, request.tools)},
    {"--stream", FLAG, offsetof(struct load_options, request.streams)},
    {"--mock", TEXT, offsetof(struct load_options, request.mock)},
    {"--pid", INT, offsetof(struct load_options, pid)},
    {"--clients", INT, offsetof(struct load_options, clients)},
    {"--rate", REAL, offsetof(struct load_options, rate)},
    {"--ramp", SECONDS, offsetof(struct load_options, ramp_ns)},
    {"--warmup", SECONDS, offsetof(struct load_options, warmup_ns)},
    {"--duration", SECONDS, offsetof(struct load_options, duration_ns)},
    {"--idle", FLAG, offsetof(struct load_options, idles)},
};

static const struct row *find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    errx(2, "load: unknown option %s", name);
}

static double number_of(const struct row *row, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || value < 0)
        errx(2, "load: %s wants a number, not \"%s\"", row->name, text);
    return value;
}

static void set(struct load_options *o, const struct row *row, const char *text)
{
    void *place = (char *)o + row->offset;
    switch (row->kind) {
    case TEXT:
        *(const char **)place = text;
        break;
    case INT:
        *(int *)place = (int)number_of(row, text);
        break;
    case REAL:
        *(double *)place = number_of(row, text);
        break;
    case SECONDS:
        *(int64_t *)place = (int64_t)(number_of(row, text) * (double)NS_PER_S);
        break;
    case FLAG:
        *(bool *)place = true;
        break;
    }
}

void options_read(struct load_options *o, int argc, char **argv)
{
    *o = (struct load_options){
        .target = "",
        .scenario = "",
        .clients = 64,
        .ramp_ns = NS_PER_S / 5,
        .warmup_ns = NS_PER_S,
        .duration_ns = 3 * NS_PER_S,
        .request = {.port = 8080,
                    .dialect = "chat",
                    .key = "sk-test-0123456789abcdef0123456789abcdef",
                    .model = "gpt-4o-mini",
                    .body_bytes = 1024},
    };
    for (int i = 1; i < argc; i++) {
        const struct row *row = find(argv[i]);
        if (row->kind != FLAG && ++i == argc)
            errx(2, "load: %s wants a value", row->name);
        set(o, row, argv[i]);
    }
    if (o->clients < 1)
        errx(2, "load: --clients must be 1 or more");
}
