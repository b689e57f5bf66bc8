/* SPDX-License-Identifier: MIT */
/* branches - what runs at the same time as what: the branches of parallel groups
 * and background steps, found before any code is emitted. */
#include "compiler.h"

/* ---- the list of branches ---- */

/* Room for one more element of `size` bytes; NULL when out of memory. */
static void *grown(mf_compiler *c, void *old, uint32_t count, uint32_t *cap, size_t size) {
  if (count < *cap) return old;
  uint32_t want = *cap ? *cap * 2 : 16;
  void *p = mf_arena_grow(c->arena, old, *cap * size, want * size);
  if (p) *cap = want;
  return p;
}

static uint32_t add_branch(mf_compiler *c, const mf_node *entry, uint32_t group) {
  mf_concurrency *k = &c->concurrency;
  mf_branch *all = grown(c, k->branches, k->count, &k->cap, sizeof *all);
  if (!all) return MF_ABSENT;
  k->branches = all;
  all[k->count] = (mf_branch){.entry = entry, .parent = k->at, .group = group, .task = MF_ABSENT};
  return k->count++;
}

static mf_str text_of(const mf_node *entry, mf_key key) {
  const mf_node *node = mf_entry_get(entry, key);
  return node && node->shape == MF_SHAPE_TEXT ? mf_node_text(node) : MF_STR("");
}

/* ---- depends_on ---- */

/* Where each branch is, by name and by id; a repeated name is NAME#2. */
static void name_branches(mf_compiler *c, mf_names *names, uint32_t first, uint32_t count) {
  mf_names repeats;
  mf_names_init(names, c->scratch);
  mf_names_init(&repeats, c->scratch);
  for (uint32_t i = first; i < first + count; i++) {
    mf_str name = text_of(c->concurrency.branches[i].entry, MF_KEY_NAME);
    mf_str id = text_of(c->concurrency.branches[i].entry, MF_KEY_ID);
    if (id.n && mf_names_get(names, id) == MF_NAMES_NONE) mf_names_set(names, id, i);
    if (name.n == 0) continue;
    if (mf_names_get(names, name) != MF_NAMES_NONE) {
      uint32_t seen = mf_names_get(&repeats, name);
      seen = seen == MF_NAMES_NONE ? 2 : seen + 1;
      mf_names_set(&repeats, name, seen);
      name = mf_compile_path(c, "%.*s#%u", (int)name.n, name.p, seen);
    }
    mf_names_set(names, name, i);
  }
}

static void unknown_dependency(mf_compiler *c, const mf_names *names, const mf_node *node) {
  mf_near near;
  mf_str name = mf_node_text(node);
  mf_near_init(&near, name);
  for (uint32_t i = 0; i < names->count; i++) mf_near_offer(&near, names->entries[i].name);
  mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p)
                            : NULL;
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_DEPENDENCY, node->span, hint, (int)name.n, name.p);
}

/* In list order, as they are waited for: `last` is where the next one goes. */
static void add_dependency(mf_compiler *c, const mf_names *names, uint32_t branch,
                           const mf_node *node, mf_dependency ***last) {
  mf_concurrency *k = &c->concurrency;
  if (node->shape != MF_SHAPE_TEXT) return;
  if (node->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, "depends_on");
    return;
  }
  uint32_t on = mf_names_get(names, mf_node_text(node));
  if (on == MF_NAMES_NONE) {
    unknown_dependency(c, names, node);
  } else if (on == branch) {
    mf_diag_add(c->diags, MF_E_DEPENDS_ON_ITSELF, node->span, (int)node->as.text.n,
                node->as.text.p);
  } else {
    mf_dependency *d = MF_NEW(c->arena, mf_dependency);
    if (!d) return;
    *d = (mf_dependency){
        .on = on, .of = branch, .next_of_on = k->branches[on].needed, .span = node->span};
    k->branches[on].needed = **last = d;
    *last = &d->next;
    k->branches[branch].open_needs++;
  }
}

static void find_dependencies(mf_compiler *c, uint32_t first, uint32_t count) {
  mf_names names = {.count = 0};
  for (uint32_t i = first; i < first + count; i++) {
    const mf_node *list = mf_entry_get(c->concurrency.branches[i].entry, MF_KEY_DEPENDS_ON);
    if (!list || list->shape != MF_SHAPE_LIST) continue;
    if (names.count == 0) name_branches(c, &names, first, count);
    mf_dependency **last = &c->concurrency.branches[i].needs;
    for (const mf_node *node = list->as.first; node; node = node->next)
      add_dependency(c, &names, i, node, &last);
  }
}

/* From a branch that is left over, along what it needs, one comes into a circle. */
static void report_circle(mf_compiler *c, uint32_t branch, uint32_t count) {
  mf_branch *all = c->concurrency.branches;
  const mf_dependency *d = NULL;
  for (uint32_t i = 0; i <= count; i++) {
    d = all[branch].needs;
    while (all[d->on].open_needs == 0) d = d->next;
    branch = d->on;
  }
  mf_str name = text_of(all[d->of].entry, MF_KEY_NAME);
  mf_diag_add(c->diags, MF_E_DEPENDENCY_CIRCLE, d->span, (int)name.n, name.p);
}

/* Branches begin in document order, but after those that they need.  Their round
 * says how often one would have to go through the document for that. */
static void order_branches(mf_compiler *c, uint32_t first, uint32_t count) {
  mf_branch *all = c->concurrency.branches;
  uint32_t *queue = MF_NEW_ARRAY(c->scratch, uint32_t, count + 1);
  uint32_t *begins = MF_NEW_ARRAY(c->scratch, uint32_t, count + 2);
  uint32_t got = 0, put = 0;
  if (!queue || !begins) return;
  for (uint32_t i = first; i < first + count; i++)
    if (all[i].open_needs == 0) queue[put++] = i;
  for (; got < put; got++)
    for (const mf_dependency *d = all[queue[got]].needed; d; d = d->next_of_on) {
      uint32_t round = all[d->on].round + (d->on > d->of);
      if (all[d->of].round < round) all[d->of].round = round;
      if (--all[d->of].open_needs == 0) queue[put++] = d->of;
    }
  for (uint32_t i = first; i < first + count && put < count; i++)
    if (all[i].open_needs) {
      report_circle(c, i, count);
      break;
    }
  for (uint32_t i = first; i < first + count; i++) begins[all[i].round + 1]++;
  for (uint32_t i = 0; i < count; i++) begins[i + 1] += begins[i];
  for (uint32_t i = first; i < first + count; i++) all[first + begins[all[i].round]++].order = i;
}

/* ---- declaring ---- */

uint32_t mf_branches_declare(mf_compiler *c, const mf_node *list) {
  mf_concurrency *k = &c->concurrency;
  uint32_t first = k->count, group = ++k->groups;
  for (const mf_node *entry = list->as.first; entry; entry = entry->next)
    if (add_branch(c, entry, group) == MF_ABSENT) return MF_ABSENT;
  const mf_arena_mark mark = mf_arena_mark_get(c->scratch);
  find_dependencies(c, first, list->count);
  order_branches(c, first, list->count);
  mf_arena_release(c->scratch, mark);
  return first;
}

uint32_t mf_branch_background(mf_compiler *c, const mf_node *step, uint32_t *group) {
  if (*group == 0) *group = ++c->concurrency.groups;
  uint32_t branch = add_branch(c, step, *group);
  if (branch != MF_ABSENT) c->concurrency.branches[branch].background = true;
  return branch;
}

void mf_branch_of_step(mf_compiler *c, uint32_t row, uint32_t branch) {
  mf_concurrency *k = &c->concurrency;
  uint32_t *all = k->of_step;
  while (row >= k->step_cap) {
    all = grown(c, all, k->step_cap, &k->step_cap, sizeof *all);
    if (!all) return;
    k->of_step = all;
  }
  all[row] = branch;
  k->step_count = row + 1;
}

/* ---- asking ---- */

static bool is_in(const mf_concurrency *k, uint32_t at, uint32_t branch) {
  while (at != MF_ABSENT && at != branch) at = k->branches[at].parent;
  return at == branch;
}

/* Whether x needs y, or one that needs y: along the graph, each branch once. */
static bool needs(mf_compiler *c, uint32_t x, uint32_t y) {
  mf_concurrency *k = &c->concurrency;
  mf_branch *all = k->branches;
  if (!all[x].needs) return false;
  const mf_arena_mark mark = mf_arena_mark_get(c->scratch);
  uint32_t *stack = MF_NEW_ARRAY(c->scratch, uint32_t, k->count), depth = 0;
  bool found = false;
  k->mark++;
  if (stack) stack[depth++] = x;
  while (depth && !found)
    for (const mf_dependency *d = all[stack[--depth]].needs; d && !found; d = d->next) {
      found = d->on == y;
      if (all[d->on].mark == k->mark) continue;
      all[d->on].mark = k->mark;
      stack[depth++] = d->on;
    }
  mf_arena_release(c->scratch, mark);
  return found;
}

/* Whether what is emitted now may run while `branch` does, and has not waited for
 * it. */
static bool runs_beside(mf_compiler *c, uint32_t branch) {
  mf_concurrency *k = &c->concurrency;
  for (uint32_t y = branch; y != MF_ABSENT; y = k->branches[y].parent) {
    const mf_branch *b = &k->branches[y];
    if (is_in(k, k->at, y)) return false; /* and so are its parents */
    if (b->background && b->spawned && !b->over) return true;
    if (b->background) continue;
    for (uint32_t x = k->at; x != MF_ABSENT; x = k->branches[x].parent)
      if (k->branches[x].group == b->group) return !needs(c, x, y);
  }
  return false;
}

void mf_branches_check_step(mf_compiler *c, uint32_t row, mf_str name, mf_span span) {
  const mf_concurrency *k = &c->concurrency;
  if (row < k->step_count && k->of_step[row] != MF_ABSENT && runs_beside(c, k->of_step[row]))
    mf_diag_add_hint(c->diags, MF_E_RUNS_BESIDE, span, "write depends_on, or look at it afterwards",
                     (int)name.n, name.p);
}

void mf_branches_check_write(mf_compiler *c, uint32_t slot, mf_str name, mf_span span) {
  mf_concurrency *k = &c->concurrency;
  if (k->count == 0 || mf_builder_row_get(c->b, MF_TABLE_SLOT, slot)[1] != MF_SLOT_KIND_GLOBAL)
    return;
  mf_names_entry *writers = mf_names_entry_of(&k->writers, name);
  if (!writers) return;
  bool known = false;
  uint32_t i = writers->value == MF_NAMES_NONE ? 0 : writers->value;
  for (; i && !known; i = k->writes[i - 1].next) {
    const mf_write *w = &k->writes[i - 1];
    known = w->branch == k->at || w->told;
    if (known || w->branch == MF_ABSENT || !runs_beside(c, w->branch)) continue;
    mf_diag_add(c->diags, MF_W_SET_IN_BRANCHES, span, (int)name.n, name.p);
    k->writes[i - 1].told = known = true;
  }
  if (known) return;
  mf_write *all = grown(c, k->writes, k->write_count, &k->write_cap, sizeof *all);
  if (!all) return;
  k->writes = all;
  all[k->write_count] = (mf_write){k->at, writers->value == MF_NAMES_NONE ? 0 : writers->value,
                                   false};
  writers->value = ++k->write_count;
}
