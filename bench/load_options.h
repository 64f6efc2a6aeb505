/* What the load generator is told on its command line: --name value, or --name alone for stream
 * and idle. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "request.h"

struct load_options {
    const char *target, *scenario; /* only repeated in the result */
    struct request_shape request;
    pid_t pid; /* of the server: it and its descendants are measured */
    int clients;
    double rate; /* requests a second, of an open loop; 0: closed loop */
    int64_t ramp_ns, warmup_ns, duration_ns;
    bool idles;
};

/* Ends the program when the arguments make no sense. */
void options_read(struct load_options *o, int argc, char **argv);
