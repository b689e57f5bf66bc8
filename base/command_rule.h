/* command_rule - which programs a text means: "curl" one of that name wherever it
 * stands, "/usr/bin/curl" that file alone. */
#ifndef MF_BASE_COMMAND_RULE_H
#define MF_BASE_COMMAND_RULE_H
#include "text.h"

#define MF_SHELL "/bin/sh" /* what runs the text of a command with `shell: true` */

/* A name or an absolute path. */
bool mf_command_rule_ok(mf_str rule);
bool mf_command_rule_covers(mf_str rule, mf_str program);
#endif
