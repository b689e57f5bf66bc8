/* graph - the flow of an image: entries, the branches between them, repeats.
 *
 * It is read from code, so an image without its document has the same graph.  What
 * the compiler never makes may come out odd, but nothing is trusted. */
#ifndef MF_IMAGE_GRAPH_H
#define MF_IMAGE_GRAPH_H
#include "../base/buffer.h"
#include "image.h"

typedef enum mf_graph_format { MF_GRAPH_MERMAID, MF_GRAPH_DOT } mf_graph_format;
/* Appends the graph as text; out->failed when out of memory. */
void mf_graph_write(const mf_image *image, mf_graph_format format, mf_buf *out);

/* ---- between the files ---- */

typedef enum mf_graph_kind {
  MF_GRAPH_START,
  MF_GRAPH_STEP,
  MF_GRAPH_ACTION,
  MF_GRAPH_BRANCH,
  MF_GRAPH_REPEAT,
  MF_GRAPH_GROUP,
  MF_GRAPH_STEADY, /* the steady state, before or after */
} mf_graph_kind;

typedef struct mf_graph_node mf_graph_node;
typedef struct mf_graph_list mf_graph_list;
/* Entries in their order, and what leads to them. */
struct mf_graph_list {
  mf_graph_list *next;
  mf_str label;
  mf_graph_node *first, *last;
};
struct mf_graph_node {
  mf_graph_node *next;
  mf_graph_kind kind;
  uint32_t row; /* of its table; STEADY: a BLOCK */
  bool rollback, background;
  bool looks;       /* on being entered: it handles a failure */
  bool turning;     /* a REPEAT whose first turn has begun */
  bool guarded;     /* it has a condition */
  mf_str condition; /* n 0: none, or none that can be written */
  mf_str what;      /* a step's scenario or fault; an action's or repeat's operand */
  mf_str after;     /* a branch that this one waits for */
  mf_graph_list *lists, *last_list; /* what is inside: arms, turns, branches */
};

/* A START node with one list; NULL: out of memory. */
mf_graph_node *mf_graph_read(mf_arena *arena, const mf_image *image);
/* The expression whose code is words from...end of the code section; n 0 when it has
 * parts that are not written here (macros, `?:`, optionals). */
mf_str mf_graph_expression(mf_arena *arena, const mf_image *image, uint32_t from, uint32_t end);
/* A constant as it would stand in an expression, cut (disassemble.c). */
void mf_print_value(mf_buf *out, const mf_value *v, unsigned depth);
#endif
