/* microhttpd - the functions of libmicrohttpd that we use, loaded on first use.
 *
 * Linked the usual way it would cost every start of mfvm its libraries' set-up
 * (GnuTLS among them).  The table below is the project's one piece of global
 * state: written once, under pthread_once, and never changed or freed. */
#ifndef MF_STDLIB_MICROHTTPD_H
#define MF_STDLIB_MICROHTTPD_H
#include <microhttpd.h>
#include <stdbool.h>
#include <sys/socket.h>

typedef struct mf_microhttpd {
  struct MHD_Daemon *(*start_daemon)(unsigned int flags, uint16_t port,
                                     MHD_AcceptPolicyCallback policy, void *policy_ctx,
                                     MHD_AccessHandlerCallback handler, void *handler_ctx, ...);
  void (*stop_daemon)(struct MHD_Daemon *daemon);
  const union MHD_DaemonInfo *(*get_daemon_info)(struct MHD_Daemon *daemon,
                                                 enum MHD_DaemonInfoType type, ...);
  struct MHD_Response *(*create_response)(size_t size, void *bytes,
                                          enum MHD_ResponseMemoryMode mode);
  enum MHD_Result (*add_header)(struct MHD_Response *response, const char *name, const char *value);
  enum MHD_Result (*queue_response)(struct MHD_Connection *connection, unsigned int status,
                                    struct MHD_Response *response);
  void (*destroy_response)(struct MHD_Response *response);
  const char *(*lookup_value)(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                              const char *key);
  void (*suspend)(struct MHD_Connection *connection);
  void (*resume)(struct MHD_Connection *connection);
  /* For a daemon without a thread of its own. */
  enum MHD_Result (*run)(struct MHD_Daemon *daemon);
  enum MHD_Result (*get_timeout)(struct MHD_Daemon *daemon, MHD_UNSIGNED_LONG_LONG *ms);
} mf_microhttpd;

/* NULL when the library is not installed or lacks a function. */
const mf_microhttpd *mf_microhttpd_load(void);

/* The address to listen on: a literal one or "localhost"; NULL: 127.0.0.1.  IPv6 ones
 * need MHD_USE_IPv6. */
bool mf_microhttpd_address(const char *text, uint16_t port, struct sockaddr_storage *out);
#endif
