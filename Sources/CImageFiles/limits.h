#pragma once
#include "cimagefiles.h"

enum { cimage_largest_side = 65500 };
enum { cimage_largest_pixel_count = 1 << 28 };
enum { cimage_most_channels = 4096 };

void cimage_note(char *message, const char *text);
/// cimage_too_large with a message, or cimage_ok.
int32_t cimage_check_size(uint64_t width, uint64_t height, char *message);
/// cimage_invalid with a message where `needed` bytes of pixels are more than `most` for each byte of the file: a header
/// that promises more than its file can hold would only cost memory.
int32_t cimage_check_promise(uint64_t needed, uint64_t most, uint64_t count, char *message);
int32_t cimage_check_buffer(uint64_t needed, uint64_t available, char *message);
/// cimage_no_header, with the header's name.
int32_t cimage_without(char *message, const char *header);
