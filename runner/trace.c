/* SPDX-License-Identifier: MIT */
/* --trace: one line for each effect and outcome, or for each instruction. */
#include "../image/listing.h"
#include "../vm/machine.h"
#include "host.h"

static void write_line(mf_host *h) {
  mf_buf_putc(&h->trace, '\n');
  h->options->err.write(h->options->err.ctx, h->trace.p, h->trace.n);
  mf_buf_clear(&h->trace);
}

static void put_json(mf_host *h, const mf_value *v) {
  mf_json_writer w;
  mf_json_write_init(&w, &h->trace, 0);
  w.filter = mf_redactor_filter(&h->redactor);
  if (v)
    mf_value_write_json(&w, v);
  else
    mf_json_null(&w);
}

/* JSON escapes control characters, so the line is safe as it is. */
void mf_trace_effect(mf_host *h, const mf_effect *effect) {
  mf_buf_printf(&h->trace, "effect #%u %.*s ", effect->id, (int)effect->driver.n, effect->driver.p);
  put_json(h, effect->args);
  write_line(h);
}

void mf_trace_outcome(mf_host *h, const mf_effect *effect, const mf_value *outcome) {
  mf_buf_printf(&h->trace, "outcome #%u ", effect->id);
  put_json(h, outcome);
  write_line(h);
}

/* "0012 ADD    ; 2, 3" shows the top of the stack before the instruction. */
static void trace_op(void *ctx, uint32_t task, uint32_t pc, const mf_value *stack, uint32_t depth) {
  mf_host *h = ctx;
  mf_buf_printf(&h->trace, "op %u ", task);
  mf_disassemble_one(h->image, pc, &h->trace);
  const uint32_t first = depth > 3 ? depth - 3 : 0;
  for (uint32_t i = first; i < depth; i++) {
    mf_buf_puts(&h->trace, i == first ? "  ; " : ", ");
    put_json(h, &stack[i]);
  }
  write_line(h);
}

void mf_trace_ops(mf_host *h) { mf_vm_set_trace(h->vm, trace_op, h); }
