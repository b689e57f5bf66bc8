/* tls - TLS over a socket that is connected already, on the loop.
 *
 * libcurl makes the handshake, verifies the certificate and encrypts; it never looks
 * up a name, opens a socket or knows of HTTP.  So an https exchange reaches the
 * addresses that the owner chose and no others, through no proxy, and is read by the
 * same code as any.  The certificate must be for `host` and lead to one that the system
 * trusts, or that is in SSL_CERT_FILE or SSL_CERT_DIR (of the environment), if these
 * are set. */
#ifndef MF_IO_TLS_H
#define MF_IO_TLS_H
#include "../base/text.h"
#include "loop.h"

typedef struct mf_tls mf_tls;

/* NULL, or a sentence that says what is not installed; static. */
const char *mf_tls_missing(void);

/* The certificates that are trusted, read at the first connection for all that share it:
 * that takes longer than a handshake.  Zeroed before first use. */
typedef struct mf_tls_trust {
  void *store;
} mf_tls_trust;
void mf_tls_trust_fini(mf_tls_trust *trust); /* connections may still use it */

/* Begins the handshake on watch->fd, a connected socket, and calls `done` later, once:
 * error is NULL, or says what is wrong, borrowed for the call.  Until then the watch is
 * ours, its callback and ctx too; from then on it is the owner's again, who may close us
 * in `done`.  NULL: out of memory. */
mf_tls *mf_tls_open(const mf_alloc *alloc, mf_loop *loop, mf_tls_trust *trust, mf_str host,
                    mf_watch *watch, void (*done)(void *ctx, const char *error), void *ctx);
/* Before the socket is closed.  NULL: nothing. */
void mf_tls_close(mf_tls *tls);

enum { MF_TLS_LATER = -1, MF_TLS_BROKEN = -2 };

/* How many bytes were taken, or why not. */
ptrdiff_t mf_tls_send(mf_tls *tls, const char *p, size_t n);
/* How many bytes came (0: the other side has closed), or why not.  What epoll cannot see
 * because it was decrypted already is announced by a call of watch->ready. */
ptrdiff_t mf_tls_recv(mf_tls *tls, char *p, size_t n);
#endif
