/* csv - comma-separated values by RFC 4180, a field at a time.
 *
 * Lines may end in LF alone, as everybody writes them.  Nothing is copied: what a field
 * says is a slice, in which "" may still stand for a quote. */
#ifndef MF_STDLIB_CSV_H
#define MF_STDLIB_CSV_H
#include "../base/arena.h"
#include "../base/text.h"

typedef struct mf_csv {
  mf_str text;
  size_t at;
  uint32_t line;     /* that `at` is in, from 1 */
  const char *error; /* NULL, or what is wrong in this line; static */
} mf_csv;

typedef struct mf_csv_field {
  mf_str text;  /* without the quotes around it */
  bool doubled; /* it has quotes within */
  bool last;    /* of its row */
} mf_csv_field;

/* After empty lines: false at the end of the text. */
bool mf_csv_row(mf_csv *csv);
/* The next field of the row; false: csv->error. */
bool mf_csv_next(mf_csv *csv, mf_csv_field *field);
/* What it says, in the arena if need be.  p NULL: out of memory. */
mf_str mf_csv_text(mf_arena *arena, const mf_csv_field *field);
#endif
