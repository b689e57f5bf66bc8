/* SPDX-License-Identifier: MIT */
#include "parts.h"

/* ---- opcodes and tables ---- */

/* The words opcodes.def uses for counts and flags. */
enum { N = MF_POP_N, N2 = MF_POP_N2, NB = MF_POP_NB, N1 = MF_POP_N1, AT = MF_POP_AT };
enum {
  PURE = MF_OPF_PURE,
  JUMP = MF_OPF_JUMP,
  END = MF_OPF_END,
  EFFECT = MF_OPF_EFFECT,
  ENTER = MF_OPF_ENTER,
  LEAVE = MF_OPF_LEAVE,
  INSIDE = MF_OPF_INSIDE,
  RAISE = MF_OPF_RAISE
};
#define HAS(kind) (MF_OPERAND_##kind != MF_OPERAND_NONE)

const mf_op_info mf_op_table[256] = {
#define MF_OP(name, code, a, b, c, pop, push, flags, synopsis) \
  [code] = {#name,                                             \
            {MF_OPERAND_##a, MF_OPERAND_##b, MF_OPERAND_##c},  \
            1 + HAS(b) + HAS(c),                               \
            pop,                                               \
            push,                                              \
            flags,                                             \
            synopsis},
#include "opcodes.def"
#undef MF_OP
};

/* First an enumeration of each table's fields, then the descriptions. */
/* clang-format off */
#define MF_TABLE(NAME, name) }; enum { NAME##_fields = -1,
/* clang-format on */
#define MF_FIELD(NAME, field, kind) NAME##_##field,
enum {
  no_fields,
#include "tables.def"
};
#undef MF_TABLE
#undef MF_FIELD

const mf_table_info mf_table_infos[MF_TABLE_COUNT] = {
#define MF_TABLE(NAME, lower)      \
  [MF_TABLE_##NAME].name = #lower, \
  [MF_TABLE_##NAME].field_count = sizeof(mf_row_##lower) / sizeof(uint32_t),
#define MF_FIELD(NAME, field, kind)                       \
  [MF_TABLE_##NAME].field_names[NAME##_##field] = #field, \
  [MF_TABLE_##NAME].field_kinds[NAME##_##field] = MF_OPERAND_##kind,
#include "tables.def"
#undef MF_TABLE
#undef MF_FIELD
};

mf_table mf_operand_table(mf_operand_kind kind) {
  static const uint8_t tables[64] = {
      [MF_OPERAND_SLOT] = 1 + MF_TABLE_SLOT,
      [MF_OPERAND_STEP] = 1 + MF_TABLE_STEP,
      [MF_OPERAND_STEP_OR_PREVIOUS] = 1 + MF_TABLE_STEP,
      [MF_OPERAND_BRANCH] = 1 + MF_TABLE_BRANCH,
      [MF_OPERAND_REPEAT] = 1 + MF_TABLE_REPEAT,
      [MF_OPERAND_LINK] = 1 + MF_TABLE_LINK,
      [MF_OPERAND_HOOK] = 1 + MF_TABLE_HOOK,
      [MF_OPERAND_ACTION] = 1 + MF_TABLE_ACTION,
      [MF_OPERAND_ASSERTION] = 1 + MF_TABLE_ASSERTION,
      [MF_OPERAND_SCENARIO] = 1 + MF_TABLE_SCENARIO,
      [MF_OPERAND_FAULT] = 1 + MF_TABLE_FAULT,
      [MF_OPERAND_METRIC] = 1 + MF_TABLE_METRIC,
      [MF_OPERAND_DRIVER] = 1 + MF_TABLE_DRIVER,
      [MF_OPERAND_GROUP] = 1 + MF_TABLE_GROUP,
      [MF_OPERAND_TASK] = 1 + MF_TABLE_TASK,
      [MF_OPERAND_REPORT] = 1 + MF_TABLE_REPORT,
      [MF_OPERAND_REQUEST] = 1 + MF_TABLE_REQUEST,
      [MF_OPERAND_READING] = 1 + MF_TABLE_READING,
      [MF_OPERAND_PURE_CHUNK] = 1 + MF_TABLE_CHUNK,
  };
  const uint8_t found = tables[mf_operand_base(kind)];
  return found ? (mf_table)(found - 1) : MF_TABLE_COUNT;
}

mf_operand_kind mf_operand_base(mf_operand_kind kind) {
  switch ((int)kind) {
    case MF_OPERAND_OPT_CONST: return MF_OPERAND_CONST;
    case MF_OPERAND_OPT_STRING: return MF_OPERAND_STRING;
    case MF_OPERAND_OPT_PURE_CHUNK: return MF_OPERAND_PURE_CHUNK;
    case MF_OPERAND_OPT_SLOT: return MF_OPERAND_SLOT;
    case MF_OPERAND_OPT_STEP: return MF_OPERAND_STEP;
    case MF_OPERAND_OPT_SCENARIO: return MF_OPERAND_SCENARIO;
    case MF_OPERAND_OPT_REQUEST: return MF_OPERAND_REQUEST;
    default: return kind;
  }
}

uint32_t mf_section_row_bytes(uint32_t id) {
  switch (id) {
    case MF_SECTION_STRINGS:
    case MF_SECTION_METADATA: return 1;
    case MF_SECTION_STRING_ROWS: return sizeof(mf_string_row);
    case MF_SECTION_CONSTANTS: return sizeof(mf_constant);
    case MF_SECTION_CHILDREN:
    case MF_SECTION_CODE: return sizeof(uint32_t);
    case MF_SECTION_LINES: return sizeof(mf_line_row);
    case MF_SECTION_SOURCE: return sizeof(mf_source_row);
    default: return mf_table_infos[id - MF_SECTION_TABLE].field_count * (uint32_t)sizeof(uint32_t);
  }
}

/* ---- enumerations ---- */

enum { MF_OPERAND_BUILTIN = 63 }; /* names of built-in slots are no operand kind */
_Static_assert((int)MF_OPERAND_WATCH_KIND < MF_OPERAND_BUILTIN, "the last kind leaves room");

static const struct enum_row {
  uint8_t kind;
  uint32_t code;
  const char *word;
} enums[] = {
#define MF_ENUM(type, name, code, word) {MF_OPERAND_##type, code, word},
#include "kinds.def"
#undef MF_ENUM
};
enum { ENUM_ROWS = sizeof enums / sizeof *enums };

static const char *word_of(unsigned kind, uint32_t code) {
  for (size_t i = 0; i < ENUM_ROWS; i++)
    if (enums[i].kind == kind && enums[i].code == code) return enums[i].word;
  return NULL;
}

static uint32_t code_of(unsigned kind, mf_str word) {
  for (size_t i = 0; i < ENUM_ROWS; i++)
    if (enums[i].kind == kind && mf_str_is(word, enums[i].word)) return enums[i].code;
  return MF_ABSENT;
}

/* What a row makes the limit of its kind: above its code, or, of flags, which are
 * bits without holes, above it with all lower ones. */
#define IS_FLAGS(kind)                                                        \
  ((kind) == MF_OPERAND_STEP_FLAGS || (kind) == MF_OPERAND_ASSERTION_FLAGS || \
   (kind) == MF_OPERAND_INPUT_FLAGS || (kind) == MF_OPERAND_REQUEST_FLAGS ||  \
   (kind) == MF_OPERAND_WATCH_FLAGS)
static const struct enum_row_limit {
  uint8_t kind;
  uint32_t limit;
} row_limits[] = {
#define MF_ENUM(type, name, code, word) \
  {MF_OPERAND_##type, IS_FLAGS((int)MF_OPERAND_##type) ? 2 * (code) : (code) + 1},
#include "kinds.def"
#undef MF_ENUM
};

void mf_enum_limits(uint64_t limits[64]) {
  for (size_t i = 0; i < ENUM_ROWS; i++)
    if (limits[row_limits[i].kind] < row_limits[i].limit)
      limits[row_limits[i].kind] = row_limits[i].limit;
}

static uint32_t limit_of(unsigned kind) {
  uint32_t limit = 0;
  for (size_t i = 0; i < ENUM_ROWS; i++)
    if (row_limits[i].kind == kind && limit < row_limits[i].limit) limit = row_limits[i].limit;
  return limit;
}

const char *mf_enum_word(mf_operand_kind kind, uint32_t code) { return word_of(kind, code); }
uint32_t mf_enum_code(mf_operand_kind kind, mf_str word) { return code_of(kind, word); }
uint32_t mf_enum_limit(mf_operand_kind kind) { return limit_of(kind); }
bool mf_enum_is_flags(mf_operand_kind kind) { return IS_FLAGS(kind); }

const char *mf_builtin_word(uint32_t code) { return word_of(MF_OPERAND_BUILTIN, code); }
uint32_t mf_builtin_code(mf_str word) { return code_of(MF_OPERAND_BUILTIN, word); }
uint32_t mf_builtin_limit(void) { return limit_of(MF_OPERAND_BUILTIN); }

/* ---- functions ---- */

/* A name is found by its length first: one fast scan over a byte each, and
 * hardly ever more than two comparisons of text. */
static const uint8_t function_lengths[] = {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) sizeof(spelling) - 1,
#include "../vm/functions.def"
#undef MF_FUNCTION
};
static const struct function {
  const char *name;
  uint32_t code;
} functions[] = {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) {spelling, code},
#include "../vm/functions.def"
#undef MF_FUNCTION
};
static const struct arity {
  const char *name;
  uint32_t min, max;
} arities[] = {
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) \
  [code] = {spelling, min, max},
#include "../vm/functions.def"
#undef MF_FUNCTION
};

uint32_t mf_function_code(mf_str name, uint32_t argc) {
  const uint8_t *const end = function_lengths + sizeof function_lengths;
  const uint8_t *at = function_lengths;
  if (name.n == 0 || name.n > UINT8_MAX) return MF_ABSENT;
  for (; (at = memchr(at, (int)name.n, (size_t)(end - at))) != NULL; at++) {
    const struct function *f = &functions[at - function_lengths];
    if (f->name[0] != name.p[0] || memcmp(f->name, name.p, name.n) != 0) continue;
    if (mf_function_arity_ok(f->code, argc)) return f->code;
  }
  return MF_ABSENT;
}

const char *mf_function_name(uint32_t code) {
  return code < sizeof arities / sizeof *arities ? arities[code].name : NULL;
}

bool mf_function_arity_ok(uint32_t code, uint32_t argc) {
  return mf_function_name(code) != NULL && argc >= arities[code].min && argc <= arities[code].max;
}

/* ---- the digest ---- */

/* One line for every row that images depend on.  Synopses and docs may change.
 * Of one width, so that they are hashed in one go: every image needs the digest. */
static const char digest_lines[][72] = {
#define MF_OP(name, code, a, b, c, pop, push, flags, synopsis) \
  "op " #name " " #code " " #a " " #b " " #c " " #pop " " #push " " #flags,
#include "opcodes.def"
#undef MF_OP
#define MF_TABLE(NAME, name) "table " #NAME,
#define MF_FIELD(NAME, field, kind) "field " #field " " #kind,
#include "tables.def"
#undef MF_TABLE
#undef MF_FIELD
#define MF_ENUM(type, name, code, word) "enum " #type " " #code " " word,
#include "kinds.def"
#undef MF_ENUM
#define MF_FUNCTION(id, spelling, code, min, max, signatures, cost, doc) \
  "function " spelling " " #code " " #min " " #max " " #cost,
#include "../vm/functions.def"
#undef MF_FUNCTION
};

uint64_t mf_image_digest(void) {
  return mf_hash64(digest_lines, sizeof digest_lines, MF_IMAGE_VERSION);
}
