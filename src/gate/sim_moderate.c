/* Moderation by the simulator: nothing is ever flagged. One result for each input, as OpenAI gives
 * them. */
#include "gate/reply.h"
#include "gate/sim_parts.h"

#define INPUTS_MAX 2048

static const char *const categories[] = {
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
};

static void put_categories(struct json_writer *w, const char *key, str value)
{
    json_begin_object(w, key);
    for (size_t i = 0; i < ARRAY_LEN(categories); i++)
        json_put_raw(w, categories[i], value);
    json_end_object(w);
}

static void put_result(struct json_writer *w)
{
    json_begin_object(w, NULL);
    json_put_bool(w, "flagged", false);
    put_categories(w, "categories", S("false"));
    put_categories(w, "category_scores", S("0.0"));
    put_categories(w, "category_applied_input_types", S("[]"));
    json_end_object(w);
}

/* One for a text or for a list of parts, else one for each text. */
static size_t count_results(const struct json *input)
{
    bool is_list = json_count(input) > 0 && json_is_str(json_at(input, 0));
    return is_list ? json_count(input) : 1;
}

int sim_moderate(const struct sim_request *r)
{
    struct exchange *x = r->x;
    const struct json *input = json_get(r->root, "input");
    size_t n = count_results(input);
    if (!input || n > INPUTS_MAX)
        return sim_refuse(x, S("input"), "must be a string or an array of at most 2048 elements");
    int rc = sim_pause(x, &r->options, 0);
    if (rc < 0)
        return rc;
    struct buf out;
    buf_init(&out, 4u << 20);
    struct json_writer w = json_writer(&out);
    json_begin_object(&w, NULL);
    json_put_str(&w, "id", str_from_cz(x->id));
    json_put_str(&w, "model", x->answered_model);
    json_begin_array(&w, "results");
    for (size_t i = 0; i < n; i++)
        put_result(&w);
    json_end_array(&w);
    json_end_object(&w);
    must(buf_is_ok(&out));
    rc = reply_whole(x, 200, S("application/json"), S_EMPTY, buf_str(&out));
    buf_fini(&out);
    return rc;
}
