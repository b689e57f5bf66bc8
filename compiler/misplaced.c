/* SPDX-License-Identifier: MIT */
/* misplaced - keys that became variables because they are indented too far.  Nothing
 * reads them there, so assertions would never be judged and hooks never run. */
#include "compiler.h"
#include "keys.h"

/* Names that nobody gives a variable, of lists and mappings. */
static bool is_telling(mf_key key) {
  switch ((int)key) {
    case MF_KEY_HOOKS:
    case MF_KEY_PRE_HOOKS:
    case MF_KEY_POST_HOOKS:
    case MF_KEY_ASSERTIONS:
    case MF_KEY_RETRY:
    case MF_KEY_ROLLBACKS:
    case MF_KEY_STEADY_STATE:
    case MF_KEY_ADVANCED_STEPS:
    case MF_KEY_CONDITIONAL_STEPS: return true;
    default: return false;
  }
}

/* One warning is enough: that nobody reads them is no news. */
void mf_warn_of_misplaced(mf_compiler *c, const mf_node *variables, const mf_names *scope) {
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d)) {
    bool nested = d.value && (d.value->shape == MF_SHAPE_LIST || d.value->shape == MF_SHAPE_MAP);
    if (!nested || !is_telling(mf_key_find(d.name).key)) continue;
    mf_diag_add(c->diags, MF_W_KEY_AS_VARIABLE, d.span, (int)d.name.n, d.name.p);
    uint32_t slot = mf_names_get(scope, d.name);
    if (slot != MF_NAMES_NONE) mf_unused_mark_read(c, slot);
  }
}
