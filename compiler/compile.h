/* compile - a compilation as the conductor and the tools see it. */
#ifndef MF_COMPILER_COMPILE_H
#define MF_COMPILER_COMPILE_H
#include <stdio.h>

#include "compiler.h"

struct mf_compilation {
  mf_compile_options options; /* alloc filled in */
  mf_arena arena;
  mf_diags diags;
  mf_lines lines;
  mf_str source;     /* borrowed */
  const char *name;  /* base name */
  char (*codes)[16]; /* text of each diagnostic's code */
  mf_buf image;
  mf_status status;
};

/* Debug views wanted; NULL: not this one. */
typedef struct mf_dumps {
  mf_buf *tokens, *ast, *expr, *types;
} mf_dumps;

/* mf_compile with debug views. */
mf_status mf_compile_stages(const mf_compile_options *options, const char *bytes, size_t n,
                            const mf_dumps *dumps, mf_compilation **out);
/* Names with their slots, metrics, steps with what they look at (--dump=types). */
void mf_names_dump(mf_compiler *c, mf_buf *out);
#endif
