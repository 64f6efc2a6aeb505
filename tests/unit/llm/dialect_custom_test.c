/* Providers that are described by templates: bodies, answers, streams. */
#include "llm/dialect_custom.c"

#include "llm/chat_case.h"

static struct custom custom;

static struct custom_pointer pointer(struct chat_case *k, const char *text)
{
    struct custom_pointer p;
    const char *why = NULL;
    is_int(custom_pointer_read(&k->p->a, str_from_cz(text), &p, &why), 0, text);
    return p;
}

static void describe(struct chat_case *k, const char *body)
{
    str why;
    size_t at;
    custom = (struct custom){.method = S("POST"), .path = "/run", .streams = true};
    is_int(custom_template_read(&k->p->a, case_json(k, body), &custom.body, &why, &at), 0,
           case_name(k, body));
    custom.reply = (struct custom_answer){
        .text = pointer(k, "/out/text"),
        .reasoning = pointer(k, "/out/thought"),
        .tool_calls = pointer(k, "/out/calls"),
        .finish = pointer(k, "/why"),
        .input_tokens = pointer(k, "/n/0"),
        .output_tokens = pointer(k, "/n/1"),
        .error = pointer(k, "/fault"),
    };
    custom.stream = custom.reply;
    custom.stream.text = pointer(k, "/delta");
    custom.stream.reasoning = pointer(k, "/thought");
}

/* ---- requests ---- */

#define ASK "{'model':'m','messages':[{'role':'user','content':'hi'}]"

static const struct {
    const char *body, *request, *wanted;
} requests[] = {
    {"{'m':{{model}},'q':{{prompt}}}", ASK "}", "{'m':'m-1','q':'hi'}"},
    {"{'m':'x/{{model}}:{{ model }}','q':'Say: {{prompt}}'}", ASK "}",
     "{'m':'x/m-1:m-1','q':'Say: hi'}"},
    {"{'q':{{prompt}},'o':{'n':{{max_tokens}},'t':{{temperature}}},'l':[{{seed}},1]}",
     ASK ",'max_tokens':5}", "{'q':'hi','o':{'n':5},'l':[1]}"},
    {"{'q':{{prompt}},'n':'{{max_tokens}}','t':'{{temperature}}'}", ASK ",'max_tokens':5}",
     "{'q':'hi','n':'5','t':''}"},
    {"{'q':{{prompt}},'s':{{stream}},'k':{{stop}},'f':[true,null,1.50,{}]}",
     ASK ",'stop':['a','b'],'stream':true}",
     "{'q':'hi','s':true,'k':['a','b'],'f':[true,null,1.50,{}]}"},
    {"{'s':{{system}},'q':{{prompt}}}",
     "{'model':'m','messages':[{'role':'system','content':'be kind'},{'role':'user','content':"
     "'hi'}]}",
     "{'s':'be kind','q':'hi'}"},
    {"{'s':{{system}},'q':{{messages}}}",
     "{'model':'m','messages':[{'role':'system','content':'be kind'},{'role':'user','content':"
     "'hi'},{'role':'assistant','content':'yes'}]}",
     "{'s':'be kind','q':[{'role':'user','content':'hi'},{'role':'assistant','content':'yes'}]}"},
    {"{'s':{{system}},'q':{{messages}}}", ASK "}", "{'q':[{'role':'user','content':'hi'}]}"},
    {"{'q':{{messages}},'t':{{tools}},'c':{{tool_choice}}}",
     ASK ",'tools':[{'type':'function','function':{'name':'f'}}],'tool_choice':'required'}",
     "{'q':[{'role':'user','content':'hi'}],'t':[{'type':'function','function':{'name':'f'}}],"
     "'c':'required'}"},
    {"{'q':{{prompt}}}", ASK ",'temperature':1,'max_tokens':5}",
     "{'q':'hi'} # dropped:temperature, dropped:max_tokens"},
    {"{'q':{{prompt}}}", ASK ",'tools':[{'type':'function','function':{'name':'f'}}]}",
     "BAD_REQUEST tools: The model's provider has no place for tools."},
};

static str body_for(struct chat_case *k, const char *request)
{
    struct chat *c = arena_new(&k->p->a, struct chat);
    struct buf out;
    k->p->err = (struct err){.code = 0};
    losses_init(&k->p->loss, &k->p->a);
    int rc = pipe_chat(k->p, dialect_get(DIALECT_CHAT), case_json(k, request), c);
    is_int(rc, 0, "a client's request");
    struct writing w = pipe_writing(k->p, dialect_get(DIALECT_CUSTOM), NULL);
    w.model = S("m-1");
    w.can = &k->can;
    w.custom = &custom;
    buf_init(&out, PIPE_MAX);
    rc = dialect_custom.write_request(&w, c, &out);
    str text = rc != 0 ? case_fault(k, rc) : arena_str(&k->p->a, buf_str(&out));
    buf_fini(&out);
    str losses = losses_text(&k->p->loss, &k->p->a);
    if (losses.n > 0 && rc == 0)
        text = arena_concat(&k->p->a, (str[]){text, S(" # "), losses}, 3);
    return case_text(k, text);
}

static void writes(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        describe(k, requests[i].body);
        is_str(body_for(k, requests[i].request), str_from_cz(requests[i].wanted),
               case_name(k, requests[i].request));
    }
    describe(k, "{'s':{{stream}}}");
    custom.streams = false;
    is_str(body_for(k, ASK ",'stream':true}"), S("{'s':false}"),
           "who cannot stream is not asked to");
}

/* What a client writes stays a string. */
static void keeps_quotes(struct chat_case *k)
{
    describe(k, "{'q':'<{{prompt}}>','p':{{prompt}}}");
    struct chat c = {.origin = DIALECT_CHAT};
    struct buf out;
    turn_add(&k->p->a, &c, ROLE_USER)->blocks = block_text(&k->p->a, S("\",\"x\":{{model}}\n\001"));
    struct writing w = pipe_writing(k->p, dialect_get(DIALECT_CUSTOM), NULL);
    w.custom = &custom;
    buf_init(&out, PIPE_MAX);
    is_int(dialect_custom.write_request(&w, &c, &out), 0, "written");
    is_str(buf_str(&out),
           S("{\"q\":\"<\\\",\\\"x\\\":{{model}}\\n\\u0001>\","
             "\"p\":\"\\\",\\\"x\\\":{{model}}\\n\\u0001\"}"),
           "text of a client is never a template");
    buf_fini(&out);
}

/* ---- answers ---- */

static str answer(struct chat_case *k, const char *body)
{
    struct reply reply;
    const struct json *root = NULL;
    size_t error_at;
    reply_init(&reply);
    k->p->err = (struct err){.code = 0};
    is_int(json_read(&k->p->a, case_json(k, body), &root, &error_at), 0, "JSON");
    struct reading r = pipe_reading(k->p, dialect_get(DIALECT_CUSTOM), -E_PROVIDER_BODY);
    r.custom = &custom;
    int rc = dialect_custom.read_reply(&r, root, &reply);
    if (rc != 0)
        return case_fault(k, rc);
    const struct block *b = reply.choices->blocks;
    str first = !b ? S("nothing")
                : b->kind == BLOCK_REASONING
                    ? reasoning_text(&k->p->a, &b->reasoning)
                    : (b->kind == BLOCK_TOOL_CALL ? b->call.name : S_EMPTY);
    return arena_printf(&k->p->a, STR_FMT "|" STR_FMT "|%s|%d/%d", STR_ARG(first),
                        STR_ARG(block_list_text(&k->p->a, b, S_EMPTY)),
                        finish_name(reply.choices->finish.reason), (int)reply.usage.input_tokens,
                        (int)reply.usage.output_tokens);
}

static void reads(struct chat_case *k)
{
    describe(k, "{}");
    is_str(answer(k, "{'out':{'text':'a'}}"), S("|a|stop|-1/-1"), "a text");
    is_str(answer(k, "{'out':{'text':['a'],'thought':'t'},'why':'length','n':[3,4]}"),
           S("t|a|length|3/4"), "everything");
    is_str(answer(k, "{'out':{'text':'','calls':[{'function':{'name':'f','arguments':'{}'}}]}}"),
           S("f||tool_calls|-1/-1"), "a call");
    is_str(answer(k, "{'out':{'calls':[{'id':'c','type':'function','function':{'name':'f'}}]}}"),
           S("f||tool_calls|-1/-1"), "a call without text");
    is_str(answer(k, "{'out':{'calls':[{'function':{'name':'','arguments':'{}'}}]}}"),
           S("PROVIDER_BODY tool_calls[0].function.name: The provider sent a tool call without a "
             "name."),
           "a call without a name");
    is_str(answer(k, "{'out':'a'}"),
           S("PROVIDER_BODY : The provider's answer has no text where one should be."),
           "the text is elsewhere");
    is_str(answer(k, "[7]"),
           S("PROVIDER_BODY : The provider's answer has no text where one should be."), "a list");
}

static const struct {
    const char *done, *payloads, *events;
} streams[] = {
    {"[DONE]", "{'delta':'He'}\n{'delta':'llo','why':'length','n':[3,4]}\n[DONE]\n{'delta':'x'}",
     "start  \n[0.0 text\n+0.0 He\n+0.0 llo\n]0.0\nusage in=3 out=4 cached=-1 thought=-1\nfinish 0 "
     "length\nend\n"},
    {"", "{'thought':'hm'}\n{'delta':'a'}\n{'other':1}",
     "start  \n[0.0 thought\n+0.0 hm\n]0.0\n[0.1 text\n+0.1 a\n]0.1\nfinish 0 stop\nend\n"},
    {"[DONE]", "{'delta':'He'}",
     "start  \n[0.0 text\n+0.0 He\nPROVIDER_TRUNCATED: The provider's stream ended before its "
     "answer was whole.\n"},
    {"", "{'delta':'He'}\n{'fault':{'message':'no memory'}}",
     "start  \n[0.0 text\n+0.0 He\nerror class=15 status=0 no memory\n"},
    {"", "", "PROVIDER_TRUNCATED: The provider's stream ended before its answer was whole.\n"},
    {"", "7", "PROVIDER_BODY: The provider sent an event that is no JSON object.\n"},
};

static int feed(struct decoder *d, str rest)
{
    str line;
    int rc = 0;
    while (rc == 0 && rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        rc = dialect_custom.read_message(d, &(struct message){.data = line});
    }
    return rc == 0 && !d->has_ended ? dialect_custom.read_message(d, NULL) : rc;
}

static void reads_streams(struct chat_case *k)
{
    describe(k, "{}");
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct case_log log;
        buf_init(&log.out, PIPE_MAX);
        k->p->err = (struct err){.code = 0};
        custom.done = str_from_cz(streams[i].done);
        struct decoder d = {.a = &k->p->a,
                            .scratch = &k->p->a,
                            .err = &k->p->err,
                            .sink = {.put = case_log_put, .arg = &log},
                            .custom = &custom};
        int rc = feed(&d, case_json(k, streams[i].payloads));
        if (rc != 0)
            buf_printf(&log.out, "%s: " STR_FMT "\n", err_info(rc)->name,
                       STR_ARG(k->p->err.message));
        is_str(buf_str(&log.out), str_from_cz(streams[i].events),
               case_name(k, streams[i].payloads));
        buf_fini(&log.out);
    }
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    writes(&k);
    keeps_quotes(&k);
    reads(&k);
    reads_streams(&k);
    case_fini(&k);
    return tap_done();
}
