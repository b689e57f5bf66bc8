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

/* ---- Unix sockets ---- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Writes a NUL, too.  False: the escapes are wrong, or it does not fit. */
static bool decode_path(mf_str text, char out[MF_SOCKET_PATH]) {
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if (c == '%') {
      int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
      int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = (char)(high * 16 + low);
      i += 2;
    }
    if (c == 0 || n == MF_SOCKET_PATH - 1) return false;
    out[n++] = c;
  }
  out[n] = 0;
  return true;
}

/* "%2Frun%2Fapp.sock". */
static const char *parse_socket(mf_str text, mf_url *out) {
  char path[MF_SOCKET_PATH];
  out->host = out->authority = text;
  if (!decode_path(text, path))
    return "the URL's Unix socket is no path of up to 107 bytes with %-escapes";
  if (path[0] != '/')
    return "the URL's Unix socket must be a whole path with %2F for each '/': "
           "http+unix://%2Frun%2Fapp.sock/path";
  return NULL;
}

void mf_url_socket_path(const mf_url *url, char out[MF_SOCKET_PATH]) {
  if (!decode_path(url->host, out)) out[0] = 0;
}

/* ---- Schemes ---- */

const char *mf_url_scheme(const mf_url *url) {
  if (url->is_socket) return "http+unix";
  return url->secure ? "https" : "http";
}

static bool take_scheme(mf_str *text, mf_url *out) {
  out->is_socket = skip_scheme(text, "http+unix://");
  if (out->is_socket) return true;
  out->secure = skip_scheme(text, "https://");
  return out->secure || skip_scheme(text, "http://");
}

const char *mf_url_parse(mf_str text, mf_url *out) {
  *out = (mf_url){.secure = false};
  if (text.n == 0) return "the URL is empty";
  if (has_bad_byte(text)) return "the URL has a blank or control character; write %20 for a blank";
  if (!take_scheme(&text, out)) return "the URL must begin with http:// or https://";
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
  return out->is_socket ? parse_socket(authority, out) : parse_authority(authority, out);
}
