/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "../base/json.h"
#include "parts.h"

/* An image has one form: sections, strings, children and chunks follow each
 * other without holes or overlaps.  That makes each check one pass over the
 * bytes whatever they say, and a listing enough to make the same bytes again. */

typedef struct opener {
  mf_image *im;
  mf_arena scratch;
  mf_verifier verifier;
  const uint64_t *not_text; /* one bit a string that is not UTF-8; NULL: all are */
  uint64_t *bytes_used;     /* those of them that a bytes constant names */
  uint64_t pool;            /* bytes of the section STRINGS */
  char *detail;
  size_t detail_size;
} opener;

static mf_status refuse(const opener *o, mf_status status, const char *fmt, ...) MF_PRINTF(3, 4);
static mf_status refuse(const opener *o, mf_status status, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  if (o->detail_size) vsnprintf(o->detail, o->detail_size, fmt, args);
  va_end(args);
  return status;
}

/* ---- header and sections ---- */

static mf_status check_size(const opener *o) {
  const mf_image *im = o->im;
  static const uint8_t magic[4] = {'M', 'F', 'C', 0x1a};
  const size_t begin = im->size < sizeof magic ? im->size : sizeof magic;
  if (begin && memcmp(im->bytes, magic, begin) != 0)
    return refuse(o, MF_IMAGE_BAD_MAGIC, "the first bytes are not \"MFC\\x1a\"");
  if (im->size > MF_LIMIT_IMAGE_BYTES)
    return refuse(o, MF_IMAGE_TOO_LARGE, "%zu bytes, at most %llu are allowed", im->size,
                  (unsigned long long)MF_LIMIT_IMAGE_BYTES);
  if (im->size < sizeof(mf_image_header))
    return refuse(o, MF_IMAGE_TRUNCATED, "%zu bytes, the header alone has %zu", im->size,
                  sizeof(mf_image_header));
  if ((uintptr_t)im->bytes & 7)
    return refuse(o, MF_IMAGE_BAD_SECTION, "the bytes given are not 8-byte aligned");
  return MF_OK;
}

static mf_status check_header(const opener *o) {
  const mf_image_header *h = o->im->header;
  if (h->version != MF_IMAGE_VERSION || h->reserved != 0)
    return refuse(o, MF_IMAGE_BAD_VERSION, "format version %u, this build reads %u", h->version,
                  MF_IMAGE_VERSION);
  if (h->bytes > o->im->size)
    return refuse(o, MF_IMAGE_TRUNCATED, "%zu bytes, the header says %u", o->im->size, h->bytes);
  if (h->digest != mf_image_digest())
    return refuse(o, MF_IMAGE_OTHER_BUILD, "instruction set %016llx, this build has %016llx",
                  (unsigned long long)h->digest, (unsigned long long)mf_image_digest());
  if (h->bytes < o->im->size)
    return refuse(o, MF_IMAGE_BAD_SECTION, "%zu bytes, the header says %u", o->im->size, h->bytes);
  const mf_hash128 sum = mf_hash128_of(o->im->bytes + sizeof *h, o->im->size - sizeof *h);
  if (sum.low != h->checksum[0] || sum.high != h->checksum[1])
    return refuse(o, MF_IMAGE_BAD_CHECKSUM, "the bytes after the header were changed");
  return MF_OK;
}

static void bind_section(mf_image *im, const mf_section *s) {
  const void *at = im->bytes + s->offset;
  switch (s->id) {
    case MF_SECTION_STRINGS: im->strings = at; break;
    case MF_SECTION_STRING_ROWS:
      im->string_rows = at;
      im->string_count = s->count;
      break;
    case MF_SECTION_CONSTANTS:
      im->constants = at;
      im->constant_count = s->count;
      break;
    case MF_SECTION_CHILDREN:
      im->children = at;
      im->child_count = s->count;
      break;
    case MF_SECTION_CODE:
      im->code = at;
      im->code_count = s->count;
      break;
    case MF_SECTION_LINES:
      im->lines = at;
      im->line_count = s->count;
      break;
    case MF_SECTION_SOURCE: im->source = at; break;
    case MF_SECTION_METADATA: im->metadata = (mf_str){at, s->count}; break;
    default:
      im->tables[s->id - MF_SECTION_TABLE] = at;
      im->table_counts[s->id - MF_SECTION_TABLE] = s->count;
  }
}

/* The fixed sections are there, in their places; tables only when not empty. */
static mf_status check_section_id(const opener *o, const mf_section *s, uint32_t i) {
  if (!mf_section_known(s->id))
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u has the unknown id %u", i, s->id);
  if (i < MF_SECTION_METADATA ? s->id != i + 1 : s->id < MF_SECTION_TABLE)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u has id %u: one repeats or is missing", i,
                  s->id);
  if (i > MF_SECTION_METADATA && s->id <= s[-1].id)
    return refuse(o, MF_IMAGE_BAD_SECTION,
                  "section %u has id %u, which is not above the one before", i, s->id);
  if (s->id >= MF_SECTION_TABLE && s->count == 0)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u is an empty table", i);
  if (s->id == MF_SECTION_SOURCE && s->count != 1)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u must have one row", i);
  return MF_OK;
}

static bool gap_is_zero(const uint8_t *bytes, uint64_t from, uint64_t to) {
  while (from < to)
    if (bytes[from++] != 0) return false;
  return true;
}

static mf_status check_section(const opener *o, const mf_section *s, uint32_t i, uint64_t end) {
  const uint64_t start = (end + 7) & ~UINT64_C(7);
  const mf_status status = check_section_id(o, s, i);
  if (status) return status;
  if ((uint64_t)s->count * mf_section_row_bytes(s->id) != s->bytes)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u: %u rows do not take %u bytes", i, s->count,
                  s->bytes);
  if (s->offset != start)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u begins at %u instead of %llu", i, s->offset,
                  (unsigned long long)start);
  if (start + s->bytes > o->im->size)
    return refuse(o, MF_IMAGE_BAD_SECTION, "section %u ends outside the image", i);
  if (!gap_is_zero(o->im->bytes, end, start))
    return refuse(o, MF_IMAGE_BAD_SECTION, "the gap before section %u is not zero", i);
  return MF_OK;
}

static mf_status bind_sections(opener *o) {
  mf_image *im = o->im;
  const mf_section *sections = (const mf_section *)(const void *)(im->bytes +
                                                                  sizeof(mf_image_header));
  const uint32_t count = im->header->section_count;
  uint64_t end = sizeof(mf_image_header) + (uint64_t)count * sizeof *sections;
  if (count < MF_SECTION_METADATA || count > MF_SECTION_LIMIT || end > im->size)
    return refuse(o, MF_IMAGE_BAD_SECTION, "%u sections cannot be", count);
  for (uint32_t i = 0; i < count; i++) {
    const mf_status status = check_section(o, &sections[i], i, end);
    if (status) return status;
    bind_section(im, &sections[i]);
    end = sections[i].offset + (uint64_t)sections[i].bytes;
  }
  o->pool = sections[0].bytes;
  if (end != im->size) return refuse(o, MF_IMAGE_BAD_SECTION, "bytes follow the last section");
  return MF_OK;
}

/* ---- strings ---- */

static bool bit(const uint64_t *bits, uint32_t i) { return bits[i >> 6] >> (i & 63) & 1; }
static void set_bit(uint64_t *bits, uint32_t i) { bits[i >> 6] |= UINT64_C(1) << (i & 63); }

/* Some string is not UTF-8: bytes constants may name such ones, nothing else. */
static mf_status mark_not_text(opener *o) {
  const size_t blocks = (o->im->string_count >> 6) + 1;
  uint64_t *marks = MF_NEW_ARRAY(&o->scratch, uint64_t, blocks);
  o->bytes_used = MF_NEW_ARRAY(&o->scratch, uint64_t, blocks);
  if (mf_arena_oom(&o->scratch)) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < o->im->string_count; i++) {
    const mf_str s = mf_image_string(o->im, i);
    if (mf_utf8_valid(s.p, s.n) != s.n) set_bit(marks, i);
  }
  o->not_text = marks;
  return MF_OK;
}

static mf_status check_strings(opener *o) {
  const mf_image *im = o->im;
  uint64_t at = 0;
  for (uint32_t i = 0; i < im->string_count; i++) {
    const mf_string_row row = im->string_rows[i];
    if (row.offset != at || at + row.length >= o->pool)
      return refuse(o, MF_IMAGE_BAD_STRING, "string %u lies outside its place", i);
    at += row.length;
    if (im->strings[at++] != '\0')
      return refuse(o, MF_IMAGE_BAD_STRING, "string %u is not followed by a NUL", i);
  }
  if (at != o->pool) return refuse(o, MF_IMAGE_BAD_STRING, "bytes follow the last string");
  /* NULs end a code point, so all strings are UTF-8 exactly when the pool is. */
  if (mf_utf8_valid(im->strings, (size_t)o->pool) != o->pool) return mark_not_text(o);
  return MF_OK;
}

static mf_status check_bytes_used(const opener *o) {
  for (uint32_t i = 0; o->not_text && i < o->im->string_count; i++)
    if (bit(o->not_text, i) && !bit(o->bytes_used, i))
      return refuse(o, MF_IMAGE_BAD_STRING, "string %u is not UTF-8", i);
  return MF_OK;
}

static bool text_ok(const opener *o, uint32_t string) {
  return string < o->im->string_count && !(o->not_text && bit(o->not_text, string));
}

/* ---- constants ---- */

/* What is known of a constant beside its value: how deep it is nested and how
 * many values it would be if nothing were shared. */
typedef struct extent {
  uint32_t nodes, depth;
} extent;

static mf_status bad_constant(const opener *o, uint32_t i, const char *why) {
  return refuse(o, MF_IMAGE_BAD_CONSTANT, "constant %u: %s", i, why);
}

static mf_status check_text_constant(opener *o, uint32_t i) {
  const mf_constant *c = &o->im->constants[i];
  mf_value *v = &o->im->values[i];
  if (c->payload >= o->im->string_count) return bad_constant(o, i, "there is no such string");
  const uint32_t number = (uint32_t)c->payload;
  const mf_str s = mf_image_string(o->im, number);
  if (s.n != c->len) return bad_constant(o, i, "its length is not that of its string");
  if (c->kind == MF_BYTES && o->not_text) set_bit(o->bytes_used, number);
  if (c->kind != MF_BYTES && !text_ok(o, number))
    return refuse(o, MF_IMAGE_BAD_STRING, "string %u is not UTF-8", number);
  v->len = c->len;
  v->as.s = s.p;
  return MF_OK;
}

/* The children of `i` are the next `count` ones; *all sums up their extents. */
static mf_status check_children(const opener *o, uint32_t i, uint64_t count, uint32_t *next,
                                const extent *extents, extent *all) {
  const mf_constant *c = &o->im->constants[i];
  uint64_t nodes = 1;
  if (c->payload != *next || count > o->im->child_count - *next)
    return bad_constant(o, i, "its children are not the next ones");
  for (uint64_t k = 0; k < count; k++) {
    const uint32_t child = o->im->children[(*next)++];
    if (child >= i) return bad_constant(o, i, "a child has no lower number");
    nodes += extents[child].nodes;
    if (extents[child].depth >= all->depth) all->depth = extents[child].depth + 1;
  }
  if (all->depth > MF_CONSTANT_DEPTH) return bad_constant(o, i, "it is nested too deeply");
  if (nodes > MF_CONSTANT_NODES) return bad_constant(o, i, "it expands to too many values");
  all->nodes = (uint32_t)nodes;
  return MF_OK;
}

static mf_status check_collection(const opener *o, uint32_t i, uint32_t *next, extent *extents) {
  mf_image *im = o->im;
  const mf_constant *c = &im->constants[i];
  const uint32_t *numbers = im->children + *next;
  const bool is_map = c->kind == MF_MAP;
  extents[i].depth = 1;
  const mf_status status = check_children(o, i, (uint64_t)c->len << is_map, next, extents,
                                          &extents[i]);
  if (status) return status;
  im->values[i] = is_map ? mf_map_constant(&im->arena, im->values, numbers, c->len)
                         : mf_list_constant(&im->arena, im->values, numbers, c->len);
  if (im->values[i].kind == MF_UNSET) return MF_OUT_OF_MEMORY;
  if (im->values[i].kind == MF_ERROR)
    return bad_constant(o, i, "a key is repeated or of a wrong kind");
  return MF_OK;
}

#define FIRST_SECOND (-INT64_C(62135596800)) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)    /* 9999-12-31T23:59:59Z */

static bool scalar_ok(const mf_constant *c) {
  const int64_t i = (int64_t)c->payload;
  if (c->kind == MF_TIMESTAMP) return i >= FIRST_SECOND && i <= LAST_SECOND && c->len < 1000000000;
  if (c->kind == MF_NULL && c->payload != 0) return false;
  return c->len == 0 && (c->kind != MF_BOOL || c->payload <= 1);
}

static mf_status check_constant(opener *o, uint32_t i, uint32_t *next, extent *extents) {
  const mf_constant *c = &o->im->constants[i];
  o->im->values[i] = (mf_value){.kind = (uint8_t)c->kind, .len = c->len, .as.u = c->payload};
  extents[i] = (extent){1, 1};
  switch (c->kind) {
    case MF_NULL:
    case MF_BOOL:
    case MF_INT:
    case MF_UINT:
    case MF_DOUBLE:
    case MF_TIMESTAMP:
    case MF_DURATION: return scalar_ok(c) ? MF_OK : bad_constant(o, i, "its value is out of range");
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE: return check_text_constant(o, i);
    case MF_LIST:
    case MF_MAP: return check_collection(o, i, next, extents);
    default: return bad_constant(o, i, "no constant is of this kind");
  }
}

static mf_status check_constants(opener *o) {
  mf_image *im = o->im;
  uint32_t next = 0;
  extent *extents = mf_arena_get(&o->scratch, im->constant_count * sizeof *extents);
  im->values = mf_arena_get(&im->arena, im->constant_count * sizeof *im->values);
  if (extents == NULL || im->values == NULL) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < im->constant_count; i++) {
    const mf_status status = check_constant(o, i, &next, extents);
    if (status) return status;
  }
  if (next != im->child_count)
    return refuse(o, MF_IMAGE_BAD_CONSTANT, "children follow those of the last constant");
  return check_bytes_used(o);
}

/* ---- tables ---- */

static mf_status check_field(const opener *o, mf_table t, uint32_t row, uint32_t field,
                             uint32_t value) {
  const mf_table_info *info = &mf_table_infos[t];
  const mf_operand_kind kind = (mf_operand_kind)info->field_kinds[field];
  if (!mf_field_ok(&o->verifier, kind, value))
    return refuse(o, MF_IMAGE_BAD_TABLE, "%s %u: field %s is out of bounds: %u", info->name, row,
                  info->field_names[field], value);
  if (o->not_text && value != MF_ABSENT && mf_operand_base(kind) == MF_OPERAND_STRING &&
      !text_ok(o, value))
    return refuse(o, MF_IMAGE_BAD_STRING, "string %u is not UTF-8", value);
  return MF_OK;
}

static mf_status check_table(const opener *o, mf_table t) {
  const uint32_t fields = mf_table_infos[t].field_count, *at = o->im->tables[t];
  for (uint32_t row = 0; row < o->im->table_counts[t]; row++)
    for (uint32_t field = 0; field < fields; field++) {
      const mf_status status = check_field(o, t, row, field, *at++);
      if (status) return status;
    }
  return MF_OK;
}

/* What `arg` counts in depends on the slot's kind. */
static uint64_t slot_arg_below(const mf_image *im, uint32_t kind) {
  if (kind >= MF_SLOT_KIND_METRIC_STEP && kind <= MF_SLOT_KIND_METRIC_COUNT)
    return MF_ROW_COUNT(im, METRIC);
  if (kind == MF_SLOT_KIND_BUILTIN) return mf_builtin_limit();
  if (kind == MF_SLOT_KIND_STEP) return MF_ROW_COUNT(im, STEP);
  if (kind == MF_SLOT_KIND_INPUT) return MF_ROW_COUNT(im, INPUT);
  if (kind == MF_SLOT_KIND_REPEAT) return MF_ROW_COUNT(im, REPEAT);
  if (kind == MF_SLOT_KIND_LINKED) return MF_ROW_COUNT(im, LINK);
  if (kind == MF_SLOT_KIND_READING) return MF_ROW_COUNT(im, READING);
  return UINT64_C(1) << 32;
}

static mf_status check_slots(const opener *o) {
  const mf_row_slot *slots = MF_ROWS(o->im, SLOT, slot);
  const uint32_t count = MF_ROW_COUNT(o->im, SLOT);
  if (count > MF_LIMIT_SLOTS)
    return refuse(o, MF_IMAGE_TOO_LARGE, "%u slots, at most %u are allowed", count,
                  (unsigned)MF_LIMIT_SLOTS);
  for (uint32_t i = 0; i < count; i++)
    if (slots[i].arg >= slot_arg_below(o->im, slots[i].kind))
      return refuse(o, MF_IMAGE_BAD_TABLE, "slot %u: field arg is out of bounds: %u", i,
                    slots[i].arg);
  return MF_OK;
}

/* Chunks follow each other and cover the code; at most one is the main one. */
static mf_status check_chunks(const opener *o) {
  const mf_row_chunk *chunks = MF_ROWS(o->im, CHUNK, chunk);
  uint32_t at = 0, mains = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(o->im, CHUNK); i++) {
    if (chunks[i].start != at || chunks[i].length > o->im->code_count - at)
      return refuse(o, MF_IMAGE_BAD_TABLE,
                    "chunk %u: it does not follow the one before inside the code", i);
    at += chunks[i].length;
    mains += chunks[i].kind == MF_CHUNK_KIND_MAIN;
    if (mains > 1) return refuse(o, MF_IMAGE_BAD_TABLE, "chunk %u: a second main chunk", i);
  }
  if (at != o->im->code_count)
    return refuse(o, MF_IMAGE_BAD_TABLE, "%u words of code belong to no chunk",
                  o->im->code_count - at);
  return MF_OK;
}

/* What a table needs beyond the kinds of its fields.  NULL: it has it; else what is wrong
 * with *row. */
static const struct table_check {
  const char *what;
  const char *(*wrong)(const mf_image *image, uint32_t *row);
} table_checks[] = {{"input", mf_inputs_wrong},     {"id", mf_ids_wrong},
                    {"reason", mf_reasons_wrong},   {"request", mf_requests_wrong},
                    {"reading", mf_readings_wrong}, {"watch", mf_watches_wrong}};

static mf_status check_rows(const opener *o) {
  for (size_t i = 0; i < sizeof table_checks / sizeof *table_checks; i++) {
    uint32_t row = 0;
    const char *wrong = table_checks[i].wrong(o->im, &row);
    if (wrong) return refuse(o, MF_IMAGE_BAD_TABLE, "%s %u: %s", table_checks[i].what, row, wrong);
  }
  return MF_OK;
}

static mf_status check_tables(opener *o) {
  mf_verifier_init(&o->verifier, o->im, &o->scratch);
  for (int t = 0; t < MF_TABLE_COUNT; t++) {
    const mf_status status = check_table(o, (mf_table)t);
    if (status) return status;
  }
  mf_status status = check_slots(o);
  if (!status) status = check_chunks(o);
  return status ? status : check_rows(o);
}

/* ---- code, line map, metadata ---- */

static mf_status refuse_chunk(const opener *o, const mf_row_chunk *chunk, mf_status status) {
  const mf_verifier *v = &o->verifier;
  const mf_str name = mf_image_string(o->im, chunk->name);
  const int n = name.n > 40 ? 40 : (int)name.n;
  if (status == MF_OUT_OF_MEMORY) return status;
  if (v->at_chunk || chunk->length == 0)
    return refuse(o, status, "chunk %.*s: %s", n, name.p, v->detail);
  const char *op = mf_op_table[mf_word_op(o->im->code[chunk->start + v->bad_pc])].name;
  return refuse(o, status, "chunk %.*s, word %u (%s): %s", n, name.p, v->bad_pc, op ? op : "?",
                v->detail);
}

static mf_status check_code(opener *o) {
  const mf_row_chunk *chunks = MF_ROWS(o->im, CHUNK, chunk);
  for (uint32_t i = 0; i < MF_ROW_COUNT(o->im, CHUNK); i++) {
    const mf_status status = mf_verify_chunk(&o->verifier, &chunks[i]);
    if (status) return refuse_chunk(o, &chunks[i], status);
  }
  return MF_OK;
}

static mf_status check_source(const opener *o) {
  const mf_source_row *source = o->im->source;
  if (source->name != MF_ABSENT && !text_ok(o, source->name))
    return refuse(o, MF_IMAGE_BAD_TABLE, "source: field name is out of bounds: %u", source->name);
  return MF_OK;
}

/* An image that says nothing of its source (length 0) may have any spans. */
static mf_status check_lines(const opener *o) {
  const mf_line_row *rows = o->im->lines;
  const uint64_t source = o->im->source->length ? o->im->source->length : UINT64_C(1) << 33;
  for (uint32_t i = 0; i < o->im->line_count; i++) {
    if (rows[i].pc >= o->im->code_count || (i && rows[i].pc <= rows[i - 1].pc))
      return refuse(o, MF_IMAGE_BAD_LINE_MAP, "line row %u: word %u is out of order or bounds", i,
                    rows[i].pc);
    if ((uint64_t)rows[i].offset + rows[i].length > source)
      return refuse(o, MF_IMAGE_BAD_LINE_MAP, "line row %u: its span ends outside the source", i);
  }
  return MF_OK;
}

static mf_status check_metadata(opener *o) {
  mf_json_scanner scanner;
  mf_json_scan_init(&scanner, &o->scratch, o->im->metadata, (uint32_t)MF_LIMIT_DOCUMENT_DEPTH);
  mf_json_kind kind;
  do kind = mf_json_next(&scanner);
  while (kind != MF_JSON_END && kind != MF_JSON_ERROR);
  if (mf_arena_oom(&o->scratch)) return MF_OUT_OF_MEMORY;
  if (kind == MF_JSON_ERROR)
    return refuse(o, MF_IMAGE_BAD_METADATA, "byte %u: %s", scanner.span.offset, scanner.error);
  return MF_OK;
}

/* ---- opening ---- */

static mf_status check_all(opener *o) {
  static mf_status (*const stages[])(opener *) = {bind_sections, check_strings, check_constants,
                                                  check_tables,  check_code,    check_metadata};
  mf_status status = check_size(o);
  if (!status) status = check_header(o);
  for (size_t i = 0; !status && i < sizeof stages / sizeof *stages; i++) status = stages[i](o);
  if (!status) status = check_source(o);
  if (!status) status = check_lines(o);
  return status;
}

mf_status mf_image_open(const mf_alloc *alloc, const uint8_t *bytes, size_t n, mf_image **out,
                        char *detail, size_t detail_size) {
  const mf_alloc use = mf_alloc_or_default(alloc);
  mf_image *im = mf_realloc(&use, NULL, 0, sizeof *im);
  *out = NULL;
  if (detail && detail_size) detail[0] = '\0';
  if (im == NULL) return MF_OUT_OF_MEMORY;
  *im = (mf_image){.alloc = use,
                   .bytes = bytes,
                   .size = n,
                   .header = (const mf_image_header *)(const void *)bytes};
  opener o = {.im = im, .detail = detail, .detail_size = detail ? detail_size : 0};
  mf_arena_init(&im->arena, &use, 0);
  mf_arena_init(&o.scratch, &use, 0);
  const mf_status status = check_all(&o);
  mf_arena_fini(&o.scratch);
  if (status)
    mf_image_close(im);
  else
    *out = im;
  return status;
}

/* ---- from parts ---- */

static const void *keep(opener *o, const void *from, size_t size) {
  void *copy = mf_arena_get(&o->im->arena, size);
  if (copy && size) memcpy(copy, from, size);
  return copy;
}

static mf_status keep_strings(opener *o, const mf_parts *p) {
  mf_image *im = o->im;
  uint64_t pool = 0, at = 0;
  for (uint32_t i = 0; i < p->string_count; i++) pool += p->strings[i].n + UINT64_C(1);
  if (pool > MF_LIMIT_IMAGE_BYTES) return MF_IMAGE_TOO_LARGE;
  char *strings = mf_arena_get(&im->arena, (size_t)pool);
  mf_string_row *rows = mf_arena_get(&im->arena, p->string_count * sizeof *rows);
  if (strings == NULL || rows == NULL) return MF_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < p->string_count; i++) {
    const mf_str text = p->strings[i];
    rows[i] = (mf_string_row){(uint32_t)at, (uint32_t)text.n};
    if (text.n) memcpy(strings + at, text.p, text.n);
    at += text.n;
    strings[at++] = '\0';
  }
  im->strings = strings, im->string_rows = rows, im->string_count = p->string_count;
  return MF_OK;
}

static mf_status keep_parts(opener *o, const mf_parts *p) {
  mf_image *im = o->im;
  im->constant_count = p->constant_count, im->child_count = p->child_count;
  im->code_count = p->code_count, im->line_count = p->line_count;
  im->constants = keep(o, p->constants, p->constant_count * sizeof *p->constants);
  im->children = keep(o, p->children, p->child_count * sizeof *p->children);
  im->code = keep(o, p->code, p->code_count * sizeof *p->code);
  im->lines = keep(o, p->lines, p->line_count * sizeof *p->lines);
  im->source = keep(o, &p->source, sizeof p->source);
  im->metadata = (mf_str){keep(o, p->metadata.p, p->metadata.n), p->metadata.n};
  for (int t = 0; t < MF_TABLE_COUNT; t++) {
    const size_t row = mf_table_infos[t].field_count * sizeof(uint32_t);
    im->table_counts[t] = p->row_counts[t];
    if (p->row_counts[t]) im->tables[t] = keep(o, p->rows[t], p->row_counts[t] * row);
  }
  return mf_arena_oom(&im->arena) ? MF_OUT_OF_MEMORY : keep_strings(o, p);
}

/* What is left out is what only bytes can get wrong; constants, tables and code
 * are verified like those of any image. */
mf_status mf_parts_open(const mf_alloc *alloc, const mf_parts *parts, mf_image **out) {
  mf_image *im = mf_realloc(alloc, NULL, 0, sizeof *im);
  *out = NULL;
  if (im == NULL) return MF_OUT_OF_MEMORY;
  *im = (mf_image){.alloc = *alloc};
  opener o = {.im = im};
  mf_arena_init(&im->arena, alloc, 0);
  mf_arena_init(&o.scratch, alloc, 0);
  mf_status status = keep_parts(&o, parts);
  if (!status) status = check_constants(&o);
  if (!status) status = check_tables(&o);
  if (!status) status = check_code(&o);
  mf_arena_fini(&o.scratch);
  if (status)
    mf_image_close(im);
  else
    *out = im;
  return status;
}

void mf_image_close(mf_image *image) {
  if (image == NULL) return;
  const mf_alloc alloc = image->alloc;
  mf_arena_fini(&image->arena);
  mf_realloc(&alloc, image, sizeof *image, 0);
}

const mf_line_row *mf_image_line(const mf_image *image, uint32_t pc) {
  uint32_t low = 0, high = image->line_count; /* rows before low begin at or before pc */
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (image->lines[middle].pc <= pc)
      low = middle + 1;
    else
      high = middle;
  }
  return low ? &image->lines[low - 1] : NULL;
}
