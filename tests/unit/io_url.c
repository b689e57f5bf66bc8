/* SPDX-License-Identifier: MIT */
#include "../../io/url.h"

#include <check.h>

Suite *io_url_suite(void);

static const struct {
  const char *text, *userinfo, *host, *authority, *path;
  unsigned port;
} good[] = {
    {"http://example.com", "", "example.com", "example.com", "", 80},
    {"HTTP://Example.com:8080/", "", "Example.com", "Example.com:8080", "/", 8080},
    {"http://127.0.0.1:9/a/b?c=d", "", "127.0.0.1", "127.0.0.1:9", "/a/b?c=d", 9},
    {"http://h?x=/y#frag", "", "h", "h", "?x=/y", 80},
    {"http://[::1]:80/x", "", "::1", "[::1]:80", "/x", 80},
    {"http://[fe80::1%25eth0]", "", "fe80::1%25eth0", "[fe80::1%25eth0]", "", 80},
    {"http://user:p@ss@host:1/p@th", "user:p@ss", "host", "host:1", "/p@th", 1},
    {"http://a_b-c.example", "", "a_b-c.example", "a_b-c.example", "", 80},
    {"http://h/\xc3\xa4", "", "h", "h", "/\xc3\xa4", 80},
    {"https://u@h/x", "u", "h", "h", "/x", 443},
    {"HTTPS://[::1]:8443", "", "::1", "[::1]:8443", "", 8443},
};

START_TEST(good_urls_come_apart) {
  mf_url url;
  const char *error = mf_url_parse(mf_str_of(good[_i].text), &url);
  ck_assert_msg(!error, "%s: %s", good[_i].text, error);
  ck_assert(mf_str_is(url.userinfo, good[_i].userinfo));
  ck_assert(mf_str_is(url.host, good[_i].host));
  ck_assert(mf_str_is(url.authority, good[_i].authority));
  ck_assert(mf_str_is(url.path, good[_i].path));
  ck_assert_uint_eq(url.port, good[_i].port);
  ck_assert_int_eq(url.secure, good[_i].text[4] == 's' || good[_i].text[4] == 'S');
}
END_TEST

static const char *const bad[][2] = {
    {"", "empty"},
    {"example.com", "begin with http://"},
    {"ftp://x", "begin with http://"},
    {"http+unix:///run/app.sock/x", "%2F for each"},
    {"http+unix://app.sock", "%2F for each"},
    {"http+unix://", "%2F for each"},
    {"http+unix://%2Frun%2", "%-escapes"},
    {"http+unix://%2Frun%zz", "%-escapes"},
    {"http+unix://%2Frun%00", "%-escapes"},
    {"http+unix://%2F234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "012345678901234567890123456789",
     "107 bytes"},
    {"https://", "no host"},
    {"http://", "no host"},
    {"http:///path", "no host"},
    {"http://:80", "no host"},
    {"http://h:0", "port"},
    {"http://h:65536", "port"},
    {"http://h:", "port"},
    {"http://h:8x", "port"},
    {"http://h:+1", "port"},
    {"http://[::1", "no ']'"},
    {"http://[::1]x", "between"},
    {"http://[]", "IPv6"},
    {"http://[h!]", "IPv6"},
    {"http://a b/", "blank"},
    {"http://a/\r\nX: y", "blank"},
    {"http://a\"b/", "character"},
    {"http://{{host}}/", "character"},
};

START_TEST(bad_urls_say_what_is_wrong) {
  mf_url url;
  const char *error = mf_url_parse(mf_str_of(bad[_i][0]), &url);
  ck_assert_ptr_nonnull(error);
  ck_assert_msg(strstr(error, bad[_i][1]), "%s: %s", bad[_i][0], error);
}
END_TEST

START_TEST(a_host_can_be_the_path_of_a_socket) {
  mf_url url;
  char path[MF_SOCKET_PATH];
  const char *error = mf_url_parse(MF_STR("HTTP+unix://u:p@%2Frun%2fa%20b.sock/x?y#z"), &url);
  ck_assert_msg(!error, "%s", error);
  ck_assert(url.is_socket && !url.secure);
  ck_assert(mf_str_is(url.userinfo, "u:p"));
  ck_assert(mf_str_is(url.authority, "%2Frun%2fa%20b.sock"));
  ck_assert(mf_str_is(url.path, "/x?y"));
  mf_url_socket_path(&url, path);
  ck_assert_str_eq(path, "/run/a b.sock");
  ck_assert_str_eq(mf_url_scheme(&url), "http+unix");
}
END_TEST

Suite *io_url_suite(void) {
  Suite *suite = suite_create("io_url");
  TCase *tc = tcase_create("url");
  tcase_add_loop_test(tc, good_urls_come_apart, 0, (int)(sizeof good / sizeof *good));
  tcase_add_loop_test(tc, bad_urls_say_what_is_wrong, 0, (int)(sizeof bad / sizeof *bad));
  tcase_add_test(tc, a_host_can_be_the_path_of_a_socket);
  suite_add_tcase(suite, tc);
  return suite;
}
