/* Media between their forms.
 *
 * Clients write a picture as a data URL (RFC 2397), as bare base64 with a media type beside it, or
 * as a URL; the intermediate form has base64 of one kind only, so that a writer copies it. What the
 * media type says is often wrong ("image/jpg", a PNG called image/jpeg) and some providers refuse
 * that, so the first bytes are looked at, and they win, unless both speak of the same kind of sound
 * or film, where several names are in use for one thing.
 *
 * Big bytes are never copied when they are standard base64 already, as nearly all are. */
#include "llm/media.h"

#include <string.h>

#include "wire/base64.h"

#define SNIFFED 32 /* letters; a multiple of four */

struct media_form {
    const char *extension;
    const char *mime;
};
/* The first row of an extension and the first of a mime count. */
static const struct media_form forms[] = {
    {"png", "image/png"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"bmp", "image/bmp"},
    {"tiff", "image/tiff"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"avif", "image/avif"},
    {"svg", "image/svg+xml"},
    {"wav", "audio/wav"},
    {"wav", "audio/x-wav"},
    {"wav", "audio/wave"},
    {"wav", "audio/vnd.wave"},
    {"mp3", "audio/mpeg"},
    {"mp3", "audio/mp3"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/opus"},
    {"flac", "audio/flac"},
    {"flac", "audio/x-flac"},
    {"aac", "audio/aac"},
    {"m4a", "audio/mp4"},
    {"m4a", "audio/m4a"},
    {"m4a", "audio/x-m4a"},
    {"aiff", "audio/aiff"},
    {"pcm16", "audio/pcm"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"webm", "audio/webm"},
    {"mov", "video/quicktime"},
    {"mov", "video/mov"},
    {"mkv", "video/x-matroska"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"flv", "video/x-flv"},
    {"wmv", "video/x-ms-wmv"},
    {"3gp", "video/3gpp"},
    {"three_gp", "video/3gpp"},
    {"pdf", "application/pdf"},
    {"csv", "text/csv"},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"txt", "text/plain"},
    {"md", "text/markdown"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
};

/* Bytes that begin a file: all of `at_0`, and all of `then` at offset `at`. */
static const struct magic {
    str at_0;
    size_t at;
    str then;
    str mime;
} magics[] = {
    {S("\x89PNG\r\n\x1a\n"), 0, S(""), S("image/png")},
    {S("\xff\xd8\xff"), 0, S(""), S("image/jpeg")},
    {S("GIF87a"), 0, S(""), S("image/gif")},
    {S("GIF89a"), 0, S(""), S("image/gif")},
    {S("RIFF"), 8, S("WEBP"), S("image/webp")},
    {S("RIFF"), 8, S("WAVE"), S("audio/wav")},
    {S("%PDF-"), 0, S(""), S("application/pdf")},
    {S("ID3"), 0, S(""), S("audio/mpeg")},
    {S("OggS"), 0, S(""), S("audio/ogg")},
    {S("fLaC"), 0, S(""), S("audio/flac")},
    {S(""), 4, S("ftypisom"), S("video/mp4")},
    {S(""), 4, S("ftypiso2"), S("video/mp4")},
    {S(""), 4, S("ftypiso5"), S("video/mp4")},
    {S(""), 4, S("ftypiso6"), S("video/mp4")},
    {S(""), 4, S("ftypmp41"), S("video/mp4")},
    {S(""), 4, S("ftypmp42"), S("video/mp4")},
    {S(""), 4, S("ftypavc1"), S("video/mp4")},
    {S(""), 4, S("ftypM4V "), S("video/mp4")},
};

/* The header of an MPEG layer III frame: eleven bits of ones, a version that exists, the layer. */
static bool is_mp3_frame(str bytes)
{
    if (bytes.n < 2 || (uint8_t)bytes.p[0] != 0xff)
        return false;
    unsigned second = (uint8_t)bytes.p[1];
    return (second & 0xe6) == 0xe2 && (second & 0x18) != 0x08;
}

str media_sniff(str base64)
{
    struct arena a;
    arena_init(&a, 0, 1024);
    str bytes, found = S_EMPTY;
    if (base64_decode(&a, str_slice(base64, 0, SNIFFED), &bytes)) {
        for (size_t i = 0; found.n == 0 && i < ARRAY_LEN(magics); i++) {
            const struct magic *m = &magics[i];
            if (str_has_prefix(bytes, m->at_0) && str_has_prefix(str_skip(bytes, m->at), m->then))
                found = m->mime;
        }
        if (found.n == 0 && is_mp3_frame(bytes))
            found = S("audio/mpeg");
    }
    arena_fini(&a);
    return found;
}

/* Without parameters. */
static str bare_type(str mime)
{
    str type, rest;
    str_cut(mime, ';', &type, &rest);
    return str_trim(type);
}

enum media_kind media_kind_of(str mime)
{
    if (str_has_prefix_nocase(mime, S("image/")))
        return MEDIA_IMAGE;
    if (str_has_prefix_nocase(mime, S("audio/")))
        return MEDIA_AUDIO;
    return str_has_prefix_nocase(mime, S("video/")) ? MEDIA_VIDEO : MEDIA_DOCUMENT;
}

str media_extension(str mime)
{
    str type = bare_type(mime);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (str_eq_nocase(type, str_from_cz(forms[i].mime)))
            return str_from_cz(forms[i].extension);
    }
    return S_EMPTY;
}

str media_mime(str extension)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (str_eq_nocase(extension, str_from_cz(forms[i].extension)))
            return str_from_cz(forms[i].mime);
    }
    return S_EMPTY;
}

/* What bytes are that were said to be `said`. Parameters are kept for sound only, where they say
 * how to play it ("audio/pcm;rate=24000"). */
static str settle_mime(str said, str base64)
{
    str sniffed = media_sniff(base64), type = bare_type(said);
    enum media_kind kind = media_kind_of(type);
    bool has_synonyms = kind == MEDIA_AUDIO || kind == MEDIA_VIDEO;
    if (sniffed.n > 0 && !(has_synonyms && kind == media_kind_of(sniffed)))
        return sniffed;
    if (str_eq_nocase(type, S("image/jpg")))
        return S("image/jpeg");
    return kind == MEDIA_AUDIO ? said : type;
}

bool media_from_base64(struct arena *a, str text, str mime, struct media *m)
{
    str bytes;
    if (!base64_normalise(a, text, &bytes) || bytes.n == 0)
        return false;
    m->source = MEDIA_BASE64;
    m->bytes = bytes;
    m->mime = settle_mime(mime, bytes);
    return true;
}

/* "%41" is "A" (RFC 3986, section 2.1); a '%' that begins no such thing stands for itself. */
static str percent_decode(struct arena *a, str text)
{
    if (str_find_char(text, '%') == STR_NONE)
        return text;
    char *to = arena_alloc(a, text.n);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        int high = i + 2 < text.n ? str_hex_value(text.p[i + 1]) : -1;
        int low = i + 2 < text.n ? str_hex_value(text.p[i + 2]) : -1;
        bool is_escape = text.p[i] == '%' && high >= 0 && low >= 0;
        to[n++] = is_escape ? (char)(high << 4 | low) : text.p[i];
        i += is_escape ? 2 : 0;
    }
    return str_of(to, n);
}

/* What stands behind "data:". */
static bool from_data_url(struct arena *a, str rest, struct media *m)
{
    str head, bytes;
    if (!str_cut(rest, ',', &head, &bytes))
        return false;
    bytes = percent_decode(a, bytes);
    str mark = S(";base64");
    head = str_trim(head);
    size_t type_n = head.n - MIN(head.n, mark.n);
    if (str_eq_nocase(str_skip(head, type_n), mark))
        return media_from_base64(a, bytes, str_slice(head, 0, type_n), m);
    str mime = bare_type(head).n > 0 ? head : S("text/plain"); /* RFC 2397, section 2 */
    return media_from_base64(a, base64_encode(a, bytes), mime, m);
}

bool media_from_url(struct arena *a, str url, struct media *m)
{
    if (str_has_prefix_nocase(url, S("data:")))
        return from_data_url(a, str_skip(url, 5), m);
    if (!str_has_prefix_nocase(url, S("http://")) && !str_has_prefix_nocase(url, S("https://")))
        return media_from_base64(a, url, S_EMPTY, m);
    m->source = MEDIA_URL;
    m->bytes = url;
    return true;
}

str media_url(struct arena *a, const struct media *m)
{
    if (m->source == MEDIA_URL)
        return m->bytes;
    if (m->source != MEDIA_BASE64)
        return S_EMPTY;
    str mime = m->mime.n > 0 ? m->mime : S("application/octet-stream");
    return arena_concat(a, (str[]){S("data:"), mime, S(";base64,"), m->bytes}, 4);
}
