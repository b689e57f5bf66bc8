# Reads .def files and calls row(name, n) for each line NAME(...), n arguments in
# arg[1..n], string literals joined and unescaped.  A comment of the form
# /* ---- words ---- */ calls heading(words).  A second -f file defines both.
# Rows may span lines; preprocessor lines are skipped.
BEGIN { pending = "" }
FNR == 1 { pending = "" }
/^[ \t]*#/ && pending == "" { next }
/^[ \t]*\/\* ---- .* ---- \*\/[ \t]*$/ && pending == "" {
  words = $0
  sub(/^[ \t]*\/\* ---- /, "", words)
  sub(/ ---- \*\/[ \t]*$/, "", words)
  heading(words)
  next
}
pending == "" && in_text { if (/\*\//) in_text = 0; next }
pending == "" && /^[ \t]*\/\*/ { if (!/\*\//) in_text = 1; next }
pending == "" && !/^MF_[A-Z_]*\(/ { next }
{
  pending = pending == "" ? $0 : pending " " $0
  if (complete(pending)) {
    call = pending
    pending = ""
    name = call
    sub(/\(.*/, "", name)
    row(name, arguments(call))
  }
}
# Are all parentheses outside of literals closed?
function complete(text,   i, n, c, q, depth) {
  n = length(text)
  for (i = 1; i <= n; i++) {
    c = substr(text, i, 1)
    if (q) {
      if (c == "\\") i++
      else if (c == "\"") q = 0
    } else if (c == "\"") q = 1
    else if (c == "(") depth++
    else if (c == ")" && --depth == 0) return 1
  }
  return 0
}
function arguments(text,   i, n, c, q, depth, count) {
  split("", arg)
  count = 1
  arg[1] = ""
  n = length(text)
  for (i = index(text, "(") + 1; i <= n; i++) {
    c = substr(text, i, 1)
    if (q) {
      if (c == "\\") {
        c = substr(text, ++i, 1)
        arg[count] = arg[count] (c == "n" ? "\n" : c)
      } else if (c == "\"") q = 0
      else arg[count] = arg[count] c
    } else if (c == "\"") q = 1
    else if (c == "(") { depth++; arg[count] = arg[count] c }
    else if (c == ")") {
      if (depth-- == 0) break
      arg[count] = arg[count] c
    } else if (c == "," && depth == 0) arg[++count] = ""
    else if (c == " " || c == "\t") { if (arg[count] ~ /^[A-Za-z0-9_|]+$/) arg[count] = arg[count] c }
    else arg[count] = arg[count] c
  }
  for (i = 1; i <= count; i++) sub(/[ \t]+$/, "", arg[i])
  return count
}
# For cells of Markdown tables.
function cell(text) { gsub(/\|/, "\\|", text); return text }
