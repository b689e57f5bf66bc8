/* SPDX-License-Identifier: MIT */
/* emit_hook - hooks and actions (docs/language.md, "Hooks and actions"). */
#include "compiler.h"

static const mf_map no_arguments = {0, 0, NULL, NULL};

enum { EXPECT_SHOWN = 200 }; /* bytes of an `expect` in a message */

/* ---- actions: what each type does ---- */

typedef struct action_info {
  mf_tag tag;
  uint32_t type;
  bool fails; /* on_error: fail by default */
  void (*emit)(mf_compiler *c, const mf_node *action, uint32_t row);
} action_info;

static void emit_set_variable(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  mf_str name = mf_compile_word(c, action, MF_KEY_NAME);
  const mf_member *value = mf_node_member(action, MF_KEY_VALUE);
  mf_expr *e = value ? mf_data_expr(c, value->value)
                     : mf_literal(c, action->span, (mf_value){.kind = MF_NULL});
  const mf_node *node = mf_node_get(action, MF_KEY_NAME);
  const mf_span span = (node ? node : action)->span;
  const uint32_t slot = mf_names_assign(c, name, span);
  mf_inputs_check_write(c, slot, e);
  mf_emit_expr(c, e);
  MF_EMIT(c, STORE, slot, 0);
  if (name.n) mf_branches_check_write(c, slot, name, span);
}

static uint32_t log_level(mf_compiler *c, const mf_node *action) {
  mf_str word = mf_compile_word(c, action, MF_KEY_LEVEL);
  if (word.n == 0) return MF_LEVEL_INFO;
  uint32_t code = mf_enum_code(MF_OPERAND_LEVEL, word);
  if (code != MF_ABSENT) return code;
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(action, MF_KEY_LEVEL)->span,
                   "write trace, debug, info, warn or error", (int)word.n, word.p, "level");
  return MF_LEVEL_INFO;
}

static void emit_text_of_key(mf_compiler *c, const mf_node *action, mf_key key,
                             const char *fallback) {
  const mf_node *node = mf_node_get(action, key);
  mf_emit_expr(
      c, node ? mf_text_expr(c, node) : mf_literal_text(c, action->span, mf_str_of(fallback)));
}

static void emit_log(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  emit_text_of_key(c, action, MF_KEY_MESSAGE, "");
  MF_EMIT(c, LOG, log_level(c, action), 0);
}

static uint32_t driver_row(mf_compiler *c, const char *name) {
  uint32_t row = mf_names_get(&c->drivers, mf_str_of(name));
  if (row != MF_NAMES_NONE) return row;
  uint32_t fields[1] = {mf_compile_string(c, mf_str_of(name))};
  row = mf_builder_row(c->b, MF_TABLE_DRIVER, fields);
  mf_names_set(&c->drivers, mf_str_of(name), row);
  return row;
}

void mf_emit_effect_of(mf_compiler *c, const char *driver) {
  MF_EMIT(c, CONST, mf_builder_constant(c->b, &(mf_value){.kind = MF_MAP, .as.map = &no_arguments}),
          0);
  MF_EMIT(c, EFFECT, driver_row(c, driver), 0);
}

/* What `expect` says, as a condition on `response`. */
mf_expr *mf_expect_expr(mf_compiler *c, const mf_node *expect, const char *number) {
  bool list = expect->shape == MF_SHAPE_LIST;
  if (!list && expect->shape != MF_SHAPE_INT) return mf_condition_expr(c, expect);
  return mf_binary(c, expect->span, list ? MF_OP_IN : MF_OP_EQ,
                   mf_name_expr(c, mf_str_of(number), expect->span), mf_data_expr(c, expect));
}

/* "expected 200, got response.status 503". */
static void emit_unexpected(mf_compiler *c, const mf_node *expect, const char *number) {
  mf_str text = mf_compile_written(c, expect, EXPECT_SHOWN);
  mf_emit_expr(c, mf_literal_text(
                      c, expect->span,
                      mf_compile_path(c, "expected %.*s, got %s ", (int)text.n, text.p, number)));
  mf_emit_expr(c, mf_name_expr(c, mf_str_of(number), expect->span));
  MF_EMIT(c, CONCAT, 2, 0);
  MF_EMIT(c, FAIL, 0, 0);
}

/* An outcome that is an answer, whether its driver likes it or not, is judged by
 * `expect` alone. */
static void emit_expect(mf_compiler *c, const mf_node *expect, const char *number) {
  uint32_t unexpected = mf_builder_label(c->b), met = mf_builder_label(c->b);
  MF_EMIT(c, ANSWER, 0, 0);
  mf_emit_condition(c, mf_expect_expr(c, expect, number), unexpected);
  MF_EMIT(c, JUMP, met, 0);
  mf_builder_place(c->b, unexpected);
  emit_unexpected(c, expect, number);
  mf_builder_place(c->b, met);
}

/* `expect` and the condition of a retry look at `response`. */
static bool looks_at_response(const mf_node *action) {
  const mf_node *retry = mf_node_get(action, MF_KEY_RETRY);
  return mf_node_get(action, MF_KEY_EXPECT) || (retry && mf_node_get(retry, MF_KEY_WHEN));
}

/* The effect, what is kept of its outcome, and the judgement. */
static void emit_effect(mf_compiler *c, const mf_node *action, const char *driver, mf_expr *args,
                        const char *number) {
  const mf_node *expect = mf_node_get(action, MF_KEY_EXPECT);
  mf_str name = mf_compile_word(c, action, MF_KEY_SAVE_AS);
  mf_emit_expr(c, args);
  MF_EMIT(c, EFFECT, driver_row(c, driver), 0);
  if (name.n || looks_at_response(action)) {
    MF_EMIT(c, DUP, 0, 0);
    MF_EMIT(c, INIT, mf_names_builtin(c, MF_BUILTIN_RESPONSE), 0);
  }
  if (name.n) {
    const mf_span span = mf_node_get(action, MF_KEY_SAVE_AS)->span;
    const uint32_t slot = mf_names_assign(c, name, span);
    MF_EMIT(c, DUP, 0, 0);
    MF_EMIT(c, STORE, slot, 0);
    mf_branches_check_write(c, slot, name, span);
  }
  if (expect)
    emit_expect(c, expect, number);
  else
    MF_EMIT(c, OUTCOME, 0, 0);
}

static void add_timeout(mf_compiler *c, mf_expr *args, const mf_node *action) {
  const mf_node *timeout = mf_node_get(action, MF_KEY_TIMEOUT);
  if (timeout) mf_map_expr_add(c, args, "timeout", mf_seconds_expr(c, timeout));
}

static void add_text(mf_compiler *c, mf_expr *args, const char *name, const mf_node *action,
                     mf_key key) {
  const mf_node *node = mf_node_get(action, key);
  if (node) mf_map_expr_add(c, args, name, mf_text_expr(c, node));
}

mf_expr *mf_request_arguments(mf_compiler *c, const mf_node *action) {
  mf_expr *args = mf_map_expr(c, action->span);
  if (action->shape == MF_SHAPE_TEXT) {
    mf_compile_host(c, action);
    mf_map_expr_add(c, args, "url", mf_text_expr(c, action));
    mf_map_expr_add(c, args, "method", mf_literal_text(c, action->span, MF_STR("GET")));
    return args;
  }
  const mf_node *url = mf_node_get(action, MF_KEY_URL), *body = mf_node_get(action, MF_KEY_BODY);
  if (url && url->shape == MF_SHAPE_TEXT) mf_compile_host(c, url);
  add_text(c, args, "url", action, MF_KEY_URL);
  if (mf_node_get(action, MF_KEY_METHOD))
    add_text(c, args, "method", action, MF_KEY_METHOD);
  else
    mf_map_expr_add(c, args, "method",
                    mf_literal_text(c, action->span, body ? MF_STR("POST") : MF_STR("GET")));
  mf_map_expr_add_key(c, args, "headers", action, MF_KEY_HEADERS);
  mf_map_expr_add_key(c, args, "body", action, MF_KEY_BODY);
  add_timeout(c, args, action);
  return args;
}

static void emit_http_request(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  emit_effect(c, action, "http_request", mf_request_arguments(c, action), "response.status");
}

static void emit_command(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  mf_expr *args = mf_map_expr(c, action->span);
  const mf_node *command = mf_node_get(action, MF_KEY_COMMAND);
  bool shell = mf_compile_bool(c, action, MF_KEY_SHELL, false);
  if (shell && command && (command->flags & MF_NODE_INTERPOLATED))
    mf_diag_add(c->diags, MF_E_SHELL_TEXT, command->span);
  mf_limits_check_command(c, command, shell);
  add_text(c, args, "command", action, MF_KEY_COMMAND);
  if (shell)
    mf_map_expr_add(c, args, "shell",
                    mf_literal(c, action->span, (mf_value){.kind = MF_BOOL, .as.i = 1}));
  mf_map_expr_add_key(c, args, "args", action, MF_KEY_ARGS);
  mf_map_expr_add_key(c, args, "env", action, MF_KEY_ENV);
  add_text(c, args, "cwd", action, MF_KEY_CWD);
  add_text(c, args, "stdin", action, MF_KEY_STDIN);
  add_timeout(c, args, action);
  emit_effect(c, action, "command", args, "response.exit_code");
}

static void emit_record_metric(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  mf_str name = mf_compile_word(c, action, MF_KEY_NAME);
  const mf_node *value = mf_node_get(action, MF_KEY_VALUE);
  if (!value || name.n == 0) return;
  mf_expr *e = mf_data_expr(c, value);
  const mf_node *labels = mf_node_get(action, MF_KEY_LABELS);
  if (labels) {
    mf_emit_expr(c, mf_data_expr(c, labels));
    MF_EMIT(c, LABELS, 0, 0);
  }
  mf_emit_wanted(c, e, "a metric's value", MF_WANTED_NUMBER);
  MF_EMIT(c, METRIC, mf_names_metric(c, name, MF_METRIC_KIND_GAUGE), 0);
}

static void emit_assert(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  const mf_node *condition = mf_node_get(action, MF_KEY_CONDITION);
  uint32_t failed = mf_builder_label(c->b), holds = mf_builder_label(c->b);
  if (!condition) return;
  mf_emit_condition(c, mf_condition_expr(c, condition), failed);
  MF_EMIT(c, JUMP, holds, 0);
  mf_builder_place(c->b, failed);
  emit_text_of_key(c, action, MF_KEY_MESSAGE, "the asserted condition is false");
  MF_EMIT(c, FAIL, 0, 0);
  mf_builder_place(c->b, holds);
}

static void emit_wait(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  const mf_node *seconds = mf_node_get(action, MF_KEY_DURATION);
  if (!seconds) seconds = mf_node_get(action, MF_KEY_WAIT);
  if (!seconds) return;
  mf_emit_wanted(c, mf_seconds_expr(c, seconds), "a wait", MF_WANTED_SECONDS);
  MF_EMIT(c, WAIT, 0, 0);
}

static void emit_seconds(mf_compiler *c, const mf_node *map, mf_key key, double fallback) {
  const mf_node *node = mf_node_get(map, key);
  mf_value seconds = {.kind = MF_DOUBLE, .as.d = fallback};
  mf_emit_wanted(c, node ? mf_seconds_expr(c, node) : mf_literal(c, map->span, seconds), "a wait",
                 MF_WANTED_SECONDS);
}

/* A look that is an error is one that does not hold: what is waited for may not
 * be there yet. */
static void emit_wait_until(mf_compiler *c, const mf_node *action, uint32_t row) {
  const mf_node *http = mf_node_get(action, MF_KEY_HTTP);
  const mf_node *condition = mf_node_get(action, MF_KEY_WAIT_UNTIL);
  uint32_t look = mf_builder_label(c->b), no = mf_builder_label(c->b);
  uint32_t again = mf_builder_label(c->b), holds = mf_builder_label(c->b);
  if (!condition) return;
  mf_builder_place(c->b, look);
  if (http) {
    mf_emit_expr(c, mf_request_arguments(c, http));
    MF_EMIT(c, EFFECT, driver_row(c, "http_request"), 0);
    MF_EMIT(c, INIT, mf_names_builtin(c, MF_BUILTIN_RESPONSE), 0);
  }
  mf_expr *e = mf_condition_expr(c, condition);
  if (e) mf_emit_truth(c, e);
  mf_emit_why(c, condition, e, MF_OWNER_ACTION, row, 1);
  MF_EMIT(c, CHOOSE, no, again);
  MF_EMIT(c, JUMP, holds, 0);
  mf_builder_place(c->b, no);
  mf_emit_expr(c, mf_literal(c, action->span, (mf_value){.kind = MF_NULL}));
  mf_builder_place(c->b, again);
  emit_seconds(c, action, MF_KEY_INTERVAL, 1);
  emit_seconds(c, action, MF_KEY_TIMEOUT, 60);
  MF_EMIT(c, WAIT_AGAIN, look, 0);
  mf_builder_place(c->b, holds);
}

static void emit_fail(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  emit_text_of_key(c, action, MF_KEY_MESSAGE, "a fail action was reached");
  MF_EMIT(c, FAIL, 0, 0);
}

static void emit_abort(mf_compiler *c, const mf_node *action, uint32_t row) {
  (void)row;
  emit_text_of_key(c, action, MF_KEY_MESSAGE, "an abort action was reached");
  MF_EMIT(c, ABORT, 0, 0);
}

static const action_info actions[] = {
    {MF_TAG_ACTION_SET_VARIABLE, MF_ACTION_TYPE_SET_VARIABLE, true, emit_set_variable},
    {MF_TAG_ACTION_LOG, MF_ACTION_TYPE_LOG, false, emit_log},
    {MF_TAG_ACTION_HTTP_REQUEST, MF_ACTION_TYPE_HTTP_REQUEST, false, emit_http_request},
    {MF_TAG_REQUEST_PROBE, MF_ACTION_TYPE_HTTP_REQUEST, true, emit_http_request},
    {MF_TAG_ACTION_COMMAND, MF_ACTION_TYPE_COMMAND, true, emit_command},
    {MF_TAG_ACTION_RECORD_METRIC, MF_ACTION_TYPE_RECORD_METRIC, false, emit_record_metric},
    {MF_TAG_ACTION_ASSERT, MF_ACTION_TYPE_ASSERT, true, emit_assert},
    {MF_TAG_ACTION_WAIT, MF_ACTION_TYPE_WAIT, true, emit_wait},
    {MF_TAG_ACTION_FAIL, MF_ACTION_TYPE_FAIL, true, emit_fail},
    {MF_TAG_ACTION_ABORT, MF_ACTION_TYPE_ABORT, true, emit_abort},
    {MF_TAG_WAIT, MF_ACTION_TYPE_WAIT, true, emit_wait},
    {MF_TAG_WAIT_UNTIL, MF_ACTION_TYPE_WAIT_UNTIL, true, emit_wait_until},
};

static const action_info *find_action(uint16_t tag) {
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
    if (actions[i].tag == tag) return &actions[i];
  return NULL;
}

/* ---- actions: what is around each ---- */

static uint32_t on_error_word(mf_compiler *c, const mf_node *node, uint32_t fallback) {
  mf_str word = mf_compile_word(c, node, MF_KEY_ON_ERROR);
  if (word.n == 0) return fallback;
  if (mf_str_is(word, "fail")) return MF_ON_ERROR_FAIL;
  if (mf_str_is(word, "ignore")) return MF_ON_ERROR_IGNORE;
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(node, MF_KEY_ON_ERROR)->span,
                   "write fail or ignore", (int)word.n, word.p, "way to treat an error");
  return fallback;
}

static uint32_t action_row(mf_compiler *c, const mf_node *action, const action_info *info,
                           mf_str path, uint32_t on_error) {
  const mf_node *id = mf_node_get(action, MF_KEY_ID), *name = mf_node_get(action, MF_KEY_NAME);
  bool own_name = action->tag == MF_TAG_ACTION_SET_VARIABLE ||
                  action->tag == MF_TAG_ACTION_RECORD_METRIC;
  if (!id || (name && !own_name)) id = name;
  mf_str text = id && id->shape == MF_SHAPE_TEXT
                    ? mf_node_text(id)
                    : mf_str_of(mf_enum_word(MF_OPERAND_ACTION_TYPE, info->type));
  uint32_t fields[4] = {mf_compile_string(c, text), mf_compile_string(c, path), info->type,
                        on_error};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_ACTION, fields);
  mf_emit_id(c, mf_node_get(action, MF_KEY_ID), MF_OWNER_ACTION, row);
  return row;
}

/* The guard of an action; in `assert` the condition is what is asserted. */
static mf_expr *action_guard(mf_compiler *c, const mf_node *action) {
  const mf_node *node = mf_node_get(action, MF_KEY_CONDITION);
  if (!node || action->tag == MF_TAG_ACTION_ASSERT) return NULL;
  return mf_condition_expr(c, node);
}

/* An attempt is what the action does and how that is judged. */
static void emit_attempts(mf_compiler *c, const mf_node *action, const action_info *info,
                          uint32_t row, uint32_t leave) {
  const mf_node *retry = mf_node_get(action, MF_KEY_RETRY);
  if (!retry) {
    info->emit(c, action, row);
    return;
  }
  uint32_t tried = mf_builder_label(c->b);
  uint32_t attempt = mf_emit_retry_begin(c, &mf_action_retry, retry, row);
  MF_EMIT(c, HANDLER, tried, 0);
  info->emit(c, action, row);
  mf_builder_place(c->b, tried);
  mf_emit_retry_end(c, &mf_action_retry, retry, row, attempt);
  MF_EMIT(c, HANDLER, leave, 0);
}

static void emit_guard(mf_compiler *c, const mf_node *action, mf_expr *guard, uint32_t row,
                       uint32_t skip) {
  const mf_node *node = mf_node_get(action, MF_KEY_CONDITION);
  mf_reach_guard(c, node, mf_emit_condition(c, guard, skip));
  mf_emit_why(c, node, guard, MF_OWNER_ACTION, row, 0);
}

static void emit_framed_action(mf_compiler *c, const mf_node *action, const action_info *info,
                               mf_str path, uint32_t on_error, mf_expr *guard) {
  uint32_t row = action_row(c, action, info, path, on_error);
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  MF_EMIT(c, ACTION_ENTER, row, leave);
  bool may_skip = guard || mf_has_needs(c);
  mf_emit_needs(c, skip);
  if (on_error >= MF_ON_ERROR_ENTRY) mf_emit_allowances(c, action);
  if (guard) emit_guard(c, action, guard, row, skip);
  if (guard && on_error >= MF_ON_ERROR_ENTRY && mf_condition_looks(guard))
    MF_EMIT(c, HANDLED, 0, 0);
  emit_attempts(c, action, info, row, leave);
  if (may_skip) {
    bool ends = info->type == MF_ACTION_TYPE_FAIL || info->type == MF_ACTION_TYPE_ABORT;
    if (!ends) MF_EMIT(c, JUMP, leave, 0);
    mf_builder_place(c->b, skip);
    MF_EMIT(c, SKIP, 0, 0);
  }
  mf_builder_place(c->b, leave);
  MF_EMIT(c, ACTION_LEAVE, row, 0);
}

static void emit_action(mf_compiler *c, const mf_node *action, mf_str path, bool entry,
                        uint32_t on_error) {
  /* A probe may be its URL alone. */
  bool url = action->shape == MF_SHAPE_TEXT;
  const action_info *info = find_action(url ? MF_TAG_REQUEST_PROBE : action->tag);
  if (!info) return; /* reported by the parser */
  const mf_node *depends_on = mf_node_get(action, MF_KEY_DEPENDS_ON);
  if (!entry && depends_on)
    mf_diag_add(c->diags, MF_E_MISPLACED_KEY, depends_on->span, "depends_on",
                "to an entry of a parallel group");
  mf_compile_at(c, action->span);
  mf_expr *guard = action_guard(c, action);
  if (entry) mf_emit_gate(c, action, mf_condition_looks(guard));
  emit_framed_action(c, action, info, path, on_error, guard);
}

static bool is_true(const mf_node *map, mf_key key) {
  const mf_node *node = mf_node_get(map, key);
  return node && node->shape == MF_SHAPE_BOOL && node->as.b;
}

void mf_emit_entry_action(mf_compiler *c, const mf_node *action, mf_str path) {
  const mf_node *on_error = mf_node_get(action, MF_KEY_ON_ERROR);
  bool go_on = is_true(action, MF_KEY_CONTINUE_ON_FAILURE);
  bool optional = is_true(action, MF_KEY_OPTIONAL);
  if (on_error)
    mf_diag_add_hint(c->diags, MF_E_NO_ON_ERROR, on_error->span,
                     "write 'optional: true' or 'continue_on_failure: true'");
  emit_action(c, action, path, true,
              optional ? MF_ON_ERROR_ENTRY_OPTIONAL
              : go_on  ? MF_ON_ERROR_ENTRY_CONTINUE
                       : MF_ON_ERROR_ENTRY);
}

void mf_emit_probe(mf_compiler *c, const mf_node *action, mf_str path) {
  emit_action(c, action, path, false, on_error_word(c, action, MF_ON_ERROR_FAIL));
}

/* ---- hooks ---- */

static uint32_t default_on_error(const mf_node *action) {
  const action_info *info = find_action(action->tag);
  bool judged = mf_node_get(action, MF_KEY_SAVE_AS) || mf_node_get(action, MF_KEY_EXPECT);
  return info && (info->fails || judged) ? MF_ON_ERROR_FAIL : MF_ON_ERROR_IGNORE;
}

static uint32_t hook_row(mf_compiler *c, const mf_node *hook, uint32_t type, mf_str path) {
  const mf_node *name = mf_node_get(hook, MF_KEY_NAME);
  mf_str text = name && name->shape == MF_SHAPE_TEXT ? mf_node_text(name) : path;
  uint32_t fields[3] = {mf_compile_string(c, text), mf_compile_string(c, path), type};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_HOOK, fields);
  mf_emit_id(c, mf_node_get(hook, MF_KEY_ID), MF_OWNER_HOOK, row);
  return row;
}

static void emit_hook_actions(mf_compiler *c, const mf_node *hook, mf_str path) {
  const mf_node *list = mf_node_get(hook, MF_KEY_ACTIONS);
  if (!list || list->shape != MF_SHAPE_LIST) return;
  uint32_t i = 0;
  for (const mf_node *action = list->as.first; action; action = action->next, i++) {
    if (action->shape != MF_SHAPE_MAP) continue;
    uint32_t on_error = on_error_word(c, hook, default_on_error(action));
    on_error = on_error_word(c, action, on_error);
    emit_action(c, action, mf_path_index(c, mf_path_part(c, path, "actions"), i), false, on_error);
  }
}

static void emit_hook(mf_compiler *c, const mf_node *hook, uint32_t row, mf_str path) {
  const mf_node *node = mf_node_get(hook, MF_KEY_CONDITION);
  mf_expr *condition = node ? mf_condition_expr(c, node) : NULL;
  uint32_t leave = mf_builder_label(c->b), skip = mf_builder_label(c->b);
  mf_compile_at(c, hook->span);
  MF_EMIT(c, HOOK_ENTER, row, leave);
  if (condition) mf_reach_guard(c, node, mf_emit_condition(c, condition, skip));
  if (condition) mf_emit_why(c, node, condition, MF_OWNER_HOOK, row, 0);
  MF_EMIT(c, HOOK_BEGIN, row, 0);
  emit_hook_actions(c, hook, path);
  if (condition) mf_emit_skipped(c, skip, leave);
  mf_builder_place(c->b, leave);
  MF_EMIT(c, HOOK_LEAVE, row, 0);
}

/* The type a global hook names; MF_ABSENT and reported when it names none. */
static uint32_t hook_type_of(mf_compiler *c, const mf_node *hook) {
  if (hook->shape != MF_SHAPE_MAP) return MF_ABSENT;
  mf_str word = mf_compile_word(c, hook, MF_KEY_HOOK_TYPE);
  uint32_t type = mf_enum_code(MF_OPERAND_HOOK_TYPE, word);
  if (type != MF_ABSENT) return type;
  const mf_node *node = mf_node_get(hook, MF_KEY_HOOK_TYPE);
  const char *words =
      "write pre_orchestration, post_orchestration, pre_step, post_step or post_verdict";
  if (node)
    mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, node->span, words, (int)word.n, word.p,
                     "hook_type");
  else
    mf_diag_add_hint(c->diags, MF_E_MISSING_KEY, hook->span, words, "a hook of the document",
                     "'hook_type'");
  return MF_ABSENT;
}

static const mf_node *global_hooks(const mf_compiler *c) {
  const mf_node *list = mf_node_get(c->document, MF_KEY_HOOKS);
  return list && list->shape == MF_SHAPE_LIST ? list->as.first : NULL;
}

void mf_hooks_declare(mf_compiler *c) {
  uint32_t i = 0;
  for (const mf_node *hook = global_hooks(c); hook; hook = hook->next, i++)
    c->hooks[i] = (mf_global_hook){hook_type_of(c, hook), MF_ABSENT};
}

static void emit_own_global_hooks(mf_compiler *c, uint32_t hook_type) {
  uint32_t i = 0;
  c->anywhere = hook_type == MF_HOOK_TYPE_PRE_STEP || hook_type == MF_HOOK_TYPE_POST_STEP;
  for (const mf_node *hook = global_hooks(c); hook; hook = hook->next, i++) {
    if (c->hooks[i].type != hook_type) continue;
    mf_str path = mf_path_index(c, mf_compile_own_path(c, "hooks"), i);
    if (c->hooks[i].row == MF_ABSENT) c->hooks[i].row = hook_row(c, hook, hook_type, path);
    emit_hook(c, hook, c->hooks[i].row, path);
  }
  c->anywhere = false;
}

/* Those of the documents around it, with the names of theirs. */
static void emit_outer_global_hooks(mf_compiler *c, uint32_t hook_type) {
  mf_link *link = c->link;
  mf_link_close(c);
  mf_emit_global_hooks(c, hook_type);
  mf_compile_at(c, link->entry->span);
  mf_link_open(c, link);
}

void mf_emit_global_hooks(mf_compiler *c, uint32_t hook_type) {
  if (c->link && hook_type == MF_HOOK_TYPE_PRE_STEP) emit_outer_global_hooks(c, hook_type);
  emit_own_global_hooks(c, hook_type);
  if (c->link && hook_type == MF_HOOK_TYPE_POST_STEP) emit_outer_global_hooks(c, hook_type);
}

void mf_emit_step_hooks(mf_compiler *c, const mf_node *list, uint32_t hook_type, mf_str path) {
  if (!list || list->shape != MF_SHAPE_LIST) return;
  const char *place = hook_type == MF_HOOK_TYPE_PRE_STEP ? "pre_hooks" : "post_hooks";
  uint32_t i = 0;
  for (const mf_node *hook = list->as.first; hook; hook = hook->next, i++) {
    if (hook->shape != MF_SHAPE_MAP) continue;
    mf_str word = mf_compile_word(c, hook, MF_KEY_HOOK_TYPE);
    if (word.n && mf_enum_code(MF_OPERAND_HOOK_TYPE, word) != hook_type)
      mf_diag_add(c->diags, MF_E_WRONG_HOOK_TYPE, mf_node_get(hook, MF_KEY_HOOK_TYPE)->span, place,
                  (int)word.n, word.p);
    mf_str own = mf_path_index(c, mf_path_part(c, path, place), i);
    emit_hook(c, hook, hook_row(c, hook, hook_type, own), own);
  }
}
