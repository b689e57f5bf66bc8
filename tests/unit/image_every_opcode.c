/* SPDX-License-Identifier: MIT */
/* For each row of opcodes.def: the smallest program that holds it opens and
 * survives its listing; each of its operands, set out of bounds, is refused with
 * the status of its kind; and so is the instruction where it may not stand. */
#include "image_kit.h"

static const char tables[] =
    ".slot 0 name=\"x\"\n.step 0 name=\"s\" path=\"s\"\n.branch 0 name=\"b\" path=\"b\" arms=2\n"
    ".repeat 0 name=\"r\" path=\"r\"\n.link 0 name=\"l\" path=\"l\" file=\"l\"\n"
    ".hook 0 name=\"h\" path=\"h\"\n.action 0 name=\"a\" path=\"a\"\n"
    ".assertion 0 name=\"a\" path=\"a\"\n.scenario 0 name=\"s\" driver=\"d\"\n"
    ".fault 0 name=\"f\" path=\"f\" driver=\"d\"\n.metric 0 name=\"m\"\n.driver 0 name=\"d\"\n"
    ".group 0 name=\"g\" path=\"g\"\n.task 0 name=\"t\" path=\"t\"\n"
    ".report 0 format=\"\" template=\"\"\n.const 0 string \"k\"\n.const 1 int 1\n";

static const char frames[] =
    "RUN_ENTER end\nSTEP_ENTER 0, out\nCONST 0\nSTEP_BEGIN 0\nSTEP_OUTCOME 0\nCONST 0\n"
    "FAULT_ENTER 0, undo\nundo: FAULT_LEAVE 0\nout: STEP_LEAVE 0\n"
    "HOOK_ENTER 0, h\nHOOK_BEGIN 0\nh: HOOK_LEAVE 0\nACTION_ENTER 0, a\na: ACTION_LEAVE 0\n"
    "BRANCH_ENTER 0, other\nBRANCH_TAKE 0, 1\nJUMP next\nother: BRANCH_FAIL 0\n"
    "next: LINK_ENTER 0, linked\nlinked: LINK_LEAVE 0\nBLOCK_ENTER rollback, over\nover: "
    "BLOCK_LEAVE rollback\nPOP\n"
    "GROUP_ENTER 0, left\nCONST 0\nGROUP_BEGIN 0\nSPAWN 0, done, left\nNEEDS 0, done\n"
    "done: TASK_END 0\nleft: GROUP_LEAVE 0\nRUN_FINAL\nend: RUN_LEAVE\nEND\n";

static const char turns[] =
    "RUN_ENTER end\nREPEAT_ENTER 0, over\nCONST 1\nREPEAT_BEGIN 0\nagain: REPEAT_NEXT 0, over\n"
    "STEP_ENTER 0, out\nCONST 0\nRETRY_BEGIN 0\nattempt: RETRY 0, out\nCONST 0\nRETRY_IF 0, out\n"
    "RETRY_WAIT 0\nJUMP attempt\nout: STEP_LEAVE 0\n"
    "ACTION_ENTER 0, left\nCONST 0\nACTION_RETRY_BEGIN 0\ntry: ACTION_RETRY 0, left\nCONST 0\n"
    "ACTION_RETRY_IF 0, left\nACTION_RETRY_WAIT 0\nJUMP try\nleft: ACTION_LEAVE 0\n"
    "JUMP again\nover: REPEAT_LEAVE 0\n"
    "end: RUN_LEAVE\nEND\n";

static const char loops[] =
    ".chunk 0 name=\"e\" kind=pure\nSLOT_EQ 0 0\nPOP\n"
    "CONST 0\nLOOP end, list\nbody: LOCAL 0\nTEST body, end\n"
    "LOCAL_EQ 0, 0\nPOP\nLOCAL_NE 0, 0\nPOP\nLOCAL_LT 0, 0\nPOP\n"
    "LOCAL_LE 0, 0\nPOP\nLOCAL_GT 0, 0\nPOP\nLOCAL_GE 0, 0\nPOP\nCONST 0\nSTEP body, list\n"
    "end: LOOP_END list\n"
    "LOOP2 end2, map\nbody2: CONST 0\nTEST2 body2, end2\nCONST 0\nSTEP2 body2, map\n"
    "end2: LOOP_END map\nRETURN\n";

static bool is_loop_op(const mf_op_info *op) {
  const bool has_frame = op->flags & (MF_OPF_ENTER | MF_OPF_LEAVE | MF_OPF_INSIDE);
  return op->pop == MF_POP_AT || (op->flags & MF_OPF_PURE && has_frame);
}

static bool is_frame_op(const mf_op_info *op) {
  return op->flags & (MF_OPF_ENTER | MF_OPF_LEAVE | MF_OPF_INSIDE) || !strcmp(op->name, "END") ||
         !strcmp(op->name, "NEEDS");
}

static unsigned pops(const mf_op_info *op) {
  return op->pop >= 0 ? (unsigned)op->pop : op->pop == MF_POP_N || op->pop == MF_POP_NB ? 1 : 2;
}

static void put_times(mf_buf *out, const char *line, unsigned times) {
  while (times--) mf_buf_puts(out, line);
}

/* The instruction with operands that are in bounds, and a label behind it. */
static void put_op(mf_buf *out, const mf_op_info *op) {
  mf_buf_printf(out, "%s", op->name);
  for (unsigned i = 0; i < 3; i++) switch (op->operands[i]) {
      case MF_OPERAND_NONE: break;
      case MF_OPERAND_LABEL: mf_buf_puts(out, " next"); break;
      case MF_OPERAND_FUNCTION: mf_buf_puts(out, " size"); break;
      case MF_OPERAND_COUNT: mf_buf_puts(out, " 1"); break;
      case MF_OPERAND_STEP_OR_PREVIOUS: mf_buf_puts(out, " previous"); break;
      default: mf_buf_puts(out, " 0"); break;
    }
  mf_buf_puts(out, "\nnext:\n");
}

static void put_pure_program(mf_buf *out, const mf_op_info *op) {
  mf_buf_puts(out, ".chunk 0 name=\"e\" kind=pure\nSLOT_EQ 0 0\nPOP\n");
  put_times(out, "CONST 0\n", pops(op));
  if (!strcmp(op->name, "CHOOSE")) {
    mf_buf_puts(out, "CHOOSE no, done\nno: CONST 0\ndone: RETURN\n");
    return;
  }
  if (strcmp(op->name, "RETURN") != 0) {
    put_op(out, op);
    put_times(out, "CONST 0\n", op->push == 0);
    put_times(out, "POP\n", op->push > 1 ? op->push - 1u : 0);
  }
  mf_buf_puts(out, "RETURN\n");
}

static void put_statement_program(mf_buf *out, const mf_op_info *op) {
  mf_buf_puts(out, ".chunk 0 name=\"main\" kind=main\nRUN_ENTER end\nSTEP_ENTER 0, out\n");
  put_times(out, "CONST 0\n", pops(op));
  put_op(out, op);
  put_times(out, "POP\n", op->push);
  mf_buf_puts(out, "out: STEP_LEAVE 0\nend: RUN_LEAVE\nEND\n");
}

static void put_program(mf_buf *out, const mf_op_info *op) {
  mf_buf_puts(out, tables);
  if (is_loop_op(op))
    mf_buf_puts(out, loops);
  else if (!strncmp(op->name, "REPEAT", 6) || strstr(op->name, "RETRY"))
    mf_buf_printf(out, ".chunk 0 name=\"main\" kind=main\n%s", turns);
  else if (is_frame_op(op))
    mf_buf_printf(out, ".chunk 0 name=\"main\" kind=main\n%s", frames);
  else if (op->flags & MF_OPF_PURE)
    put_pure_program(out, op);
  else
    put_statement_program(out, op);
}

/* The word at which the first instruction of this code stands. */
static uint32_t find_op(const mf_image *im, uint32_t code) {
  for (uint32_t pc = 0; pc < im->code_count; pc += mf_op_table[mf_word_op(im->code[pc])].words)
    if (mf_word_op(im->code[pc]) == code) return pc;
  ck_abort_msg("%s is not in its program", mf_op_table[code].name);
  return 0;
}

static mf_status status_of_kind(mf_operand_kind kind, const mf_op_info *op) {
  if (kind == MF_OPERAND_LABEL) return MF_IMAGE_BAD_JUMP;
  if (kind == MF_OPERAND_COUNT && op->pop < 0 && op->pop != MF_POP_NB)
    return MF_IMAGE_STACK_UNDERFLOW;
  return MF_IMAGE_BAD_OPERAND;
}

/* Opens the image with operand i changed, and puts it back. */
static void expect_operand(kit *k, uint32_t pc, unsigned i, uint32_t value, mf_status expected) {
  uint32_t word, old;
  char *at = k->image.p + ((const uint8_t *)(k->open->code + pc) - k->open->bytes) +
             (i ? 4 * i : 0);
  kit bad = *k;
  memcpy(&old, at, sizeof old);
  word = i ? value : (old & 0xff) | value << 8;
  memcpy(at, &word, sizeof word);
  mf_image_seal((uint8_t *)k->image.p, k->image.n);
  bad.open = NULL;
  kit_open(&bad);
  ck_assert_msg(bad.opened == expected, "%s, operand %c = %u: expected %s, got %s (%s)",
                mf_op_table[old & 0xff].name, 'a' + (int)i, value, mf_status_name(expected),
                mf_status_name(bad.opened), bad.detail);
  ck_assert_msg(
      strstr(bad.detail, mf_op_table[i ? k->open->code[pc] & 0xff : old & 0xff].name) != NULL,
      "no name in: %s", bad.detail);
  memcpy(at, &old, sizeof old);
  mf_image_seal((uint8_t *)k->image.p, k->image.n);
}

static void check_operands(kit *k, uint32_t code) {
  const mf_op_info *op = &mf_op_table[code];
  const uint32_t pc = find_op(k->open, code);
  if (op->operands[0] == MF_OPERAND_NONE) expect_operand(k, pc, 0, 1, MF_IMAGE_BAD_OPERAND);
  for (unsigned i = 0; i < 3 && op->operands[i] != MF_OPERAND_NONE; i++) {
    const mf_operand_kind kind = (mf_operand_kind)op->operands[i];
    expect_operand(k, pc, i, 0xfffff0, status_of_kind(kind, op));
    if (i > 0) expect_operand(k, pc, i, 0xffffffff, status_of_kind(kind, op));
    if (kind == MF_OPERAND_TEXT) expect_operand(k, pc, i, 1, MF_IMAGE_BAD_KIND);
    /* The second word of SLOT_EQ or STEP_ENTER. */
    if (kind == MF_OPERAND_LABEL)
      expect_operand(k, pc, i, op->flags & MF_OPF_PURE ? 1 : 2, MF_IMAGE_BAD_JUMP);
  }
}

/* The instruction where it may not stand. */
static void expect_misplaced(const mf_op_info *op, const char *before, unsigned values,
                             mf_status expected) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf text;
  kit k;
  mf_buf_init(&text, &alloc, 0);
  mf_buf_puts(&text, tables);
  mf_buf_puts(&text, before);
  put_times(&text, "CONST 0\n", values);
  put_op(&text, op);
  mf_buf_puts(&text, "END\n");
  kit_make(&k, mf_buf_str(&text));
  ck_assert_msg(k.opened == expected, "%s: expected %s, got %s (%s)", op->name,
                mf_status_name(expected), mf_status_name(k.opened), k.detail);
  kit_free(&k);
  mf_buf_fini(&text);
}

static void check_places(const mf_op_info *op) {
  static const char pure[] = ".chunk 0 name=\"e\" kind=pure\n",
                    bare[] = ".chunk 0 name=\"m\" kind=main\n",
                    run[] = ".chunk 0 name=\"m\" kind=main\nRUN_ENTER next\n";
  const bool needs_frame = op->flags & (MF_OPF_RAISE | MF_OPF_LEAVE | MF_OPF_INSIDE);
  if (!(op->flags & MF_OPF_PURE)) expect_misplaced(op, pure, pops(op), MF_IMAGE_NOT_PURE);
  if (needs_frame) expect_misplaced(op, bare, pops(op), MF_IMAGE_FRAME_MISMATCH);
  if (pops(op) && !(op->flags & (MF_OPF_INSIDE | MF_OPF_LEAVE)) && strcmp(op->name, "RETURN") != 0)
    expect_misplaced(op, run, pops(op) - 1, MF_IMAGE_STACK_UNDERFLOW);
}

static void check_trace(const kit *k, uint32_t code) {
  mf_alloc alloc = mf_alloc_default();
  mf_buf out;
  mf_buf_init(&out, &alloc, 0);
  mf_disassemble_one(k->open, find_op(k->open, code), &out);
  ck_assert_msg(strstr(out.p, mf_op_table[code].name) != NULL, "%s", out.p);
  ck_assert(strchr(out.p, '\n') == NULL);
  mf_buf_fini(&out);
}

static void check_opcode(uint32_t code) {
  const mf_op_info *op = &mf_op_table[code];
  mf_alloc alloc = mf_alloc_default();
  mf_buf text;
  kit k;
  mf_buf_init(&text, &alloc, 0);
  put_program(&text, op);
  kit_make(&k, mf_buf_str(&text));
  ck_assert_msg(k.opened == MF_OK, "%s: %s (%s)\n%s", op->name, mf_status_name(k.opened), k.detail,
                text.p);
  kit_round_trip(&k);
  check_trace(&k, code);
  check_operands(&k, code);
  check_places(op);
  kit_free(&k);
  mf_buf_fini(&text);
}

START_TEST(every_opcode_is_verified_and_refused_when_malformed) {
  unsigned rows = 0, done = 0;
  for (uint32_t code = 0; code < 256; code++) rows += mf_op_table[code].name != NULL;
  for (uint32_t code = 0; code < 256; code++) {
    if (mf_op_table[code].name == NULL) continue;
    check_opcode(code);
    done++;
  }
  printf("verify: %u/%u opcodes\n", done, rows);
  fflush(stdout);
  ck_assert_uint_eq(done, rows);
}
END_TEST

START_TEST(every_other_code_is_refused) {
  for (uint32_t code = 0; code < 256; code++) {
    char text[80];
    kit k;
    if (mf_op_table[code].name) continue;
    snprintf(text, sizeof text, ".chunk 0 name=\"e\" kind=pure\n.raw %u\n", code);
    kit_make(&k, mf_str_of(text));
    ck_assert_int_eq(k.opened, MF_IMAGE_BAD_OPCODE);
    kit_free(&k);
  }
}
END_TEST

Suite *image_every_opcode_suite(void);
Suite *image_every_opcode_suite(void) {
  Suite *suite = suite_create("image/every opcode");
  TCase *t = tcase_create("opcodes");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, every_opcode_is_verified_and_refused_when_malformed);
  tcase_add_test(t, every_other_code_is_refused);
  suite_add_tcase(suite, t);
  return suite;
}
