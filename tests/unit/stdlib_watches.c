/* SPDX-License-Identifier: MIT */
/* Checks, expect, selectors, watches of the run, and what is handed on. */
#include "watch_kit.h"

#include "../../base/limits.h"

Suite *stdlib_watches_suite(void);

#define METRICS                                                                          \
  ".metric 0 name=\"latency\" kind=trend\n.metric 1 name=\"errors\" kind=counter\n"      \
  ".metric 2 name=\"checks\" kind=rate\n.metric 3 name=\"checks_failed\" kind=counter\n" \
  ".metric 4 name=\"queue\" kind=gauge\n.metric 5 name=\"requests\" kind=counter\n"      \
  ".metric 6 name=\"orders\" kind=counter\n.metric 7 name=\"cost\" kind=trend\n"
#define RESPONSE                                           \
  ".slot 0 name=\"response.status\" kind=builtin arg=13\n" \
  ".slot 1 name=\"response.json\" kind=builtin arg=17\n"   \
  ".slot 2 name=\"response.latency\" kind=builtin arg=14\n"

static const char *play(watch_kit *k, const char *rows, const char *script, double end) {
  watch_kit_init(k, rows, 1);
  watch_play(k, script);
  return watch_results(k, k->load, end);
}

static void expect_load(const char *rows, const char *script, const char *want) {
  watch_kit k;
  ck_assert_str_eq(play(&k, rows, script, 10), want);
  watch_kit_fini(&k);
}

static void expect_run(const char *rows, uint32_t own, const char *script, const char *want) {
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  k.own_metric = own;
  watch_play(&k, script);
  ck_assert_str_eq(watch_results(&k, k.run, 10), want);
  watch_kit_fini(&k);
}

/* ---- Checks ---- */

static const char check_200[] = RESPONSE
    ".const 1 int 200\n.watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
    ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n";

START_TEST(checks_are_of_every_response) {
  expect_load(check_200, "3*1+1@5", "ok");
  expect_load(check_200, "1@5 2@5/404 3@5!timeout", "broken: 2 of 3 responses");
  expect_load(check_200, "1@5/404", "broken: 1 of 1 response");
  expect_load(check_200, "", "none: no response");
}
END_TEST

START_TEST(the_first_error_of_a_check_is_kept) {
  static const char rows[] = RESPONSE
      ".const 1 string \"id\"\n.const 2 int 1\n"
      ".watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nLOAD 1\nFIELD 1\nCONST 2\nEQ\nRETURN\n";
  expect_load(rows, "2*1+1@5 3@5!refused", "broken: 3 of 3 responses; first: no key 'id'");
}
END_TEST

START_TEST(what_is_no_bool_fails) {
  static const char rows[] = RESPONSE
      ".watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nLOAD 0\nRETURN\n";
  expect_load(rows, "1@5", "broken: 1 of 1 response; first: it is int, not bool");
}
END_TEST

START_TEST(checks_of_one_request) {
  static const char rows[] = RESPONSE
      ".const 1 int 200\n.watch 0 kind=check chunk=2 scenario=0 request=1 name=\"c\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n";
  expect_load(rows, "1@5/500 2@5#1 3@5/500", "ok");
  expect_load(rows, "1@5 2@5/500#1 3@5#1", "broken: 1 of 2 responses");
}
END_TEST

START_TEST(a_check_that_aborts) {
  static const char rows[] = RESPONSE
      ".const 1 int 200\n.watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\" "
      "flags=aborts\n"
      ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n";
  expect_load(rows, "1@5 2@5/500 3@5/500", "trip 0 at 2 {}; broken: 2 of 3 responses");
}
END_TEST

/* Thresholds over what checks came to. */
START_TEST(checks_are_a_metric) {
  static const char rows[] = RESPONSE METRICS
      ".slot 3 name=\"v\" kind=reading arg=0\n.slot 4 name=\"f\" kind=metric_step arg=3\n"
      ".reading 0 metric=2 aggregate=rate scenario=0\n.const 1 int 200\n.const 2 double 0.7\n"
      ".const 3 int 500\n.const 4 int 2\n"
      ".watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\" flags=counted\n"
      ".watch 1 kind=check chunk=3 scenario=0 name=\"d\" path=\"p\" flags=counted\n"
      ".watch 2 kind=threshold chunk=4 scenario=0 name=\"t\" path=\"p\"\n"
      ".watch 3 kind=threshold chunk=5 scenario=0 name=\"u\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n"
      ".chunk 3 name=\"d\" kind=pure\nSLOT_LT 0, 3\nRETURN\n"
      ".chunk 4 name=\"t\" kind=pure\nSLOT_GT 3, 2\nRETURN\n"
      ".chunk 5 name=\"u\" kind=pure\nSLOT_LT 4, 4\nRETURN\n";
  expect_load(rows, "1@5 2@5/404", "broken: 1 of 2 responses; ok; ok 0.75; ok 1");
  expect_load(rows, "1@5 2@5/500",
              "broken: 1 of 2 responses; broken: 1 of 2 responses; "
              "broken 0.5: 0.5, not > 0.7; broken 2: 2, not < 2");
}
END_TEST

/* ---- expect ---- */

static uint32_t failed_with(const char *expects, const char *script) {
  char rows[1000];
  watch_kit k;
  snprintf(rows, sizeof rows,
           RESPONSE
           ".const 1 int 404\n.const 2 double 300.0\n%s"
           ".chunk 2 name=\"e\" kind=pure\nCONST 1\nRETURN\n"
           ".chunk 3 name=\"f\" kind=pure\nSLOT_LT 0, 2\nRETURN\n"
           ".chunk 4 name=\"g\" kind=pure\nLOAD 1\nRETURN\n",
           expects);
  (void)play(&k, rows, script, 10);
  const uint32_t failed = k.failed;
  watch_kit_fini(&k);
  return failed;
}

START_TEST(what_a_response_has_to_be) {
  static const char script[] = "1@5 2@5/302 3@5/404 4@5/503 5@5!refused 6@5/404#1";
  static const char status[] = ".watch 0 kind=expect chunk=2 scenario=0 name=\"e\" path=\"p\"\n";
  static const char truth[] = ".watch 0 kind=expect chunk=3 scenario=0 name=\"e\" path=\"p\"\n";
  static const char odd[] = ".watch 0 kind=expect chunk=4 scenario=0 name=\"e\" path=\"p\"\n";
  static const char one[] =
      ".watch 0 kind=expect chunk=2 scenario=0 request=1 name=\"e\" path=\"p\"\n";
  static const char both[] =
      ".watch 0 kind=expect chunk=2 scenario=0 name=\"e\" path=\"p\"\n"
      ".watch 1 kind=expect chunk=3 scenario=0 name=\"e\" path=\"p\"\n";
  ck_assert_uint_eq(failed_with("", script), 4);
  ck_assert_uint_eq(failed_with(status, script), 4); /* 200, 302, 503, refused */
  ck_assert_uint_eq(failed_with(truth, script), 5);  /* all but 200 */
  ck_assert_uint_eq(failed_with(odd, script), 6);
  ck_assert_uint_eq(failed_with(one, script), 3); /* 404 of the other, 503, refused */
  ck_assert_uint_eq(failed_with(both, script), 6);
}
END_TEST

/* ---- Selectors ---- */

START_TEST(samples_that_do_not_match_are_passed_over) {
  static const struct {
    const char *key, *text, *want;
  } selectors[] = {
      {"name", "home", "ok 3"},      {"name", "cart", "ok 2"},  {"name", "x", "none"},
      {"status", "200", "ok 3"},     {"status", "503", "ok 1"}, {"status", "5xx", "none"},
      {"method", "POST", "ok 2"},    {"method", "GET", "ok 3"}, {"method", "", "none"},
      {"step", "Buy it", "ok 5"},    {"step", "other", "none"}, {"scenario", "load", "ok 5"},
      {"scenario", "other", "none"}, {"team", "blue", "ok 5"},  {"team", "red", "none"},
      {"unknown", "x", "none"},
  };
  char rows[1000];
  ck_assert_uint_eq(sizeof selectors / sizeof *selectors, 16);
  snprintf(rows, sizeof rows,
           METRICS
           ".slot 0 name=\"v\" kind=reading arg=0\n.const 1 string \"%s\"\n"
           ".const 2 string \"%s\"\n.const 3 map 1:2\n.const 4 int 0\n"
           ".reading 0 metric=5 aggregate=count scenario=0 selector=3\n"
           ".watch 0 kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\"\n"
           ".chunk 2 name=\"t\" kind=pure\nSLOT_GT 0, 4\nRETURN\n",
           selectors[_i].key, selectors[_i].text);
  expect_load(rows, "1@5 2@5/503 3@5#1 4@5#1 5@5!timeout", selectors[_i].want);
}
END_TEST

/* Both tags, and one feed for each selector. */
START_TEST(selectors_of_several_tags) {
  static const char rows[] = METRICS
      ".slot 0 name=\"v\" kind=reading arg=0\n.slot 1 name=\"all\" kind=reading arg=1\n"
      ".const 1 string \"name\"\n.const 2 string \"cart\"\n.const 3 string \"status\"\n"
      ".const 4 string \"503\"\n.const 5 map 1:2 3:4\n.const 6 int 9\n"
      ".reading 0 metric=5 aggregate=count scenario=0 selector=5\n"
      ".reading 1 metric=5 aggregate=count scenario=0\n"
      ".watch 0 kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\"\n"
      ".watch 1 kind=threshold chunk=3 scenario=0 name=\"t\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_LT 0, 6\nRETURN\n"
      ".chunk 3 name=\"t\" kind=pure\nSLOT_LT 1, 6\nRETURN\n";
  expect_load(rows, "1@5 2@5/503 3@5#1 4@5/503#1", "ok 1; ok 4");
}
END_TEST

/* ---- Errors ---- */

/* 1 / 0 is an error, and not for want of data. */
START_TEST(an_expression_that_fails_does_not_hold) {
  static const char rows[] = METRICS
      ".slot 0 name=\"e\" kind=metric_step arg=1\n.const 1 int 1\n.const 2 int 0\n"
      ".watch 0 kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\"\n"
      ".watch 1 kind=abort_when chunk=2 scenario=0 name=\"a\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nCONST 1\nLOAD 0\nDIVIDE\nCONST 2\nGT\nRETURN\n";
  expect_load(rows, "1@5", "broken 0: division by zero; broken 0: division by zero");
  expect_load(rows, "1@5 2@5/500", "trip 1 at 2 {\"e\":1}; ok 1; broken 1: 1");
}
END_TEST

/* ---- The run ---- */

#define RUN_REQUESTS                                                                  \
  METRICS                                                                             \
  ".slot 0 name=\"v\" kind=reading arg=0\n.slot 1 name=\"r\" kind=metric_run arg=5\n" \
  ".const 1 double 3.0\n.const 2 int 3\n.reading 0 metric=5 aggregate=count\n"

START_TEST(the_run_sees_every_load) {
  static const char rows[] = RUN_REQUESTS
      ".watch 0 kind=threshold chunk=2 name=\"t\" path=\"p\" flags=aborts\n"
      ".watch 1 kind=threshold chunk=3 name=\"u\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_LT 0, 1\nRETURN\n"
      ".chunk 3 name=\"u\" kind=pure\nSLOT_GE 1, 2\nRETURN\n";
  watch_kit k;
  mf_alloc alloc = mf_alloc_default();
  mf_watches *second;
  watch_kit_init(&k, rows, 1);
  watch_play(&k, "1@5 2@5");
  mf_watches_free(k.load);
  mf_load_script script = {
      .image = k.image.open, .vm = k.vm, .scenario = 1, .path = MF_STR("steps[1]")};
  ck_assert_int_eq(mf_watches_new(&alloc, &k.armed, &script, k.run, watch_tripped, &k, &second),
                   MF_OK);
  k.load = second;
  mf_watches_begin(second, watch_ns(3));
  ck_assert_uint_eq(k.log.n, 0);
  watch_play(&k, "4@5");
  ck_assert_str_eq(watch_results(&k, k.run, 5),
                   "trip 0 at 3 {\"v\":3.0}; broken 3: 3, not < 3; ok 3");
  watch_kit_fini(&k);
}
END_TEST

/* Of one load only, although it is the run that looks. */
START_TEST(the_run_looks_at_one_load) {
  static const char rows[] = METRICS
      ".slot 0 name=\"v\" kind=reading arg=0\n.slot 1 name=\"w\" kind=reading arg=1\n"
      ".const 1 int 9\n.reading 0 metric=5 aggregate=count scenario=0\n"
      ".reading 1 metric=5 aggregate=count scenario=1\n"
      ".watch 0 kind=threshold chunk=2 name=\"t\" path=\"p\"\n"
      ".watch 1 kind=threshold chunk=3 name=\"u\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_LT 0, 1\nRETURN\n"
      ".chunk 3 name=\"u\" kind=pure\nSLOT_LT 1, 1\nRETURN\n";
  expect_run(rows, 0, "1@5 2@5", "ok 2; none");
}
END_TEST

/* A load's watch may read what the run came to. */
START_TEST(a_load_looks_at_the_run) {
  static const char rows[] = RUN_REQUESTS
      ".watch 0 kind=abort_when chunk=2 scenario=0 name=\"a\" path=\"p\"\n"
      ".chunk 2 name=\"a\" kind=pure\nSLOT_GE 1, 2\nRETURN\n";
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  ck_assert(k.run != NULL);
  watch_play(&k, "1@5 2@5 3@5 4@5");
  ck_assert_str_eq(watch_results(&k, k.load, 5), "trip 0 at 3 {\"r\":3}; broken 3: 3 >= 3");
  watch_kit_fini(&k);
}
END_TEST

START_TEST(a_document_without_watches_of_the_run) {
  watch_kit k;
  watch_kit_init(&k, check_200, 1);
  ck_assert(k.run == NULL);
  watch_kit_fini(&k);
}
END_TEST

/* ---- Own metrics ---- */

#define OWN(metric, aggregate, compare)                           \
  METRICS                                                         \
  ".slot 0 name=\"v\" kind=reading arg=0\n.const 1 double 10.0\n" \
  ".reading 0 metric=" metric " aggregate=" aggregate             \
  "\n"                                                            \
  ".watch 0 kind=threshold chunk=2 name=\"t\" path=\"p\"\n"       \
  ".chunk 2 name=\"t\" kind=pure\n" compare " 0, 1\nRETURN\n"

START_TEST(metrics_of_actions) {
  expect_run(OWN("4", "value", "SLOT_LT"), 4, "1:3 2:7", "ok 7");
  expect_run(OWN("4", "max", "SLOT_LT"), 4, "1:30 2:7", "broken 30: 30, not < 10");
  expect_run(OWN("6", "count", "SLOT_GE"), 6, "1:3 2:7", "ok 10");
  expect_run(OWN("7", "avg", "SLOT_LT"), 7, "1:3 2:7", "ok 5");
  expect_run(OWN("7", "avg", "SLOT_LT"), 6, "1:3 2:7", "none"); /* another one */
}
END_TEST

START_TEST(what_is_not_finite_never_passes) {
  expect_run(OWN("7", "avg", "SLOT_NE"), 7, "1:3 2:nan", "broken nan: nan, not != 10");
  expect_run(OWN("7", "max", "SLOT_GT"), 7, "1:inf", "broken nan: nan, not > 10");
  /* Of a gauge the latest value counts. */
  expect_run(OWN("4", "value", "SLOT_LT"), 4, "1:nan 2:7", "ok 7");
}
END_TEST

START_TEST(labels_are_tags) {
  static const char rows[] = METRICS
      ".slot 0 name=\"v\" kind=reading arg=0\n.const 1 string \"shop\"\n.const 2 string \"eu\"\n"
      ".const 3 map 1:2\n.const 4 double 10.0\n"
      ".reading 0 metric=6 aggregate=count selector=3\n"
      ".watch 0 kind=threshold chunk=2 name=\"t\" path=\"p\" flags=aborts\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_LT 0, 4\nRETURN\n";
  mf_pair pair = {mf_string(MF_STR("shop")), mf_string(MF_STR("eu"))};
  mf_map map = {.count = 1, .pairs = &pair};
  const mf_value labels = {.kind = MF_MAP, .len = 1, .as.map = &map};
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  ck_assert_int_eq(mf_watches_record(k.run, 1, 6, 99, NULL), MF_OK);
  ck_assert_int_eq(mf_watches_record(k.run, 2, 6, 4, &labels), MF_OK);
  pair.value = mf_string(MF_STR("us"));
  ck_assert_int_eq(mf_watches_record(k.run, 3, 6, 99, &labels), MF_OK);
  pair.value = mf_int(5);
  ck_assert_int_eq(mf_watches_record(k.run, 3, 6, 99, &labels), MF_OK);
  pair.value = mf_string(MF_STR("eu"));
  ck_assert_uint_eq(k.log.n, 0);
  ck_assert_int_eq(mf_watches_record(k.run, 4, 6, 6, &labels), MF_OK);
  ck_assert_str_eq(watch_results(&k, k.run, 1),
                   "trip 0 at 0 {\"v\":10.0}; broken 10: 10, not < 10");
  watch_kit_fini(&k);
}
END_TEST

/* ---- Probes ---- */

#define PROBED(number, chunk)                                         \
  ".watch " number " kind=abort_when chunk=" chunk " name=\"p" number \
  "\" path=\"p\" "                                                    \
  "flags=aborts probe=1 "
#define ANSWERS                                                                                 \
  RESPONSE METRICS                                                                              \
      ".slot 3 name=\"response.error\" kind=builtin arg=18\n"                                   \
      ".slot 4 name=\"response\" kind=builtin arg=11\n"                                         \
      ".slot 5 name=\"errors count\" kind=reading arg=0\n.reading 0 metric=1 aggregate=count\n" \
      ".const 1 int 500\n.const 2 string \"\"\n.const 3 string \"bad\"\n.const 4 double 2.0\n"  \
      ".const 5 string \"grace\"\n.const 6 map 5:4\n.const 7 string \"json\"\n"

START_TEST(a_probe_has_a_response_of_its_own) {
  static const char status[] = ANSWERS PROBED("0", "2") "\n" PROBED("1", "2")
      "options=6\n.watch 2 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_GE 0, 1\nRETURN\n";
  expect_run(status, 0, "1@5/503 2?0/200 3@5/503 4~5 5?1/404", "ok 200; ok 404");
  expect_run(status, 0, "1@5 2?0/503 3?0/200 4?1/200",
             "trip 0 at 1 {\"response.status\":503}; broken 503: 503 >= 500; ok 200");
  expect_run(status, 0, "1?1/503", "ok; ok"); /* within its grace */
  expect_run(status, 0, "1?1/503 2@5",
             "trip 1 at 1 {\"response.status\":503}; ok; broken 503: 503 >= 500");
}
END_TEST

START_TEST(a_probe_without_an_answer) {
  static const char error[] = ANSWERS PROBED(
      "0", "2") "\n.chunk 2 name=\"t\" kind=pure\nSLOT_NE 3, 2\nRETURN\n";
  expect_run(error, 0, "1?0/500 2?0!timeout",
             "trip 0 at 0 {\"response.error\":\"timeout\"}; broken nan: \"timeout\" != \"\"");
  expect_run(error, 0, "", "ok");
  expect_run(error, 0, "1?0~denied", "broken: denied");
  expect_run(error, 0, "1?0/200 2?0~denied 3@5", "broken: denied");
  expect_run(error, 0, "1?0~denied 2?0/200", "ok nan");
  expect_run(error, 0, "1?0!dns 2?0~denied 3?0/200",
             "trip 0 at 0 {\"response.error\":\"dns\"}; broken nan: \"dns\" != \"\"");
}
END_TEST

/* Its parts stay until the next answer, whatever else is evaluated meanwhile. */
START_TEST(samples_are_looked_at_with_the_latest_answer) {
  static const char both[] = ANSWERS PROBED("0", "2")
      "\n.chunk 2 name=\"t\" kind=pure\nLOAD 1\nFIELD 3\nAND_JUMP end\n"
      "LOAD 5\nCONST 4\nGT\nAND\nend:\nRETURN\n";
  expect_run(both, 0, "1?0/200={\"bad\":true} 2@5/500 3@5/500 4@5/500",
             "trip 0 at 3 {\"errors count\":3.0}; broken 3: 3");
  expect_run(both, 0, "3*1+0.1@5/500 2?0/200={\"bad\":false} 3@5/500 4?0/200={\"bad\":true}",
             "trip 0 at 4 {\"errors count\":4.0}; broken 4: 4");
  static const char whole[] = ANSWERS PROBED(
      "0", "2") "\n.chunk 2 name=\"t\" kind=pure\nLOAD 4\nFIELD 7\nFIELD 3\nRETURN\n";
  expect_run(whole, 0, "1?0/200={\"bad\":false} 2@5 3?0/200={\"bad\":true}",
             "trip 0 at 1 {}; broken");
}
END_TEST

START_TEST(silence_of_loads_is_none_of_a_probe) {
  static const char rows[] = ANSWERS PROBED(
      "0", "2") "\n.chunk 2 name=\"t\" kind=pure\nSLOT_GE 0, 1\nRETURN\n";
  expect_run(rows, 0, "1@5 2?0/200 30~28000", "ok 200");
}
END_TEST

START_TEST(answers_of_no_probe_change_nothing) {
  static const char rows[] = ANSWERS PROBED("0", "2")
      "\n.watch 1 kind=abort_when chunk=2 name=\"a\" path=\"p\" flags=aborts\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_GE 0, 1\nRETURN\n";
  expect_run(rows, 0, "1?1/503 2?1~why 3?9/503", "ok; ok");
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  ck_assert(!mf_watches_tripped(k.run, 0) && mf_watches_tripped(k.run, 1));
  watch_play(&k, "1?0/503");
  ck_assert(mf_watches_tripped(k.run, 0));
  watch_kit_fini(&k);
}
END_TEST

/* ---- Handing on ---- */

START_TEST(only_what_is_read_is_asked_for) {
  static const char rows[] = RESPONSE
      ".const 1 int 200\n.watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
      ".watch 1 kind=check chunk=3 scenario=0 request=1 name=\"d\" path=\"p\"\n"
      ".watch 2 kind=check chunk=4 scenario=1 name=\"e\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n"
      ".chunk 3 name=\"d\" kind=pure\nLOAD 1\nRETURN\n"
      ".chunk 4 name=\"e\" kind=pure\nLOAD 2\nRETURN\n";
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  ck_assert_uint_eq(mf_watches_reads(k.load, 0), MF_READS_STATUS);
  ck_assert_uint_eq(mf_watches_reads(k.load, 1), MF_READS_STATUS | MF_READS_JSON);
  ck_assert_uint_eq(mf_watches_reads(k.load, MF_ABSENT), MF_READS_STATUS);
  watch_kit_fini(&k);
}
END_TEST

START_TEST(checks_can_be_counted_meanwhile) {
  watch_kit k;
  mf_check_count c;
  watch_kit_init(&k, check_200, 1);
  ck_assert(mf_watches_check(k.load, 0, &c) && c.made == 0 && c.failed == 0);
  watch_play(&k, "1@5 2@5/404 3@5");
  ck_assert(mf_watches_check(k.load, 0, &c));
  ck_assert(mf_str_is(c.name, "c") && c.made == 3 && c.failed == 1);
  ck_assert(!mf_watches_check(k.load, 1, &c));
  ck_assert(!mf_watches_check(NULL, 0, &c));
  watch_kit_fini(&k);
}
END_TEST

/* Progress asks for the results meanwhile. */
START_TEST(a_value_that_broke_meanwhile_is_not_the_last_one) {
  static const char rows[] = METRICS
      ".slot 0 name=\"v\" kind=reading arg=0\n.const 1 double 3.0\n"
      ".reading 0 metric=5 aggregate=count scenario=0\n"
      ".watch 0 kind=threshold chunk=2 scenario=0 name=\"t\" path=\"p\"\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n";
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  watch_play(&k, "1@5");
  ck_assert_str_eq(watch_results(&k, k.load, 1), "broken 1: 1, not == 3");
  mf_buf_clear(&k.log);
  watch_play(&k, "2@5 3@5");
  ck_assert_str_eq(watch_results(&k, k.load, 3), "ok 3");
  watch_kit_fini(&k);
}
END_TEST

/* What an evaluation in between has changed is put right by the next sample. */
START_TEST(refreshed_slots_keep_what_was_counted) {
  static const char rows[] = RUN_REQUESTS
      ".watch 0 kind=threshold chunk=2 name=\"t\" path=\"p\" flags=aborts\n"
      ".chunk 2 name=\"t\" kind=pure\nSLOT_LT 0, 1\nRETURN\n";
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  watch_play(&k, "1@5 2@5");
  ck_assert_int_eq(mf_armed_refresh(&k.run_armed, k.vm), MF_OK);
  watch_play(&k, "3@5");
  ck_assert_str_eq(watch_results(&k, k.run, 5), "trip 0 at 3 {\"v\":3.0}; broken 3: 3, not < 3");
  watch_kit_fini(&k);
}
END_TEST

/* ---- Memory ---- */

/* Everything that can be made, with each allocation failing in turn. */
static mf_status make_all(const mf_alloc *alloc, const watch_kit *k) {
  mf_armed armed;
  mf_watches *w = NULL;
  mf_arena arena;
  mf_load_script script = {
      .image = k->image.open, .vm = k->vm, .scenario = 0, .path = MF_STR("steps[0]")};
  mf_http_result result = {.status = 500};
  mf_sample s = {.now_ns = 5, .latency_ns = 7, .result = &result};
  mf_arena_init(&arena, alloc, 0);
  mf_status status = mf_armed_init(&armed, alloc, &script, NULL, 1);
  if (status == MF_OK) status = mf_watches_new(alloc, &armed, &script, NULL, NULL, NULL, &w);
  if (status == MF_OK) mf_watches_begin(w, 0);
  if (status == MF_OK) status = mf_armed_response(&armed, mf_watches_reads(w, 0), &result, 7);
  if (status == MF_OK) status = mf_watches_sample(w, &s);
  if (status == MF_OK && mf_watches_results(w, 9, &arena).kind == MF_UNSET)
    status = MF_OUT_OF_MEMORY;
  mf_watches_free(w);
  mf_armed_fini(&armed);
  mf_arena_fini(&arena);
  return status;
}

START_TEST(without_memory) {
  static const char rows[] = RESPONSE METRICS
      ".slot 3 name=\"v\" kind=reading arg=0\n.const 1 int 200\n.const 2 double 10.0\n"
      ".const 3 string \"name\"\n.const 4 string \"home\"\n.const 5 map 3:4\n.const 6 string "
      "\"x\"\n"
      ".reading 0 metric=0 aggregate=avg scenario=0 window=2 selector=5\n"
      ".watch 0 kind=check chunk=2 scenario=0 name=\"c\" path=\"p\"\n"
      ".watch 1 kind=abort_when chunk=3 scenario=0 name=\"a\" path=\"p\"\n"
      ".watch 2 kind=check chunk=4 scenario=0 name=\"d\" path=\"p\"\n"
      ".chunk 2 name=\"c\" kind=pure\nSLOT_EQ 0, 1\nRETURN\n"
      ".chunk 3 name=\"a\" kind=pure\nSLOT_LT 3, 2\nRETURN\n"
      ".chunk 4 name=\"d\" kind=pure\nLOAD 1\nFIELD 6\nRETURN\n";
  watch_kit k;
  watch_kit_init(&k, rows, 1);
  mf_counting_alloc counting = {.inner = mf_alloc_default()};
  mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
  ck_assert_int_eq(make_all(&alloc, &k), MF_OK);
  const uint64_t calls = counting.calls;
  ck_assert(calls > 5);
  for (uint64_t i = 1; i <= calls; i++) {
    counting = (mf_counting_alloc){.inner = mf_alloc_default(), .fail_at = i};
    alloc = mf_counting_alloc_as_alloc(&counting);
    mf_status status = make_all(&alloc, &k);
    ck_assert_msg(status == MF_OUT_OF_MEMORY, "allocation %d of %d: %s", (int)i, (int)calls,
                  mf_status_name(status));
    ck_assert_uint_eq(counting.in_use, 0);
  }
  watch_kit_fini(&k);
}
END_TEST

static mf_status answer_all(const mf_alloc *alloc, const watch_kit *k) {
  mf_armed armed;
  mf_watches *w = NULL;
  mf_load_script script = {.image = k->image.open, .vm = k->vm, .scenario = MF_ABSENT};
  mf_http_result result = {
      .status = 500,
      .body = MF_STR("{\"bad\":true}"),
      .head = MF_STR("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")};
  mf_status status = mf_armed_init(&armed, alloc, &script, NULL, 1);
  if (status == MF_OK) status = mf_watches_new(alloc, &armed, &script, NULL, NULL, NULL, &w);
  if (status == MF_OK) mf_watches_begin(w, 0);
  if (status == MF_OK) status = mf_watches_answer(w, 0, 5, &result, 7);
  mf_watches_free(w);
  mf_armed_fini(&armed);
  return status;
}

START_TEST(answers_without_memory) {
  static const char rows[] = ANSWERS PROBED("0", "2")
      "\n.chunk 2 name=\"t\" kind=pure\nLOAD 1\nFIELD 3\nPOP\nLOAD 4\nFIELD 7\nFIELD 3\nNOT\nRETURN\n";
  watch_kit k;
  mf_status status = MF_OUT_OF_MEMORY;
  watch_kit_init(&k, rows, 1);
  for (uint64_t n = 1; status != MF_OK; n++) {
    mf_counting_alloc counting = {.inner = mf_alloc_default(), .fail_at = n};
    const mf_alloc alloc = mf_counting_alloc_as_alloc(&counting);
    status = answer_all(&alloc, &k);
    ck_assert(status == MF_OK || status == MF_OUT_OF_MEMORY);
    ck_assert_uint_eq(counting.in_use, 0);
    ck_assert(n > 5 || status != MF_OK);
  }
  watch_kit_fini(&k);
}
END_TEST

/* Every window of a trend takes memory of its own. */
static mf_status with_windows(int n) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf rows;
  watch_kit k;
  mf_watches *w;
  mf_buf_init(&rows, &alloc, 0);
  mf_buf_puts(&rows, METRICS ".const 1 double 9.0\n.chunk 2 name=\"t\" kind=pure\n");
  for (int i = 0; i < n; i++) mf_buf_printf(&rows, "LOAD %d\nPOP\n", i);
  mf_buf_puts(&rows, "CONST 1\nRETURN\n");
  for (int i = 0; i < n; i++)
    mf_buf_printf(&rows,
                  ".const %d double %d.0\n.slot %d name=\"v\" kind=reading arg=%d\n"
                  ".reading %d metric=0 aggregate=avg scenario=1 window=%d\n",
                  i + 2, i + 1, i, i, i, i + 2);
  mf_buf_puts(&rows, ".watch 0 kind=threshold chunk=2 scenario=1 name=\"t\" path=\"p\"\n");
  mf_buf_putc(&rows, 0);
  watch_kit_init(&k, rows.p, 1);
  mf_load_script script = {
      .image = k.image.open, .vm = k.vm, .scenario = 1, .path = MF_STR("steps[1]")};
  mf_status status = mf_watches_new(&alloc, &k.armed, &script, NULL, NULL, NULL, &w);
  mf_watches_free(w);
  watch_kit_fini(&k);
  mf_buf_fini(&rows);
  return status;
}

START_TEST(windows_take_no_more_than_WATCH_MEMORY) {
  const int fit = (int)(MF_LIMIT_WATCH_MEMORY / (300 << 10));
  ck_assert_int_eq(with_windows(fit), MF_OK);
  ck_assert_int_eq(with_windows(fit * 2), MF_OUT_OF_MEMORY);
}
END_TEST

Suite *stdlib_watches_suite(void) {
  Suite *s = suite_create("stdlib_watches");
  TCase *t = tcase_create("watches");
  suite_add_tcase(s, t);
  tcase_add_test(t, a_probe_has_a_response_of_its_own);
  tcase_add_test(t, a_probe_without_an_answer);
  tcase_add_test(t, samples_are_looked_at_with_the_latest_answer);
  tcase_add_test(t, silence_of_loads_is_none_of_a_probe);
  tcase_add_test(t, answers_of_no_probe_change_nothing);
  tcase_add_test(t, answers_without_memory);
  tcase_add_test(t, checks_are_of_every_response);
  tcase_add_test(t, the_first_error_of_a_check_is_kept);
  tcase_add_test(t, what_is_no_bool_fails);
  tcase_add_test(t, checks_of_one_request);
  tcase_add_test(t, a_check_that_aborts);
  tcase_add_test(t, checks_are_a_metric);
  tcase_add_test(t, what_a_response_has_to_be);
  tcase_add_loop_test(t, samples_that_do_not_match_are_passed_over, 0, 16);
  tcase_add_test(t, selectors_of_several_tags);
  tcase_add_test(t, an_expression_that_fails_does_not_hold);
  tcase_add_test(t, the_run_sees_every_load);
  tcase_add_test(t, the_run_looks_at_one_load);
  tcase_add_test(t, a_load_looks_at_the_run);
  tcase_add_test(t, a_document_without_watches_of_the_run);
  tcase_add_test(t, metrics_of_actions);
  tcase_add_test(t, what_is_not_finite_never_passes);
  tcase_add_test(t, labels_are_tags);
  tcase_add_test(t, only_what_is_read_is_asked_for);
  tcase_add_test(t, checks_can_be_counted_meanwhile);
  tcase_add_test(t, a_value_that_broke_meanwhile_is_not_the_last_one);
  tcase_add_test(t, refreshed_slots_keep_what_was_counted);
  tcase_add_test(t, without_memory);
  tcase_add_test(t, windows_take_no_more_than_WATCH_MEMORY);
  return s;
}
