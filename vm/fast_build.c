/* SPDX-License-Identifier: MIT */
/* Fast code from a tree.  Truth values are pushed (truth_of), all other ones
 * become the current value (value_of); `depth` is the first temporary that is
 * free. */
#include "fast_kernel.h"
#include "fast_tree.h"

#include "../image/keys.h"

enum {
  MAX_OPS = 160,
  MAX_LEAVES = 8,
  FEW_TEXTS = 4, /* of `in`: each is compared, none is hashed */
  MAX_WORK = 60,
  MAX_TEXTS = 64,
  MAX_INTS = 64,
  MAX_WORDS = 512,
  /* Who has less fuel wants it counted.  It is enough for short texts and the
   * instructions themselves; work takes as much again, of larger amounts. */
  LEAST_FUEL = 32768,
  FUEL_OF_WORD = 4,
};

typedef struct maker {
  const mf_program *program;
  mf_arena *arena; /* of what instructions point to */
  mf_fast_op ops[MAX_OPS];
  uint8_t codes[MAX_OPS];
  uint32_t count;
  uint32_t work; /* instructions that take a share of the fuel */
  bool failed;   /* there is no fast code for this */
  bool one_row;  /* it goes over rows one by one */
  bool resets;   /* it uses the arena */
  bool jumps;    /* some instruction goes on elsewhere */
  bool guards;   /* it asks what has a value before it uses it: order matters for speed */
  uint32_t joins;
  uint32_t truths; /* on the stack */
} maker;

static void truth_of(maker *m, const mf_fast_node *n, uint32_t depth);
static void table(maker *m, uint32_t count, uint64_t truth);
static void value_of(maker *m, const mf_fast_node *n, uint32_t depth);

/* How many truth values are pushed but not yet used. */
static void count_truths(maker *m, uint32_t code, uint32_t popped) {
  switch (code) {
    case MF_FAST_BOOL_SSS: m->truths += 3; break;
    case MF_FAST_BOOL_SS: m->truths += 2; break;
    case MF_FAST_TABLE:
    case MF_FAST_WIDE_TABLE: m->truths -= popped - 1; break;
    case MF_FAST_IF_FALSE:
    case MF_FAST_IF_TRUE:
    case MF_FAST_UNLESS:
    case MF_FAST_TRUTH: m->truths--; break;
    default: m->truths += code >= MF_FAST_BOOL_S && code < MF_FAST_TABLE;
  }
  if (m->truths > MF_FAST_TRUTHS) m->one_row = true;
  if (m->truths > 64) m->failed = true;
}

static mf_fast_op *add(maker *m, uint32_t code, uint32_t a, uint32_t b) {
  if (m->count == MAX_OPS) m->failed = true, m->count--;
  m->codes[m->count] = (uint8_t)code;
  m->one_row |= mf_fast_block_table[code] == NULL;
  count_truths(m, code, b);
  mf_fast_op *op = &m->ops[m->count++];
  *op = (mf_fast_op){.run = mf_fast_table[code], .a = a, .b = b};
  return op;
}

/* Slots are offsets in bytes. */
static uint32_t offset_of(const mf_fast_node *n) { return n->a * (uint32_t)sizeof(mf_value); }
static const mf_value *constant(const maker *m, uint32_t number) {
  return &m->program->constants[number];
}
static bool is_slot(const mf_fast_node *n) { return n->op == MF_OP_LOAD; }
static bool is_constant(const mf_fast_node *n) { return n->op == MF_OP_CONST; }
static const mf_value *constant_text(const maker *m, const mf_fast_node *n) {
  const mf_value *v = is_constant(n) ? constant(m, n->a) : NULL;
  return v && v->kind == MF_STRING ? v : NULL;
}
static bool is_relation(const mf_fast_node *n) { return n->op >= MF_OP_EQ && n->op <= MF_OP_GE; }

static void check_depth(maker *m, uint32_t depth) {
  if (depth >= MF_FAST_DEPTH) m->failed = true;
  if (depth >= MF_FAST_BLOCK_DEPTH) m->one_row = true;
}

/* Rows go on in different places from here on. */
static uint32_t parting(maker *m, uint32_t code, uint32_t depth) {
  const uint32_t at = m->count;
  m->jumps = true;
  if (depth > 0) m->one_row = true; /* what is kept would have to move with them */
  add(m, code, 0, 0);
  return at;
}

/* The value of n when it is no slot: it stays where it is. */
static void kept_value(maker *m, const mf_fast_node *n, uint32_t depth) {
  value_of(m, n, depth);
  check_depth(m, depth);
  add(m, MF_FAST_KEEP, depth, 0);
}

/* ---- Comparisons ---- */

static uint32_t mirrored(uint32_t relation) {
  switch (relation + MF_OP_EQ) {
    case MF_OP_LT: return MF_OP_GT - MF_OP_EQ;
    case MF_OP_LE: return MF_OP_GE - MF_OP_EQ;
    case MF_OP_GT: return MF_OP_LT - MF_OP_EQ;
    case MF_OP_GE: return MF_OP_LE - MF_OP_EQ;
    default: return relation;
  }
}

/* An instruction for a slot, or the same for the current value, which n becomes. */
static mf_fast_op *slot_or_value(maker *m, const mf_fast_node *n, uint32_t on_slot,
                                 uint32_t on_value, uint32_t depth) {
  if (is_slot(n)) return add(m, on_slot, offset_of(n), 0);
  value_of(m, n, depth);
  return add(m, on_value, 0, 0);
}

/* n == text; the value of n stays the current one, if it is no slot. */
static uint32_t text_code(const mf_value *text) {
  return text->len == 0                    ? MF_FAST_TEXT_EMPTY_S
         : text->len <= 3                  ? MF_FAST_TEXT_3_S
         : text->len <= 8                  ? MF_FAST_TEXT_8_S
         : text->len <= MF_FAST_WORD_BYTES ? MF_FAST_TEXT_16_S
                                           : MF_FAST_TEXT_S;
}

static void put_text(mf_fast_op *op, const mf_value *text) {
  op->b = text->len;
  if (text->len > MF_FAST_WORD_BYTES)
    op->k.p = text->as.s;
  else
    mf_fast_words(text->as.s, text->len, &op->k.u, &op->l.u);
}

/* The instruction on the current value in place of one on a slot. */
static uint32_t of_value(uint32_t on_slot) {
  return on_slot + (MF_FAST_TEXT_EMPTY_V - MF_FAST_TEXT_EMPTY_S);
}

/* n relation v.  False: nothing special is known of such a constant. */
static bool with_constant(maker *m, const mf_fast_node *n, uint32_t relation, const mf_value *v,
                          uint32_t depth) {
  mf_fast_op *op;
  if (v->flags) return false;
  switch (v->kind) {
    case MF_DOUBLE:
      op = slot_or_value(m, n, MF_FAST_DOUBLE_EQ_S + relation, MF_FAST_DOUBLE_EQ_V + relation,
                         depth);
      op->k.d = v->as.d;
      return true;
    case MF_INT:
      op = slot_or_value(m, n, MF_FAST_INT_EQ_S + relation, MF_FAST_INT_EQ_V + relation, depth);
      op->k.i = v->as.i;
      op->l.d = (double)v->as.i;
      return true;
    case MF_STRING:
      if (relation > MF_OP_NE - MF_OP_EQ || v->len > INT32_MAX) return false;
      op = slot_or_value(m, n, text_code(v), of_value(text_code(v)), depth);
      put_text(op, v);
      if (relation) table(m, 1, 1);
      m->work += v->len > MF_FAST_WORD_BYTES;
      return true;
    default: return false;
  }
}

static void comparison(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  const uint32_t relation = n->op - MF_OP_EQ;
  if (is_constant(y) && with_constant(m, x, relation, constant(m, y->a), depth)) return;
  if (is_constant(x) && with_constant(m, y, mirrored(relation), constant(m, x->a), depth)) return;
  m->work++;
  if (is_slot(x) && is_slot(y)) {
    add(m, MF_FAST_COMPARE_SS_EQ + relation, offset_of(x), offset_of(y));
  } else if (is_slot(y)) {
    value_of(m, x, depth);
    add(m, MF_FAST_COMPARE_VS_EQ + relation, offset_of(y), 0);
  } else if (is_constant(y)) {
    value_of(m, x, depth);
    add(m, MF_FAST_COMPARE_VK_EQ + relation, 0, 0)->k.p = constant(m, y->a);
  } else {
    kept_value(m, x, depth);
    value_of(m, y, depth + 1);
    add(m, MF_FAST_COMPARE_HV_EQ + relation, depth, 0);
  }
}

/* ---- x in [constants] ---- */

static mf_fast_text text_of(const mf_value *v) {
  mf_fast_text text = {.len = v->len, .used = 1};
  if (v->len <= MF_FAST_WORD_BYTES) mf_fast_words(v->as.s, v->len, &text.first, &text.last);
  return text;
}

static const mf_fast_few *few_of(maker *m, const mf_value *list) {
  mf_fast_few *few = mf_arena_zero(m->arena, sizeof *few + list->len * sizeof *few->texts);
  if (few) few->count = list->len;
  for (uint32_t i = 0; few && i < list->len; i++) {
    const mf_value *v = &list->as.list[i];
    mf_fast_text *text = &few->texts[i];
    text->len = v->len;
    if (v->len >= 4)
      quarters_of(v->as.s, v->len, &text->first, &text->last);
    else if (v->len)
      text->first = three_of(v->as.s, v->len);
  }
  return few;
}

static const mf_fast_texts *texts_of(maker *m, const mf_value *list) {
  uint32_t size = 2;
  while (size < list->len * 2) size *= 2;
  mf_fast_texts *t = mf_arena_zero(m->arena, sizeof *t + size * sizeof *t->places);
  if (t == NULL) return NULL;
  t->mask = size - 1;
  for (uint32_t i = 0; i < list->len; i++) {
    const mf_value *v = &list->as.list[i];
    const mf_fast_text text = text_of(v);
    uint32_t at = mf_fast_place(text.first, text.last, text.len) & t->mask;
    while (t->places[at].used) at = (at + 1) & t->mask;
    t->places[at] = text;
    if (v->len > t->longest) t->longest = v->len;
  }
  return t;
}

/* Sorted by insertion: they are few. */
static const int64_t *ints_of(maker *m, const mf_value *list) {
  int64_t *ints = mf_arena_get(m->arena, list->len * sizeof *ints);
  for (uint32_t i = 0; ints && i < list->len; i++) {
    uint32_t at = i;
    for (; at && ints[at - 1] > list->as.list[i].as.i; at--) ints[at] = ints[at - 1];
    ints[at] = list->as.list[i].as.i;
  }
  return ints;
}

static bool all_are(const mf_value *list, uint8_t kind, uint32_t longest) {
  for (uint32_t i = 0; i < list->len; i++) {
    const mf_value *v = &list->as.list[i];
    if (v->kind != kind || v->flags || (kind == MF_STRING && v->len > longest)) return false;
  }
  return list->len > 0;
}

static bool in_texts(const maker *m, const mf_fast_node *n) {
  const mf_fast_node *list = n->first->next;
  const mf_value *v = is_constant(list) ? constant(m, list->a) : NULL;
  return v && v->kind == MF_LIST && v->len <= MAX_TEXTS &&
         all_are(v, MF_STRING, MF_FAST_WORD_BYTES);
}

static void membership(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *list = x->next;
  const mf_value *v = is_constant(list) ? constant(m, list->a) : NULL;
  mf_fast_op *op;
  if (in_texts(m, n) && v->len <= FEW_TEXTS) {
    op = slot_or_value(m, x, MF_FAST_IN_FEW_S, MF_FAST_IN_FEW_V, depth);
    op->k.p = few_of(m, v);
  } else if (in_texts(m, n)) {
    op = slot_or_value(m, x, MF_FAST_IN_TEXTS_S, MF_FAST_IN_TEXTS_V, depth);
    op->k.p = texts_of(m, v);
  } else if (v && v->kind == MF_LIST && v->len <= MAX_INTS && all_are(v, MF_INT, 0)) {
    op = slot_or_value(m, x, MF_FAST_IN_INTS_S, MF_FAST_IN_INTS_V, depth);
    op->b = v->len;
    op->k.p = ints_of(m, v);
  } else {
    kept_value(m, x, depth);
    value_of(m, list, depth + 1);
    add(m, MF_FAST_IN_HV, depth, 0);
    m->work++, m->resets = true;
  }
}

/* ---- Functions ---- */

/* The instruction of s.f(constant text), or COUNT. */
static uint32_t needle_op(const maker *m, const mf_fast_node *n) {
  if (n->op != MF_OP_CALL || n->count != 2) return MF_FAST_COUNT;
  const mf_value *needle = constant_text(m, n->first->next);
  if (needle == NULL || needle->len == 0 || needle->len > 4096) return MF_FAST_COUNT;
  const char *name = mf_function_name(n->a);
  if (strcmp(name, "startsWith") == 0) return MF_FAST_STARTS_S;
  if (strcmp(name, "endsWith") == 0) return MF_FAST_ENDS_S;
  return strcmp(name, "contains") == 0 ? MF_FAST_CONTAINS_S : MF_FAST_COUNT;
}

static void search(maker *m, const mf_fast_node *n, uint32_t code, uint32_t depth) {
  const mf_value *needle = constant_text(m, n->first->next);
  mf_fast_op *op = slot_or_value(m, n->first, code, code + (MF_FAST_STARTS_V - MF_FAST_STARTS_S),
                                 depth);
  op->b = needle->len;
  op->k.p = needle->as.s;
  uint64_t last;
  if (needle->len <= 8) mf_fast_words(needle->as.s, needle->len, &op->l.u, &last);
  m->work++;
}

static void call(maker *m, const mf_fast_node *n, uint32_t depth) {
  uint32_t at = depth;
  for (const mf_fast_node *arg = n->first; arg; arg = arg->next, at++) {
    check_depth(m, at);
    value_of(m, arg, at);
    add(m, MF_FAST_COPY, at, 0);
  }
  check_depth(m, depth);
  add(m, MF_FAST_CALL, n->count, depth)->k.u = n->a;
  m->work++, m->resets = true;
}

/* A slot as a range: it may be a packed list. */
static void range_of(maker *m, const mf_fast_node *n, uint32_t depth) {
  if (is_slot(n))
    add(m, MF_FAST_RANGE, offset_of(n), 0);
  else
    value_of(m, n, depth);
}

static void quantifier(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_value *k = constant(m, n->a);
  if (k->kind != MF_DOUBLE || n->b > 5) {
    m->failed = true;
    return;
  }
  range_of(m, n->first, depth);
  add(m, MF_FAST_EVERY, n->op == MF_OP_EXISTS_COMPARE, n->b)->k.d = k->as.d;
  m->work++;
}

/* ---- Truth values without branches ---- */

/* Leaves of a boolean function: they cannot be errors when their slots have
 * values of the usual kinds, so it costs nothing to look at all of them. */
typedef struct leaves {
  const mf_fast_node *at[MAX_LEAVES];
  uint32_t count;
} leaves;

static bool is_number(const maker *m, const mf_fast_node *n) {
  const uint8_t kind = is_constant(n) ? constant(m, n->a)->kind : MF_NULL;
  return kind == MF_INT || kind == MF_DOUBLE;
}

/* An operation that fails for huge numbers at most. */
static bool is_plain_sum(const maker *m, const mf_fast_node *n) {
  if (n->op < MF_OP_ADD || n->op > MF_OP_REMAINDER) return false;
  const mf_fast_node *x = n->first, *y = x->next;
  if (!is_slot(x) || !(is_slot(y) || is_number(m, y))) return false;
  const bool divides = n->op == MF_OP_DIVIDE || n->op == MF_OP_REMAINDER;
  return !divides || (is_constant(y) && constant(m, y->a)->as.i != 0);
}

static bool is_leaf(const maker *m, const mf_fast_node *n) {
  if (is_slot(n) || n->op == MF_OP_IS_SET) return true;
  if (n->op == MF_OP_IN) return is_slot(n->first) && in_texts(m, n);
  if (!is_relation(n)) return false;
  const mf_fast_node *x = n->first, *y = x->next;
  if (is_slot(x) && is_slot(y)) return true;
  if (is_plain_sum(m, x)) return is_slot(y) || is_number(m, y);
  const mf_fast_node *k = is_constant(y) ? y : x, *slot = is_constant(y) ? x : y;
  if (!is_slot(slot) || !is_constant(k)) return false;
  const uint8_t kind = constant(m, k->a)->kind;
  const bool equality = n->op <= MF_OP_NE && constant(m, k->a)->len <= MF_FAST_WORD_BYTES;
  return kind == MF_DOUBLE || kind == MF_INT || (kind == MF_STRING && equality);
}

static bool is_same_leaf(const mf_fast_node *x, const mf_fast_node *y) {
  return x == y || (is_slot(x) && is_slot(y) && x->a == y->a);
}

/* Adds the leaves of n; false when it is no boolean function of few leaves. */
static bool collect(const maker *m, const mf_fast_node *n, leaves *out) {
  if (n->op == MF_OP_AND || n->op == MF_OP_OR)
    return collect(m, n->first, out) && collect(m, n->first->next, out);
  if (n->op == MF_OP_NOT) return collect(m, n->first, out);
  for (uint32_t i = 0; i < out->count; i++)
    if (is_same_leaf(n, out->at[i])) return true;
  if (out->count == MAX_LEAVES || !is_leaf(m, n)) return false;
  out->at[out->count++] = n;
  return true;
}

/* Bit i is the value of n when the leaves are the bits of i, the last in bit 0. */
typedef struct truth_table {
  uint64_t words[4];
} truth_table;

static truth_table leaf_table(uint32_t place) {
  static const uint64_t patterns[6] = {UINT64_C(0xaaaaaaaaaaaaaaaa), UINT64_C(0xcccccccccccccccc),
                                       UINT64_C(0xf0f0f0f0f0f0f0f0), UINT64_C(0xff00ff00ff00ff00),
                                       UINT64_C(0xffff0000ffff0000), UINT64_C(0xffffffff00000000)};
  truth_table t;
  for (uint32_t i = 0; i < 4; i++)
    t.words[i] = place < 6 ? patterns[place] : 0 - (uint64_t)(i >> (place - 6) & 1);
  return t;
}

static truth_table table_of(const mf_fast_node *n, const leaves *of) {
  if (n->op == MF_OP_AND || n->op == MF_OP_OR || n->op == MF_OP_NOT) {
    truth_table x = table_of(n->first, of);
    const truth_table y = n->op == MF_OP_NOT ? x : table_of(n->first->next, of);
    for (uint32_t i = 0; i < 4; i++) {
      if (n->op == MF_OP_AND) x.words[i] &= y.words[i];
      if (n->op == MF_OP_OR) x.words[i] |= y.words[i];
      if (n->op == MF_OP_NOT) x.words[i] = ~x.words[i];
    }
    return x;
  }
  uint32_t at = 0;
  while (!is_same_leaf(of->at[at], n)) at++;
  return leaf_table(of->count - 1 - at);
}

static void table(maker *m, uint32_t count, uint64_t truth) {
  add(m, MF_FAST_TABLE, (1u << count) - 1, count)->k.u = truth;
}

static void wide_table(maker *m, uint32_t count, const truth_table *truth) {
  uint64_t *words = mf_arena_get(m->arena, sizeof truth->words);
  if (words) memcpy(words, truth->words, sizeof truth->words);
  add(m, MF_FAST_WIDE_TABLE, (1u << (count - 6)) - 1, count)->k.p = words;
}

/* Truth values in slots that follow each other are pushed together. */
static uint32_t push_slots(maker *m, const leaves *of, uint32_t at) {
  uint32_t n = 1;
  while (n < 3 && at + n < of->count && is_slot(of->at[at + n])) n++;
  if (n == 1) add(m, MF_FAST_BOOL_S, offset_of(of->at[at]), 0);
  if (n > 1)
    add(m, n == 2 ? MF_FAST_BOOL_SS : MF_FAST_BOOL_SSS, offset_of(of->at[at]),
        offset_of(of->at[at + 1]));
  if (n == 3) m->ops[m->count - 1].k.u = offset_of(of->at[at + 2]);
  return n;
}

static bool is_logic(const mf_fast_node *n) { return n->op == MF_OP_AND || n->op == MF_OP_OR; }

/* n as one function of its leaves. */
static bool at_once(maker *m, const mf_fast_node *n, uint32_t depth) {
  leaves of = {.count = 0};
  if (m->guards || !collect(m, n, &of)) return false;
  for (uint32_t i = 0; i < of.count;)
    if (is_slot(of.at[i]))
      i += push_slots(m, &of, i);
    else
      truth_of(m, of.at[i++], depth);
  const truth_table truth = table_of(n, &of);
  if (of.count <= 6)
    table(m, of.count, truth.words[0]);
  else
    wide_table(m, of.count, &truth);
  return true;
}

/* Whether all of n can be looked at, in several tables. */
static bool is_harmless(const maker *m, const mf_fast_node *n) {
  if (m->guards) return false;
  if (is_logic(n)) return is_harmless(m, n->first) && is_harmless(m, n->first->next);
  if (n->op == MF_OP_NOT) return is_harmless(m, n->first);
  return is_leaf(m, n);
}

static void logic(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  if (at_once(m, n, depth)) return;
  truth_of(m, x, depth);
  if (is_harmless(m, y)) {
    truth_of(m, y, depth);
    table(m, 2, n->op == MF_OP_AND ? 8 : 14);
    return;
  }
  const uint32_t jump = parting(m, n->op == MF_OP_AND ? MF_FAST_IF_FALSE : MF_FAST_IF_TRUE, depth);
  truth_of(m, y, depth);
  m->ops[jump].b = m->count - jump;
}

/* ---- Any expression ---- */

static void choose(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *then = n->first->next;
  truth_of(m, n->first, depth);
  const uint32_t unless = parting(m, MF_FAST_UNLESS, depth);
  value_of(m, then, depth);
  const uint32_t jump = m->count;
  add(m, MF_FAST_JUMP, 0, 0);
  m->ops[unless].b = m->count - unless;
  value_of(m, then->next, depth);
  m->ops[jump].b = m->count - jump;
}

static const mf_fast_key *key_of(maker *m, const mf_value *v) {
  mf_fast_key *key = mf_arena_get(m->arena, sizeof *key);
  if (mf_key_cost(v)) m->failed = true; /* fuel is counted there for entries alone */
  if (key) *key = (mf_fast_key){.value = v, .hash = mf_key_hash(v), .text = text_of(v)};
  return key;
}

/* n.k, where k is a constant text. */
static void field(maker *m, const mf_fast_node *n, uint32_t k, uint32_t depth) {
  const mf_value *text = constant(m, k);
  const uint32_t len = text->len, by_length = len == 0                    ? 3
                                              : len <= 3                  ? 0
                                              : len <= 8                  ? 1
                                              : len <= MF_FAST_WORD_BYTES ? 2
                                                                          : 3;
  mf_fast_op *op = slot_or_value(m, n->first, MF_FAST_FIELD_3_S + by_length,
                                 MF_FAST_FIELD_3_V + by_length, depth);
  op->b = len;
  if (len <= MF_FAST_WORD_BYTES) mf_fast_words(text->as.s, len, &op->k.u, &op->l.u);
  op = add(m, MF_FAST_OPERAND, 0, 0);
  op->k.p = key_of(m, text);
  const mf_value key = {.kind = MF_STRING, .len = len};
  memcpy(&op->l, &key, sizeof op->l);
  m->work++;
}

static void has_field(maker *m, const mf_fast_node *n, uint32_t depth) {
  value_of(m, n->first, depth);
  add(m, MF_FAST_HAS, 0, 0)->k.p = key_of(m, constant(m, n->a));
  m->work++;
}

static bool is_string_call(const mf_fast_node *n) {
  return n->op == MF_OP_CALL && n->count == 1 && strcmp(mf_function_name(n->a), "string") == 0;
}

static bool is_text(const maker *m, const mf_fast_node *n) {
  if (n->op == MF_OP_ADD) return is_text(m, n->first) || is_text(m, n->first->next);
  return constant_text(m, n) || is_string_call(n) || n->op == MF_OP_CONCAT;
}

/* The parts of a sum of texts, or of an interpolation, in `out`; their number. */
static uint32_t parts_of(const mf_fast_node *n, const mf_fast_node **out, uint32_t at) {
  if (n->op != MF_OP_ADD) {
    if (at < MF_FAST_DEPTH) out[at] = n;
    return at + 1;
  }
  return parts_of(n->first->next, out, parts_of(n->first, out, at));
}

/* A part of a sum must be a text; string(x) and parts of interpolations become
 * one.  Values of parts that are computed are kept until all are known. */
static void part(maker *m, mf_fast_op *op, const mf_fast_node *n, bool any_kind, uint32_t kept) {
  if (is_string_call(n)) n = n->first, any_kind = true;
  *op = (mf_fast_op){.a = kept, .b = MF_FAST_PART_KEPT, .l.u = any_kind};
  if (is_slot(n)) op->a = offset_of(n), op->b = MF_FAST_PART_SLOT;
  if (!is_constant(n)) return;
  const mf_value *text = constant(m, n->a);
  if (text->kind != MF_STRING || text->flags || text->len > MF_FAST_TEXT) m->failed = true;
  char *padded = m->failed ? NULL : mf_arena_zero(m->arena, text->len + (size_t)MF_FAST_PADDING);
  if (padded && text->len) memcpy(padded, text->as.s, text->len);
  op->k.p = padded, op->a = m->failed ? 0 : text->len, op->b = MF_FAST_PART_CONST;
}

static void join(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *parts[MF_FAST_DEPTH];
  mf_fast_op operands[MF_FAST_DEPTH];
  uint32_t count = 0, kept = depth;
  const bool any_kind = n->op == MF_OP_CONCAT;
  if (any_kind)
    for (const mf_fast_node *p = n->first; p && count < MF_FAST_DEPTH; p = p->next)
      parts[count++] = p;
  else
    count = parts_of(n, parts, 0);
  if (count > MF_FAST_DEPTH || (any_kind && count != n->count)) m->failed = true;
  if (m->failed) return;
  for (uint32_t i = 0; i < count; i++) {
    part(m, &operands[i], parts[i], any_kind, kept);
    if (operands[i].b == MF_FAST_PART_KEPT)
      kept_value(m, is_string_call(parts[i]) ? parts[i]->first : parts[i], kept), kept++;
  }
  check_depth(m, depth);
  m->joins++;
  const uint32_t at = m->count;
  add(m, MF_FAST_JOIN, count, depth);
  for (uint32_t i = 0; i < count && !m->failed; i++) {
    operands[i].run = add(m, MF_FAST_OPERAND, 0, 0)->run;
    m->ops[m->count - 1] = operands[i];
    m->ops[at].l.u += operands[i].b == MF_FAST_PART_CONST ? operands[i].a + MF_FAST_PADDING
                                                          : MF_FAST_OTHER_PART;
  }
  m->work++;
}

static void arithmetic(maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  const uint32_t operation = n->op - MF_OP_ADD;
  check_depth(m, depth);
  if (n->op == MF_OP_ADD && is_text(m, n)) {
    join(m, n, depth);
  } else if (is_slot(x) && is_slot(y)) {
    add(m, MF_FAST_ADD_SS + operation, offset_of(x), depth)->k.u = offset_of(y);
  } else if (is_slot(x) && is_constant(y)) {
    add(m, MF_FAST_ADD_SK + operation, offset_of(x), depth)->k.p = constant(m, y->a);
  } else if (is_slot(y)) {
    value_of(m, x, depth);
    add(m, MF_FAST_ADD_VS + operation, offset_of(y), depth);
  } else if (is_constant(y)) {
    value_of(m, x, depth);
    add(m, MF_FAST_ADD_VK + operation, 0, depth)->k.p = constant(m, y->a);
  } else {
    kept_value(m, x, depth);
    value_of(m, y, depth + 1);
    add(m, MF_FAST_ADD_HV + operation, depth, depth);
  }
}

static void index_of(maker *m, const mf_fast_node *n, uint32_t depth) {
  if (constant_text(m, n->first->next)) {
    field(m, n, n->first->next->a, depth);
    return;
  }
  kept_value(m, n->first, depth);
  value_of(m, n->first->next, depth + 1);
  add(m, MF_FAST_INDEX_HV, depth, depth);
  m->work++, m->resets = true;
}

/* Whether truth_of knows n; else it is a value that must be a bool. */
static bool is_truth(const maker *m, const mf_fast_node *n) {
  if (is_relation(n) || is_logic(n)) return true;
  switch (n->op) {
    case MF_OP_NOT:
    case MF_OP_IS_SET:
    case MF_OP_HAS_FIELD:
    case MF_OP_IN:
    case MF_OP_ALL_COMPARE:
    case MF_OP_EXISTS_COMPARE: return true;
    default: return needle_op(m, n) != MF_FAST_COUNT;
  }
}

static void truth_of(maker *m, const mf_fast_node *n, uint32_t depth) {
  if (m->failed) return;
  if (is_relation(n)) {
    comparison(m, n, depth);
    return;
  }
  switch (n->op) {
    case MF_OP_LOAD: add(m, MF_FAST_BOOL_S, offset_of(n), 0); break;
    case MF_OP_AND:
    case MF_OP_OR: logic(m, n, depth); break;
    case MF_OP_NOT:
      if (at_once(m, n, depth)) break;
      truth_of(m, n->first, depth);
      table(m, 1, 1);
      break;
    case MF_OP_IS_SET: add(m, MF_FAST_IS_SET, offset_of(n), 0); break;
    case MF_OP_HAS_FIELD: has_field(m, n, depth); break;
    case MF_OP_IN: membership(m, n, depth); break;
    case MF_OP_ALL_COMPARE:
    case MF_OP_EXISTS_COMPARE: quantifier(m, n, depth); break;
    default:
      if (is_truth(m, n)) {
        search(m, n, needle_op(m, n), depth);
      } else {
        value_of(m, n, depth);
        add(m, MF_FAST_BOOL_V, 0, 0);
      }
  }
}

static void value_of(maker *m, const mf_fast_node *n, uint32_t depth) {
  if (m->failed) return;
  if (is_truth(m, n)) {
    truth_of(m, n, depth);
    check_depth(m, depth);
    add(m, MF_FAST_TRUTH, depth, 0);
    return;
  }
  switch (n->op) {
    case MF_OP_LOAD: add(m, MF_FAST_SLOT, offset_of(n), 0); break;
    case MF_OP_CONST: add(m, MF_FAST_CONST, 0, 0)->k.p = constant(m, n->a); break;
    case MF_OP_FIELD: field(m, n, n->a, depth); break;
    case MF_OP_INDEX: index_of(m, n, depth); break;
    case MF_OP_CALL: is_string_call(n) ? join(m, n, depth) : call(m, n, depth); break;
    case MF_OP_CONCAT: join(m, n, depth); break;
    case MF_OP_CHOOSE: choose(m, n, depth); break;
    case MF_OP_NEGATE:
      value_of(m, n->first, depth);
      check_depth(m, depth);
      add(m, MF_FAST_NEGATE, 0, depth);
      break;
    default: arithmetic(m, n, depth);
  }
}

/* The last instruction becomes another one. */
static void turn_last(maker *m, uint32_t code) {
  if (!m->jumps) m->codes[m->count - 1] = (uint8_t)code; /* else blocks go on behind */
  m->ops[m->count - 1].run = mf_fast_table[code];
}

static void finish(maker *m, const mf_fast_node *root) {
  const uint32_t last = m->codes[m->count - 1];
  const bool narrow = last == MF_FAST_TABLE, wide = last == MF_FAST_WIDE_TABLE;
  if (!is_truth(m, root)) {
    add(m, MF_FAST_RETURN, 0, 0);
    return;
  }
  if (narrow || wide) turn_last(m, narrow ? MF_FAST_RETURN_TABLE : MF_FAST_RETURN_WIDE);
  if (m->jumps || !(narrow || wide)) add(m, MF_FAST_RETURN_TRUTH, 0, 0);
}

/* The only text an evaluation makes need not lie in the arena. */
static void mark_single_join(maker *m) {
  if (m->joins > 1) m->resets = true;
  for (uint32_t i = 0; i < m->count && !m->resets; i++)
    if (m->codes[i] == MF_FAST_JOIN) m->ops[i].k.u = 1;
}

static bool has_guards(const maker *m, const mf_fast_tree *tree) {
  for (uint32_t i = 0; i < tree->count; i++) {
    const mf_fast_node *n = &tree->nodes[i];
    if (n->op == MF_OP_IS_SET || n->op == MF_OP_HAS_FIELD) return true;
    if (is_constant(n) && constant(m, n->a)->kind == MF_NULL) return true;
  }
  return false;
}

static void make(maker *m, const mf_fast_node *root) {
  add(m, MF_FAST_RESET, 0, 0); /* left out again when nothing uses the arena */
  m->one_row = false;
  if (is_truth(m, root))
    truth_of(m, root, 0);
  else
    value_of(m, root, 0);
  finish(m, root);
  mark_single_join(m);
  if (m->work > MAX_WORK) m->failed = true;
}

/* The code without its first `skipped` instructions, in the program. */
static mf_status hand_over(const maker *m, mf_program *program, uint32_t skipped) {
  const uint32_t count = m->count - skipped;
  mf_fast_op *ops = mf_arena_get(m->arena, count * sizeof *ops);
  uint8_t *codes = m->one_row ? NULL : mf_arena_get(m->arena, count);
  if (ops == NULL || mf_arena_oom(m->arena)) return MF_OUT_OF_MEMORY;
  memcpy(ops, m->ops + skipped, count * sizeof *ops);
  if (codes) memcpy(codes, m->codes + skipped, count);
  program->fast = ops;
  program->fast_codes = codes;
  program->fast_count = count;
  return MF_OK;
}

mf_status mf_fast_build(mf_program *program, const mf_row_chunk *chunk) {
  mf_fast_tree tree;
  maker m;
  program->fast_need = INT64_MAX;
  if (chunk->length > MAX_WORDS || !mf_fast_tree_read(&tree, program->code, chunk->length))
    return MF_OK;
  m.program = program, m.arena = &program->image->arena;
  m.count = m.work = m.joins = m.truths = 0;
  m.failed = m.one_row = m.resets = m.jumps = false;
  m.guards = has_guards(&m, &tree);
  make(&m, tree.root);
  if (mf_arena_oom(m.arena)) return MF_OUT_OF_MEMORY;
  if (m.failed) return MF_OK;
  const mf_status status = hand_over(&m, program, m.resets ? 0 : 1);
  if (status == MF_OK) program->fast_need = LEAST_FUEL + FUEL_OF_WORD * (int64_t)chunk->length;
  return status;
}
