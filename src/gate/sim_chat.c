/* The shapes of chat completions and of the older text completions, whole and as chunks.
 *
 * A chunk is written from fixed text around the few members that change, since a stream has as many
 * chunks as tokens. A tool call is streamed as OpenAI does it: the first chunk has its id and name,
 * the later ones parts of the arguments.
 * https://platform.openai.com/docs/api-reference/chat-streaming */
#include "gate/sim_parts.h"

static str finish_reason(const struct sim_answer *a)
{
    if (a->is_cut)
        return S("\"length\"");
    return a->is_call ? S("\"tool_calls\"") : S("\"stop\"");
}

static void put_text(struct sim_pen *p, const char *before, str text)
{
    buf_put(&p->out, str_from_cz(before));
    buf_put(&p->out, text);
}

static void put_number(struct sim_pen *p, const char *before, int64_t n)
{
    buf_put(&p->out, str_from_cz(before));
    buf_put_i64(&p->out, n);
}

/* {"id":...,"object":...,"created":...,"model":... */
static void put_head(struct sim_pen *p, const char *prefix, const char *object)
{
    const struct sim_answer *a = p->answer;
    put_text(p, "{\"id\":\"", str_from_cz(prefix));
    buf_put(&p->out, str_from_cz(a->id));
    put_text(p, "\",\"object\":\"", str_from_cz(object));
    put_number(p, "\",\"created\":", a->created);
    buf_put(&p->out, S(",\"model\":"));
    buf_put_json(&p->out, a->model);
}

static void put_usage(struct sim_pen *p)
{
    const struct sim_answer *a = p->answer;
    put_number(p, ",\"usage\":{\"prompt_tokens\":", a->input_tokens);
    put_number(p, ",\"completion_tokens\":", a->output_tokens);
    put_number(p, ",\"total_tokens\":", a->input_tokens + a->output_tokens);
    buf_put(&p->out, S(",\"prompt_tokens_details\":{\"cached_tokens\":0},"
                       "\"completion_tokens_details\":{\"reasoning_tokens\":0}}"));
}

static void put_done(struct sim_pen *p)
{
    buf_put(&p->out, S("data: [DONE]\n\n"));
}

/* ---- chat ---- */

/* {"id":"call_...","type":"function","function":{"name":...,"arguments": without its beginning and
 * its end */
static void put_call(struct sim_pen *p)
{
    put_text(p, "\"id\":\"call_", str_from_cz(p->answer->id));
    buf_put(&p->out, S("\",\"type\":\"function\",\"function\":{\"name\":"));
    buf_put_json(&p->out, buf_str(&p->answer->tool));
    buf_put(&p->out, S(",\"arguments\":"));
}

static void chat_whole(struct sim_pen *p)
{
    const struct sim_answer *a = p->answer;
    put_head(p, "chatcmpl-", "chat.completion");
    buf_put(&p->out, S(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","));
    if (a->is_call) {
        buf_put(&p->out, S("\"content\":null,\"refusal\":null,\"tool_calls\":[{"));
        put_call(p);
        sim_answer_put_text(a, &p->out);
        buf_put(&p->out, S("}}]"));
    } else {
        buf_put(&p->out, S("\"content\":"));
        sim_answer_put_text(a, &p->out);
        buf_put(&p->out, S(",\"refusal\":null,\"annotations\":[]"));
    }
    put_text(p, "},\"logprobs\":null,\"finish_reason\":", finish_reason(a));
    buf_put(&p->out, S("}]"));
    put_usage(p);
    buf_put(&p->out, S(",\"service_tier\":\"default\",\"system_fingerprint\":\"sim\"}"));
}

static void chunk_begin(struct sim_pen *p)
{
    buf_put(&p->out, S("data: "));
    put_head(p, "chatcmpl-", "chat.completion.chunk");
    buf_put(&p->out, S(",\"system_fingerprint\":\"sim\",\"choices\":[{\"index\":0,\"delta\":{"));
}

static void chunk_end(struct sim_pen *p, str reason)
{
    put_text(p, "},\"logprobs\":null,\"finish_reason\":", reason);
    buf_put(&p->out, p->answer->asks_usage ? S("}],\"usage\":null}\n\n") : S("}]}\n\n"));
}

static void chat_begin(struct sim_pen *p)
{
    chunk_begin(p);
    if (p->answer->is_call) {
        buf_put(&p->out,
                S("\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,"));
        put_call(p);
        buf_put(&p->out, S("\"\"}}],\"refusal\":null"));
    } else {
        buf_put(&p->out, S("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"));
    }
    chunk_end(p, S("null"));
}

static void chat_piece(struct sim_pen *p, str piece)
{
    bool is_call = p->answer->is_call;
    chunk_begin(p);
    buf_put(&p->out, is_call ? S("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":")
                             : S("\"content\":"));
    buf_put_json(&p->out, piece);
    buf_put(&p->out, is_call ? S("}}]") : S(""));
    chunk_end(p, S("null"));
}

static bool chat_end(struct sim_pen *p, unsigned step)
{
    (void)step; /* they are small: all at once */
    chunk_begin(p);
    chunk_end(p, finish_reason(p->answer));
    if (p->answer->asks_usage) {
        buf_put(&p->out, S("data: "));
        put_head(p, "chatcmpl-", "chat.completion.chunk");
        buf_put(&p->out, S(",\"system_fingerprint\":\"sim\",\"choices\":[]"));
        put_usage(p);
        buf_put(&p->out, S("}\n\n"));
    }
    put_done(p);
    return false;
}

const struct sim_shape sim_shape_chat = {
    .whole = chat_whole,
    .begin = chat_begin,
    .piece = chat_piece,
    .end = chat_end,
};

/* ---- text completions ---- */

static void completions_whole(struct sim_pen *p)
{
    put_head(p, "cmpl-", "text_completion");
    buf_put(&p->out, S(",\"choices\":[{\"text\":"));
    sim_answer_put_text(p->answer, &p->out);
    put_text(p, ",\"index\":0,\"logprobs\":null,\"finish_reason\":", finish_reason(p->answer));
    buf_put(&p->out, S("}]"));
    put_usage(p);
    buf_put_char(&p->out, '}');
}

static void put_text_chunk(struct sim_pen *p, str text, str reason)
{
    buf_put(&p->out, S("data: "));
    put_head(p, "cmpl-", "text_completion");
    buf_put(&p->out, S(",\"choices\":[{\"text\":"));
    buf_put_json(&p->out, text);
    put_text(p, ",\"index\":0,\"logprobs\":null,\"finish_reason\":", reason);
    buf_put(&p->out, p->answer->asks_usage ? S("}],\"usage\":null}\n\n") : S("}]}\n\n"));
}

static void completions_begin(struct sim_pen *p)
{
    (void)p; /* its stream has no opening */
}

static void completions_piece(struct sim_pen *p, str piece)
{
    put_text_chunk(p, piece, S("null"));
}

static bool completions_end(struct sim_pen *p, unsigned step)
{
    (void)step;
    put_text_chunk(p, S(""), finish_reason(p->answer));
    if (p->answer->asks_usage) {
        buf_put(&p->out, S("data: "));
        put_head(p, "cmpl-", "text_completion");
        buf_put(&p->out, S(",\"choices\":[]"));
        put_usage(p);
        buf_put(&p->out, S("}\n\n"));
    }
    put_done(p);
    return false;
}

const struct sim_shape sim_shape_completions = {
    .whole = completions_whole,
    .begin = completions_begin,
    .piece = completions_piece,
    .end = completions_end,
};
