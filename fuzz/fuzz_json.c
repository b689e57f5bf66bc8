/* SPDX-License-Identifier: MIT */
/* Any bytes: the scanner ends, its spans lie in the source, the tree agrees with
 * it, and what is written from the tree reads back as the same tree. */
#include "../base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: this must hold in release builds as well. */
static void must(bool holds) {
  if (!holds) abort();
}

/* Scans to the end; true when there was no error. */
static bool scan(mf_arena *arena, mf_str source) {
  mf_json_scanner s;
  size_t tokens = 0, end = 0;
  mf_json_scan_init(&s, arena, source, 256);
  while (mf_json_next(&s) < MF_JSON_END) {
    must(++tokens <= source.n);
    must(s.span.offset >= end && s.span.length > 0); /* in order, without overlap */
    end = (size_t)s.span.offset + s.span.length;
    must(end <= source.n);
    if (s.kind == MF_JSON_STRING || s.kind == MF_JSON_KEY)
      must(mf_utf8_valid(s.text.p, s.text.n) == s.text.n);
  }
  if (s.kind == MF_JSON_END) return true;
  must(s.error != NULL && (size_t)s.span.offset + s.span.length <= source.n);
  return false;
}

/* Recursion is bounded: the parser allows 256 levels. */
static void write_tree(mf_json_writer *w, const mf_json *node) {
  if (node->key.p) mf_json_key_str(w, node->key);
  switch (node->kind) {
    case MF_JSON_BOOL: mf_json_put_bool(w, node->as.b); break;
    case MF_JSON_INT: mf_json_put_int(w, node->as.i); break;
    case MF_JSON_UINT: mf_json_put_uint(w, node->as.u); break;
    case MF_JSON_DOUBLE: mf_json_put_double(w, node->as.d); break;
    case MF_JSON_STRING: mf_json_put_str(w, node->as.s); break;
    case MF_JSON_LIST:
    case MF_JSON_MAP:
      (node->kind == MF_JSON_MAP ? mf_json_open_map : mf_json_open_list)(w);
      for (const mf_json *n = node->as.first; n; n = n->next) write_tree(w, n);
      (node->kind == MF_JSON_MAP ? mf_json_close_map : mf_json_close_list)(w);
      break;
    default: mf_json_null(w);
  }
}

static void same_tree(const mf_json *a, const mf_json *b) {
  must(a->kind == b->kind && mf_str_eq(a->key, b->key));
  switch (a->kind) {
    case MF_JSON_BOOL: must(a->as.b == b->as.b); break;
    case MF_JSON_INT: must(a->as.i == b->as.i); break;
    case MF_JSON_UINT: must(a->as.u == b->as.u); break;
    case MF_JSON_DOUBLE: must(memcmp(&a->as.d, &b->as.d, sizeof a->as.d) == 0); break;
    case MF_JSON_STRING: must(mf_str_eq(a->as.s, b->as.s)); break;
    case MF_JSON_LIST:
    case MF_JSON_MAP:
      a = a->as.first;
      b = b->as.first;
      for (; a && b; a = a->next, b = b->next) same_tree(a, b);
      must(a == NULL && b == NULL);
      break;
    default: break;
  }
}

static void round_trip(mf_arena *arena, const mf_json *tree, uint32_t indent) {
  mf_buf out;
  mf_json_writer w;
  const char *error;
  uint32_t offset;
  mf_buf_init(&out, NULL, 0);
  mf_json_write_init(&w, &out, indent);
  write_tree(&w, tree);
  const mf_json *again = mf_json_parse(arena, mf_buf_str(&out), &error, &offset);
  must(again != NULL);
  same_tree(tree, again);
  mf_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_arena arena;
  mf_str source = {(const char *)data, size};
  const char *error = NULL;
  uint32_t offset = 0;
  mf_arena_init(&arena, NULL, 0);
  bool valid = scan(&arena, source);
  const mf_json *tree = mf_json_parse(&arena, source, &error, &offset);
  must(valid == (tree != NULL));
  if (tree) {
    round_trip(&arena, tree, 0);
    round_trip(&arena, tree, 3);
  } else {
    must(error != NULL && offset <= size);
  }
  mf_arena_fini(&arena);
  return 0;
}
