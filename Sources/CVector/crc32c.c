#include "cvector.h"

#include <string.h>

static uint32_t table[8][256];

__attribute__((constructor)) static void fill_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
    table[0][i] = c;
  }
  for (uint32_t i = 0; i < 256; i++)
    for (int t = 1; t < 8; t++) table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 255];
}

static uint32_t portable(uint32_t c, const uint8_t *p, size_t n) {
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= c;
    c = 0;
    for (int t = 0; t < 8; t++) c ^= table[7 - t][(word >> (8 * t)) & 255];
  }
  for (; n > 0; n--, p++) c = (c >> 8) ^ table[0][(c ^ *p) & 255];
  return c;
}

#if defined(__x86_64__)
// The instruction has a latency of three cycles: three streams run side by side and are joined by shifting the first
// two over the bytes that follow them (multiplication by x^(8n) modulo the polynomial, as a 4 x 256 table).
enum { stretch = 4096 };
static uint32_t over_one[4][256], over_two[4][256];

static uint32_t shifted(uint32_t table_[4][256], uint32_t c) {
  return table_[0][c & 255] ^ table_[1][(c >> 8) & 255] ^ table_[2][(c >> 16) & 255] ^ table_[3][c >> 24];
}

__attribute__((constructor(200))) static void fill_shifts(void) {
  static const uint8_t zeros[2 * stretch];
  // Constructor order within a file is not promised: the first one may not have run.
  if (table[0][1] == 0) fill_table();
  for (int k = 0; k < 32; k++) {
    uint32_t one = portable(1u << k, zeros, stretch), two = portable(1u << k, zeros, 2 * stretch);
    for (uint32_t b = 0; b < 256; b++)
      if (b >> (k & 7) & 1) {
        over_one[k >> 3][b] ^= one;
        over_two[k >> 3][b] ^= two;
      }
  }
}

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t crc, const uint8_t *p, size_t n) {
  uint64_t a = crc;
  for (; n >= 3 * stretch; n -= 3 * stretch, p += 3 * stretch) {
    uint64_t b = 0, c = 0;
    for (size_t i = 0; i < stretch; i += 8) {
      uint64_t x, y, z;
      memcpy(&x, p + i, 8);
      memcpy(&y, p + stretch + i, 8);
      memcpy(&z, p + 2 * stretch + i, 8);
      a = __builtin_ia32_crc32di(a, x);
      b = __builtin_ia32_crc32di(b, y);
      c = __builtin_ia32_crc32di(c, z);
    }
    a = shifted(over_two, (uint32_t)a) ^ shifted(over_one, (uint32_t)b) ^ c;
  }
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    a = __builtin_ia32_crc32di(a, word);
  }
  for (; n > 0; n--, p++) a = __builtin_ia32_crc32qi((uint32_t)a, *p);
  return (uint32_t)a;
}
#endif

uint32_t cvector_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~hardware(~crc, bytes, count);
#endif
  return ~portable(~crc, bytes, count);
}
