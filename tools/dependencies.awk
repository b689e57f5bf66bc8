# The dependency rule: which folder may include which.  Prints FILE:LINE and the
# rule that is broken.  -v folders="base image ..." is not needed: the rule names
# them.  .def files are data, any folder may include them.
#
#   awk -f tools/dependencies.awk FILES
BEGIN {
  allow("include", "")
  allow("base", "include")
  allow("image", "base include")
  allow("vm", "image base include")
  allow("compiler", "vm image base grammar include")
  allow("grammar", "compiler vm image base include")
  allow("io", "base include")
  allow("stdlib", "vm image io base include")
  allow("runner", "stdlib vm image io base include")
  allow("cli", "include")
  allow("server", "include")
  allow("examples", "include")
  # These must build where there is no operating system.
  n = split("base image vm compiler grammar", pure, " ")
  for (i = 1; i <= n; i++) is_pure[pure[i]] = 1
}
function allow(folder, others,   n, i, list) {
  known[folder] = 1
  may[folder, folder] = 1
  n = split(others, list, " ")
  for (i = 1; i <= n; i++) may[folder, list[i]] = 1
  rule[folder] = others == "" ? "nothing else" : others
}
function exists(path,   line, status) {
  if (path in seen) return seen[path]
  status = (getline line < path)
  close(path)
  return seen[path] = (status >= 0)
}
# "image/../base/x.h" -> "base/x.h"
function plain(path,   parts, n, i, out, m) {
  n = split(path, parts, "/")
  m = 0
  for (i = 1; i <= n; i++) {
    if (parts[i] == ".") continue
    if (parts[i] == ".." && m > 0 && out[m] != "..") m--
    else out[++m] = parts[i]
  }
  path = out[1]
  for (i = 2; i <= m; i++) path = path "/" out[i]
  return path
}
function report(text) { print FILENAME ":" FNR ": " text; broken++ }
FNR == 1 {
  folder = FILENAME
  sub(/\/.*/, "", folder)
  here = FILENAME
  sub(/[^\/]*$/, "", here)
}
!(folder in known) { next }
/^[ \t]*#[ \t]*include[ \t]*"/ {
  name = $0
  sub(/^[^"]*"/, "", name)
  sub(/".*/, "", name)
  if (name ~ /\.def$/) next
  if (exists(here name)) path = plain(here name)
  else if (exists(name)) path = name
  else if (exists("include/" name)) path = "include/" name
  else {
    # Generated headers are the compiler's, made from grammar/.
    if (folder != "compiler" && folder != "grammar")
      report("includes \"" name "\", which is not a file here (generated ones are the compiler's)")
    next
  }
  other = path
  sub(/\/.*/, "", other)
  if (!((folder, other) in may))
    report(folder "/ includes " path "; it may include only: " rule[folder])
}
/^[ \t]*#[ \t]*include[ \t]*</ && (folder in is_pure) {
  name = $0
  sub(/^[^<]*</, "", name)
  sub(/>.*/, "", name)
  if (name ~ /^(pthread|setjmp|signal|unistd|fcntl|locale|threads|time|errno|dirent|dlfcn|netdb|poll)\.h$/ || name ~ /^(sys|netinet|arpa)\//)
    report(folder "/ includes <" name ">: it must build where there is no operating system")
}
END { exit broken ? 1 : 0 }
