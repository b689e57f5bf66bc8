/* printable - text from the world, made safe for a terminal. */
#ifndef MF_RUNNER_PRINTABLE_H
#define MF_RUNNER_PRINTABLE_H
#include "../base/text.h"

/* Appends `s` with everything escaped that could move a cursor, change a colour,
 * end a line or turn the reading direction: "\n", "\x1b", "\u202e".  Bytes that
 * are not UTF-8 become "\xff". */
void mf_print_safe(mf_buf *out, mf_str s);
#endif
