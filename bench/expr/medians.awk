# The median of each measurement; lines are sorted by it, then by time.
BEGIN { FS = OFS = "\t" }
function finish() { if (n) print key, t[int((n + 1) / 2)]; n = 0 }
{
  this = $1 OFS $2 OFS $3 OFS $4
  if (this != key) finish()
  key = this
  t[++n] = $5
}
END { finish() }
