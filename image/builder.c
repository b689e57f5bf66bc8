/* SPDX-License-Identifier: MIT */
#include "builder.h"

#include <stdarg.h>
#include <stdio.h>

#include "flow.h"
#include "parts.h"

#define UNPLACED UINT32_MAX

struct mf_builder {
  mf_arena *arena;
  mf_names strings; /* text to number; entries are in the order of the numbers */

  mf_constant *constants;
  mf_value *values; /* what the constants mean */
  uint32_t constant_count, constant_cap;
  mf_words children;
  mf_words gathered;        /* children of collections that are being interned */
  uint32_t *constant_index; /* number + 1, open addressing; 0: free */
  uint32_t constant_mask;

  mf_words rows[MF_TABLE_COUNT];
  mf_words code;
  mf_line_row *lines;
  uint32_t line_count, line_cap;
  mf_line_row place; /* of the instructions to come */
  bool has_place;

  uint32_t chunk_name, chunk_kind, chunk_start;
  mf_words labels; /* where each is placed, from the chunk's start */
  mf_words fixups; /* words that hold a label: index * 2, + 1 for operand a */
  uint32_t first_fixup;
  struct {
    uint32_t name, kind, start, labels, fixups;
    bool has_place;
  } outer;             /* the open chunk, while one aside is being made */
  mf_words asides;     /* their code ... */
  mf_words aside_rows; /* ... and rows, which begin at words of it */

  mf_source_row source;
  mf_str metadata;
  uint32_t nowhere[MF_MAX_FIELDS]; /* where a row would be, had there been memory */
  mf_status status;
  char detail[200];
};

/* Keeps the first failure. */
static void fail(mf_builder *b, mf_status status, const char *fmt, ...) MF_PRINTF(3, 4);
static void fail(mf_builder *b, mf_status status, const char *fmt, ...) {
  if (b->status) return;
  va_list args;
  va_start(args, fmt);
  vsnprintf(b->detail, sizeof b->detail, fmt, args);
  va_end(args);
  b->status = status;
}

static bool fail_memory(mf_builder *b) {
  fail(b, MF_OUT_OF_MEMORY, "out of memory");
  return false;
}

static inline bool push(mf_builder *b, mf_words *w, uint32_t word) {
  return mf_words_push(b->arena, w, word) || fail_memory(b);
}

static void push_all(mf_builder *b, mf_words *w, const uint32_t *words, uint32_t n) {
  if (!mf_words_add(b->arena, w, words, n)) fail_memory(b);
}

mf_builder *mf_builder_new(mf_arena *arena) {
  mf_builder *b = MF_NEW(arena, mf_builder);
  if (b == NULL) return NULL;
  b->arena = arena;
  b->source.name = MF_ABSENT;
  b->metadata = MF_STR("{}");
  mf_names_init(&b->strings, arena);
  return b;
}

/* ---- strings and constants ---- */

uint32_t mf_builder_string(mf_builder *b, mf_str s) {
  if (s.n > MF_LIMIT_IMAGE_BYTES) {
    fail(b, MF_IMAGE_TOO_LARGE, "a string is larger than an image may be");
    return 0;
  }
  mf_names_entry *entry = mf_names_entry_of(&b->strings, s);
  if (entry && entry->value != MF_NAMES_NONE) return entry->value;
  const char *copy = entry ? mf_arena_copy(b->arena, s.p, s.n) : NULL;
  if (entry) entry->name = copy ? (mf_str){copy, s.n} : MF_STR("");
  if (copy) return entry->value = b->strings.count - 1;
  fail_memory(b);
  return 0;
}

mf_str mf_builder_string_get(const mf_builder *b, uint32_t number) {
  return number < b->strings.count ? b->strings.entries[number].name : MF_STR("");
}

static uint32_t child_count(const mf_constant *c) {
  return c->kind == MF_LIST ? c->len : c->kind == MF_MAP ? c->len * 2 : 0;
}

/* The hash of a constant whose children, if any, are `numbers`. */
static uint64_t hash_constant(const mf_constant *c, const uint32_t *numbers) {
  const uint64_t kind = (uint64_t)c->kind << 32 | c->len;
  if (c->kind == MF_LIST || c->kind == MF_MAP)
    return mf_hash64(numbers, child_count(c) * sizeof *numbers, kind);
  return mf_hash64(&c->payload, sizeof c->payload, kind);
}

static bool same_constant(const mf_builder *b, const mf_constant *a, const mf_constant *c,
                          const uint32_t *numbers) {
  const uint32_t n = child_count(c);
  if (a->kind != c->kind || a->len != c->len) return false;
  if (c->kind != MF_LIST && c->kind != MF_MAP) return a->payload == c->payload;
  return n == 0 || memcmp(b->children.at + a->payload, numbers, n * sizeof *numbers) == 0;
}

static const uint32_t *children_of(const mf_builder *b, const mf_constant *c) {
  return child_count(c) ? b->children.at + c->payload : NULL;
}

static void index_constant(mf_builder *b, uint32_t number) {
  const mf_constant *c = &b->constants[number];
  uint32_t at = (uint32_t)hash_constant(c, children_of(b, c)) & b->constant_mask;
  while (b->constant_index[at]) at = (at + 1) & b->constant_mask;
  b->constant_index[at] = number + 1;
}

/* Room for one more constant in the arrays and the index. */
static bool reserve_constant(mf_builder *b) {
  if (b->constant_count < b->constant_cap) return true;
  uint32_t cap = b->constant_cap, values_cap = cap, index_cap = cap * 2;
  mf_constant *constants = mf_grow(b->arena, b->constants, &cap, sizeof *constants);
  if (constants) b->constants = constants;
  mf_value *values = mf_grow(b->arena, b->values, &values_cap, sizeof *values);
  if (values) b->values = values;
  uint32_t *index = mf_arena_grow(b->arena, b->constant_index, index_cap * sizeof *index,
                                  (size_t)cap * 2 * sizeof *index);
  if (index == NULL) return fail_memory(b); /* as were the others, if they failed */
  memset(index, 0, (size_t)cap * 2 * sizeof *index);
  b->constant_index = index;
  b->constant_cap = cap;
  b->constant_mask = cap * 2 - 1;
  for (uint32_t i = 0; i < b->constant_count; i++) index_constant(b, i);
  return true;
}

static uint32_t find_constant(const mf_builder *b, const mf_constant *c, const uint32_t *numbers) {
  if (b->constant_index == NULL) return MF_ABSENT;
  uint32_t at = (uint32_t)hash_constant(c, numbers) & b->constant_mask;
  for (; b->constant_index[at]; at = (at + 1) & b->constant_mask)
    if (same_constant(b, &b->constants[b->constant_index[at] - 1], c, numbers))
      return b->constant_index[at] - 1;
  return MF_ABSENT;
}

/* What a new constant means, from the values of its children. */
static mf_value value_of(mf_builder *b, const mf_constant *c, const uint32_t *numbers) {
  if (c->kind == MF_LIST) return mf_list_constant(b->arena, b->values, numbers, c->len);
  if (c->kind == MF_MAP) return mf_map_constant(b->arena, b->values, numbers, c->len);
  mf_value v = {.kind = (uint8_t)c->kind, .len = c->len, .as.u = c->payload};
  if (c->kind == MF_STRING || c->kind == MF_BYTES || c->kind == MF_TYPE)
    v.as.s = b->strings.entries[c->payload].name.p;
  return v;
}

static uint32_t add_constant(mf_builder *b, mf_constant c, const uint32_t *numbers) {
  const uint32_t number = b->constant_count;
  if (!reserve_constant(b)) return 0;
  const mf_value v = value_of(b, &c, numbers);
  if (v.kind == MF_UNSET) fail_memory(b);
  if (v.kind == MF_ERROR)
    fail(b, MF_IMAGE_BAD_CONSTANT, "a key of a map is repeated or of a wrong kind");
  if (c.kind == MF_LIST || c.kind == MF_MAP) c.payload = b->children.count;
  for (uint32_t i = 0; i < child_count(&c); i++)
    if (!push(b, &b->children, numbers[i])) return 0;
  b->constants[number] = c;
  b->values[number] = v;
  b->constant_count++;
  index_constant(b, number);
  return number;
}

static uint32_t intern(mf_builder *b, mf_constant c, const uint32_t *numbers) {
  const uint32_t known = find_constant(b, &c, numbers);
  return known != MF_ABSENT ? known : add_constant(b, c, numbers);
}

static uint32_t intern_value(mf_builder *b, const mf_value *v, uint32_t depth);

/* The children's numbers go onto a stack; those of this collection are on top
 * of it when all of them are interned. */
static uint32_t intern_collection(mf_builder *b, const mf_value *v, uint32_t depth) {
  const mf_constant c = {v->kind, v->len, 0};
  const uint32_t bottom = b->gathered.count;
  uint32_t number = 0;
  for (uint32_t i = 0; i < v->len && b->status == MF_OK; i++) {
    if (v->kind == MF_MAP)
      push(b, &b->gathered, intern_value(b, &v->as.map->pairs[i].key, depth + 1));
    const mf_value *element = v->kind == MF_MAP ? &v->as.map->pairs[i].value : &v->as.list[i];
    push(b, &b->gathered, intern_value(b, element, depth + 1));
  }
  if (b->status == MF_OK) number = intern(b, c, b->gathered.at ? b->gathered.at + bottom : NULL);
  b->gathered.count = bottom;
  return number;
}

static uint32_t intern_value(mf_builder *b, const mf_value *v, uint32_t depth) {
  mf_constant c = {v->kind, 0, v->as.u};
  if (depth > MF_CONSTANT_DEPTH) {
    fail(b, MF_IMAGE_BAD_CONSTANT, "a constant is nested too deeply");
    return 0;
  }
  switch ((mf_kind)v->kind) {
    case MF_LIST:
    case MF_MAP: return intern_collection(b, v, depth);
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE:
      c.len = v->len;
      c.payload = mf_builder_string(b, (mf_str){v->as.s, v->len});
      break;
    case MF_NULL: c.payload = 0; break;
    case MF_TIMESTAMP: c.len = v->len; break;
    case MF_BOOL:
    case MF_INT:
    case MF_UINT:
    case MF_DOUBLE:
    case MF_DURATION: break;
    case MF_UNSET:
    case MF_OPTIONAL:
    case MF_IP:
    case MF_CIDR:
    case MF_ERROR:
      fail(b, MF_IMAGE_BAD_CONSTANT, "a value of kind %u cannot be a constant", v->kind);
  }
  return b->status ? 0 : intern(b, c, NULL);
}

uint32_t mf_builder_constant(mf_builder *b, const mf_value *v) { return intern_value(b, v, 1); }

uint32_t mf_builder_string_constant(mf_builder *b, uint32_t number) {
  const mf_constant c = {MF_STRING, (uint32_t)mf_builder_string_get(b, number).n, number};
  return b->status ? 0 : intern(b, c, NULL);
}

const mf_value *mf_builder_constant_value(const mf_builder *b, uint32_t number) {
  static const mf_value nothing = {.kind = MF_NULL};
  return number < b->constant_count ? &b->values[number] : &nothing;
}

/* ---- tables ---- */

uint32_t mf_builder_row(mf_builder *b, mf_table table, const uint32_t *fields) {
  const uint32_t number = mf_builder_row_count(b, table);
  push_all(b, &b->rows[table], fields, mf_table_infos[table].field_count);
  return b->status ? 0 : number;
}

uint32_t mf_builder_row_count(const mf_builder *b, mf_table table) {
  return b->rows[table].count / mf_table_infos[table].field_count;
}

uint32_t *mf_builder_row_get(mf_builder *b, mf_table table, uint32_t row) {
  if (row >= mf_builder_row_count(b, table)) return b->nowhere;
  return b->rows[table].at + row * mf_table_infos[table].field_count;
}

/* ---- code ---- */

void mf_builder_chunk_begin(mf_builder *b, mf_str name, uint32_t chunk_kind) {
  b->chunk_name = mf_builder_string(b, name);
  b->chunk_kind = chunk_kind;
  b->chunk_start = b->code.count;
  b->labels.count = b->fixups.count = 0;
}

uint32_t mf_builder_label(mf_builder *b) {
  const uint32_t label = b->labels.count;
  return push(b, &b->labels, UNPLACED) ? label : 0;
}

void mf_builder_place(mf_builder *b, uint32_t label) {
  if (label < b->labels.count) b->labels.at[label] = mf_builder_pc(b);
}

uint32_t mf_builder_pc(const mf_builder *b) { return b->code.count - b->chunk_start; }

void mf_builder_line(mf_builder *b, uint32_t offset, uint32_t length, uint32_t line,
                     uint32_t column) {
  bool within = b->line_count && !b->has_place && line == b->place.line &&
                offset >= b->place.offset && offset + length <= b->place.offset + b->place.length;
  if (within) return; /* a part of what is blamed already, on the same line */
  b->place = (mf_line_row){0, offset, length, line, column};
  b->has_place = true;
}

static bool same_place(const mf_line_row *a, const mf_line_row *b) {
  return a->offset == b->offset && a->length == b->length && a->line == b->line &&
         a->column == b->column;
}

/* A row of the line map, unless the one before says the same. */
static void add_line(mf_builder *b) {
  b->has_place = false;
  if (b->line_count && same_place(&b->place, &b->lines[b->line_count - 1])) return;
  if (b->line_count == b->line_cap) {
    mf_line_row *grown = mf_grow(b->arena, b->lines, &b->line_cap, sizeof *grown);
    if (grown == NULL) {
      fail_memory(b);
      return;
    }
    b->lines = grown;
  }
  b->place.pc = b->code.count;
  b->lines[b->line_count++] = b->place;
}

void mf_builder_emit(mf_builder *b, mf_opcode code, uint32_t a, uint32_t op_b, uint32_t op_c) {
  const mf_op_info *op = &mf_op_table[code];
  const uint32_t operands[3] = {a, op_b, op_c};
  if (b->has_place) add_line(b);
  if (a > MF_OPERAND_A_MAX) fail(b, MF_IMAGE_TOO_LARGE, "operand a of %s has no room", op->name);
  for (unsigned i = 0; i < 3; i++) {
    if (op->operands[i] == MF_OPERAND_NONE && operands[i])
      fail(b, MF_IMAGE_BAD_OPERAND, "%s has no operand %c", op->name, (char)('a' + (int)i));
    if (op->operands[i] == MF_OPERAND_LABEL)
      push(b, &b->fixups, (b->code.count + i) * 2 + (i == 0));
  }
  push(b, &b->code, (uint32_t)code | a << 8);
  for (unsigned i = 1; i < op->words; i++) push(b, &b->code, operands[i]);
}

static void resolve_labels(mf_builder *b) {
  for (uint32_t i = b->first_fixup; i < b->fixups.count; i++) {
    uint32_t *word = &b->code.at[b->fixups.at[i] >> 1];
    const bool is_a = b->fixups.at[i] & 1;
    const uint32_t label = is_a ? mf_word_a(*word) : *word;
    const uint32_t to = label < b->labels.count ? b->labels.at[label] : UNPLACED;
    if (to == UNPLACED)
      fail(b, MF_IMAGE_BAD_JUMP, "label %u was never placed", label);
    else if (is_a && to > MF_OPERAND_A_MAX)
      fail(b, MF_IMAGE_TOO_LARGE, "a jump goes too far");
    *word = is_a ? mf_word_op(*word) | to << 8 : to;
  }
}

static void fail_chunk(mf_builder *b, mf_status status, const mf_flow *flow) {
  const mf_str name = b->strings.entries[b->chunk_name].name;
  const uint32_t at = b->chunk_start + flow->bad_pc;
  const char *op = at < b->code.count ? mf_op_table[mf_word_op(b->code.at[at])].name : NULL;
  fail(b, status, "chunk %.*s, word %u (%s): %s", name.n > 40 ? 40 : (int)name.n, name.p,
       flow->bad_pc, op ? op : "?", flow->detail);
}

/* Proves the code of the open chunk and fills in its row; false when it is refused. */
static bool close_chunk(mf_builder *b, mf_row_chunk *row) {
  const uint32_t count = mf_builder_pc(b);
  mf_flow flow;
  if (b->status == MF_OK) resolve_labels(b);
  if (b->status) return false;
  const mf_status status = mf_flow_walk(b->arena, count ? b->code.at + b->chunk_start : NULL, count,
                                        b->chunk_kind == MF_CHUNK_KIND_PURE, &flow);
  if (status) fail_chunk(b, status, &flow);
  *row = (mf_row_chunk){b->chunk_name, b->chunk_kind,  b->chunk_start,
                        count,         flow.max_depth, flow.max_frames};
  return status == MF_OK;
}

static void add_asides(mf_builder *b) {
  const uint32_t behind = b->code.count, fields = mf_table_infos[MF_TABLE_CHUNK].field_count;
  push_all(b, &b->code, b->asides.at, b->asides.count);
  for (uint32_t i = 0; i < b->aside_rows.count; i += fields) {
    mf_row_chunk row;
    memcpy(&row, b->aside_rows.at + i, sizeof row);
    row.start += behind;
    mf_builder_row(b, MF_TABLE_CHUNK, &row.name);
  }
  b->asides.count = b->aside_rows.count = 0;
}

uint32_t mf_builder_chunk_end(mf_builder *b) {
  mf_row_chunk row;
  if (!close_chunk(b, &row)) return MF_ABSENT;
  const uint32_t number = mf_builder_row(b, MF_TABLE_CHUNK, &row.name);
  add_asides(b);
  return b->status ? MF_ABSENT : number;
}

void mf_builder_aside_begin(mf_builder *b, mf_str name) {
  b->outer.name = b->chunk_name;
  b->outer.kind = b->chunk_kind;
  b->outer.start = b->chunk_start;
  b->outer.labels = b->labels.count;
  b->outer.fixups = b->first_fixup = b->fixups.count;
  b->outer.has_place = b->has_place;
  b->has_place = false;
  b->chunk_name = mf_builder_string(b, name);
  b->chunk_kind = MF_CHUNK_KIND_PURE;
  b->chunk_start = b->code.count;
}

/* Its number is known before the chunk around it has one: they come next. */
static uint32_t keep_aside(mf_builder *b) {
  const uint32_t fields = mf_table_infos[MF_TABLE_CHUNK].field_count;
  const uint32_t made = b->aside_rows.count / fields;
  mf_row_chunk row;
  if (!close_chunk(b, &row)) return MF_ABSENT;
  row.start = b->asides.count;
  push_all(b, &b->asides, b->code.at + b->chunk_start, row.length);
  push_all(b, &b->aside_rows, &row.name, fields);
  return b->status ? MF_ABSENT : mf_builder_row_count(b, MF_TABLE_CHUNK) + 1 + made;
}

uint32_t mf_builder_aside_end(mf_builder *b, bool keep) {
  const uint32_t number = keep ? keep_aside(b) : MF_ABSENT;
  b->code.count = b->chunk_start;
  b->labels.count = b->outer.labels;
  b->fixups.count = b->outer.fixups;
  b->first_fixup = 0;
  b->chunk_name = b->outer.name;
  b->chunk_kind = b->outer.kind;
  b->chunk_start = b->outer.start;
  b->has_place = b->outer.has_place;
  return number;
}

/* ---- the whole ---- */

void mf_builder_source(mf_builder *b, mf_str base_name, uint32_t length, mf_hash128 digest) {
  b->source = (mf_source_row){mf_builder_string(b, base_name), length, {digest.low, digest.high}};
}

void mf_builder_metadata(mf_builder *b, mf_str json) {
  const char *copy = mf_arena_copy(b->arena, json.p, json.n);
  if (copy) b->metadata = (mf_str){copy, json.n};
}

static mf_parts parts_of(const mf_builder *b, const mf_str *strings) {
  mf_parts p = {
      .strings = strings,
      .string_count = b->strings.count,
      .constants = b->constants,
      .constant_count = b->constant_count,
      .children = b->children.at,
      .child_count = b->children.count,
      .code = b->code.at,
      .code_count = b->code.count,
      .lines = b->lines,
      .line_count = b->line_count,
      .source = b->source,
      .metadata = b->metadata,
  };
  for (int t = 0; t < MF_TABLE_COUNT; t++) {
    p.rows[t] = b->rows[t].at;
    p.row_counts[t] = mf_builder_row_count(b, (mf_table)t);
  }
  return p;
}

/* The strings as an array; NULL when anything failed. */
static mf_str *finished_strings(mf_builder *b) {
  mf_str *strings = mf_arena_get(b->arena, b->strings.count * sizeof *strings);
  if (mf_arena_oom(b->arena)) fail_memory(b);
  if (mf_builder_row_count(b, MF_TABLE_SLOT) > MF_LIMIT_SLOTS)
    fail(b, MF_IMAGE_TOO_LARGE, "more than %u variables and metrics", (unsigned)MF_LIMIT_SLOTS);
  if (b->status) return NULL;
  for (uint32_t i = 0; i < b->strings.count; i++) strings[i] = b->strings.entries[i].name;
  return strings;
}

mf_status mf_builder_finish(mf_builder *b, mf_buf *out, char *detail, size_t detail_size) {
  const mf_str *strings = finished_strings(b);
  if (strings) {
    const mf_parts parts = parts_of(b, strings);
    const mf_status status = mf_parts_write(&parts, out);
    if (status) fail(b, status, "the image could not be written");
  }
  if (detail && detail_size) snprintf(detail, detail_size, "%s", b->detail);
  return b->status;
}

mf_status mf_builder_open(mf_builder *b, const mf_alloc *alloc, mf_image **out) {
  const mf_str *strings = finished_strings(b);
  *out = NULL;
  if (strings == NULL) return b->status;
  const mf_parts parts = parts_of(b, strings);
  return mf_parts_open(alloc, &parts, out);
}
