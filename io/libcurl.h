/* libcurl - the functions of libcurl that we use, loaded on first use.
 *
 * Linked the usual way it would cost every start of mfvm some milliseconds and
 * megabytes for its libraries.  The table is written once, under pthread_once, and
 * never changed or freed. */
#ifndef MF_IO_LIBCURL_H
#define MF_IO_LIBCURL_H
#include <curl/curl.h>

typedef struct mf_libcurl {
  CURLcode (*global_init)(long flags);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *easy);
  CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
  CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
  CURLcode (*easy_send)(CURL *easy, const void *bytes, size_t size, size_t *sent);
  CURLcode (*easy_recv)(CURL *easy, void *bytes, size_t size, size_t *received);
  CURLM *(*multi_init)(void);
  CURLMcode (*multi_cleanup)(CURLM *multi);
  CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
  CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
  CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
  CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int events, int *running);
  CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
  struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
  void (*slist_free_all)(struct curl_slist *list);
  /* Of the OpenSSL below it; store_new NULL if it was built on something else.  Stores of
   * certificates and contexts are OpenSSL's own, counted types. */
  void *(*store_new)(void);
  void (*store_free)(void *store);
  int (*store_load)(void *store, const char *file, const char *folder); /* 1: done */
  int (*store_set_flags)(void *store, unsigned long flags);
  void (*context_set_store)(void *context, void *store); /* which both own then */
} mf_libcurl;

/* NULL when the library is not installed or lacks a function. */
const mf_libcurl *mf_libcurl_load(void);
#endif
