/* SPDX-License-Identifier: MIT */
/* Operators and functions, case by case: operands and result in lossless JSON. */
#include "../../vm/arith.h"
#include "../../vm/compare.h"
#include "../../vm/convert.h"
#include "../../vm/functions.h"
#include "../../vm/logic.h"
#include "../../vm/select.h"
#include "corpus.h"
#include "vm_kit.h"

static mf_arena arena;
static mf_call call;

static void set_up(void) {
  mf_arena_init(&arena, NULL, 0);
  call = (mf_call){.arena = &arena, .fuel = 1000000};
}
static void tear_down(void) { mf_arena_fini(&arena); }

static const char *json_of(mf_value v) {
  mf_buf out;
  mf_buf_init(&out, NULL, 1 << 20);
  vm_log_value(&out, &v);
  const char *copy = mf_arena_copy(&arena, out.p, out.n);
  mf_buf_fini(&out);
  return copy;
}

#define INT_MIN_ "-9223372036854775808"
#define INT_MAX_ "9223372036854775807"
#define U(n) "{\"$uint\":\"" n "\"}"
#define UMAX U("18446744073709551615")
#define NAN_ "{\"$double\":\"NaN\"}"
#define INF_ "{\"$double\":\"Infinity\"}"
#define BYTES(b64) "{\"$bytes\":\"" b64 "\"}"
#define TS(t) "{\"$timestamp\":\"" t "\"}"
#define DUR(t) "{\"$duration\":\"" t "\"}"
#define ERR(t) "{\"$error\":\"" t "\"}"

typedef struct op_case {
  const char *x, *op, *y, *result;
} op_case;

static const op_case op_cases[] = {
    /* equality */
    {"1", "==", "1", "true"},
    {"1", "==", "1.0", "true"},
    {"1", "==", U("1"), "true"},
    {"1", "==", "\"1\"", "false"},
    {"null", "==", "null", "true"},
    {"null", "==", "0", "false"},
    {"[1]", "==", "1", "false"},
    {"[1]", "==", "[1.0]", "true"},
    {"[1,2]", "==", "[1]", "false"},
    {NAN_, "==", NAN_, "false"},
    {"[" NAN_ "]", "==", "[" NAN_ "]", "false"},
    {NAN_, "!=", NAN_, "true"},
    {"0.0", "==", "-0.0", "true"},
    {"true", "==", "1", "false"},
    {"\"a\"", "==", BYTES("YQ=="), "false"},
    {"{\"$map\":[[1,1.0],[" U("2") "," U("3") "]]}", "==", "{\"$map\":[[" U("1") ",1],[2,3.0]]}",
     "true"},
    {"{\"a\":1}", "==", "{\"b\":1}", "false"},
    {"{\"a\":1}", "==", "{\"a\":2}", "false"},
    {"{\"a\":1,\"b\":2}", "==", "{\"b\":2,\"a\":1}", "true"},
    {TS("2026-01-01T00:00:00Z"), "==", TS("2026-01-01T00:00:00Z"), "true"},
    {TS("2026-01-01T00:00:00Z"), "==", TS("2026-01-01T00:00:00.1Z"), "false"},
    {DUR("60s"), "==", DUR("1m"), "true"},
    {"{\"$type\":\"int\"}", "==", "{\"$type\":\"int\"}", "true"},
    {"{\"$type\":\"int\"}", "!=", "{\"$type\":\"bool\"}", "true"},
    {"{\"$optional\":[]}", "==", "{\"$optional\":[]}", "true"},
    {"{\"$optional\":[1]}", "==", "{\"$optional\":[1.0]}", "true"},
    {"{\"$optional\":[1]}", "==", "{\"$optional\":[]}", "false"},
    /* the lossy rule for large numbers */
    {INT_MAX_, "<", "9223372036854775808.0", "false"},
    {INT_MAX_, ">=", "9223372036854775808.0", "true"},
    {INT_MAX_, "<", "9.3e18", "true"},
    {INT_MIN_, ">", "-9.3e18", "true"},
    {INT_MIN_, "==", "-9223372036854775808.0", "true"},
    {UMAX, "==", "18446744073709551616.0", "true"},
    {UMAX, "<", "1.9e19", "true"},
    {U("0"), ">", "-0.5", "true"},
    {U("0"), "==", "-0.0", "true"},
    {"-1", "<", UMAX, "true"},
    {UMAX, ">", "-1", "true"},
    {INT_MAX_, "<", U("9223372036854775808"), "true"},
    {"1", "<", NAN_, "false"},
    {"1", ">=", NAN_, "false"},
    {NAN_, "<=", NAN_, "false"},
    /* order */
    {"1", "<", "2", "true"},
    {"2.5", ">", "2", "true"},
    {"false", "<", "true", "true"},
    {"\"a\"", "<", "\"b\"", "true"},
    {"\"a\"", "<", "\"aa\"", "true"},
    {"\"\"", ">=", "\"\"", "true"},
    {"\"Z\"", "<", "\"\xC3\xA9\"", "true"},
    {BYTES("AQ=="), "<", BYTES("/w=="), "true"},
    {TS("2026-01-01T00:00:00Z"), "<", TS("2026-01-01T00:00:00.000000001Z"), "true"},
    {DUR("1s"), "<", DUR("2s"), "true"},
    {"\"a\"", "<", "1", ERR("no overload for string < int")},
    {"null", "<=", "null", ERR("no overload for null_type <= null_type")},
    {"[1]", ">", "[0]", ERR("no overload for list > list")},
    {"true", ">=", "1", ERR("no overload for bool >= int")},
    /* errors go through */
    {ERR("first"), "==", ERR("second"), ERR("first")},
    {"1", "<", ERR("second"), ERR("second")},
    {ERR("first"), "+", "1", ERR("first")},
    {"1", "*", ERR("second"), ERR("second")},
    {ERR("first"), "in", "[1]", ERR("first")},
    {"1", "in", ERR("second"), ERR("second")},
    {ERR("first"), "[]", "1", ERR("first")},
    {"[1]", "[]", ERR("second"), ERR("second")},
    {ERR("first"), ".", "\"a\"", ERR("first")},
    {ERR("first"), "has", "\"a\"", ERR("first")},
    /* integers */
    {"1", "+", "2", "3"},
    {INT_MAX_, "+", "1", ERR("int overflow")},
    {INT_MIN_, "-", "1", ERR("int overflow")},
    {INT_MIN_, "*", "-1", ERR("int overflow")},
    {"-1", "*", INT_MIN_, ERR("int overflow")},
    {"4294967296", "*", "4294967296", ERR("int overflow")},
    {"-3", "*", "7", "-21"},
    {"7", "/", "-2", "-3"},
    {"-7", "/", "2", "-3"},
    {"-7", "%", "2", "-1"},
    {"7", "%", "-2", "1"},
    {"1", "/", "0", ERR("division by zero")},
    {"1", "%", "0", ERR("division by zero")},
    {INT_MIN_, "/", "-1", ERR("int overflow")},
    {INT_MIN_, "%", "-1", ERR("int overflow")},
    {U("1"), "+", U("2"), U("3")},
    {U("1"), "-", U("2"), ERR("uint overflow")},
    {UMAX, "+", U("1"), ERR("uint overflow")},
    {UMAX, "*", U("2"), ERR("uint overflow")},
    {U("7"), "/", U("2"), U("3")},
    {U("7"), "%", U("4"), U("3")},
    {U("7"), "/", U("0"), ERR("division by zero")},
    {U("7"), "%", U("0"), ERR("division by zero")},
    {U("7"), "*", U("0"), U("0")},
    {"1", "+", U("1"), ERR("no overload for int + uint")},
    /* doubles, alone and beside integers */
    {"1.5", "+", "2.5", "4.0"},
    {"1.5", "-", "2.5", "-1.0"},
    {"1.5", "*", "2.0", "3.0"},
    {"1.0", "/", "0.0", INF_},
    {"0.0", "/", "0.0", NAN_},
    {"5.0", "%", "2.0", ERR("no overload for double % double")},
    {"1", "+", "0.5", "1.5"},
    {"0.5", "*", U("4"), "2.0"},
    {"5", "/", "2.0", "2.5"},
    {"5", "/", "0.0", INF_},
    {"5", "%", "2.0", ERR("no overload for int % double")},
    /* joining */
    {"\"a\"", "+", "\"b\"", "\"ab\""},
    {"\"\"", "+", "\"\"", "\"\""},
    {"\"a\"", "-", "\"b\"", ERR("no overload for string - string")},
    {BYTES("aA=="), "+", BYTES("aQ=="), BYTES("aGk=")},
    {"[1]", "+", "[2]", "[1,2]"},
    {"[]", "+", "[]", "[]"},
    {"[1]", "*", "[2]", ERR("no overload for list * list")},
    {"{}", "+", "{}", ERR("no overload for map + map")},
    {"\"a\"", "+", "1", ERR("no overload for string + int")},
    {"true", "+", "true", ERR("no overload for bool + bool")},
    {"null", "+", "null", ERR("no overload for null_type + null_type")},
    /* time */
    {TS("2026-01-01T00:00:00Z"), "+", DUR("1.5s"), TS("2026-01-01T00:00:01.5Z")},
    {DUR("1.5s"), "+", TS("2026-01-01T00:00:00Z"), TS("2026-01-01T00:00:01.5Z")},
    {TS("2026-01-01T00:00:00Z"), "-", DUR("0.5s"), TS("2025-12-31T23:59:59.5Z")},
    {TS("2026-01-01T00:00:01Z"), "-", TS("2026-01-01T00:00:00.25Z"), DUR("0.75s")},
    {TS("2026-01-01T00:00:00.25Z"), "-", TS("2026-01-01T00:00:01Z"), DUR("-0.75s")},
    {TS("9999-12-31T23:59:59Z"), "+", DUR("1s"), ERR("timestamp out of range")},
    {TS("0001-01-01T00:00:00Z"), "-", DUR("0.000000001s"), ERR("timestamp out of range")},
    {TS("9999-12-31T23:59:59Z"), "-", TS("0001-01-01T00:00:00Z"), ERR("duration out of range")},
    {TS("1970-01-01T00:00:00Z"), "-", DUR("-9223372036.854775808s"),
     TS("2262-04-11T23:47:16.854775808Z")},
    {TS("1677-09-21T00:12:43.145224192Z"), "-", TS("1970-01-01T00:00:00Z"),
     DUR("-9223372036.854775808s")},
    {DUR("1s"), "+", DUR("2s"), DUR("3s")},
    {DUR("1s"), "-", DUR("2s"), DUR("-1s")},
    {DUR("9223372036.854775807s"), "+", DUR("0.000000001s"), ERR("duration out of range")},
    {DUR("1s"), "*", "2", ERR("no overload for google.protobuf.Duration * int")},
    {DUR("1s"), "-", TS("1970-01-01T00:00:00Z"),
     ERR("no overload for google.protobuf.Duration - google.protobuf.Timestamp")},
    {TS("1970-01-01T00:00:00Z"), "+", TS("1970-01-01T00:00:00Z"),
     ERR("no overload for google.protobuf.Timestamp + google.protobuf.Timestamp")},
    /* in */
    {"2", "in", "[1,2.0]", "true"},
    {"3", "in", "[1,2]", "false"},
    {"\"a\"", "in", "{\"a\":null}", "true"},
    {"1.0", "in", "{\"$map\":[[1,1]]}", "true"},
    {BYTES("aA=="), "in", "{\"a\":1}", "false"},
    {"\"a\"", "in", "\"abc\"", ERR("no overload for string in string")},
    /* index */
    {"[1,2]", "[]", "1", "2"},
    {"[1,2]", "[]", "1.0", "2"},
    {"[1,2]", "[]", U("0"), "1"},
    {"[1,2]", "[]", "2", ERR("no element 2 in a list of 2")},
    {"[1,2]", "[]", "-1", ERR("no element -1 in a list of 2")},
    {"[1,2]", "[]", "0.5", ERR("a list has no element 0.5")},
    {"[1]", "[]", "1e300", ERR("no element 1e+300 in a list of 1")},
    {"[1]", "[]", NAN_, ERR("no element NaN in a list of 1")},
    {"[1]", "[]", UMAX, ERR("no element 18446744073709551615 in a list of 1")},
    {"[1]", "[]", "\"0\"", ERR("a list has no element '0'")},
    {"{\"a\":5}", "[]", "\"a\"", "5"},
    {"{\"a\":5}", "[]", "\"b\"", ERR("no key 'b'")},
    {"{\"$map\":[[" U("1") ",\"x\"]]}", "[]", "1.0", "\"x\""},
    {"{\"$map\":[[1,2]]}", "[]", "3.1", ERR("no key 3.1")},
    {"{\"a\":5}", "[]", "[]", ERR("no key a list")},
    {"\"abc\"", "[]", "0", ERR("no overload for string[int]")},
    {"5", "[]", "0", ERR("no overload for int[int]")},
    /* fields */
    {"{\"a\":{\"b\":1}}", ".", "\"a\"", "{\"b\":1}"},
    {"{\"a\":5}", ".", "\"b\"", ERR("no key 'b'")},
    {"5", ".", "\"a\"", ERR("a value of type int has no field 'a'")},
    {"{\"a\":null}", "has", "\"a\"", "true"},
    {"{\"a\":null}", "has", "\"b\"", "false"},
    {"5", "has", "\"a\"", ERR("a value of type int has no field 'a'")},
    /* logic of finished operands */
    {"true", "&&", "true", "true"},
    {"true", "&&", "false", "false"},
    {ERR("e"), "&&", "false", "false"},
    {"false", "&&", ERR("e"), "false"},
    {ERR("e"), "&&", "true", ERR("e")},
    {"true", "&&", ERR("e"), ERR("e")},
    {"5", "&&", "false", "false"},
    {"5", "&&", "true", ERR("no overload for int && bool")},
    {ERR("e"), "&&", ERR("f"), ERR("e")},
    {"5", "&&", ERR("f"), ERR("f")},
    {"false", "||", "false", "false"},
    {"false", "||", "true", "true"},
    {ERR("e"), "||", "true", "true"},
    {"5", "||", "true", "true"},
    {"5", "||", "false", ERR("no overload for int || bool")},
    {ERR("e"), "||", "false", ERR("e")},
    {"false", "||", ERR("e"), ERR("e")},
};

static mf_value apply(const char *op, const mf_value *x, const mf_value *y) {
  static const char *const relations[] = {"==", "!=", "<", "<=", ">", ">="};
  static const char *const operations[] = {"+", "-", "*", "/", "%"};
  for (unsigned i = 0; i < 6; i++)
    if (strcmp(op, relations[i]) == 0) return mf_compare(&call, (mf_relation)i, x, y);
  for (unsigned i = 0; i < 5; i++)
    if (strcmp(op, operations[i]) == 0) return mf_arith(&call, (mf_operation)i, x, y);
  if (strcmp(op, "in") == 0) return mf_in(&call, x, y);
  if (strcmp(op, "[]") == 0) return mf_index(&call, x, y);
  if (strcmp(op, ".") == 0) return mf_field(&call, x, y);
  if (strcmp(op, "has") == 0) return mf_has_field(&call, x, y);
  return strcmp(op, "&&") == 0 ? mf_and(&call, x, y) : mf_or(&call, x, y);
}

START_TEST(operator_case) {
  const op_case *c = &op_cases[_i];
  mf_value x = vm_parse(&arena, c->x), y = vm_parse(&arena, c->y);
  const char *got = json_of(apply(c->op, &x, &y));
  ck_assert_msg(strcmp(got, c->result) == 0, "%s %s %s: expected %s, got %s", c->x, c->op, c->y,
                c->result, got);
  ck_assert_int_eq(call.status, MF_OK);
}
END_TEST

typedef struct fn_case {
  const char *function, *args, *result;
} fn_case;

static const fn_case fn_cases[] = {
    {"size", "[\"h\xC3\xA9\"]", "2"},
    {"size", "[\"\"]", "0"},
    {"size", "[" BYTES("aGk=") "]", "2"},
    {"size", "[[1,2,3]]", "3"},
    {"size", "[{\"a\":1}]", "1"},
    {"size", "[5]", ERR("no overload for size(int)")},
    {"contains", "[\"hello\",\"ell\"]", "true"},
    {"contains", "[\"hello\",\"\"]", "true"},
    {"contains", "[\"hello\",\"x\"]", "false"},
    {"contains", "[\"hello\",5]", ERR("no overload for contains(string, int)")},
    {"startsWith", "[\"hello\",\"he\"]", "true"},
    {"startsWith", "[\"hello\",\"lo\"]", "false"},
    {"startsWith", "[1,\"x\"]", ERR("no overload for startsWith(int, string)")},
    {"endsWith", "[\"hello\",\"lo\"]", "true"},
    {"endsWith", "[\"hello\",\"he\"]", "false"},
    {"endsWith", "[1,\"x\"]", ERR("no overload for endsWith(int, string)")},
    {"int", "[5]", "5"},
    {"int", "[" U("5") "]", "5"},
    {"int", "[" UMAX "]", ERR("18446744073709551615 is out of range of int")},
    {"int", "[-1.9]", "-1"},
    {"int", "[9223372036854775807.0]", ERR("9.223372036854776e+18 is out of range of int")},
    {"int", "[-9223372036854775808.0]", ERR("-9.223372036854776e+18 is out of range of int")},
    {"int", "[" NAN_ "]", ERR("NaN is out of range of int")},
    {"int", "[\"-12\"]", "-12"},
    {"int", "[\"0x5\"]", ERR("cannot convert '0x5' to int")},
    {"int", "[\"\"]", ERR("cannot convert '' to int")},
    {"int", "[" TS("1969-12-31T23:59:59.5Z") "]", "-1"},
    {"int", "[true]", ERR("no overload for int(bool)")},
    {"uint", "[5]", U("5")},
    {"uint", "[" U("5") "]", U("5")},
    {"uint", "[-5]", ERR("-5 is out of range of uint")},
    {"uint", "[-0.9]", U("0")},
    {"uint", "[-1.0]", ERR("-1 is out of range of uint")},
    {"uint", "[18446744073709551616.0]", ERR("1.8446744073709552e+19 is out of range of uint")},
    {"uint", "[\"7\"]", U("7")},
    {"uint", "[\"-7\"]", ERR("cannot convert '-7' to uint")},
    {"uint", "[null]", ERR("no overload for uint(null_type)")},
    {"double", "[5]", "5.0"},
    {"double", "[" UMAX "]", "1.8446744073709552e+19"},
    {"double", "[1.5]", "1.5"},
    {"double", "[\".5\"]", "0.5"},
    {"double", "[\"5.\"]", "5.0"},
    {"double", "[\"+5\"]", "5.0"},
    {"double", "[\"NaN\"]", NAN_},
    {"double", "[\"inf\"]", INF_},
    {"double", "[\"1e999\"]", ERR("'1e999' is out of range of double")},
    {"double", "[\" 1\"]", ERR("cannot convert ' 1' to double")},
    {"double", "[[]]", ERR("no overload for double(list)")},
    {"string", "[\"x\"]", "\"x\""},
    {"string", "[true]", "\"true\""},
    {"string", "[-5]", "\"-5\""},
    {"string", "[" U("9876") "]", "\"9876\""},
    {"string", "[123.456]", "\"123.456\""},
    {"string", "[-0.0045]", "\"-0.0045\""},
    {"string", "[" BYTES("aGk=") "]", "\"hi\""},
    {"string", "[" BYTES("/w==") "]", ERR("bytes that are not UTF-8 are no string")},
    {"string", "[" TS("2026-11-25T13:24:05.120Z") "]", "\"2026-11-25T13:24:05.12Z\""},
    {"string", "[" DUR("3600s") "]", "\"3600s\""},
    {"string", "[null]", ERR("no overload for string(null_type)")},
    {"string", "[[1]]", ERR("no overload for string(list)")},
    {"bool", "[true]", "true"},
    {"bool", "[\"t\"]", "true"},
    {"bool", "[\"False\"]", "false"},
    {"bool", "[\"0\"]", "false"},
    {"bool", "[\"yes\"]", ERR("cannot convert 'yes' to bool")},
    {"bool", "[1]", ERR("no overload for bool(int)")},
    {"bytes", "[\"hi\"]", BYTES("aGk=")},
    {"bytes", "[" BYTES("aGk=") "]", BYTES("aGk=")},
    {"bytes", "[1]", ERR("no overload for bytes(int)")},
    {"timestamp", "[\"2026-11-25T13:24:05+01:00\"]", TS("2026-11-25T12:24:05Z")},
    {"timestamp", "[0]", TS("1970-01-01T00:00:00Z")},
    {"timestamp", "[253402300800]", ERR("253402300800 is out of range of timestamp")},
    {"timestamp", "[\"2026-02-30T00:00:00Z\"]",
     ERR("cannot convert '2026-02-30T00:00:00Z' to timestamp")},
    {"timestamp", "[" TS("1970-01-01T00:00:00Z") "]", TS("1970-01-01T00:00:00Z")},
    {"timestamp", "[1.5]", ERR("no overload for timestamp(double)")},
    {"duration", "[\"1h30m\"]", DUR("5400s")},
    {"duration", "[\"0\"]", DUR("0s")},
    {"duration", "[\"-1.5s\"]", DUR("-1.5s")},
    {"duration", "[\"5\"]", ERR("cannot convert '5' to duration")},
    {"duration", "[\"320000000000s\"]", ERR("cannot convert '320000000000s' to duration")},
    {"duration", "[" DUR("1s") "]", DUR("1s")},
    {"duration", "[5]", ERR("no overload for duration(int)")},
    {"dyn", "[[1]]", "[1]"},
    {"type", "[1]", "{\"$type\":\"int\"}"},
    {"type", "[null]", "{\"$type\":\"null_type\"}"},
    {"type", "[{\"$type\":\"int\"}]", "{\"$type\":\"type\"}"},
    {"random", "[]", ERR("random() has a value in runs only")},
    {"random_int", "[1, 6]", ERR("random_int() has a value in runs only")},
    {"random_int", "[2, 1]", ERR("random_int(a, b): a is greater than b")},
    {"random_int", "[1, 2.0]", ERR("no overload for random_int(int, double)")},
    {"uuid", "[]", ERR("uuid() has a value in runs only")},
    {"size", "[" ERR("e") "]", ERR("e")},
    {"contains", "[\"a\"," ERR("e") "]", ERR("e")},
};

START_TEST(function_case) {
  const fn_case *c = &fn_cases[_i];
  mf_value args = vm_parse(&arena, c->args);
  uint32_t code = mf_function_code(mf_str_of(c->function), args.len);
  ck_assert_uint_ne(code, MF_ABSENT);
  const char *got = json_of(mf_function_call(&call, code, args.as.list, args.len));
  ck_assert_msg(strcmp(got, c->result) == 0, "%s%s: expected %s, got %s", c->function, c->args,
                c->result, got);
}
END_TEST

static bool is_in_corpus(const corpus_files *files, const char *call_text) {
  bool found = false;
  for (size_t i = 0; i < files->count && !found; i++) {
    size_t n;
    char *text = corpus_read(files->paths[i], &n);
    found = text && strstr(text, call_text);
    free(text);
  }
  return found;
}

/* Here, or among the expressions of tests/cel. */
START_TEST(every_function_has_a_case) {
  const char *const endings[] = {".txt", NULL};
  corpus_files files = corpus_list("cel", endings);
#define MF_FUNCTION(id, spelling, code, min_args, max_args, signatures, cost, doc) \
  {                                                                                \
    bool found = is_in_corpus(&files, spelling "(");                               \
    for (unsigned i = 0; i < sizeof fn_cases / sizeof *fn_cases; i++)              \
      found |= strcmp(fn_cases[i].function, spelling) == 0;                        \
    ck_assert_msg(found, "no case for function " spelling);                        \
  }
#include "../../vm/functions.def"
#undef MF_FUNCTION
  corpus_free(&files);
}
END_TEST

START_TEST(unary_operators) {
  static const char *const cases[][3] = {
      {"-", "5", "-5"},
      {"-", "2.5", "-2.5"},
      {"-", INT_MIN_, ERR("int overflow")},
      {"-", U("1"), ERR("no overload for -uint")},
      {"-", ERR("e"), ERR("e")},
      {"-", DUR("1s"), ERR("no overload for -google.protobuf.Duration")},
      {"!", "true", "false"},
      {"!", "false", "true"},
      {"!", "5", ERR("no overload for !int")},
      {"!", ERR("e"), ERR("e")},
      {"?", "5", ERR("a condition must be a bool, not a value of type int")},
      {"?", ERR("e"), ERR("e")},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    mf_value x = vm_parse(&arena, cases[i][1]);
    mf_value v = *cases[i][0] == '-'   ? mf_negate(&call, &x)
                 : *cases[i][0] == '!' ? mf_not(&call, &x)
                                       : mf_no_condition(&call, &x);
    ck_assert_str_eq(json_of(v), cases[i][2]);
  }
}
END_TEST

START_TEST(lists_maps_and_text_are_made_of_items) {
  mf_value items = vm_parse(&arena, "[\"a\",1,\"b\",[2.5]]");
  ck_assert_str_eq(json_of(mf_make_list(&call, items.as.list, 4)), "[\"a\",1,\"b\",[2.5]]");
  ck_assert_str_eq(json_of(mf_make_list(&call, items.as.list, 0)), "[]");
  ck_assert_str_eq(json_of(mf_make_map(&call, items.as.list, 2)), "{\"a\":1,\"b\":[2.5]}");
  ck_assert_str_eq(json_of(mf_concat(&call, items.as.list, 4)), "\"a1b[2.5]\"");
  ck_assert_str_eq(json_of(mf_concat(&call, items.as.list, 0)), "\"\"");
  mf_value repeated = vm_parse(&arena, "[1,1," U("1") ",2]");
  ck_assert_str_eq(json_of(mf_make_map(&call, repeated.as.list, 2)), ERR("a map key is repeated"));
  mf_value no_key = vm_parse(&arena, "[1.0,1]");
  ck_assert_str_eq(json_of(mf_make_map(&call, no_key.as.list, 1)),
                   ERR("a map key cannot be of type double"));
  mf_value broken = vm_parse(&arena, "[\"a\"," ERR("e") "]");
  ck_assert_str_eq(json_of(mf_make_list(&call, broken.as.list, 2)), ERR("e"));
  ck_assert_str_eq(json_of(mf_make_map(&call, broken.as.list, 1)), ERR("e"));
  ck_assert_str_eq(json_of(mf_concat(&call, broken.as.list, 2)), ERR("e"));
}
END_TEST

/* ---- Taint ---- */

static mf_value tainted(const char *json) {
  mf_value v = vm_parse(&arena, json);
  v.flags |= MF_TAINTED;
  return v;
}

START_TEST(what_is_made_from_a_secret_is_one) {
  mf_value s = tainted("\"secret\""), n = tainted("42"), one = mf_int(1),
           text = mf_string(MF_STR("x"));
  mf_value m = tainted("{\"a\":{\"b\":1}}"), key = mf_string(MF_STR("a")), pair[] = {text, s};
  mf_value clean = mf_list_of(&arena, pair, 2); /* but for what is in it */
  mf_value shown = mf_list_of(&arena, &clean, 1), format[] = {mf_string(MF_STR("%s")), shown};
  mf_value made[] = {
      mf_arith(&call, MF_ADD, &text, &s),
      mf_arith(&call, MF_ADD, &n, &one),
      mf_negate(&call, &n),
      mf_concat(&call, pair, 2),
      mf_make_list(&call, pair, 2),
      mf_make_map(&call, pair, 1),
      mf_field(&call, &m, &key),
      mf_index(&call, &m, &key),
      mf_function_call(&call, mf_function_code(MF_STR("string"), 1), &n, 1),
      mf_function_call(&call, mf_function_code(MF_STR("size"), 1), &s, 1),
      mf_function_call(&call, mf_function_code(MF_STR("join"), 1), &clean, 1),
      mf_function_call(&call, mf_function_code(MF_STR("format"), 2), format, 2),
      mf_function_call(&call, mf_function_code(MF_STR("optional.of"), 1), &s, 1),
      mf_function_call(&call, mf_function_code(MF_STR("last"), 1), &clean, 1),
  };
  for (unsigned i = 0; i < sizeof made / sizeof *made; i++)
    ck_assert_msg(made[i].flags & MF_TAINTED, "%u", i);
  ck_assert(!(mf_compare(&call, MF_EQ, &s, &text).flags & MF_TAINTED));
  ck_assert(!(mf_arith(&call, MF_ADD, &one, &one).flags & MF_TAINTED));
}
END_TEST

START_TEST(errors_quote_no_secrets) {
  mf_value s = tainted("\"hunter2\""), m = vm_parse(&arena, "{}");
  ck_assert_str_eq(json_of(mf_fn_int(&call, &s, 1)), ERR("cannot convert a secret to int"));
  ck_assert_str_eq(json_of(mf_index(&call, &m, &s)), ERR("no key a secret"));
}
END_TEST

START_TEST(long_text_is_cut_in_messages) {
  char json[200];
  snprintf(json, sizeof json, "\"%0100d\"", 5);
  mf_value v = vm_parse(&arena, json), no = mf_fn_bool(&call, &v, 1);
  ck_assert_uint_lt(no.len, 80);
}
END_TEST

/* ---- Budgets ---- */

START_TEST(work_on_bytes_and_elements_takes_fuel) {
  mf_value s = vm_parse(&arena, "\"0123456789\"");
  call.fuel = 15;
  ck_assert_str_eq(json_of(mf_fn_size(&call, &s, 1)), "10");
  ck_assert_int_eq(call.fuel, 5);
  ck_assert_uint_eq(call.charged, 10);
  mf_fn_size(&call, &s, 1);
  ck_assert_int_eq(call.status, MF_OUT_OF_FUEL);
  ck_assert_int_eq(call.fuel, 0);
}
END_TEST

START_TEST(strings_and_lists_are_bounded) {
  size_t n = MF_LIMIT_STRING_BYTES;
  char *text = mf_arena_get(&arena, n);
  memset(text, 'x', n);
  mf_value half = mf_string((mf_str){text, n / 2}), full = mf_string((mf_str){text, n});
  mf_value one = mf_string(MF_STR("x"));
  call.fuel = INT64_MAX;
  ck_assert_uint_eq(mf_arith(&call, MF_ADD, &half, &half).len, n);
  ck_assert_int_eq(call.status, MF_OK);
  mf_arith(&call, MF_ADD, &full, &one);
  ck_assert_int_eq(call.status, MF_VALUE_TOO_LARGE);
  call.status = MF_OK;
  mf_value two[] = {full, one};
  ck_assert_uint_eq(mf_concat(&call, two, 1).len, n);
  ck_assert_int_eq(call.status, MF_OK);
  mf_concat(&call, two, 2);
  ck_assert_int_eq(call.status, MF_VALUE_TOO_LARGE);
  call.status = MF_OK;
  uint32_t count = (uint32_t)MF_LIMIT_LIST_ELEMENTS;
  mf_value *items = mf_arena_zero(&arena, sizeof *items * count);
  mf_value list = mf_make_list(&call, items, count), single = mf_make_list(&call, items, 1);
  ck_assert_uint_eq(list.len, count);
  mf_arith(&call, MF_ADD, &list, &single);
  ck_assert_int_eq(call.status, MF_VALUE_TOO_LARGE);
}
END_TEST

/* Two values of 2^60 elements, if all were walked. */
START_TEST(comparing_shared_parts_runs_out_of_fuel) {
  mf_value x = mf_int(1), y = mf_int(1);
  for (unsigned i = 0; i < 60; i++) {
    mf_value two[] = {x, x}, other[] = {y, y};
    x = mf_list_of(&arena, two, 2);
    y = mf_list_of(&arena, other, 2);
  }
  mf_compare(&call, MF_EQ, &x, &y);
  ck_assert_int_eq(call.status, MF_OUT_OF_FUEL);
}
END_TEST

START_TEST(out_of_memory_ends_the_evaluation) {
  mf_counting_alloc c = {.inner = mf_alloc_default(), .fail_at = 1};
  mf_alloc a = mf_counting_alloc_as_alloc(&c);
  mf_arena small;
  mf_value x = mf_string(MF_STR("x")), list = mf_list_of(&arena, &x, 1), five = mf_int(5);
  mf_value pair[] = {x, five};
  for (unsigned i = 0; i < 7; i++) {
    mf_arena_init(&small, &a, 0);
    call = (mf_call){.arena = &small, .fuel = 1000};
    switch (i) {
      case 0: mf_arith(&call, MF_ADD, &x, &x); break;
      case 1: mf_arith(&call, MF_ADD, &list, &list); break;
      case 2: mf_arith(&call, MF_ADD, &x, &five); break;
      case 3: mf_make_list(&call, &x, 1); break;
      case 4: mf_make_map(&call, pair, 1); break;
      case 5: mf_concat(&call, pair, 2); break;
      case 6: mf_fn_bool(&call, &x, 1); break;
    }
    ck_assert_int_eq(call.status, MF_OUT_OF_MEMORY);
    mf_arena_fini(&small);
  }
}
END_TEST

Suite *vm_operators_suite(void);
Suite *vm_operators_suite(void) {
  Suite *s = suite_create("vm_operators");
  TCase *t = tcase_create("operators");
  suite_add_tcase(s, t);
  tcase_add_checked_fixture(t, set_up, tear_down);
  tcase_add_loop_test(t, operator_case, 0, (int)(sizeof op_cases / sizeof *op_cases));
  tcase_add_loop_test(t, function_case, 0, (int)(sizeof fn_cases / sizeof *fn_cases));
  tcase_add_test(t, every_function_has_a_case);
  tcase_add_test(t, unary_operators);
  tcase_add_test(t, lists_maps_and_text_are_made_of_items);
  tcase_add_test(t, what_is_made_from_a_secret_is_one);
  tcase_add_test(t, errors_quote_no_secrets);
  tcase_add_test(t, long_text_is_cut_in_messages);
  tcase_add_test(t, work_on_bytes_and_elements_takes_fuel);
  tcase_add_test(t, strings_and_lists_are_bounded);
  tcase_add_test(t, comparing_shared_parts_runs_out_of_fuel);
  tcase_add_test(t, out_of_memory_ends_the_evaluation);
  return s;
}
