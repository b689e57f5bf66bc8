/* SPDX-License-Identifier: MIT */
/* curl_multi URL CONNECTIONS SECONDS: a closed load with libcurl's multi interface, each
 * transfer begun again when it ends.  Prints how many ended with status 200. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t drop(char *bytes, size_t size, size_t n, void *ctx) {
  (void)bytes, (void)ctx;
  return size * n;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const int connections = (int)strtol(argv[2], NULL, 10);
  const double end = now() + strtod(argv[3], NULL);
  unsigned long done = 0;
  int running = 0, left;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
  for (int i = 0; i < connections; i++) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_multi_add_handle(multi, easy);
  }
  while (now() < end) {
    curl_multi_perform(multi, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left)) != NULL;) {
      long status = 0;
      CURL *easy = m->easy_handle;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      done += status == 200;
      curl_multi_remove_handle(multi, easy);
      curl_multi_add_handle(multi, easy);
    }
    curl_multi_poll(multi, NULL, 0, 10, NULL);
  }
  printf("%lu\n", done);
  return done == 0;
}
