# Prints docs/keys.md.  Runs after def.awk and keys.awk.
function shape_words(s,   t) {
  t = tolower(s)
  gsub(/_/, " ", t)
  if (s == "BOOL") return "true or false"
  if (s == "WORD") return "a word"
  if (s == "LABEL") return "text or a number"
  if (s == "SCALAR") return "text, number or boolean"
  if (s == "SCALARS") return "list of scalars"
  if (s == "SCALAR_MAP") return "mapping of scalars"
  if (s == "TEXTS") return "list of texts"
  if (s == "NUMBERS") return "list of numbers"
  if (s == "MAP") return "any mapping"
  if (s == "SHARE") return "share (0 to 1, or %)"
  if (s ~ /^(CONDITIONS|ENTRIES|HOOKS|ACTIONS|ASSERTIONS|CONDITIONALS|ELIFS|HEADER_MATCHES)$/) return "list of " (s == "ENTRIES" ? "steps" : t)
  return t
}
function noun(tag,   n) {
  n = tag_doc[tag]
  sub(/:.*/, "", n)
  if (n == "") n = (family[tag] == "ACTION" ? "action" : family[tag] == "CONDITION" ? "condition" : "assertion") " `type: " word[tag] "`"
  return n
}
function print_tag(tag,   n, i, list, k, line) {
  n = split(takes[tag], list, " ")
  if (n == 0) return
  print "\n### " toupper(substr(noun(tag), 1, 1)) substr(noun(tag), 2) "\n"
  line = keys_with(tag, "REQUIRED")
  if (line != "") print "- must have: " line
  line = keys_with(tag, "OPTIONAL")
  if (line != "") print "- may have: " line
  line = keys_with(tag, "LATER")
  if (line != "") print "- not supported yet: " line
}
function keys_with(tag, need,   n, i, list, k, out, s) {
  n = split(takes[tag], list, " ")
  for (i = 1; i <= n; i++) {
    k = list[i]
    if (need_of[tag, k] != need) continue
    s = shape_of[tag, k]
    out = out ", `" spelling[k] "`" (s == shape[k] ? "" : " (" shape_words(s) ")")
  }
  return substr(out, 3)
}
END {
  collect_takes()
  print "\nA key may also be written in camelCase (`hook_type`, `hookType`); writing two spellings of one key is an"
  print "error. Keys that begin with `x-` are ignored. *Later* marks what is known and not supported yet."
  last = ""
  for (i = 1; i <= key_count; i++) {
    k = keys[i]
    if (section[k] != last) {
      last = section[k]
      print "\n## " toupper(substr(last, 1, 1)) substr(last, 2) "\n"
      print "| key | other spellings | value | meaning |"
      print "|---|---|---|---|"
    }
    other = aliases[k]
    gsub(/,/, "`, `", other)
    print "| `" spelling[k] "` | " (other == "" ? "" : "`" other "`") " | " shape_words(shape[k]) (ready[k] ? "" : " *(later)*") " | " cell(key_doc[k]) " |"
  }
  print "\n## Which mapping takes which keys"
  for (i = 1; i <= tag_count; i++) print_tag(tags[i])
}
