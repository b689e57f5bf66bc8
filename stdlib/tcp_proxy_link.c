/* SPDX-License-Identifier: MIT */
#include "tcp_proxy_parts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* Bytes that are read away before a close that should be a FIN: the kernel makes it a
 * RST when some are left. */
#define DRAIN_BYTES (1u << 20)

void mf_tcp_link_emit(const mf_tcp_link *link, mf_tcp_event event) {
  const mf_tcp_options *options = &link->proxy->all->options;
  if (!options->event) return;
  event.proxy = link->proxy->name;
  event.connection = link->number;
  event.bytes[MF_UPSTREAM] = link->flows[MF_UPSTREAM].sent;
  event.bytes[MF_DOWNSTREAM] = link->flows[MF_DOWNSTREAM].sent;
  options->event(options->ctx, &event);
}

/* ---- The end ---- */

static void close_end(mf_tcp_link *link, int end, bool reset) {
  mf_tcp_proxies *all = link->proxy->all;
  int fd = link->ends[end].fd;
  if (fd < 0) return;
  mf_watch_clear(all->loop, &link->ends[end]);
  link->ends[end].fd = -1;
  if (reset) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  } else {
    size_t drained = 0;
    ssize_t n;
    (void)shutdown(fd, SHUT_WR);
    while (drained < DRAIN_BYTES && (n = recv(fd, all->scratch, MF_TCP_SCRATCH, 0)) > 0)
      drained += (size_t)n;
  }
  close(fd);
}

void mf_tcp_link_close(mf_tcp_link *link, bool reset, mf_tcp_reason reason, const char *toxic) {
  mf_tcp_proxy *proxy = link->proxy;
  mf_tcp_proxies *all = proxy->all;
  if (link->gone) return;
  link->gone = true;
  if (!toxic && link->cut_by && reason == MF_TCP_CUT) toxic = link->cut_by->name;
  mf_dial_stop(link);
  for (int i = 0; i < 2; i++) mf_flow_stop(&link->flows[i]);
  for (int i = 0; i < 2; i++) close_end(link, i, reset);
  if (reason == MF_TCP_CUT) proxy->counts.cut++;
  proxy->counts.open--;
  all->open--;
  mf_tcp_link_emit(link, (mf_tcp_event){.kind = MF_TCP_CLOSED, .reason = reason, .toxic = toxic});
  *link->at = link->next;
  if (link->next) link->next->at = link->at;
  link->next = all->dead;
  all->dead = link;
  /* Without memory for the timer it is freed with the next one. */
  (void)mf_timer_set(all->loop, &all->reap, mf_loop_now(all->loop));
  if (all->paused) (void)mf_timer_set(all->loop, &all->resume, mf_loop_now(all->loop));
}

void mf_tcp_reap(mf_tcp_proxies *all) {
  while (all->dead) {
    mf_tcp_link *link = all->dead;
    all->dead = link->next;
    mf_realloc(&all->alloc, link, sizeof *link, 0);
  }
}

/* ---- Going on ---- */

/* What is wanted of an end: bytes from it, room in it. */
static bool watch_end(mf_tcp_link *link, int end) {
  const mf_flow *from = &link->flows[end], *to = &link->flows[!end];
  mf_watch *watch = &link->ends[end];
  mf_loop *loop = link->proxy->all->loop;
  if (link->hung[end]) return true;
  if (!from->reading && (to->done || to->dead)) {
    mf_watch_clear(loop, watch); /* or epoll would tell again and again that it hangs */
    return true;
  }
  uint32_t events = (from->reading && mf_flow_has_room(from) ? MF_READABLE : 0) |
                    (to->blocked && !to->dead ? MF_WRITABLE : 0);
  return mf_watch_set(loop, watch, events) == MF_OK;
}

static bool is_over(const mf_flow *flow) { return flow->done || flow->dead; }

void mf_tcp_link_pump(mf_tcp_link *link, mf_tcp_stream stream) {
  const mf_flow *flows = link->flows;
  if (link->gone || !link->connected) return;
  mf_flow_pump(&link->flows[stream]);
  if (link->gone) return;
  if (is_over(&flows[0]) && is_over(&flows[1])) {
    bool reset = flows[0].dead || flows[1].dead;
    mf_tcp_link_close(link, reset, reset ? MF_TCP_PEER_RESET : MF_TCP_ENDED, NULL);
  } else if (!watch_end(link, 0) || !watch_end(link, 1)) {
    mf_tcp_link_close(link, true, MF_TCP_NO_MEMORY, NULL);
  }
}

/* An end that hangs, of which nothing was wanted: its peer has reset it. */
static void hang(mf_tcp_link *link, int end) {
  mf_flow *from = &link->flows[end], *to = &link->flows[!end];
  link->hung[end] = true;
  mf_watch_clear(link->proxy->all->loop, &link->ends[end]);
  to->blocked = false; /* the next write will tell */
  if (!from->reading && !to->done) {
    to->dead = true;
    to->reading = false;
    mf_flow_stop(to);
  }
}

static void end_ready(mf_watch *watch, uint32_t events) {
  mf_tcp_link *link = watch->ctx;
  int end = watch == &link->ends[1];
  mf_flow *from = &link->flows[end], *to = &link->flows[!end];
  if (events & ~watch->events) hang(link, end);
  if (events & MF_READABLE) from->ready = true;
  if (events & MF_WRITABLE) to->blocked = false;
  if (events & MF_WRITABLE) mf_tcp_link_pump(link, to->stream);
  if (events & MF_READABLE) mf_tcp_link_pump(link, from->stream);
}

static void flow_due(mf_timer *timer) {
  mf_flow *flow = timer->ctx;
  mf_tcp_link_pump(flow->link, flow->stream);
}

/* ---- The beginning ---- */

static void send_at_once(int fd) {
  int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static mf_tcp_link *new_link(mf_tcp_proxy *proxy, int fd) {
  mf_tcp_link *link = mf_realloc(&proxy->all->alloc, NULL, 0, sizeof *link);
  if (!link) return NULL;
  memset(link, 0, sizeof *link);
  link->proxy = proxy;
  link->number = ++proxy->numbers;
  for (int i = 0; i < 2; i++) {
    mf_flow *flow = &link->flows[i];
    flow->link = link;
    flow->stream = (mf_tcp_stream)i;
    flow->reading = true;
    flow->timer = (mf_timer){.fire = flow_due, .ctx = flow};
    link->ends[i] = (mf_watch){.fd = i ? -1 : fd, .ready = end_ready, .ctx = link};
  }
  link->at = &proxy->links;
  link->next = proxy->links;
  if (link->next) link->next->at = &link->next;
  proxy->links = link;
  return link;
}

void mf_tcp_link_open(mf_tcp_proxy *proxy, int fd) {
  mf_tcp_link *link = new_link(proxy, fd);
  if (!link) {
    close(fd);
    return;
  }
  proxy->counts.accepted++;
  proxy->counts.open++;
  proxy->all->open++;
  send_at_once(fd);
  if (!mf_toxics_attach(link)) {
    mf_tcp_link_close(link, true, MF_TCP_NO_MEMORY, NULL);
    return;
  }
  /* Connections that are down get no upstream. */
  for (int i = 0; i < 2; i++)
    for (mf_stage *stage = link->flows[i].stages; stage && !link->gone; stage = stage->next)
      if (stage->toxic->info.kind == MF_TOXIC_DOWN) {
        mf_stage_run(&link->flows[i], stage, 0);
        return;
      }
  if (!mf_dial_start(link)) mf_tcp_link_close(link, true, MF_TCP_NO_MEMORY, NULL);
}

void mf_tcp_link_connected(mf_tcp_link *link, int fd) {
  send_at_once(fd);
  link->ends[1].fd = fd;
  link->connected = true;
  link->proxy->counts.opened++;
  mf_tcp_link_emit(link, (mf_tcp_event){.kind = MF_TCP_OPENED});
  int64_t now = mf_loop_now(link->proxy->all->loop);
  for (int i = 0; i < 2; i++)
    for (mf_stage *stage = link->flows[i].stages; stage; stage = stage->next) stage->clock = now;
  /* What the client has said meanwhile. */
  link->flows[MF_UPSTREAM].ready = true;
  mf_tcp_link_pump(link, MF_DOWNSTREAM);
  mf_tcp_link_pump(link, MF_UPSTREAM);
}
