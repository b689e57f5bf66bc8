/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "proxy_parts.h"

static void put_text(mf_json_writer *w, const char *key, const char *text) {
  mf_json_key(w, key);
  mf_json_put_str(w, mf_str_of(text));
}

/* 1, not 1.0. */
static void put_number(mf_json_writer *w, double d) {
  char text[32];
  const size_t n = mf_format_double(d, text);
  if (isfinite(d))
    mf_json_put_raw(w, (mf_str){text, n});
  else
    mf_json_null(w);
}

void mf_proxy_write_toxic(mf_json_writer *w, const mf_toxic_info *toxic) {
  const mf_toxic_attribute *attributes[MF_TOXIC_ATTRIBUTES];
  const uint32_t n = mf_toxic_attributes(toxic->kind, attributes);
  mf_json_open_map(w);
  mf_json_key(w, "attributes");
  mf_json_open_map(w);
  for (uint32_t i = 0; i < n; i++) {
    mf_json_key(w, attributes[i]->name);
    put_number(w, toxic->values[i]);
  }
  mf_json_close_map(w);
  put_text(w, "name", toxic->name);
  put_text(w, "type", mf_toxic_type_name(toxic->kind));
  put_text(w, "stream", toxic->stream_text);
  mf_json_key(w, "toxicity");
  put_number(w, toxic->toxicity);
  mf_json_close_map(w);
}

void mf_proxy_write_toxics(mf_json_writer *w, const mf_tcp_proxy *proxy) {
  mf_json_open_list(w);
  for (uint32_t i = 0; i < mf_tcp_proxy_toxic_count(proxy); i++) {
    const mf_toxic_info toxic = mf_tcp_proxy_toxic_at(proxy, i);
    mf_proxy_write_toxic(w, &toxic);
  }
  mf_json_close_list(w);
}

/* "Logger" is Toxiproxy's, an accident that stayed. */
void mf_proxy_write(mf_json_writer *w, const mf_tcp_proxy *proxy) {
  mf_json_open_map(w);
  put_text(w, "name", mf_tcp_proxy_name(proxy));
  put_text(w, "listen", mf_tcp_proxy_listen(proxy));
  put_text(w, "upstream", mf_tcp_proxy_upstream(proxy));
  mf_json_key(w, "enabled");
  mf_json_put_bool(w, mf_tcp_proxy_enabled(proxy));
  mf_json_key(w, "Logger");
  mf_json_open_map(w);
  mf_json_close_map(w);
  mf_json_key(w, "toxics");
  mf_proxy_write_toxics(w, proxy);
  mf_json_close_map(w);
}

/* ---- Metrics ---- */

static void put_label(mf_buf *out, const char *name, const char *value) {
  mf_buf_printf(out, "%s=\"", name);
  for (; *value; value++) {
    if (*value == '\\' || *value == '"') mf_buf_putc(out, '\\');
    if (*value == '\n')
      mf_buf_puts(out, "\\n");
    else
      mf_buf_putc(out, *value);
  }
  mf_buf_putc(out, '"');
}

static void put_sample(mf_buf *out, const char *family, const mf_tcp_proxy *proxy,
                       const char *direction, uint64_t bytes) {
  mf_buf_printf(out, "%s{direction=\"%s\",", family, direction);
  put_label(out, "listener", mf_tcp_proxy_listen(proxy));
  mf_buf_putc(out, ',');
  put_label(out, "proxy", mf_tcp_proxy_name(proxy));
  mf_buf_putc(out, ',');
  put_label(out, "upstream", mf_tcp_proxy_upstream(proxy));
  mf_buf_printf(out, "} %llu\n", (unsigned long long)bytes);
}

static void put_family(const mf_tcp_proxies *proxies, mf_buf *out, const char *family, bool sent,
                       const char *help) {
  const uint32_t n = mf_tcp_proxies_count(proxies);
  if (n) mf_buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", family, help, family);
  for (uint32_t i = 0; i < n; i++) {
    const mf_tcp_proxy *proxy = mf_tcp_proxies_at(proxies, i);
    const mf_tcp_counts counts = mf_tcp_proxy_counts(proxy);
    const uint64_t *bytes = sent ? counts.sent : counts.received;
    put_sample(out, family, proxy, "downstream", bytes[MF_DOWNSTREAM]);
    put_sample(out, family, proxy, "upstream", bytes[MF_UPSTREAM]);
  }
}

void mf_proxy_write_metrics(const mf_tcp_proxies *proxies, mf_buf *out) {
  put_family(proxies, out, "toxiproxy_proxy_received_bytes_total", false,
             "bytes that the proxy was sent, by the direction in which they go");
  put_family(proxies, out, "toxiproxy_proxy_sent_bytes_total", true,
             "bytes that the proxy passed on, by the direction in which they go");
}
