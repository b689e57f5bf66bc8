/* SPDX-License-Identifier: MIT */
/* disasm_corpus - golden listings: tests/disasm/NAME.yaml and NAME.mfs.
 *
 * The listing must be the golden one (make bless rewrites it; review the diff),
 * and assembled again give the same bytes. */
#include "../../base/diag.h"
#include "../../image/listing.h"
#include "../../include/mfvm_tools.h"
#include "corpus.h"

static bool same_after_assembling(const char *path, const mf_buf *listing, const uint8_t *bytes,
                                  size_t n) {
  mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_diags diags;
  mf_buf again;
  mf_arena_init(&arena, &alloc, 0);
  mf_diags_init(&diags, &arena);
  mf_buf_init(&again, &alloc, 1 << 26);
  mf_status status = mf_assemble(&arena, mf_buf_str(listing), &diags, &again);
  bool same = status == MF_OK && again.n == n && !memcmp(again.p, bytes, n);
  if (!same)
    fprintf(stderr, "%s: assembled again it is not the same image (%s)\n", path,
            mf_status_name(status));
  mf_buf_fini(&again);
  mf_arena_fini(&arena);
  return same;
}

static bool is_golden(const char *path, const mf_buf *listing) {
  char golden_path[1100];
  size_t n = 0;
  snprintf(golden_path, sizeof golden_path, "%.*s.mfs", (int)(strlen(path) - 5), path);
  if (getenv("MF_BLESS")) corpus_write(golden_path, listing->p, listing->n);
  char *golden = corpus_read(golden_path, &n);
  bool same = golden && n == listing->n && !memcmp(golden, listing->p, n);
  if (!same)
    fprintf(stderr, "%s: the listing differs (make bless T=disasm; git diff)\n", golden_path);
  free(golden);
  return same;
}

static bool check_file(const char *path) {
  size_t n = 0, size;
  mf_alloc alloc = mf_alloc_default();
  char *text = corpus_read(path, &n);
  mf_compilation *comp = NULL;
  mf_image *image = NULL;
  corpus_library library = {.path = path};
  mf_compile_options options = {.name = strrchr(path, '/') + 1, .loader = corpus_loader(&library)};
  mf_buf listing;
  mf_buf_init(&listing, &alloc, 1 << 26);
  ck_assert_int_eq(mf_compile(&options, text, n, &comp), MF_OK);
  const uint8_t *bytes = mf_compilation_image(comp, &size);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  mf_disassemble(image, (mf_str){text, n}, &listing);
  bool ok = is_golden(path, &listing);
  ok = same_after_assembling(path, &listing, bytes, size) && ok;
  mf_image_close(image);
  mf_buf_fini(&listing);
  mf_compilation_free(comp);
  free(library.text);
  free(text);
  return ok;
}

START_TEST(listings_are_golden_and_assemble_to_the_same_bytes) {
  const char *const endings[] = {".yaml", NULL};
  corpus_files files = corpus_list("disasm", endings);
  size_t wrong = 0, count = files.count;
  for (size_t i = 0; i < files.count; i++) wrong += !check_file(files.paths[i]);
  printf("disasm: %zu listings, %zu wrong\n", count, wrong);
  corpus_free(&files);
  ck_assert_uint_eq(wrong, 0);
  ck_assert(getenv("T_FILE") || count > 0);
}
END_TEST

START_TEST(two_spellings_of_a_condition_give_the_same_code) {
  static const char *const documents[] = {
      "{variables: {n: 1}, steps: [{if: {type: greater_than, variable: n, value: 5}, then: []}]}",
      "{variables: {n: 1}, steps: [{if: n > 5, then: []}]}",
      "{variables: {n: 1}, steps: [{if: '${n > 5}', then: []}]}"};
  char *listings[3];
  mf_alloc alloc = mf_alloc_default();
  for (int i = 0; i < 3; i++) {
    mf_compile_options options = {.name = "x.yaml", .syntax = MF_SYNTAX_YAML};
    mf_compilation *comp = NULL;
    mf_image *image = NULL;
    size_t size;
    ck_assert_int_eq(mf_compile(&options, documents[i], strlen(documents[i]), &comp), MF_OK);
    const uint8_t *bytes = mf_compilation_image(comp, &size);
    ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
    const mf_row_chunk *main_chunk = MF_ROWS(image, CHUNK, chunk);
    listings[i] = malloc(main_chunk->length * 4 + 8);
    memcpy(listings[i], &main_chunk->length, 4);
    memcpy(listings[i] + 4, image->code, main_chunk->length * 4);
    if (i) ck_assert(!memcmp(listings[0], listings[i], main_chunk->length * 4 + 4));
    mf_image_close(image);
    mf_compilation_free(comp);
  }
  for (int i = 0; i < 3; i++) free(listings[i]);
}
END_TEST

Suite *disasm_corpus_suite(void) {
  Suite *s = suite_create("disasm_corpus");
  TCase *t = tcase_create("listings");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, listings_are_golden_and_assemble_to_the_same_bytes);
  tcase_add_test(t, two_spellings_of_a_condition_give_the_same_code);
  suite_add_tcase(s, t);
  return s;
}
