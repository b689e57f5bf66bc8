/* image - the contract between compiler and machine: the .mfc container.
 *
 * Little-endian, position-independent, usable in place.  All numbers are u32
 * unless said.
 *
 *   header   mf_image_header, 48 bytes
 *   sections mf_section rows; ids ascending, offsets ascending and 8-aligned,
 *            gaps zero
 *   content  STRINGS     bytes
 *            STRING_ROWS (offset, length) into STRINGS; each string is followed
 *                        by a NUL that is not counted
 *            CONSTANTS   mf_constant rows; a list's or map's children are
 *                        constants of lower number
 *            CHILDREN    constant numbers: elements of lists, keys and values
 *                        of maps
 *            CODE        instruction words
 *            LINES       mf_line_row, ascending by pc
 *            SOURCE      mf_source_row, one
 *            METADATA    a JSON text
 *            and one section for each table of tables.def
 *
 * A content has one form: strings, children and chunks follow each other in
 * order without holes, chunks cover the code, an empty table has no section.
 * Checking is then one pass, and a listing is enough to make the same bytes.
 *
 * Until version 1.0 an image of a build with another digest is refused. */
#ifndef MF_IMAGE_IMAGE_H
#define MF_IMAGE_IMAGE_H
#include "../base/arena.h"
#include "../base/hash.h"

#define MF_IMAGE_MAGIC 0x1a43464du /* "MFC\x1a" */
#define MF_IMAGE_VERSION 1u
#define MF_ABSENT UINT32_MAX
#define MF_CONSTANT_DEPTH 100u /* nesting of one constant */
#define MF_PREVIOUS 0xffffffu  /* STEP_OR_PREVIOUS: the step before */

typedef struct mf_image_header {
  uint32_t magic, version;
  uint32_t bytes; /* of the whole image */
  uint32_t section_count;
  uint64_t digest;      /* mf_image_digest() of the build that made it */
  uint64_t reserved;    /* 0 */
  uint64_t checksum[2]; /* XXH3-128 (low, high) of all bytes after the header */
} mf_image_header;

typedef struct mf_section {
  uint32_t id, offset, bytes, count;
} mf_section;
typedef struct mf_string_row {
  uint32_t offset, length;
} mf_string_row;
/* kind is an mf_kind.  STRING, BYTES, TYPE: len and string number.  LIST, MAP: len is
 * the number of elements or entries, payload the first child.  TIMESTAMP: len
 * nanoseconds.  Others: payload. */
typedef struct mf_constant {
  uint32_t kind, len;
  uint64_t payload;
} mf_constant;
typedef struct mf_line_row {
  uint32_t pc, offset, length, line, column;
} mf_line_row;
typedef struct mf_source_row {
  uint32_t name, length;
  uint64_t digest[2];
} mf_source_row;

/* Kinds of operands and table fields. */
typedef enum mf_operand_kind {
  MF_OPERAND_NONE,
  MF_OPERAND_WORD,  /* any number */
  MF_OPERAND_COUNT, /* any number; what is popped is bounded by the stack */
  MF_OPERAND_CONST, /* a constant */
  MF_OPERAND_TEXT,  /* a constant that is a string */
  MF_OPERAND_OPT_CONST,
  MF_OPERAND_LABEL,    /* a word of the same chunk where an instruction starts */
  MF_OPERAND_FUNCTION, /* a code of vm/functions.def (its arity fits operand b) */
  MF_OPERAND_STRING,
  MF_OPERAND_OPT_STRING, /* a string number */
  MF_OPERAND_CODE,       /* a word of the code section */
  MF_OPERAND_PURE_CHUNK, /* a chunk of kind pure */
  MF_OPERAND_OPT_PURE_CHUNK,
  MF_OPERAND_STEP_OR_PREVIOUS,
  /* rows of tables */
  MF_OPERAND_SLOT,
  MF_OPERAND_OPT_SLOT,
  MF_OPERAND_STEP,
  MF_OPERAND_OPT_STEP,
  MF_OPERAND_BRANCH,
  MF_OPERAND_REPEAT,
  MF_OPERAND_LINK,
  MF_OPERAND_HOOK,
  MF_OPERAND_ACTION,
  MF_OPERAND_ASSERTION,
  MF_OPERAND_SCENARIO,
  MF_OPERAND_OPT_SCENARIO,
  MF_OPERAND_FAULT,
  MF_OPERAND_METRIC,
  MF_OPERAND_DRIVER,
  MF_OPERAND_GROUP,
  MF_OPERAND_TASK,
  MF_OPERAND_REPORT,
  MF_OPERAND_REQUEST,
  MF_OPERAND_OPT_REQUEST,
  MF_OPERAND_READING,
  /* enumerations and flags of kinds.def */
  MF_OPERAND_CHUNK_KIND,
  MF_OPERAND_SLOT_KIND,
  MF_OPERAND_INPUT_TYPE,
  MF_OPERAND_INPUT_FLAGS,
  MF_OPERAND_FIELD,
  MF_OPERAND_STEP_FLAGS,
  MF_OPERAND_REPEAT_KIND,
  MF_OPERAND_GROUP_MODE,
  MF_OPERAND_HOOK_TYPE,
  MF_OPERAND_ACTION_TYPE,
  MF_OPERAND_ON_ERROR,
  MF_OPERAND_ASSERTION_TYPE,
  MF_OPERAND_ASSERTION_FLAGS,
  MF_OPERAND_METRIC_KIND,
  MF_OPERAND_LEVEL,
  MF_OPERAND_LOOP_KIND,
  MF_OPERAND_RELATION,
  MF_OPERAND_BLOCK,
  MF_OPERAND_REQUEST_FLAGS,
  MF_OPERAND_WATCH_FLAGS,
  MF_OPERAND_AGGREGATE,
  MF_OPERAND_OWNER,
  MF_OPERAND_WATCH_KIND,
} mf_operand_kind;

#define MF_ENUM(type, name, code, word) MF_##type##_##name = code,
enum {
#include "kinds.def"
};
#undef MF_ENUM

typedef enum mf_opcode {
#define MF_OP(name, code, a, b, c, pop, push, flags, synopsis) MF_OP_##name = code,
#include "opcodes.def"
#undef MF_OP
} mf_opcode;

enum {
  MF_OPF_PURE = 1,
  MF_OPF_JUMP = 2,
  MF_OPF_END = 4,
  MF_OPF_EFFECT = 8,
  MF_OPF_ENTER = 16,
  MF_OPF_LEAVE = 32,
  MF_OPF_INSIDE = 64,
  MF_OPF_RAISE = 128
};
enum { MF_POP_N = -1, MF_POP_N2 = -2, MF_POP_NB = -3, MF_POP_N1 = -4, MF_POP_AT = -5 };

typedef struct mf_op_info {
  const char *name;    /* NULL: no such opcode */
  uint8_t operands[3]; /* mf_operand_kind of a, b, c */
  uint8_t words;       /* 1..3 */
  int8_t pop;          /* count or MF_POP_* */
  uint8_t push;
  uint8_t flags;
  const char *synopsis;
} mf_op_info;
extern const mf_op_info mf_op_table[256];

static inline uint32_t mf_word_op(uint32_t word) { return word & 0xff; }
static inline uint32_t mf_word_a(uint32_t word) { return word >> 8; }

/* Tables: ids, row structs and a generic description. */
typedef enum mf_table {
#define MF_TABLE(NAME, name) MF_TABLE_##NAME,
#define MF_FIELD(NAME, field, kind)
#include "tables.def"
#undef MF_TABLE
#undef MF_FIELD
  MF_TABLE_COUNT
} mf_table;

#define MF_MAX_FIELDS 10
typedef struct mf_table_info {
  const char *name; /* "step" */
  uint32_t field_count;
  const char *field_names[MF_MAX_FIELDS];
  uint8_t field_kinds[MF_MAX_FIELDS]; /* mf_operand_kind */
} mf_table_info;
extern const mf_table_info mf_table_infos[MF_TABLE_COUNT];

/* struct mf_row_step and so on: one word a field. */
/* clang-format off */
#define MF_TABLE(NAME, name) typedef struct mf_row_##name mf_row_##name;
#define MF_FIELD(NAME, field, kind)
#include "tables.def"
#undef MF_TABLE
#undef MF_FIELD
#define MF_TABLE(NAME, name) }; struct mf_row_##name {
#define MF_FIELD(NAME, field, kind) uint32_t field;
struct mf_row_none { uint32_t unused;
#include "tables.def"
};
#undef MF_TABLE
#undef MF_FIELD
/* clang-format on */

/* Section ids: the fixed ones, then MF_SECTION_TABLE + mf_table. */
enum {
  MF_SECTION_STRINGS = 1,
  MF_SECTION_STRING_ROWS,
  MF_SECTION_CONSTANTS,
  MF_SECTION_CHILDREN,
  MF_SECTION_CODE,
  MF_SECTION_LINES,
  MF_SECTION_SOURCE,
  MF_SECTION_METADATA,
  MF_SECTION_TABLE = 16
};

/* An opened image: pointers into the caller's bytes, and its constants as
 * values (owned). */
struct mf_image {
  mf_alloc alloc;
  const uint8_t *bytes;
  size_t size;
  const mf_image_header *header;
  const char *strings;
  const mf_string_row *string_rows;
  uint32_t string_count, constant_count, child_count, code_count, line_count;
  const mf_constant *constants;
  const uint32_t *children;
  const uint32_t *code;
  const mf_line_row *lines;
  const mf_source_row *source;
  mf_str metadata;
  const uint32_t *tables[MF_TABLE_COUNT]; /* rows of mf_table_infos[t].field_count words */
  uint32_t table_counts[MF_TABLE_COUNT];
  mf_value *values; /* constants ready for use, constant_count */
  mf_arena arena;   /* lists and maps of `values` */
};

static inline mf_str mf_image_string(const mf_image *im, uint32_t number) {
  mf_str s = {im->strings + im->string_rows[number].offset, im->string_rows[number].length};
  return s;
}
/* The base name of the image's source; n 0 when that is not known. */
static inline mf_str mf_image_source_name(const mf_image *im) {
  bool known = im->source && im->source->name != MF_ABSENT;
  return known ? mf_image_string(im, im->source->name) : (mf_str){"", 0};
}
#define MF_ROWS(im, NAME, name) ((const mf_row_##name *)(const void *)(im)->tables[MF_TABLE_##NAME])
#define MF_ROW_COUNT(im, NAME) ((im)->table_counts[MF_TABLE_##NAME])

/* The digest of this build's opcodes, tables, kinds and functions. */
uint64_t mf_image_digest(void);
/* The word of an enumeration or single flag ("post_step"), NULL if unknown; and
 * back: MF_ABSENT if unknown.  `kind` is one of the enumeration operand kinds. */
const char *mf_enum_word(mf_operand_kind kind, uint32_t code);
uint32_t mf_enum_code(mf_operand_kind kind, mf_str word);
/* The word of a built-in slot, NULL if unknown; and the code of a dotted name. */
const char *mf_builtin_word(uint32_t code);
uint32_t mf_builtin_code(mf_str word);

/* Whether a value of a kind is of a type of inputs (INPUT_TYPE) as it stands. */
bool mf_input_type_has(uint32_t type, uint32_t kind);
/* Whether values of the type have an order: min and max mean something. */
bool mf_input_type_is_ordered(uint32_t type);
/* Whether a row of INPUT is one of a linked document; all that is said of a row. */
bool mf_input_is_linked(const mf_image *image, uint32_t row);
mf_input mf_image_input_row(const mf_image *image, uint32_t row);

/* The number of rows there are of an OWNER; the `id` of one, n 0: it has none. */
uint32_t mf_image_owner_rows(const mf_image *image, uint32_t owner);
mf_str mf_image_id(const mf_image *image, uint32_t owner, uint32_t row);
/* The parts of one of its conditions; NULL: none are known. */
const mf_row_reason *mf_image_reasons(const mf_image *image, uint32_t owner, uint32_t row,
                                      uint32_t number, uint32_t *count);

/* Line map row that covers pc (a code-section word), NULL if none. */
const mf_line_row *mf_image_line(const mf_image *image, uint32_t pc);
/* Code number of a function name and arity (receiver counts as an argument), or
 * MF_ABSENT; and back. */
uint32_t mf_function_code(mf_str name, uint32_t argc);
bool mf_function_arity_ok(uint32_t code, uint32_t argc);
const char *mf_function_name(uint32_t code);
#endif
