/* SPDX-License-Identifier: MIT */
#include "load_data.h"

#include "../base/hash.h"
#include "../base/limits.h"
#include "../base/map.h"
#include "../io/durable.h"
#include "csv.h"
#include "plain_json.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_COLUMNS 1000
#define MAX_DEPTH 100

typedef struct span {
  uint32_t start, end; /* of a row, in the file */
} span;

typedef enum mode { SEQUENTIAL, RANDOM, PER_VU } mode;
static const char *const modes[] = {"sequential", "random", "per_vu"};

struct mf_load_data {
  mf_alloc alloc;
  mf_arena arena; /* names and spans */
  mf_buf file;
  const char *name; /* of the file, for messages */
  mode mode;
  uint32_t count, cap;
  span *spans;          /* of a file */
  const mf_value *list; /* or these, borrowed from the arguments */
  mf_value *columns;    /* of CSV; NULL: JSON */
  uint32_t n_columns;
  mf_arena row; /* the one asked for last */
  uint32_t row_number;
  mf_value row_value;
};

/* ---- Mistakes ---- */

static void fail_file(mf_load_data *d, mf_args *args, const char *why) {
  const char *text = mf_arena_printf(args->arena, "data file '%s': %s", d->name, why);
  mf_args_fail(args, text ? text : "out of memory");
}

static void fail_line(mf_load_data *d, mf_args *args, uint32_t line, const char *why) {
  const char *text = mf_arena_printf(args->arena, "data file '%s', line %u: %s", d->name,
                                     (unsigned)line, why);
  mf_args_fail(args, text ? text : "out of memory");
}

static uint32_t line_of(mf_str text, size_t at) {
  uint32_t line = 1;
  for (size_t i = 0; i < at && i < text.n; i++) line += text.p[i] == '\n';
  return line;
}

/* ---- Rows of a file ---- */

static bool add_span(mf_load_data *d, mf_args *args, size_t start, size_t end) {
  if (d->count == MF_LIMIT_DATA_ROWS) {
    fail_file(d, args, "it has more than 1000000 rows");
    return false;
  }
  if (d->count == d->cap) {
    uint32_t cap = d->cap ? 2 * d->cap : 64;
    span *spans = mf_arena_grow(&d->arena, d->spans, d->cap * sizeof *spans, cap * sizeof *spans);
    if (!spans) {
      mf_args_fail(args, "out of memory");
      return false;
    }
    d->spans = spans;
    d->cap = cap;
  }
  d->spans[d->count++] = (span){(uint32_t)start, (uint32_t)end};
  return true;
}

/* The next object of the list, which the scanner stands at. */
static bool scan_object(mf_load_data *d, mf_args *args, mf_json_scanner *s) {
  size_t start = s->span.offset;
  const uint32_t outside = s->depth - 1;
  if (s->kind != MF_JSON_MAP_OPEN) {
    fail_line(d, args, line_of(s->source, start), "it must be a list of objects, a row each");
    return false;
  }
  while (s->kind != MF_JSON_ERROR && s->depth > outside) {
    mf_arena_reset(&d->row);
    mf_json_next(s);
  }
  return s->kind != MF_JSON_ERROR &&
         add_span(d, args, start, (size_t)s->span.offset + s->span.length);
}

static void scan_json(mf_load_data *d, mf_args *args) {
  mf_json_scanner s;
  mf_json_scan_init(&s, &d->row, mf_buf_str(&d->file), MAX_DEPTH);
  bool more = mf_json_next(&s) == MF_JSON_LIST_OPEN;
  if (!more && s.kind != MF_JSON_ERROR) fail_file(d, args, "it must be a list of objects");
  while (more && mf_json_next(&s) != MF_JSON_LIST_CLOSE && s.kind != MF_JSON_ERROR)
    more = scan_object(d, args, &s);
  if (more && s.kind == MF_JSON_LIST_CLOSE) mf_json_next(&s);
  if (s.kind == MF_JSON_ERROR)
    fail_line(d, args, line_of(s.source, s.span.offset), s.error ? s.error : "out of memory");
}

/* The row of names at the top. */
static void scan_names(mf_load_data *d, mf_args *args, mf_csv *csv) {
  mf_names seen;
  mf_csv_field field = {.last = false};
  mf_names_init(&seen, &d->arena);
  d->columns = MF_NEW_ARRAY(&d->arena, mf_value, MAX_COLUMNS);
  if (!d->columns) mf_args_fail(args, "out of memory");
  while (!args->error && !field.last) {
    const uint32_t line = csv->line;
    if (!mf_csv_next(csv, &field)) return;
    mf_str name = mf_csv_text(&d->arena, &field);
    if (d->n_columns == MAX_COLUMNS)
      fail_line(d, args, line, "it has more than 1000 columns");
    else if (name.n == 0)
      fail_line(d, args, line, "a column has no name");
    else if (mf_names_get(&seen, name) != MF_NAMES_NONE)
      fail_line(d, args, line, "two columns have the same name");
    else if (!mf_names_set(&seen, name, 0))
      mf_args_fail(args, "out of memory");
    else
      d->columns[d->n_columns++] = mf_string(name);
  }
}

static void scan_csv_row(mf_load_data *d, mf_args *args, mf_csv *csv) {
  const size_t start = csv->at;
  const uint32_t line = csv->line;
  mf_csv_field field = {.last = false};
  uint32_t fields = 0;
  for (; !field.last; fields++)
    if (!mf_csv_next(csv, &field)) return;
  if (fields != d->n_columns)
    fail_line(d, args, line, "it has more or fewer fields than there are names in the first row");
  else
    (void)add_span(d, args, start, csv->at);
}

static void scan_csv(mf_load_data *d, mf_args *args) {
  mf_csv csv = {.text = mf_buf_str(&d->file), .line = 1};
  if (mf_str_starts(csv.text, MF_STR("\xEF\xBB\xBF"))) csv.at = 3;
  if (!mf_csv_row(&csv)) {
    fail_file(d, args, "it is empty; its first row must be the names of its columns");
    return;
  }
  scan_names(d, args, &csv);
  while (!args->error && !csv.error && mf_csv_row(&csv)) scan_csv_row(d, args, &csv);
  if (csv.error) fail_line(d, args, csv.line, csv.error);
}

/* ---- Reading ---- */

static bool ends_with(mf_str s, const char *end) {
  const size_t n = strlen(end);
  return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* No pipe, which might never end; no "-", which would be standard input. */
static bool read_whole(mf_load_data *d, mf_args *args, const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) {
    fail_file(d, args, strerror(errno));
  } else if (!S_ISREG(st.st_mode)) {
    fail_file(d, args, "it is no file");
  } else {
    switch (mf_file_read(path, &d->file)) {
      case MF_OK: return true;
      case MF_TOO_LARGE: fail_file(d, args, "it is larger than 64 MiB"); break;
      case MF_OUT_OF_MEMORY: mf_args_fail(args, "out of memory"); break;
      default: fail_file(d, args, strerror(errno));
    }
  }
  return false;
}

static void read_file(mf_load_data *d, const mf_driver_env *env, mf_args *args, mf_str name) {
  const bool absolute = name.n > 0 && name.p[0] == '/';
  const bool json = ends_with(name, ".json");
  const mf_str base = env->base_dir.n ? env->base_dir : MF_STR(".");
  d->name = mf_arena_copy(&d->arena, name.p, name.n);
  const char *path = absolute ? d->name
                              : mf_arena_printf(&d->arena, "%.*s/%.*s", (int)base.n, base.p,
                                                (int)name.n, name.p);
  if (!d->name || !path)
    mf_args_fail(args, "out of memory");
  else if (strlen(d->name) != name.n || (!json && !ends_with(name, ".csv")))
    fail_file(d, args, "its name must end in .csv or .json");
  else if (!read_whole(d, args, path))
    return;
  else if (mf_utf8_valid(d->file.p ? d->file.p : "", d->file.n) != d->file.n)
    fail_line(d, args, line_of(mf_buf_str(&d->file), mf_utf8_valid(d->file.p, d->file.n)),
              "it is not UTF-8");
  else if (json)
    scan_json(d, args);
  else
    scan_csv(d, args);
  mf_arena_reset(&d->row);
  if (!args->error && d->count == 0) fail_file(d, args, "it has no rows");
}

static void read_list(mf_load_data *d, mf_args *args, const mf_value *list) {
  if (list->len == 0 || list->len > MF_LIMIT_DATA_ROWS) {
    mf_args_fail(args, "argument 'data' must have 1 to 1000000 rows");
    return;
  }
  for (uint32_t i = 0; i < list->len; i++)
    if (list->as.list[i].kind != MF_MAP) {
      mf_args_fail(args, "argument 'data' must be a list of maps, a row each");
      return;
    }
  d->list = list->as.list;
  d->count = list->len;
}

static void read_mode(mf_load_data *d, mf_args *args, mf_args *own) {
  mf_str word = mf_arg_text(own, "mode", modes[SEQUENTIAL]);
  for (uint32_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (mf_str_is(word, modes[i])) {
      d->mode = (mode)i;
      return;
    }
  mf_args_fail(args, "the mode of 'data' must be sequential, random or per_vu");
}

static void read_any(mf_load_data *d, const mf_driver_env *env, mf_args *args,
                     const mf_value *given) {
  mf_args own;
  mf_args_init(&own, args->arena, given);
  if (given->kind == MF_LIST) {
    read_list(d, args, given);
  } else if (given->kind == MF_STRING) {
    read_file(d, env, args, mf_value_str(*given));
  } else if (given->kind == MF_MAP && mf_arg_given(&own, "file") != mf_arg_given(&own, "rows")) {
    const mf_value *rows = mf_arg_list(&own, "rows");
    read_mode(d, args, &own);
    mf_str file = mf_arg_text(&own, "file", NULL);
    if (own.error)
      mf_args_fail(args, own.error);
    else if (rows)
      read_list(d, args, rows);
    else
      read_file(d, env, args, file);
  } else {
    mf_args_fail(args,
                 "argument 'data' must be a list of maps, the name of a file, or a map with"
                 " file or rows, and mode");
  }
}

mf_load_data *mf_load_data_read(const mf_driver_env *env, mf_args *args) {
  const mf_value *given = mf_arg_any(args, "data");
  if (!given || given->kind == MF_NULL || given->kind == MF_UNSET) return NULL;
  mf_load_data *d = mf_realloc(&env->alloc, NULL, 0, sizeof *d);
  if (!d) {
    mf_args_fail(args, "out of memory");
    return NULL;
  }
  *d = (mf_load_data){.alloc = env->alloc, .row_number = UINT32_MAX};
  mf_arena_init(&d->arena, &env->alloc, 0);
  mf_arena_init(&d->row, &env->alloc, 0);
  mf_buf_init(&d->file, &env->alloc, MF_LIMIT_DATA_BYTES);
  read_any(d, env, args, given);
  if (!args->error) return d;
  mf_load_data_free(d);
  return NULL;
}

void mf_load_data_free(mf_load_data *d) {
  if (!d) return;
  mf_arena_fini(&d->arena);
  mf_arena_fini(&d->row);
  mf_buf_fini(&d->file);
  mf_alloc alloc = d->alloc;
  mf_realloc(&alloc, d, sizeof *d, 0);
}

/* ---- Taking rows ---- */

uint32_t mf_load_data_count(const mf_load_data *d) { return d->count; }

uint32_t mf_load_data_pick(const mf_load_data *d, uint32_t user, uint64_t turn, uint64_t seed) {
  switch (d->mode) {
    case RANDOM: return (uint32_t)(mf_hash64(&turn, sizeof turn, seed) % d->count);
    case PER_VU: return user % d->count;
    case SEQUENTIAL: break;
  }
  return (uint32_t)(turn % d->count);
}

static mf_value csv_row(mf_load_data *d, mf_str text) {
  mf_csv csv = {.text = text, .line = 1};
  mf_map_builder b;
  mf_csv_field field;
  mf_map_build(&b, &d->row);
  for (uint32_t i = 0; i < d->n_columns && mf_csv_next(&csv, &field); i++)
    mf_map_add_value(&b, d->columns[i], mf_string(mf_csv_text(&d->row, &field)));
  return mf_map_done(&b);
}

mf_value mf_load_data_row(mf_load_data *d, uint32_t row) {
  if (d->list) return d->list[row];
  if (row == d->row_number) return d->row_value;
  mf_arena_reset(&d->row);
  mf_str text = {d->file.p + d->spans[row].start, d->spans[row].end - d->spans[row].start};
  d->row_value = d->columns ? csv_row(d, text) : mf_plain_json(&d->row, text);
  if (mf_arena_oom(&d->row)) d->row_value = (mf_value){.kind = MF_UNSET};
  d->row_number = d->row_value.kind == MF_UNSET ? UINT32_MAX : row;
  return d->row_value;
}
