/* Where the running instance is. See the header for the order in which places are asked.
 *
 * The configuration is read for an address and a key only, so its mistakes do not matter here: the
 * file may well be broken at the moment somebody asks the instance to read it. */
#include "cli/instance.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "gate/admin_key.h"
#include "gate/config_tree.h"
#include "gate/config_value.h"
#include "rt/net.h"

static str env(const char *name)
{
    return str_trim(str_from_cz(getenv(name)));
}

static str env_or(const char *name, str otherwise)
{
    str value = env(name);
    return value.n > 0 ? value : otherwise;
}

static const char *certificates(void)
{
    const char *ca = getenv("TB_CA");
    return ca && ca[0] != '\0' ? ca : NULL;
}

void instance_find(struct instance *out)
{
    *out = (struct instance){
        .url = env_or("TB_URL", S(INSTANCE_URL)), .key = env("TB_KEY"), .ca = certificates()};
}

str instance_url_of(struct arena *a, str address, bool is_tls)
{
    if (str_has_prefix(address, S("unix:")))
        return is_tls ? S_EMPTY : arena_printf(a, "http+" STR_FMT, STR_ARG(address));
    size_t colon = str_rfind_char(address, ':');
    if (colon == STR_NONE)
        return S_EMPTY;
    str host = str_slice(address, 0, colon), port = str_skip(address, colon + 1);
    if (str_eq(port, S("0")))
        return S_EMPTY;
    if (host.n == 0 || str_eq(host, S("0.0.0.0")) || str_eq(host, S("*")))
        host = S("127.0.0.1");
    else if (str_eq(host, S("[::]")))
        host = S("[::1]");
    return arena_printf(a, "%s://" STR_FMT ":" STR_FMT, is_tls ? "https" : "http", STR_ARG(host),
                        STR_ARG(port));
}

/* What the file says about the admin listener; false when that is of no use. */
static bool read_config(struct arena *a, const char *path, struct instance *out)
{
    struct config *c = config_load(path);
    const struct config_node *admin = config_get(config_get(c->root, "server"), "admin");
    const struct config_node *key = config_get(config_get(c->root, "auth"), "admin_key");
    bool is_off = admin && admin->is_word;
    if (out->key.n == 0 && config_is_good(key) && key->secret)
        out->key = arena_str(a, secret_expose(key->secret));
    str address = config_text(admin, "addr");
    str url = is_off ? S_EMPTY : instance_url_of(a, address, config_get(admin, "tls") != NULL);
    config_free(c);
    if (is_off)
        cli_say("%s turns the admin listener off; a signal does the same: HUP reloads, TERM drains",
                path);
    else if (url.n == 0)
        cli_say("%s says no admin address that can be asked; set TB_ADMIN_URL", path);
    out->url = url;
    return url.n > 0;
}

/* Is this URL on this machine? */
static bool is_local(struct arena *a, str url)
{
    struct value_url u;
    struct net_addr addr;
    const char *why = NULL;
    if (value_url(a, url, &u, &why) < 0)
        return false;
    if (u.unix_path.n > 0 || str_eq(u.host, S("localhost")))
        return true;
    bool is_v6 = str_find_char(u.host, ':') != STR_NONE;
    str text = arena_printf(a, is_v6 ? "[" STR_FMT "]:1" : STR_FMT ":1", STR_ARG(u.host));
    return net_addr_parse(text, &addr) == 0 && net_addr_is_local((struct sockaddr *)&addr.sa);
}

bool instance_find_admin(struct arena *a, const char *config_path, struct instance *out)
{
    *out = (struct instance){.key = env("TB_ADMIN_KEY"), .ca = certificates(), .is_admin = true};
    str named = config_path ? S_EMPTY : env("TB_ADMIN_URL");
    const char *path = config_path ? config_path : cli_default_config();
    if (named.n > 0)
        out->url = named;
    else if (!path)
        out->url = S(INSTANCE_ADMIN_URL);
    else if (!read_config(a, path, out))
        return false;
    /* The stored key is this machine's: no other shall see it, whatever TB_ADMIN_URL says. */
    if (out->key.n == 0 && (named.n == 0 || is_local(a, named)))
        out->key = admin_key_read(a);
    return true;
}
