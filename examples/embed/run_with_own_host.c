/* SPDX-License-Identifier: MIT */
/* Compiles and runs an orchestration with a host of its own: the machine asks for
 * effects, this host pretends to carry them out, in no time at all. */
#include <mfvm.h>
#include <stdio.h>
#include <string.h>

static const char document[] =
    "variables: {shop: north}\n"
    "steps:\n"
    "  - {type: http_request, url: 'http://shop.test/${shop}', save_as: page}\n"
    "  - wait: 1h\n"
    "  - {type: assert, condition: page.status == 200}\n";

static void tell(void *ctx, const mf_notice *notice) {
  (void)ctx;
  if (notice->kind == MF_NOTICE_ACTION_FINISHED || notice->kind == MF_NOTICE_ERROR)
    printf("  %.*s: outcome %d %.*s\n", (int)notice->path.n, notice->path.p, (int)notice->outcome,
           (int)notice->text.n, notice->text.p);
}

/* {"ok": true, "status": 200}, whatever was asked. */
static mf_outcome pretend(const mf_effect *effect) {
  static const mf_pair pairs[] = {
      {{.kind = MF_STRING, .len = 2, .as.s = "ok"}, {.kind = MF_BOOL, .as.i = 1}},
      {{.kind = MF_STRING, .len = 6, .as.s = "status"}, {.kind = MF_INT, .as.i = 200}}};
  static const mf_map map = {.count = 2, .pairs = pairs};
  static const mf_value value = {.kind = MF_MAP, .len = 2, .as.map = &map};
  printf("  effect %u: %.*s\n", effect->id, (int)effect->driver.n, effect->driver.p);
  return (mf_outcome){.value = &value, .monotonic_ns = 1000 * (int64_t)effect->id};
}

int main(void) {
  mf_compilation *compilation = NULL;
  mf_image *image = NULL;
  mf_vm *vm = NULL;
  mf_effect effect;
  size_t n = 0;
  mf_status status = mf_compile(&(mf_compile_options){.name = "own.yaml"}, document,
                                strlen(document), &compilation);
  if (status == MF_OK) {
    const uint8_t *bytes = mf_compilation_image(compilation, &n);
    status = mf_image_open(NULL, bytes, n, &image, NULL, 0);
  }
  if (status == MF_OK) status = mf_vm_new(image, &(mf_vm_options){.notice = tell}, &vm);
  while (status == MF_OK && mf_vm_run(vm, &effect) == MF_VM_EFFECT) {
    mf_outcome outcome = pretend(&effect);
    status = mf_vm_deliver(vm, effect.id, &outcome);
  }
  int passed = status == MF_OK && mf_vm_verdict(vm).outcome == MF_OUTCOME_PASSED;
  printf("%s: %s\n", passed ? "passed" : "failed", mf_status_text(status));
  mf_vm_free(vm);
  mf_image_close(image);
  mf_compilation_free(compilation);
  return passed ? 0 : 1;
}
