/* address_reach - how far away an address is: this host, a private network, everybody. */
#ifndef MF_RUNNER_ADDRESS_REACH_H
#define MF_RUNNER_ADDRESS_REACH_H
#include <stddef.h>
#include <stdint.h>

#include "../base/address.h"

typedef enum mf_reach {
  MF_REACH_LOOPBACK,
  MF_REACH_PRIVATE, /* RFC 1918, unique local, link-local, carrier NAT */
  MF_REACH_PUBLIC,
} mf_reach;

mf_reach mf_reach_of_address(const mf_address *address);
/* A sockaddr of the operating system.  A Unix socket is PRIVATE; what is not known is
 * PUBLIC. */
mf_reach mf_reach_of(const void *sockaddr, size_t length);
/* Its address and port; false when it has none. */
bool mf_read_sockaddr(const void *sockaddr, size_t length, mf_address *address, uint16_t *port);
#endif
