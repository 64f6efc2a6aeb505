/* Content parts of the chat dialect, read. */
#include "llm/dialect_chat_parts.c"

#include "llm/chat_case.h"

/* A body, and what is said of it. */
static const struct {
    const char *body, *fault;
} refused[] = {
    {"{'messages':[{'role':'user','content':[7]}]}",
     "BAD_REQUEST messages[0].content[0]: messages[0].content[0] must be an object."},
    {"{'messages':[{'role':'user','content':['x']}]}",
     "BAD_REQUEST messages[0].content[0]: messages[0].content[0] must be an object."},
    {"{'messages':[{'role':'user','content':[{'text':'x'}]}]}",
     "BAD_REQUEST messages[0].content[0].type: messages[0].content[0].type must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':7}]}]}",
     "BAD_REQUEST messages[0].content[0].type: messages[0].content[0].type must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'text'}]}]}",
     "BAD_REQUEST messages[0].content[0].text: messages[0].content[0].text must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'text','text':7}]}]}",
     "BAD_REQUEST messages[0].content[0].text: messages[0].content[0].text must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'text','text':'a','text':'b'}]}]}",
     "DUPLICATE_MEMBER messages[0].content[0].text: messages[0].content[0].text appears twice."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url'}]}]}",
     "BAD_REQUEST messages[0].content[0].image_url: messages[0].content[0].image_url must be an "
     "object."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url','image_url':7}]}]}",
     "BAD_REQUEST messages[0].content[0].image_url: messages[0].content[0].image_url must be an "
     "object."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url','image_url':{}}]}]}",
     "BAD_REQUEST messages[0].content[0].image_url.url: messages[0].content[0].image_url.url must "
     "be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'!!'}}]}]}",
     "BAD_REQUEST messages[0].content[0].image_url.url: messages[0].content[0].image_url.url is "
     "neither a URL nor base64."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'https://"
     "x','detail':7}}]}]}",
     "BAD_REQUEST messages[0].content[0].image_url.detail: messages[0].content[0].image_url.detail "
     "must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'image_url','image_url':'https://"
     "x','image_url':'https://y'}]}]}",
     "DUPLICATE_MEMBER messages[0].content[0].image_url: messages[0].content[0].image_url appears "
     "twice."},
    {"{'messages':[{'role':'user','content':[{'type':'input_audio','input_audio':{}}]}]}",
     "BAD_REQUEST messages[0].content[0].input_audio.data: messages[0].content[0].input_audio.data "
     "must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'input_audio','input_audio':{'data':'!'}}]}]}",
     "BAD_REQUEST messages[0].content[0].input_audio.data: messages[0].content[0].input_audio.data "
     "is neither a URL nor base64."},
    {"{'messages':[{'role':'user','content':[{'type':'input_audio','input_audio':{'data':'UklGRg=='"
     ",'format':7}}]}]}",
     "BAD_REQUEST messages[0].content[0].input_audio.format: "
     "messages[0].content[0].input_audio.format must be a string."},
    {"{'messages':[{'role':'user','content':[{'type':'file','file':{}}]}]}",
     "BAD_REQUEST messages[0].content[0].file: messages[0].content[0].file needs file_data or "
     "file_id."},
    {"{'messages':[{'role':'user','content':[{'type':'file','file':{'file_data':'!'}}]}]}",
     "BAD_REQUEST messages[0].content[0].file.file_data: messages[0].content[0].file.file_data is "
     "neither a URL nor base64."},
    {"{'messages':[{'role':'user','content':[{'type':'file','file':{'file_id':7}}]}]}",
     "BAD_REQUEST messages[0].content[0].file.file_id: messages[0].content[0].file.file_id must be "
     "a string."},
    {"{'messages':[{'role':'user','content':[{'type':'refusal','refusal':7}]}]}",
     "BAD_REQUEST messages[0].content[0].refusal: messages[0].content[0].refusal must be a "
     "string."},
    {"{'messages':[{'role':'user','content':[{'type':'thinking','thinking':7}]}]}",
     "BAD_REQUEST messages[0].content[0].thinking: messages[0].content[0].thinking must be an "
     "array."},
    {"{'messages':[{'role':'user','content':[{'type':'text','text':'x','cache_control':{'ttl':7}}]}"
     "]}",
     "BAD_REQUEST messages[0].content[0].cache_control.ttl: "
     "messages[0].content[0].cache_control.ttl must be a string."},
};

static void faults(struct chat_case *k)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT, refused[i].body),
               str_from_cz(refused[i].fault), case_name(k, refused[i].body));
}

static void bodies(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_CHAT, DIALECT_CHAT,
                        "{'messages':[{'role':'user','content':[{'type':'image_url','image_url':'"
                        "https://x/y','x':1},{'type':'image_url','image_url':{'url':'data:image/"
                        "png;base64,iVBORw0KGgo','detail':'low'}},{'type':'video_url','video_url':{"
                        "'url':'https://v'}},{'type':'document_url','document_url':'https://"
                        "d'},{'type':'new','new':1},{'type':'file','file':{'file_id':'f1'}},{'type'"
                        ":'input_audio','input_audio':{'data':'UklGRg==','format':'wav'}},{'type':'"
                        "text','text':'','z':2,'cache_control':{'type':'ephemeral'}},{'type':'"
                        "input_text','text':'i'},{'type':'thinking','thinking':'t'}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':'"
             "https://x/y','x':1},{'type':'image_url','image_url':{'url':'data:image/"
             "png;base64,iVBORw0KGgo','detail':'low'}},{'type':'video_url','video_url':{'url':'"
             "https://v'}},{'type':'document_url','document_url':'https://"
             "d'},{'type':'new','new':1},{'type':'file','file':{'file_id':'f1'}},{'type':'input_"
             "audio','input_audio':{'data':'UklGRg==','format':'wav'}},{'type':'text','text':'','"
             "cache_control':{'type':'ephemeral'},'z':2},{'text':'i','type':'input_text'},{'type':'"
             "thinking','thinking':'t'}]}]}"),
           "every form goes back as it came");
    is_str(case_request(k, DIALECT_CHAT, DIALECT_ANTHROPIC,
                        "{'max_tokens':1,'messages':[{'role':'user','content':'u'},{'role':"
                        "'assistant','content':[{'type':'reasoning','summary':[{'type':"
                        "'summary_text','text':'a','signature':'c2ln'}]},{'type':'text','text':'t'}"
                        "]},{'role':'user','content':'v'}]}"),
           S("{'model':'m','max_tokens':1,'messages':[{'role':'user','content':[{'type':'text',"
             "'text':'u'}]},{'role':'assistant','content':[{'type':'thinking','thinking':'a',"
             "'signature':'c2ln'},{'type':'text','text':'t'}]},{'role':'user','content':[{'type':"
             "'text','text':'v'}]}]}"),
           "Claude's thoughts in Databricks' form");
    is_str(
        case_request(k, DIALECT_CHAT, DIALECT_ANTHROPIC,
                     "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'image_url','"
                     "image_url':'https://x/y'},{'type':'image_url','image_url':{'url':'data:image/"
                     "png;base64,iVBORw0KGgo='}},{'type':'text','text':'t','cache_control':{'type':"
                     "'ephemeral','ttl':'1h'}}]}]}"),
        S("{'model':'m','max_tokens':1,'messages':[{'role':'user','content':[{'type':'image','"
          "source':{'type':'url','url':'https://x/"
          "y'}},{'type':'image','source':{'type':'base64','media_type':'image/"
          "png','data':'iVBORw0KGgo='}},{'type':'text','text':'t'}]}]} # dropped:cache_control"),
        "pictures for others");
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
