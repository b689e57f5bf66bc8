/* SPDX-License-Identifier: MIT */
/* --dry-run: what a run would do, read from the image alone. */
#include "plan.h"

#include "../vm/value.h"
#include "printable.h"
#include "address_reach.h"

/* ---- What is told where ---- */

typedef enum section {
  LOADS,
  FAULTS,
  REQUESTS,
  WEBHOOKS,
  COMMANDS,
  PROBES,
  UNDO,
  WAITS,
  REPORTS,
  SECTIONS
} section;
static const char *const section_names[SECTIONS] = {
    "loads", "faults", "requests", "webhooks", "commands", "probes", "undo", "waits", "reports"};

static section section_of(const mf_outline *item) {
  if (item->kind == MF_OUTLINE_LOAD || item->kind == MF_OUTLINE_REQUEST) return LOADS;
  if (item->kind == MF_OUTLINE_FAULT) return FAULTS;
  if (item->kind == MF_OUTLINE_REPORT) return REPORTS;
  if (item->place == MF_OUTLINE_PROBE) return PROBES;
  if (item->place == MF_OUTLINE_ROLLBACK) return UNDO;
  if (item->kind == MF_OUTLINE_WAIT) return WAITS;
  if (mf_str_is(item->driver, "command")) return COMMANDS;
  return item->place == MF_OUTLINE_HOOK ? WEBHOOKS : REQUESTS;
}

static const mf_outline *first_of(const mf_outline *item, section wanted) {
  while (item && section_of(item) != wanted) item = item->next;
  return item;
}

static const char *reach_word(mf_str host) {
  static const char *const words[] = {"loopback", "private", "public"};
  mf_address address;
  if (mf_host_same(host, MF_STR("localhost"))) return words[MF_REACH_LOOPBACK];
  if (mf_parse_address(host, &address) != MF_ADDRESS_OK) return "name";
  return words[mf_reach_of_address(&address)];
}

static const char *target_note(const mf_host *h) {
  const mf_run_options *o = h->options;
  if (h->target.kind != MF_TARGET_SAMPLE || o->target || !(o->ci || o->require_target)) return "";
  return o->ci ? "; a run is refused as CI is set" : "; a run is refused by --require-target";
}

/* ---- Text ---- */

static void put_argument(const mf_outline *item, const char *name, const char *before,
                         const char *after, mf_buf *out) {
  const mf_outline_argument *a = mf_outline_get(item, name);
  if (!a) return;
  mf_buf_puts(out, before);
  mf_plan_say_argument(a, out);
  mf_buf_puts(out, after);
}

static void put_arguments(const mf_outline *item, mf_buf *out) {
  for (const mf_outline_argument *a = item->arguments; a; a = a->next) {
    if (a != item->arguments) mf_buf_puts(out, ", ");
    mf_print_safe(out, a->name);
    mf_buf_puts(out, ": ");
    mf_plan_say_argument(a, out);
  }
}

static void put_request(const mf_outline *item, mf_buf *out) {
  if (!mf_outline_get(item, "method"))
    mf_buf_puts(out, mf_outline_get(item, "body") ? "POST " : "GET ");
  put_argument(item, "method", "", " ", out);
  put_argument(item, "url", "", "", out);
  put_argument(item, "path", "", "", out);
}

static void put_item(const mf_host *h, const mf_outline *item, mf_buf *out) {
  if (item->kind == MF_OUTLINE_LOAD || item->kind == MF_OUTLINE_FAULT) {
    mf_print_safe(out, item->name);
    mf_buf_puts(out, ": ");
  }
  if (item->kind == MF_OUTLINE_REQUEST) {
    put_request(item, out);
  } else if (item->kind == MF_OUTLINE_LOAD) {
    mf_plan_say_load(h, item, out);
  } else if (mf_str_is(item->driver, "http_request")) {
    put_argument(item, "method", "", " ", out);
    put_argument(item, "url", "", "", out);
  } else if (mf_str_is(item->driver, "command")) {
    put_argument(item, "command", mf_outline_get(item, "shell") ? "/bin/sh -c " : "", "", out);
    put_argument(item, "args", " ", "", out);
  } else if (item->kind == MF_OUTLINE_WAIT) {
    put_argument(item, "seconds", "", " s", out);
  } else if (item->kind == MF_OUTLINE_REPORT) {
    put_argument(item, "path", "", "", out);
  } else {
    put_arguments(item, out);
  }
}

static void put_section(const mf_host *h, const mf_plan *plan, section wanted, mf_buf *out) {
  const mf_outline *item = first_of(plan->items, wanted);
  if (!item) return;
  mf_buf_printf(out, "%s\n", section_names[wanted]);
  for (; item; item = first_of(item->next, wanted)) {
    mf_buf_puts(out, "  ");
    if (item->kind == MF_OUTLINE_REQUEST)
      mf_buf_puts(out, "  ");
    else
      mf_print_safe(out, item->path);
    if (item->path.n && item->kind != MF_OUTLINE_REQUEST) mf_buf_puts(out, ": ");
    put_item(h, item, out);
    mf_buf_putc(out, '\n');
  }
}

static void put_hosts(const mf_host *h, const mf_host_list *hosts, mf_buf *out) {
  mf_buf_puts(out, "hosts\n");
  for (uint32_t i = 0; i < hosts->count; i++) {
    mf_buf_puts(out, "  ");
    mf_print_safe(out, hosts->names[i]);
    mf_buf_printf(out, " (%s)\n", reach_word(hosts->names[i]));
  }
  if (h->hosts.variables)
    for (const mf_json *v = h->hosts.variables->as.first; v; v = v->next) {
      mf_buf_puts(out, "  those that variable '");
      mf_print_safe(out, mf_json_str(v, ""));
      mf_buf_puts(out, "' names when the run begins\n");
    }
}

static void put_texts(const char *name, const mf_json *list, mf_buf *out) {
  if (!list) return;
  mf_buf_printf(out, "  %s:", name);
  for (const mf_json *item = list->as.first; item; item = item->next) {
    mf_buf_putc(out, ' ');
    if (item->kind == MF_JSON_INT)
      mf_buf_printf(out, "%lld", (long long)mf_json_int(item, 0));
    else
      mf_print_safe(out, mf_json_str(item, ""));
  }
  mf_buf_putc(out, '\n');
}

static void put_limits(const mf_host *h, mf_buf *out) {
  const mf_limits *l = &h->limits;
  char text[40];
  mf_buf_printf(out, "limits\n  %.10g requests/s and %u connections of all loads\n", l->max_rate,
                l->max_connections);
  if (l->max_requests) mf_buf_printf(out, "  %llu requests\n", (unsigned long long)l->max_requests);
  if (l->max_duration_ns) {
    text[mf_format_duration(l->max_duration_ns, text)] = 0;
    mf_buf_printf(out, "  %s\n", text);
  }
  put_texts("hosts", l->hosts, out);
  put_texts("ports", l->ports, out);
  put_texts("commands", l->commands, out);
}

static void put_text(const mf_host *h, const mf_plan *plan, const mf_host_list *hosts,
                     mf_buf *out) {
  mf_buf_puts(out, "dry run of ");
  mf_print_safe(out, h->name);
  mf_buf_puts(out, ": nothing was done\ntarget ");
  if (h->target.kind == MF_TARGET_URL)
    mf_print_safe(out, mf_str_of(h->target.shown));
  else
    mf_buf_puts(out, h->target.kind == MF_TARGET_SAMPLE ? "built-in sample service"
                     : h->target.kind == MF_TARGET_NONE ? "none: a rehearsal"
                                                        : "none is needed");
  mf_buf_printf(out, "%s\n", target_note(h));
  put_hosts(h, hosts, out);
  put_limits(h, out);
  for (int i = 0; i < SECTIONS; i++) put_section(h, plan, (section)i, out);
}

/* ---- JSON ---- */

static void write_argument(mf_json_writer *w, const mf_outline_argument *a) {
  mf_json_key_str(w, a->name);
  if (a->known) {
    mf_value_write_plain(w, &a->value);
    return;
  }
  mf_json_open_map(w);
  mf_json_key(w, a->joined ? "text" : "expression");
  mf_json_put_str(w, a->text);
  mf_json_close_map(w);
}

static void write_item(mf_json_writer *w, const mf_outline *item) {
  mf_json_open_map(w);
  mf_json_key(w, "path");
  mf_json_put_str(w, item->path);
  mf_json_key(w, "driver");
  mf_json_put_str(w, item->driver);
  if (item->name.n) {
    mf_json_key(w, "name");
    mf_json_put_str(w, item->name);
  }
  mf_json_key(w, "arguments");
  mf_json_open_map(w);
  for (const mf_outline_argument *a = item->arguments; a; a = a->next) write_argument(w, a);
  mf_json_close_map(w);
  mf_json_close_map(w);
}

static void write_list(mf_json_writer *w, const char *name, const mf_json *list) {
  if (!list) return;
  mf_json_key(w, name);
  mf_json_open_list(w);
  for (const mf_json *item = list->as.first; item; item = item->next)
    if (item->kind == MF_JSON_INT)
      mf_json_put_int(w, mf_json_int(item, 0));
    else
      mf_json_put_str(w, mf_json_str(item, ""));
  mf_json_close_list(w);
}

static void write_limits(mf_json_writer *w, const mf_limits *l) {
  mf_json_key(w, "limits");
  mf_json_open_map(w);
  mf_json_key(w, "max_rate");
  mf_json_put_double(w, l->max_rate);
  mf_json_key(w, "max_connections");
  mf_json_put_uint(w, l->max_connections);
  if (l->max_requests) {
    mf_json_key(w, "max_requests");
    mf_json_put_uint(w, l->max_requests);
  }
  if (l->max_duration_ns) {
    mf_json_key(w, "max_duration");
    mf_json_put_double(w, (double)l->max_duration_ns / 1e9);
  }
  write_list(w, "hosts", l->hosts);
  write_list(w, "ports", l->ports);
  write_list(w, "commands", l->commands);
  mf_json_close_map(w);
}

static void write_hosts(mf_json_writer *w, const mf_host *h, const mf_host_list *hosts) {
  mf_json_key(w, "hosts");
  mf_json_open_list(w);
  for (uint32_t i = 0; i < hosts->count; i++) mf_json_put_str(w, hosts->names[i]);
  mf_json_close_list(w);
  write_list(w, "hosts_of_variables", h->hosts.variables);
}

static void put_json(const mf_host *h, const mf_plan *plan, const mf_host_list *hosts,
                     mf_buf *out) {
  mf_json_writer w;
  mf_json_write_init(&w, out, 2);
  mf_json_open_map(&w);
  mf_json_key(&w, "name");
  mf_json_put_str(&w, h->name);
  mf_json_key(&w, "target");
  mf_json_put_str(&w, mf_str_of(h->target.kind == MF_TARGET_URL ? h->target.shown
                                                                : mf_target_word(h->target.kind)));
  write_hosts(&w, h, hosts);
  write_limits(&w, &h->limits);
  for (int i = 0; i < SECTIONS; i++) {
    mf_json_key(&w, section_names[i]);
    mf_json_open_list(&w);
    const mf_outline *item = first_of(plan->items, (section)i);
    for (; item; item = first_of(item->next, (section)i)) write_item(&w, item);
    mf_json_close_list(&w);
  }
  mf_json_close_map(&w);
  mf_buf_putc(out, '\n');
}

/* ---- All of it ---- */

/* A word on the command line is a host that may be reached, but hardly ever meant as
 * one, and it may be a secret: only URLs are shown. */
static void add_given(mf_hosts *hosts, const mf_host *h) {
  for (size_t i = 0; i < h->options->variable_count; i++) {
    const mf_variable *v = &h->options->variables[i];
    bool secret = false;
    for (size_t k = 0; k < mf_image_input_count(h->image); k++) {
      mf_input input = mf_image_input(h->image, k);
      secret |= input.secret && mf_str_eq(input.name, v->name);
    }
    if (secret || v->value.kind != MF_STRING) continue;
    mf_str text = mf_value_str(v->value);
    if (mf_str_find(text, MF_STR("://"), 0) != SIZE_MAX) mf_hosts_add(hosts, text);
  }
}

static void list_hosts(mf_hosts *hosts, const mf_host *h) {
  const mf_json *list = mf_json_get(h->metadata, "hosts");
  bool any = list && list->kind == MF_JSON_LIST;
  for (const mf_json *host = any ? list->as.first : NULL; host; host = host->next)
    mf_hosts_add(hosts, mf_json_str(host, ""));
  if (h->target.kind == MF_TARGET_URL) mf_hosts_add(hosts, h->target.url);
  add_given(hosts, h);
}

int mf_host_dry_run(mf_host *h) {
  mf_plan plan;
  mf_hosts hosts;
  mf_buf out;
  mf_buf_init(&out, &h->alloc, 0);
  mf_hosts_init(&hosts, &h->alloc, &h->limits);
  list_hosts(&hosts, h);
  bool ok = mf_plan_read(h, &plan) && !mf_arena_oom(&hosts.arena);
  if (ok && h->options->dry_run_json)
    put_json(h, &plan, &hosts.constant, &out);
  else if (ok)
    put_text(h, &plan, &hosts.constant, &out);
  ok = ok && !out.failed;
  mf_hosts_fini(&hosts);
  if (ok) h->options->out.write(h->options->out.ctx, out.p, out.n);
  mf_buf_fini(&out);
  return ok ? 0 : mf_host_refuse(h, 6, "%s", mf_status_text(MF_OUT_OF_MEMORY));
}
