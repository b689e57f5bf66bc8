/* SPDX-License-Identifier: MIT */
/* program_functions - which functions calls mean inside a container: in a.b the name f
 * is looked up as a.b.f, a.f, f, and x.f(y) as a.b.x.f, a.x.f before anything else. */
#include "program.h"

/* "a" of "a.b", nothing of "a". */
mf_str mf_namespace_around(mf_str name) {
  while (name.n > 0 && name.p[name.n - 1] != '.') name.n--;
  if (name.n > 0) name.n--;
  return name;
}

static bool is_function(const mf_unit *u, mf_str name) {
  for (size_t i = 0; i < u->emitter.declared_count; i++)
    if (mf_str_is(name, u->emitter.declared[i].name)) return true;
  return mf_expr_names_function(name);
}

/* The leftmost part of what may be a dotted name. */
static const mf_expr *root_of(const mf_expr *call) {
  const mf_expr *e = call->flags & MF_EXPR_RECEIVER ? call->first : call;
  while (e->kind == MF_EXPR_SELECT || e->kind == MF_EXPR_INDEX) e = e->first;
  return e;
}

static void rename_call(mf_expr *call, mf_str name) {
  call->name = name;
  if (call->flags & MF_EXPR_RECEIVER) call->first = call->first->next;
  call->flags &= (uint8_t)~MF_EXPR_RECEIVER;
}

/* The receiver of a method is any expression, but no variable of a macro: that is
 * nobody's namespace. */
static void name_call(mf_unit *u, mf_expr *call) {
  char text[64];
  const mf_expr *root = root_of(call);
  if (root != call && root->kind != MF_EXPR_IDENT) return;
  mf_str name = root == call ? call->name : mf_expr_dotted_name(call, text, sizeof text);
  mf_str in = root->flags & MF_EXPR_LEADING_DOT ? (mf_str){NULL, 0} : u->container;
  for (;; in = mf_namespace_around(in)) {
    const char *whole = mf_arena_printf(&u->arena, "%.*s%s%.*s", (int)in.n, in.n ? in.p : "",
                                        in.n ? "." : "", (int)name.n, name.n ? name.p : "");
    if (whole == NULL || name.n == 0) return;
    if (is_function(u, mf_str_of(whole))) {
      rename_call(call, mf_str_of(whole));
      return;
    }
    if (in.n == 0) return;
  }
}

void mf_unit_name_functions(mf_unit *u, mf_expr *e) {
  if (e->kind == MF_EXPR_CALL) name_call(u, e);
  for (mf_expr *child = e->first; child; child = child->next) mf_unit_name_functions(u, child);
}
