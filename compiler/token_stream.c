/* SPDX-License-Identifier: MIT */
#include "token_stream.h"

#include "../base/limits.h"
#include "orchestration.h"

bool mf_tokens_init(mf_tokens *t, mf_parse_context *context, const mf_fixes *fixes) {
  *t = (mf_tokens){.context = context, .fixes = fixes};
  t->frames = mf_arena_get(context->arena, sizeof *t->frames * MF_LIMIT_DOCUMENT_DEPTH);
  return t->frames != NULL;
}

void *mf_tokens_room_slow(mf_tokens *t, size_t size) {
  enum { PIECE = 4000 };
  t->room = mf_arena_get(t->context->arena, PIECE);
  t->room_end = t->room ? t->room + PIECE : NULL;
  if (t->room) return mf_tokens_room(t, size);
  t->failed = true;
  return NULL;
}

/* What is recorded may be replayed. */
void mf_tokens_recycle(mf_tokens *t, mf_member *member, mf_node *value) {
  if (t->record.count) return;
  member->next = t->free_members;
  t->free_members = member;
  value->next = t->free_nodes;
  t->free_nodes = value;
}

/* ---- queue and record ---- */

static mf_queued *push_slow(mf_tokens *t, mf_token_vector *v) {
  size_t cap = v->cap ? v->cap * 2 : 64;
  mf_queued *items = mf_arena_get(t->context->arena, sizeof *items * cap);
  if (items == NULL) {
    t->failed = true;
    return &t->spare;
  }
  if (v->count) memcpy(items, v->items, sizeof *items * v->count);
  v->items = items;
  v->cap = cap;
  return &v->items[v->count++];
}

static inline mf_queued *push(mf_tokens *t, mf_token_vector *v) {
  return v->count < v->cap ? &v->items[v->count++] : push_slow(t, v);
}

/* Tokens are written field by field where they will be read: put together
 * elsewhere and copied, they would wait for their own small stores. */
static inline void put(mf_tokens *t, uint16_t kind, int8_t nesting, mf_token token,
                       const mf_member *owner, bool element) {
  mf_queued *q = t->hidden ? push(t, &t->record) : push(t, &t->queue);
  t->put++;
  q->token = token;
  q->owner = owner;
  q->kind = kind;
  q->nesting = nesting;
  q->element = element;
  if (t->recording && !t->hidden) *push(t, &t->record) = *q;
}

/* A value in the open mapping or list. */
static inline void put_value(mf_tokens *t, uint16_t kind, int8_t nesting, mf_node *node) {
  const mf_frame *f = mf_tokens_top(t);
  put(t, kind, nesting, (mf_token){.node = node}, f ? f->member : NULL, f && !f->is_map);
}

void mf_tokens_fed(mf_tokens *t, size_t n) {
  mf_token_vector *q = &t->queue;
  if (q->count > n) {
    q->items[0] = q->items[q->count - 1];
    mf_tokens_top(t)->queue_at = 0;
  }
  q->count -= n;
}

/* ---- keys ---- */

static uint32_t name_hash(mf_str name, uint32_t serial) {
  return (uint32_t)mf_str_hash(name) ^ serial * UINT32_C(0x9E3779B1);
}

static mf_name_slot *find_slot(mf_name_slot *slots, size_t cap, mf_str name, uint32_t serial,
                               uint32_t hash) {
  for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
    mf_name_slot *slot = &slots[i];
    if (slot->member == NULL) return slot;
    if (slot->hash == hash && slot->serial == serial && mf_str_eq(slot->member->name, name))
      return slot;
  }
}

static bool grow_slots(mf_tokens *t) {
  size_t cap = t->slot_cap ? t->slot_cap * 2 : 256;
  mf_name_slot *slots = MF_NEW_ARRAY(t->context->arena, mf_name_slot, cap);
  if (slots == NULL) return false;
  for (size_t i = 0; i < t->slot_cap; i++) {
    const mf_name_slot *old = &t->slots[i];
    if (old->member) *find_slot(slots, cap, old->member->name, old->serial, old->hash) = *old;
  }
  t->slots = slots;
  t->slot_cap = cap;
  return true;
}

static void remember_in_table(mf_tokens *t, const mf_frame *f, const mf_member *member) {
  if (t->slot_count * 2 >= t->slot_cap && !grow_slots(t)) {
    t->failed = true;
    return;
  }
  uint32_t hash = name_hash(member->name, f->serial);
  mf_name_slot *slot = find_slot(t->slots, t->slot_cap, member->name, f->serial, hash);
  if (slot->member == NULL) t->slot_count++;
  *slot = (mf_name_slot){member, f->serial, hash};
}

/* Small mappings are compared one by one, larger ones move to the table. */
static void remember(mf_tokens *t, mf_frame *f, const mf_member *member) {
  if (f->count < MF_NAMES_IN_FRAME) {
    f->names[f->count++] = member;
    return;
  }
  if (f->count == MF_NAMES_IN_FRAME)
    for (unsigned i = 0; i < MF_NAMES_IN_FRAME; i++) remember_in_table(t, f, f->names[i]);
  f->count++;
  remember_in_table(t, f, member);
}

static bool has_name(mf_tokens *t, const mf_frame *f, mf_str name) {
  if (f->count > MF_NAMES_IN_FRAME)
    return find_slot(t->slots, t->slot_cap, name, f->serial, name_hash(name, f->serial))->member;
  for (uint32_t i = 0; i < f->count; i++)
    if (mf_str_eq(f->names[i]->name, name)) return true;
  return false;
}

bool mf_tokens_has(mf_tokens *t, mf_str name) { return has_name(t, mf_tokens_top(t), name); }

/* Flags of a key that repeats one of its mapping.  Two spellings of one key are
 * the same only where it is a key of the language: the grammar knows that. */
static uint32_t repetition(mf_tokens *t, mf_frame *f, const mf_member *member) {
  uint32_t flags = 0;
  if (member->key) {
    uint64_t bit = UINT64_C(1) << member->key % 64, *word = &f->seen[member->key / 64];
    if (!(*word & bit)) {
      *word |= bit;
      return 0;
    }
    flags = MF_MEMBER_AGAIN;
  }
  if (!has_name(t, f, member->name)) return flags;
  mf_diag_add(t->context->diags, MF_E_DUPLICATE_KEY, member->key_span, (int)member->name.n,
              member->name.p);
  return flags | MF_MEMBER_DROP;
}

static void check_length(mf_tokens *t, mf_member *member) {
  if (member->name.n <= MF_LIMIT_KEY_BYTES) return;
  mf_diag_add(t->context->diags, MF_E_KEY_TOO_LONG, member->key_span, "1024");
  member->flags |= MF_MEMBER_DROP;
}

static mf_key_meaning meaning_of(const mf_tokens *t, mf_str name, mf_span span) {
  if (t->fixes->count) {
    const mf_fix *fix = mf_fix_find(t->fixes, span.offset);
    if (fix) return mf_key_find(mf_str_of(mf_key_spelling(fix->key)));
  }
  return mf_key_find(name);
}

/* The root is the orchestration, or a wrapper around it. */
static void tell_root(mf_tokens *t, const mf_frame *f, mf_key first) {
  mf_tag tag = first == MF_KEY_ORCHESTRATION ? MF_TAG_WRAPPER : MF_TAG_DOCUMENT;
  bool manifest = first == MF_KEY_API_VERSION || first == MF_KEY_KIND || first == MF_KEY_METADATA ||
                  first == MF_KEY_SPEC;
  if (manifest) tag = MF_TAG_MANIFEST;
  if (t->context->values) tag = MF_TAG_VALUES;
  if (f->queue_at < t->queue.count) t->queue.items[f->queue_at].kind = mf_tag_token(tag);
}

mf_member *mf_tokens_key(mf_tokens *t, mf_str name, mf_span span, uint32_t flags) {
  mf_frame *f = mf_tokens_top(t);
  mf_member *member = mf_tokens_member(t);
  if (member == NULL) return NULL;
  mf_key_meaning meaning = meaning_of(t, name, span);
  *member = (mf_member){.key = meaning.key, .flags = flags, .key_span = span, .name = name};
  check_length(t, member);
  member->flags |= repetition(t, f, member);
  if (t->depth == 1 && f->count == 0) tell_root(t, f, meaning.key);
  remember(t, f, member);
  f->member = member;
  f->key_rank = meaning.rank;
  f->want_key = false;
  f->want_value = true;
  t->last_end = span.offset + span.length;
  put(t, mf_key_token(meaning.key), 0, (mf_token){.member = member}, member, false);
  return member;
}

/* ---- values ---- */

static mf_tag tag_of_type(const mf_tokens *t, const mf_node *type) {
  const mf_fix *fix = t->fixes->count ? mf_fix_find(t->fixes, type->span.offset) : NULL;
  if (fix) return fix->tag;
  return type->shape == MF_SHAPE_TEXT ? mf_tag_find(mf_node_text(type)) : MF_TAG_FREE;
}

/* The open mapping or list gets a value. */
static void note_value(mf_tokens *t, const mf_node *value) {
  mf_frame *f = mf_tokens_top(t);
  if (f == NULL || !f->is_map) return;
  f->want_key = true;
  f->want_value = false;
  if (f->key_rank == 0 || value->shape == MF_SHAPE_NULL) return;
  if (f->key_rank == mf_rank_of_type()) f->type_tag = (uint16_t)tag_of_type(t, value);
  if (f->rank == 0 || f->key_rank < f->rank) f->rank = f->key_rank;
}

static uint16_t text_kind(mf_node *node) {
  const char *p = node->as.text.p;
  size_t n = node->as.text.n;
  int64_t ns;
  if (n == 0) return MF_TK_STRING;
  const char *brace = memchr(p, '{', n);
  for (; brace; brace = memchr(brace + 1, '{', (size_t)(p + n - brace - 1)))
    if ((brace > p && brace[-1] == '$') || (brace + 1 < p + n && brace[1] == '{')) {
      node->flags |= MF_NODE_INTERPOLATED;
      bool whole = brace <= p + 1 && p[n - 1] == '}' && (p[0] == '{' || p[0] == '$');
      return whole ? MF_TK_INTERPOLATION : MF_TK_STRING;
    }
  bool numeric = (p[0] >= '0' && p[0] <= '9') || p[0] == '-' || p[0] == '+' || p[0] == '.';
  return numeric && mf_parse_duration(mf_node_text(node), &ns) ? MF_TK_DURATION : MF_TK_STRING;
}

static uint16_t scalar_kind(mf_node *node) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_NULL: return MF_TK_NIL;
    case MF_SHAPE_BOOL: return MF_TK_BOOL;
    case MF_SHAPE_INT:
    case MF_SHAPE_UINT: return MF_TK_INT;
    case MF_SHAPE_DOUBLE: return MF_TK_DOUBLE;
    case MF_SHAPE_TEXT: return text_kind(node);
    case MF_SHAPE_LIST:
    case MF_SHAPE_MAP:
    case MF_SHAPE_BAD: break;
  }
  return MF_TK_BAD;
}

void mf_tokens_scalar(mf_tokens *t, mf_node *node) {
  note_value(t, node);
  t->last_end = node->span.offset + node->span.length;
  put_value(t, scalar_kind(node), 0, node);
}

/* ---- mappings and lists ---- */

/* The document is not tagged, nor is what hangs directly under it, except for
 * conditions. */
static bool is_document(const mf_tokens *t, const mf_frame *parent) {
  if (parent == NULL) return true;
  bool wrapped = parent->member && (parent->member->key == MF_KEY_SPEC ||
                                    parent->member->key == MF_KEY_ORCHESTRATION);
  return t->depth == 1 && parent->is_map && wrapped;
}

static bool needs_tag(const mf_frame *parent) {
  return !parent->is_document || !parent->is_map ||
         (parent->member && mf_key_is_condition(parent->member->key));
}

/* Field by field: `names` is large, and only its first `count` are looked at. */
static inline void begin_frame(mf_tokens *t, mf_frame *f, const mf_frame *parent, mf_node *node) {
  bool is_map = node->shape == MF_SHAPE_MAP;
  f->node = node;
  f->member = is_map || !parent ? NULL : parent->member;
  f->queue_at = t->queue.count;
  f->record_at = t->record.count;
  f->serial = ++t->serial;
  f->count = 0;
  f->is_map = f->want_key = is_map;
  f->want_value = false;
  f->is_document = is_map && is_document(t, parent);
  /* What is recorded may be used anywhere. */
  f->pending = is_map && !f->is_document && (t->recording || needs_tag(parent));
  f->key_rank = f->rank = 0;
  f->type_tag = MF_TAG_FREE;
  if (is_map) memset(f->seen, 0, sizeof f->seen);
}

bool mf_tokens_open(mf_tokens *t, bool is_map, mf_span span) {
  if (t->depth == MF_LIMIT_DOCUMENT_DEPTH) {
    mf_diag_add(t->context->diags, MF_E_TOO_DEEP, span, "100");
    t->failed = true;
    return false;
  }
  mf_node *node = mf_tokens_node(t, is_map ? MF_SHAPE_MAP : MF_SHAPE_LIST, span);
  if (node == NULL) return false;
  note_value(t, node);
  mf_frame *parent = mf_tokens_top(t), *f = &t->frames[t->depth];
  begin_frame(t, f, parent, node);
  t->pending += f->pending;
  put_value(t, is_map ? MF_TK_MAP : MF_TK_LIST, 1, node);
  t->depth++;
  t->last_end = span.offset + span.length;
  return true;
}

static uint16_t kind_of_map(const mf_tokens *t, const mf_frame *f) {
  const mf_frame *parent = t->depth > 1 ? f - 1 : NULL;
  bool conditional = parent && !parent->is_map && parent->member &&
                     parent->member->key == MF_KEY_CONDITIONAL_STEPS;
  if (conditional) return mf_tag_token(MF_TAG_CONDITIONAL);
  if (f->rank == 0) return MF_TK_MAP;
  if (f->rank != mf_rank_of_type()) return mf_tag_token(mf_rank_tag(f->rank));
  return f->type_tag == MF_TAG_FREE ? MF_TK_TYPED_MAP : mf_tag_token((mf_tag)f->type_tag);
}

static void tag_map(mf_tokens *t, const mf_frame *f) {
  uint16_t kind = kind_of_map(t, f);
  if (t->recording) t->record.items[f->record_at].kind = kind;
  if (!t->hidden) t->queue.items[f->queue_at].kind = kind;
}

void mf_tokens_close(mf_tokens *t, uint32_t end) {
  mf_frame *f = mf_tokens_top(t);
  if (f->pending && !t->failed) tag_map(t, f);
  if (end > f->node->span.offset) f->node->span.length = end - f->node->span.offset;
  t->pending -= f->pending;
  t->depth--;
  t->last_end = end;
  /* Its last element may be judged only when this comes. */
  const mf_member *owner = f->is_map ? NULL : f->member;
  put(t, MF_TK_END, -1, (mf_token){.node = f->node}, owner, false);
}

void mf_tokens_retract(mf_tokens *t) {
  mf_frame *f = mf_tokens_top(t);
  if (t->recording) t->record.count = f->record_at;
  if (!t->hidden) t->queue.count = f->queue_at;
  t->pending -= f->pending;
  t->depth--;
  f->node->shape = MF_SHAPE_BAD;
  mf_tokens_scalar(t, f->node);
}

void mf_tokens_abandon(mf_tokens *t) {
  t->failed = true;
  t->hidden = t->recording = 0;
  while (t->depth && !mf_arena_oom(t->context->arena)) {
    mf_frame *f = mf_tokens_top(t);
    mf_node *bad = mf_tokens_node(t, MF_SHAPE_BAD, (mf_span){t->last_end, 0});
    if (bad && f->want_value) mf_tokens_scalar(t, bad);
    f->node->flags |= MF_NODE_CUT;
    mf_tokens_close(t, t->last_end);
  }
}

/* ---- replay ---- */

size_t mf_tokens_hole_begin(mf_tokens *t) {
  *push(t, &t->record) = (mf_queued){.token.hole = 1};
  return t->record.count - 1;
}

void mf_tokens_hole_end(mf_tokens *t, size_t hole) {
  if (!t->failed) t->record.items[hole].token.hole = t->record.count - hole;
}

size_t mf_tokens_behind_holes(const mf_tokens *t, size_t at) {
  while (at < t->record.count && t->record.items[at].kind == 0)
    at += t->record.items[at].token.hole;
  return at;
}

size_t mf_tokens_value_end(const mf_tokens *t, size_t at) {
  int depth = 0;
  do {
    /* A key is followed by its value, so it ends nothing. */
    at = mf_tokens_behind_holes(t, at);
    depth += t->record.items[at].nesting;
    at++;
  } while (depth > 0);
  return at;
}

/* Siblings are linked through nodes and members, so each use needs its own; what
 * the grammar made of the original is undone. */
static mf_member *copy_key(mf_tokens *t, const mf_member *old) {
  mf_member *copy = mf_tokens_member(t);
  if (copy == NULL) return NULL;
  *copy = *old;
  copy->key = meaning_of(t, old->name, old->key_span).key;
  copy->flags &= MF_MEMBER_DROP | MF_MEMBER_AGAIN | MF_MEMBER_MERGED;
  copy->value = NULL;
  copy->next = NULL;
  return copy;
}

static mf_node *copy_value(mf_tokens *t, const mf_queued *q) {
  const mf_node *old = q->token.node;
  mf_node *copy = mf_tokens_node(t, MF_SHAPE_NULL, q->token.node->span);
  if (copy == NULL) return NULL;
  if (q->nesting == 0) {
    *copy = *old;
    copy->next = NULL;
  } else {
    mf_shape shape = q->kind == MF_TK_LIST ? MF_SHAPE_LIST : MF_SHAPE_MAP;
    *copy = (mf_node){.shape = (uint8_t)shape, .span = old->span};
  }
  return copy;
}

static bool copy_token(mf_tokens *t, mf_queued *q) {
  if (q->nesting < 0) return true;           /* nobody looks at the node of an end but dumps */
  bool is_key = q->owner == q->token.member; /* of a key, and of nothing else */
  if (!is_key) return (q->token.node = copy_value(t, q)) != NULL;
  q->owner = q->token.member = copy_key(t, q->token.member);
  return q->owner != NULL;
}

bool mf_tokens_replay(mf_tokens *t, size_t begin, size_t end, mf_span place) {
  uint32_t depth = t->depth;
  const mf_frame *f = mf_tokens_top(t);
  note_value(t, t->record.items[begin].token.node);
  for (size_t i = begin; (i = mf_tokens_behind_holes(t, i)) < end && !t->failed; i++) {
    mf_queued q = t->record.items[i];
    depth += q.nesting > 0;
    if (depth > MF_LIMIT_DOCUMENT_DEPTH) return false;
    depth -= q.nesting < 0;
    if (!copy_token(t, &q)) return true;
    if (i == begin) {
      q.owner = f->member;
      q.element = !f->is_map;
      if (place.length) q.token.node->span = place;
    }
    put(t, q.kind, q.nesting, q.token, q.owner, q.element);
  }
  return true;
}
