#include "chdf5.h"
const char *chdf5_name(void) { return "CHDF5"; }
