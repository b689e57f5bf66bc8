/* SPDX-License-Identifier: MIT */
/* Writes what the table calls each condition, and whether it is a further one. */
#include "cases.h"

int main(void) {
  for (unsigned c = 0; c < CASES; c++)
    printf("label\t%u\t%s\t%s\n", c, c < FURTHER ? "first" : "further", conditions[c].label);
  return 0;
}
