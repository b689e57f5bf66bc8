/* document_parser - what the grammar of documents, its feeder and its actions
 * share.  The flow: a source (yaml_source, json_source) calls the token stream,
 * the feeder (document.c) hands the stream's tokens to the lemon parser, whose
 * actions (document_nodes.c) hang the nodes together. */
#ifndef MF_COMPILER_DOCUMENT_PARSER_H
#define MF_COMPILER_DOCUMENT_PARSER_H
#include "keys.h"

/* Tokens bring their nodes along: a value, an opener or a key is allocated once,
 * by the stream.  Ends bring the node they end. */
typedef union mf_token {
  mf_node *node;
  mf_member *member;
  size_t hole; /* in records only: see token_stream.h */
} mf_token;

/* A token on its way to the parser. */
typedef struct mf_queued {
  mf_token token;
  const mf_member *owner; /* the key whose value, or list of values, it belongs to */
  uint16_t kind;          /* terminal of the grammar */
  int8_t nesting;         /* 1 opens a bracket, -1 closes one */
  bool element;           /* of a list */
} mf_queued;

/* Member flags. */
#define MF_MEMBER_DROP 1   /* reported already: ignore it */
#define MF_MEMBER_AGAIN 2  /* the mapping has a key of this meaning already */
#define MF_MEMBER_MERGED 4 /* came in by "<<": own keys win over it */
#define MF_MEMBER_STRAY 8  /* no key of this mapping; looked at when it closes */

/* Node flags of mappings under construction. */
#define MF_NODE_HAS_STRAYS 16
#define MF_NODE_CUT 32 /* the source broke off inside: say nothing about what is missing */

/* Mistyped keys and type words whose meaning is clear.  They are reported when
 * they are met first; then the document is read once more with the right word in
 * the place of the wrong one, so that what is below a mistyped key is checked as
 * well.  An honest document pays nothing for this. */
typedef struct mf_fix {
  uint32_t offset; /* of the key, or of the value of `type` */
  mf_key key;
  mf_tag tag;
} mf_fix;
enum { MF_FIXES = 20 };
typedef struct mf_fixes {
  mf_fix items[MF_FIXES];
  uint32_t count;
} mf_fixes;
static inline const mf_fix *mf_fix_find(const mf_fixes *fixes, uint32_t offset) {
  for (uint32_t i = 0; i < fixes->count; i++)
    if (fixes->items[i].offset == offset) return &fixes->items[i];
  return NULL;
}

typedef struct mf_doc {
  mf_parse_context *context;
  struct mf_tokens *tokens;
  void *parser;
  mf_node *root; /* set by the grammar */
  mf_fixes *fixes;
  const mf_queued *current; /* the token being fed */
  uint32_t skip;            /* open brackets of a wrong value that are skipped */
  bool ascii;               /* the source is nothing else */
  bool offended;            /* the current token was a syntax error */
  bool overflow;            /* the parser gave up, which cannot happen */
  mf_node spare;            /* stands in for nodes when memory is out: the tree is lost anyway */
  const mf_lines *lines;    /* for the dump of tokens, else NULL */
} mf_doc;

/* ---- the generated parser ---- */
size_t mf_doc_parser_size(void);
void mf_doc_parserInit(void *parser, mf_doc *p);
void mf_doc_parser(void *parser, int kind, mf_token token);
void mf_doc_parser_settle(void *parser);

/* ---- actions of the grammar (document_nodes.c) ---- */
/* Called by the parser about p->current. */
void mf_doc_offended(mf_doc *p);
/* A BAD node for the token that offended, after reporting what was wanted. */
mf_node *mf_doc_wrong(mf_doc *p, const char *wanted);

static inline mf_node *mf_doc_open(mf_node *map, mf_tag tag) {
  map->tag = (uint16_t)tag;
  return map;
}
mf_node *mf_doc_append(mf_node *list, mf_node *element);
/* The same where null is no element; `wanted` is for the message. */
mf_node *mf_doc_add_item(mf_doc *p, mf_node *list, mf_node *element, const char *wanted);
/* A key the mapping may have; in free JSON; one it does not have (judged when
 * the mapping is over); in a mapping that cannot stand where it does. */
mf_node *mf_doc_add(mf_doc *p, mf_node *map, mf_member *member, mf_node *value);
mf_node *mf_doc_add_free(mf_node *map, mf_member *member, mf_node *value);
mf_node *mf_doc_add_stray(mf_node *map, mf_member *member, mf_node *value);
mf_node *mf_doc_add_unknown(mf_node *map, mf_member *member, mf_node *value);
/* The mapping is over: judges strays, reports missing keys. */
mf_node *mf_doc_close(mf_doc *p, mf_node *map);
/* Report and give a BAD node: a mapping whose type does not fit here; a form of a value
 * that has no grammar yet. */
mf_node *mf_doc_wrong_type(mf_doc *p, mf_node *map, mf_family family);
mf_node *mf_doc_later_form(mf_doc *p, mf_node *node, const char *form);

/* One line of --dump=tokens (document_dump.c). */
void mf_doc_dump_token(mf_doc *p, const mf_queued *q);

/* "text", "a list": what a node is, for messages. */
const char *mf_doc_kind_noun(const mf_node *node);
#endif
