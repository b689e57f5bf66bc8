/* SPDX-License-Identifier: MIT */
/* orchestration.y - the grammar of documents, over the tokens that YAML and JSON
 * are both turned into (compiler/token_stream.h).
 *
 * It settles which mapping stands where, which keys it may have, and which shape
 * each value has.  What is in a mapping is written down once, in keys.def:
 * tools/gen_grammar.awk appends a nonterminal t_map for each tag T (an opening
 * token and the members so far), action_case, condition_case, ... for the
 * families, and not_POSITION_map for openers that cannot stand there.  This file
 * has what that tool cannot know: one nonterminal for each SHAPE of keys.def,
 * and the lists.
 *
 * - Keys come in any order, so `type` may be the last one: the token stream
 *   tags an opener when the mapping is over and hands it on only then.
 * - Every KEY_x falls back to KEY and every x_MAP to MAP: free JSON is five
 *   rules, and in a typed mapping "KEY any" is what an unknown key looks like.
 * - The opener is the first element of each body: no rule is empty.
 * - What remains a syntax error is a value of the wrong shape.  Every place for
 *   a value has an `error` alternative, so that nothing is ever popped, and the
 *   feeder (compiler/document.c) skips the rest of that value.
 * - END closes both kinds of brackets; the token stream keeps them balanced.
 * - A BAD token stands for a value about which something was reported. */
%name mf_doc_parser
%token_prefix MF_TK_
%token_type {mf_token}
%default_type {mf_node *}
%extra_context {mf_doc *p}
%start_symbol root
/* A level of nesting is at most an open mapping, its key and an open list:
 * DOCUMENT_DEPTH levels of any mixture need 2 entries each, and a few more. */
%stack_size 256

%include {
#ifndef NDEBUG
#define NDEBUG 1 /* the template's trace needs stdio */
#endif
#define mf_doc_parser_ENGINEALWAYSONSTACK 1
#include "compiler/document_parser.h"
}
%syntax_error { mf_doc_offended(p); (void)yymajor; (void)TOKEN; }
%stack_overflow { p->overflow = true; }
%parse_failure { p->overflow = true; }
%code {
size_t mf_doc_parser_size(void) { return sizeof(yyParser); }
/* The wrong value is behind us: the next mistake is a mistake of its own. */
void mf_doc_parser_settle(void *parser) { ((yyParser *)parser)->yyerrcnt = -1; }
}

root ::= document_map(B) END. { p->root = mf_doc_close(p, B); }
root ::= manifest_map(B) END. { p->root = mf_doc_close(p, B); }
root ::= wrapper_map(B) END.  { p->root = mf_doc_close(p, B); }
root ::= values_map(B) END.   { p->root = B; } /* no key of it means anything */

document(A) ::= document_map(B) END. { A = mf_doc_close(p, B); }
document(A) ::= NIL|BAD(T). { A = T.node; }
document(A) ::= error.      { A = mf_doc_wrong(p, "an orchestration"); }

/* ---- free JSON ---- */
%fallback STRING INTERPOLATION DURATION.

any(A) ::= STRING|INT|DOUBLE|BOOL|NIL|BAD(T). { A = T.node; }
any(A) ::= free_map(B) END.  { A = B; }
any(A) ::= free_list(B) END. { A = B; }
free_map(A) ::= MAP(M).                     { A = mf_doc_open(M.node, MF_TAG_FREE); }
free_map(A) ::= free_map(B) KEY(K) any(V).  { A = mf_doc_add_free(B, K.member, V); }
free_list(A) ::= LIST(L).                   { A = L.node; }
free_list(A) ::= free_list(B) any(V).       { A = mf_doc_append(B, V); }

/* ---- scalars; the checker reads words, shares and texts of durations ---- */
text(A) ::= STRING|NIL|BAD(T). { A = T.node; }
text(A) ::= error.             { A = mf_doc_wrong(p, "text"); }
word(A) ::= STRING|NIL|BAD(T). { A = T.node; }
word(A) ::= error.             { A = mf_doc_wrong(p, "a word"); }
label(A) ::= STRING|INT|DOUBLE|NIL|BAD(T). { A = T.node; }
label(A) ::= error.                        { A = mf_doc_wrong(p, "text or a number"); }
scalar(A) ::= STRING|INT|DOUBLE|BOOL|NIL|BAD(T). { A = T.node; }
scalar(A) ::= error.                             { A = mf_doc_wrong(p, "a text, number or boolean"); }
number(A) ::= INT|DOUBLE|INTERPOLATION|NIL|BAD(T). { A = T.node; }
number(A) ::= error.                               { A = mf_doc_wrong(p, "a number"); }
share(A) ::= INT|DOUBLE|STRING|NIL|BAD(T). { A = T.node; }
share(A) ::= error.                        { A = mf_doc_wrong(p, "a share, such as 0.1 or '10%'"); }
bool(A) ::= BOOL|INTERPOLATION|NIL|BAD(T). { A = T.node; }
bool(A) ::= error.                         { A = mf_doc_wrong(p, "true or false"); }
duration(A) ::= INT|DOUBLE|DURATION|INTERPOLATION|NIL|BAD(T). { A = T.node; }
duration(A) ::= error.                                        { A = mf_doc_wrong(p, "a number or a duration"); }

/* ---- lists and mappings of scalars ---- */
texts(A) ::= text_list(B) END.           { A = B; }
texts(A) ::= NIL|BAD(T).                 { A = T.node; }
texts(A) ::= error.                      { A = mf_doc_wrong(p, "a list of texts"); }
text_list(A) ::= LIST(L).                { A = L.node; }
text_list(A) ::= text_list(B) text(V).   { A = mf_doc_add_item(p, B, V, "text"); }

scalars(A) ::= scalar_list(B) END.           { A = B; }
scalars(A) ::= NIL|BAD(T).                   { A = T.node; }
scalars(A) ::= error.                        { A = mf_doc_wrong(p, "a list of texts"); }
scalar_list(A) ::= LIST(L).                  { A = L.node; }
scalar_list(A) ::= scalar_list(B) scalar(V). { A = mf_doc_add_item(p, B, V, "text"); }

numbers(A) ::= number_list(B) END.           { A = B; }
numbers(A) ::= NIL|BAD(T).                   { A = T.node; }
numbers(A) ::= error.                        { A = mf_doc_wrong(p, "a list of numbers"); }
number_list(A) ::= LIST(L).                  { A = L.node; }
number_list(A) ::= number_list(B) number(V). { A = mf_doc_add_item(p, B, V, "a number"); }

map(A) ::= free_map(B) END. { A = B; }
map(A) ::= NIL|BAD(T).      { A = T.node; }
map(A) ::= error.           { A = mf_doc_wrong(p, "a mapping"); }

scalar_map(A) ::= scalar_members(B) END. { A = B; }
scalar_map(A) ::= NIL|BAD(T).            { A = T.node; }
scalar_map(A) ::= error.                 { A = mf_doc_wrong(p, "a mapping of texts"); }
scalar_members(A) ::= MAP(M).            { A = mf_doc_open(M.node, MF_TAG_FREE); }
scalar_members(A) ::= scalar_members(B) KEY(K) scalar(V). { A = mf_doc_add_free(B, K.member, V); }

/* ---- the document's own values ---- */
variables(A) ::= free_map(B) END.      { A = B; }
variables(A) ::= variable_list(B) END. { A = B; }
variables(A) ::= NIL|BAD(T).           { A = T.node; }
variables(A) ::= error.                { A = mf_doc_wrong(p, "a mapping of names to values, or a list of {name, value}"); }
variable_list(A) ::= LIST(L).          { A = L.node; }
variable_list(A) ::= variable_list(B) variable(V). { A = mf_doc_add_item(p, B, V, "{name, value}"); }
variable(A) ::= variable_item_map(B) END. { A = mf_doc_close(p, B); }
variable(A) ::= NIL|BAD(T).               { A = T.node; }
variable(A) ::= error.                    { A = mf_doc_wrong(p, "{name, value}"); }

inputs(A) ::= input_members(B) END. { A = B; }
inputs(A) ::= NIL|BAD(T).           { A = T.node; }
inputs(A) ::= error.                { A = mf_doc_wrong(p, "a mapping of names to types, or to {type, default, ...}"); }
input_members(A) ::= MAP(M).        { A = mf_doc_open(M.node, MF_TAG_FREE); }
input_members(A) ::= input_members(B) KEY(K) input(V). { A = mf_doc_add_free(B, K.member, V); }
input(A) ::= STRING|NIL|BAD(T).     { A = T.node; }
input(A) ::= input_map(B) END.      { A = mf_doc_close(p, B); }
input(A) ::= error.                 { A = mf_doc_wrong(p, "a type, or {type, default, ...}"); }

secrets(A) ::= secret_members(B) END. { A = B; }
secrets(A) ::= NIL|BAD(T).            { A = T.node; }
secrets(A) ::= error.                 { A = mf_doc_wrong(p, "a mapping of names to {env: X} or {file: PATH}"); }
secret_members(A) ::= MAP(M).         { A = mf_doc_open(M.node, MF_TAG_FREE); }
secret_members(A) ::= secret_members(B) KEY(K) secret(V). { A = mf_doc_add_free(B, K.member, V); }
secret(A) ::= secret_map(B) END.      { A = mf_doc_close(p, B); }
secret(A) ::= NIL|BAD(T).             { A = T.node; }
secret(A) ::= error.                  { A = mf_doc_wrong(p, "{env: X} or {file: PATH}"); }

target(A) ::= STRING|NIL|BAD(T). { A = T.node; }
target(A) ::= free_map(B) END.   { A = mf_doc_later_form(p, B, "a mapping as 'target'"); }
target(A) ::= error.             { A = mf_doc_wrong(p, "a URL"); }

reports(A) ::= STRING|NIL|BAD(T).    { A = T.node; }
reports(A) ::= report_map(B) END.    { A = mf_doc_close(p, B); }
reports(A) ::= report_list(B) END.   { A = B; }
reports(A) ::= error.                { A = mf_doc_wrong(p, "a path, {path, format, template}, or a list of these"); }
report_list(A) ::= LIST(L).          { A = L.node; }
report_list(A) ::= report_list(B) report(V). { A = mf_doc_add_item(p, B, V, "a path"); }
report(A) ::= STRING|NIL|BAD(T).     { A = T.node; }
report(A) ::= report_map(B) END.     { A = mf_doc_close(p, B); }
report(A) ::= error.                 { A = mf_doc_wrong(p, "a path or {path, format, template}"); }

limits(A) ::= limits_map(B) END. { A = mf_doc_close(p, B); }
limits(A) ::= NIL|BAD(T).        { A = T.node; }
limits(A) ::= error.             { A = mf_doc_wrong(p, "a mapping of limits, such as {max_rate: 100}"); }

/* ---- entries ---- */
entries(A) ::= entry_list(B) END.         { A = B; }
entries(A) ::= NIL|BAD(T).                { A = T.node; }
entries(A) ::= error.                     { A = mf_doc_wrong(p, "a list of steps"); }
entry_list(A) ::= LIST(L).                { A = L.node; }
entry_list(A) ::= entry_list(B) entry(V). { A = mf_doc_add_item(p, B, V, "a step"); }
entry(A) ::= entry_case(B).               { A = B; }
entry(A) ::= action_case(B).              { A = B; }
entry(A) ::= not_entry_map(B) END.        { A = mf_doc_wrong_type(p, B, MF_FAMILY_ENTRY); }
entry(A) ::= NIL|BAD(T).                  { A = T.node; }
entry(A) ::= error.                       { A = mf_doc_wrong(p, "a step"); }

/* Directly in conditional_steps the token stream tags every mapping so. */
conditionals(A) ::= conditional_list(B) END. { A = B; }
conditionals(A) ::= NIL|BAD(T).              { A = T.node; }
conditionals(A) ::= error.                   { A = mf_doc_wrong(p, "a list of conditionals"); }
conditional_list(A) ::= LIST(L).             { A = L.node; }
conditional_list(A) ::= conditional_list(B) conditional(V). { A = mf_doc_add_item(p, B, V, "a conditional"); }
conditional(A) ::= conditional_map(B) END.   { A = mf_doc_close(p, B); }
conditional(A) ::= NIL|BAD(T).               { A = T.node; }
conditional(A) ::= error.                    { A = mf_doc_wrong(p, "a conditional"); }

elifs(A) ::= elif_list(B) END.        { A = B; }
elifs(A) ::= NIL|BAD(T).              { A = T.node; }
elifs(A) ::= error.                   { A = mf_doc_wrong(p, "a list of {condition, then_steps}"); }
elif_list(A) ::= LIST(L).             { A = L.node; }
elif_list(A) ::= elif_list(B) elif(V). { A = mf_doc_add_item(p, B, V, "{condition, then_steps}"); }
elif(A) ::= elif_map(B) END.          { A = mf_doc_close(p, B); }
elif(A) ::= NIL|BAD(T).               { A = T.node; }
elif(A) ::= error.                    { A = mf_doc_wrong(p, "{condition, then_steps}"); }

base(A) ::= base_map(B) END. { A = mf_doc_close(p, B); }
base(A) ::= NIL|BAD(T).      { A = T.node; }
base(A) ::= error.           { A = mf_doc_wrong(p, "a mapping of a step's own keys"); }

probe(A) ::= STRING|INTERPOLATION|NIL|BAD(T). { A = T.node; }
probe(A) ::= probe_map(B) END. { A = mf_doc_close(p, B); }
probe(A) ::= error.            { A = mf_doc_wrong(p, "a URL, or {url, method, headers, body, timeout}"); }

request_probe(A) ::= STRING|INTERPOLATION|NIL|BAD(T). { A = T.node; }
request_probe(A) ::= request_probe_map(B) END. { A = mf_doc_close(p, B); }
request_probe(A) ::= error.         { A = mf_doc_wrong(p, "a URL, or {url, method, headers, body, timeout, expect}"); }

steady_state(A) ::= steady_state_map(B) END. { A = mf_doc_close(p, B); }
steady_state(A) ::= NIL|BAD(T).     { A = T.node; }
steady_state(A) ::= error.          { A = mf_doc_wrong(p, "{probes, assertions, duration, recovery}"); }
probes(A) ::= probe_list(B) END.    { A = B; }
probes(A) ::= NIL|BAD(T).           { A = T.node; }
probes(A) ::= error.                { A = mf_doc_wrong(p, "a list of actions"); }
probe_list(A) ::= LIST(L).          { A = L.node; }
probe_list(A) ::= probe_list(B) steady_probe(V). { A = mf_doc_add_item(p, B, V, "an action"); }
steady_probe(A) ::= action_case(B). { A = B; }
steady_probe(A) ::= probe_item_map(B) END. { A = mf_doc_close(p, B); }
steady_probe(A) ::= NIL|BAD(T).     { A = T.node; }
steady_probe(A) ::= error.          { A = mf_doc_wrong(p, "an action, or {http_request: {...}}"); }

repeat_times(A) ::= repeat_times_map(B) END. { A = mf_doc_close(p, B); }
repeat_times(A) ::= NIL|BAD(T).      { A = T.node; }
repeat_times(A) ::= error.           { A = mf_doc_wrong(p, "{count: 3}, {while: ...}, {until: ...} or {for_each: ...}"); }

retry(A) ::= retry_map(B) END. { A = mf_doc_close(p, B); }
retry(A) ::= NIL|BAD(T).       { A = T.node; }
retry(A) ::= error.            { A = mf_doc_wrong(p, "a retry policy, such as {max_attempts: 3, delay: 1s}"); }

scenario(A) ::= STRING|NIL|BAD(T).   { A = T.node; }
scenario(A) ::= scenario_map(B) END. { A = mf_doc_close(p, B); }
scenario(A) ::= error.               { A = mf_doc_wrong(p, "a scenario's name, or {name, config}"); }

/* ---- hooks and actions ---- */
hooks(A) ::= hook_list(B) END.         { A = B; }
hooks(A) ::= NIL|BAD(T).               { A = T.node; }
hooks(A) ::= error.                    { A = mf_doc_wrong(p, "a list of hooks"); }
hook_list(A) ::= LIST(L).              { A = L.node; }
hook_list(A) ::= hook_list(B) hook(V). { A = mf_doc_add_item(p, B, V, "a hook"); }
hook(A) ::= hook_map(B) END.           { A = mf_doc_close(p, B); }
hook(A) ::= NIL|BAD(T).                { A = T.node; }
hook(A) ::= error.                     { A = mf_doc_wrong(p, "a hook"); }

actions(A) ::= action_list(B) END.           { A = B; }
actions(A) ::= NIL|BAD(T).                   { A = T.node; }
actions(A) ::= error.                        { A = mf_doc_wrong(p, "a list of actions"); }
action_list(A) ::= LIST(L).                  { A = L.node; }
action_list(A) ::= action_list(B) action(V). { A = mf_doc_add_item(p, B, V, "an action"); }
action(A) ::= action_case(B).                { A = B; }
action(A) ::= not_action_map(B) END.         { A = mf_doc_wrong_type(p, B, MF_FAMILY_ACTION); }
action(A) ::= NIL|BAD(T).                    { A = T.node; }
action(A) ::= error.                         { A = mf_doc_wrong(p, "an action"); }

/* ---- conditions and assertions; text is an expression ---- */
condition(A) ::= STRING|BOOL|NIL|BAD(T).  { A = T.node; }
condition(A) ::= condition_case(B).       { A = B; }
condition(A) ::= not_condition_map(B) END. { A = mf_doc_wrong_type(p, B, MF_FAMILY_CONDITION); }
condition(A) ::= error.                   { A = mf_doc_wrong(p, "a condition: a mapping with 'type', or an expression"); }
conditions(A) ::= condition_list(B) END.  { A = B; }
conditions(A) ::= NIL|BAD(T).             { A = T.node; }
conditions(A) ::= error.                  { A = mf_doc_wrong(p, "a list of conditions"); }
condition_list(A) ::= LIST(L).            { A = L.node; }
condition_list(A) ::= condition_list(B) condition(V). { A = mf_doc_add_item(p, B, V, "a condition"); }

expect(A) ::= STRING|BOOL|INT|NIL|BAD(T). { A = T.node; }
expect(A) ::= number_list(B) END.         { A = B; }
expect(A) ::= condition_case(B).          { A = B; }
expect(A) ::= not_condition_map(B) END.   { A = mf_doc_wrong_type(p, B, MF_FAMILY_CONDITION); }
expect(A) ::= error.                      { A = mf_doc_wrong(p, "an expression, a status, or a list of statuses"); }

assertions(A) ::= assertion_list(B) END.  { A = B; }
assertions(A) ::= NIL|BAD(T).             { A = T.node; }
assertions(A) ::= error.                  { A = mf_doc_wrong(p, "a list of assertions"); }
assertion_list(A) ::= LIST(L).            { A = L.node; }
assertion_list(A) ::= assertion_list(B) assertion(V). { A = mf_doc_add_item(p, B, V, "an assertion"); }
assertion(A) ::= STRING|NIL|BAD(T).       { A = T.node; }
assertion(A) ::= assertion_case(B).       { A = B; }
assertion(A) ::= assert_metric_map(B) END. { A = mf_doc_close(p, B); }
assertion(A) ::= not_assertion_map(B) END. { A = mf_doc_wrong_type(p, B, MF_FAMILY_ASSERTION); }
assertion(A) ::= error.                   { A = mf_doc_wrong(p, "an assertion: a mapping, or an expression"); }

/* ---- loads, and what is judged while they run ---- */
load(A) ::= STRING|NIL|BAD(T).  { A = T.node; }
load(A) ::= load_map(B) END.    { A = mf_doc_close(p, B); }
load(A) ::= error.              { A = mf_doc_wrong(p, "a load, such as {rate: 10}, or 'none'"); }
stages(A) ::= stage_list(B) END. { A = B; }
stages(A) ::= NIL|BAD(T).       { A = T.node; }
stages(A) ::= error.            { A = mf_doc_wrong(p, "a list of {target, duration}"); }
stage_list(A) ::= LIST(L).      { A = L.node; }
stage_list(A) ::= stage_list(B) stage(V). { A = mf_doc_add_item(p, B, V, "{target, duration}"); }
stage(A) ::= stage_map(B) END.  { A = mf_doc_close(p, B); }
stage(A) ::= NIL|BAD(T).        { A = T.node; }
stage(A) ::= error.             { A = mf_doc_wrong(p, "{target, duration}"); }
requests(A) ::= request_list(B) END. { A = B; }
requests(A) ::= NIL|BAD(T).     { A = T.node; }
requests(A) ::= error.          { A = mf_doc_wrong(p, "a list of requests"); }
request_list(A) ::= LIST(L).    { A = L.node; }
request_list(A) ::= request_list(B) request(V). { A = mf_doc_add_item(p, B, V, "a request"); }
request(A) ::= STRING|INTERPOLATION|NIL|BAD(T). { A = T.node; }
request(A) ::= request_map(B) END. { A = mf_doc_close(p, B); }
request(A) ::= error.           { A = mf_doc_wrong(p, "a path, or {method, path, headers, body}"); }

/* By name, or in a list. */
checks(A) ::= check_members(B) END. { A = B; }
checks(A) ::= check_list(B) END. { A = B; }
checks(A) ::= NIL|BAD(T).       { A = T.node; }
checks(A) ::= error.            { A = mf_doc_wrong(p, "a mapping of names to expressions, or a list of expressions"); }
check_members(A) ::= MAP(M).    { A = mf_doc_open(M.node, MF_TAG_FREE); }
check_members(A) ::= check_members(B) KEY(K) condition(V). { A = mf_doc_add_free(B, K.member, V); }
check_list(A) ::= LIST(L).      { A = L.node; }
check_list(A) ::= check_list(B) check(V). { A = mf_doc_add_item(p, B, V, "an expression"); }
check(A) ::= STRING|BOOL|NIL|BAD(T). { A = T.node; }
check(A) ::= condition_case(B). { A = B; }
check(A) ::= check_map(B) END.  { A = mf_doc_close(p, B); }
check(A) ::= error.             { A = mf_doc_wrong(p, "an expression, or {name, condition}"); }

thresholds(A) ::= threshold_members(B) END. { A = B; }
thresholds(A) ::= NIL|BAD(T).   { A = T.node; }
thresholds(A) ::= error.        { A = mf_doc_wrong(p, "a mapping of metrics to thresholds, such as {latency: ['p(95) < 500']}"); }
threshold_members(A) ::= MAP(M). { A = mf_doc_open(M.node, MF_TAG_FREE); }
threshold_members(A) ::= threshold_members(B) KEY(K) bounds(V). { A = mf_doc_add_free(B, K.member, V); }
bounds(A) ::= bound_list(B) END. { A = B; }
bounds(A) ::= bound(B).         { A = B; }
bound_list(A) ::= LIST(L).      { A = L.node; }
bound_list(A) ::= bound_list(B) bound(V). { A = mf_doc_add_item(p, B, V, "a threshold"); }
bound(A) ::= STRING|NIL|BAD(T). { A = T.node; }
bound(A) ::= threshold_map(B) END. { A = mf_doc_close(p, B); }
bound(A) ::= error.             { A = mf_doc_wrong(p, "a threshold, such as 'p(95) < 500', or {threshold, over, abort_on_fail}"); }

aborts(A) ::= abort_list(B) END. { A = B; }
aborts(A) ::= abort(B).         { A = B; }
abort_list(A) ::= LIST(L).      { A = L.node; }
abort_list(A) ::= abort_list(B) abort(V). { A = mf_doc_add_item(p, B, V, "a condition"); }
abort(A) ::= STRING|BOOL|NIL|BAD(T). { A = T.node; }
abort(A) ::= condition_case(B). { A = B; }
abort(A) ::= abort_map(B) END.  { A = mf_doc_close(p, B); }
abort(A) ::= error.             { A = mf_doc_wrong(p, "a condition, or {when, over, grace}"); }

during(A) ::= STRING|BOOL|NIL|BAD(T). { A = T.node; }
during(A) ::= error.            { A = mf_doc_wrong(p, "false, true or abort"); }

/* ---- the chaos configuration ---- */
config(A) ::= config_map(B) END. { A = mf_doc_close(p, B); }
config(A) ::= NIL|BAD(T).        { A = T.node; }
config(A) ::= error.             { A = mf_doc_wrong(p, "a chaos configuration"); }
latency(A) ::= latency_map(B) END. { A = mf_doc_close(p, B); }
latency(A) ::= INT|DOUBLE|DURATION|INTERPOLATION|NIL|BAD(T). { A = T.node; }
latency(A) ::= error.              { A = mf_doc_wrong(p, "a duration or a latency configuration"); }
fault_injection(A) ::= fault_injection_map(B) END. { A = mf_doc_close(p, B); }
fault_injection(A) ::= NIL|BAD(T). { A = T.node; }
fault_injection(A) ::= error.      { A = mf_doc_wrong(p, "a fault_injection configuration"); }
error_pattern(A) ::= error_pattern_map(B) END. { A = mf_doc_close(p, B); }
error_pattern(A) ::= NIL|BAD(T).   { A = T.node; }
error_pattern(A) ::= error.        { A = mf_doc_wrong(p, "an error pattern"); }
request_matcher(A) ::= request_matcher_map(B) END. { A = mf_doc_close(p, B); }
request_matcher(A) ::= NIL|BAD(T). { A = T.node; }
request_matcher(A) ::= error.      { A = mf_doc_wrong(p, "a request matcher"); }
header_matches(A) ::= header_match_list(B) END. { A = B; }
header_matches(A) ::= NIL|BAD(T).  { A = T.node; }
header_matches(A) ::= error.       { A = mf_doc_wrong(p, "a list of {name, value}"); }
header_match_list(A) ::= LIST(L).  { A = L.node; }
header_match_list(A) ::= header_match_list(B) header_match(V). { A = mf_doc_add_item(p, B, V, "{name, value}"); }
header_match(A) ::= header_match_map(B) END. { A = mf_doc_close(p, B); }
header_match(A) ::= NIL|BAD(T).    { A = T.node; }
header_match(A) ::= error.         { A = mf_doc_wrong(p, "{name, value}"); }
rate_limit(A) ::= rate_limit_map(B) END. { A = mf_doc_close(p, B); }
rate_limit(A) ::= NIL|BAD(T).      { A = T.node; }
rate_limit(A) ::= error.           { A = mf_doc_wrong(p, "a rate_limit configuration"); }
traffic_shaping(A) ::= traffic_shaping_map(B) END. { A = mf_doc_close(p, B); }
traffic_shaping(A) ::= NIL|BAD(T). { A = T.node; }
traffic_shaping(A) ::= error.      { A = mf_doc_wrong(p, "a traffic_shaping configuration"); }
circuit_breaker(A) ::= circuit_breaker_map(B) END. { A = mf_doc_close(p, B); }
circuit_breaker(A) ::= NIL|BAD(T). { A = T.node; }
circuit_breaker(A) ::= error.      { A = mf_doc_wrong(p, "a circuit_breaker configuration"); }
bulkhead(A) ::= bulkhead_map(B) END. { A = mf_doc_close(p, B); }
bulkhead(A) ::= NIL|BAD(T).        { A = T.node; }
bulkhead(A) ::= error.             { A = mf_doc_wrong(p, "a bulkhead configuration"); }

/* ---- made from keys.def and tags.def ---- */
