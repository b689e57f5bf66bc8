/* input_rules - what an input takes: its type, its bounds, its list of values, its
 * pattern.  The compiler asks for defaults, the machine for every write.
 *
 * Values are converted where nothing is lost or guessed: an int for a double, the
 * text "5m" or a number of seconds for a duration, a text for a timestamp. */
#ifndef MF_VM_INPUT_RULES_H
#define MF_VM_INPUT_RULES_H
#include "../image/image.h"
#include "call.h"

typedef struct mf_input_rule {
  uint32_t type;           /* MF_INPUT_TYPE_... */
  bool secret;             /* messages do not show the value */
  const mf_value *min;     /* NULL: none */
  const mf_value *max;     /* NULL: none */
  const mf_value *allowed; /* a list; NULL: any value */
  const mf_value *pattern; /* NULL: none */
} mf_input_rule;

mf_input_rule mf_input_rule_of(const mf_image *image, uint32_t row);

/* Makes *v the input's: converted, and tainted if the input is a secret.  NULL;
 * else what it must be and is not ("an int from 1 to 5, not 7"), in call's scratch
 * memory, *v is as it was; or NULL because the evaluation ended (call->status). */
const char *mf_input_take(mf_call *call, const mf_input_rule *rule, mf_value *v);
/* A value of that type as it is written on a command line or in an .env file; what
 * cannot be one is left as text, which is borrowed.  UNSET when out of memory. */
mf_value mf_input_read(mf_arena *arena, uint32_t type, mf_str text);
/* Converts *v to the type alone; false: it cannot be one. */
bool mf_input_convert(uint32_t type, mf_value *v);
#endif
