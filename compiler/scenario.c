/* SPDX-License-Identifier: MIT */
/* scenario - what a step's `scenario` means: a load, faults, or both. */
#include "load.h"

#include "../vm/value.h"

typedef enum family { LOAD, FAULT } family;

static const struct named {
  mf_str name;
  family family;
  double seconds;
  const char *arguments; /* JSON */
} named_scenarios[] = {
#define MF_SCENARIO(name, family, seconds, arguments, doc) \
  {{#name, sizeof #name - 1}, family, seconds, arguments},
#include "../stdlib/scenarios.def"
#undef MF_SCENARIO
};
static const size_t named_count = sizeof named_scenarios / sizeof named_scenarios[0];

/* A step with faults and no load: 10 GET/s, at most 10 connections. */
static const char probe_load[] =
    "{\"executor\":\"constant_arrival_rate\",\"rate\":10,\"max_connections\":10}";
static const double default_seconds = 30;

static const struct named *find_named(mf_str name) {
  for (size_t i = 0; i < named_count; i++)
    if (mf_str_eq(name, named_scenarios[i].name)) return &named_scenarios[i];
  return NULL;
}

static void report_unknown(mf_compiler *c, mf_str name, mf_span span) {
  mf_near near;
  mf_near_init(&near, name);
  for (size_t i = 0; i < named_count; i++) mf_near_offer(&near, named_scenarios[i].name);
  mf_str best = mf_near_best(&near);
  const char *hint =
      best.n
          ? mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p)
          : "built-in ones are baseline, light_load, heavy_load, spike, soak, cooldown and others";
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_SCENARIO, span, hint, (int)name.n, name.p);
}

/* Constant JSON of our own tables, as a map. */
static mf_value json_value(mf_compiler *c, const char *json) {
  const char *error = NULL;
  uint32_t offset = 0;
  mf_json *tree = mf_json_parse(c->arena, mf_str_of(json), &error, &offset);
  return tree ? mf_value_from_json(c->arena, tree) : mf_null();
}

/* A row of SCENARIO with the arguments of a load, but for its duration. */
static uint32_t add_row(mf_compiler *c, mf_str name, const char *json) {
  uint32_t fields[2] = {mf_compile_string(c, name), mf_compile_string(c, MF_STR("http_load"))};
  uint32_t row = mf_builder_row(c->b, MF_TABLE_SCENARIO, fields);
  mf_value *args = mf_arena_get(c->arena, sizeof *args);
  mf_value **grown = mf_arena_get(c->arena, sizeof *grown * (row + 1));
  if (!args || !grown) return row;
  if (row) memcpy(grown, c->scenario_args, sizeof *grown * row);
  c->scenario_args = grown;
  *args = json_value(c, json);
  grown[row] = args;
  return row;
}

/* Made once for each name. */
static uint32_t scenario_row(mf_compiler *c, mf_str name, const char *json) {
  uint32_t row = mf_names_get(&c->scenario_rows, name);
  if (row != MF_NAMES_NONE) return row;
  row = add_row(c, name, json);
  mf_names_set(&c->scenario_rows, name, row);
  return row;
}

/* All but the duration. */
static void build_arguments(mf_compiler *c, const mf_scenario_use *use, mf_map_builder *b) {
  const mf_value *args = c->scenario_args[use->scenario];
  mf_map_build(b, c->scratch);
  for (uint32_t i = 0; i < args->len; i++)
    mf_map_add_value(b, args->as.map->pairs[i].key, args->as.map->pairs[i].value);
  mf_map_add(b, "name", mf_string(use->load_name));
}

/* With a constant duration all of it is one constant.  Many steps have the same
 * load for the same time: it is made once. */
static uint32_t constant_arguments(mf_compiler *c, const mf_scenario_use *use, mf_value seconds) {
  const uint64_t bytes[2] = {use->scenario, seconds.as.u};
  mf_str key = {(const char *)bytes, sizeof bytes};
  uint32_t constant = mf_names_get(&c->load_constants, key);
  if (constant != MF_NAMES_NONE) return constant;
  mf_map_builder b;
  build_arguments(c, use, &b);
  mf_map_add(&b, "duration", seconds);
  const mf_value map = mf_map_done(&b);
  if (map.kind == MF_UNSET) return 0; /* out of memory */
  constant = mf_builder_constant(c->b, &map);
  key.p = mf_arena_copy(c->arena, key.p, key.n);
  if (key.p) mf_names_set(&c->load_constants, key, constant);
  return constant;
}

void mf_emit_scenario_arguments(mf_compiler *c, const mf_scenario_use *use, mf_expr *seconds) {
  if (mf_arena_oom(c->arena)) return;
  if (use->load) {
    mf_emit_expr(c, mf_load_arguments(c, use->load, use->load_name, seconds));
    return;
  }
  if (!seconds) return;
  if (seconds->kind == MF_EXPR_LITERAL && seconds->value.kind == MF_DOUBLE) {
    mf_emit_constant(c, seconds->span, constant_arguments(c, use, seconds->value));
    return;
  }
  mf_map_builder b;
  build_arguments(c, use, &b);
  mf_expr *map = mf_map_expr(c, seconds->span);
  for (uint32_t i = 0; i < b.count; i++)
    mf_map_expr_add(c, map, b.pairs[i].key.as.s, mf_literal(c, seconds->span, b.pairs[i].value));
  mf_map_expr_add(c, map, "duration", seconds);
  mf_emit_expr(c, map);
}

static void use_fault(mf_compiler *c, mf_scenario_use *use, mf_str name, mf_str path,
                      mf_expr *config) {
  uint32_t fields[3] = {mf_compile_string(c, name), mf_compile_string(c, path),
                        mf_compile_string(c, MF_STR("proxy"))};
  use->fault = mf_builder_row(c->b, MF_TABLE_FAULT, fields);
  use->config = config;
}

static void use_seconds(mf_compiler *c, mf_scenario_use *use, mf_span span, double seconds) {
  use->seconds = mf_literal(c, span, (mf_value){.kind = MF_DOUBLE, .as.d = seconds});
}

/* Does a config ask for any fault, as an object or in short form?  (Only then it
 * is the whole.) */
static bool asks_for_faults(const mf_node *config) {
  if (!config || config->shape != MF_SHAPE_MAP) return false;
  for (const mf_member *m = config->as.members; m; m = m->next)
    if (m->key != MF_KEY_ENABLED && m->value->shape != MF_SHAPE_NULL) return true;
  return false;
}

/* Words of a config, those possible separated by blanks. */
static void check_word(mf_compiler *c, const mf_node *map, mf_key key, const char *possible,
                       const char *what) {
  if (!mf_node_get(map, key)) return;
  mf_str word = mf_compile_word(c, map, key);
  mf_near near;
  mf_near_init(&near, word);
  for (const char *p = possible; word.n && *p;) {
    size_t n = strcspn(p, " ");
    if (mf_str_eq(word, (mf_str){p, n})) return;
    mf_near_offer(&near, (mf_str){p, n});
    p += n + (p[n] == ' ');
  }
  if (!word.n) return; /* reported */
  mf_str best = mf_near_best(&near);
  const char *hint = best.n ? mf_arena_printf(c->arena, "did you mean '%.*s'?", (int)best.n, best.p)
                            : mf_arena_printf(c->arena, "write one of %s", possible);
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, mf_node_get(map, key)->span, hint, (int)word.n,
                   word.p, what);
}

static void check_words(mf_compiler *c, const mf_node *config) {
  const mf_node *faults = mf_node_get(config, MF_KEY_FAULT_INJECTION);
  check_word(c, faults, MF_KEY_CORRUPTION_TYPE, "none random_bytes truncate bit_flip",
             "corruption_type");
  check_word(c, faults, MF_KEY_CONNECTION_ERROR_KIND, "http503 tcp_reset tcp_close",
             "connection_error_kind");
  check_word(c, mf_node_get(faults, MF_KEY_ERROR_PATTERN), MF_KEY_TYPE, "burst random sequential",
             "type of error pattern");
}

static mf_str scenario_name(mf_compiler *c, const mf_node *scenario) {
  const mf_node *node = scenario->shape == MF_SHAPE_MAP ? mf_node_get(scenario, MF_KEY_NAME)
                                                        : scenario;
  if (!node || node->shape != MF_SHAPE_TEXT) return MF_STR("");
  if (node->flags & MF_NODE_INTERPOLATED) {
    mf_diag_add(c->diags, MF_E_NOT_CONSTANT, node->span, "scenario");
    return MF_STR("");
  }
  return mf_node_text(node);
}

/* ---- which load ---- */

/* What a step's load comes from, before it has a row. */
typedef struct load_choice {
  const mf_node *node; /* in place */
  const char *json;    /* else: arguments of our own tables; NULL: there is no load */
  bool probe;          /* only there so that faults meet something */
  bool shared;         /* the document's, which many steps have */
} load_choice;

static bool is_none(const mf_node *load) {
  return load->shape == MF_SHAPE_TEXT && mf_str_is(mf_node_text(load), "none");
}

static void report_word(mf_compiler *c, const mf_node *load) {
  mf_str word = mf_node_text(load);
  mf_diag_add_hint(c->diags, MF_E_UNKNOWN_WORD, load->span,
                   "write none, or a mapping such as {rate: 10}", (int)word.n, word.p, "load");
}

static bool is_given(const mf_node *node) {
  if (!node) return false;
  return node->shape == MF_SHAPE_LIST ? node->as.first != NULL
                                      : node->shape == MF_SHAPE_MAP && node->as.members != NULL;
}

/* The nearest that the document gives wins over what the scenario's name means. */
static void choose_load(mf_compiler *c, const mf_node *step, const mf_node *scenario,
                        load_choice *choice) {
  const mf_node *own = mf_entry_get(step, MF_KEY_LOAD);
  const mf_node *of_document = mf_node_get(c->document, MF_KEY_LOAD);
  const mf_node *load = own ? own : mf_node_get(scenario, MF_KEY_LOAD);
  const bool wanted = choice->probe || is_given(mf_entry_get(step, MF_KEY_CHECKS)) ||
                      is_given(mf_entry_get(step, MF_KEY_THRESHOLDS));
  if (!load && of_document && wanted && (choice->probe || !choice->json)) {
    load = of_document;
    choice->shared = true;
  }
  if (!load || load->shape == MF_SHAPE_BAD) return;
  choice->json = NULL;
  if (load->shape == MF_SHAPE_MAP)
    choice->node = load;
  else if (!is_none(load))
    report_word(c, load);
}

/* A load in place has a row for each step that has it, unless nothing in it is the
 * step's. */
static void use_node(mf_compiler *c, mf_scenario_use *use, mf_str path, const mf_node *node,
                     const mf_watch_row *of, bool shared) {
  mf_str key = {(const char *)&node, sizeof node};
  use->load = node;
  if (shared) use->scenario = mf_names_get(&c->load_rows, key);
  if (shared && use->scenario != MF_NAMES_NONE) return;
  mf_watch_row row = *of;
  mf_names *scope = c->step_scope;
  use->scenario = row.scenario = add_row(c, use->load_name, "{}");
  if (shared) c->step_scope = NULL;
  mf_load_requests(c, node, path, &row);
  c->step_scope = scope;
  if (!shared) return;
  key.p = mf_arena_copy(c->arena, key.p, key.n);
  if (key.p) mf_names_set(&c->load_rows, key, use->scenario);
}

/* How many checks may fail is a threshold's matter. */
static uint32_t check_flags(const mf_compiler *c, const mf_node *step) {
  const bool counted = mf_thresholds_count_checks(mf_entry_get(step, MF_KEY_THRESHOLDS)) ||
                       mf_thresholds_count_checks(mf_node_get(c->document, MF_KEY_THRESHOLDS));
  return counted ? MF_WATCH_FLAGS_COUNTED : 0;
}

static void report_unwatched(mf_compiler *c, const mf_node *step, mf_key key) {
  const mf_node *node = mf_entry_get(step, key);
  if (is_given(node))
    mf_diag_add(c->diags, MF_E_MISPLACED_KEY, node->span, mf_key_spelling(key),
                "to a step with a load");
}

static bool is_watched(const mf_compiler *c, uint32_t scenario) {
  for (uint32_t i = mf_builder_row_count(c->b, MF_TABLE_WATCH); i > 0; i--)
    if (mf_builder_row_get(c->b, MF_TABLE_WATCH, i - 1)[2] == scenario) return true;
  return false;
}

/* The rows of the load and of what watches it. */
static void use_load(mf_compiler *c, mf_scenario_use *use, const mf_node *step, mf_str path,
                     const load_choice *choice) {
  const mf_node *checks = mf_entry_get(step, MF_KEY_CHECKS);
  const mf_node *thresholds = mf_entry_get(step, MF_KEY_THRESHOLDS);
  const bool own = is_given(checks) || is_given(thresholds);
  mf_watch_row of = MF_WATCH_NONE;
  of.flags = check_flags(c, step);
  if (choice->node)
    use_node(c, use, path, choice->node, &of, choice->shared && !own);
  else if (choice->json)
    use->scenario = own ? add_row(c, use->load_name, choice->json)
                        : scenario_row(c, use->load_name, choice->json);
  if (use->scenario == MF_ABSENT) {
    report_unwatched(c, step, MF_KEY_CHECKS);
    report_unwatched(c, step, MF_KEY_THRESHOLDS);
    return;
  }
  of.scenario = use->scenario;
  mf_checks_add(c, checks, mf_path_part(c, path, "checks"), &of);
  mf_thresholds_add(c, thresholds, mf_path_part(c, path, "thresholds"), use->scenario);
  use->watched = is_watched(c, use->scenario);
}

/* ---- which scenario ---- */

static void use_faults(mf_compiler *c, mf_scenario_use *use, const struct named *named, mf_str path,
                       mf_span span, mf_expr *config) {
  if (named && named->family == FAULT && !config)
    config = mf_literal(c, span, json_value(c, named->arguments));
  if (config) use_fault(c, use, use->load_name, path, config);
}

static void find_scenario(mf_compiler *c, mf_scenario_use *use, const mf_node *scenario,
                          mf_str path, load_choice *choice) {
  mf_str name = scenario_name(c, scenario);
  const mf_node *config = mf_node_get(scenario, MF_KEY_CONFIG);
  check_words(c, config);
  mf_expr *faults = asks_for_faults(config) ? mf_data_expr(c, config) : NULL;
  const struct named *named = find_named(name);
  if (!named && !faults && name.n && !mf_node_get(scenario, MF_KEY_LOAD)) {
    report_unknown(c, name, scenario->span);
    return;
  }
  const bool is_load = named && named->family == LOAD;
  use->load_name = name.n ? name : faults ? MF_STR("config") : MF_STR("load");
  use_faults(c, use, named, path, scenario->span, faults);
  choice->probe = use->fault != MF_ABSENT && !is_load;
  choice->json = is_load ? named->arguments : choice->probe ? probe_load : NULL;
  if (named) use_seconds(c, use, scenario->span, named->seconds);
}

mf_scenario_use mf_scenario_resolve(mf_compiler *c, const mf_node *step, mf_str path) {
  const mf_node *scenario = mf_entry_get(step, MF_KEY_SCENARIO);
  mf_scenario_use use = {.scenario = MF_ABSENT, .fault = MF_ABSENT, .load_name = MF_STR("load")};
  load_choice choice = {.node = NULL};
  if (scenario && scenario->shape == MF_SHAPE_BAD) return use;
  if (scenario) find_scenario(c, &use, scenario, path, &choice);
  choose_load(c, step, scenario, &choice);
  use_load(c, &use, step, path, &choice);
  if (use.scenario == MF_ABSENT && use.fault == MF_ABSENT) return use;
  const mf_node *seconds = mf_node_get(scenario, MF_KEY_DURATION);
  const bool given = seconds && !(seconds->shape == MF_SHAPE_INT && seconds->as.i == 0);
  if (given)
    use.seconds = mf_seconds_expr(c, seconds);
  else if (choice.node && mf_load_has_length(choice.node))
    use.seconds = NULL;
  else if (!use.seconds)
    use_seconds(c, &use, step->span, default_seconds);
  return use;
}

mf_scenario_use mf_scenario_of_load(mf_compiler *c, const mf_node *load, mf_str name, mf_str path) {
  mf_scenario_use use = {.scenario = MF_ABSENT, .fault = MF_ABSENT, .load_name = name};
  mf_watch_row of = MF_WATCH_NONE;
  if (load->shape == MF_SHAPE_MAP)
    use_node(c, &use, path, load, &of, false);
  else if (load->shape == MF_SHAPE_TEXT && !is_none(load))
    report_word(c, load);
  return use;
}
