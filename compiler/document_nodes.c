/* SPDX-License-Identifier: MIT */
/* document_nodes - the actions of the grammar of documents. */
#include "token_stream.h"

#include "../base/limits.h"

/* ---- building ---- */

mf_node *mf_doc_append(mf_node *list, mf_node *element) {
  if (list->as.last)
    list->as.last->next = element;
  else
    list->as.first = element;
  list->as.last = element;
  list->count++;
  return list;
}

static void append_member(mf_node *map, mf_member *member, mf_node *value) {
  member->value = value;
  if (map->as.last_member)
    map->as.last_member->next = member;
  else
    map->as.members = member;
  map->as.last_member = member;
  map->count++;
}

mf_node *mf_doc_add_free(mf_node *map, mf_member *member, mf_node *value) {
  if (member->flags & MF_MEMBER_DROP) return map;
  member->key = MF_KEY_NONE;
  append_member(map, member, value);
  return map;
}

/* Keys keep their meaning, for the message that ends it. */
mf_node *mf_doc_add_unknown(mf_node *map, mf_member *member, mf_node *value) {
  append_member(map, member, value);
  return map;
}

mf_node *mf_doc_add_stray(mf_node *map, mf_member *member, mf_node *value) {
  if (member->flags & MF_MEMBER_DROP) return map;
  member->flags |= MF_MEMBER_STRAY;
  map->flags |= MF_NODE_HAS_STRAYS;
  append_member(map, member, value);
  return map;
}

static const mf_member *of_same_key(const mf_node *map, const mf_member *member) {
  for (const mf_member *m = map->as.members; m; m = m->next)
    if (m->key == member->key && !(m->flags & MF_MEMBER_STRAY)) return m;
  return NULL;
}

mf_node *mf_doc_add(mf_doc *p, mf_node *map, mf_member *member, mf_node *value) {
  if (member->flags & MF_MEMBER_DROP) return map;
  /* The tag says what the type did. */
  if (member->key == MF_KEY_TYPE && mf_tag_family((mf_tag)map->tag) != MF_FAMILY_SHAPE) {
    mf_tokens_recycle(p->tokens, member, value);
    return map;
  }
  if (member->flags & MF_MEMBER_AGAIN) {
    const mf_member *other = of_same_key(map, member);
    if (other && !(member->flags & MF_MEMBER_MERGED))
      mf_diag_add(p->context->diags, MF_E_SAME_KEY, member->key_span, (int)member->name.n,
                  member->name.p, (int)other->name.n, other->name.p);
    if (other) return map;
  }
  append_member(map, member, value);
  return map;
}

/* ---- values of the wrong shape ---- */

const char *mf_doc_kind_noun(const mf_node *node) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_NULL: return "null";
    case MF_SHAPE_BOOL: return node->as.b ? "true" : "false";
    case MF_SHAPE_INT:
    case MF_SHAPE_UINT:
    case MF_SHAPE_DOUBLE: return "a number";
    case MF_SHAPE_TEXT: return "text";
    case MF_SHAPE_LIST: return "a list";
    case MF_SHAPE_MAP: return "a mapping";
    case MF_SHAPE_BAD: break;
  }
  return "something wrong";
}

void mf_doc_offended(mf_doc *p) { p->offended = true; }

static bool is_one_of(mf_str s, const char *const *words) {
  for (; *words; words++)
    if (mf_edit_distance(s, mf_str_of(*words), 0) == 0) return true;
  return false;
}

/* What to write instead, where one can guess. */
static const char *remedy(const mf_node *value, const char *wanted) {
  static const char *const yes[] = {"yes", "on", "y", "true", NULL};
  static const char *const no[] = {"no", "off", "n", "false", NULL};
  double d;
  bool text = value->shape == MF_SHAPE_TEXT, scalar = value->shape < MF_SHAPE_LIST;
  if (text && strcmp(wanted, "true or false") == 0) {
    if (is_one_of(mf_node_text(value), yes)) return "write true";
    if (is_one_of(mf_node_text(value), no)) return "write false";
  }
  bool number = strncmp(wanted, "a number", 8) == 0;
  if (text && number && mf_parse_double(mf_node_text(value), false, &d, NULL))
    return "a number has no quotes";
  if (text && strcmp(wanted, "a number or a duration") == 0)
    return "write seconds, or a text such as 250ms, 30s or 1h30m";
  if (!text && scalar && (strcmp(wanted, "text") == 0 || strcmp(wanted, "a word") == 0))
    return "put it into quotes";
  if (value->shape != MF_SHAPE_LIST && strncmp(wanted, "a list of", 9) == 0)
    return "begin each element with '- '";
  return NULL;
}

/* A value may go over many lines; what was written of it first is enough. */
static mf_span span_of_start(const mf_node *node) {
  bool whole = node->shape < MF_SHAPE_LIST;
  return (mf_span){node->span.offset, whole ? node->span.length : 1};
}

static void report_shape(mf_doc *p, const mf_member *owner, bool element, const mf_node *value,
                         const char *wanted) {
  mf_code code = element ? MF_E_WRONG_ELEMENT : MF_E_WRONG_SHAPE;
  mf_str name = owner ? owner->name : MF_STR("the document");
  mf_diag_add_hint(p->context->diags, code, span_of_start(value), remedy(value, wanted),
                   (int)name.n, name.p, wanted, mf_doc_kind_noun(value));
}

static mf_node *bad_of(mf_doc *p, mf_span span) {
  mf_node *node = MF_NEW(p->context->arena, mf_node);
  if (node == NULL) node = &p->spare;
  *node = (mf_node){.shape = MF_SHAPE_BAD, .span = span};
  return node;
}

mf_node *mf_doc_wrong(mf_doc *p, const char *wanted) {
  const mf_queued *q = p->current;
  report_shape(p, q->owner, q->element, q->token.node, wanted);
  return bad_of(p, q->token.node->span);
}

mf_node *mf_doc_add_item(mf_doc *p, mf_node *list, mf_node *element, const char *wanted) {
  if (element->shape == MF_SHAPE_NULL) {
    mf_str name = p->current->owner ? p->current->owner->name : MF_STR("");
    mf_diag_add(p->context->diags, MF_E_WRONG_ELEMENT, element->span, (int)name.n, name.p, wanted,
                "null");
    element->shape = MF_SHAPE_BAD;
  }
  return mf_doc_append(list, element);
}

/* ---- keys that a mapping does not have ---- */

static bool is_extension(mf_str name) {
  return mf_str_starts(name, MF_STR("x-")) || mf_str_starts(name, MF_STR("X-"));
}

/* Mappings that are what they are because no `type` was seen. */
static bool lacks_type(const mf_node *map) {
  return map->tag == MF_TAG_STEP || map->tag == MF_TAG_ASSERT_METRIC;
}

/* The nearest key that the mapping may have and has not. */
static mf_key near_key(const mf_node *map, mf_str written) {
  mf_near near;
  mf_near_init(&near, written);
  for (int k = 1; k < MF_KEY_COUNT; k++)
    if (mf_tag_accepts((mf_tag)map->tag, (mf_key)k) && !mf_node_member(map, (mf_key)k))
      mf_near_offer(&near, mf_str_of(mf_key_spelling((mf_key)k)));
  if (lacks_type(map)) mf_near_offer(&near, MF_STR("type"));
  mf_str best = mf_near_best(&near);
  return best.n ? mf_key_find(best).key : MF_KEY_NONE;
}

/* The key that made an entry what it is. */
static const mf_member *deciding_member(const mf_node *map) {
  const mf_member *best = NULL;
  uint8_t rank = UINT8_MAX;
  for (const mf_member *m = map->as.members; m; m = m->next) {
    uint8_t r = mf_key_find(m->name).rank;
    bool decides = r && m->value->shape != MF_SHAPE_NULL;
    if (!decides || r >= rank) continue;
    best = m;
    rank = r;
  }
  return best;
}

static const char *hint_for(mf_doc *p, const mf_node *map, const mf_member *stray, mf_key near) {
  char noun[MF_NOUN_BYTES];
  mf_arena *arena = p->context->arena;
  if (near) return mf_arena_printf(arena, "did you mean '%s'?", mf_key_spelling(near));
  if (!stray->key || mf_tag_family((mf_tag)map->tag) != MF_FAMILY_ENTRY) return NULL;
  const mf_member *by = deciding_member(map);
  if (by == NULL || by == stray) return NULL;
  return mf_arena_printf(arena, "'%.*s' makes it %s", (int)by->name.n, by->name.p,
                         mf_tag_noun((mf_tag)map->tag, noun));
}

/* Reads the document once more with the right key in the place of the wrong one. */
static void add_fix(mf_doc *p, uint32_t offset, mf_key key, mf_tag tag) {
  mf_fixes *fixes = p->fixes;
  bool told = p->context->diags->errors <= MF_LIMIT_DIAGNOSTICS;
  if (!told || fixes->count == MF_FIXES || mf_fix_find(fixes, offset)) return;
  fixes->items[fixes->count++] = (mf_fix){offset, key, tag};
}

/* True when the mapping may have lost a key it needs by this. */
static bool report_unknown(mf_doc *p, mf_node *map, const mf_member *stray) {
  char noun[MF_NOUN_BYTES];
  bool lenient = p->context->lenient;
  mf_key near = stray->key ? MF_KEY_NONE : near_key(map, stray->name);
  mf_code code = lenient ? (mf_code)MF_W_IGNORED_KEY : (mf_code)MF_E_UNKNOWN_KEY;
  mf_diag_add_hint(p->context->diags, code, stray->key_span, hint_for(p, map, stray, near),
                   mf_tag_noun((mf_tag)map->tag, noun), (int)stray->name.n, stray->name.p);
  if (lenient || near == MF_KEY_NONE) return !lenient;
  if (mf_key_need((mf_tag)map->tag, near) != MF_NEED_LATER)
    add_fix(p, stray->key_span.offset, near, MF_TAG_FREE);
  mf_member *stand_in = MF_NEW(p->context->arena, mf_member);
  mf_node *bad = bad_of(p, stray->value->span);
  if (stand_in == NULL) return true;
  *stand_in = (mf_member){.key = near, .key_span = stray->key_span, .name = stray->name};
  append_member(map, stand_in, bad);
  return true;
}

static void report_later(mf_doc *p, const mf_member *m) {
  if (mf_key_says_nothing(m->key, m->value)) return;
  const char *text = mf_arena_printf(p->context->arena, "'%.*s'", (int)m->name.n, m->name.p);
  mf_diag_add(p->context->diags, MF_E_NOT_YET, m->key_span, text ? text : "");
}

/* Takes the strays out of the members, as a list of their own. */
static mf_member *take_strays(mf_node *map) {
  mf_member *strays = NULL, **stray_tail = &strays, *next;
  mf_member *m = map->as.members, **tail = &map->as.members;
  map->as.last_member = NULL;
  map->count = 0;
  for (; m; m = next) {
    next = m->next;
    if (m->flags & MF_MEMBER_STRAY) {
      *stray_tail = m;
      stray_tail = &m->next;
    } else {
      *tail = map->as.last_member = m;
      tail = &m->next;
      map->count++;
    }
  }
  *tail = *stray_tail = NULL;
  return strays;
}

/* True when the mapping may have lost a key it needs.  Keys of another kind of
 * entry are one mistake together. */
static bool judge_strays(mf_doc *p, mf_node *map) {
  bool lost = false, mixed = false;
  bool entry = mf_tag_family((mf_tag)map->tag) == MF_FAMILY_ENTRY;
  for (const mf_member *m = take_strays(map); m; m = m->next) {
    if (is_extension(m->name)) continue;
    if (m->key && mf_key_need((mf_tag)map->tag, m->key) == MF_NEED_LATER) {
      report_later(p, m);
      continue;
    }
    bool again = mixed && m->key;
    mixed |= entry && m->key;
    if (!again) lost |= report_unknown(p, map, m);
  }
  return lost;
}

/* ---- the end of a mapping ---- */

static const mf_member *type_of(const mf_node *map) { return mf_node_member(map, MF_KEY_TYPE); }

/* What stands for a whole mapping in a message: its first member as written. */
static mf_span place_of(const mf_doc *p, const mf_node *map) {
  mf_str source = p->context->source;
  uint32_t from = map->span.offset, end = from + map->span.length;
  if (end > source.n) end = (uint32_t)source.n;
  while (from < end && strchr("{ \t\r\n", source.p[from])) from++;
  uint32_t to = from;
  while (to < end && !strchr(",}\r\n", source.p[to])) to++;
  return to > from ? (mf_span){from, to - from} : (mf_span){map->span.offset, 1};
}

static bool is_missing(const mf_node *map, mf_key key, bool null_counts) {
  const mf_member *m = mf_node_member(map, key);
  return m == NULL || (m->value->shape == MF_SHAPE_NULL && !null_counts);
}

/* All of them in one message: "'operator' and 'value'". */
static void report_missing(mf_doc *p, const mf_node *map) {
  bool null_counts;
  mf_key key;
  const char *list = NULL;
  for (unsigned n = 0; (key = mf_tag_required((mf_tag)map->tag, n, &null_counts)) != 0; n++) {
    if (!is_missing(map, key, null_counts)) continue;
    list = mf_arena_printf(p->context->arena, "%s%s'%s'", list ? list : "", list ? " and " : "",
                           mf_key_spelling(key));
    if (list == NULL) return;
  }
  char noun[MF_NOUN_BYTES];
  if (list)
    mf_diag_add(p->context->diags, MF_E_MISSING_KEY, place_of(p, map),
                mf_tag_noun((mf_tag)map->tag, noun), list);
}

mf_node *mf_doc_close(mf_doc *p, mf_node *map) {
  bool lost = (map->flags & MF_NODE_HAS_STRAYS) && judge_strays(p, map);
  map->flags &= (uint8_t)~MF_NODE_HAS_STRAYS;
  if (!lost && !(map->flags & MF_NODE_CUT)) report_missing(p, map);
  return map;
}

/* ---- mappings that cannot stand where they do ---- */

static mf_node *made_bad(mf_node *node) {
  node->shape = MF_SHAPE_BAD;
  return node;
}

static const char *family_word(mf_family family) {
  if (family == MF_FAMILY_CONDITION) return "condition";
  return family == MF_FAMILY_ASSERTION ? "assertion" : "action";
}

/* "tpye: log" is a mistyped key, not a missing one. */
static bool type_is_mistyped(mf_doc *p, const mf_node *map, const char *noun) {
  for (const mf_member *m = map->as.members; m; m = m->next) {
    if (m->key || mf_edit_distance(m->name, MF_STR("type"), 1) > 1) continue;
    mf_diag_add_hint(p->context->diags, MF_E_UNKNOWN_KEY, m->key_span, "did you mean 'type'?", noun,
                     (int)m->name.n, m->name.p);
    add_fix(p, m->key_span.offset, MF_KEY_TYPE, MF_TAG_FREE);
    return true;
  }
  return false;
}

static void report_no_type(mf_doc *p, const mf_node *map, mf_family family) {
  const char *noun = family == MF_FAMILY_CONDITION ? "a condition" : "an action";
  const mf_member *first = map->as.members;
  const char *hint = NULL;
  if (family == MF_FAMILY_ASSERTION) noun = "an assertion";
  if ((map->flags & MF_NODE_CUT) || type_is_mistyped(p, map, noun)) return;
  if (first && mf_tag_family(mf_tag_find(first->name)) == family)
    hint = mf_arena_printf(p->context->arena, "write 'type: %.*s'", (int)first->name.n,
                           first->name.p);
  mf_diag_add_hint(p->context->diags, MF_E_MISSING_TYPE, place_of(p, map), hint, noun);
}

static void report_type(mf_doc *p, const mf_node *type, mf_family family) {
  mf_str word = mf_node_text(type);
  mf_family wanted = family == MF_FAMILY_ENTRY ? MF_FAMILY_ACTION : family;
  mf_str near = mf_tag_near(wanted, word);
  const char *hint = NULL;
  if (near.n) {
    hint = mf_arena_printf(p->context->arena, "did you mean '%.*s'?", (int)near.n, near.p);
    add_fix(p, type->span.offset, MF_KEY_NONE, mf_tag_find(near));
  }
  mf_diag_add_hint(p->context->diags, MF_E_UNKNOWN_TYPE, type->span, hint, (int)word.n, word.p,
                   family_word(family));
}

static void report_misplaced(mf_doc *p, const mf_member *by) {
  char noun[MF_NOUN_BYTES];
  mf_tag tag = mf_rank_tag(mf_key_find(by->name).rank);
  mf_diag_add(p->context->diags, MF_E_MISPLACED_ENTRY, by->key_span, (int)by->name.n, by->name.p,
              mf_tag_noun(tag, noun));
}

mf_node *mf_doc_wrong_type(mf_doc *p, mf_node *map, mf_family family) {
  const mf_member *type = type_of(map), *by = deciding_member(map);
  if (by && by != type)
    report_misplaced(p, by);
  else if (type == NULL || type->value->shape == MF_SHAPE_NULL)
    report_no_type(p, map, family);
  else if (type->value->shape == MF_SHAPE_TEXT)
    report_type(p, type->value, family);
  else
    report_shape(p, type, false, type->value, "a word");
  return made_bad(map);
}

mf_node *mf_doc_later_form(mf_doc *p, mf_node *node, const char *form) {
  mf_diag_add(p->context->diags, MF_E_NOT_YET, (mf_span){node->span.offset, 1}, form);
  return made_bad(node);
}
