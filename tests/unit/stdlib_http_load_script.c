/* SPDX-License-Identifier: MIT */
/* What a load does by its document: lists of requests, weights, data, captures. */
#include "driver_bench.h"
#include "vm_kit.h"

#include "../../base/limits.h"
#include "../../stdlib/http_load.h"

Suite *stdlib_http_load_script_suite(void);

#define S 1000000000LL
#define OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define NOT_FOUND "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
#define TOKEN(t) "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"token\":\"" t "\"}"

/* A machine that has just asked for its load. */
#define PROGRAM                                                                                   \
  ".step 0 name=\"one\" path=\"steps[0]\"\n.scenario 0 name=\"load\" driver=\"http_load\"\n"      \
  ".const 0 string \"one\"\n.const 1 map\n.const 2 string \"path\"\n.const 3 string \"/\"\n"      \
  ".const 4 string \"id\"\n.const 5 string \"token\"\n.const 6 string \"/a\"\n"                   \
  ".const 7 string \"/b\"\n.const 8 string \"method\"\n.const 9 string \"POST\"\n"                \
  ".const 10 string \"body\"\n.const 11 int 3\n.const 12 double 0.5\n.const 13 string \"url\"\n"  \
  ".const 14 string \"http://127.0.0.1:1/x\"\n.const 15 string \"/other\"\n"                      \
  ".slot 0 name=\"load.data\" kind=builtin arg=19\n"                                              \
  ".slot 1 name=\"response.json\" kind=builtin arg=17\n"                                          \
  ".slot 2 name=\"response.body\" kind=builtin arg=16\n"                                          \
  ".slot 3 name=\"token\" kind=capture\n"                                                         \
  ".chunk 0 name=\"main\" kind=main\nRUN_ENTER out\nSTEP_ENTER 0, leave\nCONST 0\nSTEP_BEGIN 0\n" \
  "CONST 1\nSCENARIO 0\nSTEP_OUTCOME 0\nleave:\nSTEP_LEAVE 0\n"                                   \
  "out:\nRUN_FINAL\nVERDICT\nRUN_LEAVE\nEND\n"
#define PURE(n, code) ".chunk " #n " name=\"p\" kind=pure\n" code "RETURN\n"
#define GET_A PURE(1, "CONST 2\nCONST 6\nMAP 1\n")
#define POST_B PURE(2, "CONST 2\nCONST 7\nCONST 8\nCONST 9\nCONST 10\nCONST 6\nMAP 3\n")
#define BY_ID PURE(1, "CONST 2\nCONST 3\nLOAD 0\nFIELD 4\nCONCAT 2\nMAP 1\n")
#define BY_TOKEN PURE(2, "CONST 2\nCONST 3\nLOAD 3\nCONCAT 2\nMAP 1\n")
#define REQUEST(i, name_, message_, more) \
  ".request " #i " scenario=0 name=\"" name_ "\" message=" #message_ " " more "\n"
#define CAPTURE(chunk_, more) \
  ".watch 0 kind=capture chunk=" #chunk_ " scenario=0 name=\"t\" path=\"p\" slot=3 " more "\n"

static driver_bench bench;
static loopback server;
static vm_host host;
static mf_load_stats run_stats;
static char target[64], heard[8192];

static void set_up(void) {
  bench_init(&bench);
  memset(&run_stats, 0, sizeof run_stats);
  memset(&host, 0, sizeof host);
  bench.env.run_stats = &run_stats;
  heard[0] = 0;
}

static void close_script(void) {
  if (host.vm) vm_host_fini(&host);
  memset(&host, 0, sizeof host);
}

static void tear_down(void) {
  if (server.loop) loopback_stop(&server);
  memset(&server, 0, sizeof server);
  close_script();
  bench_fini(&bench);
}

/* "/a " for each request. */
static void hear(const char *request) {
  const char *from = strchr(request, '/'), *to = from ? strchr(from, ' ') : NULL;
  size_t n = strlen(heard);
  if (to && n + (size_t)(to - from) + 2 < sizeof heard)
    snprintf(heard + n, sizeof heard - n, "%.*s ", (int)(to - from), from);
}

static void serve(const script_reply *script, size_t n) {
  loopback_start(&server, bench.env.loop, script, n);
  server.heard = hear;
  snprintf(target, sizeof target, "http://127.0.0.1:%u", server.port);
  bench.env.target_url = mf_str_of(target);
}

static const script_reply always_ok[] = {{.what = SAY, .bytes = OK_HI}};

/* Runs a document up to its load. */
static void script(const char *program) {
  mf_effect effect;
  close_script();
  vm_host_init(&host, program);
  vm_host_new(&host);
  ck_assert_int_eq(mf_vm_run(host.vm, &effect), MF_VM_EFFECT);
  ck_assert(mf_str_is(effect.driver, "http_load"));
  bench.env.script = (mf_load_script){
      .image = host.image.open, .vm = host.vm, .scenario = effect.row, .path = MF_STR("steps[0]")};
}

static void run(const char *args) {
  heard[0] = 0;
  bench_run(&bench, "http_load", args);
}
static double metric(const char *name) { return bench_metric(&bench, "metrics", name); }
static const char *error(void) { return bench_text(&bench, "error"); }
static double named(const char *name, const char *of) {
  const mf_value *requests = bench_get(&bench, "requests");
  return mf_map_number(mf_map_get(requests, mf_str_of(name)), of, -1);
}

#define ONE_USER "{\"executor\": \"per_vu_iterations\", \"iterations\": "

/* ---- Lists ---- */

START_TEST(a_user_goes_through_the_list_in_order) {
  serve(always_ok, 1);
  script(PROGRAM REQUEST(0, "first", 1, "flags=constant") REQUEST(1, "second", 2, "") GET_A POST_B);
  run(ONE_USER "3}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(heard, "/a /b /a /b /a /b ");
  ck_assert_double_eq(metric("requests"), 6);
  ck_assert_double_eq(named("first", "requests"), 3);
  ck_assert_double_eq(named("second", "status_2xx"), 3);
  ck_assert_double_gt(named("second", "throughput"), 0);
  ck_assert_ptr_nonnull(strstr(server.last, "POST /b HTTP/1.1\r\n"));
  ck_assert_ptr_nonnull(strstr(server.last, "Content-Length: 2\r\n\r\n/a"));
}
END_TEST

START_TEST(weights_choose_and_can_be_repeated) {
  char first[sizeof heard];
  serve(always_ok, 1);
  bench.budget.max_rate = 0;
  script(PROGRAM REQUEST(0, "often", 1, "flags=constant weight=11")
             REQUEST(1, "rare", 2, "flags=constant") GET_A POST_B);
  run(ONE_USER "1000}");
  ck_assert_double_eq(metric("requests"), 1000);
  /* 3 of 4: a request without a weight weighs 1. */
  ck_assert_double_eq_tol(named("often", "requests"), 750, 50);
  memcpy(first, heard, sizeof heard);
  run(ONE_USER "1000}");
  ck_assert_str_eq(first, heard);
  bench.env.seed = 5;
  run(ONE_USER "1000}");
  ck_assert_str_ne(first, heard);
}
END_TEST

START_TEST(a_name_alone_has_the_metrics_of_the_load) {
  serve(always_ok, 1);
  script(PROGRAM REQUEST(0, "only", 1, "flags=constant") REQUEST(1, "only", 2, "") GET_A POST_B);
  run("{\"rate\": 100, \"duration\": 0.1}");
  ck_assert_double_eq(named("only", "requests"), 10);
  ck_assert_double_eq(metric("requests"), 10);
}
END_TEST

START_TEST(names_have_metrics_up_to_REQUEST_NAMES) {
  mf_buf text;
  mf_alloc alloc = mf_alloc_default();
  serve(always_ok, 1);
  mf_buf_init(&text, &alloc, 0);
  mf_buf_puts(&text, PROGRAM GET_A);
  for (unsigned i = 0; i <= MF_LIMIT_REQUEST_NAMES; i++)
    mf_buf_printf(&text, ".request %u scenario=0 name=\"n%u\" message=1 flags=constant\n", i, i);
  script(text.p);
  bench.budget.max_rate = 0;
  run(ONE_USER "1}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_double_eq(metric("requests"), MF_LIMIT_REQUEST_NAMES + 1);
  ck_assert_uint_eq(bench_get(&bench, "requests")->as.map->count, MF_LIMIT_REQUEST_NAMES);
  ck_assert_uint_le(bench.counting.peak, 8u << 20);
  mf_buf_fini(&text);
}
END_TEST

START_TEST(all_requests_go_to_one_target) {
  static const char *const flags[] = {"", "flags=constant"};
  char program[4096];
  serve(always_ok, 1);
  snprintf(program, sizeof program, "%s.request 0 scenario=0 name=\"far\" message=1 %s\n%s",
           PROGRAM, flags[_i], PURE(1, "CONST 13\nCONST 14\nMAP 1\n"));
  script(program);
  run(ONE_USER "2}");
  ck_assert(!bench_ok(&bench));
  ck_assert_ptr_nonnull(strstr(error(),
                               "request 'far': url leads to 127.0.0.1:1, but all requests"
                               " of a load go to 127.0.0.1:"));
  ck_assert_int_eq(server.requests, 0);
  if (!_i) ck_assert_double_eq(mf_map_number(bench_get(&bench, "failures"), "request", 0), 2);
}
END_TEST

START_TEST(what_is_no_message_is_told) {
  serve(always_ok, 1);
  script(PROGRAM REQUEST(0, "bad", 1, "flags=constant") PURE(1, "CONST 11\n"));
  run(ONE_USER "1}");
  ck_assert_str_eq(error(), "request 'bad': its message is no map");
  script(PROGRAM REQUEST(0, "bad", 1, "") PURE(1, "CONST 11\n"));
  run("{\"rate\": 100, \"duration\": 0.05}");
  ck_assert_str_eq(error(),
                   "no successful response: 5 requests, last error: request 'bad': its"
                   " message is no map");
  ck_assert_double_eq(metric("latency"), -1);
}
END_TEST

/* ---- Data ---- */

#define WITH_DATA PROGRAM REQUEST(0, "r", 1, "") BY_ID

static void write_file(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%.*s/%s", (int)bench.env.base_dir.n, bench.env.base_dir.p, name);
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  fclose(f);
}

static char folder[64];

static void make_folder(void) {
  strcpy(folder, "/tmp/mfvm-data-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  bench.env.base_dir = mf_str_of(folder);
}

static void remove_folder(void) {
  static const char *const names[] = {"d.csv", "d.json"};
  char path[128];
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
  ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(turns_take_rows_in_order) {
  serve(always_ok, 1);
  script(WITH_DATA);
  run("{\"executor\": \"per_vu_iterations\", \"iterations\": 5, \"data\": [{\"id\": 1}, {\"id\": "
      "\"x\"}]}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(heard, "/1 /x /1 /x /1 ");
}
END_TEST

START_TEST(users_can_have_a_row_each) {
  serve(always_ok, 1);
  script(WITH_DATA);
  run("{\"executor\": \"per_vu_iterations\", \"iterations\": 2, \"vus\": 2, \"data\": {\"mode\": "
      "\"per_vu\", \"rows\": [{\"id\": 1}, {\"id\": 2}, {\"id\": 3}]}}");
  const char *one = strstr(heard, "/1 "), *two = strstr(heard, "/2 ");
  ck_assert(one && two && strlen(heard) == 12);
  ck_assert(strstr(one + 1, "/1 ") && strstr(two + 1, "/2 "));
}
END_TEST

START_TEST(rows_at_random_can_be_repeated) {
  char first[sizeof heard];
  static const char args[] = ONE_USER
      "50, \"data\": {\"mode\": \"random\", \"rows\": [{\"id\": 1},"
      " {\"id\": 2}]}}";
  serve(always_ok, 1);
  script(WITH_DATA);
  bench.budget.max_rate = 0;
  run(args);
  ck_assert(strstr(heard, "/1 /1 ") && strstr(heard, "/2 /2 "));
  memcpy(first, heard, sizeof heard);
  run(args);
  ck_assert_str_eq(first, heard);
}
END_TEST

START_TEST(a_csv_file_has_names_and_rows) {
  make_folder();
  serve(always_ok, 1);
  script(WITH_DATA);
  write_file("d.csv", "\xEF\xBB\xBFname,id\r\n\"a,\"\"b\"\"\nc\",1\r\n\r\nd,\"2\"\"\"\n,3");
  run(ONE_USER "4, \"data\": \"d.csv\"}");
  remove_folder();
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(heard, "/1 /2\" /3 /1 ");
}
END_TEST

START_TEST(a_json_file_is_a_list_of_objects) {
  make_folder();
  serve(always_ok, 1);
  script(WITH_DATA);
  write_file("d.json",
             " [{\"id\": 1, \"x\": [{}]}, {\"x\": \"\\u00e4]\", \"id\": \"t\\u0077o\"}]\n");
  run(ONE_USER "3, \"data\": {\"file\": \"d.json\"}}");
  remove_folder();
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(heard, "/1 /two /1 ");
}
END_TEST

static const struct {
  const char *name, *text, *why;
} bad_files[] = {
    {"d.csv", "", "it is empty; its first row must be the names of its columns"},
    {"d.csv", "id\n", "it has no rows"},
    {"d.csv", "id,\n1,2\n", "line 1: a column has no name"},
    {"d.csv", "id,a,id\n1,2,3\n", "line 1: two columns have the same name"},
    {"d.csv", "id,a\n1,2\n\"3\n\",4\n5\n", "line 5: it has more or fewer fields than there are"},
    {"d.csv", "id\n1\n\"2\n", "line 3: its quoted field has no end"},
    {"d.csv", "id\n\"2\"x\n", "line 2: text follows the end of a quoted field"},
    {"d.csv", "id\n2\"x\n", "line 2: a quote stands within a field that is not quoted"},
    {"d.csv", "id\n1\n\xff\n", "line 3: it is not UTF-8"},
    {"d.json", "{}", "it must be a list of objects"},
    {"d.json", "[]", "it has no rows"},
    {"d.json", "[{},\n5]", "line 2: it must be a list of objects, a row each"},
    {"d.json", "[{},\n{\"a\"}]", "line 2: "},
    {"d.json", "[{}] x", "line 1: "},
    {"d.json", "[{}", "line 1: "},
};

START_TEST(bad_files_are_told_with_their_line) {
  char args[128];
  make_folder();
  serve(always_ok, 1);
  script(WITH_DATA);
  write_file(bad_files[_i].name, bad_files[_i].text);
  snprintf(args, sizeof args, ONE_USER "3, \"data\": \"%s\"}", bad_files[_i].name);
  run(args);
  remove_folder();
  ck_assert(!bench_ok(&bench));
  ck_assert_msg(strstr(error(), "data file 'd.") && strstr(error(), bad_files[_i].why), "%s",
                error());
}
END_TEST

static const char *const bad_data[][2] = {
    {"5", "argument 'data' must be a list of maps, the name of a file, or a map"},
    {"[]", "argument 'data' must have 1 to 1000000 rows"},
    {"[5]", "argument 'data' must be a list of maps, a row each"},
    {"{\"mode\": \"random\"}", "argument 'data' must be a list of maps, the name"},
    {"{\"file\": \"a.csv\", \"rows\": []}", "argument 'data' must be a list of maps, the name"},
    {"{\"rows\": [{}], \"mode\": \"odd\"}", "mode of 'data' must be sequential, random or per_vu"},
    {"\"nothing.csv\"", "data file 'nothing.csv': No such file"},
    {"\"data.txt\"", "data file 'data.txt': its name must end in .csv or .json"},
    {"\".json\"", "data file '.json': No such file"},
    {"\"-\"", "its name must end in .csv or .json"},
};

START_TEST(bad_data_is_told) {
  char args[256];
  serve(always_ok, 1);
  script(WITH_DATA);
  snprintf(args, sizeof args, ONE_USER "3, \"data\": %s}", bad_data[_i][0]);
  run(args);
  ck_assert(!bench_ok(&bench));
  ck_assert_msg(strstr(error(), bad_data[_i][1]), "%s", error());
}
END_TEST

static void write_large(const char *start, const char *piece, uint64_t times) {
  char path[128];
  snprintf(path, sizeof path, "%s/d.csv", folder);
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(start, f);
  for (uint64_t i = 0; i < times; i++) fputs(piece, f);
  fclose(f);
}

START_TEST(data_ends_at_DATA_ROWS_and_DATA_BYTES) {
  make_folder();
  serve(always_ok, 1);
  script(WITH_DATA);
  write_large("id\n", "7\n", MF_LIMIT_DATA_ROWS);
  run(ONE_USER "1, \"data\": \"d.csv\"}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_uint_le(bench.counting.peak, 32u << 20);
  write_large("id\n", "7\n", MF_LIMIT_DATA_ROWS + 1);
  run(ONE_USER "1, \"data\": \"d.csv\"}");
  ck_assert_str_eq(error(), "data file 'd.csv': it has more than 1000000 rows");
  write_large("id\n", "12345678901234567890123456789012345678901234567890123456789012\n",
              MF_LIMIT_DATA_BYTES / 63 + 1);
  run(ONE_USER "1, \"data\": \"d.csv\"}");
  ck_assert_str_eq(error(), "data file 'd.csv': it is larger than 64 MiB");
  remove_folder();
}
END_TEST

/* ---- Captures ---- */

#define LOGIN                                                               \
  PROGRAM REQUEST(0, "login", 1, "flags=constant") REQUEST(1, "use", 2, "") \
      GET_A BY_TOKEN CAPTURE(3, "request=0") PURE(3, "LOAD 1\nFIELD 5\n")

START_TEST(a_user_uses_what_it_captured) {
  script_reply replies[] = {{.what = SAY, .bytes = TOKEN("t1")},
                            {.what = SAY, .bytes = OK_HI},
                            {.what = SAY, .bytes = TOKEN("t2")},
                            {.what = SAY, .bytes = OK_HI}};
  serve(replies, 4);
  script(LOGIN);
  run(ONE_USER "2}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(heard, "/a /t1 /a /t2 ");
  ck_assert(mf_str_is(mf_map_str(bench_get(&bench, "captures"), "token", ""), "t2"));
}
END_TEST

START_TEST(each_user_has_its_own) {
  script_reply replies[] = {{.what = SAY, .bytes = TOKEN("t1")},
                            {.what = SAY, .bytes = TOKEN("t2")},
                            {.what = SAY, .bytes = OK_HI}};
  serve(replies, 3);
  script(LOGIN);
  run("{\"executor\": \"per_vu_iterations\", \"vus\": 2, \"think_time\": 0.05}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert(strstr(heard, "/t1 ") && strstr(heard, "/t2 "));
}
END_TEST

/* The second message cannot be made; a bad response and one without the field give nothing. */
START_TEST(what_was_not_captured_is_a_failure) {
  script_reply replies[] = {{.what = SAY, .bytes = NOT_FOUND}, {.what = SAY, .bytes = OK_HI}};
  serve(replies, 2);
  script(LOGIN);
  run(ONE_USER "2}");
  ck_assert_msg(bench_ok(&bench), "the second login is good");
  ck_assert_str_eq(heard, "/a /a ");
  ck_assert_double_eq(metric("errors"), 3);
  ck_assert_double_eq(mf_map_number(bench_get(&bench, "failures"), "request", 0), 2);
  ck_assert_uint_eq(bench_get(&bench, "captures")->as.map->count, 0);
}
END_TEST

START_TEST(captures_end_at_CAPTURED_BYTES) {
  char *reply = malloc(MF_LIMIT_CAPTURED_BYTES + 200);
  int n = snprintf(reply, 200, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                   (unsigned)MF_LIMIT_CAPTURED_BYTES);
  memset(reply + n, 'x', MF_LIMIT_CAPTURED_BYTES);
  script_reply replies[] = {
      {.what = SAY, .bytes = reply, .n = (size_t)n + MF_LIMIT_CAPTURED_BYTES}};
  serve(replies, 1);
  script(PROGRAM REQUEST(0, "r", 1, "flags=constant") GET_A CAPTURE(2, "") PURE(2, "LOAD 2\n"));
  run(ONE_USER "3}");
  ck_assert_msg(bench_ok(&bench), "%s", error());
  ck_assert_str_eq(bench_text(&bench, "warning"),
                   "a value of 'token' was too large to be captured");
  free(reply);
  ck_assert_uint_eq(bench_get(&bench, "captures")->as.map->count, 0);
}
END_TEST

/* ---- Watches ---- */

#define WATCHED(rows)                                                                            \
  PROGRAM REQUEST(0, "r", 1, "flags=constant") GET_A                                             \
      ".metric 0 name=\"latency\" kind=trend\n.slot 4 name=\"latency\" kind=metric_step arg=0\n" \
      ".slot 5 name=\"response.status\" kind=builtin arg=13\n"                                   \
      ".const 16 int 200\n.const 17 double 300.0\n.const 18 int 404\n" rows
#define STATUS_200 PURE(2, "SLOT_EQ 5, 16\n")
#define WATCH(kind_, more) \
  ".watch 0 kind=" kind_ " chunk=2 scenario=0 name=\"w\" path=\"p\" " more "\n"

static int trips, heard_at_trip;

static void trip(void *ctx, uint32_t watch, const mf_value *values) {
  ck_assert_ptr_eq(ctx, &trips);
  ck_assert_uint_eq(watch, 0);
  ck_assert_ptr_nonnull(mf_map_get(values, MF_STR("sample")));
  trips++;
  heard_at_trip = server.requests;
}

static void expect_trip(void) {
  trips = 0;
  bench.env.tripped = trip;
  bench.env.tripped_ctx = &trips;
}

START_TEST(checks_are_counted_and_handed_on) {
  script_reply replies[] = {{.what = SAY, .bytes = NOT_FOUND}, {.what = SAY, .bytes = OK_HI}};
  serve(replies, 2);
  script(WATCHED(WATCH("check", "") STATUS_200));
  run(ONE_USER "4}");
  ck_assert_msg(bench_ok(&bench), "what fails is the machine's matter");
  ck_assert_double_eq(metric("checks"), 0.75);
  ck_assert_double_eq(metric("checks_failed"), 1);
  ck_assert_double_eq(metric("errors"), 1);
  const mf_value *watches = bench_get(&bench, "watches");
  ck_assert_uint_eq(watches->len, 1);
  ck_assert(!mf_map_bool(&watches->as.list[0], "ok", true));
  ck_assert(mf_str_is(mf_map_str(&watches->as.list[0], "text", ""), "1 of 4 responses"));
}
END_TEST

START_TEST(expect_says_what_is_an_error) {
  script_reply replies[] = {{.what = SAY, .bytes = NOT_FOUND}, {.what = SAY, .bytes = OK_HI}};
  serve(replies, 2);
  script(WATCHED(WATCH("expect", "") PURE(2, "SLOT_EQ 5, 18\n")));
  run(ONE_USER "4}");
  ck_assert(bench_ok(&bench));
  ck_assert_double_eq(metric("errors"), 3);
  ck_assert_double_eq(metric("status_4xx"), 1);
  server.requests = 1;
  run(ONE_USER "2}");
  ck_assert_str_eq(error(),
                   "no successful response: 2 requests, last error: status 200, which was not"
                   " expected");
}
END_TEST

/* Whatever sends requests: none is begun after the response that broke the check. */
START_TEST(after_a_trip_nothing_is_sent) {
  static const char *const loads[] = {"{\"vus\": 1, \"duration\": 5}",
                                      "{\"executor\": \"per_vu_iterations\", \"iterations\": 1000}",
                                      "{\"rate\": 1000, \"duration\": 5, \"max_vus\": 1}"};
  script_reply replies[] = {{.what = SAY, .bytes = OK_HI},
                            {.what = SAY, .bytes = OK_HI},
                            {.what = SAY, .bytes = NOT_FOUND}};
  serve(replies, 3);
  expect_trip();
  script(WATCHED(WATCH("check", "flags=aborts") STATUS_200));
  int64_t start = mf_clock_monotonic();
  run(loads[_i]);
  ck_assert_int_lt(mf_clock_monotonic() - start, 3 * S);
  ck_assert_int_eq(trips, 1);
  ck_assert_int_eq(server.requests, 3);
  ck_assert_double_eq(metric("requests"), 3);
}
END_TEST

START_TEST(what_was_in_flight_at_a_trip_comes_back) {
  script_reply replies[30];
  for (int i = 0; i < 30; i++) replies[i] = (script_reply){.what = SAY, .bytes = OK_HI};
  replies[29].bytes = NOT_FOUND;
  serve(replies, 30);
  bench.budget.max_rate = 0;
  expect_trip();
  script(WATCHED(WATCH("check", "flags=aborts") STATUS_200));
  run("{\"vus\": 8, \"duration\": 5}");
  ck_assert_int_eq(trips, 1);
  ck_assert_int_le(server.requests, heard_at_trip + 7);
  ck_assert_double_eq(metric("requests"), server.requests);
}
END_TEST

/* No response ever comes: the ages of what waits are looked at. */
START_TEST(a_dead_target_trips) {
  static const script_reply always_hang[] = {{.what = HANG}};
  static const char *const loads[] = {"{\"vus\": 1}", "{\"rate\": 20, \"max_vus\": 1}"};
  serve(always_hang, 1);
  expect_trip();
  script(WATCHED(WATCH("abort_when", "") PURE(2, "SLOT_GT 4, 17\n")));
  int64_t start = mf_clock_monotonic();
  bench_start(&bench, "http_load", loads[_i]);
  while (!trips && mf_clock_monotonic() < start + 5 * S) mf_loop_run_once(bench.env.loop, S / 10);
  ck_assert_int_eq(trips, 1);
  ck_assert_int_ge(mf_clock_monotonic() - start, 3 * S / 10);
  bench.driver->cancel(bench.op);
  ck_assert(bench.done);
  ck_assert_int_eq(bench_get(&bench, "interrupted")->as.i, 1);
}
END_TEST

/* ---- Memory ---- */

START_TEST(memory_failure_at_every_allocation_is_clean) {
  script_reply replies[] = {{.what = SAY, .bytes = TOKEN("t1")}};
  serve(replies, 1);
  script(PROGRAM REQUEST(0, "a", 1, "") REQUEST(1, "b", 2, "") REQUEST(2, "c", 4, "flags=constant")
             CAPTURE(3, "") ".watch 1 kind=check chunk=5 scenario=0 name=\"w\" path=\"p\"\n" BY_ID
                 BY_TOKEN PURE(3, "LOAD 1\nFIELD 5\n") PURE(4, "CONST 2\nCONST 6\nMAP 1\n")
                     PURE(5, "LOAD 2\nCONST 6\nNE\n"));
  bench.budget.max_rate = 0;
  make_folder();
  write_file("d.csv", "id,n\n1,\"a\"\"b\"\n");
  bool good = false;
  for (uint64_t i = 1; i < 400 && !good; i++) {
    bench.counting.calls = 0;
    bench.counting.fail_at = i;
    run("{\"executor\": \"shared_iterations\", \"iterations\": 2, \"data\": \"d.csv\"}");
    ck_assert_uint_eq(bench.counting.in_use, 0);
    good = bench.counting.calls < i;
  }
  remove_folder();
  ck_assert_msg(good && bench_ok(&bench), "it never succeeds: %s", error());
}
END_TEST

START_TEST(a_load_takes_8_MiB_and_8_KiB_a_connection) {
  serve(always_ok, 1);
  script(WITH_DATA);
  run("{\"rate\": 1000, \"duration\": 0.3, \"max_vus\": 200, \"data\": [{\"id\": 1}]}");
  ck_assert(bench_ok(&bench));
  ck_assert_uint_le(bench.counting.peak, (8u << 20) + 200 * 8192);
  ck_assert_uint_le(sizeof(mf_load_user), 2048);
}
END_TEST

Suite *stdlib_http_load_script_suite(void) {
  Suite *suite = suite_create("stdlib_http_load_script");
  TCase *tc = tcase_create("script");
  tcase_set_timeout(tc, 30);
  tcase_add_checked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, a_user_goes_through_the_list_in_order);
  tcase_add_test(tc, weights_choose_and_can_be_repeated);
  tcase_add_test(tc, a_name_alone_has_the_metrics_of_the_load);
  tcase_add_test(tc, names_have_metrics_up_to_REQUEST_NAMES);
  tcase_add_loop_test(tc, all_requests_go_to_one_target, 0, 2);
  tcase_add_test(tc, what_is_no_message_is_told);
  tcase_add_test(tc, turns_take_rows_in_order);
  tcase_add_test(tc, users_can_have_a_row_each);
  tcase_add_test(tc, rows_at_random_can_be_repeated);
  tcase_add_test(tc, a_csv_file_has_names_and_rows);
  tcase_add_test(tc, a_json_file_is_a_list_of_objects);
  tcase_add_loop_test(tc, bad_files_are_told_with_their_line, 0,
                      (int)(sizeof bad_files / sizeof *bad_files));
  tcase_add_loop_test(tc, bad_data_is_told, 0, (int)(sizeof bad_data / sizeof *bad_data));
  tcase_add_test(tc, data_ends_at_DATA_ROWS_and_DATA_BYTES);
  tcase_add_test(tc, a_user_uses_what_it_captured);
  tcase_add_test(tc, each_user_has_its_own);
  tcase_add_test(tc, what_was_not_captured_is_a_failure);
  tcase_add_test(tc, captures_end_at_CAPTURED_BYTES);
  tcase_add_test(tc, checks_are_counted_and_handed_on);
  tcase_add_test(tc, expect_says_what_is_an_error);
  tcase_add_loop_test(tc, after_a_trip_nothing_is_sent, 0, 3);
  tcase_add_test(tc, what_was_in_flight_at_a_trip_comes_back);
  tcase_add_loop_test(tc, a_dead_target_trips, 0, 2);
  tcase_add_test(tc, memory_failure_at_every_allocation_is_clean);
  tcase_add_test(tc, a_load_takes_8_MiB_and_8_KiB_a_connection);
  suite_add_tcase(suite, tc);
  return suite;
}
