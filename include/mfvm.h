/* mfvm.h - the public C interface of mfvm: compile, verify, run, evaluate.
 *
 * SPDX-License-Identifier: MIT
 *
 * An orchestration (YAML or JSON bytes) is compiled to an image; an image is
 * opened (which verifies it) and any number of virtual machines run it.  A
 * machine is pure: it asks for everything outside itself as an *effect*, the
 * host performs it and delivers an *outcome*.  What needs no answer goes to the
 * host's sink as a *notice*.
 *
 * No global state.  Nothing here prints.  An object may be used by one thread
 * at a time; an opened image may be shared by any number of threads. */
#ifndef MFVM_H
#define MFVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MF_API __attribute__((visibility("default")))
#define MF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MF_API
#define MF_PRINTF(fmt, args)
#endif

/* "0.1.0". */
MF_API const char *mf_version(void);

/* ---- Memory ------------------------------------------------------------ */

/* The embedder's allocator, realloc-shaped.  `ptr` NULL allocates, `new_size` 0
 * frees (and returns NULL); `old_size` is the size `ptr` was given.  May return
 * NULL for "out of memory": every call here then fails cleanly. */
typedef struct mf_alloc {
  void *(*fn)(void *ctx, void *ptr, size_t old_size, size_t new_size);
  void *ctx;
} mf_alloc;

/* An allocator over the C library's realloc and free. */
MF_API mf_alloc mf_alloc_default(void);

/* ---- Text slices ------------------------------------------------------- */

/* Bytes that somebody else owns.  Not NUL-terminated.  `p` may be NULL when
 * `n` is 0. */
typedef struct mf_str {
  const char *p;
  size_t n;
} mf_str;

/* ---- Values ------------------------------------------------------------ */

/* Kinds of values.  The numbers are part of the image format. */
typedef enum mf_kind {
  MF_UNSET = 0, /* a slot without a value; never a result */
  MF_NULL = 1,
  MF_BOOL = 2,       /* as.i is 0 or 1 */
  MF_INT = 3,        /* as.i */
  MF_UINT = 4,       /* as.u */
  MF_DOUBLE = 5,     /* as.d */
  MF_STRING = 6,     /* as.s, len bytes of valid UTF-8 */
  MF_BYTES = 7,      /* as.s, len bytes */
  MF_LIST = 8,       /* as.list, len elements */
  MF_MAP = 9,        /* as.map; len is its count */
  MF_TIMESTAMP = 10, /* as.i seconds since 1970, len nanoseconds 0..999999999 */
  MF_DURATION = 11,  /* as.i nanoseconds */
  MF_TYPE = 12,      /* a type as a value: as.s, len its name */
  MF_OPTIONAL = 13,  /* as.list: NULL is none, else one value */
  MF_ERROR = 14,     /* aux: mf_eval_error; as.s, len: message */
  MF_IP = 15,        /* an address: as.s, len 4 or 16 bytes */
  MF_CIDR = 16,      /* a block of addresses: the same, aux bits of prefix */
} mf_kind;

/* Value flags. */
#define MF_TAINTED 0x01 /* made from a secret; sinks must not show it */
#define MF_PACKED 0x02  /* a list of doubles in a slot of mf_eval: as.doubles */

typedef struct mf_map mf_map;

/* Sixteen bytes.  A value borrows what it points to: the arena, image or slot
 * it came from owns it. */
typedef struct mf_value mf_value;
struct mf_value {
  uint8_t kind;  /* mf_kind */
  uint8_t flags; /* MF_TAINTED */
  uint16_t aux;  /* MF_ERROR: mf_eval_error; MF_CIDR: bits of prefix */
  uint32_t len;  /* bytes, elements, entries or nanoseconds */
  union {
    int64_t i;
    uint64_t u;
    double d;
    const char *s;
    const mf_value *list;
    const double *doubles;
    const mf_map *map;
  } as;
};

/* One entry of a map. */
typedef struct mf_pair {
  mf_value key, value;
} mf_pair;

/* A map keeps the order in which its entries were written.  `index` (may be
 * NULL for small maps) is an open-addressing table of positions + 1. */
struct mf_map {
  uint32_t count;
  uint32_t index_mask; /* size of index - 1 */
  const mf_pair *pairs;
  const uint32_t *index;
};

/* Why an evaluation gave an error value.  MF_EVAL_NONE is "no error".
 * Up to MF_EVAL_BAD_FORMAT errors are ordinary CEL errors, which `&&`, `||` and
 * `?:` may absorb. */
typedef enum mf_eval_error {
  MF_EVAL_NONE = 0,
  MF_EVAL_NO_VALUE,    /* a variable or metric has no value yet */
  MF_EVAL_NO_OVERLOAD, /* operator or function not defined for these kinds */
  MF_EVAL_OVERFLOW,    /* integer, timestamp or duration out of range */
  MF_EVAL_DIVIDE_BY_ZERO,
  MF_EVAL_NO_KEY,         /* map has no such key, value has no such field */
  MF_EVAL_OUT_OF_RANGE,   /* index outside a list or string */
  MF_EVAL_BAD_KEY,        /* a map key that is repeated or of a wrong kind */
  MF_EVAL_BAD_CONVERSION, /* int("x"), timestamp("x") ... */
  MF_EVAL_BAD_ARGUMENT,   /* outside a function's domain */
  MF_EVAL_BAD_FORMAT,     /* format() or regex text is malformed */
} mf_eval_error;

/* ---- Statuses ---------------------------------------------------------- */

/* What a call came to.  Zero is success.  `mf_status_text` gives a sentence. */
typedef enum mf_status {
#define MF_STATUS(code, name, text) MF_##name = code,
#include "mfvm_status.def"
#undef MF_STATUS
} mf_status;

/* The sentence of a status, static, never NULL; and its name ("BAD_MAGIC"). */
MF_API const char *mf_status_text(mf_status status);
MF_API const char *mf_status_name(mf_status status);

/* ---- Diagnostics ------------------------------------------------------- */

typedef enum mf_severity { MF_SEVERITY_ERROR, MF_SEVERITY_WARNING } mf_severity;

/* One mistake in a document.  Borrowed from the compilation. */
typedef struct mf_diagnostic {
  mf_severity severity;
  const char *code;        /* "MF-E0203" */
  const char *message;     /* one sentence, no full stop */
  const char *suggestion;  /* NULL, or what to write instead */
  uint32_t offset, length; /* byte span in the source; length 0: no place */
  uint32_t line, column;   /* from 1; column counts code points; 0: no place */
  const char *file;        /* a linked document; NULL: the document or expression itself */
} mf_diagnostic;

/* ---- Compiling --------------------------------------------------------- */

typedef enum mf_syntax { MF_SYNTAX_AUTO, MF_SYNTAX_YAML, MF_SYNTAX_JSON } mf_syntax;

/* A document that a `run` entry names, as a loader found it. */
typedef struct mf_linked_document {
  mf_str bytes; /* YAML or JSON; the first character tells */
  mf_str file;  /* its name for messages and the image, which take what is behind the last
                   slash; n 0: the name in the entry */
} mf_linked_document;

/* Finds documents.  `load` is called within mf_compile, for each document that is named
 * once; `name` is a plain word: never empty, no slash, backslash or control character, no
 * dot at its beginning, at most 200 bytes.  What it puts into *out stays its own: it is copied, and
 * need be valid only until `load` is called again or mf_compile returns.
 * MF_OK: found.  MF_NO_SUCH_DOCUMENT: there is none; any other status: it could not be had.
 * Then `why` (NUL-terminated, may stay empty) may say where was looked, or what went wrong.
 * MF_OUT_OF_MEMORY ends the compilation. */
typedef struct mf_loader {
  mf_status (*load)(void *ctx, mf_str name, mf_linked_document *out, char *why, size_t why_size);
  void *ctx;
} mf_loader;

typedef struct mf_compile_options {
  mf_alloc alloc;                      /* fn NULL: the default allocator */
  mf_syntax syntax;                    /* AUTO: JSON when the first character is { or [ */
  const char *name;                    /* the file's base name, for messages and the image */
  bool lenient;                        /* unknown keys are warnings */
  bool strict_cel;                     /* no mixed arithmetic */
  const char *const *assume_variables; /* NULL-ended: names a caller gives (--var) */
  /* Patterns of inputs, and constant ones of matches() and regex.*, are tried with it;
   * NULL: they are not. */
  const struct mf_regex *regex;
  mf_loader loader; /* load NULL: `run` entries find nothing */
} mf_compile_options;

typedef struct mf_compilation mf_compilation;

/* Compiles `n` bytes.  *out (never NULL unless OUT_OF_MEMORY) must be freed
 * with mf_compilation_free and holds the diagnostics and, on MF_OK, the image.
 * Borrows `bytes` until then.  Errors: DOCUMENT_INVALID (see the diagnostics),
 * OUT_OF_MEMORY. */
MF_API mf_status mf_compile(const mf_compile_options *options, const char *bytes, size_t n,
                            mf_compilation **out);
MF_API void mf_compilation_free(mf_compilation *compilation);

/* The image's bytes, borrowed from the compilation; NULL when it failed. */
MF_API const uint8_t *mf_compilation_image(const mf_compilation *compilation, size_t *n);

/* Diagnostic i of mf_compilation_diagnostic_count: of the document in source order, then of
 * each linked document. */
MF_API size_t mf_compilation_diagnostic_count(const mf_compilation *compilation);
MF_API mf_diagnostic mf_compilation_diagnostic(const mf_compilation *compilation, size_t i);

/* ---- Images ------------------------------------------------------------ */

typedef struct mf_image mf_image;

/* Verifies `n` bytes and opens them in place: they must stay readable and
 * unchanged until mf_image_close.  `bytes` must be 8-byte aligned.  On failure
 * *out is NULL, the status names what is wrong and, if `detail` is not NULL,
 * up to `detail_size` bytes of explanation are written there.  Errors: every
 * IMAGE_* status, OUT_OF_MEMORY. */
MF_API mf_status mf_image_open(const mf_alloc *alloc, const uint8_t *bytes, size_t n,
                               mf_image **out, char *detail, size_t detail_size);
MF_API void mf_image_close(mf_image *image);

/* ---- Inputs ------------------------------------------------------------ */

/* What a document declares under `inputs`.  Borrowed from the image. */
typedef struct mf_input {
  mf_str name, description;
  const char *type;       /* "int", "string", "duration" ...; static */
  bool required, secret;  /* secret: its value is never shown */
  bool computed;          /* it has a default that is computed when the run begins */
  mf_value default_value; /* UNSET: it has none, or a computed one */
  mf_value min, max;      /* UNSET: no bound */
  mf_value allowed;       /* a list of the values it may have; UNSET: any */
  mf_str pattern;         /* an RE2 pattern that matches some part of its text; n 0: none */
} mf_input;

/* Input i of mf_image_input_count, in document order. */
MF_API size_t mf_image_input_count(const mf_image *image);
MF_API mf_input mf_image_input(const mf_image *image, size_t i);

/* ---- Regular expressions ---------------------------------------------- */

/* Bytes from..to-1 of a text; both SIZE_MAX: a group that took no part. */
typedef struct mf_regex_span {
  size_t from, to;
} mf_regex_span;

/* What carries out matches() and regex.*: given by the embedder, because C has
 * no engine whose time is linear in the text.  Used by any number of threads. */
typedef struct mf_regex {
  /* Compiles a pattern of RE2's syntax to *out, which may take max_memory
   * bytes; *size is about its number of instructions, *groups that of its
   * capturing groups.  Errors: EXPRESSION_INVALID (`message` says why),
   * REGEX_TOO_LARGE, OUT_OF_MEMORY. */
  mf_status (*compile)(mf_str pattern, size_t max_memory, void **out, uint32_t *size,
                       uint32_t *groups, char *message, size_t message_size);
  /* Looks for the leftmost match that begins at `from` or later; spans[0] gets
   * all of it, the next ones the groups, `count` in all (0: none are wanted). */
  bool (*match)(const void *compiled, mf_str text, size_t from, mf_regex_span *spans,
                uint32_t count);
  void (*free)(void *compiled);
} mf_regex;

/* RE2. */
MF_API const mf_regex *mf_regex_re2(void);

/* ---- Evaluating expressions ------------------------------------------- */

/* A compiled expression: re-entrant, shared by any number of threads as long
 * as each brings its own mf_evaluator. */
typedef struct mf_program mf_program;
/* Scratch memory and limits of one caller. */
typedef struct mf_evaluator mf_evaluator;

/* Compiles `expr` (CEL) over the variables `names`[0..count-1], which become
 * slots 0..count-1.  On failure *out is NULL and `message` (may be NULL) gets
 * one line with a caret position.  Errors: EXPRESSION_INVALID, OUT_OF_MEMORY. */
MF_API mf_status mf_program_compile(const mf_alloc *alloc, mf_str expr, const char *const *names,
                                    size_t count, mf_program **out, char *message,
                                    size_t message_size);
/* A name that an expression may use and the type of its values as text: "int",
 * "list(string)", "map(string, dyn)", "optional_type(int)" ...; NULL is "dyn". */
typedef struct mf_schema_entry {
  const char *name, *type;
} mf_schema_entry;

typedef struct mf_program_options {
  mf_alloc alloc;                /* fn NULL: the default allocator */
  const mf_schema_entry *schema; /* they become slots 0..count-1 */
  size_t count;
  const char
      *container;  /* NULL, or the namespace "a.b" where names and functions are looked up first */
  bool strict_cel; /* CEL's own rules: no arithmetic on mixed numbers */
  bool unchecked;  /* no types; unknown names and functions are run-time errors */
  /* May be NULL.  Called for every mistake and warning, in source order; what it
   * gets is borrowed for the length of the call. */
  void (*report)(void *ctx, const mf_diagnostic *diagnostic);
  void *report_ctx;
  /* Constant patterns of matches() and regex.* are tried with it; NULL: they are not. */
  const mf_regex *regex;
} mf_program_options;

/* Compiles `expr` over a schema; the types given are what the host promises:
 * the checker refuses what cannot fit them.  Errors: EXPRESSION_INVALID (see
 * `report`), OUT_OF_MEMORY. */
MF_API mf_status mf_program_compile_with(const mf_program_options *options, mf_str expr,
                                         mf_program **out);
/* The type of `expr` as text, cut to `size` bytes with the NUL; nothing is
 * compiled.  Errors as above. */
MF_API mf_status mf_program_check(const mf_program_options *options, mf_str expr, char *type,
                                  size_t size);
MF_API void mf_program_free(mf_program *program);

MF_API mf_status mf_evaluator_new(const mf_alloc *alloc, mf_evaluator **out);
MF_API void mf_evaluator_free(mf_evaluator *evaluator);
/* Sets the fuel each evaluation gets (default MF_LIMIT_EVAL_FUEL). */
MF_API void mf_evaluator_set_fuel(mf_evaluator *evaluator, uint64_t fuel);
/* Sets the engine of matches() and regex.* (default: none, they are errors).
 * Patterns are compiled once and kept. */
MF_API void mf_evaluator_set_regex(mf_evaluator *evaluator, const mf_regex *engine);

/* Evaluates over `slots` (one value for each name given when compiling; used in
 * place).  *result is valid until the next mf_eval with this evaluator, and while
 * the program and the slots are.  Scalar paths allocate nothing.  MF_OK also when the result is an MF_ERROR value;
 * other statuses end the evaluation: OUT_OF_FUEL, OUT_OF_MEMORY,
 * VALUE_TOO_LARGE. */
MF_API mf_status mf_eval(const mf_program *program, mf_evaluator *evaluator, const mf_value *slots,
                         mf_value *result);

/* The same over `count` rows, each an array of slots; `results` has room for as
 * many.  They are valid until the next evaluation with this evaluator.  Each row
 * has the fuel of one evaluation; memory is for all of them.  Stops at the first
 * status that is not OK. */
MF_API mf_status mf_eval_rows(const mf_program *program, mf_evaluator *evaluator,
                              const mf_value *const *rows, size_t count, mf_value *results);

/* Why an expression came to its value. */
typedef struct mf_reason {
  uint32_t offset, length; /* the sub-expression, in the expression's bytes */
  uint32_t depth;          /* 0: the whole; one more for its parts */
  uint32_t turn;           /* of a loop, from 1; 0: it is not what a turn comes to */
  uint32_t more;           /* not 0: no value, but so many more turns of a loop */
  mf_value value;          /* owned by the explanation; UNSET: too large to be kept */
} mf_reason;
typedef struct mf_explanation mf_explanation;

/* Evaluates `expr` and each of its sub-expressions that counted: not the branch
 * that was not taken, nor what a decided && or || did not need, nor literals; of a
 * loop the turns that decided (that made all() false or exists() true, the first
 * error), else the first MF_LIMIT_REASON_TURNS.  The parts follow the whole, in the
 * order of the text, at most MF_LIMIT_REASONS.  Slow; fuel is for all of it together.  Errors: those of
 * mf_program_compile_with and mf_eval. */
MF_API mf_status mf_eval_explain(const mf_program_options *options, mf_str expr,
                                 mf_evaluator *evaluator, const mf_value *slots,
                                 mf_explanation **out);
MF_API size_t mf_explanation_count(const mf_explanation *explanation);
MF_API mf_reason mf_explanation_get(const mf_explanation *explanation, size_t i);
MF_API void mf_explanation_free(mf_explanation *explanation);

/* Setters of slots, for hosts that hold plain C data.  They write both words of
 * the value; nothing is copied: text and lists are borrowed and must stay as they
 * are while results are in use.  Text is valid UTF-8. */
static inline void mf_set(mf_value *slot, mf_kind kind, size_t len, int64_t i) {
  mf_value v = {(uint8_t)kind, 0, 0, (uint32_t)len, {i}};
  *slot = v;
}
static inline void mf_set_unset(mf_value *slot) { mf_set(slot, MF_UNSET, 0, 0); }
static inline void mf_set_null(mf_value *slot) { mf_set(slot, MF_NULL, 0, 0); }
static inline void mf_set_bool(mf_value *slot, bool b) { mf_set(slot, MF_BOOL, 0, b); }
static inline void mf_set_int(mf_value *slot, int64_t i) { mf_set(slot, MF_INT, 0, i); }
static inline void mf_set_uint(mf_value *slot, uint64_t u) {
  mf_set(slot, MF_UINT, 0, 0);
  slot->as.u = u;
}
static inline void mf_set_double(mf_value *slot, double d) {
  mf_set(slot, MF_DOUBLE, 0, 0);
  slot->as.d = d;
}
static inline void mf_set_string(mf_value *slot, const char *p, size_t n) {
  mf_set(slot, MF_STRING, n, 0);
  slot->as.s = p;
}
static inline void mf_set_bytes(mf_value *slot, const char *p, size_t n) {
  mf_set(slot, MF_BYTES, n, 0);
  slot->as.s = p;
}
static inline void mf_set_list(mf_value *slot, const mf_value *elements, size_t n) {
  mf_set(slot, MF_LIST, n, 0);
  slot->as.list = elements;
}
/* A list of doubles as C has them.  Only slots may be such lists, not what is in
 * other lists or maps. */
static inline void mf_set_doubles(mf_value *slot, const double *elements, size_t n) {
  mf_set(slot, MF_LIST, n, 0);
  slot->flags = MF_PACKED;
  slot->as.doubles = elements;
}
static inline void mf_set_map(mf_value *slot, const mf_map *map) {
  mf_set(slot, MF_MAP, map->count, 0);
  slot->as.map = map;
}

/* ---- The virtual machine ---------------------------------------------- */

typedef struct mf_vm mf_vm;

/* What mf_vm_run stopped for. */
typedef enum mf_vm_state {
  MF_VM_DONE,    /* the program ended: mf_vm_verdict tells how */
  MF_VM_EFFECT,  /* *effect was filled in: perform it, deliver, run again */
  MF_VM_CANCEL,  /* *effect, in flight, is not wanted any more: end it soon, and deliver */
  MF_VM_BLOCKED, /* every task waits for an outcome: deliver one, run again */
  MF_VM_FAILED,  /* a budget is exceeded: mf_vm_error says which */
} mf_vm_state;

/* Kinds of notices: include/mfvm_notices.def has one row each. */
typedef enum mf_notice_kind {
#define MF_NOTICE(name, text, doc) MF_NOTICE_##name,
#include "mfvm_notices.def"
#undef MF_NOTICE
  MF_NOTICE_COUNT
} mf_notice_kind;

/* Outcome of a step, hook, action or assertion. */
typedef enum mf_outcome_kind {
  MF_OUTCOME_PASSED = 0,
  MF_OUTCOME_FAILED = 1,
  MF_OUTCOME_SKIPPED = 2,     /* condition false */
  MF_OUTCOME_NO_DATA = 3,     /* nothing was measured */
  MF_OUTCOME_WARNING = 4,     /* failed, and allowed to */
  MF_OUTCOME_INTERRUPTED = 5, /* a signal ended it */
} mf_outcome_kind;

/* A part of a condition that was evaluated, and its value: why an assertion did not
 * pass, an entry was skipped, or a branch not taken. */
typedef struct mf_notice_reason {
  mf_str text;    /* as the document has it, on one line; perhaps cut */
  uint32_t depth; /* 0: the whole; the parts of a part follow it, one deeper */
  mf_value value; /* an MF_ERROR where it failed */
} mf_notice_reason;

/* One thing that happened.  Everything is borrowed for the length of the sink
 * call; fields that a kind does not use are zero. */
typedef struct mf_notice {
  mf_notice_kind kind;
  mf_outcome_kind outcome;
  uint32_t task;
  uint32_t index;            /* row of the table the kind is about */
  mf_str path;               /* "advanced_steps[0]" */
  mf_str id;                 /* the document's, of an entry, hook, action or assertion; n 0: none */
  mf_str name;               /* display name */
  mf_str text;               /* message, error, level ... */
  double duration;           /* seconds, of a *_FINISHED that is timed, *_RETRIED, VERDICT */
  uint32_t attempt;          /* from 1; of steps; of actions and assertions with a retry policy */
  uint64_t turn;             /* of a repeat: from 1; at its end, how many there were */
  mf_value actual, expected; /* assertions; a metric's or variable's value */
  const mf_notice_reason
      *reasons;          /* in document order; of several conditions one after the other */
  uint32_t reason_count; /* at most MF_LIMIT_ASSERTION_REASONS; 0: nothing more to tell */
} mf_notice;

typedef void (*mf_notice_fn)(void *ctx, const mf_notice *notice);

/* A request to the world.  Borrowed until its outcome is delivered. */
typedef struct mf_effect {
  uint32_t id; /* unique in this machine, from 1 */
  uint32_t task;
  uint32_t row;         /* of the table that its instruction names: SCENARIO, FAULT ... */
  mf_str driver;        /* "http_request", "wait", "now" ... */
  mf_str path;          /* of the entry, hook or action that asks */
  const mf_value *args; /* a map */
} mf_effect;

/* The world's answer.  `value` is a map; the machine copies what it keeps.
 * Drivers put "ok" (bool) and, when it is false, "error" (string) into it. */
typedef struct mf_outcome {
  const mf_value *value;
  int64_t monotonic_ns; /* since the run's start */
  int64_t wall_ns;      /* since 1970, UTC */
} mf_outcome;

typedef enum mf_signal {
  MF_SIGNAL_STOP,    /* end the current entry, go to the post hooks */
  MF_SIGNAL_ABORT,   /* the same, verdict "aborted" */
  MF_SIGNAL_CROSSED, /* the same, because a threshold was crossed */
} mf_signal;

typedef struct mf_vm_options {
  mf_alloc alloc;        /* fn NULL: default */
  uint64_t fuel;         /* instructions for the whole run; 0: MF_LIMIT_RUN_FUEL */
  size_t max_memory;     /* bytes; 0: MF_LIMIT_RUN_MEMORY */
  uint64_t seed;         /* of random() and friends */
  int64_t start_wall_ns; /* the run's start, since 1970 */
  const char *run_id;    /* copied */
  double time_scale; /* the host's, of planned lengths: above 1 it lengthens timeouts, too; 0: 1 */
  bool allow_empty;  /* "nothing was run" passes */
  int64_t loop_ns;   /* a looping orchestration begins no iteration after it; 0: no limit */
  const mf_regex *regex; /* of matches(); NULL: none */
  mf_notice_fn notice;   /* may be NULL */
  void *notice_ctx;
} mf_vm_options;

/* Makes a machine for `image`, which must outlive it.  Errors: OUT_OF_MEMORY,
 * IMAGE_NO_MAIN. */
MF_API mf_status mf_vm_new(const mf_image *image, const mf_vm_options *options, mf_vm **out);
MF_API void mf_vm_free(mf_vm *vm);

/* Overrides the initial value of a global variable, or gives an input its value,
 * before the first mf_vm_run.  Copies.  An input converts what it can (an int for
 * a double, "5m" for a duration).  Errors: NO_SUCH_VARIABLE, INPUT_REFUSED,
 * OUT_OF_MEMORY. */
MF_API mf_status mf_vm_set_variable(mf_vm *vm, mf_str name, const mf_value *value);
/* The same with text as on a command line: an input reads it by its type (lists and
 * maps as JSON), a variable as a YAML scalar. */
MF_API mf_status mf_vm_set_text(mf_vm *vm, mf_str name, mf_str text);
/* Why the latest of these two was INPUT_REFUSED, one sentence ("input 'n' must be an
 * int from 1 to 5, not 7"; no secret is shown); n 0 if it was not.  Borrowed until
 * the next call on this machine. */
MF_API mf_str mf_vm_refusal(const mf_vm *vm);

/* Runs until an effect is wanted, everything waits, or the program ended. */
MF_API mf_vm_state mf_vm_run(mf_vm *vm, mf_effect *effect);

/* Answers effect `id`.  Errors: NO_SUCH_EFFECT, OUT_OF_MEMORY. */
MF_API mf_status mf_vm_deliver(mf_vm *vm, uint32_t id, const mf_outcome *outcome);

/* Tells what the load of effect `id`, which is in flight, has measured so far: a map of
 * "metrics" and "run_metrics", as in its outcome.  Until the next such call, or outcome,
 * that is what conditions read that ask for the latest value, in every branch, or for the
 * run's; minima, maxima and the like, and the metrics of steps, know only what ended.  May
 * be called between calls of mf_vm_run.  It changes what a run does: it belongs into a
 * record from which the run is repeated.  Errors: NO_SUCH_EFFECT, also when it is no load. */
MF_API mf_status mf_vm_metrics(mf_vm *vm, uint32_t id, const mf_value *event);

/* Raises a signal.  mf_vm_run then gives back each effect in flight that is not
 * wanted any more, once (MF_VM_CANCEL).  They must still be answered, with
 * {"ok": false, "error": "cancelled"} at worst; after that the machine leaves
 * the scope.  A second signal in the final part leaves the current hook.  A sink
 * may raise one, too: a repeat that wants nothing of the world never comes back. */
MF_API void mf_vm_signal(mf_vm *vm, mf_signal signal);

/* When the machine wants to be told the time, in ns since the run's start;
 * INT64_MAX: never.  Changes with every call of mf_vm_run. */
MF_API int64_t mf_vm_deadline(mf_vm *vm);
/* Tells it the time, as outcomes do: what has run out of time is left, as after
 * a signal, but only that; a sink may call it, too.  Calls that pass no deadline
 * change nothing that can be seen: the others belong into a record from which a
 * run is repeated. */
MF_API void mf_vm_time(mf_vm *vm, int64_t monotonic_ns, int64_t wall_ns);

typedef struct mf_verdict {
  mf_outcome_kind outcome; /* PASSED, FAILED or NO_DATA */
  bool nothing_run;        /* no step, bare action or wait was carried out */
  bool interrupted, aborted;
  bool timed_out;   /* the run's own timeout passed */
  bool crossed;     /* a threshold of the run was, or one that alone failed a step */
  bool hook_failed; /* a pre_ or post_orchestration hook failed */
  bool unsteady;    /* the steady state did not hold before, or not again after */
  bool rollback_failed;
  uint32_t steps_passed, steps_failed, steps_skipped;
  uint32_t steps_crossed; /* of those that failed: by thresholds alone */
  uint32_t assertions_passed, assertions_failed, assertions_no_data;
  /* Of the run's own: safeguards, and whatever had no data; not what was crossed. */
  uint32_t watches_failed, watches_no_data;
  uint32_t warnings;
} mf_verdict;

/* Valid once mf_vm_run returned MF_VM_DONE (or FAILED: as far as it came). */
MF_API mf_verdict mf_vm_verdict(const mf_vm *vm);
/* Why mf_vm_run returned MF_VM_FAILED: OUT_OF_FUEL, OUT_OF_MEMORY,
 * VALUE_TOO_LARGE, STACK_TOO_DEEP; INPUT_MISSING before anything was done, when a
 * required input has no value. */
MF_API mf_status mf_vm_error(const mf_vm *vm);
/* The current value of a variable, metric or built-in; kind MF_UNSET if none.
 * Borrowed until the next call on this machine. */
MF_API mf_value mf_vm_get(const mf_vm *vm, mf_str name);
/* Instructions executed so far. */
MF_API uint64_t mf_vm_steps(const mf_vm *vm);

#ifdef __cplusplus
}
#endif
#endif
