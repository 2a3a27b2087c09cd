#pragma once
#include "limits.h"

#include <dlfcn.h>
#include <pthread.h>

// What every shim of an image library has in common: FUNCTIONS(X) names the library's functions, and
// CIMAGE_LIBRARY(FUNCTIONS, first, second) defines `lib` with a pointer to each and `ready`, which opens the library of
// one of the two names once and says whether it is there.

#define CIMAGE_DECLARE(name) __typeof__(&name) name;
#define CIMAGE_RESOLVE(name) \
  if (!(lib.name = (__typeof__(&name))dlsym(handle, #name))) return;

#define CIMAGE_LIBRARY(FUNCTIONS, first, second)             \
  static struct {                                            \
    FUNCTIONS(CIMAGE_DECLARE)                                \
    int is_loaded;                                           \
  } lib;                                                     \
  static void load(void) {                                   \
    void *handle = dlopen(first, RTLD_NOW | RTLD_LOCAL);     \
    if (!handle) handle = dlopen(second, RTLD_NOW | RTLD_LOCAL); \
    if (!handle) return;                                     \
    FUNCTIONS(CIMAGE_RESOLVE)                                \
    lib.is_loaded = 1;                                       \
  }                                                          \
  static int32_t ready(char *message) {                      \
    static pthread_once_t once = PTHREAD_ONCE_INIT;          \
    pthread_once(&once, load);                               \
    if (lib.is_loaded) return cimage_ok;                     \
    cimage_note(message, first " cannot be opened");         \
    return cimage_no_library;                                \
  }

/// The functions of a format whose library's header was not there at build time.
#define CIMAGE_MISSING(format, file)                                                                               \
  int32_t cimage_##format##_header(const uint8_t *bytes, size_t count, struct cimage_header *header, char *message) { \
    return cimage_without(message, file);                                                                          \
  }                                                                                                                \
  int32_t cimage_##format##_read(const uint8_t *bytes, size_t count, struct cimage_header *header, void *pixels,   \
                                 size_t pixel_byte_count, char *message) {                                         \
    return cimage_without(message, file);                                                                          \
  }
