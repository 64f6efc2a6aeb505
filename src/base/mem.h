/* Memory for what is made rarely and lives long: listeners, leases, adoptions. Everything that
 * comes and goes with a request lies in an arena or comes from base/pool instead. */
#pragma once

#include "base/defs.h"

OWNED void *mem_new(size_t n); /* zeroed; aborts when memory is out */
void mem_free(void *p);        /* NULL allowed */
