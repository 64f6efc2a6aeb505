/* The shared files of AWS: INI as the SDKs read it.
 *
 * A section is a profile; its name has "profile " in front in the configuration file, except for
 * the default one. Lines that are neither section, property nor comment are passed over, as the
 * SDKs do. A property without a value may be followed by indented ones of its own ("s3 ="), which
 * are nobody's business here; other indented properties are taken, because people indent. */
#include "cloud/aws.h"

#include <string.h>

/* ---- lines ---- */

/* Where a reader is in a file. */
struct ini {
    str rest;
    str section;   /* its name, empty before the first */
    bool is_group; /* the last property had no value */
    str name, value;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without a comment that follows white space. */
static str without_comment(str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if ((s.p[i] == '#' || s.p[i] == ';') && is_blank(s.p[i - 1]))
            return str_trim(str_slice(s, 0, i));
    }
    return str_trim(s);
}

/* "[ profile  name ]" -> "profile  name" */
static bool read_section(str line, str *name)
{
    size_t end = str_find_char(line, ']');
    if (line.p[0] != '[' || end == STR_NONE)
        return false;
    *name = str_trim(str_slice(line, 1, end));
    return true;
}

/* The next property; false at the end. */
static bool ini_next(struct ini *f)
{
    while (f->rest.n > 0) {
        str line;
        str_cut(f->rest, '\n', &line, &f->rest);
        bool is_indented = line.n > 0 && is_blank(line.p[0]);
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (read_section(line, &f->section)) {
            f->is_group = false;
            continue;
        }
        if ((is_indented && f->is_group) || !str_cut(line, '=', &f->name, &f->value))
            continue;
        f->name = str_trim(f->name);
        f->value = without_comment(f->value);
        f->is_group = f->value.n == 0;
        if (!f->is_group)
            return true;
    }
    return false;
}

/* ---- profiles ---- */

/* The profile that a section is about; S_EMPTY: none. */
static str profile_of(str section, bool is_config)
{
    if (!is_config || str_eq(section, S("default")))
        return section;
    if (!str_has_prefix(section, S("profile")) || section.n == 7 || !is_blank(section.p[7]))
        return S_EMPTY;
    str name = str_trim(str_skip(section, 7));
    bool is_quoted =
        name.n >= 2 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.n - 1] == name.p[0];
    return is_quoted ? str_slice(name, 1, name.n - 1) : name;
}

#define FIELD(member) offsetof(struct aws_profile, member)

static const struct {
    const char *name;
    size_t offset; /* of a str */
} fields[] = {
    {"aws_access_key_id", FIELD(keys.access_key_id)},
    {"aws_secret_access_key", FIELD(keys.secret_access_key)},
    {"aws_session_token", FIELD(keys.session_token)},
    {"region", FIELD(region)},
    {"role_arn", FIELD(role_arn)},
    {"source_profile", FIELD(source_profile)},
    {"credential_source", FIELD(credential_source)},
    {"external_id", FIELD(external_id)},
    {"role_session_name", FIELD(role_session_name)},
    {"web_identity_token_file", FIELD(web_identity_token_file)},
};

static const char *const unsupported[] = {
    "credential_process", "sso_session", "sso_start_url", "sso_account_id", "login_session",
};

static void take_property(struct arena *a, const struct ini *f, struct aws_profile *out)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!str_eq_nocase(f->name, str_from_cz(fields[i].name)))
            continue;
        str value = arena_str(a, f->value);
        memcpy((char *)out + fields[i].offset, &value, sizeof value);
    }
    for (size_t i = 0; i < ARRAY_LEN(unsupported); i++) {
        if (str_eq_nocase(f->name, str_from_cz(unsupported[i])))
            out->unsupported = unsupported[i];
    }
    if (str_eq_nocase(f->name, S("duration_seconds")) &&
        (!str_to_i64(f->value, &out->duration_s) || out->duration_s < 0))
        out->duration_s = 0;
}

/* True if the file has the profile. */
static bool read_file(struct arena *a, str text, str name, bool is_config, struct aws_profile *out)
{
    struct ini f = {.rest = text};
    bool found = false;
    while (ini_next(&f)) {
        if (!str_eq(profile_of(f.section, is_config), name))
            continue;
        found = true;
        take_property(a, &f, out);
    }
    return found;
}

bool aws_profile_read(struct arena *a, str config, str credentials, str name,
                      struct aws_profile *out)
{
    *out = (struct aws_profile){.duration_s = 0};
    if (name.n == 0)
        return false;
    bool is_in_config = read_file(a, config, name, true, out);
    bool is_in_credentials = read_file(a, credentials, name, false, out);
    if (out->keys.access_key_id.n > 0 || out->role_arn.n > 0)
        out->unsupported = NULL; /* there is a way without it */
    return is_in_config || is_in_credentials;
}
