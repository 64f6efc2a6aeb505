/* Schemas for providers: which of the parts a flavour needs.
 *
 * Those who take any JSON Schema get what the client wrote, unless it is Gemini's kind of schema,
 * which is translated first (json_schema_openapi.c). A tool for the others has a plain root then
 * (json_schema_root.c), and then, where the provider compiles the schema, its subset
 * (json_schema_subset.c). Whatever turns out too tangled or too big to be carried becomes the
 * schema of an object that says no more, and is reported. */
#include "llm/json_schema.h"

#include "llm/json_schema_parts.h"

/* The schema of an object that says no more. */
static str empty_object(enum capability_schema flavour, enum schema_use use)
{
    if (flavour == SCHEMA_ANTHROPIC && use != SCHEMA_FOR_TOOL)
        return S("{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}");
    if (flavour == SCHEMA_GEMINI_OPENAPI)
        return S("{\"type\":\"object\"}");
    return S("{\"type\":\"object\",\"properties\":{}}");
}

/* A schema that is made in steps; each is written to one buf and read again for the next. */
struct making {
    struct arena a;
    struct buf text; /* what the last step wrote, if it was not read again */
    const struct json *schema;
    struct schema_marks marks;
};

/* What was written is the schema from now on. False: it cannot be read. */
static bool reread(struct making *m)
{
    size_t error_at;
    str text = arena_str(&m->a, buf_str(&m->text));
    buf_reset(&m->text);
    return json_read(&m->a, text, &m->schema, &error_at) == 0;
}

static bool make_json_schema(struct making *m)
{
    if (!schema_is_openapi(m->schema))
        return true;
    schema_from_openapi(m->schema, &m->text);
    return reread(m);
}

static bool make_root_plain(struct making *m, enum schema_use use)
{
    if (use == SCHEMA_FOR_OUTPUT || schema_root_is_plain(m->schema))
        return true;
    return schema_root_flatten(m->schema, &m->text, &m->marks) && reread(m);
}

static bool make_subset(struct making *m, enum schema_rules rules, enum schema_use use)
{
    struct schema_marks marks;
    bool is_made = schema_subset(m->schema, rules, use == SCHEMA_FOR_OUTPUT, &m->text, &marks);
    m->marks.is_noted |= marks.is_noted;
    m->marks.is_clamped |= marks.is_clamped;
    return is_made;
}

static bool make(struct making *m, enum capability_schema flavour, enum schema_use use)
{
    switch (flavour) {
    case SCHEMA_ANY:
    case SCHEMA_OPENAI:
        return make_json_schema(m);
    case SCHEMA_ANTHROPIC:
        if (!make_json_schema(m) || !make_root_plain(m, use))
            return false;
        return use == SCHEMA_FOR_TOOL || make_subset(m, RULES_ANTHROPIC, use);
    case SCHEMA_GEMINI_JSON:
        return make_json_schema(m) && make_root_plain(m, use) &&
               make_subset(m, RULES_GEMINI_JSON, use);
    case SCHEMA_GEMINI_OPENAPI:
        return make_root_plain(m, use) && make_subset(m, RULES_GEMINI_OPENAPI, use);
    }
    return true;
}

/* style: seven parameters: where to write what, for whom, and whom to tell under which name
 * NOLINTNEXTLINE(readability-function-size) */
void json_schema_put(struct json_writer *w, const char *key, const struct json *schema,
                     enum capability_schema flavour, enum schema_use use, struct losses *loss,
                     const char *field)
{
    if (!schema) {
        json_put_raw(w, key, empty_object(flavour, use));
        return;
    }
    struct making m = {.schema = schema};
    arena_init(&m.a, 0, SIZE_MAX / 2);
    buf_init(&m.text, SIZE_MAX / 2);
    if (!make(&m, flavour, use)) {
        json_put_raw(w, key, empty_object(flavour, use));
        m.marks = (struct schema_marks){.is_clamped = true};
    } else if (m.text.n > 0) {
        json_put_raw(w, key, buf_str(&m.text));
    } else {
        json_put_value(w, key, m.schema);
    }
    if (m.marks.is_noted)
        loss_add(loss, LOSS_EMULATED, str_from_cz(field));
    if (m.marks.is_clamped)
        loss_add(loss, LOSS_CLAMPED, str_from_cz(field));
    buf_fini(&m.text);
    arena_fini(&m.a);
}
