/* SPDX-License-Identifier: MIT */
/* Fast code of loops: what goes over a list and keeps nothing of it. */
#include "fast_maker.h"
#include "fast_scan.h"

/* A slot as a range: it may be a packed list. */
void mf_fast_range(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  if (is_slot(n))
    mf_fast_add(m, MF_FAST_RANGE, offset_of(n), 0);
  else
    mf_fast_value_of(m, n, depth);
}

/* Whether evaluating n takes no more than its instructions do. */
static bool is_cheap(const mf_fast_maker *m, const mf_fast_node *n) {
  if (n->op == MF_OP_NEGATE) return is_cheap(m, n->first);
  if (n->op >= MF_OP_ADD && n->op <= MF_OP_REMAINDER)
    return !mf_fast_is_text(m, n) && is_cheap(m, n->first) && is_cheap(m, n->first->next);
  return is_slot(n) || is_constant(n);
}

/* The operands of steps that are no slots and no constants, kept from `kept` on;
 * where they are is added to the instruction behind SCAN. */
static void scan_operands(mf_fast_maker *m, const mf_scan_plan *plan, mf_fast_op *steps,
                          uint32_t kept) {
  for (uint32_t i = 0; i < plan->count; i++) {
    const mf_scan_step *s = &plan->steps[i];
    uint32_t where = s->constant ? MF_SCAN_CONST : MF_SCAN_NOWHERE, a = 0;
    if (s->operand && is_slot(s->operand)) {
      where = MF_SCAN_SLOT, a = offset_of(s->operand);
    } else if (s->operand) {
      where = MF_SCAN_KEPT, a = kept;
      mf_fast_keep(m, s->operand, kept++);
    }
    steps[i] = (mf_fast_op){
        .a = a, .b = s->op | where << MF_SCAN_WHERE, .k.p = s->constant, .l.d = s->number};
  }
}

static bool needs_share(const mf_fast_maker *m, const mf_scan_plan *plan) {
  for (uint32_t i = 0; i < plan->count; i++)
    if (plan->steps[i].operand && !is_cheap(m, plan->steps[i].operand)) return true;
  return false;
}

bool mf_fast_scan_loop(mf_fast_maker *m, const mf_fast_node *n, uint32_t code, uint32_t kind,
                       uint32_t depth) {
  mf_scan_plan plan;
  mf_fast_op steps[MF_SCAN_STEPS];
  if (!mf_scan_plan_of(&plan, m->tree, m->program->constants, n)) return false;
  const bool share = needs_share(m, &plan);
  mf_fast_check_depth(m, depth);
  if (share) {
    mf_fast_range(m, n->first, depth);
    mf_fast_add(m, MF_FAST_KEEP, depth, 0);
    mf_fast_add(m, MF_FAST_SHARE, 0, 0);
  }
  scan_operands(m, &plan, steps, depth + share);
  if (share)
    mf_fast_add(m, MF_FAST_KEPT, depth, 0);
  else
    mf_fast_range(m, n->first, depth + plan.count);
  mf_fast_op *op = mf_fast_add(m, code, plan.count, kind);
  op->k.u = plan.cost, op->l.u = depth;
  for (uint32_t i = 0; i < plan.count; i++) {
    steps[i].run = mf_fast_add(m, MF_FAST_OPERAND, 0, 0)->run;
    m->ops[m->count - 1] = steps[i];
  }
  m->work++;
  return true;
}

void mf_fast_quantifier(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_value *k = constant(m, n->a);
  const bool exists = n->op == MF_OP_EXISTS_COMPARE;
  if (k->kind == MF_DOUBLE && n->b <= 5) {
    mf_fast_range(m, n->first, depth);
    mf_fast_add(m, MF_FAST_EVERY, exists, n->b)->k.d = k->as.d;
    m->work++;
  } else if (!mf_fast_scan_loop(m, n, MF_FAST_SCAN, exists ? MF_LOOP_KIND_EXISTS : MF_LOOP_KIND_ALL,
                                depth)) {
    m->failed = true;
  }
}
