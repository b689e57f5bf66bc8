# Prints docs/orchestration.schema.json: JSON Schema 2020-12, for editors.  The
# compiler is stricter (names, kinds, expressions).  Runs after def.awk, keys.awk.
#
# One definition for each tag, one for each shape.  Canonical spellings are
# properties (what editors offer); aliases and camelCase are patternProperties
# (accepted, not offered).  Keys that are not supported yet are left out.
function quote(text) {
  gsub(/\\/, "\\\\", text)
  gsub(/"/, "\\\"", text)
  return "\"" text "\""
}
function ref(name) { return "{\"$ref\": \"#/$defs/" name "\"}" }
function definition(name, body) { defs[++def_count] = "    " quote(name) ": " body }
function shape_ref(s) {
  used_shape[s] = 1
  return "#/$defs/shape_" tolower(s)
}
function list_of(item) { return "{\"type\": [\"array\", \"null\"], \"items\": " item "}" }
function either(a, b, c) {
  return "{\"anyOf\": [" a ", " b (c == "" ? "" : ", " c) "]}"
}
function print_tag(tag,   n, i, list, k, props, patterns, required, alternatives, o, m, j, names, comma) {
  n = split(takes[tag], list, " ")
  if (n == 0) return
  for (i = 1; i <= n; i++) {
    k = list[i]
    if (need_of[tag, k] == "LATER") continue
    props = props comma "\n        " quote(spelling[k]) ": {" \
      (spelling[k] == "type" && word[tag] != "" ? "\"const\": " quote(word[tag]) : "\"$ref\": " quote(shape_ref(shape_of[tag, k]))) \
      (key_doc[k] == "" ? "" : ", \"description\": " quote(key_doc[k])) "}"
    comma = ","
    o = other_spellings(k)
    if (o != "") {
      gsub(/ /, "|", o)
      patterns = patterns ",\n        " quote("^(" o ")$") ": {\"$ref\": " quote(shape_ref(shape_of[tag, k])) "}"
    }
    if (need_of[tag, k] == "REQUIRED") {
      if (o == "") required = required ", " quote(spelling[k])
      else {
        m = split(o, names, "|")
        alternatives = alternatives ", {\"anyOf\": [{\"required\": [" quote(spelling[k]) "]}"
        for (j = 1; j <= m; j++) alternatives = alternatives ", {\"required\": [" quote(names[j]) "]}"
        alternatives = alternatives "]}"
      }
    }
  }
  definition("tag_" tolower(tag), "{\n      \"type\": \"object\",\n      \"properties\": {" props "\n      },\n" \
    "      \"patternProperties\": {\n        \"^x-\": true" patterns "\n      },\n" \
    (required == "" ? "" : "      \"required\": [" substr(required, 3) "],\n") \
    (alternatives == "" ? "" : "      \"allOf\": [" substr(alternatives, 3) "],\n") \
    "      \"additionalProperties\": false\n    }")
  known_tag[tag] = 1
}
# All of a family, told by `type`.
function by_type(name, which, more,   i, words, cases) {
  for (i = 1; i <= tag_count; i++)
    if (family[tags[i]] == which) {
      words = words ", " quote(word[tags[i]])
      cases = cases ",\n        {\"if\": {\"properties\": {\"type\": {\"const\": " quote(word[tags[i]]) "}}, \"required\": [\"type\"]}, \"then\": " ref("tag_" tolower(tags[i])) "}"
    }
  definition(name, "{\n      \"type\": \"object\",\n      \"required\": [\"type\"],\n      \"properties\": {\"type\": {\"enum\": [" substr(words, 3) "]}},\n" \
    "      \"allOf\": [" substr(cases, 2) "\n      ]\n    }")
}
# An entry: the first key that decides wins.
function entry_chain(i,   n, j, list, has, target) {
  if (i > decide_count) return ref("tag_step")
  n = split(deciding[i], list, " ")
  for (j = 1; j <= n; j++) {
    has = has ", {\"required\": [" quote(list[j]) "]}"
    if (camel(list[j]) != list[j]) has = has ", {\"required\": [" quote(camel(list[j])) "]}"
  }
  target = decides[i] == "BY_TYPE" ? ref("action") : (decides[i] in known_tag) ? ref("tag_" tolower(decides[i])) : "false"
  return "{\"if\": {\"anyOf\": [" substr(has, 3) "]}, \"then\": " target ", \"else\": " entry_chain(i + 1) "}"
}
function print_shape(s,   d) {
  d = "shape_" tolower(s)
  if (s ~ /^(ANY|MAP)$/) definition(d, s == "ANY" ? "true" : "{\"type\": [\"object\", \"null\"]}")
  else if (s ~ /^(TEXT|WORD)$/) definition(d, "{\"type\": [\"string\", \"null\"]}")
  else if (s ~ /^(LABEL|SHARE|DURATION|SCALAR)$/) definition(d, "{\"type\": [\"string\", \"number\", " (s == "SCALAR" ? "\"boolean\", " : "") "\"null\"]}")
  else if (s == "NUMBER") definition(d, either("{\"type\": [\"number\", \"null\"]}", ref("interpolation")))
  else if (s == "BOOL") definition(d, either("{\"type\": [\"boolean\", \"null\"]}", ref("interpolation")))
  else if (s == "TEXTS") definition(d, list_of(ref("shape_text")))
  else if (s == "NUMBERS") definition(d, list_of(ref("shape_number")))
  else if (s == "SCALARS") definition(d, list_of(ref("shape_scalar")))
  else if (s == "SCALAR_MAP") definition(d, "{\"type\": [\"object\", \"null\"], \"additionalProperties\": " ref("shape_scalar") "}")
  else if (s == "VARIABLES") definition(d, either("{\"type\": [\"object\", \"null\"]}", list_of(ref("tag_variable_item"))))
  else if (s == "SECRETS") definition(d, "{\"type\": [\"object\", \"null\"], \"additionalProperties\": " ref("tag_secret") "}")
  else if (s == "INPUTS") definition(d, "{\"type\": [\"object\", \"null\"], \"additionalProperties\": " either("{\"type\": [\"string\", \"null\"]}", ref("tag_input")) "}")
  else if (s == "TARGET") definition(d, "{\"type\": [\"string\", \"null\"]}")
  else if (s == "REPORTS") definition(d, either("{\"type\": [\"string\", \"null\"]}", ref("tag_report"), list_of(either("{\"type\": \"string\"}", ref("tag_report")))))
  else if (s == "ENTRIES") definition(d, list_of(ref("entry")))
  else if (s == "CONDITIONALS") definition(d, list_of(ref("tag_conditional")))
  else if (s == "ELIFS") definition(d, list_of(ref("tag_elif")))
  else if (s == "HOOKS") definition(d, list_of(ref("tag_hook")))
  else if (s == "ACTIONS") definition(d, list_of(ref("action")))
  else if (s == "CONDITIONS") definition(d, list_of(ref("shape_condition")))
  else if (s == "HEADER_MATCHES") definition(d, list_of(ref("tag_header_match")))
  else if (s == "CONDITION") definition(d, either("{\"type\": [\"string\", \"boolean\", \"null\"]}", ref("condition")))
  else if (s == "EXPECT") definition(d, either("{\"type\": [\"string\", \"boolean\", \"integer\", \"null\"]}", list_of(ref("shape_number")), ref("condition")))
  else if (s == "PROBES") definition(d, list_of("{\"if\": {\"required\": [\"type\"]}, \"then\": " ref("action") ", \"else\": " ref("tag_probe_item") "}"))
  else if (s == "REQUEST_PROBE") definition(d, either("{\"type\": [\"string\", \"null\"]}", ref("tag_request_probe")))
  else if (s == "PROBE") definition(d, either("{\"type\": [\"string\", \"null\"]}", ref("tag_probe")))
  else if (s == "ASSERTIONS") definition(d, list_of("{\"if\": {\"type\": \"string\"}, \"then\": true, \"else\": {\"if\": {\"required\": [\"type\"]}, \"then\": " ref("assertion") ", \"else\": " ref("tag_assert_metric") "}}"))
  else if (s == "SCENARIO") definition(d, either("{\"type\": [\"string\", \"null\"]}", ref("tag_scenario")))
  else if (s == "LATENCY") definition(d, either("{\"type\": [\"string\", \"number\", \"null\"]}", ref("tag_latency")))
  else if (s == "LOAD") definition(d, either("{\"enum\": [\"none\", null]}", ref("tag_load")))
  else if (s == "STAGES") definition(d, list_of(ref("tag_stage")))
  else if (s == "REQUESTS") definition(d, list_of(either("{\"type\": [\"string\", \"null\"]}", ref("tag_request"))))
  else if (s == "CHECKS") definition(d, either("{\"type\": [\"object\", \"null\"], \"additionalProperties\": " ref("shape_condition") "}", list_of(either("{\"type\": [\"string\", \"boolean\", \"null\"]}", ref("condition"), ref("tag_check")))))
  else if (s == "THRESHOLDS") definition(d, "{\"type\": [\"object\", \"null\"], \"additionalProperties\": " either("{\"type\": [\"string\", \"null\"]}", ref("tag_threshold"), list_of(either("{\"type\": [\"string\", \"null\"]}", ref("tag_threshold")))) "}")
  else if (s == "ABORTS") definition(d, either("{\"type\": [\"string\", \"boolean\", \"null\"]}", either(ref("condition"), ref("tag_abort")), list_of(either("{\"type\": [\"string\", \"boolean\", \"null\"]}", ref("condition"), ref("tag_abort")))))
  else if (s == "DURING") definition(d, "{\"enum\": [true, false, \"abort\", null]}")
  else if (s in known_tag) definition(d, either("{\"type\": \"null\"}", ref("tag_" tolower(s))))
  else { print "docs_schema.awk: no schema for the shape " s > "/dev/stderr"; failed = 1 }
}
END {
  collect_takes()
  for (i = 1; i <= tag_count; i++) print_tag(tags[i])
  by_type("action", "ACTION")
  by_type("condition", "CONDITION")
  by_type("assertion", "ASSERTION")
  definition("entry", entry_chain(1))
  definition("interpolation", "{\"type\": \"string\", \"pattern\": \"^(\\\\$\\\\{.*\\\\}|\\\\{\\\\{.*\\\\}\\\\})$\"}")
  used_shape["TEXT"] = used_shape["NUMBER"] = used_shape["SCALAR"] = used_shape["CONDITION"] = 1
  for (i = 1; i <= key_count; i++) if ((shape[keys[i]] in used_shape) && !(shape[keys[i]] in made)) { made[shape[keys[i]]] = 1; print_shape(shape[keys[i]]) }
  for (i = 1; i <= tag_count; i++) {
    n = split(takes[tags[i]], list, " ")
    for (j = 1; j <= n; j++) {
      s = shape_of[tags[i], list[j]]
      if ((s in used_shape) && !(s in made)) { made[s] = 1; print_shape(s) }
    }
  }
  if (failed) exit 1
  print "{"
  print "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\","
  print "  \"$comment\": " quote(comment) ","
  print "  \"title\": \"Chaos orchestration\","
  print "  \"if\": {\"anyOf\": [{\"required\": [\"apiVersion\"]}, {\"required\": [\"api_version\"]}]},"
  print "  \"then\": " ref("tag_manifest") ","
  print "  \"else\": {\"if\": {\"required\": [\"orchestration\"]}, \"then\": " ref("tag_wrapper") ", \"else\": " ref("tag_document") "},"
  print "  \"$defs\": {"
  for (i = 1; i <= def_count; i++) print defs[i] (i < def_count ? "," : "")
  print "  }"
  print "}"
}
