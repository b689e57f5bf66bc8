/* SPDX-License-Identifier: MIT */
/* api_program - expressions embedded through the public header only. */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include "../../include/mfvm.h"

static const char *const names[] = {"latency", "error_rate"};

static mf_status compile(const char *text, size_t n, mf_program **program, char *message,
                         size_t size) {
  mf_alloc alloc = mf_alloc_default();
  return mf_program_compile(&alloc, (mf_str){text, n}, names, 2, program, message, size);
}

START_TEST(bytes_that_are_no_text_are_refused) { /* MF-E0310 */
  mf_program *program = NULL;
  char message[256] = "";
  ck_assert_int_eq(compile("'\xff'", 3, &program, message, sizeof message), MF_EXPRESSION_INVALID);
  ck_assert(strstr(message, "not valid UTF-8") != NULL);
  ck_assert(program == NULL);
}
END_TEST

START_TEST(a_message_names_the_place_and_a_near_name) {
  mf_program *program = NULL;
  char message[256] = "";
  ck_assert_int_eq(compile("latncy > 5", 10, &program, message, sizeof message),
                   MF_EXPRESSION_INVALID);
  ck_assert_msg(strstr(message, "'latency'") != NULL, "%s", message);
}
END_TEST

START_TEST(slots_are_bound_once_and_evaluated_often) {
  mf_program *program = NULL;
  mf_evaluator *evaluator = NULL;
  mf_alloc alloc = mf_alloc_default();
  const char *text = "latency > 500.0 && error_rate < 0.05";
  ck_assert_int_eq(compile(text, strlen(text), &program, NULL, 0), MF_OK);
  ck_assert_int_eq(mf_evaluator_new(&alloc, &evaluator), MF_OK);
  for (int i = 0; i < 1000; i++) {
    mf_value slots[2] = {{.kind = MF_DOUBLE, .as.d = i}, {.kind = MF_DOUBLE, .as.d = i % 7 * 0.01}},
             result;
    ck_assert_int_eq(mf_eval(program, evaluator, slots, &result), MF_OK);
    ck_assert_int_eq(result.kind, MF_BOOL);
    ck_assert_int_eq(result.as.i, i > 500 && i % 7 * 0.01 < 0.05);
  }
  mf_evaluator_free(evaluator);
  mf_program_free(program);
}
END_TEST

/* Two threads, one program, an evaluator each. */
static void *evaluate_often(void *ctx) {
  const mf_program *program = ctx;
  mf_evaluator *evaluator = NULL;
  mf_alloc alloc = mf_alloc_default();
  intptr_t wrong = mf_evaluator_new(&alloc, &evaluator) != MF_OK;
  for (int i = 0; !wrong && i < 20000; i++) {
    mf_value slots[2] = {{.kind = MF_INT, .as.i = i}, {.kind = MF_DOUBLE, .as.d = 0.5}}, result;
    wrong = mf_eval(program, evaluator, slots, &result) != MF_OK || result.kind != MF_STRING ||
            result.len != (i < 10      ? 3u
                           : i < 100   ? 4u
                           : i < 1000  ? 5u
                           : i < 10000 ? 6u
                                       : 7u);
  }
  mf_evaluator_free(evaluator);
  return (void *)wrong;
}

START_TEST(threads_share_a_program) {
  mf_program *program = NULL;
  pthread_t threads[2];
  const char *text = "'<' + string(latency) + '>'";
  ck_assert_int_eq(compile(text, strlen(text), &program, NULL, 0), MF_OK);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, evaluate_often, program), 0);
  for (int i = 0; i < 2; i++) {
    void *wrong = NULL;
    pthread_join(threads[i], &wrong);
    ck_assert_ptr_eq(wrong, NULL);
  }
  mf_program_free(program);
}
END_TEST

Suite *api_program_suite(void) {
  Suite *s = suite_create("api_program");
  TCase *t = tcase_create("embedding");
  tcase_add_test(t, bytes_that_are_no_text_are_refused);
  tcase_add_test(t, a_message_names_the_place_and_a_near_name);
  tcase_add_test(t, slots_are_bound_once_and_evaluated_often);
  tcase_add_test(t, threads_share_a_program);
  suite_add_tcase(s, t);
  return s;
}
