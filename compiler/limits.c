/* SPDX-License-Identifier: MIT */
/* limits - what a run may touch, and how much (docs/language.md, "Limits"): checked
 * here, carried in the metadata, kept by the runner. */
#include "../base/command_rule.h"
#include "../base/host_rule.h"
#include "../base/limits.h"
#include "compiler.h"

static const mf_node *limits_of(const mf_compiler *c) {
  return mf_node_get(c->main_document, MF_KEY_LIMITS);
}

static const mf_node *list_of(const mf_node *limits, mf_key key) {
  const mf_node *list = mf_node_get(limits, key);
  return list && list->shape == MF_SHAPE_LIST ? list : NULL;
}

/* ---- checks ---- */

static bool is_constant(mf_compiler *c, const mf_node *node, mf_key key) {
  if (node->shape != MF_SHAPE_TEXT || !(node->flags & MF_NODE_INTERPOLATED)) return true;
  mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, mf_key_spelling(key));
  return false;
}

/* What the document says; NAN when it is no number (reported). */
static double number_of(const mf_node *node) {
  if (node->shape == MF_SHAPE_INT) return (double)node->as.i;
  if (node->shape == MF_SHAPE_UINT) return (double)node->as.u;
  return node->as.d;
}

static bool is_number(const mf_node *node) {
  return node->shape == MF_SHAPE_INT || node->shape == MF_SHAPE_UINT ||
         node->shape == MF_SHAPE_DOUBLE;
}

static void check_number(mf_compiler *c, const mf_node *node, mf_key key, double most,
                         const char *wanted) {
  bool whole = key != MF_KEY_MAX_RATE;
  if (!node || !is_constant(c, node, key) || !is_number(node)) return;
  double x = number_of(node);
  bool fits = x > 0 && x <= most && (!whole || (x >= 1 && node->shape != MF_SHAPE_DOUBLE));
  if (!fits) mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, mf_key_spelling(key), wanted);
}

static void check_hosts(mf_compiler *c, const mf_node *list) {
  mf_host_rule rule;
  for (const mf_node *item = list ? list->as.first : NULL; item; item = item->next) {
    if (item->shape != MF_SHAPE_TEXT || !is_constant(c, item, MF_KEY_HOSTS)) continue;
    const char *why = mf_host_rule_parse(mf_node_text(item), &rule);
    if (why) mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, item->span, "an element of hosts", why);
  }
}

static void check_commands(mf_compiler *c, const mf_node *list) {
  for (const mf_node *item = list ? list->as.first : NULL; item; item = item->next) {
    if (item->shape != MF_SHAPE_TEXT || !is_constant(c, item, MF_KEY_COMMANDS)) continue;
    if (!mf_command_rule_ok(mf_node_text(item)))
      mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, item->span, "an element of commands",
                  "a program's name or its absolute path");
  }
}

static void check_ports(mf_compiler *c, const mf_node *list) {
  for (const mf_node *item = list ? list->as.first : NULL; item; item = item->next)
    check_number(c, item, MF_KEY_PORTS, 65535, "whole numbers from 1 to 65535");
}

static void check_duration(mf_compiler *c, const mf_node *node) {
  if (!node || !is_constant(c, node, MF_KEY_MAX_DURATION)) return;
  const mf_expr *e = mf_seconds_expr(c, node);
  if (e && e->kind == MF_EXPR_LITERAL && e->value.as.d <= 0)
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "max_duration", "above 0");
}

void mf_limits_check(mf_compiler *c) {
  const mf_node *limits = limits_of(c);
  check_hosts(c, list_of(limits, MF_KEY_HOSTS));
  check_ports(c, list_of(limits, MF_KEY_PORTS));
  check_commands(c, list_of(limits, MF_KEY_COMMANDS));
  check_number(c, mf_node_get(limits, MF_KEY_MAX_RATE), MF_KEY_MAX_RATE,
               (double)MF_LIMIT_LOAD_RATE_MOST, "a number above 0, at most 1000000");
  check_number(c, mf_node_get(limits, MF_KEY_MAX_CONNECTIONS), MF_KEY_MAX_CONNECTIONS,
               (double)MF_LIMIT_LOAD_CONNECTIONS_MOST, "a whole number from 1 to 60000");
  check_number(c, mf_node_get(limits, MF_KEY_MAX_REQUESTS), MF_KEY_MAX_REQUESTS, 9.0e15,
               "a whole number from 1 to 9e15");
  check_duration(c, mf_node_get(limits, MF_KEY_MAX_DURATION));
}

void mf_limits_check_command(mf_compiler *c, const mf_node *command, bool shell) {
  const mf_node *list = list_of(limits_of(c), MF_KEY_COMMANDS);
  if (!list || !command || command->shape != MF_SHAPE_TEXT) return;
  mf_str program = shell ? MF_STR(MF_SHELL) : mf_node_text(command);
  if (!shell && (command->flags & MF_NODE_INTERPOLATED)) return;
  for (const mf_node *item = list->as.first; item; item = item->next)
    if (item->shape == MF_SHAPE_TEXT && mf_command_rule_covers(mf_node_text(item), program)) return;
  mf_diag_add(c->diags, MF_E_COMMAND_NOT_ALLOWED, command->span, (int)program.n, program.p);
}

/* ---- the metadata ---- */

static void put_number(mf_json_writer *w, const mf_node *node) {
  if (node->shape == MF_SHAPE_DOUBLE)
    mf_json_put_double(w, node->as.d);
  else
    mf_json_put_int(w, node->as.i);
}

static void write_number(mf_json_writer *w, const mf_node *limits, mf_key key) {
  const mf_node *node = mf_node_get(limits, key);
  if (!node || !is_number(node)) return;
  mf_json_key(w, mf_key_spelling(key));
  put_number(w, node);
}

static void write_list(mf_json_writer *w, const mf_node *limits, mf_key key) {
  const mf_node *list = list_of(limits, key);
  if (!list) return;
  mf_json_key(w, mf_key_spelling(key));
  mf_json_open_list(w);
  for (const mf_node *item = list->as.first; item; item = item->next) {
    if (item->shape == MF_SHAPE_TEXT) mf_json_put_str(w, mf_node_text(item));
    if (is_number(item)) put_number(w, item);
  }
  mf_json_close_list(w);
}

static void write_duration(mf_compiler *c, mf_json_writer *w, const mf_node *limits) {
  const mf_node *node = mf_node_get(limits, MF_KEY_MAX_DURATION);
  const mf_expr *e = node ? mf_seconds_expr(c, node) : NULL;
  if (!e || e->kind != MF_EXPR_LITERAL) return;
  mf_json_key(w, mf_key_spelling(MF_KEY_MAX_DURATION));
  mf_json_put_double(w, e->value.as.d);
}

void mf_limits_write(mf_compiler *c, mf_json_writer *w) {
  const mf_node *limits = limits_of(c);
  if (!limits || limits->shape != MF_SHAPE_MAP) return;
  mf_json_key(w, "limits");
  mf_json_open_map(w);
  write_list(w, limits, MF_KEY_HOSTS);
  write_list(w, limits, MF_KEY_PORTS);
  write_list(w, limits, MF_KEY_COMMANDS);
  write_number(w, limits, MF_KEY_MAX_RATE);
  write_number(w, limits, MF_KEY_MAX_CONNECTIONS);
  write_number(w, limits, MF_KEY_MAX_REQUESTS);
  write_duration(c, w, limits);
  mf_json_close_map(w);
}
