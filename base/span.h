/* span - a place in a source: byte offset and length.  {0, 0} is "no place". */
#ifndef MF_BASE_SPAN_H
#define MF_BASE_SPAN_H
#include "text.h"

typedef struct mf_span {
  uint32_t offset, length;
} mf_span;
/* From the start of a to the end of b. */
static inline mf_span mf_span_join(mf_span a, mf_span b) {
  uint32_t end = b.offset + b.length;
  mf_span s = {a.offset, end > a.offset ? end - a.offset : a.length};
  return s;
}

/* Offsets to lines and columns: one pass over the source, then binary search. */
typedef struct mf_lines {
  mf_str source;
  uint32_t *starts; /* count of them, and the latest line found behind them */
  uint32_t count;
  bool ascii; /* bytes are columns */
} mf_lines;
/* Memory from the arena.  False when out of memory. */
bool mf_lines_init(mf_lines *lines, mf_arena *arena, mf_str source);
/* Line and column from 1; columns count code points. */
void mf_lines_find(const mf_lines *lines, uint32_t offset, uint32_t *line, uint32_t *column);
/* Line `line` (from 1) without its end. */
mf_str mf_lines_text(const mf_lines *lines, uint32_t line);
#endif
