/* Recycled blocks of memory in power-of-two sizes, one free list per size and thread.
 *
 * Everything that grows or is short-lived on a hot path (arenas, bufs, request bodies) takes its
 * memory here, so that in a steady state nobody calls malloc and an 800 KB body does not page-fault
 * on every request. Blocks of 128 KiB and more are mapped, so an announced but never sent body
 * costs no memory. What a thread keeps for reuse is capped; beyond it blocks go back to the system.
 * A block may be given back on another thread than took it. Under ASan, and
 * with POOL_DISABLE=1 in the environment (for valgrind), every call is malloc or free, so that a
 * block used after its release is found. */
#pragma once

#include "base/defs.h"

#define POOL_MIN 512u

/* At least `need` bytes, uninitialised, 16-byte aligned; *size gets the real size. Aborts when
 * memory is out. */
OWNED void *pool_acquire(size_t need, size_t *size);
/* Takes the block back; `size` is what pool_acquire said. p == NULL is allowed. */
void pool_release(void *p, size_t size);
/* Gives back what this thread has not used since the last call: every few seconds while it keeps
 * something. */
void pool_decay(void);
/* Gives everything this thread keeps back to the system: at thread end, and when memory is short.
 */
void pool_trim(void);
/* Bytes kept for reuse by this thread. */
size_t pool_idle_bytes(void);
