/* SPDX-License-Identifier: MIT */
#include "../include/mfvm.h"

/* No default: a number that is no status falls out of the switch, and a new
 * row of mfvm_status.def needs no change here. */
const char *mf_status_text(mf_status status) {
  switch (status) {
#define MF_STATUS(code, name, text) \
  case MF_##name:                   \
    return text;
#include "../include/mfvm_status.def"
#undef MF_STATUS
  }
  return "unknown status";
}

const char *mf_status_name(mf_status status) {
  switch (status) {
#define MF_STATUS(code, name, text) \
  case MF_##name:                   \
    return #name;
#include "../include/mfvm_status.def"
#undef MF_STATUS
  }
  return "UNKNOWN";
}
