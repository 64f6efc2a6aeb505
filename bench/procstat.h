/* What a process and all its descendants have used: processor time by thread, and resident memory,
 * from /proc. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TREE_MAX    64
#define THREADS_MAX 256

struct process_tree {
    pid_t pids[TREE_MAX];
    size_t n;
};

struct cpu_use {
    struct {
        pid_t tid;
        int64_t ns;
    } threads[THREADS_MAX];
    size_t n;
};

/* `root` and its descendants as they are now; an empty tree when root is 0. */
struct process_tree tree_of(pid_t root);

/* Processor time that each thread of the tree has used since it began. */
void tree_cpu(const struct process_tree *tree, struct cpu_use *out);
/* What all threads together have used from one reading to the next, and what the one that used
 * most has. */
int64_t cpu_total_ns(const struct cpu_use *from, const struct cpu_use *to);
int64_t cpu_busiest_ns(const struct cpu_use *from, const struct cpu_use *to);

/* The sum of a line of /proc/PID/status over the tree, in KiB: "VmRSS:" is what is resident,
 * "VmHWM:" the most that ever was. */
long tree_memory_kib(const struct process_tree *tree, const char *line);
