/* SPDX-License-Identifier: MIT */
/* secret_names - values that a document names but never holds (docs/language.md, "Secrets").
 * The image says in its metadata where each is to be read from; all are read, used or
 * not, for what is known can be kept out of what is written. */
#include "compiler.h"

/* The value of env or file; NULL when none or both are given. */
static const mf_node *origin_of(const mf_node *secret) {
  if (secret->shape != MF_SHAPE_MAP) return NULL;
  const mf_node *env = mf_node_get(secret, MF_KEY_ENV), *file = mf_node_get(secret, MF_KEY_FILE);
  return env && file ? NULL : env ? env : file;
}

/* Names of variables have no '=', paths and names no NUL. */
static bool is_place(mf_str text) {
  return text.n && !memchr(text.p, '\0', text.n) && !memchr(text.p, '=', text.n);
}

static bool has_origin(mf_compiler *c, const mf_member *m) {
  const mf_node *origin = origin_of(m->value);
  if (origin && origin->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, origin->span, "env or file");
    return false;
  }
  if (origin && origin->shape == MF_SHAPE_TEXT && is_place(mf_node_text(origin))) return true;
  mf_diag_add(c->diags, MF_E_SECRET_ORIGIN, m->key_span, (int)m->name.n, m->name.p);
  return false;
}

static void declare(mf_compiler *c, const mf_member *m) {
  if (m->value->shape == MF_SHAPE_BAD) return;
  if (!mf_name_is_identifier(m->name)) {
    mf_diag_add(c->diags, MF_E_NOT_AN_IDENTIFIER, m->key_span, (int)m->name.n, m->name.p);
  } else if (has_origin(c, m)) {
    mf_str name = mf_compile_path(c, "secrets.%.*s", (int)m->name.n, m->name.p);
    mf_names_set(&c->secrets, m->name, mf_names_slot(c, name, MF_SLOT_KIND_SECRET, 0));
  }
}

void mf_secrets_declare(mf_compiler *c) {
  const mf_node *secrets = mf_node_get(c->document, MF_KEY_SECRETS);
  if (!secrets || secrets->shape != MF_SHAPE_MAP) return;
  for (const mf_member *m = secrets->as.members; m; m = m->next) declare(c, m);
}

void mf_secrets_write(mf_compiler *c, mf_json_writer *w) {
  const mf_node *secrets = mf_node_get(c->document, MF_KEY_SECRETS);
  if (c->secrets.count == 0) return;
  mf_json_key(w, "secrets");
  mf_json_open_map(w);
  for (const mf_member *m = secrets->as.members; m; m = m->next) {
    if (mf_names_get(&c->secrets, m->name) == MF_NAMES_NONE) continue;
    const mf_node *origin = origin_of(m->value);
    mf_json_key_str(w, m->name);
    mf_json_open_map(w);
    mf_json_key(w, origin == mf_node_get(m->value, MF_KEY_ENV) ? "env" : "file");
    mf_json_put_str(w, mf_node_text(origin));
    mf_json_close_map(w);
  }
  mf_json_close_map(w);
}
