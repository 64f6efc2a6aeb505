/* Reading JSON objects by a list of known members: what is known goes into a row of values, what
 * is not is kept as it came.
 *
 * Rules that hold for every reader of every dialect, kept in one place:
 * - a known member that appears twice is an error (two readers could see two values);
 * - null is read as absent, but kept among the extras, so that a body written back in its own
 *   dialect still has it;
 * - unknown members are kept with the dialect they came in, and written back to that one only.
 * Pure; everything lives in the arena of the document. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "wire/json.h"

#define MEMBERS_MAX 64 /* known members of one object */

/* Members that nobody here reads, in their order. `origin` is the dialect's id
 * (enum dialect_id). */
struct extra {
    str key;
    const struct json *value;
    struct extra *next;
};
struct extras {
    struct extra *first, *last;
    uint8_t origin;
};

/* Where a reader is and where it puts what is wrong. */
struct reading {
    struct arena *a;     /* the document's */
    struct err *err;     /* filled on failure */
    uint8_t origin;      /* enum dialect_id */
    str path;            /* of the object being read, "messages[3].content[0]"; empty: the root */
    struct losses *loss; /* may be NULL */
    const struct custom *custom; /* of a provider described by templates; else NULL */
    int code;                    /* of what is wrong; 0: -E_BAD_REQUEST. A reader of answers says
                            -E_PROVIDER_BODY, and is lenient: of twins the last counts */
};

/* values[i] = member keys[i] of `object` that is not null, or NULL. Fails with -E_DUPLICATE_MEMBER,
 * or -E_BAD_REQUEST when `object` is no object (or NULL); when the arena is nearly full, with
 * -E_BODY_TOO_LARGE, of an answer -E_PROVIDER_TOO_LARGE. `extras` may be NULL: nothing is kept. */
NODISCARD int members_read(struct reading *r, const struct json *object, const char *const *keys,
                           size_t n, const struct json **values, struct extras *extras);
#define MEMBERS_READ(r, object, keys, values, extras)                                              \
    members_read((r), (object), (keys), ARRAY_LEN(keys), (values), (extras))

/* Fails with -E_DUPLICATE_MEMBER if any object in this one, read by anybody or not, has a member
 * twice: what two readers could take for two requests is no request. */
NODISCARD int members_check_twins(struct reading *r, const struct json *root);

/* Typed values of optional members: NULL leaves *out as it was. A wrong type fails with
 * -E_BAD_REQUEST (or r->code), a message and param = path + name ("messages[0].role"). */
NODISCARD int member_str(struct reading *r, const char *name, const struct json *v, str *out);
NODISCARD int member_number(struct reading *r, const char *name, const struct json *v,
                            str *text); /* the number as it was written */
NODISCARD int member_int(struct reading *r, const char *name, const struct json *v,
                         int64_t *out); /* 100.0 is 100 */
NODISCARD int member_bool(struct reading *r, const char *name, const struct json *v, bool *out);
NODISCARD int member_type(struct reading *r, const char *name, const struct json *v,
                          enum json_type type); /* any type, checked only */
/* Fails with the text given as message, a whole sentence, and param = path + name. An empty name
 * means the object itself. */
int member_fail(struct reading *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* path + name, "messages[0].role", for messages that name the member. */
str reading_path(const struct reading *r, const char *name);
/* Path of an element, for the duration of its reading:
 *     struct reading inner = reading_at(r, "messages", i);    i < 0: no index */
struct reading reading_at(const struct reading *r, const char *name, long index);

/* Writes the extras back, if they came in dialect `origin`. */
void extras_put(struct json_writer *w, const struct extras *e, uint8_t origin);
/* Keeps one member more, at the end. `key` and `value` are those of the document. */
void extras_add(struct arena *a, struct extras *e, str key, const struct json *value);
const struct json *extras_find(const struct extras *e, str key); /* NULL: none */
