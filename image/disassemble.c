/* SPDX-License-Identifier: MIT */
#include "../base/json.h"
#include "../base/span.h"
#include "graph.h"
#include "listing.h"
#include "parts.h"

/* Everything that is not in a comment is read back by the assembler.  A string
 * is written as its text where that says which one it is (texts are rarely
 * repeated: builders intern them), else as @number. */

enum { COMMENT_COLUMN = 40, COMMENT_TEXT = 60, COMMENT_ELEMENTS = 6, COMMENT_DEPTH = 3 };

typedef struct printer {
  const mf_image *im;
  mf_buf *out;
  mf_arena arena;
  mf_names texts;    /* text to the first string that has it */
  mf_lines lines;    /* of the source; count 0: not at hand */
  uint32_t next_row; /* of the line map */
} printer;

/* ---- comments ---- */

/* Some of a text, as a string literal. */
static void print_text(mf_buf *out, mf_str s) {
  size_t n = s.n;
  if (n > COMMENT_TEXT)
    for (n = COMMENT_TEXT; n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80;) n--;
  mf_json_quote(out, (mf_str){s.p, n});
  if (n < s.n) mf_buf_puts(out, "...");
}

static void print_double(mf_buf *out, double d) {
  char text[32];
  const size_t n = mf_format_double(d, text);
  mf_buf_add(out, text, n);
}

static void print_elements(mf_buf *out, const mf_value *v, unsigned depth) {
  mf_buf_putc(out, v->kind == MF_MAP ? '{' : '[');
  for (uint32_t i = 0; i < v->len; i++) {
    if (i) mf_buf_puts(out, ", ");
    if (i == COMMENT_ELEMENTS || depth == COMMENT_DEPTH) {
      mf_buf_puts(out, "...");
      break;
    }
    if (v->kind == MF_MAP) {
      mf_print_value(out, &v->as.map->pairs[i].key, depth + 1);
      mf_buf_puts(out, ": ");
    }
    mf_print_value(out, v->kind == MF_MAP ? &v->as.map->pairs[i].value : &v->as.list[i], depth + 1);
  }
  mf_buf_putc(out, v->kind == MF_MAP ? '}' : ']');
}

/* A value as it would stand in an expression. */
void mf_print_value(mf_buf *out, const mf_value *v, unsigned depth) {
  char text[40];
  switch (v->kind) {
    case MF_NULL: mf_buf_puts(out, "null"); break;
    case MF_BOOL: mf_buf_puts(out, v->as.i ? "true" : "false"); break;
    case MF_INT: mf_buf_printf(out, "%lld", (long long)v->as.i); break;
    case MF_UINT: mf_buf_printf(out, "%lluu", (unsigned long long)v->as.u); break;
    case MF_DOUBLE: print_double(out, v->as.d); break;
    case MF_STRING: print_text(out, (mf_str){v->as.s, v->len}); break;
    case MF_BYTES: mf_buf_printf(out, "%u bytes", v->len); break;
    case MF_TYPE:
      mf_buf_puts(out, "type ");
      print_text(out, (mf_str){v->as.s, v->len});
      break;
    case MF_LIST:
    case MF_MAP: print_elements(out, v, depth); break;
    case MF_TIMESTAMP: mf_buf_add(out, text, mf_format_timestamp(v->as.i, v->len, text)); break;
    case MF_DURATION: mf_buf_add(out, text, mf_format_duration(v->as.i, text)); break;
    default: mf_buf_puts(out, "?"); break;
  }
}

/* The name of a row: its first field, which is a string in all tables but one. */
static void print_row_name(mf_buf *out, const mf_image *im, mf_table t, uint32_t row) {
  const mf_table_info *info = &mf_table_infos[t];
  if (row >= im->table_counts[t] || info->field_kinds[0] != MF_OPERAND_STRING) return;
  print_text(out, mf_image_string(im, im->tables[t][(size_t)row * info->field_count]));
}

static bool has_comment(const mf_image *im, mf_operand_kind kind, uint32_t value) {
  if (kind == MF_OPERAND_CONST || kind == MF_OPERAND_TEXT) return value < im->constant_count;
  const mf_table t = mf_operand_table(kind);
  return t != MF_TABLE_COUNT && value < im->table_counts[t];
}

static void print_comment(mf_buf *out, const mf_image *im, mf_operand_kind kind, uint32_t value) {
  if (kind == MF_OPERAND_CONST || kind == MF_OPERAND_TEXT)
    mf_print_value(out, &im->values[value], 0);
  else
    print_row_name(out, im, mf_operand_table(kind), value);
}

static void pad_to(mf_buf *out, size_t start, size_t column) {
  do mf_buf_putc(out, ' ');
  while (!out->failed && out->n - start < column);
}

/* ---- operands and instructions ---- */

static void print_flags(mf_buf *out, mf_operand_kind kind, uint32_t value) {
  for (uint32_t flag = 1; flag && flag <= value; flag <<= 1) {
    if (!(value & flag)) continue;
    if (value & (flag - 1)) mf_buf_putc(out, '|');
    mf_buf_puts(out, mf_enum_word(kind, flag));
  }
}

/* A number, or the word that stands for it. */
static void print_operand(mf_buf *out, mf_operand_kind kind, uint32_t value) {
  const char *word = mf_enum_word(kind, value);
  if (kind == MF_OPERAND_FUNCTION) word = mf_function_name(value);
  if (kind == MF_OPERAND_STEP_OR_PREVIOUS && value == MF_PREVIOUS) word = "previous";
  if (mf_operand_base(kind) != kind && value == MF_ABSENT) word = "-";
  if (mf_enum_is_flags(kind) && value && value < mf_enum_limit(kind))
    print_flags(out, kind, value);
  else if (word)
    mf_buf_puts(out, word);
  else
    mf_buf_printf(out, kind == MF_OPERAND_LABEL ? "%04u" : "%u", value);
}

static void print_instruction(mf_buf *out, const mf_image *im, const uint32_t *at, uint32_t pc) {
  const mf_op_info *op = &mf_op_table[mf_word_op(*at)];
  const size_t start = out->n;
  bool commented = false;
  const bool bare = op->operands[0] == MF_OPERAND_NONE;
  mf_buf_printf(out, bare ? "  %04u  %s" : "  %04u  %-12s", pc, op->name);
  for (unsigned i = 0; i < 3 && op->operands[i] != MF_OPERAND_NONE; i++) {
    mf_buf_puts(out, i ? ", " : " ");
    print_operand(out, (mf_operand_kind)op->operands[i], mf_operand(at, i));
  }
  for (unsigned i = 0; i < 3 && op->operands[i] != MF_OPERAND_NONE; i++) {
    const mf_operand_kind kind = (mf_operand_kind)op->operands[i];
    if (!has_comment(im, kind, mf_operand(at, i))) continue;
    if (!commented) pad_to(out, start, COMMENT_COLUMN);
    mf_buf_puts(out, commented ? ", " : "; ");
    print_comment(out, im, kind, mf_operand(at, i));
    commented = true;
  }
}

/* The chunk that holds word `pc` of the code section. */
static const mf_row_chunk *chunk_of(const mf_image *im, uint32_t pc) {
  const mf_row_chunk *chunks = MF_ROWS(im, CHUNK, chunk);
  uint32_t low = 0, high = MF_ROW_COUNT(im, CHUNK);
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (chunks[middle].start <= pc)
      low = middle;
    else
      high = middle;
  }
  return &chunks[low];
}

void mf_disassemble_one(const mf_image *image, uint32_t pc, mf_buf *out) {
  if (pc >= image->code_count) return;
  print_instruction(out, image, image->code + pc, pc - chunk_of(image, pc)->start);
}

/* ---- the whole listing ---- */

static void print_string(printer *p, uint32_t number) {
  const mf_str s = mf_image_string(p->im, number);
  if (mf_names_get(&p->texts, s) == number && mf_utf8_valid(s.p, s.n) == s.n)
    mf_json_quote(p->out, s);
  else
    mf_buf_printf(p->out, "@%u", number);
}

static void print_source(printer *p) {
  const mf_source_row *source = p->im->source;
  char digest[33];
  mf_hash128_text((mf_hash128){source->digest[0], source->digest[1]}, digest);
  mf_buf_puts(p->out, ".source ");
  if (source->name == MF_ABSENT)
    mf_buf_putc(p->out, '-');
  else
    print_string(p, source->name);
  mf_buf_printf(p->out, " %u %s\n.metadata ", source->length, digest);
  mf_json_quote(p->out, p->im->metadata);
  mf_buf_putc(p->out, '\n');
}

static void print_field(printer *p, const char *name, mf_operand_kind kind, uint32_t value) {
  mf_buf_printf(p->out, " %s=", name);
  if (mf_operand_base(kind) == MF_OPERAND_STRING && value != MF_ABSENT)
    print_string(p, value);
  else
    print_operand(p->out, kind, value);
}

static void print_table(printer *p, mf_table t) {
  const mf_table_info *info = &mf_table_infos[t];
  const uint32_t *field = p->im->tables[t];
  if (p->im->table_counts[t]) mf_buf_putc(p->out, '\n');
  for (uint32_t row = 0; row < p->im->table_counts[t]; row++) {
    mf_buf_printf(p->out, ".%s %u", info->name, row);
    for (uint32_t i = 0; i < info->field_count; i++)
      print_field(p, info->field_names[i], (mf_operand_kind)info->field_kinds[i], *field++);
    mf_buf_putc(p->out, '\n');
  }
}

/* The line of the source, without what would break a comment. */
static void print_source_line(printer *p, uint32_t line) {
  if (line == 0 || line > p->lines.count) return;
  mf_str text = mf_lines_text(&p->lines, line);
  while (text.n && (*text.p == ' ' || *text.p == '\t')) text.p++, text.n--;
  mf_buf_puts(p->out, "  ; ");
  for (size_t i = 0; i < text.n; i++)
    mf_buf_putc(p->out, (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i]);
}

/* The rows of the line map that begin before word `end` of the code section.
 * One inside an instruction says where. */
static void print_lines(printer *p, const mf_row_chunk *chunk, uint32_t at, uint32_t end) {
  for (; p->next_row < p->im->line_count; p->next_row++) {
    const mf_line_row *row = &p->im->lines[p->next_row];
    if (row->pc >= end) return;
    mf_buf_printf(p->out, ".line %u:%u %u %u", row->line, row->column, row->offset, row->length);
    if (row->pc != at) mf_buf_printf(p->out, " pc=%u", row->pc - chunk->start);
    print_source_line(p, row->line);
    mf_buf_putc(p->out, '\n');
  }
}

static void print_chunk(printer *p, uint32_t number) {
  const mf_row_chunk *chunk = &MF_ROWS(p->im, CHUNK, chunk)[number];
  mf_buf_printf(p->out, "\n.chunk %u", number);
  print_field(p, "name", MF_OPERAND_STRING, chunk->name);
  print_field(p, "kind", MF_OPERAND_CHUNK_KIND, chunk->kind);
  mf_buf_printf(p->out, "  ; depth <= %u, frames <= %u\n", chunk->max_depth, chunk->max_frames);
  for (uint32_t pc = chunk->start, end = chunk->start + chunk->length; pc < end;) {
    const uint32_t next = pc + mf_op_table[mf_word_op(p->im->code[pc])].words;
    print_lines(p, chunk, pc, next);
    print_instruction(p->out, p->im, p->im->code + pc, pc - chunk->start);
    mf_buf_putc(p->out, '\n');
    pc = next;
  }
}

/* Bits where the text would not be read back as the same double. */
static void print_double_constant(mf_buf *out, double d, uint64_t bits) {
  char text[32];
  const size_t n = mf_format_double(d, text);
  double again = 0;
  uint64_t again_bits = 0;
  if (mf_parse_double((mf_str){text, n}, false, &again, NULL))
    memcpy(&again_bits, &again, sizeof again_bits);
  if (again_bits == bits && (n != 1 || bits))
    mf_buf_printf(out, " %.*s", (int)n, text);
  else
    mf_buf_printf(out, " 0x%016llx", (unsigned long long)bits);
}

static void print_children(printer *p, const mf_constant *c) {
  const uint32_t *child = p->im->children + c->payload;
  for (uint32_t i = 0; i < c->len; i++) {
    mf_buf_printf(p->out, " %u", *child++);
    if (c->kind == MF_MAP) mf_buf_printf(p->out, ":%u", *child++);
  }
}

static const char *const constant_words[] = {
    [MF_NULL] = "null",           [MF_BOOL] = "bool",         [MF_INT] = "int",
    [MF_UINT] = "uint",           [MF_DOUBLE] = "double",     [MF_STRING] = "string",
    [MF_BYTES] = "bytes",         [MF_LIST] = "list",         [MF_MAP] = "map",
    [MF_TIMESTAMP] = "timestamp", [MF_DURATION] = "duration", [MF_TYPE] = "type",
};

const char *mf_constant_word(uint32_t kind) {
  return kind < sizeof constant_words / sizeof *constant_words ? constant_words[kind] : NULL;
}

static void print_constant(printer *p, uint32_t number) {
  const mf_constant *c = &p->im->constants[number];
  const mf_value *v = &p->im->values[number];
  mf_buf_printf(p->out, ".const %u %s", number, mf_constant_word(c->kind));
  switch (c->kind) {
    case MF_BOOL: mf_buf_puts(p->out, c->payload ? " true" : " false"); break;
    case MF_INT:
    case MF_DURATION: mf_buf_printf(p->out, " %lld", (long long)v->as.i); break;
    case MF_UINT: mf_buf_printf(p->out, " %llu", (unsigned long long)c->payload); break;
    case MF_DOUBLE: print_double_constant(p->out, v->as.d, c->payload); break;
    case MF_TIMESTAMP: mf_buf_printf(p->out, " %lld %u", (long long)v->as.i, c->len); break;
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE:
      mf_buf_putc(p->out, ' ');
      print_string(p, (uint32_t)c->payload);
      break;
    case MF_LIST:
    case MF_MAP: print_children(p, c); break;
  }
  if (c->kind == MF_LIST || c->kind == MF_MAP || c->kind == MF_TIMESTAMP ||
      c->kind == MF_DURATION) {
    mf_buf_puts(p->out, "  ; ");
    mf_print_value(p->out, v, 0);
  }
  mf_buf_putc(p->out, '\n');
}

static void print_pool_string(printer *p, uint32_t number) {
  const mf_str s = mf_image_string(p->im, number);
  mf_buf_printf(p->out, ".string %u ", number);
  if (mf_utf8_valid(s.p, s.n) == s.n) {
    mf_json_quote(p->out, s);
  } else {
    mf_buf_puts(p->out, "hex ");
    for (size_t i = 0; i < s.n; i++) mf_buf_printf(p->out, "%02x", (unsigned)(unsigned char)s.p[i]);
  }
  mf_buf_putc(p->out, '\n');
}

static void print_listing(printer *p) {
  print_source(p);
  for (int t = 0; t < MF_TABLE_COUNT; t++)
    if (t != MF_TABLE_CHUNK) print_table(p, (mf_table)t);
  for (uint32_t i = 0; i < MF_ROW_COUNT(p->im, CHUNK); i++) print_chunk(p, i);
  if (p->im->constant_count) mf_buf_putc(p->out, '\n');
  for (uint32_t i = 0; i < p->im->constant_count; i++) print_constant(p, i);
  if (p->im->string_count) mf_buf_putc(p->out, '\n');
  for (uint32_t i = 0; i < p->im->string_count; i++) print_pool_string(p, i);
}

static bool name_strings(printer *p) {
  for (uint32_t i = 0; i < p->im->string_count; i++) {
    const mf_str s = mf_image_string(p->im, i);
    if (mf_names_get(&p->texts, s) == MF_NAMES_NONE && !mf_names_set(&p->texts, s, i)) return false;
  }
  return true;
}

static bool is_source_of(const mf_image *im, mf_str source) {
  const mf_hash128 digest = mf_hash128_of(source.p, source.n);
  return source.n && source.n == im->source->length && digest.low == im->source->digest[0] &&
         digest.high == im->source->digest[1];
}

void mf_disassemble(const mf_image *image, mf_str source, mf_buf *out) {
  printer p = {.im = image, .out = out};
  mf_arena_init(&p.arena, &out->alloc, 0);
  mf_names_init(&p.texts, &p.arena);
  bool ok = name_strings(&p);
  if (ok && is_source_of(image, source)) ok = mf_lines_init(&p.lines, &p.arena, source);
  if (ok)
    print_listing(&p);
  else
    out->failed = true;
  mf_arena_fini(&p.arena);
}
