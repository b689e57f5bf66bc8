/* limits - the constants of limits.def. */
#ifndef MF_BASE_LIMITS_H
#define MF_BASE_LIMITS_H
#include <stdint.h>
#define MF_LIMIT(name, value, doc) static const uint64_t MF_LIMIT_##name = value##ULL;
#include "limits.def"
#undef MF_LIMIT
#endif
