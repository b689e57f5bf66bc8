/* driver_bench - a driver on a workbench: started with arguments in JSON, its
 * outcome kept as JSON. */
#ifndef MF_TESTS_DRIVER_BENCH_H
#define MF_TESTS_DRIVER_BENCH_H
#include "../../stdlib/drivers.h"
#include "../../stdlib/load_stats.h"
#include "loopback.h"

#include <check.h>
#include <stdlib.h>

typedef struct driver_bench {
  mf_driver_env env;
  mf_load_budget budget;
  mf_counting_alloc counting; /* what the driver takes and gives back */
  mf_arena arena;
  const mf_driver *driver;
  mf_op *op;
  bool done;
  mf_value outcome; /* a copy, in the arena */
} driver_bench;

static inline void bench_done(void *ctx, const mf_value *outcome) {
  driver_bench *b = ctx;
  ck_assert_msg(!b->done, "answered twice");
  b->done = true;
  b->outcome = mf_value_copy(&b->arena, outcome);
}

static inline void bench_init(driver_bench *b) {
  mf_alloc plain = mf_alloc_default();
  memset(b, 0, sizeof *b);
  b->counting.inner = plain;
  b->env.alloc = mf_counting_alloc_as_alloc(&b->counting);
  b->env.time_scale = 1;
  b->budget = (mf_load_budget){.max_rate = 1000, .max_connections = 200};
  b->env.budget = &b->budget;
  ck_assert_int_eq(mf_loop_new(&plain, &b->env.loop), MF_OK);
  mf_arena_init(&b->arena, &plain, 0);
}

static inline void bench_fini(driver_bench *b) {
  ck_assert_uint_eq(b->counting.in_use, 0);
  mf_loop_free(b->env.loop);
  mf_arena_fini(&b->arena);
}

/* Starts; `args` is JSON. */
static inline void bench_start(driver_bench *b, const char *driver, const char *args) {
  const char *error = NULL;
  uint32_t offset;
  const mf_json *json = mf_json_parse(&b->arena, mf_str_of(args), &error, &offset);
  ck_assert_msg(json != NULL, "%s at %u", error, (unsigned)offset);
  mf_value *map = MF_NEW(&b->arena, mf_value);
  *map = mf_value_from_json(&b->arena, json);
  b->driver = mf_driver_find(mf_str_of(driver));
  ck_assert_ptr_nonnull(b->driver);
  b->done = false;
  b->op = b->driver->start(&b->env, map, bench_done, b);
  ck_assert_msg((b->op == NULL) == b->done, "NULL means that it was answered");
}

/* Starts and runs to the answer. */
static inline void bench_run(driver_bench *b, const char *driver, const char *args) {
  bench_start(b, driver, args);
  ck_assert(loopback_run(b->env.loop, &b->done));
}

static inline const mf_value *bench_get(const driver_bench *b, const char *key) {
  return mf_map_get(&b->outcome, mf_str_of(key));
}

static inline bool bench_ok(const driver_bench *b) { return mf_map_bool(&b->outcome, "ok", false); }

/* The text under a key, NUL-terminated; "" if there is none. */
static inline const char *bench_text(driver_bench *b, const char *key) {
  const mf_value *v = bench_get(b, key);
  if (!v || v->kind != MF_STRING) return "";
  return mf_arena_copy(&b->arena, v->as.s, v->len);
}

/* A metric of a load as a number, -1 if it is not there. */
static inline double bench_metric(const driver_bench *b, const char *group, const char *name) {
  return mf_map_number(bench_get(b, group), name, -1);
}
#endif
