# Prints one generated document: -v want=NAME chooses which.  Runs after def.awk.
function table(columns,   n, list, i, line) {
  if (!opened) print ""
  opened = 1
  n = split(columns, list, "|")
  line = "|"
  for (i = 1; i <= n; i++) line = line " " list[i] " |"
  print line
  line = "|"
  for (i = 1; i <= n; i++) line = line "---|"
  print line
  open_table = columns
}
function heading(words) {
  if (!(want in columns)) return
  print "\n## " toupper(substr(words, 1, 1)) substr(words, 2)
  opened = 0
  open_table = ""
}
# The row of a table; the header is printed before the first one.
function line(text) {
  if (open_table != columns[want]) table(columns[want])
  print text
}
# printf templates as people read them.
function template(text) {
  gsub(/%\.\*s|%s|%d|%u|%zu/, "…", text)
  return text
}
function code(text) { return text == "" ? "" : "`" cell(text) "`" }
function commas(text) {
  if (text == "") return ""
  gsub(/,/, "`, `", text)
  return "`" text "`"
}
BEGIN {
  columns["diagnostics"] = "code|stage|message|what it means"
  columns["limits"] = "limit|value|what it bounds"
  columns["functions"] = "function|overloads|cost|what it gives"
  columns["macros"] = "macro|what it gives"
  columns["metrics"] = "metric|kind|other names|what it measures"
  columns["exposition"] = "family|kind|labels|what it counts"
  columns["scenarios"] = "scenario|what it is|default length (s)|arguments"
  columns["toxics"] = "toxic|attribute|unit, meaning|from|to|default"
  columns["statuses"] = "number|name|meaning"
}
function row(name, n,   min, max, i) {
  if (want == "diagnostics" && (name == "MF_ERR" || name == "MF_WARN"))
    line(sprintf("| `MF-%s%04d` | %s | %s | %s |", name == "MF_ERR" ? "E" : "W", arg[1], arg[3], cell(template(arg[4])), cell(arg[5])))
  else if (want == "limits" && name == "MF_LIMIT")
    line("| " arg[1] " | " grouped(arg[2]) " | " cell(arg[3]) " |")
  else if (want == "functions" && name == "MF_FUNCTION")
    line("| `" arg[2] "` | " overloads(arg[6]) " | " arg[7] " | " function_doc(arg[8]) " |")
  else if (want == "macros" && name == "MF_MACRO")
    line("| " code(substr(arg[6], 1, index(arg[6], "): "))) " | " cell(substr(arg[6], index(arg[6], "): ") + 3)) " |")
  else if (want == "metrics" && name == "MF_METRIC")
    line("| `" arg[1] "` | " tolower(arg[2]) " | " commas(arg[3]) " | " cell(arg[4]) " |")
  else if (want == "exposition" && name == "MF_BUCKETS") {
    for (i = 2; i <= n; i++) bounds[arg[1]] = bounds[arg[1]] (i > 2 ? " " : "; `le`: ") arg[i]
  } else if (want == "exposition" && name == "MF_FAMILY")
    line("| `" arg[2] "` | " tolower(arg[3]) " | " commas(arg[4] (arg[4] != "" && arg[5] != "" ? "," : "") arg[5]) " | " cell(arg[8]) bounds[arg[6]] " |")
  else if (want == "scenarios" && name == "MF_SCENARIO")
    line("| `" arg[1] "` | " (arg[2] == "LOAD" ? "load: " : "fault: ") cell(arg[5]) " | " arg[3] " | `" cell(arg[4]) "` |")
  else if (want == "toxics" && name == "MF_TOXIC")
    line("| `" arg[2] "` | | **" cell(arg[3]) "** | | | |")
  else if (want == "toxics" && name == "MF_TOXIC_ATTRIBUTE")
    line("| | `" arg[2] "` | " cell(arg[7]) " | " grouped(arg[4]) " | " grouped(arg[5]) " | " grouped(arg[6]) " |")
  else if (want == "statuses" && name == "MF_STATUS")
    line("| " arg[1] " | `MF_" arg[2] "` | " cell(arg[3]) " |")
}
# "f(int) -> int; f(uint) -> uint", one a line.
function overloads(text,   n, list, i, out) {
  n = split(text, list, "; ")
  for (i = 1; i <= n; i++) out = out (i > 1 ? "<br>" : "") code(list[i])
  return out
}
# "int(x): from uint": the call as code, the rest as text.
function function_doc(text,   at) {
  at = index(text, "): ")
  if (at == 0) return code(text)
  return code(substr(text, 1, at)) ": " cell(substr(text, at + 3))
}
function grouped(number,   out) {
  if (number !~ /^[0-9]+$/) return number
  while (length(number) > 3) {
    out = "," substr(number, length(number) - 2) out
    number = substr(number, 1, length(number) - 3)
  }
  return number out
}
