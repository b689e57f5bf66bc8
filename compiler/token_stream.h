/* token_stream - the part of the scan that YAML and JSON share.
 *
 * A source reports what it reads (open, key, scalar, close); the stream makes
 * nodes and queues tokens for the grammar.  It knows nothing of contexts, but it
 * - finds what a key means (snake_case, camelCase, alias) and repeated keys,
 * - tags mappings: an opener is queued when a mapping begins and gets its final
 *   kind when the mapping ends, by its `type` or by a deciding key.  Until then
 *   nothing is handed on; the document itself and what hangs directly under it
 *   need no tag, so the queue holds one entry of the document at a time,
 * - bounds depth,
 * - records the tokens of anchored values and replays them. */
#ifndef MF_COMPILER_TOKEN_STREAM_H
#define MF_COMPILER_TOKEN_STREAM_H
#include "document_parser.h"

enum { MF_NAMES_IN_FRAME = 8, MF_KEY_WORDS = (MF_KEY_COUNT + 63) / 64 };

/* One open mapping or list. */
typedef struct mf_frame {
  mf_node *node;
  const mf_member *member; /* the latest key; of lists: the key whose value they are in */
  size_t queue_at;         /* its opener in the queue, while that is there */
  size_t record_at;        /* and in the record, if it is recorded */
  uint32_t serial;
  uint32_t count; /* keys */
  bool is_map, pending, is_document;
  bool want_key;     /* mapping: the next thing is a key */
  bool want_value;   /* mapping: a key was put, its value was not */
  uint8_t key_rank;  /* of the latest key */
  uint8_t rank;      /* lowest of a key with a value that is not null */
  uint16_t type_tag; /* by the value of `type` */
  const mf_member *names[MF_NAMES_IN_FRAME];
  uint64_t seen[MF_KEY_WORDS]; /* keys by meaning */
} mf_frame;

typedef struct mf_token_vector {
  mf_queued *items;
  size_t count, cap;
} mf_token_vector;

typedef struct mf_name_slot {
  const mf_member *member;
  uint32_t serial, hash;
} mf_name_slot;

typedef struct mf_tokens {
  mf_parse_context *context;
  const mf_fixes *fixes;
  mf_frame *frames; /* DOCUMENT_DEPTH of them */
  uint32_t depth;   /* open ones */
  uint32_t pending; /* open ones whose tag is not known yet */
  uint32_t serial;
  mf_token_vector queue, record;
  mf_queued spare;     /* takes what finds no room when memory is out */
  uint32_t recording;  /* open anchors */
  uint32_t hidden;     /* > 0: tokens go to the record only */
  uint64_t put;        /* tokens made in all */
  mf_name_slot *slots; /* names of mappings with many keys, by serial and name */
  size_t slot_count, slot_cap;
  uint32_t last_end;     /* where the latest thing ended */
  bool failed;           /* nothing more can come */
  char *room, *room_end; /* for nodes and members */
  mf_node *free_nodes;   /* given back by the grammar, by `next` */
  mf_member *free_members;
} mf_tokens;

bool mf_tokens_init(mf_tokens *t, mf_parse_context *context, const mf_fixes *fixes);
static inline mf_frame *mf_tokens_top(mf_tokens *t) {
  return t->depth ? &t->frames[t->depth - 1] : NULL;
}
static inline bool mf_tokens_wants_key(mf_tokens *t) {
  return t->depth && t->frames[t->depth - 1].want_key;
}

/* Nodes and members are most of what a document is, and touching fresh memory
 * for them most of what it costs: they are cut from pieces of the arena in line,
 * and those that the tree does not need are used again.  NULL (and `failed`)
 * when out of memory. */
void *mf_tokens_room_slow(mf_tokens *t, size_t size);
static inline void *mf_tokens_room(mf_tokens *t, size_t size) {
  if ((size_t)(t->room_end - t->room) < size) return mf_tokens_room_slow(t, size);
  void *p = t->room;
  t->room += size;
  return p;
}
static inline mf_member *mf_tokens_member(mf_tokens *t) {
  mf_member *member = t->free_members;
  if (member == NULL) return mf_tokens_room(t, sizeof *member);
  t->free_members = member->next;
  return member;
}
static inline mf_node *mf_tokens_node(mf_tokens *t, mf_shape shape, mf_span span) {
  mf_node *node = t->free_nodes;
  if (node)
    t->free_nodes = node->next;
  else
    node = mf_tokens_room(t, sizeof *node);
  if (node) *node = (mf_node){.shape = (uint8_t)shape, .span = span};
  return node;
}
/* Takes back a member with its scalar, which are in no tree. */
void mf_tokens_recycle(mf_tokens *t, mf_member *member, mf_node *value);
/* False (and `failed`) when it is too deep. */
bool mf_tokens_open(mf_tokens *t, bool is_map, mf_span span);
/* `flags` of the member.  Returns it, for look-ups; NULL when out of memory. */
mf_member *mf_tokens_key(mf_tokens *t, mf_str name, mf_span span, uint32_t flags);
/* Has the open mapping a key of this spelling? */
bool mf_tokens_has(mf_tokens *t, mf_str name);
void mf_tokens_scalar(mf_tokens *t, mf_node *node);
/* The open mapping or list ends at this offset. */
void mf_tokens_close(mf_tokens *t, uint32_t end);
/* Takes an open mapping back, with all that is in it: it is a BAD value. */
void mf_tokens_retract(mf_tokens *t);
/* Closes everything quietly and sets `failed`. */
void mf_tokens_abandon(mf_tokens *t);
/* Replays recorded tokens as the next value, which stands at `place` (length 0:
 * where it was recorded).  False when that is too deep. */
bool mf_tokens_replay(mf_tokens *t, size_t begin, size_t end, mf_span place);
/* The index behind the value that begins at `at` in the record. */
size_t mf_tokens_value_end(const mf_tokens *t, size_t at);
/* What is recorded between these two is no part of what it stands in (the
 * sources of a merge, the anchors of keys).  A hole is one token of kind 0 that
 * says how long it is. */
size_t mf_tokens_hole_begin(mf_tokens *t);
void mf_tokens_hole_end(mf_tokens *t, size_t hole);
/* The first index from `at` on that is in no hole. */
size_t mf_tokens_behind_holes(const mf_tokens *t, size_t at);

/* How many tokens may be fed now, from queue.items[0] on.  Openers that nothing
 * follows yet are held back: a source may still retract them, and the first key
 * decides what the root is. */
static inline size_t mf_tokens_ready(const mf_tokens *t) {
  size_t n = t->queue.count;
  if (t->pending && !t->failed) return 0;
  return n && t->queue.items[n - 1].nesting > 0 ? n - 1 : n;
}
/* Forgets them. */
void mf_tokens_fed(mf_tokens *t, size_t n);
#endif
