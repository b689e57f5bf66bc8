/* SPDX-License-Identifier: MIT */
/* mfc - the compiler. */
#include "cli.h"

static const cli_verb verbs[] = {
    {"build", verb_build, "FILE... [-o OUT] [--library DIR]", "compile documents to images (.mfc)"},
    {"check", verb_check,
     "FILE... [--format=text|json] [--dump=tokens|ast|expr|types] [--library DIR]",
     "compile and report, without writing anything"},
    {"disasm", verb_disasm, "FILE", "list an image, or the image of a document"},
    {"asm", verb_asm, "FILE -o OUT", "assemble a listing"},
    {"verify", verb_verify, "FILE...", "prove that images are sound"},
    {"inputs", verb_inputs, "FILE [--format=text|json]", "list what a document or image takes"},
    {"graph", verb_graph, "FILE [--format=mermaid|dot]",
     "draw the flow of a document or image: entries, branches, repeats"},
    {"eval", verb_eval,
     "EXPR [--var k=v]... [--vars FILE] [--type k=TYPE]... [--container NAME] [--strict-cel] "
     "[--unchecked] [--explain|--types|--ast|--disasm|--bench]",
     "evaluate an expression, or show what it is made of"},
    {"repl", verb_repl, "", "evaluate expressions line by line; :help lists commands"},
    {"explain", verb_explain, "CODE", "say what a diagnostic means"},
    {NULL, NULL, NULL, NULL}};

int main(int argc, char **argv) { return cli_main("mfc", verbs, &verbs[0], argc, argv); }
