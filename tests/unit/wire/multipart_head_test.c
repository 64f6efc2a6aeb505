#include "wire/multipart_head.c"

#include "printable.h"
#include "tap.h"

static void test_boundary(void)
{
    static const struct {
        str content_type, want; /* S_EMPTY: refused */
    } cases[] = {
        {S("multipart/form-data; boundary=abc"), S("abc")},
        {S("Multipart/Form-Data ;\tBOUNDARY=\"a b:c\"; charset=utf-8"), S("a b:c")},
        {S("multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxk;"),
         S("----WebKitFormBoundary7MA4YWxk")},
        {S("multipart/form-data; x=\"y;boundary=no\"; boundary=yes"), S("yes")},
        {S("multipart/form-data; boundary='()+_,-./:=?"), S("'()+_,-./:=?")},
        {S("multipart/form-data; boundary="
           "0123456789012345678901234567890123456789012345678901234567890123456789"),
         S("0123456789012345678901234567890123456789012345678901234567890123456789")},
        {S("multipart/form-data; boundary="
           "01234567890123456789012345678901234567890123456789012345678901234567890"),
         S_EMPTY},
        {S("multipart/form-data"), S_EMPTY},
        {S("multipart/form-data; boundary="), S_EMPTY},
        {S("multipart/form-data; boundary=\"\""), S_EMPTY},
        {S("multipart/form-data; boundary=\"a "), S_EMPTY},
        {S("multipart/form-data; boundary=\"a \""), S_EMPTY},
        {S("multipart/form-data; boundary=a*b"), S_EMPTY},
        {S("multipart/form-data; boundary=\"a\\\"b\""), S_EMPTY},
        {S("multipart/form-data; boundary=a; boundary=b"), S_EMPTY},
        {S("multipart/form-data; boundary=a b"), S_EMPTY},
        {S("multipart/form-data boundary=a"), S_EMPTY},
        {S("multipart/mixed; boundary=a"), S_EMPTY},
        {S("application/json"), S_EMPTY},
        {S(""), S_EMPTY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str boundary = S_EMPTY;
        bool is_good = multipart_boundary(cases[i].content_type, &boundary);
        is_int(is_good, cases[i].want.n > 0, printable(cases[i].content_type));
        if (is_good)
            is_str(boundary, cases[i].want, "the boundary");
    }
}

#define CD "Content-Disposition: form-data; "

static void test_heads(void)
{
    static const struct {
        str head, name;
        bool is_file;
    } cases[] = {
        {S(CD "name=\"a b;c\"\r\n\r\n"), S("a b;c"), false},
        {S("X:\r\nCONTENT-DISPOSITION:\tFORM-DATA ; name=a\r\n\r\n"), S("a"), false},
        {S(CD "name=\"\"\r\n\r\n"), S(""), false},
        {S(CD "name=\"%22\xc3\xa9\"\r\n\r\n"), S("%22\xc3\xa9"), false},
        {S(CD "name=a; filename=\"C:\\x.wav\"\r\n\r\n"), S("a"), true},
        {S(CD "filename=\"; name=b\"; name=a\r\n\r\n"), S("a"), true},
        {S(CD "name=a; FileName*=UTF-8''x\r\nContent-Type: audio/wav\r\n\r\n"), S("a"), true},
        {S(CD "name=a; size=3; name*=b;\r\n\r\n"), S("a"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct multipart_head head;
        const char *why = multipart_read_head(cases[i].head, &head);
        is_str(str_from_cz(why), S_EMPTY, printable(cases[i].head));
        is_str(head.name, cases[i].name, "its name");
        is_int(head.is_file, cases[i].is_file, "whether it is a file");
    }
}

/* Every byte in every place of a head. What is accepted has its name inside the head. */
static void test_one_byte_changed(void)
{
    str head = S(CD "name=\"model\"; filename=x\r\nA: b\r\n\r\n");
    size_t n_good = 0;
    for (size_t i = 0; i + 2 < head.n; i++) {
        for (unsigned c = 0; c < 256; c++) {
            char copy[128];
            memcpy(copy, head.p, head.n);
            copy[i] = (char)c;
            if (copy[i] == '\n' || head.p[i] == '\n' || head.p[i] == '\r')
                continue; /* lines end with CRLF, says the contract */
            struct multipart_head out;
            const char *why = multipart_read_head(str_of(copy, head.n), &out);
            must(why || (out.name.p >= copy && out.name.p + out.name.n <= copy + head.n));
            n_good += !why && str_eq(out.name, S("model"));
        }
    }
    ok(n_good > head.n, "some changes are harmless");
}

int main(void)
{
    test_boundary();
    test_heads();
    test_one_byte_changed();
    return tap_done();
}
