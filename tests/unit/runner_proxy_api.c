/* SPDX-License-Identifier: MIT */
/* proxy_api - requests, each with its answer beside it: codes, types and bytes. */
#include "../../runner/proxy_api.h"

#include "../../include/mfvm.h"
#include "loopback.h"

#include <check.h>
#include <stdlib.h>

Suite *runner_proxy_api_suite(void);

typedef struct row {
  const char *method, *path, *body;
  int status;
  const char *answer; /* the whole body; ports behind 127.0.0.1: and [::]: as # */
} row;

/* ---- An allocator that gives up ---- */

typedef struct quota {
  mf_alloc real;
  long left; /* allocations that succeed; negative: all */
  bool once; /* and only the one behind them fails */
  long live;
} quota;

static void *count_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  quota *q = ctx;
  if (new_size && q->left == 0) {
    if (q->once) q->left = -1;
    return NULL;
  }
  if (new_size && q->left > 0) q->left--;
  if (!p && new_size) q->live++;
  if (p && !new_size) q->live--;
  return mf_realloc(&q->real, p, old_size, new_size);
}

static quota q;
static mf_alloc alloc;
static mf_loop *loop;
static mf_proxy_api api;
static mf_proxy_answer answer;

static void begin(bool compat) {
  const mf_alloc real = mf_alloc_default();
  q = (quota){.real = real, .left = -1};
  alloc = (mf_alloc){count_realloc, &q};
  ck_assert_int_eq(mf_loop_new(&real, &loop), MF_OK);
  const mf_tcp_options options = {.alloc = alloc, .loop = loop, .seed = 1, .lenient = compat};
  api = (mf_proxy_api){.alloc = alloc, .loop = loop, .compat = compat, .seed = 1};
  ck_assert_int_eq(mf_tcp_proxies_new(&options, &api.proxies), MF_OK);
  mf_proxy_answer_init(&answer, &alloc);
}

static void set_up(void) { begin(false); }
static void set_up_compat(void) { begin(true); }

static void tear_down(void) {
  mf_proxy_answer_fini(&answer);
  mf_tcp_proxies_free(api.proxies);
  ck_assert_int_eq(q.live, 0);
  mf_loop_free(loop);
}

/* ---- Asking ---- */

static void ask_as(const char *agent, const char *method, const char *path, const char *body) {
  const mf_proxy_request request = {.method = mf_str_of(method),
                                    .path = mf_str_of(path),
                                    .user_agent = mf_str_of(agent),
                                    .body = mf_str_of(body)};
  mf_proxy_api_handle(&api, &request, &answer);
}

static const char *text(void) { return answer.body.p ? answer.body.p : ""; }

/* Ports are the system's. */
static const char *without_ports(const char *body) {
  static char out[8192];
  static const char *const hosts[] = {"\"listen\":\"127.0.0.1:", "\"listen\":\"[::]:"};
  size_t n = 0;
  while (*body) {
    for (size_t i = 0; i < 2; i++) {
      const size_t k = strlen(hosts[i]);
      if (strncmp(body, hosts[i], k)) continue;
      n += (size_t)snprintf(out + n, sizeof out - n, "%s#", hosts[i]);
      body += k + strspn(body + k, "0123456789");
    }
    out[n++] = *body++;
    ck_assert_uint_lt(n, sizeof out - 64);
  }
  out[n] = '\0';
  return out;
}

static void ask(const row *r) {
  ask_as("curl/7", r->method, r->path, r->body);
  ck_assert_msg(answer.status == r->status, "%s %s %s: %d %s", r->method, r->path,
                r->body ? r->body : "", answer.status, text());
  const char *body = strchr(r->answer, '#') ? without_ports(text()) : text();
  ck_assert_msg(!strcmp(body, r->answer), "%s %s %s\n  is  %s\n  not %s", r->method, r->path,
                r->body ? r->body : "", body, r->answer);
}

static void ask_all(const row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) ask(&rows[i]);
}
#define ASK(...)                               \
  do {                                         \
    static const row rows[] = {__VA_ARGS__};   \
    ask_all(rows, sizeof rows / sizeof *rows); \
  } while (0)

static void type_is(const char *type, bool nosniff) {
  ck_assert_str_eq(answer.type ? answer.type : "none", type);
  ck_assert(answer.nosniff == nosniff);
}

/* ---- What is the same in both ways ---- */

#define A_OFF                                                                                      \
  "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false,\"Logger\":{" \
  "},\"toxics\":"
#define A_ON                                                                                       \
  "{\"name\":\"a\",\"listen\":\"127.0.0.1:#\",\"upstream\":\"h:1\",\"enabled\":true,\"Logger\":{}" \
  ",\"toxics\":"
#define LATENCY                                                                            \
  "{\"attributes\":{\"latency\":5,\"jitter\":0},\"name\":\"latency_downstream\",\"type\":" \
  "\"latency\",\"stream\":\"downstream\",\"toxicity\":1}"
#define NOT_FOUND "404 page not found\n"
#define NO_PROXY "{\"error\":\"proxy not found\",\"status\":404}\n"
#define NO_TOXIC "{\"error\":\"toxic not found\",\"status\":404}\n"

START_TEST(proxies_are_made_shown_changed_and_deleted) {
  ASK({"GET", "/proxies", NULL, 200, "{}"},
      {"POST", "/proxies", "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\"}", 201,
       A_ON "[]}"},
      {"POST", "/proxies", "{\"NAME\":\"a\",\"Upstream\":\"h:9\",\"enabled\":false}", 409,
       "{\"error\":\"proxy already exists\",\"status\":409}\n"},
      {"GET", "/proxies/a", NULL, 200, A_ON "[]}"},
      {"POST", "/proxies", "{\"name\":\"b\",\"upstream\":\"h:2\"}", 201,
       "{\"name\":\"b\",\"listen\":\"[::]:#\",\"upstream\":\"h:2\",\"enabled\":true,\"Logger\":{},"
       "\"toxics\":[]}"},
      {"PATCH", "/proxies/a", "{\"name\":\"z\",\"enabled\":false}", 200,
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:#\",\"upstream\":\"h:1\",\"enabled\":false,"
       "\"Logger\":{},\"toxics\":[]}"},
      {"POST", "/proxies/a", "{\"enabled\":true,\"upstream\":\"h:3\"}", 200,
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:#\",\"upstream\":\"h:3\",\"enabled\":true,"
       "\"Logger\":{},\"toxics\":[]}"},
      {"DELETE", "/proxies/b", NULL, 204, ""}, {"GET", "/proxies/b", NULL, 404, NO_PROXY},
      {"PATCH", "/proxies/b", "{}", 404, NO_PROXY}, {"DELETE", "/proxies/b", NULL, 404, NO_PROXY});
}
END_TEST

START_TEST(proxies_are_listed_by_name) {
  ASK({"POST", "/proxies",
       "{\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:2\",\"enabled\":false}", 201,
       "{\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:2\",\"enabled\":false,"
       "\"Logger\":{},\"toxics\":[]}"},
      {"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false}", 201,
       A_OFF "[]}"},
      {"GET", "/proxies", NULL, 200,
       "{\"a\":" A_OFF "[]},\"b\":{\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:2\","
       "\"enabled\":false,\"Logger\":{},\"toxics\":[]}}"});
}
END_TEST

START_TEST(toxics_are_added_shown_changed_and_removed) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false}", 201,
       A_OFF "[]}"},
      {"GET", "/proxies/a/toxics", NULL, 200, "[]"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"latency\":5}}", 200,
       LATENCY},
      {"POST", "/proxies/a/toxics",
       "{\"type\":\"slicer\",\"name\":\"s\",\"stream\":\"UPSTREAM\",\"toxicity\":0.5,"
       "\"attributes\":{\"average_size\":10}}",
       200,
       "{\"attributes\":{\"average_size\":10,\"size_variation\":0,\"delay\":0},\"name\":\"s\","
       "\"type\":\"slicer\",\"stream\":\"UPSTREAM\",\"toxicity\":0.5}"},
      {"GET", "/proxies/a/toxics", NULL, 200,
       "[{\"attributes\":{\"average_size\":10,\"size_variation\":0,\"delay\":0},\"name\":\"s\","
       "\"type\":\"slicer\",\"stream\":\"UPSTREAM\",\"toxicity\":0.5}," LATENCY "]"},
      {"GET", "/proxies/a", NULL, 200,
       A_OFF "[{\"attributes\":{\"average_size\":10,\"size_variation\":0,\"delay\":0},\"name\":"
             "\"s\",\"type\":\"slicer\",\"stream\":\"UPSTREAM\",\"toxicity\":0.5}," LATENCY "]}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"timeout\",\"name\":\"s\"}", 409,
       "{\"error\":\"toxic already exists\",\"status\":409}\n"},
      {"PATCH", "/proxies/a/toxics/s",
       "{\"name\":\"t\",\"type\":\"timeout\",\"stream\":\"downstream\",\"attributes\":{\"delay\":7}"
       "}",
       200,
       "{\"attributes\":{\"average_size\":10,\"size_variation\":0,\"delay\":7},\"name\":\"s\","
       "\"type\":\"slicer\",\"stream\":\"UPSTREAM\",\"toxicity\":0.5}"},
      {"POST", "/proxies/a/toxics/s", "{\"toxicity\":1}", 200,
       "{\"attributes\":{\"average_size\":10,\"size_variation\":0,\"delay\":7},\"name\":\"s\","
       "\"type\":\"slicer\",\"stream\":\"UPSTREAM\",\"toxicity\":1}"},
      {"DELETE", "/proxies/a/toxics/s", NULL, 204, ""},
      {"GET", "/proxies/a/toxics/s", NULL, 404, NO_TOXIC},
      {"PATCH", "/proxies/a/toxics/s", "{}", 404, NO_TOXIC},
      {"DELETE", "/proxies/a/toxics/s", NULL, 404, NO_TOXIC},
      {"GET", "/proxies/a/toxics/latency_downstream", NULL, 200, LATENCY},
      {"GET", "/proxies/x/toxics", NULL, 404, NO_PROXY},
      {"POST", "/proxies/x/toxics", "{", 404, NO_PROXY},
      {"GET", "/proxies/x/toxics/s", NULL, 404, NO_PROXY},
      {"DELETE", "/proxies/x/toxics/s", NULL, 404, NO_PROXY});
}
END_TEST

START_TEST(toxics_of_all_types_have_their_attributes) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false}", 201,
       A_OFF "[]}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"bandwidth\",\"attributes\":{\"rate\":100}}", 200,
       "{\"attributes\":{\"rate\":100},\"name\":\"bandwidth_downstream\",\"type\":\"bandwidth\","
       "\"stream\":\"downstream\",\"toxicity\":1}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"slow_close\"}", 200,
       "{\"attributes\":{\"delay\":0},\"name\":\"slow_close_downstream\",\"type\":\"slow_close\","
       "\"stream\":\"downstream\",\"toxicity\":1}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"timeout\",\"stream\":\"upstream\"}", 200,
       "{\"attributes\":{\"timeout\":0},\"name\":\"timeout_upstream\",\"type\":\"timeout\","
       "\"stream\":\"upstream\",\"toxicity\":1}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"reset_peer\",\"toxicity\":0}", 200,
       "{\"attributes\":{\"timeout\":0},\"name\":\"reset_peer_downstream\",\"type\":\"reset_peer\","
       "\"stream\":\"downstream\",\"toxicity\":0}"},
      {"POST", "/proxies/a/toxics",
       "{\"type\":\"limit_data\",\"attributes\":{\"bytes\":9007199254740991}}", 200,
       "{\"attributes\":{\"bytes\":9007199254740991},\"name\":\"limit_data_downstream\",\"type\":"
       "\"limit_data\",\"stream\":\"downstream\",\"toxicity\":1}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"noop\",\"attributes\":null}", 200,
       "{\"attributes\":{},\"name\":\"noop_downstream\",\"type\":\"noop\",\"stream\":"
       "\"downstream\",\"toxicity\":1}"});
}
END_TEST

START_TEST(reset_enables_and_removes) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false}", 201,
       A_OFF "[]}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"latency\":5}}", 200,
       LATENCY},
      {"POST", "/reset", NULL, 204, ""}, {"GET", "/proxies/a", NULL, 200, A_ON "[]}"});
}
END_TEST

START_TEST(what_is_missing_or_malformed_is_told) {
  ASK({"POST", "/proxies", "", 400, "{\"error\":\"bad request body: EOF\",\"status\":400}\n"},
      {"POST", "/proxies", "{}", 400,
       "{\"error\":\"missing required field: name\",\"status\":400}\n"},
      {"POST", "/proxies", "{\"name\":\"a\"}", 400,
       "{\"error\":\"missing required field: upstream\",\"status\":400}\n"},
      {"POST", "/proxies", "{\"name\":7}", 400,
       "{\"error\":\"bad request body: name must be a string\",\"status\":400}\n"},
      {"POST", "/proxies", "{\"name\":\"a\\u0000\"}", 400,
       "{\"error\":\"bad request body: name must be text without NUL\",\"status\":400}\n"},
      {"POST", "/proxies", "[]", 400,
       "{\"error\":\"bad request body: a proxy must be an object\",\"status\":400}\n"},
      {"POST", "/proxies", "{\"name\":\"a\",\"enabled\":1}", 400,
       "{\"error\":\"bad request body: enabled must be true or false\",\"status\":400}\n"},
      {"POST", "/proxies",
       "{\"name\":\"a\",\"upstream\":\"h:1\",\"listen\":\"127.0.0.1:0\",\"enabled\":false}", 201,
       A_OFF "[]}"},
      {"PATCH", "/proxies/a", "", 400, "{\"error\":\"bad request body: EOF\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{}", 400,
       "{\"error\":\"invalid toxic type\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"nope\",\"attributes\":{\"x\":\"y\"}}", 400,
       "{\"error\":\"invalid toxic type\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"stream\":\"sideways\"}", 400,
       "{\"error\":\"stream was invalid, can be either upstream or downstream\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"toxicity\":\"1\"}", 400,
       "{\"error\":\"bad request body: toxicity must be a number\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":[]}", 400,
       "{\"error\":\"bad request body: attributes must be an object\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"latency\":\"5\"}}",
       400, "{\"error\":\"bad request body: latency must be a whole number\",\"status\":400}\n"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"latency\":0.5}}", 400,
       "{\"error\":\"bad request body: latency must be a whole number\",\"status\":400}\n"});
  type_is("text/plain; charset=utf-8", true);
  ck_assert_uint_eq(strlen(answer.id), 20);
  ask_as("x", "POST", "/proxies", "{\"name\" 1}");
  ck_assert_int_eq(answer.status, 400);
  ck_assert_msg(
      !strncmp(text(), "{\"error\":\"bad request body: ", 27) && strstr(text(), "at byte"), "%s",
      text());
}
END_TEST

START_TEST(types_are_toxiproxys) {
  char version[64];
  snprintf(version, sizeof version, "{\"version\": \"%s\"}\n", mf_version());
  const row r = {"GET", "/version", NULL, 200, version};
  ask(&r);
  type_is("application/json;charset=utf-8", false);
  ASK({"GET", "/proxies", NULL, 200, "{}"});
  type_is("application/json", false);
  ASK({"POST", "/reset", NULL, 204, ""});
  type_is("none", false);
  ASK({"POST", "/populate", "[]", 201, "{\"proxies\":null}"});
  type_is("application/json", false);
  ASK({"POST", "/populate", "[{\"name\":\"a\"}]", 400,
       "{\"error\":\"missing required field: upstream at proxy "
       "1\",\"status\":400,\"proxies\":null}"},
      {"POST", "/populate", "[{\"name\":\"a\",\"upstream\":\"h:1\",\"enabled\":false},{}]", 400,
       "{\"error\":\"missing required field: name at proxy 2\",\"status\":400,\"proxies\":null}"},
      {"POST", "/populate", "", 400,
       "{\"error\":\"bad request body: EOF\",\"status\":400,\"proxies\":null}"});
  type_is("application/json", false);
}
END_TEST

START_TEST(other_paths_are_not_there) {
  static const char *const paths[] = {"/",
                                      "",
                                      "/nope",
                                      "/proxies/",
                                      "/proxies//toxics",
                                      "/proxies/a/",
                                      "/proxies/a/toxics/",
                                      "/proxies/a/toxics/t/",
                                      "/proxies/a/toxic",
                                      "//proxies"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    const row r = {"GET", paths[i], NULL, 404, NOT_FOUND};
    ask(&r);
    type_is("text/plain; charset=utf-8", true);
    ck_assert_str_eq(answer.id, "");
  }
}
END_TEST

START_TEST(other_methods_are_not_allowed) {
  ASK({"HEAD", "/version", NULL, 405, ""}, {"PUT", "/proxies/a", "{}", 405, ""},
      {"GET", "/reset", NULL, 405, ""}, {"get", "/proxies", NULL, 405, ""},
      {"P", "/proxies", NULL, 405, ""});
  type_is("none", false);
  ck_assert_str_eq(answer.id, "");
  ck_assert_str_eq(answer.allow, api.compat ? "" : "GET, POST");
}
END_TEST

START_TEST(browsers_are_refused) {
  ask_as("Mozilla/5.0 (X11)", "POST", "/reset", NULL);
  ck_assert_int_eq(answer.status, 403);
  ck_assert_str_eq(text(), "User agent not allowed\n");
  type_is("text/plain; charset=utf-8", true);
  ask_as("Mozilla/5.0 (X11)", "GET", "/nope", NULL);
  ck_assert_int_eq(answer.status, 404);
  ask_as("xMozilla/5.0", "POST", "/reset", NULL);
  ck_assert_int_eq(answer.status, 204);
}
END_TEST

START_TEST(ids_of_requests_differ) {
  char first[21];
  ask_as("", "GET", "/proxies", NULL);
  memcpy(first, answer.id, sizeof first);
  ask_as("", "GET", "/proxies", NULL);
  ck_assert_str_ne(first, answer.id);
  ck_assert_uint_eq(strspn(first, "0123456789abcdefghijklmnopqrstuv"), 20);
}
END_TEST

START_TEST(bodies_end_at_PROXY_BODY_BYTES) {
  const mf_proxy_request request = {
      .method = MF_STR("POST"), .path = MF_STR("/populate"), .too_large = true};
  mf_proxy_api_handle(&api, &request, &answer);
  ck_assert_int_eq(answer.status, 413);
  ck_assert_str_eq(text(),
                   "{\"error\":\"the request body is larger than 1 MiB\",\"status\":413}\n");
}
END_TEST

/* ---- Repairs ---- */

#define OFF(name, port)                                 \
  "{\"name\":\"" name "\",\"listen\":\"127.0.0.1:" port \
  "\",\"upstream\":\"h:1\",\"enabled\":false,\"Logger\":{},\"toxics\":"

START_TEST(numbers_out_of_range_are_refused) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false}", 201,
       A_OFF "[]}"});
  static const char *const bodies[] = {"{\"type\":\"latency\",\"toxicity\":7}",
                                       "{\"type\":\"latency\",\"toxicity\":-0.1}",
                                       "{\"type\":\"latency\",\"attributes\":{\"latency\":-1}}",
                                       "{\"type\":\"latency\",\"attributes\":{\"latncy\":1}}",
                                       "{\"type\":\"latency\",\"attributes\":{\"latncy\":\"x\"}}",
                                       "{\"type\":\"latency\"} x"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    ask_as("", "POST", "/proxies/a/toxics", bodies[i]);
    ck_assert_msg(answer.status == 400, "%s: %d %s", bodies[i], answer.status, text());
  }
  ASK({"GET", "/proxies/a/toxics", NULL, 200, "[]"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"Latency\":5.0}}", 200,
       LATENCY},
      {"PATCH", "/proxies/a/toxics/latency_downstream", "{\"toxicity\":2}", 400,
       "{\"error\":\"toxicity was invalid, must be between 0 and 1\",\"status\":400}\n"},
      {"GET", "/proxies/a/toxics", NULL, 200, "[" LATENCY "]"});
}
END_TEST

START_TEST(a_proxy_comes_with_its_toxics_or_not_at_all) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"toxics\":[{\"type\":"
       "\"latency\",\"attributes\":{\"latency\":5}}]}",
       201, A_ON "[" LATENCY "]}"},
      {"POST", "/proxies", "{\"name\":\"b\",\"upstream\":\"h:1\",\"toxics\":[{\"type\":\"nope\"}]}",
       400, "{\"error\":\"invalid toxic type\",\"status\":400}\n"},
      {"GET", "/proxies/b", NULL, 404, NO_PROXY});
}
END_TEST

START_TEST(populate_honours_toxics_and_enabled) {
  ASK({"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":false,"
       "\"toxics\":[{\"type\":\"latency\",\"attributes\":{\"latency\":5}}]}]",
       201, "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}]}"},
      /* What is not mentioned stays. */
      {"POST", "/populate", "[{\"name\":\"a\",\"listen\":\"localhost:7\",\"upstream\":\"h:1\"}]",
       201, "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}]}"},
      {"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"toxics\":[]}]", 201,
       "{\"proxies\":[" OFF("a", "7") "[]}]}"},
      /* Other addresses: another proxy. */
      {"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":true}]", 201,
       "{\"proxies\":[" A_ON "[]}]}"});
}
END_TEST

START_TEST(populate_changes_everything_or_nothing) {
  uint16_t taken;
  char body[512];
  const int fd = loopback_listen(&taken);
  ASK({"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":false,"
       "\"toxics\":[{\"type\":\"latency\",\"attributes\":{\"latency\":5}}]},"
       "{\"name\":\"c\",\"listen\":\"127.0.0.1:8\",\"upstream\":\"h:1\",\"enabled\":false}]",
       201, "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}," OFF("c", "8") "[]}]}"},
      {"POST", "/populate",
       "[{\"name\":\"b\",\"upstream\":\"h:1\"},{\"name\":\"b\",\"upstream\":\"h:2\"}]", 400,
       "{\"error\":\"duplicate proxy name at proxy 2\",\"status\":400,\"proxies\":null}"},
      {"POST", "/populate",
       "[{\"name\":\"b\",\"upstream\":\"h:1\"},{\"name\":\"d\",\"upstream\":\"h:1\",\"toxics\":[{"
       "\"type\":\"nope\"}]}]",
       400, "{\"error\":\"invalid toxic type at proxy 2\",\"status\":400,\"proxies\":null}"});
  /* The last port is taken: what was made, changed and replaced before is taken back. */
  snprintf(body, sizeof body,
           "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"toxics\":[]},{"
           "\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\"},"
           "{\"name\":\"c\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:9\"},{\"name\":\"d\","
           "\"listen\":\"127.0.0.1:%u\",\"upstream\":\"h:1\"}]",
           (unsigned)taken);
  ask_as("", "POST", "/populate", body);
  ck_assert_int_eq(answer.status, 500);
  ck_assert_msg(
      strstr(text(), "bind: address already in use at proxy 4\",\"status\":500,\"proxies\":null}"),
      "%s", text());
  ASK({"GET", "/proxies", NULL, 200,
       "{\"a\":" OFF("a", "7") "[" LATENCY "]},\"c\":" OFF("c", "8") "[]}}"});
  close(fd);
}
END_TEST

/* Who took the port of the other could not listen, one after the other. */
START_TEST(proxies_may_swap_their_ports) {
  char body[512];
  const uint16_t one = loopback_dead_port(), two = loopback_dead_port();
  for (int turn = 0; turn < 2; turn++) {
    snprintf(body, sizeof body,
             "[{\"name\":\"a\",\"listen\":\"127.0.0.1:%u\",\"upstream\":\"h:1\"},{\"name\":\"b\","
             "\"listen\":\"127.0.0.1:%u\",\"upstream\":\"h:1\"}]",
             (unsigned)(turn ? two : one), (unsigned)(turn ? one : two));
    ask_as("", "POST", "/populate", body);
    ck_assert_msg(answer.status == 201, "%s", text());
  }
}
END_TEST

START_TEST(a_taken_port_is_told_as_go_tells_it) {
  uint16_t taken;
  char body[256], want[256];
  const int fd = loopback_listen(&taken);
  snprintf(body, sizeof body, "{\"name\":\"a\",\"listen\":\"127.0.0.1:%u\",\"upstream\":\"h:1\"}",
           (unsigned)taken);
  snprintf(want, sizeof want,
           "{\"error\":\"listen tcp 127.0.0.1:%u: bind: address already in use\",\"status\":500}\n",
           (unsigned)taken);
  const row r = {"POST", "/proxies", body, 500, want};
  ask(&r);
  ASK({"GET", "/proxies", NULL, 200, "{}"});
  close(fd);
}
END_TEST

START_TEST(metrics_are_there) {
  ASK({"GET", "/metrics", NULL, 200, ""}, {"POST", "/metrics", NULL, 405, ""},
      {"POST", "/proxies",
       "{\"name\":\"a\\\"\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":false}",
       201, OFF("a\\\"", "7") "[]}"});
  ask_as("", "GET", "/metrics", NULL);
  type_is("text/plain; version=0.0.4; charset=utf-8", false);
  ck_assert_ptr_nonnull(strstr(text(),
                               "toxiproxy_proxy_sent_bytes_total{direction=\"upstream\",listener="
                               "\"127.0.0.1:7\",proxy=\"a\\\"\",upstream=\"h:1\"} 0\n"));
}
END_TEST

START_TEST(configurations_are_lists_or_have_proxies) {
  char error[300];
  ck_assert(mf_proxy_api_configure(
      &api, MF_STR("[{\"name\":\"a\",\"upstream\":\"h:1\",\"enabled\":false}]"), error,
      sizeof error));
  ck_assert(mf_proxy_api_configure(
      &api, MF_STR("{\"proxies\":[{\"name\":\"b\",\"upstream\":\"h:1\",\"enabled\":false}]}"),
      error, sizeof error));
  ck_assert_uint_eq(mf_tcp_proxies_count(api.proxies), 2);
  ck_assert(!mf_proxy_api_configure(&api, MF_STR("{}"), error, sizeof error));
  ck_assert_str_eq(error, "it must be a list of proxies");
  ck_assert(!mf_proxy_api_configure(&api, MF_STR("[{\"name\":\"c\"}]"), error, sizeof error));
  ck_assert_str_eq(error, "missing required field: upstream at proxy 1");
  /* What the API lets pass, since clients send it, is a mistake in a file. */
  ck_assert(!mf_proxy_api_configure(&api, MF_STR("[{\"name\":\"c\",\"Logger\":{},\"toxcis\":[]}]"),
                                    error, sizeof error));
  ck_assert_str_eq(error, "a proxy has no 'toxcis'; did you mean 'toxics'? at proxy 1");
  ck_assert(!mf_proxy_api_configure(
      &api, MF_STR("[{\"name\":\"c\",\"upstream\":\"h:1\",\"toxics\":[{\"sort\":1}]}]"), error,
      sizeof error));
  ck_assert_str_eq(error, "a toxic has no 'sort' at proxy 1");
}
END_TEST

/* Without this allocation, or without it and all that follow; the answer's status. */
static int populate_without(long allocation, bool once, mf_str body) {
  const mf_proxy_request request = {
      .method = MF_STR("POST"), .path = MF_STR("/populate"), .body = body};
  mf_proxy_answer_fini(&answer);
  mf_proxy_answer_init(&answer, &alloc);
  q.left = allocation;
  q.once = once;
  mf_proxy_api_handle(&api, &request, &answer);
  q.left = -1;
  ck_assert_msg(answer.status == 201 || answer.status == 500, "%ld: %d %s", allocation,
                answer.status, text());
  const int status = answer.body.failed ? -1 : answer.status;
  if (status == 500) ck_assert_msg(strstr(text(), "out of memory") != NULL, "%s", text());
  mf_proxy_answer_fini(&answer);
  mf_proxy_answer_init(&answer, &alloc);
  return status;
}

#define BEFORE                                                                                     \
  "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":false,\"toxics\":" \
  "[{\"type\":\"latency\",\"attributes\":{\"latency\":5}}]}]"

START_TEST(memory_that_runs_out_is_told_and_changes_nothing) {
  static const char body[] =
      "[{\"name\":\"a\",\"listen\":\"127.0.0.1:9\",\"upstream\":\"h:1\",\"enabled\":false,"
      "\"toxics\":[{\"type\":\"timeout\"}]},"
      "{\"name\":\"b\",\"upstream\":\"h:1\",\"enabled\":false}]";
  const mf_str json = {body, sizeof body - 1};
  ASK({"POST", "/populate", BEFORE, 201, "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}]}"});
  int refused = 0;
  for (long i = 0; i < 1000; i++) {
    const int status = populate_without(i, true, json);
    if (status != 500) break;
    ASK({"GET", "/proxies", NULL, 200, "{\"a\":" OFF("a", "7") "[" LATENCY "]}}"});
    refused++;
  }
  ck_assert_int_gt(refused, 5);
  ck_assert_int_lt(refused, 1000);
}
END_TEST

/* With no memory at all the old ones cannot be brought back; nothing else goes wrong. */
START_TEST(memory_that_has_run_out_is_told) {
  static const char body[] =
      "[{\"name\":\"a\",\"listen\":\"127.0.0.1:9\",\"upstream\":\"h:1\",\"enabled\":false}]";
  const mf_str json = {body, sizeof body - 1};
  int status = 0;
  for (long i = 0; status != 201; i++) {
    ck_assert_int_lt(i, 1000);
    ASK({"POST", "/populate", BEFORE, 201, "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}]}"});
    status = populate_without(i, false, json);
  }
}
END_TEST

/* ---- To the letter ---- */

START_TEST(compat_checks_no_ranges) {
  ASK({"POST", "/proxies",
       "{\"name\":\"a\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\",\"enabled\":false} "
       "trailing",
       201, A_OFF "[]}"},
      {"POST", "/proxies/a/toxics",
       "{\"type\":\"latency\",\"toxicity\":7,\"attributes\":{\"latency\":-3,\"nope\":\"x\"}}", 200,
       "{\"attributes\":{\"latency\":-3,\"jitter\":0},\"name\":\"latency_downstream\",\"type\":"
       "\"latency\",\"stream\":\"downstream\",\"toxicity\":7}"},
      {"PATCH", "/proxies/a/toxics/latency_downstream", "{\"attributes\":{\"latency\":5.0}}", 400,
       "{\"error\":\"bad request body: latency must be a whole number\",\"status\":400}\n"});
}
END_TEST

START_TEST(compat_populates_as_toxiproxy_does) {
  uint16_t taken;
  char body[512];
  const int fd = loopback_listen(&taken);
  ASK({"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":false,"
       "\"toxics\":[{\"type\":\"latency\"}]}]",
       201, "{\"proxies\":[" OFF("a", "7") "[]}]}"},
      {"POST", "/proxies/a/toxics", "{\"type\":\"latency\",\"attributes\":{\"latency\":5}}", 200,
       LATENCY},
      {"POST", "/populate",
       "[{\"name\":\"a\",\"listen\":\"127.0.0.1:7\",\"upstream\":\"h:1\",\"enabled\":true}]", 201,
       "{\"proxies\":[" OFF("a", "7") "[" LATENCY "]}]}"});
  snprintf(body, sizeof body,
           "[{\"name\":\"b\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"h:1\"},{\"name\":\"a\","
           "\"listen\":\"127.0.0.1:%u\",\"upstream\":\"h:1\"}]",
           (unsigned)taken);
  ask_as("", "POST", "/populate", body);
  ck_assert_int_eq(answer.status, 500);
  ck_assert_msg(strstr(text(), "in use\",\"status\":500,\"proxies\":[{\"name\":\"b\","), "%s",
                text());
  ASK({"GET", "/proxies/a", NULL, 200, OFF("a", "7") "[" LATENCY "]}"});
  close(fd);
}
END_TEST

START_TEST(compat_has_no_metrics) { ASK({"GET", "/metrics", NULL, 404, NOT_FOUND}); }
END_TEST

static void add_common(TCase *c) {
  tcase_set_timeout(c, 60);
  tcase_add_test(c, proxies_are_made_shown_changed_and_deleted);
  tcase_add_test(c, proxies_are_listed_by_name);
  tcase_add_test(c, toxics_are_added_shown_changed_and_removed);
  tcase_add_test(c, toxics_of_all_types_have_their_attributes);
  tcase_add_test(c, reset_enables_and_removes);
  tcase_add_test(c, what_is_missing_or_malformed_is_told);
  tcase_add_test(c, types_are_toxiproxys);
  tcase_add_test(c, other_paths_are_not_there);
  tcase_add_test(c, other_methods_are_not_allowed);
  tcase_add_test(c, browsers_are_refused);
  tcase_add_test(c, ids_of_requests_differ);
  tcase_add_test(c, bodies_end_at_PROXY_BODY_BYTES);
  tcase_add_test(c, a_taken_port_is_told_as_go_tells_it);
}

Suite *runner_proxy_api_suite(void) {
  Suite *s = suite_create("runner_proxy_api");
  TCase *c = tcase_create("repaired"), *compat = tcase_create("compat");
  tcase_add_checked_fixture(c, set_up, tear_down);
  tcase_add_checked_fixture(compat, set_up_compat, tear_down);
  add_common(c);
  add_common(compat);
  tcase_add_test(c, numbers_out_of_range_are_refused);
  tcase_add_test(c, a_proxy_comes_with_its_toxics_or_not_at_all);
  tcase_add_test(c, populate_honours_toxics_and_enabled);
  tcase_add_test(c, populate_changes_everything_or_nothing);
  tcase_add_test(c, proxies_may_swap_their_ports);
  tcase_add_test(c, metrics_are_there);
  tcase_add_test(c, configurations_are_lists_or_have_proxies);
  tcase_add_test(c, memory_that_runs_out_is_told_and_changes_nothing);
  tcase_add_test(c, memory_that_has_run_out_is_told);
  tcase_add_test(compat, compat_checks_no_ranges);
  tcase_add_test(compat, compat_populates_as_toxiproxy_does);
  tcase_add_test(compat, compat_has_no_metrics);
  suite_add_tcase(s, c);
  suite_add_tcase(s, compat);
  return s;
}
