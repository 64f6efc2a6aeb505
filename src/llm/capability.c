/* Finding a model's rule.
 *
 * The table is read from the top and the first pattern that matches wins, so special models stand
 * before their line and the line's newest rule last, with a pattern that an unseen version matches
 * too. The operator's rows come before all of it. Names are compared as the provider writes them,
 * behind any prefix of a reseller ("us.anthropic.", "publishers/google/models/"): patterns begin
 * with '*' where that matters. */
#include "llm/capability.h"

#include "llm/chat.h"
#include "llm/dialect_id.h"

#define E(name) (1u << EFFORT_##name)
#define T(name) (1u << THINKING_##name)
#define C(name) (1u << CHOICE_##name)

#define EFFORTS_ALL (E(NONE) | E(MINIMAL) | E(LOW) | E(MEDIUM) | E(HIGH) | E(XHIGH) | E(MAX))
#define CHOICES_ALL (C(AUTO) | C(NONE) | C(REQUIRED) | C(NAMED) | C(ALLOWED))

struct rule {
    enum dialect_id dialect;
    struct capability what;
};

static const struct rule rules[] = {
#define CAPABILITY(dialect_, pattern_, call_, sampling_, efforts_, thinking_, choices_, schema_,   \
                   max_output_, can_)                                                              \
    {.dialect = DIALECT_##dialect_,                                                                \
     .what = {.pattern = pattern_,                                                                 \
              .call = CALL_##call_,                                                                \
              .sampling = SAMPLING_##sampling_,                                                    \
              .efforts = efforts_,                                                                 \
              .thinking = thinking_,                                                               \
              .choices = choices_,                                                                 \
              .schema = SCHEMA_##schema_,                                                          \
              .max_output = max_output_,                                                           \
              .can = can_}},
#include "llm/capability.def"
#undef CAPABILITY
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Does a pattern's character stand for a model's? */
static bool stands_for(char p, char c)
{
    bool is_digit = c >= '0' && c <= '9';
    return p == '#' ? is_digit : p != '\0' && lower(p) == lower(c);
}

/* The classic walk with one place to come back to: linear but for patterns with many stars, which
 * nobody writes. */
bool capability_matches(const char *pattern, str model)
{
    const char *p = pattern, *star = NULL;
    size_t i = 0, resume = 0;
    while (i < model.n) {
        if (*p == '*') {
            star = ++p;
            resume = i;
        } else if (stands_for(*p, model.p[i])) {
            p++;
            i++;
        } else if (star) {
            p = star;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

static struct capability with_bits(const struct capability *c, uint32_t bits)
{
    struct capability out = *c;
    out.can |= bits;
    return out;
}

struct capability capability_find(const struct capability *own, size_t n_own, uint8_t dialect,
                                  str model, uint32_t vendor_bits)
{
    static const struct capability unknown = {.pattern = "*",
                                              .efforts = EFFORTS_ALL,
                                              .thinking = UINT32_MAX,
                                              .choices = CHOICES_ALL,
                                              .max_output = -1,
                                              .can = CAN_PREFILL | CAN_MID_SYSTEM | CAN_STOP |
                                                     CAN_JSON_SCHEMA | CAN_PARALLEL_OFF};
    for (size_t i = 0; i < n_own; i++)
        if (capability_matches(own[i].pattern, model))
            return with_bits(&own[i], vendor_bits);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].dialect == dialect && capability_matches(rules[i].what.pattern, model))
            return with_bits(&rules[i].what, vendor_bits);
    return with_bits(&unknown, vendor_bits);
}
