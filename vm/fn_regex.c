/* SPDX-License-Identifier: MIT */
/* matches(), and CEL's regex extension.  The engine is the embedder's. */
#include "fn_kit.h"
#include "regex_cache.h"

/* One search through a text after another. */
typedef struct search {
  mf_call *call;
  const mf_regex_entry *regex;
  mf_str text;
  size_t from;     /* where the next search begins */
  size_t last_end; /* of the match before; SIZE_MAX: none */
  mf_regex_span spans[10];
} search;

/* Engines take time that grows with the text, and with the pattern when it is
 * large. */
static uint64_t weight(const mf_regex_entry *regex) { return 1 + regex->size / 16; }

static bool begin(search *s, mf_call *call, const mf_value *args, mf_value *error) {
  *s = (search){.call = call, .text = mf_value_str(args[0]), .last_end = SIZE_MAX};
  s->regex = mf_regex_get(call, &args[1], error);
  return s->regex && mf_charge(call, s->text.n * weight(s->regex));
}

static size_t next_code_point(mf_str s, size_t at) {
  uint32_t c;
  return at < s.n ? at + mf_utf8_decode(s.p + at, &c) : s.n + 1;
}

/* The next match; an empty one right behind another does not count.  A search
 * may look at all of the rest each time: an eighth of it is what that costs. */
static bool next_match(search *s, uint32_t spans) {
  const mf_regex *engine = s->call->regexes->engine;
  while (s->from <= s->text.n) {
    uint64_t rest = (s->text.n - s->from) / 8 + 1;
    if (!mf_charge(s->call, rest * weight(s->regex))) return false;
    if (!engine->match(s->regex->compiled, s->text, s->from, s->spans, spans)) return false;
    mf_regex_span whole = s->spans[0];
    bool empty = whole.from == whole.to;
    s->from = empty ? next_code_point(s->text, whole.to) : whole.to;
    if (empty && whole.from == s->last_end) continue;
    s->last_end = whole.to;
    return true;
  }
  return false;
}

static mf_value span_value(const search *s, unsigned i) {
  mf_regex_span span = s->spans[i];
  if (span.from == span.to) return mf_string(MF_STR(""));
  return mf_string((mf_str){s->text.p + span.from, span.to - span.from});
}

mf_value mf_fn_matches(mf_call *call, const mf_value *args, uint32_t n) {
  search s;
  mf_value error;
  if (!mf_args_are(args, n, "ss")) return mf_no_function(call, "matches", args, n);
  if (!begin(&s, call, args, &error)) return error;
  return mf_bool(call->regexes->engine->match(s.regex->compiled, s.text, 0, NULL, 0));
}

/* ---- Extracting ---- */

/* Whether the match has something to give: a group may have taken no part in it,
 * or be empty, which counts as the same. */
static bool is_found(const search *s, unsigned group) {
  return group == 0 || s->spans[group].from != s->spans[group].to;
}

static mf_value too_many_groups(mf_call *call, const char *name) {
  return mf_call_error(call, MF_EVAL_BAD_ARGUMENT, "%s takes a pattern with one group at most",
                       name);
}

mf_value mf_fn_regex_extract(mf_call *call, const mf_value *args, uint32_t n) {
  search s;
  mf_value found;
  if (!mf_args_are(args, n, "ss")) return mf_no_function(call, "regex.extract", args, n);
  if (!begin(&s, call, args, &found)) return found;
  if (s.regex->groups > 1) return too_many_groups(call, "regex.extract");
  unsigned group = s.regex->groups;
  if (!next_match(&s, group + 1) || !is_found(&s, group)) return mf_optional_of(call, NULL);
  found = span_value(&s, group);
  return mf_optional_of(call, &found);
}

/* Goes through all matches, counting those whose group is found, and copying them
 * when `items` is not NULL. */
static uint64_t extract_all(search s, unsigned group, mf_value *items) {
  uint64_t count = 0;
  while (next_match(&s, group + 1)) {
    if (!is_found(&s, group)) continue;
    if (items) items[count] = span_value(&s, group);
    count++;
  }
  return count;
}

mf_value mf_fn_regex_extractAll(mf_call *call, const mf_value *args, uint32_t n) {
  search s;
  mf_value error;
  if (!mf_args_are(args, n, "ss")) return mf_no_function(call, "regex.extractAll", args, n);
  if (!begin(&s, call, args, &error)) return error;
  if (s.regex->groups > 1) return too_many_groups(call, "regex.extractAll");
  unsigned group = s.regex->groups;
  uint64_t count = extract_all(s, group, NULL);
  mf_value *items = call->status == MF_OK ? mf_call_items(call, count) : NULL;
  if (items == NULL) return mf_null();
  /* When the fuel ends on the way the rest stays unset, and nobody looks. */
  extract_all(s, group, items);
  return mf_list_value(items, count);
}

/* ---- Replacing ---- */

/* Whether every \ in the new text is \\ or the number of a group. */
static bool replacement_ok(mf_str new, uint32_t groups) {
  for (size_t i = 0; i < new.n; i++) {
    if (new.p[i] != '\\') continue;
    if (++i == new.n) return false;
    bool group = new.p[i] >= '0' && new.p[i] <= '9' && (uint32_t)(new.p[i] - '0') <= groups;
    if (!group && new.p[i] != '\\') return false;
  }
  return true;
}

static void put_replacement(mf_buf *text, const search *s, mf_str new) {
  for (size_t i = 0; i < new.n && !text->failed; i++) {
    if (new.p[i] != '\\' || new.p[++i] == '\\') {
      mf_buf_putc(text, new.p[i]);
      continue;
    }
    unsigned group = (unsigned)(new.p[i] - '0');
    if (s->spans[group].from != SIZE_MAX) mf_buf_add_str(text, mf_value_str(span_value(s, group)));
  }
}

static mf_value replace(search *s, mf_str new, uint64_t most) {
  mf_buf text;
  size_t copied = 0;
  uint32_t spans = s->regex->groups < 9 ? s->regex->groups + 1 : 10;
  mf_call_text(s->call, &text);
  for (; most > 0 && !text.failed && next_match(s, spans); most--) {
    mf_buf_add(&text, s->text.p + copied, s->spans[0].from - copied);
    put_replacement(&text, s, new);
    copied = s->spans[0].to;
  }
  mf_buf_add(&text, s->text.p + copied, s->text.n - copied);
  return mf_call_text_done(s->call, &text);
}

mf_value mf_fn_regex_replace(mf_call *call, const mf_value *args, uint32_t n) {
  search s;
  mf_value error;
  if (!mf_args_are(args, n, "sssi")) return mf_no_function(call, "regex.replace", args, n);
  if (!begin(&s, call, args, &error) || !mf_charge(call, args[2].len)) return error;
  if (!replacement_ok(mf_value_str(args[2]), s.regex->groups))
    return mf_error(MF_EVAL_BAD_ARGUMENT,
                    MF_STR("a \\ in the new text of regex.replace is no group of the pattern"));
  uint64_t most = n == 4 && args[3].as.i >= 0 ? (uint64_t)args[3].as.i : UINT64_MAX;
  return replace(&s, mf_value_str(args[2]), most);
}
