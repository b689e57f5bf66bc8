/* SPDX-License-Identifier: MIT */
#include "redact.h"

enum {
  MOST_ROUNDS = 4,         /* of taking escapes away */
  MOST_KEPT = 1024 * 1024, /* bytes of memory kept for the next text */
};

/* A spelling of a secret.  The first MF_REDACT_LEAST bytes choose its chain. */
struct mf_redact_pattern {
  mf_str bytes, shown;
  const char *name;
  uint32_t next; /* position + 1 */
};

/* ---- Finding ---- */

static uint64_t first_bytes(const char *p) {
  uint32_t low;
  uint16_t high;
  memcpy(&low, p, sizeof low);
  memcpy(&high, p + sizeof low, sizeof high);
  return low | (uint64_t)high << 32;
}

static uint32_t hash_of(const char *p) {
  return (uint32_t)(first_bytes(p) * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

/* The longest pattern at p, or one that the text's end cuts off; *n is how much
 * of the text it takes. */
static const mf_redact_pattern *find_at(const mf_redactor *r, const char *p, size_t left,
                                        size_t *n) {
  const mf_redact_pattern *best = NULL;
  uint32_t hash = hash_of(p);
  *n = 0;
  if (!(r->maybe[hash >> 6] >> (hash & 63) & 1)) return NULL;
  for (uint32_t i = r->heads[hash & r->mask]; i; i = r->patterns[i - 1].next) {
    mf_str bytes = r->patterns[i - 1].bytes;
    size_t length = bytes.n < left ? bytes.n : left;
    if (length <= *n || memcmp(bytes.p, p, length) != 0) continue;
    best = &r->patterns[i - 1];
    *n = length;
  }
  return best;
}

static const mf_redact_pattern *find(const mf_redactor *r, mf_str text, size_t from, size_t *at,
                                     size_t *n) {
  for (*at = from; *at + MF_REDACT_LEAST <= text.n; ++*at) {
    const mf_redact_pattern *found = find_at(r, text.p + *at, text.n - *at, n);
    if (found) return found;
  }
  return NULL;
}

/* ---- Taking escapes away ---- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of `digits` hexadecimal digits at p, or -1. */
static int32_t hex_number(const char *p, size_t n, size_t digits) {
  int32_t number = 0;
  if (n < digits) return -1;
  for (size_t i = 0; i < digits; i++) {
    int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    number = number << 4 | digit;
  }
  return number;
}

static size_t decode_unicode(const char *p, size_t n, char *out, size_t *length) {
  int32_t c = hex_number(p + 2, n - 2, 4), low;
  size_t used = 6;
  if (c < 0) return 0;
  if (c >= 0xd800 && c < 0xdc00 && n >= 12 && p[6] == '\\' && p[7] == 'u') {
    low = hex_number(p + 8, n - 8, 4);
    if (low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      used = 12;
    }
  }
  *length = mf_utf8_encode((uint32_t)c, out);
  return *length ? used : 0;
}

/* What the escape at p stands for; 0 if it is none. */
static size_t decode_one(const char *p, size_t n, char *out, size_t *length) {
  static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  *length = 1;
  if (*p == '%') {
    int32_t byte = hex_number(p + 1, n - 1, 2);
    *out = (char)byte;
    return byte < 0 ? 0 : 3;
  }
  if (*p != '\\' || n < 2) return 0;
  if (p[1] == 'u') return decode_unicode(p, n, out, length);
  const char *name = memchr(names, p[1], sizeof names - 1);
  if (!name) return 0;
  *out = meant[name - names];
  return 2;
}

/* A text without its escapes, and where in the original each byte began and
 * ended: spans of one element a byte. */
typedef struct reading {
  char *text;
  size_t n;
  uint32_t *starts, *ends;
} reading;

static bool has_escapes(mf_str text) {
  return memchr(text.p, '%', text.n) || memchr(text.p, '\\', text.n);
}

/* One round; false when nothing was escaped.  out may not be `from`. */
static bool decode(const reading *from, reading *out) {
  bool changed = false;
  size_t n = 0;
  for (size_t i = 0; i < from->n;) {
    char bytes[4];
    size_t length, used = decode_one(from->text + i, from->n - i, bytes, &length);
    changed = changed || used;
    if (!used) bytes[0] = from->text[i], length = used = 1;
    for (size_t k = 0; k < length; k++, n++) {
      out->text[n] = bytes[k];
      out->starts[n] = from->starts[i];
      out->ends[n] = from->ends[i + used - 1];
    }
    i += used;
  }
  out->n = n;
  return changed;
}

/* ---- Replacing ---- */

/* For each byte of the original: position + 1 of the pattern that covers it. */
static void cover(const mf_redactor *r, const reading *in, uint32_t *covered) {
  size_t at, n;
  for (size_t from = 0;; from = at + n) {
    const mf_redact_pattern *found = find(r, (mf_str){in->text, in->n}, from, &at, &n);
    if (!found) return;
    for (uint32_t i = in->starts[at]; i < in->ends[at + n - 1]; i++)
      if (!covered[i]) covered[i] = (uint32_t)(found - r->patterns) + 1;
  }
}

/* Two readings and the cover of a text of n bytes, in one block. */
static bool make_room(mf_redactor *r, size_t n, reading readings[2], uint32_t **covered) {
  size_t words = 5 * n * sizeof(uint32_t);
  mf_buf_clear(&r->decoded);
  if (n > UINT32_MAX / 32 || !mf_buf_reserve(&r->decoded, words + 2 * n + 8)) return false;
  uint32_t *block = (uint32_t *)(void *)r->decoded.p;
  char *text = r->decoded.p + words;
  for (size_t i = 0; i < 2; i++)
    readings[i] = (reading){text + i * n, n, block + 2 * i * n, block + (2 * i + 1) * n};
  *covered = block + 4 * n;
  memset(*covered, 0, n * sizeof **covered);
  return true;
}

static bool cover_all(mf_redactor *r, mf_str text, uint32_t **covered) {
  reading readings[2];
  if (!make_room(r, text.n, readings, covered)) return false;
  memcpy(readings[0].text, text.p, text.n);
  for (uint32_t i = 0; i < text.n; i++) readings[0].starts[i] = i, readings[0].ends[i] = i + 1;
  cover(r, &readings[0], *covered);
  for (unsigned round = 0; round < MOST_ROUNDS; round++) {
    reading *from = &readings[round & 1], *to = &readings[~round & 1];
    if (!decode(from, to)) break;
    cover(r, to, *covered);
  }
  return true;
}

static void write_covered(mf_redactor *r, mf_str text, const uint32_t *covered) {
  mf_buf_clear(&r->text);
  for (size_t i = 0; i < text.n;) {
    size_t from = i;
    while (i < text.n && covered[i] == covered[from]) i++;
    const mf_redact_pattern *found = covered[from] ? &r->patterns[covered[from] - 1] : NULL;
    if (found && !r->first) r->first = found->name;
    if (found)
      mf_buf_add_str(&r->text, found->shown);
    else
      mf_buf_add(&r->text, text.p + from, i - from);
  }
}

mf_str mf_redact(mf_redactor *r, mf_str text) {
  size_t at, n;
  uint32_t *covered;
  if (r->count == 0 || text.n < MF_REDACT_LEAST) return text;
  if (!has_escapes(text) && !find(r, text, 0, &at, &n)) return text;
  if (!cover_all(r, text, &covered)) return MF_STR("<secret>");
  write_covered(r, text, covered);
  if (r->decoded.cap > MOST_KEPT) mf_buf_fini(&r->decoded);
  if (!r->text.failed) return mf_buf_str(&r->text);
  r->text.failed = false;
  return MF_STR("<secret>");
}

const char *mf_redactor_name(mf_redactor *r, mf_str text) {
  r->first = NULL;
  (void)mf_redact(r, text);
  return r->first;
}

/* ---- Adding ---- */

static bool grow(mf_redactor *r) {
  if (r->count < r->cap) return true;
  uint32_t cap = r->cap ? r->cap * 2 : 64;
  mf_redact_pattern *patterns = MF_NEW_ARRAY(&r->arena, mf_redact_pattern, cap);
  uint32_t *heads = MF_NEW_ARRAY(&r->arena, uint32_t, cap);
  if (!r->maybe) r->maybe = MF_NEW_ARRAY(&r->arena, uint64_t, 1024);
  if (!patterns || !heads || !r->maybe) return false;
  if (r->count) memcpy(patterns, r->patterns, r->count * sizeof *patterns);
  r->patterns = patterns;
  r->heads = heads;
  r->cap = cap;
  r->mask = cap - 1;
  for (uint32_t i = 0; i < r->count; i++) {
    uint32_t *head = &heads[hash_of(patterns[i].bytes.p) & r->mask];
    patterns[i].next = *head;
    *head = i + 1;
  }
  return true;
}

/* How a secret is called and shown; the redactor's. */
typedef struct label {
  const char *name;
  mf_str shown;
} label;

/* Keeps `bytes`, which are the redactor's. */
static bool add_pattern(mf_redactor *r, mf_str bytes, const label *as) {
  if (bytes.n < MF_REDACT_LEAST) return true;
  if (!grow(r)) return false;
  uint32_t hash = hash_of(bytes.p), *head = &r->heads[hash & r->mask];
  r->patterns[r->count] = (mf_redact_pattern){bytes, as->shown, as->name, *head};
  *head = ++r->count;
  r->maybe[hash >> 6] |= UINT64_C(1) << (hash & 63);
  return true;
}

/* Forms write a space as '+'. */
static bool add_plus(mf_redactor *r, mf_str secret, const label *as) {
  if (!memchr(secret.p, ' ', secret.n)) return true;
  char *copy = mf_arena_copy(&r->arena, secret.p, secret.n);
  for (size_t i = 0; copy && i < secret.n; i++)
    if (copy[i] == ' ') copy[i] = '+';
  return copy && add_pattern(r, (mf_str){copy, secret.n}, as);
}

/* The characters that only the secret's own bits decide, when it stands `before`
 * (0 to 2) bytes after a multiple of three. */
static mf_str base64_part(mf_redactor *r, mf_str secret, size_t before) {
  size_t n = before + secret.n;
  char *padded = mf_arena_get(&r->arena, n), *text = mf_arena_get(&r->arena, mf_base64_size(n));
  if (!padded || !text) return (mf_str){NULL, 0};
  memset(padded, 0, before);
  memcpy(padded + before, secret.p, secret.n);
  (void)mf_base64_encode((const uint8_t *)padded, n, text);
  size_t from = before ? before + 1 : 0, to = n * 8 / 6;
  return (mf_str){text + from, to - from};
}

static mf_str other_alphabet(mf_redactor *r, mf_str text) {
  char *copy = mf_arena_copy(&r->arena, text.p, text.n);
  for (size_t i = 0; copy && i < text.n; i++)
    copy[i] = (char)(copy[i] == '+' ? '-' : copy[i] == '/' ? '_' : copy[i]);
  return (mf_str){copy, text.n};
}

static bool add_base64(mf_redactor *r, mf_str secret, const label *as) {
  for (size_t before = 0; before < 3; before++) {
    mf_str part = base64_part(r, secret, before);
    if (!part.p || !add_pattern(r, part, as)) return false;
    if (!memchr(part.p, '+', part.n) && !memchr(part.p, '/', part.n)) continue;
    part = other_alphabet(r, part);
    if (!part.p || !add_pattern(r, part, as)) return false;
  }
  return true;
}

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

/* Fit for any place: no quote, bracket or control character. */
static bool make_label(mf_redactor *r, mf_str name, label *as) {
  char *copy = mf_arena_copy(&r->arena, name.p, name.n);
  for (size_t i = 0; copy && i < name.n; i++)
    if (!is_plain(copy[i])) copy[i] = '_';
  as->name = copy;
  as->shown = mf_str_of(mf_arena_printf(&r->arena, "<secret:%s>", copy ? copy : ""));
  return copy && as->shown.n;
}

mf_status mf_redactor_add(mf_redactor *r, mf_str name, mf_str secret) {
  label as;
  if (secret.n < MF_REDACT_LEAST) return MF_OK;
  mf_str own = {mf_arena_copy(&r->arena, secret.p, secret.n), secret.n};
  bool ok = own.p && make_label(r, name, &as) && add_pattern(r, own, &as) &&
            add_plus(r, own, &as) && add_base64(r, own, &as);
  return ok ? MF_OK : MF_OUT_OF_MEMORY;
}

/* ---- The whole ---- */

static mf_str filter_text(void *ctx, mf_str text) { return mf_redact(ctx, text); }
static const char *filter_name(void *ctx, mf_str text) { return mf_redactor_name(ctx, text); }

void mf_redactor_init(mf_redactor *r, const mf_alloc *alloc) {
  *r = (mf_redactor){.filter = {r, filter_text, filter_name}};
  mf_arena_init(&r->arena, alloc, 0);
  mf_buf_init(&r->text, alloc, 0);
  mf_buf_init(&r->decoded, alloc, 0);
}

void mf_redactor_fini(mf_redactor *r) {
  mf_buf_fini(&r->decoded);
  mf_buf_fini(&r->text);
  mf_arena_fini(&r->arena);
}

const mf_json_filter *mf_redactor_filter(const mf_redactor *r) {
  return r->count ? &r->filter : NULL;
}
