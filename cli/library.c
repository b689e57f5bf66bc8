/* SPDX-License-Identifier: MIT */
/* library - the documents that others run: NAME.yaml, .yml or .json beside the document,
 * then in each --library. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_library_add(cli_library *l, const char *folder) {
  if (l->count == sizeof l->folders / sizeof l->folders[0])
    return cli_fail(CLI_USAGE, "too many --library");
  l->folders[l->count++] = folder;
  return CLI_OK;
}

/* The file of a name in a folder, which ends with a slash or is empty. */
static bool is_in(cli_library *l, mf_str folder, bool slash, mf_str name) {
  static const char *const endings[] = {".yaml", ".yml", ".json"};
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    size_t size = folder.n + name.n + sizeof "/.yaml";
    free(l->path);
    l->path = malloc(size);
    if (!l->path) return false;
    snprintf(l->path, size, "%.*s%s%.*s%s", (int)folder.n, folder.p, slash ? "/" : "", (int)name.n,
             name.p, endings[i]);
    if (access(l->path, F_OK) == 0) return true;
  }
  return false;
}

static bool find(cli_library *l, mf_str name) {
  const char *slash = l->document ? strrchr(l->document, '/') : NULL;
  mf_str beside = {l->document, slash ? (size_t)(slash - l->document) + 1 : 0};
  if (is_in(l, beside, false, name)) return true;
  for (size_t i = 0; i < l->count; i++)
    if (is_in(l, (mf_str){l->folders[i], strlen(l->folders[i])}, true, name)) return true;
  return false;
}

static void explain_missing(const cli_library *l, char *why, size_t why_size) {
  int n = snprintf(why, why_size, "it is not beside the document");
  for (size_t i = 0; i < l->count && n > 0 && (size_t)n < why_size; i++)
    n += snprintf(why + n, why_size - (size_t)n, "%s%s", i ? ", " : ", nor in ", l->folders[i]);
}

static mf_status load(void *ctx, mf_str name, mf_linked_document *out, char *why, size_t why_size) {
  enum { LARGEST_FILE = 16777217 }; /* the compiler checks its own limit */
  cli_library *l = ctx;
  mf_alloc alloc = mf_alloc_default();
  mf_blob_free(&l->file);
  if (!find(l, name)) {
    if (!l->path) return MF_OUT_OF_MEMORY;
    explain_missing(l, why, why_size);
    return MF_NO_SUCH_DOCUMENT;
  }
  mf_status status = mf_blob_read(&alloc, l->path, LARGEST_FILE, &l->file, why, why_size);
  if (status != MF_OK) return status;
  *out = (mf_linked_document){.bytes = {(const char *)l->file.p, l->file.n},
                              .file = {l->path, strlen(l->path)}};
  return MF_OK;
}

mf_loader cli_library_loader(cli_library *l, const char *document) {
  l->document = strcmp(document, "-") ? document : NULL;
  return (mf_loader){load, l};
}

void cli_library_close(cli_library *l) {
  mf_blob_free(&l->file);
  free(l->path);
  l->path = NULL;
}
