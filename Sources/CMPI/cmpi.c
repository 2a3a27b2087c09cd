#include "cmpi.h"
const char *cmpi_name(void) { return "CMPI"; }
