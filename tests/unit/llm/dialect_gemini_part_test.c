/* Parts as blocks. */
#include "llm/dialect_gemini_part.c"

#include "gemini_bench.h"

static struct block *part(struct bench *b, const char *text)
{
    struct reading r = bench_reading(b, -E_PROVIDER_BODY);
    struct block *made = NULL;
    return gemini_part_read(&r, bench_json(b, str_from_cz(text)), &made) == 0 ? made : NULL;
}

static void kinds(struct bench *b)
{
    static const struct {
        const char *text;
        enum block_kind kind;
    } cases[] = {
        {"{\"text\":\"t\"}", BLOCK_TEXT},
        {"{\"text\":\"t\",\"thought\":true}", BLOCK_REASONING},
        {"{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}", BLOCK_REASONING},
        {"{\"functionCall\":{\"name\":\"f\"}}", BLOCK_TOOL_CALL},
        {"{\"functionResponse\":{\"name\":\"f\"}}", BLOCK_TOOL_RESULT},
        {"{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}", BLOCK_MEDIA},
        {"{\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"AAAA\"}}", BLOCK_MEDIA},
        {"{\"fileData\":{\"fileUri\":\"gs://x\"}}", BLOCK_MEDIA},
        {"{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"},\"thought\":true}",
         BLOCK_OPAQUE},
        {"{\"executableCode\":{\"code\":\"1\"}}", BLOCK_OPAQUE},
        {"{\"toolCall\":{},\"text\":\"\"}", BLOCK_OPAQUE},
        {"{\"text\":\"a\",\"functionCall\":{\"name\":\"f\"}}", BLOCK_OPAQUE},
        {"{}", BLOCK_OPAQUE},
        {"{\"thoughtSignature\":\"c2ln\"}", BLOCK_OPAQUE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct block *made = part(b, cases[i].text);
        is_int(made ? (int)made->kind : -1, cases[i].kind, cases[i].text);
    }
    is_str(part(b, "{\"thought\":false,\"codeExecutionResult\":{}}")->type,
           S("codeExecutionResult"), "what an opaque part is");
    ok(!part(b, "[]") && !part(b, "{\"text\":{}}"), "what is no part");
}

static void media(struct bench *b)
{
    ok(part(b, "{\"fileData\":{\"fileUri\":\"https://x.org/a.png\"}}")->media.source == MEDIA_URL,
       "a file that anybody can read");
    ok(part(b, "{\"fileData\":{\"fileUri\":\"https://youtu.be/x\"}}")->media.source == MEDIA_URI,
       "one that Google reads");
    is_str(part(b, "{\"fileData\":{\"fileUri\":\"https://x.org/a.png\"}}")->media.mime,
           S("image/png"), "its kind by its name");
}

int main(void)
{
    static struct bench b;
    bench_init(&b, DIALECT_GEMINI);
    kinds(&b);
    media(&b);
    bench_fini(&b);
    return tap_done();
}
