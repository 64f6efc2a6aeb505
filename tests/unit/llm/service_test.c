#include "llm/service.c"

#include "tap.h"

static struct arena arena;

static const struct service *found(enum provider_kind kind, const char *model, enum operation_id op,
                                   bool has_tools)
{
    str name = str_from_cz(model);
    struct capability can = capability_find(NULL, 0, (uint8_t)service_dialect(kind, name), name, 0);
    struct service_wish wish = {.asked = operation_get(op), .has_tools = has_tools};
    return service_find(kind, name, &can, &wish);
}

/* What a client's operation becomes with a provider; OP_COUNT: it is not offered. */
static void test_choice(void)
{
    static const struct {
        enum provider_kind kind;
        const char *model;
        enum operation_id asked, wanted;
    } cases[] = {
        {PROVIDER_OPENAI, "gpt-4o", OP_CHAT, OP_CHAT},
        {PROVIDER_OPENAI, "gpt-4o", OP_MESSAGES, OP_CHAT},
        {PROVIDER_OPENAI, "o3-pro", OP_CHAT, OP_RESPONSES},
        {PROVIDER_OPENAI, "gpt-audio", OP_RESPONSES, OP_CHAT},
        {PROVIDER_OPENAI_CHAT, "o3-pro", OP_RESPONSES, OP_CHAT},
        {PROVIDER_OPENAI, "gpt-4o", OP_COUNT_TOKENS, OP_INPUT_TOKENS},
        {PROVIDER_OPENAI_CHAT, "x", OP_COUNT_TOKENS, OP_COUNT},
        {PROVIDER_ANTHROPIC, "claude-opus-4", OP_CHAT, OP_MESSAGES},
        {PROVIDER_ANTHROPIC, "claude-opus-4", OP_EMBEDDINGS, OP_COUNT},
        {PROVIDER_GEMINI, "gemini-3-pro", OP_CHAT, OP_GENERATE_CONTENT},
        {PROVIDER_GEMINI, "gemini-embedding-001", OP_EMBEDDINGS, OP_GEMINI_BATCH_EMBED},
        {PROVIDER_GEMINI, "gemini-embedding-001", OP_GEMINI_EMBED, OP_GEMINI_EMBED},
        {PROVIDER_GEMINI, "gemini-2.5-flash-image", OP_IMAGES_GENERATIONS, OP_GEMINI_IMAGE},
        {PROVIDER_GEMINI, "imagen-4.0", OP_IMAGES_GENERATIONS, OP_IMAGEN},
        {PROVIDER_GEMINI, "gemini-3-pro", OP_IMAGES_GENERATIONS, OP_COUNT},
        {PROVIDER_VERTEX, "claude-opus-4", OP_CHAT, OP_MESSAGES},
        {PROVIDER_VERTEX, "claude-opus-4", OP_GEMINI_COUNT, OP_COUNT_TOKENS},
        {PROVIDER_VERTEX, "claude-opus-4", OP_COUNT_TOKENS, OP_COUNT_TOKENS},
        {PROVIDER_VERTEX, "text-embedding-005", OP_EMBEDDINGS, OP_VERTEX_EMBED},
        {PROVIDER_VERTEX, "gemini-embedding-001", OP_EMBEDDINGS, OP_VERTEX_EMBED},
        {PROVIDER_VERTEX, "gemini-embedding-2", OP_EMBEDDINGS, OP_VERTEX_EMBED_CONTENT},
        {PROVIDER_VERTEX, "semantic-ranker-512", OP_RERANK, OP_VERTEX_RERANK},
        {PROVIDER_VERTEX, "openapi/llama", OP_MESSAGES, OP_CHAT},
        {PROVIDER_BEDROCK, "amazon.titan-embed-text-v2:0", OP_EMBEDDINGS, OP_TITAN_EMBED},
        {PROVIDER_BEDROCK, "amazon.nova-2-multimodal-embeddings-v1:0", OP_EMBEDDINGS,
         OP_NOVA_EMBED},
        {PROVIDER_BEDROCK, "us.cohere.embed-v4:0", OP_EMBEDDINGS, OP_BEDROCK_COHERE_EMBED},
        {PROVIDER_BEDROCK, "cohere.rerank-v3-5:0", OP_COHERE_RERANK, OP_BEDROCK_RERANK},
        {PROVIDER_BEDROCK, "amazon.nova-pro-v1:0", OP_EMBEDDINGS, OP_COUNT},
        {PROVIDER_COHERE, "embed-v4.0", OP_OLLAMA_EMBED, OP_COHERE_EMBED},
        {PROVIDER_COHERE, "rerank-v3.5", OP_RERANK, OP_COHERE_RERANK},
        {PROVIDER_OLLAMA, "nomic", OP_EMBEDDINGS, OP_OLLAMA_EMBED},
        {PROVIDER_OLLAMA, "nomic", OP_OLLAMA_EMBEDDING, OP_OLLAMA_EMBEDDING},
        {PROVIDER_VOYAGE, "voyage-3", OP_EMBEDDINGS, OP_VOYAGE_EMBED},
        {PROVIDER_VOYAGE, "voyage-3", OP_COHERE_EMBED, OP_VOYAGE_EMBED},
        {PROVIDER_VOYAGE, "rerank-2", OP_RERANK, OP_VOYAGE_RERANK},
        {PROVIDER_TEI, "bge", OP_COHERE_EMBED, OP_TEI_EMBED},
        {PROVIDER_TEI, "bge", OP_RERANK, OP_TEI_RERANK},
        {PROVIDER_AZURE, "d", OP_AUDIO_TRANSCRIPTIONS, OP_AUDIO_TRANSCRIPTIONS},
        {PROVIDER_AZURE_V1, "d", OP_AUDIO_TRANSLATIONS, OP_AUDIO_TRANSLATIONS},
        {PROVIDER_ANTHROPIC, "claude-opus-4", OP_AUDIO_SPEECH, OP_COUNT},
        {PROVIDER_GEMINI, "gemini-3-pro", OP_AUDIO_TRANSCRIPTIONS, OP_COUNT},
        {PROVIDER_SIM, "echo", OP_CHAT, OP_COUNT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct service *s = found(cases[i].kind, cases[i].model, cases[i].asked, false);
        is_int(s ? s->operation : OP_COUNT, cases[i].wanted, cases[i].model);
    }
}

static void test_tools(void)
{
    is_int(found(PROVIDER_OPENAI, "gpt-6", OP_CHAT, false)->operation, OP_CHAT, "no tools");
    is_int(found(PROVIDER_OPENAI, "gpt-6", OP_CHAT, true)->operation, OP_RESPONSES,
           "tools with reasoning go to Responses");
    is_int(found(PROVIDER_OPENAI_CHAT, "gpt-6", OP_CHAT, true)->operation, OP_CHAT,
           "if the provider has it");
    struct capability can = capability_find(NULL, 0, DIALECT_CHAT, S("gpt-6"), 0);
    struct service_wish wish = {
        .asked = operation_get(OP_CHAT), .has_tools = true, .is_without_effort = true};
    is_int(service_find(PROVIDER_OPENAI, S("gpt-6"), &can, &wish)->operation, OP_CHAT,
           "without reasoning they stay");
}

static void test_paths(void)
{
    struct service_place place = {.model = S("a.b:0/c d"),
                                  .project = S("p"),
                                  .location = S("eu"),
                                  .version = S("2026-01-01")};
    is_str(service_path(&arena, "/model/{model}/invoke", &place),
           S("/model/a.b%3A0%2Fc%20d/invoke"), "a model is one segment");
    is_str(service_path(&arena, "/e/{rest}:x", &place), S("/e/c%20d:x"), "behind its first");
    is_str(service_path(&arena, "/{project}/{location}?v={version}", &place),
           S("/p/eu?v=2026-01-01"), "places");
    is_str(service_path(&arena, "/a", &place), S("/a"), "nothing to fill in");
    is_str(service_path(&arena, "", &place), S(""), "nothing at all");
    place.model = S("plain");
    is_str(service_path(&arena, "{rest}", &place), S("plain"), "a name of one segment");
}

static bool is_known_place(str name)
{
    static const str names[] = {
        {"model", 5}, {"project", 7}, {"location", 8}, {"version", 7}, {"rest", 4}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static bool has_known_places(const char *path)
{
    str rest = str_from_cz(path), text, name, behind;
    while (str_cut(rest, '{', &text, &behind)) {
        if (!str_cut(behind, '}', &name, &rest) || !is_known_place(name))
            return false;
    }
    return true;
}

static void test_table(void)
{
    bool is_sound = true;
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        const struct service *s = &services[i];
        bool is_path = s->path[0] == '/' || s->operation == OP_CUSTOM;
        is_sound = is_sound && is_path && has_known_places(s->path) &&
                   (!s->stream_path || has_known_places(s->stream_path));
    }
    ok(is_sound, "every path begins with a slash and has places that can be filled in");
    bool is_named = true, is_offering = true;
    for (enum provider_kind k = 0; k < PROVIDER_KIND_COUNT; k++) {
        is_named = is_named && provider_kind_name(k)[0] && provider_kind_doc(k)[0];
        size_t n = 0;
        for (size_t i = 0; i < ARRAY_LEN(services); i++)
            n += services[i].kind == k;
        is_offering = is_offering && (n > 0) == (k != PROVIDER_SIM);
    }
    ok(is_named, "every kind has a name and a description");
    ok(is_offering, "every kind but the simulator offers something");
    is_int(service_dialect(PROVIDER_BEDROCK, S("x")), DIALECT_BEDROCK, "a kind's dialect");
    is_int(service_dialect(PROVIDER_VERTEX, S("claude-x")), DIALECT_ANTHROPIC, "by its model");
    is_int(service_dialect(PROVIDER_TEI, S("x")), DIALECT_CHAT, "OpenAI's where there is none");
}

int main(void)
{
    arena_init(&arena, 4096, 1u << 20);
    test_choice();
    test_tools();
    test_paths();
    test_table();
    arena_fini(&arena);
    return tap_done();
}
