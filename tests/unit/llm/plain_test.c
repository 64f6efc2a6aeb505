/* Conversations as prompts, and texts found in answers. */
#include "llm/plain.c"

#include "llm/chat_case.h"

/* Messages of a chat client, and the prompt. */
static const struct {
    const char *messages, *prompt;
} prompts[] = {
    {"{'role':'user','content':'hi'}", "hi"},
    {"{'role':'system','content':'s'},{'role':'user','content':'hi'}", "s\\n\\nhi"},
    {"{'role':'system','content':'s'},{'role':'developer','content':'d'},"
     "{'role':'user','content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]}",
     "s\\n\\nd\\n\\na\\n\\nb"},
    {"{'role':'system','content':'s'},{'role':'user','content':'a'},"
     "{'role':'assistant','content':'b'},{'role':'user','content':'c'}",
     "s\\n\\nUser:\\na\\n\\nAssistant:\\nb\\n\\nUser:\\nc\\n\\nAssistant:\\n"},
    {"{'role':'user','content':'a'},{'role':'system','content':'s'},{'role':'user','content':'c'}",
     "User:\\na\\n\\nSystem:\\ns\\n\\nUser:\\nc\\n\\nAssistant:\\n"},
    {"{'role':'user','content':'a'},{'role':'assistant','content':'Once'}",
     "User:\\na\\n\\nAssistant:\\nOnce"},
    {"{'role':'assistant','content':'b'}", "Assistant:\\nb"},
    {"{'role':'user','content':[{'type':'image_url','image_url':{'url':'https://x.y/z.png'}},"
     "{'type':'text','text':'what?'}]}",
     "![](https://x.y/z.png)\\n\\nwhat?"},
    {"{'role':'system','content':'s'}", "s"},
};

static str prompt_of(struct chat_case *k, const char *messages)
{
    const char *body = arena_cz(
        &k->p->a,
        arena_concat(&k->p->a,
                     (str[]){S("{'model':'m','messages':["), str_from_cz(messages), S("]}")}, 3));
    str text = case_request(k, DIALECT_CHAT, DIALECT_TGI, body);
    size_t begin = str_find(text, S("'inputs':'"));
    if (begin == STR_NONE)
        return text;
    text = str_skip(text, begin + 10);
    return str_slice(text, 0, str_find(text, S("','parameters'")));
}

static void renders(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(prompts); i++)
        is_str(prompt_of(k, prompts[i].messages), str_from_cz(prompts[i].prompt),
               case_name(k, prompts[i].messages));
}

static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'messages':[{'role':'user','content':'a'}],"
     "'tools':[{'type':'function','function':{'name':'f'}}]}",
     "BAD_REQUEST tools: The model takes text only: it has no tools."},
    {"{'messages':[{'role':'user','content':'a'},{'role':'assistant','tool_calls':[{'id':'c',"
     "'type':'function','function':{'name':'f','arguments':'{}'}}]}]}",
     "BAD_REQUEST messages: The model takes text only: it has no tools, and cannot be given calls "
     "and results."},
    {"{'messages':[{'role':'user','content':[{'type':'input_audio','input_audio':{'data':'aGk=',"
     "'format':'wav'}}]}]}",
     "BAD_REQUEST messages: The model takes text only, no files of the type \\audio/wav\\."},
    {"{'messages':[{'role':'user','content':'a'}],'n':2}",
     "BAD_REQUEST n: The model's provider gives one answer at a time."},
};

static void refuses(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        str said = case_request(k, DIALECT_CHAT, DIALECT_TGI, refused[i].body);
        str wanted = str_from_cz(refused[i].fault);
        bool is_quoted = str_find(wanted, S("\\")) != STR_NONE;
        ok(is_quoted ? str_has_prefix(said, str_slice(wanted, 0, str_find(wanted, S("\\"))))
                     : str_eq(said, wanted),
           case_name(k, refused[i].body));
    }
}

static void notes(struct chat_case *k)
{
    str said = case_request(
        k, DIALECT_CHAT, DIALECT_TGI,
        "{'messages':[{'role':'user','name':'bob','content':'a'},{'role':'assistant','content':'b',"
        "'reasoning_content':'t'},{'role':'user','content':'c'}],'user':'u','x':1}");
    size_t at = str_find(said, S(" # "));
    is_str(str_skip(said, at == STR_NONE ? 0 : at + 3),
           S("dropped:user, dropped:x, emulated:messages, dropped:messages.name, "
             "dropped:messages.content.reasoning"),
           "what a prompt cannot say is noted");
}

/* ---- answers ---- */

static const struct {
    const char *json, *text; /* NULL: none */
} texts[] = {
    {"'a'", "a"},
    {"''", ""},
    {"['a','b']", "a"},
    {"[['a']]", "a"},
    {"{'generated_text':'a'}", "a"},
    {"{'text':'a'}", "a"},
    {"{'text':null,'output':'a'}", "a"},
    {"{'candidates':[{'text':'a'}]}", "a"},
    {"[{'content':{'text':'a'}}]", "a"},
    {"{'outputs':['a']}", "a"},
    {"7", NULL},
    {"[]", NULL},
    {"[7]", NULL},
    {"{}", NULL},
    {"{'score':'a'}", NULL},
    {"[[[[[[[['a']]]]]]]]", NULL},
};

static void finds(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct json *v = NULL;
        size_t error_at;
        str text = S_EMPTY;
        is_int(json_read(&k->p->a, case_json(k, texts[i].json), &v, &error_at), 0, "valid");
        bool found = plain_find_text(v, &text);
        ok(found == (texts[i].text != NULL) && (!found || str_eq(text, str_from_cz(texts[i].text))),
           case_name(k, texts[i].json));
    }
    ok(!plain_find_text(NULL, &(str){0}), "nothing has no text");
}

static void words(void)
{
    is_int(plain_finish(S("length")), FINISH_LENGTH, "length");
    is_int(plain_finish(S("eos_token")), FINISH_STOP, "the model's own end");
    is_int(plain_finish(S("stop_sequence")), FINISH_STOP_SEQUENCE, "a stop sequence");
    is_int(plain_finish(S_EMPTY), FINISH_STOP, "an answer that is there has ended");
    is_int(plain_finish(S("content_filter")), FINISH_CONTENT_FILTER, "filtered");
}

/* ---- clients ---- */

static void no_clients(struct chat_case *k)
{
    static const enum dialect_id ids[] = {DIALECT_TGI, DIALECT_KSERVE_V1, DIALECT_KSERVE_V2,
                                          DIALECT_MLFLOW, DIALECT_CUSTOM};
    struct buf out;
    buf_init(&out, PIPE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct codec *c = dialect_get(ids[i])->codec;
        struct err err = {.code = 0};
        struct reading r = {.a = &k->p->a, .err = &err};
        struct writing w = {.a = &k->p->a, .err = &err};
        struct reply reply;
        struct chat chat = {.origin = 0};
        reply_init(&reply);
        is_int(c->read_request(&r, NULL, &chat), -E_NOT_SUPPORTED, "no client speaks it");
        is_int(c->write_reply(&w, &reply, &out), -E_NOT_SUPPORTED, "no client is answered");
        is_int(c->write_event(&k->p->encoder, &(struct event){.kind = EV_END}), -E_NOT_SUPPORTED,
               "not in pieces either");
        c->write_error(&(struct failure){.message = S("m")}, &out);
        is_str(buf_str(&out), S("{\"error\":\"m\"}"), "an error has a form all the same");
        buf_fini(&out);
    }
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    renders(&k);
    refuses(&k);
    notes(&k);
    finds(&k);
    words();
    no_clients(&k);
    case_fini(&k);
    return tap_done();
}
