/* Characters that a provider cuts in half: beyond the Basic Multilingual Plane JSON may write one
 * as two escapes (RFC 8259, section 7), and servers that cut text by UTF-16 units send one of them
 * at the end of a delta and the other at the beginning of the next. Neither is a character, so a
 * parser makes two replacement characters of them.
 *
 * So the first half is cut off the chunk's text before it is parsed, kept, and put in front of the
 * second when the next chunk begins a string with one. A half that nothing follows is dropped:
 * there is nothing it could stand for. */
#include "llm/dialect_chat_stream.h"

/* Is there an escape "\uXXXX" of the half wanted at `i`? Highs are D800 to DBFF, lows DC00 to
 * DFFF. */
static bool is_half(str s, size_t i, bool is_high)
{
    if (i + CHAT_HALF_LEN > s.n || s.p[i] != '\\' || s.p[i + 1] != 'u')
        return false;
    int first = str_hex_value(s.p[i + 2]), second = str_hex_value(s.p[i + 3]);
    bool is_hex = str_hex_value(s.p[i + 4]) >= 0 && str_hex_value(s.p[i + 5]) >= 0;
    bool is_low = second >= 0xc;
    return is_hex && first == 0xd && second >= 0x8 && is_low != is_high;
}

/* Does the backslash at `i` begin an escape, or is it one half of an escaped backslash? */
static bool begins_escape(str s, size_t i)
{
    size_t n = 0;
    while (n < i && s.p[i - 1 - n] == '\\')
        n++;
    return n % 2 == 0;
}

/* Where a string ends in a high half; STR_NONE: nowhere. */
static size_t find_high(str s)
{
    for (size_t from = 0; from < s.n;) {
        size_t at = str_find(str_skip(s, from), S("\\u"));
        if (at == STR_NONE)
            break;
        at += from;
        size_t end = at + CHAT_HALF_LEN;
        if (is_half(s, at, true) && end < s.n && s.p[end] == '"' && begins_escape(s, at))
            return at;
        from = at + 2;
    }
    return STR_NONE;
}

/* Where a string begins with a low half. */
static size_t find_low(str s)
{
    for (size_t from = 0; from < s.n;) {
        size_t at = str_find(str_skip(s, from), S("\"\\u"));
        if (at == STR_NONE)
            break;
        at += from + 1;
        if (is_half(s, at, false))
            return at;
        from = at + 2;
    }
    return STR_NONE;
}

str chat_join_halves(struct chat_stream *s, struct arena *scratch, str chunk)
{
    if (s->has_half) {
        size_t at = find_low(chunk);
        s->has_half = false;
        if (at != STR_NONE)
            chunk = arena_concat(scratch,
                                 (str[]){str_slice(chunk, 0, at), str_of(s->half, CHAT_HALF_LEN),
                                         str_skip(chunk, at)},
                                 3);
    }
    size_t at = find_high(chunk);
    if (at == STR_NONE)
        return chunk;
    for (size_t i = 0; i < CHAT_HALF_LEN; i++)
        s->half[i] = chunk.p[at + i];
    s->has_half = true;
    return arena_concat(scratch,
                        (str[]){str_slice(chunk, 0, at), str_skip(chunk, at + CHAT_HALF_LEN)}, 2);
}
