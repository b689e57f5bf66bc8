/* SPDX-License-Identifier: MIT */
/* exposition - families, series and their text in both formats. */
#include "../../runner/exposition.h"

#include "../../base/limits.h"
#include "../../runner/load_series.h"
#include "../../runner/metrics_server.h"
#include "runner_kit.h"

#include <math.h>
#include <time.h>

Suite *runner_exposition_suite(void);

static mf_exposition e;
static mf_redactor redactor;
static mf_buf out;

static void set_up(void) {
  mf_alloc alloc = mf_alloc_default();
  mf_redactor_init(&redactor, &alloc);
  mf_exposition_init(&e, &alloc, &redactor);
  mf_buf_init(&out, &alloc, 0);
}

static void tear_down(void) {
  mf_buf_fini(&out);
  mf_exposition_fini(&e);
  mf_redactor_fini(&redactor);
}

static const char *shown(mf_exposition_format format) {
  mf_buf_clear(&out);
  mf_exposition_write(&e, format, &out);
  ck_assert(!out.failed);
  return out.p ? out.p : "";
}

static const char *text(void) { return shown(MF_EXPOSITION_TEXT); }
static const char *open_metrics(void) { return shown(MF_EXPOSITION_OPENMETRICS); }

static void retry_of(const char *step) {
  mf_exposition_count(&e, MF_FAMILY_OF_STEP_RETRIES, MF_LABELS(mf_str_of(step)), 1);
}

/* ---- Families ---- */

START_TEST(without_series_nothing_is_shown) {
  ck_assert_str_eq(text(), "");
  ck_assert_str_eq(open_metrics(), "# EOF\n");
}
END_TEST

START_TEST(a_counter_has_its_ending_in_both_formats) {
  retry_of("one");
  retry_of("one");
  retry_of("two");
  ck_assert_str_eq(
      text(),
      "# HELP mfvm_step_retries_total attempts of steps that failed and were followed by another "
      "one\n"
      "# TYPE mfvm_step_retries_total counter\n"
      "mfvm_step_retries_total{step=\"one\"} 2\nmfvm_step_retries_total{step=\"two\"} 1\n");
  ck_assert_str_eq(
      open_metrics(),
      "# HELP mfvm_step_retries attempts of steps that failed and were followed by another one\n"
      "# TYPE mfvm_step_retries counter\n"
      "mfvm_step_retries_total{step=\"one\"} 2\nmfvm_step_retries_total{step=\"two\"} 1\n# EOF\n");
}
END_TEST

START_TEST(an_info_is_a_gauge_in_text) {
  const mf_str values[] = {MF_STR("shop"), MF_STR("0123"), MF_STR("url"), MF_STR("1.0")};
  mf_exposition_count(&e, MF_FAMILY_OF_RUN, values, 1);
  ck_has(text(), "# TYPE mfvm_run_info gauge\n");
  ck_has(text(),
         "\nmfvm_run_info{orchestration=\"shop\",run_id=\"0123\",target=\"url\",version=\"1.0\"} "
         "1\n");
  ck_has(open_metrics(), "# TYPE mfvm_run info\n");
  ck_has(open_metrics(), "\nmfvm_run_info{");
}
END_TEST

START_TEST(a_unit_is_the_end_of_the_name) {
#define MF_BUCKETS(...)
#define MF_FAMILY(NAME, name, kind, free_labels, other_labels, buckets, unit, help) \
  {#kind, name, unit, help},
  static const char *const rows[][4] = {
#include "../../runner/exposition.def"
  };
#undef MF_FAMILY
#undef MF_BUCKETS
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char ending[64];
    const bool counter = strcmp(rows[i][0], "COUNTER") == 0;
    snprintf(ending, sizeof ending, "%s%s%s", rows[i][2][0] ? "_" : "", rows[i][2],
             counter                           ? "_total"
             : strcmp(rows[i][0], "INFO") == 0 ? "_info"
                                               : "");
    ck_assert_msg(mf_str_ends(mf_str_of(rows[i][1]), mf_str_of(ending)), "%s: %s", rows[i][1],
                  ending);
    ck_assert_msg(!strpbrk(rows[i][3], "\"\\\n"), "%s: its help would need escapes", rows[i][1]);
  }
  mf_exposition_count(&e, MF_FAMILY_OF_HTTP_SENT, MF_LABELS(MF_STR("a"), MF_STR("b")), 5);
  ck_has(open_metrics(), "# UNIT mfvm_http_sent_bytes bytes\n");
  ck_lacks(text(), "# UNIT");
}
END_TEST

START_TEST(buckets_are_cumulative) {
  const mf_family *f = &e.families[MF_FAMILY_OF_STEP_DURATION];
  const double values[] = {0.0625, 0.1, 0.125, 60, 61};
  mf_series *s = mf_exposition_get(&e, MF_FAMILY_OF_STEP_DURATION,
                                   MF_LABELS(MF_STR("o"), MF_STR("s")));
  for (size_t i = 0; i < 5; i++) mf_series_observe(f, s, values[i]);
  ck_has(text(), "le=\"0.1\"} 2\n");
  ck_has(text(), "le=\"0.5\"} 3\n");
  ck_has(text(), "le=\"1\"} 3\n");
  ck_has(text(), "le=\"30\"} 3\n");
  ck_has(text(), "le=\"60\"} 4\n");
  ck_has(text(), "{orchestration=\"o\",step=\"s\",le=\"+Inf\"} 5\n");
  ck_has(text(), "_sum{orchestration=\"o\",step=\"s\"} 121.2875\n");
  ck_has(text(), "_count{orchestration=\"o\",step=\"s\"} 5\n");
  ck_has(open_metrics(), "le=\"1.0\"} 3\n");
  ck_has(open_metrics(), "le=\"+Inf\"} 5\n");
}
END_TEST

START_TEST(numbers_that_are_not_finite) {
  const double values[] = {(double)NAN, (double)INFINITY, (double)-INFINITY, 1e300, -0.5};
  const char *const words[] = {"} NaN\n", "} +Inf\n", "} -Inf\n", "} 1e+300\n", "} -0.5\n"};
  for (size_t i = 0; i < 5; i++) {
    const mf_str step = {&"abcde"[i], 1};
    mf_exposition_count(&e, MF_FAMILY_OF_IN_FLIGHT, MF_LABELS(step), values[i]);
    ck_has(text(), words[i]);
  }
}
END_TEST

/* ---- Labels ---- */

START_TEST(values_of_labels_are_escaped) {
  retry_of("a\"b\\c\nd\te\xff\xc3\xa9");
  ck_has(text(),
         "{step=\"a\\\"b\\\\c\\nd\xef\xbf\xbd"
         "e\xef\xbf\xbd\xc3\xa9\"} 1\n");
}
END_TEST

START_TEST(an_empty_value_is_no_label) {
  retry_of("");
  ck_has(text(), "\nmfvm_step_retries_total 1\n");
  mf_exposition_count(&e, MF_FAMILY_OF_CHECKS, MF_LABELS(MF_STR(""), MF_STR(""), MF_STR("passed")),
                      1);
  ck_has(text(), "\nmfvm_checks_total{result=\"passed\"} 1\n");
}
END_TEST

START_TEST(secrets_are_not_shown) {
  ck_assert_int_eq(mf_redactor_add(&redactor, MF_STR("token"), MF_STR("hunter22")), MF_OK);
  retry_of("has hunter22 in it");
  ck_has(text(), "{step=\"has <secret:token> in it\"}");
  ck_lacks(text(), "hunter22");
}
END_TEST

START_TEST(values_end_at_METRIC_LABEL_BYTES) {
  char long_name[256];
  ck_assert_uint_lt(MF_LIMIT_METRIC_LABEL_BYTES + 2, sizeof long_name);
  memset(long_name, 'x', MF_LIMIT_METRIC_LABEL_BYTES);
  memcpy(long_name + MF_LIMIT_METRIC_LABEL_BYTES - 1, "\xc3\xa9", 3);
  retry_of(long_name); /* its last character would be cut in two */
  const mf_str labels = e.families[MF_FAMILY_OF_STEP_RETRIES].first->labels;
  ck_assert_uint_eq(labels.n, sizeof "step=\"\"" - 1 + MF_LIMIT_METRIC_LABEL_BYTES - 1);
}
END_TEST

static void request_of(unsigned i, const char *code) {
  char name[16];
  snprintf(name, sizeof name, "r%u", i);
  mf_exposition_count(&e, MF_FAMILY_OF_HTTP_REQUESTS,
                      MF_LABELS(MF_STR("s"), mf_str_of(name), mf_str_of(code)), 1);
}

/* What a document names becomes "other"; our own few words stay. */
START_TEST(families_end_at_METRIC_SERIES) {
  for (unsigned i = 0; i < MF_LIMIT_METRIC_SERIES + 100; i++) request_of(i, "2xx");
  request_of(9999, "5xx");
  request_of(0, "2xx");
  ck_assert_uint_eq(e.families[MF_FAMILY_OF_HTTP_REQUESTS].count, MF_LIMIT_METRIC_SERIES + 2);
  ck_has(text(), "{step=\"s\",request=\"r0\",code=\"2xx\"} 2\n");
  ck_has(text(), "{step=\"s\",request=\"r499\",code=\"2xx\"} 1\n");
  ck_lacks(text(), "\"r500\"");
  ck_has(text(), "{step=\"other\",request=\"other\",code=\"2xx\"} 100\n");
  ck_has(text(), "{step=\"other\",request=\"other\",code=\"5xx\"} 1\n");
}
END_TEST

/* ---- Recorded metrics ---- */

START_TEST(names_become_fit_and_stay_different) {
  const struct {
    const char *name, *ending, *shown;
    mf_family_kind kind;
  } cases[] = {
      {"cart-size", "", "mfvm_recorded_cart_size", MF_FAMILY_GAUGE},
      {"cart size", "", "mfvm_recorded_cart_size_2", MF_FAMILY_GAUGE},
      {"cart.size", "", "mfvm_recorded_cart_size_3", MF_FAMILY_GAUGE},
      {"hits", "_total", "mfvm_recorded_hits_total", MF_FAMILY_COUNTER},
      {"hits_total", "_total", "mfvm_recorded_hits_2_total", MF_FAMILY_COUNTER},
      {"wait_sum", "", "mfvm_recorded_wait_sum", MF_FAMILY_GAUGE},
      {"wait", "", "mfvm_recorded_wait_2", MF_FAMILY_SUMMARY},
      {"wait_2_count", "", "mfvm_recorded_wait_2_count_2", MF_FAMILY_GAUGE},
      {"\xc3\xa9", "", "mfvm_recorded___", MF_FAMILY_GAUGE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const mf_family *f = mf_exposition_add(&e, mf_str_of(cases[i].name), cases[i].ending,
                                           cases[i].kind, "help");
    ck_assert_str_eq(f->name, cases[i].shown);
  }
}
END_TEST

START_TEST(names_of_labels_become_fit) {
  const char *const cases[][2] = {{"zone", "zone"},     {"a-b", "a_b"},
                                  {"9th", "label_9th"}, {"__name__", "label___name__"},
                                  {"le", "label_le"},   {"quantile", "label_quantile"},
                                  {"", "label_"},       {"x\xc3\xa9", "x__"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const mf_str name = mf_exposition_label(&e, mf_str_of(cases[i][0]));
    ck_assert_msg(mf_str_is(name, cases[i][1]), "%s: %s", cases[i][0], name.p);
  }
}
END_TEST

START_TEST(summaries_and_ratios) {
  mf_family *trend = mf_exposition_add(&e, MF_STR("t"), "", MF_FAMILY_SUMMARY, "help");
  mf_family *rate = mf_exposition_add(&e, MF_STR("r"), "_ratio", MF_FAMILY_RATIO, "help");
  mf_series *t = mf_exposition_find(&e, trend, NULL, 0), *r = mf_exposition_find(&e, rate, NULL, 0);
  ck_has(text(), "mfvm_recorded_r_ratio NaN\n");
  mf_series_observe(trend, t, 2.5);
  mf_series_observe(trend, t, 4);
  for (int i = 0; i < 4; i++) mf_series_observe(rate, r, i == 0);
  ck_has(text(), "# TYPE mfvm_recorded_t summary\n");
  ck_has(text(), "mfvm_recorded_t_sum 6.5\nmfvm_recorded_t_count 2\n");
  ck_has(text(), "# TYPE mfvm_recorded_r_ratio gauge\nmfvm_recorded_r_ratio 0.25\n");
}
END_TEST

/* ---- Loads ---- */

static void sample(mf_load_stats *stats, int status, int64_t ns) {
  const mf_http_result result = {.status = status, .bytes_in = 10, .bytes_out = 2};
  mf_load_stats_add(stats, &result, ns, status >= 400);
}

static void failure(mf_load_stats *stats, mf_http_error error) {
  mf_load_stats_add(stats, &(mf_http_result){.error = error}, 1000, true);
}

START_TEST(what_is_new_in_a_load_is_added) {
  mf_load_series series = {.e = &e};
  mf_load_stats *stats = calloc(1, sizeof *stats);
  const mf_effect effect = {.id = 3, .path = MF_STR("steps[0]")};
  const mf_load_view view = {.path = effect.path, .stats = stats, .in_flight = 4};
  mf_load_series_begin(&series, &effect, MF_STR("s"));
  sample(stats, 200, 900000);
  sample(stats, 503, 2000000);
  mf_load_series_tell(&series, &view);
  mf_load_series_tell(&series, &view);
  ck_has(text(), "mfvm_load_requests_in_flight{step=\"s\"} 4\n");
  failure(stats, MF_HTTP_REFUSED);
  stats->dropped = 7;
  mf_load_series_tell(&series, &view);
  mf_load_series_end(&series, &effect);
  ck_has(text(), "requests_total{step=\"s\",code=\"2xx\"} 1\n");
  ck_has(text(), "requests_total{step=\"s\",code=\"5xx\"} 1\n");
  ck_has(text(), "requests_total{step=\"s\",code=\"none\"} 1\n");
  ck_has(text(), "errors_total{step=\"s\",kind=\"refused\"} 1\n");
  ck_has(text(), "errors_total{step=\"s\",kind=\"response\"} 1\n");
  ck_has(text(), "received_bytes_total{step=\"s\"} 20\n");
  ck_has(text(), "sent_bytes_total{step=\"s\"} 4\n");
  ck_has(text(), "dropped_requests_total{step=\"s\"} 7\n");
  ck_has(text(), "duration_seconds_bucket{step=\"s\",le=\"0.0005\"} 0\n");
  ck_has(text(), "duration_seconds_bucket{step=\"s\",le=\"0.001\"} 1\n");
  ck_has(text(), "duration_seconds_bucket{step=\"s\",le=\"0.0025\"} 2\n");
  ck_has(text(), "duration_seconds_sum{step=\"s\"} 0.0029\n");
  ck_has(text(), "duration_seconds_count{step=\"s\"} 2\n"); /* a refusal has no latency */
  ck_has(text(), "mfvm_load_requests_in_flight{step=\"s\"} 0\n");
  mf_load_series_fini(&series);
  free(stats);
}
END_TEST

START_TEST(requests_are_told_apart_by_their_names) {
  mf_load_series series = {.e = &e};
  mf_load_stats *stats = calloc(3, sizeof *stats);
  mf_load_stats *by_name[] = {&stats[1], &stats[2]};
  const mf_str names[] = {MF_STR("home"), MF_STR("cart")};
  const mf_effect effect = {.id = 3, .path = MF_STR("p")};
  const mf_load_view view = {
      .path = effect.path, .stats = stats, .names = names, .name_stats = by_name, .name_count = 2};
  mf_load_series_begin(&series, &effect, MF_STR("s"));
  for (int i = 0; i < 6; i++) { /* three of home, two of cart, one of neither */
    sample(stats, 200, 3000000);
    if (i < 5) sample(&stats[1 + i % 2], 200, 3000000);
  }
  mf_load_series_tell(&series, &view);
  ck_has(text(), "requests_total{step=\"s\",request=\"home\",code=\"2xx\"} 3\n");
  ck_has(text(), "requests_total{step=\"s\",request=\"cart\",code=\"2xx\"} 2\n");
  ck_has(text(), "requests_total{step=\"s\",code=\"2xx\"} 1\n");
  ck_has(text(), "seconds_bucket{step=\"s\",request=\"home\",le=\"0.005\"} 3\n");
  ck_has(text(), "seconds_bucket{step=\"s\",le=\"0.005\"} 1\n");
  mf_load_series_fini(&series);
  free(stats);
}
END_TEST

START_TEST(loads_at_the_same_time_add_up) {
  mf_load_series series = {.e = &e};
  mf_load_stats *stats = calloc(2, sizeof *stats);
  const mf_effect effects[] = {{.id = 3, .path = MF_STR("p@1")}, {.id = 4, .path = MF_STR("p@2")}};
  for (int i = 0; i < 2; i++) mf_load_series_begin(&series, &effects[i], MF_STR("s"));
  for (int i = 0; i < 2; i++) {
    sample(&stats[i], 200, 1000);
    mf_load_series_tell(
        &series, &(mf_load_view){.path = effects[i].path, .stats = &stats[i], .in_flight = 5});
  }
  ck_has(text(), "requests_total{step=\"s\",code=\"2xx\"} 2\n");
  ck_has(text(), "in_flight{step=\"s\"} 10\n");
  mf_load_series_end(&series, &effects[0]);
  ck_has(text(), "in_flight{step=\"s\"} 5\n");
  mf_load_series_fini(&series);
  free(stats);
}
END_TEST

/* ---- Who asks ---- */

START_TEST(the_format_is_what_was_asked_for) {
  const struct {
    const char *accept;
    bool open;
  } cases[] = {
      {NULL, false},
      {"", false},
      {"*/*", false},
      {"text/plain", false},
      {"application/json", false},
      {"application/openmetrics-text", true},
      {"application/openmetrics-text; version=1.0.0; charset=utf-8", true},
      {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
       true},
      {"text/plain;q=0.9, application/openmetrics-text;q=0.2", false},
      {"APPLICATION/OpenMetrics-Text ; Q=0.4 , */* ; q=0.2", true},
      {"application/openmetrics-text;q=0", false},
      {"application/openmetrics-text;q=nonsense", true},
      {",;=,", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(
        (mf_exposition_choose(cases[i].accept) == MF_EXPOSITION_OPENMETRICS) == cases[i].open, "%s",
        cases[i].accept);
}
END_TEST

START_TEST(places_to_listen_at) {
  const struct {
    const char *text, *host;
    unsigned port;
    bool loopback;
  } good[] = {
      {"9090", "127.0.0.1", 9090, true},        {"0", "127.0.0.1", 0, true},
      {"127.0.0.1:1", "127.0.0.1", 1, true},    {"127.8.0.1:65535", "127.8.0.1", 65535, true},
      {"localhost:80", "localhost", 80, true},  {"[::1]:9090", "[::1]", 9090, true},
      {"0.0.0.0:9090", "0.0.0.0", 9090, false}, {"[::]:9090", "[::]", 9090, false},
  };
  static const char *const bad[] = {"",          ":",     ":9090",        "x",
                                    "-1",        "65536", "127.0.0.1",    "example.org:80",
                                    "::1:9090",  "[::1]", "[::1]:",       "127.0.0.1:9090x",
                                    "[::1:9090", "9090 ", "http://x:9090"};
  mf_listen listen;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    const char *why = mf_listen_parse(good[i].text, &listen);
    ck_assert_msg(!why, "%s: %s", good[i].text, why);
    ck_assert_str_eq(listen.host, good[i].host);
    ck_assert_uint_eq(listen.port, good[i].port);
    ck_assert(listen.loopback == good[i].loopback);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg(mf_listen_parse(bad[i], &listen) != NULL, "%s", bad[i]);
}
END_TEST

/* It is done between two turns of a load's loop.  The aim is 1 ms for 1,000 series; the
 * bound here is wide enough for sanitizers and busy machines. */
START_TEST(a_thousand_series_are_shown_at_once) {
  struct timespec begin, end;
  for (unsigned i = 0; i < 500; i++) {
    request_of(i, "2xx");
    char name[16];
    snprintf(name, sizeof name, "s%u", i);
    retry_of(name);
  }
  (void)text(); /* memory is there from now on */
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  (void)text();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  const double ms = (double)(end.tv_sec - begin.tv_sec) * 1e3 +
                    (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
  ck_assert_msg(ms < 20, "%g ms", ms);
}
END_TEST

Suite *runner_exposition_suite(void) {
  Suite *s = suite_create("runner_exposition");
  TCase *c = tcase_create("runner_exposition");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_test(c, without_series_nothing_is_shown);
  tcase_add_test(c, a_counter_has_its_ending_in_both_formats);
  tcase_add_test(c, an_info_is_a_gauge_in_text);
  tcase_add_test(c, a_unit_is_the_end_of_the_name);
  tcase_add_test(c, buckets_are_cumulative);
  tcase_add_test(c, numbers_that_are_not_finite);
  tcase_add_test(c, values_of_labels_are_escaped);
  tcase_add_test(c, an_empty_value_is_no_label);
  tcase_add_test(c, secrets_are_not_shown);
  tcase_add_test(c, values_end_at_METRIC_LABEL_BYTES);
  tcase_add_test(c, families_end_at_METRIC_SERIES);
  tcase_add_test(c, names_become_fit_and_stay_different);
  tcase_add_test(c, names_of_labels_become_fit);
  tcase_add_test(c, summaries_and_ratios);
  tcase_add_test(c, what_is_new_in_a_load_is_added);
  tcase_add_test(c, requests_are_told_apart_by_their_names);
  tcase_add_test(c, loads_at_the_same_time_add_up);
  tcase_add_test(c, the_format_is_what_was_asked_for);
  tcase_add_test(c, places_to_listen_at);
  tcase_add_test(c, a_thousand_series_are_shown_at_once);
  suite_add_tcase(s, c);
  return s;
}
