/* The admin API: what an operator's tools ask a running instance (interface.md section 6), on
 * the admin listener. */
#pragma once

#include "gate/path.h"

extern const struct path_table api_paths;
