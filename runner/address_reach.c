/* SPDX-License-Identifier: MIT */
#include "address_reach.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const struct block {
  const char *text;
  mf_reach reach;
} blocks[] = {
    {"127.0.0.0/8", MF_REACH_LOOPBACK},
    {"0.0.0.0/32", MF_REACH_LOOPBACK}, /* this host, for Linux */
    {"::1/128", MF_REACH_LOOPBACK},
    {"::/128", MF_REACH_LOOPBACK},
    {"10.0.0.0/8", MF_REACH_PRIVATE}, /* RFC 1918 */
    {"172.16.0.0/12", MF_REACH_PRIVATE},
    {"192.168.0.0/16", MF_REACH_PRIVATE},
    {"169.254.0.0/16", MF_REACH_PRIVATE}, /* link-local: RFC 3927, RFC 4291 */
    {"fe80::/10", MF_REACH_PRIVATE},
    {"fc00::/7", MF_REACH_PRIVATE},      /* unique local: RFC 4193 */
    {"100.64.0.0/10", MF_REACH_PRIVATE}, /* carrier NAT: RFC 6598 */
};

mf_reach mf_reach_of_address(const mf_address *address) {
  mf_address block;
  unsigned prefix;
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    if (mf_parse_block(mf_str_of(blocks[i].text), &block, &prefix) == MF_ADDRESS_OK &&
        mf_address_shares(address, &block, prefix))
      return blocks[i].reach;
  return MF_REACH_PUBLIC;
}

/* ::ffff:1.2.3.4 is 1.2.3.4. */
static mf_address of_ipv6(const uint8_t bytes[16]) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  mf_address a = {.n = 16};
  if (memcmp(bytes, mapped, sizeof mapped) == 0) a.n = 4;
  memcpy(a.bytes, bytes + 16 - a.n, a.n);
  return a;
}

static sa_family_t family_of(const void *sockaddr, size_t length) {
  sa_family_t family = AF_UNSPEC;
  if (length >= offsetof(struct sockaddr, sa_family) + sizeof family)
    memcpy(&family, (const char *)sockaddr + offsetof(struct sockaddr, sa_family), sizeof family);
  return family;
}

bool mf_read_sockaddr(const void *sockaddr, size_t length, mf_address *address, uint16_t *port) {
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
  sa_family_t family = family_of(sockaddr, length);
  if (family == AF_INET && length >= sizeof in4) {
    memcpy(&in4, sockaddr, sizeof in4);
    *address = (mf_address){.n = 4};
    memcpy(address->bytes, &in4.sin_addr, 4);
    *port = ntohs(in4.sin_port);
    return true;
  }
  if (family != AF_INET6 || length < sizeof in6) return false;
  memcpy(&in6, sockaddr, sizeof in6);
  *address = of_ipv6(in6.sin6_addr.s6_addr);
  *port = ntohs(in6.sin6_port);
  return true;
}

mf_reach mf_reach_of(const void *sockaddr, size_t length) {
  mf_address address;
  uint16_t port;
  if (mf_read_sockaddr(sockaddr, length, &address, &port)) return mf_reach_of_address(&address);
  /* A Unix socket is of this machine, but what stands behind one (a container engine, say)
   * may have all of its rights: nothing that a service answered may choose it. */
  return family_of(sockaddr, length) == AF_UNIX ? MF_REACH_PRIVATE : MF_REACH_PUBLIC;
}
