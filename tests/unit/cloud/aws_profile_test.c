/* cloud/aws_profile: the shared files as people write them. */
#include "cloud/aws_profile.c"

#include "base/pool.h"
#include "tap.h"

static struct arena arena;
static struct aws_profile p;

static bool read(const char *config, const char *credentials, const char *name)
{
    return aws_profile_read(&arena, str_from_cz(config), str_from_cz(credentials),
                            str_from_cz(name), &p);
}

static const char config[] = "# a comment\n"
                             "; another\n"
                             "\n"
                             "[default]\r\n"
                             "region = eu-west-1\r\n"
                             "output=json # not ours\n"
                             "s3 =\n"
                             "  region = nested\n"
                             "  max = 1\n"
                             "[profile role]   # who\n"
                             "role_arn = arn:aws:iam::1:role/x\n"
                             "source_profile=base\n"
                             "external_id = e=1\n"
                             "duration_seconds = 900\n"
                             "no equals sign\n"
                             "[ profile  \"with space\" ]\n"
                             "  region = us-west-2\n"
                             "  web_identity_token_file = /var/token\n"
                             "[base]\n"
                             "region = not-a-profile\n"
                             "[profile process]\n"
                             "credential_process = /bin/x --y\n"
                             "[profile person]\n"
                             "sso_session = s\n"
                             "[sso-session s]\n"
                             "region = other\n"
                             "[profile both]\n"
                             "credential_process = /bin/x\n"
                             "[unclosed\n"
                             "region = still-both\n";
static const char credentials[] = "[default]\n"
                                  "AWS_ACCESS_KEY_ID = AKIA1\n"
                                  "aws_secret_access_key = a+b/c=  \n"
                                  "\taws_session_token\t=\tt#o;k ; comment\n"
                                  "[base]\n"
                                  "aws_access_key_id = AKIA2\n"
                                  "aws_access_key_id = AKIA3\n"
                                  "aws_secret_access_key = s\n"
                                  "region = us-gov-west-1\n"
                                  "[both]\n"
                                  "aws_access_key_id = AKIA4\n"
                                  "aws_secret_access_key = s\n"
                                  "[profile role]\n"
                                  "role_arn = not-a-profile-of-this-file";

static void test_profiles(void)
{
    ok(read(config, credentials, "default"), "the default profile");
    is_str(p.region, S("eu-west-1"), "of the configuration file, without a nested one");
    is_str(p.keys.access_key_id, S("AKIA1"), "of the credentials file, in any case");
    is_str(p.keys.secret_access_key, S("a+b/c="), "a value with an equals sign");
    is_str(p.keys.session_token, S("t#o;k"), "an indented one, less its comment");
    ok(read(config, credentials, "role"), "a role");
    is_str(p.role_arn, S("arn:aws:iam::1:role/x"), "its name");
    is_str(p.source_profile, S("base"), "its source");
    is_str(p.external_id, S("e=1"), "its external id");
    is_int(p.duration_s, 900, "its duration");
    ok(read(config, credentials, "with space"), "a quoted name");
    is_str(p.region, S("us-west-2"), "with indented properties");
    is_str(p.web_identity_token_file, S("/var/token"), "and a token");
    ok(read(config, credentials, "base"), "a profile of the credentials file");
    is_str(p.keys.access_key_id, S("AKIA3"), "the last value counts");
    is_str(p.region, S("us-gov-west-1"), "\"[base]\" is no profile of the configuration file");
    ok(!read(config, credentials, "nobody"), "no such profile");
    ok(!read(config, credentials, ""), "no name");
    ok(!read("", "", "default"), "no files");
    ok(!read("region = x\n", "a = b\n", "default"), "properties without a section");
}

static void test_unsupported(void)
{
    ok(read(config, credentials, "process"), "a program");
    is_str(str_from_cz(p.unsupported), S("credential_process"), "is not run");
    ok(read(config, credentials, "person"), "a person");
    is_str(str_from_cz(p.unsupported), S("sso_session"), "is not asked");
    ok(read(config, credentials, "both") && !p.unsupported, "no matter with keys");
    is_str(p.region, S("still-both"), "a section that is none does not end one");
    ok(read("[default]\nduration_seconds = -1\nregion=\nregion = x", "", "default"), "odd values");
    ok(p.duration_s == 0 && str_eq(p.region, S("x")), "are passed over");
}

int main(void)
{
    arena_init(&arena, 4096, 1 << 20);
    test_profiles();
    test_unsupported();
    arena_fini(&arena);
    pool_trim();
    return tap_done();
}
