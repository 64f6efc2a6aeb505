#include "wire/multipart.c"

#include "tap.h"

static struct arena arena;

/* Reads a body in pieces: the first of `first` bytes, the others of `step`. NULL or what is
 * wrong. */
static const char *read_pieces(struct multipart **m, str body, size_t first, size_t step)
{
    *m = multipart_new(&arena, S("b1"));
    const char *why = NULL;
    for (size_t at = 0; at < body.n;) {
        size_t n = at == 0 ? MAX(first, 1) : step;
        if (multipart_feed(*m, str_slice(body, at, at + n), &why) < 0)
            return why;
        at += n;
    }
    return multipart_is_done(*m) ? NULL : "the body has no end";
}

static const char *read_whole(struct multipart **m, str body)
{
    return read_pieces(m, body, body.n, body.n);
}

static bool same_model(const struct multipart *m, str body, str want)
{
    str model;
    uint64_t begin, end;
    if (!multipart_model(m, &model, &begin, &end))
        return want.p == NULL;
    return str_eq(model, want) && str_eq(str_slice(body, (size_t)begin, (size_t)end), want);
}

/* The same verdict and the same model in one piece, in two at every cut, and byte by byte. */
static bool reads_at_every_cut(str body, const char *want_why, str want_model)
{
    struct multipart *m;
    str want = want_why ? str_from_cz(want_why) : S_EMPTY;
    for (size_t first = 0; first <= body.n; first++) {
        for (size_t step = 1; step <= body.n; step += body.n - 1) {
            const char *why = read_pieces(&m, body, first, step);
            if (!str_eq(str_from_cz(why), want) || !same_model(m, body, want_model))
                return false;
        }
    }
    return true;
}

#define PART(disposition, text)                                                                    \
    "--b1\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" text "\r\n"
#define END "--b1--\r\n"

static void test_bodies(void)
{
    static const struct {
        str body, model;
    } cases[] = {
        {S(PART("name=\"model\"", "whisper-1") END), S("whisper-1")},
        {S(PART("name=model", "x") END), S("x")},
        {S(PART("NAME=\"model\"", "x") END), S("x")},
        {S(PART("name=\"model\"", "") END), S("")},
        {S(PART("name=\"a\"", "1") PART("name=\"model\"", "x") PART("name=\"c\"", "3") END),
         S("x")},
        {S(PART("name=\"file\"; filename=\"a.mp3\"", "\r\n--b\r\n\r--b1\r\n-\n\n\r\r\n")
               PART("name=\"model\"", "x\r\n-") END),
         S("x\r\n-")},
        {S(PART("name=\"file\"; filename*=utf-8''%e2", "x--b1 is no delimiter here") END), S_EMPTY},
        {S(PART("name=\"Model\"", "x") PART("name=\"model[]\"", "y") END), S_EMPTY},
        {S(PART("name*=utf-8''model; name=\"x\"", "y") END), S_EMPTY},
        {S("--b1\r\nX-A: b\r\ncontent-disposition:form-data;name=\"model\"\r\n"
           "Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nm\r\n--b1--"),
         S("m")},
        {S("preamble\r\n\r\n--b\r\n" PART("name=\"model\"", "x") "--b1--\r\nepilogue\n\n--b"),
         S("x")},
        {S("\r\n" PART("name=\"model\"", "x") END), S("x")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(reads_at_every_cut(cases[i].body, NULL, cases[i].model), "read alike at every cut");
}

static const char *const delimiter_line = "a delimiter line is malformed";
static const char *const own_line = "a delimiter must stand behind CRLF";
static const char *const crlf = "a line in the head of a part must end with CRLF";
static const char *const head_line = "a line in the head of a part is malformed";
static const char *const parameter = "a parameter is malformed";
static const char *const one_name = "a part must have one name";
static const char *const one_disposition = "a part must have one Content-Disposition";
static const char *const unfinished = "the body has no end";
static const char *const behind = "a delimiter behind the last one";
static const char *const encoding = "a part has a transfer encoding";
static const char *const backslash = "a backslash in the name of a part";

#define HEAD_OF(lines) "--b1\r\n" lines "\r\n\r\nx\r\n" END
#define CD             "Content-Disposition: form-data; name=\"a\""

static void test_faults(void)
{
    static const struct {
        str body;
        const char *const *why;
    } cases[] = {
        {S("no delimiter at all"), &unfinished},
        {S("--b1\r\n" CD "\r\n\r\nx"), &unfinished},
        {S("--b1\r\n" CD "\r\n\r\nx\r\n--b1"), &unfinished},
        {S("--b1\r\n" CD "\r\n\r\nx\r\n--b1-"), &unfinished},
        {S("--b1 \r\n" CD "\r\n\r\nx\r\n" END), &delimiter_line},
        {S("--b1x\r\n" CD "\r\n\r\nx\r\n" END), &delimiter_line},
        {S("--b1\n" CD "\r\n\r\nx\r\n" END), &delimiter_line},
        {S("--b1-\r\n"), &delimiter_line},
        {S("--b1\r-"), &delimiter_line},
        {S(PART("name=\"a\"", "x") "--b1--x"), &delimiter_line},
        {S(PART("name=\"a\"", "x") "--b1--\n"), &delimiter_line},
        {S(PART("name=\"a\"", "x") END "--b1\r\n"), &behind},
        {S(PART("name=\"a\"", "x") END "more\r\n--b1--"), &behind},
        {S(PART("name=\"a\"", "x\n--b1\r\n") END), &own_line},
        {S("preamble\n" PART("name=\"a\"", "x") END), &own_line},
        {S("--b1\r\n" CD "\r\n\r\n--b1--\r\n"), &own_line},
        {S(HEAD_OF(CD "\nX: y")), &crlf},
        {S("--b1\r\n" CD "\n\n" END), &crlf},
        {S(HEAD_OF(CD "\rX: y")), &head_line},
        {S(HEAD_OF(CD "\r\n folded")), &head_line},
        {S(HEAD_OF(CD "\r\n folded: x")), &head_line},
        {S(HEAD_OF(CD "\r\nno colon")), &head_line},
        {S(HEAD_OF(CD "\r\n: x")), &head_line},
        {S(HEAD_OF("Content-Disposition : form-data; name=\"a\"")), &head_line},
        {S(HEAD_OF(CD "\r\nX: \0")), &head_line},
        {S(HEAD_OF("X: y")), &one_disposition},
        {S("--b1\r\n\r\nx\r\n" END), &one_disposition},
        {S(HEAD_OF(CD "\r\n" CD)), &one_disposition},
        {S(HEAD_OF("Content-Disposition: form-data")), &one_name},
        {S(HEAD_OF("Content-Disposition: form-data; filename=x")), &one_name},
        {S(HEAD_OF("Content-Disposition: form-data; name*=utf-8''model")), &one_name},
        {S(HEAD_OF(CD "; name=\"model\"")), &one_name},
        {S(HEAD_OF(CD "; NAME=model")), &one_name},
        {S(HEAD_OF(CD " filename=x")), &parameter},
        {S(HEAD_OF(CD "x")), &parameter},
        {S(HEAD_OF(CD "; filename")), &parameter},
        {S(HEAD_OF(CD "; filename=")), &parameter},
        {S(HEAD_OF(CD "; filename=\"")), &parameter},
        {S(HEAD_OF(CD "; filename =x")), &parameter},
        {S(HEAD_OF(CD "; filename= x")), &parameter},
        {S(HEAD_OF(CD "; =x")), &parameter},
        {S(HEAD_OF("Content-Disposition: form-data; filename=\"\\\"; name=\"model\"")), &parameter},
        {S(HEAD_OF("Content-Disposition: form-data; name=\"mod\\el\"")), &backslash},
        {S(HEAD_OF(CD "\r\nContent-Transfer-Encoding: base64")), &encoding},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        ok(reads_at_every_cut(cases[i].body, *cases[i].why, S_EMPTY), *cases[i].why);
}

static void test_model(void)
{
    struct multipart *m;
    is_str(str_from_cz(read_whole(&m, S(PART("name=\"model\"; filename=\"x\"", "a") END))),
           S("the model must not be a file"), "a file named model");
    is_str(
        str_from_cz(read_whole(&m, S(PART("name=\"model\"", "a") PART("name=\"model\"", "a") END))),
        S("there are two parts named model"), "two models, even if they agree");
    const char *why = NULL;
    ok(multipart_feed(m, S("more"), &why) == -E_MULTIPART && why, "a fault stays");
    ok(!multipart_is_done(m), "and the body is not done");

    m = multipart_new(&arena, S("b1"));
    str model;
    uint64_t begin, end;
    ok(multipart_feed(m, S(PART("name=\"model\"", "a") "--b"), &why) == 0, "a model");
    ok(!multipart_model(m, &model, &begin, &end), "is not known before its delimiter");
    ok(multipart_feed(m, S("1"), &why) == 0, "which comes");
    ok(multipart_model(m, &model, &begin, &end) && end - begin == 1, "but then at once");
}

static void test_fields(void)
{
    struct multipart *m;
    const char *why = read_whole(
        &m, S(PART("name=\"stream\"", "true") PART("name=\"file\"; filename=\"f\"", "bytes")
                  PART("name=\"t[]\"", "1") PART("name=\"t[]\"", "2") PART("name=\"e\"", "") END));
    ok(!why, "several fields");
    is_str(multipart_field(m, S("stream")), S("true"), "a field");
    is_str(multipart_field(m, S("t[]")), S("2"), "the last of several");
    ok(multipart_field(m, S("file")).n == 0, "a file is no field");
    ok(multipart_field(m, S("absent")).n == 0, "nor is what is absent");
}

static str text_with(struct buf *b, str before, size_t n, str behind_them)
{
    buf_reset(b);
    buf_put(b, before);
    for (size_t i = 0; i < n; i++)
        buf_put_char(b, 'x');
    buf_put(b, behind_them);
    return buf_str(b);
}

static void test_limits(void)
{
    struct buf b;
    struct multipart *m;
    buf_init(&b, 1 << 20);
    str before = S("--b1\r\n" CD "\r\nX: "), after = S("\r\n\r\nx\r\n" END);
    size_t room = MULTIPART_HEAD_MAX - (before.n - 6) - 4;
    ok(!read_whole(&m, text_with(&b, before, room, after)), "a head of 4096 bytes");
    str fault = str_from_cz(read_whole(&m, text_with(&b, before, room + 1, after)));
    is_str(fault, S("the head of a part is longer than 4096 bytes"), "one more is refused");

    before = S("--b1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"),
    after = S("\r\n" END);
    ok(!read_whole(&m, text_with(&b, before, 512, after)), "a model of 512 bytes");
    fault = str_from_cz(read_whole(&m, text_with(&b, before, 513, after)));
    is_str(fault, S("the model is longer than 512 bytes"), "one more is refused");
    before = S("--b1\r\n" CD "\r\n\r\n");
    ok(!read_whole(&m, text_with(&b, before, 513, after)), "a longer field passes");
    ok(multipart_field(m, S("a")).n == 0, "but is not kept");
    ok(!read_whole(&m, text_with(&b, before, 512, after)), "one of 512 bytes");
    is_int(multipart_field(m, S("a")).n, 512, "is");

    fault = str_from_cz(read_whole(&m, text_with(&b, S_EMPTY, 4097, S_EMPTY)));
    is_str(fault, S("too much text around the parts"), "an endless preamble");
    fault = str_from_cz(read_whole(&m, text_with(&b, S(PART("name=a", "x") END), 4097, S_EMPTY)));
    is_str(fault, S("too much text around the parts"), "an endless epilogue");

    buf_reset(&b);
    for (int i = 0; i < 256; i++)
        buf_put(&b, S(PART("name=a", "x")));
    size_t n = b.n;
    buf_put(&b, S(END));
    ok(!read_whole(&m, buf_str(&b)), "256 parts");
    str parts[] = {str_slice(buf_str(&b), 0, n), S(PART("name=a", "x") END)};
    fault = str_from_cz(read_whole(&m, arena_concat(&arena, parts, 2)));
    is_str(fault, S("more than 256 parts"), "one more is refused");
    buf_fini(&b);
}

/* The promised memory: most parts, with the longest names and texts that are kept. */
static void test_memory(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 256; i++) {
        buf_put(&b, S("--b1\r\nContent-Disposition: form-data; name=\""));
        for (int n = 0; n < 64; n++)
            buf_put_char(&b, 'n');
        buf_put(&b, S("\"\r\n\r\n"));
        for (int n = 0; n < 512; n++)
            buf_put_char(&b, 't');
        buf_put(&b, S("\r\n"));
    }
    struct arena small;
    arena_init(&small, 0, 256 << 10);
    struct multipart *m = multipart_new(&small, S("b1"));
    const char *why = NULL;
    is_int(multipart_feed(m, buf_str(&b), &why), 0, "all fit into the promised memory");
    arena_fini(&small);
    buf_fini(&b);
}

int main(void)
{
    arena_init(&arena, 0, (size_t)1 << 30);
    test_bodies();
    test_faults();
    test_model();
    test_fields();
    test_limits();
    test_memory();
    arena_fini(&arena);
    return tap_done();
}
