/* compiler - what the stages behind the parser share.
 *
 * compile.c     the conductor
 * common.c      paths, places, words, hosts
 * names.c       scopes and slots; names_declare.c what a document declares,
 *               names_resolve.c what the names in an expression mean
 * link.c        documents that entries run
 * ids.c         ids, and the order of rows that belong to others
 * inputs.c      types, constraints and defaults of `inputs`
 * conditions.c  condition mappings to expressions; which entries look at outcomes
 * data.c        free JSON with interpolations to expressions
 * emit_run.c    the order of a run
 * emit_entry.c  steps, conditionals, waits, bare actions
 * emit_loop.c   repeats, the orchestration's loop
 * emit_retry.c  attempts of a step or an action
 * emit_hook.c   hooks and actions
 * emit_group.c  parallel groups and background steps
 * branches.c    what runs at the same time as what
 * reach.c       what is never carried out; steps that may have no result
 * unused.c      names that nothing reads
 * limits.c      what a run may touch, and how much
 * emit_assertion.c
 * emit_reasons.c  what a condition consists of, to be told when it does not hold
 * scenario.c    scenarios to driver arguments
 * load.c        loads: their arguments and requests
 * watched_code.c  expressions that are evaluated while a load runs
 * reading.c     what samples come to: window(), and metrics of watches
 * threshold.c   k6's grammar of thresholds
 * abort.c       abort_when, steady_state.during */
#ifndef MF_COMPILER_COMPILER_H
#define MF_COMPILER_COMPILER_H
#include "../base/json.h"
#include "ast.h"
#include "expr.h"

/* When an expression is evaluated: which value of a metric a bare name means. */
typedef enum mf_phase {
  MF_PHASE_BEFORE_LOAD, /* before a step's load, and between steps: the last step's */
  MF_PHASE_AFTER_LOAD,  /* of a step: its own */
  MF_PHASE_RUN,         /* assertions and hooks of the orchestration: the run's */
} mf_phase;

/* One of the document's hooks, which are emitted around every step: what has to be
 * found out about it only once. */
typedef struct mf_global_hook {
  uint32_t type; /* HOOK_TYPE; MF_ABSENT: it names none */
  uint32_t row;  /* of HOOK; MF_ABSENT until used */
} mf_global_hook;

/* The variable of a repeat around what is emitted. */
typedef struct mf_loop_scope {
  struct mf_loop_scope *around;
  mf_str name; /* n 0: none */
  uint32_t slot;
} mf_loop_scope;

/* ---- branches.c: what they are ---- */

/* Branch `of` begins only when `on` has ended. */
typedef struct mf_dependency mf_dependency;
struct mf_dependency {
  uint32_t on, of;
  mf_dependency *next;       /* of the same `of` */
  mf_dependency *next_of_on; /* of the same `on` */
  mf_span span;
};

/* An entry of a parallel group, or a background step. */
typedef struct mf_branch {
  const mf_node *entry;
  uint32_t parent; /* the branch that the group is in, MF_ABSENT: none */
  uint32_t group;  /* a number: those that have it run at once */
  uint32_t task;   /* row of TASK; MF_ABSENT until it is emitted */
  mf_dependency *needs, *needed;
  uint32_t open_needs, round;
  uint32_t order; /* at the place of its group's first branch + i: the one to begin as i-th */
  uint32_t mark;
  bool background;    /* beside the rest of its list, not beside others of its group only */
  bool spawned, over; /* of these: its list was emitted so far */
} mf_branch;

/* Who has written a variable so far. */
typedef struct mf_write {
  uint32_t branch, next; /* next: number of another write of the variable, 0: none */
  bool told;
} mf_write;

typedef struct mf_concurrency {
  mf_branch *branches;
  uint32_t count, cap, groups, mark;
  uint32_t *of_step; /* of each row of STEP, MF_ABSENT: none */
  uint32_t step_count, step_cap;
  uint32_t at;      /* the branch that is declared, or emitted, now */
  uint32_t to_need; /* the branch whose NEEDS are still to be emitted */
  bool fresh;       /* a branch begins: no failure can be pending */
  mf_names writers; /* variable -> its latest write, from 1 */
  mf_write *writes;
  uint32_t write_count, write_cap;
} mf_concurrency;
/* Entries that may not be carried out although what is around them is: an arm of a
 * conditional, the turns of a repeat that may have none. */
typedef struct mf_reach {
  const struct mf_reach *around; /* NULL: the document's lists */
} mf_reach;

/* What is known of a step once its code is emitted. */
typedef struct mf_step_reach {
  const mf_reach *where;
  bool done, conditional;
} mf_step_reach;
/* What is evaluated while a load runs, and what names mean in it: compiler/watched_code.c. */
typedef struct mf_watch_scope {
  bool responds;     /* response.x is of the sample's response */
  bool data;         /* `data` is the row that the request took */
  uint32_t scenario; /* the row of the load; MF_ABSENT: of the run */
  double over;       /* seconds: metrics are of the last so many; 0: of the sample, or so far */
} mf_watch_scope;

/* What belongs to one document, be it the one that is compiled or one that it links. */
#define MF_SCOPE_FIELDS                                                                      \
  const mf_node *document;                                                                   \
  mf_str source;                                                                             \
  mf_lines lines;                                                                            \
  const mf_source *file;   /* for diagnostics; NULL: the document that is compiled */        \
  struct mf_link *link;    /* the entry that runs it; NULL: the same */                      \
  mf_str prefix;           /* of paths, with its dot: "steps[2].run." */                     \
  mf_names globals;        /* name -> slot */                                                \
  mf_names *step_scope;    /* the open step's variables, NULL outside */                     \
  mf_loop_scope *loops;    /* innermost first */                                             \
  mf_names bare[3];        /* by phase: a bare name that is no variable of a step -> slot */ \
  mf_names steps;          /* name as written (with #2) -> STEP row */                       \
  mf_names step_repeats;   /* a name that stands more than once -> how often so far */       \
  mf_names ids;            /* id -> where it stands, in bytes */                             \
  mf_names assigned;       /* names that set_variable or save_as write */                    \
  mf_global_hook *hooks;   /* of the document, in its order */                               \
  uint32_t first_of_steps; /* of `steps` with `parallel: true`: the first branch */
typedef struct mf_document_scope {
  MF_SCOPE_FIELDS
} mf_document_scope;

/* An entry that runs another document.  While that is what the compiler looks at,
 * `other` holds the scope of the document that the entry stands in; else the linked
 * document's own. */
typedef struct mf_link {
  mf_document_scope other;
  const mf_node *entry;
  mf_str name;    /* of the document, as the entry has it */
  uint32_t row;   /* of LINK */
  uint32_t depth; /* 1: run by the document that is compiled */
} mf_link;

typedef struct mf_compiler {
  mf_arena *arena;   /* for what lives as long as the compilation */
  mf_arena *scratch; /* for an entry's paths and expressions: gone when it is emitted */
  mf_diags *diags;
  mf_builder *b;
  mf_str document_name; /* file stem */
  const mf_node *main_document;
  mf_str main_source;
  const mf_compile_options *options;
  bool fragment; /* no steps: unknown names are warnings */

  union {
    mf_document_scope scope;
    struct {
      MF_SCOPE_FIELDS
    };
  };

  /* link.c */
  struct mf_linked_files *files; /* the documents that were loaded; NULL: none */
  mf_link **links;               /* by number, which the entry's node has */
  uint32_t link_count, link_cap;

  /* names.c */
  mf_names env_slots;                               /* "env.X" -> slot */
  uint32_t builtin_slots[MF_BUILTIN_LOAD_DATA + 1]; /* MF_ABSENT until used */
  uint32_t (*metric_slots)[8]; /* of each METRIC row: by slot kind - METRIC_STEP */
  uint32_t metric_slots_cap;
  mf_names scenario_rows;   /* scenario name -> SCENARIO row */
  mf_value **scenario_args; /* of each row: its load's arguments, a map */
  mf_names load_constants;  /* row and duration, as bytes -> the constant of all its arguments */
  mf_names metrics;         /* metric name -> METRIC row */
  mf_phase phase;
  const mf_watch_scope *watch; /* NULL: nothing of a load is emitted */
  mf_names captures;           /* names that loads capture -> their slots */
  mf_names readings;           /* the bytes of a reading -> its slot */
  mf_names load_rows;          /* the address of a load's node -> its row of SCENARIO */
  mf_names_env env;
  mf_expr_emitter expr;

  mf_concurrency concurrency;
  mf_names hosts;              /* constant hosts found in the document */
  mf_names constants;          /* variables whose value at the start names hosts */
  mf_names secrets;            /* declared ones -> their slots */
  mf_names metric_kinds;       /* of metrics for which record_metric says one */
  mf_names drivers;            /* driver name -> DRIVER row */
  struct mf_code_parts *parts; /* emit_reasons.c; NULL before the first */

  /* reach.c */
  mf_step_reach *steps_reached; /* by row */
  uint32_t steps_declared;
  const mf_reach *reach; /* of what is emitted */
  uint32_t turns;        /* how many loops are around it */
  uint32_t own_step;     /* the step around it; MF_ABSENT: none */
  bool anywhere;         /* it is emitted at many places, or beside them */
  bool judging;          /* it is an assertion whose missing data fails */
  const char *stopped;   /* why the next entry is not carried out; NULL: it may be */
  bool stopped_for_all;  /* also if it looks at outcomes */

  /* unused.c */
  uint8_t *uses; /* of slots: read, written */
  uint32_t uses_cap;

  int64_t judging_fuel; /* for constants that are written to inputs */
  mf_buf *dump_types;   /* --dump=types */
  mf_buf *dump_expr;    /* --dump=expr */
  mf_buf *dump_ast;     /* --dump=ast: of linked documents */
} mf_compiler;

/* ---- common.c ---- */
mf_str mf_compile_path(mf_compiler *c, const char *fmt, ...) MF_PRINTF(2, 3);
/* "path[i]" and "path.part": these are made for every entry. */
mf_str mf_path_index(mf_compiler *c, mf_str path, uint32_t i);
mf_str mf_path_part(mf_compiler *c, mf_str path, const char *part);
/* "part" of the document; of a linked one with the path of the entry that runs it. */
mf_str mf_compile_own_path(mf_compiler *c, const char *part);
static inline uint32_t mf_compile_string(mf_compiler *c, mf_str s) {
  return mf_builder_string(c->b, s);
}
/* Marks what follows as coming from this span. */
void mf_compile_at(mf_compiler *c, mf_span span);
#define MF_EMIT(c, op, a, operand_b) mf_builder_emit((c)->b, MF_OP_##op, (a), (operand_b), 0)
/* The end of an entry or hook that was carried out, and that of one whose condition,
 * which jumps to `skip`, did not hold; both go on at `leave`. */
void mf_emit_skipped(mf_compiler *c, uint32_t skip, uint32_t leave);
/* Words of keys.def and tags.def that the checker compares: the text of a key,
 * n 0 when absent.  Reports interpolations, which are not allowed there. */
mf_str mf_compile_word(mf_compiler *c, const mf_node *map, mf_key key);
/* The first line of what is written there, at most so many bytes of it; an expression
 * without its quotes. */
mf_str mf_compile_written(const mf_compiler *c, const mf_node *node, size_t most);
/* A length of time that has to be a constant, in seconds; `fallback` when it is absent or
 * was reported. */
double mf_compile_seconds(mf_compiler *c, const mf_node *map, mf_key key, double fallback);
/* An entry's own key, or the one in its `base`. */
const mf_node *mf_entry_get(const mf_node *entry, mf_key key);
/* Reports an interpolation. */
bool mf_compile_bool(mf_compiler *c, const mf_node *map, mf_key key, bool fallback);
/* Is this a `${...}` in place of a number, length or bool? */
static inline bool mf_is_computed(const mf_node *node) {
  return node && node->shape == MF_SHAPE_TEXT && node->flags & MF_NODE_INTERPOLATED;
}

/* One of `variables`, which is a map or a list of {name, value}; start with zeros. */
typedef struct mf_declared {
  mf_str name;
  mf_span span;         /* of the name */
  const mf_node *value; /* NULL: none is given */
  const mf_member *member;
  const mf_node *item;
  bool begun;
} mf_declared;
bool mf_declared_next(const mf_node *variables, mf_declared *d);

/* ---- misplaced.c ---- */
/* Warns of hooks, assertions and the like among `variables`. */
void mf_warn_of_misplaced(mf_compiler *c, const mf_node *variables, const mf_names *scope);

/* ---- names.c ---- */
void mf_names_open(mf_compiler *c);
/* Declares everything the document declares, before any code is emitted. */
void mf_names_declare_document(mf_compiler *c);
/* Declares a global name; its slot, or MF_ABSENT (reported). */
uint32_t mf_names_declare(mf_compiler *c, mf_str name, mf_span span, uint32_t kind, uint32_t arg);
/* Opens and closes the scope of a step's variables. */
void mf_names_step_begin(mf_compiler *c, mf_names *scope, uint32_t step_row,
                         const mf_node *variables);
void mf_names_step_end(mf_compiler *c);
/* Opens the scope of a repeat's variable (n 0: it has none; reported when it may not
 * be declared): it is closed by c->loops = scope->around. */
void mf_names_loop_begin(mf_compiler *c, mf_loop_scope *scope, uint32_t repeat_row, mf_str name,
                         mf_span span);
/* The slot that set_variable, save_as at `span` write; reports one of a repeat. */
uint32_t mf_names_assign(mf_compiler *c, mf_str name, mf_span span);
uint32_t mf_names_builtin(mf_compiler *c, uint32_t builtin);
/* Adds a slot: a row of SLOT. */
uint32_t mf_names_slot(mf_compiler *c, mf_str name, uint32_t kind, uint32_t arg);
/* The METRIC row of a name (aliases resolved), adding it; kind as METRIC_KIND. */
uint32_t mf_names_metric(mf_compiler *c, mf_str name, uint32_t kind);
/* The slot of a metric in a role (MF_SLOT_KIND_METRIC_*). */
uint32_t mf_names_metric_slot(mf_compiler *c, uint32_t metric_row, uint32_t slot_kind);
/* Is this a metric that some load yields or some action records? */
bool mf_names_metric_known(mf_compiler *c, mf_str name);
/* Is this a declared variable (not a built-in name or metric)? */
bool mf_names_is_variable(mf_compiler *c, mf_str name);
/* The row of a step by name; reports unknown names (a warning in fragments). */
uint32_t mf_names_step(mf_compiler *c, mf_str name, mf_span span);
bool mf_name_is_identifier(mf_str name);
/* Reports that there is no metric of this name (in fragments a warning). */
void mf_names_unknown_metric(mf_compiler *c, mf_str name, mf_span span);

/* The maps of a document's names, empty. */
void mf_names_scope_init(mf_compiler *c, mf_document_scope *scope);
/* Declares what a linked document declares; its scope is open. */
void mf_names_declare_linked(mf_compiler *c);
/* "did you mean 'x'?", NULL when nothing is near. */
const char *mf_did_you_mean(mf_compiler *c, const mf_near *near);

/* ---- link.c ---- */
/* The scope around one; NULL around the document that is compiled.  `scope` is that
 * of the compiler or one that this gave. */
const mf_document_scope *mf_scope_around(const mf_document_scope *scope);
/* A `run` entry: loads, parses and declares the document. */
void mf_link_declare(mf_compiler *c, const mf_node *entry);
/* What an entry runs; NULL when it is not there (reported). */
mf_link *mf_link_of(const mf_compiler *c, const mf_node *entry);
/* The compiler looks at the linked document, then at the one around it again. */
void mf_link_open(mf_compiler *c, mf_link *link);
void mf_link_close(mf_compiler *c);
void mf_emit_link(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags);
/* "linked": names, lengths and digests of the documents, if there are any. */
void mf_links_write(const mf_compiler *c, mf_json_writer *w);

/* ---- ids.c ---- */
/* The id that `node` (NULL: none) gives a row of OWNER; reports one that is another's. */
void mf_emit_id(mf_compiler *c, const mf_node *node, uint32_t owner, uint32_t row);
/* Brings the rows of a table into the order of their first `keys` fields; those that
 * are equal there stay in theirs. */
void mf_rows_sort(mf_compiler *c, mf_table table, uint32_t keys);

/* ---- inputs.c ---- */
/* The slots and types of `inputs`. */
void mf_inputs_declare(mf_compiler *c);
/* Adds an INPUT row for a slot. */
uint32_t mf_inputs_add(mf_compiler *c, uint32_t slot, uint32_t type);
const mf_type *mf_inputs_type(const mf_compiler *c, uint32_t row);
/* Their constraints, and code that gives them their defaults. */
void mf_emit_inputs(mf_compiler *c);
/* Must a value be given for this slot?  (Known when mf_emit_inputs is done.) */
bool mf_inputs_required(const mf_compiler *c, uint32_t slot);
/* An action writes `value` to a slot: reports what an input would refuse. */
void mf_inputs_check_write(mf_compiler *c, uint32_t slot, const mf_expr *value);

/* ---- branches.c ---- */
/* The entries of a list become branches of one group, numbered from the result
 * on; reports what is wrong with their depends_on.  MF_ABSENT: out of memory. */
uint32_t mf_branches_declare(mf_compiler *c, const mf_node *list);
/* A background step; *group is 0 for the first one of a list. */
uint32_t mf_branch_background(mf_compiler *c, const mf_node *step, uint32_t *group);
void mf_branch_of_step(mf_compiler *c, uint32_t row, uint32_t branch);
/* Reports that what is emitted now cannot know how a step ended. */
void mf_branches_check_step(mf_compiler *c, uint32_t row, mf_str name, mf_span span);
/* Warns of a variable that branches write without waiting for each other. */
void mf_branches_check_write(mf_compiler *c, uint32_t slot, mf_str name, mf_span span);

/* ---- data.c ---- */
/* JSON with interpolations as an expression; a LITERAL when it has none. */
mf_expr *mf_data_expr(mf_compiler *c, const mf_node *node);
/* A text node as an expression that gives text. */
mf_expr *mf_text_expr(mf_compiler *c, const mf_node *node);
/* A duration in seconds (number, text, or one interpolation) as an expression;
 * reports negative ones (malformed ones are the parser's). */
mf_expr *mf_seconds_expr(mf_compiler *c, const mf_node *node);
mf_expr *mf_literal(mf_compiler *c, mf_span span, mf_value value);
mf_expr *mf_literal_text(mf_compiler *c, mf_span span, mf_str text);
/* Where a text node's content stands in the source. */
mf_expr_source mf_node_expr_source(const mf_node *node);
/* A list under construction, as an expression. */
mf_expr *mf_list_expr(mf_compiler *c, mf_span span);
void mf_list_expr_add(mf_expr *list, mf_expr *element);
/* A map under construction, as an expression. */
mf_expr *mf_map_expr(mf_compiler *c, mf_span span);
void mf_map_expr_add(mf_compiler *c, mf_expr *map, const char *key, mf_expr *value);
/* Adds key: value of the node when it is there. */
void mf_map_expr_add_key(mf_compiler *c, mf_expr *map, const char *name, const mf_node *from,
                         mf_key key);
void mf_emit_expr(mf_compiler *c, mf_expr *e);
/* The same, of something that is known to take some kinds of values only: reports
 * one that certainly has another. */
typedef enum mf_wanted {
  MF_WANTED_NUMBER,
  MF_WANTED_SECONDS,
  MF_WANTED_ELEMENTS,
  MF_WANTED_BOOL
} mf_wanted;
void mf_emit_wanted(mf_compiler *c, mf_expr *e, const char *what, mf_wanted wanted);
/* The same of a constant that the image has. */
void mf_emit_constant(mf_compiler *c, mf_span span, uint32_t constant);

/* ---- conditions.c ---- */
/* A condition node (mapping or text) as an expression. */
mf_expr *mf_condition_expr(mf_compiler *c, const mf_node *node);
/* An expression text; one that is wholly ${...} or {{...}} means its inside. */
mf_expr *mf_condition_of_text(mf_compiler *c, const mf_expr_source *source);
/* Does it look at the outcome of steps (previous..., all_steps_succeeded,
 * steps[...])? */
bool mf_condition_looks(const mf_expr *e);
/* Emits the condition; reports one that can be no bool or never changes.  The
 * constant it is (0, 1), or -1. */
int mf_emit_truth(mf_compiler *c, mf_expr *e);
/* The same and a JUMP_FALSE to label. */
int mf_emit_condition(mf_compiler *c, mf_expr *e, uint32_t label_false);
/* The operator word of metric_threshold and metric assertions (">=", "gt",
 * "greater_than"...) as an opcode; 0 when unknown (reported). */
mf_opcode mf_operator_code(mf_compiler *c, const mf_node *node);
mf_expr *mf_binary(mf_compiler *c, mf_span span, mf_opcode op, mf_expr *left, mf_expr *right);
/* The comparison that a mapping stands for: its place is where the two stand. */
mf_expr *mf_comparison(mf_compiler *c, mf_opcode op, mf_expr *left, mf_expr *right);
/* A name such as "variables.x" or "avg_latency" as an expression. */
mf_expr *mf_name_expr(mf_compiler *c, mf_str dotted, mf_span span);

/* ---- reach.c ---- */
/* When the steps are declared. */
void mf_reach_open(mf_compiler *c);
/* What is emitted until mf_reach_leave may not be carried out. */
void mf_reach_enter(mf_compiler *c);
void mf_reach_leave(mf_compiler *c);
void mf_reach_step_begin(mf_compiler *c, uint32_t row);
void mf_reach_step_end(mf_compiler *c, uint32_t row, bool conditional);
/* Reports what `steps` means in an expression about to be emitted. */
void mf_reach_expr(mf_compiler *c, const mf_expr *e);
/* Something reads the result of a step; metrics: those of its load. */
void mf_reach_read(mf_compiler *c, uint32_t row, mf_str name, mf_span span, bool metrics);
/* Whether a condition is a plain true or false; others that never change are reported
 * as that. */
static inline bool mf_reach_is_written(const mf_node *condition) {
  return condition->shape == MF_SHAPE_BOOL ||
         (condition->shape == MF_SHAPE_TEXT && (mf_str_is(mf_node_text(condition), "false") ||
                                                mf_str_is(mf_node_text(condition), "true")));
}
/* The condition of an entry, hook or action was emitted: the constant it is, or -1. */
void mf_reach_guard(mf_compiler *c, const mf_node *condition, int answer);
/* An entry was emitted: does it stop those after it? */
void mf_reach_after(mf_compiler *c, const mf_node *entry);
/* An entry begins that looks at outcomes or does not: reports one that is stopped. */
void mf_reach_gate(mf_compiler *c, const mf_node *entry, bool looks);

/* ---- unused.c ---- */
void mf_unused_mark_read(mf_compiler *c, uint32_t slot);
void mf_unused_mark_written(mf_compiler *c, uint32_t slot);
/* Reports variables of a step, before its scope is closed. */
void mf_unused_step(mf_compiler *c, const mf_node *variables);
/* Reports inputs and variables of the document, at the end. */
void mf_unused_document(mf_compiler *c);
/* Reports the variable of a repeat that is named by `as`. */
void mf_unused_loop(mf_compiler *c, const mf_loop_scope *scope, mf_span span);

/* ---- the emitters ---- */
void mf_emit_run(mf_compiler *c);
/* The entries of the document's three lists. */
void mf_emit_lists(mf_compiler *c);
/* What follows goes on at the label (the caller places it) even if something in it
 * fails. */
uint32_t mf_emit_guard(mf_compiler *c);
void mf_emit_reports(mf_compiler *c);
void mf_emit_entries(mf_compiler *c, const mf_node *list, mf_str path);
void mf_emit_entry(mf_compiler *c, const mf_node *entry, mf_str path);
/* `optional` and the like of the innermost frame's entry, where they are computed. */
void mf_emit_allowances(mf_compiler *c, const mf_node *entry);
/* A repeat; flags: STEP_FLAGS of the entry without `looks`. */
void mf_emit_repeat(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags);
/* The loop of the whole orchestration around its lists; false: it has none. */
typedef struct mf_orchestration_loop {
  uint32_t row, next, leave;
} mf_orchestration_loop;
bool mf_emit_loop_begin(mf_compiler *c, mf_orchestration_loop *l);
void mf_emit_loop_end(mf_compiler *c, const mf_orchestration_loop *l);
/* The instructions about attempts of a step, and of an action. */
typedef struct mf_retry_ops {
  mf_opcode begin, decide, decide_if, wait;
} mf_retry_ops;
extern const mf_retry_ops mf_step_retry, mf_action_retry;
/* `retry` of a step or action, which is `row`: its policy before the attempts, which
 * begin at the label given back; and what follows each of them. */
uint32_t mf_emit_retry_begin(mf_compiler *c, const mf_retry_ops *ops, const mf_node *retry,
                             uint32_t row);
void mf_emit_retry_end(mf_compiler *c, const mf_retry_ops *ops, const mf_node *retry, uint32_t row,
                       uint32_t attempt);
/* Reports keys that mean something only beside other entries. */
void mf_check_alone(mf_compiler *c, const mf_node *entry);
/* An entry whose condition looks at outcomes may handle a pending failure; any
 * other is stopped by one. */
void mf_emit_gate(mf_compiler *c, const mf_node *entry, bool looks);
/* The innermost frame, a step or the run, has this much time; NULL: any. */
void mf_emit_timeout(mf_compiler *c, const mf_node *seconds);
/* Finds the type of each global hook; reports those that name none. */
void mf_hooks_declare(mf_compiler *c);
void mf_emit_global_hooks(mf_compiler *c, uint32_t hook_type);
/* Hooks of a step: a list node, NULL is none. */
void mf_emit_step_hooks(mf_compiler *c, const mf_node *list, uint32_t hook_type, mf_str path);
/* An action that is an entry of its own. */
void mf_emit_entry_action(mf_compiler *c, const mf_node *action, mf_str path);
/* An action that must succeed: its failure is one of the frame around it. */
void mf_emit_probe(mf_compiler *c, const mf_node *action, mf_str path);
void mf_emit_assertions(mf_compiler *c, const mf_node *list, mf_str path, uint32_t step_row);

/* ---- emit_hook.c ---- */
/* What the driver http_request takes; `http` may be the URL alone. */
mf_expr *mf_request_arguments(mf_compiler *c, const mf_node *http);
/* What `expect` says, as a condition on `response`; `number` is the response's number
 * that a plain status is compared with. */
mf_expr *mf_expect_expr(mf_compiler *c, const mf_node *expect, const char *number);
/* Asks for an effect without arguments; pushes its outcome. */
void mf_emit_effect_of(mf_compiler *c, const char *driver);

/* ---- emit_reasons.c ---- */
/* A condition, so that the machine can tell why it did not hold. */
typedef struct mf_explained {
  uint32_t owner, row, number; /* as in REASON */
  mf_str whole;                /* how it reads; n 0: as what is found in the source */
  mf_expr *condition;          /* NULL: nothing is told */
  mf_str source;               /* what the spans in it are of */
  bool prepared;               /* code was made of it before */
} mf_explained;
/* That of a node whose code was made: of which row is for the caller to say. */
mf_explained mf_explained_of(mf_compiler *c, const mf_node *node, mf_expr *condition);
/* The REASON rows of a condition and their chunk.  Right after its own code was made. */
void mf_emit_reasons(mf_compiler *c, const mf_explained *explained);
/* Both, of the condition of an entry, hook or action. */
void mf_emit_why(mf_compiler *c, const mf_node *node, mf_expr *condition, uint32_t owner,
                 uint32_t row, uint32_t number);

/* ---- secret_names.c ---- */
void mf_secrets_declare(mf_compiler *c);
/* Where they are to be read from, for the metadata: "secrets": {"x": {"env": "X"}}. */
void mf_secrets_write(mf_compiler *c, mf_json_writer *w);

/* ---- limits.c ---- */
void mf_limits_check(mf_compiler *c);
/* Reports a constant command (may be NULL) that `limits` does not allow. */
void mf_limits_check_command(mf_compiler *c, const mf_node *command, bool shell);
/* "limits": {"hosts": [...], "max_rate": 100 ...}, as far as they are given. */
void mf_limits_write(mf_compiler *c, mf_json_writer *w);

/* ---- emit_steady.c ---- */
/* Whether there is anything between the entries and the last hooks. */
bool mf_undoes(const mf_compiler *c);
/* The steady state before the entries; one that is missed goes on at `missed`. */
void mf_emit_steady_before(mf_compiler *c, uint32_t missed);
void mf_emit_rollbacks(mf_compiler *c);
void mf_emit_steady_after(mf_compiler *c);
/* ---- emit_group.c ---- */
typedef struct mf_spawn {
  uint32_t task, end, next, outer;
} mf_spawn;
/* What is emitted between these two is a branch. */
void mf_spawn_begin(mf_compiler *c, uint32_t branch, mf_str name, mf_str path, mf_spawn *spawn);
void mf_spawn_end(mf_compiler *c, const mf_spawn *spawn);
/* Waits for the branches that this one needs; if one has failed goto label. */
bool mf_has_needs(const mf_compiler *c);
void mf_emit_needs(mf_compiler *c, uint32_t label);
void mf_emit_group(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags);
/* `steps` with `parallel: true`. */
void mf_emit_parallel_list(mf_compiler *c, const mf_node *list, mf_str path);
bool mf_step_is_background(const mf_compiler *c, const mf_node *entry, uint32_t *branch);
typedef struct mf_background {
  uint32_t row, leave;
} mf_background;
/* Around the entries of a list; false: none of them runs in the background. */
bool mf_background_begin(mf_compiler *c, const mf_node *list, mf_str path, mf_background *b);
void mf_background_end(mf_compiler *c, const mf_node *list, const mf_background *b);

/* A constant host in a text (the url of an action, a variable) becomes one that
 * the run may reach. */
void mf_compile_host(mf_compiler *c, const mf_node *text);
/* The same of a global variable or input, unless something writes it once the run has
 * begun; a value that is no constant text is told to the runner by its name. */
void mf_compile_constant(mf_compiler *c, mf_str name, const mf_node *value);
/* "constants": the names of those. */
void mf_constants_write(mf_compiler *c, mf_json_writer *w);

/* ---- scenario.c ---- */
typedef struct mf_scenario_use {
  uint32_t scenario; /* SCENARIO row, MF_ABSENT: no load */
  uint32_t fault;    /* FAULT row, MF_ABSENT: none */
  mf_str load_name;
  const mf_node *load; /* in place; NULL: a named one, or none */
  bool watched;        /* there are rows of WATCH for it */
  mf_expr *config;     /* arguments of the fault */
  mf_expr *seconds;    /* default duration; NULL: as long as the load lasts */
} mf_scenario_use;
/* What a step does: its scenario, load, checks and thresholds; reports what is wrong
 * with them. */
mf_scenario_use mf_scenario_resolve(mf_compiler *c, const mf_node *step, mf_str path);
/* The load of the steady state. */
mf_scenario_use mf_scenario_of_load(mf_compiler *c, const mf_node *load, mf_str name, mf_str path);
/* Emits the arguments of its load. */
void mf_emit_scenario_arguments(mf_compiler *c, const mf_scenario_use *use, mf_expr *seconds);
#endif
