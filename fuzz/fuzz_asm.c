/* SPDX-License-Identifier: MIT */
/* Fuzzes the assembler, and the verifier behind it with what it makes.
 *
 * Laws: a text either assembles or has a message; and the listing of an image
 * that opens assembles to the same bytes. */
#include "../image/listing.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static mf_status assemble(mf_str text, mf_buf *out, uint32_t *messages) {
  const mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_diags diags;
  mf_arena_init(&arena, &alloc, 0);
  mf_diags_init(&diags, &arena);
  const mf_status status = mf_assemble(&arena, text, &diags, out);
  *messages = diags.errors;
  mf_arena_fini(&arena);
  return status;
}

static void round_trip(const mf_image *im) {
  const mf_alloc alloc = mf_alloc_default();
  uint32_t messages;
  mf_buf listing, again;
  mf_buf_init(&listing, &alloc, 0);
  mf_buf_init(&again, &alloc, 0);
  mf_disassemble(im, (mf_str){NULL, 0}, &listing);
  check(assemble(mf_buf_str(&listing), &again, &messages) == MF_OK);
  check(again.n == im->size && memcmp(again.p, im->bytes, again.n) == 0);
  mf_buf_fini(&again);
  mf_buf_fini(&listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const mf_alloc alloc = mf_alloc_default();
  uint32_t messages;
  mf_buf out;
  mf_image *im = NULL;
  mf_buf_init(&out, &alloc, 1 << 20); /* .truncate may ask for much */
  const mf_status status = assemble((mf_str){(const char *)data, size}, &out, &messages);
  check((status == MF_ASM_INVALID) == (messages > 0));
  if (status == MF_OK) {
    char detail[200];
    const mf_status opened = mf_image_open(NULL, (const uint8_t *)out.p, out.n, &im, detail,
                                           sizeof detail);
    check(opened == MF_OK || detail[0] != '\0');
    if (im) round_trip(im);
  }
  mf_image_close(im);
  mf_buf_fini(&out);
  return 0;
}
