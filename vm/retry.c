/* SPDX-License-Identifier: MIT */
/* Attempts of a step or an action: the retry policy, and what begins anew with each of
 * them. */
#include <math.h>

#include "logic.h"
#include "machine.h"
#include "operations.h"

#define LONGEST_PAUSE 1e9

/* ---- The policy ---- */

/* What is not at least 1 is a length of time.  False: it is no such number, which was
 * raised. */
static bool read_number(mf_task *t, const mf_value *map, const char *key, double least,
                        double fallback, double *out, mf_stop *stop) {
  const mf_value *v = mf_map_get(map, mf_str_of(key));
  *out = v ? mf_map_number(map, key, NAN) : fallback;
  if (v && least == 0 && !mf_as_seconds(v, out)) *out = NAN;
  if (*out >= least && *out <= LONGEST_PAUSE) return true;
  *stop = mf_raisef(t, "retry: %s must be a number from %d to 1e9", key, (int)least);
  return false;
}

typedef struct policy {
  double delay, factor, max_delay, jitter;
} policy;

/* Given where it was not known to the compiler. */
static bool read_growth(mf_task *t, const mf_value *map, policy *p, mf_stop *stop) {
  const mf_value *grows = mf_map_get(map, MF_STR("exponential_backoff"));
  if (!grows) return true;
  if (grows->kind == MF_BOOL) {
    if (!grows->as.i) p->factor = 1;
    return true;
  }
  *stop = mf_raisef(t, "retry: exponential_backoff must be true or false, not a value of type %s",
                    mf_kind_name(grows->kind));
  return false;
}

static bool read_policy(mf_task *t, const mf_value *map, policy *p, mf_stop *stop) {
  return read_number(t, map, "delay", 0, 0, &p->delay, stop) &&
         read_number(t, map, "factor", 1, 1, &p->factor, stop) &&
         read_number(t, map, "max_delay", 0, LONGEST_PAUSE, &p->max_delay, stop) &&
         read_number(t, map, "jitter", 0, 0, &p->jitter, stop) && read_growth(t, map, p, stop);
}

static bool is_step(const mf_frame *f) { return f->op == MF_OP_STEP_ENTER; }

/* It is checked when the step or action begins, not when it has failed. */
MF_OPERATION(retry_begin) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  mf_value v;
  mf_stop stop;
  policy p;
  if (!mf_pop(t, &v, &stop)) return stop;
  const mf_value *most = mf_map_get(&v, MF_STR("max_attempts"));
  bool whole = most && (most->kind == MF_UINT || (most->kind == MF_INT && most->as.i > 0));
  if (!whole || most->as.u == 0 || most->as.u > UINT32_MAX)
    return mf_raise(t, MF_STR("retry: max_attempts must be a whole number from 1 on"));
  if (!read_policy(t, &v, &p, &stop)) return stop;
  f->turns = most->as.u;
  f->pause = p.delay;
  f->attempt = 1;
  mf_status status = mf_box_put(&t->vm->alloc, &f->args, &v, t->vm->memory.limit, NULL);
  if (status != MF_OK) return mf_end_with(t, status);
  if (is_step(f) && !mf_metrics_keep(t, f)) return mf_end_with(t, MF_OUT_OF_MEMORY);
  f->scratch = mf_arena_mark_get(&t->arena);
  return MF_GO;
}

/* -1 <= x < 1: a pure function of seed, path (with its turns) and attempt. */
static double dice(mf_task *t, const mf_frame *f) {
  mf_str path = mf_frame_path(t, f);
  uint64_t seed = t->vm->seed ^ (f->attempt * UINT64_C(0x9E3779B97F4A7C15));
  return (double)(mf_hash64(path.p, path.n, seed) >> 11) / 4503599627370496.0 - 1;
}

/* The pause after this attempt; that after the next one is longer by the factor. */
static double next_pause(mf_task *t, mf_frame *f) {
  policy p;
  mf_stop stop;
  if (f->args == NULL || !read_policy(t, &f->args->value, &p, &stop)) return 0;
  double pause = fmin(f->pause, p.max_delay);
  f->pause = fmin(pause * p.factor, p.max_delay);
  return fmin(fmax(pause + p.jitter * dice(t, f), 0), p.max_delay);
}

/* ---- Deciding ---- */

MF_OPERATION(retry) {
  (void)a;
  mf_frame *f = mf_frame_top(t);
  mf_deadline_clear(t, f); /* of the attempt that ends here: the pause takes as long as it has to */
  if (f->failed && f->attempt > 0 && f->attempt < f->turns)
    return is_step(f) ? mf_step_attempt_failed(t, f) : MF_GO;
  mf_jump(t, b);
  return MF_GO;
}

/* The attempt has failed already, with an error of its own: that of the condition is
 * told beside it. */
MF_OPERATION(retry_if) {
  (void)a;
  mf_value c = *--t->exec.sp;
  if (c.kind == MF_BOOL && c.as.i) return MF_GO;
  mf_jump(t, b);
  if (c.kind == MF_BOOL) return MF_GO;
  mf_value error = mf_no_condition(&t->exec.call, &c);
  mf_str why = mf_value_str(error);
  mf_value text = mf_errorf(&t->arena, MF_EVAL_NONE, "retry: when: %.*s", (int)why.n, why.p);
  if (mf_arena_oom(&t->arena)) return mf_end_with(t, MF_OUT_OF_MEMORY);
  mf_tell_error(t, mf_task_path(t), mf_value_str(text));
  return mf_go(t);
}

/* ---- Again ---- */

static void tell_retried(mf_task *t, const mf_frame *f, double pause) {
  const mf_image *im = t->vm->image;
  mf_notice n = {.kind = is_step(f) ? MF_NOTICE_STEP_RETRIED : MF_NOTICE_ACTION_RETRIED,
                 .outcome = MF_OUTCOME_FAILED,
                 .index = f->row,
                 .attempt = f->attempt,
                 .actual = mf_double(pause)};
  n.path = mf_frame_path(t, f);
  if (is_step(f)) {
    n.duration = t->vm->results[f->row].duration;
    n.name = f->name;
  } else {
    n.duration = (double)(t->vm->now_ns - f->begin_ns) / 1e9;
    n.name = mf_image_string(im, MF_ROWS(im, ACTION, action)[f->row].name);
  }
  n.text = mf_frame_error(f);
  mf_tell(t, &n);
}

/* What attempts leave behind in scratch memory would add up. */
static void release_scratch(mf_task *t, const mf_frame *f) {
  if (!mf_task_is_clear(t) || f->args == NULL) return;
  t->labels = t->message = (mf_value){.kind = MF_UNSET};
  mf_arena_release(&t->arena, f->scratch);
  mf_box_free(&t->vm->alloc, t->vm->retired);
  t->vm->retired = NULL;
}

void mf_retry_again(mf_task *t) {
  mf_frame *f = mf_frame_top(t);
  f->attempt++;
  if (is_step(f)) mf_step_attempt(t, f);
}

MF_OPERATION(retry_wait) {
  (void)a, (void)b;
  mf_frame *f = mf_frame_top(t);
  double pause = next_pause(t, f);
  tell_retried(t, f, pause);
  mf_box_free(&t->vm->alloc, f->error);
  f->error = NULL;
  f->failed = false;
  if (is_step(f)) mf_step_forget(t, f);
  release_scratch(t, f);
  if (pause > 0)
    return mf_ask_wait(t, is_step(f) ? MF_OP_RETRY_WAIT : MF_OP_ACTION_RETRY_WAIT, pause);
  mf_retry_again(t);
  return MF_GO;
}
