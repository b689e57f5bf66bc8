/* SPDX-License-Identifier: MIT */
/* Random programs that the verifier accepts, run under random outcomes,
 * signals and budgets.  They must end, leak nothing, touch nothing that was
 * freed (the sanitizer builds see to that), and do the same a second time. */
#include "vm_kit.h"

enum { PROGRAMS = 600, SLOTS = 6, STEPS = 3, CONSTANTS = 13, TASKS = 3, FLIGHTS = 64 };

typedef struct generator {
  mf_builder *b;
  uint64_t state;
  uint32_t depth, base;       /* stack: now, and where the innermost frame began */
  uint32_t frames, frame_end; /* open frames; label of the innermost one's end */
  uint32_t room;              /* statements left */
  uint32_t policy;            /* constant: of retries */
  bool in_task;
  uint32_t element; /* depth with the innermost loop's element on top; 0: no loop */
} generator;

static uint32_t pick(generator *g, uint32_t n) {
  g->state = g->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(g->state >> 33) % n;
}

static void emit(generator *g, mf_opcode op, uint32_t a, uint32_t b) {
  mf_builder_emit(g->b, op, a, b, 0);
}

/* ---- Expressions: each pushes one value ---- */

static void expression(generator *g, unsigned depth);

static void two(generator *g, unsigned depth, mf_opcode op) {
  expression(g, depth);
  expression(g, depth);
  emit(g, op, 0, 0);
  g->depth--;
}

static void several(generator *g, unsigned depth, mf_opcode op, uint32_t n, uint32_t values) {
  for (uint32_t i = 0; i < values; i++) expression(g, depth);
  emit(g, op, n, 0);
  g->depth = g->depth - values + 1;
}

static void logic(generator *g, unsigned depth, bool and) {
  uint32_t out = mf_builder_label(g->b);
  expression(g, depth);
  emit(g, and? MF_OP_AND_JUMP : MF_OP_OR_JUMP, out, 0);
  expression(g, depth);
  emit(g, and? MF_OP_AND : MF_OP_OR, 0, 0);
  g->depth--;
  mf_builder_place(g->b, out);
}

static void choice(generator *g, unsigned depth) {
  uint32_t no = mf_builder_label(g->b), out = mf_builder_label(g->b);
  expression(g, depth);
  emit(g, MF_OP_CHOOSE, no, out);
  g->depth--;
  expression(g, depth);
  emit(g, MF_OP_JUMP, out, 0);
  g->depth--;
  mf_builder_place(g->b, no);
  expression(g, depth);
  mf_builder_place(g->b, out);
}

static void call(generator *g, unsigned depth) {
  uint32_t code = 1 + pick(g, 14), n = mf_function_arity_ok(code, 1) ? 1 : 2;
  for (uint32_t i = 0; i < n; i++) expression(g, depth);
  emit(g, MF_OP_CALL, code, n);
  g->depth = g->depth - n + 1;
}

/* A macro: every kind, one or two elements, with a predicate or none. */
static void turns(generator *g, unsigned depth) {
  const uint32_t again = mf_builder_label(g->b), end = mf_builder_label(g->b), kind = pick(g, 8);
  const uint32_t outer = g->element, two_elements = pick(g, 2);
  expression(g, depth);
  emit(g, two_elements ? MF_OP_LOOP2 : MF_OP_LOOP, end, kind);
  const uint32_t state = g->depth += 2;
  g->element = g->depth += 1 + two_elements;
  mf_builder_place(g->b, again);
  if (pick(g, 3) == 0) {
    expression(g, depth);
    emit(g, two_elements ? MF_OP_TEST2 : MF_OP_TEST, again, end);
    g->depth--;
  }
  expression(g, depth);
  emit(g, two_elements ? MF_OP_STEP2 : MF_OP_STEP, again, kind);
  mf_builder_place(g->b, end);
  emit(g, MF_OP_LOOP_END, kind, 0);
  g->depth = state - 2;
  g->element = outer;
}

static void quantifier(generator *g, unsigned depth) {
  expression(g, depth);
  emit(g, pick(g, 2) ? MF_OP_ALL_COMPARE : MF_OP_EXISTS_COMPARE, pick(g, CONSTANTS), pick(g, 6));
}

static void optional(generator *g, unsigned depth) {
  const uint32_t none = mf_builder_label(g->b);
  expression(g, depth);
  switch (pick(g, 5)) {
    case 0: emit(g, MF_OP_OPT_FIELD, 0, 0); break;
    case 1:
      expression(g, depth);
      emit(g, MF_OP_OPT_INDEX, 0, 0);
      g->depth--;
      break;
    case 2: emit(g, MF_OP_OPT_WRAP, 0, 0); break;
    case 3: emit(g, MF_OP_OPT_CHECK, 0, 0); break;
    default: emit(g, MF_OP_OPT_ELEMENT, 0, 0); break;
  }
  if (pick(g, 2)) return;
  emit(g, MF_OP_OPT_OPEN, none, 0);
  expression(g, depth);
  emit(g, MF_OP_SLIDE, 1, 0);
  g->depth--;
  mf_builder_place(g->b, none);
}

static void leaf(generator *g) {
  if (g->element && pick(g, 2)) {
    emit(g, MF_OP_LOCAL, g->depth++ - g->element, 0);
    return;
  }
  switch (pick(g, 8)) {
    case 0:
    case 1: emit(g, MF_OP_CONST, pick(g, CONSTANTS), 0); break;
    case 2:
    case 3:
    case 4: emit(g, MF_OP_LOAD, pick(g, SLOTS), 0); break;
    case 5:
      emit(g, (mf_opcode)(MF_OP_SLOT_EQ + pick(g, 6)), pick(g, SLOTS), pick(g, CONSTANTS));
      break;
    case 6:
      emit(g, MF_OP_STEP_FIELD, pick(g, 2) ? MF_PREVIOUS : pick(g, STEPS), pick(g, 10));
      break;
    default: emit(g, MF_OP_IS_SET, pick(g, SLOTS), 0); break;
  }
  g->depth++;
}

static void expression(generator *g, unsigned depth) {
  if (depth-- == 0) {
    leaf(g);
    return;
  }
  switch (pick(g, 17)) {
    case 14: turns(g, depth); break;
    case 15: quantifier(g, depth); break;
    case 16: optional(g, depth); break;
    case 0: two(g, depth, (mf_opcode)(MF_OP_ADD + pick(g, 5))); break;
    case 1: two(g, depth, (mf_opcode)(MF_OP_EQ + pick(g, 7))); break;
    case 2: two(g, depth, MF_OP_INDEX); break;
    case 3: several(g, depth, MF_OP_LIST, 2, 2); break;
    case 4: several(g, depth, MF_OP_MAP, 2, 4); break;
    case 5: several(g, depth, MF_OP_CONCAT, 3, 3); break;
    case 6: logic(g, depth, true); break;
    case 7: logic(g, depth, false); break;
    case 8: choice(g, depth); break;
    case 9: call(g, depth); break;
    case 10: expression(g, depth), emit(g, pick(g, 2) ? MF_OP_NEGATE : MF_OP_NOT, 0, 0); break;
    case 11: expression(g, depth), emit(g, pick(g, 2) ? MF_OP_FIELD : MF_OP_HAS_FIELD, 0, 0); break;
    case 12:
      expression(g, depth);
      emit(g, MF_OP_DUP, 0, 0);
      emit(g, MF_OP_LIST, 2, 0);
      break;
    default: leaf(g); break;
  }
}

/* ---- Statements: each leaves the stack as it was ---- */

static void block(generator *g);

static void with_value(generator *g, mf_opcode op, uint32_t a) {
  expression(g, 2);
  emit(g, op, a, 0);
  g->depth--;
}

/* Instructions after which nothing follows stand behind a jump. */
static void maybe_end(generator *g, mf_opcode op) {
  uint32_t on = mf_builder_label(g->b);
  emit(g, MF_OP_JUMP_SET, pick(g, SLOTS), on);
  with_value(g, op, 0);
  mf_builder_place(g->b, on);
}

/* The body of a step or an action, in attempts; `begin`: the first of four opcodes. */
static void attempts(generator *g, mf_opcode begin, uint32_t row, uint32_t end) {
  uint32_t again = mf_builder_label(g->b), known = mf_builder_label(g->b);
  if (pick(g, 4)) {
    emit(g, MF_OP_CONST, g->policy, 0);
    emit(g, begin, row, 0);
  } else {
    with_value(g, begin, row);
  }
  mf_builder_place(g->b, again);
  emit(g, MF_OP_HANDLER, known, 0);
  if (begin == MF_OP_RETRY_BEGIN && pick(g, 3) == 0) {
    emit(g, MF_OP_CONST, 4, 0);
    emit(g, MF_OP_TIMEOUT, 0, 0);
  }
  block(g);
  mf_builder_place(g->b, known);
  emit(g, MF_OP_HANDLER, end, 0);
  emit(g, (mf_opcode)(begin + 1), row, end);
  if (pick(g, 2)) {
    expression(g, 1);
    emit(g, (mf_opcode)(begin + 2), row, end);
    g->depth--;
  }
  emit(g, (mf_opcode)(begin + 3), row, 0);
  emit(g, MF_OP_JUMP, again, 0);
}

static void repeat(generator *g) {
  uint32_t row = pick(g, 3), next = mf_builder_label(g->b), end = mf_builder_label(g->b);
  uint32_t base = g->base, outer_end = g->frame_end;
  emit(g, MF_OP_REPEAT_ENTER, row, end);
  g->base = g->depth;
  g->frame_end = end;
  g->frames++;
  if (pick(g, 4)) with_value(g, MF_OP_REPEAT_BEGIN, row);
  mf_builder_place(g->b, next);
  emit(g, MF_OP_REPEAT_NEXT, row, end);
  block(g);
  emit(g, MF_OP_JUMP, next, 0);
  mf_builder_place(g->b, end);
  emit(g, MF_OP_REPEAT_LEAVE, row, 0);
  g->base = base;
  g->frame_end = outer_end;
  g->frames--;
}

static void frame(generator *g) {
  static const mf_opcode enter[] = {MF_OP_STEP_ENTER,   MF_OP_HOOK_ENTER,  MF_OP_ACTION_ENTER,
                                    MF_OP_BRANCH_ENTER, MF_OP_FAULT_ENTER, MF_OP_LINK_ENTER};
  static const mf_opcode leave[] = {MF_OP_STEP_LEAVE,  MF_OP_HOOK_LEAVE,  MF_OP_ACTION_LEAVE,
                                    MF_OP_BRANCH_FAIL, MF_OP_FAULT_LEAVE, MF_OP_LINK_LEAVE};
  uint32_t kind = pick(g, 6), row = pick(g, 3), end = mf_builder_label(g->b);
  uint32_t base = g->base, outer_end = g->frame_end;
  if (kind == 4) expression(g, 2), g->depth--;
  emit(g, enter[kind], row, end);
  g->base = g->depth;
  g->frame_end = end;
  g->frames++;
  if (kind == 0) {
    with_value(g, MF_OP_STEP_BEGIN, row);
    if (pick(g, 3) == 0) {
      emit(g, MF_OP_CONST, 4, 0);
      emit(g, MF_OP_TIMEOUT, 0, 0);
    }
    if (pick(g, 2)) emit(g, MF_OP_STEP_OUTCOME, row, 0);
  }
  if (kind == 1) emit(g, MF_OP_HOOK_BEGIN, row, 0);
  if ((kind == 0 || kind == 2) && pick(g, 2))
    attempts(g, kind == 0 ? MF_OP_RETRY_BEGIN : MF_OP_ACTION_RETRY_BEGIN, row, end);
  else
    block(g);
  mf_builder_place(g->b, end);
  if (kind == 3 && pick(g, 2))
    emit(g, MF_OP_BRANCH_TAKE, row, pick(g, 2));
  else
    emit(g, leave[kind], row, 0);
  g->base = base;
  g->frame_end = outer_end;
  g->frames--;
}

/* Its stack is its own, and its frames lie on those of the group. */
static void branch(generator *g) {
  generator outer = *g;
  uint32_t row = pick(g, TASKS), done = mf_builder_label(g->b), next = mf_builder_label(g->b);
  mf_builder_emit(g->b, MF_OP_SPAWN, row, done, next);
  g->depth = g->base = 0;
  g->frame_end = done;
  g->frames++;
  g->in_task = true;
  block(g);
  mf_builder_place(g->b, done);
  emit(g, MF_OP_TASK_END, row, 0);
  mf_builder_place(g->b, next);
  outer.state = g->state;
  outer.room = g->room;
  *g = outer;
}

static void group(generator *g) {
  uint32_t row = pick(g, 3), end = mf_builder_label(g->b), base = g->base, outer = g->frame_end;
  emit(g, MF_OP_GROUP_ENTER, row, end);
  g->base = g->depth;
  g->frame_end = end;
  g->frames++;
  if (pick(g, 2)) {
    emit(g, MF_OP_CONST, pick(g, 2) ? 9 : 1, 0); /* no limit, or one at a time */
    emit(g, MF_OP_GROUP_BEGIN, row, 0);
  }
  for (uint32_t n = 1 + pick(g, 4); n > 0; n--) {
    branch(g);
    if (pick(g, 3) == 0) block(g);
  }
  mf_builder_place(g->b, end);
  emit(g, MF_OP_GROUP_LEAVE, row, 0);
  g->base = base;
  g->frame_end = outer;
  g->frames--;
}

/* Keeps a value on the stack over other statements. */
static void hold(generator *g) {
  expression(g, 2);
  block(g);
  emit(g, MF_OP_LOG, pick(g, 5), 0);
  g->depth--;
}

static void condition(generator *g) {
  uint32_t over = mf_builder_label(g->b);
  if (pick(g, 2)) {
    expression(g, 2);
    emit(g, MF_OP_JUMP_FALSE, over, 0);
    g->depth--;
  } else {
    emit(g, MF_OP_JUMP_FAILED, over, 0);
  }
  block(g);
  mf_builder_place(g->b, over);
}

static void loop(generator *g) {
  uint32_t again = mf_builder_label(g->b);
  mf_builder_place(g->b, again);
  block(g);
  emit(g, MF_OP_JUMP_SET, pick(g, SLOTS), again);
}

static void judge(generator *g) {
  for (unsigned i = 0; i < 3; i++) expression(g, 1);
  emit(g, MF_OP_ASSERT, pick(g, 2), 0);
  g->depth -= 3;
}

static void ask(generator *g) {
  expression(g, 1);
  emit(g, MF_OP_EFFECT, 0, 0);
  if (pick(g, 2))
    emit(g, MF_OP_OUTCOME, 0, 0);
  else
    emit(g, MF_OP_STORE, pick(g, SLOTS), 0);
  g->depth--;
}

static void statement(generator *g) {
  switch (pick(g, 25)) {
    case 22:
    case 23:
      if (g->frames < 8) group(g);
      break;
    case 24:
      if (g->in_task && g->depth == g->base) emit(g, MF_OP_NEEDS, pick(g, TASKS), g->frame_end);
      break;
    case 0:
    case 1:
    case 2: with_value(g, MF_OP_STORE, pick(g, SLOTS)); break;
    case 3: with_value(g, MF_OP_INIT, pick(g, SLOTS)); break;
    case 4: emit(g, MF_OP_CLEAR, pick(g, SLOTS), 0); break;
    case 5: with_value(g, MF_OP_LOG, 2); break;
    case 6: with_value(g, MF_OP_METRIC, 0); break;
    case 7: judge(g); break;
    case 8: with_value(g, MF_OP_WAIT, 0); break;
    case 9: emit(g, MF_OP_NOW, 0, 0); break;
    case 10: ask(g); break;
    case 11: with_value(g, MF_OP_SCENARIO, 0); break;
    case 12: with_value(g, MF_OP_REPORT, 0); break;
    case 13: maybe_end(g, MF_OP_FAIL); break;
    case 14:
      if (pick(g, 4) == 0) maybe_end(g, MF_OP_ABORT);
      break;
    case 15: emit(g, pick(g, 2) ? MF_OP_GATE : MF_OP_HANDLED, 0, 0); break;
    case 16:
      if (pick(g, 4) == 0) emit(g, MF_OP_SKIP, 0, 0);
      break;
    case 17: condition(g); break;
    case 18: hold(g); break;
    case 19:
      if (pick(g, 3) == 0) loop(g);
      break;
    case 20:
      if (g->depth == g->base) emit(g, MF_OP_HANDLER, g->frame_end, 0);
      break;
    default:
      if (g->frames < 8 && pick(g, 4) == 0)
        repeat(g);
      else if (g->frames < 8)
        frame(g);
      break;
  }
}

static void block(generator *g) {
  for (uint32_t n = 1 + pick(g, 5); n > 0 && g->room > 0; n--) {
    g->room--;
    statement(g);
  }
}

/* ---- Images ---- */

static uint32_t text(generator *g, const char *s) { return mf_builder_string(g->b, mf_str_of(s)); }

static void rows(generator *g) {
  uint32_t name = text(g, "name");
  for (uint32_t i = 0; i < 3; i++) {
    mf_builder_row(g->b, MF_TABLE_STEP,
                   (uint32_t[]){text(g, "step"), name, MF_ABSENT, i ? 1u << i : 0});
    mf_builder_row(g->b, MF_TABLE_HOOK, (uint32_t[]){text(g, "hook"), name, i == 0 ? 0 : i + 1});
    mf_builder_row(g->b, MF_TABLE_ACTION, (uint32_t[]){text(g, "action"), name, 0, i});
    mf_builder_row(g->b, MF_TABLE_BRANCH, (uint32_t[]){text(g, "branch"), name, 1, i});
    mf_builder_row(g->b, MF_TABLE_LINK, (uint32_t[]){text(g, "link"), name, name, i});
    mf_builder_row(g->b, MF_TABLE_REPEAT,
                   (uint32_t[]){text(g, "repeat"), name, i + 1, i ? i : MF_ABSENT, i});
    mf_builder_row(
        g->b, MF_TABLE_GROUP,
        (uint32_t[]){text(g, "group"), name, i / 2, i == 1 ? MF_STEP_FLAGS_FAIL_FAST : i});
    mf_builder_row(g->b, MF_TABLE_TASK, (uint32_t[]){text(g, "task"), name});
    mf_builder_row(g->b, MF_TABLE_FAULT, (uint32_t[]){text(g, "fault"), name, text(g, "proxy")});
  }
  mf_builder_row(g->b, MF_TABLE_ASSERTION, (uint32_t[]){name, name, 4, 0, 0, MF_ABSENT});
  mf_builder_row(g->b, MF_TABLE_ASSERTION, (uint32_t[]){name, name, 4, MF_ABSENT, 0, name});
  mf_builder_row(g->b, MF_TABLE_SCENARIO, (uint32_t[]){name, text(g, "http_load")});
  mf_builder_row(g->b, MF_TABLE_METRIC, (uint32_t[]){text(g, "m"), 0});
  mf_builder_row(g->b, MF_TABLE_DRIVER, (uint32_t[]){text(g, "http_request")});
  mf_builder_row(g->b, MF_TABLE_REPORT, (uint32_t[]){text(g, "json"), text(g, "")});
  mf_builder_row(g->b, MF_TABLE_SLOT, (uint32_t[]){text(g, "x"), MF_SLOT_KIND_GLOBAL, 0});
  mf_builder_row(g->b, MF_TABLE_SLOT, (uint32_t[]){text(g, "y"), MF_SLOT_KIND_GLOBAL, 0});
  mf_builder_row(g->b, MF_TABLE_SLOT, (uint32_t[]){text(g, "s"), MF_SLOT_KIND_STEP, 1});
  mf_builder_row(g->b, MF_TABLE_SLOT, (uint32_t[]){text(g, "m"), MF_SLOT_KIND_METRIC_STEP, 0});
  mf_builder_row(g->b, MF_TABLE_SLOT,
                 (uint32_t[]){text(g, "step.name"), MF_SLOT_KIND_BUILTIN, MF_BUILTIN_STEP_NAME});
  mf_builder_row(g->b, MF_TABLE_SLOT, (uint32_t[]){text(g, "secret"), MF_SLOT_KIND_SECRET, 0});
}

static void constants(generator *g, mf_arena *arena) {
  static const char *const values[CONSTANTS] = {"\"a\"",
                                                "1",
                                                "true",
                                                "false",
                                                "2.5",
                                                "\"some longer text that needs memory\"",
                                                "[1,\"two\",[3]]",
                                                "{\"a\":{\"a\":5},\"b\":[]}",
                                                "{}",
                                                "null",
                                                "{\"$uint\":\"7\"}",
                                                "{\"$duration\":\"1.5s\"}",
                                                "{\"max_attempts\":3,\"delay\":1,\"jitter\":1}"};
  for (unsigned i = 0; i < CONSTANTS; i++) {
    mf_value v = vm_parse(arena, values[i]);
    uint32_t number = mf_builder_constant(g->b, &v);
    if (i + 1 == CONSTANTS) g->policy = number;
  }
}

/* Parts of the run's frame, each of which is where failures of the one before
 * continue: most random statements fail. */
static void sections(generator *g, unsigned n) {
  for (; n > 0; n--) {
    uint32_t next = mf_builder_label(g->b);
    emit(g, MF_OP_HANDLER, next, 0);
    g->frame_end = next;
    g->room = 12;
    block(g);
    mf_builder_place(g->b, next);
  }
}

/* Constants get numbers in the order in which they (and their parts) come; the
 * generator only needs those that exist.  Constant 0 is the text "a". */
static void build(uint64_t seed, mf_arena *arena, mf_buf *out) {
  generator g = {.b = mf_builder_new(arena), .state = seed * 2 + 1};
  char detail[256] = "";
  rows(&g);
  constants(&g, arena);
  mf_builder_chunk_begin(g.b, MF_STR("main"), MF_CHUNK_KIND_MAIN);
  uint32_t end = mf_builder_label(g.b);
  emit(&g, MF_OP_RUN_ENTER, end, 0);
  g.frames = 1;
  for (uint32_t i = 0; i < 3; i++)
    emit(&g, MF_OP_CONST, pick(&g, CONSTANTS), 0), emit(&g, MF_OP_INIT, i, 0);
  sections(&g, 12);
  mf_builder_place(g.b, end);
  emit(&g, MF_OP_RUN_FINAL, 0, 0);
  sections(&g, 4);
  emit(&g, MF_OP_VERDICT, 0, 0);
  emit(&g, MF_OP_RUN_LEAVE, 0, 0);
  emit(&g, MF_OP_END, 0, 0);
  mf_builder_chunk_end(g.b);
  mf_status status = mf_builder_finish(g.b, out, detail, sizeof detail);
  ck_assert_msg(status == MF_OK, "seed %u: %s: %s", (unsigned)seed, mf_status_name(status), detail);
}

/* ---- Running ---- */

static void note_notice(void *ctx, const mf_notice *n) {
  vm_host *h = ctx;
  vm_log_notice(ctx, n);
  if (h->signal_at && --h->signal_at == 0) mf_vm_signal(h->vm, h->signal);
}

static mf_value random_outcome(generator *g, mf_arena *arena) {
  static const char *const outcomes[] = {
      "{\"ok\":true}",
      "{\"ok\":true}",
      "{\"ok\":false,\"error\":\"refused\"}",
      "{}",
      "{\"ok\":true,\"metrics\":{\"m\":5,\"n\":[1,2]},\"run_metrics\":{\"m\":2.5}}",
      "{\"ok\":true,\"body\":{\"a\":[\"some text\",{\"a\":1}]}}"};
  return vm_parse(arena, outcomes[pick(g, 6)]);
}

typedef struct sky {
  uint32_t ids[FLIGHTS], count;
  int64_t now;
} sky;

/* One of those in flight is answered, in any order. */
static void land(vm_host *h, generator *g, sky *s, uint32_t at) {
  mf_value v = random_outcome(g, &h->arena);
  mf_outcome outcome = {&v, s->now += 1000, 0};
  uint32_t id = s->ids[at];
  s->ids[at] = s->ids[--s->count];
  ck_assert_int_ne(mf_vm_deliver(h->vm, id, &outcome), MF_NO_SUCH_EFFECT);
}

static void cancel(vm_host *h, generator *g, sky *s, uint32_t id) {
  uint32_t at = 0;
  while (at < s->count && s->ids[at] != id) at++;
  ck_assert_uint_lt(at, s->count);
  mf_buf_printf(&h->log, "cancel %u\n", (unsigned)id);
  if (pick(g, 3)) land(h, g, s, at); /* else it takes its time */
}

static void disturb(vm_host *h, generator *g, sky *s) {
  if (pick(g, 12) == 0) mf_vm_signal(h->vm, MF_SIGNAL_STOP);
  if (pick(g, 6)) return;
  int64_t deadline = mf_vm_deadline(h->vm);
  if (deadline == INT64_MAX) return;
  if (deadline > s->now) s->now = deadline;
  mf_vm_time(h->vm, s->now, 0);
}

static mf_vm_state drive(vm_host *h, generator *g) {
  sky s = {.count = 0};
  mf_effect effect;
  for (;;) {
    mf_vm_state state = mf_vm_run(h->vm, &effect);
    switch (state) {
      case MF_VM_EFFECT:
        vm_log_effect(h, &effect);
        s.ids[s.count++] = effect.id;
        disturb(h, g, &s);
        break;
      case MF_VM_CANCEL: cancel(h, g, &s, effect.id); break;
      case MF_VM_BLOCKED:
        disturb(h, g, &s);
        if (s.count) land(h, g, &s, pick(g, s.count));
        break;
      case MF_VM_DONE: ck_assert_uint_eq(s.count, 0); return state;
      case MF_VM_FAILED: return state;
    }
    while (s.count && (s.count == FLIGHTS || pick(g, 3) == 0)) land(h, g, &s, pick(g, s.count));
  }
}

/* Writes down a run into h->log. */
static void run(vm_host *h, const mf_image *image, uint64_t seed, uint64_t fail_at) {
  generator g = {.state = seed * 7 + 3};
  mf_counting_alloc c = {.inner = mf_alloc_default(), .fail_at = fail_at};
  mf_value secret = mf_string(MF_STR("hunter2"));
  h->options = (mf_vm_options){.alloc = mf_counting_alloc_as_alloc(&c),
                               .fuel = 20000,
                               .notice = note_notice,
                               .notice_ctx = h};
  h->options.max_memory = pick(&g, 2) ? 1 << 16 : 1 << 22;
  h->signal = pick(&g, 2) ? MF_SIGNAL_STOP : MF_SIGNAL_ABORT;
  h->signal_at = pick(&g, 30);
  h->vm = NULL;
  if (mf_vm_new(image, &h->options, &h->vm) == MF_OK) {
    mf_vm_set_variable(h->vm, MF_STR("secret"), &secret);
    mf_vm_state state = drive(h, &g);
    mf_buf_printf(&h->log, "= %d %s %u\n", state, mf_status_name(mf_vm_error(h->vm)),
                  (unsigned)mf_vm_steps(h->vm));
  }
  mf_buf_puts(&h->log, "over\n");
  mf_vm_free(h->vm);
  ck_assert_msg(c.in_use == 0, "seed %u leaks %zu bytes", (unsigned)seed, c.in_use);
}

static void run_twice(const mf_image *image, uint64_t seed, uint64_t fail_at) {
  vm_host h[2];
  for (unsigned i = 0; i < 2; i++) {
    h[i] = (vm_host){.effects = 0};
    mf_buf_init(&h[i].log, NULL, 1 << 22);
    mf_arena_init(&h[i].arena, NULL, 0);
    run(&h[i], image, seed, fail_at);
  }
  ck_assert_msg(strcmp(h[0].log.p, h[1].log.p) == 0, "seed %u: two runs differ", (unsigned)seed);
  ck_assert_msg(strstr(h[0].log.p, "hunter2") == NULL, "seed %u tells a secret:\n%s",
                (unsigned)seed, h[0].log.p);
  for (unsigned i = 0; i < 2; i++) {
    mf_buf_fini(&h[i].log);
    mf_arena_fini(&h[i].arena);
  }
}

START_TEST(random_programs_end_and_leak_nothing) {
  for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
    mf_arena arena;
    mf_buf bytes;
    mf_image *image = NULL;
    char detail[256] = "";
    mf_arena_init(&arena, NULL, 0);
    mf_buf_init(&bytes, NULL, 1 << 22);
    build(seed, &arena, &bytes);
    mf_status status = mf_image_open(NULL, (const uint8_t *)bytes.p, bytes.n, &image, detail,
                                     sizeof detail);
    ck_assert_msg(status == MF_OK, "seed %u: %s", (unsigned)seed, detail);
    run_twice(image, seed, 0);
    run_twice(image, seed + 1000000, 0);
    run_twice(image, seed, 5 + seed % 60);
    mf_image_close(image);
    mf_buf_fini(&bytes);
    mf_arena_fini(&arena);
  }
}
END_TEST

Suite *vm_random_programs_suite(void);
Suite *vm_random_programs_suite(void) {
  Suite *s = suite_create("vm_random_programs");
  TCase *t = tcase_create("random");
  suite_add_tcase(s, t);
  tcase_set_timeout(t, 120);
  tcase_add_test(t, random_programs_end_and_leak_nothing);
  return s;
}
