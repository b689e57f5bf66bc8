/* SPDX-License-Identifier: MIT */
/* The small parts an HTML report is made of. */
#include "report_page.h"
#include "report_escape.h"

#include <math.h>

/* ---- Text ---- */

void mf_page_text(mf_page *p, mf_str s) { mf_escape_markup(p->out, s); }

void mf_page_name(mf_page *p, mf_str s) {
  mf_page_raw(p, "<bdi>");
  if (s.n)
    mf_page_text(p, s);
  else
    mf_page_raw(p, "(no name)");
  mf_page_raw(p, "</bdi>");
}

/* What has no name is named by its id already. */
void mf_page_id(mf_page *p, mf_str id, mf_str name) {
  if (id.n == 0 || mf_str_eq(id, name)) return;
  mf_page_raw(p, " <span class=\"dim\">id ");
  mf_page_name(p, id);
  mf_page_raw(p, "</span>");
}

void mf_page_count(mf_page *p, uint64_t n) {
  char text[24];
  mf_buf_add(p->out, text, mf_format_uint(n, text));
}

void mf_page_plural(mf_page *p, uint64_t n, const char *noun) {
  mf_page_count(p, n);
  mf_page_raw(p, " ");
  mf_page_raw(p, noun);
  if (n != 1) mf_page_raw(p, "s");
}

void mf_page_fixed(mf_page *p, double d, unsigned decimals) {
  mf_report_fixed(p->out, d, decimals);
}

/* ---- Outcomes ---- */

/* The class is the word itself; the style sheet has a colour for each. */
void mf_page_badge(mf_page *p, const char *word) {
  mf_page_raw(p, "<span class=\"badge ");
  mf_page_raw(p, word);
  mf_page_raw(p, "\">");
  mf_page_raw(p, strcmp(word, "no_data") == 0 ? "no data" : word);
  mf_page_raw(p, "</span>");
}

/* ---- Values ---- */

enum { SHOWN = 4096 };

static void put_code_element(mf_page *p, mf_str text) {
  mf_str head = mf_report_prefix(text, SHOWN);
  mf_page_raw(p, "<code>");
  mf_page_text(p, head);
  mf_page_raw(p, "</code>");
  if (head.n == text.n) return;
  mf_page_raw(p, " <span class=\"dim\">\xE2\x80\xA6 and ");
  mf_page_plural(p, text.n - head.n, "byte");
  mf_page_raw(p, " more</span>");
}

static void put_node(mf_page *p, mf_json *node, bool expected) {
  mf_buf text;
  mf_buf_init(&text, &p->r->alloc, 0);
  mf_report_value(p->r, &text, node, expected);
  if (text.failed) p->out->failed = true;
  put_code_element(p, mf_buf_str(&text));
  mf_buf_fini(&text);
}

void mf_page_node(mf_page *p, mf_json *node) { put_node(p, node, false); }

void mf_page_value(mf_page *p, mf_report_json json, bool expected) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  mf_json *node = mf_report_parse(p->r, json);
  if (node)
    put_node(p, node, expected);
  else
    mf_page_raw(p, "<span class=\"dim\">\xE2\x80\x93</span>");
  mf_arena_release(&p->r->scratch, mark);
}

void mf_page_metric(mf_page *p, mf_json *node) {
  if (node->kind != MF_JSON_DOUBLE) {
    mf_page_node(p, node);
    return;
  }
  double size = fabs(node->as.d);
  mf_page_raw(p, "<code>");
  if (size == 0 || size >= 1)
    mf_page_fixed(p, node->as.d, 2);
  else
    mf_report_number(p->out, node->as.d);
  mf_page_raw(p, "</code>");
}

void mf_page_instant(mf_page *p, mf_str wall) {
  char text[40];
  int64_t seconds;
  uint32_t nanos;
  if (!mf_parse_timestamp(wall, &seconds, &nanos) ||
      mf_format_timestamp(seconds, 0, text) != sizeof "2026-02-03T10:15:30Z" - 1) {
    mf_page_text(p, wall.n ? wall : MF_STR("unknown"));
    return;
  }
  mf_page_raw(p, "<time datetime=\"");
  mf_page_text(p, wall);
  mf_page_raw(p, "\">");
  mf_buf_add(p->out, text, 10);
  mf_page_raw(p, " ");
  mf_buf_add(p->out, text + 11, 8);
  mf_page_raw(p, " UTC</time>");
}

/* ---- Blocks ---- */

void mf_page_rest(mf_page *p, uint64_t total, uint64_t kept) {
  if (total <= kept) return;
  mf_page_raw(p, "<p class=\"rest\">\xE2\x80\xA6 and ");
  mf_page_count(p, total - kept);
  mf_page_raw(p, " more</p>\n");
}

void mf_page_table(mf_page *p, const char *kind, const char *const *columns, unsigned count) {
  mf_page_raw(p, "<table class=\"");
  mf_page_raw(p, kind);
  mf_page_raw(p, "\">\n<thead><tr>");
  for (unsigned i = 0; i < count; i++) {
    mf_page_raw(p, "<th scope=\"col\">");
    mf_page_raw(p, columns[i]);
    mf_page_raw(p, "</th>");
  }
  mf_page_raw(p, "</tr></thead>\n<tbody>\n");
}

void mf_page_table_end(mf_page *p) { mf_page_raw(p, "</tbody>\n</table>\n"); }

void mf_page_section(mf_page *p, const char *id, const char *heading, uint64_t count) {
  mf_page_raw(p, "<section aria-labelledby=\"");
  mf_page_raw(p, id);
  mf_page_raw(p, "\">\n<h2 id=\"");
  mf_page_raw(p, id);
  mf_page_raw(p, "\">");
  mf_page_raw(p, heading);
  if (count) {
    mf_page_raw(p, " <span class=\"count\">");
    mf_page_count(p, count);
    mf_page_raw(p, "</span>");
  }
  mf_page_raw(p, "</h2>\n<div class=\"card\">\n");
}

void mf_page_section_end(mf_page *p) { mf_page_raw(p, "</div>\n</section>\n"); }

/* ---- Assertions, hooks and actions ---- */

static void put_remark(mf_page *p, mf_str text) {
  if (text.n == 0) return;
  mf_page_raw(p, "<span class=\"remark\">");
  mf_page_name(p, text);
  mf_page_raw(p, "</span>");
}

void mf_page_reasons(mf_page *p, mf_report_json parts) {
  mf_arena_mark mark = mf_arena_mark_get(&p->r->scratch);
  mf_report_part part = mf_report_part_first(p->r, parts);
  uint32_t open = 0; /* lists, in each of which an entry is open */
  for (; part.node; part = mf_report_part_next(&part)) {
    if (part.depth == open)
      mf_page_raw(p, open++ ? "<ul>" : "<ul class=\"reasons\">");
    else
      mf_page_raw(p, "</li>");
    for (; open > part.depth + 1; open--) mf_page_raw(p, "</ul></li>");
    mf_page_raw(p, "<li>");
    put_code_element(p, part.text);
    mf_page_raw(p, " = ");
    if (part.value) put_node(p, part.value, false);
  }
  for (; open > 0; open--) mf_page_raw(p, "</li></ul>");
  mf_arena_release(&p->r->scratch, mark);
}

static void put_assertion(mf_page *p, const mf_report_item *item) {
  mf_page_raw(p, "<tr><th scope=\"row\">");
  mf_page_name(p, item->name);
  mf_page_id(p, item->id, item->name);
  if (item->outcome != MF_OUTCOME_PASSED) put_remark(p, mf_report_remark(item));
  mf_page_reasons(p, item->parts);
  mf_page_raw(p, "</th><td>");
  mf_page_badge(p, mf_outcome_word(item->outcome));
  mf_page_raw(p, "</td><td data-label=\"Actual\">");
  mf_page_value(p, item->actual, false);
  mf_page_raw(p, "</td><td data-label=\"Expected\">");
  mf_page_value(p, item->expected, true);
  mf_page_raw(p, "</td></tr>\n");
}

void mf_page_assertions(mf_page *p, const mf_report_list *list) {
  static const char *const columns[] = {"Assertion", "Outcome", "Actual", "Expected"};
  mf_page_table(p, "assertions", columns, 4);
  for (const mf_report_item *item = list->first; item; item = item->next) put_assertion(p, item);
  mf_page_table_end(p);
  mf_page_rest(p, list->total, list->kept);
}

static void put_activity(mf_page *p, const mf_report_item *item) {
  bool hook = item->kind != MF_NOTICE_ACTION_FINISHED;
  mf_page_raw(p, hook ? "<tr class=\"hook\">" : item->nested ? "<tr class=\"nested\">" : "<tr>");
  mf_page_raw(p, "<th scope=\"row\">");
  mf_page_raw(p, "<span class=\"kind\">");
  mf_page_raw(p, mf_report_activity_word(item));
  mf_page_raw(p, "</span> ");
  mf_page_name(p, item->name);
  mf_page_id(p, item->id, item->name);
  mf_page_raw(p, "</th><td>");
  mf_page_badge(p, item->finished ? mf_outcome_word(item->outcome) : "unfinished");
  mf_page_raw(p, "</td><td>");
  if (item->effect.n) put_code_element(p, item->effect);
  put_remark(p, item->text);
  mf_page_reasons(p, item->parts);
  mf_page_raw(p, "</td></tr>\n");
}

void mf_page_activity(mf_page *p, const mf_report_list *list) {
  static const char *const columns[] = {"Hook or action", "Outcome", "What came of it"};
  mf_page_table(p, "activity", columns, 3);
  for (const mf_report_item *item = list->first; item; item = item->next) put_activity(p, item);
  mf_page_table_end(p);
  mf_page_rest(p, list->total, list->kept);
}
