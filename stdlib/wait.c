/* SPDX-License-Identifier: MIT */
/* wait and now: the two drivers that touch nothing but the clock. */
#include "drivers.h"

typedef struct wait_op {
  mf_driver_env *env;
  mf_timer timer;
  mf_done_fn done;
  void *ctx;
} wait_op;

static void answer_ok(mf_driver_env *env, mf_done_fn done, void *ctx) {
  mf_arena arena;
  mf_map_builder b;
  mf_arena_init(&arena, &env->alloc, 0);
  mf_map_build(&b, &arena);
  mf_map_add(&b, "ok", mf_bool(true));
  mf_value outcome = mf_map_done(&b);
  done(ctx, &outcome);
  mf_arena_fini(&arena);
}

/* Frees the wait; gives back what is needed to answer. */
static wait_op take_apart(wait_op *op) {
  wait_op copy = *op;
  mf_timer_clear(op->env->loop, &op->timer);
  mf_realloc(&copy.env->alloc, op, sizeof *op, 0);
  return copy;
}

static void wait_over(mf_timer *timer) {
  wait_op op = take_apart(timer->ctx);
  answer_ok(op.env, op.done, op.ctx);
}

static mf_op *wait_start(mf_driver_env *env, const mf_value *map, mf_done_fn done, void *ctx) {
  mf_arena arena;
  mf_args args;
  mf_arena_init(&arena, &env->alloc, 0);
  mf_args_init(&args, &arena, map);
  int64_t ns = mf_scale_length(env, mf_arg_length(&args, "seconds", 0), 0);
  if (args.error) mf_answer_error(env, done, ctx, args.error);
  bool bad = args.error != NULL;
  mf_arena_fini(&arena);
  if (bad) return NULL;
  if (ns == 0) {
    answer_ok(env, done, ctx);
    return NULL;
  }
  wait_op *op = mf_realloc(&env->alloc, NULL, 0, sizeof *op);
  if (!op) return mf_answer_error(env, done, ctx, "out of memory");
  *op = (wait_op){.env = env, .done = done, .ctx = ctx};
  op->timer = (mf_timer){.fire = wait_over, .ctx = op};
  if (mf_timer_set(env->loop, &op->timer, mf_clock_monotonic() + ns) == MF_OK) return (mf_op *)op;
  take_apart(op);
  return mf_answer_error(env, done, ctx, "out of memory");
}

static void wait_cancel(mf_op *op) {
  wait_op copy = take_apart((wait_op *)op);
  mf_answer_error(copy.env, copy.done, copy.ctx, "cancelled");
}

const mf_driver mf_driver_wait = {"wait", wait_start, wait_cancel};

static mf_op *now_start(mf_driver_env *env, const mf_value *args, mf_done_fn done, void *ctx) {
  (void)args;
  answer_ok(env, done, ctx);
  return NULL;
}

/* Never called: it is over when start returns. */
static void now_cancel(mf_op *op) { (void)op; }

const mf_driver mf_driver_now = {"now", now_start, now_cancel};
