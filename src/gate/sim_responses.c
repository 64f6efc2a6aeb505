/* The shape of Responses: one response object with one output item, or the events that lead to it.
 *
 * A client must be able to rebuild the final object from the events alone, so each part is
 * announced (added), spelled out (delta) and repeated whole (done), with a sequence number on every
 * event; and each response object repeats the request's settings, which SDKs read without looking
 * whether they are there.
 * https://platform.openai.com/docs/api-reference/responses-streaming */
#include "gate/sim_parts.h"

enum stage { STAGE_BEGUN, STAGE_OVER };

static void put(struct sim_pen *p, const char *text)
{
    buf_put(&p->out, str_from_cz(text));
}

static void put_number(struct sim_pen *p, const char *before, int64_t n)
{
    put(p, before);
    buf_put_i64(&p->out, n);
}

static void put_id(struct sim_pen *p, const char *before)
{
    put(p, before);
    put(p, p->answer->id);
    put(p, "\"");
}

static const char *item_status(const struct sim_pen *p, enum stage stage)
{
    if (stage == STAGE_BEGUN)
        return "in_progress";
    return p->answer->is_cut ? "incomplete" : "completed";
}

/* The text of the message or of the arguments, so far. */
static void put_said(struct sim_pen *p, enum stage stage)
{
    if (stage == STAGE_OVER)
        sim_answer_put_text(p->answer, &p->out);
    else
        put(p, "\"\"");
}

static void put_part(struct sim_pen *p, enum stage stage)
{
    put(p, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":");
    put_said(p, stage);
    put(p, "}");
}

static void put_item(struct sim_pen *p, enum stage stage)
{
    if (p->answer->is_call) {
        put_id(p, "{\"id\":\"fc_");
        put_id(p, ",\"type\":\"function_call\",\"call_id\":\"call_");
        put(p, ",\"name\":");
        buf_put_json(&p->out, buf_str(&p->answer->tool));
        put(p, ",\"arguments\":");
        put_said(p, stage);
    } else {
        put_id(p, "{\"id\":\"msg_");
        put(p, ",\"type\":\"message\",\"role\":\"assistant\",\"content\":[");
        if (stage == STAGE_OVER)
            put_part(p, stage);
        put(p, "]");
    }
    put(p, ",\"status\":\"");
    put(p, item_status(p, stage));
    put(p, "\"}");
}

static void put_usage(struct sim_pen *p)
{
    const struct sim_answer *a = p->answer;
    put_number(p, "{\"input_tokens\":", a->input_tokens);
    put(p, ",\"input_tokens_details\":{\"cached_tokens\":0}");
    put_number(p, ",\"output_tokens\":", a->output_tokens);
    put(p, ",\"output_tokens_details\":{\"reasoning_tokens\":0}");
    put_number(p, ",\"total_tokens\":", a->input_tokens + a->output_tokens);
    put(p, "}");
}

static void put_response(struct sim_pen *p, enum stage stage)
{
    const struct sim_answer *a = p->answer;
    bool is_over = stage == STAGE_OVER;
    put_id(p, "{\"id\":\"resp_");
    put_number(p, ",\"object\":\"response\",\"created_at\":", a->created);
    put(p, ",\"status\":\"");
    put(p, item_status(p, stage));
    put(p, "\",\"background\":false,\"error\":null,\"incomplete_details\":");
    put(p, is_over && a->is_cut ? "{\"reason\":\"max_output_tokens\"}" : "null");
    put(p, ",\"model\":");
    buf_put_json(&p->out, a->model);
    put(p, ",\"output\":[");
    if (is_over)
        put_item(p, stage);
    put(p, "],\"service_tier\":\"default\",\"store\":false");
    buf_put(&p->out, buf_str(&a->echo));
    put(p, ",\"usage\":");
    if (is_over)
        put_usage(p);
    else
        put(p, "null");
    put(p, "}");
}

static void responses_whole(struct sim_pen *p)
{
    put_response(p, STAGE_OVER);
}

/* ---- events ---- */

static void event_begin(struct sim_pen *p, const char *type)
{
    put(p, "event: ");
    put(p, type);
    put(p, "\ndata: {\"type\":\"");
    put(p, type);
    put_number(p, "\",\"sequence_number\":", p->sequence++);
}

static void event_end(struct sim_pen *p)
{
    put(p, "}\n\n");
}

static void response_event(struct sim_pen *p, const char *type, enum stage stage)
{
    event_begin(p, type);
    put(p, ",\"response\":");
    put_response(p, stage);
    event_end(p);
}

static void item_event(struct sim_pen *p, const char *type, enum stage stage)
{
    event_begin(p, type);
    put(p, ",\"output_index\":0,\"item\":");
    put_item(p, stage);
    event_end(p);
}

/* An event inside the item: it names the item and, in a message, the part. */
static void inner_begin(struct sim_pen *p, const char *type)
{
    event_begin(p, type);
    put_id(p, p->answer->is_call ? ",\"item_id\":\"fc_" : ",\"item_id\":\"msg_");
    put(p, ",\"output_index\":0");
    if (!p->answer->is_call)
        put(p, ",\"content_index\":0");
}

static void part_event(struct sim_pen *p, const char *type, enum stage stage)
{
    inner_begin(p, type);
    put(p, ",\"part\":");
    put_part(p, stage);
    event_end(p);
}

static void responses_begin(struct sim_pen *p)
{
    response_event(p, "response.created", STAGE_BEGUN);
    response_event(p, "response.in_progress", STAGE_BEGUN);
    item_event(p, "response.output_item.added", STAGE_BEGUN);
    if (!p->answer->is_call)
        part_event(p, "response.content_part.added", STAGE_BEGUN);
}

static void responses_piece(struct sim_pen *p, str piece)
{
    bool is_call = p->answer->is_call;
    inner_begin(p,
                is_call ? "response.function_call_arguments.delta" : "response.output_text.delta");
    put(p, ",\"delta\":");
    buf_put_json(&p->out, piece);
    put(p, is_call ? "" : ",\"logprobs\":[]");
    event_end(p);
}

static void put_text_done(struct sim_pen *p)
{
    inner_begin(p, "response.output_text.done");
    put(p, ",\"logprobs\":[],\"text\":");
    put_said(p, STAGE_OVER);
    event_end(p);
}

static void put_arguments_done(struct sim_pen *p)
{
    inner_begin(p, "response.function_call_arguments.done");
    put(p, ",\"name\":");
    buf_put_json(&p->out, buf_str(&p->answer->tool));
    put(p, ",\"arguments\":");
    put_said(p, STAGE_OVER);
    event_end(p);
}

/* Each step repeats the whole text. */
static bool responses_end(struct sim_pen *p, unsigned step)
{
    const struct sim_answer *a = p->answer;
    switch (a->is_call && step > 0 ? step + 1 : step) {
    case 0:
        if (a->is_call)
            put_arguments_done(p);
        else
            put_text_done(p);
        return true;
    case 1:
        part_event(p, "response.content_part.done", STAGE_OVER);
        return true;
    case 2:
        item_event(p, "response.output_item.done", STAGE_OVER);
        return true;
    default:
        response_event(p, a->is_cut ? "response.incomplete" : "response.completed", STAGE_OVER);
        return false;
    }
}

const struct sim_shape sim_shape_responses = {
    .whole = responses_whole,
    .begin = responses_begin,
    .piece = responses_piece,
    .end = responses_end,
};
