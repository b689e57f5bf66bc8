/* SPDX-License-Identifier: MIT */
#include "hosts.h"

#include <stdio.h>

#include "printable.h"
#include "address_reach.h"

void mf_hosts_init(mf_hosts *hosts, const mf_alloc *alloc, const mf_limits *limits) {
  *hosts = (mf_hosts){.limits = limits};
  mf_arena_init(&hosts->arena, alloc, 0);
}

void mf_hosts_fini(mf_hosts *hosts) { mf_arena_fini(&hosts->arena); }

/* ---- The list ---- */

static bool is_in(const mf_host_list *list, mf_str host) {
  for (uint32_t i = 0; i < list->count; i++)
    if (mf_host_same(list->names[i], host)) return true;
  return false;
}

static bool grow(mf_arena *arena, mf_host_list *list) {
  if (list->count < list->cap) return true;
  uint32_t cap = list->cap ? list->cap * 2 : 8;
  mf_str *names = MF_NEW_ARRAY(arena, mf_str, cap);
  if (!names) return false;
  if (list->count) memcpy(names, list->names, sizeof *names * list->count);
  list->names = names;
  list->cap = cap;
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

mf_str mf_host_of(mf_str url_or_host) {
  mf_address address;
  if (mf_parse_address(url_or_host, &address) == MF_ADDRESS_OK) return url_or_host;
  size_t scheme = mf_str_find(url_or_host, MF_STR("://"), 0);
  if (scheme != SIZE_MAX) url_or_host = after(url_or_host, scheme + 3);
  mf_str host = host_of_authority(cut_at(url_or_host, "/?#"));
  if (host.n > 0 && host.p[host.n - 1] == '.') host.n--; /* the same host */
  return host;
}

static bool is_host(mf_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '-' && c != '_' && c != ':' && c != '%') return false;
  }
  return s.n > 0 && s.n <= 255;
}

static void add(mf_arena *arena, mf_host_list *list, mf_str url_or_host) {
  mf_str host = mf_host_of(url_or_host);
  if (!is_host(host) || is_in(list, host) || !grow(arena, list)) return;
  char *copy = mf_arena_copy(arena, host.p, host.n);
  if (copy) list->names[list->count++] = (mf_str){copy, host.n};
}

void mf_hosts_add(mf_hosts *hosts, mf_str url_or_host) {
  add(&hosts->arena, &hosts->constant, url_or_host);
}

void mf_hosts_confirm(mf_hosts *hosts, mf_str host) { add(&hosts->arena, &hosts->confirmed, host); }

bool mf_hosts_is_confirmed(const mf_hosts *hosts, mf_str host) {
  return is_in(&hosts->confirmed, host);
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

/* The variables that nothing sets once the run has begun have a value now. */
static void add_variables(mf_hosts *hosts) {
  if (!hosts->vm || !hosts->variables) return;
  for (const mf_json *name = hosts->variables->as.first; name; name = name->next) {
    mf_value value = mf_vm_get(hosts->vm, mf_json_str(name, ""));
    mf_hosts_add_value(hosts, &value);
  }
}

static bool is_constant(mf_hosts *hosts, mf_str host) {
  if (is_in(&hosts->constant, host)) return true;
  add_variables(hosts);
  return is_in(&hosts->constant, host);
}

/* The built-in service has a port that nobody can know. */
static const char *deny_port(mf_hosts *hosts, mf_str host, const mf_address *address,
                             uint16_t port) {
  bool own = port == hosts->own_port && mf_reach_of_address(address) == MF_REACH_LOOPBACK;
  if (own || mf_limits_have_port(hosts->limits, port)) return NULL;
  char after_it[64];
  snprintf(after_it, sizeof after_it, "': port %u is not in limits.ports", (unsigned)port);
  return answer(hosts, host, "of host '", after_it);
}

const char *mf_hosts_deny_request(void *ctx, mf_str host, const void *sockaddr, size_t length) {
  mf_hosts *hosts = ctx;
  mf_address address;
  uint16_t port = 0;
  bool known = mf_read_sockaddr(sockaddr, length, &address, &port);
  const char *denied = known ? deny_port(hosts, host, &address, port) : NULL;
  if (denied || mf_reach_of(sockaddr, length) == MF_REACH_LOOPBACK) return denied;
  if (!mf_limits_have_host(hosts->limits, host, known ? &address : NULL))
    return answer(hosts, host, "the host '", "' is not in limits.hosts");
  if (hosts->limits->hosts || is_constant(hosts, host)) return NULL;
  return answer(hosts, host, "the host '",
                "' is neither a constant of the document, nor on the command line, nor in "
                "limits.hosts");
}

const char *mf_hosts_deny_load(void *ctx, mf_str host, const void *sockaddr, size_t length) {
  mf_hosts *hosts = ctx;
  const char *denied = mf_hosts_deny_request(ctx, host, sockaddr, length);
  if (denied || mf_reach_of(sockaddr, length) != MF_REACH_PUBLIC) return denied;
  if (mf_hosts_is_confirmed(hosts, host)) return NULL;
  return answer(ctx, host, "the host '",
                "' is neither loopback nor private, and nobody has confirmed a load on it (--yes "
                "HOST)");
}

const char *mf_hosts_deny_command(void *ctx, mf_str program) {
  mf_hosts *hosts = ctx;
  if (mf_limits_have_command(hosts->limits, program)) return NULL;
  return answer(hosts, program, "the program '", "' is not in limits.commands");
}
