/* vm_kit - a host for tests of the machine: it answers effects from a script,
 * lets a second pass for each, and writes down what it is told, a line each:
 *
 *   step_finished one passed 1s         notice, name, outcome, duration
 *   assertion fast failed: reason [5, 3]  text; actual and expected
 *   -> wait {"seconds":2.0}             an effect and its arguments
 *   = done passed                       how it ended */
#ifndef MF_TESTS_VM_KIT_H
#define MF_TESTS_VM_KIT_H
#include "../../vm/machine.h"
#include "../../vm/value.h"
#include "image_kit.h"

typedef struct vm_host {
  kit image;
  mf_vm *vm;
  mf_vm_options options;
  mf_buf log;
  mf_arena arena;             /* of the answers */
  const char *const *answers; /* JSON, one an effect, NULL-ended; then {"ok":true} */
  uint32_t effects;           /* answered so far */
  uint32_t signal_at;         /* raise `signal` when effect of this number is asked; 0: never */
  uint32_t signal_again_at;   /* and once more */
  mf_signal signal;
  bool quiet; /* only effects and the end are logged */
} vm_host;

static inline const char *vm_outcome_word(mf_outcome_kind outcome) {
  static const char *const words[] = {"passed",  "failed",  "skipped",
                                      "no_data", "warning", "interrupted"};
  return words[outcome];
}

static inline const char *vm_event_word(mf_notice_kind kind) {
  static const char *const words[] = {
#define MF_NOTICE(name, text, doc) text,
#include "../../include/mfvm_notices.def"
#undef MF_NOTICE
  };
  return words[kind];
}

static inline void vm_log_value(mf_buf *log, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, log, 0);
  mf_value_write_json(&w, v);
}

static inline void vm_log_notice(void *ctx, const mf_notice *n) {
  vm_host *h = ctx;
  mf_buf *log = &h->log;
  if (h->quiet) return;
  mf_buf_puts(log, vm_event_word(n->kind));
  mf_str name = n->name.n ? n->name : n->path;
  if (name.n) mf_buf_putc(log, ' '), mf_buf_add_str(log, name);
  bool judged = n->kind == MF_NOTICE_STEP_FINISHED || n->kind == MF_NOTICE_GROUP_FINISHED ||
                n->kind == MF_NOTICE_HOOK_FINISHED || n->kind == MF_NOTICE_ACTION_FINISHED ||
                n->kind == MF_NOTICE_ASSERTION || n->kind == MF_NOTICE_WATCH ||
                n->kind == MF_NOTICE_VERDICT;
  if (judged) mf_buf_printf(log, " %s", vm_outcome_word(n->outcome));
  if (n->duration > 0) mf_buf_printf(log, " %gs", n->duration);
  if (n->text.n) mf_buf_puts(log, ": "), mf_buf_add_str(log, n->text);
  if (n->actual.kind != MF_UNSET) {
    mf_buf_puts(log, " [");
    vm_log_value(log, &n->actual);
    if (n->expected.kind != MF_UNSET) mf_buf_puts(log, ", "), vm_log_value(log, &n->expected);
    mf_buf_putc(log, ']');
  }
  mf_buf_putc(log, '\n');
  for (uint32_t i = 0; i < n->reason_count; i++) {
    mf_buf_printf(log, "%u ", n->reasons[i].depth);
    mf_buf_add_str(log, n->reasons[i].text);
    mf_buf_puts(log, " = ");
    vm_log_value(log, &n->reasons[i].value);
    mf_buf_putc(log, '\n');
  }
}

/* Assembles, opens and makes a machine, with `options` kept as they are but for
 * the sink. */
static inline void vm_host_init(vm_host *h, const char *text) {
  mf_alloc alloc = mf_alloc_default();
  *h = (vm_host){.effects = 0};
  kit_make(&h->image, mf_str_of(text));
  ck_assert_msg(h->image.opened == MF_OK, "%s: %s", mf_status_name(h->image.opened),
                h->image.detail);
  mf_buf_init(&h->log, &alloc, 1 << 20);
  mf_buf_puts(&h->log, "");
  mf_arena_init(&h->arena, NULL, 0);
  h->options.notice = vm_log_notice;
  h->options.notice_ctx = h;
  h->options.start_wall_ns = INT64_C(1764077045) * 1000000000; /* 2025-11-25T13:24:05Z */
  h->options.run_id = "run-1";
}

static inline void vm_host_new(vm_host *h) {
  ck_assert_int_eq(mf_vm_new(h->image.open, &h->options, &h->vm), MF_OK);
}

static inline void vm_host_fini(vm_host *h) {
  mf_vm_free(h->vm);
  mf_buf_fini(&h->log);
  mf_arena_fini(&h->arena);
  kit_free(&h->image);
}

static inline mf_value vm_parse(mf_arena *arena, const char *json) {
  const char *error = NULL;
  uint32_t offset = 0;
  mf_json *node = mf_json_parse(arena, mf_str_of(json), &error, &offset);
  ck_assert_msg(node != NULL, "%s in %s", error, json);
  return mf_value_from_json(arena, node);
}

static inline mf_status vm_answer(vm_host *h, const mf_effect *effect) {
  const char *json = h->answers && *h->answers ? *h->answers++ : "{\"ok\":true}";
  mf_value v = vm_parse(&h->arena, json);
  h->effects++;
  int64_t now = (int64_t)h->effects * 1000000000;
  mf_outcome outcome = {&v, now, h->options.start_wall_ns + now};
  return mf_vm_deliver(h->vm, effect->id, &outcome);
}

static inline void vm_log_effect(vm_host *h, const mf_effect *effect) {
  mf_buf_puts(&h->log, "-> ");
  mf_buf_add_str(&h->log, effect->driver);
  mf_buf_putc(&h->log, ' ');
  vm_log_value(&h->log, effect->args);
  mf_buf_putc(&h->log, '\n');
}

/* Runs to the end, or until the answers or memory fail. */
static inline mf_vm_state vm_host_run(vm_host *h) {
  mf_effect effect;
  mf_vm_state state;
  while ((state = mf_vm_run(h->vm, &effect)) == MF_VM_EFFECT) {
    vm_log_effect(h, &effect);
    if (effect.id == h->signal_at || effect.id == h->signal_again_at)
      mf_vm_signal(h->vm, h->signal);
    if (vm_answer(h, &effect) != MF_OK) continue; /* the next run says why */
  }
  mf_verdict v = mf_vm_verdict(h->vm);
  mf_buf_printf(&h->log, "= %s %s\n",
                state == MF_VM_DONE ? "done" : mf_status_name(mf_vm_error(h->vm)),
                vm_outcome_word(v.outcome));
  return state;
}

/* Runs the image and compares what was told. */
static inline void vm_expect(const char *text, const char *const *answers, const char *log) {
  vm_host h;
  vm_host_init(&h, text);
  h.answers = answers;
  vm_host_new(&h);
  vm_host_run(&h);
  ck_assert_msg(strcmp(h.log.p, log) == 0, "expected\n%s\nbut got\n%s", log, h.log.p);
  vm_host_fini(&h);
}
#endif
