#include "limits.h"

#include <stdio.h>
#include <stdlib.h>

void cimage_note(char *message, const char *text) { snprintf(message, cimage_message_size, "%s", text); }

int32_t cimage_check_size(uint64_t width, uint64_t height, char *message) {
  if (width > 0 && height > 0 && width <= cimage_largest_side && height <= cimage_largest_side &&
      width * height <= cimage_largest_pixel_count)
    return cimage_ok;
  snprintf(message, cimage_message_size, "%llu x %llu pixels, the limit is %d a side and %d in all",
           (unsigned long long)width, (unsigned long long)height, cimage_largest_side, cimage_largest_pixel_count);
  return cimage_too_large;
}

int32_t cimage_check_promise(uint64_t needed, uint64_t most, uint64_t count, char *message) {
  if (needed / most <= count) return cimage_ok;
  cimage_note(message, "the file is too short for the size that it states");
  return cimage_invalid;
}

int32_t cimage_check_buffer(uint64_t needed, uint64_t available, char *message) {
  if (needed == available) return cimage_ok;
  cimage_note(message, "the pixels do not fill the buffer");
  return cimage_invalid;
}

int32_t cimage_without(char *message, const char *header) {
  snprintf(message, cimage_message_size, "this program was built without %s", header);
  return cimage_no_header;
}

void cimage_free(uint8_t *bytes) { free(bytes); }
