/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <strings.h>

static bool has_bad_byte(mf_str text) {
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c <= ' ' || c == 0x7f) return true;
  }
  return false;
}

/* Position of the first byte that is one of `set`; text.n if none is. */
static size_t find_any(mf_str text, const char *set) {
  for (size_t i = 0; i < text.n; i++)
    if (strchr(set, text.p[i])) return i;
  return text.n;
}

static mf_str first(mf_str s, size_t n) { return (mf_str){s.p, n}; }
static mf_str rest(mf_str s, size_t n) { return (mf_str){s.p + n, s.n - n}; }

/* Schemes are case-insensitive. */
static bool skip_scheme(mf_str *text, const char *scheme) {
  size_t n = strlen(scheme);
  if (text->n < n || strncasecmp(text->p, scheme, n) != 0) return false;
  *text = rest(*text, n);
  return true;
}

static bool host_bytes_ok(mf_str host, const char *extra) {
  for (size_t i = 0; i < host.n; i++) {
    unsigned char c = (unsigned char)host.p[i];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alnum && c < 0x80 && !strchr(extra, c)) return false;
  }
  return host.n > 0;
}

static const char *parse_port(mf_str text, uint16_t *port) {
  uint64_t number;
  if (text.n == 0 || !mf_parse_uint(text, &number) || number == 0 || number > 65535)
    return "the port of the URL must be a number from 1 to 65535";
  *port = (uint16_t)number;
  return NULL;
}

/* "[::1]:80" or "host:80", without user and password. */
static const char *parse_authority(mf_str text, mf_url *out) {
  size_t end;
  out->authority = text;
  out->port = out->secure ? 443 : 80;
  if (text.n > 0 && text.p[0] == '[') {
    end = find_any(text, "]");
    if (end == text.n) return "the URL's '[' has no ']'";
    out->host = (mf_str){text.p + 1, end - 1};
    if (!host_bytes_ok(out->host, ":.%")) return "the URL's host is not an IPv6 address";
    end++;
  } else {
    end = find_any(text, ":");
    out->host = first(text, end);
    if (end == 0) return "the URL has no host";
    if (!host_bytes_ok(out->host, ".-_~")) return "the URL's host has a character no host has";
  }
  if (end == text.n) return NULL;
  if (text.p[end] != ':') return "the URL has text between its host and its port";
  return parse_port(rest(text, end + 1), &out->port);
}

const char *mf_url_parse(mf_str text, mf_url *out) {
  *out = (mf_url){.secure = false};
  if (text.n == 0) return "the URL is empty";
  if (has_bad_byte(text)) return "the URL has a blank or control character; write %20 for a blank";
  out->secure = skip_scheme(&text, "https://");
  if (!out->secure && !skip_scheme(&text, "http://"))
    return "the URL must begin with http:// or https://";
  text = first(text, find_any(text, "#"));
  size_t end = find_any(text, "/?");
  out->path = rest(text, end);
  mf_str authority = first(text, end);
  for (size_t i = authority.n; i-- > 0;) {
    if (authority.p[i] != '@') continue;
    out->userinfo = first(authority, i);
    authority = rest(authority, i + 1);
    break;
  }
  return parse_authority(authority, out);
}
