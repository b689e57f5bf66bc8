/* SPDX-License-Identifier: MIT */
/* link - documents that entries run (docs/language.md, "Other documents").
 *
 * They are loaded and declared with everything else, before any code is emitted, and
 * their entries are emitted where they are run: once for each entry that runs them, in
 * a scope of their own.  Lines of the image are those of the main document, so all of
 * a linked one stands at its entry. */
#include "../base/hash.h"
#include "../base/json.h"
#include "../base/limits.h"
#include "compiler.h"

typedef struct linked_file {
  mf_str name; /* that entries have */
  mf_source source;
} linked_file;

struct mf_linked_files {
  mf_names by_name; /* -> place in items */
  linked_file **items;
  uint32_t count, cap;
  size_t bytes;    /* that were parsed, in all */
  uint32_t dumped; /* how many stand in the dump */
};

/* ---- scopes ---- */

const mf_document_scope *mf_scope_around(const mf_document_scope *scope) {
  return scope->link ? &scope->link->other : NULL;
}

static void exchange(mf_compiler *c, mf_link *link) {
  mf_document_scope scope = c->scope;
  c->scope = link->other;
  link->other = scope;
  c->diags->source = c->file;
  c->expr.lines = c->link ? NULL : &c->lines;
}

void mf_link_open(mf_compiler *c, mf_link *link) { exchange(c, link); }

void mf_link_close(mf_compiler *c) { exchange(c, c->link); }

mf_link *mf_link_of(const mf_compiler *c, const mf_node *entry) {
  return entry->count < c->link_count ? c->links[entry->count] : NULL;
}

/* ---- loading ---- */

static mf_span span_of_name(const mf_node *entry) {
  const mf_node *name = mf_node_get(entry, MF_KEY_RUN);
  return name ? name->span : entry->span;
}

/* What loaders rely on. */
static bool is_plain(mf_str name) {
  if (name.n == 0 || name.n > MF_LIMIT_LINK_NAME_BYTES || name.p[0] == '.') return false;
  for (size_t i = 0; i < name.n; i++) {
    unsigned char ch = (unsigned char)name.p[i];
    if (ch < 0x20 || ch == 0x7f || ch == '/' || ch == '\\') return false;
  }
  return true;
}

static void *room_for_one(mf_arena *arena, void *items, uint32_t count, uint32_t *cap,
                          size_t size) {
  if (count < *cap) return items;
  uint32_t grown = *cap ? *cap * 2 : 8;
  void *p = mf_arena_grow(arena, items, *cap * size, grown * size);
  if (p) *cap = grown;
  return p;
}

static linked_file *find_file(const mf_compiler *c, mf_str name) {
  uint32_t at = c->files ? mf_names_get(&c->files->by_name, name) : MF_NAMES_NONE;
  return at == MF_NAMES_NONE ? NULL : c->files->items[at];
}

static struct mf_linked_files *files_of(mf_compiler *c) {
  if (c->files) return c->files;
  struct mf_linked_files *files = MF_NEW(c->arena, struct mf_linked_files);
  if (files == NULL) return NULL;
  *files = (struct mf_linked_files){.count = 0};
  mf_names_init(&files->by_name, c->arena);
  return c->files = files;
}

static mf_str base_name(mf_str path) {
  for (size_t i = path.n; i > 0; i--)
    if (path.p[i - 1] == '/') return (mf_str){path.p + i, path.n - i};
  return path;
}

/* Copies what the loader found. */
static linked_file *keep_file(mf_compiler *c, mf_str name, const mf_linked_document *found) {
  struct mf_linked_files *files = files_of(c);
  mf_str shown = base_name(found->file);
  if (shown.n == 0) shown = name;
  linked_file *file = files ? MF_NEW(c->arena, linked_file) : NULL;
  char *bytes = file ? mf_arena_copy(c->arena, found->bytes.p, found->bytes.n) : NULL;
  if (bytes == NULL) return NULL;
  linked_file **items = room_for_one(c->arena, files->items, files->count, &files->cap,
                                     sizeof *items);
  if (items == NULL) return NULL;
  *file = (linked_file){.name = name};
  file->source.name = mf_arena_copy(c->arena, shown.p, shown.n);
  file->source.number = files->count + 1;
  mf_str text = {bytes, found->bytes.n};
  if (!file->source.name || !mf_lines_init(&file->source.lines, c->arena, text)) return NULL;
  if (!mf_names_set(&files->by_name, name, files->count)) return NULL;
  files->items = items;
  return items[files->count++] = file;
}

static void report_load(mf_compiler *c, mf_str name, mf_span span, mf_status status,
                        const char *why) {
  if (status == MF_OUT_OF_MEMORY)
    c->arena->oom = true;
  else if (status == MF_NO_SUCH_DOCUMENT)
    mf_diag_add(c->diags, MF_E_LINK_NOT_FOUND, span, (int)name.n, name.p, *why ? ": " : "", why);
  else
    mf_diag_add(c->diags, MF_E_LINK_UNREADABLE, span, (int)name.n, name.p,
                *why ? why : mf_status_text(status));
}

static void report_limit(mf_compiler *c, mf_span span, uint64_t limit, const char *what) {
  char digits[24];
  mf_format_uint(limit, digits);
  mf_diag_add(c->diags, MF_E_LINK_LIMIT, span, digits, what);
}

/* The file of a name, loaded when it is met first; NULL and reported. */
static linked_file *load(mf_compiler *c, mf_str name, mf_span span) {
  const mf_loader *loader = &c->options->loader;
  mf_linked_document found = {.bytes = {NULL, 0}};
  char why[512] = "no loader is given";
  linked_file *file = find_file(c, name);
  if (file) return file;
  mf_status status = MF_NO_SUCH_DOCUMENT;
  if (loader->load) {
    *why = 0;
    status = loader->load(loader->ctx, name, &found, why, sizeof why);
    why[sizeof why - 1] = 0;
  }
  if (status == MF_OK && found.bytes.n > MF_LIMIT_DOCUMENT_BYTES) status = MF_TOO_LARGE;
  if (status != MF_OK)
    report_load(c, name, span, status, why);
  else
    file = keep_file(c, name, &found);
  return file;
}

/* ---- cycles and limits ---- */

/* The links that are open, innermost first. */
static const mf_link *around(const mf_link *link) { return link->other.link; }

/* "shop -> warm_up -> shop": from the document that would run itself. */
static const char *chain_to(mf_compiler *c, const mf_link *first, mf_str name) {
  const char *text = mf_arena_printf(c->arena, "%.*s", (int)name.n, name.p);
  const mf_link *link = c->link;
  for (; text && link; link = around(link)) {
    text = mf_arena_printf(c->arena, "%.*s -> %s", (int)link->name.n, link->name.p, text);
    if (link == first) return text ? text : "";
  }
  if (text)
    text = mf_arena_printf(c->arena, "%.*s -> %s", (int)c->document_name.n, c->document_name.p,
                           text);
  return text ? text : "";
}

/* The main document is known by its bytes: loaders know names only. */
static bool is_cycle(mf_compiler *c, const linked_file *file, mf_span span) {
  const mf_link *link = c->link;
  while (link && !mf_str_eq(link->name, file->name)) link = around(link);
  mf_str text = file->source.lines.source;
  if (!link && !mf_str_eq(text, c->main_source)) return false;
  mf_diag_add(c->diags, MF_E_LINK_CYCLE, span, chain_to(c, link, file->name));
  return true;
}

static bool within_limits(mf_compiler *c, const linked_file *file, mf_span span) {
  uint32_t depth = c->link ? c->link->depth + 1 : 1;
  size_t bytes = c->files->bytes + file->source.lines.source.n;
  if (depth > MF_LIMIT_LINK_DEPTH)
    report_limit(c, span, MF_LIMIT_LINK_DEPTH, "documents are linked one within the other");
  else if (c->link_count >= MF_LIMIT_LINKS)
    report_limit(c, span, MF_LIMIT_LINKS, "entries run another document");
  else if (bytes > MF_LIMIT_LINKED_BYTES)
    report_limit(c, span, MF_LIMIT_LINKED_BYTES, "bytes of documents are linked");
  else
    return true;
  return false;
}

/* ---- declaring ---- */

/* Compiled as often as it is run, and therefore parsed: steps are numbered in the tree. */
static mf_node *parse(mf_compiler *c, const linked_file *file) {
  const mf_source *before = c->diags->source;
  mf_parse_context context = {.arena = c->arena,
                              .diags = c->diags,
                              .source = file->source.lines.source,
                              .lenient = c->options->lenient};
  c->diags->source = &file->source;
  mf_node *document = mf_document_parse(&context);
  c->diags->source = before;
  if (document == NULL) c->arena->oom = true; /* libyaml's memory is not an arena's */
  return document && document->shape == MF_SHAPE_MAP ? document : NULL;
}

static bool has_effect(mf_key key) {
  static const mf_key keys[] = {
      MF_KEY_NAME,           MF_KEY_DESCRIPTION,       MF_KEY_TAGS,   MF_KEY_VERSION,
      MF_KEY_MFVM,           MF_KEY_VARIABLES,         MF_KEY_INPUTS, MF_KEY_STEPS,
      MF_KEY_ADVANCED_STEPS, MF_KEY_CONDITIONAL_STEPS, MF_KEY_HOOKS,  MF_KEY_ASSERTIONS,
      MF_KEY_PARALLEL};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (keys[i] == key) return true;
  return key == MF_KEY_NONE;
}

static bool is_off(const mf_node *value) {
  return value->shape == MF_SHAPE_NULL || (value->shape == MF_SHAPE_BOOL && !value->as.b);
}

static void warn_of_the_rest(mf_compiler *c) {
  for (const mf_member *m = c->document->as.members; m; m = m->next)
    if (!has_effect(m->key) && !is_off(m->value))
      mf_diag_add(c->diags, MF_W_NO_EFFECT_WHEN_LINKED, m->key_span, mf_key_spelling(m->key));
  const mf_node *hooks = mf_node_get(c->document, MF_KEY_HOOKS);
  uint32_t i = 0;
  if (!hooks || hooks->shape != MF_SHAPE_LIST) return;
  for (const mf_node *hook = hooks->as.first; hook; hook = hook->next, i++) {
    uint32_t type = c->hooks[i].type;
    if (type != MF_ABSENT && type != MF_HOOK_TYPE_PRE_STEP && type != MF_HOOK_TYPE_POST_STEP)
      mf_diag_add(c->diags, MF_W_NO_EFFECT_WHEN_LINKED, mf_node_get(hook, MF_KEY_HOOK_TYPE)->span,
                  mf_enum_word(MF_OPERAND_HOOK_TYPE, type));
  }
}

static mf_link *new_link(mf_compiler *c, const mf_node *entry, const linked_file *file,
                         const mf_node *document) {
  mf_link *link = MF_NEW(c->arena, mf_link);
  const mf_node *hooks = mf_node_get(document, MF_KEY_HOOKS);
  uint32_t count = hooks && hooks->shape == MF_SHAPE_LIST ? hooks->count : 0;
  mf_global_hook *types = MF_NEW_ARRAY(c->arena, mf_global_hook, count + 1);
  mf_link **links = room_for_one(c->arena, c->links, c->link_count, &c->link_cap, sizeof *links);
  if (!link || !types || !links) return NULL;
  *link = (mf_link){.entry = entry, .name = file->name};
  link->depth = c->link ? c->link->depth + 1 : 1;
  link->other = (mf_document_scope){.document = document,
                                    .source = file->source.lines.source,
                                    .lines = file->source.lines,
                                    .file = &file->source,
                                    .link = link,
                                    .hooks = types};
  mf_names_scope_init(c, &link->other);
  uint32_t fields[4] = {mf_compile_string(c, file->name), MF_ABSENT,
                        mf_compile_string(c, mf_str_of(file->source.name)), 0};
  link->row = mf_builder_row(c->b, MF_TABLE_LINK, fields);
  c->links = links;
  mf_node_number(entry, c->link_count);
  return links[c->link_count++] = link;
}

/* What it writes and does not declare is declared around it. */
static void hand_on_assigned(mf_compiler *c, const mf_document_scope *inner) {
  for (uint32_t i = 0; i < inner->assigned.count; i++) {
    mf_str name = inner->assigned.entries[i].name;
    if (mf_names_get(&inner->globals, name) == MF_NAMES_NONE) mf_names_set(&c->assigned, name, 1);
  }
}

static void declare(mf_compiler *c, const mf_node *entry, const linked_file *file) {
  mf_node *document = parse(c, file);
  c->files->bytes += file->source.lines.source.n;
  if (!document) return;
  if (c->dump_ast && file->source.number > c->files->dumped) {
    mf_buf_printf(c->dump_ast, "# %s\n", file->source.name);
    mf_document_dump(c->dump_ast, document);
    c->files->dumped = file->source.number;
  }
  mf_link *link = new_link(c, entry, file, document);
  if (!link) return;
  mf_link_open(c, link);
  mf_hooks_declare(c);
  mf_names_declare_linked(c);
  warn_of_the_rest(c);
  mf_link_close(c);
  hand_on_assigned(c, &link->other);
}

void mf_link_declare(mf_compiler *c, const mf_node *entry) {
  mf_span span = span_of_name(entry);
  const mf_node *node = mf_node_get(entry, MF_KEY_RUN);
  mf_node_number(entry, MF_ABSENT);
  if (!node || node->shape != MF_SHAPE_TEXT || mf_arena_oom(c->arena)) return;
  mf_str name = mf_compile_word(c, entry, MF_KEY_RUN);
  if (node->flags & MF_NODE_INTERPOLATED) return; /* reported */
  if (!is_plain(name)) {
    mf_diag_add(c->diags, MF_E_LINK_NAME, span, (int)name.n, name.p);
    return;
  }
  const linked_file *file = load(c, name, span);
  if (file && !is_cycle(c, file, span) && within_limits(c, file, span)) declare(c, entry, file);
}

/* ---- what the entry gives ---- */

typedef struct given {
  uint32_t slot;
  mf_expr *value;
} given;

typedef struct givens {
  given *items;
  uint32_t count;
  bool
      unknown; /* a name that the document does not declare: it may have been meant for one that it does */
} givens;

static bool is_given(const givens *all, uint32_t slot) {
  for (uint32_t i = 0; i < all->count; i++)
    if (all->items[i].slot == slot) return true;
  return false;
}

static void report_unknown(mf_compiler *c, const mf_link *link, const mf_declared *d) {
  const mf_names *names = &link->other.globals;
  mf_near near;
  mf_near_init(&near, d->name);
  for (uint32_t i = 0; i < names->count; i++) mf_near_offer(&near, names->entries[i].name);
  mf_diag_add_hint(c->diags, MF_E_LINK_UNKNOWN_VARIABLE, d->span, mf_did_you_mean(c, &near),
                   (int)link->name.n, link->name.p, (int)d->name.n, d->name.p);
}

/* In the scope of the entry. */
static void emit_given(mf_compiler *c, const mf_link *link, const mf_declared *d, givens *all) {
  uint32_t slot = mf_names_get(&link->other.globals, d->name);
  if (slot == MF_NAMES_NONE) {
    report_unknown(c, link, d);
    all->unknown = true;
    return;
  }
  if (is_given(all, slot))
    mf_diag_add(c->diags, MF_E_DUPLICATE_VARIABLE, d->span, (int)d->name.n, d->name.p);
  given *one = &all->items[all->count++];
  *one = (given){slot, mf_data_expr(c, d->value)};
  mf_emit_expr(c, one->value);
  MF_EMIT(c, INIT, slot, 0);
  if (d->value->shape == MF_SHAPE_TEXT &&
      mf_names_get(&link->other.assigned, d->name) == MF_NAMES_NONE)
    mf_compile_host(c, d->value);
}

static givens emit_givens(mf_compiler *c, const mf_link *link) {
  const mf_node *variables = mf_node_get(link->entry, MF_KEY_VARIABLES);
  mf_declared d = {.value = NULL};
  givens all = {.count = 0};
  uint32_t count = variables ? variables->count : 0;
  all.items = MF_NEW_ARRAY(c->scratch, given, count + 1);
  while (all.items && all.count < count && mf_declared_next(variables, &d))
    if (d.value) emit_given(c, link, &d, &all);
  return all;
}

/* In the scope of the linked document. */
static void emit_variables(mf_compiler *c, const givens *all) {
  const mf_node *variables = mf_node_get(c->document, MF_KEY_VARIABLES);
  mf_declared d = {.value = NULL};
  while (mf_declared_next(variables, &d)) {
    uint32_t slot = mf_names_get(&c->globals, d.name);
    if (slot == MF_NAMES_NONE || !d.value || is_given(all, slot)) continue;
    mf_emit_expr(c, mf_data_expr(c, d.value));
    MF_EMIT(c, INIT, slot, 0);
    if (d.value->shape == MF_SHAPE_TEXT && mf_names_get(&c->assigned, d.name) == MF_NAMES_NONE)
      mf_compile_host(c, d.value);
  }
}

/* In a repeat there may be the values of the last turn. */
static void emit_clear(mf_compiler *c, const mf_link *link) {
  const mf_names *names = &link->other.globals;
  for (uint32_t i = 0; i < names->count; i++) MF_EMIT(c, CLEAR, names->entries[i].value, 0);
}

/* In the scope of the entry again, when the constraints of the inputs are known. */
static void check_inputs(mf_compiler *c, const mf_link *link, const givens *all) {
  const mf_names *names = &link->other.globals;
  for (uint32_t i = 0; i < all->count; i++)
    mf_inputs_check_write(c, all->items[i].slot, all->items[i].value);
  if (all->unknown) return;
  for (uint32_t i = 0; i < names->count; i++) {
    mf_str name = names->entries[i].name;
    if (mf_inputs_required(c, names->entries[i].value) && !is_given(all, names->entries[i].value))
      mf_diag_add(c->diags, MF_E_LINK_INPUT_MISSING, span_of_name(link->entry), (int)name.n, name.p,
                  (int)link->name.n, link->name.p);
  }
}

/* ---- code ---- */

static void emit_inside(mf_compiler *c, mf_link *link, mf_str path, const givens *all) {
  mf_phase phase = c->phase;
  mf_link_open(c, link);
  c->prefix = mf_compile_path(c, "%.*s.run.", (int)path.n, path.p);
  mf_emit_inputs(c);
  emit_variables(c, all);
  mf_emit_lists(c);
  c->phase = MF_PHASE_RUN;
  mf_emit_assertions(c, mf_node_get(c->document, MF_KEY_ASSERTIONS),
                     mf_compile_own_path(c, "assertions"), MF_ABSENT);
  c->phase = phase;
  mf_link_close(c);
}

static void fill_row(mf_compiler *c, const mf_link *link, mf_str path, uint32_t flags) {
  const mf_node *name = mf_node_get(link->entry, MF_KEY_NAME);
  bool own = name && name->shape == MF_SHAPE_TEXT;
  uint32_t text = mf_compile_string(c, own ? mf_node_text(name) : link->name);
  uint32_t at = mf_compile_string(c, path);
  uint32_t *fields = mf_builder_row_get(c->b, MF_TABLE_LINK, link->row);
  fields[0] = text;
  fields[1] = at;
  fields[3] = flags;
}

void mf_emit_link(mf_compiler *c, const mf_node *entry, mf_str path, uint32_t flags) {
  const mf_node *node = mf_node_get(entry, MF_KEY_CONDITION);
  mf_expr *condition = node ? mf_condition_expr(c, node) : NULL;
  bool looks = mf_condition_looks(condition);
  mf_link *link = mf_link_of(c, entry);
  if (!link) return; /* reported */
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  mf_emit_id(c, mf_node_get(entry, MF_KEY_ID), MF_OWNER_LINK, link->row);
  fill_row(c, link, path, flags | (looks ? MF_STEP_FLAGS_LOOKS : 0));
  mf_compile_at(c, entry->span);
  mf_emit_gate(c, entry, looks);
  MF_EMIT(c, LINK_ENTER, link->row, leave);
  mf_emit_allowances(c, entry);
  if (condition) mf_reach_guard(c, node, mf_emit_condition(c, condition, skip));
  if (condition) mf_emit_why(c, node, condition, MF_OWNER_LINK, link->row, 0);
  if (looks) MF_EMIT(c, HANDLED, 0, 0);
  emit_clear(c, link);
  givens all = emit_givens(c, link);
  mf_reach_enter(c);
  emit_inside(c, link, path, &all);
  mf_reach_leave(c);
  check_inputs(c, link, &all);
  if (condition) mf_emit_skipped(c, skip, leave);
  mf_builder_place(c->b, leave);
  mf_compile_at(c, entry->span);
  MF_EMIT(c, LINK_LEAVE, link->row, 0);
}

/* ---- metadata ---- */

static void write_file(mf_json_writer *w, const linked_file *file) {
  char digest[33];
  mf_str text = file->source.lines.source;
  mf_hash128_text(mf_hash128_of(text.p, text.n), digest);
  mf_json_open_map(w);
  mf_json_key(w, "file");
  mf_json_put_str(w, mf_str_of(file->source.name));
  mf_json_key(w, "bytes");
  mf_json_put_uint(w, text.n);
  mf_json_key(w, "digest");
  mf_json_put_str(w, mf_str_of(digest));
  mf_json_close_map(w);
}

void mf_links_write(const mf_compiler *c, mf_json_writer *w) {
  if (!c->files) return;
  mf_json_key(w, "linked");
  mf_json_open_list(w);
  for (uint32_t i = 0; i < c->files->count; i++) write_file(w, c->files->items[i]);
  mf_json_close_list(w);
}
