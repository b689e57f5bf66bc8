/* SPDX-License-Identifier: MIT */
#include "host_rule.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* "example.com." is the same host as "example.com". */
static mf_str without_dot(mf_str host) {
  if (host.n > 0 && host.p[host.n - 1] == '.') host.n--;
  return host;
}

bool mf_host_same(mf_str a, mf_str b) {
  a = without_dot(a);
  b = without_dot(b);
  if (a.n != b.n) return false;
  if (a.n > 0 && a.p[0] == '%') return mf_str_eq(a, b); /* the path of a Unix socket */
  for (size_t i = 0; i < a.n; i++)
    if (lower(a.p[i]) != lower(b.p[i])) return false;
  return true;
}

/* ---- Reading ---- */

static bool is_name_char(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of 1 to 63 bytes, joined by dots. */
static bool is_name(mf_str s) {
  size_t label = 0;
  for (size_t i = 0; i < s.n; i++) {
    label = s.p[i] == '.' ? 0 : label + 1;
    if (s.p[i] == '.' ? i == 0 || s.p[i - 1] == '.' : !is_name_char(s.p[i])) return false;
    if (label > 63) return false;
  }
  return s.n > 0 && s.n <= 253 && label > 0;
}

/* 127.1, 0x7f000001: resolvers take names with such an end for addresses. */
static bool ends_in_number(mf_str s) {
  size_t at = s.n;
  while (at > 0 && s.p[at - 1] != '.') at--;
  return s.p[at] >= '0' && s.p[at] <= '9';
}

static mf_str without_brackets(mf_str s) {
  bool both = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
  return both ? (mf_str){s.p + 1, s.n - 2} : s;
}

static bool has(mf_str s, const char *part) {
  return mf_str_find(s, mf_str_of(part), 0) != SIZE_MAX;
}

static const char *parse_name(mf_str text, mf_host_rule *out) {
  out->below = mf_str_starts(text, MF_STR("*."));
  if (out->below) text = (mf_str){text.p + 2, text.n - 2};
  out->name = without_dot(text);
  if (has(text, "*"))
    return "a host whose '*' stands for whole labels at its beginning: *.example.com";
  if (has(text, ":")) return "a host without a port; ports stand in 'ports'";
  if (!is_name(out->name)) return "a name, *.name, an address, or a block such as 10.0.0.0/8";
  if (ends_in_number(out->name)) return "an address written like 127.0.0.1";
  return NULL;
}

const char *mf_host_rule_parse(mf_str text, mf_host_rule *out) {
  *out = (mf_host_rule){.below = false};
  if (has(text, "://")) return "a host, not a URL";
  mf_str bare = without_brackets(text);
  if (mf_parse_block(bare, &out->block, &out->prefix) == MF_ADDRESS_OK) {
    mf_address_mask(&out->block, out->prefix);
    return NULL;
  }
  if (mf_parse_address(bare, &out->block) == MF_ADDRESS_OK) {
    out->prefix = out->block.n * 8u;
    return NULL;
  }
  return parse_name(text, out);
}

/* ---- Asking ---- */

static bool is_below(mf_str host, mf_str name) {
  host = without_dot(host);
  if (host.n < name.n + 2 || host.p[host.n - name.n - 1] != '.') return false;
  return mf_host_same((mf_str){host.p + host.n - name.n, name.n}, name);
}

bool mf_host_rule_covers(const mf_host_rule *rule, mf_str host, const mf_address *address) {
  if (rule->name.n == 0) return address && mf_address_shares(address, &rule->block, rule->prefix);
  return rule->below ? is_below(host, rule->name) : mf_host_same(host, rule->name);
}
