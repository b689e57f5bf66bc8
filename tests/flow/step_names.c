/* SPDX-License-Identifier: MIT */
/* step_names - the identities of steps, and which are expected to fail. */
#include <stdio.h>
#include <string.h>

#include "flow.h"

typedef struct naming {
  struct {
    const char *name;
    unsigned seen;
  } names[32];
} naming;

static void name_entries(naming *n, flow_list *l);

static void name_entry(naming *n, flow_entry *e) {
  unsigned i = 0;
  e->expected_to_fail = false;
  for (unsigned k = 0; k < e->arms.count; k++)
    name_entries(n, &((flow_arm *)e->arms.at[k])->entries);
  name_entries(n, &e->otherwise);
  name_entries(n, &e->entries);
  if (e->kind != FLOW_A_STEP) return;
  while (n->names[i].name && strcmp(n->names[i].name, e->name)) i++;
  n->names[i].name = e->name;
  if (++n->names[i].seen == 1)
    snprintf(e->identity, sizeof e->identity, "%s", e->name);
  else
    snprintf(e->identity, sizeof e->identity, "%s#%u", e->name, n->names[i].seen);
}

static void name_entries(naming *n, flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) name_entry(n, l->at[i]);
}

static void expect_failures(flow_list *assertions) {
  for (unsigned i = 0; i < assertions->count; i++) {
    flow_assertion *a = assertions->at[i];
    if (a->kind == FLOW_STEP_FAILED) a->step->expected_to_fail = true;
  }
}

static void expect_in(flow_list *l) {
  for (unsigned i = 0; i < l->count; i++) {
    flow_entry *e = l->at[i];
    expect_failures(&e->assertions);
    for (unsigned k = 0; k < e->arms.count; k++) expect_in(&((flow_arm *)e->arms.at[k])->entries);
    expect_in(&e->otherwise);
    expect_in(&e->entries);
  }
}

void flow_name_steps(flow_document *d) {
  naming n = {.names = {{NULL, 0}}};
  for (unsigned i = 0; i < 3; i++) name_entries(&n, &d->lists[i]);
  name_entries(&n, &d->rollbacks);
  expect_failures(&d->assertions);
  for (unsigned i = 0; i < 3; i++) expect_in(&d->lists[i]);
  expect_in(&d->rollbacks);
}
