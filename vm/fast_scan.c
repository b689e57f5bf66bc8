/* SPDX-License-Identifier: MIT */
#include "fast_scan.h"
#include "fast_kernel.h"

enum { BLOCK = 64 };

/* ---- Masks ---- */

/* One bit for each element of a block.  Which one does not matter, as long as it
 * is the same in all masks of the block: doubles are compared two at a time, and
 * the second of each pair has its bit 32 places higher. */
static inline uint64_t low_bits(uint32_t n) { return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX; }
static uint64_t bits_of_pairs(uint32_t n) { return low_bits((n + 1) / 2) | low_bits(n / 2) << 32; }

#if defined(__GNUC__)
typedef double doubles2 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));
#define UNROLLED _Pragma("GCC unroll 4")
#define PAIRS(relation, FIRST, SECOND)                                \
  const doubles2 k2 = {k, k};                                         \
  words2 bit = {1, UINT64_C(1) << 32}, found = {0, 0};                \
  UNROLLED for (uint32_t pairs = n / 2; pairs > 0; pairs--, x += 2) { \
    const doubles2 pair = {FIRST, SECOND};                            \
    found |= (words2)(pair relation k2)&bit;                          \
    bit += bit;                                                       \
  }                                                                   \
  uint64_t mask = found[0] | found[1];
#else
#define UNROLLED
#define PAIRS(relation, FIRST, SECOND)                  \
  uint64_t mask = 0;                                    \
  for (uint32_t i = 0; i < n / 2; i++, x += 2) {        \
    mask |= (uint64_t)((FIRST)relation k) << i;         \
    mask |= (uint64_t)((SECOND)relation k) << (i + 32); \
  }
#endif

/* Where the body's value is known: an operand, and for numbers what it is as a
 * double.  Beside a double an int becomes one (vm/compare.c). */
typedef struct step {
  uint32_t op;
  const mf_value *value;
  double number;
} step;

/* The mask of x rel k: of doubles, of values that are doubles, and of any numbers
 * (false: some value is none). */
#define COMPARE(name, relation)                                                                 \
  static uint64_t name##_doubles(const double *x, uint32_t n, double k) {                       \
    PAIRS(relation, x[0], x[1])                                                                 \
    return n % 2 ? mask | (uint64_t)(x[0] relation k) << n / 2 : mask;                          \
  }                                                                                             \
  static uint64_t name##_boxed(const mf_value *x, uint32_t n, double k) {                       \
    PAIRS(relation, x[0].as.d, x[1].as.d)                                                       \
    return n % 2 ? mask | (uint64_t)(x[0].as.d relation k) << n / 2 : mask;                     \
  }                                                                                             \
  static bool name##_values(const mf_value *x, uint32_t n, const mf_value *k, uint64_t *mask) { \
    const bool is_int = k->kind == MF_INT;                                                      \
    uint64_t found = 0;                                                                         \
    uint32_t i = n;                                                                             \
    for (; is_int && i > 0 && x[i - 1].kind == MF_INT; i--)                                     \
      found = found << 1 | (x[i - 1].as.i relation k->as.i);                                    \
    for (; i > 0; i--) {                                                                        \
      unsigned truth = name##_numbers(&x[i - 1], k);                                            \
      if (truth == MF_FAST_NO) truth = name##_mixed_numbers(&x[i - 1], k);                      \
      if (UNLIKELY(truth == MF_FAST_NO)) return false;                                          \
      found = found << 1 | truth;                                                               \
    }                                                                                           \
    *mask = found;                                                                              \
    return true;                                                                                \
  }
COMPARE(EQ, ==)
COMPARE(NE, !=)
COMPARE(LT, <)
COMPARE(LE, <=)
COMPARE(GT, >)
COMPARE(GE, >=)

#define EACH(name) \
  { EQ_##name, NE_##name, LT_##name, LE_##name, GT_##name, GE_##name }
static uint64_t (*const compare_doubles[])(const double *, uint32_t, double) = EACH(doubles);
static uint64_t (*const compare_boxed[])(const mf_value *, uint32_t, double) = EACH(boxed);
static bool (*const compare_values[])(const mf_value *, uint32_t, const mf_value *,
                                      uint64_t *) = EACH(values);

/* Whether texts are k. */
static bool equal_texts(const mf_value *x, uint32_t n, const mf_value *k, uint64_t *mask) {
  uint64_t found = 0;
  for (uint32_t i = n; i-- > 0;) {
    if (x[i].kind != MF_STRING) return false;
    const bool same = x[i].len == k->len;
    found = found << 1 | (same && (k->len == 0 || memcmp(x[i].as.s, k->as.s, k->len) == 0));
  }
  *mask = found;
  return true;
}

/* ---- Blocks ---- */

/* Where elements of a block are: doubles, or values. */
typedef struct block {
  const double *doubles; /* NULL: */
  const mf_value *values;
  uint32_t n;
  bool boxed; /* all values are doubles */
} block;

static bool compare(const block *b, const step *s, uint64_t *mask) {
  const uint32_t relation = s->op - MF_OP_EQ;
  const bool number = s->value->kind != MF_STRING;
  if (b->doubles || b->boxed) {
    *mask = b->doubles ? compare_doubles[relation](b->doubles, b->n, s->number)
                       : compare_boxed[relation](b->values, b->n, s->number);
    return number;
  }
  if (number) return compare_values[relation](b->values, b->n, s->value, mask);
  if (!equal_texts(b->values, b->n, s->value, mask)) return false;
  if (s->op == MF_OP_NE) *mask = ~*mask;
  return true;
}

static uint64_t all_of(const block *b) {
  return b->doubles || b->boxed ? bits_of_pairs(b->n) : low_bits(b->n);
}

/* Whether what s gives does not matter: AND or OR follows, and `other` decides. */
static inline bool is_decided(const step *s, const step *end, uint64_t other, uint64_t all) {
  if (s + 1 == end) return false;
  return s[1].op == MF_OP_AND ? (other & all) == 0 : s[1].op == MF_OP_OR && (~other & all) == 0;
}

/* Which elements the steps are true of; false to give up. */
static bool evaluate(const block *b, const step *steps, uint32_t count, uint64_t *mask) {
  uint64_t stack[MF_SCAN_STEPS + 1], *top = stack; /* *top is the latest */
  const uint64_t all = all_of(b);
  const step *const end = steps + count;
  for (const step *s = steps; s < end; s++) {
    if (s->op >= MF_OP_EQ && s->op <= MF_OP_GE) {
      if (top > stack && is_decided(s, end, *top, all))
        s++;
      else if (!compare(b, s, ++top))
        return false;
    } else if (s->op == MF_OP_AND) {
      top--, *top &= top[1];
    } else if (s->op == MF_OP_OR) {
      top--, *top |= top[1];
    } else if (s->op == MF_OP_NOT) {
      *top = ~*top;
    } else {
      *++top = 0 - s->value->as.u;
    }
  }
  *mask = *top & all;
  return true;
}

static bool are_doubles(const mf_value *x, uint32_t n) {
  UNROLLED for (uint32_t i = 0; i < n; i++) if (x[i].kind != MF_DOUBLE) return false;
  return true;
}

/* The block from element `at` on. */
static block block_at(const mf_value *list, uint32_t at) {
  block b = {.n = list->len - at < BLOCK ? list->len - at : BLOCK};
  if (list->flags & MF_PACKED) {
    b.doubles = list->as.doubles + at;
  } else {
    b.values = list->as.list + at;
    b.boxed = are_doubles(b.values, b.n);
  }
  return b;
}

static uint32_t count_bits(uint64_t mask) {
#if defined(__GNUC__)
  return (uint32_t)__builtin_popcountll(mask);
#else
  uint32_t n = 0;
  for (; mask; mask &= mask - 1) n++;
  return n;
#endif
}

/* ---- Loops ---- */

static bool is_list(const mf_value *v) {
  return v->kind == MF_LIST && (v->flags & ~(unsigned)MF_PACKED) == 0;
}

/* False when elements cannot be compared with such a value. */
static bool known_step(step *s, uint32_t op, const mf_value *value) {
  *s = (step){.op = op, .value = value};
  if (op == MF_OP_CONST) return is_clean(value, MF_BOOL);
  if (is_clean(value, MF_STRING)) return op <= MF_OP_NE;
  s->number = value->kind == MF_INT ? (double)value->as.i : value->as.d;
  return is_clean(value, MF_INT) || is_clean(value, MF_DOUBLE);
}

/* Reads the steps behind op, and what an element costs: texts take fuel when they
 * are compared. */
static bool read_steps(step *s, const mf_fast_op *op, const mf_value *slots, const mf_evaluator *e,
                       uint64_t *cost) {
  for (const mf_fast_op *from = op + 1, *end = from + op->a; from < end; from++, s++) {
    const uint32_t code = from->b & ((1u << MF_SCAN_WHERE) - 1);
    switch (from->b >> MF_SCAN_WHERE) {
      case MF_SCAN_NOWHERE: *s = (step){.op = code}; continue;
      case MF_SCAN_CONST: *s = (step){.op = code, .value = from->k.p, .number = from->l.d}; break;
      case MF_SCAN_SLOT:
        if (known_step(s, code, (const mf_value *)(const void *)((const char *)slots + from->a)))
          break;
        return false;
      default:
        if (!known_step(s, code, e->kept[from->a])) return false;
    }
    *cost += s->value->len;
  }
  return true;
}

static bool is_of_number(const step *s) {
  return s->op >= MF_OP_EQ && s->op <= MF_OP_GE && s->value->kind != MF_STRING;
}

/* Elements that are secrets make a secret of the size of a filter. */
static bool has_flags(const mf_value *list) {
  unsigned flags = 0;
  if (list->flags & MF_PACKED) return false;
  for (uint32_t i = 0; i < list->len; i++) flags |= list->as.list[i].flags;
  return flags != 0;
}

/* The only step, a comparison with a number, as EVERY does it; that knows doubles. */
static unsigned scan_doubles(const step *s, const mf_value *list, bool exists,
                             const mf_evaluator *e) {
  const mf_fast_op op = {.a = exists, .k.d = s->number};
  if (!(list->flags & MF_PACKED) && list->len && list->as.list->kind != MF_DOUBLE)
    return MF_FAST_NO;
  return mf_fast_every[s->op - MF_OP_EQ](&op, list, e);
}

unsigned mf_fast_scan(const mf_fast_op *op, const mf_value *list, const mf_value *slots,
                      const mf_evaluator *e, uint32_t *count) {
  step steps[MF_SCAN_STEPS];
  uint32_t found = 0;
  uint64_t cost = op->k.u;
  if (!is_list(list) || !read_steps(steps, op, slots, e, &cost)) return MF_FAST_NO;
  if (is_much(e, list->len * cost)) return MF_FAST_NO;
  if (op->a == 1 && op->b <= MF_LOOP_KIND_EXISTS && is_of_number(steps)) {
    const unsigned truth = scan_doubles(steps, list, op->b == MF_LOOP_KIND_EXISTS, e);
    if (truth != MF_FAST_NO) return truth;
  }
  if (op->b == MF_LOOP_KIND_FILTER && has_flags(list)) return MF_FAST_NO;
  for (uint32_t at = 0; at < list->len; at += BLOCK) {
    uint64_t mask;
    const block b = block_at(list, at);
    if (!evaluate(&b, steps, op->a, &mask)) return MF_FAST_NO;
    if (op->b == MF_LOOP_KIND_ALL) {
      if (mask != all_of(&b)) return 0;
    } else if (op->b == MF_LOOP_KIND_EXISTS) {
      if (mask) return 1;
    } else {
      found += count_bits(mask);
    }
  }
  *count = found;
  return op->b == MF_LOOP_KIND_ALL || (op->b == MF_LOOP_KIND_ONE && found == 1);
}

unsigned mf_fast_in_list(const mf_evaluator *e, const mf_value *x, const mf_value *list) {
  step s;
  uint64_t mask = 0;
  if (!is_list(list) || !known_step(&s, MF_OP_EQ, x)) return MF_FAST_NO;
  if (is_much(e, list->len * (UINT64_C(1) + x->len))) return MF_FAST_NO; /* as IN takes it */
  if (x->kind != MF_STRING) {
    const unsigned truth = scan_doubles(&s, list, true, e);
    if (truth != MF_FAST_NO) return truth;
  }
  for (uint32_t at = 0; at < list->len && mask == 0; at += BLOCK) {
    const block b = block_at(list, at);
    if (!evaluate(&b, &s, 1, &mask)) return MF_FAST_NO;
  }
  return mask != 0;
}

bool mf_fast_packed_element(const mf_value *list, const mf_value *at, mf_value *out) {
  if (!is_clean(at, MF_INT) || !is_list(list) || !(list->flags & MF_PACKED)) return false;
  if (at->as.u >= list->len) return false;
  *out = mf_double(list->as.doubles[at->as.u]);
  return true;
}

/* ---- Steps of a body ---- */

typedef struct planner {
  mf_scan_plan *plan;
  const mf_fast_tree *tree;
  const mf_value *constants;
  uint32_t element; /* LOCAL a */
  uint32_t comparisons;
} planner;

static bool add(planner *p, mf_opcode op, const mf_fast_node *operand, const mf_value *constant) {
  mf_scan_plan *plan = p->plan;
  step known = {.number = 0};
  if (plan->count == MF_SCAN_STEPS || (constant && !known_step(&known, op, constant))) return false;
  plan->steps[plan->count++] = (mf_scan_step){op, operand, constant, known.number};
  return true;
}

static bool is_element(const planner *p, const mf_fast_node *n) {
  return n->op == MF_OP_LOCAL && n->a == p->element;
}

/* Whether n is the same for all elements, and no loop; its cost is added in any case. */
static bool is_invariant(planner *p, const mf_fast_node *n) {
  bool invariant = n->op != MF_OP_LOCAL && n->op != MF_OP_LOOP && n->op != MF_OP_ALL_COMPARE &&
                   n->op != MF_OP_EXISTS_COMPARE;
  p->plan->cost += 2;
  for (const mf_fast_node *x = n->first; x && n->count; x = x->next)
    invariant &= is_invariant(p, x);
  return invariant;
}

static mf_opcode mirrored(mf_opcode relation) {
  switch ((int)relation) {
    case MF_OP_LT: return MF_OP_GT;
    case MF_OP_LE: return MF_OP_GE;
    case MF_OP_GT: return MF_OP_LT;
    case MF_OP_GE: return MF_OP_LE;
    default: return relation;
  }
}

static bool add_comparison(planner *p, mf_opcode relation, const mf_fast_node *operand) {
  if (++p->comparisons > MF_SCAN_COMPARISONS || !is_invariant(p, operand)) return false;
  if (operand->op == MF_OP_CONST) return add(p, relation, NULL, &p->constants[operand->a]);
  return add(p, relation, operand, NULL);
}

/* element in [a, b ...]: element == a || element == b ... */
static bool add_membership(planner *p, const mf_fast_node *list) {
  const mf_value *v = list->op == MF_OP_CONST ? &p->constants[list->a] : NULL;
  if (v == NULL || v->kind != MF_LIST || v->len == 0) return false;
  for (uint32_t i = 0; i < v->len; i++) {
    if (++p->comparisons > MF_SCAN_COMPARISONS) return false;
    if (!add(p, MF_OP_EQ, NULL, &v->as.list[i])) return false;
    if (i && !add(p, MF_OP_OR, NULL, NULL)) return false;
    p->plan->cost += 1;
  }
  return true;
}

static bool add_body(planner *p, const mf_fast_node *n) {
  const mf_fast_node *x = n->count ? n->first : NULL, *y = n->count > 1 ? x->next : NULL;
  p->plan->cost += 2;
  if (n->op >= MF_OP_EQ && n->op <= MF_OP_GE) {
    if (is_element(p, x)) return add_comparison(p, (mf_opcode)n->op, y);
    if (is_element(p, y)) return add_comparison(p, mirrored((mf_opcode)n->op), x);
  }
  if (n->op == MF_OP_IN && is_element(p, x)) return add_membership(p, y);
  if (n->op == MF_OP_AND || n->op == MF_OP_OR)
    return add_body(p, x) && add_body(p, y) && add(p, (mf_opcode)n->op, NULL, NULL);
  if (n->op == MF_OP_NOT) return add_body(p, x) && add(p, MF_OP_NOT, NULL, NULL);
  return is_invariant(p, n) && add(p, MF_OP_CONST, n, NULL);
}

static bool plan_comparison(planner *p, const mf_fast_node *n) {
  p->plan->cost += 4;
  return add(p, (mf_opcode)(MF_OP_EQ + n->b), NULL, &p->constants[n->a]);
}

bool mf_scan_plan_of(mf_scan_plan *plan, const mf_fast_tree *tree, const mf_value *constants,
                     const mf_fast_node *loop) {
  planner p = {plan, tree, constants, (uint32_t)(loop - tree->nodes), 0};
  plan->count = 0;
  plan->cost = 4; /* of the loop itself */
  if (loop->op == MF_OP_ALL_COMPARE || loop->op == MF_OP_EXISTS_COMPARE)
    return plan_comparison(&p, loop);
  if (loop->op != MF_OP_LOOP) return false;
  switch (loop->a) {
    case MF_LOOP_KIND_ALL:
    case MF_LOOP_KIND_EXISTS:
    case MF_LOOP_KIND_ONE:
    case MF_LOOP_KIND_FILTER: return add_body(&p, loop->first->next);
    default: return false;
  }
}
