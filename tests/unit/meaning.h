/* meaning - what a document comes to, without the text it was written as. */
#ifndef MF_TESTS_MEANING_H
#define MF_TESTS_MEANING_H
#include "../../base/buffer.h"
#include "../../include/mfvm_tools.h"
#include "corpus.h"

static inline mf_status meaning_compile(const char *name, mf_str text, mf_compilation **comp) {
  mf_compile_options options = {.name = name, .regex = mf_regex_re2()};
  return mf_compile(&options, text.p, text.n, comp);
}

static inline void meaning_take(void *ctx, const char *p, size_t n) { mf_buf_add(ctx, p, n); }

/* The listing of an image without lines of the source and their digest, and without the
 * parts of conditions, which are as they are written. */
static inline char *meaning_of_image(const mf_compilation *comp) {
  size_t n;
  const uint8_t *bytes = mf_compilation_image(comp, &n);
  mf_alloc alloc = mf_alloc_default();
  mf_image *image = NULL;
  char detail[256] = "";
  mf_status status = mf_image_open(&alloc, bytes, n, &image, detail, sizeof detail);
  ck_assert_msg(status == MF_OK, "%s: %s", mf_status_name(status), detail);
  mf_buf all;
  mf_buf_init(&all, &alloc, 1 << 24);
  mf_image_list(image, MF_STR(""), (mf_output){meaning_take, &all});
  mf_buf_puts(&all, "\n");
  mf_image_close(image);
  size_t kept = 0;
  for (size_t at = 0; at < all.n;) {
    size_t end = at + strcspn(all.p + at, "\n") + 1;
    bool placed = !strncmp(all.p + at, ".line ", 6) || !strncmp(all.p + at, ".source ", 8) ||
                  !strncmp(all.p + at, ".string ", 8) || !strncmp(all.p + at, ".reason ", 8);
    if (!placed) memmove(all.p + kept, all.p + at, end - at), kept += end - at;
    at = end;
  }
  char *text = strndup(all.p, kept);
  mf_buf_fini(&all);
  return text;
}

static inline void meaning_print(void *ctx, const char *p, size_t n) {
  (void)ctx;
  fwrite(p, 1, n, stderr);
}

/* Of a document that compiles without a word. */
static inline char *meaning_of(const char *what, mf_str text) {
  mf_compilation *comp = NULL;
  mf_status status = meaning_compile("document.yaml", text, &comp);
  if (status != MF_OK) {
    fprintf(stderr, "%s: %.*s\n", what, (int)text.n, text.p);
    mf_compilation_write(comp, false, (mf_output){meaning_print, NULL});
  }
  ck_assert_msg(status == MF_OK, "%s does not compile", what);
  char *meaning = meaning_of_image(comp);
  mf_compilation_free(comp);
  return meaning;
}

/* The first line in which two meanings differ. */
static inline void meaning_same(const char *what, const char *a, const char *b) {
  size_t at = 0;
  while (a[at] && a[at] == b[at]) at++;
  while (at && a[at - 1] != '\n') at--;
  ck_assert_msg(!strcmp(a, b), "%s means something else:\n  %.*s\n  %.*s", what,
                (int)strcspn(a + at, "\n"), a + at, (int)strcspn(b + at, "\n"), b + at);
}
#endif
