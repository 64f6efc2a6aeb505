/* The two path tables: of clients, and what every listener has. */
#pragma once

#include "gate/path.h"

extern const struct path_table paths_server;
/* Health, for both listeners; the admin table contains these rows too. */
int paths_healthz(struct exchange *x);
int paths_readyz(struct exchange *x);
