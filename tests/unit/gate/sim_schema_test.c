#include "gate/sim_schema.c"

#include "tap.h"

/* A schema in which ' stands for ", and its instance; NULL: there is none. */
struct row {
    const char *schema, *want, *what;
};

static const struct row rows[] = {
    {"{'type':'null'}", "{}", "at the top an object stands for anything"},
    {"{}", "{}", "a schema without demands"},
    {"true", "null", "true"},
    {"false", NULL, "false"},
    {"1", NULL, "no schema"},
    {"{'type':'boolean'}", "false", "a boolean"},
    {"{'const':{'a':[1, null]}}", "{'a':[1,null]}", "a constant"},
    {"{'const':null}", "null", "a constant null"},
    {"{'enum':['x','y']}", "'x'", "the first of an enum"},
    {"{'type':'string','enum':['y']}", "'y'", "an enum with a type"},
    {"{'type':'string'}", "'text'", "a string"},
    {"{'type':'string','maxLength':2}", "'te'", "a short string"},
    {"{'type':'string','maxLength':0}", "''", "an empty string"},
    {"{'type':'string','minLength':6}", "'textxx'", "a longer string"},
    {"{'type':'string','minLength':3,'maxLength':2}", NULL, "a string that cannot be"},
    {"{'type':'string','minLength':1000000000000}", NULL, "a string beyond all bounds"},
    {"{'format':'date'}", "'2026-01-31'", "a format"},
    {"{'type':'string','format':'date-time'}", "'2026-01-31T12:00:00Z'", "a date and time"},
    {"{'type':'string','format':'uuid'}", "'123e4567-e89b-42d3-a456-426614174000'", "a UUID"},
    {"{'type':'string','format':'unheard-of'}", "'text'", "an unknown format"},
    {"{'type':'integer'}", "0", "an integer"},
    {"{'type':'integer','minimum':3}", "3", "an integer from 3"},
    {"{'type':'integer','exclusiveMinimum':3}", "4", "an integer above 3"},
    {"{'type':'integer','minimum':2.5}", "3", "an integer from 2.5"},
    {"{'type':'integer','maximum':-3}", "-3", "an integer up to -3"},
    {"{'type':'integer','exclusiveMaximum':-3}", "-4", "an integer below -3"},
    {"{'type':'integer','minimum':1,'multipleOf':5}", "5", "a multiple"},
    {"{'type':'integer','minimum':1,'maximum':4,'multipleOf':5}", NULL, "no multiple there"},
    {"{'type':'integer','minimum':3,'maximum':2}", NULL, "an empty range"},
    {"{'type':'integer','exclusiveMinimum':3,'exclusiveMaximum':4}", NULL, "none in between"},
    {"{'type':'number','exclusiveMinimum':3,'exclusiveMaximum':4}", "3.5", "a number in between"},
    {"{'type':'number','minimum':0.25,'maximum':0.5}", "0.25", "a number at its bound"},
    {"{'minimum':7}", "7", "a bound makes a number"},
    {"{'type':'number','minimum':1e400}", "0", "a bound that is no number of ours"},
    {"{'type':['string','null']}", "'text'", "the first of several types"},
    {"{'type':'array'}", "[]", "an array"},
    {"{'type':'array','minItems':2,'items':{'type':'integer'}}", "[0,0]", "an array of two"},
    {"{'minItems':3,'prefixItems':[{'type':'string'},{'const':1}],'items':{'type':'boolean'}}",
     "['text',1,false]", "a tuple and more"},
    {"{'type':'array','minItems':2}", "[null,null]", "items of any kind"},
    {"{'type':'array','minItems':9223372036854775807,'items':{'const':1}}", NULL,
     "more items than anybody has"},
    {"{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'integer'}},"
     "'required':['b']}",
     "{'b':0}", "what is required"},
    {"{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'integer'}}}",
     "{'a':'text','b':0}", "everything, when nothing is said about it"},
    {"{'type':'object','properties':{'a':{'type':'string'}},'required':[]}", "{}",
     "nothing, when that is said"},
    {"{'properties':{'a':false,'b':{'const':1}}}", "{'b':1}", "not what cannot be"},
    {"{'properties':{'a':false},'required':['a']}", NULL, "required and impossible"},
    {"{'type':'object','required':['x','y']}", "{'x':null,'y':null}", "required, not described"},
    {"{'type':'object','properties':{'k\\u0022':{'const':1}}}", "{'k\\\"':1}",
     "a key with a quote"},
    {"{'anyOf':[{'type':'integer'},{'type':'string'}]}", "0", "the first of several"},
    {"{'oneOf':[false,{'type':'string'}]}", "'text'", "the first that can be"},
    {"{'anyOf':[false,false]}", NULL, "none can be"},
    {"{'allOf':[{'type':'string'}]}", "'text'", "all of one"},
    {"{'type':'object','anyOf':[{'properties':{'a':{'const':1}}}]}", "{'a':1}",
     "an object's branch"},
    {"{'$ref':'#/$defs/x','$defs':{'x':{'type':'integer'}}}", "0", "a reference"},
    {"{'$ref':'#/definitions/a~1b~0','definitions':{'a/b~':{'const':1}}}", "1",
     "a reference with escapes"},
    {"{'$ref':'#/$defs/none'}", "null", "a reference to nothing is no demand"},
    {"{'$ref':'http://example.com/'}", "null", "nor is one to elsewhere"},
    {"{'$ref':'#'}", NULL, "a reference to itself"},
    {"{'$ref':'#/$defs/a','$defs':{'a':{'$ref':'#/$defs/b'},'b':{'$ref':'#/$defs/a'}}}", NULL,
     "two references to each other"},
    {"{'type':'object','properties':{'next':{'$ref':'#'}},'required':['next']}", NULL,
     "a list without end"},
    {"{'type':'object','properties':{'v':{'const':1},'next':{'anyOf':[{'$ref':'#'},"
     "{'type':'null'}]}},'required':['v']}",
     "{'v':1}", "a list that may end"},
};

/* The text with real quotes. */
static str quoted(const char *text, char *out)
{
    size_t n = 0;
    for (const char *p = text; *p; p++)
        out[n++] = *p == '\'' ? '"' : *p; /* no row is longer */
    return str_of(out, n);
}

static bool make(str schema, struct buf *out)
{
    struct arena a;
    const struct json *root;
    size_t error_at;
    arena_init(&a, 512, 64u << 20);
    must(json_read(&a, schema, &root, &error_at) == 0);
    bool is_made = sim_schema_instance(root, out);
    arena_fini(&a);
    return is_made;
}

static void test_row(const struct row *r)
{
    char schema[512], want[256];
    struct buf out;
    buf_init(&out, 1u << 20);
    buf_put(&out, S("before "));
    bool is_made = make(quoted(r->schema, schema), &out);
    if (r->want)
        is_str(str_skip(buf_str(&out), 7), quoted(r->want, want), r->what);
    else
        ok(!is_made && str_eq(buf_str(&out), S("before ")), r->what);
    buf_fini(&out);
}

/* Each level has the next one twice. */
static void test_doubling(void)
{
    struct buf schema, out;
    buf_init(&schema, 1u << 20);
    buf_init(&out, 1u << 20);
    buf_put(&schema, S("{\"$ref\":\"#/$defs/d0\",\"$defs\":{"));
    for (int i = 0; i < 30; i++)
        buf_printf(&schema,
                   "\"d%d\":{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{"
                   "\"a\":{\"$ref\":\"#/$defs/d%d\"},\"b\":{\"$ref\":\"#/$defs/d%d\"}}},",
                   i, i + 1, i + 1);
    buf_put(&schema, S("\"d30\":{\"type\":\"string\"}}}"));
    ok(!make(buf_str(&schema), &out) && out.n == 0, "doubling thirty times is refused");
    buf_fini(&schema);
    buf_fini(&out);
}

static void test_sizes(void)
{
    struct buf schema, out;
    buf_init(&schema, 1u << 20);
    buf_init(&out, 1u << 20);
    buf_put(&schema, S("{\"type\":\"array\",\"minItems\":100,\"items\":{\"const\":\""));
    for (int i = 0; i < 1000; i++)
        buf_put_char(&schema, 'x');
    buf_put(&schema, S("\"}}"));
    ok(!make(buf_str(&schema), &out) && out.n == 0, "an instance of 100 KB is refused");
    buf_reset(&schema);
    for (int i = 0; i < 31; i++)
        buf_put(&schema, S("{\"type\":\"array\",\"minItems\":1,\"items\":"));
    buf_put(&schema, S("{\"const\":1}"));
    for (int i = 0; i < 31; i++)
        buf_put_char(&schema, '}');
    ok(make(buf_str(&schema), &out), "arrays 31 deep are made");
    buf_fini(&schema);
    buf_fini(&out);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        test_row(&rows[i]);
    test_doubling();
    test_sizes();
    return tap_done();
}
