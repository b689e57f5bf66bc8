/* yaml_source - YAML bytes to the token stream, over libyaml's events.
 *
 * Ours: byte spans (libyaml's marks count characters), the core schema, `<<`,
 * anchors, key positions, tags.  libyaml stops at its first mistake, so a file
 * gets at most one diagnostic about YAML's own syntax. */
#ifndef MF_COMPILER_YAML_SOURCE_H
#define MF_COMPILER_YAML_SOURCE_H
#include "token_stream.h"

typedef struct mf_yaml mf_yaml;
/* Memory from the arena, save what libyaml takes for itself.  `ascii`: there is
 * nothing else in the source.  NULL when out of memory. */
mf_yaml *mf_yaml_open(mf_tokens *t, bool ascii);
/* Reads a little further.  False at the end and after a mistake that ends the
 * reading (t->failed). */
bool mf_yaml_next(mf_yaml *y);
/* libyaml ran out of memory. */
bool mf_yaml_oom(const mf_yaml *y);
void mf_yaml_close(mf_yaml *y);
#endif
