#include "cli/terminal.c"

#include "tap.h"

static str safe(str text)
{
    static struct buf out;
    static bool is_open;
    if (!is_open)
        buf_init(&out, 1 << 16);
    is_open = true;
    buf_reset(&out);
    terminal_put_safe(&out, text);
    return buf_str(&out);
}

#define FFFD "\xEF\xBF\xBD"

int main(void)
{
    is_str(safe(S("plain\ttext\n")), S("plain\ttext\n"), "text stays");
    is_str(safe(S("Gr\xc3\xbc\xc3\x9f"
                  "e \xf0\x9f\x98\x80")),
           S("Gr\xc3\xbc\xc3\x9f"
             "e \xf0\x9f\x98\x80"),
           "so does all of Unicode");
    is_str(safe(S("\x1b[31mred")), S(FFFD "[31mred"), "no escape sequence");
    is_str(safe(S("a\rb\bc\x7f"
                  "d")),
           S("a" FFFD "b" FFFD "c" FFFD "d"), "no carriage return, backspace, delete");
    is_str(safe(str_of("a\0b", 3)), S("a" FFFD "b"), "no NUL");
    is_str(safe(S("\xc2\x9b"
                  "31m")),
           S(FFFD "31m"), "no C1 control");
    is_str(safe(S("a\xe2\x80\xae"
                  "b\xe2\x81\xa6"
                  "c\xd8\x9c")),
           S("a" FFFD "b" FFFD "c" FFFD), "nothing that turns the direction");
    is_str(safe(S("a\xff\xc3")), S("a" FFFD FFFD), "broken UTF-8");
    is_str(safe(S_EMPTY), S(""), "nothing");
    return tap_done();
}
