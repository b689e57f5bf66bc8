/* json - JSON by RFC 8259: a scanner with byte spans, a tree, a writer.
 *
 * Integers keep all 64 bits and their kind (5 is an int, 5.0 a double), and
 * every token has its place, which is why users' JSON is read here and not by
 * cJSON.  Strings must be valid UTF-8 after decoding; \uD83D\uDE00 pairs are
 * joined, lone surrogates are errors.  No trailing commas, no comments; a byte
 * order mark is skipped, as the RFC allows. */
#ifndef MF_BASE_JSON_H
#define MF_BASE_JSON_H
#include "span.h"

typedef enum mf_json_kind {
  MF_JSON_NULL,
  MF_JSON_BOOL,
  MF_JSON_INT,
  MF_JSON_UINT,
  MF_JSON_DOUBLE,
  MF_JSON_STRING,
  MF_JSON_LIST,
  MF_JSON_MAP, /* in trees */
  MF_JSON_LIST_OPEN,
  MF_JSON_LIST_CLOSE,
  MF_JSON_MAP_OPEN,
  MF_JSON_MAP_CLOSE,
  MF_JSON_KEY,
  MF_JSON_END,
  MF_JSON_ERROR, /* scanner only */
} mf_json_kind;

/* Pull scanner.  Open, then call next until END or ERROR. */
typedef struct mf_json_scanner {
  mf_str source;
  size_t at;
  mf_arena *arena; /* decoded strings that have escapes */
  uint32_t depth, max_depth;
  uint64_t stack[4]; /* one bit a level: 1 map, 0 list; 256 levels */
  uint8_t state;
  /* The current token. */
  mf_json_kind kind;
  mf_span span;      /* of strings: with the quotes */
  bool escaped;      /* the string had escapes: text is not source bytes */
  mf_str text;       /* STRING, KEY: decoded */
  int64_t i;         /* INT; BOOL 0/1 */
  uint64_t u;        /* UINT: integers above INT64_MAX */
  double d;          /* DOUBLE; also integers that fit in no 64 bits */
  const char *error; /* ERROR: a static sentence */
} mf_json_scanner;
/* max_depth at most 256. */
void mf_json_scan_init(mf_json_scanner *s, mf_arena *arena, mf_str source, uint32_t max_depth);
mf_json_kind mf_json_next(mf_json_scanner *s);

/* Tree. */
typedef struct mf_json mf_json;
struct mf_json {
  mf_json_kind kind;
  mf_span span;
  mf_str key;    /* when a member of a map */
  mf_json *next; /* next element or member */
  union {
    bool b;
    int64_t i;
    uint64_t u;
    double d;
    mf_str s;
    mf_json *first;
  } as;
};
/* Parses all of `source` into the arena; the tree borrows nothing from it.
 * NULL on error: *error (static) and *offset say what and where. */
mf_json *mf_json_parse(mf_arena *arena, mf_str source, const char **error, uint32_t *offset);
/* The member, or NULL (also when `map` is NULL or not a map).  The last of
 * repeated keys wins. */
mf_json *mf_json_get(const mf_json *map, const char *key);
/* Readers with defaults for absent or wrong-kind nodes. */
mf_str mf_json_str(const mf_json *node, const char *fallback);
int64_t mf_json_int(const mf_json *node, int64_t fallback);
double mf_json_double(const mf_json *node, double fallback); /* any number */
bool mf_json_bool(const mf_json *node, bool fallback);

/* What foreign text passes on its way out: text() gives what to write in its
 * place, valid until the next call; name() what a secret is called, NULL if it has
 * no name. */
typedef struct mf_json_filter {
  void *ctx;
  mf_str (*text)(void *ctx, mf_str text);
  const char *(*name)(void *ctx, mf_str text);
} mf_json_filter;

/* Writer: appends to a buffer; commas and colons are its business.  With
 * indent > 0 output is pretty, that many blanks a level.  `filter` (NULL: none)
 * sees every string and every key that is not the program's own. */
typedef struct mf_json_writer {
  mf_buf *out;
  uint32_t depth, indent;
  bool need_comma, after_key;
  const mf_json_filter *filter;
} mf_json_writer;
void mf_json_write_init(mf_json_writer *w, mf_buf *out, uint32_t indent);
void mf_json_open_map(mf_json_writer *w);
void mf_json_close_map(mf_json_writer *w);
void mf_json_open_list(mf_json_writer *w);
void mf_json_close_list(mf_json_writer *w);
/* The program's own word. */
void mf_json_key(mf_json_writer *w, const char *key);
void mf_json_key_str(mf_json_writer *w, mf_str key);
void mf_json_null(mf_json_writer *w);
void mf_json_put_bool(mf_json_writer *w, bool b);
void mf_json_put_int(mf_json_writer *w, int64_t i);
void mf_json_put_uint(mf_json_writer *w, uint64_t u);
/* Doubles keep a point or exponent ("5.0"); NaN and infinities become null. */
void mf_json_put_double(mf_json_writer *w, double d);
/* Invalid UTF-8 is replaced by U+FFFD; control characters are escaped. */
void mf_json_put_str(mf_json_writer *w, mf_str s);
/* The same for the program's own words, which no filter changes. */
void mf_json_put_word(mf_json_writer *w, mf_str word);
/* Text that is JSON already. */
void mf_json_put_raw(mf_json_writer *w, mf_str json);
/* A string literal with quotes, alone. */
void mf_json_quote(mf_buf *out, mf_str s);
#endif
