/* SPDX-License-Identifier: MIT */
/* mfvm - the machine. */
#include "cli.h"

static const cli_verb verbs[] = {
    {"run", verb_run,
     "FILE [--target URL|sample|none] [--var k=v]... (mfvm run --help: all options)",
     "run a document or an image"},
    {"journal", verb_journal, "JOURNAL [--format=text|json]", "print what happened in a run"},
    {"report", verb_report,
     "JOURNAL [--format=html|json|junit|markdown|csv] [--template FILE] [-o FILE]",
     "make a report from a journal"},
    {"target", verb_target, "[--port N] [--latency T] [--jitter T] [--error-rate SHARE]",
     "serve the built-in sample service"},
    {"proxy", verb_proxy, "[--port N] [--config FILE] | list|create|toxic|... (mfvm proxy --help)",
     "proxies that break TCP connections, with Toxiproxy's API"},
    {"verify", verb_verify, "FILE...", "prove that images are sound"},
    {"inputs", verb_inputs, "FILE [--format=text|json]", "list what a document or image takes"},
    {NULL, NULL, NULL, NULL}};

int main(int argc, char **argv) { return cli_main("mfvm", verbs, NULL, argc, argv); }
