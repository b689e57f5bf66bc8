/* drivers - the drivers of drivers.def, for their own files and the table. */
#ifndef MF_STDLIB_DRIVERS_H
#define MF_STDLIB_DRIVERS_H
#include "driver_kit.h"

#define MF_DRIVER(name, doc) extern const mf_driver mf_driver_##name;
#include "drivers.def"
#endif
