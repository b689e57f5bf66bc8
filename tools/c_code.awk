# Reads C (and .def, lemon and re2c files) and calls line_of_code(text) for each
# line, with comments removed and the insides of string and character literals
# blanked, so that words in them are never taken for code.  FILENAME and FNR tell
# the place.  A second -f file defines line_of_code.
function without_comments(line,   out, i, n, c, two) {
  out = ""
  n = length(line)
  for (i = 1; i <= n; i++) {
    c = substr(line, i, 1)
    two = substr(line, i, 2)
    if (in_comment) {
      if (two == "*/") { in_comment = 0; i++; out = out " " }
    } else if (quote != "") {
      if (c == "\\") i++
      else if (c == quote) { quote = ""; out = out c }
    } else if (two == "/*") { in_comment = 1; i++ }
    else if (two == "//") break
    else {
      if (c == "\"" || c == "'") quote = c
      out = out c
    }
  }
  quote = "" # literals end on their line
  return out
}
FNR == 1 { in_comment = 0; quote = ""; file_begins = 1 }
{
  # Most lines have neither: the slow path is for the rest.
  if (in_comment || $0 ~ /["'\/]/) line_of_code(without_comments($0))
  else line_of_code($0)
}
