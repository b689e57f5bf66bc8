/* SPDX-License-Identifier: MIT */
/* expr_names - dotted chains, and the functions that calls mean. */
#include "expr_code.h"

/* One link of a chain: .name or ["name"]. */
static bool is_link(const mf_expr *e) {
  if (e->flags & MF_EXPR_OPTIONAL) return false;
  if (e->kind == MF_EXPR_SELECT) return true;
  return e->kind == MF_EXPR_INDEX && e->first->next->kind == MF_EXPR_LITERAL &&
         e->first->next->value.kind == MF_STRING;
}

uint32_t mf_expr_chain_length(const mf_expr *e) {
  uint32_t n = 1;
  for (; is_link(e); e = e->first) n++;
  return e->kind == MF_EXPR_IDENT ? n : 0;
}

void mf_expr_chain_names(const mf_expr *e, uint32_t count, mf_str *names, mf_span *spans) {
  for (uint32_t i = count; i-- > 0; e = e->first) {
    const mf_expr *index = e->kind == MF_EXPR_INDEX ? e->first->next : NULL;
    names[i] = index ? (mf_str){index->value.as.s, index->value.len} : e->name;
    spans[i] = index ? index->span : e->name_span;
  }
}

static const mf_expr *chain_root(const mf_expr *e) {
  while (e->kind != MF_EXPR_IDENT) e = e->first;
  return e;
}

mf_ref mf_expr_resolve(mf_expr_emitter *em, const mf_expr *e, uint32_t count) {
  enum { FEW = 8 };
  mf_str few_names[FEW], *names = few_names;
  mf_span few_spans[FEW], *spans = few_spans;
  if (count > FEW) {
    names = MF_NEW_ARRAY(em->arena, mf_str, count);
    spans = MF_NEW_ARRAY(em->arena, mf_span, count);
    if (names == NULL || spans == NULL) return (mf_ref){.kind = MF_REF_UNKNOWN, .used = count};
  }
  mf_expr_chain_names(e, count, names, spans);
  const mf_names_env *env = em->env;
  bool root = env->resolve_root && chain_root(e)->flags & MF_EXPR_LEADING_DOT;
  mf_ref ref = (root ? env->resolve_root : env->resolve)(env->ctx, names, spans, count);
  if (ref.kind == MF_REF_UNKNOWN || ref.used == 0 || ref.used > count) ref.used = count;
  return ref;
}

bool mf_expr_is_has(const mf_expr *e) {
  return e->kind == MF_EXPR_CALL && !(e->flags & MF_EXPR_RECEIVER) && mf_str_is(e->name, "has");
}

/* A namespace is one even where a variable has its name. */
static uint32_t namespace_length(const mf_expr *e) {
  uint32_t n = 1;
  for (; is_link(e); e = e->first) n++;
  return e->kind == MF_EXPR_IDENT || e->kind == MF_EXPR_LOCAL ? n : 0;
}

mf_str mf_expr_dotted_name(const mf_expr *call, char *out, size_t size) {
  uint32_t n = namespace_length(call->first);
  mf_str names[4];
  mf_span spans[4];
  size_t at = 0;
  if (n == 0 || n > 3) return (mf_str){NULL, 0};
  mf_expr_chain_names(call->first, n, names, spans);
  names[n] = call->name;
  for (uint32_t i = 0; i <= n; i++) {
    if (at + names[i].n + 1 > size) return (mf_str){NULL, 0};
    if (i > 0) out[at++] = '.';
    memcpy(out + at, names[i].p, names[i].n);
    at += names[i].n;
  }
  return (mf_str){out, at};
}

uint32_t mf_expr_count(const mf_expr *first) {
  uint32_t n = 0;
  for (; first; first = first->next) n++;
  return n;
}

void mf_expr_note_function(mf_expr *call) {
  const mf_expr *args;
  uint32_t argc, code = mf_expr_function(call, &args, &argc);
  if (code > UINT8_MAX) return; /* nothing has such a code, and MF_ABSENT is none */
  call->op = (uint8_t)code;
  if (args != call->first) call->flags |= MF_EXPR_NAMESPACE;
}

uint32_t mf_expr_function(const mf_expr *call, const mf_expr **args, uint32_t *argc) {
  *args = call->flags & MF_EXPR_NAMESPACE ? call->first->next : call->first;
  *argc = mf_expr_count(*args);
  if (call->op) return call->op;
  if (call->flags & MF_EXPR_RECEIVER) {
    char text[64];
    mf_str name = mf_expr_dotted_name(call, text, sizeof text);
    uint32_t code = name.n ? mf_function_code(name, *argc - 1) : MF_ABSENT;
    if (code != MF_ABSENT) {
      *args = call->first->next;
      *argc -= 1;
      return code;
    }
  }
  return mf_function_code(call->name, *argc);
}

void mf_expr_resolve_all(mf_expr_emitter *em, const mf_expr *e) {
  uint32_t count = mf_expr_chain_length(e), argc;
  if (count > 0) mf_expr_resolve(em, e, count);
  if (count > 0 || mf_expr_is_opaque(e)) return;
  const mf_expr *child = e->first;
  if (e->kind == MF_EXPR_CALL) mf_expr_function(e, &child, &argc); /* a namespace is no name */
  for (; child; child = child->next) mf_expr_resolve_all(em, child);
}
