/* SPDX-License-Identifier: MIT */
#include "keys.h"

#include "orchestration.h"

/* Made from keys.def and tags.def by tools/gen_grammar.awk: hash tables with
 * linear probing, and arrays by key or tag. */
typedef struct spelling_row {
  const char *text;
  uint8_t n, rank;
  uint16_t key;
} spelling_row;
typedef struct word_row {
  const char *text;
  uint8_t n;
  uint16_t tag;
} word_row;
#include "key_tables.h"

static const char *const key_spellings[] = {
    "",
#define MF_KEY(NAME, spelling, ...) spelling,
#include "../grammar/keys.def"
#undef MF_KEY
};

static const struct {
  const char *name, *word, *doc;
  uint8_t family;
} tags[] = {
#define MF_TAG(NAME, family, word, doc) {#NAME, word, doc, MF_FAMILY_##family},
#include "../grammar/tags.def"
#undef MF_TAG
};

const char *mf_key_spelling(mf_key key) { return key_spellings[key]; }
mf_family mf_tag_family(mf_tag tag) { return (mf_family)tags[tag].family; }
mf_need mf_key_need(mf_tag tag, mf_key key) { return (mf_need)needs[tag][key]; }
bool mf_tag_accepts(mf_tag tag, mf_key key) { return needs[tag][key] != MF_NEED_NOT; }
bool mf_tag_requires(mf_tag tag, mf_key key) { return needs[tag][key] == MF_NEED_REQUIRED; }
mf_tag mf_rank_tag(uint8_t rank) { return (mf_tag)deciding_tags[rank]; }
uint8_t mf_rank_of_type(void) { return RANK_OF_TYPE; }
uint16_t mf_key_token(mf_key key) { return key_tokens[key] ? key_tokens[key] : MF_TK_KEY; }
uint16_t mf_tag_token(mf_tag tag) { return map_tokens[tag] ? map_tokens[tag] : MF_TK_MAP; }

/* ---- look-up by text ---- */

/* The hash of tools/gen_grammar.awk. */
static uint32_t hash(mf_str s) {
  const unsigned char *p = (const unsigned char *)s.p;
  return (uint32_t)s.n * 7 + p[0] * 31u + p[s.n / 2] * 17u + p[s.n - 1] * 3u;
}

/* No key is longer. */
enum { LONGEST = 48 };

static mf_key_meaning find_snake(mf_str s) {
  if (s.n == 0 || s.n > LONGEST) return (mf_key_meaning){MF_KEY_NONE, 0};
  for (uint32_t i = hash(s) % SPELLINGS; spellings[i].n; i = (i + 1) % SPELLINGS)
    if (spellings[i].n == s.n && memcmp(spellings[i].text, s.p, s.n) == 0)
      return (mf_key_meaning){(mf_key)spellings[i].key, spellings[i].rank};
  return (mf_key_meaning){MF_KEY_NONE, 0};
}

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/* "thenSteps" to "then_steps"; n 0 when it cannot be a key. */
static mf_str snake_of(mf_str camel, char out[2 * LONGEST]) {
  size_t n = 0;
  if (camel.n > LONGEST || is_upper(camel.p[0])) return (mf_str){out, 0};
  for (size_t i = 0; i < camel.n; i++) {
    char c = camel.p[i];
    if (c == '_') return (mf_str){out, 0}; /* then_Steps is neither */
    if (is_upper(c)) out[n++] = '_';
    out[n++] = is_upper(c) ? (char)(c + ('a' - 'A')) : c;
  }
  return (mf_str){out, n};
}

mf_key_meaning mf_key_find(mf_str written) {
  mf_key_meaning found = find_snake(written);
  if (found.key) return found;
  for (size_t i = 0; i < written.n; i++) {
    char text[2 * LONGEST];
    if (is_upper(written.p[i])) return find_snake(snake_of(written, text));
  }
  return found;
}

mf_tag mf_tag_find(mf_str word) {
  if (word.n == 0) return MF_TAG_FREE;
  for (uint32_t i = hash(word) % WORDS; words[i].n; i = (i + 1) % WORDS)
    if (words[i].n == word.n && memcmp(words[i].text, word.p, word.n) == 0)
      return (mf_tag)words[i].tag;
  return MF_TAG_FREE;
}

mf_str mf_tag_near(mf_family family, mf_str word) {
  mf_near near;
  mf_near_init(&near, word);
  for (int t = 0; t < MF_TAG_COUNT; t++)
    if (tags[t].family == family && tags[t].word[0]) mf_near_offer(&near, mf_str_of(tags[t].word));
  return mf_near_best(&near);
}

/* ---- names of tags ---- */

const char *mf_tag_word(mf_tag tag) { return tag_words[tag]; }

static const char *article(const char *noun) { return strchr("aeiou", noun[0]) ? "an" : "a"; }

const char *mf_tag_noun(mf_tag tag, char out[MF_NOUN_BYTES]) {
  static const char *const kinds[] = {"", "", "", " action", " condition", " assertion"};
  const char *word = tags[tag].word, *doc = tags[tag].doc, *colon = strchr(doc, ':');
  if (word[0] == '\0') {
    size_t n = colon ? (size_t)(colon - doc) : strlen(doc);
    memcpy(out, doc, n);
    out[n] = '\0';
    return out;
  }
  const char *const pieces[] = {article(word), " ", word, kinds[tags[tag].family]};
  char *end = out;
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    size_t n = strlen(pieces[i]);
    memcpy(end, pieces[i], n + 1);
    end += n;
  }
  return out;
}

/* ---- what a mapping must have ---- */

mf_key mf_tag_required(mf_tag tag, unsigned n, bool *null_counts) {
  uint16_t key = required[tag][n];
  *null_counts = (key & NULL_COUNTS) != 0;
  return (mf_key)(key & ~NULL_COUNTS);
}

static bool is_default(const char *text, const mf_node *value) {
  int64_t i;
  switch (value->shape) {
    case MF_SHAPE_BOOL: return strcmp(text, value->as.b ? "true" : "false") == 0;
    case MF_SHAPE_INT: return mf_parse_int(mf_str_of(text), &i) && i == value->as.i;
    default: return false;
  }
}

bool mf_key_says_nothing(mf_key key, const mf_node *value) {
  if (value->shape == MF_SHAPE_NULL) return true;
  if (value->shape == MF_SHAPE_LIST || value->shape == MF_SHAPE_MAP) return value->count == 0;
  for (size_t i = 0; i < sizeof says_nothing / sizeof says_nothing[0]; i++)
    if (says_nothing[i].key == key) return is_default(says_nothing[i].value, value);
  return false;
}

bool mf_key_is_condition(mf_key key) { return conditions[key]; }
