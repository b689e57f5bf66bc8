/* image_kit - assembling and opening in tests. */
#ifndef MF_TESTS_IMAGE_KIT_H
#define MF_TESTS_IMAGE_KIT_H
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../image/builder.h"
#include "../../image/listing.h"
#include "../../image/parts.h"

/* An assembled text: its bytes, its diagnostics as text, and what opening came to. */
typedef struct kit {
  mf_arena arena;
  mf_buf image, messages;
  mf_image *open;
  mf_status assembled, opened;
  char detail[256];
} kit;

static inline void kit_assemble(kit *k, mf_str text) {
  mf_alloc alloc = mf_alloc_default();
  mf_diags diags;
  mf_lines lines;
  *k = (kit){.open = NULL};
  mf_arena_init(&k->arena, &alloc, 0);
  mf_buf_init(&k->image, &alloc, 0);
  mf_buf_init(&k->messages, &alloc, 0);
  mf_diags_init(&diags, &k->arena);
  k->assembled = mf_assemble(&k->arena, text, &diags, &k->image);
  ck_assert(mf_lines_init(&lines, &k->arena, text));
  for (uint32_t i = 0; i < diags.count; i++)
    mf_diag_write_text(&k->messages, "t.mfs", &lines, &diags.items[i]);
  if (k->messages.p == NULL) mf_buf_puts(&k->messages, "");
}

static inline void kit_open(kit *k) {
  mf_image_close(k->open);
  k->opened = mf_image_open(NULL, (const uint8_t *)k->image.p, k->image.n, &k->open, k->detail,
                            sizeof k->detail);
  ck_assert((k->open != NULL) == (k->opened == MF_OK));
}

/* Assembles what must assemble, and opens it. */
static inline void kit_make(kit *k, mf_str text) {
  kit_assemble(k, text);
  ck_assert_msg(k->assembled == MF_OK, "%s", k->messages.p);
  kit_open(k);
}

static inline void kit_free(kit *k) {
  mf_image_close(k->open);
  mf_buf_fini(&k->image);
  mf_buf_fini(&k->messages);
  mf_arena_fini(&k->arena);
}

/* The listing of an opened image, assembled again, gives the same bytes. */
static inline void kit_round_trip(kit *k) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf listing;
  kit again;
  mf_buf_init(&listing, &alloc, 0);
  mf_disassemble(k->open, (mf_str){NULL, 0}, &listing);
  kit_assemble(&again, (mf_str){listing.p, listing.n});
  ck_assert_msg(again.assembled == MF_OK, "%s", again.messages.p);
  ck_assert_msg(again.image.n == k->image.n && !memcmp(again.image.p, k->image.p, k->image.n),
                "other bytes after\n%s", listing.p);
  kit_free(&again);
  mf_buf_fini(&listing);
}
#endif
