/* Legacy completions: prompts both ways. */
#include "llm/dialect_completions.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{}", "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':7}",
     "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':[]}",
     "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':['x',7]}",
     "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':[[1],['x']]}",
     "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':{}}",
     "BAD_REQUEST prompt: prompt must be a string, or an array of strings or of tokens."},
    {"{'prompt':'p','suffix':7}", "BAD_REQUEST suffix: suffix must be a string."},
    {"{'prompt':'p','echo':7}", "BAD_REQUEST echo: echo must be a boolean."},
    {"{'prompt':'p','best_of':'x'}", "BAD_REQUEST best_of: best_of must be an integer."},
    {"{'prompt':'p','logprobs':true}", "BAD_REQUEST logprobs: logprobs must be an integer."},
    {"{'prompt':'p','prompt':'p'}", "DUPLICATE_MEMBER prompt: prompt appears twice."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_COMPLETIONS, DIALECT_COMPLETIONS, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(
        case_request(
            k, DIALECT_COMPLETIONS, DIALECT_COMPLETIONS,
            "{'prompt':['p','q'],'max_tokens':5,'logprobs':2,'echo':true,'suffix':null,'best_of':2,"
            "'stream':false,'temperature':0.5,'stop':['x'],'user':'u','logit_bias':{'1':2},'n':2}"),
        S("{'model':'m','prompt':['p','q'],'max_tokens':5,'temperature':0.5,'n':2,'logit_bias':{'1'"
          ":2},'logprobs':2,'stop':['x'],'user':'u','stream':false,'echo':true,'suffix':null,'best_"
          "of':2}"),
        "as it came");
    is_str(case_request(k, DIALECT_COMPLETIONS, DIALECT_COMPLETIONS, "{'prompt':[[1,2],[3]]}"),
           S("{'model':'m','prompt':[[1,2],[3]]}"), "tokens");
    is_str(case_request(
               k, DIALECT_COMPLETIONS, DIALECT_CHAT,
               "{'prompt':'p','max_tokens':5,'logprobs':2,'echo':true,'suffix':null,'best_of':2}"),
           S("{'model':'m','messages':[{'role':'user','content':'p'}],'max_completion_tokens':5,'"
             "logprobs':true,'top_logprobs':2} # dropped:echo, dropped:best_of"),
           "a prompt is a user's turn");
    is_str(
        case_request(k, DIALECT_COMPLETIONS, DIALECT_ANTHROPIC, "{'prompt':['p'],'max_tokens':5}"),
        S("{'model':'m','max_tokens':5,'messages':[{'role':'user','content':[{'type':'text','text':"
          "'p'}]}]}"),
        "a list of one");
    is_str(case_request(k, DIALECT_COMPLETIONS, DIALECT_CHAT, "{'prompt':['p','q']}"),
           S("BAD_REQUEST prompt: The model's provider cannot take this in any form."),
           "several prompts for another dialect");
    is_str(case_request(k, DIALECT_COMPLETIONS, DIALECT_ANTHROPIC, "{'prompt':[1,2]}"),
           S("BAD_REQUEST prompt: The model's provider cannot take this in any form."),
           "tokens for another dialect");
}

static void bodies_2(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_CHAT, DIALECT_COMPLETIONS,
                        "{'messages':[{'role':'system','content':'s'},{'role':'user','content':'u'}"
                        "],'logprobs':true,'top_logprobs':3,'max_completion_tokens':4,'stop':'x','"
                        "response_format':{'type':'json_object'}}"),
           S("{'model':'m','prompt':'s\\n\\nu','max_tokens':4,'logprobs':3,'stop':'x'} # "
             "dropped:response_format"),
           "one user's message is a prompt");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_COMPLETIONS,
                        "{'messages':[{'role':'user','content':'u'},{'role':'assistant','content':'"
                        "a'},{'role':'user','content':'u'}]}"),
           S("BAD_REQUEST messages: The model takes one prompt of text: send one user message."),
           "a dialogue is none");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_COMPLETIONS,
                        "{'messages':[{'role':'user','content':'u'}],'tools':[{'type':'function','"
                        "function':{'name':'f'}}]}"),
           S("BAD_REQUEST tools: The model takes prompts only: it has no tools."), "nor are tools");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    faults(&k);
    bodies(&k);
    bodies_2(&k);
    case_fini(&k);
    return tap_done();
}
