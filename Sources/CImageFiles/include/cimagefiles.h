#pragma once
const char *cimagefiles_name(void);
