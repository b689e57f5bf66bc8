/* SPDX-License-Identifier: MIT */
/* Reports from templates.  A template's names are the keys of the JSON report, with
 * the values they have there.
 *
 * Texts of the report are made harmless for the format before the template sees
 * them, not when it writes them: so what an expression puts together, markup and all,
 * can be written as it is, and no name gets into a page unescaped.  JSON is the
 * exception: there a whole result is data, and is written as such. */
#include "report_escape.h"
#include "report_model.h"

#include "../base/limits.h"
#include "../vm/value.h"

enum { NAMES = 64, MISTAKES = 20 };

struct mf_report_template {
  mf_alloc alloc;
  char *name; /* of its file, for messages */
  mf_template *parts;
};

/* ---- The report as values ---- */

typedef struct tree {
  mf_arena arena;
  mf_buf text; /* scratch */
  void (*escape)(mf_buf *out, mf_str s);
  bool failed;
} tree;

/* Words need no escaping in any format: states and keys are compared as they are. */
static bool is_word(mf_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
  }
  return true;
}

static mf_value text_of(tree *t, mf_str s) {
  if (t->escape == NULL || is_word(s)) return mf_string(s);
  mf_buf_clear(&t->text);
  t->escape(&t->text, s);
  char *copy = mf_arena_copy(&t->arena, t->text.p, t->text.n);
  return copy ? mf_string((mf_str){copy, t->text.n}) : mf_null();
}

static mf_value value_of(tree *t, const mf_json *node);

static mf_value list_of(tree *t, const mf_json *node) {
  uint32_t n = 0, i = 0;
  for (const mf_json *item = node->as.first; item; item = item->next) n++;
  mf_value *items = MF_NEW_ARRAY(&t->arena, mf_value, n ? n : 1);
  for (const mf_json *item = node->as.first; item && items; item = item->next)
    items[i++] = value_of(t, item);
  return (mf_value){.kind = MF_LIST, .len = i, .as.list = items};
}

static mf_value map_of(tree *t, const mf_json *node) {
  mf_map_builder map;
  mf_map_build(&map, &t->arena);
  for (const mf_json *member = node->as.first; member; member = member->next) {
    mf_value key = text_of(t, member->key);
    mf_map_add_value(&map, key, value_of(t, member));
  }
  return mf_map_done(&map);
}

static mf_value value_of(tree *t, const mf_json *node) {
  switch (node->kind) {
    case MF_JSON_BOOL: return mf_bool(node->as.b);
    case MF_JSON_INT: return mf_int(node->as.i);
    case MF_JSON_UINT: return mf_uint(node->as.u);
    case MF_JSON_DOUBLE: return mf_double(node->as.d);
    case MF_JSON_STRING: return text_of(t, node->as.s);
    case MF_JSON_LIST: return list_of(t, node);
    case MF_JSON_MAP: return map_of(t, node);
    default: return mf_null();
  }
}

static void open_tree(tree *t, const mf_alloc *alloc, mf_report_format format) {
  *t = (tree){.escape = format == MF_REPORT_FORMAT_JSON ? NULL : mf_escape_of(format)};
  mf_arena_init(&t->arena, alloc, 0);
  mf_buf_init(&t->text, alloc, 0);
}

static void close_tree(tree *t) {
  mf_buf_fini(&t->text);
  mf_arena_fini(&t->arena);
}

/* The JSON report, parsed; NULL when out of memory. */
static mf_json *json_of(tree *t, mf_report *r) {
  mf_buf json;
  mf_buf_init(&json, &r->alloc, 0);
  mf_report_write_json(r, &json);
  mf_json *root = json.failed ? NULL : mf_json_parse(&t->arena, mf_buf_str(&json), NULL, NULL);
  mf_buf_fini(&json);
  return root;
}

/* ---- Compiling ---- */

/* What an empty report has is what all reports have; a null may be anything. */
static const char *type_of(mf_json_kind kind) {
  switch (kind) {
    case MF_JSON_BOOL: return "bool";
    case MF_JSON_INT:
    case MF_JSON_UINT: return "int";
    case MF_JSON_DOUBLE: return "double";
    case MF_JSON_STRING: return "string";
    case MF_JSON_LIST: return "list(dyn)";
    case MF_JSON_MAP: return "map(string, dyn)";
    default: return NULL;
  }
}

static size_t schema_of(tree *t, const mf_json *report, mf_schema_entry schema[NAMES]) {
  size_t n = 0;
  for (const mf_json *m = report->as.first; m && n < NAMES; m = m->next) {
    const char *name = mf_arena_copy(&t->arena, m->key.p, m->key.n);
    schema[n++] = (mf_schema_entry){name ? name : "", type_of(m->kind)};
  }
  return n;
}

typedef struct mistakes {
  const char *name;
  mf_str text;
  mf_output err;
  unsigned count;
} mistakes;

static void tell_mistake(void *ctx, const mf_diagnostic *d) {
  mistakes *m = ctx;
  if (m->count++ < MISTAKES) mf_diagnostic_print(d, m->name, m->text, m->err);
}

static mf_status compile(mf_report_template *t, mf_str text, mf_output err) {
  mf_schema_entry schema[NAMES];
  mf_status status = MF_OUT_OF_MEMORY;
  mistakes m = {t->name, text, err, 0};
  mf_report *empty = mf_report_new(&t->alloc);
  tree values;
  open_tree(&values, &t->alloc, MF_REPORT_FORMAT_JSON);
  const mf_json *report = empty ? json_of(&values, empty) : NULL;
  if (report) {
    size_t count = schema_of(&values, report, schema);
    mf_program_options options = {.alloc = t->alloc,
                                  .schema = schema,
                                  .count = count,
                                  .report = tell_mistake,
                                  .report_ctx = &m};
    if (!mf_arena_oom(&values.arena)) status = mf_template_compile(&options, text, &t->parts);
  }
  close_tree(&values);
  mf_report_free(empty);
  return status;
}

static mf_status not_utf8(const mf_alloc *alloc, const char *name, mf_str text, mf_output err) {
  unsigned line = 1;
  size_t valid = mf_utf8_valid(text.p, text.n);
  for (size_t i = 0; i < valid; i++) line += text.p[i] == '\n';
  mf_buf message;
  mf_buf_init(&message, alloc, 0);
  mf_buf_printf(&message, "%s:%u: error: this byte is not valid UTF-8\n", name, line);
  if (!message.failed) err.write(err.ctx, message.p, message.n);
  mf_buf_fini(&message);
  return MF_EXPRESSION_INVALID;
}

mf_status mf_report_template_new(const mf_alloc *alloc, const char *name, mf_str text,
                                 mf_output err, mf_report_template **out) {
  mf_alloc a = mf_alloc_or_default(alloc);
  *out = NULL;
  if (mf_utf8_valid(text.p, text.n) != text.n) return not_utf8(&a, name, text, err);
  mf_report_template *t = mf_realloc(&a, NULL, 0, sizeof *t);
  if (t == NULL) return MF_OUT_OF_MEMORY;
  *t = (mf_report_template){.alloc = a};
  t->name = mf_realloc(&a, NULL, 0, strlen(name) + 1);
  if (t->name) memcpy(t->name, name, strlen(name) + 1);
  mf_status status = t->name ? compile(t, text, err) : MF_OUT_OF_MEMORY;
  if (status == MF_OK)
    *out = t;
  else
    mf_report_template_free(t);
  return status;
}

mf_status mf_report_template_open(const mf_alloc *alloc, const char *path, mf_output err,
                                  mf_report_template **out, char *error, size_t error_size) {
  mf_alloc a = mf_alloc_or_default(alloc);
  mf_blob file;
  *out = NULL;
  mf_status status = mf_blob_read(&a, path, MF_LIMIT_TEMPLATE_BYTES + 1, &file, error, error_size);
  if (status != MF_OK) return status;
  status = mf_report_template_new(&a, path, (mf_str){(const char *)file.p, file.n}, err, out);
  mf_blob_free(&file);
  return status;
}

void mf_report_template_free(mf_report_template *t) {
  if (t == NULL) return;
  mf_alloc a = t->alloc;
  mf_template_free(t->parts);
  if (t->name) mf_realloc(&a, t->name, strlen(t->name) + 1, 0);
  mf_realloc(&a, t, sizeof *t, 0);
}

/* ---- Rendering ---- */

typedef struct rendering {
  const mf_report_template *tmpl;
  mf_report_format format;
  mf_evaluator *evaluator;
  mf_value slots[NAMES];
  mf_buf *out, text;
  char *error;
  size_t error_size;
} rendering;

static mf_status fail(rendering *e, const mf_template_part *part, mf_status status, mf_str why) {
  mf_buf line;
  mf_buf_init(&line, &e->tmpl->alloc, 0);
  mf_buf_printf(&line, "%s:%u:%u: ", e->tmpl->name, part->line, part->column);
  mf_buf_add_str(&line, why);
  mf_str head = mf_report_prefix(mf_buf_str(&line), e->error_size ? e->error_size - 1 : 0);
  if (head.n) memcpy(e->error, head.p, head.n);
  if (e->error_size) e->error[head.n] = '\0';
  mf_buf_fini(&line);
  return status;
}

/* The JSON of a list or map whose texts are escaped already: what JSON itself adds
 * to them must not mean anything either. */
static void put_structure(rendering *e, mf_str json) {
  bool markup = e->format == MF_REPORT_FORMAT_HTML || e->format == MF_REPORT_FORMAT_JUNIT;
  if (e->format == MF_REPORT_FORMAT_CSV) {
    mf_escape_csv(e->out, json);
    return;
  }
  for (size_t i = 0; i < json.n; i++) {
    if (markup && json.p[i] == '"')
      mf_buf_puts(e->out, "&quot;");
    else
      mf_buf_putc(e->out, json.p[i]);
    if (e->format == MF_REPORT_FORMAT_MARKDOWN && json.p[i] == '\\')
      i += i + 1 < json.n && json.p[i + 1] == '\\';
  }
}

static void put_value(rendering *e, const mf_value *v) {
  bool structure = v->kind == MF_LIST || v->kind == MF_MAP || v->kind == MF_OPTIONAL;
  mf_buf_clear(&e->text);
  mf_value_write_text(&e->text, v);
  if (e->format == MF_REPORT_FORMAT_JSON && v->kind == MF_STRING)
    mf_escape_json(e->out, mf_buf_str(&e->text));
  else if (structure)
    put_structure(e, mf_buf_str(&e->text));
  else
    mf_buf_add_str(e->out, mf_buf_str(&e->text));
}

static mf_status put_part(rendering *e, const mf_template_part *part) {
  mf_value v;
  if (part->program == NULL) {
    mf_buf_add_str(e->out, part->text);
    return MF_OK;
  }
  mf_status status = mf_eval(part->program, e->evaluator, e->slots, &v);
  if (status != MF_OK) return fail(e, part, status, mf_str_of(mf_status_text(status)));
  if (v.kind == MF_ERROR) return fail(e, part, MF_EXPRESSION_INVALID, mf_value_str(v));
  put_value(e, &v);
  return MF_OK;
}

static mf_status put_parts(rendering *e) {
  size_t count = mf_template_count(e->tmpl->parts);
  for (size_t i = 0; i < count; i++) {
    mf_template_part part = mf_template_get(e->tmpl->parts, i);
    mf_status status = put_part(e, &part);
    if (status != MF_OK) return status;
    if (e->out->n > MF_LIMIT_TEMPLATE_OUTPUT)
      return fail(e, &part, MF_TOO_LARGE, MF_STR("the report is too large"));
    if (e->out->failed || e->text.failed) return MF_OUT_OF_MEMORY;
  }
  return MF_OK;
}

static mf_status bind(rendering *e, tree *t, mf_report *r) {
  size_t n = 0;
  const mf_json *report = json_of(t, r);
  for (const mf_json *m = report ? report->as.first : NULL; m && n < NAMES; m = m->next)
    e->slots[n++] = value_of(t, m);
  return report == NULL || mf_arena_oom(&t->arena) || t->text.failed ? MF_OUT_OF_MEMORY : MF_OK;
}

mf_status mf_report_render_template(mf_report *r, const mf_report_template *tmpl, mf_str format,
                                    mf_buf *out, char *error, size_t error_size) {
  rendering e = {.tmpl = tmpl,
                 .format = mf_report_format_named(format),
                 .out = out,
                 .error = error,
                 .error_size = error_size};
  tree values;
  if (error_size) error[0] = '\0';
  if (e.format == MF_REPORT_FORMAT_COUNT) return MF_UNSUPPORTED;
  mf_arena_reset(&r->scratch);
  open_tree(&values, &r->alloc, e.format);
  mf_buf_init(&e.text, &r->alloc, 0);
  mf_status status = mf_evaluator_new(&r->alloc, &e.evaluator);
  if (status == MF_OK) {
    mf_evaluator_set_regex(e.evaluator, mf_regex_re2());
    status = bind(&e, &values, r);
  }
  if (status == MF_OK) status = put_parts(&e);
  mf_evaluator_free(e.evaluator);
  mf_buf_fini(&e.text);
  close_tree(&values);
  return status;
}
