/* keys - what keys.def and tags.def say, as look-ups. */
#ifndef MF_COMPILER_KEYS_H
#define MF_COMPILER_KEYS_H
#include "ast.h"

typedef enum mf_need { MF_NEED_NOT, MF_NEED_OPTIONAL, MF_NEED_REQUIRED, MF_NEED_LATER } mf_need;
mf_need mf_key_need(mf_tag tag, mf_key key);

/* What a key as written means: canonical spelling, alias, or camelCase of one.
 * `rank` is that of its MF_DECIDES row, 0 if it decides nothing: of two that
 * decide, the lower one wins.  KEY_NONE when it is no key of the language. */
typedef struct mf_key_meaning {
  mf_key key;
  uint8_t rank;
} mf_key_meaning;
mf_key_meaning mf_key_find(mf_str written);
/* The tag a rank decides for; 0 for the rank of `type`. */
mf_tag mf_rank_tag(uint8_t rank);
uint8_t mf_rank_of_type(void);
/* The tag of a `type` word; MF_TAG_FREE when there is none. */
mf_tag mf_tag_find(mf_str word);

typedef enum mf_family {
  MF_FAMILY_SHAPE,
  MF_FAMILY_ROOT,
  MF_FAMILY_ENTRY,
  MF_FAMILY_ACTION,
  MF_FAMILY_CONDITION,
  MF_FAMILY_ASSERTION,
} mf_family;
mf_family mf_tag_family(mf_tag tag);
/* The nearest word of a family for a mistyped one; n 0 if none is near. */
mf_str mf_tag_near(mf_family family, mf_str word);
/* "a step", "an assert action": for messages.  `out` needs MF_NOUN_BYTES. */
enum { MF_NOUN_BYTES = 96 };
const char *mf_tag_noun(mf_tag tag, char out[MF_NOUN_BYTES]);

/* The n-th key that the mapping must have, MF_KEY_NONE behind the last;
 * *null_counts: null is a value of it. */
mf_key mf_tag_required(mf_tag tag, unsigned n, bool *null_counts);
/* Does a LATER key with this value say what is so anyway? */
bool mf_key_says_nothing(mf_key key, const mf_node *value);

/* Terminals of the grammar. */
uint16_t mf_key_token(mf_key key);
uint16_t mf_tag_token(mf_tag tag);
/* Is its value a condition: may a mapping under it be told by its `type`? */
bool mf_key_is_condition(mf_key key);
#endif
