/* proxy_server - mf_proxy_api on sockets, by libmicrohttpd on our loop: a request is
 * answered between two turns of the proxies, so nothing needs a lock, and no proxied
 * connection can hold an answer up. */
#ifndef MF_RUNNER_PROXY_SERVER_H
#define MF_RUNNER_PROXY_SERVER_H
#include "proxy_api.h"

typedef struct mf_proxy_server mf_proxy_server;
/* `host`: what mf_microhttpd_address takes; localhost is 127.0.0.1 and, unless `api` is
 * compatible to the letter, [::1] where there is one.  UNSUPPORTED, IO_ERROR,
 * OUT_OF_MEMORY: `error` says why. */
mf_status mf_proxy_server_start(mf_proxy_api *api, const char *host, uint16_t port,
                                mf_proxy_server **out, char *error, size_t error_size);
void mf_proxy_server_stop(mf_proxy_server *server); /* NULL is allowed */
uint16_t mf_proxy_server_port(const mf_proxy_server *server);
#endif
