# One table for each mode and order: a row a condition, a column an engine; below
# the first conditions, and below the further ones, geometric means and how many
# times mfvm's each takes.  At the end, where a rival is ahead.
# Reads what write_labels writes, then the medians.
BEGIN {
  FS = "\t"
  engines = split("mfvm native luajit luajit-joff luajit-ffi lua5.4 v8 duktape mruby expr sqlite jq", engine, " ")
  heading["luajit-joff"] = "lj -joff"
  heading["luajit-ffi"] = "lj ffi"
  sets = split("first further", set, " ")
}
$1 == "label" { in_set[$2] = $3; label[$2] = $4; cases++; next }
{ time[$1, $2, $3, $4] = $5; seen[$1, $2, $3] = 1 }
function column(text) { return sprintf(" %8s", text) }
function line_of(text) { return sprintf("%-40s", text) }
# The mean of e over the conditions of a set that `with` has, too.
function mean(e, mode, order, which, with,   c, n, sum) {
  for (c = 0; c < cases; c++)
    if (in_set[c] == which && (e, mode, order, c) in time && (with, mode, order, c) in time) {
      sum += log(time[e, mode, order, c])
      n++
    }
  return n ? exp(sum / n) : 0
}
function row(mode, order, c,   i, line) {
  line = line_of(label[c])
  for (i = 1; i <= engines; i++)
    if ((engine[i], mode, order) in seen)
      line = line column((engine[i], mode, order, c) in time ? sprintf("%.1f", time[engine[i], mode, order, c]) : "-")
  print line
}
function rows(mode, order, which,   i, c, own, means, ratios) {
  for (c = 0; c < cases; c++)
    if (in_set[c] == which) row(mode, order, c)
  means = line_of("geometric mean")
  ratios = line_of("times mfvm's, over the same conditions")
  for (i = 1; i <= engines; i++) {
    if (!((engine[i], mode, order) in seen)) continue
    own = mean("mfvm", mode, order, which, engine[i])
    means = means column(own ? sprintf("%.1f", mean(engine[i], mode, order, which, engine[i])) : "-")
    ratios = ratios column(own ? sprintf("%.2f", mean(engine[i], mode, order, which, "mfvm") / own) : "-")
  }
  print means
  print ratios
}
function table(mode, order,   i, s, head) {
  if (!(("mfvm", mode, order) in seen)) return
  printf "\n%s mode, %s order, ns\n", mode, order
  head = line_of("")
  for (i = 1; i <= engines; i++)
    if ((engine[i], mode, order) in seen)
      head = head column(engine[i] in heading ? heading[engine[i]] : engine[i])
  for (s = 1; s <= sets; s++) {
    print s == 1 ? head : "further conditions"
    rows(mode, order, set[s])
  }
}
function behind(mode, order,   i, c, who) {
  for (c = 0; c < cases; c++) {
    who = ""
    for (i = 1; i <= engines; i++)
      if (engine[i] != "native" && (engine[i], mode, order, c) in time &&
          time[engine[i], mode, order, c] < time["mfvm", mode, order, c])
        who = who sprintf(", %s %.1f", engine[i], time[engine[i], mode, order, c])
    if (who != "")
      printf "%-5s %-5s %smfvm %.1f%s\n", mode, order, line_of(label[c]), time["mfvm", mode, order, c], who
  }
}
END {
  modes = split("call host batch", mode, " ")
  orders = split("short long", order, " ")
  for (m = 1; m <= modes; m++)
    for (o = 1; o <= orders; o++) table(mode[m], order[o])
  printf "\ncompiling one condition, us: mean %.2f, of the further ones %.2f\n", \
    mean("mfvm", "compile", "short", "first", "mfvm") / 1000, mean("mfvm", "compile", "short", "further", "mfvm") / 1000
  print "\nwhere a rival other than native is ahead, ns:"
  for (m = 1; m <= modes; m++)
    for (o = 1; o <= orders; o++) behind(mode[m], order[o])
}
