/* flow - random documents, and what they have to do.
 *
 * flow_generate makes a document as a tree of these structs, flow_print writes it as
 * YAML, flow_expect carries the tree out as LANGUAGE says, and flow_record
 * compiles the text and runs it on the machine.  The last two see the same world
 * (flow_answer) and write lines of the same form, which then must be equal.  Neither the
 * generator nor the reference knows anything of the compiler or the machine. */
#ifndef MF_TESTS_FLOW_H
#define MF_TESTS_FLOW_H
#include <stdbool.h>
#include <stdint.h>

#include "../../base/arena.h"
#include "../../base/buffer.h"

/* ---- values and expressions ---- */

typedef enum flow_kind {
  FLOW_NO_VALUE, /* an error: what is read has none */
  FLOW_ERROR,    /* any other error */
  FLOW_BOOL,
  FLOW_INT,
  FLOW_DOUBLE,
  FLOW_TEXT,
  FLOW_LIST,
  FLOW_ANSWER, /* what save_as keeps */
} flow_kind;
typedef struct flow_value {
  flow_kind kind;
  long i;  /* of an answer: status or exit code; -1: none came */
  bool ok; /* of an answer */
  double d;
  const char *text; /* of an answer: "status" or "exit_code" */
  const struct flow_value *items;
  unsigned count;
} flow_value;

typedef enum flow_operator {
  FLOW_LITERAL,
  FLOW_NAME,   /* a variable, input, metric, aggregate or "iteration" */
  FLOW_MEMBER, /* of an answer: name.status */
  FLOW_EXISTS, /* only as a mapping */
  FLOW_PREVIOUS_SUCCEEDED,
  FLOW_PREVIOUS_FAILED,
  FLOW_ALL_SUCCEEDED,
  FLOW_PREVIOUS, /* previous.field */
  FLOW_STEP,     /* steps["x"].field */
  FLOW_NOT,
  FLOW_AND,
  FLOW_OR,
  FLOW_COMPARE,
  FLOW_ADD,
  FLOW_DIVIDE,
} flow_operator;
typedef enum flow_field {
  FLOW_SUCCESS,
  FLOW_FAILED,
  FLOW_SKIPPED,
  FLOW_STATUS,
  FLOW_DURATION,
  FLOW_ATTEMPTS,
  FLOW_MESSAGE, /* .error, only compared with "" */
  FLOW_RUNS,
} flow_field;
typedef struct flow_expr {
  flow_operator op;
  flow_value literal;
  const char *name;        /* of a name, of a member, of a comparison: its operator */
  const char *member;      /* status, exit_code, ok */
  struct flow_entry *step; /* of FLOW_STEP */
  flow_field field;
  bool mapping; /* written as {type: ...} */
  struct flow_expr *a, *b;
} flow_expr;

/* ---- lists, all of one type so that any element can be taken out ---- */

typedef struct flow_list {
  void **at;
  unsigned count, room;
} flow_list;

/* ---- hooks, actions, assertions ---- */

typedef enum flow_action_kind {
  FLOW_SET_VARIABLE,
  FLOW_LOG,
  FLOW_REQUEST,
  FLOW_COMMAND,
  FLOW_METRIC,
  FLOW_ASSERT,
  FLOW_PAUSE,
  FLOW_FAIL,
  FLOW_ABORT,
} flow_action_kind;
typedef enum flow_on_error { FLOW_BY_DEFAULT, FLOW_DOES_FAIL, FLOW_IGNORE } flow_on_error;
typedef struct flow_action {
  flow_action_kind kind;
  flow_expr *condition; /* of FLOW_ASSERT: what is asserted */
  flow_on_error on_error;
  const char *name;  /* variable, metric, URL, command, text of a message */
  flow_expr *value;  /* set or recorded; of a message: behind its text; of a pause: seconds;
                        of a request: its body; of a command: its argument */
  flow_expr *expect; /* a condition on response */
  long expect_code;  /* or a status, an exit code; -1: none */
  const char *save_as;
  const char *level;
} flow_action;

typedef enum flow_moment {
  FLOW_PRE_ORCHESTRATION,
  FLOW_POST_ORCHESTRATION,
  FLOW_PRE_STEP,
  FLOW_POST_STEP,
  FLOW_POST_VERDICT,
} flow_moment;
typedef struct flow_hook {
  flow_moment moment; /* of global ones */
  flow_expr *condition;
  flow_on_error on_error;
  flow_list actions;
} flow_hook;

typedef enum flow_assertion_kind {
  FLOW_HOLDS,
  FLOW_EQUALS,
  FLOW_IN_RANGE,
  FLOW_STEP_SUCCEEDED,
  FLOW_STEP_FAILED,
} flow_assertion_kind;
typedef struct flow_assertion {
  flow_assertion_kind kind;
  flow_expr *condition;
  const char *name; /* variable or metric */
  flow_value expected;
  long min, max;
  struct flow_entry *step;
  bool warning, no_data_passes;
} flow_assertion;

typedef struct flow_setting {
  const char *name;
  flow_expr *value;
} flow_setting;

/* ---- entries ---- */

typedef enum flow_entry_kind {
  FLOW_A_STEP,
  FLOW_CONDITIONAL,
  FLOW_REPEAT,
  FLOW_GROUP,
  FLOW_WAIT,
  FLOW_WAIT_UNTIL,
  FLOW_AN_ACTION,
} flow_entry_kind;
typedef enum flow_turns { FLOW_COUNT, FLOW_WHILE, FLOW_UNTIL, FLOW_FOR_EACH } flow_turns;
typedef struct flow_result {
  bool known, skipped, succeeded, interrupted;
  bool erred; /* there is an error to tell: not of what was only interrupted */
  double duration;
  unsigned attempts, runs, runs_passed, runs_failed;
  bool owed; /* an assertion that was to judge its failure did not yet */
} flow_result;
typedef struct flow_arm {
  flow_expr *condition;
  flow_list entries;
} flow_arm;
typedef struct flow_entry {
  flow_entry_kind kind;
  flow_expr *condition;
  bool optional, goes_on;
  /* a step */
  unsigned number;
  const char *name;       /* as written: "s1", or "s1 ${g0}" */
  const flow_expr *shown; /* what stands in it */
  char identity[24];
  bool load, fault, in_base;
  bool expected_to_fail;  /* set by flow_name_steps */
  double duration, delay; /* negative: not given */
  flow_expr *length;      /* in place of the duration */
  flow_list variables, pre_hooks, post_hooks, assertions;
  unsigned attempts;             /* 0: no retry */
  double pause, factor, longest; /* 0: not given */
  flow_expr *when;
  flow_result result; /* of the reference */
  /* a conditional */
  flow_list arms, otherwise;
  /* a repeat */
  flow_turns turns;
  flow_expr *how;
  const char *as;
  flow_list entries; /* of a group: its branches */
  /* a group */
  bool fail_fast;
  flow_expr *most;
  /* a branch, a background step */
  bool background;
  flow_list needs;           /* entries of the same group */
  unsigned label;            /* its id; 0: none */
  bool begun, alive, missed; /* of the reference */
  /* a wait, a wait_until */
  flow_expr *seconds, *until;
  const char *url;
  double interval, timeout; /* a step's: 0 for none */
  flow_action *action;
} flow_entry;

typedef enum flow_strategy { FLOW_ALWAYS, FLOW_ON_FAILURE, FLOW_NEVER } flow_strategy;
typedef struct flow_document {
  mf_arena arena;
  uint64_t seed;
  flow_list inputs, variables; /* of flow_setting */
  flow_list lists[3];
  flow_list hooks, assertions, rollbacks;
  flow_strategy strategy;
  bool parallel;       /* all of lists[0] at once */
  unsigned iterations; /* 0: no loop */
  bool steady;
  flow_list probes, steady_assertions;
  double steady_duration, recovery; /* negative: not given */
  const char *report;
  /* what flow_shrink may take away */
  flow_list **all_lists;
  flow_expr ***all_conditions;
  bool **all_flags;
  unsigned list_count, condition_count, flag_count, list_room, condition_room, flag_room;
} flow_document;

/* ---- what happens ---- */

typedef struct flow_world {
  uint64_t seed;
  unsigned asked[64]; /* how often each name was */
} flow_world;
typedef struct flow_reply {
  bool ok;
  long code;         /* status or exit code; -1: none */
  double error_rate; /* of a load */
  double seconds;    /* it takes, a load: beside its duration */
} flow_reply;

/* What comes of the next request, command or load of that name. */
flow_reply flow_answer(flow_world *w, const char *driver, const char *name);

void flow_generate(flow_document *d, uint64_t seed);
void flow_free(flow_document *d);
/* Identities of the steps, which are expected to fail; before printing and running. */
void flow_name_steps(flow_document *d);
void flow_print(flow_document *d, mf_buf *out);
/* The lines of what has to happen. */
void flow_expect(flow_document *d, mf_buf *out);
/* The lines of what happens; false, and messages, if the text does not compile. */
bool flow_record(const flow_document *d, mf_str text, mf_buf *out);
/* Takes away what the difference does not need; `differs` is asked. */
void flow_shrink(flow_document *d, bool (*differs)(flow_document *d));

/* Shared forms of lines. */
void flow_put_value(mf_buf *out, const flow_value *v);
#endif
