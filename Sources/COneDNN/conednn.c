#include "conednn.h"
const char *conednn_name(void) { return "COneDNN"; }
