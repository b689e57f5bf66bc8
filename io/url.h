/* url - the parts of an http or https URL, as slices of the text that was given.
 *
 * "http://user:pass@[::1]:8080/path?query#fragment", or "http+unix://%2Frun%2Fx.sock/path",
 * whose host is the path of a Unix socket.  Nothing is decoded or
 * copied; the fragment is dropped.  Text that could smuggle a second header
 * line into a request (blanks, control characters) is refused here. */
#ifndef MF_IO_URL_H
#define MF_IO_URL_H
#include "../base/text.h"

typedef struct mf_url {
  mf_str userinfo;  /* "user:pass", n 0 if none */
  mf_str host;      /* without the brackets of an IPv6 address */
  mf_str authority; /* host and port as written: the Host header */
  uint16_t port;    /* 80 or 443 if none is given */
  bool secure;      /* https */
  bool is_socket;   /* http+unix: there is no port, and `host` is percent-encoded */
  mf_str path;      /* with the query; n 0 if none is given: send "/" */
} mf_url;

/* Takes `text` apart.  NULL when it is good, else a static sentence that says
 * what is wrong (it never repeats the text, which may hold a password). */
const char *mf_url_parse(mf_str text, mf_url *out);
const char *mf_url_scheme(const mf_url *url); /* "http"; static */

/* Room for the path of any Unix socket, with its NUL: sockaddr_un has no more. */
#define MF_SOCKET_PATH 108
/* The path of a URL's Unix socket. */
void mf_url_socket_path(const mf_url *url, char out[MF_SOCKET_PATH]);
#endif
