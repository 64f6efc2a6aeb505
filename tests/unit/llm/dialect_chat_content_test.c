/* Content of a chat request's messages, written from other dialects' blocks. */
#include "llm/dialect_chat_content.c"

#include "llm/chat_case.h"

static void bodies(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'system':[{'type':'text','text':'S1'},{'type':'text','"
                        "text':'S2'}],'messages':[{'role':'user','content':[{'type':'text','text':'"
                        "a'},{'type':'text','text':'b'}]}]}"),
           S("{'model':'m','messages':[{'role':'system','content':[{'type':'text','text':'S1'},{'"
             "type':'text','text':'S2'}]},{'role':'user','content':[{'type':'text','text':'a'},{'"
             "type':'text','text':'b'}]}],'max_completion_tokens':1}"),
           "several texts");
    is_str(
        case_request(k, DIALECT_ANTHROPIC, DIALECT_OPENROUTER,
                     "{'max_tokens':1,'system':[{'type':'text','text':'S','cache_control':{'type':'"
                     "ephemeral'}}],'messages':[{'role':'user','content':[{'type':'text','text':'a'"
                     ",'cache_control':{'type':'ephemeral','ttl':'1h'}}]}]}"),
        S("{'model':'m','messages':[{'role':'system','content':[{'type':'text','text':'S','cache_"
          "control':{'type':'ephemeral'}}]},{'role':'user','content':[{'type':'text','text':'a','"
          "cache_control':{'type':'ephemeral','ttl':'1h'}}]}],'max_completion_tokens':1}"),
        "marks for OpenRouter");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'text','"
                        "text':'a','cache_control':{'type':'ephemeral'}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':'a'}],'max_completion_tokens':1}"),
           "marks for nobody");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'image','"
                        "source':{'type':'url','url':'https://x/"
                        "y.png'}},{'type':'image','source':{'type':'base64','media_type':'image/"
                        "png','data':'iVBORw0KGgo='}},{'type':'document','title':'T','source':{'"
                        "type':'text','media_type':'text/"
                        "plain','data':'DOC'}},{'type':'document','source':{'type':'base64','media_"
                        "type':'application/"
                        "pdf','data':'JVBERi0='}},{'type':'document','source':{'type':'content','"
                        "content':[{'type':'text','text':'c1'},{'type':'text','text':'c2'}]}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':{'"
             "url':'https://x/y.png'}},{'type':'image_url','image_url':{'url':'data:image/"
             "png;base64,iVBORw0KGgo='}},{'type':'text','text':'T\\n\\nDOC'},{'type':'file','file':"
             "{'file_data':'data:application/"
             "pdf;base64,JVBERi0=','filename':'document.pdf'}},{'type':'text','text':'c1\\n\\nc2'}]"
             "}],'max_completion_tokens':1} # emulated:messages.content.document"),
           "pictures and documents");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'document','"
                        "source':{'type':'url','url':'https://x/y.pdf'}}]}]}"),
           S("BAD_REQUEST messages: The model's provider cannot take document content in this "
             "form: send the bytes themselves."),
           "a document by its URL");
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_OPENROUTER,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'document','"
                        "source':{'type':'url','url':'https://x/y.pdf'}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'file','file':{'file_data'"
             ":'https://x/y.pdf','filename':'document.pdf'}}]}],'max_completion_tokens':1}"),
           "OpenRouter looks it up");
}

static void bodies_2(struct chat_case *k)
{
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'image','"
                        "source':{'type':'file','file_id':'file_1'}}]}]}"),
           S("BAD_REQUEST messages: The model's provider cannot take image content in this form: "
             "send the bytes themselves."),
           "somebody else's file");
    is_str(case_request(
               k, DIALECT_RESPONSES, DIALECT_CHAT,
               "{'input':[{'role':'user','content':[{'type':'input_file','file_id':'file-1'}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'file','file':{'file_id':'"
             "file-1'}}]}]}"),
           "OpenAI's file");
    is_str(case_request(k, DIALECT_GEMINI, DIALECT_CHAT,
                        "{'contents':[{'role':'user','parts':[{'fileData':{'mimeType':'image/"
                        "png','fileUri':'gs://b/x'}}]}]}"),
           S("BAD_REQUEST messages: The model's provider cannot take image content in this form: "
             "send the bytes themselves."),
           "a file at Google's");
    is_str(case_request(
               k, DIALECT_GEMINI, DIALECT_CHAT,
               "{'contents':[{'role':'user','parts':[{'inlineData':{'mimeType':'audio/"
               "mpeg','data':'SUQz'}},{'inlineData':{'mimeType':'video/mp4','data':'AAAA'}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'input_audio','input_"
             "audio':{'data':'SUQz','format':'mp3'}},{'type':'video_url','video_url':{'url':'data:"
             "video/mp4;base64,AAAA'}}]}]}"),
           "sound and film");
}

static void capabilities(struct chat_case *k)
{
    const struct capability plain = k->can;
    k->can = plain;
    k->can.can |= CAN_OLD_MAX_TOKENS;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'system':[{'type':'text','text':'S1'},{'type':'text','"
                        "text':'S2'}],'messages':[{'role':'user','content':[{'type':'text','text':'"
                        "a'},{'type':'text','text':'b'}]},{'role':'assistant','content':[{'type':'"
                        "text','text':'x'},{'type':'text','text':'y'}]}]}"),
           S("{'model':'m','messages':[{'role':'system','content':'S1\\n\\nS2'},{'role':'user','"
             "content':'a\\n\\nb'},{'role':'assistant','content':'xy'}],'max_tokens':1}"),
           "several texts for an older API");
    k->can = plain;
    k->can.can |= CAN_CACHE_MARKS;
    is_str(case_request(k, DIALECT_ANTHROPIC, DIALECT_CHAT,
                        "{'max_tokens':1,'messages':[{'role':'user','content':[{'type':'text','"
                        "text':'a','cache_control':{'type':'ephemeral'}}]}]}"),
           S("{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a','prompt_"
             "cache_breakpoint':{'mode':'explicit'}}]}],'max_completion_tokens':1}"),
           "marks for OpenAI");
    k->can = plain;
}

int main(void)
{
    struct chat_case k;
    case_init(&k);
    bodies(&k);
    bodies_2(&k);
    capabilities(&k);
    case_fini(&k);
    return tap_done();
}
