/* Poisoning of memory that is ours but not in use, so that AddressSanitizer reports its use as it
 * would report the use of freed memory. Without the sanitizer these are nothing. ASAN is
 * 1 or 0. Only allocators include this (those of base, and of stacks). */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

#if ASAN
#include <sanitizer/asan_interface.h>
#define asan_poison(p, n)   __asan_poison_memory_region((p), (n))
#define asan_unpoison(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define asan_poison(p, n)   ((void)(p), (void)(n))
#define asan_unpoison(p, n) ((void)(p), (void)(n))
#endif
