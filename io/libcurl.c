/* SPDX-License-Identifier: MIT */
#include "libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct {
  pthread_once_t once;
  bool loaded;
  mf_libcurl table;
} library = {.once = PTHREAD_ONCE_INIT};

/* ISO C has no conversion from data to function pointers; POSIX promises that
 * their bytes are the same. */
static bool find(void *handle, const char *name, void *function, size_t size) {
  void *symbol = dlsym(handle, name);
  memcpy(function, &symbol, size);
  return symbol != NULL;
}
#define FIND(name) find(handle, "curl_" #name, &t->name, sizeof t->name)

/* dlsym also looks in the libraries that libcurl needs. */
#define FIND_SSL(name, symbol) find(handle, symbol, &t->name, sizeof t->name)
static void find_openssl(void *handle, mf_libcurl *t) {
  if (FIND_SSL(store_new, "X509_STORE_new") && FIND_SSL(store_free, "X509_STORE_free") &&
      FIND_SSL(store_load, "X509_STORE_load_locations") &&
      FIND_SSL(store_set_flags, "X509_STORE_set_flags") &&
      FIND_SSL(context_set_store, "SSL_CTX_set1_cert_store"))
    return;
  t->store_new = NULL;
}

static void load(void) {
  mf_libcurl *t = &library.table;
  void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  library.loaded = FIND(global_init) && FIND(easy_init) && FIND(easy_cleanup) &&
                   FIND(easy_setopt) && FIND(easy_getinfo) && FIND(easy_send) && FIND(easy_recv) &&
                   FIND(multi_init) && FIND(multi_cleanup) && FIND(multi_setopt) &&
                   FIND(multi_add_handle) && FIND(multi_remove_handle) &&
                   FIND(multi_socket_action) && FIND(multi_info_read) && FIND(slist_append) &&
                   FIND(slist_free_all) && t->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  find_openssl(handle, t);
}

const mf_libcurl *mf_libcurl_load(void) {
  pthread_once(&library.once, load);
  return library.loaded ? &library.table : NULL;
}
