# Prints LINES FILE:LINE NAME for each function definition, signature to closing
# brace.  Runs after tools/c_code.awk.
function line_of_code(text,   i, n, c, t) {
  if (file_begins) { file_begins = 0; depth = 0; head = ""; continued = 0; begin = 0; inside = 0 }
  # Preprocessor lines have no functions; their braces need not balance.
  if (continued || text ~ /^[ \t]*#/) { continued = text ~ /\\[ \t]*$/; return }
  n = length(text)
  if (depth == 0 && head == "" && text ~ /[^ \t]/) begin = FNR
  for (i = 1; i <= n; i++) {
    c = substr(text, i, 1)
    if (c == "{") {
      if (depth++ == 0) {
        t = head
        sub(/[ \t]+$/, "", t)
        inside = t ~ /\)$/ && t !~ /=/ && t !~ /^[ \t]*(typedef|extern)[ \t]/
        name = t
        opened = begin
      }
    } else if (c == "}") {
      if (--depth == 0) {
        if (inside) print FNR - opened + 1, FILENAME ":" opened, function_name(name)
        inside = 0
        head = ""
        if (i < n) begin = FNR
      }
      if (depth < 0) depth = 0
    } else if (depth == 0) {
      if (c == ";") { head = ""; begin = FNR + 1 }
      else head = head c
    }
  }
  if (depth == 0) {
    if (head ~ /^[ \t]*$/) head = ""
    else head = head " "
  }
}
function function_name(t,   w) {
  if (match(t, /[A-Za-z_][A-Za-z_0-9]*[ ]*\(/)) {
    w = substr(t, RSTART, RLENGTH - 1)
    if (w == toupper(w)) { # a macro that makes the signature: MF_OPERATION(store)
      sub(/^[^(]*/, "", t)
      sub(/\).*/, ")", t)
      w = w t
    }
    return w
  }
  return "?"
}
