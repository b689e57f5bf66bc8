/* SPDX-License-Identifier: MIT */
/* What is under way, as the last lines on a terminal, drawn again in place.
 *
 * A picture is written in one piece, over the old one: each line ends with "erase to
 * its end", and the cursor stays behind the last.  Nothing is erased first, so nothing
 * flickers.  No line is as wide as the terminal: one that wraps would move all. */
#include "progress_parts.h"

#define REDRAW_NS 100000000LL
#define NAME_COLUMNS 28u
#define FEWEST_COLUMNS 20u

/* ---- Columns ---- */

/* Characters that take two columns: East Asian ones, and pictures. */
static bool is_wide(uint32_t c) {
  static const uint32_t ranges[][2] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                       {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                       {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
  return false;
}

/* The prefix of valid UTF-8 that fits into `columns`; *used: how many it takes. */
static mf_str fit(mf_str s, unsigned columns, unsigned *used) {
  size_t at = 0;
  for (*used = 0; at < s.n;) {
    uint32_t c;
    size_t n = mf_utf8_decode(s.p + at, &c);
    unsigned width = is_wide(c) ? 2 : 1;
    if (*used + width > columns) break;
    *used += width;
    at += n;
  }
  return (mf_str){s.p, at};
}

static void terminal_size(const mf_progress *p, unsigned *columns, unsigned *rows) {
  *columns = 80;
  *rows = 24;
  if (p->options->terminal_size) p->options->terminal_size(p->options->out.ctx, columns, rows);
  if (*columns < FEWEST_COLUMNS) *columns = FEWEST_COLUMNS;
}

/* ---- The lines ---- */

static void put_load(mf_buf *line, const mf_running *r) {
  const mf_figures *f = &r->load;
  mf_buf_puts(line, "  ");
  mf_put_number(line, f->rate >= 0 ? f->rate : 0);
  mf_buf_puts(line, "/s");
  if (f->p95_ms >= 0) {
    mf_buf_puts(line, "  p95 ");
    mf_put_number(line, f->p95_ms);
    mf_buf_puts(line, " ms");
  }
  mf_buf_puts(line, "  ");
  mf_put_number(line, f->error_rate >= 0 ? f->error_rate * 100 : 0);
  mf_buf_puts(line, "% errors");
  if (r->checks_failed)
    mf_buf_printf(line, "  %llu checks failed", (unsigned long long)r->checks_failed);
  mf_buf_printf(line, "  %u in flight", r->in_flight);
  if (r->users) mf_buf_printf(line, " of %u", r->users);
  if (r->dropped) mf_buf_printf(line, "  %llu dropped", (unsigned long long)r->dropped);
  mf_buf_puts(line, "  ");
  mf_put_number(line, f->requests);
  mf_buf_puts(line, " requests");
}

static void put_running(const mf_progress *p, mf_buf *line, const mf_running *r,
                        unsigned name_columns) {
  unsigned used;
  mf_str name = fit(mf_str_of(r->name), name_columns, &used);
  mf_buf_add_str(line, name);
  mf_buf_printf(line, "%*s", (int)(name_columns - used) + 2, "");
  mf_put_seconds(line, (double)(p->clock() - p->start_ns - r->start_ns) / 1e9);
  if (r->planned > 0 && r->load.known) {
    char length[40];
    mf_format_duration((int64_t)(r->planned * 1e9 + 0.5), length);
    mf_buf_printf(line, "/%s", length);
  }
  if (r->load.known) put_load(line, r);
}

static unsigned widest_name(const mf_progress *p) {
  unsigned most = 0, used;
  for (uint32_t i = 0; i < p->running_count; i++) {
    fit(mf_str_of(p->running[i].name), NAME_COLUMNS, &used);
    if (used > most) most = used;
  }
  return most;
}

/* ---- Drawing ---- */

/* Rows that the picture takes on a terminal that may have become narrower. */
static unsigned rows_on_screen(const mf_progress *p, unsigned columns) {
  unsigned rows = 0;
  for (uint32_t i = 0; i < p->rows; i++)
    rows += p->widths[i] > columns ? (p->widths[i] + columns - 1) / columns : 1;
  return rows;
}

static void go_to_top(mf_progress *p, unsigned columns) {
  unsigned rows = rows_on_screen(p, columns);
  put(p, "\r");
  if (rows > 1) mf_buf_printf(&p->text, "\x1b[%uA", rows - 1);
}

typedef struct picture {
  mf_progress *p;
  unsigned columns, room; /* room: rows that may be used */
  uint32_t rows;
  uint16_t widths[MF_LIVE_ROWS];
} picture;

static void put_line(picture *to, mf_str line, const char *sgr) {
  unsigned used;
  mf_str shown = fit(line, to->columns - 1, &used);
  if (to->rows) put(to->p, "\n");
  if (sgr && to->p->color) mf_buf_printf(&to->p->text, "\x1b[%sm", sgr);
  mf_buf_add_str(&to->p->text, shown);
  if (sgr && to->p->color) put(to->p, "\x1b[0m");
  put(to->p, "\x1b[K");
  to->widths[to->rows++] = (uint16_t)used;
}

static void draw_running(picture *to, const mf_running *r, unsigned name_columns, mf_buf *line) {
  mf_buf_clear(line);
  put_running(to->p, line, r, name_columns);
  put_line(to, mf_buf_str(line), NULL);
  if (!r->load.known || !r->marks[0] || to->rows + 1 >= to->room) return;
  mf_buf_clear(line);
  mf_buf_printf(line, "  %s", r->marks);
  put_line(to, mf_buf_str(line), r->crossed ? "31" : "2");
}

static void draw_all(picture *to) {
  mf_progress *p = to->p;
  mf_buf line;
  uint32_t i = 0;
  unsigned name_columns = widest_name(p);
  mf_buf_init(&line, &p->text.alloc, 0);
  /* The last row is for how many more there are. */
  while (i < p->running_count && (to->rows + 1 < to->room || i + 1 == p->running_count))
    draw_running(to, &p->running[i++], name_columns, &line);
  mf_buf_clear(&line);
  mf_buf_printf(&line, "and %u more", p->running_count - i);
  if (i < p->running_count) put_line(to, mf_buf_str(&line), NULL);
  mf_buf_fini(&line);
}

static void draw(mf_progress *p) {
  picture to = {.p = p};
  unsigned rows;
  terminal_size(p, &to.columns, &rows);
  to.room = rows > MF_LIVE_ROWS ? MF_LIVE_ROWS : rows > 3 ? rows - 1 : 2;
  if (p->rows) go_to_top(p, to.columns);
  draw_all(&to);
  put(p, "\x1b[J"); /* what is left of a higher picture */
  memcpy(p->widths, to.widths, sizeof p->widths);
  p->rows = to.rows;
  p->drawn_ns = p->clock();
}

static void redraw(mf_timer *timer) {
  mf_progress *p = timer->ctx;
  if (p->running_count == 0) {
    mf_live_erase(p);
  } else {
    draw(p);
    (void)mf_timer_set(p->loop, timer, p->clock() + REDRAW_NS);
  }
  mf_progress_hand_out(p);
}

void mf_live_init(mf_progress *p) {
  p->redraw = (mf_timer){.fire = redraw, .ctx = p};
  p->drawn_ns = INT64_MIN / 2;
}

void mf_live_changed(mf_progress *p) {
  if (p->mode == MF_PROGRESS_LIVE && p->redraw.position == 0)
    (void)mf_timer_set(p->loop, &p->redraw, p->clock() + REDRAW_NS);
}

void mf_live_erase(mf_progress *p) {
  unsigned columns, rows;
  if (p->rows == 0) return;
  terminal_size(p, &columns, &rows);
  go_to_top(p, columns);
  put(p, "\x1b[J");
  p->rows = 0;
}

/* Before the first picture nothing is restored: steps that end at once have none. */
static bool was_drawn(const mf_progress *p) { return p->drawn_ns > INT64_MIN / 2; }

void mf_live_restore(mf_progress *p) {
  if (p->mode == MF_PROGRESS_LIVE && p->rows == 0 && p->running_count > 0 && was_drawn(p)) draw(p);
}

bool mf_live_holds(const mf_progress *p) {
  return p->mode == MF_PROGRESS_LIVE && p->redraw.position != 0 && was_drawn(p) &&
         p->clock() - p->drawn_ns < REDRAW_NS;
}
