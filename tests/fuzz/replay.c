/* Runs a fuzz target over files, without libFuzzer: the committed seeds become an ordinary test,
 * with any compiler, and a crash found elsewhere can be stepped through in a debugger.
 *
 *     fuzz_json_scan FILE-OR-FOLDER... */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (8u << 20)

static int replay_file(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    if (!f) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t n = fread(input, 1, sizeof input, f);
    (void)fclose(f);
    uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
    if (!exact)
        return 1;
    memcpy(exact, input, n);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

static int replay(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOTDIR ? replay_file(path) : 0; /* no folder: no seeds */
    int rc = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        static char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < (int)sizeof file)
            rc |= replay_file(file);
    }
    (void)closedir(dir);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = 0;
    for (int i = 1; i < argc; i++)
        rc |= replay(argv[i]);
    return rc;
}
