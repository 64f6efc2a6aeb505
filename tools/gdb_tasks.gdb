# Backtraces of suspended tasks, for gdb on a live process or on a core file:
#
#   gdb -x tools/gdb_tasks.gdb build/throwbar PID|CORE
#   (gdb) thread 2          tasks belong to a thread: choose a worker first
#   (gdb) tasks             every task of it, with the frames it is suspended in
#   (gdb) task_frames TASK  the frames of one; TASK as `tasks` shows it
#   (gdb) task_enter TASK   live only: makes the task's frames gdb's own, for bt, up, info locals ...
#   (gdb) task_leave        ... and goes back; before the process goes on
#
# The code is built with frame pointers, so a suspended stack is a chain of pairs (the caller's
# frame, the address in the caller), which needs no registers and no process to follow. It begins at
# the frame in which rt/task_switch.c gave up the processor and ends in its function `begin`.
# Inlined functions have no frame; task_enter followed by bt shows them. Use cores that the kernel wrote:
# gcore stops at the guard pages and leaves the stacks out.

set pagination off

define task_frames
    set $tasks_t = (struct task *) $arg0
    set $tasks_f = (void **) $tasks_t->sw.frame
    set $tasks_n = 0
    # A frame of the chain lies on the task's own stack, each above the one before.
    set $tasks_top = (void **) $tasks_t
    while $tasks_f != 0 && $tasks_f < $tasks_top && $tasks_n < 64
        set $tasks_pc = $tasks_f[1]
        if $tasks_pc == 0
            loop_break
        end
        printf "  #%d  ", $tasks_n
        info line *((char *) $tasks_pc - 1)
        set $tasks_up = (void **) $tasks_f[0]
        if $tasks_up <= $tasks_f
            loop_break
        end
        set $tasks_f = $tasks_up
        set $tasks_n = $tasks_n + 1
    end
end
document task_frames
Shows the frames that one suspended task is in: task_frames TASK
end

define tasks
    set $tasks_all = &'task.c'::task_thread.all
    set $tasks_at = $tasks_all->next
    set $tasks_count = 0
    while $tasks_at != 0 && $tasks_at != $tasks_all
        set $tasks_offset = (unsigned long) &((struct task *) 0)->all
        set $tasks_one = (struct task *) ((char *) $tasks_at - $tasks_offset)
        printf "task %p  ", $tasks_one
        output $tasks_one->state
        printf "  cancelled %d  deadline_us %ld  ", $tasks_one->cancel_code, $tasks_one->deadline_us
        output $tasks_one->fn
        printf "\n"
        if $tasks_one != 'task.c'::task_thread.self
            task_frames $tasks_one
        end
        set $tasks_at = $tasks_at->next
        set $tasks_count = $tasks_count + 1
    end
    printf "%d tasks on this thread\n", $tasks_count
end
document tasks
Shows every task of the current thread and the frames it is suspended in.
end

define task_enter
    set $tasks_t = (struct task *) $arg0
    set $tasks_f = (void **) $tasks_t->sw.frame
    set $tasks_saved_pc = $pc
    set $tasks_saved_sp = $sp
    set $tasks_saved_fp = $rbp
    set $rbp = (long) $tasks_f[0]
    set $sp = (long) ($tasks_f + 2)
    set $pc = (long) $tasks_f[1]
    frame
end
document task_enter
Makes a suspended task's frames the current ones (x86-64, live process): task_enter TASK
Call task_leave before the process goes on.
end

define task_leave
    set $pc = (long) $tasks_saved_pc
    set $sp = (long) $tasks_saved_sp
    set $rbp = (long) $tasks_saved_fp
    frame
end
document task_leave
Goes back from task_enter.
end
