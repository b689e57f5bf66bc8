/* ast - the tree of a document: what the grammar hands to the checker.
 *
 * One kind of node.  A mapping's tag says which mapping it is; its members
 * carry key tokens of keys.def (canonical: aliases and camelCase are gone).  The
 * grammar has settled which keys a mapping may have, which of them must be there
 * (null is not there), and which shape each value has; words, ranges and exclusions are the
 * checker's.  Keys that were reported and ignored are not in the tree, nor is the
 * `type` of actions, conditions and assertions, which became their tag.
 * Everything lives in the compilation's arena; text borrows the source where
 * it can. */
#ifndef MF_COMPILER_AST_H
#define MF_COMPILER_AST_H
#include "../base/diag.h"

typedef enum mf_tag {
#define MF_TAG(NAME, family, word, doc) MF_TAG_##NAME,
#include "../grammar/tags.def"
#undef MF_TAG
  MF_TAG_COUNT
} mf_tag;

typedef enum mf_key {
  MF_KEY_NONE = 0, /* a key of a free mapping */
#define MF_KEY(NAME, spelling, ...) MF_KEY_##NAME,
#include "../grammar/keys.def"
#undef MF_KEY
  MF_KEY_COUNT
} mf_key;

typedef enum mf_shape {
  MF_SHAPE_NULL,
  MF_SHAPE_BOOL,
  MF_SHAPE_INT,
  MF_SHAPE_UINT,
  MF_SHAPE_DOUBLE,
  MF_SHAPE_TEXT,
  MF_SHAPE_LIST,
  MF_SHAPE_MAP,
  MF_SHAPE_BAD, /* stands for what was reported already */
} mf_shape;

/* Node flags. */
#define MF_NODE_VERBATIM \
  1 /* text equals the source bytes from `content` on: spans inside it are exact */
#define MF_NODE_QUOTED 2       /* a quoted or block scalar: never a number or bool */
#define MF_NODE_INTERPOLATED 4 /* text contains "${" or "{{" */

typedef struct mf_node mf_node;
typedef struct mf_member mf_member;
struct mf_node {
  uint8_t shape; /* mf_shape */
  uint8_t flags;
  uint16_t tag;   /* mf_tag, of mappings */
  uint32_t count; /* elements or members; of a declared STEP: its row */
  mf_span span;   /* the whole value in the source */
  mf_node *next;  /* next element of a list */
  union {
    bool b;
    int64_t i;
    uint64_t u;
    double d;
    struct {
      const char *p;
      uint32_t n;
      uint32_t content;
    } text; /* content: source offset of text */
    /* The last ones are for building. */
    struct {
      mf_node *first, *last;
    }; /* LIST */
    struct {
      mf_member *members, *last_member;
    }; /* MAP, in source order */
  } as;
};
struct mf_member {
  mf_key key;     /* NONE in free mappings */
  uint32_t flags; /* the parser's own */
  mf_span key_span;
  mf_str name; /* the key as written */
  mf_node *value;
  mf_member *next;
};

static inline mf_str mf_node_text(const mf_node *n) {
  mf_str s = {n->as.text.p, n->as.text.n};
  return s;
}
/* The value of a key, NULL when absent or null (docs/language.md: null means "not given"). */
static inline const mf_node *mf_node_get(const mf_node *map, mf_key key) {
  if (!map || map->shape != MF_SHAPE_MAP) return NULL;
  for (const mf_member *m = map->as.members; m; m = m->next)
    if (m->key == key) return m->value->shape == MF_SHAPE_NULL ? NULL : m->value;
  return NULL;
}
static inline const mf_member *mf_node_member(const mf_node *map, mf_key key) {
  if (!map || map->shape != MF_SHAPE_MAP) return NULL;
  for (const mf_member *m = map->as.members; m; m = m->next)
    if (m->key == key) return m;
  return NULL;
}

/* The one thing that a later stage writes into the tree: the row of a step. */
static inline void mf_node_number(const mf_node *step, uint32_t row) {
  ((mf_node *)(uintptr_t)step)->count = row;
}

/* What the parsing stages share. */
typedef struct mf_parse_context {
  mf_arena *arena;
  mf_diags *diags;
  mf_str source;
  mf_syntax syntax;
  bool lenient;
  bool values;         /* no document, but names with any values */
  mf_buf *dump_tokens; /* not NULL: every token is appended, one a line */
} mf_parse_context;

/* Scans and parses the whole document.  Always returns a tree (possibly of one
 * BAD node) unless out of memory (NULL); mistakes are in the diagnostics.  The
 * root is a DOCUMENT mapping: wrappers (apiVersion/kind/metadata/spec,
 * orchestration:) are already taken off.  Of `values` it is a VALUES mapping
 * (or, empty, a DOCUMENT), whose members' names are what counts. */
mf_node *mf_document_parse(mf_parse_context *context);

/* The tree as text, two blanks a level, for --dump=ast. */
void mf_document_dump(mf_buf *out, const mf_node *root);
/* Canonical spelling of a key. */
const char *mf_key_spelling(mf_key key);
/* The word of a tag ("equals") or its name in lower case. */
const char *mf_tag_word(mf_tag tag);
/* May a mapping of this tag have this key?  (Also true of keys that are not
 * supported yet.)  Must it? */
bool mf_tag_accepts(mf_tag tag, mf_key key);
bool mf_tag_requires(mf_tag tag, mf_key key);
#endif
