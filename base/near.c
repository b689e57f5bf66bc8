/* SPDX-License-Identifier: MIT */
/* near - edit distance and the nearest name, for "did you mean". */
#include "text.h"

/* Longer names are only compared for equality: nobody mistypes them by hand. */
enum { LONGEST_NAME = 64 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool same(char a, char b) { return lower(a) == lower(b); }

static unsigned least(unsigned a, unsigned b, unsigned c) {
  unsigned m = a < b ? a : b;
  return m < c ? m : c;
}

static bool equal_but_for_case(mf_str a, mf_str b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++)
    if (!same(a.p[i], b.p[i])) return false;
  return true;
}

/* Row i of the table of optimal string alignment; `one` and `two` are the rows
 * i - 1 and i - 2. */
static void fill_row(mf_str a, mf_str b, size_t i, unsigned *row, const unsigned *one,
                     const unsigned *two) {
  row[0] = (unsigned)i;
  for (size_t j = 1; j <= b.n; j++) {
    unsigned replace = one[j - 1] + !same(a.p[i - 1], b.p[j - 1]);
    row[j] = least(one[j] + 1, row[j - 1] + 1, replace);
    bool swapped = i > 1 && j > 1 && same(a.p[i - 1], b.p[j - 2]) && same(a.p[i - 2], b.p[j - 1]);
    if (swapped && two[j - 2] + 1 < row[j]) row[j] = two[j - 2] + 1;
  }
}

unsigned mf_edit_distance(mf_str a, mf_str b, unsigned limit) {
  size_t apart = a.n > b.n ? a.n - b.n : b.n - a.n;
  if (equal_but_for_case(a, b)) return 0;
  if (apart > limit || a.n > LONGEST_NAME || b.n > LONGEST_NAME) return limit + 1;
  unsigned rows[3][LONGEST_NAME + 1];
  for (size_t j = 0; j <= b.n; j++) rows[0][j] = (unsigned)j;
  for (size_t i = 1; i <= a.n; i++)
    fill_row(a, b, i, rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3]);
  unsigned distance = rows[a.n % 3][b.n];
  return distance <= limit ? distance : limit + 1;
}

static unsigned tolerance(mf_str want) {
  size_t third = want.n / 3;
  return third < 1 ? 1 : third > 3 ? 3 : (unsigned)third;
}

void mf_near_init(mf_near *near, mf_str want) {
  *near = (mf_near){.want = want, .distance = tolerance(want) + 1};
}

void mf_near_offer(mf_near *near, mf_str candidate) {
  if (near->distance == 0) return;
  unsigned distance = mf_edit_distance(near->want, candidate, near->distance - 1);
  /* "x" is one edit away from "y", but nothing of it is left. */
  bool alike = distance < near->want.n || distance < candidate.n;
  if (distance >= near->distance || !alike) return;
  near->best = candidate;
  near->distance = distance;
}

mf_str mf_near_best(const mf_near *near) { return near->best; }
