# Calls that no source may contain, and those that the folders which must build
# anywhere (base, image, vm, compiler) may not.  Runs after tools/c_code.awk.
BEGIN {
  everywhere = "strcpy strcat sprintf vsprintf strtok atoi atof rand srand system gets setjmp longjmp"
  pure = "fopen fdopen freopen open read write close printf fprintf vprintf vfprintf puts putchar fputs fwrite setlocale socket malloc calloc realloc free getenv time clock clock_gettime gettimeofday localtime gmtime strftime exit"
  ban(everywhere, any)
  ban(pure, in_pure)
}
function ban(words, set,   list, n, i) {
  n = split(words, list, " ")
  for (i = 1; i <= n; i++) set[list[i]] = 1
}
function line_of_code(text,   rest, word, before) {
  if (file_begins) {
    file_begins = 0
    pure_file = FILENAME ~ /^(base|image|vm|compiler|grammar)\// && FILENAME != "base/alloc.c"
  }
  if (pure_file && text ~ /pthread_/) found("a thread")
  rest = text
  while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ ]*\(/)) {
    before = substr(rest, RSTART - 1, RSTART > 1 ? 1 : 0)
    word = substr(rest, RSTART, RLENGTH - 1)
    sub(/ +$/, "", word)
    # What the file itself defines is its own: static bool open(...).  So is a
    # member, called through a pointer or named by a dot.
    if (text ~ /^static / && rest == text) own[FILENAME, word] = 1
    if (before != "." && before != ">" && !((FILENAME, word) in own) &&
        ((word in any) || (pure_file && (word in in_pure))))
      found(word "()")
    rest = substr(rest, RSTART + RLENGTH)
  }
}
function found(what) {
  print FILENAME ":" FNR ": " what " is not allowed here"
  bad++
}
END { exit bad ? 1 : 0 }
