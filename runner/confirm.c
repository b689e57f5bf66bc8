/* SPDX-License-Identifier: MIT */
/* confirm - whom a load goes to, settled before anything is done.
 *
 * A document is no consent: somebody has to agree to a load on a host that is neither
 * loopback nor private.  What a name leads to is asked again on every connection
 * (hosts.c); here an unknown name counts as public. */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

#include "../io/url.h"
#include "plan.h"
#include "printable.h"
#include "address_reach.h"

static bool has_load(const mf_host *h) {
  const mf_row_scenario *rows = MF_ROWS(h->image, SCENARIO, scenario);
  for (uint32_t i = 0; i < MF_ROW_COUNT(h->image, SCENARIO); i++)
    if (mf_str_is(mf_image_string(h->image, rows[i].driver), "http_load")) return true;
  return MF_ROW_COUNT(h->image, FAULT) > 0;
}

bool mf_host_is_aimed(const mf_host *h) { return h->target.kind == MF_TARGET_URL && has_load(h); }

/* ---- Where the host is ---- */

typedef struct place {
  bool is_public;
  const char *denied; /* NULL: some address may be reached */
} place;

static struct addrinfo *resolve(const mf_url *url) {
  char host[256], port[8];
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  snprintf(port, sizeof port, "%u", (unsigned)url->port);
  if (url->host.n >= sizeof host) return NULL;
  memcpy(host, url->host.p, url->host.n);
  host[url->host.n] = 0;
  return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}

static place place_of(mf_host *h, const mf_url *url) {
  place p = {.is_public = false};
  struct addrinfo *found = resolve(url);
  bool any = false;
  for (const struct addrinfo *a = found; a; a = a->ai_next) {
    const char *why = mf_hosts_deny_request(&h->hosts, url->host, a->ai_addr, a->ai_addrlen);
    if (why) p.denied = why;
    any |= why == NULL;
    p.is_public |= mf_reach_of(a->ai_addr, a->ai_addrlen) == MF_REACH_PUBLIC;
  }
  if (found) freeaddrinfo(found);
  if (any) p.denied = NULL;
  if (!found) p.is_public = true;
  return p;
}

/* ---- The question ---- */

/* The run begins when the answer is there. */
static bool ask_somebody(mf_host *h, const char *question) {
  int64_t before = mf_clock_monotonic();
  bool yes = h->options->ask(h->options->ask_ctx, question);
  h->start_ns += mf_clock_monotonic() - before;
  return yes;
}

static int ask(mf_host *h, mf_str host, const mf_plan *plan) {
  mf_buf sum, question;
  mf_buf_init(&sum, &h->alloc, 0);
  mf_buf_init(&question, &h->alloc, 0);
  mf_plan_sum(h, plan, &sum);
  mf_buf_puts(&question, "Send a load to ");
  mf_print_safe(&question, host);
  mf_buf_printf(&question, ", which is neither loopback nor private (%s)?", sum.p ? sum.p : "");
  bool ok = !question.failed && !sum.failed;
  int code = 0;
  if (!ok)
    code = mf_host_refuse(h, 6, "%s", mf_status_text(MF_OUT_OF_MEMORY));
  else if (!h->options->ask)
    code = mf_host_refuse(h, 2,
                          "the load would go to %.*s, which is not known to be loopback or private "
                          "(%s): confirm it with --yes %.*s",
                          (int)host.n, host.p, sum.p, (int)host.n, host.p);
  else if (!ask_somebody(h, question.p))
    code = mf_host_refuse(h, 2, "not confirmed: nothing was done");
  if (code == 0) mf_hosts_confirm(&h->hosts, host);
  mf_buf_fini(&question);
  mf_buf_fini(&sum);
  return code;
}

static int take_confirmed(mf_host *h) {
  for (size_t i = 0; i < h->options->confirmed_count; i++) {
    mf_host_rule rule;
    mf_str text = mf_str_of(h->options->confirmed[i]);
    if (mf_host_rule_parse(text, &rule) || rule.below)
      return mf_host_refuse(h, 2, "--yes wants the name or address of one host, not '%.*s'",
                            (int)text.n, text.p);
    mf_hosts_confirm(&h->hosts, text);
  }
  return 0;
}

int mf_host_confirm(mf_host *h) {
  mf_url url;
  mf_plan plan;
  int code = take_confirmed(h);
  if (code || !mf_host_is_aimed(h) || mf_url_parse(h->target.url, &url)) return code;
  place p = place_of(h, &url);
  if (url.is_socket) p.is_public = false; /* of this machine, there or not */
  if (p.denied) return mf_host_refuse(h, 2, "the target may not be reached: %s", p.denied);
  if (!p.is_public || mf_hosts_is_confirmed(&h->hosts, url.host)) return 0;
  if (!mf_plan_read(h, &plan)) return mf_host_refuse(h, 6, "%s", mf_status_text(MF_OUT_OF_MEMORY));
  return ask(h, url.host, &plan);
}

/* ---- One run at a time ---- */

int mf_host_lock_target(mf_host *h) {
  mf_url url;
  char why[1024];
  if (!mf_host_is_aimed(h) || mf_url_parse(h->target.url, &url)) return 0;
  switch (mf_target_lock_take(&h->lock, &h->alloc, &url, why, sizeof why)) {
    case MF_TARGET_LOCK_OK: return 0;
    case MF_TARGET_LOCK_TAKEN: return mf_host_refuse(h, 2, "%s", why);
    case MF_TARGET_LOCK_FAILED: break;
  }
  /* Where nothing can be kept, as in some containers, there is nobody else either. */
  (void)mf_host_refuse(h, 0, "warning: nothing keeps other runs from this target: %s", why);
  return 0;
}
