/* SPDX-License-Identifier: MIT */
/* tests/verify: assembler texts whose first line says what opening comes to:
 *   ; expect: IMAGE_STACK_UNDERFLOW
 *   ; detail: words that the explanation has       (optional) */
#include "corpus.h"
#include "image_kit.h"

static bool seen[256]; /* statuses that some case ended with */

/* The rest of the line that begins with `label`; "" if there is none. */
static void read_comment(const char *text, const char *label, char *out, size_t size) {
  const char *found = strstr(text, label);
  out[0] = '\0';
  if (found == NULL) return;
  found += strlen(label);
  size_t n = strcspn(found, "\r\n");
  snprintf(out, size, "%.*s", (int)n, found);
}

static bool differs(const char *path, const char *expected, const char *got) {
  fprintf(stderr, "%s:1: expected %s, got %s\n  rerun: T=image_verify T_FILE=%s make test\n", path,
          expected, got, strrchr(path, '/') + 1);
  return false;
}

static bool check_case(const char *path, const char *text, size_t n) {
  char expected[64], detail[200], got[400];
  kit k;
  read_comment(text, "; expect: ", expected, sizeof expected);
  read_comment(text, "; detail: ", detail, sizeof detail);
  kit_assemble(&k, (mf_str){text, n});
  bool ok = k.assembled == MF_OK;
  if (ok) {
    kit_open(&k);
    seen[k.opened & 255] = true;
    snprintf(got, sizeof got, "%s (%s)", mf_status_name(k.opened), k.detail);
    ok = !strcmp(expected, mf_status_name(k.opened)) || differs(path, expected, got);
    if (ok && !strstr(k.detail, detail)) ok = differs(path, detail, k.detail);
    if (ok && k.opened != MF_OK && k.detail[0] == '\0')
      ok = differs(path, "an explanation", "none");
    if (ok && k.opened == MF_OK) kit_round_trip(&k);
  } else {
    differs(path, "text that assembles", k.messages.p);
  }
  kit_free(&k);
  return ok;
}

/* IMAGE_NO_MAIN comes from mf_vm_new; an image larger than its limit would make
 * a case of 256 MiB: tests/unit/image_open.c shows it without one. */
static void every_status_was_seen(void) {
  static const mf_status all[] = {
#define MF_STATUS(code, name, text) MF_##name,
#include "../../include/mfvm_status.def"
#undef MF_STATUS
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (strncmp(mf_status_name(all[i]), "IMAGE_", 6) != 0) continue;
    if (all[i] == MF_IMAGE_NO_MAIN || all[i] == MF_IMAGE_TOO_LARGE) continue;
    ck_assert_msg(seen[all[i]], "no case in tests/verify for %s", mf_status_name(all[i]));
  }
}

START_TEST(images_end_with_the_status_they_expect) {
  static const char *const endings[] = {".mfs", NULL};
  corpus_files files = corpus_list("verify", endings);
  size_t good = 0;
  for (size_t i = 0; i < files.count; i++) {
    size_t n = 0;
    char *text = corpus_read(files.paths[i], &n);
    ck_assert(text != NULL);
    good += check_case(files.paths[i], text, n);
    free(text);
  }
  printf("verify: %zu/%zu images\n", good, files.count);
  fflush(stdout); /* a failing Check child does not */
  ck_assert_uint_eq(good, files.count);
  corpus_free(&files);
  if (getenv("T_FILE") == NULL) every_status_was_seen();
}
END_TEST

Suite *image_verify_corpus_suite(void);
Suite *image_verify_corpus_suite(void) {
  Suite *suite = suite_create("image/verify corpus");
  TCase *t = tcase_create("tests/verify");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, images_end_with_the_status_they_expect);
  suite_add_tcase(suite, t);
  return suite;
}
