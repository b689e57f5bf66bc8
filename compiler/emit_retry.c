/* SPDX-License-Identifier: MIT */
/* emit_retry - attempts of a step or an action (docs/language.md, "Retries"). */
#include "compiler.h"

const mf_retry_ops mf_step_retry = {MF_OP_RETRY_BEGIN, MF_OP_RETRY, MF_OP_RETRY_IF,
                                    MF_OP_RETRY_WAIT};
const mf_retry_ops mf_action_retry = {MF_OP_ACTION_RETRY_BEGIN, MF_OP_ACTION_RETRY,
                                      MF_OP_ACTION_RETRY_IF, MF_OP_ACTION_RETRY_WAIT};

static bool is_below(const mf_node *node, double least) {
  if (node->shape == MF_SHAPE_INT) return (double)node->as.i < least;
  return node->shape == MF_SHAPE_DOUBLE && !(node->as.d >= least);
}

static void check_attempts(mf_compiler *c, const mf_node *retry) {
  const mf_node *most = mf_node_get(retry, MF_KEY_MAX_ATTEMPTS);
  if (most && (most->shape == MF_SHAPE_DOUBLE || is_below(most, 1)))
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, most->span, "max_attempts",
                "a whole number from 1 on: the first attempt counts");
}

static void add_seconds(mf_compiler *c, mf_expr *policy, const char *name, const mf_node *retry,
                        mf_key key) {
  const mf_node *node = mf_node_get(retry, key);
  if (node) mf_map_expr_add(c, policy, name, mf_seconds_expr(c, node));
}

/* A factor alone says that the pause grows; without one it doubles. */
static void add_factor(mf_compiler *c, mf_expr *policy, const mf_node *retry) {
  const mf_node *factor = mf_node_get(retry, MF_KEY_FACTOR);
  if (factor && is_below(factor, 1))
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, factor->span, "factor", "1 or greater");
  const mf_node *grows = mf_node_get(retry, MF_KEY_EXPONENTIAL_BACKOFF);
  if (grows ? grows->shape == MF_SHAPE_BOOL && !grows->as.b : !factor) return;
  if (mf_is_computed(grows))
    mf_map_expr_add(c, policy, "exponential_backoff", mf_data_expr(c, grows));
  mf_map_expr_add(c, policy, "factor",
                  factor ? mf_data_expr(c, factor)
                         : mf_literal(c, retry->span, (mf_value){.kind = MF_INT, .as.i = 2}));
}

uint32_t mf_emit_retry_begin(mf_compiler *c, const mf_retry_ops *ops, const mf_node *retry,
                             uint32_t row) {
  mf_expr *policy = mf_map_expr(c, retry->span);
  uint32_t attempt = mf_builder_label(c->b);
  check_attempts(c, retry);
  mf_map_expr_add_key(c, policy, "max_attempts", retry, MF_KEY_MAX_ATTEMPTS);
  add_seconds(c, policy, "delay", retry, MF_KEY_DELAY);
  add_factor(c, policy, retry);
  add_seconds(c, policy, "max_delay", retry, MF_KEY_MAX_DELAY);
  add_seconds(c, policy, "jitter", retry, MF_KEY_JITTER);
  mf_emit_expr(c, policy);
  mf_builder_emit(c->b, ops->begin, row, 0, 0);
  mf_builder_place(c->b, attempt);
  return attempt;
}

/* A failure of the pause itself is final. */
void mf_emit_retry_end(mf_compiler *c, const mf_retry_ops *ops, const mf_node *retry, uint32_t row,
                       uint32_t attempt) {
  const mf_node *when = mf_node_get(retry, MF_KEY_WHEN);
  uint32_t done = mf_builder_label(c->b);
  mf_compile_at(c, retry->span);
  MF_EMIT(c, HANDLER, done, 0);
  mf_builder_emit(c->b, ops->decide, row, done, 0);
  if (when) {
    mf_expr *condition = mf_condition_expr(c, when);
    if (condition) mf_emit_truth(c, condition);
    mf_builder_emit(c->b, ops->decide_if, row, done, 0);
  }
  mf_builder_emit(c->b, ops->wait, row, 0, 0);
  MF_EMIT(c, JUMP, attempt, 0);
  mf_builder_place(c->b, done);
}
