#pragma once
#include <sys/syscall.h>
#include <unistd.h>

// The system's number of the calling thread. To be included after _GNU_SOURCE is defined; safe in a signal handler.
static inline int own_thread(void) { return (int)syscall(SYS_gettid); }
