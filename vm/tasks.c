/* SPDX-License-Identifier: MIT */
/* Tasks: who runs, who waits, and what each has for itself.
 *
 * A task runs until it asks for an effect, waits for other tasks, or ends; then
 * the one that has been ready for longest goes on.  Outcomes make tasks ready in
 * the order in which they are delivered.  So that order, and nothing else,
 * determines what happens. */
#include "machine.h"

/* ---- Slots of one's own ---- */

/* What a name means in one branch is no business of the others.  The variables of
 * a step are not among these: no step is carried out twice at once. */
static bool is_own(const mf_row_slot *slot) {
  if (slot->kind == MF_SLOT_KIND_METRIC_STEP || slot->kind == MF_SLOT_KIND_METRIC_LAST) return true;
  if (slot->kind != MF_SLOT_KIND_BUILTIN) return false;
  switch (slot->arg) {
    case MF_BUILTIN_PREVIOUS_STEP_SUCCEEDED:
    case MF_BUILTIN_PREVIOUS_STEP_FAILED:
    case MF_BUILTIN_ALL_STEPS_SUCCEEDED:
    case MF_BUILTIN_ITERATION:
    case MF_BUILTIN_STEP_NAME:
    case MF_BUILTIN_STEP_DURATION:
    case MF_BUILTIN_RESPONSE: return true;
    default: return false;
  }
}

static void number_own_slots(mf_vm *vm) {
  const mf_row_slot *rows = MF_ROWS(vm->image, SLOT, slot);
  uint32_t n = 0;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, SLOT); i++) {
    if (!is_own(&rows[i])) continue;
    if (rows[i].kind == MF_SLOT_KIND_METRIC_LAST) vm->metrics[rows[i].arg].own = n;
    vm->own_slots[n++] = i;
  }
}

/* A machine without branches never changes tasks: it needs none of this. */
bool mf_tasks_init(mf_vm *vm) {
  const mf_row_slot *rows = MF_ROWS(vm->image, SLOT, slot);
  mf_task *t = &vm->task;
  vm->current = t;
  vm->task_count = vm->next_number = 1;
  if (MF_ROW_COUNT(vm->image, TASK) == 0) return true;
  for (uint32_t i = 0; i < MF_ROW_COUNT(vm->image, SLOT); i++) vm->own_count += is_own(&rows[i]);
  if (vm->own_count == 0) return true;
  vm->own_slots = mf_realloc(&vm->alloc, NULL, 0, vm->own_count * sizeof *vm->own_slots);
  t->saved = mf_realloc(&vm->alloc, NULL, 0, vm->own_count * sizeof *t->saved);
  t->touched = mf_realloc(&vm->alloc, NULL, 0, vm->own_count);
  if (!vm->own_slots || !t->saved || !t->touched) return false;
  memset(t->saved, 0, vm->own_count * sizeof *t->saved);
  memset(t->touched, 0, vm->own_count);
  number_own_slots(vm);
  return true;
}

/* Those of the task that ran last are in the slots. */
static void free_own(mf_task *t) {
  const mf_vm *vm = t->vm;
  for (uint32_t i = 0; i < vm->own_count && t != vm->current; i++)
    mf_box_free(&vm->alloc, t->saved[i].box);
}

static void give_back(mf_vm *vm, void *p, size_t size) {
  if (p) mf_realloc(&vm->alloc, p, size, 0);
}

void mf_tasks_fini(mf_vm *vm) {
  mf_task *t = &vm->task;
  while (t->next) {
    mf_task *child = t->next;
    t->next = child->next;
    mf_task_free(child);
  }
  if (t->saved) free_own(t);
  give_back(vm, vm->own_slots, vm->own_count * sizeof *vm->own_slots);
  give_back(vm, t->saved, vm->own_count * sizeof *t->saved);
  give_back(vm, t->touched, vm->own_count);
  give_back(vm, vm->flights, vm->flight_cap * sizeof *vm->flights);
}

/* ---- Making and freeing ---- */

enum { FIRST_SCRATCH = 512 }; /* bytes: most branches only ask for an effect now and then */

static bool reserve_flights(mf_vm *vm, uint32_t tasks) {
  uint32_t cap = vm->flight_cap ? vm->flight_cap : 4;
  while (cap < 2 * tasks) cap *= 2;
  if (cap == vm->flight_cap) return true;
  const size_t old = vm->flight_cap * sizeof *vm->flights;
  mf_in_flight *grown = mf_realloc(&vm->alloc, vm->flights, old, cap * sizeof *grown);
  if (grown == NULL) return false;
  vm->flights = grown;
  vm->flight_cap = cap;
  return true;
}

static mf_task *make_block(mf_task *parent) {
  mf_vm *vm = parent->vm;
  const uint32_t frames = parent->frame_size - parent->frame_count, stack = vm->task.stack_size;
  const size_t at_frames = sizeof(mf_task), at_stack = at_frames + frames * sizeof(mf_frame);
  const size_t at_saved = at_stack + stack * sizeof(mf_value);
  const size_t at_tallies = at_saved + vm->own_count * sizeof(mf_own);
  const size_t at_touched = at_tallies + MF_ROW_COUNT(vm->image, METRIC) * sizeof(mf_tally);
  const size_t size = at_touched + vm->own_count;
  char *block = mf_realloc(&vm->alloc, NULL, 0, size);
  if (block == NULL) return NULL;
  memset(block, 0, size);
  mf_task *t = (mf_task *)(void *)block;
  t->size = size;
  t->frames = (mf_frame *)(void *)(block + at_frames);
  t->frame_size = frames; /* the verifier counts on from the group's */
  t->exec.stack = (mf_value *)(void *)(block + at_stack);
  t->stack_size = stack;
  t->saved = (mf_own *)(void *)(block + at_saved);
  t->tallies = (mf_tally *)(void *)(block + at_tallies);
  t->touched = (bool *)(block + at_touched);
  return t;
}

/* The parent is the one that runs: the slots hold its values. */
static mf_status take_slots(mf_task *t) {
  const mf_vm *vm = t->vm;
  mf_status status = MF_OK;
  for (uint32_t i = 0; i < vm->own_count && status == MF_OK; i++) {
    const mf_value *v = &vm->slots[vm->own_slots[i]];
    mf_own *own = &t->saved[i];
    own->value = *v;
    if (vm->boxes[vm->own_slots[i]] == NULL) continue;
    status = mf_box_put(&vm->alloc, &own->box, v, vm->memory.limit, NULL);
    if (status == MF_OK) own->value = own->box->value;
  }
  return status;
}

static void set_exec(mf_task *t, const mf_task *parent) {
  mf_value *stack = t->exec.stack;
  t->exec = parent->exec;
  t->dice = parent->dice;
  t->dice.ctx = t; /* chance goes by its own path */
  t->exec.call.dice = &t->dice;
  t->exec.stack = t->exec.sp = stack;
  t->exec.call.arena = &t->arena;
  t->exec.task = t;
}

mf_task *mf_task_new(mf_task *parent) {
  mf_vm *vm = parent->vm;
  if (vm->flights == NULL && !reserve_flights(vm, 2)) return NULL;
  if (!reserve_flights(vm, vm->task_count + 1)) return NULL;
  mf_task *t = make_block(parent);
  if (t == NULL) return NULL;
  t->vm = vm;
  t->parent = parent;
  t->number = vm->next_number++;
  mf_arena_init(&t->arena, &vm->alloc, vm->memory.limit);
  t->arena.first = FIRST_SCRATCH;
  set_exec(t, parent);
  if (take_slots(t) != MF_OK) {
    mf_task_free(t);
    return NULL;
  }
  if (parent->tallies)
    memcpy(t->tallies, parent->tallies, MF_ROW_COUNT(vm->image, METRIC) * sizeof *t->tallies);
  t->metrics_set = parent->metrics_set;
  t->lenient = parent->lenient;
  t->leaving = parent->leaving;
  t->last = vm->last;
  vm->last->next = t;
  vm->last = t;
  vm->task_count++;
  return t;
}

void mf_task_free(mf_task *t) {
  mf_vm *vm = t->vm;
  free_own(t);
  while (t->frame_count > 0) mf_frame_pop(t);
  mf_result_free(vm, &t->entry);
  mf_box_free(&vm->alloc, t->watched);
  mf_arena_fini(&t->arena);
  mf_realloc(&vm->alloc, t, t->size, 0);
}

void mf_task_unlink(mf_task *t) {
  mf_vm *vm = t->vm;
  t->last->next = t->next;
  if (t->next)
    t->next->last = t->last;
  else
    vm->last = t->last;
  vm->task_count--;
}

/* ---- Changing tasks ---- */

void mf_task_resume(mf_task *t) {
  mf_vm *vm = t->vm;
  mf_task *before = vm->current;
  if (before != t) {
    for (uint32_t i = 0; i < vm->own_count; i++) {
      const uint32_t slot = vm->own_slots[i];
      if (before) before->saved[i] = (mf_own){vm->slots[slot], vm->boxes[slot]};
      vm->slots[slot] = t->saved[i].value;
      vm->boxes[slot] = t->saved[i].box;
    }
    vm->current = t;
  }
  t->exec.call.fuel = vm->fuel_left;
  t->exec.call.charged = vm->charged;
}

void mf_task_suspend(mf_task *t) {
  mf_vm *vm = t->vm;
  vm->fuel_left = t->exec.call.fuel;
  vm->charged = t->exec.call.charged;
}

static bool has_parts(const mf_value *v) {
  return v->kind >= MF_STRING && v->kind != MF_TIMESTAMP && v->kind != MF_DURATION;
}

static bool settle_value(mf_task *t, mf_value *v) {
  if (!has_parts(v)) return true;
  *v = mf_value_copy(&t->arena, v);
  return v->kind != MF_UNSET;
}

mf_stop mf_task_settle(mf_task *t) {
  bool ok = true;
  if (t->vm->task_count == 1) return MF_GO;
  for (mf_value *v = t->exec.stack; v < t->exec.sp; v++) ok = settle_value(t, v) && ok;
  if (t->waiting) ok = settle_value(t, &t->effect_args) && ok;
  ok = settle_value(t, &t->labels) && ok;
  if (ok) return MF_GO;
  return mf_end_with(t, mf_arena_oom(&t->arena) ? MF_OUT_OF_MEMORY : MF_VALUE_TOO_LARGE);
}

/* ---- Queues ---- */

void mf_task_wake(mf_task *t) {
  mf_queue *q = &t->vm->ready;
  t->wait = MF_WAIT_NONE;
  if (t->queued) return;
  t->queued = true;
  t->next_ready = NULL;
  if (q->last)
    q->last->next_ready = t;
  else
    q->first = t;
  q->last = t;
}

mf_task *mf_ready_next(mf_vm *vm) {
  mf_queue *q = &vm->ready;
  mf_task *t = q->first;
  if (t == NULL) return NULL;
  q->first = t->next_ready;
  if (q->first == NULL) q->last = NULL;
  t->queued = false;
  return t;
}

void mf_task_cancel(mf_task *t) {
  mf_queue *q = &t->vm->cancels;
  if (t->cancel || !t->waiting || t->delivered || t->effect_op == MF_OP_FAULT_LEAVE) return;
  t->cancel = true;
  t->next_cancel = NULL;
  if (q->last)
    q->last->next_cancel = t;
  else
    q->first = t;
  q->last = t;
}

/* Nobody runs while one is in this queue, so none of them can have ended. */
mf_task *mf_cancel_next(mf_vm *vm) {
  mf_queue *q = &vm->cancels;
  while (q->first) {
    mf_task *t = q->first;
    q->first = t->next_cancel;
    if (q->first == NULL) q->last = NULL;
    if (t->waiting && !t->delivered) return t;
  }
  return NULL;
}

/* ---- Effects in flight ---- */

/* Effects are numbered as they are asked for, so these are in order.  There is
 * always room: at most half of it is needed. */
void mf_task_fly(mf_task *t) {
  mf_vm *vm = t->vm;
  vm->parked++;
  t->wait = MF_WAIT_OUTCOME;
  t->cancel = false;
  if (vm->flights == NULL) return; /* no other task has been */
  if (vm->flight_count == vm->flight_cap) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < vm->flight_count; i++)
      if (vm->flights[i].task) vm->flights[kept++] = vm->flights[i];
    vm->flight_count = kept;
  }
  vm->flights[vm->flight_count++] = (mf_in_flight){t->effect_id, t};
}

static mf_in_flight *find_flight(const mf_vm *vm, uint32_t id) {
  uint32_t from = 0, to = vm->flight_count;
  while (from < to) {
    const uint32_t at = from + (to - from) / 2;
    if (vm->flights[at].id < id)
      from = at + 1;
    else
      to = at;
  }
  return from < vm->flight_count && vm->flights[from].id == id ? &vm->flights[from] : NULL;
}

void mf_task_land(mf_task *t) {
  mf_in_flight *flight = find_flight(t->vm, t->effect_id);
  if (flight) flight->task = NULL;
  t->vm->parked--;
  t->wait = MF_WAIT_NONE;
}

mf_task *mf_task_of_effect(mf_vm *vm, uint32_t id) {
  mf_task *t = &vm->task;
  if (t->waiting && !t->delivered && t->effect_id == id) return t;
  const mf_in_flight *flight = find_flight(vm, id);
  return flight ? flight->task : NULL;
}

/* ---- Leaving ---- */

void mf_task_leave(mf_task *t) {
  t->leaving = true;
  mf_task_interrupt(t);
}

void mf_task_interrupt(mf_task *t) {
  switch (t->wait) {
    case MF_WAIT_OUTCOME: mf_task_cancel(t); break;
    case MF_WAIT_GROUP:
    case MF_WAIT_NEEDS: mf_task_wake(t); break;
    case MF_WAIT_NONE: break;
  }
}

void mf_tasks_leave(mf_vm *vm) {
  for (mf_task *t = &vm->task; t; t = t->next) mf_task_leave(t);
}
