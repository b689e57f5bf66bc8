/* load - a `load` in place. */
#ifndef MF_COMPILER_LOAD_H
#define MF_COMPILER_LOAD_H
#include "watched_code.h"

/* The arguments of its driver; `seconds` (may be NULL) is its duration when it has none of
 * its own.  NULL: reported. */
mf_expr *mf_load_arguments(mf_compiler *c, const mf_node *load, mf_str name, mf_expr *seconds);
/* Whether it lasts as long as its stages or iterations do. */
bool mf_load_has_length(const mf_node *load);
/* Its rows of REQUEST, and what is judged of each. */
void mf_load_requests(mf_compiler *c, const mf_node *load, mf_str path, const mf_watch_row *of);
#endif
