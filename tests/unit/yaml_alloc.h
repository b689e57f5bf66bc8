/* yaml_alloc - libyaml's own allocations, which the unit tests redirect here
 * (Makefile: libyaml_test.a) so that each of them can be made to fail. */
#ifndef MF_TESTS_YAML_ALLOC_H
#define MF_TESTS_YAML_ALLOC_H
#include <stdint.h>
extern uint64_t yaml_alloc_calls; /* so far */
extern uint64_t
    yaml_alloc_fail_at; /* 0: never; else the call of this number fails, and all after it */
#endif
