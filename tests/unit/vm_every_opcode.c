/* SPDX-License-Identifier: MIT */
/* Every row of image/opcodes.def is executed, with what it does written down. */
#include "../../vm/program.h"
#include "vm_kit.h"

#define ROWS                                                                                       \
  ".step 0 name=\"one\" path=\"steps[0]\" flags=looks\n"                                           \
  ".branch 0 name=\"if\" path=\"steps[1]\" arms=1\n"                                               \
  ".repeat 0 name=\"loop\" path=\"steps[2]\" kind=for_each slot=1\n"                               \
  ".link 0 name=\"other\" path=\"steps[1].run\" file=\"other.yaml\"\n"                             \
  ".hook 0 name=\"hook\" path=\"hooks[0]\" type=pre_step\n"                                        \
  ".action 0 name=\"act\" path=\"steps[0].pre_hooks[0]\" type=log on_error=ignore\n"               \
  ".assertion 0 name=\"ok\" path=\"assertions[0]\" type=condition\n"                               \
  ".scenario 0 name=\"load\" driver=\"http_load\"\n"                                               \
  ".fault 0 name=\"slow\" path=\"steps[0].faults[0]\" driver=\"proxy\"\n"                          \
  ".metric 0 name=\"m\" kind=gauge\n"                                                              \
  ".driver 0 name=\"http_request\"\n"                                                              \
  ".group 0 name=\"all\" path=\"steps[2]\"\n.task 0 name=\"left\" path=\"steps[2].parallel[0]\"\n" \
  ".task 1 name=\"right\" path=\"steps[2].parallel[1]\"\n"                                         \
  ".report 0 format=\"json\" template=\"\"\n"                                                      \
  ".slot 0 name=\"x\" kind=global\n.slot 1 name=\"y\" kind=global\n"                               \
  ".const 0 int 7\n.const 1 int 2\n.const 2 bool true\n.const 3 bool false\n"                      \
  ".const 4 string \"a\"\n.const 5 list 0 1\n.const 6 map 4:0\n.const 7 map\n.const 8 int 0\n"

#define SHOW(code) code "LOG info\n"
#define BINARY(op) SHOW("CONST 0\nCONST 1\n" op "\n")

/* Variables, optionals and loops. */
#define VARIABLES                                                                                  \
  SHOW("CONST 0\nCONST 1\nLOCAL 1\nADD\nSLIDE 1\n")                                                \
  SHOW(                                                                                            \
      "CONST 6\nOPT_FIELD 4\nOPT_OPEN none\nCONST "                                                \
      "1\nADD\nOPT_WRAP\nnone:\nOPT_CHECK\nOPT_ELEMENT\n"                                          \
      "LIST 1\n")                                                                                  \
  SHOW("CONST 5\nCONST 8\nOPT_INDEX\nOPT_ELEMENT\nLIST 1\n")                                       \
  SHOW(                                                                                            \
      "CONST 5\nLOOP i, list\nj:\nLOCAL 0\nCONST 1\nGT\nTEST j, i\nLOCAL 0\nSTEP j, list\ni:\n"    \
      "LOOP_END list\n")                                                                           \
  SHOW(                                                                                            \
      "CONST 6\nLOOP2 k, map\nl:\nCONST 2\nTEST2 l, k\nLOCAL 0\nSTEP2 l, map\nk:\nLOOP_END map\n") \
  SHOW("CONST 5\nALL_COMPARE 1, gt\n")                                                             \
  SHOW("CONST 5\nEXISTS_COMPARE 1, eq\n")                                                          \
  SHOW(                                                                                            \
      "CONST 0\nLOCAL_EQ 0, 0\nLOCAL_NE 1, 0\nLOCAL_LT 2, 0\nLOCAL_LE 3, 0\nLOCAL_GT 4, 0\n"       \
      "LOCAL_GE 5, 0\nLIST 6\nSLIDE 1\n")

/* Expressions: each instruction's result in the log. */
static const char expressions[] = ROWS ".chunk 0 name=\"main\" kind=main\nRUN_ENTER out\n" SHOW(
    "CONST 5\n") "CONST 0\nINIT 0\n" SHOW("LOAD 0\n") SHOW("IS_SET 1\n")
    SHOW("STEP_FIELD previous, success\n") "CONST 0\nPOP\n" SHOW("UNKNOWN 4\nCONST 2\nOR\n") SHOW(
        "CONST 0\nCONST 1\nALIKE\nADD\n") SHOW("CONST 0\nDUP\nMULTIPLY\n") SHOW("CONST 0\nNEGATE\n")
        SHOW("CONST 2\nNOT\n") BINARY("ADD") BINARY("SUBTRACT") BINARY("MULTIPLY") BINARY("DIVIDE")
            BINARY("REMAINDER") BINARY("EQ") BINARY("NE") BINARY("LT") BINARY("LE") BINARY("GT")
                BINARY("GE") SHOW("CONST 1\nCONST 5\nIN\n") SHOW("CONST 5\nCONST 8\nINDEX\n")
                    SHOW("CONST 6\nFIELD 4\n") SHOW("CONST 6\nHAS_FIELD 4\n") SHOW(
                        "CONST 0\nCONST 1\nLIST 2\n") SHOW("CONST 4\nCONST 0\nMAP 1\n")
                        SHOW("CONST 5\nCALL 1, 1\n") SHOW("CONST 4\nCONST 0\nCONCAT 2\n") SHOW(
                            "CONST 3\nAND_JUMP a\nCONST 2\nAND\na:\n")
                            SHOW("CONST 2\nAND_JUMP b\nCONST 3\nAND\nb:\n") SHOW(
                                "CONST 2\nOR_JUMP c\nCONST 3\nOR\nc:\n")
                                SHOW("CONST 3\nOR_JUMP d\nCONST 3\nOR\nd:\n") SHOW(
                                    "CONST 3\nCHOOSE e, f\nCONST 0\nJUMP f\ne:\nCONST 1\nf:\n")
                                    SHOW("CONST 2\nCHOOSE g, h\nCONST 0\nJUMP h\ng:\nCONST 1\nh:\n")
                                        SHOW("SLOT_EQ 0, 0\n") SHOW("SLOT_NE 0, 0\n")
                                            SHOW("SLOT_LT 0, 0\n") SHOW("SLOT_LE 0, 0\n")
                                                SHOW("SLOT_GT 0, 0\n") SHOW("SLOT_GE 0, 0\n")
                                                    VARIABLES "out:\nRUN_LEAVE\nEND\n";

static const char expression_log[] =
    "log info: [7,2]\nlog info: 7\nlog info: false\nlog info: true\nlog info: true\nlog info: "
    "9\nlog info: "
    "49\nlog info: "
    "-7\nlog info: false\n"
    "log info: 9\nlog info: 5\nlog info: 14\nlog info: 3\nlog info: 1\n"
    "log info: false\nlog info: true\nlog info: false\nlog info: false\nlog info: true\nlog info: "
    "true\n"
    "log info: true\nlog info: 7\nlog info: 7\nlog info: true\nlog info: [7,2]\nlog info: "
    "{\"a\":7}\nlog info: 2\nlog info: a7\n"
    "log info: false\nlog info: false\nlog info: true\nlog info: false\nlog info: 2\nlog info: 7\n"
    "log info: true\nlog info: false\nlog info: false\nlog info: true\nlog info: false\nlog info: "
    "true\nlog info: 9\nlog info: [9]\nlog info: [7]\nlog info: [7]\nlog info: {\"a\":7}\nlog "
    "info: false\nlog info: true\nlog info: [true,false,false,true,false,true]\n= done failed\n";

/* Statements, frames, effects, judgements. */
static const char statements[] = ROWS
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER final\n"
    "STEP_ENTER 0, failed\nCONST 2\nJUMP_FALSE skip\nCONST 4\nSTEP_BEGIN 0\n"
    "HOOK_ENTER 0, hook\nHOOK_BEGIN 0\nACTION_ENTER 0, action\nCONST "
    "4\nFAIL\naction:\nACTION_LEAVE 0\nhook:\nHOOK_LEAVE 0\n"
    "CONST 7\nFAULT_ENTER 0, undo\nCONST 7\nSCENARIO 0\nWATCHED\nJUDGE\nCONST 7\nLABELS\nCONST "
    "0\nMETRIC "
    "0\nundo:\nFAULT_LEAVE 0\n"
    "CONST 7\nEFFECT 0\nANSWER\nagain:\nJUMP_SET 0, holds\nCONST 1\nSTORE 0\nCONST 2\nCONST 1\n"
    "CONST 0\nWAIT_AGAIN again\nholds:\nCLEAR 0\n"
    "CONST 7\nEFFECT 0\nOUTCOME\nNOW\nCONST 1\nWAIT\nCONST 1\nSTORE 0\nJUMP_SET 0, known\nCLEAR "
    "0\nknown:\nCLEAR 0\nJUMP failed\n"
    "skip:\nSKIP\n"
    "failed:\nHANDLER leave\nSTEP_OUTCOME 0\nJUMP_FAILED leave\nleave:\nSTEP_LEAVE "
    "0\nHANDLED\nGATE\n"
    "STEP_ENTER 0, over\nCONST 3\nJUMP_FALSE no\nCONST 4\nSTEP_BEGIN 0\nJUMP "
    "over\nno:\nSKIP\nover:\nSTEP_LEAVE 0\n"
    "BRANCH_ENTER 0, broken\nLOAD 1\nJUMP_FALSE else\nBRANCH_TAKE 0, 0\nJUMP "
    "next\nelse:\nBRANCH_TAKE 0, 1\nJUMP next\nbroken:\nBRANCH_FAIL 0\nnext:\n"
    "GROUP_ENTER 0, joined\nCONST 1\nGROUP_BEGIN 0\nSPAWN 0, done, second\n"
    "STEP_ENTER 0, hurried\nCONST 4\nSTEP_BEGIN 0\nCONST 1\nTIMEOUT\nCONST 0\nWAIT\n"
    "hurried:\nSTEP_LEAVE 0\ndone:\nTASK_END 0\n"
    "second:\nSPAWN 1, ended, joined\nNEEDS 0, ended\nCONST 4\nLOG info\nended:\nTASK_END 1\n"
    "joined:\nGROUP_LEAVE 0\n"
    "HANDLED\nBRANCH_ENTER 0, broken2\nCONST 2\nALLOW optional\nCONST 2\nJUMP_FALSE "
    "else2\nBRANCH_TAKE 0, 0\nJUMP "
    "next2\nelse2:\nBRANCH_TAKE 0, 1\nJUMP next2\nbroken2:\nBRANCH_FAIL 0\nnext2:\n"
    "RUN_BEGIN\nJUMP_MISSED clean\nJUMP_CLEAN clean\nBLOCK_ENTER recovery, "
    "held\nheld:\nBLOCK_LEAVE recovery\nPOP\nclean:\n"
    "CONST 4\nABORT\n"
    "final:\nRUN_FINAL\nCONST 0\nCONST 0\nCONST 2\nCONST 4\nMESSAGE\nASSERT 0\nVERDICT\nCONST "
    "4\nREPORT "
    "0\nRUN_LEAVE\nEND\n";

static const char statement_log[] =
    "step_started a\nhook_started hook\naction_finished act warning: a\nhook_finished hook passed\n"
    "-> proxy {\"do\":\"inject\",\"fault\":\"slow\",\"args\":{}}\n-> http_load {}\nmetric m "
    "[7, {}]\n-> proxy {\"do\":\"undo\",\"fault\":\"slow\",\"args\":{}}\n"
    "-> http_request {}\nvariable x [2]\n-> wait {\"seconds\":2.0}\n"
    "-> http_request {}\n-> now {}\n-> wait {\"seconds\":2.0}\nvariable x [2]\nstep_finished a "
    "passed 8s\nstep_finished one skipped\n"
    "error steps[1]: no value for 'y' yet\ngroup_started all\nstep_started a\n"
    "-> wait {\"seconds\":7.0}\nstep_finished a passed 1s\nlog info: a\n"
    "group_finished all passed 1s\nbranch if: then [true]\n"
    "block_finished recovery\nerror: a\n"
    "assertion ok passed [7, 7]\nverdict failed 9s: aborted\n-> report "
    "{\"path\":\"a\",\"format\":\"json\"}\n= done failed\n";

/* Turns and attempts. */
static const char turns[] = ROWS
    ".const 9 string \"max_attempts\"\n.const 10 string \"delay\"\n.const 11 map 9:1 10:1\n"
    ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\n"
    "REPEAT_ENTER 0, leave\nCONST 5\nREPEAT_BEGIN 0\nnext:\nREPEAT_NEXT 0, leave\n"
    "STEP_ENTER 0, out\nCONST 4\nSTEP_BEGIN 0\nCONST 11\nRETRY_BEGIN 0\nattempt:\n"
    "HANDLER known\nSLOT_EQ 1, 0\nJUMP_FALSE known\nCONST 4\nFAIL\n"
    "known:\nHANDLER out\nRETRY 0, out\nCONST 2\nRETRY_IF 0, out\nRETRY_WAIT 0\nJUMP attempt\n"
    "out:\nSTEP_LEAVE 0\nHANDLED\nJUMP next\n"
    "leave:\nREPEAT_LEAVE 0\nHANDLED\nLINK_ENTER 0, linked\nCONST 4\nFAIL\nlinked:\nLINK_LEAVE 0\n"
    "ACTION_ENTER 0, left\nCONST 11\nACTION_RETRY_BEGIN 0\ntry:\nHANDLER tried\nCONST 4\nFAIL\n"
    "tried:\nHANDLER left\nACTION_RETRY 0, left\nCONST 2\nACTION_RETRY_IF 0, left\n"
    "ACTION_RETRY_WAIT 0\nJUMP try\nleft:\nACTION_LEAVE 0\nend:\nVERDICT\nRUN_LEAVE\nEND\n";

static const char turn_log[] =
    "turn loop [7]\nstep_started a\nstep_retried a: a [2.0]\n-> wait {\"seconds\":2.0}\n"
    "step_started a\nstep_finished a failed 1s: a\n"
    "turn loop [2]\nstep_started a\nstep_finished a passed\nrepeat_finished loop\n"
    "error steps[1].run: a\nlink_finished other: a\n"
    "action_retried act: a [2.0]\n-> wait {\"seconds\":2.0}\naction_finished act warning: a\n"
    "verdict failed 2s\n= done failed\n";

typedef struct coverage {
  const mf_image *image;
  bool seen[256];
} coverage;

static void note(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack, uint32_t depth) {
  coverage *c = ctx;
  (void)task, (void)stack, (void)depth;
  c->seen[mf_word_op(c->image->code[pc])] = true;
}

static void run_main(coverage *c, const char *text, const char *log) {
  vm_host h;
  vm_host_init(&h, text);
  vm_host_new(&h);
  c->image = h.image.open;
  mf_vm_set_trace(h.vm, note, c);
  vm_host_run(&h);
  ck_assert_msg(strcmp(h.log.p, log) == 0, "expected\n%s\nbut got\n%s", log, h.log.p);
  vm_host_fini(&h);
}

/* RETURN stands in expression chunks only. */
static void run_pure(coverage *c) {
  kit k;
  mf_program *p = NULL;
  mf_evaluator *e = NULL;
  mf_value result;
  kit_assemble(&k, MF_STR(".const 0 int 1\n.chunk 0 name=\"e\" kind=pure\nCONST 0\nRETURN\n"));
  uint8_t *bytes = malloc(k.image.n);
  memcpy(bytes, k.image.p, k.image.n);
  ck_assert_int_eq(mf_program_from_image(NULL, bytes, k.image.n, &p), MF_OK);
  ck_assert_int_eq(mf_evaluator_new(NULL, &e), MF_OK);
  c->image = p->image;
  mf_evaluator_set_trace(e, note, c);
  ck_assert_int_eq(mf_eval(p, e, NULL, &result), MF_OK);
  ck_assert_int_eq(result.as.i, 1);
  mf_evaluator_free(e);
  mf_program_free(p);
  kit_free(&k);
}

START_TEST(every_opcode_is_executed) {
  coverage c = {.image = NULL};
  unsigned total = 0, seen = 0;
  run_main(&c, expressions, expression_log);
  run_main(&c, statements, statement_log);
  run_main(&c, turns, turn_log);
  run_pure(&c);
#define MF_OP(name, code, a, b, c_, pop, push, flags, synopsis) \
  total++, seen += c.seen[code];                                \
  if (!c.seen[code]) printf("never executed: " #name "\n");
#include "../../image/opcodes.def"
#undef MF_OP
  printf("opcodes executed %u/%u\n", seen, total);
  fflush(stdout);
  ck_assert_uint_eq(seen, total);
}
END_TEST

/* Tracing changes nothing. */
START_TEST(untraced_runs_are_the_same) {
  vm_expect(expressions, NULL, expression_log);
  vm_expect(statements, NULL, statement_log);
  vm_expect(turns, NULL, turn_log);
}
END_TEST

Suite *vm_every_opcode_suite(void);
Suite *vm_every_opcode_suite(void) {
  Suite *s = suite_create("vm_every_opcode");
  TCase *t = tcase_create("opcodes");
  suite_add_tcase(s, t);
  tcase_add_test(t, every_opcode_is_executed);
  tcase_add_test(t, untraced_runs_are_the_same);
  return s;
}
