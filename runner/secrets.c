/* SPDX-License-Identifier: MIT */
/* The run's secrets: what must not be seen in anything that the run writes. */
#include "../vm/machine.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "../base/limits.h"
#include "../stdlib/driver_kit.h"

/* ---- Where they come from ---- */

static int set_secret(mf_host *h, mf_str name, mf_str text) {
  char slot[512];
  int n = snprintf(slot, sizeof slot, "secrets.%.*s", (int)name.n, name.p);
  if (text.n > MF_LIMIT_SECRET_BYTES)
    return mf_host_refuse(h, 2, "secret '%.*s' has more than %d bytes", (int)name.n, name.p,
                          (int)MF_LIMIT_SECRET_BYTES);
  if (text.n == 0) return mf_host_refuse(h, 2, "secret '%.*s' is empty", (int)name.n, name.p);
  mf_value value = mf_text_or_bytes(text.p, text.n, false);
  mf_status status = mf_vm_set_variable(h->vm, (mf_str){slot, (size_t)n}, &value);
  if (status == MF_OK) return 0;
  return mf_host_refuse(h, 6, "secret '%.*s': %s", (int)name.n, name.p, mf_status_text(status));
}

static int set_from_environment(mf_host *h, mf_str name, const char *variable) {
  const char *text = getenv(variable);
  if (text) return set_secret(h, name, mf_str_of(text));
  return mf_host_refuse(h, 2, "secret '%.*s': the environment variable %s is not set", (int)name.n,
                        name.p, variable);
}

/* The newline that editors put at the end of a file is not part of the secret. */
static mf_str without_newline(mf_str s) {
  if (s.n && s.p[s.n - 1] == '\n') s.n--;
  if (s.n && s.p[s.n - 1] == '\r') s.n--;
  return s;
}

static int set_from_file(mf_host *h, mf_str name, const char *path) {
  char error[256];
  mf_blob file;
  if (mf_blob_read(&h->alloc, path, MF_LIMIT_SECRET_BYTES + 2, &file, error, sizeof error) != MF_OK)
    return mf_host_refuse(h, 2, "secret '%.*s': %s: %s", (int)name.n, name.p, path, error);
  int code = set_secret(h, name, without_newline((mf_str){(const char *)file.p, file.n}));
  mf_blob_free(&file);
  return code;
}

/* Every one that is missing is told. */
int mf_host_read_secrets(mf_host *h) {
  const mf_json *secrets = mf_json_get(h->metadata, "secrets");
  int code = 0;
  if (!secrets || secrets->kind != MF_JSON_MAP) return 0;
  for (const mf_json *s = secrets->as.first; s; s = s->next) {
    mf_str env = mf_json_str(mf_json_get(s, "env"), "");
    mf_str from = env.n ? env : mf_json_str(mf_json_get(s, "file"), "");
    const char *place = mf_arena_copy(&h->arena, from.p, from.n);
    if (place == NULL) return mf_host_refuse(h, 6, "%s", mf_status_text(MF_OUT_OF_MEMORY));
    int one = env.n ? set_from_environment(h, s->key, place) : set_from_file(h, s->key, place);
    if (one > code) code = one;
  }
  return code;
}

/* ---- Keeping them out ---- */

/* All texts in a value.  Values nest as deep as MF_VALUE_DEPTH allows. */
static mf_status hide(mf_host *h, mf_str name, const mf_value *v) {
  mf_status status = MF_OK;
  if (v->kind == MF_STRING || v->kind == MF_BYTES)
    return mf_redactor_add(&h->redactor, name, mf_value_str(*v));
  for (uint32_t i = 0; v->kind == MF_LIST && status == MF_OK && i < v->len; i++)
    status = hide(h, name, &v->as.list[i]);
  for (uint32_t i = 0; v->kind == MF_MAP && status == MF_OK && i < v->len; i++)
    status = hide(h, name, &v->as.map->pairs[i].value);
  return status;
}

/* The value of a slot, or the default that it will get. */
static mf_status hide_slot(mf_host *h, const mf_row_slot *row, const mf_value *v) {
  mf_str name = mf_str_after_dot(mf_image_string(h->image, row->name));
  if (v->kind != MF_UNSET) return v->flags & MF_TAINTED ? hide(h, name, v) : MF_OK;
  if (row->kind != MF_SLOT_KIND_INPUT) return MF_OK;
  mf_input input = mf_image_input_row(h->image, row->arg);
  return input.secret ? hide(h, name, &input.default_value) : MF_OK;
}

mf_status mf_host_hide_secrets(mf_host *h) {
  const mf_row_slot *rows = MF_ROWS(h->image, SLOT, slot);
  mf_status status = MF_OK;
  for (uint32_t i = 0; status == MF_OK && i < MF_ROW_COUNT(h->image, SLOT); i++)
    status = hide_slot(h, &rows[i], &h->vm->slots[i]);
  h->progress.filter = mf_redactor_filter(&h->redactor);
  return status;
}
