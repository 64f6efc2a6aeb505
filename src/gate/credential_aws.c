/* AWS's chain: the first source that is there is the one; that it fails does not send us on.
 *
 * Someone who sets a variable or writes a profile means it: falling through to the machine's role
 * when a token file is missing would sign as somebody else. So each step says whether it applies
 * before it does anything, and its failure is the flight's.
 *
 * A profile may assume a role with the keys of another profile, which may do so itself; the depth
 * is bounded. The configuration's own role comes on top of whatever was found. */
#include <string.h>

#include "cloud/aws.h"
#include "gate/credential_parts.h"

#define PROFILE_DEPTH 4
#define BEARER_S      3600 /* it costs nothing to make another one */

/* One run of the chain. */
struct chain {
    struct flight *f;
    struct aws_env env;
    str config, credentials; /* the shared files' texts */
    str region;              /* of the settings, the environment, the profile: the first known */
};

/* ---- STS ---- */

static str sts_url(const struct chain *c)
{
    const struct credential_settings *s = c->f->settings;
    if (s->aws.sts_url.n > 0)
        return s->aws.sts_url;
    return c->env.sts_url.n > 0 ? c->env.sts_url : aws_sts_url(c->f->arena, c->region);
}

static int MAY_YIELD ask_sts(struct chain *c, const struct cloud_request *r, struct aws_keys *keys)
{
    str body, why;
    int rc = flight_ask(c->f, r, FLIGHT_SERVER, "STS", &body);
    if (rc < 0)
        return rc;
    if (aws_sts_read(c->f->arena, body, keys, &why) < 0)
        return flight_fail(c->f, "STS: " STR_FMT, STR_ARG(why));
    return 0;
}

static int MAY_YIELD assume_by_web(struct chain *c, const struct aws_role *role, str token_file,
                                   struct aws_keys *keys)
{
    struct cloud_request r;
    str token;
    int rc = flight_file(c->f, token_file, "the web identity token", &token);
    if (rc < 0)
        return rc;
    aws_web_identity_request(c->f->arena, sts_url(c), role, token, &r);
    return ask_sts(c, &r, keys);
}

/* With the keys that *keys holds, to those of the role. */
static int MAY_YIELD assume(struct chain *c, const struct aws_role *role, struct aws_keys *keys)
{
    struct cloud_request r;
    struct aws_assumption as = {.sts_url = sts_url(c),
                                .region = c->region,
                                .role = *role,
                                .keys = *keys,
                                .wall_us = flight_wall_us(c->f)};
    aws_assume_role_request(c->f->arena, &as, &r);
    return ask_sts(c, &r, keys);
}

/* ---- metadata services ---- */

static int MAY_YIELD from_container(struct chain *c, struct aws_keys *keys)
{
    struct cloud_request r;
    str token = c->env.container_token, body, why;
    int rc = 0;
    if (!aws_container_uri_is_allowed(c->env.container_uri))
        return flight_fail(c->f, "the container's credentials: AWS_CONTAINER_CREDENTIALS_FULL_URI "
                                 "must be https, or at a container's own address");
    if (c->env.container_token_file.n > 0)
        rc = flight_file(c->f, c->env.container_token_file, "the container's token", &token);
    if (rc < 0)
        return rc;
    aws_container_request(c->f->arena, c->env.container_uri, token, &r);
    rc = flight_ask(c->f, &r, FLIGHT_METADATA, "the container's credentials", &body);
    if (rc < 0)
        return rc;
    if (aws_keys_read(c->f->arena, body, keys, &why) < 0)
        return flight_fail(c->f, "the container's credentials: " STR_FMT, STR_ARG(why));
    return 0;
}

static int MAY_YIELD from_machine(struct chain *c, struct aws_keys *keys)
{
    static const char whom[] = "the machine's metadata service";
    struct arena *a = c->f->arena;
    str url = c->f->settings->aws.imds_url, session, role, body, why;
    struct cloud_request r;
    if (url.n == 0)
        url = c->env.imds_url;
    aws_imds_session_request(a, url, &r);
    int rc = flight_ask(c->f, &r, FLIGHT_METADATA, whom, &session);
    if (rc < 0)
        return rc;
    aws_imds_request(a, url, session, S_EMPTY, &r);
    rc = flight_ask(c->f, &r, FLIGHT_METADATA, whom, &role);
    if (rc < 0)
        return rc;
    if (str_trim(role).n == 0)
        return flight_fail(c->f, "%s: the machine has no role", whom);
    aws_imds_request(a, url, session, role, &r);
    rc = flight_ask(c->f, &r, FLIGHT_METADATA, whom, &body);
    if (rc < 0)
        return rc;
    if (aws_keys_read(a, body, keys, &why) < 0)
        return flight_fail(c->f, "%s: " STR_FMT, whom, STR_ARG(why));
    return 0;
}

/* ---- profiles ---- */

static int MAY_YIELD from_profile(struct chain *c, str name, unsigned depth, struct aws_keys *keys);

static int MAY_YIELD from_credential_source(struct chain *c, str source, struct aws_keys *keys)
{
    if (str_eq_nocase(source, S("Environment"))) {
        *keys = c->env.keys;
        if (keys->access_key_id.n > 0)
            return 0;
        return flight_fail(c->f, "the profile's credential_source: no keys in the environment");
    }
    if (str_eq_nocase(source, S("Ec2InstanceMetadata")))
        return from_machine(c, keys);
    if (str_eq_nocase(source, S("EcsContainer")) && c->env.container_uri.n > 0)
        return from_container(c, keys);
    return flight_fail(c->f, "the profile's credential_source \"" STR_FMT "\" is not there",
                       STR_ARG(source));
}

/* The keys with which a profile assumes its role. */
static int MAY_YIELD from_source(struct chain *c, str name, const struct aws_profile *p,
                                 unsigned depth, struct aws_keys *keys)
{
    if (p->credential_source.n > 0)
        return from_credential_source(c, p->credential_source, keys);
    if (str_eq(p->source_profile, name) && p->keys.access_key_id.n > 0) {
        *keys = p->keys;
        return 0;
    }
    if (p->source_profile.n > 0 && depth < PROFILE_DEPTH)
        return from_profile(c, p->source_profile, depth + 1, keys);
    return flight_fail(c->f, "the profile \"" STR_FMT "\" has a role and no source of keys for it",
                       STR_ARG(name));
}

static int MAY_YIELD from_role(struct chain *c, str name, const struct aws_profile *p,
                               unsigned depth, struct aws_keys *keys)
{
    struct aws_role role = {.arn = p->role_arn,
                            .session_name = p->role_session_name,
                            .external_id = p->external_id,
                            .duration_s = p->duration_s};
    if (p->web_identity_token_file.n > 0)
        return assume_by_web(c, &role, p->web_identity_token_file, keys);
    int rc = from_source(c, name, p, depth, keys);
    return rc < 0 ? rc : assume(c, &role, keys);
}

static int MAY_YIELD from_profile(struct chain *c, str name, unsigned depth, struct aws_keys *keys)
{
    struct aws_profile p;
    if (!aws_profile_read(c->f->arena, c->config, c->credentials, name, &p))
        return flight_fail(c->f, "the shared files have no profile \"" STR_FMT "\"", STR_ARG(name));
    if (p.role_arn.n > 0)
        return from_role(c, name, &p, depth, keys);
    if (p.unsupported)
        return flight_fail(c->f, "the profile \"" STR_FMT "\" relies on %s, which is not supported",
                           STR_ARG(name), p.unsupported);
    *keys = p.keys;
    if (keys->access_key_id.n > 0 && keys->secret_access_key.n > 0)
        return 0;
    return flight_fail(c->f, "the profile \"" STR_FMT "\" has no keys", STR_ARG(name));
}

/* ---- the chain ---- */

static str optional_file(struct chain *c, str path)
{
    str text = S_EMPTY;
    struct err ignored = {.code = 0};
    struct flight quiet = *c->f;
    quiet.err = &ignored;
    if (flight_file_exists(c->f, path) && flight_file(&quiet, path, "", &text) < 0)
        return S_EMPTY; /* a profile that should be in it will be missed */
    return text;
}

/* Does the profile say where keys come from? One that sets a region only does not. */
static bool has_keys(const struct aws_profile *p)
{
    return p->keys.access_key_id.n > 0 || p->role_arn.n > 0 || p->unsupported;
}

static void begin(struct chain *c, struct aws_profile *profile, bool *has_profile)
{
    const struct credential_settings *s = c->f->settings;
    aws_env_read(c->f->arena, flight_env, &c->env);
    c->config = optional_file(c, c->env.config_file);
    c->credentials = optional_file(c, c->env.credentials_file);
    if (s->aws.profile.n > 0)
        c->env.profile = s->aws.profile;
    *has_profile =
        aws_profile_read(c->f->arena, c->config, c->credentials, c->env.profile, profile);
    c->region = s->aws.region.n > 0 ? s->aws.region : c->env.region;
    if (c->region.n == 0)
        c->region = profile->region;
}

static int MAY_YIELD find_keys(struct chain *c, const struct aws_profile *profile, bool has_profile,
                               struct aws_keys *keys)
{
    const struct aws_env *e = &c->env;
    bool is_configured = c->f->settings->aws.profile.n > 0;
    if (is_configured)
        return from_profile(c, e->profile, 0, keys);
    if (e->keys.access_key_id.n > 0 && e->keys.secret_access_key.n > 0) {
        *keys = e->keys;
        return 0;
    }
    if (e->web_identity_token_file.n > 0 && e->role_arn.n > 0) {
        struct aws_role role = {.arn = e->role_arn, .session_name = e->role_session_name};
        return assume_by_web(c, &role, e->web_identity_token_file, keys);
    }
    if (e->has_profile || (has_profile && has_keys(profile)))
        return from_profile(c, e->profile, 0, keys);
    if (e->container_uri.n > 0)
        return from_container(c, keys);
    if (!e->has_no_imds)
        return from_machine(c, keys);
    return flight_fail(c->f,
                       "no AWS keys: not in the environment, the shared files or a container, "
                       "and AWS_EC2_METADATA_DISABLED is set");
}

/* The other form of keys: a bearer token, which needs no request. */
static void make_bearer(const struct chain *c, struct flight_value *v)
{
    const struct credential_settings *s = c->f->settings;
    bool is_bedrock = s->aws.use == AWS_BEARER_BEDROCK;
    enum sigv4_bearer kind = is_bedrock ? SIGV4_BEARER_BEDROCK : SIGV4_BEARER_SAGEMAKER;
    struct sigv4_key key = {.date = {0}};
    struct sigv4_signer signer = {
        .access_key_id = v->keys.access_key_id,
        .session_token = v->keys.session_token,
        .scope = {.region = c->region, .service = sigv4_bearer_service(kind)},
        .key = &key,
        .wall_us = flight_wall_us(c->f)};
    sigv4_key_derive(&key, v->keys.secret_access_key, &signer.scope, signer.wall_us);
    v->token = sigv4_bearer_token(kind, &signer, BEARER_S, c->f->arena);
    int64_t until_us = signer.wall_us + BEARER_S * INT64_C(1000000);
    v->expires_us = v->expires_us == 0 ? until_us : MIN(v->expires_us, until_us);
    explicit_bzero(&key, sizeof key);
}

int flight_aws(struct flight *f, struct flight_value *out)
{
    const struct credential_settings *s = f->settings;
    struct chain c = {.f = f};
    struct aws_profile profile;
    bool has_profile;
    int rc = 0;
    *out = (struct flight_value){.expires_us = 0};
    begin(&c, &profile, &has_profile);
    out->keys = (struct aws_keys){.access_key_id = flight_secret(s->aws.access_key_id),
                                  .secret_access_key = flight_secret(s->aws.secret_access_key),
                                  .session_token = flight_secret(s->aws.session_token)};
    if (out->keys.access_key_id.n == 0 || out->keys.secret_access_key.n == 0)
        rc = find_keys(&c, &profile, has_profile, &out->keys);
    struct aws_role role = {.arn = s->aws.role_arn,
                            .session_name = s->aws.role_name,
                            .external_id = s->aws.external_id};
    if (rc == 0 && role.arn.n > 0)
        rc = assume(&c, &role, &out->keys);
    if (rc < 0)
        return rc;
    if (c.region.n == 0)
        return flight_fail(f, "no AWS region: set `region`, AWS_REGION or the profile's");
    out->region = c.region;
    out->expires_us = out->keys.expires_us;
    if (s->aws.use != AWS_SIGNS)
        make_bearer(&c, out);
    return 0;
}
