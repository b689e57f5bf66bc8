/* SPDX-License-Identifier: MIT */
/* Strings: CEL's string extension.  Positions count code points. */
#include "fn_kit.h"

#include "../base/limits.h"

static mf_value out_of_range(mf_call *call, const mf_value *at) {
  char text[MF_QUOTED_SIZE];
  return mf_call_error(call, MF_EVAL_OUT_OF_RANGE, "position %s is outside the string",
                       mf_quoted(at, text));
}

/* ---- Code points ---- */

/* The byte at which code point `position` begins, s.n for the one behind the
 * last; SIZE_MAX when there is no such position. */
static size_t byte_of(mf_str s, int64_t position) {
  size_t at = 0;
  uint32_t c;
  if (position < 0) return SIZE_MAX;
  for (; position > 0 && at < s.n; position--) at += mf_utf8_decode(s.p + at, &c);
  return position == 0 ? at : SIZE_MAX;
}

/* And back. */
static mf_value position_of(mf_str s, size_t byte) {
  return mf_int((int64_t)mf_utf8_count(s.p, byte));
}

static mf_value piece(mf_str s, size_t from, size_t to) {
  return to > from ? mf_string((mf_str){s.p + from, to - from}) : mf_string(MF_STR(""));
}

mf_value mf_fn_charAt(mf_call *call, const mf_value *args, uint32_t n) {
  uint32_t c;
  if (!mf_args_are(args, n, "si")) return mf_no_function(call, "charAt", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_str s = mf_value_str(args[0]);
  size_t at = byte_of(s, args[1].as.i);
  if (at == SIZE_MAX) return out_of_range(call, &args[1]);
  return piece(s, at, at < s.n ? at + mf_utf8_decode(s.p + at, &c) : at);
}

mf_value mf_fn_substring(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "sii")) return mf_no_function(call, "substring", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_str s = mf_value_str(args[0]);
  size_t from = byte_of(s, args[1].as.i), to = n == 3 ? byte_of(s, args[2].as.i) : s.n;
  if (from == SIZE_MAX) return out_of_range(call, &args[1]);
  if (to == SIZE_MAX) return out_of_range(call, &args[2]);
  if (from > to)
    return mf_call_error(call, MF_EVAL_OUT_OF_RANGE, "a substring cannot end before it begins");
  return piece(s, from, to);
}

static mf_value reverse_string(mf_call *call, mf_str s) {
  char *text = mf_charge(call, s.n) ? mf_call_get(call, s.n) : NULL;
  uint32_t c;
  if (text == NULL) return mf_null();
  for (size_t at = 0, step; at < s.n; at += step) {
    step = mf_utf8_decode(s.p + at, &c);
    memcpy(text + (s.n - at - step), s.p + at, step);
  }
  return mf_string((mf_str){text, s.n});
}

static mf_value reverse_list(mf_call *call, const mf_value *list) {
  mf_value *items = mf_call_items(call, list->len);
  if (items == NULL) return mf_null();
  for (uint32_t i = 0; i < list->len; i++) items[i] = list->as.list[list->len - 1 - i];
  return mf_list_value(items, list->len);
}

mf_value mf_fn_reverse(mf_call *call, const mf_value *args, uint32_t n) {
  if (args[0].kind == MF_STRING) return reverse_string(call, mf_value_str(args[0]));
  if (args[0].kind == MF_LIST) return reverse_list(call, args);
  return mf_no_function(call, "reverse", args, n);
}

/* ---- Searching ---- */

/* The byte where a search may begin, or end when it goes backwards. */
static size_t search_start(const mf_value *args, uint32_t n, size_t otherwise) {
  return n == 3 ? byte_of(mf_value_str(args[0]), args[2].as.i) : otherwise;
}

mf_value mf_fn_indexOf(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ssi")) return mf_no_function(call, "indexOf", args, n);
  if (!mf_charge(call, (uint64_t)args[0].len + args[1].len)) return mf_null();
  mf_str s = mf_value_str(args[0]);
  size_t from = search_start(args, n, 0);
  if (from == SIZE_MAX) return out_of_range(call, &args[2]);
  size_t at = mf_str_find(s, mf_value_str(args[1]), from);
  return at == SIZE_MAX ? mf_int(-1) : position_of(s, at);
}

/* The last place at `from` or before where t begins; bytes that are compared
 * cost fuel as they are: looking backwards has no bound but s.n * t.n. */
static size_t find_last(mf_call *call, mf_str s, mf_str t, size_t from) {
  if (t.n > s.n) return SIZE_MAX;
  if (from > s.n - t.n) from = s.n - t.n;
  for (size_t at = from + 1; at-- > 0;) {
    size_t same = 0;
    while (same < t.n && s.p[at + same] == t.p[same]) same++;
    if (same == t.n) return at;
    if (!mf_charge(call, same + 1)) break;
  }
  return SIZE_MAX;
}

mf_value mf_fn_lastIndexOf(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ssi")) return mf_no_function(call, "lastIndexOf", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_str s = mf_value_str(args[0]);
  size_t from = search_start(args, n, s.n);
  if (from == SIZE_MAX) return out_of_range(call, &args[2]);
  size_t at = find_last(call, s, mf_value_str(args[1]), from);
  return at == SIZE_MAX ? mf_int(-1) : position_of(s, at);
}

/* ---- Joining and splitting ---- */

mf_value mf_fn_join(mf_call *call, const mf_value *args, uint32_t n) {
  mf_buf text;
  uint32_t flags = 0; /* a list need not be a secret where an element is one */
  if (!mf_args_are(args, n, "ls")) return mf_no_function(call, "join", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_call_text(call, &text);
  for (uint32_t i = 0; i < args[0].len && !text.failed; i++) {
    const mf_value *item = &args[0].as.list[i];
    if (item->kind != MF_STRING)
      return mf_call_error(call, MF_EVAL_NO_OVERLOAD, "join takes strings, not a value of type %s",
                           mf_kind_name(item->kind));
    if (i > 0 && n == 2) mf_buf_add_str(&text, mf_value_str(args[1]));
    mf_buf_add_str(&text, mf_value_str(*item));
    flags |= item->flags;
  }
  return mf_with_taint(mf_call_text_done(call, &text), flags);
}

/* Where the piece that begins at `from` ends, s.n for the last: a separator
 * that is found begins before that.  An empty one stands between any two code
 * points. */
static size_t piece_end(mf_str s, mf_str separator, size_t from) {
  uint32_t c;
  if (separator.n == 0) return from < s.n ? from + mf_utf8_decode(s.p + from, &c) : s.n;
  size_t at = mf_str_find(s, separator, from);
  return at == SIZE_MAX ? s.n : at;
}

/* Splits s into at most `most` pieces and counts them; `items` may be NULL. */
static uint64_t split(mf_str s, mf_str separator, uint64_t most, mf_value *items) {
  uint64_t count = 0;
  for (size_t from = 0; count < most; count++) {
    size_t to = count + 1 == most ? s.n : piece_end(s, separator, from);
    if (items) items[count] = piece(s, from, to);
    if (to == s.n) return count + 1;
    from = to + separator.n;
  }
  return count;
}

mf_value mf_fn_split(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "ssi")) return mf_no_function(call, "split", args, n);
  mf_str s = mf_value_str(args[0]), separator = mf_value_str(args[1]);
  uint64_t most = n == 3 && args[2].as.i >= 0 ? (uint64_t)args[2].as.i : UINT64_MAX;
  if (separator.n == 0 && s.n == 0) most = 0;
  if (!mf_charge(call, 2 * (uint64_t)s.n + separator.n)) return mf_null();
  uint64_t count = split(s, separator, most, NULL);
  mf_value *items = mf_call_items(call, count);
  if (items == NULL) return mf_null();
  split(s, separator, most, items);
  return mf_list_value(items, count);
}

/* The text with every `old` replaced, at most `most` of them. */
static void replace(mf_buf *text, mf_str s, mf_str old, mf_str new, uint64_t most) {
  size_t from = 0;
  for (; most > 0 && !text->failed; most--) {
    size_t at = mf_str_find(s, old, from);
    if (at == SIZE_MAX) break;
    mf_buf_add(text, s.p + from, at - from);
    mf_buf_add_str(text, new);
    from = at + old.n;
  }
  mf_buf_add(text, s.p + from, s.n - from);
}

/* An empty text is found before every code point and at the end. */
static void insert(mf_buf *text, mf_str s, mf_str new, uint64_t most) {
  size_t at = 0;
  uint32_t c;
  for (; most > 0 && !text->failed; most--) {
    mf_buf_add_str(text, new);
    if (at == s.n) break;
    size_t step = mf_utf8_decode(s.p + at, &c);
    mf_buf_add(text, s.p + at, step);
    at += step;
  }
  mf_buf_add(text, s.p + at, s.n - at);
}

mf_value mf_fn_replace(mf_call *call, const mf_value *args, uint32_t n) {
  mf_buf text;
  if (!mf_args_are(args, n, "sssi")) return mf_no_function(call, "replace", args, n);
  if (!mf_charge(call, (uint64_t)args[0].len + args[1].len)) return mf_null();
  uint64_t most = n == 4 && args[3].as.i >= 0 ? (uint64_t)args[3].as.i : UINT64_MAX;
  mf_str s = mf_value_str(args[0]), old = mf_value_str(args[1]);
  mf_call_text(call, &text);
  if (old.n)
    replace(&text, s, old, mf_value_str(args[2]), most);
  else
    insert(&text, s, mf_value_str(args[2]), most);
  return mf_call_text_done(call, &text);
}

/* ---- Letters and blanks ---- */

/* With the letters first..first + 25 moved to the other case. */
static mf_value change_case(mf_call *call, const mf_value *v, char first) {
  char *text = mf_charge(call, v->len) ? mf_call_get(call, v->len) : NULL;
  if (text == NULL) return mf_null();
  for (uint32_t i = 0; i < v->len; i++) {
    char c = v->as.s[i];
    text[i] = c >= first && c < first + 26 ? (char)(c ^ 0x20) : c;
  }
  return mf_string((mf_str){text, v->len});
}

mf_value mf_fn_lowerAscii(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "lowerAscii", args, n);
  return change_case(call, args, 'A');
}

mf_value mf_fn_upperAscii(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "upperAscii", args, n);
  return change_case(call, args, 'a');
}

/* Unicode's White_Space: no zero-width space, no U+180E. */
static bool is_blank(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

mf_value mf_fn_trim(mf_call *call, const mf_value *args, uint32_t n) {
  size_t from = 0, to = 0;
  uint32_t c;
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "trim", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  mf_str s = mf_value_str(args[0]);
  for (size_t at = 0, step; at < s.n; at += step) {
    step = mf_utf8_decode(s.p + at, &c);
    if (!is_blank(c)) to = at + step;
    if (to == 0) from = at + step;
  }
  return piece(s, from, to);
}

/* ---- Quoting ---- */

static char escape_letter(char c) {
  switch (c) {
    case '\a': return 'a';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    case '\\':
    case '"': return c;
    default: return '\0';
  }
}

mf_value mf_fn_quote(mf_call *call, const mf_value *args, uint32_t n) {
  mf_buf text;
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "strings.quote", args, n);
  mf_call_text(call, &text);
  mf_buf_putc(&text, '"');
  for (uint32_t i = 0; i < args[0].len && !text.failed; i++) {
    char letter = escape_letter(args[0].as.s[i]);
    if (letter) mf_buf_putc(&text, '\\');
    mf_buf_putc(&text, letter ? letter : args[0].as.s[i]);
  }
  mf_buf_putc(&text, '"');
  return mf_call_text_done(call, &text);
}
