/* SPDX-License-Identifier: MIT */
/* The machine as its host sees it: making one, running it, answering it. */
#include "input_rules.h"
#include "evaluator.h"
#include "machine.h"

#include "../base/limits.h"

/* ---- Making ---- */

static const mf_row_chunk *main_chunk(const mf_image *image) {
  const mf_row_chunk *chunks = MF_ROWS(image, CHUNK, chunk);
  for (uint32_t i = 0; i < MF_ROW_COUNT(image, CHUNK); i++)
    if (chunks[i].kind == MF_CHUNK_KIND_MAIN) return &chunks[i];
  return NULL;
}

static void *zeroed(mf_vm *vm, size_t size, uint32_t n) {
  void *p = n ? mf_realloc(&vm->alloc, NULL, 0, size * n) : NULL;
  if (p) memset(p, 0, size * n);
  return p;
}

static void give_back(mf_vm *vm, void *p, size_t size, uint32_t n) {
  if (p) mf_realloc(&vm->alloc, p, size * n, 0);
}

/* All arrays whose size the image knows; freed in mf_vm_free by the same counts.
 * False when one of them could not be had. */
static bool make_arrays(mf_vm *vm, const mf_row_chunk *chunk) {
  uint32_t slots = MF_ROW_COUNT(vm->image, SLOT), steps = MF_ROW_COUNT(vm->image, STEP);
  uint32_t metrics = MF_ROW_COUNT(vm->image, METRIC);
  mf_task *t = &vm->task;
  t->stack_size = chunk->max_depth;
  t->frame_size = chunk->max_frames;
  vm->slots = zeroed(vm, sizeof *vm->slots, slots);
  vm->boxes = zeroed(vm, sizeof *vm->boxes, slots);
  vm->next_slots = zeroed(vm, sizeof *vm->next_slots, slots);
  vm->results = zeroed(vm, sizeof *vm->results, steps);
  vm->step_slots = zeroed(vm, sizeof *vm->step_slots, steps);
  vm->metrics = zeroed(vm, sizeof *vm->metrics, metrics);
  t->tallies = zeroed(vm, sizeof *t->tallies, metrics);
  vm->branches = zeroed(vm, sizeof *vm->branches, MF_ROW_COUNT(vm->image, TASK));
  t->exec.stack = zeroed(vm, sizeof *t->exec.stack, t->stack_size);
  t->frames = zeroed(vm, sizeof *t->frames, t->frame_size);
  vm->path_size = mf_path_room(vm->image);
  vm->path = zeroed(vm, 1, (uint32_t)vm->path_size);
  return (!slots || (vm->slots && vm->boxes && vm->next_slots)) &&
         (!steps || (vm->results && vm->step_slots)) && (!metrics || (vm->metrics && t->tallies)) &&
         (!MF_ROW_COUNT(vm->image, TASK) || vm->branches) && (!t->stack_size || t->exec.stack) &&
         (!t->frame_size || t->frames) && (!vm->path_size || vm->path);
}

/* What kinds of slots mean, by their numbers. */
static void bind_slot(mf_vm *vm, uint32_t slot) {
  const mf_row_slot *row = &MF_ROWS(vm->image, SLOT, slot)[slot];
  if (row->kind == MF_SLOT_KIND_BUILTIN) {
    vm->builtins[row->arg] = slot;
  } else if (row->kind == MF_SLOT_KIND_STEP) {
    vm->next_slots[slot] = vm->step_slots[row->arg];
    vm->step_slots[row->arg] = slot;
  } else if (row->kind >= MF_SLOT_KIND_METRIC_STEP && row->kind <= MF_SLOT_KIND_METRIC_COUNT) {
    vm->metrics[row->arg].slots[row->kind - MF_SLOT_KIND_METRIC_STEP] = slot;
    if (row->kind == MF_SLOT_KIND_METRIC_COUNT) vm->slots[slot] = mf_int(0);
  }
}

static void bind_slots(mf_vm *vm) {
  for (uint32_t i = 0; i < MF_BUILTIN_SLOTS; i++) vm->builtins[i] = MF_ABSENT;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, STEP); i++) vm->step_slots[i] = MF_ABSENT;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, METRIC); i++)
    for (uint32_t k = 0; k < MF_METRIC_SLOTS; k++) vm->metrics[i].slots[k] = MF_ABSENT;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, SLOT); i++) bind_slot(vm, i);
}

static mf_str path_for_dice(void *task) { return mf_task_path(task); }

static void bind_task(mf_vm *vm, const mf_row_chunk *chunk) {
  mf_task *t = &vm->task;
  mf_exec *x = &t->exec;
  t->vm = vm;
  t->row = MF_ABSENT;
  mf_arena_init(&t->arena, &vm->alloc, vm->memory.limit);
  x->call.arena = &t->arena;
  x->call.regexes = &t->vm->regexes;
  x->call.fuel = vm->fuel;
  t->dice = (mf_dice){vm->seed, path_for_dice, t};
  x->call.dice = &t->dice;
  x->code = x->pc = vm->image->code + chunk->start;
  x->slots = vm->slots;
  x->constants = vm->image->values;
  x->sp = x->stack;
  x->image = vm->image;
  x->task = t;
}

/* The start as text fit for file names: 2026-11-25T13-24-05Z. */
static void set_timestamp(mf_vm *vm, int64_t seconds) {
  size_t n = mf_format_timestamp(seconds, 0, vm->timestamp);
  for (size_t i = 0; i < n; i++)
    if (vm->timestamp[i] == ':') vm->timestamp[i] = '-';
  mf_builtin_set(vm, MF_BUILTIN_TIMESTAMP, mf_string((mf_str){vm->timestamp, n}));
}

static mf_status set_builtins(mf_vm *vm, const mf_vm_options *options) {
  int64_t seconds = vm->start_wall_ns / 1000000000, nanos = vm->start_wall_ns % 1000000000;
  if (nanos < 0) nanos += 1000000000, seconds--;
  set_timestamp(vm, seconds);
  mf_builtin_set(vm, MF_BUILTIN_NOW, mf_timestamp_value(seconds, (uint32_t)nanos));
  mf_builtin_set(vm, MF_BUILTIN_DURATION, mf_double(0));
  mf_builtin_set(vm, MF_BUILTIN_ITERATION, mf_int(1));
  mf_steps_init(&vm->task);
  mf_value id = mf_string(mf_str_of(options->run_id));
  uint32_t slot = vm->builtins[MF_BUILTIN_RUN_ID];
  return slot != MF_ABSENT && options->run_id ? mf_slot_set(&vm->task, slot, &id) : MF_OK;
}

static void take_options(mf_vm *vm, const mf_vm_options *options) {
  uint64_t fuel = options->fuel ? options->fuel : MF_LIMIT_RUN_FUEL;
  vm->fuel = fuel < INT64_MAX ? (int64_t)fuel : INT64_MAX;
  vm->fuel_left = vm->fuel;
  vm->time_scale = options->time_scale;
  vm->memory.inner = mf_alloc_or_default(&options->alloc);
  vm->memory.limit = options->max_memory ? options->max_memory : (size_t)MF_LIMIT_RUN_MEMORY;
  vm->memory.in_use = vm->memory.peak = sizeof *vm;
  vm->alloc = mf_counting_alloc_as_alloc(&vm->memory);
  vm->seed = options->seed;
  vm->loop_ns = options->loop_ns;
  vm->start_wall_ns = vm->wall_ns = options->start_wall_ns;
  vm->allow_empty = options->allow_empty;
  mf_regex_cache_init(&vm->regexes, &vm->alloc, options->regex);
  vm->notice = options->notice;
  vm->notice_ctx = options->notice_ctx;
}

mf_status mf_vm_new(const mf_image *image, const mf_vm_options *options, mf_vm **out) {
  const mf_row_chunk *chunk = main_chunk(image);
  mf_alloc alloc = mf_alloc_or_default(&options->alloc);
  *out = NULL;
  if (chunk == NULL) return MF_IMAGE_NO_MAIN;
  mf_vm *vm = mf_realloc(&alloc, NULL, 0, sizeof *vm);
  if (vm == NULL) return MF_OUT_OF_MEMORY;
  *vm = (mf_vm){.image = image};
  take_options(vm, options);
  mf_status status = MF_OUT_OF_MEMORY;
  vm->current = vm->last = &vm->task;
  if (make_arrays(vm, chunk)) {
    bind_slots(vm);
    bind_task(vm, chunk);
    mf_task_wake(&vm->task);
    if (mf_tasks_init(vm)) status = set_builtins(vm, options);
  }
  if (status == MF_OK)
    *out = vm;
  else
    mf_vm_free(vm);
  return status;
}

/* ---- Freeing ---- */

static void free_owned(mf_vm *vm) {
  mf_task *t = &vm->task;
  mf_tasks_fini(vm);
  while (t->frame_count > 0) mf_frame_pop(t);
  for (uint32_t i = 0; vm->boxes && i < MF_ROW_COUNT(vm->image, SLOT); i++)
    mf_box_free(&vm->alloc, vm->boxes[i]);
  for (uint32_t i = 0; vm->results && i < MF_ROW_COUNT(vm->image, STEP); i++)
    mf_result_free(vm, &vm->results[i]);
  mf_result_free(vm, &t->entry);
  mf_box_free(&vm->alloc, t->watched);
  mf_box_free(&vm->alloc, vm->retired);
  mf_regex_cache_fini(&vm->regexes);
  mf_arena_fini(&t->arena);
}

void mf_vm_free(mf_vm *vm) {
  if (vm == NULL) return;
  uint32_t slots = MF_ROW_COUNT(vm->image, SLOT), steps = MF_ROW_COUNT(vm->image, STEP);
  mf_task *t = &vm->task;
  mf_alloc alloc = vm->memory.inner;
  free_owned(vm);
  give_back(vm, vm->slots, sizeof *vm->slots, slots);
  give_back(vm, vm->boxes, sizeof *vm->boxes, slots);
  give_back(vm, vm->next_slots, sizeof *vm->next_slots, slots);
  give_back(vm, vm->results, sizeof *vm->results, steps);
  give_back(vm, vm->step_slots, sizeof *vm->step_slots, steps);
  give_back(vm, vm->metrics, sizeof *vm->metrics, MF_ROW_COUNT(vm->image, METRIC));
  give_back(vm, t->tallies, sizeof *t->tallies, MF_ROW_COUNT(vm->image, METRIC));
  give_back(vm, vm->branches, sizeof *vm->branches, MF_ROW_COUNT(vm->image, TASK));
  give_back(vm, t->exec.stack, sizeof *t->exec.stack, t->stack_size);
  give_back(vm, t->frames, sizeof *t->frames, t->frame_size);
  give_back(vm, vm->path, 1, (uint32_t)vm->path_size);
  mf_realloc(&alloc, vm, sizeof *vm, 0);
}

/* ---- Variables from outside ---- */

/* Whether the name of an environment variable promises a secret. */
static bool names_secret(mf_str name) {
  static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASSWORD"};
  for (unsigned i = 0; i < 4; i++)
    if (mf_str_find(name, mf_str_of(words[i]), 0) != SIZE_MAX) return true;
  return false;
}

static uint32_t settable_slot(const mf_vm *vm, mf_str name) {
  const mf_row_slot *rows = MF_ROWS(vm->image, SLOT, slot);
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, SLOT); i++) {
    uint32_t kind = rows[i].kind;
    bool settable = kind == MF_SLOT_KIND_GLOBAL || kind == MF_SLOT_KIND_INPUT ||
                    kind == MF_SLOT_KIND_ENV || kind == MF_SLOT_KIND_SECRET;
    if (kind == MF_SLOT_KIND_INPUT && mf_input_is_linked(vm->image, rows[i].arg)) continue;
    if (settable && mf_str_eq(mf_image_string(vm->image, rows[i].name), name)) return i;
  }
  return MF_ABSENT;
}

/* Values given before the run take none of its fuel: what a run may do does not
 * depend on how it was started. */
static mf_status give(mf_vm *vm, uint32_t slot, mf_value v) {
  mf_call *call = &vm->task.exec.call;
  const mf_call before = *call;
  vm->refusal = mf_slot_take(&vm->task, slot, &v);
  const mf_status status = call->status;
  *call = before;
  if (status != MF_OK) return status;
  return vm->refusal ? MF_INPUT_REFUSED : mf_slot_set(&vm->task, slot, &v);
}

mf_status mf_vm_set_variable(mf_vm *vm, mf_str name, const mf_value *value) {
  uint32_t slot = vm->started ? MF_ABSENT : settable_slot(vm, name);
  vm->refusal = NULL;
  if (slot == MF_ABSENT) return MF_NO_SUCH_VARIABLE;
  mf_value v = *value;
  uint32_t kind = MF_ROWS(vm->image, SLOT, slot)[slot].kind;
  if (kind == MF_SLOT_KIND_SECRET || (kind == MF_SLOT_KIND_ENV && names_secret(name)))
    v.flags |= MF_TAINTED;
  return give(vm, slot, v);
}

mf_status mf_vm_set_text(mf_vm *vm, mf_str name, mf_str text) {
  uint32_t slot = vm->started ? MF_ABSENT : settable_slot(vm, name);
  const bool valid = mf_utf8_valid(text.p, text.n) == text.n;
  vm->refusal = slot == MF_ABSENT || valid ? NULL : "a value must be UTF-8";
  if (slot == MF_ABSENT) return MF_NO_SUCH_VARIABLE;
  if (!valid) return MF_INPUT_REFUSED;
  const mf_row_slot *row = &MF_ROWS(vm->image, SLOT, slot)[slot];
  uint32_t type = MF_INPUT_TYPE_ANY;
  if (row->kind == MF_SLOT_KIND_INPUT) type = MF_ROWS(vm->image, INPUT, input)[row->arg].type;
  const mf_value v = mf_input_read(&vm->task.arena, type, text);
  return v.kind == MF_UNSET ? MF_OUT_OF_MEMORY : mf_vm_set_variable(vm, name, &v);
}

mf_str mf_vm_refusal(const mf_vm *vm) { return mf_str_of(vm->refusal); }

/* The first required input without a value; MF_ABSENT if all have one. */
static uint32_t missing_input(const mf_vm *vm) {
  const mf_row_input *inputs = MF_ROWS(vm->image, INPUT, input);
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, INPUT); i++)
    if ((inputs[i].flags & (MF_INPUT_FLAGS_REQUIRED | MF_INPUT_FLAGS_LINKED)) ==
            MF_INPUT_FLAGS_REQUIRED &&
        vm->slots[inputs[i].slot].kind == MF_UNSET)
      return i;
  return MF_ABSENT;
}

/* What a bare name means, from the most to the least likely kind; a name may
 * stand in several slots. */
static unsigned rank(uint32_t kind) {
  switch (kind) {
    case MF_SLOT_KIND_GLOBAL:
    case MF_SLOT_KIND_INPUT: return 9;
    case MF_SLOT_KIND_STEP: return 8;
    case MF_SLOT_KIND_ENV:
    case MF_SLOT_KIND_SECRET:
    case MF_SLOT_KIND_BUILTIN: return 7;
    case MF_SLOT_KIND_METRIC_RUN: return 6;
    case MF_SLOT_KIND_METRIC_LAST: return 5;
    case MF_SLOT_KIND_METRIC_STEP: return 4;
    default: return 3;
  }
}

void mf_evaluator_set_machine(mf_evaluator *evaluator, mf_vm *vm) {
  evaluator->exec.task = vm ? vm->current : NULL;
}

bool mf_vm_in_entries(const mf_vm *vm) { return vm->begun && !vm->entries_over; }

const mf_value *mf_vm_slots(const mf_vm *vm) { return vm->slots; }

mf_value mf_vm_get(const mf_vm *vm, mf_str name) {
  const mf_row_slot *rows = MF_ROWS(vm->image, SLOT, slot);
  mf_value best = {.kind = MF_UNSET};
  unsigned best_rank = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, SLOT); i++) {
    if (vm->slots[i].kind == MF_UNSET || rank(rows[i].kind) <= best_rank) continue;
    if (!mf_str_eq(mf_image_string(vm->image, rows[i].name), name)) continue;
    best = vm->slots[i];
    best_rank = rank(rows[i].kind);
  }
  return best;
}

/* ---- Signals ---- */

void mf_vm_signal(mf_vm *vm, mf_signal signal) {
  if (vm->done || vm->failed) return;
  switch (signal) {
    case MF_SIGNAL_ABORT: vm->abort_wanted = true; break;
    case MF_SIGNAL_CROSSED: vm->crossed_wanted = true; break;
    case MF_SIGNAL_STOP: vm->stop_wanted = true; break;
  }
  mf_tasks_leave(vm);
}

/* ---- Running ---- */

static mf_vm_state fail_run(mf_vm *vm, mf_status status) {
  if (vm->status == MF_OK) vm->status = status;
  vm->failed = true;
  return MF_VM_FAILED;
}

/* An effect that nobody has seen yet; one that undoes is never taken back. */
static void take_back_effect(mf_task *t) {
  t->waiting = false;
  mf_task_land(t);
  if (t->effect_op == MF_OP_FAULT_ENTER) mf_frame_top(t)->begun = false;
}

/* Goes on until something must be told to the host. */
static mf_stop advance(mf_task *t) {
  mf_stop stop = MF_GO;
  if (t->waiting)
    stop = mf_outcome_take(t);
  else if (t->unwinding)
    stop = mf_unwind(t); /* it had to wait for its branches */
  for (;;) {
    if (stop == MF_GO && mf_must_leave(t)) stop = mf_leave(t);
    if (stop == MF_GO) stop = mf_interpret(&t->exec) == MF_OK ? t->exec.stop : MF_STOP_LIMIT;
    /* A sink may have raised a signal meanwhile. */
    if (stop != MF_STOP_EFFECT || t->effect_op == MF_OP_FAULT_LEAVE || !mf_must_leave(t))
      return stop;
    take_back_effect(t);
    stop = MF_GO;
  }
}

static mf_vm_state show_effect(const mf_task *t, mf_effect *effect, mf_vm_state state) {
  *effect = (mf_effect){t->effect_id,     t->number,      t->effect_row,
                        t->effect_driver, t->effect_path, &t->effect_args};
  return state;
}

/* Runs one task; GO: another may run. */
static mf_stop run_task(mf_task *t) {
  mf_vm *vm = t->vm;
  mf_task_resume(t);
  mf_stop stop = advance(t);
  if (stop == MF_STOP_OVER) {
    stop = mf_task_over(t);
  } else {
    mf_task_suspend(t);
    vm->status = t->exec.call.status;
  }
  return stop == MF_STOP_WAIT ? MF_GO : stop;
}

mf_vm_state mf_vm_run(mf_vm *vm, mf_effect *effect) {
  if (vm->failed) return MF_VM_FAILED;
  if (vm->done) return MF_VM_DONE;
  if (!vm->started && missing_input(vm) != MF_ABSENT) return fail_run(vm, MF_INPUT_MISSING);
  vm->started = true;
  for (;;) {
    mf_task *t = mf_cancel_next(vm);
    if (t) return show_effect(t, effect, MF_VM_CANCEL);
    t = mf_ready_next(vm);
    if (t == NULL) break;
    mf_stop stop = run_task(t);
    if (stop == MF_STOP_EFFECT) return show_effect(t, effect, MF_VM_EFFECT);
    if (stop == MF_STOP_LIMIT) return fail_run(vm, MF_OUT_OF_MEMORY);
    if (stop == MF_GO) continue;
    vm->done = true;
    return MF_VM_DONE;
  }
  return vm->parked ? MF_VM_BLOCKED : fail_run(vm, MF_DEADLOCK);
}

static void set_clock(mf_vm *vm, const mf_outcome *outcome) {
  if (outcome->monotonic_ns > vm->now_ns) vm->now_ns = outcome->monotonic_ns;
  vm->wall_ns = outcome->wall_ns;
}

mf_status mf_vm_deliver(mf_vm *vm, uint32_t id, const mf_outcome *outcome) {
  static const mf_map none = {0, 0, NULL, NULL};
  mf_task *t = vm->failed ? NULL : mf_task_of_effect(vm, id);
  if (t == NULL) return MF_NO_SUCH_EFFECT;
  t->outcome = (mf_value){.kind = MF_MAP, .as.map = &none};
  if (outcome->value && outcome->value->kind == MF_MAP)
    t->outcome = mf_value_copy(&t->arena, outcome->value);
  if (t->outcome.kind == MF_UNSET) {
    mf_status status = mf_arena_oom(&t->arena) ? MF_OUT_OF_MEMORY : MF_VALUE_TOO_LARGE;
    fail_run(vm, status);
    return status;
  }
  set_clock(vm, outcome);
  t->delivered = true;
  mf_task_land(t);
  mf_task_wake(t);
  return MF_OK;
}

/* ---- Asking ---- */

mf_verdict mf_vm_verdict(const mf_vm *vm) { return mf_verdict_now(vm); }

mf_status mf_vm_error(const mf_vm *vm) { return vm->failed ? vm->status : MF_OK; }

uint64_t mf_vm_steps(const mf_vm *vm) { return (uint64_t)(vm->fuel - vm->fuel_left) - vm->charged; }

void mf_vm_set_trace(mf_vm *vm, mf_trace_fn trace, void *ctx) {
  vm->task.exec.trace = trace;
  vm->task.exec.trace_ctx = ctx;
}
