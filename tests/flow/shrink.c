/* SPDX-License-Identifier: MIT */
/* shrink - makes a document smaller while what is wrong with it stays wrong. */
#include <string.h>

#include "flow.h"

/* Whether the list could do without its element. */
static bool drop(flow_document *d, flow_list *l, unsigned i, bool (*differs)(flow_document *d)) {
  void *kept = l->at[i];
  size_t after = (l->count - i - 1) * sizeof *l->at;
  memmove(l->at + i, l->at + i + 1, after);
  l->count--;
  if (differs(d)) return true;
  memmove(l->at + i + 1, l->at + i, after);
  l->at[i] = kept;
  l->count++;
  return false;
}

static bool drop_condition(flow_document *d, flow_expr **e, bool (*differs)(flow_document *d)) {
  flow_expr *kept = *e;
  *e = NULL;
  if (differs(d)) return true;
  *e = kept;
  return false;
}

static bool drop_flag(bool *flag, flow_document *d, bool (*differs)(flow_document *d)) {
  *flag = false;
  if (!differs(d)) *flag = true;
  return !*flag;
}

/* The operands of a condition in its place. */
static bool simplify(flow_document *d, flow_expr **e, bool (*differs)(flow_document *d)) {
  flow_expr *kept = *e, *parts[] = {kept->a, kept->b};
  bool logic = kept->op == FLOW_NOT || kept->op == FLOW_AND || kept->op == FLOW_OR;
  for (unsigned i = 0; logic && i < 2; i++) {
    if (!parts[i]) continue;
    *e = parts[i];
    if (differs(d)) return true;
  }
  *e = kept;
  return false;
}

static bool pass(flow_document *d, bool (*differs)(flow_document *d)) {
  bool smaller = false;
  for (unsigned k = d->list_count; k-- > 0;)
    for (unsigned i = d->all_lists[k]->count; i-- > 0;)
      smaller = drop(d, d->all_lists[k], i, differs) || smaller;
  for (unsigned k = 0; k < d->condition_count; k++)
    if (*d->all_conditions[k])
      smaller = drop_condition(d, d->all_conditions[k], differs) ||
                simplify(d, d->all_conditions[k], differs) || smaller;
  for (unsigned k = 0; k < d->flag_count; k++)
    if (*d->all_flags[k]) smaller = drop_flag(d->all_flags[k], d, differs) || smaller;
  unsigned iterations = d->iterations;
  if (iterations) {
    d->iterations = iterations > 1 ? iterations - 1 : 0;
    if (differs(d))
      smaller = true;
    else
      d->iterations = iterations;
  }
  if (d->steady) smaller = drop_flag(&d->steady, d, differs) || smaller;
  if (d->parallel) smaller = drop_flag(&d->parallel, d, differs) || smaller;
  return smaller;
}

void flow_shrink(flow_document *d, bool (*differs)(flow_document *d)) {
  for (unsigned i = 0; i < 20 && pass(d, differs); i++) continue;
}
