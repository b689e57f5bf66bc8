/* SPDX-License-Identifier: MIT */
#include "hosts.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "printable.h"

void mf_hosts_init(mf_hosts *hosts, const mf_alloc *alloc) {
  *hosts = (mf_hosts){.count = 0};
  mf_arena_init(&hosts->arena, alloc, 0);
}

void mf_hosts_fini(mf_hosts *hosts) { mf_arena_fini(&hosts->arena); }

/* ---- The list ---- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* "example.com." is the same host as "example.com". */
static mf_str without_dot(mf_str host) {
  if (host.n > 0 && host.p[host.n - 1] == '.') host.n--;
  return host;
}

/* The path of a Unix socket begins with a %2F. */
static bool same_host(mf_str a, mf_str b) {
  if (a.n != b.n) return false;
  if (a.n > 0 && a.p[0] == '%') return mf_str_eq(a, b);
  for (size_t i = 0; i < a.n; i++)
    if (lower(a.p[i]) != lower(b.p[i])) return false;
  return true;
}

static bool is_listed(const mf_hosts *hosts, mf_str host) {
  host = without_dot(host);
  for (uint32_t i = 0; i < hosts->count; i++)
    if (same_host(hosts->names[i], host)) return true;
  return false;
}

static bool grow(mf_hosts *hosts) {
  if (hosts->count < hosts->cap) return true;
  uint32_t cap = hosts->cap ? hosts->cap * 2 : 8;
  mf_str *names = MF_NEW_ARRAY(&hosts->arena, mf_str, cap);
  if (!names) return false;
  if (hosts->count) memcpy(names, hosts->names, sizeof *names * hosts->count);
  hosts->names = names;
  hosts->cap = cap;
  return true;
}

static mf_str cut_at(mf_str s, const char *stops) {
  for (size_t i = 0; i < s.n; i++)
    if (strchr(stops, s.p[i])) s.n = i;
  return s;
}

static mf_str after(mf_str s, size_t n) { return (mf_str){s.p + n, s.n - n}; }

/* "[::1]:8080", "example.com:80" and "example.com" to their host. */
static mf_str host_of_authority(mf_str s) {
  size_t at = s.n;
  while (at > 0 && s.p[at - 1] != '@') at--; /* user:password@ */
  s = after(s, at);
  if (s.n > 0 && s.p[0] == '[') return cut_at(after(s, 1), "]");
  return cut_at(s, ":");
}

static mf_str host_of(mf_str text) {
  size_t scheme = mf_str_find(text, MF_STR("://"), 0);
  if (scheme != SIZE_MAX) text = after(text, scheme + 3);
  return without_dot(host_of_authority(cut_at(text, "/?#")));
}

static bool is_host(mf_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = lower(s.p[i]);
    bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                c == '_' || c == ':' || c == '%';
    if (!fits) return false;
  }
  return s.n > 0 && s.n <= 255;
}

void mf_hosts_add(mf_hosts *hosts, mf_str url_or_host) {
  mf_str host = host_of(url_or_host);
  if (!is_host(host) || is_listed(hosts, host) || !grow(hosts)) return;
  char *copy = mf_arena_copy(&hosts->arena, host.p, host.n);
  if (copy) hosts->names[hosts->count++] = (mf_str){copy, host.n};
}

/* Values of the command line are not nested deeper than documents. */
void mf_hosts_add_value(mf_hosts *hosts, const mf_value *v) {
  if (v->kind == MF_STRING) mf_hosts_add(hosts, (mf_str){v->as.s, v->len});
  if (v->kind == MF_LIST)
    for (uint32_t i = 0; i < v->len; i++) mf_hosts_add_value(hosts, &v->as.list[i]);
  if (v->kind == MF_MAP)
    for (uint32_t i = 0; i < v->as.map->count; i++)
      mf_hosts_add_value(hosts, &v->as.map->pairs[i].value);
}

/* ---- Addresses ---- */

typedef enum reach { LOOPBACK, PRIVATE, PUBLIC } reach;

/* 0.0.0.0 is this host; 169.254/16 the link. */
static reach reach_of_ipv4(uint32_t a) {
  if (a >> 24 == 127 || a == 0) return LOOPBACK;
  bool is_private = a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe;
  return is_private ? PRIVATE : PUBLIC;
}

static reach reach_of_ipv6(const uint8_t a[16]) {
  static const uint8_t zeros[15], mapped[12] = {[10] = 0xff, [11] = 0xff};
  if (memcmp(a, mapped, sizeof mapped) == 0)
    return reach_of_ipv4((uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 |
                         a[15]);
  if (memcmp(a, zeros, sizeof zeros) == 0 && a[15] <= 1) return LOOPBACK;
  bool is_private = (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
  return is_private ? PRIVATE : PUBLIC;
}

static reach reach_of(const void *sockaddr, size_t length) {
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
  sa_family_t family = AF_UNSPEC;
  if (length >= sizeof(struct sockaddr)) memcpy(&family, sockaddr, sizeof family);
  /* Of this machine, but what stands behind one (a container engine, say) may have all
   * of its rights: nothing that a service answered may choose it. */
  if (family == AF_UNIX) return PRIVATE;
  if (family == AF_INET && length >= sizeof in4) {
    memcpy(&in4, sockaddr, sizeof in4);
    return reach_of_ipv4(ntohl(in4.sin_addr.s_addr));
  }
  if (family == AF_INET6 && length >= sizeof in6) {
    memcpy(&in6, sockaddr, sizeof in6);
    return reach_of_ipv6(in6.sin6_addr.s6_addr);
  }
  return PUBLIC;
}

/* ---- The question ---- */

static const char *answer(mf_hosts *hosts, mf_str host, const char *before, const char *after_it) {
  mf_buf text;
  mf_buf_init(&text, &hosts->arena.alloc, 0);
  mf_buf_puts(&text, before);
  mf_print_safe(&text, (mf_str){host.p, host.n < 255 ? host.n : 255});
  mf_buf_puts(&text, after_it);
  snprintf(hosts->answer, sizeof hosts->answer, "%s", text.p ? text.p : "this host is not allowed");
  mf_buf_fini(&text);
  return hosts->answer;
}

const char *mf_hosts_deny_request(void *ctx, mf_str host, const void *sockaddr, size_t length) {
  mf_hosts *hosts = ctx;
  if (reach_of(sockaddr, length) == LOOPBACK || is_listed(hosts, host)) return NULL;
  return answer(hosts, host, "the host '",
                "' is neither a constant of the document nor on the command line");
}

const char *mf_hosts_deny_load(void *ctx, mf_str host, const void *sockaddr, size_t length) {
  const char *denied = mf_hosts_deny_request(ctx, host, sockaddr, length);
  if (denied || reach_of(sockaddr, length) != PUBLIC) return denied;
  return answer(ctx, host, "the host '",
                "' is neither loopback nor private; loads on public hosts are not supported yet");
}
