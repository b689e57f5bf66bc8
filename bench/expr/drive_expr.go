// SPDX-License-Identifier: MIT

// expr, driven from Go, its own host: the C files are read for the conditions,
// rows, orders and results only.  The environment is a map, which its VM reads
// fastest.  In host mode every input is put into it on each evaluation.
package main

/*
#cgo CFLAGS: -D_GNU_SOURCE -std=gnu11 -O2 -Wno-unused
#include "harness.h"
// Go sees functions of a file it includes, not variables.
static const row *row_at(unsigned i) { return &rows[i]; }
static const input *input_at(unsigned c, unsigned k) { return &conditions[c].inputs[k]; }
static const void *order_at(int o) { return o ? long_order : short_order; }
static bool truth_at(unsigned c, unsigned i) { return truths[c][i]; }
static const char *text_at(unsigned i) { return texts[i]; }
*/
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/antonmedv/expr"
	"github.com/antonmedv/expr/vm"
)

const (
	rowCount    = C.ROWS
	shortRepeat = 4
)

type object = map[string]interface{}

// An input as a Go program would hold it, and where it goes.
type input struct {
	kind    C.input_type
	to      object
	key     string
	number  float64
	whole   int
	truth   bool
	text    string
	numbers []float64
}

var orders [2][]uint8

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "expr:", err)
		os.Exit(1)
	}
}

// Input `in` of row i; in the end it is env's member of that name, in objects
// which are made.
func read(i int, in *C.input, env object) input {
	at := C.row_at(C.uint(i))
	parts := strings.Split(C.GoString(in.name), ".")
	for _, part := range parts[:len(parts)-1] {
		if env[part] == nil {
			env[part] = object{}
		}
		env = env[part].(object)
	}
	out := input{kind: in._type, to: env, key: parts[len(parts)-1]}
	switch in._type {
	case C.NUMBER:
		out.number = float64(C.number_of(at, in))
	case C.WHOLE:
		out.whole = int(C.whole_of(at, in))
	case C.TRUTH:
		out.truth = bool(C.truth_of(at, in))
	case C.TEXT:
		s := C.text_of(at, in)
		out.text = C.GoStringN(s.p, C.int(s.n))
	case C.NUMBERS:
		for _, s := range at.samples {
			out.numbers = append(out.numbers, float64(s))
		}
	}
	return out
}

func (in *input) put() {
	switch in.kind {
	case C.NUMBER:
		in.to[in.key] = in.number
	case C.WHOLE:
		in.to[in.key] = in.whole
	case C.TRUTH:
		in.to[in.key] = in.truth
	case C.TEXT:
		in.to[in.key] = in.text
	case C.NUMBERS:
		in.to[in.key] = in.numbers
	}
}

func newEnv() object {
	return object{"string": func(args ...interface{}) interface{} { return strconv.Itoa(args[0].(int)) }}
}

// Every row's inputs of condition c, put into its own environment or all into
// the given one.
func readRows(c int, shared object) (envs []object, inputs [][]input) {
	for i := 0; i < rowCount; i++ {
		env := shared
		if env == nil {
			env = newEnv()
		}
		var of []input
		for k := 0; ; k++ {
			in := C.input_at(C.uint(c), C.uint(k))
			if in._type == C.END_OF_INPUTS {
				break
			}
			of = append(of, read(i, in, env))
			of[k].put()
		}
		envs, inputs = append(envs, env), append(inputs, of)
	}
	return envs, inputs
}

// Like MEASURE of harness.h.
func measure(mode string, c int, evaluate func(i uint8) (interface{}, error)) {
	var truths [rowCount]bool
	var texts [rowCount]string
	for i := range truths {
		truths[i] = bool(C.truth_at(C.uint(c), C.uint(i)))
		texts[i] = C.GoString(C.text_at(C.uint(i)))
	}
	for o, order := range orders {
		repeats, name := shortRepeat, "short"
		if o == 1 {
			repeats, name = 1, "long"
		}
		for _, i := range orders[1][:C.SHORT_ORDER] {
			out, err := evaluate(i)
			must(err)
			if c == C.CASE_TEXT && out.(string) != texts[i] || c != C.CASE_TEXT && out.(bool) != truths[i] {
				must(fmt.Errorf("wrong result of condition %d, row %d", c, i))
			}
		}
		wrong := 0
		begin := time.Now()
		for n := 0; n < repeats; n++ {
			for _, i := range order {
				out, err := evaluate(i)
				if err != nil {
					wrong++
				} else if c == C.CASE_TEXT {
					if len(out.(string)) != len(texts[i]) {
						wrong++
					}
				} else if out.(bool) != truths[i] {
					wrong++
				}
			}
		}
		ns := float64(time.Since(begin).Nanoseconds()) / float64(repeats*len(order))
		if wrong != 0 {
			must(fmt.Errorf("%d wrong results of condition %d", wrong, c))
		}
		fmt.Printf("expr\t%s\t%s\t%d\t%.3f\n", mode, name, c, ns)
	}
}

func main() {
	C.prepare()
	orders[0] = C.GoBytes(unsafe.Pointer(C.order_at(0)), C.SHORT_ORDER)
	orders[1] = C.GoBytes(unsafe.Pointer(C.order_at(1)), C.LONG_ORDER)
	var text [1024]C.char
	prefix, dot := C.CString(""), C.CString(".")
	for c := 0; c < C.CASES; c++ {
		if !C.write_text(&text[0], 1024, C.uint(c), C.EXPR, prefix, dot) {
			continue
		}
		envs, _ := readRows(c, nil)
		program, err := expr.Compile(C.GoString(&text[0]), expr.Env(envs[0]))
		must(err)
		machine := vm.VM{}
		measure("call", c, func(i uint8) (interface{}, error) { return machine.Run(program, envs[i]) })
		env := newEnv()
		_, inputs := readRows(c, env)
		measure("host", c, func(i uint8) (interface{}, error) {
			of := inputs[i]
			for k := range of {
				of[k].put()
			}
			return machine.Run(program, env)
		})
	}
}
