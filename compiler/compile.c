/* SPDX-License-Identifier: MIT */
/* compile - the conductor: bytes to an image, stage by stage. */
#include "compile.h"

#include "../base/json.h"
#include "../base/limits.h"

const char *mf_version(void) { return "0.1.0"; }

/* ---- metadata ---- */

static mf_str text_of(const mf_node *map, mf_key key) {
  const mf_node *node = mf_node_get(map, key);
  return node && node->shape == MF_SHAPE_TEXT ? mf_node_text(node) : MF_STR("");
}

static void write_texts(mf_json_writer *w, const mf_node *list) {
  mf_json_open_list(w);
  if (list && list->shape == MF_SHAPE_LIST)
    for (const mf_node *item = list->as.first; item; item = item->next)
      if (item->shape == MF_SHAPE_TEXT) mf_json_put_str(w, mf_node_text(item));
  mf_json_close_list(w);
}

static void write_metadata(mf_compiler *c, mf_buf *out) {
  mf_json_writer w;
  mf_str name = text_of(c->document, MF_KEY_NAME), target = text_of(c->document, MF_KEY_TARGET);
  mf_json_write_init(&w, out, 0);
  mf_json_open_map(&w);
  mf_json_key(&w, "name");
  mf_json_put_str(&w, name.n ? name : c->document_name);
  mf_json_key(&w, "description");
  mf_json_put_str(&w, text_of(c->document, MF_KEY_DESCRIPTION));
  mf_json_key(&w, "tags");
  write_texts(&w, mf_node_get(c->document, MF_KEY_TAGS));
  if (target.n) {
    mf_json_key(&w, "target");
    mf_json_put_str(&w, target);
  }
  mf_json_key(&w, "hosts");
  mf_json_open_list(&w);
  for (uint32_t i = 0; i < c->hosts.count; i++) mf_json_put_str(&w, c->hosts.entries[i].name);
  mf_json_close_list(&w);
  mf_constants_write(c, &w);
  mf_limits_write(c, &w);
  mf_secrets_write(c, &w);
  mf_links_write(c, &w);
  mf_json_key(&w, "fragment");
  mf_json_put_bool(&w, c->fragment);
  mf_json_key(&w, "compiler");
  mf_json_put_str(&w, mf_str_of(mf_version()));
  mf_json_close_map(&w);
}

/* ---- the stages ---- */

static bool has_entries(const mf_node *list) {
  return list && list->shape == MF_SHAPE_LIST && list->count > 0;
}

static bool is_fragment(const mf_node *document) {
  return !has_entries(mf_node_get(document, MF_KEY_STEPS)) &&
         !has_entries(mf_node_get(document, MF_KEY_ADVANCED_STEPS)) &&
         !has_entries(mf_node_get(document, MF_KEY_CONDITIONAL_STEPS));
}

static mf_str stem(mf_str file) {
  for (size_t i = file.n; i > 1; i--)
    if (file.p[i - 1] == '.') return (mf_str){file.p, i - 1};
  return file;
}

enum { JUDGING_FUEL = 200000000 };

static bool open_compiler(mf_compilation *comp, mf_compiler *c, const mf_node *document) {
  *c = (mf_compiler){.arena = &comp->arena,
                     .diags = &comp->diags,
                     .source = comp->source,
                     .lines = comp->lines,
                     .document = document,
                     .main_document = document,
                     .main_source = comp->source,
                     .options = &comp->options,
                     .document_name = stem(mf_str_of(comp->name)),
                     .fragment = is_fragment(document),
                     .judging_fuel = JUDGING_FUEL,
                     .b = mf_builder_new(&comp->arena)};
  const mf_node *hooks = mf_node_get(document, MF_KEY_HOOKS);
  uint32_t count = hooks && hooks->shape == MF_SHAPE_LIST ? hooks->count : 0;
  c->hooks = MF_NEW_ARRAY(c->arena, mf_global_hook, count + 1);
  if (!c->b || !c->hooks) return false;
  mf_names_open(c);
  return true;
}

static mf_status finish_image(mf_compilation *comp, mf_compiler *c) {
  char detail[256] = "";
  mf_buf metadata;
  mf_buf_init(&metadata, &comp->options.alloc, MF_LIMIT_DOCUMENT_BYTES);
  write_metadata(c, &metadata);
  mf_builder_metadata(c->b, mf_buf_str(&metadata));
  mf_builder_source(c->b, mf_str_of(comp->name), (uint32_t)comp->source.n,
                    mf_hash128_of(comp->source.p, comp->source.n));
  bool failed = metadata.failed;
  mf_status status = failed ? MF_OUT_OF_MEMORY
                            : mf_builder_finish(c->b, &comp->image, detail, sizeof detail);
  mf_buf_fini(&metadata);
  if (status == MF_OK || status == MF_OUT_OF_MEMORY) return status;
  if (status == MF_IMAGE_TOO_LARGE)
    mf_diag_add(&comp->diags, MF_E_IMAGE_TOO_LARGE, (mf_span){0, 0});
  else
    mf_diag_add(&comp->diags, MF_E_TOO_COMPLEX, (mf_span){0, 0}, detail);
  return MF_DOCUMENT_INVALID;
}

static mf_node *parse(mf_compilation *comp, mf_buf *dump_tokens) {
  mf_parse_context context = {.arena = &comp->arena,
                              .diags = &comp->diags,
                              .source = comp->source,
                              .syntax = comp->options.syntax,
                              .lenient = comp->options.lenient,
                              .dump_tokens = dump_tokens};
  return mf_document_parse(&context);
}

/* Checks and emits; the image is there when no error was found. */
static mf_status check_and_emit(mf_compilation *comp, const mf_node *document, mf_arena *scratch,
                                const mf_dumps *dumps) {
  mf_compiler c;
  if (!open_compiler(comp, &c, document)) return MF_OUT_OF_MEMORY;
  c.scratch = c.expr.arena = scratch;
  c.dump_expr = dumps->expr;
  c.dump_ast = dumps->ast;
  mf_names_declare_document(&c);
  mf_limits_check(&c);
  mf_hooks_declare(&c);
  mf_reach_open(&c);
  mf_emit_run(&c);
  mf_unused_document(&c);
  mf_rows_sort(&c, MF_TABLE_ID, 2);
  mf_rows_sort(&c, MF_TABLE_REASON, 3);
  if (dumps->types) mf_names_dump(&c, dumps->types);
  if (mf_arena_oom(&comp->arena) || mf_arena_oom(scratch)) return MF_OUT_OF_MEMORY;
  return comp->diags.errors ? MF_DOCUMENT_INVALID : finish_image(comp, &c);
}

static mf_status run_stages(mf_compilation *comp, const mf_dumps *dumps) {
  mf_node *document = parse(comp, dumps->tokens);
  if (!document || mf_arena_oom(&comp->arena)) return MF_OUT_OF_MEMORY;
  if (dumps->ast) mf_document_dump(dumps->ast, document);
  if (document->shape != MF_SHAPE_MAP)
    return comp->diags.errors ? MF_DOCUMENT_INVALID : MF_OUT_OF_MEMORY;
  mf_arena scratch;
  mf_arena_init(&scratch, &comp->options.alloc, 0);
  mf_status status = check_and_emit(comp, document, &scratch, dumps);
  mf_arena_fini(&scratch);
  return status;
}

static void write_codes(mf_compilation *comp) {
  comp->codes = mf_arena_get(&comp->arena, comp->diags.count * sizeof *comp->codes);
  for (uint32_t i = 0; comp->codes && i < comp->diags.count; i++)
    mf_code_text(comp->diags.items[i].code, comp->codes[i]);
  if (!comp->codes) comp->diags.count = 0;
}

/* A document needs 5 to 10 times its bytes for its tree and its strings.  One
 * block for them also keeps glibc from handing memory back and asking for it
 * again when documents are compiled one after the other: its limit for that is
 * twice the largest block it has seen. */
enum { RESERVE_FACTOR = 12, RESERVE_MOST = 8 << 20 };

mf_status mf_compile_stages(const mf_compile_options *options, const char *bytes, size_t n,
                            const mf_dumps *dumps, mf_compilation **out) {
  mf_alloc alloc = options->alloc.fn ? options->alloc : mf_alloc_default();
  mf_compilation *comp = mf_realloc(&alloc, NULL, 0, sizeof *comp);
  *out = comp;
  if (!comp) return MF_OUT_OF_MEMORY;
  *comp = (mf_compilation){.options = *options, .source = {bytes, n}};
  comp->options.alloc = alloc;
  mf_arena_init(&comp->arena, &alloc, 0);
  if (n <= MF_LIMIT_DOCUMENT_BYTES)
    mf_arena_reserve(&comp->arena,
                     n < RESERVE_MOST / RESERVE_FACTOR ? n * RESERVE_FACTOR : RESERVE_MOST);
  mf_diags_init(&comp->diags, &comp->arena);
  mf_buf_init(&comp->image, &alloc, MF_LIMIT_IMAGE_BYTES);
  comp->name = mf_arena_printf(&comp->arena, "%s", options->name ? options->name : "document");
  mf_str lines = n > MF_LIMIT_DOCUMENT_BYTES ? MF_STR("") : comp->source;
  bool ok = comp->name && mf_lines_init(&comp->lines, &comp->arena, lines);
  comp->status = ok ? run_stages(comp, dumps) : MF_OUT_OF_MEMORY;
  mf_diags_sort(&comp->diags);
  write_codes(comp);
  if (mf_arena_oom(&comp->arena)) comp->status = MF_OUT_OF_MEMORY;
  return comp->status;
}

mf_status mf_compile(const mf_compile_options *options, const char *bytes, size_t n,
                     mf_compilation **out) {
  mf_dumps none = {0};
  return mf_compile_stages(options, bytes, n, &none, out);
}

/* ---- reading a compilation ---- */

void mf_compilation_free(mf_compilation *comp) {
  if (!comp) return;
  mf_alloc alloc = comp->options.alloc;
  mf_buf_fini(&comp->image);
  mf_arena_fini(&comp->arena);
  mf_realloc(&alloc, comp, sizeof *comp, 0);
}

const uint8_t *mf_compilation_image(const mf_compilation *comp, size_t *n) {
  *n = comp && comp->status == MF_OK ? comp->image.n : 0;
  return *n ? (const uint8_t *)comp->image.p : NULL;
}

size_t mf_compilation_diagnostic_count(const mf_compilation *comp) { return comp->diags.count; }

mf_diagnostic mf_compilation_diagnostic(const mf_compilation *comp, size_t i) {
  const mf_diag *d = &comp->diags.items[i];
  mf_diagnostic out = {.severity = d->severity,
                       .message = d->message,
                       .suggestion = d->suggestion,
                       .offset = d->span.offset,
                       .length = d->span.length};
  out.code = comp->codes[i];
  const mf_lines *lines = d->source ? &d->source->lines : &comp->lines;
  if (d->source) out.file = d->source->name;
  if ((d->span.length || d->span.offset) && lines->count)
    mf_lines_find(lines, d->span.offset, &out.line, &out.column);
  return out;
}
