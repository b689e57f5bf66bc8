/* SPDX-License-Identifier: MIT */
#include "../../runner/hosts.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <sys/un.h>

#include "../../base/limits.h"
#include "../../vm/value.h"

Suite *runner_hosts_suite(void);

typedef const char *(*deny_fn)(void *ctx, mf_str host, const void *sockaddr, size_t length);

/* Asks for `host` at `address`, an IPv4 or IPv6 literal. */
static const char *ask(mf_hosts *hosts, deny_fn deny, const char *host, const char *address) {
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
  struct sockaddr_in in4 = {.sin_family = AF_INET};
  if (inet_pton(AF_INET, address, &in4.sin_addr) == 1)
    return deny(hosts, mf_str_of(host), &in4, sizeof in4);
  ck_assert_int_eq(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
  return deny(hosts, mf_str_of(host), &in6, sizeof in6);
}

static mf_limits limits; /* none; each test has a process of its own */

static mf_hosts listed(const char *host) {
  mf_hosts hosts;
  mf_alloc alloc = mf_alloc_default();
  mf_hosts_init(&hosts, &alloc, &limits);
  mf_hosts_add(&hosts, mf_str_of(host));
  return hosts;
}

static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "0.0.0.0",
                                       "::1",       "::",        "::ffff:127.0.0.1"};
static const char *const private_ones[] = {
    "10.1.2.3",   "172.16.0.1",      "172.31.255.255",  "192.168.1.1", "169.254.1.1",
    "fd00::1",    "fe80::1",         "::ffff:10.0.0.1", "febf::1",     "fc00::1",
    "100.64.0.1", "100.127.255.254", "169.254.169.254"};
static const char *const public_ones[] = {
    "8.8.8.8", "172.32.0.1",     "172.15.0.1",  "192.169.0.1", "2001:4860::8888", "::ffff:8.8.8.8",
    "::2",     "100.63.255.255", "100.128.0.1", "169.253.1.1", "fec0::1",         "128.0.0.1"};
#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

START_TEST(loopback_is_always_allowed) {
  mf_hosts hosts = listed("");
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, "anything", loopback[_i]));
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_load, "anything", loopback[_i]));
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(private_hosts_must_be_listed) {
  mf_hosts hosts = listed("shop.internal");
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, "shop.internal", private_ones[_i]));
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_load, "shop.internal", private_ones[_i]));
  ck_assert_ptr_nonnull(ask(&hosts, mf_hosts_deny_request, "other.internal", private_ones[_i]));
  ck_assert_ptr_nonnull(ask(&hosts, mf_hosts_deny_load, "other.internal", private_ones[_i]));
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(unix_sockets_must_be_listed) {
  const struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/run/App.sock"};
  mf_hosts hosts = listed("http+unix://%2Frun%2FApp.sock/path");
  mf_str host = MF_STR("%2Frun%2FApp.sock");
  ck_assert_ptr_null(mf_hosts_deny_request(&hosts, host, &sa, sizeof sa));
  ck_assert_ptr_null(mf_hosts_deny_load(&hosts, host, &sa, sizeof sa));
  const char *denied = mf_hosts_deny_request(&hosts, MF_STR("%2Frun%2Fapp.sock"), &sa, sizeof sa);
  ck_assert_str_eq(denied,
                   "the host '%2Frun%2Fapp.sock' is neither a constant of the document, nor on the "
                   "command line, nor in limits.hosts");
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(loads_on_public_hosts_are_confirmed) {
  mf_hosts hosts = listed("shop.example");
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, "shop.example", public_ones[_i]));
  const char *why = ask(&hosts, mf_hosts_deny_load, "shop.example", public_ones[_i]);
  ck_assert_ptr_nonnull(why);
  ck_assert_ptr_nonnull(strstr(why, "'shop.example'"));
  mf_hosts_confirm(&hosts, MF_STR("Shop.Example"));
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_load, "shop.example", public_ones[_i]));
  mf_hosts_confirm(&hosts, MF_STR("other.example")); /* not a constant: consent is not enough */
  ck_assert_ptr_nonnull(ask(&hosts, mf_hosts_deny_load, "other.example", public_ones[_i]));
  mf_hosts_fini(&hosts);
}
END_TEST

static const struct {
  const char *given, *host;
} forms[] = {
    {"http://shop.example", "shop.example"},
    {"https://shop.example:8443/a?b#c", "shop.example"},
    {"http://user:p@ss@shop.example/x", "shop.example"},
    {"http://[2001:db8::1]:80/", "2001:db8::1"},
    {"shop.example", "shop.example"},
    {"shop.example:8080", "SHOP.Example"},
    {"http://shop.example?x=1", "shop.example."},
    {"2001:db8::1", "2001:DB8::1"},
};

START_TEST(hosts_are_found_in_urls) {
  mf_hosts hosts = listed(forms[_i].given);
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, forms[_i].host, "8.8.8.8"));
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(text_that_is_no_host_allows_nothing) {
  mf_hosts hosts = listed("some words of text");
  mf_hosts_add(&hosts, MF_STR("http://"));
  mf_hosts_add(&hosts, MF_STR("http://a b/"));
  ck_assert_uint_eq(hosts.constant.count, 0);
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(nested_values_are_searched) {
  mf_hosts hosts = listed("");
  mf_value items[] = {mf_int(5), mf_string(MF_STR("http://a.example/x"))};
  mf_value list = {.kind = MF_LIST, .len = 2, .as.list = items};
  mf_pair pair = {mf_string(MF_STR("urls")), list};
  mf_map map = {.count = 1, .pairs = &pair};
  mf_value v = {.kind = MF_MAP, .len = 1, .as.map = &map};
  mf_hosts_add_value(&hosts, &v);
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, "a.example", "8.8.8.8"));
  mf_hosts_fini(&hosts);
}
END_TEST

START_TEST(sentences_are_safe_for_a_terminal) {
  mf_hosts hosts = listed("");
  const char *why = ask(&hosts, mf_hosts_deny_request, "a\x1b[2Jb", "8.8.8.8");
  ck_assert_ptr_nonnull(strstr(why, "a\\x1b[2Jb"));
  mf_hosts_fini(&hosts);
}
END_TEST

/* ---- limits ---- */

static mf_arena arena;

static void limit(const char *json) {
  const char *error;
  uint32_t offset;
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
  ck_assert(mf_limits_read(&limits, mf_json_parse(&arena, mf_str_of(json), &error, &offset)));
}

/* limits.hosts is a closed list: what is not in it is not reached, constant or not. */
static const struct {
  const char *host, *address;
  bool allowed;
} reached[] = {
    {"shop.example", "8.8.8.8", false},
    {"pay.internal", "10.9.9.9", true},
    {"a.pay.internal", "10.9.9.9", false},
    {"x.hooks.example", "8.8.4.4", true},
    {"hooks.example", "8.8.4.4", false},
    {"computed", "192.0.2.77", true},
    {"computed", "192.0.3.77", false},
    {"computed", "::ffff:192.0.2.77", true},
    {"computed", "2001:db8:1::5", true},
    {"computed", "2001:db9::5", false},
    {"anything", "127.0.0.1", true},
    {"anything", "::1", true},
    {"0xc0.0.2.1", "192.0.2.1", true},
    {"3221225985", "192.0.2.1", true},
    {"169.254.169.254", "169.254.169.254", false},
};

START_TEST(limits_hosts_is_a_closed_list) {
  mf_hosts hosts = listed("shop.example");
  limit(
      "{\"limits\":{\"hosts\":[\"pay.internal\",\"*.hooks.example\",\"192.0.2.0/24\","
      "\"2001:db8::/32\"]}}");
  const char *why = ask(&hosts, mf_hosts_deny_request, reached[_i].host, reached[_i].address);
  ck_assert_msg((why == NULL) == reached[_i].allowed, "%s: %s", reached[_i].host, why);
  if (why) ck_assert_ptr_nonnull(strstr(why, "is not in limits.hosts"));
  mf_hosts_fini(&hosts);
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(limits_hosts_may_be_empty) {
  mf_hosts hosts = listed("shop.example");
  limit("{\"limits\":{\"hosts\":[]}}");
  ck_assert_ptr_nonnull(ask(&hosts, mf_hosts_deny_request, "shop.example", "10.0.0.1"));
  ck_assert_ptr_null(ask(&hosts, mf_hosts_deny_request, "shop.example", "127.0.0.1"));
  mf_hosts_fini(&hosts);
  mf_arena_fini(&arena);
}
END_TEST

static const char *ask_port(mf_hosts *hosts, uint16_t port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return mf_hosts_deny_load(hosts, MF_STR("localhost"), &to, sizeof to);
}

START_TEST(limits_ports_hold_on_loopback_too) {
  mf_hosts hosts = listed("");
  limit("{\"limits\":{\"ports\":[80,8080]}}");
  hosts.own_port = 40000;
  ck_assert_ptr_null(ask_port(&hosts, 80));
  ck_assert_ptr_null(ask_port(&hosts, 8080));
  ck_assert_ptr_null(ask_port(&hosts, 40000));
  ck_assert_ptr_nonnull(strstr(ask_port(&hosts, 81), "port 81 is not in limits.ports"));
  mf_hosts_fini(&hosts);
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(limits_commands_names_programs) {
  static const struct {
    const char *program;
    bool allowed;
  } programs[] = {{"echo", true},      {"/usr/bin/echo", true}, {"./echo", true},
                  {"/bin/date", true}, {"date", false},         {"/usr/bin/date", false},
                  {"echoes", false},   {"/bin/sh", false},      {"", false}};
  mf_hosts hosts = listed("");
  limit("{\"limits\":{\"commands\":[\"echo\",\"/bin/date\"]}}");
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    ck_assert_msg((mf_hosts_deny_command(&hosts, mf_str_of(programs[i].program)) == NULL) ==
                      programs[i].allowed,
                  "%s", programs[i].program);
  mf_hosts_fini(&hosts);
  mf_arena_fini(&arena);
}
END_TEST

/* Images may come from elsewhere. */
static const char *const malformed[] = {
    "{\"limits\":5}",
    "{\"limits\":{\"hosts\":\"x\"}}",
    "{\"limits\":{\"hosts\":[5]}}",
    "{\"limits\":{\"hosts\":[\"http://x\"]}}",
    "{\"limits\":{\"ports\":[\"80\"]}}",
    "{\"limits\":{\"commands\":{}}}",
    "{\"limits\":{\"max_rate\":0}}",
    "{\"limits\":{\"max_rate\":\"fast\"}}",
    "{\"limits\":{\"max_rate\":1e300}}",
    "{\"limits\":{\"max_connections\":60001}}",
    "{\"limits\":{\"max_requests\":-1}}",
    "{\"limits\":{\"max_duration\":1e10}}",
};

START_TEST(malformed_limits_are_refused) {
  const char *error;
  uint32_t offset;
  mf_alloc alloc = mf_alloc_default();
  mf_arena_init(&arena, &alloc, 0);
  ck_assert(
      !mf_limits_read(&limits, mf_json_parse(&arena, mf_str_of(malformed[_i]), &error, &offset)));
  mf_arena_fini(&arena);
}
END_TEST

START_TEST(limits_have_limits) {
  char text[128];
  const char *error;
  uint32_t offset;
  static const struct {
    const char *key;
    uint64_t most;
  } keys[] = {{"max_rate", MF_LIMIT_LOAD_RATE_MOST},
              {"max_connections", MF_LIMIT_LOAD_CONNECTIONS_MOST}};
  for (size_t i = 0; i < 4; i++) {
    snprintf(text, sizeof text, "{\"limits\":{\"%s\":%llu}}", keys[i / 2].key,
             (unsigned long long)(keys[i / 2].most + i % 2));
    mf_alloc alloc = mf_alloc_default();
    mf_arena_init(&arena, &alloc, 0);
    ck_assert(mf_limits_read(&limits, mf_json_parse(&arena, mf_str_of(text), &error, &offset)) ==
              (i % 2 == 0));
    mf_arena_fini(&arena);
  }
}
END_TEST

Suite *runner_hosts_suite(void) {
  Suite *s = suite_create("runner_hosts");
  TCase *t = tcase_create("all");
  tcase_add_loop_test(t, loopback_is_always_allowed, 0, COUNT(loopback));
  tcase_add_loop_test(t, private_hosts_must_be_listed, 0, COUNT(private_ones));
  tcase_add_test(t, unix_sockets_must_be_listed);
  tcase_add_loop_test(t, loads_on_public_hosts_are_confirmed, 0, COUNT(public_ones));
  tcase_add_loop_test(t, hosts_are_found_in_urls, 0, COUNT(forms));
  tcase_add_test(t, text_that_is_no_host_allows_nothing);
  tcase_add_test(t, nested_values_are_searched);
  tcase_add_test(t, sentences_are_safe_for_a_terminal);
  tcase_add_loop_test(t, limits_hosts_is_a_closed_list, 0, COUNT(reached));
  tcase_add_test(t, limits_hosts_may_be_empty);
  tcase_add_test(t, limits_ports_hold_on_loopback_too);
  tcase_add_test(t, limits_commands_names_programs);
  tcase_add_test(t, limits_have_limits);
  tcase_add_loop_test(t, malformed_limits_are_refused, 0, COUNT(malformed));
  suite_add_tcase(s, t);
  return s;
}
