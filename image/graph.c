/* SPDX-License-Identifier: MIT */
/* One pass over the code of `main`, in the order in which it stands: entering
 * something makes a node, what is entered before it is left lies inside. */
#include "graph.h"

#include "parts.h"

enum { DEEPEST = 128 }; /* what is inside of more is left out */

typedef struct open_frame {
  uint32_t op, row;
  mf_graph_node *node; /* NULL: neither it nor what is inside is shown */
} open_frame;

typedef struct walk {
  const mf_image *im;
  mf_arena *arena;
  const mf_row_chunk *chunk;
  open_frame at[DEEPEST];
  uint32_t depth, unseen; /* entered beyond DEEPEST */
  mf_graph_node *root;
  mf_str arm;   /* condition of the next one */
  mf_str after; /* what the next entry waits for */
  bool rolling_back, recovering, background;
  uint32_t pc, expression; /* where the code of an expression before pc would begin */
} walk;

static const open_frame *top(const walk *w) { return w->depth ? &w->at[w->depth - 1] : NULL; }

static mf_graph_node *inside_of(const walk *w) { return w->depth ? top(w)->node : w->root; }

static void add_list(walk *w, mf_graph_node *node, mf_str label) {
  mf_graph_list *list = MF_NEW(w->arena, mf_graph_list);
  if (!list) return;
  *list = (mf_graph_list){.label = label};
  if (node->last_list)
    node->last_list->next = list;
  else
    node->lists = list;
  node->last_list = list;
}

static mf_graph_node *new_node(walk *w, mf_graph_kind kind, uint32_t row) {
  mf_graph_node *node = MF_NEW(w->arena, mf_graph_node);
  if (node) *node = (mf_graph_node){.kind = kind, .row = row, .rollback = w->rolling_back};
  return node;
}

static mf_graph_node *add_node(walk *w, mf_graph_kind kind, uint32_t row) {
  mf_graph_node *around = inside_of(w), *node;
  mf_graph_list *list = around ? around->last_list : NULL;
  if (!list || w->unseen || (node = new_node(w, kind, row)) == NULL) return NULL;
  node->after = w->after;
  node->background = w->background;
  w->after = MF_STR("");
  w->background = false;
  if (list->last)
    list->last->next = node;
  else
    list->first = node;
  list->last = node;
  return node;
}

/* ---- frames ---- */

static void enter(walk *w, uint32_t op, uint32_t row, mf_graph_node *node) {
  if (w->depth == DEEPEST || w->unseen)
    w->unseen++;
  else
    w->at[w->depth++] = (open_frame){op, row, node};
}

static void leave(walk *w) {
  if (w->unseen)
    w->unseen--;
  else if (w->depth)
    w->depth--;
}

/* A frame that stands for no entry: what is inside of it is shown if `through`. */
static void enter_other(walk *w, uint32_t op, uint32_t row, bool through) {
  enter(w, op, row, through ? inside_of(w) : NULL);
}

static void enter_block(walk *w, uint32_t block) {
  if (block == MF_BLOCK_ROLLBACK) w->rolling_back = true;
  if (block == MF_BLOCK_RECOVERY || (block == MF_BLOCK_STEADY_STATE && !w->recovering))
    add_node(w, MF_GRAPH_STEADY, block);
  if (block == MF_BLOCK_RECOVERY) w->recovering = true;
  enter_other(w, MF_OP_BLOCK_ENTER, block, block == MF_BLOCK_ROLLBACK);
}

static void leave_block(walk *w, uint32_t block) {
  if (block == MF_BLOCK_ROLLBACK) w->rolling_back = false;
  leave(w);
}

static void enter_branch(walk *w, uint32_t row) {
  mf_graph_node *node = add_node(w, MF_GRAPH_BRANCH, row);
  if (node) node->looks = MF_ROWS(w->im, BRANCH, branch)[row].flags & MF_STEP_FLAGS_LOOKS;
  w->arm = MF_STR("");
  enter(w, MF_OP_BRANCH_ENTER, row, node);
}

static void take_branch(walk *w) {
  const open_frame *f = top(w);
  if (w->unseen || !f || f->op != MF_OP_BRANCH_ENTER || !f->node) return;
  add_list(w, f->node, w->arm.n ? w->arm : MF_STR("else"));
  w->arm = MF_STR("");
}

static void enter_repeat(walk *w, uint32_t row) {
  mf_graph_node *node = add_node(w, MF_GRAPH_REPEAT, row);
  if (node) add_list(w, node, MF_STR("turn"));
  enter(w, MF_OP_REPEAT_ENTER, row, node);
}

/* Background steps and what is beside them are entries of one list. */
static void enter_group(walk *w, uint32_t row) {
  const mf_row_group *group = &MF_ROWS(w->im, GROUP, group)[row];
  if (group->mode == MF_GROUP_MODE_BACKGROUND) {
    enter_other(w, MF_OP_GROUP_ENTER, row, true);
    return;
  }
  mf_graph_node *node = add_node(w, MF_GRAPH_GROUP, row);
  enter(w, MF_OP_GROUP_ENTER, row, node);
}

static void enter_task(walk *w) {
  const open_frame *f = top(w);
  bool branch = f && f->node && !w->unseen && f->node->kind == MF_GRAPH_GROUP;
  if (branch && f->op == MF_OP_GROUP_ENTER)
    add_list(w, f->node, MF_STR(""));
  else
    w->background = true;
  enter_other(w, MF_OP_SPAWN, 0, true);
}

/* Of several one is named. */
static void take_need(walk *w, uint32_t task) {
  const open_frame *f = top(w);
  mf_str name = mf_image_string(w->im, MF_ROWS(w->im, TASK, task)[task].name);
  bool inside = f && (f->op == MF_OP_STEP_ENTER || f->op == MF_OP_ACTION_ENTER);
  if (!inside)
    w->after = name;
  else if (f->node && !w->unseen)
    f->node->after = name;
}

/* What a step runs: its load, else its fault. */
static void add_word(walk *w, mf_graph_node *step, uint32_t string) {
  if (step->what.n == 0) step->what = mf_image_string(w->im, string);
}

static void enter_step(walk *w, uint32_t row) {
  const mf_row_step *step = &MF_ROWS(w->im, STEP, step)[row];
  mf_graph_node *node = add_node(w, MF_GRAPH_STEP, row);
  if (node && step->scenario != MF_ABSENT)
    add_word(w, node, MF_ROWS(w->im, SCENARIO, scenario)[step->scenario].name);
  enter(w, MF_OP_STEP_ENTER, row, node);
}

static void enter_fault(walk *w, uint32_t row) {
  mf_graph_node *step = inside_of(w);
  if (step && step->kind == MF_GRAPH_STEP)
    add_word(w, step, MF_ROWS(w->im, FAULT, fault)[row].name);
  enter_other(w, MF_OP_FAULT_ENTER, row, false);
}

/* Actions of hooks are part of what the hook is of. */
static void enter_action(walk *w, uint32_t row) {
  enter(w, MF_OP_ACTION_ENTER, row, add_node(w, MF_GRAPH_ACTION, row));
}

/* ---- conditions ---- */

static mf_str expression_here(walk *w) {
  return mf_graph_expression(w->arena, w->im, w->expression, w->pc);
}

static mf_str condition_here(walk *w) {
  mf_str text = expression_here(w);
  if (text.n) return text;
  const mf_line_row *line = mf_image_line(w->im, w->pc);
  const char *place = line ? mf_arena_printf(w->arena, "condition near line %u", line->line)
                           : "condition";
  return place ? mf_str_of(place) : MF_STR("");
}

/* A condition whose false way leads to a SKIP is that of the entry. */
static bool skips(const walk *w, uint32_t label) {
  return label < w->chunk->length && mf_word_op(w->im->code[w->chunk->start + label]) == MF_OP_SKIP;
}

static void take_condition(walk *w, uint32_t label) {
  const open_frame *f = top(w);
  mf_graph_node *node = f && !w->unseen ? f->node : NULL;
  if (!node) return;
  if (f->op == MF_OP_BRANCH_ENTER) {
    w->arm = condition_here(w);
  } else if (skips(w, label)) {
    node->guarded = true;
    node->condition = condition_here(w);
  } else if (f->op == MF_OP_REPEAT_ENTER || f->op == MF_OP_ACTION_ENTER) {
    node->what = condition_here(w);
  }
}

static void take_operand(walk *w, uint32_t op) {
  const open_frame *f = top(w);
  if (!f || !f->node || w->unseen || f->op != op) return;
  f->node->what = expression_here(w);
}

/* ---- instructions ---- */

static void take(walk *w, const uint32_t *at) {
  const uint32_t op = mf_word_op(*at), a = mf_operand(at, 0);
  const open_frame *f = top(w);
  mf_graph_node *node = f ? f->node : NULL;
  switch (op) {
    case MF_OP_STEP_ENTER: enter_step(w, a); break;
    case MF_OP_FAULT_ENTER: enter_fault(w, a); break;
    case MF_OP_ACTION_ENTER: enter_action(w, a); break;
    case MF_OP_BRANCH_ENTER: enter_branch(w, a); break;
    case MF_OP_HOOK_ENTER: enter_other(w, op, a, false); break;
    case MF_OP_BLOCK_ENTER: enter_block(w, a); break;
    case MF_OP_REPEAT_ENTER: enter_repeat(w, a); break;
    case MF_OP_BRANCH_TAKE: take_branch(w); break;
    case MF_OP_GROUP_ENTER: enter_group(w, a); break;
    case MF_OP_SPAWN: enter_task(w); break;
    case MF_OP_NEEDS: take_need(w, a); break;
    case MF_OP_TASK_END:
    case MF_OP_GROUP_LEAVE:
    case MF_OP_STEP_LEAVE:
    case MF_OP_FAULT_LEAVE:
    case MF_OP_ACTION_LEAVE:
    case MF_OP_BRANCH_FAIL:
    case MF_OP_HOOK_LEAVE:
    case MF_OP_REPEAT_LEAVE: leave(w); break;
    case MF_OP_BLOCK_LEAVE: leave_block(w, a); break;
    case MF_OP_JUMP_FALSE: take_condition(w, a); break;
    case MF_OP_REPEAT_NEXT:
      if (node && !w->unseen) node->turning = true;
      break;
    case MF_OP_REPEAT_BEGIN: take_operand(w, MF_OP_REPEAT_ENTER); break;
    case MF_OP_WAIT: take_operand(w, MF_OP_ACTION_ENTER); break;
    case MF_OP_HANDLED:
      if (node && !w->unseen && !node->turning) node->looks = true;
      break;
    default: break;
  }
}

mf_graph_node *mf_graph_read(mf_arena *arena, const mf_image *image) {
  walk w = {.im = image, .arena = arena, .chunk = MF_ROWS(image, CHUNK, chunk)};
  w.root = new_node(&w, MF_GRAPH_START, 0);
  if (!w.root) return NULL;
  add_list(&w, w.root, MF_STR(""));
  if (MF_ROW_COUNT(image, CHUNK) == 0) return w.root;
  uint32_t end = w.chunk->start + w.chunk->length;
  w.expression = w.chunk->start;
  for (w.pc = w.chunk->start; w.pc < end;) {
    const uint32_t *at = image->code + w.pc;
    const mf_op_info *info = &mf_op_table[mf_word_op(*at)];
    if (!(info->flags & MF_OPF_PURE)) take(&w, at);
    w.pc += info->words;
    bool statement = !(info->flags & MF_OPF_PURE) || mf_word_op(*at) == MF_OP_JUMP;
    if (statement) w.expression = w.pc;
  }
  return mf_arena_oom(arena) ? NULL : w.root;
}
