/* One scalar against its row of the table: type, references, bounds, words.
 *
 * A value that is wrong gets one problem, which says what the option takes and what stands there,
 * as it is written: what a reference was replaced by is never quoted. Secrets leave the tree here:
 * the value moves into a struct secret, the node's text is wiped and the source is overwritten,
 * all before the first problem about it can be shown. */
#include "gate/config_tree.h"
#include "gate/config_value.h"
#include "gate/vendor.h"
#include "rt/net.h"

#define TEXT_MAX  4096u
#define LINES_MAX 65536u

/* ---- complaints ---- */

static const char *const core_names[] = {[CORE_NULL] = "nothing",
                                         [CORE_BOOL] = "a boolean",
                                         [CORE_INT] = "a number",
                                         [CORE_FLOAT] = "a number with a fraction",
                                         [CORE_STRING] = "a text"};

static const char *type_of(const struct config_node *n)
{
    if (n->type == CONFIG_LIST)
        return "a list";
    if (n->type == CONFIG_MAP)
        return "a mapping";
    return n->is_plain ? core_names[value_core_type(n->raw)] : "a text";
}

/* "`drain`", or "an element of `keys`", or "the configuration". */
str config_name_of(struct config *c, const struct config_node *n)
{
    if (!n->parent)
        return S("the configuration");
    if (n->parent->type == CONFIG_MAP)
        return arena_printf(&c->arena, "`" STR_FMT "`", STR_ARG(config_quote(c, n->key)));
    return arena_printf(&c->arena, "an element of " STR_FMT, STR_ARG(config_name_of(c, n->parent)));
}

void config_complain_type(struct config *c, struct config_node *n, const struct option *o)
{
    n->is_bad = true;
    if (o->type == OPTION_SECRET)
        config_mask_tree(c, n);
    else
        config_mask_suspects(c, n);
    struct config_problem *p = config_complain(
        c, CONFIG_WRONG_TYPE, n, STR_FMT " needs " STR_FMT " and is %s",
        STR_ARG(config_name_of(c, n)), STR_ARG(schema_type_text(&c->arena, o)), type_of(n));
    bool is_text = o->type == OPTION_TEXT || o->type == OPTION_ID || o->type == OPTION_PATH ||
                   o->type == OPTION_KIND || o->type == OPTION_HEADER;
    if (n->type == CONFIG_SCALAR && is_text)
        p->help =
            arena_printf(&c->arena, "write \"" STR_FMT "\"", STR_ARG(config_quote(c, n->raw)));
    else if (n->type == CONFIG_SCALAR && o->type == OPTION_ADDRESS)
        p->help =
            arena_printf(&c->arena, "write 127.0.0.1:" STR_FMT, STR_ARG(config_quote(c, n->raw)));
}

bool config_is_null(const struct config_node *n)
{
    return n->type == CONFIG_SCALAR && n->is_plain && value_core_type(n->raw) == CORE_NULL;
}

void config_complain_empty(struct config *c, struct config_node *n)
{
    n->is_bad = true;
    struct config_problem *p = config_complain(c, CONFIG_EMPTY_VALUE, n, STR_FMT " is empty",
                                               STR_ARG(config_name_of(c, n)));
    if (n->type == CONFIG_SCALAR && config_reference_is_any(n->raw))
        p->help = S("what it refers to is empty");
    else
        p->help = n->option && n->option->fallback ? S("remove it to get its default")
                                                   : S("give it a value, or remove it");
}

/* A value of the right type that is wrong in itself. */
static struct config_problem *complain_value(struct config *c, struct config_node *n,
                                             enum config_code code, const char *what)
{
    n->is_bad = true;
    if (config_has_userinfo(n->raw))
        config_mask(c, n->at);
    return config_complain(c, code, n, "`" STR_FMT "` %s", STR_ARG(config_quote(c, n->raw)), what);
}

/* ---- secrets ---- */

static str secret_help(struct config *c, const struct config_node *n)
{
    const struct vendor *v = n->parent ? vendor_find(n->parent->key) : NULL;

    if (str_eq(n->key, S("admin_key")))
        return S("use ${env:TB_ADMIN_KEY} or ${file:/path}");
    if (v && v->env)
        return arena_printf(&c->arena, "use ${env:%s} or ${file:/path}", v->env);
    return S("use ${env:NAME} or ${file:/path}");
}

static void free_secret(void *obj)
{
    secret_free(obj);
}

static void warn_literal(struct config *c, struct config_node *n)
{
    struct config_problem *p =
        config_complain(c, CONFIG_LITERAL_SECRET, n, "the secret " STR_FMT " stands in the file",
                        STR_ARG(config_name_of(c, n)));

    p->help = secret_help(c, n);
}

static void take_secret(struct config *c, struct config_node *n, str text)
{
    bool is_literal = !config_reference_is_pure(n->raw);

    if (text.n == 0) {
        config_complain_empty(c, n);
    } else if (text.n > TEXT_MAX || !value_is_header_value(text)) {
        n->is_bad = true;
        config_complain(c, CONFIG_TEXT, n,
                        "the secret " STR_FMT " has a control character or is longer than %u bytes",
                        STR_ARG(config_name_of(c, n)), TEXT_MAX);
    } else {
        n->secret = secret_new(text);
        arena_on_fini(&c->arena, free_secret, n->secret);
        if (is_literal)
            warn_literal(c, n);
    }
    if (text.p != n->raw.p)
        config_wipe(text);
    if (is_literal) {
        config_wipe(n->raw);
        n->raw = S("***");
    }
}

static bool is_hidden(const struct config_node *n, const struct option *o)
{
    if (o->type == OPTION_SECRET)
        return true;
    return (o->flags & OPTION_MAY_HIDE) != 0 && config_looks_secret(n->key, n->raw);
}

/* ---- scalars ---- */

static void check_range(struct config *c, struct config_node *n, const struct option *o)
{
    if (n->number >= o->min && n->number <= o->max)
        return;
    n->is_bad = true;
    str is = config_quote(c, n->raw);
    if (o->min == o->max)
        config_complain(c, CONFIG_VERSION, n,
                        "this program reads version " STR_FMT
                        " of the format, and this is " STR_FMT,
                        STR_ARG(schema_bound_text(&c->arena, o, o->max)), STR_ARG(is));
    else
        config_complain(c, CONFIG_OUT_OF_RANGE, n,
                        STR_FMT " must be from " STR_FMT " to " STR_FMT ", and is " STR_FMT,
                        STR_ARG(config_name_of(c, n)),
                        STR_ARG(schema_bound_text(&c->arena, o, o->min)),
                        STR_ARG(schema_bound_text(&c->arena, o, o->max)), STR_ARG(is));
}

static void check_int(struct config *c, struct config_node *n, const struct option *o)
{
    bool is_int = value_core_type(n->text) == CORE_INT;

    if (!is_int || (!n->is_plain && !config_reference_is_any(n->raw))) {
        config_complain_type(c, n, o);
        return;
    }
    if (!value_int(n->text, &n->number))
        n->number = n->text.p[0] == '-' ? INT64_MIN : INT64_MAX; /* too long for the type */
    check_range(c, n, o);
}

static void check_unit(struct config *c, struct config_node *n, const struct option *o,
                       bool (*parse)(str, int64_t *), enum config_code code)
{
    if (!parse(n->text, &n->number)) {
        struct config_problem *p = complain_value(c, n, code, "is not valid here");
        p->message =
            arena_printf(&c->arena, STR_FMT " needs " STR_FMT ", not `" STR_FMT "`",
                         STR_ARG(config_name_of(c, n)), STR_ARG(schema_type_text(&c->arena, o)),
                         STR_ARG(config_quote(c, n->raw)));
        int64_t bare = 0;
        if (o->type == OPTION_DURATION && value_int(n->text, &bare))
            p->help = arena_printf(&c->arena, "with its unit: %llds, or %lldms?", (long long)bare,
                                   (long long)bare);
        else if (o->type == OPTION_SIZE && str_has_suffix(n->text, S("B")))
            p->help = S("KiB, MiB and GiB are powers of 1024");
        return;
    }
    check_range(c, n, o);
}

static void check_choice(struct config *c, struct config_node *n, const struct option *o)
{
    str near = S_EMPTY;
    unsigned best = 3;

    for (size_t i = 0; schema_choice(o, i).n > 0; i++) {
        str word = schema_choice(o, i);
        if (str_eq(word, n->text)) {
            n->number = (int64_t)i;
            return;
        }
        unsigned d = n->text.n <= 64 ? str_distance(word, n->text, 3) : 3;
        if (d < best) {
            best = d;
            near = word;
        }
    }
    n->is_bad = true;
    struct config_problem *p =
        config_complain(c, CONFIG_CHOICE, n, STR_FMT " is " STR_FMT ", not `" STR_FMT "`",
                        STR_ARG(config_name_of(c, n)), STR_ARG(schema_type_text(&c->arena, o)),
                        STR_ARG(config_quote(c, n->raw)));
    p->help = config_did_you_mean(c, near);
}

static void check_kind(struct config *c, struct config_node *n)
{
    enum provider_kind kind;
    const struct vendor *vendor = NULL;

    if (vendor_kind(n->text, &kind, &vendor))
        return;
    if (vendor_kind_is_later(n->text)) {
        struct config_problem *p = complain_value(
            c, n, CONFIG_KIND_NOT_BUILT, "is a kind of provider that this version does not have");
        p->help = S("an OpenAI-compatible endpoint can be used with kind: openai-chat");
        return;
    }
    struct config_problem *p = complain_value(c, n, CONFIG_KIND, "is no kind of provider");
    p->help = config_did_you_mean(c, vendor_nearest_kind(n->text));
}

static void check_url(struct config *c, struct config_node *n)
{
    struct value_url url;
    const char *why = NULL;

    if (value_url(&c->arena, n->text, &url, &why) < 0)
        complain_value(c, n, CONFIG_URL, why);
}

static void check_address(struct config *c, struct config_node *n)
{
    struct net_addr addr;

    if (net_addr_parse(n->text, &addr) == 0)
        return;
    struct config_problem *p = complain_value(
        c, n, CONFIG_ADDRESS, "is not an address like 127.0.0.1:8080, [::1]:8080 or unix:/path");
    if (str_has_prefix(n->text, S("localhost")))
        p->help = S("names are not resolved; write 127.0.0.1:8080");
}

/* Headers that frame a message or belong to one connection: the gateway's own. */
static const char *const own_headers[] = {
    "host",           "content-length",   "transfer-encoding",
    "connection",     "keep-alive",       "te",
    "trailer",        "upgrade",          "expect",
    "content-type",   "proxy-connection", "proxy-authorization",
    "accept-encoding"};
/* Headers in which clients send their gateway key, which is nothing for a provider to see. */
static const char *const credential_headers[] = {"authorization", "x-api-key", "api-key",
                                                 "x-goog-api-key", "cookie"};

static bool is_one_of(str name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq_nocase(name, str_from_cz(names[i])))
            return true;
    }
    return false;
}

const char *config_header_fault(str name)
{
    if (!value_is_header_name(name))
        return "is not a header name";
    if (is_one_of(name, own_headers, ARRAY_LEN(own_headers)))
        return "is a header that the gateway sets itself";
    return NULL;
}

static void check_header(struct config *c, struct config_node *n)
{
    const char *fault = config_header_fault(n->text);

    if (fault)
        complain_value(c, n, CONFIG_HEADER, fault);
    else if (is_one_of(n->text, credential_headers, ARRAY_LEN(credential_headers)))
        complain_value(c, n, CONFIG_HEADER,
                       "carries the client's gateway key and is never passed on");
}

static void check_hash(struct config *c, struct config_node *n)
{
    uint8_t hash[SHA256_BYTES];
    bool has_prefix = str_has_prefix(n->text, S("sha256:"));

    if (has_prefix && crypt_from_hex(str_skip(n->text, 7), hash, sizeof hash))
        return;
    /* Not quoted: what stands here by mistake may be the key itself. */
    n->is_bad = true;
    if (!has_prefix && !config_reference_is_pure(n->raw))
        config_mask(c, n->at);
    struct config_problem *p =
        config_complain(c, CONFIG_HASH, n, "this is not `sha256:` and 64 hexadecimal digits");
    p->help = S("printf %s \"$KEY\" | sha256sum");
}

/* Of several lines: without a control character but in their ends and indentation. */
static bool are_clean_lines(str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char ch = (unsigned char)text.p[i];
        if ((ch < ' ' && ch != '\n' && ch != '\t') || ch == 0x7f)
            return false;
    }
    return true;
}

static void check_text(struct config *c, struct config_node *n, const struct option *o)
{
    bool has_lines = (o->flags & OPTION_LINES) != 0;
    bool is_clean = has_lines ? are_clean_lines(n->text) : value_is_clean_text(n->text);
    if (n->text.n > (has_lines ? LINES_MAX : TEXT_MAX) || !is_clean)
        complain_value(c, n, CONFIG_TEXT, "has a control character or is too long");
}

static void convert(struct config *c, struct config_node *n, const struct option *o)
{
    switch (o->type) {
    case OPTION_INT:
        check_int(c, n, o);
        break;
    case OPTION_COUNT:
        check_unit(c, n, o, value_count, CONFIG_COUNT);
        break;
    case OPTION_SIZE:
        check_unit(c, n, o, value_size, CONFIG_SIZE);
        break;
    case OPTION_DURATION:
        check_unit(c, n, o, value_duration, CONFIG_DURATION);
        break;
    case OPTION_CHOICE:
        check_choice(c, n, o);
        break;
    case OPTION_ID:
        if (!value_is_id(n->text))
            complain_value(c, n, CONFIG_ID, "is not an id: letters, digits, `.`, `_` and `-`");
        break;
    case OPTION_URL:
        check_url(c, n);
        break;
    case OPTION_ADDRESS:
        check_address(c, n);
        break;
    case OPTION_DATE:
        if (!value_date(n->text, &n->number))
            complain_value(c, n, CONFIG_DATE, "is not a date like 2027-03-01");
        break;
    case OPTION_HASH:
        check_hash(c, n);
        break;
    case OPTION_KIND:
        check_kind(c, n);
        break;
    case OPTION_HEADER:
        check_header(c, n);
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        check_text(c, n, o);
        break;
    case OPTION_SECRET:
    case OPTION_GROUP:
    case OPTION_MAP:
    case OPTION_LIST:
    case OPTION_LATER:
        break;
    }
}

/* Numbers may be written without quotes where a number is meant, and only there. */
static bool is_right_core_type(const struct config_node *n, const struct option *o)
{
    bool is_number_option = o->type == OPTION_INT || o->type == OPTION_COUNT ||
                            o->type == OPTION_SIZE || o->type == OPTION_DURATION;

    if (is_number_option || !n->is_plain || config_reference_is_any(n->raw))
        return true;
    return value_core_type(n->raw) == CORE_STRING;
}

void config_check_scalar(struct config *c, struct config_node *n, const struct option *o)
{
    str text = S_EMPTY;

    if (n->type == CONFIG_SCALAR && config_is_null(n) && !n->is_bad) {
        config_complain_empty(c, n);
        return;
    }
    bool is_word = o->word && n->type == CONFIG_SCALAR && str_eq(n->raw, str_from_cz(o->word));
    if (is_word) {
        n->is_word = true;
        n->text = n->raw;
        return;
    }
    bool hide = n->type == CONFIG_SCALAR && is_hidden(n, o);
    if (n->type != CONFIG_SCALAR || !is_right_core_type(n, o)) {
        config_complain_type(c, n, o);
        return;
    }
    if (hide && !n->is_default && !config_reference_is_pure(n->raw))
        config_mask(c, n->at);
    if (n->is_bad)
        return;
    if (!config_reference_resolve(c, n, &text)) {
        n->is_bad = true;
        return;
    }
    if (hide) {
        take_secret(c, n, text);
        return;
    }
    n->text = text;
    if (text.n == 0 && o->type != OPTION_TEXT)
        config_complain_empty(c, n);
    else
        convert(c, n, o);
}
