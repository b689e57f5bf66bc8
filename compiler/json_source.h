/* json_source - JSON bytes to the token stream, over base/json's scanner. */
#ifndef MF_COMPILER_JSON_SOURCE_H
#define MF_COMPILER_JSON_SOURCE_H
#include "token_stream.h"

#include "../base/json.h"

typedef struct mf_json_source {
  mf_tokens *t;
  mf_json_scanner scanner;
  bool guessed; /* nobody said that it is JSON */
} mf_json_source;

void mf_json_source_init(mf_json_source *j, mf_tokens *t, bool guessed);
/* As mf_yaml_next. */
bool mf_json_source_next(mf_json_source *j);
#endif
