/* SPDX-License-Identifier: MIT */
/* Which steps are under way, in the order in which they began, and how their loads
 * stand. */
#include "progress_parts.h"

/* ---- The list ---- */

mf_running *mf_running_find(mf_progress *p, mf_str path) {
  uint64_t hash = mf_str_hash(path);
  for (uint32_t i = p->running_count; i-- > 0;)
    if (p->running[i].path == hash) return &p->running[i];
  return NULL;
}

static bool grow(mf_progress *p) {
  uint32_t cap = p->running_cap ? p->running_cap * 2 : 8;
  size_t size = sizeof *p->running;
  mf_running *more = mf_realloc(&p->text.alloc, p->running, size * p->running_cap, size * cap);
  if (!more) return false;
  p->running = more;
  p->running_cap = cap;
  return true;
}

static void keep_name(const mf_progress *p, char out[MF_RUNNING_NAME], mf_str name) {
  mf_buf safe;
  mf_buf_init(&safe, &p->text.alloc, 0);
  mf_put_safe(p, &safe, name);
  size_t n = safe.n < MF_RUNNING_NAME ? safe.n : mf_utf8_valid(safe.p, MF_RUNNING_NAME - 1);
  if (n) memcpy(out, safe.p, n);
  out[n] = '\0';
  mf_buf_fini(&safe);
}

mf_running *mf_running_add(mf_progress *p, mf_str path, mf_str name, int64_t now_ns) {
  mf_running *r = mf_running_find(p, path); /* the attempt before */
  if (!r) {
    if (p->running_count == p->running_cap && !grow(p)) return NULL;
    r = &p->running[p->running_count++];
  }
  *r = (mf_running){.path = mf_str_hash(path), .start_ns = now_ns, .told_ns = now_ns};
  keep_name(p, r->name, name);
  return r;
}

void mf_running_remove(mf_progress *p, mf_str path) {
  mf_running *r = mf_running_find(p, path);
  if (!r) return;
  p->running_count--;
  memmove(r, r + 1, sizeof *r * (p->running_count - (uint32_t)(r - p->running)));
}

/* ---- Thresholds ---- */

/* "crossed p95 < 500: 612"; the thresholds whose state is `crossed`. */
static void put_marks(const mf_progress *p, mf_buf *out, const mf_value *watches, bool crossed) {
  const mf_row_watch *rows = MF_ROWS(p->image, WATCH, watch);
  for (uint32_t i = 0; i < watches->len; i++) {
    const mf_value *one = &watches->as.list[i], *number = mf_map_get(one, MF_STR("watch"));
    const mf_value *ok = mf_map_get(one, MF_STR("ok")), *value = mf_map_get(one, MF_STR("value"));
    if (!number || number->kind != MF_INT || number->as.u >= MF_ROW_COUNT(p->image, WATCH))
      continue;
    const mf_row_watch *row = &rows[number->as.u];
    bool broken = ok && ok->kind == MF_BOOL && !ok->as.i;
    if (row->kind != MF_WATCH_KIND_THRESHOLD || broken != crossed) continue;
    mf_buf_puts(out, out->n ? ", " : "");
    mf_buf_puts(out, broken ? "crossed " : ok && ok->kind == MF_BOOL ? "ok " : "no data ");
    mf_put_safe(p, out, mf_image_string(p->image, row->name));
    if (!value || value->kind != MF_DOUBLE) continue;
    mf_buf_puts(out, ": ");
    mf_put_number(out, value->as.d);
  }
}

static void keep_marks(const mf_progress *p, mf_running *r, const mf_value *watches) {
  mf_buf text;
  if (!p->image || !watches || watches->kind != MF_LIST) return;
  mf_buf_init(&text, &p->text.alloc, 0);
  put_marks(p, &text, watches, true);
  r->crossed = text.n > 0;
  put_marks(p, &text, watches, false);
  size_t n = text.n < MF_RUNNING_MARKS ? text.n : mf_utf8_valid(text.p, MF_RUNNING_MARKS - 1);
  if (n) memcpy(r->marks, text.p, n);
  r->marks[n] = '\0';
  mf_buf_fini(&text);
}

/* ---- Loads ---- */

static double share(uint64_t part, uint64_t whole) {
  return whole ? (double)part / (double)whole : -1;
}

static double quantile_ms(const mf_load_stats *s, double q) {
  return s->latency.count > 0 ? (double)mf_histogram_quantile(&s->latency, q) / 1e6 : -1;
}

mf_running *mf_running_load(mf_progress *p, const mf_load_view *load, int64_t now_ns) {
  const mf_load_stats *s = load->stats;
  mf_running *r = mf_running_find(p, load->path);
  if (!r) {
    r = mf_running_add(p, load->path, load->path, now_ns);
    if (!r) return NULL;
    r->stray = true;
  }
  double since = load->seconds - r->elapsed, more = (double)(s->requests - r->requests);
  r->load = (mf_figures){
      .known = true,
      .requests = (double)s->requests,
      .error_rate = share(s->errors, s->requests),
      .rate = since > 0 ? more / since : -1,
      .avg_ms = s->latency.count > 0 ? mf_histogram_mean(&s->latency) / 1e6 : -1,
      .p50_ms = quantile_ms(s, 0.5),
      .p95_ms = quantile_ms(s, 0.95),
      .p99_ms = quantile_ms(s, 0.99),
  };
  r->elapsed = load->seconds;
  r->planned = load->planned;
  r->requests = s->requests;
  r->errors = s->errors;
  r->dropped = s->dropped;
  r->checks_failed = s->checks_failed;
  r->in_flight = load->in_flight;
  r->users = load->users;
  keep_marks(p, r, load->results);
  return r;
}

void mf_running_finished(mf_running *r, const mf_value *metrics) {
  r->load.known = false;
  r->finished = (mf_figures){
      .known = true,
      .requests = mf_map_number(metrics, "requests", 0),
      .error_rate = mf_map_number(metrics, "error_rate", -1),
      .rate = mf_map_number(metrics, "throughput", -1),
      .avg_ms = mf_map_number(metrics, "avg_latency", -1),
      .p95_ms = mf_map_number(metrics, "latency_p95", -1),
  };
}
