/* OpenRouter's own members: checked when read, back as they came, no word of them to others. */
#include "llm/dialect_openrouter.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'models':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST models: models must be an array."},
    {"{'models':[1],'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST models: models must be an array of strings."},
    {"{'models':[],'models':[],'messages':[{'role':'user','content':'q'}]}",
     "DUPLICATE_MEMBER models: models appears twice."},
    {"{'provider':7,'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider: provider must be an object."},
    {"{'provider':{'order':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.order: provider.order must be an array."},
    {"{'provider':{'only':[1]},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.only: provider.only must be an array of strings."},
    {"{'provider':{'sort':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.sort: provider.sort must be one of price, throughput, latency."},
    {"{'provider':{'data_collection':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.data_collection: provider.data_collection must be one of allow, deny."},
    {"{'provider':{'zdr':1},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.zdr: provider.zdr must be a boolean."},
    {"{'provider':{'max_price':7},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.max_price: provider.max_price must be an object."},
    {"{'provider':{'max_price':{'prompt':[]}},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.max_price: provider.max_price must hold numbers."},
    {"{'provider':{'preferred_max_latency':'x'},'messages':[{'role':'user','content':'q'}]}",
     "BAD_REQUEST provider.preferred_max_latency: provider.preferred_max_latency must be an "
     "object."},
    {"{'provider':{'order':[],'order':[]},'messages':[{'role':'user','content':'q'}]}",
     "DUPLICATE_MEMBER provider.order: provider.order appears twice."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_OPENROUTER, DIALECT_OPENROUTER, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_OPENROUTER, DIALECT_OPENROUTER,
                        "{'models':['a','b'],'provider':{'order':['z'],'sort':{'by':'price'},'max_"
                        "price':{'prompt':'1','completion':2},'preferred_max_latency':2,'new':1,'"
                        "zdr':null},'route':'fallback','transforms':['middle-out'],'plugins':[{'id'"
                        ":'web'}],'usage':{'include':true},'reasoning':{'effort':'low','exclude':"
                        "true},'top_k':3,'min_p':0.1,'messages':[{'role':'user','content':'q'}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'top_k':3,'min_p':0.1,'"
             "reasoning':{'effort':'low','exclude':true},'usage':{'include':true},'models':['a','b'"
             "],'provider':{'order':['z'],'sort':{'by':'price'},'max_price':{'prompt':'1','"
             "completion':2},'preferred_max_latency':2,'new':1,'zdr':null},'route':'fallback','"
             "transforms':['middle-out'],'plugins':[{'id':'web'}]}"),
           "everything");
    is_str(case_request(k, DIALECT_OPENROUTER, DIALECT_CHAT,
                        "{'models':['a'],'provider':{'order':['z']},'transforms':['middle-out'],'"
                        "usage':{'include':true},'reasoning':{'effort':'low','exclude':true},'top_"
                        "k':3,'messages':[{'role':'user','content':[{'type':'text','text':'u','"
                        "cache_control':{'type':'ephemeral'}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'u'}],'reasoning_effort':'low'} # "
             "dropped:top_k, dropped:models, dropped:provider, dropped:transforms"),
           "for another dialect");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_OPENROUTER,
                        "{'models':['a'],'provider':{'order':['z']},'x':1,'messages':[{'role':'"
                        "user','content':'q'}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'q'}],'models':['a'],'provider':{'"
             "order':['z']},'x':1}"),
           "a client of chat with OpenRouter's members");
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    faults(&k);
    bodies(&k);
    case_fini(&k);
    return tap_done();
}
