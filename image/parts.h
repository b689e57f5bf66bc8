/* parts - what the files of this folder share: the pieces an image is written
 * from, and small readers of code and rows.  Private to image/. */
#ifndef MF_IMAGE_PARTS_H
#define MF_IMAGE_PARTS_H
#include "../base/buffer.h"
#include "../base/limits.h"
#include "../base/text.h"
#include "../base/map.h"
#include "flow.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "images are little-endian and used in place"
#endif

/* The values one constant would have if nothing were shared. */
#define MF_CONSTANT_NODES ((uint32_t)MF_LIMIT_DOCUMENT_BYTES)
#define MF_OPERAND_A_MAX 0xffffffu

/* Arrays that grow by doubling inside an arena (mf_arena_grow).  NULL, and the
 * old array stays, when out of memory; an array that would pass 4 GiB counts as
 * that. */
static inline void *mf_grow(mf_arena *arena, void *old, uint32_t *cap, size_t size) {
  const uint32_t want = *cap ? *cap * 2 : 64;
  const bool too_large = (uint64_t)want * size > UINT32_MAX;
  void *grown = mf_arena_grow(arena, old, *cap * size, too_large ? SIZE_MAX : want * size);
  if (grown) *cap = want;
  return grown;
}
typedef struct mf_words {
  uint32_t *at;
  uint32_t count, cap;
} mf_words;
static inline bool mf_words_push(mf_arena *arena, mf_words *w, uint32_t word) {
  if (w->count == w->cap) {
    uint32_t *grown = mf_grow(arena, w->at, &w->cap, sizeof *w->at);
    if (grown == NULL) return false;
    w->at = grown;
  }
  w->at[w->count++] = word;
  return true;
}

static inline bool mf_words_add(mf_arena *arena, mf_words *w, const uint32_t *words, uint32_t n) {
  while (w->cap - w->count < n) {
    uint32_t *grown = mf_grow(arena, w->at, &w->cap, sizeof *w->at);
    if (grown == NULL) return false;
    w->at = grown;
  }
  if (n) memcpy(w->at + w->count, words, n * sizeof *words);
  w->count += n;
  return true;
}

/* The content of an image before it is laid out.  All borrowed. */
typedef struct mf_parts {
  const mf_str *strings;
  const mf_constant *constants;
  const uint32_t *children, *code;
  const mf_line_row *lines;
  mf_source_row source;
  mf_str metadata;
  const uint32_t *rows[MF_TABLE_COUNT];
  uint32_t row_counts[MF_TABLE_COUNT];
  uint32_t string_count, constant_count, child_count, code_count, line_count;
} mf_parts;

/* Lays the parts out and appends the image.  OUT_OF_MEMORY, IMAGE_TOO_LARGE. */
mf_status mf_parts_write(const mf_parts *parts, mf_buf *out);
/* Opens them without laying them out; copies.  Errors: IMAGE_*, OUT_OF_MEMORY. */
mf_status mf_parts_open(const mf_alloc *alloc, const mf_parts *parts, mf_image **out);
/* Writes the checksum of an image of n >= 48 bytes into its header. */
void mf_image_seal(uint8_t *bytes, size_t n);

/* Section ids up to this are known; and the bytes of one row of a section. */
#define MF_SECTION_LIMIT (MF_SECTION_TABLE + MF_TABLE_COUNT)
uint32_t mf_section_row_bytes(uint32_t id);
static inline bool mf_section_known(uint32_t id) {
  return (id >= MF_SECTION_STRINGS && id <= MF_SECTION_METADATA) ||
         (id >= MF_SECTION_TABLE && id < MF_SECTION_LIMIT);
}

/* Operand i (0 is a) of the instruction at `at`.  An opcode that has c has b. */
static inline uint32_t mf_operand(const uint32_t *at, unsigned i) {
  return i == 0 ? mf_word_a(at[0]) : at[i];
}

/* One more than the largest code of an enumeration, or than the union of its
 * flags; 0 when `kind` is no enumeration.  Codes and flags have no gaps. */
uint32_t mf_enum_limit(mf_operand_kind kind);
/* The same for every kind at once: `limits` (all 0) by kind. */
void mf_enum_limits(uint64_t limits[64]);
bool mf_enum_is_flags(mf_operand_kind kind);
uint32_t mf_builtin_limit(void);
/* Row table of a kind that names rows (OPT_ kinds too), or MF_TABLE_COUNT. */
mf_table mf_operand_table(mf_operand_kind kind);
/* The kind of which an OPT_ kind is the optional form; others unchanged. */
mf_operand_kind mf_operand_base(mf_operand_kind kind);

/* The word of a kind of constant in listings ("int"), NULL if there is none. */
const char *mf_constant_word(uint32_t kind);

/* Constants as values, sharing the values of their children.  `numbers` has len
 * elements, or len keys and values.  UNSET when out of memory; a map is an
 * MF_ERROR when a key is of a wrong kind or repeated. */
mf_value mf_list_constant(mf_arena *arena, const mf_value *values, const uint32_t *numbers,
                          uint32_t len);
mf_value mf_map_constant(mf_arena *arena, const mf_value *values, const uint32_t *numbers,
                         uint32_t len);

/* Whether inputs and their slots name each other, and their constants are of their
 * types.  NULL, or what is wrong with input *row. */
const char *mf_inputs_wrong(const mf_image *image, uint32_t *row);
/* The same of ID. */
const char *mf_ids_wrong(const mf_image *im, uint32_t *row);
/* The same of REASON, whose chunks were found to lie in the code. */
const char *mf_reasons_wrong(const mf_image *im, uint32_t *row);
/* The same for REQUEST, READING and WATCH. */
const char *mf_requests_wrong(const mf_image *image, uint32_t *row);
const char *mf_readings_wrong(const mf_image *image, uint32_t *row);
const char *mf_watches_wrong(const mf_image *image, uint32_t *row);

/* Verifies one chunk: operands, then the flow. */
typedef struct mf_verifier {
  const mf_image *image;
  mf_arena *scratch;
  uint64_t below[64]; /* by operand kind: values under this are in bounds */
  uint32_t bad_pc;    /* on failure: word of the chunk */
  const char *detail; /* on failure: static sentence */
  bool at_chunk;      /* on failure: the sentence is about the whole chunk */
} mf_verifier;
void mf_verifier_init(mf_verifier *v, const mf_image *image, mf_arena *scratch);
/* Whether `value` may stand where `kind` is wanted (not LABEL, not FUNCTION). */
bool mf_field_ok(const mf_verifier *v, mf_operand_kind kind, uint32_t value);
mf_status mf_verify_chunk(mf_verifier *v, const mf_row_chunk *chunk);
/* Bounds of the operands of the instruction at `pc`, whose words are there. */
mf_status mf_verify_operands(mf_verifier *v, const uint32_t *code, uint32_t pc);
/* mf_flow_walk that has its first pass check the operands too: one decoding of
 * the code less. */
mf_status mf_flow_verify(mf_arena *scratch, const uint32_t *code, uint32_t count, bool pure,
                         mf_verifier *verifier, mf_flow *flow);
#endif
