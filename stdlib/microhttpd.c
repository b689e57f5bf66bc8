/* SPDX-License-Identifier: MIT */
#include "microhttpd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
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
                   FIND(suspend, "MHD_suspend_connection") && FIND(resume, "MHD_resume_connection");
}

const mf_microhttpd *mf_microhttpd_load(void) {
  pthread_once(&library.once, load);
  return library.loaded ? &library.table : NULL;
}
