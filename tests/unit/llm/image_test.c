#include "llm/image.c"

#include "document_bench.h"

static void test_ratios(void)
{
    static const struct {
        const char *size, *gemini, *imagen;
    } cases[] = {
        {"1024x1024", "1:1", "1:1"},
        {"1536x1024", "3:2", "4:3"},
        {"1024x1536", "2:3", "3:4"},
        {"1792x1024", "16:9", "16:9"},
        {"1024x1792", "9:16", "9:16"},
        {"2100x900", "21:9", "16:9"},
        {"auto", "", ""},
        {"0x10", "", ""},
        {"10x", "", ""},
        {"10", "", ""},
        {"100001x1", "", ""},
        {"-1x1", "", ""},
        {"99999999999999999999x1", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str size = str_from_cz(cases[i].size);
        is_str(ratio_of(size, ARRAY_LEN(ratios)), str_from_cz(cases[i].gemini), cases[i].size);
        is_str(ratio_of(size, RATIOS_OF_IMAGEN), str_from_cz(cases[i].imagen), cases[i].size);
    }
}

static void test_requests(void)
{
    static const struct {
        enum operation_id to;
        const char *body, *wanted, *lost;
    } cases[] = {
        {OP_GEMINI_IMAGE, "{'model':'x','prompt':'a \\u00e9'}",
         "{'contents':[{'role':'user','parts':[{'text':'a \xc3\xa9'}]}],'generationConfig':"
         "{'responseModalities':['TEXT','IMAGE']}}",
         ""},
        {OP_GEMINI_IMAGE,
         "{'prompt':'a','size':'1536x1024','quality':'high','background':'auto','user':'u',"
         "'output_format':'webp','response_format':'url','moderation':'low','stream':false}",
         "{'contents':[{'role':'user','parts':[{'text':'a'}]}],'generationConfig':"
         "{'responseModalities':['TEXT','IMAGE'],'imageConfig':{'aspectRatio':'3:2'}}}",
         "dropped:user, dropped:quality, dropped:output_format, clamped:response_format, "
         "clamped:size, dropped:moderation"},
        {OP_IMAGEN, "{'prompt':'a','n':3,'size':'1024x1024','output_format':'jpeg'}",
         "{'instances':[{'prompt':'a'}],'parameters':{'sampleCount':3,'aspectRatio':'1:1',"
         "'outputOptions':{'mimeType':'image/jpeg'}}}",
         ""},
        {OP_IMAGEN, "{'prompt':'a','size':'large','style':'vivid','background':'transparent'}",
         "{'instances':[{'prompt':'a'}],'parameters':{'sampleCount':1}}",
         "dropped:background, dropped:style, dropped:size"},
        {OP_IMAGEN, "{'prompt':'a','stream':true}", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {
            .codec = &document_image, .from = OP_IMAGES_GENERATIONS, .to = cases[i].to};
        must(bench_read(&b, cases[i].body) == 0);
        is_str(bench_ask(&b, 0, document_image.count(b.ask)), bench_json(cases[i].wanted),
               "what is asked");
        is_str(bench_lost(), str_from_cz(cases[i].lost), "what is lost");
    }
    is_int(document_image.batch(OP_IMAGEN, S("x")), 4, "Imagen makes four at once");
    is_int(document_image.batch(OP_GEMINI_IMAGE, S("x")), 1, "Gemini one");
}

static void test_wrong(void)
{
    static const struct {
        const char *body, *says;
    } cases[] = {
        {"{}", "prompt is required."},
        {"{'prompt':''}", "prompt is required."},
        {"{'prompt':['a']}", "prompt must be a string."},
        {"{'prompt':'a','n':0}", "n must be from 1 to 10."},
        {"{'prompt':'a','n':11}", "n must be from 1 to 10."},
        {"{'prompt':'a','n':'1'}", "n must be an integer."},
        {"{'prompt':'a','stream':'x'}", "stream must be a boolean."},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench b = {.codec = &document_image, .from = OP_IMAGES_GENERATIONS};
        is_int(bench_read(&b, cases[i].body), -E_BAD_REQUEST, cases[i].says);
        is_str(bench_err.message, str_from_cz(cases[i].says), "the message");
    }
}

static void test_answers(void)
{
    struct bench b = {
        .codec = &document_image, .from = OP_IMAGES_GENERATIONS, .to = OP_GEMINI_IMAGE};
    must(bench_read(&b, "{'prompt':'a','n':2}") == 0);
    is_int(document_image.usage(b.answer).output_tokens, -1, "no usage yet");
    static const char gemini[] =
        "{'candidates':[{'content':{'parts':[{'inlineData':{'data':'c2s='},'thought':true},"
        "{'text':'here'},{'inlineData':{'mimeType':'image/png','data':'aGk='}}]}}],"
        "'usageMetadata':{'promptTokenCount':3,'candidatesTokenCount':10,'thoughtsTokenCount':1}}";
    must(bench_answer(&b, gemini, 0) == 0 && bench_answer(&b, gemini, 1) == 0);
    must(bench_answer(&b, gemini, 1) == 0);
    is_str(bench_reply(&b),
           bench_json("{'created':1700000000,'data':[{'b64_json':'aGk='},{'b64_json':'aGk='}],"
                      "'usage':{'input_tokens':9,'output_tokens':33,'total_tokens':42,'input_"
                      "tokens_details':{'text_tokens':9,'image_tokens':0}}}"),
           "pictures, not sketches, as many as asked for; usage adds up");
    is_int(bench_answer(&b, "{'candidates':[{'content':{'parts':[{'text':'no'}]}}]}", 0),
           -E_PROVIDER_BODY, "no picture");
    b.to = OP_IMAGEN;
    must(bench_read(&b, "{'prompt':'a'}") == 0);
    must(bench_answer(&b,
                      "{'predictions':[{'bytesBase64Encoded':'aGk=','mimeType':'image/png',"
                      "'prompt':'better'}]}",
                      0) == 0);
    is_str(bench_reply(&b),
           bench_json("{'created':1700000000,'data':[{'b64_json':'aGk=',"
                      "'revised_prompt':'better'}]}"),
           "Imagen's");
    is_int(bench_answer(&b, "{'predictions':[{'raiFilteredReason':'x'}]}", 0), -E_PROVIDER_BODY,
           "a filtered picture is none");
}

int main(void)
{
    arena_init(&bench_arena, 4096, 16u << 20);
    test_ratios();
    test_requests();
    test_wrong();
    test_answers();
    arena_fini(&bench_arena);
    return tap_done();
}
