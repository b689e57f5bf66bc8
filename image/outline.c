/* SPDX-License-Identifier: MIT */
/* One pass over the code of `main` for what is written to variables, a second one for
 * effects.  The code of an argument is found by counting what is on the stack. */
#include "outline.h"

#include "../base/json.h"
#include "graph.h"
#include "parts.h"

#define UNWRITTEN "..." /* an expression that has no text here */
enum { OPERANDS = 128, CHOICES = 16, DEEPEST_TEXT = 32 };

/* Words from...end of the code section that push one value. */
typedef struct span {
  uint32_t from, end;
} span;

typedef struct variable {
  uint32_t initials, stores; /* how often it is written */
  bool known;
  mf_value value;
} variable;

typedef struct walk {
  const mf_image *im;
  mf_arena *arena;
  const mf_row_chunk *chunk;
  variable *variables;   /* by slot */
  uint8_t *told;         /* by string: paths of actions; those of a hook stand at every step */
  uint32_t step, action; /* rows of what is open; MF_ABSENT: none */
  bool again;            /* the action was told */
  uint32_t hooks, probes, rollbacks;
  mf_outline *first, *last;
} walk;

/* ---- Which code an operand has ---- */

static uint32_t popped(const uint32_t *at, const mf_op_info *op) {
  if (op->pop >= 0) return (uint32_t)op->pop;
  if (op->pop == MF_POP_AT) return 0;
  uint32_t n = mf_operand(at, op->pop == MF_POP_NB ? 1 : 0);
  if (op->pop == MF_POP_N2) n *= 2;
  return op->pop == MF_POP_N1 ? n + 1 : n;
}

/* The end of a loop that begins at pc. */
static uint32_t after_loop(const mf_image *im, uint32_t pc, uint32_t end) {
  uint32_t open = 0;
  while (pc < end) {
    uint32_t op = mf_word_op(im->code[pc]);
    pc += mf_op_table[op].words;
    if (op == MF_OP_LOOP || op == MF_OP_LOOP2) open++;
    if (op == MF_OP_LOOP_END && --open == 0) break;
  }
  return pc;
}

/* c ? x : y */
typedef struct choice {
  uint32_t from, end; /* where it began, and where its ways meet */
  bool second;        /* the second way has begun */
  span condition, ways[2];
} choice;

typedef struct splitter {
  span at[OPERANDS];
  uint32_t count;
  choice choices[CHOICES];
  uint32_t choice_count;
  choice met; /* the last one whose ways have met */
} splitter;

/* Its operands become part of one; false: there are too many, or too few. */
static bool push(splitter *s, uint32_t pops, uint32_t pc, uint32_t next) {
  if (pops > s->count) return false;
  span made = {pops ? s->at[s->count - pops].from : pc, next};
  s->count -= pops;
  if (s->count == OPERANDS) return false;
  s->at[s->count++] = made;
  return true;
}

/* The condition is popped, and either way pushes a value. */
static bool choose(splitter *s, uint32_t end) {
  if (s->count == 0 || s->choice_count == CHOICES) return false;
  span condition = s->at[--s->count];
  s->choices[s->choice_count++] = (choice){
      .from = condition.from, .end = end, .condition = condition};
  return true;
}

static bool other_way(splitter *s) {
  choice *c = s->choice_count ? &s->choices[s->choice_count - 1] : NULL;
  if (c && !c->second && s->count) c->ways[0] = s->at[--s->count];
  if (c) c->second = true;
  return true;
}

static void meet(splitter *s, uint32_t pc) {
  while (s->choice_count && s->choices[s->choice_count - 1].end <= pc) {
    s->met = s->choices[--s->choice_count];
    if (s->count == 0) continue;
    s->met.ways[1] = s->at[s->count - 1];
    s->at[s->count - 1] = (span){s->met.from, pc};
  }
}

static bool split_one(const walk *w, splitter *s, uint32_t pc, uint32_t end, uint32_t *next) {
  const uint32_t *at = w->im->code + pc, op = mf_word_op(*at);
  const mf_op_info *info = &mf_op_table[op];
  *next = pc + info->words;
  switch (op) {
    case MF_OP_LOOP:
    case MF_OP_LOOP2: *next = after_loop(w->im, pc, end); return push(s, 1, pc, *next);
    case MF_OP_CHOOSE: return choose(s, w->chunk->start + mf_operand(at, 1));
    case MF_OP_JUMP: return other_way(s);
    case MF_OP_ALIKE:
    case MF_OP_AND_JUMP:
    case MF_OP_OR_JUMP: return true; /* what follows joins both */
    default: return info->push == 1 && push(s, popped(at, info), pc, *next);
  }
}

/* The operands that a piece of code leaves on the stack; false: it cannot be told. */
static bool split(const walk *w, span code, splitter *s) {
  s->count = s->choice_count = 0;
  s->met = (choice){.from = UINT32_MAX};
  for (uint32_t pc = code.from, next; pc < code.end; pc = next) {
    meet(s, pc);
    if (!split_one(w, s, pc, code.end, &next)) return false;
  }
  meet(s, code.end);
  return true;
}

/* ---- What an operand is ---- */

static uint32_t last_instruction(const walk *w, span code) {
  uint32_t pc = code.from, last = pc;
  while (pc < code.end) {
    last = pc;
    pc += mf_op_table[mf_word_op(w->im->code[pc])].words;
  }
  return last;
}

static void describe(const walk *w, span code, unsigned depth, mf_outline_argument *out);

/* A part of a text: as it is, or in ${}. */
static void put_part(const walk *w, span code, unsigned depth, mf_buf *out, bool *known) {
  mf_outline_argument part;
  describe(w, code, depth, &part);
  if (!part.known) {
    *known = false;
    if (!part.joined) mf_buf_puts(out, "${");
    mf_buf_add_str(out, part.text);
    if (!part.joined) mf_buf_putc(out, '}');
  } else if (part.value.kind == MF_STRING) {
    mf_buf_add(out, part.value.as.s, part.value.len);
  } else {
    mf_print_value(out, &part.value, 0);
  }
}

/* The same inside of a list or map. */
static void put_element(const walk *w, span code, unsigned depth, mf_buf *out) {
  mf_outline_argument part;
  describe(w, code, depth, &part);
  if (part.known)
    mf_print_value(out, &part.value, 0);
  else if (part.joined && part.text.n && !strchr("[{", part.text.p[0]))
    mf_json_quote(out, part.text);
  else
    mf_buf_add_str(out, part.text);
}

static void put_parts(const walk *w, uint32_t op, const span *at, uint32_t n, unsigned depth,
                      mf_buf *out, bool *known) {
  if (op != MF_OP_CONCAT) mf_buf_putc(out, op == MF_OP_MAP ? '{' : '[');
  for (uint32_t i = 0; i < n; i++) {
    if (op == MF_OP_CONCAT) {
      put_part(w, at[i], depth, out, known);
      continue;
    }
    if (i) mf_buf_puts(out, op == MF_OP_MAP && i % 2 ? ": " : ", ");
    put_element(w, at[i], depth, out);
    *known = false;
  }
  if (op != MF_OP_CONCAT) mf_buf_putc(out, op == MF_OP_MAP ? '}' : ']');
}

/* A text, list or map that is put together. */
static bool describe_parts(const walk *w, span code, uint32_t last, unsigned depth,
                           mf_outline_argument *out) {
  splitter s;
  mf_buf text;
  bool known = true;
  uint32_t op = mf_word_op(w->im->code[last]);
  uint32_t n = mf_operand(w->im->code + last, 0) * (op == MF_OP_MAP ? 2 : 1);
  if (!split(w, (span){code.from, last}, &s) || s.count < n) return false;
  mf_buf_init(&text, &w->arena->alloc, 0);
  put_parts(w, op, &s.at[s.count - n], n, depth - 1, &text, &known);
  const char *copy = text.failed ? NULL : mf_arena_copy(w->arena, text.p, text.n);
  mf_str made = {copy, copy ? text.n : 0};
  out->known = known && op == MF_OP_CONCAT;
  if (out->known)
    out->value = (mf_value){.kind = MF_STRING, .len = (uint32_t)made.n, .as.s = made.p};
  else
    out->text = made;
  out->joined = true;
  mf_buf_fini(&text);
  return true;
}

/* A part of a choice; false: it cannot be written. */
static bool put_way(const walk *w, span code, unsigned depth, mf_buf *out) {
  mf_outline_argument part;
  describe(w, code, depth, &part);
  bool inner = !part.known && mf_str_find(part.text, MF_STR(" ? "), 0) != SIZE_MAX;
  if (inner) mf_buf_putc(out, '(');
  if (part.known)
    mf_print_value(out, &part.value, 0);
  else
    mf_buf_add_str(out, part.text);
  if (inner) mf_buf_putc(out, ')');
  return part.known || (!part.joined && !mf_str_is(part.text, UNWRITTEN));
}

static bool describe_choice(const walk *w, span code, unsigned depth, mf_outline_argument *out) {
  splitter s;
  mf_buf text;
  if (!split(w, code, &s) || s.count != 1 || s.met.from != code.from || s.met.end != code.end)
    return false;
  mf_buf_init(&text, &w->arena->alloc, 0);
  bool ok = put_way(w, s.met.condition, depth - 1, &text);
  for (int i = 0; ok && i < 2; i++) {
    mf_buf_puts(&text, i ? " : " : " ? ");
    ok = put_way(w, s.met.ways[i], depth - 1, &text);
  }
  const char *copy = ok && !text.failed ? mf_arena_copy(w->arena, text.p, text.n) : NULL;
  if (copy) out->text = (mf_str){copy, text.n};
  mf_buf_fini(&text);
  return copy != NULL;
}

static void describe(const walk *w, span code, unsigned depth, mf_outline_argument *out) {
  const uint32_t *at = w->im->code + code.from;
  uint32_t last = last_instruction(w, code), op = mf_word_op(w->im->code[last]);
  *out = (mf_outline_argument){.known = false};
  if (last == code.from && op == MF_OP_CONST) {
    out->known = true;
    out->value = w->im->values[mf_operand(at, 0)];
    return;
  }
  if (last == code.from && op == MF_OP_LOAD && w->variables[mf_operand(at, 0)].known) {
    out->known = true;
    out->value = w->variables[mf_operand(at, 0)].value;
    return;
  }
  bool parts = op == MF_OP_CONCAT || op == MF_OP_LIST || op == MF_OP_MAP;
  if (parts && depth > 0 && describe_parts(w, code, last, depth, out)) return;
  if (depth > 0 && describe_choice(w, code, depth, out)) return;
  out->text = mf_graph_expression(w->arena, w->im, code.from, code.end);
  if (out->text.n == 0) out->text = MF_STR(UNWRITTEN);
}

/* ---- Arguments ---- */

static void add_argument(const walk *w, mf_outline *item, const mf_value *name,
                         const mf_outline_argument *given) {
  mf_outline_argument *a = MF_NEW(w->arena, mf_outline_argument), **tail = &item->arguments;
  if (!a || name->kind != MF_STRING) return;
  *a = *given;
  a->name = (mf_str){name->as.s, name->len};
  a->next = NULL;
  while (*tail) tail = &(*tail)->next;
  *tail = a;
}

static void add_pairs(const walk *w, mf_outline *item, const mf_map *map) {
  for (uint32_t i = 0; i < map->count; i++) {
    mf_outline_argument a = {.known = true, .value = map->pairs[i].value};
    add_argument(w, item, &map->pairs[i].key, &a);
  }
}

/* The arguments of an effect: a map, either constant or put together. */
static void add_map(const walk *w, mf_outline *item, span code) {
  splitter s;
  mf_outline_argument a;
  uint32_t last = last_instruction(w, code);
  const uint32_t *at = w->im->code + last, n = mf_operand(at, 0);
  if (mf_word_op(*at) == MF_OP_CONST && last == code.from) {
    const mf_value *v = &w->im->values[n];
    if (v->kind == MF_MAP) add_pairs(w, item, v->as.map);
    return;
  }
  if (mf_word_op(*at) != MF_OP_MAP || !split(w, (span){code.from, last}, &s) || s.count < 2 * n)
    return;
  const span *pairs = &s.at[s.count - 2 * n];
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t *key = w->im->code + pairs[2 * i].from;
    if (mf_word_op(*key) != MF_OP_CONST) continue;
    describe(w, pairs[2 * i + 1], DEEPEST_TEXT, &a);
    add_argument(w, item, &w->im->values[mf_operand(key, 0)], &a);
  }
}

static void add_single(const walk *w, mf_outline *item, const char *name, span code) {
  mf_outline_argument a;
  mf_value key = {.kind = MF_STRING, .len = (uint32_t)strlen(name), .as.s = name};
  describe(w, code, DEEPEST_TEXT, &a);
  add_argument(w, item, &key, &a);
}

/* ---- Items ---- */

static mf_outline_place place_of(const walk *w) {
  if (w->hooks) return MF_OUTLINE_HOOK;
  if (w->probes) return MF_OUTLINE_PROBE;
  return w->rollbacks ? MF_OUTLINE_ROLLBACK : MF_OUTLINE_ENTRY;
}

static mf_str path_of(const walk *w) {
  const mf_image *im = w->im;
  if (w->action != MF_ABSENT)
    return mf_image_string(im, MF_ROWS(im, ACTION, action)[w->action].path);
  if (w->step != MF_ABSENT) return mf_image_string(im, MF_ROWS(im, STEP, step)[w->step].path);
  return MF_STR("");
}

static mf_outline *add_item(walk *w, mf_outline_kind kind, mf_str driver, mf_str name) {
  mf_outline *item = w->again ? NULL : MF_NEW(w->arena, mf_outline);
  if (!item) return NULL;
  *item = (mf_outline){
      .kind = kind, .place = place_of(w), .driver = driver, .name = name, .path = path_of(w)};
  if (w->last)
    w->last->next = item;
  else
    w->first = item;
  w->last = item;
  return item;
}

/* The map that a chunk of its own makes. */
static void add_message(walk *w, mf_outline *item, uint32_t chunk) {
  const mf_row_chunk *around = w->chunk;
  w->chunk = &MF_ROWS(w->im, CHUNK, chunk)[chunk];
  span code = {w->chunk->start, w->chunk->start + w->chunk->length};
  code.end = last_instruction(w, code); /* RETURN */
  if (code.end > code.from) add_map(w, item, code);
  w->chunk = around;
}

/* What a load sends. */
static void take_request(walk *w, const mf_row_request *request) {
  mf_outline *item = add_item(w, MF_OUTLINE_REQUEST, MF_STR("http_load"),
                              mf_image_string(w->im, request->name));
  if (item) add_message(w, item, request->message);
}

static void take_probes(walk *w) {
  const mf_row_watch *rows = MF_ROWS(w->im, WATCH, watch);
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->im, WATCH); i++) {
    if (rows[i].probe == MF_ABSENT) continue;
    mf_outline *item = add_item(w, MF_OUTLINE_EFFECT, MF_STR("http_request"), MF_STR(""));
    if (!item) return;
    item->place = MF_OUTLINE_PROBE;
    item->path = mf_image_string(w->im, rows[i].path);
    add_message(w, item, rows[i].probe);
  }
}

static void take_requests(walk *w, uint32_t scenario) {
  const mf_row_request *rows = MF_ROWS(w->im, REQUEST, request);
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->im, REQUEST); i++)
    if (rows[i].scenario == scenario) take_request(w, &rows[i]);
}

static void take_load(walk *w, uint32_t row, span code) {
  const mf_row_scenario *s = &MF_ROWS(w->im, SCENARIO, scenario)[row];
  mf_outline *item = add_item(w, MF_OUTLINE_LOAD, mf_image_string(w->im, s->driver),
                              mf_image_string(w->im, s->name));
  if (item) add_map(w, item, code);
  take_requests(w, row);
}

static void take_fault(walk *w, uint32_t row, span code) {
  const mf_row_fault *f = &MF_ROWS(w->im, FAULT, fault)[row];
  mf_outline *item = add_item(w, MF_OUTLINE_FAULT, mf_image_string(w->im, f->driver),
                              mf_image_string(w->im, f->name));
  if (item) add_map(w, item, code);
}

static void take_effect(walk *w, uint32_t row, span code) {
  mf_str driver = mf_image_string(w->im, MF_ROWS(w->im, DRIVER, driver)[row].name);
  if (mf_str_is(driver, "thresholds")) return; /* it does nothing outside */
  mf_outline *item = add_item(w, MF_OUTLINE_EFFECT, driver, MF_STR(""));
  if (item) add_map(w, item, code);
}

static void take_single(walk *w, mf_outline_kind kind, const char *name, span code) {
  mf_outline *item = add_item(w, kind, mf_str_of(kind == MF_OUTLINE_WAIT ? "wait" : "report"),
                              MF_STR(""));
  if (item) add_single(w, item, name, code);
}

/* ---- Instructions ---- */

/* The value of a secret is never shown: it stays unknown. */
static bool is_secret(const mf_image *im, uint32_t slot) {
  const mf_row_slot *row = &MF_ROWS(im, SLOT, slot)[slot];
  return row->kind == MF_SLOT_KIND_INPUT && mf_image_input_row(im, row->arg).secret;
}

static void enter_action(walk *w, uint32_t row) {
  uint32_t path = MF_ROWS(w->im, ACTION, action)[row].path;
  w->action = row;
  w->again = w->told[path];
  w->told[path] = 1;
}

static void take_initial(walk *w, uint32_t slot, span code) {
  variable *v = &w->variables[slot];
  mf_outline_argument a;
  if (v->known || v->initials != 1 || v->stores || is_secret(w->im, slot)) return;
  describe(w, code, DEEPEST_TEXT, &a);
  v->known = a.known;
  v->value = a.value;
}

/* `operand` is the code of what is on top of the stack; from == end: not known. */
static void take(walk *w, const uint32_t *at, span operand) {
  const uint32_t a = mf_operand(at, 0);
  switch (mf_word_op(*at)) {
    case MF_OP_STEP_ENTER: w->step = a; break;
    case MF_OP_STEP_LEAVE: w->step = MF_ABSENT; break;
    case MF_OP_ACTION_ENTER: enter_action(w, a); break;
    case MF_OP_ACTION_LEAVE:
      w->action = MF_ABSENT;
      w->again = false;
      break;
    case MF_OP_HOOK_ENTER: w->hooks++; break;
    case MF_OP_HOOK_LEAVE: w->hooks -= w->hooks > 0; break;
    case MF_OP_BLOCK_ENTER: ++*(a == MF_BLOCK_ROLLBACK ? &w->rollbacks : &w->probes); break;
    case MF_OP_BLOCK_LEAVE: {
      uint32_t *open = a == MF_BLOCK_ROLLBACK ? &w->rollbacks : &w->probes;
      *open -= *open > 0;
      break;
    }
    case MF_OP_INIT: take_initial(w, a, operand); break;
    case MF_OP_SCENARIO: take_load(w, a, operand); break;
    case MF_OP_FAULT_ENTER: take_fault(w, a, operand); break;
    case MF_OP_EFFECT: take_effect(w, a, operand); break;
    case MF_OP_WAIT: take_single(w, MF_OUTLINE_WAIT, "seconds", operand); break;
    case MF_OP_REPORT: take_single(w, MF_OUTLINE_REPORT, "path", operand); break;
    default: break;
  }
}

static void count_write(walk *w, const uint32_t *at, span operand) {
  uint32_t op = mf_word_op(*at);
  (void)operand;
  if (op == MF_OP_INIT) w->variables[mf_operand(at, 0)].initials++;
  if (op == MF_OP_STORE) w->variables[mf_operand(at, 0)].stores++;
}

static void go(walk *w, void (*visit)(walk *w, const uint32_t *at, span operand), bool operands) {
  splitter s;
  uint32_t end = w->chunk->start + w->chunk->length, from = w->chunk->start;
  for (uint32_t pc = from; pc < end;) {
    const uint32_t *at = w->im->code + pc;
    const mf_op_info *info = &mf_op_table[mf_word_op(*at)];
    if (!(info->flags & MF_OPF_PURE)) {
      bool known = operands && info->pop > 0 && split(w, (span){from, pc}, &s) && s.count > 0;
      visit(w, at, known ? s.at[s.count - 1] : (span){pc, pc});
      from = pc + info->words;
    }
    pc += info->words;
  }
}

/* ---- What the caller gives ---- */

static bool can_be_given(const mf_image *im, const mf_row_slot *slot) {
  if (slot->kind == MF_SLOT_KIND_GLOBAL) return true;
  return slot->kind == MF_SLOT_KIND_INPUT && !mf_input_is_linked(im, slot->arg);
}

static void take_given(walk *w, const mf_outline_given *given) {
  const mf_row_slot *slots = MF_ROWS(w->im, SLOT, slot);
  for (uint32_t i = 0; i < MF_ROW_COUNT(w->im, SLOT); i++) {
    variable *v = &w->variables[i];
    if (!can_be_given(w->im, &slots[i]) ||
        !mf_str_eq(mf_image_string(w->im, slots[i].name), given->name))
      continue;
    v->known = v->stores == 0 && !is_secret(w->im, i);
    v->value = given->value;
    v->initials = 2; /* its initial value does not count */
    return;
  }
}

bool mf_outline_read(mf_arena *arena, const mf_image *image, const mf_outline_given *given,
                     size_t given_count, mf_outline **out) {
  uint32_t slots = MF_ROW_COUNT(image, SLOT), strings = image->string_count;
  walk w = {.im = image,
            .arena = arena,
            .chunk = MF_ROWS(image, CHUNK, chunk),
            .step = MF_ABSENT,
            .action = MF_ABSENT};
  w.variables = MF_NEW_ARRAY(arena, variable, slots + 1);
  w.told = MF_NEW_ARRAY(arena, uint8_t, strings + 1);
  if (!w.variables || !w.told) return false;
  memset(w.variables, 0, sizeof *w.variables * (slots + 1));
  memset(w.told, 0, strings + 1);
  if (MF_ROW_COUNT(image, CHUNK) > 0) {
    go(&w, count_write, false);
    for (size_t i = 0; i < given_count; i++) take_given(&w, &given[i]);
    go(&w, take, true);
    take_probes(&w);
  }
  *out = w.first;
  return !mf_arena_oom(arena);
}

const mf_outline_argument *mf_outline_get(const mf_outline *item, const char *name) {
  for (const mf_outline_argument *a = item->arguments; a; a = a->next)
    if (mf_str_is(a->name, name)) return a;
  return NULL;
}
