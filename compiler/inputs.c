/* SPDX-License-Identifier: MIT */
/* inputs - what a document declares under `inputs`: slots with a type.
 *
 * Types are settled before any code is emitted, because expressions are checked
 * against them; constraints and defaults when the run's code begins, once each. */
#include "../vm/compare.h"
#include "../vm/input_rules.h"
#include "../vm/regex_cache.h"
#include "compiler.h"
#include "expr_types.h"

/* ---- types ---- */

/* What other languages call them. */
static const struct {
  const char *word;
  uint32_t type;
} synonyms[] = {
    {"boolean", MF_INPUT_TYPE_BOOL}, {"integer", MF_INPUT_TYPE_INT},
    {"float", MF_INPUT_TYPE_DOUBLE}, {"text", MF_INPUT_TYPE_STRING},
    {"str", MF_INPUT_TYPE_STRING},   {"array", MF_INPUT_TYPE_LIST},
    {"object", MF_INPUT_TYPE_MAP},   {"dict", MF_INPUT_TYPE_MAP},
    {"dyn", MF_INPUT_TYPE_ANY},
};
enum { SYNONYMS = sizeof synonyms / sizeof synonyms[0] };

static const char *near_type(mf_compiler *c, mf_str word) {
  mf_near near;
  mf_near_init(&near, word);
  for (uint32_t i = 0; mf_enum_word(MF_OPERAND_INPUT_TYPE, i); i++)
    mf_near_offer(&near, mf_str_of(mf_enum_word(MF_OPERAND_INPUT_TYPE, i)));
  for (size_t i = 0; i < SYNONYMS; i++) mf_near_offer(&near, mf_str_of(synonyms[i].word));
  mf_str best = mf_near_best(&near);
  if (best.n) return mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p);
  return "types are bool, int, uint, double, number, string, list, map, duration, timestamp, any";
}

static uint32_t type_named(mf_compiler *c, mf_str word, mf_span span) {
  uint32_t type = mf_enum_code(MF_OPERAND_INPUT_TYPE, word);
  for (size_t i = 0; type == MF_ABSENT && i < SYNONYMS; i++)
    if (mf_str_is(word, synonyms[i].word)) type = synonyms[i].type;
  if (type != MF_ABSENT) return type;
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, span, near_type(c, word), (int)word.n, word.p,
                   "type of inputs");
  return MF_INPUT_TYPE_ANY;
}

/* Without a type its default says it; a text that is one interpolation may come to
 * anything. */
static uint32_t type_of_default(const mf_node *value) {
  if (value == NULL) return MF_INPUT_TYPE_ANY;
  switch ((mf_shape)value->shape) {
    case MF_SHAPE_BOOL: return MF_INPUT_TYPE_BOOL;
    case MF_SHAPE_INT: return MF_INPUT_TYPE_INT;
    case MF_SHAPE_UINT: return MF_INPUT_TYPE_UINT;
    case MF_SHAPE_DOUBLE: return MF_INPUT_TYPE_DOUBLE;
    case MF_SHAPE_TEXT:
      return value->flags & MF_NODE_INTERPOLATED ? MF_INPUT_TYPE_ANY : MF_INPUT_TYPE_STRING;
    case MF_SHAPE_LIST: return MF_INPUT_TYPE_LIST;
    case MF_SHAPE_MAP: return MF_INPUT_TYPE_MAP;
    case MF_SHAPE_NULL:
    case MF_SHAPE_BAD: break;
  }
  return MF_INPUT_TYPE_ANY;
}

/* `name: int` is short for `name: {type: int}`. */
static uint32_t declared_type(mf_compiler *c, const mf_node *value) {
  const mf_node *type = value->shape == MF_SHAPE_TEXT ? value : mf_node_get(value, MF_KEY_TYPE);
  if (type == NULL) return type_of_default(mf_node_get(value, MF_KEY_DEFAULT));
  if (type->shape != MF_SHAPE_TEXT) return MF_INPUT_TYPE_ANY; /* reported */
  if (type->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, type->span, "type");
    return MF_INPUT_TYPE_ANY;
  }
  return type_named(c, mf_node_text(type), type->span);
}

const mf_type *mf_inputs_type(const mf_compiler *c, uint32_t row) {
  static const mf_type dyn = {.kind = MF_TYPE_DYN}, string = {.kind = MF_TYPE_STRING};
  static const mf_type list = {.kind = MF_TYPE_LIST, .count = 1, .args = {&dyn}};
  static const mf_type map = {.kind = MF_TYPE_MAP, .count = 2, .args = {&string, &dyn}};
  static const mf_type_kind kinds[] = {
      [MF_INPUT_TYPE_ANY] = MF_TYPE_DYN,
      [MF_INPUT_TYPE_BOOL] = MF_TYPE_BOOL,
      [MF_INPUT_TYPE_INT] = MF_TYPE_INT,
      [MF_INPUT_TYPE_UINT] = MF_TYPE_UINT,
      [MF_INPUT_TYPE_DOUBLE] = MF_TYPE_DOUBLE,
      [MF_INPUT_TYPE_NUMBER] = MF_TYPE_NUMBER,
      [MF_INPUT_TYPE_STRING] = MF_TYPE_STRING,
      [MF_INPUT_TYPE_DURATION] = MF_TYPE_DURATION,
      [MF_INPUT_TYPE_TIMESTAMP] = MF_TYPE_TIMESTAMP,
  };
  const uint32_t type = mf_builder_row_get(c->b, MF_TABLE_INPUT, row)[1];
  if (type == MF_INPUT_TYPE_LIST) return &list;
  return type == MF_INPUT_TYPE_MAP ? &map : mf_type_plain(kinds[type]);
}

/* ---- rows ---- */

/* Fields of an INPUT row, as in image/tables.def. */
enum { SLOT, TYPE, FLAGS, INITIAL, MIN, MAX, ALLOWED, PATTERN, DESCRIPTION, FIELDS };
_Static_assert(sizeof(mf_row_input) == FIELDS * sizeof(uint32_t), "one word each");

uint32_t mf_inputs_add(mf_compiler *c, uint32_t slot, uint32_t type) {
  uint32_t fields[FIELDS];
  memset(fields, 0xff, sizeof fields); /* MF_ABSENT */
  fields[SLOT] = slot;
  fields[TYPE] = type;
  fields[FLAGS] = c->link ? MF_INPUT_FLAGS_LINKED : 0;
  return mf_builder_row(c->b, MF_TABLE_INPUT, fields);
}

void mf_inputs_declare(mf_compiler *c) {
  mf_declared d = {.value = NULL};
  const mf_node *inputs = mf_node_get(c->document, MF_KEY_INPUTS);
  while (inputs && inputs->shape == MF_SHAPE_MAP && mf_declared_next(inputs, &d)) {
    const uint32_t row = mf_builder_row_count(c->b, MF_TABLE_INPUT);
    const uint32_t slot = mf_names_declare(c, d.name, d.span, MF_SLOT_KIND_INPUT, row);
    if (slot != MF_ABSENT) mf_inputs_add(c, slot, declared_type(c, d.value));
  }
}

/* ---- constraints ---- */

typedef struct input {
  mf_compiler *c;
  mf_str name;
  const mf_node *node; /* NULL: only a type */
  uint32_t row;
  mf_call call; /* for comparing and matching; its memory is the entry's */
} input;

static uint32_t *field(const input *in, uint32_t i) {
  return &mf_builder_row_get(in->c->b, MF_TABLE_INPUT, in->row)[i];
}

static mf_input_rule rule_of(const input *in) {
  const mf_builder *b = in->c->b;
#define CONSTANT(i) \
  (*field(in, i) == MF_ABSENT ? NULL : mf_builder_constant_value(b, *field(in, i)))
  return (mf_input_rule){.type = *field(in, TYPE),
                         .min = CONSTANT(MIN),
                         .max = CONSTANT(MAX),
                         .allowed = CONSTANT(ALLOWED),
                         .pattern = in->c->options->regex ? CONSTANT(PATTERN) : NULL};
#undef CONSTANT
}

static bool take(input *in, const mf_input_rule *rule, const char *what, mf_value *v,
                 mf_span span) {
  const char *why = mf_input_take(&in->call, rule, v);
  if (why == NULL) return in->call.status == MF_OK;
  mf_diag_add(in->c->diags, MF_E_INPUT_REFUSES, span, what, (int)in->name.n, in->name.p, why);
  return false;
}

/* The value of a node that must be constant; UNSET if it is not (reported). */
static mf_value constant_of(input *in, const mf_node *node, mf_key key) {
  const mf_expr *e = mf_data_expr(in->c, node);
  const mf_value v = e ? mf_expr_fold(&in->c->expr, e) : (mf_value){.kind = MF_UNSET};
  if (v.kind == MF_UNSET && e && e->kind != MF_EXPR_ERROR)
    mf_diag_add(in->c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(key));
  return v;
}

/* Whether the key is there and means something for this type. */
static const mf_node *constraint(const input *in, mf_key key, bool applies) {
  const mf_node *node = mf_node_get(in->node, key);
  if (node == NULL || node->shape == MF_SHAPE_BAD || applies) return node;
  mf_diag_add(in->c->diags, MF_E_INPUT_CONSTRAINT, mf_node_member(in->node, key)->key_span,
              mf_key_spelling(key), mf_enum_word(MF_OPERAND_INPUT_TYPE, *field(in, TYPE)));
  return NULL;
}

static void read_bound(input *in, mf_key key, uint32_t to, const char *what) {
  const mf_input_rule of_type = {.type = *field(in, TYPE)};
  const mf_node *node = constraint(in, key, mf_input_type_is_ordered(of_type.type));
  if (node == NULL || node->shape == MF_SHAPE_BAD) return;
  mf_value v = constant_of(in, node, key);
  if (v.kind != MF_UNSET && take(in, &of_type, what, &v, node->span))
    *field(in, to) = mf_builder_constant(in->c->b, &v);
}

static void check_range(input *in) {
  const mf_input_rule rule = rule_of(in);
  if (rule.min == NULL || rule.max == NULL) return;
  const mf_input_rule at_most = {.type = rule.type, .max = rule.max};
  mf_value min = *rule.min;
  if (mf_input_take(&in->call, &at_most, &min))
    mf_diag_add(in->c->diags, MF_E_EMPTY_RANGE, mf_node_get(in->node, MF_KEY_MIN)->span);
}

static void read_allowed(input *in) {
  const mf_node *node = mf_node_get(in->node, MF_KEY_ENUM);
  if (node == NULL || node->shape == MF_SHAPE_BAD) return;
  if (node->shape != MF_SHAPE_LIST || node->count == 0) {
    mf_diag_add(in->c->diags, MF_E_OUT_OF_RANGE, node->span, "'enum'",
                "a list of the values allowed, at least one");
    return;
  }
  const mf_input_rule of_type = {.type = *field(in, TYPE)};
  mf_value *items = MF_NEW_ARRAY(in->call.arena, mf_value, node->count);
  uint32_t n = 0;
  for (const mf_node *item = node->as.first; items && item; item = item->next, n++) {
    items[n] = constant_of(in, item, MF_KEY_ENUM);
    if (items[n].kind == MF_UNSET ||
        !take(in, &of_type, "a value in the 'enum'", &items[n], item->span))
      return;
  }
  const mf_value list = mf_list_of(in->call.arena, items, n);
  if (items && list.kind == MF_LIST) *field(in, ALLOWED) = mf_builder_constant(in->c->b, &list);
}

static void refuse_pattern(input *in, const mf_node *node, const mf_value *error) {
  const char *why = mf_status_text(in->call.status);
  if (error->kind == MF_ERROR)
    why = mf_arena_printf(in->c->arena, "%.*s", (int)error->len, error->as.s);
  if (why) mf_diag_add(in->c->diags, MF_E_BAD_PATTERN, node->span, why);
}

static void read_pattern(input *in) {
  const mf_node *node = constraint(in, MF_KEY_PATTERN, *field(in, TYPE) == MF_INPUT_TYPE_STRING);
  if (node == NULL || node->shape != MF_SHAPE_TEXT) return;
  const mf_value pattern = mf_string(
      mf_node_text(node)); /* never interpolated: $ is common in it */
  mf_value error;
  if (in->c->options->regex && !mf_regex_get(&in->call, &pattern, &error)) {
    if (in->call.status != MF_OUT_OF_MEMORY) refuse_pattern(in, node, &error);
    return;
  }
  *field(in, PATTERN) = mf_builder_constant(in->c->b, &pattern);
}

static void read_flags(input *in) {
  mf_compiler *c = in->c;
  const mf_node *text = mf_node_get(in->node, MF_KEY_DESCRIPTION);
  if (mf_compile_bool(c, in->node, MF_KEY_REQUIRED, false))
    *field(in, FLAGS) |= MF_INPUT_FLAGS_REQUIRED;
  if (mf_compile_bool(c, in->node, MF_KEY_SECRET, false))
    *field(in, FLAGS) |= MF_INPUT_FLAGS_SECRET;
  if (text && text->shape == MF_SHAPE_TEXT)
    *field(in, DESCRIPTION) = mf_compile_string(c, mf_node_text(text));
}

/* ---- defaults ---- */

static void emit_default(input *in, uint32_t slot, const mf_node *node) {
  mf_compiler *c = in->c;
  mf_expr *e = mf_data_expr(c, node);
  const mf_input_rule rule = rule_of(in);
  if (e == NULL || e->kind == MF_EXPR_ERROR) return;
  mf_value v = mf_expr_fold(&c->expr, e);
  if (v.kind != MF_UNSET && !take(in, &rule, "the default", &v, node->span)) return;
  uint32_t given = mf_builder_label(c->b);
  MF_EMIT(c, JUMP_SET, slot, given);
  if (v.kind == MF_UNSET) {
    *field(in, FLAGS) |= MF_INPUT_FLAGS_COMPUTED;
    mf_emit_expr(c, e);
  } else {
    *field(in, INITIAL) = mf_builder_constant(c->b, &v);
    mf_emit_constant(c, node->span, *field(in, INITIAL));
  }
  MF_EMIT(c, INIT, slot, 0);
  mf_builder_place(c->b, given);
}

static void emit_input(input *in, const mf_span name) {
  const mf_node *initial = mf_node_get(in->node, MF_KEY_DEFAULT);
  read_flags(in);
  read_bound(in, MF_KEY_MIN, MIN, "the 'min'");
  read_bound(in, MF_KEY_MAX, MAX, "the 'max'");
  check_range(in);
  read_allowed(in);
  read_pattern(in);
  if (initial == NULL) return;
  if (*field(in, FLAGS) & MF_INPUT_FLAGS_REQUIRED)
    mf_diag_add(in->c->diags, MF_W_UNUSED_DEFAULT, name, (int)in->name.n, in->name.p);
  emit_default(in, *field(in, SLOT), initial);
  mf_compile_constant(in->c, in->name, initial);
}

/* ---- judging ---- */

static void begin(input *in, mf_regex_cache *regexes) {
  mf_compiler *c = in->c;
  mf_regex_cache_init(regexes, &c->options->alloc, c->options->regex);
  in->call = (mf_call){.arena = c->scratch, .fuel = c->judging_fuel, .regexes = regexes};
}

static void end(input *in, mf_regex_cache *regexes) {
  mf_compiler *c = in->c;
  c->judging_fuel = in->call.fuel;
  if (in->call.status == MF_OUT_OF_MEMORY) c->arena->oom = true; /* the cache's is not an arena's */
  mf_regex_cache_fini(regexes);
}

static int known_answer(void *ctx, const mf_ref *ref, uint8_t op, const mf_value *value);

void mf_emit_inputs(mf_compiler *c) {
  const mf_node *inputs = mf_node_get(c->document, MF_KEY_INPUTS);
  mf_declared d = {.value = NULL};
  while (inputs && inputs->shape == MF_SHAPE_MAP && mf_declared_next(inputs, &d)) {
    uint32_t slot = mf_names_get(&c->globals, d.name);
    if (slot == MF_NAMES_NONE || d.value->shape != MF_SHAPE_MAP) continue;
    mf_regex_cache regexes;
    input in = {.c = c, .name = d.name, .node = d.value};
    in.row = mf_builder_row_get(c->b, MF_TABLE_SLOT, slot)[2];
    begin(&in, &regexes);
    emit_input(&in, d.span);
    const mf_input_rule rule = rule_of(&in);
    if (rule.min || rule.max || rule.allowed) c->env.known_answer = known_answer;
    end(&in, &regexes);
  }
}

bool mf_inputs_required(const mf_compiler *c, uint32_t slot) {
  const uint32_t *row = mf_builder_row_get(c->b, MF_TABLE_SLOT, slot);
  if (row[1] != MF_SLOT_KIND_INPUT) return false;
  return mf_builder_row_get(c->b, MF_TABLE_INPUT, row[2])[FLAGS] & MF_INPUT_FLAGS_REQUIRED;
}

/* What is constant can be judged now, as long as that takes no time to speak of; the
 * machine looks at every write. */
void mf_inputs_check_write(mf_compiler *c, uint32_t slot, const mf_expr *value) {
  if (value == NULL || slot >= mf_builder_row_count(c->b, MF_TABLE_SLOT)) return; /* reported */
  const uint32_t *row = mf_builder_row_get(c->b, MF_TABLE_SLOT, slot);
  if (row[1] != MF_SLOT_KIND_INPUT || c->judging_fuel < 0) return;
  mf_value v = mf_expr_fold(&c->expr, value);
  mf_regex_cache regexes;
  input in = {.c = c, .name = mf_builder_string_get(c->b, row[0]), .row = row[2]};
  begin(&in, &regexes);
  const mf_input_rule rule = rule_of(&in);
  if (v.kind != MF_UNSET) take(&in, &rule, "the new value", &v, value->span);
  end(&in, &regexes);
}

/* ---- comparisons that are known ---- */

static bool holds(mf_call *call, const mf_value *bound, mf_relation relation, const mf_value *v) {
  if (bound == NULL) return false;
  const mf_value result = mf_compare(call, relation, bound, v);
  return result.kind == MF_BOOL && result.as.i;
}

/* Whether every value from min to max is in the relation to v. */
static bool always(mf_call *call, const mf_input_rule *rule, uint8_t op, const mf_value *v) {
  switch (op) {
    case MF_OP_LT: return holds(call, rule->max, MF_LT, v);
    case MF_OP_LE: return holds(call, rule->max, MF_LE, v);
    case MF_OP_GT: return holds(call, rule->min, MF_GT, v);
    case MF_OP_GE: return holds(call, rule->min, MF_GE, v);
    default: return false;
  }
}

static uint8_t opposite(uint8_t op) {
  static const uint8_t other[] = {
      [MF_OP_LT] = MF_OP_GE, [MF_OP_LE] = MF_OP_GT, [MF_OP_GT] = MF_OP_LE, [MF_OP_GE] = MF_OP_LT};
  return other[op];
}

static int known_answer(void *ctx, const mf_ref *ref, uint8_t op, const mf_value *value) {
  mf_compiler *c = ctx;
  if (ref->kind != MF_REF_SLOT || c->judging_fuel < 0) return -1;
  const uint32_t *row = mf_builder_row_get(c->b, MF_TABLE_SLOT, ref->slot);
  if (row[1] != MF_SLOT_KIND_INPUT) return -1;
  input in = {.c = c, .row = row[2]};
  mf_input_rule rule = rule_of(&in);
  rule.pattern = NULL;
  mf_value v = *value;
  if (!mf_input_convert(rule.type, &v)) return -1;
  in.call = (mf_call){.arena = c->scratch, .fuel = c->judging_fuel};
  int answer = -1;
  if (op == MF_OP_EQ || op == MF_OP_NE) {
    if (mf_input_take(&in.call, &rule, &v)) answer = op == MF_OP_NE;
  } else if (always(&in.call, &rule, op, &v)) {
    answer = 1;
  } else if (always(&in.call, &rule, opposite(op), &v)) {
    answer = 0;
  }
  c->judging_fuel = in.call.fuel;
  return answer;
}
