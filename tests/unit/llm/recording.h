/* Recordings of real providers, found below the folder that THROWBAR_FIXTURES names: which dialect
 * each one speaks is told from its folder, its path and its text.
 *
 * A recording is a folder with meta.json, request.json and response.*, or a file by itself: a whole
 * body (*.json), a stream as it is, the payloads of one, one a line (*.chunks.txt), which are
 * framed anew, or an error with its status. What is no chat is named here; a recording that is
 * neither read nor named is counted, so that none is passed over unseen. */
#pragma once

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "llm/dialect.h"
#include "vectors.h"

enum recording_kind { RECORDING_REQUEST, RECORDING_REPLY, RECORDING_STREAM, RECORDING_ERROR };

struct recording {
    str name; /* "openai-chat/pydantic-ai/.../response.sse" */
    const struct dialect *dialect;
    enum recording_kind kind;
    str bytes;
    str model;      /* of the path, where the dialect has it there */
    bool is_stream; /* as the path says */
    bool is_count;  /* tokens are counted */
    int status;
    str request; /* what the answer was given to; empty: not kept */
};

/* ---- whose they are ---- */

static inline bool recording_has(str s, const char *part)
{
    return str_find(s, str_from_cz(part)) != STR_NONE;
}

/* Paths of what is no chat: other tests read those. */
static inline bool recording_is_other(str path)
{
    static const char *const parts[] = {
        "/embeddings",
        "/embed",
        ":batchEmbedContents",
        ":embedContent",
        "/images/",
        "/audio/",
        "/rerank",
        "/moderations",
        "/count-tokens",
        ":countTokens",
        "/responses/",
        "embeddings",
        "cohere.embed",
        "/interactions",
        "/v1/models",
        "-with-response-stream",
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (recording_has(path, parts[i]))
            return true;
    }
    return false;
}

/* The dialect of a path, "/v1/chat/completions"; DIALECT_NONE: none of those read here. */
static inline enum dialect_id recording_dialect(str path)
{
    static const struct {
        const char *part;
        enum dialect_id id;
    } table[] = {
        {"/chat/completions", DIALECT_CHAT},
        {"/v1/completions", DIALECT_COMPLETIONS},
        {"/messages", DIALECT_ANTHROPIC},
        {":generateContent", DIALECT_GEMINI},
        {":streamGenerateContent", DIALECT_GEMINI},
        {"/converse", DIALECT_BEDROCK},
        {"/v2/chat", DIALECT_COHERE},
        {"/api/chat", DIALECT_OLLAMA},
        {"/api/generate", DIALECT_OLLAMA_TEXT},
    };
    if (recording_has(path, "/responses/"))
        return DIALECT_NONE;
    if (str_has_suffix(path, S("/responses")))
        return DIALECT_RESPONSES;
    if (str_has_suffix(path, S("/invoke")) && recording_has(path, "claude"))
        return DIALECT_ANTHROPIC;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (recording_has(path, table[i].part))
            return table[i].id;
    }
    return DIALECT_NONE;
}

#define GOLDEN "translation-golden/agentgateway/"

/* Files that hold no chat, or not as a provider sends it. */
static inline bool recording_is_other_file(str name)
{
    static const char *const folders[] = {
        "embeddings/",
        "images/",
        "audio/",
        "moderations/",
        "rerank/",
        "models/",
        "gemini-interactions/",
        "sse-torture/",                     /* of no dialect */
        "errors-documented/bedrock-stream", /* broken on purpose */
        GOLDEN "requests/count-tokens/",
        GOLDEN "requests/embeddings/",
        GOLDEN "requests/policies/",
        GOLDEN "requests/rerank/",
        GOLDEN "response/bedrock/rerank",
        GOLDEN "requests/responses/assistant-history", /* a refusal without its text */
        GOLDEN "response/bedrock/tool.json",           /* pieces, made by hand */
        GOLDEN "response/responses/custom-tool",       /* pieces, made by hand */
        GOLDEN "response/detect/",
        GOLDEN "response/openai/",
        GOLDEN "response/vertex/",
    };
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (str_has_prefix(name, str_from_cz(folders[i])))
            return true;
    }
    return false;
}

/* The dialect of a file by itself, from its folder's name and its text. */
static inline enum dialect_id recording_dialect_of_text(str name, str text)
{
    static const struct {
        const char *folder;
        enum dialect_id id;
    } table[] = {
        {"anthropic/", DIALECT_ANTHROPIC},
        {"bedrock-converse/", DIALECT_BEDROCK},
        {"cohere/", DIALECT_COHERE},
        {"gemini/", DIALECT_GEMINI},
        {"ollama/", DIALECT_OLLAMA},
        {"openai-legacy-completions/", DIALECT_COMPLETIONS},
        {"errors-documented/anthropic-", DIALECT_ANTHROPIC},
        {"errors-documented/gemini-", DIALECT_GEMINI},
        {GOLDEN "requests/messages/", DIALECT_ANTHROPIC},
        {GOLDEN "requests/responses/", DIALECT_RESPONSES},
        {GOLDEN "requests/gemini/", DIALECT_GEMINI},
        {GOLDEN "response/anthropic/", DIALECT_ANTHROPIC},
        {GOLDEN "response/bedrock/", DIALECT_BEDROCK},
        {GOLDEN "response/responses/", DIALECT_RESPONSES},
        {GOLDEN "response/vertex-gemini/", DIALECT_GEMINI},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_has_prefix(name, str_from_cz(table[i].folder)))
            return table[i].id;
    }
    bool is_responses = recording_has(text, "\"type\":\"response.") ||
                        recording_has(text, "\"object\":\"response\"") ||
                        recording_has(text, "\"object\": \"response\"") ||
                        str_has_prefix(name, S("openai-responses/")) ||
                        str_has_prefix(name, S("deepseek-responses/"));
    return is_responses ? DIALECT_RESPONSES : DIALECT_CHAT;
}

/* ---- framing anew ---- */

static inline void recording_frame(struct buf *out, const struct dialect *d, struct arena *a,
                                   str line)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    if (line.n == 0 || json_read(a, line, &v, &error_at) != 0)
        return;
    if (d->framing != FRAMING_EVENT_STREAM) {
        bool is_named =
            d->id == DIALECT_RESPONSES || d->id == DIALECT_ANTHROPIC || d->id == DIALECT_COHERE;
        frames_put(d->framing, out, is_named ? json_str(json_get(v, "type")) : S_EMPTY, line);
        return;
    }
    struct json_iter it = json_iter(v);
    struct buf payload;
    buf_init(&payload, SIZE_MAX);
    if (json_iter_next(&it)) {
        json_put(&payload, it.value);
        event_stream_put(out, S("event"), it.key, buf_str(&payload));
    }
    buf_fini(&payload);
}

static inline str recording_framed(struct arena *a, const struct dialect *d, str lines)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    while (lines.n > 0) {
        str line;
        str_cut(lines, '\n', &line, &lines);
        recording_frame(&out, d, a, str_trim(line));
    }
    if (d->id == DIALECT_CHAT || d->id == DIALECT_COMPLETIONS)
        frames_put(d->framing, &out, S_EMPTY, S("[DONE]"));
    str framed = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return framed;
}

/* ---- finding them ---- */

typedef void (*recording_fn)(struct arena *a, const struct recording *r);

struct recordings {
    struct arena names; /* of the files */
    const char **paths;
    size_t n, size;
    size_t folder_n;  /* length of the folder's path */
    size_t n_unknown; /* recordings that nobody reads and nobody names */
};
static struct recordings recordings;

static inline void recording_unknown(str name)
{
    printf("# nobody reads " STR_FMT "\n", STR_ARG(name));
    recordings.n_unknown++;
}

static inline int recordings_found(const char *path, const struct stat *st, int flag,
                                   struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    struct recordings *f = &recordings;
    if (flag != FTW_F)
        return 0;
    if (f->n == f->size) {
        size_t size = MAX(f->size * 2, 256);
        const char **paths = arena_new_n(&f->names, const char *, size);
        if (f->n > 0)
            memcpy(paths, f->paths, f->n * sizeof(*paths));
        f->paths = paths;
        f->size = size;
    }
    f->paths[f->n++] = arena_cz(&f->names, str_from_cz(path));
    return 0;
}

static inline int recordings_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline str recording_file(struct arena *a, str folder, str name)
{
    str path = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(name));
    return vectors_read(a, arena_cz(a, path));
}

/* "models/gemini-2.5-pro" of "/v1beta/models/gemini-2.5-pro:generateContent". */
static inline str recording_model(struct arena *a, str path)
{
    static const char *const before[] = {"/models/", "/model/", "/deployments/"};
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        size_t at = str_find(path, str_from_cz(before[i]));
        if (at == STR_NONE)
            continue;
        str rest = str_skip(path, at + strlen(before[i]));
        size_t end = MIN(str_find_char(rest, '/'), rest.n);
        str model = str_slice(rest, 0, end);
        size_t verb = str_rfind_char(model, ':');
        bool is_verb = verb != STR_NONE && recording_has(model, "enerateContent");
        return arena_str(a, is_verb ? str_slice(model, 0, verb) : model);
    }
    return S_EMPTY;
}

static inline void recording_folder(struct arena *a, str folder, str name, recording_fn each)
{
    const struct json *meta = NULL;
    size_t error_at = 0;
    if (json_read(a, recording_file(a, folder, S("meta.json")), &meta, &error_at) != 0)
        return;
    str path = json_str(json_get(meta, "path"));
    int64_t status = 200;
    IGNORE_RESULT(json_i64(json_get(meta, "status"), &status)); /* then it is 200 */
    enum dialect_id id = recording_dialect(path);
    if (id == DIALECT_NONE && !recording_is_other(path))
        recording_unknown(name);
    if (id == DIALECT_NONE)
        return;
    bool is_count = recording_has(path, "count_tokens") || recording_has(path, "ountTokens");
    str response = json_str(json_get(meta, "response_file"));
    bool is_stream = recording_has(response, ".sse") || recording_has(response, ".ndjson") ||
                     recording_has(response, ".bin");
    struct recording r = {.name = arena_printf(a, STR_FMT "/request.json", STR_ARG(name)),
                          .dialect = dialect_get(id),
                          .kind = RECORDING_REQUEST,
                          .bytes = recording_file(a, folder, S("request.json")),
                          .model = recording_model(a, path),
                          .is_stream = recording_has(path, "stream"),
                          .is_count = is_count,
                          .status = (int)status};
    if (r.bytes.n > 0)
        each(a, &r);
    bool is_whole = str_has_suffix(response, S(".json"));
    if (is_count || (!is_stream && !is_whole))
        return;
    r.request = r.bytes;
    r.bytes = recording_file(a, folder, response);
    r.name = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(name), STR_ARG(response));
    r.kind = is_stream ? RECORDING_STREAM : RECORDING_REPLY;
    if (status >= 400)
        r.kind = RECORDING_ERROR;
    if (r.bytes.n > 0)
        each(a, &r);
}

/* An error with its status and its head: {status, headers, body}. */
static inline bool recording_unwrap(struct arena *a, struct recording *r)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    int64_t status = 0;
    if (json_read(a, r->bytes, &v, &error_at) != 0 || json_type(v) != JSON_OBJECT ||
        !json_i64(json_get(v, "status"), &status) || !json_get(v, "body"))
        return false;
    struct buf body;
    buf_init(&body, SIZE_MAX);
    json_put(&body, json_get(v, "body"));
    r->bytes = arena_str(a, buf_str(&body));
    buf_fini(&body);
    r->status = (int)status;
    r->kind = RECORDING_ERROR;
    return true;
}

static inline bool recording_is_error(struct arena *a, str text)
{
    const struct json *v = NULL;
    size_t error_at = 0;
    return json_read(a, text, &v, &error_at) == 0 && json_type(v) == JSON_OBJECT &&
           json_get(v, "error") && json_type(json_get(v, "error")) != JSON_NULL;
}

static inline void recording_alone(struct arena *a, const char *path, str name, recording_fn each)
{
    bool is_chunks = str_has_suffix(name, S(".chunks.txt"));
    bool is_bytes = str_has_suffix(name, S(".sse")) || str_has_suffix(name, S(".bin"));
    bool is_text = str_has_suffix(name, S(".json"));
    if (recording_is_other_file(name) || (!is_chunks && !is_bytes && !is_text))
        return;
    struct recording r = {.name = name, .status = 200, .bytes = vectors_read(a, path)};
    bool is_framed =
        is_bytes || str_has_prefix(r.bytes, S("data:")) || str_has_prefix(r.bytes, S("event:"));
    r.dialect = dialect_get(recording_dialect_of_text(name, r.bytes));
    r.kind = is_chunks || is_framed ? RECORDING_STREAM : RECORDING_REPLY;
    if (str_has_suffix(name, S("/request.json")) || str_has_prefix(name, S(GOLDEN "requests/")))
        r.kind = RECORDING_REQUEST;
    if (r.dialect->id == DIALECT_GEMINI)
        r.model = S("model"); /* stands in the path */
    if (is_chunks)
        r.bytes = recording_framed(a, r.dialect, r.bytes);
    if (r.kind == RECORDING_REPLY && !recording_unwrap(a, &r) && recording_is_error(a, r.bytes)) {
        r.kind = RECORDING_ERROR;
        r.status = 400;
    }
    each(a, &r);
}

static inline bool recording_is_in_folder(struct arena *a, str path)
{
    str folder = str_slice(path, 0, str_rfind_char(path, '/'));
    str meta = arena_printf(a, STR_FMT "/meta.json", STR_ARG(folder));
    return access(arena_cz(a, meta), R_OK) == 0;
}

/* Calls `each` for every request, answer, stream and error there is, in the order of their names.
 * False: there is no folder. The arena it gets is emptied behind each file. */
static inline bool recordings_each(recording_fn each)
{
    const char *folder = getenv("THROWBAR_FIXTURES");
    if (!folder)
        return false;
    struct recordings *f = &recordings;
    arena_init(&f->names, 4096, (size_t)64 << 20);
    f->folder_n = strlen(folder) + 1;
    nftw(folder, recordings_found, 16, FTW_PHYS);
    if (f->n > 0)
        qsort(f->paths, f->n, sizeof(*f->paths), recordings_compare);
    for (size_t i = 0; i < f->n; i++) {
        struct arena a;
        arena_init(&a, 64 << 10, (size_t)1 << 30);
        str path = str_from_cz(f->paths[i]);
        str name = str_skip(path, f->folder_n);
        if (str_has_suffix(path, S("/meta.json"))) {
            str dir = str_slice(path, 0, path.n - strlen("/meta.json"));
            recording_folder(&a, dir, str_skip(dir, f->folder_n), each);
        } else if (!recording_is_in_folder(&a, path)) {
            recording_alone(&a, f->paths[i], name, each);
        }
        arena_fini(&a);
    }
    bool is_there = f->n > 0;
    arena_fini(&f->names);
    return is_there;
}
