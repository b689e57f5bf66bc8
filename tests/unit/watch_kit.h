/* watch_kit - watches of one load (and of the run) in virtual time.
 *
 * A script says what happens, words with spaces between:
 *   1.5@20         a sample at 1.5 s that took 20 ms, status 200
 *   1.5@20/503     another status
 *   1.5@20!refused no response
 *   1.5@20#1       a sample of request 1 of the load, not 0
 *   10*1+0.5@20    ten samples, from 1 s on, every 0.5 s
 *   2~300,1200     a tick at 2 s: requests of these ages (ms) have no answer yet
 *   2^3            at 2 s: three requests were never sent
 *   2:7.5          at 2 s an action records 7.5
 *   2?0/503        at 2 s the probe of watch 0 (of the run) is answered
 *   2?0/200={}     with this body
 *   2?0!refused    it got no answer
 *   2?0~why        it could not be sent
 * What comes of it is written down: "trip 0 at 3 {values}", and for each result
 * "ok", "broken" or "none", its value and its text. */
#ifndef MF_TESTS_WATCH_KIT_H
#define MF_TESTS_WATCH_KIT_H
#include "../../stdlib/watches.h"
#include "../../vm/machine.h"
#include "image_kit.h"

#include <math.h>

typedef struct watch_kit {
  kit image;
  mf_vm *vm;
  mf_armed armed, run_armed;
  mf_watches *load, *run;
  mf_arena arena;
  mf_buf log;
  uint32_t own_metric; /* row that "2:7.5" is about */
  uint32_t failed;     /* samples, as `expect` has it */
} watch_kit;

static const char watch_rows[] =
    ".scenario 0 name=\"load\" driver=\"http_load\"\n"
    ".scenario 1 name=\"other\" driver=\"http_load\"\n"
    ".step 0 name=\"Buy it\" path=\"steps[0]\" scenario=0\n"
    ".request 0 scenario=0 name=\"home\" message=1\n"
    ".request 1 scenario=0 name=\"cart\" message=1\n"
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\nend:\nRUN_LEAVE\nEND\n"
    ".chunk 1 name=\"message\" kind=pure\nCONST 0\nRETURN\n"
    ".const 0 map\n";

static inline void watch_put(mf_buf *out, const char *word) {
  if (out->n) mf_buf_puts(out, "; ");
  mf_buf_puts(out, word);
}

static inline void watch_tripped(void *ctx, uint32_t watch, const mf_value *values) {
  watch_kit *k = ctx;
  mf_json_writer w;
  watch_put(&k->log, "trip");
  mf_buf_printf(&k->log, " %u at %d ", watch, (int)mf_map_number(values, "sample", -1));
  mf_json_write_init(&w, &k->log, 0);
  const mf_value *read = mf_map_get(values, MF_STR("values"));
  ck_assert(read != NULL);
  mf_value_write_plain(&w, read);
}

/* `rows` come after watch_rows: constants from 1 on, chunks from 2 on. */
static inline void watch_kit_init(watch_kit *k, const char *rows, double time_scale) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf text;
  *k = (watch_kit){.failed = 0};
  mf_buf_init(&text, &alloc, 0);
  mf_buf_puts(&text, watch_rows);
  mf_buf_puts(&text, rows);
  kit_make(&k->image, (mf_str){text.p, text.n});
  ck_assert_msg(k->image.opened == MF_OK, "%s: %s", mf_status_name(k->image.opened),
                k->image.detail);
  mf_buf_fini(&text);
  mf_vm_options options = {.run_id = "run"};
  ck_assert_int_eq(mf_vm_new(k->image.open, &options, &k->vm), MF_OK);
  mf_arena_init(&k->arena, &alloc, 0);
  mf_buf_init(&k->log, &alloc, 0);
  mf_load_script script = {
      .image = k->image.open, .vm = k->vm, .scenario = MF_ABSENT, .time_scale = time_scale};
  if (mf_watches_of_run(k->image.open)) {
    ck_assert_int_eq(mf_armed_init(&k->run_armed, &alloc, &script, NULL, 1), MF_OK);
    ck_assert_int_eq(
        mf_watches_new(&alloc, &k->run_armed, &script, NULL, watch_tripped, k, &k->run), MF_OK);
    mf_watches_begin(k->run, 0);
  }
  mf_map *tags = MF_NEW(&k->arena, mf_map);
  mf_pair *pair = MF_NEW(&k->arena, mf_pair);
  *pair = (mf_pair){mf_string(MF_STR("team")), mf_string(MF_STR("blue"))};
  *tags = (mf_map){.count = 1, .pairs = pair};
  mf_value *given = MF_NEW(&k->arena, mf_value);
  *given = (mf_value){.kind = MF_MAP, .len = 1, .as.map = tags};
  script.scenario = 0;
  script.path = MF_STR("steps[0]@2");
  script.tags = given;
  ck_assert_int_eq(mf_armed_init(&k->armed, &alloc, &script, NULL, 1), MF_OK);
  ck_assert_int_eq(mf_watches_new(&alloc, &k->armed, &script, k->run, watch_tripped, k, &k->load),
                   MF_OK);
  mf_watches_begin(k->load, 0);
}

static inline void watch_kit_fini(watch_kit *k) {
  mf_watches_free(k->load);
  mf_armed_fini(&k->armed);
  mf_watches_free(k->run);
  if (k->run) mf_armed_fini(&k->run_armed);
  mf_vm_free(k->vm);
  mf_buf_fini(&k->log);
  mf_arena_fini(&k->arena);
  kit_free(&k->image);
}

static inline int64_t watch_ns(double seconds) { return llround(seconds * 1e9); }

static inline void watch_sample(watch_kit *k, double at, double ms, int status, mf_http_error error,
                                uint32_t request, const char *body) {
  mf_http_result result = {.error = error, .status = status, .bytes_in = 100, .bytes_out = 40};
  mf_sample s = {.now_ns = watch_ns(at),
                 .latency_ns = llround(ms * 1e6),
                 .request = request,
                 .method = request ? MF_STR("POST") : MF_STR("GET"),
                 .result = &result};
  if (error == MF_HTTP_NONE) {
    result.head = MF_STR("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    result.body = mf_str_of(body);
  }
  ck_assert_int_eq(
      mf_armed_response(&k->armed, mf_watches_reads(k->load, request), &result, s.latency_ns),
      MF_OK);
  ck_assert_int_eq(mf_watches_sample(k->load, &s), MF_OK);
  k->failed += s.failed;
}

static inline mf_http_error watch_error(mf_str name) {
  for (int i = 1; i < MF_HTTP_ERROR_COUNT; i++)
    if (mf_str_is(name, mf_http_error_name((mf_http_error)i))) return (mf_http_error)i;
  ck_abort_msg("no error '%.*s'", (int)name.n, name.p);
}

static inline void watch_play_samples(watch_kit *k, const char *p, double first) {
  double at = first, step = 0;
  long n = 1, status = 200, request = 0;
  mf_http_error error = MF_HTTP_NONE;
  char *end;
  if (*p == '*') {
    n = (long)first;
    at = strtod(p + 1, &end);
    ck_assert(*end == '+');
    step = strtod(end + 1, &end);
    p = end;
  }
  ck_assert_msg(*p == '@', "%s", p);
  const double ms = strtod(p + 1, &end);
  for (p = end; *p && *p != ' ';) {
    const char mark = *p++;
    if (mark == '!') {
      size_t length = strcspn(p, " #");
      error = watch_error((mf_str){p, length});
      p += length;
      status = 0;
      continue;
    }
    ck_assert(mark == '/' || mark == '#');
    *(mark == '/' ? &status : &request) = strtol(p, &end, 10);
    p = end;
  }
  for (long i = 0; i < n; i++)
    watch_sample(k, at + (double)i * step, ms, (int)status, error, (uint32_t)request, "{}");
}

static inline void watch_play_tick(watch_kit *k, const char *p, double at) {
  int64_t ages[16];
  size_t n = 0;
  while (*p && *p != ' ') {
    char *end;
    ages[n++] = llround(strtod(p, &end) * 1e6);
    p = end + (*end == ',');
  }
  ck_assert_int_eq(mf_watches_tick(k->load, watch_ns(at), ages, n), MF_OK);
}

static inline void watch_play_answer(watch_kit *k, const char *p, double at) {
  mf_http_result result = {
      .head = MF_STR("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")};
  char *end, body[64];
  const uint32_t watch = (uint32_t)strtol(p, &end, 10);
  const mf_str word = {end + 1, strcspn(end + 1, " ")};
  if (*end == '~') {
    mf_watches_unasked(k->run, watch, word);
    return;
  }
  if (*end == '!')
    result.error = watch_error(word);
  else
    result.status = (int)strtol(end + 1, &end, 10);
  snprintf(body, sizeof body, "%.*s", *end == '=' ? (int)strcspn(end + 1, " ") : 0, end + 1);
  result.body = mf_str_of(body);
  ck_assert_int_eq(mf_watches_answer(k->run, watch, watch_ns(at), &result, 7000000), MF_OK);
  memset(body, '?', sizeof body); /* it was lent */
}

static inline void watch_play(watch_kit *k, const char *script) {
  for (const char *p = script; *p; p += *p == ' ') {
    char *end;
    const double first = strtod(p, &end);
    if (*end == '~')
      watch_play_tick(k, end + 1, first);
    else if (*end == '?')
      watch_play_answer(k, end + 1, first);
    else if (*end == '^')
      mf_watches_drop(k->load, watch_ns(first), (uint64_t)strtol(end + 1, NULL, 10));
    else if (*end == ':')
      ck_assert_int_eq(
          mf_watches_record(k->run, watch_ns(first), k->own_metric, strtod(end + 1, NULL), NULL),
          MF_OK);
    else
      watch_play_samples(k, end, first);
    p += strcspn(p, " ");
  }
}

static inline void watch_put_result(mf_buf *log, const mf_value *result) {
  const mf_value *ok = mf_map_get(result, MF_STR("ok"));
  const mf_value *value = mf_map_get(result, MF_STR("value"));
  const mf_str text = mf_map_str(result, "text", "");
  watch_put(log, ok->kind == MF_NULL ? "none" : ok->as.i ? "ok" : "broken");
  if (value) mf_buf_printf(log, " %.6g", mf_map_number(result, "value", NAN));
  if (text.n) mf_buf_printf(log, ": %.*s", (int)text.n, text.p);
}

/* Writes down the results of `w` at that time; gives back everything written. */
static inline const char *watch_results(watch_kit *k, mf_watches *w, double at) {
  const mf_value list = mf_watches_results(w, watch_ns(at), &k->arena);
  ck_assert_int_eq(list.kind, MF_LIST);
  for (uint32_t i = 0; i < list.len; i++) watch_put_result(&k->log, &list.as.list[i]);
  mf_buf_putc(&k->log, 0);
  ck_assert(!k->log.failed);
  return k->log.p;
}
#endif
