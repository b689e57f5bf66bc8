/* SPDX-License-Identifier: MIT */
/* abort - abort_when and steady_state.during: what ends a run at once. */
#include <math.h>

#include "reading.h"
#include "watched_code.h"

enum { NAME_SHOWN = 200 };

/* A length of time that is known now. */
static double seconds_between(mf_compiler *c, const mf_node *map, mf_key key) {
  const mf_node *node = mf_node_get(map, key);
  const double seconds = mf_compile_seconds(c, map, key, NAN);
  if (isnan(seconds)) return -1; /* absent, or reported */
  if (seconds >= MF_WINDOW_LEAST && seconds <= MF_WINDOW_MOST) return seconds;
  mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, mf_key_spelling(key), "from 100ms to 1h");
  return -1;
}

/* The request is made over the variables as they are then. */
static void add_probe(mf_compiler *c, const mf_node *node, mf_watch_row *row) {
  const mf_watch_scope scope = {.scenario = MF_ABSENT};
  const mf_node *http = mf_node_get(node, MF_KEY_HTTP);
  const mf_node *interval = mf_node_get(node, MF_KEY_INTERVAL);
  if (interval && !http)
    mf_diag_add(c->diags, MF_E_MISSING_KEY, interval->span, "interval", "'http'");
  if (!http || http->shape == MF_SHAPE_BAD) return;
  row->interval = seconds_between(c, node, MF_KEY_INTERVAL);
  c->watch = &scope;
  mf_expr *message = mf_request_arguments(c, http);
  c->watch = NULL;
  row->probe = mf_watch_chunk(c, &scope, message, false);
}

static void add_abort(mf_compiler *c, const mf_node *node, mf_str path) {
  const bool is_map = node->shape == MF_SHAPE_MAP && node->tag == MF_TAG_ABORT;
  const mf_node *when = is_map ? mf_node_get(node, MF_KEY_WHEN) : node;
  mf_watch_scope scope = {.scenario = MF_ABSENT};
  mf_watch_row row = MF_WATCH_NONE;
  if (!when || when->shape == MF_SHAPE_BAD || when->shape == MF_SHAPE_NULL) return;
  mf_str name = is_map ? mf_compile_word(c, node, MF_KEY_NAME) : MF_STR("");
  row.kind = MF_WATCH_KIND_ABORT_WHEN;
  row.flags = MF_WATCH_FLAGS_ABORTS;
  row.path = path;
  row.name = name.n ? name : mf_compile_written(c, when, NAME_SHOWN);
  if (is_map) {
    row.over = seconds_between(c, node, MF_KEY_OVER);
    row.grace = mf_compile_seconds(c, node, MF_KEY_GRACE, -1);
    if (row.over > 0) scope.over = row.over;
    add_probe(c, node, &row);
    scope.responds = row.probe != MF_ABSENT;
  }
  c->watch = &scope; /* what the names of `exists` and the like mean */
  mf_expr *e = mf_condition_expr(c, when);
  c->watch = NULL;
  mf_watch_add(c, &row, mf_watch_chunk(c, &scope, e, true));
}

/* Each assertion of the steady state, on every sample. */
static void add_during(mf_compiler *c) {
  const mf_node *state = mf_node_get(c->document, MF_KEY_STEADY_STATE);
  const mf_node *during = mf_node_get(state, MF_KEY_DURING);
  const mf_node *list = mf_node_get(state, MF_KEY_ASSERTIONS);
  if (!during || during->shape == MF_SHAPE_BAD) return;
  const bool aborts = during->shape == MF_SHAPE_TEXT && mf_str_is(mf_node_text(during), "abort");
  if (during->shape == MF_SHAPE_TEXT && !aborts) {
    mf_str word = mf_node_text(during);
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, during->span, "write false, true or abort",
                     (int)word.n, word.p, "value of during");
    return;
  }
  if (!aborts && !during->as.b) return;
  mf_assertions_watch(c, list, MF_STR("steady_state.assertions"),
                      aborts ? MF_WATCH_FLAGS_ABORTS : 0);
}

void mf_aborts_add(mf_compiler *c) {
  const mf_node *node = mf_node_get(c->document, MF_KEY_ABORT_WHEN);
  uint32_t i = 0;
  if (node && node->shape == MF_SHAPE_LIST)
    for (const mf_node *item = node->as.first; item; item = item->next, i++)
      add_abort(c, item, mf_path_index(c, MF_STR("abort_when"), i));
  else if (node)
    add_abort(c, node, MF_STR("abort_when"));
  add_during(c);
}
