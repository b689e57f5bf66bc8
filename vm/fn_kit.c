/* SPDX-License-Identifier: MIT */
#include "fn_kit.h"

#include "../base/limits.h"

static uint8_t kind_of_letter(char letter) {
  switch (letter) {
    case 's': return MF_STRING;
    case 'b': return MF_BYTES;
    case 'i': return MF_INT;
    case 'l': return MF_LIST;
    case 'o': return MF_OPTIONAL;
    case 't': return MF_TIMESTAMP;
    case 'a': return MF_IP;
    case 'c': return MF_CIDR;
    default: return MF_UNSET;
  }
}

bool mf_args_are(const mf_value *args, uint32_t n, const char *kinds) {
  for (uint32_t i = 0; i < n; i++)
    if (args[i].kind != kind_of_letter(kinds[i])) return false;
  return true;
}

/* ---- Texts ---- */

/* What growing leaves behind goes with the arena. */
static void *arena_realloc(void *ctx, void *ptr, size_t old_size, size_t new_size) {
  if (new_size == 0) return NULL;
  void *p = mf_arena_get(ctx, new_size);
  size_t kept = old_size < new_size ? old_size : new_size;
  if (p && ptr && kept) memcpy(p, ptr, kept);
  return p;
}

void mf_call_text(mf_call *call, mf_buf *text) {
  mf_alloc alloc = {arena_realloc, call->arena};
  const uint64_t fuel = call->fuel > 0 ? (uint64_t)call->fuel : 1;
  mf_buf_init(text, &alloc, (size_t)(fuel < MF_LIMIT_STRING_BYTES ? fuel : MF_LIMIT_STRING_BYTES));
}

static mf_status why_failed(const mf_buf *text) {
  if (!text->too_large) return MF_OUT_OF_MEMORY;
  return text->max < (size_t)MF_LIMIT_STRING_BYTES ? MF_OUT_OF_FUEL : MF_VALUE_TOO_LARGE;
}

mf_value mf_call_text_done(mf_call *call, const mf_buf *text) {
  if (text->failed) return mf_call_end(call, why_failed(text));
  if (!mf_charge(call, text->n)) return mf_null();
  return text->n ? mf_string(mf_buf_str(text)) : mf_string(MF_STR(""));
}

/* ---- Lists, optionals ---- */

mf_value *mf_call_items(mf_call *call, uint64_t n) {
  if (n > MF_LIMIT_LIST_ELEMENTS) {
    mf_call_end(call, MF_VALUE_TOO_LARGE);
    return NULL;
  }
  return mf_charge(call, n) ? mf_call_get(call, sizeof(mf_value) * (size_t)n) : NULL;
}

mf_value mf_optional_of(mf_call *call, const mf_value *v) {
  mf_value none = {.kind = MF_OPTIONAL};
  if (v == NULL) return none;
  mf_value *kept = mf_call_get(call, sizeof *kept);
  if (kept == NULL) return none;
  *kept = *v;
  return (mf_value){.kind = MF_OPTIONAL, .flags = v->flags & MF_TAINTED, .as.list = kept};
}

/* ---- Sorting ---- */

uint32_t *mf_call_positions(mf_call *call, uint32_t n) {
  uint32_t *order = mf_charge(call, n) ? mf_call_get(call, sizeof *order * n) : NULL;
  for (uint32_t i = 0; order && i < n; i++) order[i] = i;
  return order;
}

/* Merges from[low..middle-1] and from[middle..high-1]. */
static void merge(const uint32_t *from, uint32_t *to, uint32_t low, uint32_t middle, uint32_t high,
                  mf_less less, void *ctx) {
  uint32_t left = low, right = middle;
  for (uint32_t i = low; i < high; i++) {
    bool take_right = left == middle || (right < high && less(ctx, from[right], from[left]));
    to[i] = take_right ? from[right++] : from[left++];
  }
}

/* Bottom up: no recursion, n log n comparisons, whatever the order was. */
bool mf_sort_positions(mf_call *call, uint32_t *order, uint32_t n, mf_less less, void *ctx) {
  uint32_t *other = mf_call_get(call, sizeof *other * n), *from = order;
  if (other == NULL) return false;
  for (uint64_t width = 1; width < n; width *= 2) {
    if (!mf_charge(call, n)) return false;
    for (uint64_t low = 0; low < n; low += 2 * width) {
      uint64_t middle = low + width < n ? low + width : n;
      uint64_t high = middle + width < n ? middle + width : n;
      merge(from, other, (uint32_t)low, (uint32_t)middle, (uint32_t)high, less, ctx);
    }
    uint32_t *swap = from;
    from = other;
    other = swap;
  }
  if (from != order) memcpy(order, from, sizeof *order * n);
  return call->status == MF_OK;
}
