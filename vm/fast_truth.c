/* SPDX-License-Identifier: MIT */
/* Fast code for truth values. */
#include "fast_kernel.h"
#include "fast_maker.h"

enum {
  MAX_LEAVES = 8,
  FEW_TEXTS = 4, /* of `in`: each is compared, none is hashed */
  MAX_TEXTS = 64,
  MAX_INTS = 64,
};

static void table(mf_fast_maker *m, uint32_t count, uint64_t truth);

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
static bool with_constant(mf_fast_maker *m, const mf_fast_node *n, uint32_t relation,
                          const mf_value *v, uint32_t depth) {
  mf_fast_op *op;
  if (v->flags) return false;
  switch (v->kind) {
    case MF_DOUBLE:
      op = mf_fast_add_on(m, n, MF_FAST_DOUBLE_EQ_S + relation, MF_FAST_DOUBLE_EQ_V + relation,
                          depth);
      op->k.d = v->as.d;
      return true;
    case MF_INT:
      op = mf_fast_add_on(m, n, MF_FAST_INT_EQ_S + relation, MF_FAST_INT_EQ_V + relation, depth);
      op->k.i = v->as.i;
      op->l.d = (double)v->as.i;
      return true;
    case MF_STRING:
      if (relation > MF_OP_NE - MF_OP_EQ || v->len > INT32_MAX) return false;
      op = mf_fast_add_on(m, n, text_code(v), of_value(text_code(v)), depth);
      put_text(op, v);
      if (relation) table(m, 1, 1);
      m->work += v->len > MF_FAST_WORD_BYTES;
      return true;
    default: return false;
  }
}

static void comparison(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  const uint32_t relation = n->op - MF_OP_EQ;
  if (is_constant(y) && with_constant(m, x, relation, constant(m, y->a), depth)) return;
  if (is_constant(x) && with_constant(m, y, mirrored(relation), constant(m, x->a), depth)) return;
  m->work++;
  if (is_slot(x) && is_slot(y)) {
    mf_fast_add(m, MF_FAST_COMPARE_SS_EQ + relation, offset_of(x), offset_of(y));
  } else if (is_slot(y)) {
    mf_fast_value_of(m, x, depth);
    mf_fast_add(m, MF_FAST_COMPARE_VS_EQ + relation, offset_of(y), 0);
  } else if (is_constant(y)) {
    mf_fast_value_of(m, x, depth);
    mf_fast_add(m, MF_FAST_COMPARE_VK_EQ + relation, 0, 0)->k.p = constant(m, y->a);
  } else {
    mf_fast_keep(m, x, depth);
    mf_fast_value_of(m, y, depth + 1);
    mf_fast_add(m, MF_FAST_COMPARE_HV_EQ + relation, depth, 0);
  }
}

/* ---- x in [constants] ---- */

static const mf_fast_few *few_of(mf_fast_maker *m, const mf_value *list) {
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

static const mf_fast_texts *texts_of(mf_fast_maker *m, const mf_value *list) {
  uint32_t size = 2;
  while (size < list->len * 2) size *= 2;
  mf_fast_texts *t = mf_arena_zero(m->arena, sizeof *t + size * sizeof *t->places);
  if (t == NULL) return NULL;
  t->mask = size - 1;
  for (uint32_t i = 0; i < list->len; i++) {
    const mf_value *v = &list->as.list[i];
    const mf_fast_text text = mf_fast_text_of(v);
    uint32_t at = mf_fast_place(text.first, text.last, text.len) & t->mask;
    while (t->places[at].used) at = (at + 1) & t->mask;
    t->places[at] = text;
    if (v->len > t->longest) t->longest = v->len;
  }
  return t;
}

/* Sorted by insertion: they are few. */
static const int64_t *ints_of(mf_fast_maker *m, const mf_value *list) {
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

static bool in_texts(const mf_fast_maker *m, const mf_fast_node *n) {
  const mf_fast_node *list = n->first->next;
  const mf_value *v = is_constant(list) ? constant(m, list->a) : NULL;
  return v && v->kind == MF_LIST && v->len <= MAX_TEXTS &&
         all_are(v, MF_STRING, MF_FAST_WORD_BYTES);
}

static void membership(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *list = x->next;
  const mf_value *v = is_constant(list) ? constant(m, list->a) : NULL;
  mf_fast_op *op;
  if (in_texts(m, n) && v->len <= FEW_TEXTS) {
    op = mf_fast_add_on(m, x, MF_FAST_IN_FEW_S, MF_FAST_IN_FEW_V, depth);
    op->k.p = few_of(m, v);
  } else if (in_texts(m, n)) {
    op = mf_fast_add_on(m, x, MF_FAST_IN_TEXTS_S, MF_FAST_IN_TEXTS_V, depth);
    op->k.p = texts_of(m, v);
  } else if (v && v->kind == MF_LIST && v->len <= MAX_INTS && all_are(v, MF_INT, 0)) {
    op = mf_fast_add_on(m, x, MF_FAST_IN_INTS_S, MF_FAST_IN_INTS_V, depth);
    op->b = v->len;
    op->k.p = ints_of(m, v);
  } else {
    mf_fast_keep(m, x, depth);
    mf_fast_range(m, list, depth + 1);
    mf_fast_add(m, MF_FAST_IN_HV, depth, 0);
    m->work++, m->resets = true;
  }
}

/* ---- Functions ---- */

/* The instruction of s.f(constant text), or COUNT. */
static uint32_t needle_op(const mf_fast_maker *m, const mf_fast_node *n) {
  if (n->op != MF_OP_CALL || n->count != 2) return MF_FAST_COUNT;
  const mf_value *needle = constant_text(m, n->first->next);
  if (needle == NULL || needle->len == 0 || needle->len > 4096) return MF_FAST_COUNT;
  const char *name = mf_function_name(n->a);
  if (strcmp(name, "startsWith") == 0) return MF_FAST_STARTS_S;
  if (strcmp(name, "endsWith") == 0) return MF_FAST_ENDS_S;
  return strcmp(name, "contains") == 0 ? MF_FAST_CONTAINS_S : MF_FAST_COUNT;
}

static void search(mf_fast_maker *m, const mf_fast_node *n, uint32_t code, uint32_t depth) {
  const mf_value *needle = constant_text(m, n->first->next);
  mf_fast_op *op = mf_fast_add_on(m, n->first, code, code + (MF_FAST_STARTS_V - MF_FAST_STARTS_S),
                                  depth);
  op->b = needle->len;
  op->k.p = needle->as.s;
  uint64_t last;
  if (needle->len <= 8) mf_fast_words(needle->as.s, needle->len, &op->l.u, &last);
  m->work++;
}

/* ---- Truth values without branches ---- */

/* Leaves of a boolean function: they cannot be errors when their slots have
 * values of the usual kinds, so it costs nothing to look at all of them. */
typedef struct leaves {
  const mf_fast_node *at[MAX_LEAVES];
  uint32_t count;
} leaves;

static bool is_number(const mf_fast_maker *m, const mf_fast_node *n) {
  const uint8_t kind = is_constant(n) ? constant(m, n->a)->kind : MF_NULL;
  return kind == MF_INT || kind == MF_DOUBLE;
}

/* An operation that fails for huge numbers at most. */
static bool is_plain_sum(const mf_fast_maker *m, const mf_fast_node *n) {
  if (n->op < MF_OP_ADD || n->op > MF_OP_REMAINDER) return false;
  const mf_fast_node *x = n->first, *y = x->next;
  if (!is_slot(x) || !(is_slot(y) || is_number(m, y))) return false;
  const bool divides = n->op == MF_OP_DIVIDE || n->op == MF_OP_REMAINDER;
  return !divides || (is_constant(y) && constant(m, y->a)->as.i != 0);
}

static bool is_leaf(const mf_fast_maker *m, const mf_fast_node *n) {
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
static bool collect(const mf_fast_maker *m, const mf_fast_node *n, leaves *out) {
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

static void table(mf_fast_maker *m, uint32_t count, uint64_t truth) {
  mf_fast_add(m, MF_FAST_TABLE, (1u << count) - 1, count)->k.u = truth;
}

static void wide_table(mf_fast_maker *m, uint32_t count, const truth_table *truth) {
  uint64_t *words = mf_arena_get(m->arena, sizeof truth->words);
  if (words) memcpy(words, truth->words, sizeof truth->words);
  mf_fast_add(m, MF_FAST_WIDE_TABLE, (1u << (count - 6)) - 1, count)->k.p = words;
}

/* Truth values in slots that follow each other are pushed together. */
static uint32_t push_slots(mf_fast_maker *m, const leaves *of, uint32_t at) {
  uint32_t n = 1;
  while (n < 3 && at + n < of->count && is_slot(of->at[at + n])) n++;
  if (n == 1) mf_fast_add(m, MF_FAST_BOOL_S, offset_of(of->at[at]), 0);
  if (n > 1)
    mf_fast_add(m, n == 2 ? MF_FAST_BOOL_SS : MF_FAST_BOOL_SSS, offset_of(of->at[at]),
                offset_of(of->at[at + 1]));
  if (n == 3) m->ops[m->count - 1].k.u = offset_of(of->at[at + 2]);
  return n;
}

static bool is_logic(const mf_fast_node *n) { return n->op == MF_OP_AND || n->op == MF_OP_OR; }

/* n as one function of its leaves. */
static bool at_once(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  leaves of = {.count = 0};
  if (m->guards || !collect(m, n, &of)) return false;
  for (uint32_t i = 0; i < of.count;)
    if (is_slot(of.at[i]))
      i += push_slots(m, &of, i);
    else
      mf_fast_truth_of(m, of.at[i++], depth);
  const truth_table truth = table_of(n, &of);
  if (of.count <= 6)
    table(m, of.count, truth.words[0]);
  else
    wide_table(m, of.count, &truth);
  return true;
}

/* Whether all of n can be looked at, in several tables. */
static bool is_harmless(const mf_fast_maker *m, const mf_fast_node *n) {
  if (m->guards) return false;
  if (is_logic(n)) return is_harmless(m, n->first) && is_harmless(m, n->first->next);
  if (n->op == MF_OP_NOT) return is_harmless(m, n->first);
  return is_leaf(m, n);
}

static void logic(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  const mf_fast_node *x = n->first, *y = x->next;
  if (at_once(m, n, depth)) return;
  mf_fast_truth_of(m, x, depth);
  if (is_harmless(m, y)) {
    mf_fast_truth_of(m, y, depth);
    table(m, 2, n->op == MF_OP_AND ? 8 : 14);
    return;
  }
  const uint32_t jump = mf_fast_add_parting(
      m, n->op == MF_OP_AND ? MF_FAST_IF_FALSE : MF_FAST_IF_TRUE, depth);
  mf_fast_truth_of(m, y, depth);
  m->ops[jump].b = m->count - jump;
}

/* ---- Any truth value ---- */

static void has_field(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  mf_fast_value_of(m, n->first, depth);
  mf_fast_add(m, MF_FAST_HAS, 0, 0)->k.p = mf_fast_key_of(m, constant(m, n->a));
  m->work++;
}

/* Whether truth_of knows n; else it is a value that must be a bool. */
bool mf_fast_is_truth(const mf_fast_maker *m, const mf_fast_node *n) {
  if (is_relation(n) || is_logic(n) || is_loop_truth(n)) return true;
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

void mf_fast_truth_of(mf_fast_maker *m, const mf_fast_node *n, uint32_t depth) {
  if (m->failed) return;
  if (is_relation(n)) {
    comparison(m, n, depth);
    return;
  }
  switch (n->op) {
    case MF_OP_LOAD: mf_fast_add(m, MF_FAST_BOOL_S, offset_of(n), 0); break;
    case MF_OP_AND:
    case MF_OP_OR: logic(m, n, depth); break;
    case MF_OP_NOT:
      if (at_once(m, n, depth)) break;
      mf_fast_truth_of(m, n->first, depth);
      table(m, 1, 1);
      break;
    case MF_OP_IS_SET: mf_fast_add(m, MF_FAST_IS_SET, offset_of(n), 0); break;
    case MF_OP_HAS_FIELD: has_field(m, n, depth); break;
    case MF_OP_IN: membership(m, n, depth); break;
    case MF_OP_ALL_COMPARE:
    case MF_OP_EXISTS_COMPARE: mf_fast_quantifier(m, n, depth); break;
    case MF_OP_LOOP:
      if (!is_loop_truth(n) || !mf_fast_scan_loop(m, n, MF_FAST_SCAN, n->a, depth))
        m->failed = true;
      break;
    default:
      if (mf_fast_is_truth(m, n)) {
        search(m, n, needle_op(m, n), depth);
      } else {
        mf_fast_value_of(m, n, depth);
        mf_fast_add(m, MF_FAST_BOOL_V, 0, 0);
      }
  }
}
