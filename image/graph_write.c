/* SPDX-License-Identifier: MIT */
/* Nodes and edges as Mermaid or dot.  Names are the document's: each format's
 * escapes keep them text. */
#include "graph.h"
#include "parts.h"

enum { LONGEST_LABEL = 60 };

/* A way on from what was written: it ends where the next entry begins. */
typedef struct exit_edge exit_edge;
struct exit_edge {
  exit_edge *next;
  uint32_t from;
  mf_str label;
  bool failed; /* only to an entry that looks at outcomes, or the end */
};

typedef struct writer {
  const mf_image *im;
  mf_arena *arena;
  mf_graph_format format;
  mf_buf nodes, edges;
  uint32_t next_id;
} writer;

/* Nodes are numbered from 1. */
#define START_ID 0u
#define END_ID UINT32_MAX

static bool is_dot(const writer *w) { return w->format == MF_GRAPH_DOT; }

/* ---- text ---- */

/* "1. x" and "- x" would be Markdown lists. */
static bool begins_list(mf_str text, size_t at) {
  size_t digits = 0;
  while (digits < at && text.p[digits] >= '0' && text.p[digits] <= '9') digits++;
  return digits == at && strchr(at ? ".)" : "-*+", text.p[at]);
}

/* %% begins directives anywhere in the text. */
static void put_mermaid(mf_buf *out, mf_str text, size_t at, char ch) {
  if (strchr("\"#&<>|`;\\%", ch) || begins_list(text, at))
    mf_buf_printf(out, "#%u;", (unsigned)(unsigned char)ch);
  else
    mf_buf_putc(out, ch);
}

static void put_dot(mf_buf *out, char ch) {
  if (ch == '"' || ch == '\\') mf_buf_putc(out, '\\');
  if (ch == '&')
    mf_buf_puts(out, "&amp;");
  else
    mf_buf_putc(out, ch);
}

/* Cut between two characters; what is no text is shown as that. */
static void put_text(const writer *w, mf_buf *out, mf_str text) {
  size_t n = text.n > LONGEST_LABEL ? LONGEST_LABEL : text.n;
  size_t valid = mf_utf8_valid(text.p, n);
  if (valid + 4 > n) n = valid; /* only its last character is incomplete */
  for (size_t i = 0; i < n; i++) {
    char ch = text.p[i];
    if ((unsigned char)ch < ' ' || ch == 0x7f) ch = ' ';
    if (i >= valid && (unsigned char)ch >= 0x80) ch = '?';
    if (is_dot(w))
      put_dot(out, ch);
    else
      put_mermaid(out, text, i, ch);
  }
  if (n < text.n) mf_buf_puts(out, "...");
}

static void put_line(const writer *w, mf_buf *out, const char *before, mf_str text) {
  if (text.n == 0) return;
  mf_buf_puts(out, is_dot(w) ? "\\n" : "<br/>");
  mf_buf_puts(out, before);
  put_text(w, out, text);
}

/* ---- nodes ---- */

static const struct shape {
  const char *open, *close, *dot;
} shapes[] = {
    [MF_GRAPH_START] = {"([\"", "\"])", "shape=ellipse"},
    [MF_GRAPH_STEP] = {"[\"", "\"]", "shape=box"},
    [MF_GRAPH_ACTION] = {"(\"", "\")", "shape=box, style=rounded"},
    [MF_GRAPH_BRANCH] = {"{\"", "\"}", "shape=diamond"},
    [MF_GRAPH_REPEAT] = {"{{\"", "\"}}", "shape=hexagon"},
    [MF_GRAPH_GROUP] = {"[/\"", "\"\\]", "shape=trapezium"},
    [MF_GRAPH_STEADY] = {"[[\"", "\"]]", "shape=box, peripheries=2"},
};

static void put_id(mf_buf *out, uint32_t id) {
  if (id == END_ID)
    mf_buf_puts(out, "finish");
  else
    mf_buf_printf(out, "n%u", id);
}

static void open_node(writer *w, uint32_t id, mf_graph_kind kind) {
  mf_buf_puts(&w->nodes, "  ");
  put_id(&w->nodes, id);
  mf_buf_puts(&w->nodes, is_dot(w) ? " [label=\"" : shapes[kind].open);
}

static void close_node(writer *w, mf_graph_kind kind) {
  if (is_dot(w))
    mf_buf_printf(&w->nodes, "\", %s];\n", shapes[kind].dot);
  else
    mf_buf_printf(&w->nodes, "%s\n", shapes[kind].close);
}

static void put_step(writer *w, const mf_graph_node *node) {
  put_text(w, &w->nodes, mf_image_string(w->im, MF_ROWS(w->im, STEP, step)[node->row].name));
  put_line(w, &w->nodes, "", node->what);
}

/* "set_variable x", "wait 10 s", "fail". */
static void put_action(writer *w, const mf_graph_node *node) {
  const mf_row_action *row = &MF_ROWS(w->im, ACTION, action)[node->row];
  const char *type = mf_enum_word(MF_OPERAND_ACTION_TYPE, row->type);
  mf_str name = mf_image_string(w->im, row->name);
  mf_buf_puts(&w->nodes, type);
  if (!mf_str_is(name, type)) {
    mf_buf_putc(&w->nodes, ' ');
    put_text(w, &w->nodes, name);
  }
  if (row->type == MF_ACTION_TYPE_WAIT && node->what.n) {
    mf_buf_putc(&w->nodes, ' ');
    put_text(w, &w->nodes, node->what);
    if (node->what.p[0] >= '0' && node->what.p[0] <= '9') mf_buf_puts(&w->nodes, " s");
  } else {
    put_line(w, &w->nodes, "", node->what);
  }
}

/* "every region", "for_each regions". */
static void put_repeat(writer *w, const mf_graph_node *node) {
  const mf_row_repeat *row = &MF_ROWS(w->im, REPEAT, repeat)[node->row];
  const char *kind = mf_enum_word(MF_OPERAND_REPEAT_KIND, row->kind);
  bool named = row->name != row->path;
  if (named) put_text(w, &w->nodes, mf_image_string(w->im, row->name));
  if (named) mf_buf_puts(&w->nodes, is_dot(w) ? "\\n" : "<br/>");
  if (row->kind == MF_REPEAT_KIND_ORCHESTRATION) kind = "iterations";
  mf_buf_puts(&w->nodes, kind);
  if (node->what.n) mf_buf_putc(&w->nodes, ' ');
  put_text(w, &w->nodes, node->what);
}

static void put_branch(writer *w, const mf_graph_node *node) {
  const mf_row_branch *row = &MF_ROWS(w->im, BRANCH, branch)[node->row];
  if (row->name == row->path)
    mf_buf_puts(&w->nodes, "if");
  else
    put_text(w, &w->nodes, mf_image_string(w->im, row->name));
}

static void put_group(writer *w, const mf_graph_node *node) {
  const mf_row_group *row = &MF_ROWS(w->im, GROUP, group)[node->row];
  mf_buf_puts(&w->nodes, row->flags & MF_STEP_FLAGS_FAIL_FAST ? "parallel, fail fast" : "parallel");
  if (row->name != row->path) put_line(w, &w->nodes, "", mf_image_string(w->im, row->name));
}

static uint32_t put_node(writer *w, const mf_graph_node *node) {
  uint32_t id = ++w->next_id;
  open_node(w, id, node->kind);
  if (node->rollback) mf_buf_puts(&w->nodes, "rollback: ");
  if (node->background) mf_buf_puts(&w->nodes, "background: ");
  switch (node->kind) {
    case MF_GRAPH_START: break;
    case MF_GRAPH_STEP: put_step(w, node); break;
    case MF_GRAPH_ACTION: put_action(w, node); break;
    case MF_GRAPH_BRANCH: put_branch(w, node); break;
    case MF_GRAPH_REPEAT: put_repeat(w, node); break;
    case MF_GRAPH_GROUP: put_group(w, node); break;
    case MF_GRAPH_STEADY:
      mf_buf_puts(&w->nodes,
                  node->row == MF_BLOCK_RECOVERY ? "steady state again" : "steady state");
      break;
  }
  if (node->guarded) put_line(w, &w->nodes, "if ", node->condition);
  put_line(w, &w->nodes, "after ", node->after);
  close_node(w, node->kind);
  return id;
}

/* ---- edges ---- */

static void put_edge(writer *w, uint32_t from, uint32_t to, mf_str label, bool dotted) {
  mf_buf *out = &w->edges;
  mf_buf_puts(out, "  ");
  put_id(out, from);
  mf_buf_puts(out, is_dot(w) ? " -> " : dotted ? " -.->" : " -->");
  if (!is_dot(w)) {
    if (label.n) mf_buf_puts(out, "|\"");
    put_text(w, out, label);
    mf_buf_puts(out, label.n ? "\"| " : " ");
  }
  put_id(out, to);
  if (is_dot(w) && (label.n || dotted)) {
    mf_buf_puts(out, " [label=\"");
    put_text(w, out, label);
    mf_buf_puts(out, dotted ? "\", style=dotted]" : "\"]");
  }
  mf_buf_puts(out, is_dot(w) ? ";\n" : "\n");
}

static exit_edge *new_exit(writer *w, uint32_t from, mf_str label) {
  exit_edge *e = MF_NEW(w->arena, exit_edge);
  if (e) *e = (exit_edge){.from = from, .label = label};
  return e;
}

static void connect(writer *w, const exit_edge *exits, uint32_t to, bool looks) {
  for (; exits; exits = exits->next) {
    bool stops = exits->failed && !looks;
    mf_str label = exits->failed ? MF_STR("failed") : exits->label;
    put_edge(w, exits->from, stops ? END_ID : to, label, stops);
  }
}

/* ---- the flow ---- */

static exit_edge *write_list(writer *w, const mf_graph_list *list, uint32_t from);

static exit_edge *write_branch(writer *w, const mf_graph_node *node, uint32_t id) {
  exit_edge *all = NULL, **tail = &all;
  for (const mf_graph_list *arm = node->lists; arm; arm = arm->next) {
    *tail = write_list(w, arm, id);
    while (*tail) tail = &(*tail)->next;
  }
  return all;
}

/* The way on from a group is that of all its branches; a failure is the group's. */
static exit_edge *write_group(writer *w, const mf_graph_node *node, uint32_t id) {
  exit_edge *all = write_branch(w, node, id);
  for (exit_edge *e = all; e; e = e->next) e->failed = false;
  return all;
}

/* Turns lead back; the way on is the repeat's own. */
static exit_edge *write_repeat(writer *w, const mf_graph_node *node, uint32_t id) {
  const mf_graph_node *first = node->lists ? node->lists->first : NULL;
  bool looks = MF_ROWS(w->im, REPEAT, repeat)[node->row].flags & MF_STEP_FLAGS_LOOKS;
  if (node->lists) connect(w, write_list(w, node->lists, id), id, looks || (first && first->looks));
  return new_exit(w, id, MF_STR("done"));
}

static exit_edge *write_action(writer *w, const mf_graph_node *node, uint32_t id) {
  const mf_row_action *row = &MF_ROWS(w->im, ACTION, action)[node->row];
  if (row->type == MF_ACTION_TYPE_ABORT) {
    put_edge(w, id, END_ID, MF_STR("aborted"), true);
    return node->guarded ? new_exit(w, id, MF_STR("")) : NULL;
  }
  exit_edge *e = new_exit(w, id, MF_STR(""));
  bool fails = row->type == MF_ACTION_TYPE_FAIL && row->on_error == MF_ON_ERROR_ENTRY;
  if (e) e->failed = fails && !node->guarded && !node->rollback;
  return e;
}

static exit_edge *write_node(writer *w, const mf_graph_node *node, uint32_t id) {
  switch (node->kind) {
    case MF_GRAPH_BRANCH: return write_branch(w, node, id);
    case MF_GRAPH_GROUP:
      if (node->lists) return write_group(w, node, id);
      break;
    case MF_GRAPH_REPEAT: return write_repeat(w, node, id);
    case MF_GRAPH_ACTION: return write_action(w, node, id);
    case MF_GRAPH_STEADY:
      if (node->row == MF_BLOCK_STEADY_STATE) put_edge(w, id, END_ID, MF_STR("missed"), true);
      break;
    case MF_GRAPH_START:
    case MF_GRAPH_STEP: break;
  }
  return new_exit(w, id, MF_STR(""));
}

/* Each entry leads to the next; what the last one leads to is given back. */
static exit_edge *write_list(writer *w, const mf_graph_list *list, uint32_t from) {
  exit_edge *exits = new_exit(w, from, list->label);
  for (const mf_graph_node *node = list->first; node; node = node->next) {
    uint32_t id = put_node(w, node);
    connect(w, exits, id, node->looks);
    exits = write_node(w, node, id);
  }
  return exits;
}

static void write_all(writer *w, const mf_graph_node *root, mf_buf *out) {
  open_node(w, START_ID, MF_GRAPH_START);
  mf_buf_puts(&w->nodes, "start");
  close_node(w, MF_GRAPH_START);
  if (root->lists) connect(w, write_list(w, root->lists, START_ID), END_ID, false);
  open_node(w, END_ID, MF_GRAPH_START);
  mf_buf_puts(&w->nodes, "end");
  close_node(w, MF_GRAPH_START);
  mf_buf_puts(out, is_dot(w) ? "digraph orchestration {\n" : "flowchart TD\n");
  mf_buf_add(out, w->nodes.p, w->nodes.n);
  mf_buf_add(out, w->edges.p, w->edges.n);
  if (is_dot(w)) mf_buf_puts(out, "}\n");
}

void mf_graph_write(const mf_image *image, mf_graph_format format, mf_buf *out) {
  mf_arena arena;
  writer w = {.im = image, .arena = &arena, .format = format};
  mf_arena_init(&arena, &out->alloc, 0);
  mf_buf_init(&w.nodes, &out->alloc, 0);
  mf_buf_init(&w.edges, &out->alloc, 0);
  const mf_graph_node *root = mf_graph_read(&arena, image);
  if (root) write_all(&w, root, out);
  if (mf_arena_oom(&arena) || w.nodes.failed || w.edges.failed) out->failed = true;
  mf_buf_fini(&w.nodes);
  mf_buf_fini(&w.edges);
  mf_arena_fini(&arena);
}
