/* listing - images as text and back.
 *
 * The disassembly of an image, assembled again, gives the same bytes
 * (tests/disasm).  Format: docs/assembly.md. */
#ifndef MF_IMAGE_LISTING_H
#define MF_IMAGE_LISTING_H
#include "image.h"
#include "../base/buffer.h"
#include "../base/diag.h"

/* Appends the listing.  `source` (may have n 0) adds the source lines as
 * comments when its digest is the image's. */
void mf_disassemble(const mf_image *image, mf_str source, mf_buf *out);
/* One instruction at `pc` (of the code section), without a newline: for traces. */
void mf_disassemble_one(const mf_image *image, uint32_t pc, mf_buf *out);
/* Assembles text.  Mistakes go to `diags`.  The image is *not* verified, so
 * that tests can make bad ones; directives exist to make every kind of
 * malformed image.  Errors: ASM_INVALID, OUT_OF_MEMORY, TOO_LARGE, IMAGE_TOO_LARGE. */
mf_status mf_assemble(mf_arena *arena, mf_str text, mf_diags *diags, mf_buf *out);
#endif
