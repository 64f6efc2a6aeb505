/* Events to lines: both formats, hostile values, truncation, and where the lines go. */
#include "base/log.c"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "dies.h"
#include "tap.h"

#define STAMP "2026-11-21T07:28:54.123Z"
#define HEAD  "{\"time\":\"" STAMP "\",\"level\":\"info\",\"event\":\"e\""

static char folder[] = "/tmp/log_test.XXXXXX";
static char path[64], aside[64];

/* The line of the event that ended last, without its newline. */
static str last(void)
{
    return str_of(mine->line, mine->n - 1);
}

static void use(enum log_level level, enum log_format format, bool coloured)
{
    struct style style = {.level = level, .format = format, .coloured = coloured};
    atomic_store(&current_style, style_pack(style));
}

static str file_read(const char *name)
{
    static char content[65536];
    FILE *f = fopen(name, "r");
    if (!f)
        return S("(no file)");
    size_t n = fread(content, 1, sizeof(content), f);
    fclose(f);
    return str_of(content, n);
}

static void put_all_kinds(void)
{
    LOG_EVENT (ev, LOG_INFO, "request") {
        log_str(ev, "model", S("gpt-5"));
        log_str(ev, "note", S("two words"));
        log_int(ev, "status", 200);
        log_ms(ev, "took_ms", 1234567);
        log_bool(ev, "stream", true);
        log_bool(ev, "cached", false);
        log_str(ev, "none", S_EMPTY);
    }
}

static void test_formats(void)
{
    use(LOG_INFO, LOG_JSON, false);
    put_all_kinds();
    is_str(last(),
           S("{\"time\":\"" STAMP "\",\"level\":\"info\",\"event\":\"request\","
             "\"model\":\"gpt-5\",\"note\":\"two words\",\"status\":200,\"took_ms\":1234.567,"
             "\"stream\":true,\"cached\":false,\"none\":\"\"}"),
           "JSON");
    use(LOG_INFO, LOG_TEXT, false);
    put_all_kinds();
    is_str(last(),
           S(STAMP " info  request model=gpt-5 note=\"two words\" status=200 took_ms=1234.567 "
                   "stream=true cached=false none=\"\""),
           "text");
    use(LOG_INFO, LOG_TEXT, true);
    LOG_EVENT (ev, LOG_ERROR, "failed") {
        log_int(ev, "code", -5);
    }
    is_str(last(), S(STAMP " \033[31merror\033[0m failed code=-5"), "text with colour");
    is_int(mine->line[mine->n - 1], '\n', "a line ends in a newline");
}

static void test_levels(void)
{
    use(LOG_WARN, LOG_JSON, false);
    ok(!log_begin(LOG_DEBUG, "e") && !log_begin(LOG_INFO, "e"), "levels below are off");
    log_note(LOG_INFO, "e", "%s", "x");
    static const enum log_level on[] = {LOG_WARN, LOG_ERROR};
    for (size_t i = 0; i < ARRAY_LEN(on); i++) {
        struct log_event *ev = log_begin(on[i], "e");
        ok(ev, "the level and those above are on");
        log_end(ev);
    }
    ok(str_find(last(), S("\"level\":\"error\"")) != STR_NONE, "a level has a name");
    use(LOG_OFF, LOG_JSON, false);
    ok(!log_begin(LOG_ERROR, "e"), "off is off");
}

static void test_stamp(void)
{
    static const struct {
        int64_t wall_us;
        str text;
    } cases[] = {
        {1795246134123999, {STAMP, 24}},
        {1795246134124000, {"2026-11-21T07:28:54.124Z", 24}},
        {1795246134009000, {"2026-11-21T07:28:54.009Z", 24}},
        {1795246135000000, {"2026-11-21T07:28:55.000Z", 24}},
        {1795246134999999, {"2026-11-21T07:28:54.999Z", 24}},
        {0, {"1970-01-01T00:00:00.000Z", 24}},
    };
    use(LOG_INFO, LOG_JSON, false);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        clock_test_set(1, cases[i].wall_us);
        log_end(log_begin(LOG_INFO, "e"));
        is_str(str_slice(last(), 9, 33), cases[i].text, "the time, from one event to the next");
    }
    clock_test_set(1, 1795246134123000);
}

static void test_numbers(void)
{
    use(LOG_INFO, LOG_JSON, false);
    LOG_EVENT (ev, LOG_INFO, "e") {
        log_int(ev, "a", INT64_MIN);
        log_int(ev, "b", INT64_MAX);
        log_int(ev, "c", 0);
        log_ms(ev, "d", 0);
        log_ms(ev, "e", 7);
        log_ms(ev, "f", -1500);
        log_ms(ev, "g", INT64_MIN);
    }
    is_str(last(),
           S(HEAD ",\"a\":-9223372036854775808,\"b\":9223372036854775807,\"c\":0,\"d\":0.000,"
                  "\"e\":0.007,\"f\":-1.500,\"g\":-9223372036854775.808}"),
           "the ends of the numbers");
}

static const struct {
    const char *what;
    str value, json, text;
} hostile[] = {
#define CASE(what, value, json, text)                                                              \
    {                                                                                              \
        what, {value, sizeof(value) - 1}, {json, sizeof(json) - 1}, {text, sizeof(text) - 1},      \
    }
    CASE("newlines", "a\nb\r\n", "\"a\\nb\\r\\n\"", "\"a\\nb\\r\\n\""),
    CASE("quote and backslash", "\"\\", "\"\\\"\\\\\"", "\"\\\"\\\\\""),
    CASE("a forged line", "x\",\"level\":\"error", "\"x\\\",\\\"level\\\":\\\"error\"",
         "\"x\\\",\\\"level\\\":\\\"error\""),
    CASE("a forged key of text", "x status=200", "\"x status=200\"", "\"x status=200\""),
    CASE("an equals sign", "a=b", "\"a=b\"", "\"a=b\""),
    CASE("NUL, tab, escape", "\0\t\033[31m", "\"\\u0000\\t\\u001b[31m\"",
         "\"\\u0000\\t\\u001b[31m\""),
    CASE("DEL", "\x7F", "\"\\u007f\"", "\"\\u007f\""),
    CASE("the terminal's other escape", "\xC2\x9B", "\"\\u009b\"", "\"\\u009b\""),
    CASE("line separators", "\xE2\x80\xA8\xE2\x80\xA9", "\"\\u2028\\u2029\"", "\"\\u2028\\u2029\""),
    CASE("text turned around", "\xE2\x80\xAE\xE2\x81\xA7", "\"\\u202e\\u2067\"",
         "\"\\u202e\\u2067\""),
    CASE("letters beyond ASCII", "\xC3\xA9\xF0\x9F\x98\x80", "\"\xC3\xA9\xF0\x9F\x98\x80\"",
         "\"\xC3\xA9\xF0\x9F\x98\x80\""),
    CASE("bytes that are no UTF-8", "\xFF\xC0\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
         "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""),
    CASE("a plain word", "a-b/c.d", "\"a-b/c.d\"", "a-b/c.d"),
#undef CASE
};

static void test_hostile_values(void)
{
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        use(LOG_INFO, LOG_JSON, false);
        LOG_EVENT (ev, LOG_INFO, "e") {
            log_str(ev, "k", hostile[i].value);
        }
        str value = str_slice(str_skip(last(), sizeof(HEAD ",\"k\":") - 1), 0, hostile[i].json.n);
        is_str(value, hostile[i].json, hostile[i].what);
        is_int(last().n, sizeof(HEAD ",\"k\":") - 1 + hostile[i].json.n + 1, "and nothing more");
        use(LOG_INFO, LOG_TEXT, false);
        LOG_EVENT (ev, LOG_INFO, "e") {
            log_str(ev, "k", hostile[i].value);
        }
        is_str(str_skip(last(), sizeof(STAMP " info  e k=") - 1), hostile[i].text, "as text");
    }
}

/* -- truncation -- */

/* A line is sound when it is one line of printable UTF-8, with an even number of unescaped quotes,
 * and closed. */
static bool is_sound(str line)
{
    size_t quotes = 0;
    bool escaped = false;
    for (str s = line; s.n > 0;) {
        struct utf8 c = utf8_at(s);
        if (!c.valid || is_control(c.code))
            return false;
        quotes += c.code == '"' && !escaped;
        escaped = c.code == '\\' && !escaped;
        s = str_skip(s, c.n);
    }
    return quotes % 2 == 0 && !escaped && line.n < LOG_LINE_MAX && str_has_suffix(line, S("}"));
}

static void test_long_value(void)
{
    static const str units[] = {
        {"a", 1},    {"\xC3\xA9", 2}, {"\xE2\x82\xAC", 3}, {"\xF0\x9F\x98\x80", 4},
        {"\x01", 1}, {"\xFF", 1}};
    static char value[12000];
    use(LOG_INFO, LOG_JSON, false);
    bool sound = true;
    bool marked = true;
    for (size_t u = 0; u < ARRAY_LEN(units); u++) {
        for (size_t shift = 0; shift < 8; shift++) {
            memset(value, 'x', shift);
            for (size_t at = shift; at + units[u].n <= sizeof(value); at += units[u].n)
                memcpy(value + at, units[u].p, units[u].n);
            LOG_EVENT (ev, LOG_INFO, "e") {
                log_str(ev, "long", str_of(value, sizeof(value) / 12 * 12 - 12));
                log_int(ev, "status", 200);
            }
            sound = sound && is_sound(last());
            marked = marked && str_has_suffix(last(), S("\xE2\x80\xA6\",\"status\":200,"
                                                        "\"truncated\":true}"));
        }
    }
    ok(sound, "a value cut at any offset of any character leaves a sound line");
    ok(marked, "it ends in an ellipsis, keys behind it stay, the line says so");
}

static void test_value_limit(void)
{
    static char value[LOG_VALUE_MAX];
    memset(value, 'v', sizeof(value));
    use(LOG_INFO, LOG_JSON, false);
    for (size_t n = LOG_VALUE_MAX - 8; n <= LOG_VALUE_MAX; n++) {
        LOG_EVENT (ev, LOG_INFO, "e") {
            log_str(ev, "k", str_of(value, n));
        }
        size_t value_n = str_rfind_char(last(), 'v') + 1 - (sizeof(HEAD ",\"k\":\"") - 1);
        bool cut = str_has_suffix(last(), S("\xE2\x80\xA6\",\"truncated\":true}"));
        ok(cut ? value_n == LOG_VALUE_MAX - 4 && n > value_n : value_n == n,
           "a value is whole, or cut where the limit is");
    }
}

static void test_full_line(void)
{
    static char value[LOG_VALUE_MAX];
    memset(value, '"', sizeof(value));
    use(LOG_INFO, LOG_JSON, false);
    bool sound = true;
    bool marked = true;
    for (size_t n = 0; n < 400; n++) {
        LOG_EVENT (ev, LOG_INFO, "e") {
            log_str(ev, "first", str_of(value, n));
            for (int64_t i = 0; i < 400; i++) {
                log_str(ev, "text", S("some value"));
                log_int(ev, "number", i);
                log_ms(ev, "ms", INT64_MIN);
                log_bool(ev, "truth", false);
            }
        }
        sound = sound && is_sound(last());
        marked = marked && str_has_suffix(last(), S(",\"truncated\":true}"));
    }
    ok(sound, "a line filled to its end at any offset is sound");
    ok(marked, "and marked");
}

static void test_random_values(void)
{
    static char value[4096];
    uint64_t state = 88172645463325252u;
    bool sound = true;
    for (int round = 0; round < 4000; round++) {
        for (size_t i = 0; i < sizeof(value); i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            value[i] = (char)state;
        }
        use(LOG_INFO, LOG_JSON, false);
        LOG_EVENT (ev, LOG_INFO, "e") {
            log_str(ev, "k", str_of(value, (size_t)round));
            log_str(ev, "l", str_of(value, 90));
        }
        sound = sound && is_sound(last());
    }
    ok(sound, "random bytes of any length leave a sound line");
}

static void test_note(void)
{
    use(LOG_INFO, LOG_JSON, false);
    log_note(LOG_INFO, "e", "file %s, line %d", "a\"b", 7);
    is_str(last(), S(HEAD ",\"message\":\"file a\\\"b, line 7\"}"), "a note");
    static char text[LOG_VALUE_MAX * 2 + 1];
    bool sound = true;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t at = shift; at + 3 < sizeof(text); at += 3)
            memcpy(text + at, "\xE2\x82\xAC", 3);
        log_note(LOG_INFO, "e", "%s", text);
        sound = sound && is_sound(last()) && str_find(last(), UTF8_REPLACEMENT) == STR_NONE &&
                str_has_suffix(last(), S("\xE2\x82\xAC\xE2\x80\xA6\",\"truncated\":true}"));
    }
    ok(sound, "a long note is cut at a character");
}

/* -- misuse -- */

static void begin_twice(void *unused)
{
    (void)unused;
    (void)log_begin(LOG_ERROR, "a");
    (void)log_begin(LOG_ERROR, "b");
}

static void end_twice(void *unused)
{
    (void)unused;
    struct log_event *ev = log_begin(LOG_ERROR, "a");
    log_end(ev);
    log_end(ev);
}

static void test_misuse(void)
{
    use(LOG_INFO, LOG_JSON, false);
    ok(dies(begin_twice, NULL), "two events at once are a bug");
    ok(dies(end_twice, NULL), "so is an end without a beginning");
}

/* -- where lines go -- */

static void test_standard_error(void)
{
    use(LOG_INFO, LOG_TEXT, false);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDERR_FILENO);
    log_note(LOG_INFO, "before_start", "x");
    is_str(file_read(path), S(STAMP " info  before_start message=x\n"),
           "without a writer, standard error has the line at once");

    struct log_options options = {.level = LOG_INFO, .format = LOG_TEXT};
    is_int(log_start(&options), 0, "start without a path");
    log_note(LOG_INFO, "running", "x");
    log_flush();
    log_stop();
    ok(str_has_suffix(file_read(path), S("running message=x\n")), "logs to standard error");
    log_note(LOG_INFO, "after_stop", "x");
    ok(str_has_suffix(file_read(path), S("after_stop message=x\n")), "and goes on after stop");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    unlink(path);
}

static void test_start_fails(void)
{
    struct log_options options = {.level = LOG_INFO, .path = "/nonexistent/log"};
    is_int(log_start(&options), -E_SYSTEM, "a folder that is not there");
    is_int(errno, ENOENT, "with the reason");
    mkfifo(path, 0600);
    options.path = path;
    is_int(log_start(&options), -E_SYSTEM, "a pipe that nobody reads is refused, not waited for");
    is_int(errno, ENXIO, "with the reason");
    unlink(path);
}

static void test_file_and_rotation(void)
{
    struct log_options options = {.level = LOG_INFO, .format = LOG_TEXT, .path = path};
    is_int(log_start(&options), 0, "start with a file");
    log_note(LOG_INFO, "one", "x");
    rename(path, aside);
    log_note(LOG_INFO, "two", "x");
    is_int(log_reopen(&options), 0, "reopen after a rotation");
    log_note(LOG_INFO, "three", "x");
    log_flush();
    is_str(file_read(aside), S(STAMP " info  one message=x\n" STAMP " info  two message=x\n"),
           "the old file has what came before");
    is_str(file_read(path), S(STAMP " info  three message=x\n"), "the new one what came after");

    struct log_options bad = {.level = LOG_ERROR, .format = LOG_JSON, .path = "/nonexistent/log"};
    is_int(log_reopen(&bad), -E_SYSTEM, "a reopen that fails");
    log_note(LOG_INFO, "four", "x");
    log_flush();
    ok(str_has_suffix(file_read(path), S("\n" STAMP " info  four message=x\n")),
       "changes neither level nor format nor file");

    options.level = LOG_WARN;
    options.format = LOG_JSON;
    is_int(log_reopen(&options), 0, "a reopen with another format and level");
    log_note(LOG_INFO, "five", "x");
    log_note(LOG_WARN, "six", "x");
    log_stop();
    ok(str_has_suffix(file_read(path), S("four message=x\n{\"time\":\"" STAMP
                                         "\",\"level\":\"warn\",\"event\":\"six\","
                                         "\"message\":\"x\"}\n")),
       "the file is appended to, in the new format, from the new level");
    is_int(log_dropped(), 0, "nothing was dropped");
    unlink(path);
    unlink(aside);
}

static void test_colour_wanted(void)
{
    unsetenv("NO_COLOR");
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    int file = open("/dev/null", O_WRONLY);
    ok(terminal >= 0 && wants_colour(terminal), "colour on a terminal");
    ok(!wants_colour(file), "none in a file");
    setenv("NO_COLOR", "", 1);
    ok(wants_colour(terminal), "an empty NO_COLOR says nothing");
    setenv("NO_COLOR", "1", 1);
    ok(!wants_colour(terminal), "NO_COLOR is obeyed");
    close(terminal);
    close(file);
}

static void test_thread_end(void)
{
    ok(mine, "a thread that logged has an event");
    log_thread_end();
    ok(!mine, "and none when it ended");
    log_thread_end();
    use(LOG_INFO, LOG_JSON, false);
    log_end(log_begin(LOG_INFO, "e"));
    is_str(last(), S(HEAD "}"), "it may log again");
    log_thread_end();
}

int main(void)
{
    must(mkdtemp(folder));
    int n = snprintf(path, sizeof(path), "%s/log", folder);
    must(n > 0);
    n = snprintf(aside, sizeof(aside), "%s/log.1", folder);
    must(n > 0);
    clock_test_set(1, 1795246134123000);
    test_standard_error();
    test_start_fails();
    test_file_and_rotation();

    struct log_options nowhere = {.level = LOG_INFO, .path = "/dev/null"};
    is_int(log_start(&nowhere), 0, "start");
    test_formats();
    test_levels();
    test_stamp();
    test_numbers();
    test_hostile_values();
    test_long_value();
    test_value_limit();
    test_full_line();
    test_random_values();
    test_note();
    test_misuse();
    test_colour_wanted();
    test_thread_end();
    log_stop();
    rmdir(folder);
    return tap_done();
}
