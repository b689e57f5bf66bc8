/* armed - what the expressions of a load are evaluated over.
 *
 * When a load starts, the machine's slots are copied; from then on they change only as
 * the load itself has it: the parts of the response under way, the row of `data`, what a
 * virtual user captured, readings.  So what a load judges does not depend on what the
 * machine does meanwhile, and nothing here touches the machine's memory. */
#ifndef MF_STDLIB_ARMED_H
#define MF_STDLIB_ARMED_H
#include "../image/image.h"
#include "../io/http_client.h"
#include "../vm/call.h"
#include "driver.h"

typedef struct mf_program mf_program; /* vm/program.h */

/* Parts of a response: bits of what an expression reads. */
enum {
  MF_READS_STATUS = 1 << 0,
  MF_READS_LATENCY = 1 << 1,
  MF_READS_HEADERS = 1 << 2,
  MF_READS_BODY = 1 << 3,
  MF_READS_JSON = 1 << 4,
  MF_READS_ERROR = 1 << 5,
  MF_READS_ALL = 1 << 6, /* `response` as a whole */
  MF_READS_DATA = 1 << 7,
  /* These need what is otherwise not kept. */
  MF_READS_HEAD_BYTES = MF_READS_HEADERS | MF_READS_JSON | MF_READS_ALL,
  MF_READS_BODY_BYTES = MF_READS_BODY | MF_READS_JSON | MF_READS_ALL,
};

enum { MF_ARMED_BUILTINS = MF_BUILTIN_LOAD_DATA + 1 };

typedef struct mf_armed {
  mf_alloc alloc;
  const mf_image *image;
  mf_value *slots; /* as many as the image has */
  uint32_t slot_count;
  mf_evaluator *evaluator;
  mf_arena values;                      /* what the copied slots consist of */
  mf_arena response;                    /* of the one under way */
  uint32_t builtins[MF_ARMED_BUILTINS]; /* the slot of each, or MF_ABSENT */
  mf_dice dice;
  char path[16]; /* of the dice: the load and the number of its turn */
  size_t path_length;
  uint64_t seed;
} mf_armed;

/* Copies the slots of script->vm.  Errors: OUT_OF_MEMORY; then, too, fini. */
mf_status mf_armed_init(mf_armed *armed, const mf_alloc *alloc, const mf_load_script *script,
                        const mf_regex *regex, uint64_t seed);
void mf_armed_fini(mf_armed *armed);
/* Copies the machine's slots again: for watches of the run, which outlive loads.
 * OUT_OF_MEMORY: they stay as they were. */
mf_status mf_armed_refresh(mf_armed *armed, const mf_vm *vm);

/* What a chunk reads: MF_READS_ bits.  If `slots` is not NULL, slots[i] becomes true for
 * each slot i it reads, and others stay as they are. */
uint32_t mf_armed_reads(const mf_image *image, uint32_t chunk, bool *slots);

/* A program of a pure chunk of the image; owned by the caller.  Errors: OUT_OF_MEMORY. */
mf_status mf_armed_program(mf_armed *armed, uint32_t chunk, mf_program **out);

/* The response that is looked at from now on; of it those parts that `reads` has.  Without
 * a response (an error) status is 0, headers and body are empty, json has no value.
 * Valid until the next one.  Errors: OUT_OF_MEMORY. */
mf_status mf_armed_response(mf_armed *armed, uint32_t reads, const mf_http_result *result,
                            int64_t latency_ns);

/* From now on random() and its like give what belongs to turn `turn`. */
void mf_armed_turn(mf_armed *armed, uint64_t turn);

/* Errors of the expression are values; a budget that is exceeded is a status. */
mf_status mf_armed_eval(mf_armed *armed, const mf_program *program, mf_value *result);
#endif
