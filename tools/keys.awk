# Collects grammar/tags.def and grammar/keys.def for docs_keys.awk and
# docs_schema.awk.  Runs after def.awk; afterwards:
#   tags[1..tag_count], family[tag], word[tag], tag_doc[tag]
#   keys[1..key_count], and by key: spelling, aliases, shape, ready, key_doc, section
#   takes[tag]: its keys in order; need_of[tag, key], shape_of[tag, key]
#   decides[1..decide_count], deciding[i]: the spellings that decide for a tag
# after collect_takes() was called.
function heading(words) { current_section = words }
function row(name, n,   i, list, m, pair, k) {
  if (name == "MF_TAG") {
    tags[++tag_count] = arg[1]
    family[arg[1]] = arg[2]
    word[arg[1]] = arg[3]
    tag_doc[arg[1]] = arg[4]
  } else if (name == "MF_KEY") {
    k = arg[1]
    keys[++key_count] = k
    spelling[k] = arg[2]
    aliases[k] = arg[3]
    shape[k] = arg[4]
    ready[k] = arg[5] == "READY"
    key_doc[k] = arg[6]
    section[k] = current_section
    m = split(arg[2] (arg[3] == "" ? "" : "," arg[3]), list, ",")
    for (i = 1; i <= m; i++) key_of[list[i]] = k
  } else if (name == "MF_IN") {
    m = split(arg[3], list, " ")
    for (i = 1; i <= m; i++) {
      split(list[i], pair, ":")
      k = key_of[pair[1]]
      own[arg[1]] = own[arg[1]] " " k
      own_need[arg[1], k] = arg[2]
      own_shape[arg[1], k] = pair[2] != "" ? pair[2] : shape[k]
    }
  } else if (name == "MF_LIKE") like[arg[1]] = like[arg[1]] " " arg[2]
  else if (name == "MF_DECIDES") {
    decides[++decide_count] = arg[1]
    deciding[decide_count] = arg[2]
  }
}
# A row of its own for a key wins over what is taken over from others.
function inherit(tag, from,   n, i, list, k) {
  n = split(own[from], list, " ")
  for (i = 1; i <= n; i++) {
    k = list[i]
    if ((tag, k) in need_of) continue
    takes[tag] = takes[tag] " " k
    need_of[tag, k] = own_need[from, k]
    shape_of[tag, k] = own_shape[from, k]
  }
  n = split(like[from], list, " ")
  for (i = 1; i <= n; i++) inherit(tag, list[i])
}
function collect_takes(   i) { for (i = 1; i <= tag_count; i++) inherit(tags[i], tags[i]) }
# hook_type -> hookType
function camel(text,   at) {
  while ((at = index(text, "_")) > 1 && substr(text, at + 1, 1) ~ /[a-z0-9]/)
    text = substr(text, 1, at - 1) toupper(substr(text, at + 1, 1)) substr(text, at + 2)
  return text
}
# Every other way to write a key: aliases, and camelCase of all.
function other_spellings(k,   n, i, list, out, c, had) {
  n = split(spelling[k] (aliases[k] == "" ? "" : "," aliases[k]), list, ",")
  had[spelling[k]] = 1
  out = ""
  for (i = 1; i <= n; i++) {
    if (!(list[i] in had)) { had[list[i]] = 1; out = out " " list[i] }
    c = camel(list[i])
    if (!(c in had)) { had[c] = 1; out = out " " c }
  }
  return substr(out, 2)
}
