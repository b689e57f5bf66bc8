/* SPDX-License-Identifier: MIT */
/* tools - what mfc and mfvm ask of the compiler and the image beside mfvm.h. */
#include "../include/mfvm_tools.h"

#include "../base/json.h"
#include "../base/limits.h"
#include "../image/graph.h"
#include "../image/listing.h"
#include "../vm/value.h"
#include "compile.h"

static void send(mf_buf *buf, mf_output out) {
  if (buf->n) out.write(out.ctx, buf->p, buf->n);
  mf_buf_fini(buf);
}

static mf_buf new_buffer(const mf_alloc *alloc) {
  mf_buf buf;
  mf_buf_init(&buf, alloc, MF_LIMIT_IMAGE_BYTES * 4);
  return buf;
}

void mf_blob_free(mf_blob *bytes) {
  if (bytes->p) mf_realloc(&bytes->alloc, bytes->p, bytes->n, 0);
  *bytes = (mf_blob){.n = 0};
}

/* ---- diagnostics ---- */

void mf_compilation_write(const mf_compilation *comp, bool json, mf_output out) {
  mf_buf buf = new_buffer(&comp->options.alloc);
  if (json) mf_buf_puts(&buf, "[");
  for (uint32_t i = 0; i < comp->diags.count; i++) {
    if (json && i) mf_buf_puts(&buf, ",\n ");
    if (json)
      mf_diag_write_json(&buf, comp->name, &comp->lines, &comp->diags.items[i]);
    else
      mf_diag_write_text(&buf, comp->name, &comp->lines, &comp->diags.items[i]);
  }
  if (json) mf_buf_puts(&buf, "]\n");
  uint32_t kept = comp->diags.count, all = comp->diags.errors + comp->diags.warnings;
  if (!json && all > kept) mf_buf_printf(&buf, "%s: %u more not shown\n", comp->name, all - kept);
  send(&buf, out);
}

bool mf_explain(const char *code, const char **explanation) {
  static const mf_code all[] = {
#define MF_ERR(number, name, stage, text, words) MF_E_##name,
#define MF_WARN(number, name, stage, text, words) MF_W_##name,
#include "../base/errors.def"
#undef MF_ERR
#undef MF_WARN
  };
  char text[16];
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    mf_code_text(all[i], text);
    if (strcmp(text, code)) continue;
    *explanation = mf_code_explanation(all[i]);
    return true;
  }
  return false;
}

mf_status mf_compile_dump(const mf_compile_options *options, const char *bytes, size_t n,
                          mf_dump dump, mf_output to, mf_compilation **out) {
  mf_alloc alloc = options->alloc.fn ? options->alloc : mf_alloc_default();
  mf_buf buf = new_buffer(&alloc);
  mf_dumps dumps = {.tokens = dump == MF_DUMP_TOKENS ? &buf : NULL,
                    .ast = dump == MF_DUMP_AST ? &buf : NULL,
                    .expr = dump == MF_DUMP_EXPR ? &buf : NULL,
                    .types = dump == MF_DUMP_TYPES ? &buf : NULL};
  mf_status status = mf_compile_stages(options, bytes, n, &dumps, out);
  send(&buf, to);
  return status;
}

/* ---- values ---- */

mf_status mf_value_print(const mf_value *value, bool lossless, mf_output out) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf buf;
  mf_buf_init(&buf, &alloc, (size_t)MF_LIMIT_EVAL_MEMORY);
  mf_json_writer w;
  mf_json_write_init(&w, &buf, 0);
  if (lossless)
    mf_value_write_json(&w, value);
  else
    mf_value_write_plain(&w, value);
  mf_status status = buf.too_large ? MF_VALUE_TOO_LARGE : buf.failed ? MF_OUT_OF_MEMORY : MF_OK;
  if (status != MF_OK) mf_buf_clear(&buf);
  send(&buf, out);
  return status;
}

/* ---- images ---- */

void mf_image_list(const mf_image *image, mf_str source, mf_output out) {
  mf_buf buf = new_buffer(&image->alloc);
  mf_disassemble(image, source, &buf);
  send(&buf, out);
}

mf_status mf_image_graph(const mf_image *image, bool dot, mf_output out) {
  mf_buf buf = new_buffer(&image->alloc);
  mf_graph_write(image, dot ? MF_GRAPH_DOT : MF_GRAPH_MERMAID, &buf);
  mf_status status = buf.failed ? MF_OUT_OF_MEMORY : MF_OK;
  if (status != MF_OK) mf_buf_clear(&buf);
  send(&buf, out);
  return status;
}

static void write_asm_errors(mf_arena *arena, const char *name, mf_str text, mf_diags *diags,
                             mf_output errors) {
  mf_lines lines;
  mf_buf buf = new_buffer(&arena->alloc);
  if (mf_lines_init(&lines, arena, text)) {
    mf_diags_sort(diags);
    for (uint32_t i = 0; i < diags->count; i++)
      mf_diag_write_text(&buf, name, &lines, &diags->items[i]);
  }
  send(&buf, errors);
}

mf_status mf_image_assemble(const mf_alloc *alloc, const char *name, mf_str text, mf_blob *out,
                            mf_output errors) {
  mf_arena arena;
  mf_diags diags;
  mf_buf buf;
  *out = (mf_blob){.alloc = *alloc};
  mf_arena_init(&arena, alloc, 0);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&buf, alloc, MF_LIMIT_IMAGE_BYTES);
  mf_status status = mf_assemble(&arena, text, &diags, &buf);
  if (status == MF_ASM_INVALID) write_asm_errors(&arena, name, text, &diags, errors);
  if (status == MF_OK) {
    out->p = mf_realloc(alloc, NULL, 0, buf.n);
    if (out->p) memcpy(out->p, buf.p, buf.n);
    out->n = out->p ? buf.n : 0;
    if (!out->p) status = MF_OUT_OF_MEMORY;
  }
  mf_buf_fini(&buf);
  mf_arena_fini(&arena);
  return status;
}
