/* SPDX-License-Identifier: MIT */
/* expr_type_text - types as text, and text as types. */
#include "expr_types.h"

#define WORD(text) text, sizeof text - 1
static const struct {
  const char *word;
  uint8_t length;
  mf_type_kind kind;
  uint32_t count; /* of parameters */
} words[] = {
    /* The first of a kind is what is written. */
    {WORD("dyn"), MF_TYPE_DYN, 0},
    {WORD("error"), MF_TYPE_ERROR, 0},
    {WORD("null_type"), MF_TYPE_NULL, 0},
    {WORD("null"), MF_TYPE_NULL, 0},
    {WORD("bool"), MF_TYPE_BOOL, 0},
    {WORD("int"), MF_TYPE_INT, 0},
    {WORD("uint"), MF_TYPE_UINT, 0},
    {WORD("double"), MF_TYPE_DOUBLE, 0},
    {WORD("number"), MF_TYPE_NUMBER, 0},
    {WORD("string"), MF_TYPE_STRING, 0},
    {WORD("bytes"), MF_TYPE_BYTES, 0},
    {WORD("timestamp"), MF_TYPE_TIMESTAMP, 0},
    {WORD("google.protobuf.Timestamp"), MF_TYPE_TIMESTAMP, 0},
    {WORD("duration"), MF_TYPE_DURATION, 0},
    {WORD("google.protobuf.Duration"), MF_TYPE_DURATION, 0},
    {WORD("type"), MF_TYPE_TYPE, 1},
    {WORD("list"), MF_TYPE_LIST, 1},
    {WORD("map"), MF_TYPE_MAP, 2},
    {WORD("optional_type"), MF_TYPE_OPTIONAL, 1},
    {WORD("optional"), MF_TYPE_OPTIONAL, 1},
};
#undef WORD
enum { WORDS = sizeof words / sizeof words[0] };

/* ---- making ---- */

const mf_type *mf_type_plain(mf_type_kind kind) {
  static const mf_type plain[] = {
      [MF_TYPE_DYN] = {.kind = MF_TYPE_DYN},
      [MF_TYPE_ERROR] = {.kind = MF_TYPE_ERROR},
      [MF_TYPE_NULL] = {.kind = MF_TYPE_NULL},
      [MF_TYPE_BOOL] = {.kind = MF_TYPE_BOOL},
      [MF_TYPE_INT] = {.kind = MF_TYPE_INT},
      [MF_TYPE_UINT] = {.kind = MF_TYPE_UINT},
      [MF_TYPE_DOUBLE] = {.kind = MF_TYPE_DOUBLE},
      [MF_TYPE_NUMBER] = {.kind = MF_TYPE_NUMBER},
      [MF_TYPE_STRING] = {.kind = MF_TYPE_STRING},
      [MF_TYPE_BYTES] = {.kind = MF_TYPE_BYTES},
      [MF_TYPE_TIMESTAMP] = {.kind = MF_TYPE_TIMESTAMP},
      [MF_TYPE_DURATION] = {.kind = MF_TYPE_DURATION},
      [MF_TYPE_TYPE] = {.kind = MF_TYPE_TYPE},
      [MF_TYPE_LIST] = {.kind = MF_TYPE_LIST, .count = 1, .args = {plain}},
      [MF_TYPE_MAP] = {.kind = MF_TYPE_MAP, .count = 2, .args = {plain, plain}},
      [MF_TYPE_OPTIONAL] = {.kind = MF_TYPE_OPTIONAL, .count = 1, .args = {plain}},
      [MF_TYPE_ABSTRACT] = {.kind = MF_TYPE_ABSTRACT},
      [MF_TYPE_VAR] = {.kind = MF_TYPE_DYN},
  };
  return &plain[kind];
}

const mf_type *mf_type_with(mf_arena *arena, mf_type_kind kind, const mf_type *a,
                            const mf_type *b) {
  mf_type *t = MF_NEW(arena, mf_type);
  if (t == NULL) return mf_type_plain(MF_TYPE_DYN);
  *t = (mf_type){.kind = (uint8_t)kind, .count = b ? 2 : 1, .args = {a, b}};
  return t;
}

/* ---- reading ---- */

static inline bool is_name_char(char c) {
  bool letter = (unsigned char)((c | 32) - 'a') < 26;
  return letter || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static void skip_blanks(mf_str text, size_t *at) {
  while (*at < text.n && text.p[*at] == ' ') ++*at;
}

static bool read_sign(mf_str text, size_t *at, char sign) {
  skip_blanks(text, at);
  if (*at >= text.n || text.p[*at] != sign) return false;
  ++*at;
  return true;
}

static mf_str read_name(mf_str text, size_t *at) {
  skip_blanks(text, at);
  size_t from = *at;
  while (*at < text.n && is_name_char(text.p[*at])) ++*at;
  return (mf_str){text.p + from, *at - from};
}

static const mf_type *variable(mf_arena *arena, mf_str name) {
  mf_type *t = MF_NEW(arena, mf_type);
  if (t) *t = (mf_type){.kind = MF_TYPE_VAR, .name = name};
  return t;
}

/* "(T)" of param(T). */
static const mf_type *read_param(mf_arena *arena, mf_str text, size_t *at) {
  if (!read_sign(text, at, '(')) return NULL;
  mf_str name = read_name(text, at);
  return name.n && read_sign(text, at, ')') ? variable(arena, name) : NULL;
}

/* "(A, B)", if it is there; false when it is malformed. */
static bool read_args(mf_arena *arena, mf_str text, size_t *at, mf_type *t) {
  if (!read_sign(text, at, '(')) return true;
  do {
    if (t->count == sizeof t->args / sizeof t->args[0]) return false;
    if ((t->args[t->count] = mf_type_read(arena, text, at)) == NULL) return false;
    t->count++;
  } while (read_sign(text, at, ','));
  return read_sign(text, at, ')');
}

static mf_type_kind kind_of_word(mf_str name, uint32_t *wanted) {
  for (size_t i = 0; i < WORDS; i++) {
    if (name.n != words[i].length || memcmp(name.p, words[i].word, name.n) != 0) continue;
    *wanted = words[i].count;
    return words[i].kind;
  }
  *wanted = UINT32_MAX;
  return MF_TYPE_ABSTRACT;
}

mf_type_kind mf_type_first(mf_str text) {
  size_t at = 0;
  uint32_t wanted;
  return kind_of_word(read_name(text, &at), &wanted);
}

/* list is list(dyn); int(string) is no type. */
static const mf_type *with_args(const mf_type *read, uint32_t wanted) {
  if (wanted == UINT32_MAX || read->count == wanted)
    return wanted ? read : mf_type_plain(read->kind);
  return read->count == 0 ? mf_type_plain(read->kind) : NULL;
}

const mf_type *mf_type_read(mf_arena *arena, mf_str text, size_t *at) {
  mf_str name = read_name(text, at);
  uint32_t wanted;
  if (name.n == 0) return NULL;
  if (name.n == 1 && name.p[0] >= 'A' && name.p[0] <= 'Z') return variable(arena, name);
  if (name.n == 5 && mf_str_is(name, "param")) return read_param(arena, text, at);
  const mf_type_kind kind = kind_of_word(name, &wanted);
  if (wanted == 0 && (*at == text.n || text.p[*at] != '(')) return mf_type_plain(kind);
  mf_type *t = MF_NEW(arena, mf_type);
  if (t == NULL) return NULL;
  t->kind = (uint8_t)kind;
  t->name = name;
  return read_args(arena, text, at, t) ? with_args(t, wanted) : NULL;
}

/* Reading is recursive, and the text may come from anywhere. */
static bool is_too_deep(mf_str text) {
  enum { DEEPEST = 64 };
  unsigned depth = 0;
  for (size_t i = 0; i < text.n && depth <= DEEPEST; i++)
    depth += text.p[i] == '(' ? 1u : text.p[i] == ')' && depth > 0 ? -1u : 0u;
  return depth > DEEPEST;
}

const mf_type *mf_type_parse(mf_arena *arena, mf_str text) {
  size_t at = 0;
  if (is_too_deep(text)) return NULL;
  const mf_type *t = mf_type_read(arena, text, &at);
  skip_blanks(text, &at);
  return at == text.n ? t : NULL;
}

/* ---- writing ---- */

static const char *word_of(uint8_t kind) {
  for (size_t i = 0; i < WORDS; i++)
    if (words[i].kind == kind) return words[i].word;
  return "dyn";
}

void mf_type_write(mf_buf *out, const mf_type *type) {
  if (type->kind >= MF_TYPE_ABSTRACT)
    mf_buf_add_str(out, type->name);
  else
    mf_buf_puts(out, word_of(type->kind));
  for (uint32_t i = 0; i < type->count; i++) {
    mf_buf_puts(out, i ? ", " : "(");
    mf_type_write(out, type->args[i]);
  }
  if (type->count) mf_buf_putc(out, ')');
}

const char *mf_type_text(mf_arena *arena, const mf_type *type) {
  enum { SHOWN = 200 };
  mf_buf buf;
  mf_buf_init(&buf, &arena->alloc, 0);
  mf_type_write(&buf, type);
  size_t n = buf.n < SHOWN ? buf.n : SHOWN;
  const char *text = mf_arena_printf(arena, "%.*s%s", (int)n, n ? buf.p : "",
                                     n < buf.n ? "..." : "");
  mf_buf_fini(&buf);
  return text ? text : "?";
}
