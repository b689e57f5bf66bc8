/* SPDX-License-Identifier: MIT */
/* Numbers and values as people read them.  printf would ask the locale for its
 * decimal point, so digits are made here. */
#include "report_model.h"
#include "../vm/value.h"

#include <math.h>

mf_str mf_report_prefix(mf_str s, size_t max) {
  if (s.n <= max) return s;
  while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80) max--;
  return (mf_str){s.p, max};
}

/* ---- URLs ---- */

/* Where the URL whose authority begins at `at` ends.  In JSON text a backslash
 * takes the next character with it. */
static size_t url_end(mf_str s, size_t at) {
  for (; at < s.n; at++) {
    unsigned char c = (unsigned char)s.p[at];
    if (c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>') return at;
    if (c == '\\') at++;
  }
  return s.n;
}

/* Authority and path of what follows "://". */
static void put_public(mf_buf *out, mf_str rest) {
  size_t from = 0, end = 0;
  for (; end < rest.n && rest.p[end] != '?' && rest.p[end] != '#' && rest.p[end] != '/'; end++)
    if (rest.p[end] == '@') from = end + 1;
  while (end < rest.n && rest.p[end] != '?' && rest.p[end] != '#') end++;
  mf_buf_add(out, rest.p + from, end - from);
}

mf_str mf_report_public(mf_report *r, mf_str s) {
  const mf_str mark = MF_STR("://");
  size_t from = 0, at = mf_str_find(s, mark, 0);
  mf_buf out;
  if (at == SIZE_MAX) return s;
  mf_buf_init(&out, &r->alloc, 0);
  while (at != SIZE_MAX) {
    size_t start = at + mark.n, end = url_end(s, start);
    mf_buf_add(&out, s.p + from, start - from);
    put_public(&out, (mf_str){s.p + start, end - start});
    from = end;
    at = mf_str_find(s, mark, end);
  }
  mf_buf_add(&out, s.p + from, s.n - from);
  mf_str copy = {mf_arena_copy(&r->scratch, out.p, out.n), out.n};
  if (out.failed) r->scratch.oom = true;
  mf_buf_fini(&out);
  return copy.p ? copy : MF_STR("");
}

/* ---- Numbers ---- */

static void put_shortest(mf_buf *out, double d) {
  char text[32];
  mf_buf_add(out, text, mf_format_double(d, text));
}

static void put_uint(mf_buf *out, uint64_t u) {
  char text[24];
  mf_buf_add(out, text, mf_format_uint(u, text));
}

static uint64_t power_of_ten(unsigned n) {
  uint64_t power = 1;
  while (n-- > 0) power *= 10;
  return power;
}

/* `units` are 10^-decimals; zeros at the end of the fraction are kept or not. */
static void put_scaled(mf_buf *out, uint64_t units, unsigned decimals, bool zeros) {
  uint64_t scale = power_of_ten(decimals), fraction = units % scale;
  put_uint(out, units / scale);
  if (decimals == 0 || (fraction == 0 && !zeros)) return;
  mf_buf_putc(out, '.');
  for (scale /= 10; scale > 0 && (zeros || fraction > 0); fraction %= scale, scale /= 10)
    mf_buf_putc(out, (char)('0' + fraction / scale));
}

static void put_decimals(mf_buf *out, double d, unsigned decimals, bool zeros) {
  double scaled = fabs(d) * (double)power_of_ten(decimals) + 0.5;
  if (!(scaled < 9e15)) {
    put_shortest(out, d);
    return;
  }
  uint64_t units = (uint64_t)scaled;
  if (d < 0 && units > 0) mf_buf_putc(out, '-');
  put_scaled(out, units, decimals, zeros);
}

void mf_report_fixed(mf_buf *out, double d, unsigned decimals) {
  put_decimals(out, d, decimals, true);
}

void mf_report_number(mf_buf *out, double d) {
  unsigned decimals = 3;
  double size = fabs(d);
  if (size > 0 && size < 1e-7) {
    put_shortest(out, d);
    return;
  }
  for (double least = 0.1; size > 0 && size < least && decimals < 9; least /= 10) decimals++;
  put_decimals(out, d, decimals, false);
}

void mf_report_length(mf_buf *out, double seconds) {
  uint64_t whole = (uint64_t)(seconds + 0.5);
  if (seconds < 60) {
    mf_report_fixed(out, seconds, 2);
    mf_buf_puts(out, " s");
    return;
  }
  if (whole >= 3600) {
    put_uint(out, whole / 3600);
    mf_buf_puts(out, " h ");
    whole %= 3600;
  }
  put_uint(out, whole / 60);
  mf_buf_puts(out, " min ");
  put_uint(out, whole % 60);
  mf_buf_puts(out, " s");
}

double mf_report_number_of(const mf_json *map, const char *key) {
  const mf_json *node = mf_json_get(map, key);
  mf_str text = mf_json_str(mf_json_get(node, "$uint"), "");
  double d = mf_json_double(node, NAN);
  if (text.n && !mf_parse_double(text, false, &d, NULL)) return NAN;
  return isfinite(d) ? d : NAN;
}

/* ---- Values ---- */

/* What stands for a value that the journal does not hold: {"$secret": true} or
 * {"$secret": "name"}, and {"$cut": bytes}.  n 0 for all other nodes. */
static mf_str mask_of(mf_report *r, const mf_json *node) {
  const mf_json *member = node->kind == MF_JSON_MAP ? node->as.first : NULL;
  if (member == NULL || member->next) return MF_STR("");
  mf_str name = mf_json_str(member, "");
  if (mf_str_is(member->key, "$cut")) {
    long long bytes = (long long)mf_json_int(member, 0);
    return mf_str_of(mf_arena_printf(&r->scratch, "<%lld bytes, not journaled>", bytes));
  }
  if (!mf_str_is(member->key, "$secret")) return MF_STR("");
  if (name.n == 0) return MF_STR("<secret>");
  return mf_str_of(mf_arena_printf(&r->scratch, "<secret:%.*s>", (int)name.n, name.p));
}

/* Changes the tree in place, so that everything after this is ordinary JSON. */
static void mask_all(mf_report *r, mf_json *node) {
  mf_str mask = mask_of(r, node);
  if (mask.n) {
    node->kind = MF_JSON_STRING;
    node->as.s = mask;
  } else if (node->kind == MF_JSON_MAP || node->kind == MF_JSON_LIST) {
    for (mf_json *child = node->as.first; child; child = child->next) mask_all(r, child);
  }
}

static mf_value value_of(mf_report *r, mf_json *node) {
  mask_all(r, node);
  return mf_value_from_json(&r->scratch, node);
}

void mf_report_plain(mf_report *r, mf_json_writer *w, mf_json *node) {
  mf_value value = node ? value_of(r, node) : mf_null();
  mf_value_write_plain(w, &value);
}

static bool is_number(const mf_value *v) {
  return v && (v->kind == MF_INT || v->kind == MF_UINT || v->kind == MF_DOUBLE);
}

/* A text that could be taken for another value is quoted: "5" is not 5. */
static void put_string(mf_buf *out, mf_str s) {
  double d;
  bool bare = s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ' && s.p[0] != '"' &&
              !mf_str_is(s, "true") && !mf_str_is(s, "false") && !mf_str_is(s, "null") &&
              !mf_parse_double(s, true, &d, NULL);
  if (bare)
    mf_buf_add_str(out, s);
  else
    mf_json_quote(out, s);
}

static void put_value(mf_buf *out, const mf_value *v) {
  if (v->kind == MF_DOUBLE && isfinite(v->as.d))
    mf_report_number(out, v->as.d);
  else if (v->kind == MF_STRING)
    put_string(out, mf_value_str(*v));
  else
    mf_value_write_text(out, v);
}

/* {min, max}, or one of them: what metric_in_range expects. */
static bool put_range(mf_buf *out, const mf_value *v) {
  const mf_value *min = mf_map_get(v, MF_STR("min")), *max = mf_map_get(v, MF_STR("max"));
  if (v->kind != MF_MAP || v->len != (uint32_t)(is_number(min) + is_number(max)) || v->len == 0)
    return false;
  if (max == NULL) mf_buf_puts(out, "at least ");
  if (min == NULL) mf_buf_puts(out, "at most ");
  if (min) put_value(out, min);
  if (min && max) mf_buf_puts(out, "\xE2\x80\xA6");
  if (max) put_value(out, max);
  return true;
}

void mf_report_value(mf_report *r, mf_buf *out, mf_json *node, bool expected) {
  if (node == NULL) return;
  mf_value v = value_of(r, node);
  if (!expected || !put_range(out, &v)) put_value(out, &v);
}
