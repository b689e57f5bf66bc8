/* SPDX-License-Identifier: MIT */
#include "tcp_proxy_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Of one turn of the loop, so that one connection does not keep the others waiting. */
#define TURN_BYTES (1u << 20)
/* A read of so many bytes will be followed by more: splice is worth its pipe. */
#define BULK_BYTES (16u << 10)
#define KEPT_PIPES 64u
/* Fewer and larger splices: 4.3 GB per CPU-second instead of 2.9 (make bench N=proxy).  Only
 * so many at once: a user's pipes may have 64 MiB in all. */
#define LARGE_PIPE (1 << 20)
#define LARGE_PIPES 16u

/* ---- Pieces ---- */

void mf_queue_push(mf_queue *queue, mf_piece *piece) {
  piece->next = NULL;
  if (queue->last)
    queue->last->next = piece;
  else
    queue->first = piece;
  queue->last = piece;
  queue->bytes += piece->n;
  queue->count++;
}

mf_piece *mf_queue_pop(mf_queue *queue) {
  mf_piece *piece = queue->first;
  queue->first = piece->next;
  if (!queue->first) queue->last = NULL;
  queue->bytes -= piece->n;
  queue->count--;
  return piece;
}

mf_piece *mf_piece_new(const mf_alloc *alloc, mf_piece_kind kind, const char *data, size_t n) {
  mf_piece *piece = mf_realloc(alloc, NULL, 0, sizeof *piece + n);
  if (!piece) return NULL;
  *piece = (mf_piece){.n = (uint32_t)n, .size = (uint32_t)n, .kind = (uint8_t)kind};
  if (n) memcpy(piece->data, data, n);
  return piece;
}

void mf_piece_free(const mf_alloc *alloc, mf_piece *piece) {
  mf_realloc(alloc, piece, sizeof *piece + piece->size, 0);
}

void mf_queue_clear(const mf_alloc *alloc, mf_queue *queue) {
  while (queue->first) mf_piece_free(alloc, mf_queue_pop(queue));
}

/* ---- Along the chain ---- */

static mf_tcp_proxies *all_of(const mf_flow *flow) { return flow->link->proxy->all; }
static int source_of(const mf_flow *flow) { return flow->link->ends[flow->stream].fd; }
static int sink_of(const mf_flow *flow) { return flow->link->ends[!flow->stream].fd; }

static void out_of_memory(mf_flow *flow) {
  mf_tcp_link_close(flow->link, true, MF_TCP_NO_MEMORY, NULL);
}

/* A latency holds what is on its way; what is due and cannot go on waits as elsewhere. */
static bool takes_more(const mf_stage *stage) {
  const mf_queue *queue = &stage->queue;
  if (queue->count >= MF_TCP_PIECES) return false;
  if (queue->bytes < MF_TCP_BUFFER) return true;
  return stage->toxic->info.kind == MF_TOXIC_LATENCY && queue->bytes < MF_TCP_DELAYED &&
         !stage->blocked;
}

static bool out_takes_more(const mf_flow *flow) {
  return flow->out.bytes < MF_TCP_BUFFER && flow->out.count < MF_TCP_PIECES;
}

bool mf_flow_next_has_room(const mf_flow *flow, const mf_stage *stage) {
  return stage->next ? takes_more(stage->next) : out_takes_more(flow);
}

bool mf_flow_has_room(const mf_flow *flow) {
  if (flow->stages) return takes_more(flow->stages);
  return flow->in_pipe == 0 && flow->out.count == 0;
}

void mf_flow_pass(mf_flow *flow, mf_stage *stage, mf_piece *piece, int64_t at) {
  piece->at = at;
  mf_queue_push(stage && stage->next ? &stage->next->queue : &flow->out, piece);
}

mf_piece *mf_flow_split(mf_flow *flow, mf_piece *piece, uint32_t n) {
  mf_piece *part = mf_piece_new(&all_of(flow)->alloc, MF_PIECE_DATA, piece->data + piece->from, n);
  if (!part) {
    out_of_memory(flow);
    return NULL;
  }
  part->at = piece->at;
  part->waited = piece->waited;
  piece->from += n;
  piece->n -= n;
  return part;
}

void mf_flow_drop(mf_flow *flow, mf_stage *stage) {
  const mf_alloc *alloc = &all_of(flow)->alloc;
  mf_queue kept = {0};
  while (stage->queue.first) {
    mf_piece *piece = mf_queue_pop(&stage->queue);
    if (piece->kind == MF_PIECE_DATA)
      mf_piece_free(alloc, piece);
    else
      mf_queue_push(&kept, piece);
  }
  stage->queue = kept;
}

void mf_flow_cut(mf_flow *flow, mf_stage *stage) {
  mf_piece *piece = mf_piece_new(&all_of(flow)->alloc, MF_PIECE_CUT, NULL, 0);
  if (!piece) {
    out_of_memory(flow);
    return;
  }
  stage->closed = true;
  flow->link->cut_by = stage->toxic;
  mf_flow_pass(flow, stage, piece, mf_loop_now(all_of(flow)->loop));
}

void mf_flow_remove(mf_flow *flow, mf_stage **at) {
  mf_stage *stage = *at;
  int64_t now = mf_loop_now(all_of(flow)->loop);
  if (mf_stage_dropped(stage) && !stage->closed) mf_flow_cut(flow, stage);
  if (mf_tcp_link_gone(flow->link)) return; /* it took its stages with it */
  if (stage->closed) mf_queue_clear(&all_of(flow)->alloc, &stage->queue);
  while (stage->queue.first) mf_flow_pass(flow, stage, mf_queue_pop(&stage->queue), now);
  *at = stage->next;
  mf_realloc(&all_of(flow)->alloc, stage, sizeof *stage, 0);
}

void mf_flow_stop(mf_flow *flow) {
  mf_tcp_proxies *all = all_of(flow);
  while (flow->stages) {
    mf_stage *stage = flow->stages;
    flow->stages = stage->next;
    mf_queue_clear(&all->alloc, &stage->queue);
    mf_realloc(&all->alloc, stage, sizeof *stage, 0);
  }
  mf_queue_clear(&all->alloc, &flow->out);
  if (flow->pipe) mf_tcp_pipe_free(all, flow->pipe); /* bytes may be in it: not used again */
  flow->pipe = NULL;
  flow->in_pipe = 0;
  mf_timer_clear(all->loop, &flow->timer);
}

/* ---- Pipes ---- */

void mf_tcp_pipe_free(mf_tcp_proxies *all, mf_tcp_pipe *pipe) {
  if (pipe->large) all->large_pipes--;
  close(pipe->fds[0]);
  close(pipe->fds[1]);
  mf_realloc(&all->alloc, pipe, sizeof *pipe, 0);
}

static bool take_pipe(mf_flow *flow) {
  mf_tcp_proxies *all = all_of(flow);
  flow->pipe = all->pipes;
  if (flow->pipe) {
    all->pipes = flow->pipe->next;
    all->n_pipes--;
    return true;
  }
  mf_tcp_pipe *pipe = mf_realloc(&all->alloc, NULL, 0, sizeof *pipe);
  if (!pipe) return false;
  if (pipe2(pipe->fds, O_NONBLOCK | O_CLOEXEC) != 0) {
    mf_realloc(&all->alloc, pipe, sizeof *pipe, 0);
    return false;
  }
  pipe->large = all->large_pipes < LARGE_PIPES &&
                fcntl(pipe->fds[1], F_SETPIPE_SZ, LARGE_PIPE) == LARGE_PIPE;
  if (pipe->large) all->large_pipes++;
  flow->pipe = pipe;
  return true;
}

static void give_pipe_back(mf_flow *flow) {
  mf_tcp_proxies *all = all_of(flow);
  if (!flow->pipe || flow->in_pipe) return;
  if (all->n_pipes < KEPT_PIPES) {
    flow->pipe->next = all->pipes;
    all->pipes = flow->pipe;
    all->n_pipes++;
  } else {
    mf_tcp_pipe_free(all, flow->pipe);
  }
  flow->pipe = NULL;
}

/* ---- Writing ---- */

static void count_sent(mf_flow *flow, size_t n) {
  flow->sent += n;
  flow->link->proxy->counts.sent[flow->stream] += n;
}

/* The other side takes nothing more: what is under way is lost, and the source is told
 * by a reset, behind what the other direction still has to say. */
static void die(mf_flow *flow) {
  flow->dead = true;
  flow->reading = false;
  mf_flow_stop(flow);
}

/* After a call that moved nothing. */
static void write_failed(mf_flow *flow) {
  if (errno == EAGAIN)
    flow->blocked = true;
  else if (errno != EINTR)
    die(flow);
}

static void end_sink(mf_flow *flow, mf_piece_kind kind) {
  mf_tcp_link *link = flow->link;
  if (kind == MF_PIECE_CUT) {
    mf_tcp_link_close(link, false, MF_TCP_CUT, NULL);
  } else if (kind == MF_PIECE_RST) {
    mf_tcp_link_close(link, true, MF_TCP_PEER_RESET, NULL);
  } else {
    (void)shutdown(sink_of(flow), SHUT_WR);
    flow->done = true;
  }
}

/* splice knows no MSG_NOSIGNAL, and who embeds us may not ignore SIGPIPE: it is held back
 * during the call, and dropped. */
static ssize_t splice_quietly(int from, int to, size_t n) {
  static const struct timespec at_once = {0, 0};
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  ssize_t moved = splice(from, NULL, to, NULL, n, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  int error = errno;
  /* It comes with bytes that have been moved, too, not only with EPIPE. */
  if (moved < (ssize_t)n && !sigismember(&before, SIGPIPE))
    (void)sigtimedwait(&set, NULL, &at_once);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return moved;
}

static size_t write_pipe(mf_flow *flow) {
  ssize_t n = splice_quietly(flow->pipe->fds[0], sink_of(flow), flow->in_pipe);
  if (n <= 0) {
    if (n == 0) errno = EPIPE;
    write_failed(flow);
    return 0;
  }
  flow->in_pipe -= (size_t)n;
  count_sent(flow, (size_t)n);
  return (size_t)n;
}

static size_t write_piece(mf_flow *flow) {
  mf_piece *piece = flow->out.first;
  if (piece->kind != MF_PIECE_DATA) {
    mf_piece_kind kind = (mf_piece_kind)piece->kind;
    mf_piece_free(&all_of(flow)->alloc, mf_queue_pop(&flow->out));
    end_sink(flow, kind);
    return 0;
  }
  ssize_t n = send(sink_of(flow), piece->data + piece->from, piece->n, MSG_NOSIGNAL);
  if (n < 0) {
    write_failed(flow);
    return 0;
  }
  piece->from += (uint32_t)n;
  piece->n -= (uint32_t)n;
  flow->out.bytes -= (size_t)n;
  count_sent(flow, (size_t)n);
  if (piece->n == 0) mf_piece_free(&all_of(flow)->alloc, mf_queue_pop(&flow->out));
  return (size_t)n;
}

/* Returns the bytes that left. */
static size_t write_out(mf_flow *flow) {
  size_t moved = 0;
  while (!flow->blocked && !flow->dead && !flow->done && !mf_tcp_link_gone(flow->link)) {
    if (flow->in_pipe)
      moved += write_pipe(flow);
    else if (flow->out.first)
      moved += write_piece(flow);
    else
      break;
  }
  return moved;
}

/* ---- Reading ---- */

static void add_piece(mf_flow *flow, mf_piece_kind kind, const char *data, size_t n) {
  mf_piece *piece = mf_piece_new(&all_of(flow)->alloc, kind, data, n);
  if (!piece) {
    out_of_memory(flow);
    return;
  }
  piece->at = mf_loop_now(all_of(flow)->loop);
  piece->waited = flow->starved;
  mf_queue_push(flow->stages ? &flow->stages->queue : &flow->out, piece);
}

/* After a call that brought nothing: n 0 is the end. */
static void read_ended(mf_flow *flow, ssize_t n) {
  if (n < 0 && errno == EINTR) return;
  if (n < 0 && errno == EAGAIN) {
    flow->ready = flow->starved = false;
    flow->link->hung[flow->stream] = false; /* it was something else */
    return;
  }
  flow->reading = flow->ready = false;
  mf_flow *reverse = &flow->link->flows[!flow->stream];
  if (n < 0) die(reverse); /* nobody is there to read it */
  /* A write that failed has taken the error: after a reset the socket only says "end". */
  add_piece(flow, reverse->dead ? MF_PIECE_RST : MF_PIECE_FIN, NULL, 0);
}

static void count_received(mf_flow *flow, size_t n) {
  flow->received += n;
  flow->link->proxy->counts.received[flow->stream] += n;
}

/* Straight to the other socket; what it does not take waits. */
static void send_at_once(mf_flow *flow, const char *data, size_t n) {
  ssize_t sent = send(sink_of(flow), data, n, MSG_NOSIGNAL);
  if (sent < 0) {
    write_failed(flow);
    if (flow->dead) return;
    sent = 0;
  }
  count_sent(flow, (size_t)sent);
  if ((size_t)sent < n) add_piece(flow, MF_PIECE_DATA, data + sent, n - (size_t)sent);
}

static size_t read_copy(mf_flow *flow) {
  char *scratch = all_of(flow)->scratch;
  ssize_t n = recv(source_of(flow), scratch, MF_TCP_SCRATCH, 0);
  if (n <= 0) {
    read_ended(flow, n);
    return 0;
  }
  /* Less than asked for: there is no more, and epoll tells when there is.  Not so of one
   * that is hung, which epoll has forgotten. */
  bool drained = n < MF_TCP_SCRATCH && !flow->link->hung[flow->stream];
  if (drained) flow->ready = false;
  count_received(flow, (size_t)n);
  flow->bulk = (size_t)n >= BULK_BYTES;
  if (flow->stages)
    add_piece(flow, MF_PIECE_DATA, scratch, (size_t)n);
  else
    send_at_once(flow, scratch, (size_t)n);
  if (drained) flow->starved = false;
  return (size_t)n;
}

static size_t read_pipe(mf_flow *flow) {
  ssize_t n = splice(source_of(flow), NULL, flow->pipe->fds[1], NULL, TURN_BYTES,
                     SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (n < 0 && errno == EINVAL) {
    all_of(flow)->no_splice = true;
    return 0;
  }
  if (n <= 0) {
    read_ended(flow, n);
    return 0;
  }
  count_received(flow, (size_t)n);
  flow->in_pipe = (size_t)n;
  flow->bulk = (size_t)n >= BULK_BYTES;
  if (!flow->bulk && !flow->link->hung[flow->stream]) flow->ready = false;
  return (size_t)n;
}

static size_t read_in(mf_flow *flow) {
  if (!flow->reading || !flow->ready || mf_tcp_link_gone(flow->link)) return 0;
  if (!mf_flow_has_room(flow)) {
    flow->starved = true;
    return 0;
  }
  bool splices = flow->bulk && !flow->stages && !all_of(flow)->no_splice;
  if (splices && (flow->pipe || take_pipe(flow))) return read_pipe(flow);
  return read_copy(flow);
}

/* ---- Everything that can be done now ---- */

/* The last stage first: what it lets go makes room for the one before it. */
static void run_from_behind(mf_flow *flow, mf_stage *stage, int64_t now) {
  if (stage->next) run_from_behind(flow, stage->next, now);
  if (!mf_tcp_link_gone(flow->link)) mf_stage_run(flow, stage, now);
}

/* Forward, so that a piece goes through all that let it; from behind first, for room. */
static void run_stages(mf_flow *flow) {
  int64_t now = mf_loop_now(all_of(flow)->loop);
  if (!flow->stages) return;
  run_from_behind(flow, flow->stages, now);
  if (mf_tcp_link_gone(flow->link)) return;
  for (mf_stage *stage = flow->stages; stage; stage = stage->next) {
    mf_stage_run(flow, stage, now);
    if (mf_tcp_link_gone(flow->link)) return;
  }
}

static bool set_timer(mf_flow *flow) {
  int64_t due = MF_NEVER;
  mf_loop *loop = all_of(flow)->loop;
  for (const mf_stage *stage = flow->stages; stage; stage = stage->next)
    if (stage->due < due) due = stage->due;
  /* Epoll will not tell that there is more. */
  if (flow->link->hung[flow->stream] && flow->reading && flow->ready && mf_flow_has_room(flow))
    due = mf_loop_now(loop);
  if (due == MF_NEVER) {
    mf_timer_clear(loop, &flow->timer);
    return true;
  }
  if (flow->timer.position && flow->timer.due == due) return true;
  return mf_timer_set(loop, &flow->timer, due) == MF_OK;
}

void mf_flow_pump(mf_flow *flow) {
  size_t total = 0, moved;
  do {
    moved = write_out(flow);
    if (mf_tcp_link_gone(flow->link)) return;
    run_stages(flow);
    if (mf_tcp_link_gone(flow->link)) return;
    moved += write_out(flow);
    moved += read_in(flow);
    total += moved;
  } while (moved && total < TURN_BYTES && !mf_tcp_link_gone(flow->link));
  if (mf_tcp_link_gone(flow->link)) return;
  /* What was read last, or ends that came without bytes. */
  run_stages(flow);
  if (mf_tcp_link_gone(flow->link)) return;
  (void)write_out(flow);
  if (mf_tcp_link_gone(flow->link)) return;
  give_pipe_back(flow);
  if (!set_timer(flow)) out_of_memory(flow);
}

bool mf_flow_wake(mf_flow *flow) {
  mf_loop *loop = all_of(flow)->loop;
  return mf_timer_set(loop, &flow->timer, mf_loop_now(loop)) == MF_OK;
}
