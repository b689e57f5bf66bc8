/* SPDX-License-Identifier: MIT */
#include "drivers.h"

static const mf_driver *const all_drivers[] = {
#define MF_DRIVER(name, doc) &mf_driver_##name,
#include "drivers.def"
};

const mf_driver *mf_driver_find(mf_str name) {
  for (size_t i = 0; i < sizeof all_drivers / sizeof *all_drivers; i++)
    if (mf_str_is(name, all_drivers[i]->name)) return all_drivers[i];
  return NULL;
}
