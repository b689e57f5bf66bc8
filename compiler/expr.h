/* expr - expressions: CEL text to a tree, a tree to code.
 *
 * The names an expression may use are not known here: an mf_names_env resolves
 * them.  Orchestrations bring one (compiler/names.c), mf_program_compile another
 * (free slots). */
#ifndef MF_COMPILER_EXPR_H
#define MF_COMPILER_EXPR_H
#include "../base/diag.h"
#include "../image/builder.h"

typedef enum mf_expr_kind {
  MF_EXPR_LITERAL, /* value */
  MF_EXPR_IDENT,   /* name */
  MF_EXPR_SELECT,  /* first.name */
  MF_EXPR_INDEX,   /* first[first->next] */
  MF_EXPR_CALL,    /* name(first, ...); with a receiver the receiver is first */
  MF_EXPR_UNARY,   /* op first */
  MF_EXPR_BINARY,  /* first op first->next */
  MF_EXPR_CHOOSE,  /* first ? second : third */
  MF_EXPR_LIST,    /* elements */
  MF_EXPR_MAP,     /* key, value, key, value ... */
  MF_EXPR_MESSAGE, /* name{field: value}: first, ... are fields; parsed, refused by the checker */
  MF_EXPR_JOIN,    /* the texts of the children, joined (CONCAT); made from interpolations by
                       compiler/data.c, never by the grammar */
  MF_EXPR_LOOP,    /* a macro over a list or map; op: MF_LOOP_KIND_...; the range, one or two VARs,
                       a predicate if there are two more children, and what is made of a turn */
  MF_EXPR_BIND,    /* VAR, its value, VAR, its value ..., and the expression over them */
  MF_EXPR_OPT_MAP, /* first.optMap(VAR, third); with op 1 optFlatMap */
  MF_EXPR_VAR,     /* name: declares a variable of the node it stands in; never evaluated */
  MF_EXPR_LOCAL,   /* a use of `variable`; name is its */
  MF_EXPR_ERROR,   /* reported already */
} mf_expr_kind;

/* Operators are the opcodes that carry them out (MF_OP_ADD ...), and AND / OR. */
#define MF_EXPR_OPTIONAL 1    /* .?f  [?i]  a message's ?field */
#define MF_EXPR_LEADING_DOT 2 /* .name */
#define MF_EXPR_RECEIVER 4    /* call in receiver form */
#define MF_EXPR_PARENTHESES 8
#define MF_EXPR_OF_NAME 1  /* of a call: has(a), does the name itself have a value? */
#define MF_EXPR_ELEMENT 64 /* a list's ?element, a map's ?key */

typedef struct mf_type mf_type; /* expr_types.h */
typedef struct mf_expr mf_expr;
struct mf_expr {
  uint8_t kind, flags, op;
  uint8_t depth;
  mf_span span; /* in the document's source */
  mf_span name_span;
  mf_expr *next;           /* next sibling */
  mf_expr *first;          /* children */
  mf_str name;             /* IDENT, SELECT, CALL, MESSAGE; field names */
  mf_value value;          /* LITERAL */
  const mf_expr *variable; /* LOCAL: the VAR */
  const mf_type *type;     /* set by mf_expr_types; NULL: not looked at */
};

/* Where a piece of expression text came from: offsets inside `text` are added
 * to `offset` when exact, else every span is `whole`. */
typedef struct mf_expr_source {
  mf_str text;
  uint32_t offset;
  bool exact;
  mf_span whole;
} mf_expr_source;

/* Parses all of the text as one expression.  Never NULL unless out of memory;
 * mistakes go to diags (03xx), one for each, with near-name hints for keywords
 * of other languages (and, or, not, ===, =). */
mf_expr *mf_expr_parse(mf_arena *arena, mf_diags *diags, const mf_expr_source *source);
/* Parses the longest expression at the start, for interpolations: *used is the
 * offset just behind it (the closing "}" or "}}" is not consumed). */
mf_expr *mf_expr_parse_prefix(mf_arena *arena, mf_diags *diags, const mf_expr_source *source,
                              size_t *used);
/* The tree as an s-expression on one line, for --dump=expr. */
void mf_expr_dump(mf_buf *out, const mf_expr *e);

/* Interpolation: text with ${e} and {{e}} in it, scanned once.  $${ and \{{ are
 * literal.  */
typedef struct mf_part mf_part;
struct mf_part {
  mf_part *next;
  mf_expr *expr;
  mf_str text; /* expr NULL: literal */
};
/* The parts of a text; NULL when it is empty.  A list of one part with an
 * expression is a text that is wholly one interpolation (it keeps its type). */
mf_part *mf_interpolation_parse(mf_arena *arena, mf_diags *diags, const mf_expr_source *source);

/* ---- emitting ---- */

/* What a dotted chain of names came to. */
typedef enum mf_ref_kind {
  MF_REF_UNKNOWN,    /* resolve has reported it */
  MF_REF_SLOT,       /* slot */
  MF_REF_STEP_FIELD, /* step (or MF_PREVIOUS), field */
  MF_REF_CONSTANT,   /* value */
  MF_REF_ERROR,      /* an error when evaluated: nothing has the name `value` (text) */
} mf_ref_kind;
typedef struct mf_ref {
  mf_ref_kind kind;
  uint32_t used; /* how many names of the chain it covers; the rest are field selections */
  uint32_t slot;
  uint32_t step, field;
  mf_value value;
} mf_ref;

typedef struct mf_names_env {
  /* Resolves names[0..count-1] (a.b["c"] gives three; ["c"] only for text
   * literals).  Reports unknown names itself, with suggestions.  `bare`: the
   * chain was written without "variables." and is looked up in all scopes. */
  mf_ref (*resolve)(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count);
  void *ctx;
  /* The same for a chain with a leading dot: names of no container.  NULL: resolve. */
  mf_ref (*resolve_root)(void *ctx, const mf_str *names, const mf_span *spans, uint32_t count);
  /* The type of what a name came to; NULL: all are dyn. */
  const mf_type *(*type_of)(void *ctx, const mf_ref *ref);
  /* What `name op value` comes to whatever the name's value is: 0, 1, or -1 when that
   * matters; op is MF_OP_EQ ... MF_OP_GE.  NULL: it always matters. */
  int (*known_answer)(void *ctx, const mf_ref *ref, uint8_t op, const mf_value *value);
} mf_names_env;

typedef struct mf_expr_emitter {
  mf_arena *arena;
  mf_builder *builder;
  mf_diags *diags;
  const mf_names_env *env;
  const mf_lines *lines; /* for the line map; may be NULL */
  bool strict_cel;
  bool of_run;           /* of a document: there are functions of chance */
  bool unchecked;        /* unknown functions are run-time errors, types are not looked at */
  bool as_noted;         /* the values of constant parts are as they were noted before */
  const mf_regex *regex; /* constant patterns are tried with it; NULL: they are not */
  const mf_type *type;   /* of the latest that was emitted; NULL: not known */
  /* Functions that only the checker knows (program.h); NULL: none. */
  const struct mf_declared_function *declared;
  size_t declared_count;
} mf_expr_emitter;

/* Emits code that pushes the value of e.  Folds constants by running the
 * machine (mf_expr_fold).  Reports what is refused at compile time (unknown
 * functions, wrong number of arguments, has() of a non-select, messages) as 02xx. */
void mf_expr_emit(mf_expr_emitter *em, const mf_expr *e);
/* Emits code that pushes the value of an interpolated text. */
void mf_parts_emit(mf_expr_emitter *em, const mf_part *parts);
/* If e has no names and no errors, its value (memory in the arena); kind
 * MF_UNSET otherwise. */
mf_value mf_expr_fold(mf_expr_emitter *em, const mf_expr *e);
/* The kind that e certainly has when it has no error: an mf_kind, or MF_UNSET
 * when unknown. */
mf_kind mf_expr_kind_of(const mf_expr *e);
/* A sum, difference, product ...: whatever its kind is, it is no bool. */
bool mf_expr_is_arithmetic(const mf_expr *e);
#endif
