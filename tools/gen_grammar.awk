# Makes what follows mechanically from grammar/tags.def and grammar/keys.def.
#
#   awk -v want=grammar -f tools/gen_grammar.awk grammar/tags.def grammar/keys.def grammar/orchestration.y
#       prints the whole grammar for lemon: the file by hand, then the rules of
#       the mappings' insides, so that errors in the file by hand keep their lines
#   awk -v want=tables -f tools/gen_grammar.awk grammar/tags.def grammar/keys.def
#       prints the tables that compiler/keys.c includes
#
# For each tag T with grammar there is a nonterminal t_map: an opening token and
# the members so far.  For each family there is family_case: any complete
# mapping of it.  not_POSITION_map collects the openers that no rule of that
# position starts with.
function fail(text) {
  print FILENAME ":" FNR ": " text > "/dev/stderr"
  failed = 1
  exit 1
}
function arguments(line,   n, i, parts) {   # of a one-line macro call
  sub(/^[A-Z_]+\(/, "", line)
  sub(/\)[^)]*$/, "", line)
  n = 0
  while (line != "") {
    if (match(line, /^[ ]*"[^"]*"/)) {
      arg[++n] = substr(line, 1, RLENGTH)
      gsub(/^[ ]*"|"$/, "", arg[n])
    } else {
      match(line, /^[^,]*/)
      arg[++n] = substr(line, 1, RLENGTH)
      gsub(/^[ ]+|[ ]+$/, "", arg[n])
    }
    line = substr(line, RLENGTH + 1)
    sub(/^,/, "", line)
  }
  return n
}
/^MF_TAG\(/ {
  arguments($0)
  tags[++tag_count] = arg[1]
  family[arg[1]] = arg[2]
  if (arg[3] != "") word_tag[arg[3]] = arg[1]
}
/^MF_KEY\(/ {
  arguments($0)
  name = arg[1]
  keys[++key_count] = name
  spelling[name] = arg[2]
  shape[name] = arg[4]
  status[name] = arg[5]
  if (arg[5] != "READY" && arg[5] != "LATER") fail("status of " name)
  all = arg[2] (arg[3] == "" ? "" : "," arg[3])
  n = split(all, s, ",")
  for (i = 1; i <= n; i++) {
    if (s[i] in key_of) fail("spelling '" s[i] "' twice")
    key_of[s[i]] = name
    spellings[++spelling_count] = s[i]
  }
}
/^MF_IN\(/ {
  arguments($0)
  tag = arg[1]
  need = arg[2]
  n = split(arg[3], s, " ")
  for (i = 1; i <= n; i++) {
    split(s[i], pair, ":")
    if (!(pair[1] in key_of)) fail("no key '" pair[1] "'")
    k = key_of[pair[1]]
    if (status[k] == "LATER" && need != "LATER") fail(pair[1] " is LATER")
    own[tag] = own[tag] " " k
    own_need[tag, k] = need
    own_shape[tag, k] = pair[2] != "" ? pair[2] : shape[k]
  }
}
/^MF_LIKE\(/ { arguments($0); like[arg[1]] = like[arg[1]] " " arg[2] }
/^MF_DECIDES\(/ {
  arguments($0)
  decides[++decide_count] = arg[1]
  n = split(arg[2], s, " ")
  for (i = 1; i <= n; i++) {
    if (!(s[i] in key_of)) fail("no key '" s[i] "'")
    rank[s[i]] = decide_count
  }
}
/^MF_SAYS_NOTHING\(/ { arguments($0); nothing[++nothing_count] = key_of[arg[1]]; nothing_value[nothing_count] = arg[2] }
FILENAME ~ /\.y$/ {
  line[++line_count] = $0
  if (!match($0, /^[a-z_]+\(A\) ::=/)) next
  name = left_side[line_count] = substr($0, 1, RLENGTH - 7)
  rules[name]++
  if (match($0, /::= [A-Z|]+\(T\)\./)) terminals[name] = substr($0, RSTART + 4, RLENGTH - 8)
  if (match($0, /mf_doc_wrong.*\)/)) wrong[name] = substr($0, RSTART, RLENGTH)
}

# A shape that is one terminal, or an error: members take the terminal directly,
# which saves a reduction for most of a document's values.
function is_scalar(name) {
  return rules[name] == 2 && terminals[name] != "" && wrong[name] != ""
}
function print_by_hand(   i, name, text) {
  for (i = 1; i <= line_count; i++) {
    text = line[i]
    sub(/^[a-z_]+\(A\) ::=/, "", text)
    while (match(text, /[a-z_]+\([A-Z]\)/)) {
      mentioned[substr(text, RSTART, RLENGTH - 3)] = 1
      text = substr(text, RSTART + RLENGTH)
    }
  }
  # An empty line for a rule that nothing needs: lemon refuses it otherwise.
  for (i = 1; i <= line_count; i++) {
    name = left_side[i]
    print name != "" && is_scalar(name) && !(name in mentioned) ? "" : line[i]
  }
}
function inherit(tag, from,   n, i, s, k, l) {
  n = split(own[from], s, " ")
  for (i = 1; i <= n; i++) {
    k = s[i]
    if ((tag, k) in need_of) continue
    takes[tag] = takes[tag] " " k
    need_of[tag, k] = own_need[from, k]
    shape_of[tag, k] = own_shape[from, k]
  }
  n = split(like[from], l, " ")
  for (i = 1; i <= n; i++) inherit(tag, l[i])
}
function opener(tag) {
  if (family[tag] == "ROOT") return tag "_MAP"
  return family[tag] == "SHAPE" || tag == "STEP" ? "MAP" : tag "_MAP"
}
# The members of one mapping: one rule for all keys whose values have one shape.
function print_members(tag,   n, i, s, k, m, order, group, map, start, shape_name) {
  map = tolower(tag) "_map"
  n = split(takes[tag], s, " ")
  m = 0
  split("", group)
  for (i = 1; i <= n; i++) {
    k = s[i]
    if (need_of[tag, k] == "LATER") continue
    if (!(shape_of[tag, k] in group)) order[++m] = shape_of[tag, k]
    group[shape_of[tag, k]] = group[shape_of[tag, k]] "|KEY_" k
    used["KEY_" k] = 1
  }
  print "\n" map "(A) ::= " opener(tag) "(M). { A = mf_doc_open(M.node, MF_TAG_" tag "); }"
  for (i = 1; i <= m; i++) {
    shape_name = tolower(order[i])
    start = map "(A) ::= " map "(B) " substr(group[order[i]], 2) "(K) "
    if (is_scalar(shape_name)) {
      print start terminals[shape_name] "(V). { A = mf_doc_add(p, B, K.member, V.node); }"
      print start "error. { A = mf_doc_add(p, B, K.member, " wrong[shape_name] "); }"
    } else print start shape_name "(V). { A = mf_doc_add(p, B, K.member, V); }"
  }
  print map "(A) ::= " map "(B) KEY(K) any(V). { A = mf_doc_add_stray(B, K.member, V); }"
}
function print_case(tag, name) {
  print name "(A) ::= " tolower(tag) "_map(B) END. { A = mf_doc_close(p, B); }"
}
# A mapping that no rule of this position can start with.
function print_not(position, openers) {
  print "not_" position "_map(A) ::= " openers "(M). { A = mf_doc_open(M.node, MF_TAG_FREE); }"
  print "not_" position "_map(A) ::= not_" position "_map(B) KEY(K) any(V). { A = mf_doc_add_unknown(B, K.member, V); }"
}
function openers_of(families,   i, list) {
  list = "TYPED_MAP"
  for (i = 1; i <= tag_count; i++)
    if (index(families, family[tags[i]])) list = list "|" opener(tags[i])
  return list
}
function print_grammar(   i, tag, list) {
  print_by_hand()
  for (i = 1; i <= tag_count; i++) {
    tag = tags[i]
    if (opener(tag) != "MAP") list = list " " opener(tag)
    if (tag != "FREE") print_members(tag)
  }
  for (i = 1; i <= tag_count; i++) {
    tag = tags[i]
    if (family[tag] != "SHAPE" && family[tag] != "ROOT")
      print_case(tag, tolower(family[tag]) "_case")
  }
  print_not("entry", openers_of("CONDITION ASSERTION"))
  print_not("action", "MAP")
  print_not("condition", "MAP")
  print_not("assertion", openers_of("CONDITION ACTION"))
  print "%fallback MAP TYPED_MAP" list "."
  list = ""
  for (i = 1; i <= key_count; i++) if (("KEY_" keys[i]) in used) list = list " KEY_" keys[i]
  print "%fallback KEY" list "."
}

function hash(text, size) {   # as in compiler/keys.c
  n = length(text)
  return (n * 7 + code[substr(text, 1, 1)] * 31 + code[substr(text, int(n / 2) + 1, 1)] * 17 + code[substr(text, n, 1)] * 3) % size
}
function place(text, size,   h) {
  h = hash(text, size)
  while (h in taken) h = (h + 1) % size
  taken[h] = text
  return h
}
function print_hash(   i, s) {
  print "enum { SPELLINGS = 512, WORDS = 128, MOST_REQUIRED = 4, NULL_COUNTS = 0x8000 };"
  print "static const spelling_row spellings[SPELLINGS] = {"
  for (i = 1; i <= spelling_count; i++) {
    s = spellings[i]
    print "  [" place(s, 512) "] = {\"" s "\", " length(s) ", " (s in rank ? rank[s] : 0) ", MF_KEY_" key_of[s] "},"
  }
  print "};\nstatic const word_row words[WORDS] = {"
  split("", taken)
  for (s in word_tag) by_tag[word_tag[s]] = s
  for (i = 1; i <= tag_count; i++)
    if (tags[i] in by_tag) {
      s = by_tag[tags[i]]
      print "  [" place(s, 128) "] = {\"" s "\", " length(s) ", MF_TAG_" tags[i] "},"
    }
  print "};"
}
function print_needs(   i, j, n, s, tag, k) {
  print "static const uint8_t needs[MF_TAG_COUNT][MF_KEY_COUNT] = {"
  for (i = 1; i <= tag_count; i++) {
    tag = tags[i]
    n = split(takes[tag], s, " ")
    if (n == 0) continue
    print "  [MF_TAG_" tag "] = {"
    for (j = 1; j <= n; j++) print "    [MF_KEY_" s[j] "] = MF_NEED_" need_of[tag, s[j]] ","
    print "  },"
  }
  print "};\nstatic const uint16_t required[MF_TAG_COUNT][MOST_REQUIRED + 1] = {"
  for (i = 1; i <= tag_count; i++) {
    tag = tags[i]
    list = ""
    n = split(takes[tag], s, " ")
    for (j = 1; j <= n; j++) {
      k = s[j]
      # A mapping that is told by its type has one.
      if (need_of[tag, k] == "REQUIRED" && (k != "TYPE" || family[tag] == "SHAPE"))
        list = list "MF_KEY_" k (shape_of[tag, k] == "ANY" ? " | NULL_COUNTS" : "") ", "
    }
    if (list != "") print "  [MF_TAG_" tag "] = {" list "MF_KEY_NONE},"
  }
  print "};"
}
function print_tables(   i) {
  print "/* Made by tools/gen_grammar.awk from grammar/tags.def and grammar/keys.def. */"
  for (i = 0; i < 256; i++) code[sprintf("%c", i)] = i
  print_hash()
  print_needs()
  print "static const uint16_t key_tokens[MF_KEY_COUNT] = {"
  for (i = 1; i <= key_count; i++) if (("KEY_" keys[i]) in used) print "  [MF_KEY_" keys[i] "] = MF_TK_KEY_" keys[i] ","
  print "};\nstatic const uint16_t map_tokens[MF_TAG_COUNT] = {"
  for (i = 1; i <= tag_count; i++) if (opener(tags[i]) != "MAP") print "  [MF_TAG_" tags[i] "] = MF_TK_" opener(tags[i]) ","
  print "};\nstatic const uint8_t deciding_tags[] = {\n  0,"
  for (i = 1; i <= decide_count; i++) print "  " (decides[i] == "BY_TYPE" ? "0" : "MF_TAG_" decides[i]) ","
  print "};"
  for (i = 1; i <= decide_count; i++) if (decides[i] == "BY_TYPE") print "enum { RANK_OF_TYPE = " i " };"
  print "static const bool conditions[MF_KEY_COUNT] = {"
  for (i = 1; i <= key_count; i++) if (shape[keys[i]] ~ /^(CONDITION|EXPECT|ABORTS)$/) print "  [MF_KEY_" keys[i] "] = true,"
  print "};\nstatic const char *const tag_words[MF_TAG_COUNT] = {"
  for (i = 1; i <= tag_count; i++) print "  \"" (tags[i] in by_tag ? by_tag[tags[i]] : tolower(tags[i])) "\","
  print "};\nstatic const struct { uint16_t key; const char *value; } says_nothing[] = {"
  for (i = 1; i <= nothing_count; i++) print "  {MF_KEY_" nothing[i] ", \"" nothing_value[i] "\"},"
  print "};"
}
function mark_used(   i, j, n, s) {
  for (i = 1; i <= tag_count; i++) {
    n = split(takes[tags[i]], s, " ")
    for (j = 1; j <= n; j++) if (need_of[tags[i], s[j]] != "LATER") used["KEY_" s[j]] = 1
  }
}
END {
  if (failed) exit 1
  for (i = 1; i <= tag_count; i++) inherit(tags[i], tags[i])
  mark_used()
  if (want == "grammar") print_grammar()
  else print_tables()
}
