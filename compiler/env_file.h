/* env_file - files of environment variables (.env): lines NAME=TEXT.
 *
 * What the common dialects agree on: blank lines and lines that begin with # are
 * skipped; "export " may stand before the name, blanks around the '='.  Without
 * quotes the text ends at the line's end, or before a # that follows a blank.  In
 * single quotes nothing is special; in double quotes \n \r \t \" \\ and \$ are
 * escapes and other backslashes stay; both may go on over lines.  $NAME is not
 * expanded: what is given from outside is never interpolated.  Of a repeated name
 * the last counts. */
#ifndef MF_COMPILER_ENV_FILE_H
#define MF_COMPILER_ENV_FILE_H
#include "../base/arena.h"
#include "../base/text.h"

typedef struct mf_env_reader {
  mf_arena *arena; /* texts with escapes are made here, others borrow */
  mf_str source;
  size_t at;
  const char *error; /* NULL, or why reading ended; static */
  size_t error_at;   /* its byte */
} mf_env_reader;

void mf_env_open(mf_env_reader *reader, mf_arena *arena, mf_str source);
/* The next line's name and text; false at the end, after an error, and when out of
 * memory. */
bool mf_env_next(mf_env_reader *reader, mf_str *name, mf_str *text);
#endif
