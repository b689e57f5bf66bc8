/* SPDX-License-Identifier: MIT */
/* SQLite: a prepared statement, every input bound on each evaluation. */
#include <sqlite3.h>

#include "harness.h"

static sqlite3 *db;

static void bind_input(sqlite3_stmt *s, int at, const row *r, const input *in) {
  switch (in->type) {
    case NUMBER: sqlite3_bind_double(s, at, number_of(r, in)); break;
    case WHOLE: sqlite3_bind_int64(s, at, whole_of(r, in)); break;
    case TRUTH: sqlite3_bind_int(s, at, truth_of(r, in)); break;
    case TEXT:
      sqlite3_bind_text(s, at, text_of(r, in).p, (int)text_of(r, in).n, SQLITE_STATIC);
      break;
    default: break;
  }
}

static sqlite3_stmt *statement_of(unsigned c) {
  static char text[1024], code[2048];
  sqlite3_stmt *s = NULL;
  write_text(text, sizeof text, c, SQL, ":", "_");
  snprintf(code, sizeof code, "SELECT %s", text);
  must(sqlite3_prepare_v2(db, code, -1, &s, NULL) == SQLITE_OK, code);
  return s;
}

/* Parameters are numbered as they first occur; inputs are named. */
static int place_of(sqlite3_stmt *s, const char *name) {
  char text[64];
  snprintf(text, sizeof text, ":%s", name);
  for (char *p = text; *p; p++)
    if (*p == '.') *p = '_';
  return sqlite3_bind_parameter_index(s, text);
}

#define HOST(i)                                                        \
  do {                                                                 \
    int n_ = 0;                                                        \
    for (const input *in = conditions[c].inputs; in->type; in++, n_++) \
      bind_input(s, places[n_], &rows[i], in);                         \
    must(sqlite3_step(s) == SQLITE_ROW, "sqlite: no row");             \
    if (c == CASE_TEXT) {                                              \
      a.text = (const char *)sqlite3_column_text(s, 0);                \
      a.length = (size_t)sqlite3_column_bytes(s, 0);                   \
      memcpy(kept, a.text, a.length), a.text = kept;                   \
    } else {                                                           \
      a.truth = sqlite3_column_int(s, 0) != 0;                         \
    }                                                                  \
    sqlite3_reset(s);                                                  \
  } while (0)

int main(void) {
  static char kept[64];
  prepare();
  repeats_of_short_order = 4;
  must(sqlite3_open(":memory:", &db) == SQLITE_OK, "sqlite: cannot open");
  for (unsigned c = 0; c < CASES; c++) {
    if (conditions[c].texts[SQL] == NULL) continue;
    sqlite3_stmt *s = statement_of(c);
    int places[MAX_INPUTS], n = 0;
    for (const input *in = conditions[c].inputs; in->type; in++)
      places[n++] = place_of(s, in->name);
    MEASURE("sqlite", "host", c, HOST);
    sqlite3_finalize(s);
  }
  sqlite3_close(db);
  return 0;
}
