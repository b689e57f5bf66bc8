/* SPDX-License-Identifier: MIT */
#include "driver_bench.h"

Suite *stdlib_http_load_suite(void);

#define S 1000000000LL
#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static driver_bench bench;
static loopback server;
static mf_load_stats run_stats;
static char target[64];

static void set_up(void) {
  bench_init(&bench);
  memset(&run_stats, 0, sizeof run_stats);
  bench.env.run_stats = &run_stats;
}

static void tear_down(void) {
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  bench_fini(&bench);
}

static void aim_at(uint16_t port) {
  snprintf(target, sizeof target, "http://127.0.0.1:%u", port);
  bench.env.target_url = mf_str_of(target);
}

static void serve(const script_reply *script, size_t n) {
  loopback_start(&server, bench.env.loop, script, n);
  aim_at(server.port);
}

static const script_reply always_ok[] = {{.what = SAY, .bytes = OK_HI}};
static const script_reply always_hang[] = {{.what = HANG}};

static void run(const char *args) { bench_run(&bench, "http_load", args); }
static double metric(const char *name) { return bench_metric(&bench, "metrics", name); }
static const char *error(void) { return bench_text(&bench, "error"); }

/* ---- Executors ---- */

START_TEST(a_constant_rate_sends_exactly_what_is_due) {
  serve(always_ok, 1);
  run("{\"executor\": \"constant_arrival_rate\", \"rate\": 100, \"duration\": 0.5, \"path\": "
      "\"/p\","
      " \"headers\": {\"X-A\": \"b\"}}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 50);
  ck_assert_double_eq(metric("status_2xx"), 50);
  ck_assert_double_eq(metric("errors"), 0);
  ck_assert_double_eq(metric("dropped"), 0);
  ck_assert_double_eq_tol(metric("throughput"), 100, 1);
  ck_assert_double_gt(metric("latency_p50"), 0);
  ck_assert_ptr_nonnull(strstr(server.last, "GET /p HTTP/1.1\r\nX-A: b\r\n"));
  ck_assert_double_eq(bench_metric(&bench, "run_metrics", "requests"), 50);
}
END_TEST

START_TEST(a_ramp_sends_the_area_under_it) {
  serve(always_ok, 1);
  run("{\"executor\": \"ramping-arrival-rate\", \"start_rate\": 0, \"stages\": ["
      "{\"target\": 200, \"duration\": 0.4}, {\"target\": 0, \"duration\": \"100ms\"}]}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_ge(metric("requests"), 49);
  ck_assert_double_le(metric("requests"), 51);
}
END_TEST

START_TEST(stages_can_be_shares_of_the_duration) {
  serve(always_ok, 1);
  run("{\"start_rate\": 100, \"duration\": 0.4, \"stages\": ["
      "{\"share\": 0.5, \"target\": 100}, {\"share\": 0, \"target\": 200},"
      " {\"share\": 0.5, \"target\": 200}]}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 60);
  ck_assert_double_eq_tol(mf_map_number(&bench.outcome, "seconds", 0), 0.4, 0.001);
}
END_TEST

START_TEST(an_absurd_rate_is_capped) {
  serve(always_ok, 1);
  bench.budget.max_rate = 0;
  run("{\"rate\": 1e300, \"duration\": 0.01, \"graceful_stop\": 0}");
  ck_assert_str_eq(bench_text(&bench, "warning"), "rate capped at 1000000");
}
END_TEST

START_TEST(users_wait_between_their_requests) {
  serve(always_ok, 1);
  run("{\"executor\": \"constant_vus\", \"vus\": 3, \"think_time\": 0.1, \"duration\": 0.35}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  /* At 0, 0.1+, 0.2+ and 0.3+ seconds; a slow machine sends fewer. */
  ck_assert_double_ge(metric("requests"), 6);
  ck_assert_double_le(metric("requests"), 12);
  ck_assert_int_eq(server.accepted, 3);
}
END_TEST

START_TEST(users_without_a_pause_are_capped) {
  serve(always_ok, 1);
  bench.budget.max_rate = 100;
  run("{\"executor\": \"constant_vus\", \"vus\": 5, \"duration\": 0.5}");
  ck_assert(bench_ok(&bench));
  ck_assert_double_ge(metric("requests"), 30);
  ck_assert_double_le(metric("requests"), 50);
}
END_TEST

START_TEST(the_caps_are_told) {
  serve(always_ok, 1);
  bench.budget.max_rate = 20;
  bench.budget.max_connections = 2;
  run("{\"rate\": 5000, \"duration\": 0.5}");
  ck_assert(bench_ok(&bench));
  ck_assert_double_eq(metric("requests"), 10);
  ck_assert_str_eq(bench_text(&bench, "warning"), "rate capped at 20; connections capped at 2");
}
END_TEST

START_TEST(each_user_has_its_iterations) {
  serve(always_ok, 1);
  run("{\"executor\": \"per-vu-iterations\", \"vus\": 3, \"iterations\": 4}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 12);
  ck_assert_double_eq(metric("dropped"), 0);
  ck_assert_int_eq(server.accepted, 3);
  ck_assert_double_lt(mf_map_number(&bench.outcome, "seconds", 0), 5);
}
END_TEST

START_TEST(users_share_iterations) {
  serve(always_ok, 1);
  run("{\"vus\": 3, \"iterations\": 10}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 10);
  run("{\"executor\": \"shared_iterations\", \"vus\": 3, \"iterations\": 2}");
  ck_assert_double_eq(metric("requests"), 2);
}
END_TEST

/* Of one that fails at once, too. */
START_TEST(iterations_on_a_dead_target_end) {
  aim_at(loopback_dead_port());
  run("{\"executor\": \"per_vu_iterations\", \"vus\": 2, \"iterations\": 3}");
  ck_assert(!bench_ok(&bench));
  ck_assert_double_eq(metric("requests"), 6);
}
END_TEST

START_TEST(iterations_without_time_are_dropped) {
  static const char *const executors[] = {"per_vu_iterations", "shared_iterations"};
  char args[200];
  serve(always_hang, 1);
  snprintf(args, sizeof args,
           "{\"executor\": \"%s\", \"vus\": 2, \"iterations\": 8, \"duration\": 0.1,"
           " \"graceful_stop\": 0}",
           executors[_i]);
  run(args);
  ck_assert_int_eq(bench_get(&bench, "interrupted")->as.i, 2);
  ck_assert_double_eq(metric("dropped"), _i ? 6 : 14);
}
END_TEST

/* 0, then 2 users, then 0 again: the second at a quarter of the way. */
START_TEST(users_come_and_go_with_the_stages) {
  serve(always_ok, 1);
  run("{\"executor\": \"ramping_vus\", \"start_vus\": 0, \"think_time\": 0.01, \"stages\": ["
      "{\"target\": 2, \"duration\": 0.2}, {\"target\": 0, \"duration\": 0.2},"
      " {\"target\": 0, \"duration\": 0.2}]}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_int_eq(server.accepted, 2);
  /* 0.4 user seconds; a slow machine sends fewer. */
  ck_assert_double_le(metric("requests"), 44);
  ck_assert_double_ge(metric("requests"), 10);
}
END_TEST

START_TEST(users_that_left_come_back) {
  serve(always_ok, 1);
  run("{\"start_vus\": 1, \"think_time\": 0.01, \"stages\": [{\"target\": 1, \"duration\": 0.05},"
      " {\"target\": 0, \"duration\": 0}, {\"target\": 0, \"duration\": 0.2},"
      " {\"target\": 1, \"duration\": 0}, {\"target\": 1, \"duration\": 0.1}]}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_int_eq(server.accepted, 1);
  ck_assert_double_le(metric("requests"), 17);
  ck_assert_double_ge(metric("requests"), 4);
}
END_TEST

START_TEST(a_load_can_begin_later) {
  serve(always_ok, 1);
  int64_t start = mf_clock_monotonic();
  run("{\"rate\": 50, \"duration\": 0.2, \"after\": 0.3}");
  ck_assert_int_ge(mf_clock_monotonic() - start, S / 2);
  ck_assert_double_eq(metric("requests"), 10);
  ck_assert_double_eq_tol(mf_map_number(&bench.outcome, "seconds", 0), 0.2, 0.001);
  run("{\"vus\": 1, \"think_time\": 1, \"duration\": 0.2, \"after\": \"300ms\"}");
  ck_assert_double_eq(metric("requests"), 1);
}
END_TEST

START_TEST(a_load_can_be_cancelled_before_it_began) {
  serve(always_ok, 1);
  bench_start(&bench, "http_load", "{\"rate\": 200, \"after\": 100}");
  mf_loop_run_once(bench.env.loop, 0);
  bench.driver->cancel(bench.op);
  ck_assert_str_eq(error(), "cancelled");
  ck_assert_double_eq(mf_map_number(&bench.outcome, "seconds", -1), 0);
  ck_assert_double_eq(metric("requests"), 0);
}
END_TEST

START_TEST(max_vus_bounds_connections) {
  serve(always_hang, 1);
  run("{\"rate\": 100, \"duration\": 0.1, \"max_vus\": 3, \"graceful_stop\": 0}");
  ck_assert_int_eq(server.accepted, 3);
  ck_assert_double_eq(metric("dropped"), 7);
}
END_TEST

/* What other loads of the run use is not there for this one. */
START_TEST(connections_of_other_loads_count) {
  serve(always_ok, 1);
  bench.budget.max_connections = 3;
  bench.budget.connections = 1;
  run("{\"executor\": \"constant_vus\", \"vus\": 3, \"think_time\": 0.1, \"duration\": 0.2}");
  ck_assert_str_eq(bench_text(&bench, "warning"), "connections capped at 2");
  ck_assert_int_eq(server.accepted, 2);
  ck_assert_uint_eq(bench.budget.connections, 1);
  bench.budget.connections = 3;
  run("{\"vus\": 1, \"duration\": 0.2}");
  ck_assert_str_eq(error(), "other loads use all connections that the run may have");
  run("{\"rate\": 20, \"duration\": 0.2}");
  ck_assert_double_eq(metric("dropped"), 4);
  ck_assert_uint_eq(bench.budget.connections, 3);
}
END_TEST

START_TEST(the_rate_is_that_of_all_loads) {
  serve(always_ok, 1);
  bench.budget.max_rate = 20;
  bench.budget.next_ns = mf_clock_monotonic() + 250000000; /* others have had their share */
  run("{\"rate\": 20, \"duration\": 0.5}");
  ck_assert(bench_ok(&bench));
  ck_assert_double_ge(metric("requests"), 4);
  ck_assert_double_le(metric("requests"), 7);
  ck_assert_str_eq(bench_text(&bench, "warning"), "rate of all loads capped at 20");
}
END_TEST

START_TEST(requests_end_at_max_requests) {
  static const char *const loads[] = {"{\"rate\": 100, \"duration\": 0.2}",
                                      "{\"vus\": 3, \"duration\": 0.2}"};
  serve(always_ok, 1);
  bench.budget.max_requests = 5;
  bench.budget.requests = 0;
  run(loads[_i]);
  ck_assert_double_eq(metric("requests"), 5);
  ck_assert(bench.budget.is_exceeded);
}
END_TEST

/* ---- Time ---- */

START_TEST(lengths_are_scaled_and_rates_are_not) {
  serve(always_ok, 1);
  bench.env.time_scale = 0.05;
  run("{\"rate\": 100, \"duration\": 20}");
  ck_assert_double_eq(metric("requests"), 100);
  ck_assert_double_eq_tol(mf_map_number(&bench.outcome, "seconds", 0), 1, 0.01);
}
END_TEST

START_TEST(a_scaled_load_lasts_half_a_second) {
  serve(always_ok, 1);
  bench.env.time_scale = 0.001;
  run("{\"rate\": 100, \"duration\": 20}");
  ck_assert_double_eq(metric("requests"), 50);
  run("{\"stages\": [{\"target\": 100, \"duration\": 10}, {\"target\": 100, \"duration\": 0},"
      " {\"target\": 100, \"duration\": 30}]}");
  /* A quarter of it a ramp. */
  ck_assert_double_eq_tol(metric("requests"), 43.75, 1);
}
END_TEST

START_TEST(a_stalled_service_shows_in_the_latency) {
  /* One connection; the first answer takes until the load has stopped sending. */
  script_reply script[] = {{.what = HANG}, {.what = SAY, .bytes = OK_HI}};
  serve(script, 2);
  run("{\"rate\": 50, \"duration\": 0.5, \"max_connections\": 1, \"timeout\": 0.3}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  /* What was due in the 0.3 s was sent late; its latency counts from when it was due. */
  ck_assert_double_eq(metric("requests"), 25);
  ck_assert_double_ge(metric("max_latency"), 300);
  ck_assert_double_ge(metric("latency_p50"), 50);
  ck_assert_double_eq(metric("errors"), 1);
}
END_TEST

START_TEST(what_was_never_sent_is_dropped) {
  serve(always_hang, 1);
  run("{\"rate\": 100, \"duration\": 0.3, \"max_connections\": 2, \"timeout\": 0.6}");
  ck_assert(!bench_ok(&bench));
  ck_assert_double_eq(metric("requests"), 2);
  ck_assert_double_eq(metric("dropped"), 28);
  ck_assert_ptr_nonnull(
      strstr(error(), "no successful response: 2 requests, last error: timed out: "));
}
END_TEST

START_TEST(a_target_that_hangs_ends_in_bounded_time) {
  serve(always_hang, 1);
  int64_t start = mf_clock_monotonic();
  run("{\"rate\": 20, \"duration\": 0.2, \"graceful_stop\": 0.2}");
  ck_assert_int_lt(mf_clock_monotonic() - start, 5 * S);
  ck_assert(!bench_ok(&bench));
  ck_assert_int_eq(bench_get(&bench, "interrupted")->as.i, 4);
  ck_assert_double_eq(metric("requests"), 0);
  ck_assert_double_eq(metric("latency"), -1);
  ck_assert_str_eq(error(), "no successful response: 4 requests unanswered when the load ended");
}
END_TEST

/* ---- Failures ---- */

START_TEST(a_dead_target_is_told) {
  aim_at(loopback_dead_port());
  run("{\"rate\": 40, \"duration\": 0.25}");
  ck_assert(!bench_ok(&bench));
  ck_assert_double_eq(metric("requests"), 10);
  ck_assert_double_eq(metric("error_rate"), 1);
  ck_assert_double_eq(metric("latency"), -1);
  ck_assert_double_eq(mf_map_number(bench_get(&bench, "failures"), "refused", 0), 10);
  ck_assert_ptr_nonnull(strstr(
      error(), "no successful response: 10 requests, last error: connection refused: 127.0.0.1:"));
}
END_TEST

START_TEST(users_do_not_spin_on_a_dead_target) {
  aim_at(loopback_dead_port());
  bench.budget.max_rate = 0;
  run("{\"executor\": \"constant_vus\", \"vus\": 2, \"duration\": 0.3}");
  ck_assert(!bench_ok(&bench));
  ck_assert_double_le(metric("requests"), 62);
}
END_TEST

START_TEST(bad_statuses_are_errors) {
  script_reply script[] = {{.what = SAY, .bytes = OK_HI},
                           {.what = SAY, .bytes = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}};
  serve(script, 2);
  run("{\"rate\": 50, \"duration\": 0.2}");
  ck_assert_msg(bench_ok(&bench), "one good response is enough");
  ck_assert_double_eq(metric("error_rate"), 0.9);
  ck_assert_double_eq(metric("status_5xx"), 9);
}
END_TEST

START_TEST(only_bad_statuses_are_no_success) {
  script_reply script[] = {{.what = SAY, .bytes = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}};
  serve(script, 1);
  run("{\"rate\": 50, \"duration\": 0.1}");
  ck_assert(!bench_ok(&bench));
  ck_assert_str_eq(error(), "no successful response: 5 requests, last error: status 503");
}
END_TEST

static const char *const mistakes[][2] = {
    {"{\"rate\": 0}", "argument 'rate' must be more than 0"},
    {"{\"rate\": \"many\"}", "argument 'rate' must be a number"},
    {"{\"executor\": \"magic\"}", "argument 'executor'"},
    {"{\"executor\": \"ramping_arrival_rate\"}", "argument 'stages'"},
    {"{\"stages\": []}", "argument 'stages'"},
    {"{\"stages\": [5]}", "each of 'stages'"},
    {"{\"stages\": [{\"target\": 5}]}", "each of 'stages'"},
    {"{\"stages\": [{\"target\": -5, \"duration\": 1}]}", "argument 'target'"},
    {"{\"stages\": [{\"target\": 5, \"share\": 1.5}], \"duration\": 1}", "share"},
    {"{\"stages\": [{\"target\": 5, \"share\": 1, \"duration\": 1}]}", "each of 'stages'"},
    {"{\"stages\": [{\"target\": 5, \"duration\": 9e8}, {\"target\": 5, \"duration\": 9e8}]}",
     "10^9"},
    {"{\"vus\": 0}", "argument 'vus'"},
    {"{\"executor\": \"ramping_vus\"}", "argument 'stages'"},
    {"{\"executor\": \"per_vu_iterations\", \"iterations\": 0}", "argument 'iterations'"},
    {"{\"rate\": 1, \"max_vus\": 0}", "argument 'max_vus'"},
    {"{\"rate\": 1, \"after\": -1}", "argument 'after'"},
    {"{\"rate\": 1, \"max_connections\": 0}", "argument 'max_connections'"},
    {"{\"rate\": 1, \"timeout\": 0}", "argument 'timeout'"},
    {"{\"rate\": 1}", "there is no target"},
};

START_TEST(mistakes_are_told) {
  run(mistakes[_i][0]);
  ck_assert(!bench_ok(&bench));
  ck_assert_msg(strstr(error(), mistakes[_i][1]), "%s", error());
  ck_assert_ptr_null(bench_get(&bench, "metrics"));
}
END_TEST

static const char *deny_all(void *ctx, mf_str host, const void *address, size_t length) {
  (void)ctx, (void)host, (void)address, (void)length;
  return "not allowed";
}

START_TEST(a_denied_host_is_never_reached) {
  serve(always_ok, 1);
  bench.env.host_denied = deny_all;
  run("{\"rate\": 10, \"duration\": 0.1}");
  ck_assert_str_eq(error(), "the host may not be reached: not allowed");
  ck_assert_int_eq(server.accepted, 0);
}
END_TEST

/* 127.1 is a name to us; the C library knows it without a name server. */
START_TEST(a_load_begins_when_its_target_is_found) {
  char text[200];
  serve(always_ok, 1);
  snprintf(text, sizeof text, "{\"rate\": 50, \"duration\": 0.1, \"url\": \"http://127.1:%u\"}",
           server.port);
  run(text);
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 5);
}
END_TEST

START_TEST(a_target_that_is_not_found_is_told) {
  bench.env.host_denied = deny_all;
  run("{\"rate\": 50, \"duration\": 0.1, \"url\": \"http://127.1:9\"}");
  ck_assert_str_eq(error(), "the host may not be reached: not allowed");
}
END_TEST

START_TEST(a_load_may_go_to_a_unix_socket) {
  char path[108], text[200];
  loopback_start_socket(&server, bench.env.loop, path, always_ok, 1);
  snprintf(text, sizeof text,
           "{\"rate\": 100, \"duration\": 0.1, \"url\": "
           "\"http+unix://%%2Ftmp%%2F%.11s%%2Fa%%20b.sock\"}",
           path + 5);
  run(text);
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), 10);
  ck_assert_double_eq(metric("status_2xx"), 10);
  loopback_remove_socket(path);
}
END_TEST

/* tests/run-corpora has servers that speak it. */
START_TEST(what_tls_says_is_told) {
  static const script_reply no_tls[] = {
      {.what = SAY, .bytes = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", .at_once = true}};
  char text[200];
  serve(no_tls, 1);
  snprintf(text, sizeof text,
           "{\"rate\": 50, \"duration\": 0.1, \"url\": \"https://127.0.0.1:%u\"}", server.port);
  run(text);
  snprintf(
      text, sizeof text,
      "no successful response: 5 requests, last error: the TLS handshake failed: wrong version "
      "number: 127.0.0.1:%u",
      server.port);
  ck_assert_str_eq(error(), text);
  ck_assert_double_eq(mf_map_number(bench_get(&bench, "failures"), "tls", 0), 5);
}
END_TEST

START_TEST(a_load_can_be_cancelled_before_its_target_is_found) {
  bench_start(&bench, "http_load", "{\"rate\": 50, \"url\": \"http://127.1:9\"}");
  bench.driver->cancel(bench.op);
  ck_assert_str_eq(error(), "cancelled");
}
END_TEST

/* ---- The rest ---- */

START_TEST(a_rehearsal_sends_nothing) {
  serve(always_ok, 1);
  bench.env.rehearsal = true;
  int64_t start = mf_clock_monotonic();
  run("{\"rate\": 10, \"duration\": 0.2}");
  ck_assert_int_ge(mf_clock_monotonic() - start, S / 5);
  ck_assert(bench_ok(&bench));
  ck_assert(mf_map_bool(&bench.outcome, "rehearsal", false));
  ck_assert_ptr_null(bench_get(&bench, "metrics"));
  ck_assert_int_eq(server.accepted, 0);
  ck_assert_uint_eq(run_stats.requests, 0);
}
END_TEST

static uint64_t requests_told;
static double seconds_told;

static void count_call(void *ctx, const mf_load_view *load) {
  int *calls = ctx;
  requests_told += load->recent->requests;
  seconds_told += load->recent_seconds;
  ck_assert_uint_eq(load->recent->requests, load->recent->latency.count);
  ck_assert_uint_eq(load->stats->requests, requests_told);
  ck_assert_double_eq_tol(load->seconds, seconds_told, 1e-6);
  if (load->over) return;
  ck_assert_double_ge(load->seconds, 1);
  ck_assert_double_eq(load->planned, 1.3);
  ck_assert_uint_gt(load->stats->requests, 0);
  ck_assert_uint_eq(load->users, 50);
  ck_assert_uint_le(load->in_flight, 50);
  (*calls)++;
}

START_TEST(progress_is_told_once_a_second) {
  int calls = 0;
  requests_told = 0, seconds_told = 0;
  serve(always_ok, 1);
  bench.env.observe = count_call;
  bench.env.observe_ctx = &calls;
  run("{\"rate\": 20, \"duration\": 1.3}");
  ck_assert_int_eq(calls, 1);
  ck_assert_double_eq(metric("requests"), (double)requests_told); /* the last view has the rest */
}
END_TEST

START_TEST(cancelling_reports_what_was_measured) {
  serve(always_ok, 1);
  bench_start(&bench, "http_load", "{\"rate\": 200, \"duration\": 100}");
  while (server.requests < 10) mf_loop_run_once(bench.env.loop, S / 10);
  bench.driver->cancel(bench.op);
  ck_assert(bench.done && !bench_ok(&bench));
  ck_assert_str_eq(error(), "cancelled");
  ck_assert_double_ge(metric("requests"), 9);
  ck_assert_double_ge((double)run_stats.requests, 9);
}
END_TEST

START_TEST(cancelling_in_the_stop_phase_works) {
  serve(always_hang, 1);
  bench_start(&bench, "http_load", "{\"rate\": 100, \"duration\": 0.05}");
  int64_t end = mf_clock_monotonic() + S / 5;
  while (mf_clock_monotonic() < end) mf_loop_run_once(bench.env.loop, S / 100);
  bench.driver->cancel(bench.op);
  ck_assert(bench.done);
  ck_assert_int_eq(bench_get(&bench, "interrupted")->as.i, 5);
}
END_TEST

START_TEST(memory_failure_at_every_allocation_is_clean) {
  serve(always_ok, 1);
  for (uint64_t i = 1; i < 100; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    run("{\"stages\": [{\"target\": 100, \"duration\": 0.02}], \"headers\": {\"A\": \"b\"}}");
    ck_assert_uint_eq(bench.counting.in_use, 0);
    if (bench_ok(&bench)) return;
  }
  ck_abort_msg("it never succeeds");
}
END_TEST

Suite *stdlib_http_load_suite(void) {
  Suite *suite = suite_create("stdlib_http_load");
  TCase *tc = tcase_create("http_load");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, a_constant_rate_sends_exactly_what_is_due);
  tcase_add_test(tc, a_ramp_sends_the_area_under_it);
  tcase_add_test(tc, stages_can_be_shares_of_the_duration);
  tcase_add_test(tc, an_absurd_rate_is_capped);
  tcase_add_test(tc, users_wait_between_their_requests);
  tcase_add_test(tc, users_without_a_pause_are_capped);
  tcase_add_test(tc, the_caps_are_told);
  tcase_add_test(tc, each_user_has_its_iterations);
  tcase_add_test(tc, users_share_iterations);
  tcase_add_test(tc, iterations_on_a_dead_target_end);
  tcase_add_loop_test(tc, iterations_without_time_are_dropped, 0, 2);
  tcase_add_test(tc, users_come_and_go_with_the_stages);
  tcase_add_test(tc, users_that_left_come_back);
  tcase_add_test(tc, a_load_can_begin_later);
  tcase_add_test(tc, a_load_can_be_cancelled_before_it_began);
  tcase_add_test(tc, max_vus_bounds_connections);
  tcase_add_test(tc, connections_of_other_loads_count);
  tcase_add_test(tc, the_rate_is_that_of_all_loads);
  tcase_add_loop_test(tc, requests_end_at_max_requests, 0, 2);
  tcase_add_test(tc, lengths_are_scaled_and_rates_are_not);
  tcase_add_test(tc, a_scaled_load_lasts_half_a_second);
  tcase_add_test(tc, a_stalled_service_shows_in_the_latency);
  tcase_add_test(tc, what_was_never_sent_is_dropped);
  tcase_add_test(tc, a_target_that_hangs_ends_in_bounded_time);
  tcase_add_test(tc, a_dead_target_is_told);
  tcase_add_test(tc, users_do_not_spin_on_a_dead_target);
  tcase_add_test(tc, bad_statuses_are_errors);
  tcase_add_test(tc, only_bad_statuses_are_no_success);
  tcase_add_loop_test(tc, mistakes_are_told, 0, (int)(sizeof mistakes / sizeof *mistakes));
  tcase_add_test(tc, a_denied_host_is_never_reached);
  tcase_add_test(tc, a_load_begins_when_its_target_is_found);
  tcase_add_test(tc, a_target_that_is_not_found_is_told);
  tcase_add_test(tc, a_load_may_go_to_a_unix_socket);
  tcase_add_test(tc, what_tls_says_is_told);
  tcase_add_test(tc, a_load_can_be_cancelled_before_its_target_is_found);
  tcase_add_test(tc, a_rehearsal_sends_nothing);
  tcase_add_test(tc, progress_is_told_once_a_second);
  tcase_add_test(tc, cancelling_reports_what_was_measured);
  tcase_add_test(tc, cancelling_in_the_stop_phase_works);
  tcase_add_test(tc, memory_failure_at_every_allocation_is_clean);
  suite_add_tcase(suite, tc);
  return suite;
}
