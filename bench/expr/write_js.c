/* SPDX-License-Identifier: MIT */
/* Writes a JavaScript program that measures batch mode: node's own loop. */
#include "harness.h"

static void write_order(const char *name, const uint8_t *order, size_t n) {
  printf("const %s = [", name);
  for (size_t k = 0; k < n; k++) printf("%u,", order[k]);
  printf("];\n");
}

int main(void) {
  static char text[1024], loop[512];
  prepare();
  printf("const rows = [\n");
  for (unsigned i = 0; i < ROWS; i++) printf("%s,\n", row_json(i));
  printf("];\n");
  write_order("short_order", short_order, SHORT_ORDER);
  write_order("long_order", long_order, LONG_ORDER);
  printf("const cases = [\n");
  for (unsigned c = 0; c < CASES; c++) {
    write_text(text, sizeof text, c, JS, "r.", ".");
    write_loop(loop, sizeof loop, c, JS, JS_LOOP);
    printf(
        "[function(order) { %slet sum = 0; for (let k = 0; k < order.length; k++) { const r = "
        "rows[order[k]]; const v = %s; %s } return sum; }, %llu, %llu],\n",
        loop, text,
        c == CASE_TEXT ? "sum += v.charCodeAt(v.length - 1) === 115 ? v.length : 0; /* reading it "
                         "makes V8 join it */"
                       : "if (v) sum++;",
        (unsigned long long)expected_sum_known[c][0], (unsigned long long)expected_sum_known[c][1]);
  }
  printf(
      "];\n"
      "cases.forEach(([run, short_sum, long_sum], c) => {\n"
      "for (let n = 0; n < 300; n++) run(short_order);\n"
      "for (const [name, order, sum, repeats] of [['short', short_order, short_sum, 64], ['long', "
      "long_order, long_sum, 1]]) {\n"
      "if (run(order) !== sum) { console.error('node: wrong result', c); process.exit(1); }\n"
      "const begin = process.hrtime.bigint(); for (let n = 0; n < repeats; n++) if (run(order) !== "
      "sum) process.exit(1);\n"
      "const ns = Number(process.hrtime.bigint() - begin) / (repeats * order.length);\n"
      "console.log(['v8', 'batch', name, c, ns.toFixed(3)].join('\\t')); } });\n");
  return 0;
}
