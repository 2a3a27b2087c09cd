#pragma once
#include "cimagefiles.h"

enum { cimage_largest_side = 65500 };
enum { cimage_largest_pixel_count = 1 << 28 };

void cimage_note(char *message, const char *text);
/// cimage_too_large with a message, or cimage_ok.
int32_t cimage_check_size(uint64_t width, uint64_t height, char *message);
