/* SPDX-License-Identifier: MIT */
/* mutations - a complete document, broken in one place at a time.
 *
 * Each of 200 mutants has one typo in a key, name, operator or type, or one line or sign
 * too many, too few or in another place.  It has to be refused where the mistake is or
 * shows, or warned of there, or be harmless: the same image, line map apart.  What is
 * neither slipped through; what can only be told from another document (a line that may
 * be left out is) slips, so the score has a floor, not perfection.  Deterministic. */
#include <ctype.h>

#include "../../compiler/keys.h"
#include "meaning.h"

typedef enum verdict { REFUSED, WARNED, HARMLESS, ELSEWHERE, SLIPPED, VERDICTS } verdict;
static const char *const verdict_words[] = {"refused", "warned", "harmless", "refused elsewhere",
                                            "slipped"};

/* What is broken, and how the lines it concerns are told. */
typedef enum kind { KEY, TYPE, NAME, OPERATOR, SIGN, NESTING, LINE, KINDS } kind;
static const char *const kind_words[] = {"keys",  "types",   "names", "operators",
                                         "signs", "nesting", "lines"};

typedef struct mutant {
  char *text;
  unsigned line;              /* from 1: where it differs first */
  unsigned reach;             /* so many lines behind it may show the mistake */
  bool reordered;             /* two keys of one mapping changed places, which means nothing */
  char before[64], after[64]; /* the word, if it is one */
} mutant;

static uint64_t state;
static size_t below(size_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(state >> 33) % n;
}

/* ---- places ---- */

typedef struct place {
  size_t at, n; /* in the text */
} place;
typedef struct places {
  place *at;
  size_t count;
} places;

static void add_place(places *all, size_t at, size_t n) {
  all->at = realloc(all->at, (all->count + 1) * sizeof *all->at);
  all->at[all->count++] = (place){at, n};
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The key of a line ("  - name: x"); n is 0 if it has none.  *value: behind the colon. */
static place key_of_line(const char *text, place line, size_t *value) {
  size_t at = line.at, end = line.at + line.n;
  while (at < end && (text[at] == ' ' || text[at] == '-')) at++;
  size_t n = 0;
  while (at + n < end && is_word(text[at + n])) n++;
  bool key = n && at + n < end && text[at + n] == ':';
  *value = key ? at + n + 1 : at;
  return (place){at, key ? n : 0};
}

static bool among(const char *text, place word, const char *list) {
  char padded[80];
  snprintf(padded, sizeof padded, " %.*s ", (int)word.n, text + word.at);
  return word.n && strstr(list, padded);
}

#define WORD_KEYS                                                                           \
  " type hook_type operator level severity on_error format kind no_data rollback_strategy " \
  "corruption_type connection_error_kind "
#define NAME_KEYS " variable metric metric_name step_name scenario save_as as "
#define EXPRESSION_KEYS " condition when while until wait_until expect "

static void add_words(places *all, const char *text, size_t at, size_t end) {
  char quote = 0;
  for (size_t n; at < end; at += n ? n : 1) {
    n = 0;
    if (text[at] == quote)
      quote = 0;
    else if (!quote && (text[at] == '"' || text[at] == '\''))
      quote = text[at];
    while (!quote && at + n < end && is_word(text[at + n])) n++;
    if (n && !isdigit((unsigned char)text[at])) add_place(all, at, n);
  }
}

static void add_operators(places *all, const char *text, size_t at, size_t end) {
  for (; at < end; at++)
    if (strchr("<>=!&|+*", text[at])) add_place(all, at, 1);
}

/* Calls add for each expression of a line: a condition, or what ${ } and {{ }} hold. */
static void in_expressions(places *all, const char *text, place line, place key, size_t value,
                           void (*add)(places *, const char *, size_t, size_t)) {
  size_t end = line.at + line.n, from = value;
  bool item = !key.n && strpbrk(text + line.at, "<>=") < text + end;
  if ((among(text, key, EXPRESSION_KEYS) || item) && end > value + 1) {
    while (text[from] == ' ' || text[from] == '-') from++;
    if (text[from] != '"' && text[from] != '[' && text[from] != '&') add(all, text, from, end);
    return;
  }
  for (size_t at = value; at + 1 < end; at++) {
    bool dollar = text[at] == '$' && text[at + 1] == '{',
         braces = text[at] == '{' && text[at + 1] == '{';
    if (!dollar && !braces) continue;
    size_t close = at + 2;
    while (close < end && text[close] != '}') close++;
    add(all, text, at + 2, close);
    at = close;
  }
}

static void look_at_line(places *all, kind what, const char *text, place line) {
  size_t value, end = line.at + line.n;
  place key = key_of_line(text, line, &value);
  mf_str word = {text + key.at, key.n};
  size_t word_at = value;
  while (word_at < end && text[word_at] == ' ') word_at++;
  bool plain = word_at < end && is_word(text[word_at]);
  bool is_bool = !strncmp(text + word_at, "true\n", 5) || !strncmp(text + word_at, "false\n", 6);
  switch (what) {
    case KEY:
      if (key.n && mf_key_find(word).key != MF_KEY_NONE) add_place(all, key.at, key.n);
      break;
    case TYPE:
      if (plain && (among(text, key, WORD_KEYS) || is_bool)) add_place(all, word_at, end - word_at);
      break;
    case NAME:
      if (plain && among(text, key, NAME_KEYS)) add_place(all, word_at, end - word_at);
      in_expressions(all, text, line, key, value, add_words);
      break;
    case OPERATOR: in_expressions(all, text, line, key, value, add_operators); break;
    case SIGN:
      for (size_t at = line.at; at < end; at++)
        if (strchr(":-[]{},\"$", text[at])) add_place(all, at, 1);
      break;
    case NESTING:
    case LINE: add_place(all, line.at, line.n); break;
    case KINDS: break;
  }
}

static places places_of(kind what, const char *text) {
  places all = {NULL, 0};
  for (size_t at = 0; text[at];) {
    size_t n = strcspn(text + at, "\n"), blank = strspn(text + at, " ");
    if (blank < n && text[at + blank] != '#') look_at_line(&all, what, text, (place){at, n});
    at += n + (text[at + n] != 0);
  }
  return all;
}

/* ---- breaking ---- */

static unsigned line_of(const char *text, size_t at) {
  unsigned line = 1;
  for (size_t i = 0; i < at; i++) line += text[i] == '\n';
  return line;
}

/* The text with text[at .. at + n) replaced. */
static char *replaced(const char *text, size_t at, size_t n, const char *with, size_t with_n) {
  size_t length = strlen(text);
  char *out = malloc(length + with_n + 1);
  memcpy(out, text, at);
  memcpy(out + at, with, with_n);
  memcpy(out + at + with_n, text + at + n, length - at - n + 1);
  return out;
}

/* One character of a word left out, doubled, exchanged with the next, or another. */
static char *with_typo(const char *text, place word) {
  size_t at = word.at + below(word.n);
  char two[2] = {text[at], text[at]};
  switch (word.n > 1 ? below(4) : 1) {
    case 0: return replaced(text, at, 1, "", 0);
    case 1: return replaced(text, at, 1, two, 2);
    case 2:
      if (at + 1 == word.at + word.n) at--;
      two[0] = text[at + 1], two[1] = text[at];
      return replaced(text, at, 2, two, 2);
    default: two[0] = text[at] == 'e' ? 'r' : 'e'; return replaced(text, at, 1, two, 1);
  }
}

static char *with_other_sign(const char *text, place sign, kind what) {
  char two[2] = {text[sign.at], text[sign.at]};
  size_t how = below(what == OPERATOR ? 3 : 2);
  static const char others[] = "<>=!&|+-";
  if (how == 2) two[0] = others[below(sizeof others - 1)];
  return replaced(text, sign.at, 1, two, how == 0 ? 0 : how == 1 ? 2 : 1);
}

static char *with_other_nesting(const char *text, place line) {
  size_t blank = strspn(text + line.at, " "), by = 1 + below(2);
  if (blank >= by && below(2)) return replaced(text, line.at, by, "", 0);
  return replaced(text, line.at, 0, "  ", by);
}

/* Are both "key: value", keys of the language in one mapping? */
static bool are_members(const char *text, place a, place b) {
  size_t value_a, value_b;
  place key_a = key_of_line(text, a, &value_a), key_b = key_of_line(text, b, &value_b);
  mf_str name_a = {text + key_a.at, key_a.n}, name_b = {text + key_b.at, key_b.n};
  size_t blank = strspn(text + a.at, " ");
  return blank == strspn(text + b.at, " ") && key_a.at == a.at + blank &&
         key_b.at == b.at + blank && value_a < a.at + a.n && value_b < b.at + b.n &&
         mf_key_find(name_a).key != MF_KEY_NONE && mf_key_find(name_b).key != MF_KEY_NONE;
}

static char *with_other_lines(const char *text, place line, bool *reordered) {
  size_t whole = line.n + 1, next = line.at + whole, next_n = strcspn(text + next, "\n") + 1;
  switch (text[next] ? below(3) : 1) {
    case 0: return replaced(text, line.at, whole, "", 0);
    case 1: return replaced(text, line.at, 0, text + line.at, whole);
    default: {
      *reordered = are_members(text, line, (place){next, next_n - 1});
      char *both = malloc(whole + next_n);
      memcpy(both, text + next, next_n);
      memcpy(both + next_n, text + line.at, whole);
      char *out = replaced(text, line.at, whole + next_n, both, whole + next_n);
      free(both);
      return out;
    }
  }
}

/* An open quote shows at the latest where the next one stands. */
static unsigned lines_to_next_quote(const char *text, size_t at) {
  at += strcspn(text + at, "\n");
  return 1 + line_of(text + at, strcspn(text + at, "\""));
}

/* Of a line: its key and that of the mapping around it, which will lack it. */
static void name_keys(mutant *m, const char *text, place line) {
  size_t value, blank = strspn(text + line.at, " ");
  place key = key_of_line(text, line, &value);
  if (key.n) snprintf(m->before, sizeof m->before, "'%.*s'", (int)key.n, text + key.at);
  for (size_t at = line.at; at > 0;) {
    size_t end = at - 1;
    for (at = end; at > 0 && text[at - 1] != '\n';) at--;
    if (strspn(text + at, " ") >= blank) continue;
    key = key_of_line(text, (place){at, end - at}, &value);
    if (key.n) snprintf(m->after, sizeof m->after, "'%.*s'", (int)key.n, text + key.at);
    return;
  }
}

static mutant break_once(const char *text, const places *all, kind what) {
  place p = all->at[below(all->count)];
  /* An exchange is about two lines. */
  mutant m = {.line = line_of(text, p.at), .reach = what == LINE ? 2 : 1};
  if (what == SIGN && text[p.at] == '"') m.reach = lines_to_next_quote(text, p.at);
  switch (what) {
    case KEY:
    case TYPE:
    case NAME: m.text = with_typo(text, p); break;
    case OPERATOR:
    case SIGN: m.text = with_other_sign(text, p, what); break;
    case NESTING: m.text = with_other_nesting(text, p); break;
    case LINE: m.text = with_other_lines(text, p, &m.reordered); break;
    case KINDS: break;
  }
  if (what > SIGN) name_keys(&m, text, p);
  if (what > NAME) return m;
  size_t n = p.n + strlen(m.text) - strlen(text);
  snprintf(m.before, sizeof m.before, "'%.*s'", (int)p.n, text + p.at);
  snprintf(m.after, sizeof m.after, "'%.*s'", (int)n, m.text + p.at);
  return m;
}

/* ---- judging ---- */

/* Does the diagnostic stand where the mistake is, or name it? */
static bool is_about(const mf_diagnostic *d, const mutant *m) {
  char all[1024];
  if (d->line + 1 >= m->line && d->line <= m->line + m->reach) return true;
  snprintf(all, sizeof all, "%s %s", d->message, d->suggestion ? d->suggestion : "");
  return (m->before[0] && strstr(all, m->before)) || (m->after[0] && strstr(all, m->after));
}

static verdict judge(const mutant *m, const char *meaning) {
  mf_compilation *comp = NULL;
  mf_status status = meaning_compile("document.yaml", mf_str_of(m->text), &comp);
  bool at_place = false;
  for (size_t i = 0; i < mf_compilation_diagnostic_count(comp); i++) {
    mf_diagnostic d = mf_compilation_diagnostic(comp, i);
    at_place |= is_about(&d, m) && (status == MF_OK || d.severity == MF_SEVERITY_ERROR);
  }
  verdict v = status != MF_OK ? (at_place ? REFUSED : ELSEWHERE) : at_place ? WARNED : SLIPPED;
  if (v == SLIPPED) {
    char *other = meaning_of_image(comp);
    if (m->reordered || !strcmp(meaning, other)) v = HARMLESS;
    free(other);
  }
  mf_compilation_free(comp);
  return v;
}

static void show(const char *text, const mutant *m, kind what, verdict v) {
  const char *a = text, *b = m->text;
  for (unsigned line = 1; line < m->line; line++) a = strchr(a, '\n') + 1, b = strchr(b, '\n') + 1;
  fprintf(stderr, "%s, %s, line %u:\n  - %.*s\n  + %.*s\n", verdict_words[v], kind_words[what],
          m->line, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

typedef struct score {
  size_t of[KINDS][VERDICTS], all[VERDICTS], total;
} score;

/* MF_MUTANTS=N shows what slipped through among N of them. */
static score mutate(const char *name, const char *text, size_t wanted) {
  score s = {.total = 0};
  if (getenv("MF_MUTANTS")) wanted = (size_t)atol(getenv("MF_MUTANTS"));
  char *meaning = meaning_of(name, mf_str_of(text));
  state = 20240229;
  for (size_t tries = 0; s.total < wanted && tries < 20 * wanted; tries++) {
    kind what = (kind)(tries % KINDS);
    places all = places_of(what, text);
    if (all.count) {
      mutant m = break_once(text, &all, what);
      if (strcmp(m.text, text)) {
        verdict v = judge(&m, meaning);
        s.of[what][v]++, s.all[v]++, s.total++;
        if (v == ELSEWHERE || (v == SLIPPED && getenv("MF_MUTANTS"))) show(text, &m, what, v);
      }
      free(m.text);
    }
    free(all.at);
  }
  free(meaning);
  printf("mutations of %s: %zu:", name, s.total);
  for (int v = 0; v < VERDICTS; v++)
    printf(" %zu %s%s", s.all[v], verdict_words[v], v + 1 < VERDICTS ? "," : "\n");
  for (int k = 0; k < KINDS; k++) {
    printf("  %-10s", kind_words[k]);
    for (int v = 0; v < VERDICTS; v++) printf(" %3zu %s", s.of[k][v], verdict_words[v]);
    printf("\n");
  }
  return s;
}

START_TEST(mutants_of_everything) {
  size_t n;
  char *text = corpus_read(MF_TESTS_DIR "/mutations/everything.yaml", &n);
  ck_assert_ptr_nonnull(text);
  score s = mutate("everything.yaml", text, 200);
  ck_assert_uint_eq(s.total, 200);
  ck_assert_uint_eq(s.of[KEY][SLIPPED] + s.of[TYPE][SLIPPED], 0);
  ck_assert_uint_eq(s.all[ELSEWHERE], 0);
  ck_assert_uint_le(s.all[SLIPPED], 12);
  free(text);
}
END_TEST

START_TEST(mutants_of_the_seeds_example) {
  char path[512];
  const char *folder = getenv("MF_SHARED") ? getenv("MF_SHARED") : "../shared";
  snprintf(path, sizeof path, "%s/seed/S3_advanced-e-commerce-load-test.yaml", folder);
  size_t n;
  char *text = corpus_read(path, &n);
  if (!text) {
    printf("mutations of the seed's example: skipped, %s is not there\n", path);
    return;
  }
  score s = mutate("the seed's example", text, 200);
  ck_assert_uint_eq(s.of[KEY][SLIPPED] + s.of[TYPE][SLIPPED], 0);
  ck_assert_uint_eq(s.all[ELSEWHERE], 0);
  ck_assert_uint_le(s.all[SLIPPED], 12);
  free(text);
}
END_TEST

Suite *mutations_suite(void) {
  Suite *s = suite_create("mutations");
  TCase *t = tcase_create("one mistake at a time");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, mutants_of_everything);
  tcase_add_test(t, mutants_of_the_seeds_example);
  suite_add_tcase(s, t);
  return s;
}
