/* SPDX-License-Identifier: MIT */
/* The addresses that a host's name stands for. */
#include "http_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static void add_address(mf_http_target *out, const void *address, socklen_t length) {
  if (out->count == MF_HTTP_ADDRESSES || length > sizeof out->addresses[0].address) return;
  mf_http_address *slot = &out->addresses[out->count++];
  memcpy(&slot->address, address, length);
  slot->length = length;
}

static void add_v4(mf_http_target *out, struct in_addr address, uint16_t port) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
  add_address(out, &sa, sizeof sa);
}

static void add_v6(mf_http_target *out, struct in6_addr address, uint16_t port) {
  struct sockaddr_in6 sa = {
      .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address};
  add_address(out, &sa, sizeof sa);
}

/* "localhost" and names below it are this machine, by RFC 6761. */
static bool is_localhost(const char *name, size_t n) {
  static const char suffix[] = ".localhost";
  if (n == 9) return strcasecmp(name, suffix + 1) == 0;
  return n > 10 && strcasecmp(name + n - 10, suffix) == 0;
}

static mf_http_error ask_resolver(const char *name, uint16_t port, mf_http_target *out) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  if (getaddrinfo(name, NULL, &hints, &found) != 0) return MF_HTTP_DNS;
  for (const struct addrinfo *a = found; a; a = a->ai_next) {
    uint32_t before = out->count;
    add_address(out, a->ai_addr, a->ai_addrlen);
    if (out->count == before) continue;
    struct sockaddr_storage *sa = &out->addresses[before].address;
    if (sa->ss_family == AF_INET)
      ((struct sockaddr_in *)sa)->sin_port = htons(port);
    else if (sa->ss_family == AF_INET6)
      ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
  }
  freeaddrinfo(found);
  return out->count ? MF_HTTP_NONE : MF_HTTP_DNS;
}

mf_http_error mf_http_resolve(mf_str host, uint16_t port, mf_http_target *out) {
  char name[256];
  struct in_addr v4;
  struct in6_addr v6;
  out->count = out->preferred = 0;
  out->tls_host = (mf_str){0};
  if (host.n == 0 || host.n >= sizeof name) return MF_HTTP_DNS;
  memcpy(name, host.p, host.n);
  name[host.n] = 0;
  if (inet_pton(AF_INET, name, &v4) == 1) {
    add_v4(out, v4, port);
  } else if (inet_pton(AF_INET6, name, &v6) == 1) {
    add_v6(out, v6, port);
  } else if (is_localhost(name, host.n)) {
    v4.s_addr = htonl(INADDR_LOOPBACK);
    add_v4(out, v4, port);
    add_v6(out, in6addr_loopback, port);
  } else {
    return ask_resolver(name, port, out);
  }
  return MF_HTTP_NONE;
}
