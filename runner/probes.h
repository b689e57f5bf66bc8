/* probes - requests that the runner itself sends while entries are under way, since an
 * abort_when looks at their responses.
 *
 * Each is sent again every so often, one at a time, on a connection of its own, under the
 * rule for hosts that hooks have; none of the loads' figures knows them. */
#ifndef MF_RUNNER_PROBES_H
#define MF_RUNNER_PROBES_H
#include "../base/alloc.h"

#define MF_PROBE_INTERVAL_S 1.0 /* unless the document says another one */
#define MF_PROBE_TIMEOUT_S 5.0  /* the same */

typedef struct mf_host mf_host;
typedef struct mf_probes mf_probes;

/* *out NULL: the image has none, or it is a rehearsal.  The host's watches outlive them.
 * Errors: OUT_OF_MEMORY. */
mf_status mf_probes_new(mf_host *host, mf_probes **out);
void mf_probes_free(mf_probes *probes);
/* Begins, or ends, as the machine's entries did. */
void mf_probes_follow(mf_probes *probes);
void mf_probes_stop(mf_probes *probes);
#endif
