/* SPDX-License-Identifier: MIT */
/* variables - what the caller gives: variables and inputs.  Every mistake is told,
 * not only the first, and nothing has been started when it is. */
#include "host.h"

#include <stdio.h>

static bool can_be_set(const mf_image *image, const mf_row_slot *slot) {
  return slot->kind == MF_SLOT_KIND_GLOBAL ||
         (slot->kind == MF_SLOT_KIND_INPUT && !mf_input_is_linked(image, slot->arg));
}

/* " (--var)", or nothing. */
static mf_str origin_of(const mf_variable *v, char *out, size_t size) {
  int n = v->source ? snprintf(out, size, " (%s)", v->source) : 0;
  return (mf_str){out, n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1};
}

static int no_such_variable(mf_host *h, const mf_variable *v, mf_str origin) {
  const mf_row_slot *slots = MF_ROWS(h->image, SLOT, slot);
  mf_near near;
  mf_near_init(&near, v->name);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, SLOT); i++)
    if (can_be_set(h->image, &slots[i]))
      mf_near_offer(&near, mf_image_string(h->image, slots[i].name));
  mf_str best = mf_near_best(&near);
  const char *hint = best.n ? "; did you mean '" : "", *end = best.n ? "'?" : "";
  return mf_host_refuse(h, 2, "the document has no variable or input named '%.*s'%.*s%s%.*s%s",
                        (int)v->name.n, v->name.p, (int)origin.n, origin.p, hint, (int)best.n,
                        best.p, end);
}

static int set_variable(mf_host *h, const mf_names *inputs, const mf_variable *v) {
  char text[512];
  mf_str origin = origin_of(v, text, sizeof text);
  if (v->text.p && mf_utf8_valid(v->text.p, v->text.n) != v->text.n)
    return mf_host_refuse(h, 2, "variable '%.*s' must be UTF-8%.*s", (int)v->name.n, v->name.p,
                          (int)origin.n, origin.p);
  bool by_type = v->text.p && mf_names_get(inputs, v->name) != MF_NAMES_NONE;
  mf_status status = by_type ? mf_vm_set_text(h->vm, v->name, v->text)
                             : mf_vm_set_variable(h->vm, v->name, &v->value);
  if (status == MF_OK) return 0;
  if (status == MF_NO_SUCH_VARIABLE) return no_such_variable(h, v, origin);
  mf_str why = mf_vm_refusal(h->vm);
  if (status == MF_INPUT_REFUSED)
    return mf_host_refuse(h, 2, "%.*s%.*s", (int)why.n, why.p, (int)origin.n, origin.p);
  return mf_host_refuse(h, 6, "variable '%.*s': %s", (int)v->name.n, v->name.p,
                        mf_status_text(status));
}

/* "input 'n' is required: --var n=... or --vars FILE (int: how many)" */
static int check_required(mf_host *h, const mf_input *input) {
  mf_str about = input->description;
  int n = (int)input->name.n;
  if (!input->required || mf_names_get(&h->given, input->name) != MF_NAMES_NONE) return 0;
  return mf_host_refuse(h, 2, "input '%.*s' is required: --var %.*s=... or --vars FILE (%s%s%.*s)",
                        n, input->name.p, n, input->name.p, input->type, about.n ? ": " : "",
                        (int)about.n, about.p);
}

/* Of several values for one name the last is the one that counts. */
static bool note_given(mf_host *h) {
  const mf_run_options *o = h->options;
  bool ok = true;
  mf_names_init(&h->given, &h->arena);
  for (uint32_t i = 0; ok && i < o->variable_count; i++)
    ok = mf_names_set(&h->given, o->variables[i].name, i);
  return ok;
}

static bool list_inputs(mf_host *h, mf_names *inputs) {
  bool ok = true;
  mf_names_init(inputs, &h->arena);
  for (uint32_t i = 0; ok && i < mf_image_input_count(h->image); i++)
    ok = mf_names_set(inputs, mf_image_input(h->image, i).name, i);
  return ok;
}

int mf_host_set_variables(mf_host *h) {
  enum { MISTAKES_TOLD = 20 };
  int code = 0, told = 0;
  mf_names inputs;
  if (!note_given(h) || !list_inputs(h, &inputs))
    return mf_host_refuse(h, 6, "%s", mf_status_text(MF_OUT_OF_MEMORY));
  for (uint32_t i = 0; i < h->given.count && told < MISTAKES_TOLD; i++) {
    int one = set_variable(h, &inputs, &h->options->variables[h->given.entries[i].value]);
    if (one > code) code = one;
    told += one != 0;
  }
  for (size_t i = 0; i < mf_image_input_count(h->image) && told < MISTAKES_TOLD; i++) {
    mf_input input = mf_image_input(h->image, i);
    int one = check_required(h, &input);
    if (one > code) code = one;
    told += one != 0;
  }
  return code;
}
