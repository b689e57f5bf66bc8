/* SPDX-License-Identifier: MIT */
/* From the code of a condition back to its text. */
#include "../base/json.h"
#include "graph.h"
#include "parts.h"

enum { OPERANDS = 32, LONGEST = 400 };

/* How strongly the outermost operator binds. */
enum { LOOSE_OR = 1, LOOSE_AND, RELATION, SUM, PRODUCT, UNARY, TIGHT };

typedef struct operand {
  mf_str text;
  int binds;
} operand;

typedef struct reader {
  const mf_image *im;
  mf_arena *arena;
  mf_buf buf; /* for one operand at a time */
  operand at[OPERANDS];
  uint32_t count;
} reader;

static bool push(reader *r, int binds) {
  mf_str text = mf_buf_str(&r->buf);
  if (r->buf.failed || text.n > LONGEST || r->count == OPERANDS) return false;
  const char *copy = mf_arena_copy(r->arena, text.p, text.n);
  if (!copy) return false;
  r->at[r->count++] = (operand){{copy, text.n}, binds};
  mf_buf_clear(&r->buf);
  return true;
}

/* More than LONGEST is refused by push: no need to copy it. */
static mf_str cut(mf_str text) { return text.n > LONGEST ? (mf_str){text.p, LONGEST + 1} : text; }

static void put(reader *r, mf_str text) {
  text = cut(text);
  mf_buf_add(&r->buf, text.p, text.n);
}

static void put_operand(reader *r, const operand *o, int binds) {
  bool parentheses = o->binds < binds;
  if (parentheses) mf_buf_putc(&r->buf, '(');
  put(r, o->text);
  if (parentheses) mf_buf_putc(&r->buf, ')');
}

static bool push_value(reader *r, uint32_t constant) {
  const mf_value *v = &r->im->values[constant];
  mf_print_value(&r->buf, v, 0);
  return push(r, v->kind == MF_INT && v->as.i < 0 ? UNARY : TIGHT);
}

static const char *slot_prefix(uint32_t kind) {
  switch (kind) {
    case MF_SLOT_KIND_METRIC_MAX: return "max_";
    case MF_SLOT_KIND_METRIC_MIN: return "min_";
    case MF_SLOT_KIND_METRIC_AVG: return "avg_";
    case MF_SLOT_KIND_METRIC_SUM: return "sum_";
    case MF_SLOT_KIND_METRIC_COUNT: return "count_";
    default: return "";
  }
}

static bool push_slot(reader *r, uint32_t slot) {
  const mf_row_slot *row = &MF_ROWS(r->im, SLOT, slot)[slot];
  mf_buf_puts(&r->buf, slot_prefix(row->kind));
  put(r, mf_image_string(r->im, row->name));
  return push(r, TIGHT);
}

static bool push_step_field(reader *r, uint32_t step, uint32_t field) {
  if (step == MF_PREVIOUS) {
    mf_buf_puts(&r->buf, "previous");
  } else {
    mf_buf_puts(&r->buf, "steps[");
    mf_json_quote(&r->buf, cut(mf_image_string(r->im, MF_ROWS(r->im, STEP, step)[step].name)));
    mf_buf_putc(&r->buf, ']');
  }
  if (field != MF_FIELD_ALL) mf_buf_printf(&r->buf, ".%s", mf_enum_word(MF_OPERAND_FIELD, field));
  return push(r, TIGHT);
}

static bool push_binary(reader *r, const char *sign, int binds) {
  if (r->count < 2) return false;
  const operand *left = &r->at[r->count - 2], *right = &r->at[r->count - 1];
  put_operand(r, left, binds);
  mf_buf_printf(&r->buf, " %s ", sign);
  put_operand(r, right, binds > LOOSE_AND ? binds + 1 : binds);
  r->count -= 2;
  return push(r, binds);
}

static bool push_unary(reader *r, const char *sign) {
  if (r->count < 1) return false;
  mf_buf_puts(&r->buf, sign);
  put_operand(r, &r->at[--r->count], TIGHT);
  return push(r, UNARY);
}

static bool push_field(reader *r, uint32_t constant, const char *before, const char *after) {
  const mf_value *v = &r->im->values[constant];
  if (r->count < 1) return false;
  mf_buf_puts(&r->buf, before);
  put_operand(r, &r->at[--r->count], TIGHT);
  mf_buf_putc(&r->buf, '.');
  put(r, (mf_str){v->as.s, v->len});
  mf_buf_puts(&r->buf, after);
  return push(r, TIGHT);
}

static bool push_index(reader *r) {
  if (r->count < 2) return false;
  put_operand(r, &r->at[r->count - 2], TIGHT);
  mf_buf_putc(&r->buf, '[');
  put(r, r->at[r->count - 1].text);
  mf_buf_putc(&r->buf, ']');
  r->count -= 2;
  return push(r, TIGHT);
}

/* The last n operands between two brackets. */
static bool push_list(reader *r, uint32_t n, const char *open, const char *close) {
  if (r->count < n) return false;
  r->count -= n;
  mf_buf_puts(&r->buf, open);
  for (uint32_t i = 0; i < n; i++) {
    if (i) mf_buf_puts(&r->buf, ", ");
    put(r, r->at[r->count + i].text);
  }
  mf_buf_puts(&r->buf, close);
  return push(r, TIGHT);
}

/* x.f(y); f(x) of one argument, and where the name has a dot. */
static bool push_call(reader *r, uint32_t function, uint32_t n) {
  const char *name = mf_function_name(function);
  if (r->count < n) return false;
  bool method = n > 1 && !strchr(name, '.');
  uint32_t first = r->count - n;
  if (method) {
    put_operand(r, &r->at[first], TIGHT);
    mf_buf_putc(&r->buf, '.');
  }
  mf_buf_printf(&r->buf, "%s(", name);
  for (uint32_t i = method; i < n; i++) {
    if (i > method) mf_buf_puts(&r->buf, ", ");
    put(r, r->at[first + i].text);
  }
  mf_buf_putc(&r->buf, ')');
  r->count = first;
  return push(r, TIGHT);
}

static bool push_comparison(reader *r, uint32_t relation) {
  static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
  return push_binary(r, signs[relation], RELATION);
}

/* False when it is not known how this part is written. */
static bool take(reader *r, const uint32_t *at) {
  const uint32_t op = mf_word_op(*at), a = mf_operand(at, 0);
  if (op >= MF_OP_EQ && op <= MF_OP_GE) return push_comparison(r, op - MF_OP_EQ);
  if (op >= MF_OP_SLOT_EQ && op <= MF_OP_SLOT_GE)
    return push_slot(r, a) && push_value(r, mf_operand(at, 1)) &&
           push_comparison(r, op - MF_OP_SLOT_EQ);
  switch (op) {
    case MF_OP_CONST: return push_value(r, a);
    case MF_OP_LOAD: return push_slot(r, a);
    case MF_OP_IS_SET: return push_slot(r, a) && push_list(r, 1, "has(", ")");
    case MF_OP_STEP_FIELD: return push_step_field(r, a, mf_operand(at, 1));
    case MF_OP_NEGATE: return push_unary(r, "-");
    case MF_OP_NOT: return push_unary(r, "!");
    case MF_OP_ADD: return push_binary(r, "+", SUM);
    case MF_OP_SUBTRACT: return push_binary(r, "-", SUM);
    case MF_OP_MULTIPLY: return push_binary(r, "*", PRODUCT);
    case MF_OP_DIVIDE: return push_binary(r, "/", PRODUCT);
    case MF_OP_REMAINDER: return push_binary(r, "%", PRODUCT);
    case MF_OP_IN: return push_binary(r, "in", RELATION);
    case MF_OP_INDEX: return push_index(r);
    case MF_OP_FIELD: return push_field(r, a, "", "");
    case MF_OP_HAS_FIELD: return push_field(r, a, "has(", ")");
    case MF_OP_LIST: return push_list(r, a, "[", "]");
    case MF_OP_CALL: return push_call(r, a, mf_operand(at, 1));
    case MF_OP_AND_JUMP:
    case MF_OP_OR_JUMP:
    case MF_OP_ALIKE: return true;
    case MF_OP_AND: return push_binary(r, "&&", LOOSE_AND);
    case MF_OP_OR: return push_binary(r, "||", LOOSE_OR);
    default: return false;
  }
}

mf_str mf_graph_expression(mf_arena *arena, const mf_image *image, uint32_t from, uint32_t end) {
  reader r = {.im = image, .arena = arena};
  mf_buf_init(&r.buf, &arena->alloc, 0);
  bool ok = true;
  for (uint32_t pc = from; ok && pc < end;) {
    ok = take(&r, image->code + pc);
    pc += mf_op_table[mf_word_op(image->code[pc])].words;
  }
  mf_buf_fini(&r.buf);
  return ok && r.count == 1 ? r.at[0].text : MF_STR("");
}
