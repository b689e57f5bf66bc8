/* SPDX-License-Identifier: MIT */
/* Fuzzes the API of `mfvm proxy`: lines METHOD PATH BODY, behind a byte whose lowest bit
 * asks for Toxiproxy to the letter.
 *
 * Beside memory errors it checks laws: an answer has one of the API's codes, what it
 * calls JSON is JSON, and a /populate that is refused has changed nothing.  There are no
 * descriptors for sockets, so that nothing listens, and every attempt is refused. */
#include "../base/json.h"
#include "../runner/proxy_api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static void handle(mf_proxy_api *api, const mf_proxy_request *request, mf_proxy_answer *answer) {
  struct rlimit was, none;
  check(getrlimit(RLIMIT_NOFILE, &was) == 0);
  none = (struct rlimit){0, was.rlim_max};
  check(setrlimit(RLIMIT_NOFILE, &none) == 0);
  mf_proxy_api_handle(api, request, answer);
  check(setrlimit(RLIMIT_NOFILE, &was) == 0);
}

static bool is_json(const mf_alloc *alloc, mf_str text) {
  mf_arena arena;
  const char *error;
  uint32_t offset;
  mf_arena_init(&arena, alloc, 0);
  const bool good = mf_json_parse(&arena, text, &error, &offset) != NULL;
  mf_arena_fini(&arena);
  return good;
}

static void check_answer(const mf_proxy_api *api, const mf_proxy_answer *answer) {
  static const int codes[] = {200, 201, 204, 400, 404, 405, 409, 500};
  size_t i = 0;
  while (i < sizeof codes / sizeof *codes && codes[i] != answer->status) i++;
  check(i < sizeof codes / sizeof *codes);
  if (answer->type && strstr(answer->type, "json"))
    check(is_json(&api->alloc, mf_buf_str(&answer->body)));
  if (!answer->type) check(answer->body.n == 0);
}

/* All proxies, as they are shown. */
static void show(mf_proxy_api *api, mf_proxy_answer *answer) {
  const mf_proxy_request request = {.method = MF_STR("GET"), .path = MF_STR("/proxies")};
  handle(api, &request, answer);
  check_answer(api, answer);
}

static mf_str word(mf_str *line) {
  const char *end = line->n ? memchr(line->p, ' ', line->n) : NULL;
  const mf_str out = {line->p, end ? (size_t)(end - line->p) : line->n};
  const size_t skip = out.n + (end ? 1 : 0);
  *line = (mf_str){line->p + skip, line->n - skip};
  return out;
}

static void ask(mf_proxy_api *api, mf_str line) {
  mf_proxy_answer before, answer, after;
  mf_proxy_answer_init(&before, &api->alloc);
  mf_proxy_answer_init(&answer, &api->alloc);
  mf_proxy_answer_init(&after, &api->alloc);
  mf_proxy_request request = {.method = word(&line)};
  request.path = word(&line);
  request.body = line;
  show(api, &before);
  handle(api, &request, &answer);
  check_answer(api, &answer);
  show(api, &after);
  if (!api->compat && mf_str_is(request.path, "/populate") && answer.status != 201)
    check(mf_str_eq(mf_buf_str(&before.body), mf_buf_str(&after.body)));
  mf_proxy_answer_fini(&before);
  mf_proxy_answer_fini(&answer);
  mf_proxy_answer_fini(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mf_proxy_api api = {.alloc = mf_alloc_default(), .compat = size && (data[0] & 1)};
  mf_str text = {(const char *)data + (size > 0), size - (size > 0)};
  if (mf_loop_new(&api.alloc, &api.loop) != MF_OK) return 0;
  const mf_tcp_options options = {.alloc = api.alloc, .loop = api.loop, .lenient = api.compat};
  check(mf_tcp_proxies_new(&options, &api.proxies) == MF_OK);
  while (text.n) {
    const char *end = memchr(text.p, '\n', text.n);
    const size_t n = end ? (size_t)(end - text.p) : text.n;
    ask(&api, (mf_str){text.p, n});
    text = (mf_str){text.p + n + (end != NULL), text.n - n - (end != NULL)};
  }
  mf_tcp_proxies_free(api.proxies);
  mf_loop_free(api.loop);
  return 0;
}
