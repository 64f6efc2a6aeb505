/* Processor time comes from /proc/PID/task/TID/schedstat, whose first number counts nanoseconds
 * (proc(5)): the ticks in /proc/PID/stat are 10 ms each, which is coarse for a run of three
 * seconds, and the kernel books a whole tick on whoever is running when it falls. Threads are kept
 * apart, since the busiest one says when a server with several workers is full.
 *
 * A server may fork its workers (nginx does), so the whole tree below the started process is read.
 * It is read once before the measurement, because no server here starts processes later. A file
 * that has gone counts as nothing. */
#include "procstat.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define PATH_ROOM 96

static FILE *open_proc(pid_t pid, const char *rest)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, rest); /* a cut path is not found */
    return fopen(path, "re");
}

/* The parent of a process; 0 when it has gone. Its name, in brackets, may hold anything, even
 * brackets. */
static pid_t parent_of(pid_t pid)
{
    FILE *file = open_proc(pid, "stat");
    if (!file)
        return 0;
    char line[512];
    size_t n = fread(line, 1, sizeof line - 1, file);
    (void)fclose(file); /* opened for reading */
    line[n] = '\0';
    const char *name_end = strrchr(line, ')');
    int parent = 0;
    if (!name_end || sscanf(name_end + 1, " %*c %d", &parent) != 1)
        return 0;
    return parent;
}

/* The next entry of a folder of /proc that is a number, 0 at the end. */
static pid_t next_number(DIR *dir)
{
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (isdigit((unsigned char)e->d_name[0]))
            return (pid_t)strtol(e->d_name, NULL, 10);
    }
    return 0;
}

static bool tree_has(const struct process_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->pids[i] == pid)
            return true;
    }
    return false;
}

/* Adds the children of those already there; true when there were any. */
static bool add_children(struct process_tree *tree)
{
    DIR *dir = opendir("/proc");
    if (!dir)
        return false;
    size_t before = tree->n;
    for (pid_t pid = next_number(dir); pid > 0; pid = next_number(dir)) {
        if (tree->n < TREE_MAX && !tree_has(tree, pid) && tree_has(tree, parent_of(pid)))
            tree->pids[tree->n++] = pid;
    }
    (void)closedir(dir); /* opened for reading */
    return tree->n > before;
}

struct process_tree tree_of(pid_t root)
{
    struct process_tree tree = {.n = 0};
    if (root <= 0)
        return tree;
    tree.pids[tree.n++] = root;
    while (add_children(&tree))
        continue;
    return tree;
}

static int64_t thread_ns(pid_t pid, pid_t tid)
{
    char rest[PATH_ROOM / 2];
    (void)snprintf(rest, sizeof rest, "task/%d/schedstat", tid); /* likewise */
    FILE *file = open_proc(pid, rest);
    if (!file)
        return 0;
    int64_t ns = 0;
    if (fscanf(file, "%" SCNd64, &ns) != 1)
        ns = 0;
    (void)fclose(file); /* opened for reading */
    return ns;
}

void tree_cpu(const struct process_tree *tree, struct cpu_use *out)
{
    out->n = 0;
    for (size_t i = 0; i < tree->n; i++) {
        char path[PATH_ROOM];
        (void)snprintf(path, sizeof path, "/proc/%d/task", tree->pids[i]); /* likewise */
        DIR *dir = opendir(path);
        if (!dir)
            continue;
        for (pid_t tid = next_number(dir); tid > 0; tid = next_number(dir)) {
            if (out->n == THREADS_MAX)
                break;
            out->threads[out->n].tid = tid;
            out->threads[out->n++].ns = thread_ns(tree->pids[i], tid);
        }
        (void)closedir(dir); /* opened for reading */
    }
}

/* What thread number i of `to` has used since `from`; a thread that is not there began since. */
static int64_t used(const struct cpu_use *from, const struct cpu_use *to, size_t i)
{
    for (size_t j = 0; j < from->n; j++) {
        if (from->threads[j].tid == to->threads[i].tid)
            return to->threads[i].ns - from->threads[j].ns;
    }
    return to->threads[i].ns;
}

int64_t cpu_total_ns(const struct cpu_use *from, const struct cpu_use *to)
{
    int64_t sum = 0;
    for (size_t i = 0; i < to->n; i++)
        sum += used(from, to, i);
    return sum;
}

int64_t cpu_busiest_ns(const struct cpu_use *from, const struct cpu_use *to)
{
    int64_t most = 0;
    for (size_t i = 0; i < to->n; i++)
        most = MAX(most, used(from, to, i));
    return most;
}

static long memory_kib(pid_t pid, const char *name)
{
    FILE *file = open_proc(pid, "status");
    if (!file)
        return 0;
    char line[256];
    long kib = 0;
    while (kib == 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    (void)fclose(file); /* opened for reading */
    return kib;
}

long tree_memory_kib(const struct process_tree *tree, const char *line)
{
    long sum = 0;
    for (size_t i = 0; i < tree->n; i++)
        sum += memory_kib(tree->pids[i], line);
    return sum;
}
