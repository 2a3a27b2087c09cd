#pragma once
#include <stddef.h>
#include <stdint.h>

// Text put together without the C library's formatting, which a signal handler may not call.

struct text {
    char *start;
    size_t capacity;
    size_t count;
};

static inline void text_add_count(struct text *text, const char *bytes, size_t count) {
    for (size_t i = 0; i < count && text->count + 1 < text->capacity; i++) text->start[text->count++] = bytes[i];
    if (text->capacity > 0) text->start[text->count] = 0;
}

static inline void text_add(struct text *text, const char *string) {
    size_t count = 0;
    while (string[count] != 0) count++;
    text_add_count(text, string, count);
}

static inline void text_add_number(struct text *text, uint64_t value, unsigned base) {
    char digits[24];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    text_add_count(text, digits + first, sizeof digits - first);
}
