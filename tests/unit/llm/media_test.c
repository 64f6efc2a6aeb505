#include "llm/media.c"

#include "tap.h"

#define PNG  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
#define JPEG "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgH"

static struct arena arena;

static void test_data_urls(void)
{
    static const struct {
        str url, mime, bytes;
    } cases[] = {
        {S("data:image/png;base64," PNG), S("image/png"), S(PNG)},
        {S("DATA:image/png;BASE64," PNG), S("image/png"), S(PNG)},
        {S("data:image/jpeg;base64," PNG), S("image/png"), S(PNG)},
        {S("data:image/jpg;base64," JPEG), S("image/jpeg"), S(JPEG)},
        {S("data:image/jpg;base64,Zm9v"), S("image/jpeg"), S("Zm9v")},
        {S("data:;base64," PNG), S("image/png"), S(PNG)},
        {S("data:;base64,Zm9v"), S(""), S("Zm9v")},
        {S("data:application/octet-stream;base64," JPEG), S("image/jpeg"), S(JPEG)},
        {S("data:image/svg+xml;charset=utf-8;base64,Zm9v"), S("image/svg+xml"), S("Zm9v")},
        {S("data:audio/pcm;rate=24000;base64,AAAA"), S("audio/pcm;rate=24000"), S("AAAA")},
        {S("data:audio/x-wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAf"), S("audio/x-wav"),
         S("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAf")},
        {S("data:image/x;base64,-_-_"), S("image/x"), S("+/+/")},
        {S("data:image/x;base64,Zm9v\r\nZm8"), S("image/x"), S("Zm9vZm8=")},
        {S("data:image/x;base64,Zm8%3D"), S("image/x"), S("Zm8=")},
        {S("data:text/html,%3Cb%3E%"), S("text/html"), S("PGI+JQ==")},
        {S("data:,foo"), S("text/plain"), S("Zm9v")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct media m = {.kind = MEDIA_VIDEO, .name = S("kept")};
        ok(media_from_url(&arena, cases[i].url, &m), "a data URL");
        is_int(m.source, MEDIA_BASE64, "holds bytes");
        is_str(m.mime, cases[i].mime, "of this type");
        is_str(m.bytes, cases[i].bytes, "which are these");
        ok(m.kind == MEDIA_VIDEO && str_eq(m.name, S("kept")), "nothing else is touched");
    }
}

static void test_other_urls(void)
{
    struct media m = {.mime = S("image/png")};
    ok(media_from_url(&arena, S("https://example.com/a.png"), &m), "a URL");
    is_int(m.source, MEDIA_URL, "is kept as one");
    is_str(m.bytes, S("https://example.com/a.png"), "as it is");
    is_str(m.mime, S("image/png"), "with the type that was known");
    ok(media_from_url(&arena, S("HTTP://x"), &m) && m.source == MEDIA_URL, "in any case");
    ok(media_from_url(&arena, S(PNG), &m), "bare base64");
    is_int(m.source, MEDIA_BASE64, "is bytes");
    is_str(m.mime, S("image/png"), "whose type is looked up");
    static const str refused[] = {
        S(""),
        S("data:"),
        S("data:image/png;base64"),
        S("data:image/png;base64,"),
        S("data:image/png;base64,***"),
        S("data:image/png,"),
        S("ftp://a/b"),
        S("gs://a/b"),
        S("s3://a/b"),
        S("a"),
        S("no base64!"),
        S("\xff\xfe"),
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        ok(!media_from_url(&arena, refused[i], &m), "none of these");
}

static void test_base64(void)
{
    struct media m = {0};
    ok(media_from_base64(&arena, S(PNG), S("image/webp"), &m), "bytes with a wrong type");
    is_str(m.mime, S("image/png"), "are what they are");
    ok(m.bytes.n == sizeof(PNG) - 1, "and are not copied");
    ok(media_from_base64(&arena, S("Zm9v"), S("application/msword"), &m), "unknown bytes");
    is_str(m.mime, S("application/msword"), "are what they are called");
    ok(!media_from_base64(&arena, S(""), S("image/png"), &m), "nothing is no picture");
    ok(!media_from_base64(&arena, S("%"), S("image/png"), &m), "nor is this");
}

static void test_writing(void)
{
    struct media m = {.source = MEDIA_BASE64, .bytes = S("Zm9v"), .mime = S("image/png")};
    is_str(media_url(&arena, &m), S("data:image/png;base64,Zm9v"), "a data URL");
    m.mime = S_EMPTY;
    is_str(media_url(&arena, &m), S("data:application/octet-stream;base64,Zm9v"), "of no type");
    m = (struct media){.source = MEDIA_URL, .bytes = S("https://x")};
    is_str(media_url(&arena, &m), S("https://x"), "a URL");
    m = (struct media){.source = MEDIA_FILE_ID, .bytes = S("file-1")};
    is_str(media_url(&arena, &m), S_EMPTY, "an id has none");
}

static str sniff_bytes(str bytes)
{
    return media_sniff(base64_encode(&arena, bytes));
}

static void test_sniff(void)
{
    static const struct {
        str bytes, mime;
    } cases[] = {
        {S("\x89PNG\r\n\x1a\n"), S("image/png")},
        {S("\xff\xd8\xff\xe0"), S("image/jpeg")},
        {S("GIF89a\1\0"), S("image/gif")},
        {S("RIFF\1\2\3\4WEBPVP8 "), S("image/webp")},
        {S("RIFF\1\2\3\4WAVEfmt "), S("audio/wav")},
        {S("RIFF\1\2\3\4AVI LIST"), S("")},
        {S("RIFF"), S("")},
        {S("%PDF-1.7"), S("application/pdf")},
        {S("ID3\4"), S("audio/mpeg")},
        {S("\xff\xfb\x90\x64"), S("audio/mpeg")},
        {S("\xff\xf1\x50\x80"), S("")}, /* AAC */
        {S("\xff\xea\x50\x80"), S("")}, /* no such version */
        {S("OggS\0\2"), S("audio/ogg")},
        {S("fLaC\0\0"), S("audio/flac")},
        {S("\0\0\0\x18"
           "ftypmp42"),
         S("video/mp4")},
        {S("\0\0\0\x18"
           "ftypheic"),
         S("")},
        {S("\xff"), S("")},
        {S(""), S("")},
        {S("hello"), S("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        is_str(sniff_bytes(cases[i].bytes), cases[i].mime, "what the first bytes say");
    is_str(media_sniff(S("no base64 at all, and long enough to be cut")), S_EMPTY, "or nothing");
}

static void test_names(void)
{
    is_str(media_extension(S("image/png")), S("png"), "an extension");
    is_str(media_extension(S("IMAGE/JPG")), S("jpeg"), "of a wrong name");
    is_str(media_extension(S("text/plain; charset=utf-8")), S("txt"), "of a type with parameters");
    is_str(media_extension(S("audio/mp3")), S("mp3"), "of one of two names");
    is_str(media_extension(S("application/x-unknown")), S_EMPTY, "or none");
    is_str(media_mime(S("DOCX")),
           S("application/vnd.openxmlformats-officedocument.wordprocessingml.document"), "a type");
    is_str(media_mime(S("jpg")), S("image/jpeg"), "of another spelling");
    is_str(media_mime(S("mp3")), S("audio/mpeg"), "the registered one");
    is_str(media_mime(S("exe")), S_EMPTY, "or none");
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        str mime = media_mime(str_from_cz(forms[i].extension));
        str extension = media_extension(mime);
        is_str(media_mime(extension), mime, "there and back");
    }
    is_int(media_kind_of(S("image/png")), MEDIA_IMAGE, "a picture");
    is_int(media_kind_of(S("Audio/wav")), MEDIA_AUDIO, "a sound");
    is_int(media_kind_of(S("video/mp4")), MEDIA_VIDEO, "a film");
    is_int(media_kind_of(S("application/pdf")), MEDIA_DOCUMENT, "a document");
    is_int(media_kind_of(S_EMPTY), MEDIA_DOCUMENT, "or so we think");
}

int main(void)
{
    arena_init(&arena, 0, SIZE_MAX / 2);
    test_data_urls();
    test_other_urls();
    test_base64();
    test_writing();
    test_sniff();
    test_names();
    arena_fini(&arena);
    return tap_done();
}
