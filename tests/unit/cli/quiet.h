/* Standard output put away while the code under test writes to it, so that the TAP stays clean. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static inline int quiet_begin(void)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    close(nothing);
    return kept;
}

static inline void quiet_end(int kept)
{
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
}
