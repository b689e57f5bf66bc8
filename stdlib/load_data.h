/* load_data - the rows that the turns of a load take: `data`.
 *
 * A list of maps; or a file, CSV with a row of names at its top, or a JSON list of
 * objects.  A file is read and checked as a whole when the load starts and kept as it is;
 * a row is made a value when it is asked for, which costs less memory than having all of
 * them. */
#ifndef MF_STDLIB_LOAD_DATA_H
#define MF_STDLIB_LOAD_DATA_H
#include "../base/buffer.h"
#include "driver_kit.h"

typedef struct mf_load_data mf_load_data;

/* Reads the argument `data`, which outlives it.  NULL: there is none, or args->error says
 * what is wrong. */
mf_load_data *mf_load_data_read(const mf_driver_env *env, mf_args *args);
void mf_load_data_free(mf_load_data *data);
/* Which row a virtual user's turn takes.  The same for the same seed. */
uint32_t mf_load_data_pick(const mf_load_data *data, uint32_t user, uint64_t turn, uint64_t seed);
/* The row, valid until the next call.  UNSET: out of memory. */
mf_value mf_load_data_row(mf_load_data *data, uint32_t row);
uint32_t mf_load_data_count(const mf_load_data *data);
#endif
