/* Boost.Context's two entry points, wrapped so that the sanitizers, valgrind and gdb can follow.
 *
 * The C++ headers of Boost.Context cannot be included from C, but the library's symbols are plain C
 * and documented; they are declared here. jump_fcontext saves the callee-saved registers on the
 * stack it leaves, and hands the new stack the address of what it saved.
 *
 * A stack is one anonymous mapping whose lowest page is a guard. Where the kernel can (Linux 6.13),
 * the guard is a marker in the page table instead of a mapping of its own, so that the number of
 * tasks is not bounded by vm.max_map_count. Huge pages are refused: a task is to cost the one or
 * two pages it touches.
 *
 * Finished stacks are reused in three tiers. The STACKS_WARM last ones keep their pages, twice as
 * many as one turn's events can set going. Beyond that the pages go back to the system and the
 * mapping is kept; beyond STACKS_COLD the mapping goes too. A burst thus leaves address space
 * behind, not memory. The lists are arrays and not links in the stacks, since a link would cost a
 * cold stack the page it lies in. */
#include "rt/task_switch.h"

#include <sys/mman.h>
#include <unistd.h>

#include "rt/task.h"

#if ASAN
#include <sanitizer/common_interface_defs.h>
#elif TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id)       (void)(id)
#endif

/* boost/context/detail/fcontext.hpp, in C. */
typedef void *fcontext_t; /* style: the library's name */
struct transfer {
    fcontext_t fctx; /* whoever jumped here */
    void *data;
};
struct transfer jump_fcontext(fcontext_t to, void *data);
fcontext_t make_fcontext(void *sp, size_t size, void (*fn)(struct transfer));

#define STACKS_WARM 512
#define STACKS_COLD 4096

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13; younger than the C library's header */
#endif

static _Thread_local struct {
    size_t warm_n, cold_n;
    struct task_stack warm[STACKS_WARM], cold[STACKS_COLD];
} idle;

/* The loop's side of the switch that is under way. */
static _Thread_local struct task_switch loop_side;
#if ASAN
static _Thread_local struct {
    const void *bottom;
    size_t size;
} loop_stack;
#endif

/* ---- stacks ---- */

static size_t guard_bytes(void)
{
    static _Thread_local size_t page;
    if (page == 0)
        page = (size_t)sysconf(_SC_PAGESIZE);
    return page;
}

static struct task_stack map_stack(void)
{
    char *base = mmap(NULL, TASK_STACK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    must(base != MAP_FAILED);
    (void)madvise(base, TASK_STACK_BYTES, MADV_NOHUGEPAGE); /* fails where there are none */
    if (madvise(base, guard_bytes(), MADV_GUARD_INSTALL) == -1)
        must(mprotect(base, guard_bytes(), PROT_NONE) == 0);
    char *top = base + TASK_STACK_BYTES;
    unsigned id = (unsigned)VALGRIND_STACK_REGISTER(base + guard_bytes(), top - 1);
    return (struct task_stack){.top = top, .valgrind_id = id};
}

static void unmap_stack(struct task_stack stack)
{
    VALGRIND_STACK_DEREGISTER(stack.valgrind_id);
    must(munmap(stack.top - TASK_STACK_BYTES, TASK_STACK_BYTES) == 0);
}

struct task_stack task_stack_acquire(void)
{
    if (idle.warm_n > 0)
        return idle.warm[--idle.warm_n];
    if (idle.cold_n > 0)
        return idle.cold[--idle.cold_n];
    return map_stack();
}

void task_stack_release(struct task_stack stack)
{
    char *low = stack.top - TASK_STACK_BYTES + guard_bytes();
    size_t size = TASK_STACK_BYTES - guard_bytes();
    asan_unpoison(low, size); /* frames that never returned */
    if (idle.warm_n < STACKS_WARM) {
        idle.warm[idle.warm_n++] = stack;
    } else if (idle.cold_n < STACKS_COLD) {
        (void)madvise(low, size, MADV_DONTNEED);
        idle.cold[idle.cold_n++] = stack;
    } else {
        unmap_stack(stack);
    }
}

size_t task_stacks_idle(void)
{
    return idle.warm_n + idle.cold_n;
}

void task_stacks_trim(void)
{
    while (idle.warm_n > 0)
        unmap_stack(idle.warm[--idle.warm_n]);
    while (idle.cold_n > 0)
        unmap_stack(idle.cold[--idle.cold_n]);
}

/* ---- what the sanitizers want to know: before a jump, and after arriving ---- */

/* Always inlined: TSan keeps one call stack per fiber, and a call that begins on one fiber must not
 * return on another. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* `save` is NULL on a stack that will never be returned to: its fake frames are freed. */
ALWAYS_INLINE void leave_for_task(const struct task_switch *s, void **save)
{
#if ASAN
    __sanitizer_start_switch_fiber(save, s->stack_top - TASK_STACK_BYTES + guard_bytes(),
                                   TASK_STACK_BYTES - guard_bytes());
#elif TSAN
    __tsan_switch_to_fiber(s->fiber, 0);
#endif
    (void)s, (void)save;
}

ALWAYS_INLINE void leave_for_loop(void **save)
{
#if ASAN
    __sanitizer_start_switch_fiber(save, loop_stack.bottom, loop_stack.size);
#elif TSAN
    __tsan_switch_to_fiber(loop_side.fiber, 0);
#endif
    (void)save;
}

ALWAYS_INLINE void arrive_in_task(struct task_switch *s)
{
#if ASAN
    __sanitizer_finish_switch_fiber(s->fake_stack, &loop_stack.bottom, &loop_stack.size);
#endif
    (void)s;
}

ALWAYS_INLINE void arrive_in_loop(void)
{
#if ASAN
    __sanitizer_finish_switch_fiber(loop_side.fake_stack, NULL, NULL);
#endif
}

/* ---- the switch ---- */

/* The bottom frame of every task. */
static void begin(struct transfer from)
{
    struct task_switch *s = from.data;
    loop_side.context = from.fctx;
    arrive_in_task(s);
    s->entry(s);
    must_failed("a task's entry does not return", __FILE__, __LINE__);
}

void task_switch_init(struct task_switch *s, struct task_stack stack, void *sp,
                      void (*entry)(struct task_switch *s))
{
    char *base = stack.top - TASK_STACK_BYTES;
    *s = (struct task_switch){
        .context = make_fcontext(sp, (size_t)((char *)sp - base), begin),
        .entry = entry,
        .stack_top = stack.top,
    };
#if TSAN
    s->fiber = __tsan_create_fiber(0);
#endif
}

void task_switch_fini(struct task_switch *s)
{
#if TSAN
    __tsan_destroy_fiber(s->fiber);
    s->fiber = NULL;
#endif
    s->context = NULL;
}

void task_switch_in(struct task_switch *s)
{
#if TSAN
    loop_side.fiber = __tsan_get_current_fiber();
#endif
    leave_for_task(s, &loop_side.fake_stack);
    struct transfer from = jump_fcontext(s->context, s);
    arrive_in_loop();
    s->context = from.fctx;
}

void task_switch_out(struct task_switch *s)
{
    s->frame = __builtin_frame_address(0);
    leave_for_loop(&s->fake_stack);
    struct transfer from = jump_fcontext(loop_side.context, NULL);
    loop_side.context = from.fctx;
    arrive_in_task(s);
}

_Noreturn void task_switch_end(struct task_switch *s)
{
    s->frame = NULL;
    leave_for_loop(NULL);
    (void)jump_fcontext(loop_side.context, NULL);
    must_failed("a finished task is not resumed", __FILE__, __LINE__);
}
