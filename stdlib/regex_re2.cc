/* SPDX-License-Identifier: MIT */
/* mf_regex by RE2: time linear in the text, memory bounded, no back references.
 * The one file of C++ here: no exception leaves it. */
#include <re2/re2.h>

#include <cstdio>
#include <new>

extern "C" {
#include "../include/mfvm.h"
}

namespace {

mf_status compile(mf_str pattern, size_t max_memory, void **out, uint32_t *size, uint32_t *groups,
                  char *message, size_t message_size) {
  *out = nullptr;
  try {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<int64_t>(max_memory));
    re2::StringPiece text(pattern.n ? pattern.p : "", pattern.n);
    RE2 *regex = new RE2(text, options);
    if (regex->ok()) {
      *out = regex;
      *size = static_cast<uint32_t>(regex->ProgramSize());
      *groups = static_cast<uint32_t>(regex->NumberOfCapturingGroups());
      return MF_OK;
    }
    bool too_large = regex->error_code() == RE2::ErrorPatternTooLarge;
    std::snprintf(message, message_size, "%s", regex->error().c_str());
    delete regex;
    return too_large ? MF_REGEX_TOO_LARGE : MF_EXPRESSION_INVALID;
  } catch (...) {
    return MF_OUT_OF_MEMORY;
  }
}

bool match(const void *compiled, mf_str text, size_t from, mf_regex_span *spans, uint32_t count) {
  try {
    const RE2 *regex = static_cast<const RE2 *>(compiled);
    const char *start = text.n ? text.p : "";
    re2::StringPiece found[10];
    int wanted = count < 10 ? static_cast<int>(count) : 10;
    if (!regex->Match(re2::StringPiece(start, text.n), from, text.n, RE2::UNANCHORED, found,
                      wanted))
      return false;
    for (int i = 0; i < wanted; i++) {
      bool took_part = found[i].data() != nullptr;
      spans[i].from = took_part ? static_cast<size_t>(found[i].data() - start) : SIZE_MAX;
      spans[i].to = took_part ? spans[i].from + found[i].size() : SIZE_MAX;
    }
    return true;
  } catch (...) {
    return false;
  }
}

void release(void *compiled) { delete static_cast<RE2 *>(compiled); }

const mf_regex engine = {compile, match, release};

}  // namespace

const mf_regex *mf_regex_re2(void) { return &engine; }
