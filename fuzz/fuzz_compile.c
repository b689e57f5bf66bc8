/* SPDX-License-Identifier: MIT */
/* fuzz_compile - any document through every stage: what compiles must verify, list
 * and run to its end on a host that answers everything at once. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../include/mfvm_tools.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(void *ctx, const char *p, size_t n) {
  size_t *total = ctx;
  (void)p;
  *total += n;
}

enum { IN_FLIGHT = 64 };
typedef struct sky {
  uint32_t ids[IN_FLIGHT], count;
} sky;

static void answer(mf_vm *vm, sky *s, uint32_t at, uint8_t choice, int64_t now) {
  mf_pair pairs[2] = {
      {{.kind = MF_STRING, .len = 2, .as.s = "ok"}, {.kind = MF_BOOL, .as.i = choice & 1}},
      {{.kind = MF_STRING, .len = 5, .as.s = "error"},
       {.kind = MF_STRING, .len = 4, .as.s = "fuzz"}}};
  mf_map map = {.count = 2, .pairs = pairs};
  mf_value value = {.kind = MF_MAP, .len = 2, .as.map = &map};
  mf_outcome outcome = {&value, now, now};
  uint32_t id = s->ids[at];
  s->ids[at] = s->ids[--s->count];
  assert(mf_vm_deliver(vm, id, &outcome) != MF_NO_SUCH_EFFECT);
}

static uint32_t place_of(const sky *s, uint32_t id) {
  uint32_t at = 0;
  while (at < s->count && s->ids[at] != id) at++;
  assert(at < s->count);
  return at;
}

/* Answers with ok or not, sooner or later, as the input's bytes say; at most 2,000
 * times something is asked. */
static void run(const mf_image *image, const uint8_t *data, size_t size) {
  const mf_vm_options options = {
      .fuel = 200000, .max_memory = 16u << 20, .seed = 1, .run_id = "fuzz"};
  mf_vm *vm = NULL;
  mf_effect effect;
  sky s = {.count = 0};
  if (mf_vm_new(image, &options, &vm) != MF_OK) return;
  for (size_t turn = 0; turn < 2000; turn++) {
    mf_vm_state state = mf_vm_run(vm, &effect);
    uint8_t choice = data[turn % size];
    int64_t now = (int64_t)turn * (choice & 8 ? 1000000000 : 1000);
    if (state == MF_VM_DONE || state == MF_VM_FAILED) break;
    if (state == MF_VM_EFFECT) s.ids[s.count++] = effect.id;
    if (state == MF_VM_CANCEL) answer(vm, &s, place_of(&s, effect.id), 0, now);
    if (choice == 0xff) mf_vm_signal(vm, MF_SIGNAL_STOP);
    if (choice & 4 && mf_vm_deadline(vm) != INT64_MAX) mf_vm_time(vm, now, now);
    bool must = state == MF_VM_BLOCKED || s.count == IN_FLIGHT;
    if (s.count && (must || choice & 2)) answer(vm, &s, choice % s.count, choice, now);
  }
  (void)mf_vm_verdict(vm);
  mf_vm_free(vm);
}

/* What a `run` entry names: the rest of the input behind a line "--- NAME", or the
 * whole of it, which runs itself. */
typedef struct library {
  mf_str text;
} library;

static mf_status load(void *ctx, mf_str name, mf_linked_document *out, char *why, size_t why_size) {
  const library *l = ctx;
  const char *p = l->text.p, *end = p + l->text.n;
  (void)why, (void)why_size;
  for (; (p = memchr(p, '-', (size_t)(end - p))) != NULL; p++) {
    if ((size_t)(end - p) < 4 + name.n + 1 || memcmp(p, "--- ", 4) != 0) continue;
    if (memcmp(p + 4, name.p, name.n) != 0 || p[4 + name.n] != '\n') continue;
    p += 4 + name.n + 1;
    out->bytes = (mf_str){p, (size_t)(end - p)};
    return MF_OK;
  }
  out->bytes = l->text;
  return name.n % 2 ? MF_OK : MF_NO_SUCH_DOCUMENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  library all = {{(const char *)data + 1, size - 1}};
  mf_compile_options options = {.name = "fuzz.yaml",
                                .loader = {load, &all},
                                .syntax = data[0] & 1 ? MF_SYNTAX_JSON : MF_SYNTAX_YAML,
                                .lenient = data[0] & 2,
                                .strict_cel = data[0] & 4};
  mf_compilation *compilation = NULL;
  mf_image *image = NULL;
  size_t image_size = 0, written = 0;
  mf_output nowhere = {drop, &written};
  mf_alloc alloc = mf_alloc_default();
  mf_status status = mf_compile(&options, (const char *)data + 1, size - 1, &compilation);
  mf_compilation_write(compilation, false, nowhere);
  if (status == MF_OK) {
    const uint8_t *bytes = mf_compilation_image(compilation, &image_size);
    if (mf_image_open(&alloc, bytes, image_size, &image, NULL, 0) != MF_OK) abort();
    mf_image_list(image, (mf_str){(const char *)data + 1, size - 1}, nowhere);
    (void)mf_image_graph(image, data[0] & 8, nowhere);
    run(image, data, size);
    mf_image_close(image);
  }
  mf_compilation_free(compilation);
  return 0;
}
