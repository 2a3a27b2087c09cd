#include "cimagefiles.h"
const char *cimagefiles_name(void) { return "CImageFiles"; }
