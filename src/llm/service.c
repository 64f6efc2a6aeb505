/* Choosing what to ask of a provider.
 *
 * The table is walked from the top, a few dozen comparisons of small integers, so it needs no
 * index. A client's own operation is relayed byte for byte and loses nothing; only when the
 * provider does not have it, or would refuse this request on it (a model that takes tools on
 * Responses only), another one of the same purpose is taken and the request translated. */
#include "llm/service.h"

#include <string.h>

static const struct service services[] = {
#define SERVICE(kind_, models_, operation_, path_, stream_, envelope_)                             \
    {.kind = PROVIDER_##kind_,                                                                     \
     .models = models_,                                                                            \
     .operation = OP_##operation_,                                                                 \
     .path = path_,                                                                                \
     .stream_path = stream_,                                                                       \
     .envelope = envelope_},
#include "llm/service.def"
#undef SERVICE
};

static const struct {
    const char *name, *doc;
} kinds[PROVIDER_KIND_COUNT] = {
#define PROVIDER_KIND(ident, name_, doc_) [PROVIDER_##ident] = {.name = name_, .doc = doc_},
#include "llm/provider_kind.def"
#undef PROVIDER_KIND
};

const char *provider_kind_name(enum provider_kind kind)
{
    return kinds[kind].name;
}

const char *provider_kind_doc(enum provider_kind kind)
{
    return kinds[kind].doc;
}

size_t service_count(void)
{
    return ARRAY_LEN(services);
}

const struct service *service_at(size_t i)
{
    must(i < ARRAY_LEN(services));
    return &services[i];
}

static bool holds(const struct service *s, enum provider_kind kind, str model)
{
    return s->kind == kind && capability_matches(s->models, model);
}

const struct service *service_of(enum provider_kind kind, str model, enum operation_id operation)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (services[i].operation == operation && holds(&services[i], kind, model))
            return &services[i];
    return NULL;
}

static const struct service *first_of(enum provider_kind kind, str model, enum purpose purpose)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (holds(&services[i], kind, model) &&
            operation_get(services[i].operation)->purpose == purpose)
            return &services[i];
    return NULL;
}

/* Must this request go to Responses, as far as the model is concerned? */
static bool needs_responses(const struct capability *can, const struct service_wish *wish)
{
    return can->call == CALL_RESPONSES ||
           (can->call == CALL_TOOLS_ON_RESPONSES && wish->has_tools && !wish->is_without_effort);
}

/* The one of OpenAI's two calls that the model wants; NULL: it does not care, or the provider has
 * not got it. */
static const struct service *call_of(enum provider_kind kind, str model,
                                     const struct capability *can, const struct service_wish *wish)
{
    if (needs_responses(can, wish))
        return service_of(kind, model, OP_RESPONSES);
    return can->call == CALL_CHAT ? service_of(kind, model, OP_CHAT) : NULL;
}

/* The client's own operation. Lines for certain models shut out those for others below them: what
 * the latter offer is not meant for these. */
static const struct service *own_of(enum provider_kind kind, str model,
                                    const struct operation *asked)
{
    const struct service *own = service_of(kind, model, asked->id);
    const struct service *first = first_of(kind, model, asked->purpose);
    return own && strcmp(own->models, first->models) == 0 ? own : NULL;
}

const struct service *service_find(enum provider_kind kind, str model, const struct capability *can,
                                   const struct service_wish *wish)
{
    const struct service *own = own_of(kind, model, wish->asked);
    bool is_openai = !own || own->operation == OP_CHAT || own->operation == OP_RESPONSES;
    if (wish->asked->purpose == PURPOSE_GENERATE && is_openai) {
        const struct service *called = call_of(kind, model, can, wish);
        if (called)
            return called;
    }
    return own ? own : first_of(kind, model, wish->asked->purpose);
}

enum dialect_id service_dialect(enum provider_kind kind, str model)
{
    const struct service *s = first_of(kind, model, PURPOSE_GENERATE);
    return s ? operation_get(s->operation)->dialect : DIALECT_CHAT;
}

/* ---- paths ---- */

static void put_encoded(struct buf *b, str text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (is_plain) {
            buf_put_char(b, (char)c);
            continue;
        }
        buf_put_char(b, '%');
        buf_put_char(b, hex[c >> 4]);
        buf_put_char(b, hex[c & 15]);
    }
}

static void put_place(struct buf *b, str name, const struct service_place *p)
{
    str head, rest;
    if (str_eq(name, S("model")))
        put_encoded(b, p->model);
    else if (str_eq(name, S("project")))
        put_encoded(b, p->project);
    else if (str_eq(name, S("location")))
        put_encoded(b, p->location);
    else if (str_eq(name, S("version")))
        put_encoded(b, p->version);
    else if (str_eq(name, S("rest")))
        put_encoded(b, str_cut(p->model, '/', &head, &rest) ? rest : p->model);
}

str service_path(struct arena *a, const char *pattern, const struct service_place *p)
{
    struct buf b;
    str rest = str_from_cz(pattern);
    buf_init(&b, 16u << 10); /* names are bounded, see REQUEST_MODEL_MAX */
    while (rest.n > 0) {
        str text, name, behind;
        bool has_place = str_cut(rest, '{', &text, &behind);
        buf_put(&b, text);
        if (!has_place || !str_cut(behind, '}', &name, &rest))
            break;
        put_place(&b, name, p);
    }
    str path = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return path;
}
