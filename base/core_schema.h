/* core_schema - what a plain YAML scalar means (YAML 1.2, core schema): for
 * documents and for texts on the command line. */
#ifndef MF_BASE_CORE_SCHEMA_H
#define MF_BASE_CORE_SCHEMA_H
#include "text.h"

typedef enum mf_core_kind {
  MF_CORE_NO_NUMBER,
  MF_CORE_INT,
  MF_CORE_UINT, /* above INT64_MAX */
  MF_CORE_DOUBLE,
  MF_CORE_TOO_LARGE, /* a number that neither 64 bits nor a double hold */
} mf_core_kind;
typedef struct mf_core_number {
  int64_t i;
  uint64_t u;
  double d;
} mf_core_number;

/* Empty, ~, null. */
bool mf_core_is_null(mf_str s);
/* True when s is true or false, which *value tells. */
bool mf_core_read_bool(mf_str s, bool *value);
/* Decimal, 0x, 0o, floats, .inf and .nan; s is not empty. */
mf_core_kind mf_core_read_number(mf_str s, mf_core_number *out);
#endif
