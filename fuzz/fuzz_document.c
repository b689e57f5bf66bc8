/* SPDX-License-Identifier: MIT */
/* Any bytes as a document: the first byte chooses the syntax and leniency, the
 * rest is the source.  The tree is written out, so that all of it is walked. */
#include "../compiler/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spans(const mf_diags *diags, size_t n) {
  for (uint32_t i = 0; i < diags->count; i++) {
    const mf_diag *d = &diags->items[i];
    if (d->span.offset > n || d->span.length > n - d->span.offset) __builtin_trap();
    if (d->message == NULL) __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  mf_arena arena;
  mf_diags diags;
  mf_buf out;
  mf_arena_init(&arena, NULL, 256u << 20);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&out, NULL, 0);
  mf_parse_context context = {.arena = &arena,
                              .diags = &diags,
                              .source = {(const char *)data + 1, size - 1},
                              .syntax = (mf_syntax)(data[0] % 3),
                              .lenient = data[0] & 4};
  if (data[0] & 8) context.dump_tokens = &out;
  mf_node *root = mf_document_parse(&context);
  if (root) {
    if (root->shape == MF_SHAPE_BAD && diags.errors == 0) __builtin_trap();
    if (root->shape != MF_SHAPE_BAD && root->tag != MF_TAG_DOCUMENT) __builtin_trap();
    mf_document_dump(&out, root);
    check_spans(&diags, context.source.n);
  }
  mf_buf_fini(&out);
  mf_arena_fini(&arena);
  return 0;
}
