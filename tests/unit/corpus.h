/* corpus - reading test documents and the expectations in their comments. */
#ifndef MF_TESTS_CORPUS_H
#define MF_TESTS_CORPUS_H
#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text.h"
#include "../../include/mfvm.h"

#ifndef MF_TESTS_DIR
#define MF_TESTS_DIR "tests"
#endif

/* A whole file, NUL-terminated; NULL if it cannot be read.  The caller frees. */
static inline char *corpus_read(const char *path, size_t *n) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  size_t cap = 1 << 16, got = 0, r;
  char *p = malloc(cap + 1);
  while ((r = fread(p + got, 1, cap - got, f)) > 0)
    if ((got += r) == cap) p = realloc(p, (cap *= 2) + 1);
  fclose(f);
  p[got] = 0;
  *n = got;
  return p;
}

static inline void corpus_write(const char *path, const char *p, size_t n) {
  FILE *f = fopen(path, "wb");
  ck_assert_msg(f != NULL, "cannot write %s", path);
  fwrite(p, 1, n, f);
  fclose(f);
}

static inline bool corpus_ends(const char *name, const char *end) {
  size_t n = strlen(name), m = strlen(end);
  return n > m && !strcmp(name + n - m, end);
}

typedef struct corpus_files {
  char **paths;
  size_t count;
} corpus_files;

static inline int corpus_compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files of tests/FOLDER with one of the endings, sorted. */
static inline corpus_files corpus_list(const char *folder, const char *const *endings) {
  corpus_files files = {NULL, 0};
  char dir[512];
  snprintf(dir, sizeof dir, "%s/%s", MF_TESTS_DIR, folder);
  DIR *d = opendir(dir);
  const char *only = getenv("T_FILE");
  for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
    bool wanted = false;
    for (size_t i = 0; endings[i]; i++) wanted |= corpus_ends(e->d_name, endings[i]);
    if (!wanted || (only && !strstr(e->d_name, only))) continue;
    files.paths = realloc(files.paths, (files.count + 1) * sizeof *files.paths);
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    files.paths[files.count++] = strdup(path);
  }
  if (d) closedir(d);
  if (files.count) qsort(files.paths, files.count, sizeof *files.paths, corpus_compare);
  return files;
}

static inline void corpus_free(corpus_files *files) {
  for (size_t i = 0; i < files->count; i++) free(files->paths[i]);
  free(files->paths);
}

/* Documents that those of a corpus run: tests/FOLDER/lib/NAME.yaml.  `found` (may be
 * NULL) is called for each that is loaded. */
typedef struct corpus_library {
  const char *path; /* of the document */
  void (*found)(void *ctx, const char *file, const char *text);
  void *ctx;
  char *text;
  char file[256];
} corpus_library;

static inline mf_status corpus_load(void *ctx, mf_str name, mf_linked_document *out, char *why,
                                    size_t why_size) {
  corpus_library *l = ctx;
  char path[1024];
  size_t n = 0;
  const char *slash = strrchr(l->path, '/');
  snprintf(l->file, sizeof l->file, "%.*s.yaml", (int)name.n, name.p);
  snprintf(path, sizeof path, "%.*s/lib/%s", (int)(slash - l->path), l->path, l->file);
  free(l->text);
  l->text = corpus_read(path, &n);
  if (!l->text) {
    snprintf(why, why_size, "it is not in lib");
    return strcmp(l->file, "damaged.yaml") ? MF_NO_SUCH_DOCUMENT : MF_IO_ERROR;
  }
  if (l->found) l->found(l->ctx, l->file, l->text);
  *out = (mf_linked_document){.bytes = {l->text, n}, .file = {l->file, strlen(l->file)}};
  return MF_OK;
}

static inline mf_loader corpus_loader(corpus_library *l) { return (mf_loader){corpus_load, l}; }

/* Lines of text, as they are. */
typedef struct corpus_lines {
  char **at;
  size_t count;
} corpus_lines;
static inline void corpus_add_line(corpus_lines *l, char *text) {
  l->at = realloc(l->at, (l->count + 1) * sizeof *l->at);
  l->at[l->count++] = text;
}
static inline void corpus_free_lines(corpus_lines *l) {
  for (size_t i = 0; i < l->count; i++) free(l->at[i]);
  free(l->at);
  *l = (corpus_lines){NULL, 0};
}

/* Calls fn for each comment "# WORD..." of a text, with its line from 1 and the
 * text behind "# ", without trailing blanks. */
static inline void corpus_comments(const char *text,
                                   void (*fn)(void *ctx, unsigned line, const char *comment),
                                   void *ctx) {
  unsigned line = 1;
  for (const char *p = text; *p; line++) {
    const char *end = strchr(p, '\n');
    size_t n = end ? (size_t)(end - p) : strlen(p);
    for (size_t i = 0; i < n; i++) {
      if (p[i] != '#' || (i && p[i - 1] != ' ')) continue;
      size_t from = i + 1;
      while (from < n && p[from] == ' ') from++;
      size_t to = n;
      while (to > from && (p[to - 1] == ' ' || p[to - 1] == '\r')) to--;
      char *comment = strndup(p + from, to - from);
      fn(ctx, line, comment);
      free(comment);
      break;
    }
    p += n + (end ? 1 : 0);
  }
}
#endif
