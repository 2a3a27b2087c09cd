#pragma once
#include <stdint.h>

static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
/// Bytes up to the end of a cache line.
static inline int64_t whole_lines(int64_t bytes) { return quotient_up(bytes, 64) * 64; }
