/* random - the state of a generator of documents, and its parts. */
#ifndef MF_TESTS_FLOW_RANDOM_H
#define MF_TESTS_FLOW_RANDOM_H
#include "flow.h"

enum { NAMES = 8, LOOPS = 3 };

/* Inside which branch, or background step. */
typedef struct place {
  const struct place *around;
  const flow_list *group; /* NULL: of a list, beside the rest of which it runs */
} place;

typedef struct generator {
  flow_document *d;
  uint64_t state;
  unsigned room;    /* entries left */
  unsigned wild;    /* percent: how often values have no or another kind */
  unsigned depth;   /* of lists of entries */
  flow_entry *step; /* the one whose inside is made */
  const char *loops[LOOPS + 1];
  unsigned loop_count, named;
  flow_list steps;
  flow_list open;  /* where the steps go that expressions and assertions name */
  flow_list asked; /* beside each: the step around it, which it must not name */
  /* the same three, where they are */
  const place *here;
  flow_list places_of_steps, places_of_open;
  bool metric_recorded, saved_request, saved_command, written[NAMES];
} generator;

#define NEW(g, type) ((type *)random_get((g), sizeof(type)))
extern const char *const random_globals[4];

/* random_conditions.c: chance and lists; what is registered the shrinker may take away */
unsigned random_pick(generator *g, unsigned n);
bool random_chance(generator *g, unsigned percent);
void *random_get(generator *g, size_t size);
void random_add(generator *g, flow_list *l, void *p);
void random_register_list(generator *g, flow_list *l);
void random_register_condition(generator *g, flow_expr **e);
void random_register_flag(generator *g, bool *flag);
flow_expr *random_node(generator *g, flow_operator op);
flow_value random_int_value(long i);
flow_expr *random_literal(generator *g, flow_value v);
flow_value random_constant(generator *g);
flow_expr *random_name(generator *g);
/* *step is chosen at the end, when all are there. */
void random_wait_for_step(generator *g, flow_entry **step);
flow_expr *random_member(generator *g);
/* The compiler refuses to compare what is a number for sure with anything else. */
bool random_is_numeric(const flow_expr *e);
flow_expr *random_truth(generator *g, unsigned depth);
flow_expr *random_condition(generator *g);
flow_expr *random_value(generator *g);
void random_maybe_condition(generator *g, flow_expr **e, unsigned percent);

/* random_actions.c */
/* A global variable of that name has a value somewhere. */
void random_written(generator *g, const char *n);
void random_effect(generator *g, flow_action *a);
flow_action *random_action(generator *g, bool may_abort);
flow_hook *random_hook(generator *g, flow_moment moment);
void random_hooks(generator *g, flow_list *l, flow_moment moment, unsigned percent);
void random_assertions(generator *g, flow_list *l, unsigned percent, bool about_steps);

/* random_entries.c */
void random_conditional(generator *g, flow_entry *e);
void random_branches(generator *g, flow_list *l, unsigned most);
void random_entries(generator *g, flow_list *l, unsigned most);
#endif
