/* SPDX-License-Identifier: MIT */
/* Fuzzes opening.  The first byte chooses: with bit 0 the magic, version, size,
 * digest and checksum are put right first, so that what lies behind them is
 * reached; without it the bytes are taken as they are.
 *
 * Law: an image that opens has a listing, and its listing assembles to the same
 * bytes. */
#include "../image/graph.h"
#include "../image/listing.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law) {
  if (!law) abort();
}

static void repair(uint8_t *bytes, size_t n) {
  mf_image_header header;
  if (n < sizeof header) return;
  memcpy(&header, bytes, sizeof header);
  const mf_hash128 sum = mf_hash128_of(bytes + sizeof header, n - sizeof header);
  header = (mf_image_header){MF_IMAGE_MAGIC,       MF_IMAGE_VERSION,  (uint32_t)n,
                             header.section_count, mf_image_digest(), 0,
                             {sum.low, sum.high}};
  memcpy(bytes, &header, sizeof header);
}

static void round_trip(const mf_image *im) {
  const mf_alloc alloc = mf_alloc_default();
  mf_arena arena;
  mf_diags diags;
  mf_buf listing, again;
  mf_arena_init(&arena, &alloc, 0);
  mf_buf_init(&listing, &alloc, 0);
  mf_buf_init(&again, &alloc, 0);
  mf_diags_init(&diags, &arena);
  mf_disassemble(im, (mf_str){NULL, 0}, &listing);
  check(!listing.failed);
  check(mf_assemble(&arena, mf_buf_str(&listing), &diags, &again) == MF_OK);
  check(again.n == im->size && memcmp(again.p, im->bytes, again.n) == 0);
  mf_buf_clear(&listing);
  mf_graph_write(im, MF_GRAPH_DOT, &listing);
  check(!listing.failed);
  for (uint32_t pc = 0; pc < im->code_count && pc < 64; pc++) mf_image_line(im, pc);
  mf_buf_fini(&again);
  mf_buf_fini(&listing);
  mf_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char detail[200];
  mf_image *im = NULL;
  if (size < 1) return 0;
  const size_t n = size - 1;
  uint8_t *bytes = malloc(n ? n : 1);
  if (bytes == NULL) return 0;
  memcpy(bytes, data + 1, n);
  if (data[0] & 1) repair(bytes, n);
  const mf_status status = mf_image_open(NULL, bytes, n, &im, detail, sizeof detail);
  check((status == MF_OK) == (im != NULL));
  check(status == MF_OK || strncmp(mf_status_name(status), "IMAGE_", 6) == 0);
  check(status == MF_OK || detail[0] != '\0');
  if (im) round_trip(im);
  mf_image_close(im);
  free(bytes);
  return 0;
}
