/* Kinds of providers by name.
 *
 * A `kind` in the configuration is either a plain kind (llm/provider_kind.def) or a vendor, which
 * is a kind with a place and a way to show the key. The vendors come from llm/vendors.def; a row
 * there is all it takes to add one, and the schema, the documentation and the start without a file
 * follow. Look-up walks the table: it happens while a configuration is compiled, never for a
 * request. */
#include "gate/vendor.h"

static const struct vendor vendors[] = {
#define VENDOR(id_, kind_, base_url_, env_, auth_header_, auth_scheme_, can_)                      \
    {.id = id_,                                                                                    \
     .kind = PROVIDER_##kind_,                                                                     \
     .base_url = base_url_,                                                                        \
     .env = env_,                                                                                  \
     .auth_header = auth_header_,                                                                  \
     .auth_scheme = auth_scheme_,                                                                  \
     .can = can_},
#include "llm/vendors.def"
#undef VENDOR
};

static const char *const later[] = {"watsonx", "oci", "replicate"};

#define NEAR_LIMIT 3u

size_t vendor_count(void)
{
    return ARRAY_LEN(vendors);
}

const struct vendor *vendor_at(size_t i)
{
    must(i < ARRAY_LEN(vendors));
    return &vendors[i];
}

const struct vendor *vendor_find(str id)
{
    for (size_t i = 0; i < ARRAY_LEN(vendors); i++) {
        if (str_eq(id, str_from_cz(vendors[i].id)))
            return &vendors[i];
    }
    return NULL;
}

bool vendor_kind(str name, enum provider_kind *kind, const struct vendor **v)
{
    *v = vendor_find(name);
    if (*v) {
        *kind = (*v)->kind;
        return true;
    }
    for (int i = 0; i < PROVIDER_KIND_COUNT; i++) {
        if (str_eq(name, str_from_cz(provider_kind_name((enum provider_kind)i)))) {
            *kind = (enum provider_kind)i;
            return true;
        }
    }
    return false;
}

bool vendor_kind_is_later(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        if (str_eq(name, str_from_cz(later[i])))
            return true;
    }
    return false;
}

static void keep_nearer(str candidate, str name, str *best, unsigned *distance)
{
    unsigned d = str_distance(candidate, name, NEAR_LIMIT);
    if (d < *distance && d < candidate.n) {
        *best = candidate;
        *distance = d;
    }
}

str vendor_nearest_kind(str name)
{
    str best = S_EMPTY;
    unsigned distance = NEAR_LIMIT;

    if (name.n > 64)
        return best;
    for (size_t i = 0; i < ARRAY_LEN(vendors); i++)
        keep_nearer(str_from_cz(vendors[i].id), name, &best, &distance);
    for (int i = 0; i < PROVIDER_KIND_COUNT; i++)
        keep_nearer(str_from_cz(provider_kind_name((enum provider_kind)i)), name, &best, &distance);
    return best;
}
