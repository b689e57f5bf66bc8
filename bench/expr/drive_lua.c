/* SPDX-License-Identifier: MIT */
/* Lua 5.4 and LuaJIT (run builds this once for each).  Rows are tables; in host
 * mode every input is a call argument, which is the fastest way in; batch loops
 * inside Lua.  With FFI: the rows are C structs that Lua reads in place. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "harness.h"

#ifndef ENGINE
#define ENGINE "lua"
#endif

static lua_State *L;

static void check(int status) {
  if (status) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  must(status == 0, ENGINE ": error");
}

/* Pushes input `in` of a row. */
static void push(const row *r, const input *in) {
  switch (in->type) {
    case NUMBER: lua_pushnumber(L, number_of(r, in)); break;
    case WHOLE: lua_pushinteger(L, (lua_Integer)whole_of(r, in)); break;
    case TRUTH: lua_pushboolean(L, truth_of(r, in)); break;
    case TEXT: lua_pushlstring(L, text_of(r, in).p, text_of(r, in).n); break;
    case NUMBERS:
      lua_createtable(L, SAMPLES, 0);
      for (int k = 0; k < SAMPLES; k++) {
        lua_pushnumber(L, r->samples[k]);
        lua_rawseti(L, -2, k + 1);
      }
      break;
    default: break;
  }
}

/* row.a.b = the value on the top, which is popped; the row is below it. */
static void set_dotted(const char *name) {
  const char *dot = strchr(name, '.');
  if (dot == NULL) {
    lua_setfield(L, -2, name);
    return;
  }
  lua_pushlstring(L, name, (size_t)(dot - name));
  lua_rawget(L, -3);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushlstring(L, name, (size_t)(dot - name));
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
  lua_insert(L, -2);
  set_dotted(dot + 1);
  lua_pop(L, 1);
}

static void make_rows(void) {
  lua_createtable(L, ROWS, 0);
  for (int i = 0; i < ROWS; i++) {
    lua_newtable(L);
    for (unsigned c = 0; c < CASES; c++)
      for (const input *in = conditions[c].inputs; in->type; in++) {
        push(&rows[i], in);
        set_dotted(in->name);
      }
    lua_rawseti(L, -2, i + 1);
  }
  lua_setglobal(L, "rows");
}

static void make_orders(void) {
  static const char *const names[2] = {"short_order", "long_order"};
  for (int o = 0; o < 2; o++) {
    const size_t n = o ? LONG_ORDER : SHORT_ORDER;
    lua_createtable(L, (int)n, 0);
    for (size_t k = 0; k < n; k++) {
      lua_pushinteger(L, (o ? long_order : short_order)[k] + 1);
      lua_rawseti(L, -2, (int)k + 1);
    }
    lua_setglobal(L, names[o]);
  }
}

static const char prelude[] =
    "local sub, find = string.sub, string.find "
#if LUA_VERSION_NUM >= 503
    "local function DIVIDE(a, b) return a // b end ";
#else
    "local floor = math.floor local function DIVIDE(a, b) return floor(a / b) end ";
#endif
#define LUA_LOOP(from, to)                                 \
  "local function loop(list, limit) for i = " from ", " to \
  " do local s = list[i] if %s(%s) then return %s end end return %s end\n"

static int function_of(unsigned c, bool host) {
  static char text[1024], names[256], loop[512], code[4096];
  write_text(text, sizeof text, c, LUA, host ? "" : "r.", host ? "_" : ".");
  write_parameters(names, sizeof names, c);
  write_loop(loop, sizeof loop, c, LUA, LUA_LOOP("1", "#list"));
  snprintf(code, sizeof code, "%s%sreturn function(%s) return %s end", prelude, loop,
           host ? names : "r", text);
  check(luaL_loadstring(L, code));
  check(lua_pcall(L, 0, 1, 0));
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int batch_of(unsigned c) {
  static char text[1024], loop[512], code[4096];
  write_text(text, sizeof text, c, LUA, "r.", ".");
  write_loop(loop, sizeof loop, c, LUA, LUA_LOOP("1", "#list"));
  snprintf(code, sizeof code,
           "%s%slocal rows = rows return function(order, n) local sum = 0\n"
           "for k = 1, n do local r = rows[order[k]] local v = %s %s end return sum end",
           prelude, loop, text, c == CASE_TEXT ? "sum = sum + #v" : "if v then sum = sum + 1 end");
  check(luaL_loadstring(L, code));
  check(lua_pcall(L, 0, 1, 0));
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int row_refs[ROWS];

#define RESULT()                                \
  do {                                          \
    if (c == CASE_TEXT)                         \
      a.text = lua_tolstring(L, -1, &a.length); \
    else                                        \
      a.truth = lua_toboolean(L, -1);           \
    lua_settop(L, 0);                           \
  } while (0)
#define CALL(i)                                     \
  do {                                              \
    lua_rawgeti(L, LUA_REGISTRYINDEX, fn);          \
    lua_rawgeti(L, LUA_REGISTRYINDEX, row_refs[i]); \
    lua_call(L, 1, 1);                              \
    RESULT();                                       \
  } while (0)
#define HOST(i)                                                                            \
  do {                                                                                     \
    int n_ = 0;                                                                            \
    lua_rawgeti(L, LUA_REGISTRYINDEX, fn);                                                 \
    for (const input *in = conditions[c].inputs; in->type; in++, n_++) push(&rows[i], in); \
    lua_call(L, n_, 1);                                                                    \
    RESULT();                                                                              \
  } while (0)
#define BATCH(order, n)                                                     \
  do {                                                                      \
    lua_rawgeti(L, LUA_REGISTRYINDEX, fn);                                  \
    lua_getglobal(L, (order) == long_order ? "long_order" : "short_order"); \
    lua_pushinteger(L, (lua_Integer)(n));                                   \
    lua_call(L, 2, 1);                                                      \
    sum = (uint64_t)lua_tonumber(L, -1);                                    \
    lua_settop(L, 0);                                                       \
  } while (0)

static void measure(unsigned c) {
  int fn = function_of(c, false);
  MEASURE(ENGINE, "call", c, CALL);
  fn = function_of(c, true);
  MEASURE(ENGINE, "host", c, HOST);
  fn = batch_of(c);
  MEASURE_BATCH(ENGINE, c, BATCH);
}

#ifdef WITH_FFI
/* FFI structs: numbers and truths are read in place, texts stay Lua strings. */
static const char ffi_prelude[] =
    "local ffi = require 'ffi'\n"
    "ffi.cdef[[typedef struct { const char *p; size_t n; } slice; typedef struct {\n"
    "double latency, error_rate, max_latency_ms, p99, value;\n"
    "int64_t a, b, c, d, threshold, duration, adults, user_id, comment_user_id;\n"
    "bool previous_step_succeeded, b1, b2, b3, b4, b5, b6, b7, b8;\n"
    "slice environment, name, url, origin, country, group; double samples[100]; } row;]]\n"
    "local rows = ffi.cast('row *', ffi.cast('uintptr_t', address))\n"
    "local floor = math.floor\n";

/* Texts and objects are out of its reach; 6 is told where to look. */
static bool ffi_can(unsigned c) {
  for (const input *in = conditions[c].inputs; in->type; in++)
    if (in->type == TEXT || (strchr(in->name, '.') && c != 6)) return false;
  return true;
}

static int ffi_function(unsigned c) {
  static const char *const bodies[CASES] = {
      [6] = "r.max_latency_ms >= r.p99",
      [7] =
          "floor(tonumber(r.a * r.b + r.c) / tonumber(r.d)) > tonumber(r.threshold) and "
          "tonumber(r.a) % 7 ~= 3",
      [24] = "r.latency * tonumber(r.adults) + tonumber(r.duration) / 2000.0 > 700.0",
  };
  static char text[1024], loop[512], code[4096];
  write_text(text, sizeof text, c, LUA, "r.", ".");
  write_loop(loop, sizeof loop, c, LUA, LUA_LOOP("0", "99"));
  snprintf(code, sizeof code, "%s%sreturn function(i) local r = rows[i] return %s end", ffi_prelude,
           loop, bodies[c] ? bodies[c] : text);
  check(luaL_loadstring(L, code));
  check(lua_pcall(L, 0, 1, 0));
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

#define FFI_CALL(i)                        \
  do {                                     \
    lua_rawgeti(L, LUA_REGISTRYINDEX, fn); \
    lua_pushinteger(L, (lua_Integer)(i));  \
    lua_call(L, 1, 1);                     \
    RESULT();                              \
  } while (0)

static void measure_ffi(void) {
  lua_pushnumber(L, (double)(uintptr_t)rows);
  lua_setglobal(L, "address");
  for (unsigned c = 0; c < CASES; c++) {
    if (!ffi_can(c)) continue;
    const int fn = ffi_function(c);
    MEASURE("luajit-ffi", "host", c, FFI_CALL);
  }
}
#endif

int main(void) {
  prepare();
  repeats_of_short_order = 16;
  L = luaL_newstate();
  luaL_openlibs(L);
#ifdef JIT_OFF
  check(luaL_loadstring(L, "jit.off()"));
  check(lua_pcall(L, 0, 0, 0));
#endif
  make_rows();
  make_orders();
  lua_getglobal(L, "rows");
  for (int i = 0; i < ROWS; i++) {
    lua_rawgeti(L, 1, i + 1);
    row_refs[i] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_settop(L, 0);
#ifdef WITH_FFI
  measure_ffi();
#else
  for (unsigned c = 0; c < CASES; c++) measure(c);
#endif
  lua_close(L);
  return 0;
}
