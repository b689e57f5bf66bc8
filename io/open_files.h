/* open_files - how many descriptors the process may have. */
#ifndef MF_IO_OPEN_FILES_H
#define MF_IO_OPEN_FILES_H
#include <stdint.h>

/* Raises the soft limit to `count`, or as far as the hard one allows; never lowers it.
 * Returns how many may be open now. */
uint64_t mf_open_files_allow(uint64_t count);
#endif
