/* SPDX-License-Identifier: MIT */
/* thresholds - each line of tests/thresholds/thresholds.txt: what a threshold comes to over samples
 * that stand above it.  It is compiled as one of the run's in a document with a load, a
 * check and metrics of its own. */
#include "../../stdlib/watches.h"
#include "../../vm/machine.h"
#include "corpus.h"

enum { MOST_SAMPLES = 64 };

typedef struct group {
  char metric[32];
  bool own; /* recorded by the document */
  char kind[16];
  double samples[MOST_SAMPLES];
  size_t count;
  double after; /* s */
} group;

/* "samples depth gauge: 5 -3 8, after 2 s" */
static void read_group(group *g, const char *line) {
  char head[64];
  int used;
  *g = (group){.after = 10};
  ck_assert_msg(sscanf(line, "samples %63[^:]:%n", head, &used) == 1, "%s", line);
  int words = sscanf(head, "%31s %15s", g->metric, g->kind);
  g->own = words == 2;
  for (line += used; g->count < MOST_SAMPLES; line += used)
    if (sscanf(line, " %lf%n", &g->samples[g->count], &used) == 1)
      g->count++;
    else
      break;
  (void)sscanf(line, " , after %lf", &g->after);
}

static mf_compilation *compile(const group *g, const char *threshold) {
  char text[1024];
  mf_compilation *out;
  mf_compile_options options = {.name = "thresholds.yaml"};
  int n = snprintf(
      text, sizeof text,
      "{\"variables\": {\"limit\": 20}, \"thresholds\": {\"%s\": \"%s\"}, \"steps\": ["
      "{\"name\": \"s\", \"load\": {\"rate\": 1}, "
      "\"checks\": [\"response.status == 200\"]}, "
      "{\"type\": \"record_metric\", \"name\": \"%s\", \"value\": 1, \"kind\": \"%s\"}]}",
      g->metric, threshold, g->own ? g->metric : "unused", g->own ? g->kind : "gauge");
  mf_compile(&options, text, (size_t)n, &out);
  return out;
}

/* The word of the result, as the table has it. */
static const char *word_of(const mf_image *im, const mf_value *results) {
  for (uint32_t i = 0; i < results->len; i++) {
    const mf_value *ok = mf_map_get(&results->as.list[i], MF_STR("ok"));
    const uint32_t row = (uint32_t)mf_map_number(&results->as.list[i], "watch", 0);
    if (MF_ROWS(im, WATCH, watch)[row].kind != MF_WATCH_KIND_THRESHOLD) continue;
    return ok->kind != MF_BOOL ? "no data" : ok->as.i ? "pass" : "fail";
  }
  return "no result";
}

static uint32_t metric_row(const mf_image *im, const char *name) {
  for (uint32_t i = 0; i < MF_ROW_COUNT(im, METRIC); i++)
    if (mf_str_is(mf_image_string(im, MF_ROWS(im, METRIC, metric)[i].name), name)) return i;
  ck_abort_msg("no metric %s", name);
}

static void give(mf_watches *load, mf_armed *armed, mf_watches *run, const mf_image *im,
                 const group *g) {
  const bool latency = !strcmp(g->metric, "latency");
  for (size_t i = 0; i < g->count; i++) {
    const double d = g->samples[i];
    mf_http_result result = {.status = latency ? 200 : (int)d, .bytes_in = 10};
    mf_sample s = {.now_ns = 1000000 * (int64_t)(i + 1),
                   .latency_ns = latency ? (int64_t)(d * 1e6 + 0.5) : 1000000,
                   .request = MF_ABSENT,
                   .result = &result};
    if (g->own) {
      ck_assert_int_eq(
          mf_watches_record(run, s.now_ns, metric_row(im, g->metric), d, &(mf_value){0}), MF_OK);
      continue;
    }
    ck_assert_int_eq(
        mf_armed_response(armed, mf_watches_reads(load, MF_ABSENT), &result, s.latency_ns), MF_OK);
    ck_assert_int_eq(mf_watches_sample(load, &s), MF_OK);
  }
}

static void evaluate(const mf_image *im, const group *g, char *out, size_t size) {
  mf_alloc alloc = mf_alloc_default();
  mf_vm_options options = {.run_id = "run"};
  mf_vm *vm;
  mf_effect effect;
  mf_armed of_run, of_load;
  mf_watches *run, *load;
  mf_arena arena;
  mf_arena_init(&arena, &alloc, 0);
  ck_assert_int_eq(mf_vm_new(im, &options, &vm), MF_OK);
  ck_assert_int_eq(mf_vm_run(vm, &effect), MF_VM_EFFECT); /* variables have their values */
  mf_load_script script = {.image = im, .vm = vm, .scenario = MF_ABSENT, .time_scale = 1};
  ck_assert_int_eq(mf_armed_init(&of_run, &alloc, &script, NULL, 1), MF_OK);
  ck_assert_int_eq(mf_watches_new(&alloc, &of_run, &script, NULL, NULL, NULL, &run), MF_OK);
  script.scenario = effect.row;
  ck_assert_int_eq(mf_armed_init(&of_load, &alloc, &script, NULL, 1), MF_OK);
  ck_assert_int_eq(mf_watches_new(&alloc, &of_load, &script, run, NULL, NULL, &load), MF_OK);
  mf_watches_begin(run, 0);
  mf_watches_begin(load, 0);
  give(load, &of_load, run, im, g);
  mf_value results = mf_watches_results(run, (int64_t)(g->after * 1e9), &arena);
  snprintf(out, size, "%s", word_of(im, &results));
  mf_watches_free(load);
  mf_armed_fini(&of_load);
  mf_watches_free(run);
  mf_armed_fini(&of_run);
  mf_vm_free(vm);
  mf_arena_fini(&arena);
}

static void judge(const group *g, const char *threshold, char *out, size_t size) {
  mf_compilation *comp = compile(g, threshold);
  size_t n = 0;
  const uint8_t *bytes = mf_compilation_image(comp, &n);
  mf_image *im = NULL;
  snprintf(out, size, "error");
  if (bytes) {
    ck_assert_int_eq(mf_image_open(NULL, bytes, n, &im, NULL, 0), MF_OK);
    evaluate(im, g, out, size);
    mf_image_close(im);
  }
  mf_compilation_free(comp);
}

/* "  p(95) < 500\tpass" */
static bool split(char *line, char **threshold, char **verdict) {
  char *tab = strncmp(line, "  ", 2) == 0 ? strrchr(line, '\t') : NULL;
  if (tab == NULL) return false;
  *threshold = line + 2;
  *verdict = tab + 1;
  *tab = '\0';
  return true;
}

static size_t look_at(char *text, size_t *lines) {
  group g = {.count = 0};
  size_t wrong = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *threshold, *verdict, got[32];
    if (!strncmp(line, "samples ", 8)) read_group(&g, line);
    if (!split(line, &threshold, &verdict)) continue;
    judge(&g, threshold, got, sizeof got);
    (*lines)++;
    if (!strcmp(got, verdict)) continue;
    fprintf(stderr, "%s: %s: expected %s, got %s\n", g.metric, threshold, verdict, got);
    wrong++;
  }
  return wrong;
}

START_TEST(thresholds_come_to_what_the_table_says) {
  size_t n, lines = 0;
  char *text = corpus_read(MF_TESTS_DIR "/thresholds/thresholds.txt", &n);
  ck_assert(text != NULL);
  size_t wrong = look_at(text, &lines);
  printf("thresholds: %zu, %zu wrong\n", lines, wrong);
  free(text);
  ck_assert_uint_gt(lines, 200);
  ck_assert_uint_eq(wrong, 0);
}
END_TEST

Suite *thresholds_suite(void);
Suite *thresholds_suite(void) {
  Suite *s = suite_create("thresholds");
  TCase *t = tcase_create("table");
  suite_add_tcase(s, t);
  tcase_set_timeout(t, 120);
  tcase_add_test(t, thresholds_come_to_what_the_table_says);
  return s;
}
