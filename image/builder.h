/* builder - makes an image: the compiler's emitter stands on it.  (The assembler
 * does not: it has to make bad images too.)  The same calls in the same order
 * give the same bytes.
 *
 * Memory from the arena given at init; out of memory is sticky and reported by
 * mf_builder_finish. */
#ifndef MF_IMAGE_BUILDER_H
#define MF_IMAGE_BUILDER_H
#include "image.h"
#include "../base/buffer.h"
#include "../base/map.h"

typedef struct mf_builder mf_builder;
mf_builder *mf_builder_new(mf_arena *arena); /* NULL when out of memory */

/* Interned: equal strings and equal constants (same kind and value, deep) get
 * one number. */
uint32_t mf_builder_string(mf_builder *b, mf_str s);
uint32_t mf_builder_constant(mf_builder *b, const mf_value *v);
/* The constant that is this string. */
uint32_t mf_builder_string_constant(mf_builder *b, uint32_t number);
/* The text of a string added before, borrowed. */
mf_str mf_builder_string_get(const mf_builder *b, uint32_t number);
/* The value of a constant added before, borrowed. */
const mf_value *mf_builder_constant_value(const mf_builder *b, uint32_t number);

/* Appends a row (field_count words); returns its number. */
uint32_t mf_builder_row(mf_builder *b, mf_table table, const uint32_t *fields);
uint32_t mf_builder_row_count(const mf_builder *b, mf_table table);
/* Reads or changes a field of a row added before. */
uint32_t *mf_builder_row_get(mf_builder *b, mf_table table, uint32_t row);

/* Code of one chunk at a time.  Labels belong to the open chunk. */
void mf_builder_chunk_begin(mf_builder *b, mf_str name, uint32_t chunk_kind);
/* Ends the chunk, resolves labels, walks it, adds the CHUNK row; its number.
 * On failure MF_ABSENT (the reason is kept for mf_builder_finish). */
uint32_t mf_builder_chunk_end(mf_builder *b);
/* A pure chunk while another is open: its code and its row come behind those of the
 * open one.  Only one at a time, in the first chunk of an image; it has labels of its
 * own and no places.  Its end gives its number; false: it is dropped. */
void mf_builder_aside_begin(mf_builder *b, mf_str name);
uint32_t mf_builder_aside_end(mf_builder *b, bool keep);
uint32_t mf_builder_label(mf_builder *b);
void mf_builder_place(mf_builder *b, uint32_t label);
/* Operands of kind LABEL take label numbers; operands that the opcode does not
 * have must be 0. */
void mf_builder_emit(mf_builder *b, mf_opcode op, uint32_t a, uint32_t op_b, uint32_t op_c);
/* Words emitted in the open chunk so far (for peepholes and tests). */
uint32_t mf_builder_pc(const mf_builder *b);
/* The instructions that follow come from this place (until the next call).  A part
 * of the place before, on the same line, adds nothing: lines are what people look
 * for, and each row costs 20 bytes. */
void mf_builder_line(mf_builder *b, uint32_t offset, uint32_t length, uint32_t line,
                     uint32_t column);

void mf_builder_source(mf_builder *b, mf_str base_name, uint32_t length, mf_hash128 digest);
void mf_builder_metadata(mf_builder *b, mf_str json);

/* Writes the image.  Errors: OUT_OF_MEMORY, IMAGE_TOO_LARGE, or the IMAGE_*
 * status of the first bad chunk, with `detail` (may be NULL) explaining. */
mf_status mf_builder_finish(mf_builder *b, mf_buf *out, char *detail, size_t detail_size);
/* The same as an opened image in memory, which never was bytes; nothing in it is
 * the builder's.  For code that is used at once and kept nowhere. */
mf_status mf_builder_open(mf_builder *b, const mf_alloc *alloc, mf_image **out);
#endif
