/* outline - what a program asks of the world, read from its code before it runs.
 *
 * Each effect that can be asked for is listed once, in the order of the code, with
 * its arguments as far as they are known: constants, variables that are set once (or
 * were given by the caller), and texts made of these.  Of others there is the text of
 * the expression.  What is listed may still not be carried out. */
#ifndef MF_IMAGE_OUTLINE_H
#define MF_IMAGE_OUTLINE_H
#include "image.h"

typedef struct mf_outline_argument mf_outline_argument;
struct mf_outline_argument {
  mf_outline_argument *next;
  mf_str name;
  bool known;
  mf_value value; /* known */
  bool joined;    /* else: put together from parts, with expressions in it */
  mf_str text;
};

typedef enum mf_outline_kind {
  MF_OUTLINE_LOAD,
  MF_OUTLINE_REQUEST, /* of the load before it; none: GET requests to the target */
  MF_OUTLINE_FAULT,
  MF_OUTLINE_EFFECT, /* of a driver that an action asks for */
  MF_OUTLINE_WAIT,
  MF_OUTLINE_REPORT,
} mf_outline_kind;

/* What it is a part of. */
typedef enum mf_outline_place {
  MF_OUTLINE_ENTRY,
  MF_OUTLINE_HOOK,
  MF_OUTLINE_PROBE, /* of the steady state, or of an abort_when */
  MF_OUTLINE_ROLLBACK,
} mf_outline_place;

typedef struct mf_outline mf_outline;
struct mf_outline {
  mf_outline *next;
  mf_outline_kind kind;
  mf_outline_place place;
  mf_str driver, name, path; /* name: of the scenario, request or fault */
  mf_outline_argument *arguments;
};

/* Values from outside: they win over initial ones. */
typedef struct mf_outline_given {
  mf_str name;
  mf_value value;
} mf_outline_given;

/* NULL with *out unchanged: out of memory.  All of it lives in the arena or is the image's. */
bool mf_outline_read(mf_arena *arena, const mf_image *image, const mf_outline_given *given,
                     size_t given_count, mf_outline **out);
/* The argument of that name; NULL: it is not there. */
const mf_outline_argument *mf_outline_get(const mf_outline *item, const char *name);
#endif
