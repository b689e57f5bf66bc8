/* operations - what the statements of the main chunk do, one function each.
 *
 * Each is called with the task's execution state saved (pc behind the
 * instruction, sp as it was before it) and may change both.  `a` and `b` are
 * operands; an operation that has no b gets 0. */
#ifndef MF_VM_OPERATIONS_H
#define MF_VM_OPERATIONS_H
#include "exec.h"

/* The number of a task, for traces; 0 in an expression. */
uint32_t mf_task_number(const mf_task *t);

/* JUMP_FALSE, when what it would pop is no bool. */
mf_stop mf_do_bad_condition(mf_task *t);

#define MF_OPERATION(name) mf_stop mf_do_##name(mf_task *t, uint32_t a, uint32_t b)

/* vm/statements.c */
MF_OPERATION(jump_failed);
MF_OPERATION(store);
MF_OPERATION(init);
MF_OPERATION(clear);
MF_OPERATION(handler);
MF_OPERATION(skip);
MF_OPERATION(fail);
MF_OPERATION(abort);
MF_OPERATION(gate);
MF_OPERATION(handled);
MF_OPERATION(allow);
MF_OPERATION(log);
MF_OPERATION(labels);
MF_OPERATION(message);
MF_OPERATION(metric);

/* vm/entries.c */
MF_OPERATION(run_enter);
MF_OPERATION(run_final);
MF_OPERATION(run_leave);
MF_OPERATION(hook_enter);
MF_OPERATION(hook_begin);
MF_OPERATION(hook_leave);
MF_OPERATION(action_enter);
MF_OPERATION(action_leave);
MF_OPERATION(branch_enter);
MF_OPERATION(branch_take);
MF_OPERATION(branch_fail);

/* vm/steps.c */
MF_OPERATION(step_enter);
MF_OPERATION(step_begin);
MF_OPERATION(step_outcome);
MF_OPERATION(step_leave);

/* vm/linked.c */
MF_OPERATION(link_enter);
MF_OPERATION(link_leave);
/* vm/repeat.c */
MF_OPERATION(repeat_enter);
MF_OPERATION(repeat_begin);
MF_OPERATION(repeat_next);
MF_OPERATION(repeat_leave);

/* vm/retry.c */
MF_OPERATION(retry_begin);
MF_OPERATION(retry);
MF_OPERATION(retry_if);
MF_OPERATION(retry_wait);

/* vm/effects.c */
MF_OPERATION(fault_enter);
MF_OPERATION(fault_leave);
MF_OPERATION(now);
MF_OPERATION(wait);
MF_OPERATION(effect);
MF_OPERATION(block_enter);
MF_OPERATION(block_leave);
MF_OPERATION(jump_clean);
MF_OPERATION(run_begin);
MF_OPERATION(jump_missed);
MF_OPERATION(wait_again);
MF_OPERATION(outcome);
MF_OPERATION(answer);
MF_OPERATION(scenario);
MF_OPERATION(report);

/* vm/groups.c */
MF_OPERATION(group_enter);
MF_OPERATION(group_begin);
MF_OPERATION(group_leave);
MF_OPERATION(needs);
MF_OPERATION(task_end);
/* The branch begins at the next instruction; `c` is where the group goes on. */
mf_stop mf_do_spawn(mf_task *t, uint32_t a, uint32_t b, uint32_t c);

/* vm/deadlines.c */
MF_OPERATION(timeout);

/* vm/watched.c */
MF_OPERATION(watched);
MF_OPERATION(judge);

/* vm/judge.c */
MF_OPERATION(assert);
MF_OPERATION(verdict);
#endif
