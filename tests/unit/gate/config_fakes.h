/* What configuration tests read in place of the environment and the file system. SET_X is set to
 * "resolved-x1y2", a word that must not be seen in any rendering; the files are /secrets/a and
 * /secrets/big. */
#pragma once

#include "gate/config_tree.h"

#define RESOLVED "resolved-x1y2"

static inline bool fake_env(str name, str *value)
{
    *value = S_EMPTY;
    if (str_eq(name, S("SET_PORT")))
        *value = S("8088");
    else if (str_eq(name, S("NEWLINE")))
        *value = S(RESOLVED "\n");
    else if (str_has_prefix(name, S("SET_")))
        *value = S(RESOLVED);
    return value->n > 0 || str_eq(name, S("EMPTY"));
}

static inline const char *fake_file(struct arena *a, str path, str *text)
{
    if (!str_eq(path, S("/secrets/a")))
        return "No such file or directory";
    *text = arena_str(a, S(RESOLVED "\n"));
    return NULL;
}

static const struct config_sources fake_sources = {
    .env = fake_env, .file = fake_file, .is_sealed = true};
/* The same, but certificate files are opened. */
static const struct config_sources fake_open_sources = {.env = fake_env, .file = fake_file};
