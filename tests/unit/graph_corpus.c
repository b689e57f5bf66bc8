/* SPDX-License-Identifier: MIT */
/* graph_corpus - golden graphs: tests/graph/NAME.yaml, NAME.mmd and NAME.dot (make
 * bless rewrites them; review the diff). */
#include "../../image/graph.h"
#include "../../include/mfvm_tools.h"
#include "corpus.h"

static mf_image *image_of(const char *name, const char *text, size_t n, mf_compilation **comp) {
  mf_alloc alloc = mf_alloc_default();
  mf_image *image = NULL;
  size_t size;
  mf_compile_options options = {.name = name, .syntax = MF_SYNTAX_YAML};
  ck_assert_msg(mf_compile(&options, text, n, comp) == MF_OK, "%s", name);
  const uint8_t *bytes = mf_compilation_image(*comp, &size);
  ck_assert_int_eq(mf_image_open(&alloc, bytes, size, &image, NULL, 0), MF_OK);
  return image;
}

static bool is_golden(const char *path, const char *ending, mf_graph_format format,
                      const mf_image *image) {
  char golden_path[1100];
  size_t n = 0;
  mf_alloc alloc = mf_alloc_default();
  mf_buf graph;
  mf_buf_init(&graph, &alloc, 0);
  mf_graph_write(image, format, &graph);
  snprintf(golden_path, sizeof golden_path, "%.*s%s", (int)(strlen(path) - 5), path, ending);
  if (getenv("MF_BLESS")) corpus_write(golden_path, graph.p, graph.n);
  char *golden = corpus_read(golden_path, &n);
  bool same = !graph.failed && golden && n == graph.n && !memcmp(golden, graph.p, n);
  if (!same) fprintf(stderr, "%s: the graph differs (make bless T=graph; git diff)\n", golden_path);
  free(golden);
  mf_buf_fini(&graph);
  return same;
}

START_TEST(graphs_are_golden) {
  const char *const endings[] = {".yaml", NULL};
  corpus_files files = corpus_list("graph", endings);
  size_t wrong = 0;
  for (size_t i = 0; i < files.count; i++) {
    const char *path = files.paths[i];
    size_t n = 0;
    char *text = corpus_read(path, &n);
    mf_compilation *comp = NULL;
    mf_image *image = image_of(strrchr(path, '/') + 1, text, n, &comp);
    wrong += !is_golden(path, ".mmd", MF_GRAPH_MERMAID, image);
    wrong += !is_golden(path, ".dot", MF_GRAPH_DOT, image);
    mf_image_close(image);
    mf_compilation_free(comp);
    free(text);
  }
  printf("graph: %zu documents, %zu wrong\n", files.count, wrong);
  ck_assert_uint_eq(wrong, 0);
  ck_assert(getenv("T_FILE") || files.count > 0);
  corpus_free(&files);
}
END_TEST

/* "{if: true, then: [{if: true, then: [...]}]}", as deep as documents may be, in an
 * image that has as many nodes as it has conditionals. */
START_TEST(deep_nesting_is_drawn) {
  enum { DEPTH = 30 };
  char text[8000] = "{variables: {x: 1}, steps: [";
  mf_alloc alloc = mf_alloc_default();
  mf_compilation *comp = NULL;
  mf_buf graph;
  mf_buf_init(&graph, &alloc, 0);
  for (int i = 0; i < DEPTH; i++) strcat(text, "{if: x > 1, then: [");
  for (int i = 0; i < DEPTH; i++) strcat(text, "]}");
  strcat(text, "]}");
  mf_image *image = image_of("deep.yaml", text, strlen(text), &comp);
  mf_graph_write(image, MF_GRAPH_MERMAID, &graph);
  mf_buf_putc(&graph, 0);
  ck_assert(strstr(graph.p, "  n30{\"if\"}\n"));
  ck_assert(strstr(graph.p, "  n30 -->|\"else\"| finish\n"));
  mf_buf_fini(&graph);
  mf_image_close(image);
  mf_compilation_free(comp);
}
END_TEST

START_TEST(no_allocation_may_fail_unseen) {
  static const char text[] =
      "{variables: {x: 1}, steps: [{if: 'x > 1 && [x].exists(e, e > 2)', then: [{wait: 1}]}, "
      "{repeat: {until: x + 1 > 2}, steps: [{name: a}]}]}";
  mf_compilation *comp = NULL;
  mf_image *image = image_of("x.yaml", text, sizeof text - 1, &comp);
  uint64_t n = 1;
  for (bool failed = true; failed; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    mf_buf graph;
    mf_buf_init(&graph, &alloc, 0);
    mf_graph_write(image, MF_GRAPH_DOT, &graph);
    failed = graph.failed;
    mf_buf_fini(&graph);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert_uint_lt(n, 1000);
  }
  ck_assert_uint_gt(n, 5);
  mf_image_close(image);
  mf_compilation_free(comp);
}
END_TEST

Suite *graph_corpus_suite(void) {
  Suite *s = suite_create("graph_corpus");
  TCase *t = tcase_create("graphs");
  tcase_add_test(t, graphs_are_golden);
  tcase_add_test(t, deep_nesting_is_drawn);
  tcase_add_test(t, no_allocation_may_fail_unseen);
  suite_add_tcase(s, t);
  return s;
}
