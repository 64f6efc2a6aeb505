/* What clients can ask for. The one list to look at to know what is open to whom. */
#include "gate/paths.h"

#include "gate/generation.h"
#include "gate/models.h"
#include "gate/relay.h"
#include "gate/reply.h"
#include "gate/responses.h"

int MAY_YIELD paths_healthz(struct exchange *x)
{
    return reply_whole(x, 200, S("application/json"), S_EMPTY, S("{\"status\":\"ok\"}"));
}

int MAY_YIELD paths_readyz(struct exchange *x)
{
    if (x->worker->is_draining)
        return err_set_code(&x->err, -E_DRAINING);
    return reply_whole(x, 200, S("application/json"), S_EMPTY, S("{\"status\":\"ready\"}"));
}

/* clang-format off */
static const struct path rows[] = {
    PATH_OPERATION("/v1/chat/completions",      KEY, relay_json,      OP_CHAT),
    PATH_OPERATION("/v1/responses",             KEY, relay_json,      OP_RESPONSES),
    PATH_OPERATION("/v1/completions",           KEY, relay_json,      OP_COMPLETIONS),
    PATH_OPERATION("/v1/embeddings",            KEY, relay_json,      OP_EMBEDDINGS),
    PATH_OPERATION("/v1/moderations",           KEY, relay_json,      OP_MODERATIONS),
    PATH_OPERATION("/v1/images/generations",    KEY, relay_json,      OP_IMAGES_GENERATIONS),
    PATH_OPERATION("/v1/images/edits",          KEY, relay_multipart, OP_IMAGES_EDITS),
    PATH_OPERATION("/v1/images/variations",     KEY, relay_multipart, OP_IMAGES_VARIATIONS),
    PATH_OPERATION("/v1/audio/speech",          KEY, relay_json,      OP_AUDIO_SPEECH),
    PATH_OPERATION("/v1/audio/transcriptions",  KEY, relay_multipart, OP_AUDIO_TRANSCRIPTIONS),
    PATH_OPERATION("/v1/audio/translations",    KEY, relay_multipart, OP_AUDIO_TRANSLATIONS),
    PATH_OPERATION("/v1/rerank",                KEY, relay_json,      OP_RERANK),
    PATH_OPERATION("/v1/responses/input_tokens", KEY, relay_json,     OP_INPUT_TOKENS),
    PATH_OPERATION("/v1/messages",              KEY, relay_json,      OP_MESSAGES),
    PATH_OPERATION("/v1/messages/count_tokens", KEY, relay_json,      OP_COUNT_TOKENS),
    PATH("POST",   "/v1beta/models/{rest}",            KEY, GEMINI, relay_model_verb),
    PATH("POST",   "/v1/models/{rest}",                KEY, GEMINI, relay_model_verb),
    PATH_OPERATION("/model/{id}/converse",        KEY, relay_model_path, OP_CONVERSE),
    PATH_OPERATION("/model/{id}/converse-stream", KEY, relay_model_path, OP_CONVERSE),
    PATH_OPERATION("/model/{id}/count-tokens",    KEY, relay_model_path, OP_BEDROCK_COUNT),
    PATH_OPERATION("/v2/chat",                  KEY, relay_json,      OP_COHERE_CHAT),
    PATH_OPERATION("/v2/embed",                 KEY, relay_json,      OP_COHERE_EMBED),
    PATH_OPERATION("/v2/rerank",                KEY, relay_json,      OP_COHERE_RERANK),
    PATH_OPERATION("/api/chat",                 KEY, relay_json,      OP_OLLAMA_CHAT),
    PATH_OPERATION("/api/generate",             KEY, relay_json,      OP_OLLAMA_GENERATE),
    PATH_OPERATION("/api/embed",                KEY, relay_json,      OP_OLLAMA_EMBED),
    PATH_OPERATION("/api/v1/chat/completions",  KEY, relay_json,      OP_OPENROUTER),
    PATH_OPERATION("/api/v1/completions",       KEY, relay_json,      OP_COMPLETIONS),
    PATH_OPERATION("/api/v1/responses",         KEY, relay_json,      OP_RESPONSES),
    PATH_OPERATION("/api/v1/messages",          KEY, relay_json,      OP_MESSAGES),
    PATH_OPERATION("/api/v1/embeddings",        KEY, relay_json,      OP_EMBEDDINGS),
    PATH_OPERATION("/api/v1/rerank",            KEY, relay_json,      OP_RERANK),
    PATH("GET",    "/v1/models",                       KEY, OPENAI, models_list),
    PATH("GET",    "/v1/models/{rest}",                  KEY, OPENAI, models_get),
    PATH("GET",    "/v1beta/models",                   KEY, GEMINI, models_list),
    PATH("GET",    "/v1beta/models/{rest}",            KEY, GEMINI, models_get),
    PATH("GET",    "/api/tags",                        KEY, OLLAMA, models_list),
    PATH("POST",   "/api/show",                        KEY, OLLAMA, models_show),
    PATH("GET",    "/api/version",                     KEY, OLLAMA, models_version),
    PATH("GET",    "/api/ps",                          KEY, OLLAMA, models_running),
    PATH_OPERATION("/api/embeddings",           KEY, relay_json,      OP_OLLAMA_EMBEDDING),
    PATH("GET",    "/foundation-models",               KEY, BEDROCK, models_list),
    PATH("GET",    "/api/v1/models",                   KEY, OPENROUTER, models_list),
    PATH("GET",    "/api/v1/models/user",              KEY, OPENROUTER, models_list),
    PATH("GET",    "/api/v1/generation",               KEY, OPENROUTER, generation_get),
    PATH("GET",    "/api/v1/key",                      KEY, OPENROUTER, generation_key),
    PATH("GET",    "/api/v1/credits",                  KEY, OPENROUTER, generation_credits),
    PATH("POST",   "/v1/responses/{id}/cancel",        KEY, OPENAI, responses_relay),
    PATH("GET",    "/v1/responses/{id}/input_items",   KEY, OPENAI, responses_relay),
    PATH("GET",    "/v1/responses/{id}",               KEY, OPENAI, responses_relay),
    PATH("DELETE", "/v1/responses/{id}",               KEY, OPENAI, responses_relay),
    PATH("GET",    "/healthz",                         PUBLIC, OPENAI, paths_healthz),
    PATH("GET",    "/readyz",                          PUBLIC, OPENAI, paths_readyz),
};
/* clang-format on */

const struct path_table paths_server = {.rows = rows, .n = ARRAY_LEN(rows)};
