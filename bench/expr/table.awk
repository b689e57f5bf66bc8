# One table for each mode and order: a row a condition, a column an engine;
# below them geometric means and how many times ours each takes.
BEGIN {
  FS = "\t"
  engines = split("mfvm native luajit luajit-joff luajit-ffi lua5.4 v8 duktape mruby sqlite jq", engine, " ")
  cases = split("latency > 500.0;latency > 500.0 && error_rate < 0.05;error_rate < 0.05 && succeeded;" \
                "and/or/not over 8 variables;environment == \"staging\";environment in [3 strings];" \
                "config.limits.max >= metrics.p99;(a*b + c) / d > t && a % 7 != 3;" \
                "samples.all(s, s < 1000.0);\"Phase \" + name + string(d);url.startsWith && !contains;" \
                "(origin || country) && (v || a);user.group in .. || user.id ==", label, ";")
}
{ time[$1, $2, $3, $4] = $5; seen[$1, $2, $3] = 1 }
function column(text) { return sprintf(" %11s", text) }
# The mean of e over the conditions that `with` has, too.
function mean(e, mode, order, with,   c, n, sum) {
  for (c = 0; c < cases; c++)
    if ((e, mode, order, c) in time && (with, mode, order, c) in time) {
      sum += log(time[e, mode, order, c])
      n++
    }
  return n ? exp(sum / n) : 0
}
function row(name, mode, order, c,   i, line) {
  line = sprintf("%-38s", name)
  for (i = 1; i <= engines; i++)
    if ((engine[i], mode, order) in seen)
      line = line column((engine[i], mode, order, c) in time ? sprintf("%.1f", time[engine[i], mode, order, c]) : "-")
  print line
}
function table(mode, order,   i, c, head, means, ratios, own) {
  if (!(("mfvm", mode, order) in seen)) return
  printf "\n%s mode, %s order, ns\n", mode, order
  head = sprintf("%-38s", "")
  means = sprintf("%-38s", "geometric mean")
  ratios = sprintf("%-38s", "times mfvm's, over the same conditions")
  for (i = 1; i <= engines; i++) {
    if (!((engine[i], mode, order) in seen)) continue
    head = head column(engine[i])
    own = mean("mfvm", mode, order, engine[i])
    means = means column(sprintf("%.1f", mean(engine[i], mode, order, engine[i])))
    ratios = ratios column(sprintf("%.2f", mean(engine[i], mode, order, "mfvm") / own))
  }
  print head
  for (c = 0; c < cases; c++) row(label[c + 1], mode, order, c)
  print means
  print ratios
}
END {
  table("call", "short"); table("call", "long")
  table("host", "short"); table("host", "long")
  table("batch", "short"); table("batch", "long")
  printf "\ncompiling one condition, us: mean %.2f\n", mean("mfvm", "compile", "short", "mfvm") / 1000
}
