/* diag - diagnostics: collected with spans, rendered as text or JSON.
 *
 * At most MF_LIMIT_DIAGNOSTICS errors are kept for a file; later ones are only
 * counted; likewise warnings.  One mistake gives one diagnostic: reporting an identical code at an
 * identical span twice keeps the first. */
#ifndef MF_BASE_DIAG_H
#define MF_BASE_DIAG_H
#include "span.h"

/* The codes of errors.def.  Pasting a 1 in front keeps 0203 from being octal;
 * rows may write 203 or 0203. */
typedef enum mf_code {
  MF_CODE_NONE = 0,
#define MF_ERR(code, name, stage, text, explanation) MF_E_##name = 1##code % 1000,
#define MF_WARN(code, name, stage, text, explanation) MF_W_##name = 1##code % 1000,
#include "errors.def"
#undef MF_ERR
#undef MF_WARN
} mf_code;

/* A file that spans lie in, beside the one that everybody means. */
typedef struct mf_source {
  const char *name;
  mf_lines lines;
  uint32_t number; /* from 1, in the order of their diagnostics */
} mf_source;

typedef struct mf_diag {
  mf_code code;
  mf_severity severity;
  mf_span span;
  const mf_source *source; /* NULL: the file that everybody means */
  const char *message;     /* arena */
  const char *suggestion;  /* arena; NULL if none */
} mf_diag;

typedef struct mf_diags {
  mf_arena *arena;
  mf_diag *items;
  uint32_t count, cap;
  uint32_t errors, warnings; /* all of them, kept or not */
  const mf_source *source;   /* of those that are added */
} mf_diags;

void mf_diags_init(mf_diags *diags, mf_arena *arena);
/* Adds a diagnostic: the template of its row in errors.def, filled in with the
 * arguments (each %s takes a const char *, or "%.*s" an int and a pointer). */
void mf_diag_add(mf_diags *diags, mf_code code, mf_span span, ...);
/* The same with a suggestion ("write 'max_latency'"; copied; may be NULL). */
void mf_diag_add_hint(mf_diags *diags, mf_code code, mf_span span, const char *suggestion, ...);
/* Sorts by source and offset, stable. */
void mf_diags_sort(mf_diags *diags);

/* "MF-E0203" or "MF-W0801"; out needs 16 bytes. */
void mf_code_text(mf_code code, char out[16]);
/* And back; MF_CODE_NONE when there is none. */
mf_code mf_code_of_text(const char *text);
bool mf_code_is_warning(mf_code code);
/* Stage word ("check") and explanation of a code. */
const char *mf_code_stage(mf_code code);
const char *mf_code_explanation(mf_code code);

/* Renders one diagnostic ("name:14:18: error[MF-E0203]: ...", the
 * source line, a caret run; tabs kept, long lines cut around the place).  Name and
 * lines are those of the file that everybody means. */
void mf_diag_write_text(mf_buf *out, const char *name, const mf_lines *lines, const mf_diag *diag);
/* One JSON object, without a newline. */
void mf_diag_write_json(mf_buf *out, const char *name, const mf_lines *lines, const mf_diag *diag);
#endif
