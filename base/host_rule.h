/* host_rule - which hosts a text such as "*.example.com" or "10.0.0.0/8" means.
 *
 * A name means the host of that name, "*.example.com" every host below it but not
 * example.com itself, an address or a block every host that has such an address,
 * whatever it is called.  Case and a dot at the end do not matter. */
#ifndef MF_BASE_HOST_RULE_H
#define MF_BASE_HOST_RULE_H
#include "address.h"

typedef struct mf_host_rule {
  mf_str name;      /* n 0: an address or block; borrows */
  bool below;       /* the hosts below the name */
  mf_address block; /* without bits behind the prefix */
  unsigned prefix;
} mf_host_rule;

/* NULL, or what a host should be: "a name, ..., not a URL"; static. */
const char *mf_host_rule_parse(mf_str text, mf_host_rule *out);
/* `address` NULL: none is known. */
bool mf_host_rule_covers(const mf_host_rule *rule, mf_str host, const mf_address *address);
/* Whether two names are of one host. */
bool mf_host_same(mf_str a, mf_str b);
#endif
