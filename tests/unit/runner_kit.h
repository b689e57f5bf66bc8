/* runner_kit - small images, and runs of them with everything captured. */
#ifndef MF_TESTS_RUNNER_KIT_H
#define MF_TESTS_RUNNER_KIT_H
#include "../../image/builder.h"
#include "../../runner/runner.h"
#include "../../base/alloc.h"
#include "../../vm/value.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Images ---- */

typedef struct kit {
  mf_arena arena;
  mf_builder *b;
  mf_buf image;
  uint32_t final; /* label of the run's end */
} kit;

#define KIT_EMIT(k, op, a, operand_b) mf_builder_emit((k)->b, MF_OP_##op, (a), (operand_b), 0)

static inline uint32_t kit_string(kit *k, const char *s) {
  return mf_builder_string(k->b, mf_str_of(s));
}

static inline void kit_push(kit *k, mf_value v) {
  KIT_EMIT(k, CONST, mf_builder_constant(k->b, &v), 0);
}

static inline void kit_push_text(kit *k, const char *s) { kit_push(k, mf_string(mf_str_of(s))); }

static inline uint32_t kit_row(kit *k, mf_table table, const uint32_t *fields) {
  return mf_builder_row(k->b, table, fields);
}

static inline uint32_t kit_slot(kit *k, const char *name, uint32_t slot_kind, uint32_t arg) {
  return kit_row(k, MF_TABLE_SLOT, (uint32_t[]){kit_string(k, name), slot_kind, arg});
}

/* A run begins; its entries follow. */
static inline void kit_open(kit *k) {
  mf_arena_init(&k->arena, NULL, 0);
  mf_buf_init(&k->image, NULL, 0);
  k->b = mf_builder_new(&k->arena);
  mf_builder_chunk_begin(k->b, MF_STR("main"), MF_CHUNK_KIND_MAIN);
  k->final = mf_builder_label(k->b);
  KIT_EMIT(k, RUN_ENTER, k->final, 0);
}

/* The entries are over; what is carried out in any case follows. */
static inline void kit_final(kit *k) {
  KIT_EMIT(k, GATE, 0, 0);
  mf_builder_place(k->b, k->final);
  KIT_EMIT(k, RUN_FINAL, 0, 0);
}

static inline void kit_report_from(kit *k, const char *path, const char *template) {
  uint32_t next = mf_builder_label(k->b);
  uint32_t row = kit_row(k, MF_TABLE_REPORT,
                         (uint32_t[]){kit_string(k, ""), kit_string(k, template)});
  KIT_EMIT(k, HANDLER, next, 0);
  kit_push_text(k, path);
  KIT_EMIT(k, REPORT, row, 0);
  mf_builder_place(k->b, next);
}
static inline void kit_report(kit *k, const char *path) { kit_report_from(k, path, ""); }

static inline void kit_metadata(kit *k, const char *json) {
  mf_builder_metadata(k->b, mf_str_of(json));
}

static inline void kit_close(kit *k) {
  char detail[256] = "";
  KIT_EMIT(k, RUN_LEAVE, 0, 0);
  KIT_EMIT(k, END, 0, 0);
  mf_builder_chunk_end(k->b);
  mf_builder_source(k->b, MF_STR("test.yaml"), 0, (mf_hash128){0, 0});
  mf_status status = mf_builder_finish(k->b, &k->image, detail, sizeof detail);
  ck_assert_msg(status == MF_OK, "%s: %s", mf_status_text(status), detail);
}

static inline void kit_free(kit *k) {
  mf_buf_fini(&k->image);
  mf_arena_fini(&k->arena);
}

/* A step without anything in it; kit_step_end closes it. */
static inline uint32_t kit_step(kit *k, const char *name, uint32_t scenario, uint32_t *handler) {
  char path[32];
  uint32_t n = mf_builder_row_count(k->b, MF_TABLE_STEP);
  snprintf(path, sizeof path, "steps[%u]", n);
  uint32_t row = kit_row(k, MF_TABLE_STEP,
                         (uint32_t[]){kit_string(k, name), kit_string(k, path), scenario, 0});
  *handler = mf_builder_label(k->b);
  KIT_EMIT(k, STEP_ENTER, row, *handler);
  kit_push_text(k, name);
  KIT_EMIT(k, STEP_BEGIN, row, 0);
  return row;
}

static inline void kit_step_end(kit *k, uint32_t row, uint32_t handler) {
  mf_builder_place(k->b, handler);
  KIT_EMIT(k, STEP_OUTCOME, row, 0);
  KIT_EMIT(k, STEP_LEAVE, row, 0);
}

/* The smallest run: its entries are one step that does nothing. */
static inline void kit_noop(kit *k) {
  uint32_t handler;
  kit_open(k);
  uint32_t row = kit_step(k, "nothing", MF_ABSENT, &handler);
  kit_step_end(k, row, handler);
  kit_final(k);
  KIT_EMIT(k, VERDICT, 0, 0);
  kit_close(k);
}

/* ---- Runs ---- */

typedef struct capture {
  char text[65536];
  size_t n;
  const char *trigger; /* calls `act` once when this was written */
  void (*act)(void);
} capture;

static inline void capture_write(void *ctx, const char *p, size_t n) {
  capture *c = ctx;
  if (n > sizeof c->text - 1 - c->n) n = sizeof c->text - 1 - c->n;
  memcpy(c->text + c->n, p, n);
  c->n += n;
  c->text[c->n] = '\0';
  if (c->trigger && strstr(c->text, c->trigger)) {
    c->trigger = NULL;
    c->act();
  }
}

typedef struct ran {
  mf_run_options options;
  capture out, err;
  char folder[64], journal[96]; /* of this run; removed by ran_free */
} ran;

static inline void ran_init(ran *r) {
  memset(r, 0, sizeof *r);
  snprintf(r->folder, sizeof r->folder, "/tmp/mfvm-unit-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(r->folder));
  snprintf(r->journal, sizeof r->journal, "%s/run.jsonl", r->folder);
  r->options = (mf_run_options){.time_scale = 1,
                                .seed = 7,
                                .journal = r->journal,
                                .sync = "none",
                                .progress = MF_PROGRESS_PLAIN,
                                .out = {capture_write, &r->out},
                                .err = {capture_write, &r->err}};
}

static inline int ran_go(ran *r, const kit *k) {
  r->options.image = (const uint8_t *)k->image.p;
  r->options.image_size = k->image.n;
  return mf_run(&r->options);
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
  (void)st, (void)flag, (void)ftw;
  return remove(path);
}

static inline void remove_folder(const char *path) {
  nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void ran_free(ran *r) { remove_folder(r->folder); }

/* Lines of a journal that have `word` in them; the chain must hold. */
static inline int journal_count(const char *path, const char *word) {
  mf_journal_reader *reader;
  char error[256], text[4096];
  mf_str line;
  int n = 0;
  ck_assert_int_eq(mf_journal_open(NULL, path, &reader, error, sizeof error), MF_OK);
  for (;;) {
    ck_assert_int_eq(mf_journal_read(reader, &line), MF_OK);
    if (line.n == 0) break;
    snprintf(text, sizeof text, "%.*s", (int)line.n, line.p);
    n += strstr(text, word) != NULL;
  }
  mf_journal_close(reader);
  return n;
}

#define ck_has(text, part) \
  ck_assert_msg(strstr((text), (part)) != NULL, "'%s' is not in: %s", (part), (text))
#define ck_lacks(text, part) \
  ck_assert_msg(strstr((text), (part)) == NULL, "'%s' is in: %s", (part), (text))
#endif
