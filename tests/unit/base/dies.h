/* For invariants: does fn(arg) abort? It runs in a child, whose complaint is not shown. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"

static inline bool dies(void (*fn)(void *arg), void *arg)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        fn(arg);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
