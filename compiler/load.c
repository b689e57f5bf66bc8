/* SPDX-License-Identifier: MIT */
/* load - a `load` in place: the arguments of its driver, its requests, and what is
 * judged of them. */
#include "load.h"

#include "../vm/value.h"
#include "watched_code.h"

/* ---- executors ---- */

static const struct executor {
  const char *name, *needs[2], *takes;
} executors[] = {
    {"constant_arrival_rate", {"rate", NULL}, "rate max_vus duration"},
    {"ramping_arrival_rate", {"stages", NULL}, "stages rate max_vus duration"},
    {"constant_vus", {NULL, NULL}, "vus duration think_time"},
    {"ramping_vus", {"stages", NULL}, "stages vus duration think_time"},
    {"per_vu_iterations", {"iterations", NULL}, "iterations vus duration think_time"},
    {"shared_iterations", {"iterations", NULL}, "iterations vus duration think_time"},
};
enum { EXECUTORS = sizeof executors / sizeof *executors };

/* Keys that some executors do not have. */
static const mf_key paced[] = {MF_KEY_RATE,   MF_KEY_VUS,        MF_KEY_MAX_VUS,
                               MF_KEY_STAGES, MF_KEY_ITERATIONS, MF_KEY_THINK_TIME};

static bool has_word(const char *words, const char *word) {
  const size_t n = strlen(word);
  for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
    if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) return true;
  return false;
}

/* k6 writes hyphens. */
static bool same_word(mf_str given, const char *word) {
  if (given.n != strlen(word)) return false;
  for (size_t i = 0; i < given.n; i++)
    if (given.p[i] != word[i] && !(given.p[i] == '-' && word[i] == '_')) return false;
  return true;
}

static const struct executor *unknown_executor(mf_compiler *c, const mf_node *node, mf_str name) {
  mf_near near;
  mf_near_init(&near, name);
  for (size_t i = 0; i < EXECUTORS; i++) mf_near_offer(&near, mf_str_of(executors[i].name));
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, node->span, mf_did_you_mean(c, &near), (int)name.n,
                   name.p, "executor");
  return NULL;
}

/* What the other keys say, when no executor is named. */
static const char *implied(const mf_node *load) {
  const bool users = mf_node_get(load, MF_KEY_VUS) != NULL && !mf_node_get(load, MF_KEY_RATE);
  if (mf_node_get(load, MF_KEY_ITERATIONS)) return "shared_iterations";
  if (mf_node_get(load, MF_KEY_STAGES)) return users ? "ramping_vus" : "ramping_arrival_rate";
  return users ? "constant_vus" : "constant_arrival_rate";
}

/* NULL: reported. */
static const struct executor *executor_of(mf_compiler *c, const mf_node *load) {
  const mf_node *node = mf_node_get(load, MF_KEY_EXECUTOR);
  mf_str name = mf_compile_word(c, load, MF_KEY_EXECUTOR);
  if (node && !name.n) return NULL;
  if (!node) name = mf_str_of(implied(load));
  for (size_t i = 0; i < EXECUTORS; i++)
    if (same_word(name, executors[i].name)) return &executors[i];
  return unknown_executor(c, node, name);
}

static void check_keys(mf_compiler *c, const mf_node *load, const struct executor *executor) {
  for (size_t i = 0; i < sizeof paced / sizeof *paced; i++) {
    const mf_node *value = mf_node_get(load, paced[i]);
    if (value && !has_word(executor->takes, mf_key_spelling(paced[i])))
      mf_diag_add(c->diags, MF_E_LOAD_KEYS, value->span, mf_key_spelling(paced[i]), executor->name);
  }
  for (size_t i = 0; i < 2 && executor->needs[i]; i++) {
    const mf_member *m = load->as.members;
    while (m && strcmp(mf_key_spelling(m->key), executor->needs[i]) != 0) m = m->next;
    if (!m || m->value->shape == MF_SHAPE_NULL)
      mf_diag_add(c->diags, MF_E_LOAD_NEEDS, load->span, executor->name, executor->needs[i]);
  }
}

/* ---- arguments ---- */

static void add(mf_compiler *c, mf_expr *map, const char *name, mf_expr *value) {
  mf_map_expr_add(c, map, name, value);
}

static void add_seconds(mf_compiler *c, mf_expr *map, const mf_node *from, mf_key key) {
  const mf_node *node = mf_node_get(from, key);
  if (node) add(c, map, mf_key_spelling(key), mf_seconds_expr(c, node));
}

static double number_of(const mf_node *node, double otherwise) {
  switch ((mf_shape)node->shape) {
    case MF_SHAPE_INT: return (double)node->as.i;
    case MF_SHAPE_UINT: return (double)node->as.u;
    case MF_SHAPE_DOUBLE: return node->as.d;
    default: return otherwise;
  }
}

/* A number that has to be at least `least`, as far as that is known. */
static void add_number(mf_compiler *c, mf_expr *map, const mf_node *from, mf_key key,
                       const char *name, bool whole) {
  const double least = whole ? 1 : 1e-9;
  const mf_node *node = mf_node_get(from, key);
  if (!node) return;
  const double d = number_of(node, least);
  if (!(d >= least && d <= 1e9) || (whole && d != (double)(int64_t)d))
    mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, mf_key_spelling(key),
                whole ? "a whole number from 1 on" : "a number above 0");
  else
    mf_map_expr_add_key(c, map, name, from, key);
}

static mf_expr *stages_expr(mf_compiler *c, const mf_node *list) {
  mf_expr *stages = mf_list_expr(c, list->span);
  for (const mf_node *stage = list->as.first; stage; stage = stage->next) {
    const mf_node *target = mf_node_get(stage, MF_KEY_TARGET);
    mf_expr *map = mf_map_expr(c, stage->span);
    if (!target) continue; /* reported */
    if (number_of(target, 0) < 0)
      mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, target->span, "target", "a number from 0 on");
    mf_map_expr_add_key(c, map, "target", stage, MF_KEY_TARGET);
    if (mf_node_get(stage, MF_KEY_DURATION))
      add_seconds(c, map, stage, MF_KEY_DURATION);
    else
      add(c, map, "duration", mf_literal(c, stage->span, mf_double(0)));
    mf_list_expr_add(stages, map);
  }
  return stages;
}

static bool is_data(const mf_node *data) {
  if (data->shape == MF_SHAPE_TEXT) return true;
  if (data->shape == MF_SHAPE_LIST) {
    for (const mf_node *row = data->as.first; row; row = row->next)
      if (row->shape != MF_SHAPE_MAP) return false;
    return data->as.first != NULL;
  }
  if (data->shape != MF_SHAPE_MAP) return data->shape == MF_SHAPE_BAD;
  bool file = false;
  for (const mf_member *m = data->as.members; m; m = m->next) {
    if (!(mf_str_is(m->name, "file") || mf_str_is(m->name, "mode")) ||
        m->value->shape != MF_SHAPE_TEXT)
      return false;
    file = file || mf_str_is(m->name, "file");
  }
  return file;
}

static void add_data(mf_compiler *c, mf_expr *map, const mf_node *load) {
  const mf_node *data = mf_node_get(load, MF_KEY_DATA);
  if (!data) return;
  if (is_data(data))
    add(c, map, "data", mf_data_expr(c, data));
  else
    mf_diag_add(c->diags, MF_E_DATA_FORM, data->span,
                "a file's name, {file, mode} or a list of mappings");
}

mf_expr *mf_load_arguments(mf_compiler *c, const mf_node *load, mf_str name, mf_expr *seconds) {
  const struct executor *executor = executor_of(c, load);
  mf_expr *map = mf_map_expr(c, load->span);
  if (!executor) return NULL;
  check_keys(c, load, executor);
  add(c, map, "executor", mf_literal_text(c, load->span, mf_str_of(executor->name)));
  const bool ramps = has_word(executor->takes, "stages");
  add_number(c, map, load, MF_KEY_RATE, ramps ? "start_rate" : "rate", false);
  add_number(c, map, load, MF_KEY_VUS, ramps ? "start_vus" : "vus", true);
  add_number(c, map, load, MF_KEY_MAX_VUS, "max_vus", true);
  add_number(c, map, load, MF_KEY_ITERATIONS, "iterations", true);
  add_seconds(c, map, load, MF_KEY_THINK_TIME);
  add_seconds(c, map, load, MF_KEY_AFTER);
  add_seconds(c, map, load, MF_KEY_GRACEFUL_STOP);
  add_seconds(c, map, load, MF_KEY_TIMEOUT);
  const mf_node *stages = mf_node_get(load, MF_KEY_STAGES);
  if (stages && stages->shape == MF_SHAPE_LIST) add(c, map, "stages", stages_expr(c, stages));
  add_data(c, map, load);
  mf_map_expr_add_key(c, map, "tags", load, MF_KEY_TAGS);
  add(c, map, "name", mf_literal_text(c, load->span, name));
  if (mf_node_get(load, MF_KEY_DURATION))
    add_seconds(c, map, load, MF_KEY_DURATION);
  else if (seconds)
    add(c, map, "duration", seconds);
  return map;
}

bool mf_load_has_length(const mf_node *load) {
  return mf_node_get(load, MF_KEY_STAGES) || mf_node_get(load, MF_KEY_ITERATIONS);
}

/* ---- requests ---- */

static mf_expr *message_expr(mf_compiler *c, const mf_node *request) {
  mf_expr *map = mf_map_expr(c, request->span);
  if (request->shape == MF_SHAPE_TEXT) {
    add(c, map, "path", mf_text_expr(c, request));
    return map;
  }
  const mf_node *path = mf_node_get(request, MF_KEY_PATH);
  mf_map_expr_add_key(c, map, "method", request, MF_KEY_METHOD);
  add(c, map, "path",
      path ? mf_text_expr(c, path) : mf_literal_text(c, request->span, MF_STR("/")));
  mf_map_expr_add_key(c, map, "headers", request, MF_KEY_HEADERS);
  mf_map_expr_add_key(c, map, "body", request, MF_KEY_BODY);
  return map;
}

/* "GET /items/${id}", as it is written. */
static mf_str request_name(mf_compiler *c, const mf_node *request) {
  const bool is_map = request->shape == MF_SHAPE_MAP;
  mf_str name = is_map ? mf_compile_word(c, request, MF_KEY_NAME) : MF_STR("");
  if (name.n) return name;
  const mf_node *path = is_map ? mf_node_get(request, MF_KEY_PATH) : request;
  const mf_node *method = is_map ? mf_node_get(request, MF_KEY_METHOD) : NULL;
  mf_str verb = MF_STR("GET"), at = MF_STR("/");
  if (is_map && mf_node_get(request, MF_KEY_BODY)) verb = MF_STR("POST");
  if (method && method->shape == MF_SHAPE_TEXT) verb = mf_node_text(method);
  if (path && path->shape == MF_SHAPE_TEXT) at = mf_node_text(path);
  return mf_compile_path(c, "%.*s %.*s", (int)verb.n, verb.p, (int)at.n, at.p);
}

static uint32_t weight_of(mf_compiler *c, const mf_node *request) {
  const mf_node *node = mf_node_get(request, MF_KEY_WEIGHT);
  if (!node || node->shape == MF_SHAPE_BAD) return MF_ABSENT;
  const double weight = number_of(node, 0);
  if (weight > 0 && weight <= 1e9) {
    const mf_value v = mf_double(weight);
    return mf_builder_constant(c->b, &v);
  }
  mf_diag_add(c->diags, MF_E_OUT_OF_RANGE, node->span, "weight", "a number above 0");
  return MF_ABSENT;
}

static uint32_t add_request(mf_compiler *c, const mf_node *request, uint32_t scenario, bool data) {
  const mf_watch_scope scope = {.data = data, .scenario = scenario};
  c->watch = &scope; /* captures and data are names here */
  mf_expr *message = message_expr(c, request);
  const mf_str name = request_name(c, request);
  c->watch = NULL;
  const uint32_t chunk = mf_watch_chunk(c, &scope, message, false);
  if (chunk == MF_ABSENT && !c->diags->errors) return MF_ABSENT; /* out of memory */
  const mf_value constant = mf_expr_fold(&c->expr, message);
  const mf_row_request row = {
      .scenario = scenario,
      .name = mf_compile_string(c, name),
      .message = chunk,
      .flags = constant.kind == MF_MAP ? MF_REQUEST_FLAGS_CONSTANT : 0,
      .weight = request->shape == MF_SHAPE_MAP ? weight_of(c, request) : MF_ABSENT};
  return mf_builder_row(c->b, MF_TABLE_REQUEST, &row.scenario);
}

/* The rows of its requests stand together: what is judged of them comes after. */
void mf_load_requests(mf_compiler *c, const mf_node *load, mf_str path, const mf_watch_row *of) {
  const mf_node *list = mf_node_get(load, MF_KEY_REQUESTS);
  const bool data = mf_node_get(load, MF_KEY_DATA) != NULL;
  uint32_t i = 0;
  if (!list || list->shape != MF_SHAPE_LIST) return;
  for (const mf_node *request = list->as.first; request; request = request->next, i++) {
    mf_watch_row row = *of;
    mf_str at = mf_compile_path(c, "%.*s.load.requests[%u]", (int)path.n, path.p, i);
    if (request->shape != MF_SHAPE_MAP && request->shape != MF_SHAPE_TEXT) continue;
    row.request = add_request(c, request, of->scenario, data);
    if (row.request == MF_ABSENT || request->shape != MF_SHAPE_MAP) continue;
    mf_expect_add(c, mf_node_get(request, MF_KEY_EXPECT), mf_path_part(c, at, "expect"), &row);
    mf_checks_add(c, mf_node_get(request, MF_KEY_CHECKS), mf_path_part(c, at, "checks"), &row);
    mf_captures_add(c, mf_node_get(request, MF_KEY_CAPTURES), mf_path_part(c, at, "captures"),
                    &row);
  }
}
