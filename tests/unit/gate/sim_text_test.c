#include "gate/sim_text.c"

#include "sim_requests.h"
#include "tap.h"

static struct asked *ask_echo(str text)
{
    struct buf body;
    buf_init(&body, 1u << 20);
    buf_put(&body, S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"));
    buf_put_json(&body, text);
    buf_put(&body, S("}]}"));
    static char kept[1u << 16];
    must(body.n <= sizeof kept);
    memcpy(kept, body.p, body.n);
    struct asked *a = sim_ask(OP_CHAT, SIM_ECHO, str_of(kept, body.n));
    buf_fini(&body);
    return a;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The pieces join to the text, none is empty, too long or begins inside a character. */
static bool pieces_are_sound(const struct sim_answer *a, str text)
{
    struct sim_cursor c = {.said = 0};
    str piece;
    size_t at = 0;
    while (sim_answer_next(a, &c, &piece)) {
        bool is_sound = piece.n > 0 && piece.n <= PIECE_MAX && !is_continuation(piece.p[0]) &&
                        str_eq(piece, str_slice(text, at, at + piece.n));
        if (!is_sound)
            return false;
        at += piece.n;
    }
    return at == text.n && c.said == a->output_tokens;
}

static void test_pieces(void)
{
    static const char text[] = "one two\n\n  three \xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                               "\xc3\xa4\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87 "
                               "averyveryverylongwordthathasnoend                    \t";
    bool is_sound = true;
    for (size_t n = 0; n < sizeof text; n++) {
        if (is_continuation(text[n]))
            continue;
        struct asked *a = ask_echo(str_of(text, n));
        is_sound = is_sound && a->rc == 0 && !a->answer.is_cut &&
                   pieces_are_sound(&a->answer, str_of(text, n));
        sim_asked_fini(a);
    }
    ok(is_sound, "at every length the pieces join to the text, between characters");
    struct asked *a = ask_echo(S("one two  three"));
    is_int(a->answer.output_tokens, 3, "a word with the space before it is a token");
    sim_asked_fini(a);
    a = ask_echo(S(""));
    is_int(a->answer.output_tokens, 0, "no text, no token");
    sim_asked_fini(a);
}

static void test_lorem(void)
{
    bool is_same = true;
    struct buf joined;
    buf_init(&joined, 1u << 20);
    for (int64_t n = 0; n < 200; n++) {
        struct sim_answer a = {.is_lorem = true, .output_tokens = n};
        struct sim_cursor c = {.said = 0};
        str piece;
        buf_reset(&joined);
        while (sim_answer_next(&a, &c, &piece))
            buf_put(&joined, piece);
        is_same = is_same && c.said == n;
        if (n == 5)
            is_str(buf_str(&joined), S("Lorem ipsum dolor sit amet,"), "it begins well");
        if (n == 71)
            ok(str_has_suffix(buf_str(&joined), S(" est laborum. Lorem ipsum")),
               "behind its end it begins again");
    }
    ok(is_same, "as many words as tokens");
    buf_fini(&joined);
}

static void test_estimate(void)
{
    is_int(sim_estimate_tokens(0), 0, "nothing is no token");
    is_int(sim_estimate_tokens(1), 1, "one byte is one");
    is_int(sim_estimate_tokens(4), 1, "four are one");
    is_int(sim_estimate_tokens(5), 2, "five are two");
}

/* A request, and the text of its answer; or the parameter at fault behind a '!'. */
struct row {
    enum operation_id op;
    enum sim_model model;
    const char *body, *want, *what;
};

static const struct row rows[] = {
    {OP_CHAT, SIM_ECHO,
     "{'model':'m','messages':[{'role':'user','content':'a'},{'role':'assistant','content':'b'},"
     "{'role':'user','content':'c'},{'role':'assistant','content':'d'}]}",
     "c", "the last user message, not the last message"},
    {OP_CHAT, SIM_ECHO,
     "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a '},"
     "{'type':'image_url','image_url':{'url':'http://h/x'}},{'type':'text','text':'b'}]}]}",
     "a b", "the text parts of a message"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[{'role':'system','content':'a'}]}", "",
     "no user message, no text"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[1]}", "!messages[0]", "a message that is none"},
    {OP_MESSAGES, SIM_ECHO,
     "{'model':'m','max_tokens':2,'messages':[{'role':'user','content':'a b c'}]}", "a b",
     "a message of Anthropic's"},
    {OP_MESSAGES, SIM_TOOLS,
     "{'model':'m','max_tokens':9,'messages':[{'role':'user','content':'a'},{'role':'assistant',"
     "'content':[{'type':'tool_use','id':'x','name':'f','input':{}}]},{'role':'user','content':"
     "[{'type':'tool_result','tool_use_id':'x','content':'done'}]}],"
     "'tools':[{'name':'f','input_schema':{'type':'object'}}]}",
     "done", "a result of Anthropic's"},
    {OP_CHAT, SIM_ECHO,
     "{'model':'m','messages':[{'role':'user','content':'a b c'}],'n':1,"
     "'max_tokens':2}",
     "a b", "the older limit"},
    {OP_CHAT, SIM_ECHO,
     "{'model':'m','messages':[{'role':'user','content':'a b c'}],"
     "'max_tokens':2,'max_completion_tokens':1}",
     "a", "the lower of two limits"},
    {OP_CHAT, SIM_ECHO, "{'model':'m'}", "!messages", "no messages"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[]}", "!messages", "empty messages"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':'x'}", "!messages", "messages that are a string"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[{'role':'user','content':'q'}],'n':2}", "!n",
     "two choices"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[{'role':'user','content':'q'}],'n':'1'}", "!n",
     "a choice in quotes"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':0}",
     "!max_tokens", "a limit of 0"},
    {OP_CHAT, SIM_ECHO, "{'model':'m','messages':[{'role':'user','content':'q'}],'max_tokens':1.5}",
     "!max_tokens", "a limit with a fraction"},
    {OP_CHAT, SIM_ECHO,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'max_tokens':null}", "a",
     "a limit that is null"},
    {OP_COMPLETIONS, SIM_ECHO, "{'model':'m','prompt':'a b'}", "a b", "a prompt"},
    {OP_COMPLETIONS, SIM_ECHO, "{'model':'m','prompt':['a b']}", "a b", "a list of one prompt"},
    {OP_COMPLETIONS, SIM_ECHO, "{'model':'m','prompt':['a','b']}", "!prompt", "two prompts"},
    {OP_COMPLETIONS, SIM_ECHO, "{'model':'m','prompt':[1,2]}", "!prompt", "a prompt of tokens"},
    {OP_COMPLETIONS, SIM_ECHO, "{'model':'m'}", "!prompt", "no prompt"},
    {OP_RESPONSES, SIM_ECHO, "{'model':'m','input':'a b'}", "a b", "an input"},
    {OP_RESPONSES, SIM_ECHO,
     "{'model':'m','input':[{'role':'user','content':[{'type':'input_text','text':'a'}]},"
     "{'type':'message','role':'assistant','content':[{'type':'output_text','text':'b'}]}]}",
     "a", "an input of items"},
    {OP_RESPONSES, SIM_ECHO, "{'model':'m'}", "!input", "no input"},
    {OP_RESPONSES, SIM_ECHO, "{'model':'m','input':'a b c','max_output_tokens':2}", "a b",
     "the limit of Responses"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'tools':[{'type':'custom','custom':"
     "{'name':'c'}},{'type':'function','function':{'name':'f'}}]}",
     "f({})", "the first function, without parameters"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'tool_choice':{'type':'function',"
     "'function':{'name':'g'}},'tools':[{'type':'function','function':{'name':'f'}},"
     "{'type':'function','function':{'name':'g','parameters':{'type':'object','properties':"
     "{'x':{'type':'boolean'}}}}}]}",
     "g({\"x\":false})", "the function that was chosen"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'tool_choice':{'type':'function',"
     "'function':{'name':'h'}},'tools':[{'type':'function','function':{'name':'f'}}]}",
     "!tool_choice", "a function that is not there"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'tool_choice':'none',"
     "'tools':[{'type':'function','function':{'name':'f'}}]}",
     "a", "no tool may be called"},
    {OP_CHAT, SIM_TOOLS, "{'model':'m','messages':[{'role':'user','content':'a'}]}", "a",
     "no tool is offered"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'},{'role':'assistant','tool_calls':[]},"
     "{'role':'tool','tool_call_id':'x','content':'done'}],"
     "'tools':[{'type':'function','function':{'name':'f'}}]}",
     "done", "a tool's result ends the loop"},
    {OP_CHAT, SIM_TOOLS,
     "{'model':'m','messages':[{'role':'user','content':'a'}],'tools':[{'type':'function',"
     "'function':{'name':'f','parameters':{'$ref':'#'}}}]}",
     "!tools", "parameters without end"},
    {OP_RESPONSES, SIM_TOOLS,
     "{'model':'m','input':'a','tools':[{'type':'web_search'},{'type':'function','name':'f',"
     "'parameters':{}}]}",
     "f({})", "a function of Responses"},
    {OP_RESPONSES, SIM_TOOLS,
     "{'model':'m','input':[{'type':'function_call','call_id':'x','name':'f','arguments':'{}'},"
     "{'type':'function_call_output','call_id':'x','output':'done'}],"
     "'tools':[{'type':'function','name':'f'}]}",
     "done", "a result of Responses"},
    {OP_CHAT, SIM_JSON, "{'model':'m','messages':[{'role':'user','content':'say \\\"hi\\\"'}]}",
     "{\"text\":\"say \\\"hi\\\"\"}", "JSON without a schema"},
    {OP_CHAT, SIM_JSON,
     "{'model':'m','messages':[{'role':'user','content':'q'}],'response_format':{'type':'json_"
     "schema','json_schema':{'name':"
     "'n','schema':{'type':'object','properties':{'a':{'type':'integer'}}}}}}",
     "{\"a\":0}", "JSON by the schema of chat"},
    {OP_RESPONSES, SIM_JSON,
     "{'model':'m','input':'x','text':{'format':{'type':'json_schema','name':'n','schema':"
     "{'type':'object','properties':{'a':{'type':'integer'}}}}}}",
     "{\"a\":0}", "JSON by the schema of Responses"},
    {OP_CHAT, SIM_JSON,
     "{'model':'m','messages':[{'role':'user','content':'q'}],'response_format':"
     "{'type':'json_schema','json_schema':{'name':'n','schema':{'$ref':'#'}}}}",
     "!response_format", "a schema that nothing fits"},
};

/* The row's body with real quotes. */
static str body_of(const char *text)
{
    static char body[4096];
    size_t n = 0;
    for (const char *p = text; *p; p++)
        body[n++] = *p == '\'' ? '"' : *p;
    must(n < sizeof body);
    return str_of(body, n);
}

static void test_row(const struct row *r)
{
    struct asked *a = sim_ask(r->op, r->model, body_of(r->body));
    struct buf got;
    buf_init(&got, 1u << 20);
    if (a->rc < 0) {
        buf_put_char(&got, '!');
        buf_put(&got, a->x.err.param);
    } else if (a->answer.is_call) {
        buf_put(&got, buf_str(&a->answer.tool));
        buf_put_char(&got, '(');
        buf_put(&got, buf_str(&a->answer.text));
        buf_put_char(&got, ')');
    } else {
        buf_put(&got, buf_str(&a->answer.text));
    }
    is_str(buf_str(&got), str_from_cz(r->want), r->what);
    buf_fini(&got);
    sim_asked_fini(a);
}

static void test_cut(void)
{
    struct asked *a = sim_ask(OP_CHAT, SIM_ECHO,
                              S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                                "\"a b c\"}],\"max_tokens\":2}"));
    ok(a->answer.is_cut && a->answer.output_tokens == 2, "a text that is cut says so");
    sim_asked_fini(a);
    a = sim_ask(OP_CHAT, SIM_ECHO,
                S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a b c\"}],"
                  "\"max_tokens\":3}"));
    ok(!a->answer.is_cut, "one that just fits is not cut");
    sim_asked_fini(a);
    a = sim_ask(OP_RESPONSES, SIM_LOREM,
                S("{\"model\":\"m\",\"input\":\"12345678\",\"max_output_tokens\":63}"));
    ok(a->answer.is_cut && a->answer.output_tokens == 63, "lorem is cut at the limit");
    is_int(a->answer.input_tokens, 3, "input is estimated from its JSON text");
    sim_asked_fini(a);
    a = sim_ask(OP_RESPONSES, SIM_LOREM, S("{\"model\":\"m\",\"input\":\"x\"}"));
    ok(!a->answer.is_cut && a->answer.output_tokens == 64, "lorem has 64 tokens by itself");
    sim_asked_fini(a);
}

int main(void)
{
    test_pieces();
    test_lorem();
    test_estimate();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        test_row(&rows[i]);
    test_cut();
    return tap_done();
}
