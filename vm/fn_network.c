/* SPDX-License-Identifier: MIT */
/* net.IP and net.CIDR: CEL's network extension. */
#include "../base/address.h"
#include "fn_kit.h"

/* ---- Values ---- */

static mf_address address_of(const mf_value *v) {
  mf_address a = {.n = (uint8_t)v->len};
  memcpy(a.bytes, v->as.s, a.n);
  return a;
}

static mf_value address_value(mf_call *call, mf_kind kind, const mf_address *a, unsigned prefix) {
  char *bytes = mf_call_get(call, a->n);
  if (bytes == NULL) return mf_null();
  memcpy(bytes, a->bytes, a->n);
  return (mf_value){.kind = (uint8_t)kind, .aux = (uint16_t)prefix, .len = a->n, .as.s = bytes};
}

static mf_value bad_address(mf_call *call, const mf_value *v, mf_address_error error,
                            const char *what) {
  char text[MF_QUOTED_SIZE];
  const char *why = error == MF_ADDRESS_ZONE     ? ": it has a zone"
                    : error == MF_ADDRESS_MAPPED ? ": it is an IPv4 address written as IPv6"
                                                 : "";
  return mf_call_error(call, MF_EVAL_BAD_CONVERSION, "%s is no %s%s", mf_quoted(v, text), what,
                       why);
}

/* The address that v is or is written in v; else its error is in *bad. */
static bool get_ip(mf_call *call, const mf_value *v, mf_address *out, mf_value *bad) {
  mf_address_error error = MF_ADDRESS_OK;
  if (v->kind == MF_IP) {
    *out = address_of(v);
    return true;
  }
  if (mf_charge(call, v->len)) error = mf_parse_address(mf_value_str(*v), out);
  if (error != MF_ADDRESS_OK) *bad = bad_address(call, v, error, "IP address");
  return error == MF_ADDRESS_OK;
}

static bool get_cidr(mf_call *call, const mf_value *v, mf_address *out, unsigned *prefix,
                     mf_value *bad) {
  mf_address_error error = MF_ADDRESS_OK;
  *prefix = v->aux;
  if (v->kind == MF_CIDR) {
    *out = address_of(v);
    return true;
  }
  if (mf_charge(call, v->len)) error = mf_parse_block(mf_value_str(*v), out, prefix);
  if (error != MF_ADDRESS_OK) *bad = bad_address(call, v, error, "block of addresses");
  return error == MF_ADDRESS_OK;
}

/* ---- From text ---- */

mf_value mf_fn_ip(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address a = {.n = 4};
  mf_value bad = mf_null();
  if (args[0].kind == MF_CIDR)
    a = address_of(args);
  else if (args[0].kind != MF_STRING)
    return mf_no_function(call, "ip", args, n);
  else if (!get_ip(call, args, &a, &bad))
    return bad;
  return address_value(call, MF_IP, &a, 0);
}

mf_value mf_fn_cidr(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address a = {.n = 4};
  unsigned prefix;
  mf_value bad = mf_null();
  if (!mf_args_are(args, n, "s")) return mf_no_function(call, "cidr", args, n);
  if (!get_cidr(call, args, &a, &prefix, &bad)) return bad;
  return address_value(call, MF_CIDR, &a, prefix);
}

mf_value mf_fn_isIP(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address a;
  if (args[0].kind != MF_STRING) return mf_no_function(call, "isIP", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  return mf_bool(mf_parse_address(mf_value_str(args[0]), &a) == MF_ADDRESS_OK);
}

mf_value mf_fn_isCIDR(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address a;
  unsigned prefix;
  if (args[0].kind != MF_STRING) return mf_no_function(call, "isCIDR", args, n);
  if (!mf_charge(call, args[0].len)) return mf_null();
  return mf_bool(mf_parse_block(mf_value_str(args[0]), &a, &prefix) == MF_ADDRESS_OK);
}

mf_value mf_fn_ip_isCanonical(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address a = {.n = 4};
  mf_value bad = mf_null();
  char text[MF_ADDRESS_TEXT];
  if (args[0].kind != MF_STRING) return mf_no_function(call, "ip.isCanonical", args, n);
  if (!get_ip(call, args, &a, &bad)) return bad;
  mf_format_address(&a, text);
  return mf_bool(mf_str_is(mf_value_str(args[0]), text));
}

/* ---- Addresses ---- */

mf_value mf_fn_family(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "a")) return mf_no_function(call, "family", args, n);
  return mf_int(args[0].len == 4 ? 4 : 6);
}

static const mf_address zero_v4 = {.n = 4}, zero_v6 = {.n = 16};
static const mf_address loopback_v4 = {{127}, 4};
static const mf_address loopback_v6 = {{[15] = 1}, 16};
static const mf_address broadcast_v4 = {{255, 255, 255, 255}, 4};
static const mf_address multicast_v4 = {{224}, 4}, multicast_v6 = {{0xff}, 16};
static const mf_address link_v4 = {{169, 254}, 4}, link_v6 = {{0xfe, 0x80}, 16};

static bool is_unspecified(const mf_address *a) {
  return mf_address_shares(a, &zero_v4, 32) || mf_address_shares(a, &zero_v6, 128);
}
static bool is_loopback(const mf_address *a) {
  return mf_address_shares(a, &loopback_v4, 8) || mf_address_shares(a, &loopback_v6, 128);
}
static bool is_multicast(const mf_address *a) {
  return mf_address_shares(a, &multicast_v4, 4) || mf_address_shares(a, &multicast_v6, 8);
}
static bool is_link_multicast(const mf_address *a) {
  if (a->n == 4) return mf_address_shares(a, &multicast_v4, 24);
  return is_multicast(a) && (a->bytes[1] & 0x0f) == 2; /* the scope */
}
static bool is_link_unicast(const mf_address *a) {
  return mf_address_shares(a, &link_v4, 16) || mf_address_shares(a, &link_v6, 10);
}
/* All the rest, private ones among them. */
static bool is_global(const mf_address *a) {
  return !is_unspecified(a) && !is_loopback(a) && !is_multicast(a) && !is_link_unicast(a) &&
         !mf_address_shares(a, &broadcast_v4, 32);
}

static mf_value asked(mf_call *call, const char *name, bool (*is)(const mf_address *),
                      const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "a")) return mf_no_function(call, name, args, n);
  mf_address a = address_of(args);
  return mf_bool(is(&a));
}

mf_value mf_fn_isUnspecified(mf_call *call, const mf_value *args, uint32_t n) {
  return asked(call, "isUnspecified", is_unspecified, args, n);
}
mf_value mf_fn_isLoopback(mf_call *call, const mf_value *args, uint32_t n) {
  return asked(call, "isLoopback", is_loopback, args, n);
}
mf_value mf_fn_isGlobalUnicast(mf_call *call, const mf_value *args, uint32_t n) {
  return asked(call, "isGlobalUnicast", is_global, args, n);
}
mf_value mf_fn_isLinkLocalMulticast(mf_call *call, const mf_value *args, uint32_t n) {
  return asked(call, "isLinkLocalMulticast", is_link_multicast, args, n);
}
mf_value mf_fn_isLinkLocalUnicast(mf_call *call, const mf_value *args, uint32_t n) {
  return asked(call, "isLinkLocalUnicast", is_link_unicast, args, n);
}

/* ---- Blocks ---- */

mf_value mf_fn_containsIP(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address ip = {.n = 4};
  mf_value bad = mf_null();
  if (!mf_args_are(args, n, "ca") && !mf_args_are(args, n, "cs"))
    return mf_no_function(call, "containsIP", args, n);
  if (!get_ip(call, &args[1], &ip, &bad)) return bad;
  mf_address block = address_of(&args[0]);
  return mf_bool(mf_address_shares(&block, &ip, args[0].aux));
}

mf_value mf_fn_containsCIDR(mf_call *call, const mf_value *args, uint32_t n) {
  mf_address inner = {.n = 4};
  unsigned prefix;
  mf_value bad = mf_null();
  if (!mf_args_are(args, n, "cc") && !mf_args_are(args, n, "cs"))
    return mf_no_function(call, "containsCIDR", args, n);
  if (!get_cidr(call, &args[1], &inner, &prefix, &bad)) return bad;
  mf_address block = address_of(&args[0]);
  return mf_bool(prefix >= args[0].aux && mf_address_shares(&block, &inner, args[0].aux));
}

mf_value mf_fn_masked(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "c")) return mf_no_function(call, "masked", args, n);
  mf_address a = address_of(args);
  mf_address_mask(&a, args[0].aux);
  return address_value(call, MF_CIDR, &a, args[0].aux);
}

mf_value mf_fn_prefixLength(mf_call *call, const mf_value *args, uint32_t n) {
  if (!mf_args_are(args, n, "c")) return mf_no_function(call, "prefixLength", args, n);
  return mf_int(args[0].aux);
}
