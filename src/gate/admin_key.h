/* The admin key when the configuration names none: made once, kept in a file only its owner can
 * read, printed once. */
#pragma once

#include "base/arena.h"
#include "base/crypt.h"
#include "base/defs.h"

/* The key from the state folder, or a new one. Never NULL: if it cannot be stored it holds for
 * this process, and the log says so. */
OWNED struct secret *admin_key_make(void);
/* The stored key, for the command line; empty if there is none. Makes no folder. */
str admin_key_read(struct arena *a);
/* Where a new one goes: $TB_STATE_DIR; without it /var/lib/throwbar, $XDG_STATE_HOME/throwbar or
 * ~/.local/state/throwbar, whichever exists or can be made first; plus "/admin_key". */
str admin_key_path(struct arena *a);
