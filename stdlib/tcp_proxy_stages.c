/* SPDX-License-Identifier: MIT */
/* What each toxic does.  A stage has a queue; its function moves on from the head of it
 * what is due and fits, and says in stage->due when to call it again (MF_NEVER: when
 * something has come, or there is room).  Everything is reckoned from the values as they
 * are now and the time at which a piece came, so a change acts on what waits already. */
#include "tcp_proxy_parts.h"

/* A bandwidth makes good for time in which we, not the sender, were late: this much. */
#define CREDIT_NS (50 * MF_NS_PER_MS)
#define PACE_MS 5          /* of bytes in one piece ... */
#define PACE_BYTES 65536.0 /* ... and at most so many */
#define PACKET 1460u
#define MAX_RETRANSMITS 6u
#define MAX_VALUE 0x1p62 /* what a lenient value may be, and fit into 64 bits */

enum { LATENCY, JITTER };
enum { RATE };
enum { DELAY };
enum { TIMEOUT };
enum { AVERAGE_SIZE, SIZE_VARIATION, SLICER_DELAY };
enum { BYTES };
enum { LOSS_RATE, CORRELATION, RETRANSMIT };

double mf_dice_roll(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

static double value_of(const mf_stage *stage, int attribute) {
  double value = stage->toxic->info.values[attribute];
  if (!(value > 0)) return 0;
  return value < MAX_VALUE ? value : MAX_VALUE;
}

static int64_t later(int64_t at, double ms) {
  double ns = ms * (double)MF_NS_PER_MS;
  return ns >= (double)(INT64_MAX - at) ? INT64_MAX - 1 : at + (int64_t)ns;
}

static int64_t latest(int64_t a, int64_t b) { return a > b ? a : b; }

static void acts(const mf_stage *stage) { stage->toxic->info.acted++; }

/* Whether the stage has to wait until `due`, or for room. */
static bool waits(const mf_flow *flow, mf_stage *stage, int64_t due, int64_t now) {
  if (due > now) {
    stage->due = due;
    return true;
  }
  stage->blocked = !mf_flow_next_has_room(flow, stage);
  return stage->blocked;
}

/* The first n bytes in the queue.  NULL: no memory, and the link is gone. */
static mf_piece *take(mf_flow *flow, mf_stage *stage, uint32_t n) {
  mf_piece *piece = stage->queue.first;
  if (n >= piece->n) return mf_queue_pop(&stage->queue);
  mf_piece *part = mf_flow_split(flow, piece, n);
  if (part) stage->queue.bytes -= n;
  return part;
}

static void pass_all(mf_flow *flow, mf_stage *stage, int64_t now) {
  while (stage->queue.first && !waits(flow, stage, now, now)) {
    mf_piece *piece = mf_queue_pop(&stage->queue);
    mf_flow_pass(flow, stage, piece, piece->at);
  }
}

/* ---- latency ---- */

/* clock: when the piece before was due, which no later one may be ahead of. */
static int64_t latency_due(mf_stage *stage, const mf_piece *piece) {
  if (!stage->rolled) stage->roll = 2 * mf_dice_roll(&stage->dice) - 1;
  stage->rolled = true;
  double ms = value_of(stage, LATENCY) + value_of(stage, JITTER) * stage->roll;
  return ms > 0 ? later(piece->at, ms) : piece->at;
}

static void run_latency(mf_flow *flow, mf_stage *stage, int64_t now) {
  while (stage->queue.first) {
    int64_t came = stage->queue.first->at, due = latency_due(stage, stage->queue.first);
    if (waits(flow, stage, due, now)) return;
    mf_piece *piece = mf_queue_pop(&stage->queue);
    stage->rolled = false;
    if (due > came) acts(stage);
    stage->clock = latest(stage->clock, due);
    mf_flow_pass(flow, stage, piece, stage->clock);
  }
}

/* ---- bandwidth ---- */

/* clock: when the line is free; carry: parts of a ns, in units of 1 / rate. */
static void run_bandwidth(mf_flow *flow, mf_stage *stage, int64_t now) {
  int64_t rate = (int64_t)value_of(stage, RATE);
  double pace = (double)rate * PACE_MS;
  uint32_t most = (uint32_t)(pace < PACE_BYTES ? pace : PACE_BYTES);
  while (rate > 0 && stage->queue.first) {
    const mf_piece *first = stage->queue.first;
    uint32_t n = first->n < most ? first->n : most;
    int64_t start = latest(stage->clock, first->waited ? first->at - CREDIT_NS : first->at);
    start = latest(start, now - CREDIT_NS);
    int64_t units = (int64_t)n * 1000000 + (start == stage->clock ? stage->carry : 0);
    if (waits(flow, stage, start + units / rate, now)) return;
    mf_piece *piece = take(flow, stage, n);
    if (!piece) return;
    stage->clock = start + units / rate;
    stage->carry = units % rate;
    if (n) acts(stage);
    mf_flow_pass(flow, stage, piece, stage->clock);
  }
}

/* ---- slow_close ---- */

static void run_slow_close(mf_flow *flow, mf_stage *stage, int64_t now) {
  while (stage->queue.first) {
    bool is_end = stage->queue.first->kind != MF_PIECE_DATA;
    int64_t at = stage->queue.first->at;
    int64_t due = is_end ? later(at, value_of(stage, DELAY)) : at;
    if (waits(flow, stage, is_end ? due : now, now)) return;
    if (is_end) acts(stage);
    mf_flow_pass(flow, stage, mf_queue_pop(&stage->queue), due);
  }
}

/* ---- timeout ---- */

/* clock: when bytes were there last; count: how many were dropped. */
static void run_timeout(mf_flow *flow, mf_stage *stage, int64_t now) {
  double ms = value_of(stage, TIMEOUT);
  if (stage->queue.bytes) {
    for (const mf_piece *p = stage->queue.first; p; p = p->next)
      if (p->kind == MF_PIECE_DATA) stage->clock = latest(stage->clock, p->at);
    stage->count += stage->queue.bytes;
    acts(stage);
    mf_flow_drop(flow, stage);
  }
  if (ms <= 0) return;
  stage->due = later(stage->clock, ms);
  if (stage->due > now) return;
  stage->due = MF_NEVER;
  acts(stage);
  mf_flow_cut(flow, stage);
}

/* ---- reset_peer ---- */

static void run_reset_peer(mf_flow *flow, mf_stage *stage, int64_t now) {
  if (!stage->queue.first) return;
  stage->due = later(stage->queue.first->at, value_of(stage, TIMEOUT));
  if (stage->due > now) return;
  acts(stage);
  mf_tcp_link_close(flow->link, true, MF_TCP_CUT, stage->toxic->name);
}

/* ---- slicer ---- */

static uint32_t slice_size(mf_stage *stage) {
  double spread = value_of(stage, SIZE_VARIATION) * (2 * mf_dice_roll(&stage->dice) - 1);
  double size = value_of(stage, AVERAGE_SIZE) + spread;
  if (size < 1) return 1;
  return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

/* clock: when the next piece may go; piece: its size. */
static void run_slicer(mf_flow *flow, mf_stage *stage, int64_t now) {
  if (value_of(stage, AVERAGE_SIZE) <= 0) {
    pass_all(flow, stage, now);
    return;
  }
  double pause_ms = value_of(stage, SLICER_DELAY) / 1000;
  while (stage->queue.first) {
    const mf_piece *first = stage->queue.first;
    int64_t due = latest(first->at, stage->clock);
    if (waits(flow, stage, due, now)) return;
    bool is_end = first->kind != MF_PIECE_DATA;
    uint32_t left = first->n, size = is_end ? 0 : slice_size(stage);
    mf_piece *piece = take(flow, stage, is_end ? UINT32_MAX : size);
    if (!piece) return;
    if (size < left) acts(stage);
    mf_flow_pass(flow, stage, piece, due);
    /* At most one piece makes good for lateness: pauses are the point. */
    if (!is_end) stage->clock = latest(later(due, pause_ms), now);
  }
}

/* ---- limit_data ---- */

static void reach_limit(mf_flow *flow, mf_stage *stage) {
  acts(stage);
  mf_queue_clear(&flow->link->proxy->all->alloc, &stage->queue);
  mf_flow_cut(flow, stage);
}

/* count: bytes that have passed. */
static void run_limit_data(mf_flow *flow, mf_stage *stage, int64_t now) {
  uint64_t limit = (uint64_t)value_of(stage, BYTES);
  while (stage->queue.first) {
    const mf_piece *first = stage->queue.first;
    bool is_end = first->kind != MF_PIECE_DATA;
    uint64_t left = limit > stage->count ? limit - stage->count : 0;
    if (!is_end && left == 0) {
      reach_limit(flow, stage);
      return;
    }
    if (waits(flow, stage, now, now)) return;
    mf_piece *piece = take(flow, stage, is_end || left > UINT32_MAX ? UINT32_MAX : (uint32_t)left);
    if (!piece) return;
    stage->count += piece->n;
    mf_flow_pass(flow, stage, piece, piece->at);
    if (is_end) return;
  }
  if (stage->count && stage->count >= limit) reach_limit(flow, stage);
}

/* ---- packet_loss ---- */

/* A Markov chain whose long-run share of losses is loss_rate.  rolled: the last was lost. */
static bool is_lost(mf_stage *stage) {
  double rate = stage->toxic->info.values[LOSS_RATE], c = stage->toxic->info.values[CORRELATION];
  double p = stage->rolled ? rate + c * (1 - rate) : rate - c * rate;
  stage->rolled = mf_dice_roll(&stage->dice) < p;
  return stage->rolled;
}

/* A lost packet is at the head of the queue; it will be sent again at stage->clock. */
static void lose(mf_stage *stage, int64_t from) {
  stage->clock = later(from, value_of(stage, RETRANSMIT) * (double)(1u << stage->tries));
  stage->tries++;
  stage->begun = true;
  acts(stage);
}

/* How many bytes of the first piece pass before a packet is lost. */
static uint32_t bytes_that_pass(mf_stage *stage) {
  uint32_t all = stage->queue.first->n, run = 0;
  while (run < all) {
    if (is_lost(stage)) {
      stage->tries = 0;
      lose(stage, latest(stage->clock, stage->queue.first->at));
      break;
    }
    run += all - run < PACKET ? all - run : PACKET;
  }
  return run;
}

static void run_packet_loss(mf_flow *flow, mf_stage *stage, int64_t now) {
  while (stage->queue.first) {
    const mf_piece *first = stage->queue.first;
    int64_t at = latest(first->at, stage->clock);
    if (waits(flow, stage, stage->begun ? stage->clock : now, now)) return;
    uint32_t n = UINT32_MAX;
    if (first->kind == MF_PIECE_DATA && stage->begun) {
      stage->begun = false;
      if (stage->tries < MAX_RETRANSMITS && is_lost(stage)) {
        lose(stage, stage->clock);
        continue;
      }
      n = PACKET;
    } else if (first->kind == MF_PIECE_DATA) {
      n = bytes_that_pass(stage);
    }
    if (n == 0) continue;
    mf_piece *piece = take(flow, stage, n);
    if (!piece) return;
    mf_flow_pass(flow, stage, piece, at);
  }
}

/* ---- All ---- */

static void run_down(mf_flow *flow, mf_stage *stage, int64_t now) {
  (void)now;
  acts(stage);
  mf_tcp_link_close(flow->link, true, MF_TCP_CUT, stage->toxic->name);
}

static void run_noop(mf_flow *flow, mf_stage *stage, int64_t now) { pass_all(flow, stage, now); }

static void (*const behaviours[])(mf_flow *flow, mf_stage *stage, int64_t now) = {
    [MF_TOXIC_LATENCY] = run_latency,
    [MF_TOXIC_BANDWIDTH] = run_bandwidth,
    [MF_TOXIC_SLOW_CLOSE] = run_slow_close,
    [MF_TOXIC_TIMEOUT] = run_timeout,
    [MF_TOXIC_RESET_PEER] = run_reset_peer,
    [MF_TOXIC_SLICER] = run_slicer,
    [MF_TOXIC_LIMIT_DATA] = run_limit_data,
    [MF_TOXIC_PACKET_LOSS] = run_packet_loss,
    [MF_TOXIC_DOWN] = run_down,
    [MF_TOXIC_NOOP] = run_noop,
};
_Static_assert(sizeof behaviours / sizeof *behaviours == MF_TOXIC_KINDS, "a toxic does nothing");

void mf_stage_run(mf_flow *flow, mf_stage *stage, int64_t now) {
  stage->due = MF_NEVER;
  stage->blocked = false;
  if (stage->closed)
    mf_queue_clear(&flow->link->proxy->all->alloc, &stage->queue);
  else
    behaviours[stage->toxic->info.kind](flow, stage, now);
}

bool mf_stage_dropped(const mf_stage *stage) {
  return stage->toxic->info.kind == MF_TOXIC_TIMEOUT && stage->count > 0;
}
