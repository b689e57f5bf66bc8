/* address - IPv4 and IPv6 addresses as text (RFC 4291, RFC 5952). */
#ifndef MF_BASE_ADDRESS_H
#define MF_BASE_ADDRESS_H
#include "text.h"

/* 4 or 16 bytes in network order. */
typedef struct mf_address {
  uint8_t bytes[16];
  uint8_t n;
} mf_address;

enum { MF_ADDRESS_TEXT = 48 }; /* bytes of an address or block as text, with NUL */

/* What became of a text. */
typedef enum mf_address_error {
  MF_ADDRESS_OK,
  MF_ADDRESS_MALFORMED,
  MF_ADDRESS_ZONE,   /* fe80::1%eth0 */
  MF_ADDRESS_MAPPED, /* ::ffff:1.2.3.4: one address, two ways to write it */
} mf_address_error;

/* An address.  ::ffff:102:304 is 1.2.3.4. */
mf_address_error mf_parse_address(mf_str s, mf_address *out);
/* An address and the bits of a prefix: 10.0.0.0/8. */
mf_address_error mf_parse_block(mf_str s, mf_address *out, unsigned *prefix);
/* The canonical text; returns its length. */
size_t mf_format_address(const mf_address *a, char out[MF_ADDRESS_TEXT]);
size_t mf_format_block(const mf_address *a, unsigned prefix, char out[MF_ADDRESS_TEXT]);
/* Whether the first `bits` bits are the same; false for different families. */
bool mf_address_shares(const mf_address *a, const mf_address *b, unsigned bits);
/* Clears the bits behind the prefix. */
void mf_address_mask(mf_address *a, unsigned prefix);
#endif
