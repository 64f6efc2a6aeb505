/* The parts of a provider that only clouds have: places in its address, credentials that are
 * fetched; and the operator's rows of the capability table.
 *
 * Which kind of credential is meant follows from what the file gives and, where it gives nothing,
 * from the kind of provider: AWS and Google have a usual order of places to look at. An api_key
 * always means a plain key, also at a cloud. */
#include <stdlib.h>
#include <string.h>

#include "cloud/oauth.h"
#include "gate/config_value.h"
#include "gate/credential.h"
#include "gate/snapshot_parts.h"
#include "llm/chat.h"

struct cloud {
    struct snapshot *s;
    struct config *c;
    const struct config_node *n;
    struct provider *p;
};

static void release_credential(void *obj)
{
    credential_release(obj);
}

static str environment(const char *name)
{
    return str_from_cz(getenv(name));
}

/* ---- places ---- */

static str region_of(const struct cloud *k)
{
    str region = config_text(k->n, "region");
    if (region.n == 0 && !k->c->sources->is_sealed)
        region = environment("AWS_REGION");
    if (region.n == 0 && !k->c->sources->is_sealed)
        region = environment("AWS_DEFAULT_REGION");
    return region;
}

/* The value of {name} in a preset's base URL; *key is the option that gives it. */
static str place_value(const struct cloud *k, str name, const char **key)
{
    if (str_eq(name, S("region"))) {
        *key = "region";
        return region_of(k);
    }
    *key = str_eq(name, S("location")) ? "location" : "resource";
    return config_text(k->n, *key);
}

/* What may stand in a host name or a path segment: the address must not change its meaning. */
static bool is_place(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!is_plain)
            return false;
    }
    return value.n > 0;
}

/* Google's locations that span regions have hosts of their own. */
static str special_host(const struct cloud *k, str pattern)
{
    static const struct {
        str location, url;
    } hosts[] = {{{"global", 6}, {"https://aiplatform.googleapis.com", 33}},
                 {{"eu", 2}, {"https://aiplatform.eu.rep.googleapis.com", 40}},
                 {{"us", 2}, {"https://aiplatform.us.rep.googleapis.com", 40}}};
    str location = config_text(k->n, "location");
    bool has_location = str_find(pattern, S("{location}-")) != STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(hosts) && has_location; i++)
        if (str_eq(location, hosts[i].location))
            return hosts[i].url;
    return S_EMPTY;
}

str snapshot_fill_places(struct snapshot *s, struct config *c, const struct config_node *n,
                         const char *pattern)
{
    struct cloud k = {.s = s, .c = c, .n = n};
    struct buf b;
    str rest = str_from_cz(pattern), text, name, behind;
    str special = special_host(&k, rest);
    if (special.n > 0)
        return special;
    buf_init(&b, 1024);
    while (rest.n > 0) {
        const char *key = NULL;
        bool has_place = str_cut(rest, '{', &text, &behind);
        buf_put(&b, text);
        if (!has_place || !str_cut(behind, '}', &name, &rest))
            break;
        str value = place_value(&k, name, &key);
        if (!is_place(value)) {
            const struct config_node *at = config_get(n, key);
            config_complain_key(c, CONFIG_MISSING, at ? at : n,
                                "this kind of provider needs a plain `%s`, or a `base_url`", key);
            buf_fini(&b);
            return S_EMPTY;
        }
        buf_put(&b, value);
    }
    str url = buf_is_ok(&b) ? snapshot_str(s, buf_str(&b)) : S_EMPTY;
    buf_fini(&b);
    return url;
}

/* ---- credentials ---- */

static const struct secret *secret_at(const struct config_node *group, const char *key)
{
    const struct config_node *n = config_get(group, key);
    return n ? n->secret : NULL;
}

/* Complains of a way to sign in that lacks something. */
static void need(const struct cloud *k, const struct config_node *group, const char *key,
                 bool is_given)
{
    if (!is_given && !k->c->sources->is_sealed)
        config_complain_key(k->c, CONFIG_MISSING, group, "this way to sign in needs `%s`", key);
}

static void use_aws(const struct cloud *k, struct credential_settings *o)
{
    const struct config_node *aws = config_get(k->n, "aws");
    bool is_sagemaker = k->p->kind == PROVIDER_SAGEMAKER;
    o->kind = CREDENTIAL_AWS;
    o->aws.region = region_of(k);
    o->aws.service = is_sagemaker ? S("sagemaker") : S("bedrock");
    o->aws.access_key_id = secret_at(aws, "access_key_id");
    o->aws.secret_access_key = secret_at(aws, "secret_access_key");
    o->aws.session_token = secret_at(aws, "session_token");
    o->aws.profile = config_text(aws, "profile");
    o->aws.role_arn = config_text(aws, "role_arn");
    o->aws.role_name = config_text(aws, "role_name");
    o->aws.external_id = config_text(aws, "external_id");
    o->aws.sts_url = config_text(aws, "sts_url");
    o->aws.imds_url = config_text(aws, "imds_url");
    need(k, aws, "secret_access_key", !o->aws.access_key_id || o->aws.secret_access_key);
    need(k, aws, "access_key_id", !o->aws.secret_access_key || o->aws.access_key_id);
}

static void use_gcp(const struct cloud *k, struct credential_settings *o)
{
    const struct config_node *gcp = config_get(k->n, "gcp");
    o->kind = CREDENTIAL_GCP;
    o->gcp.file = config_text(k->n, "credentials");
    o->gcp.scope = config_text(gcp, "scope");
    o->gcp.token_url = config_text(gcp, "token_url");
    o->gcp.metadata_host = config_text(gcp, "metadata_host");
}

/* What the file says, else what the environment does. */
static str or_environment(const struct cloud *k, const struct config_node *group, const char *key,
                          const char *variable)
{
    str value = config_text(group, key);
    return value.n > 0 || k->c->sources->is_sealed ? value : environment(variable);
}

enum entra_way { ENTRA_SECRET, ENTRA_CERTIFICATE, ENTRA_FEDERATED, ENTRA_MANAGED };

static void use_managed(const struct config_node *entra, struct credential_settings *o)
{
    o->kind = CREDENTIAL_IDENTITY;
    o->oauth.token_url = config_text(entra, "identity_url");
    o->oauth.client_id = config_text(entra, "client_id");
}

static void use_entra(const struct cloud *k, const struct config_node *entra,
                      struct credential_settings *o)
{
    static const enum oauth_auth ways[] = {OAUTH_POST, OAUTH_JWT, OAUTH_ASSERTION};
    int64_t way = config_number(entra, "auth");
    if (way == ENTRA_MANAGED) {
        use_managed(entra, o);
        return;
    }
    str tenant = or_environment(k, entra, "tenant_id", "AZURE_TENANT_ID");
    o->kind = CREDENTIAL_OAUTH;
    o->oauth.auth = ways[way >= 0 && way < (int64_t)ARRAY_LEN(ways) ? way : 0];
    o->oauth.token_url = oauth_entra_url(&k->c->arena, config_text(entra, "authority"), tenant);
    o->oauth.client_id = or_environment(k, entra, "client_id", "AZURE_CLIENT_ID");
    o->oauth.client_secret = secret_at(entra, "client_secret");
    o->oauth.private_key_file = config_text(entra, "private_key");
    o->oauth.certificate_file = config_text(entra, "certificate");
    o->oauth.assertion_file = or_environment(k, entra, "token_file", "AZURE_FEDERATED_TOKEN_FILE");
    o->oauth.scope = config_text(entra, "scope");
    need(k, entra, "tenant_id", tenant.n > 0);
    need(k, entra, "client_id", o->oauth.client_id.n > 0);
    need(k, entra, "client_secret", way != ENTRA_SECRET || o->oauth.client_secret);
    need(k, entra, "private_key", way != ENTRA_CERTIFICATE || o->oauth.private_key_file.n > 0);
    need(k, entra, "certificate", way != ENTRA_CERTIFICATE || o->oauth.certificate_file.n > 0);
    need(k, entra, "token_file", way != ENTRA_FEDERATED || o->oauth.assertion_file.n > 0);
}

static void use_oauth(const struct cloud *k, const struct config_node *oauth,
                      struct credential_settings *o)
{
    static const enum oauth_auth ways[] = {OAUTH_BASIC, OAUTH_POST, OAUTH_JWT, OAUTH_TLS};
    int64_t way = config_number(oauth, "auth");
    o->kind = CREDENTIAL_OAUTH;
    o->oauth.auth = ways[way >= 0 && way < (int64_t)ARRAY_LEN(ways) ? way : 0];
    o->oauth.token_url = config_text(oauth, "token_url");
    o->oauth.client_id = config_text(oauth, "client_id");
    o->oauth.client_secret = secret_at(oauth, "client_secret");
    o->oauth.private_key_file = config_text(oauth, "private_key");
    o->oauth.key_id = config_text(oauth, "key_id");
    o->oauth.jwt_audience = config_text(oauth, "jwt_audience");
    o->oauth.scope = config_text(oauth, "scope");
    o->oauth.audience = config_text(oauth, "audience");
    bool has_secret = o->oauth.auth == OAUTH_BASIC || o->oauth.auth == OAUTH_POST;
    need(k, oauth, "client_secret", !has_secret || o->oauth.client_secret);
    need(k, oauth, "private_key", o->oauth.auth != OAUTH_JWT || o->oauth.private_key_file.n > 0);
    need(k, k->n, "cert", o->oauth.auth != OAUTH_TLS || o->cert);
}

static bool is_aws(enum provider_kind kind)
{
    return kind == PROVIDER_BEDROCK || kind == PROVIDER_BEDROCK_INVOKE ||
           kind == PROVIDER_SAGEMAKER;
}

/* False: a plain key, or none. */
static bool choose(const struct cloud *k, struct credential_settings *o)
{
    const struct config_node *entra = config_get(k->n, "entra");
    const struct config_node *oauth = config_get(k->n, "oauth");
    if (entra)
        use_entra(k, entra, o);
    else if (oauth)
        use_oauth(k, oauth, o);
    else if (k->p->n_keys > 0)
        return false;
    else if (is_aws(k->p->kind) || config_get(k->n, "aws"))
        use_aws(k, o);
    else if (k->p->kind == PROVIDER_VERTEX || config_get(k->n, "credentials") ||
             config_get(k->n, "gcp"))
        use_gcp(k, o);
    else
        return false;
    return true;
}

static void complain_both(const struct cloud *k)
{
    static const char *const others[] = {"aws", "credentials", "entra", "oauth"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const struct config_node *n = config_get(k->n, others[i]);
        if (n)
            config_complain_key(k->c, CONFIG_CONFLICT, n, "`%s` and an API key exclude each other",
                                others[i]);
    }
}

static const char *file_or_null(const struct cloud *k, const char *key)
{
    str path = config_text(k->n, key);
    return path.n > 0 ? arena_cz(&k->s->arena, path) : NULL;
}

/* SageMaker's OpenAI route takes no signature but a bearer token made of one. */
static void compile_bearer(const struct cloud *k, struct credential_settings *o)
{
    if (k->p->kind != PROVIDER_SAGEMAKER || o->kind != CREDENTIAL_AWS)
        return;
    o->aws.use = AWS_BEARER_SAGEMAKER;
    k->p->bearer = credential_acquire(o);
    arena_on_fini(&k->s->arena, release_credential, k->p->bearer);
}

void snapshot_compile_cloud(struct snapshot *s, struct config *c, const struct config_node *n,
                            struct provider *p)
{
    struct cloud k = {.s = s, .c = c, .n = n, .p = p};
    struct credential_settings o = {.provider = p->id,
                                    .scheme = S("Bearer "),
                                    .ca = file_or_null(&k, "ca"),
                                    .cert = file_or_null(&k, "cert"),
                                    .key = file_or_null(&k, "key")};
    p->place = (struct service_place){.project = snapshot_str(s, config_text(n, "project")),
                                      .location = snapshot_str(s, config_text(n, "location")),
                                      .version = snapshot_str(s, config_text(n, "api_version"))};
    if (p->n_keys > 0)
        complain_both(&k);
    if (p->kind == PROVIDER_VERTEX && (p->place.project.n == 0 || p->place.location.n == 0))
        config_complain_key(c, CONFIG_MISSING, n, "vertex needs `project` and `location`");
    if (!choose(&k, &o) || c->sources->is_sealed)
        return;
    p->credential = credential_acquire(&o);
    arena_on_fini(&s->arena, release_credential, p->credential);
    compile_bearer(&k, &o);
}

/* ---- capabilities ---- */

/* Bits of a list of choices: 1 << first + index of the choice. */
static uint32_t bits_of(const struct config_node *row, const char *key, unsigned first,
                        uint32_t otherwise)
{
    const struct config_node *list = config_get(row, key);
    uint32_t bits = 0;
    if (!list || list->type != CONFIG_LIST)
        return otherwise;
    for (const struct config_node *n = list->first; n; n = n->next)
        if (!n->is_bad)
            bits |= (uint32_t)1 << ((unsigned)n->number + first);
    return bits;
}

void snapshot_compile_capabilities(struct snapshot *s, struct config *c)
{
    const struct config_node *list = config_get(c->root, "capabilities");
    if (!list || list->type != CONFIG_LIST)
        return;
    s->capabilities = arena_new_n(&s->arena, struct capability, list->n);
    for (const struct config_node *n = list->first; n; n = n->next) {
        const struct config_node *models = config_get(n, "models");
        if (!config_is_good(models))
            continue;
        int64_t max = config_number(n, "max_output");
        s->capabilities[s->n_capabilities++] = (struct capability){
            .pattern = arena_cz(&s->arena, models->text),
            .call = (enum capability_call)config_number(n, "call"),
            .sampling = (enum capability_sampling)config_number(n, "sampling"),
            .efforts = bits_of(n, "efforts", EFFORT_NONE, UINT32_MAX),
            .thinking = bits_of(n, "thinking", THINKING_OFF, UINT32_MAX),
            .choices = bits_of(n, "tool_choice", CHOICE_AUTO, UINT32_MAX),
            .schema = (enum capability_schema)config_number(n, "schema"),
            .max_output = max > 0 ? max : -1,
            .can = bits_of(n, "can", 0,
                           CAN_PREFILL | CAN_MID_SYSTEM | CAN_JSON_SCHEMA | CAN_IMAGE_URL |
                               CAN_PARALLEL_OFF | CAN_STOP),
        };
    }
}
