/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "../base/json.h"
#include "listing.h"
#include "parts.h"

/* A line at a time, in two passes: strings first, since texts in all other
 * lines may mean them.  A line with a mistake is left out and the next one is
 * read, so each mistake is reported. */

typedef struct token {
  mf_span span;
  mf_str text;
  bool is_string;
} token;

/* A word of code that waits for a label of its chunk. */
typedef struct fixup {
  uint32_t word;
  bool is_a;
  token name;
} fixup;

/* A change to the finished bytes: tests make malformed images with these. */
typedef struct edit {
  token section;
  uint64_t offset, value;
  uint32_t width;
  mf_span span;
} edit;

typedef struct assembler {
  mf_arena *arena;
  mf_diags *diags;
  mf_str source;
  size_t at, line_end;
  bool line_bad; /* the line has a mistake: say no more about it */

  mf_names mnemonics; /* name to opcode */
  mf_names texts;     /* text to the first string that has it */
  mf_str *strings;
  uint32_t string_count, string_cap;
  mf_constant *constants;
  uint32_t constant_count, constant_cap;
  mf_line_row *lines;
  uint32_t line_count, line_cap;
  mf_words children, code, rows[MF_TABLE_COUNT];
  mf_source_row origin;
  mf_str metadata;

  bool in_chunk;
  uint32_t chunk_start, chunk_given; /* one bit for each field that was written */
  mf_names labels;
  fixup *fixups;
  uint32_t fixup_count, fixup_cap;

  edit *edits;
  uint32_t edit_count, edit_cap;
  bool keep_sum, resize;
  uint64_t new_size;
} assembler;

#define ARG(t) (int)(t).text.n, (t).text.p

/* Room for one more element; the array may move. */
#define PUSH(a, array, element)                                                                    \
  do {                                                                                             \
    if ((a)->array##_count == (a)->array##_cap) {                                                  \
      void *grown_ = mf_grow((a)->arena, (a)->array##s, &(a)->array##_cap, sizeof *(a)->array##s); \
      if (grown_ == NULL) break;                                                                   \
      (a)->array##s = grown_;                                                                      \
    }                                                                                              \
    (a)->array##s[(a)->array##_count++] = (element);                                               \
  } while (0)

/* ---- words of a line ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == ','; }

static mf_span here(const assembler *a) { return (mf_span){(uint32_t)a->at, 1}; }

/* Whether the rest of the line is still worth a message. */
static bool complain(assembler *a) {
  const bool first = !a->line_bad;
  a->line_bad = true;
  return first;
}

static bool missing(assembler *a, const char *what) {
  const mf_span place = {(uint32_t)(a->line_end ? a->line_end - 1 : 0), 1};
  if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_MISSING, place, what);
  return false;
}

static bool wrong(assembler *a, const char *what, token t) {
  if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_OPERAND, t.span, what, ARG(t));
  return false;
}

static bool scan_string(assembler *a, token *t) {
  mf_json_scanner scanner;
  mf_json_scan_init(&scanner, a->arena, (mf_str){a->source.p + a->at, a->line_end - a->at}, 1);
  if (mf_json_next(&scanner) != MF_JSON_STRING) {
    if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_STRING, here(a), scanner.error);
    return false;
  }
  *t = (token){{(uint32_t)a->at, scanner.span.length}, scanner.text, true};
  a->at += scanner.span.length;
  return true;
}

/* The next word or string; false at the end of the line. */
static bool next(assembler *a, token *t) {
  const char *p = a->source.p;
  while (a->at < a->line_end && is_blank(p[a->at])) a->at++;
  if (a->at == a->line_end || p[a->at] == ';' || a->line_bad) return false;
  if (p[a->at] == '"') return scan_string(a, t);
  const size_t from = a->at;
  while (a->at < a->line_end && !is_blank(p[a->at]) && p[a->at] != ';' && p[a->at] != '"') a->at++;
  *t = (token){{(uint32_t)from, (uint32_t)(a->at - from)}, {p + from, a->at - from}, false};
  return true;
}

static bool need(assembler *a, token *t, const char *what) {
  return next(a, t) || missing(a, what);
}

/* Cuts `mark` and what follows it off a word: the rest, or false without it. */
static bool split(token *t, char mark, token *rest) {
  const char *found = t->text.n ? memchr(t->text.p, mark, t->text.n) : NULL;
  if (t->is_string || found == NULL) return false;
  const uint32_t before = (uint32_t)(found - t->text.p);
  *rest = (token){{t->span.offset + before + 1, t->span.length - before - 1},
                  {found + 1, t->text.n - before - 1},
                  false};
  t->text.n = t->span.length = before;
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex_digits(mf_str s, uint64_t *out) {
  *out = 0;
  for (size_t i = 0; i < s.n; i++) {
    if (hex_digit(s.p[i]) < 0) return false;
    *out = *out << 4 | (uint64_t)hex_digit(s.p[i]);
  }
  return s.n > 0 && s.n <= 16;
}

/* Decimal, or hexadecimal with 0x.  A sign gives the two's complement. */
static bool parse_number(mf_str s, uint64_t *out) {
  int64_t negative = 0;
  if (s.n > 2 && s.p[0] == '0' && s.p[1] == 'x') return hex_digits((mf_str){s.p + 2, s.n - 2}, out);
  if (mf_parse_uint(s, out)) return true;
  if (!mf_parse_int(s, &negative)) return false;
  *out = (uint64_t)negative;
  return true;
}

static bool number_of(assembler *a, token t, const char *what, uint64_t limit, uint64_t *out) {
  if (t.is_string || !parse_number(t.text, out) || *out > limit) return wrong(a, what, t);
  return true;
}

static bool need_number(assembler *a, const char *what, uint64_t limit, uint64_t *out) {
  token t;
  return need(a, &t, what) && number_of(a, t, what, limit, out);
}

static bool need_u32(assembler *a, const char *what, uint32_t *out) {
  uint64_t n = 0;
  if (!need_number(a, what, UINT32_MAX, &n)) return false;
  *out = (uint32_t)n;
  return true;
}

/* The number before an entry, which may not be left out where one is wanted. */
static bool need_order(assembler *a, uint32_t expected) {
  token t;
  uint64_t n = 0;
  char text[16];
  if (!need(a, &t, "a number") || !number_of(a, t, "a number", UINT32_MAX, &n)) return false;
  if (n == expected) return true;
  snprintf(text, sizeof text, "%u", expected);
  if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_ORDER, t.span, ARG(t), text);
  return false;
}

/* ---- operands ---- */

static uint32_t add_string(assembler *a, mf_str s) {
  const uint32_t number = a->string_count;
  PUSH(a, string, s);
  if (mf_names_get(&a->texts, s) == MF_NAMES_NONE) mf_names_set(&a->texts, s, number);
  return number;
}

/* A text means the first string that has it, a new one if need be; @n is string n. */
static bool string_of(assembler *a, token t, const char *what, uint32_t *out) {
  if (t.is_string) {
    const uint32_t known = mf_names_get(&a->texts, t.text);
    *out = known != MF_NAMES_NONE ? known : add_string(a, t.text);
    return true;
  }
  uint64_t n = 0;
  if (t.text.n < 2 || t.text.p[0] != '@' ||
      !mf_parse_uint((mf_str){t.text.p + 1, t.text.n - 1}, &n) || n > UINT32_MAX)
    return wrong(a, what, t);
  *out = (uint32_t)n;
  return true;
}

static uint32_t function_named(mf_str name) {
  for (uint32_t code = 0; code < 256; code++)
    if (mf_function_name(code) && mf_str_is(name, mf_function_name(code))) return code;
  return MF_ABSENT;
}

/* Words of an enumeration, flags joined by |; MF_ABSENT when unknown. */
static uint32_t enum_of(mf_operand_kind kind, token t) {
  uint32_t all = 0;
  token rest;
  for (bool more = true; more; t = rest) {
    more = mf_enum_is_flags(kind) && split(&t, '|', &rest);
    const uint32_t code = mf_enum_code(kind, t.text);
    if (code == MF_ABSENT) return MF_ABSENT;
    all |= code;
    if (!more) break;
  }
  return all;
}

static uint32_t word_of_kind(mf_operand_kind kind, token t) {
  if (kind == MF_OPERAND_FUNCTION) return function_named(t.text);
  if (kind == MF_OPERAND_STEP_OR_PREVIOUS)
    return mf_str_is(t.text, "previous") ? MF_PREVIOUS : MF_ABSENT;
  return enum_of(kind, t);
}

static bool operand_of(assembler *a, mf_operand_kind kind, token t, const char *what,
                       uint32_t *out) {
  uint64_t n = 0;
  *out = MF_ABSENT;
  if (mf_operand_base(kind) != kind && !t.is_string && mf_str_is(t.text, "-")) return true;
  if (mf_operand_base(kind) == MF_OPERAND_STRING) return string_of(a, t, what, out);
  if (!t.is_string && !parse_number(t.text, &n)) {
    *out = word_of_kind(kind, t);
    return *out != MF_ABSENT || wrong(a, what, t);
  }
  if (!number_of(a, t, what, UINT32_MAX, &n)) return false;
  *out = (uint32_t)n;
  return true;
}

/* ---- code ---- */

static uint32_t chunk_pc(const assembler *a) { return a->code.count - a->chunk_start; }

static void push_code(assembler *a, uint32_t word) { mf_words_push(a->arena, &a->code, word); }

static bool is_name(token t) {
  const char c = t.text.n ? t.text.p[0] : '0';
  return !t.is_string && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_');
}

/* One operand into the code; a label by name is filled in later. */
static bool put_operand(assembler *a, const mf_op_info *op, unsigned i, uint32_t *value) {
  token t;
  char what[64];
  snprintf(what, sizeof what, "operand %c of %s", (char)('a' + (int)i), op->name);
  if (!need(a, &t, what)) return false;
  if (op->operands[i] == MF_OPERAND_LABEL && is_name(t)) {
    const fixup f = {a->code.count + i, i == 0, t};
    PUSH(a, fixup, f);
    *value = 0;
    return true;
  }
  if (!operand_of(a, (mf_operand_kind)op->operands[i], t, what, value)) return false;
  return i > 0 || *value <= MF_OPERAND_A_MAX || wrong(a, what, t);
}

static void unknown_mnemonic(assembler *a, token t) {
  mf_near near;
  mf_near_init(&near, t.text);
  for (unsigned i = 0; i < 256; i++)
    if (mf_op_table[i].name) mf_near_offer(&near, mf_str_of(mf_op_table[i].name));
  const mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(a->arena, "write '%.*s'", (int)best.n, best.p) : NULL;
  if (complain(a)) mf_diag_add_hint(a->diags, MF_E_ASM_MNEMONIC, t.span, hint, ARG(t));
}

static void instruction(assembler *a, token t) {
  const uint32_t code = t.is_string ? MF_NAMES_NONE : mf_names_get(&a->mnemonics, t.text);
  uint32_t operands[3] = {0, 0, 0};
  const uint32_t fixups = a->fixup_count;
  if (code == MF_NAMES_NONE) {
    unknown_mnemonic(a, t);
    return;
  }
  const mf_op_info *op = &mf_op_table[code];
  for (unsigned i = 0; i < 3 && op->operands[i] != MF_OPERAND_NONE; i++)
    if (!put_operand(a, op, i, &operands[i])) {
      a->fixup_count = fixups;
      return;
    }
  push_code(a, code | operands[0] << 8);
  for (unsigned i = 1; i < op->words; i++) push_code(a, operands[i]);
}

static void raw_words(assembler *a) {
  token t;
  uint64_t n = 0;
  while (next(a, &t) && number_of(a, t, "a word of .raw", UINT32_MAX, &n))
    push_code(a, (uint32_t)n);
}

static void place_label(assembler *a, token t) {
  t.text.n--;
  if (mf_names_get(&a->labels, t.text) != MF_NAMES_NONE) {
    if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_LABEL_TWICE, t.span, ARG(t));
    return;
  }
  mf_names_set(&a->labels, t.text, chunk_pc(a));
}

static bool check_address(assembler *a, token t) {
  uint64_t n = 0;
  char text[16];
  if (!number_of(a, t, "an address", UINT32_MAX, &n)) return false;
  if (n == chunk_pc(a)) return true;
  snprintf(text, sizeof text, "%u", chunk_pc(a));
  if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_ADDRESS, t.span, ARG(t), text);
  return false;
}

/* [label:] [address] [mnemonic operands] */
static void code_line(assembler *a, token t) {
  if (!a->in_chunk) {
    if (complain(a)) mf_diag_add(a->diags, MF_E_ASM_NO_CHUNK, t.span);
    return;
  }
  if (is_name(t) && t.text.p[t.text.n - 1] == ':') {
    place_label(a, t);
    if (!next(a, &t)) return;
  }
  if (!t.is_string && t.text.p[0] >= '0' && t.text.p[0] <= '9') {
    if (!check_address(a, t) || !need(a, &t, "an instruction")) return;
  }
  instruction(a, t);
}

/* ---- rows and chunks ---- */

enum { CHUNK_NAME, CHUNK_KIND, CHUNK_START, CHUNK_LENGTH, CHUNK_DEPTH, CHUNK_FRAMES };

static uint32_t field_named(const mf_table_info *info, mf_str name) {
  for (uint32_t i = 0; i < info->field_count; i++)
    if (mf_str_is(name, info->field_names[i])) return i;
  return MF_ABSENT;
}

static bool unknown_field(assembler *a, const mf_table_info *info, token name) {
  mf_near near;
  mf_near_init(&near, name.text);
  for (uint32_t i = 0; i < info->field_count; i++)
    mf_near_offer(&near, mf_str_of(info->field_names[i]));
  const mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(a->arena, "write '%.*s'", (int)best.n, best.p) : NULL;
  if (complain(a))
    mf_diag_add_hint(a->diags, MF_E_ASM_FIELD, name.span, hint, info->name, ARG(name));
  return false;
}

/* field=value */
static bool read_field(assembler *a, const mf_table_info *info, token name, uint32_t *fields,
                       uint32_t *given) {
  token value;
  char what[64];
  if (!split(&name, '=', &value)) return wrong(a, "a field", name);
  const uint32_t i = field_named(info, name.text);
  if (i == MF_ABSENT) return unknown_field(a, info, name);
  snprintf(what, sizeof what, "field %s of .%s", info->field_names[i], info->name);
  if (value.text.n == 0 && !need(a, &value, what)) return false;
  *given |= 1u << i;
  return operand_of(a, (mf_operand_kind)info->field_kinds[i], value, what, &fields[i]);
}

/* What is left out is 0, or absent if it may be; a string may not be left out. */
static bool default_field(assembler *a, const mf_table_info *info, uint32_t i, uint32_t *field) {
  char what[64];
  const mf_operand_kind kind = (mf_operand_kind)info->field_kinds[i];
  snprintf(what, sizeof what, "field %s of .%s", info->field_names[i], info->name);
  *field = mf_operand_base(kind) != kind ? MF_ABSENT : 0;
  return kind != MF_OPERAND_STRING || missing(a, what);
}

/* number field=value ... */
static bool row(assembler *a, mf_table t, uint32_t *given) {
  const mf_table_info *info = &mf_table_infos[t];
  uint32_t fields[MF_MAX_FIELDS] = {0};
  token name;
  *given = 0;
  if (!need_order(a, a->rows[t].count / info->field_count)) return false;
  while (next(a, &name))
    if (!read_field(a, info, name, fields, given)) return false;
  for (uint32_t i = 0; i < info->field_count; i++)
    if (!(*given >> i & 1) && !default_field(a, info, i, &fields[i])) return false;
  for (uint32_t i = 0; i < info->field_count; i++) mf_words_push(a->arena, &a->rows[t], fields[i]);
  return true;
}

static void resolve_labels(assembler *a) {
  for (uint32_t i = 0; i < a->fixup_count; i++) {
    const fixup *f = &a->fixups[i];
    const uint32_t to = mf_names_get(&a->labels, f->name.text);
    if (to == MF_NAMES_NONE)
      mf_diag_add(a->diags, MF_E_ASM_LABEL, f->name.span, ARG(f->name));
    else if (f->word < a->code.count)
      a->code.at[f->word] |= f->is_a ? to << 8 : to;
  }
}

/* Fills in what the chunk's row did not say.  A walk that fails has found the
 * depths as far as it came: a bad image is the author's wish. */
static void end_chunk(assembler *a) {
  if (!a->in_chunk || mf_arena_oom(a->arena)) return;
  a->in_chunk = false;
  resolve_labels(a);
  const mf_table_info *info = &mf_table_infos[MF_TABLE_CHUNK];
  uint32_t *fields = a->rows[MF_TABLE_CHUNK].at + a->rows[MF_TABLE_CHUNK].count - info->field_count;
  const uint32_t *code = a->code.at ? a->code.at + a->chunk_start : NULL;
  mf_flow flow;
  mf_flow_walk(a->arena, code, chunk_pc(a), fields[CHUNK_KIND] == MF_CHUNK_KIND_PURE, &flow);
  const uint32_t found[] = {0, 0, a->chunk_start, chunk_pc(a), flow.max_depth, flow.max_frames};
  for (uint32_t i = CHUNK_START; i <= CHUNK_FRAMES; i++)
    if (!(a->chunk_given >> i & 1)) fields[i] = found[i];
}

static void chunk(assembler *a) {
  end_chunk(a);
  if (!row(a, MF_TABLE_CHUNK, &a->chunk_given)) return;
  a->in_chunk = true;
  a->chunk_start = a->code.count;
  a->fixup_count = 0;
  mf_names_init(&a->labels, a->arena);
}

/* ---- the other directives ---- */

static bool add_child(assembler *a, token t, const char *what) {
  uint64_t n = 0;
  if (!number_of(a, t, what, UINT32_MAX, &n)) return false;
  mf_words_push(a->arena, &a->children, (uint32_t)n);
  return true;
}

/* Elements "1 2 3", or entries "1:2 3:4". */
static bool read_children(assembler *a, mf_constant *c) {
  token t, value;
  c->payload = a->children.count;
  for (c->len = 0; next(a, &t); c->len++) {
    if (c->kind == MF_MAP && !split(&t, ':', &value)) return wrong(a, "an entry", t);
    if (!add_child(a, t, "a constant's number")) return false;
    if (c->kind == MF_MAP && !add_child(a, value, "a constant's number")) return false;
  }
  return !a->line_bad;
}

static bool read_double(assembler *a, mf_constant *c) {
  token t;
  double d = 0;
  if (!need(a, &t, "a number")) return false;
  if (t.text.n > 2 && t.text.p[1] == 'x')
    return number_of(a, t, "a double", UINT64_MAX, &c->payload);
  if (t.is_string || !mf_parse_double(t.text, true, &d, NULL)) return wrong(a, "a double", t);
  memcpy(&c->payload, &d, sizeof d);
  return true;
}

static bool read_text(assembler *a, mf_constant *c) {
  token t;
  uint32_t number = 0;
  if (!need(a, &t, "a string") || !string_of(a, t, "a string", &number)) return false;
  c->payload = number;
  c->len = number < a->string_count ? (uint32_t)a->strings[number].n : 0;
  return true;
}

static bool read_bool(assembler *a, mf_constant *c) {
  token t;
  if (!need(a, &t, "true or false")) return false;
  c->payload = mf_str_is(t.text, "true");
  return c->payload || mf_str_is(t.text, "false") || wrong(a, "a bool", t);
}

static bool read_payload(assembler *a, mf_constant *c) {
  switch (c->kind) {
    case MF_NULL: return true;
    case MF_BOOL: return read_bool(a, c);
    case MF_DOUBLE: return read_double(a, c);
    case MF_STRING:
    case MF_BYTES:
    case MF_TYPE: return read_text(a, c);
    case MF_LIST:
    case MF_MAP: return read_children(a, c);
    case MF_TIMESTAMP:
      return need_number(a, "seconds", UINT64_MAX, &c->payload) &&
             need_u32(a, "nanoseconds", &c->len);
    default: return need_number(a, "a number", UINT64_MAX, &c->payload);
  }
}

static uint32_t constant_kind(mf_str word) {
  for (uint32_t kind = 0; kind <= MF_ERROR; kind++)
    if (mf_constant_word(kind) && mf_str_is(word, mf_constant_word(kind))) return kind;
  return MF_ABSENT;
}

/* number kind value, or number raw kind len payload */
static void constant(assembler *a) {
  token t;
  mf_constant c = {0, 0, 0};
  if (!need_order(a, a->constant_count) || !need(a, &t, "a kind")) return;
  if (mf_str_is(t.text, "raw")) {
    if (!need_u32(a, "a kind", &c.kind) || !need_u32(a, "a length", &c.len) ||
        !need_number(a, "a payload", UINT64_MAX, &c.payload))
      return;
  } else {
    c.kind = constant_kind(t.text);
    if (c.kind == MF_ABSENT) {
      wrong(a, "a kind", t);
      return;
    }
    if (!read_payload(a, &c)) return;
  }
  PUSH(a, constant, c);
}

/* More children than the constants say: for bad images. */
static void child(assembler *a) {
  token t;
  while (next(a, &t))
    if (!add_child(a, t, "a constant's number")) return;
}

static bool read_hex_bytes(assembler *a, mf_str *out) {
  token t;
  *out = (mf_str){"", 0};
  if (!next(a, &t)) return true;
  char *bytes = mf_arena_get(a->arena, t.text.n);
  for (size_t i = 0; bytes && i < t.text.n; i += 2) {
    uint64_t byte = 0;
    if (t.text.n % 2 || !hex_digits((mf_str){t.text.p + i, 2}, &byte))
      return wrong(a, "hex digits", t);
    bytes[i / 2] = (char)(unsigned char)byte;
  }
  if (bytes) *out = (mf_str){bytes, t.text.n / 2};
  return bytes != NULL;
}

/* number "text", or number hex digits; in the first pass. */
static void string(assembler *a) {
  token t;
  if (!need_order(a, a->string_count) || !need(a, &t, "a text")) return;
  if (!t.is_string) {
    if (!mf_str_is(t.text, "hex")) {
      wrong(a, "a text", t);
      return;
    }
    if (!read_hex_bytes(a, &t.text)) return;
  }
  add_string(a, t.text);
}

/* line:column offset length [pc=word of the chunk] */
static void line(assembler *a) {
  token t, column;
  uint64_t l = 0, c = 0, pc = chunk_pc(a);
  mf_line_row r = {0, 0, 0, 0, 0};
  if (!need(a, &t, "a place")) return;
  if (!split(&t, ':', &column)) {
    wrong(a, "a place", t);
    return;
  }
  if (!number_of(a, t, "a line", UINT32_MAX, &l) ||
      !number_of(a, column, "a column", UINT32_MAX, &c))
    return;
  if (!need_u32(a, "an offset", &r.offset) || !need_u32(a, "a length", &r.length)) return;
  if (next(a, &t)) {
    const bool is_pc = split(&t, '=', &column) && mf_str_is(t.text, "pc");
    if (!is_pc) wrong(a, "a place", t);
    if (!is_pc || !number_of(a, column, "a place", UINT32_MAX, &pc)) return;
  }
  r.line = (uint32_t)l;
  r.column = (uint32_t)c;
  r.pc = a->chunk_start + (uint32_t)pc;
  PUSH(a, line, r);
}

/* "name" or -, length, digest */
static void origin(assembler *a) {
  token name, digest;
  if (!need(a, &name, "a name") ||
      !operand_of(a, MF_OPERAND_OPT_STRING, name, "a name", &a->origin.name) ||
      !need_u32(a, "a length", &a->origin.length) || !need(a, &digest, "a digest"))
    return;
  const mf_str high = {digest.text.p, 16}, low = {digest.text.p + 16, 16};
  if (digest.text.n != 32 || !hex_digits(high, &a->origin.digest[1]) ||
      !hex_digits(low, &a->origin.digest[0]))
    wrong(a, "a digest", digest);
}

static void metadata(assembler *a) {
  token t;
  if (!need(a, &t, "a JSON text")) return;
  if (!t.is_string)
    wrong(a, "a JSON text", t);
  else
    a->metadata = t.text;
}

/* [section+]offset width value [nosum] */
static void patch(assembler *a) {
  token t, offset, sum;
  edit e = {.width = 0};
  if (!need(a, &t, "an offset")) return;
  e.span = t.span;
  offset = t;
  if (split(&t, '+', &offset)) e.section = t;
  if (!number_of(a, offset, "an offset", UINT32_MAX, &e.offset) ||
      !need_u32(a, "a width", &e.width) || !need_number(a, "a value", UINT64_MAX, &e.value))
    return;
  if (e.width > 8) wrong(a, "a width", t);
  if (next(a, &sum)) {
    a->keep_sum = mf_str_is(sum.text, "nosum");
    if (!a->keep_sum) wrong(a, "this", sum);
  }
  PUSH(a, edit, e);
}

static void truncate(assembler *a) {
  a->resize = need_number(a, "a number of bytes", MF_LIMIT_IMAGE_BYTES + 1, &a->new_size);
}

static const struct directive {
  const char *name;
  void (*read)(assembler *);
} directives[] = {
    {".chunk", chunk},   {".const", constant}, {".child", child},
    {".line", line},     {".source", origin},  {".metadata", metadata},
    {".raw", raw_words}, {".patch", patch},    {".truncate", truncate},
};
enum { DIRECTIVES = sizeof directives / sizeof *directives };

static void unknown_directive(assembler *a, token t) {
  mf_near near;
  mf_near_init(&near, t.text);
  for (size_t i = 0; i < DIRECTIVES; i++) mf_near_offer(&near, mf_str_of(directives[i].name));
  for (int i = 0; i < MF_TABLE_COUNT; i++) {
    const char *name = mf_arena_printf(a->arena, ".%s", mf_table_infos[i].name);
    mf_near_offer(&near, mf_str_of(name));
  }
  const mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(a->arena, "write '%.*s'", (int)best.n, best.p) : NULL;
  if (complain(a)) mf_diag_add_hint(a->diags, MF_E_ASM_DIRECTIVE, t.span, hint, ARG(t));
}

static void directive(assembler *a, token t) {
  uint32_t given;
  for (size_t i = 0; i < DIRECTIVES; i++)
    if (mf_str_is(t.text, directives[i].name)) {
      directives[i].read(a);
      return;
    }
  for (int i = 0; i < MF_TABLE_COUNT; i++)
    if (mf_str_is((mf_str){t.text.p + 1, t.text.n - 1}, mf_table_infos[i].name)) {
      row(a, (mf_table)i, &given);
      return;
    }
  unknown_directive(a, t);
}

/* ---- the whole ---- */

static void any_line(assembler *a, bool strings_pass) {
  token t;
  if (!next(a, &t)) return;
  const bool is_string = !t.is_string && mf_str_is(t.text, ".string");
  if (is_string != strings_pass) return;
  if (is_string)
    string(a);
  else if (!t.is_string && t.text.p[0] == '.')
    directive(a, t);
  else
    code_line(a, t);
  if (next(a, &t) && complain(a)) mf_diag_add(a->diags, MF_E_ASM_TRAILING, t.span, ARG(t));
}

static void each_line(assembler *a, bool strings_pass) {
  for (size_t start = 0; start < a->source.n && !mf_arena_oom(a->arena); start = a->line_end + 1) {
    const char *end = memchr(a->source.p + start, '\n', a->source.n - start);
    a->at = start;
    a->line_end = end ? (size_t)(end - a->source.p) : a->source.n;
    a->line_bad = false;
    any_line(a, strings_pass);
  }
}

static mf_parts parts_of(const assembler *a) {
  mf_parts p = {
      .strings = a->strings,
      .string_count = a->string_count,
      .constants = a->constants,
      .constant_count = a->constant_count,
      .children = a->children.at,
      .child_count = a->children.count,
      .code = a->code.at,
      .code_count = a->code.count,
      .lines = a->lines,
      .line_count = a->line_count,
      .source = a->origin,
      .metadata = a->metadata,
  };
  for (int t = 0; t < MF_TABLE_COUNT; t++) {
    p.rows[t] = a->rows[t].at;
    p.row_counts[t] = a->rows[t].count / mf_table_infos[t].field_count;
  }
  return p;
}

static uint32_t section_named(mf_str name) {
  static const char *const fixed[] = {"strings", "string_rows", "constants", "children",
                                      "code",    "lines",       "source",    "metadata"};
  for (uint32_t i = 0; i < MF_SECTION_METADATA; i++)
    if (mf_str_is(name, fixed[i])) return i + MF_SECTION_STRINGS;
  for (uint32_t t = 0; t < MF_TABLE_COUNT; t++)
    if (mf_str_is(name, mf_table_infos[t].name)) return MF_SECTION_TABLE + t;
  return 0;
}

/* Where the edit goes; UINT64_MAX when its section is not there. */
static uint64_t edit_offset(const edit *e, const uint8_t *image) {
  mf_image_header header;
  mf_section section;
  if (e->section.text.n == 0) return e->offset;
  memcpy(&header, image, sizeof header);
  for (uint32_t i = 0; i < header.section_count; i++) {
    memcpy(&section, image + sizeof header + i * sizeof section, sizeof section);
    if (section.id == section_named(e->section.text)) return section.offset + e->offset;
  }
  return UINT64_MAX;
}

/* All places are found before any is changed: an edit may spoil the sections. */
static void apply_edits(assembler *a, uint8_t *image, size_t n) {
  uint64_t *offsets = mf_arena_get(a->arena, a->edit_count * sizeof *offsets);
  if (offsets == NULL) return;
  for (uint32_t i = 0; i < a->edit_count; i++) offsets[i] = edit_offset(&a->edits[i], image);
  for (uint32_t i = 0; i < a->edit_count; i++) {
    const edit *e = &a->edits[i];
    if (offsets[i] > n || e->width > n - offsets[i]) {
      mf_diag_add(a->diags, MF_E_ASM_PATCH, e->span);
      continue;
    }
    for (uint32_t k = 0; k < e->width; k++) image[offsets[i] + k] = (uint8_t)(e->value >> 8 * k);
  }
}

/* Cuts the image, or makes it longer with zeros. */
static mf_status resize(mf_buf *out, size_t start, size_t size) {
  const size_t n = out->n - start;
  if (size > n && !mf_buf_reserve(out, size - n))
    return out->too_large ? MF_IMAGE_TOO_LARGE : MF_OUT_OF_MEMORY;
  if (size > n) memset(out->p + out->n, 0, size - n);
  out->n = start + size;
  return MF_OK;
}

static mf_status write_image(assembler *a, mf_buf *out) {
  const size_t start = out->n;
  const mf_parts parts = parts_of(a);
  mf_status status = mf_parts_write(&parts, out);
  if (status) return status;
  const size_t whole = out->n - start;
  if (a->resize && a->new_size > whole) status = resize(out, start, (size_t)a->new_size);
  if (status) return status;
  apply_edits(a, (uint8_t *)out->p + start, out->n - start);
  if (a->resize && a->new_size < whole) status = resize(out, start, (size_t)a->new_size);
  if (!a->keep_sum && out->n - start >= sizeof(mf_image_header))
    mf_image_seal((uint8_t *)out->p + start, out->n - start);
  return status;
}

static void prepare(assembler *a) {
  mf_names_init(&a->mnemonics, a->arena);
  mf_names_init(&a->texts, a->arena);
  mf_names_init(&a->labels, a->arena);
  for (uint32_t code = 0; code < 256; code++)
    if (mf_op_table[code].name)
      mf_names_set(&a->mnemonics, mf_str_of(mf_op_table[code].name), code);
}

mf_status mf_assemble(mf_arena *arena, mf_str text, mf_diags *diags, mf_buf *out) {
  assembler a = {.arena = arena,
                 .diags = diags,
                 .source = text,
                 .origin = {MF_ABSENT, 0, {0, 0}},
                 .metadata = {"{}", 2}};
  const uint32_t errors = diags->errors;
  if (text.n > INT32_MAX) return MF_TOO_LARGE;
  prepare(&a);
  each_line(&a, true);
  each_line(&a, false);
  end_chunk(&a);
  if (mf_arena_oom(arena)) return MF_OUT_OF_MEMORY;
  if (diags->errors != errors) return MF_ASM_INVALID;
  const size_t start = out->n;
  mf_status status = write_image(&a, out);
  if (mf_arena_oom(arena))
    status = MF_OUT_OF_MEMORY;
  else if (status == MF_OK && diags->errors != errors)
    status = MF_ASM_INVALID;
  if (status) out->n = start;
  return status;
}
