/* The notes of one translation, in the order in which they were made.
 *
 * Writers note a loss wherever they meet it, so the same one may come a thousand times: it is kept
 * once, and looked for one by one, as there are few. What a note names may be a client's own key,
 * so names are kept up to a bound, and in the header they hold nothing that could end an item.
 * Notes that find no room are counted. */
#include "llm/loss.h"

#include <string.h>

#include "base/buf.h"

#define FIRST_SIZE 8
#define FIELD_MAX  256        /* bytes of a field's name that are kept: it may be a client's key */
#define TEXT_MAX   (8u << 10) /* bytes of a header that every client takes */

void losses_init(struct losses *l, struct arena *a)
{
    *l = (struct losses){.arena = a};
}

static bool is_noted(const struct losses *l, enum loss_verb verb, str field)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].verb == verb && str_eq(l->items[i].field, field))
            return true;
    }
    return false;
}

static void make_room(struct losses *l)
{
    size_t size = l->size > 0 ? 2 * l->size : FIRST_SIZE;
    struct loss *grown = arena_new_n(l->arena, struct loss, size);
    if (l->n > 0)
        memcpy(grown, l->items, l->n * sizeof *grown);
    l->items = grown;
    l->size = size;
}

void loss_add(struct losses *l, enum loss_verb verb, str field)
{
    field = str_slice(field, 0, FIELD_MAX);
    if (!l || is_noted(l, verb, field))
        return;
    if (l->n == LOSS_MAX) {
        l->more++;
        return;
    }
    if (l->n == l->size)
        make_room(l);
    l->items[l->n++] = (struct loss){.verb = verb, .field = arena_str(l->arena, field)};
}

/* A field's name may come from a client's key: what a header cannot hold, or what ends an item of
 * the list, becomes '_'. */
static void put_field(struct buf *out, str field)
{
    for (size_t i = 0; i < field.n; i++) {
        char c = field.p[i];
        bool is_plain = c > ' ' && c < 0x7f && c != ',';
        buf_put_char(out, is_plain ? c : '_');
    }
}

static const char *verb_name(enum loss_verb verb)
{
    static const char *const names[] = {
        [LOSS_DROPPED] = "dropped",
        [LOSS_CLAMPED] = "clamped",
        [LOSS_EMULATED] = "emulated",
    };
    must(verb < ARRAY_LEN(names));
    return names[verb];
}

str losses_text(const struct losses *l, struct arena *a)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    size_t left_out = l->more;
    for (size_t i = 0; i < l->n; i++) {
        size_t mark = out.n;
        if (mark + l->items[i].field.n + 64 > TEXT_MAX) {
            left_out++;
            continue;
        }
        buf_printf(&out, "%s%s:", mark > 0 ? ", " : "", verb_name(l->items[i].verb));
        put_field(&out, l->items[i].field);
    }
    if (left_out > 0)
        buf_printf(&out, "%smore:%zu", out.n > 0 ? ", " : "", left_out);
    str text = out.n > 0 ? arena_str(a, buf_str(&out)) : S_EMPTY;
    buf_fini(&out);
    return text;
}
