#include "gate/admin_key.c"

#include "tap.h"

static struct arena a;
static char root[] = "/tmp/throwbar-admin-key-XXXXXX";

static str in_root(const char *below)
{
    return arena_printf(&a, "%s%s", root, below);
}

static void test_folders(void)
{
    setenv("TB_STATE_DIR", "", 1);
    setenv("XDG_STATE_HOME", "relative", 1);
    unsetenv("HOME");
    struct folders f = state_folders(&a);
    is_int((int)f.n, 2, "empty and relative folders do not count");
    is_str(f.at[0], S("/var/lib/throwbar"), "the system's");
    is_str(f.at[1], S("."), "beside us");
}

static void test_life(void)
{
    setenv("TB_STATE_DIR", arena_cz(&a, in_root("/a/b")), 1);
    is_str(admin_key_read(&a), S(""), "no key yet");
    is_int(access(arena_cz(&a, in_root("/a")), F_OK), -1, "to look for one makes no folder");
    struct secret *made = admin_key_make();
    is_str(admin_key_path(&a), in_root("/a/b/admin_key"), "the operator's folder is made");
    struct stat st;
    is_int(stat(arena_cz(&a, admin_key_path(&a)), &st), 0, "the key is stored");
    is_int((int)(st.st_mode & 0777), 0600, "for its owner only");
    ok(crypt_key_is_wellformed(admin_key_read(&a), NULL), "it is a key");
    ok(secret_equals(made, admin_key_read(&a)), "the one that was made");
    struct secret *again = admin_key_make();
    ok(secret_equals(again, admin_key_read(&a)), "a restart finds it");
    secret_free(made);
    secret_free(again);
}

static void remove_all(void)
{
    static const char *const paths[] = {"/a/b/admin_key", "/a/b", "/a", ""};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        (void)remove(arena_cz(&a, in_root(paths[i])));
}

int main(void)
{
    arena_init(&a, 4096, 1 << 20);
    if (!mkdtemp(root))
        return 1;
    test_folders();
    test_life();
    remove_all();
    arena_fini(&a);
    return tap_done();
}
