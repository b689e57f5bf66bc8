/* SPDX-License-Identifier: MIT */
#include "microhttpd.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

static struct {
  pthread_once_t once;
  bool loaded;
  mf_microhttpd table;
} library = {.once = PTHREAD_ONCE_INIT};

/* ISO C has no conversion from data to function pointers; POSIX promises that
 * their bytes are the same. */
static bool find(void *handle, const char *name, void *function, size_t size) {
  void *symbol = dlsym(handle, name);
  memcpy(function, &symbol, size);
  return symbol != NULL;
}
#define FIND(field, name) find(handle, name, &t->field, sizeof t->field)

static void load(void) {
  mf_microhttpd *t = &library.table;
  void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  library.loaded = FIND(start_daemon, "MHD_start_daemon") && FIND(stop_daemon, "MHD_stop_daemon") &&
                   FIND(get_daemon_info, "MHD_get_daemon_info") &&
                   FIND(create_response, "MHD_create_response_from_buffer") &&
                   FIND(add_header, "MHD_add_response_header") &&
                   FIND(queue_response, "MHD_queue_response") &&
                   FIND(destroy_response, "MHD_destroy_response") &&
                   FIND(lookup_value, "MHD_lookup_connection_value") &&
                   FIND(suspend, "MHD_suspend_connection") &&
                   FIND(resume, "MHD_resume_connection") && FIND(run, "MHD_run") &&
                   FIND(get_timeout, "MHD_get_timeout");
}

const mf_microhttpd *mf_microhttpd_load(void) {
  pthread_once(&library.once, load);
  return library.loaded ? &library.table : NULL;
}

bool mf_microhttpd_address(const char *text, uint16_t port, struct sockaddr_storage *out) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (!text || strcmp(text, "localhost") == 0) text = "127.0.0.1";
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
    memcpy(out, &v4, sizeof v4);
  else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
    memcpy(out, &v6, sizeof v6);
  else
    return false;
  return true;
}
