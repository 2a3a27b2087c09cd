#define _GNU_SOURCE
#include "csystem.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "symbols.h"
#include "thread.h"

// A signal's handler and what calls it are no part of the thread's own work.
enum { mostFrames = 64, handlerFrames = 2 };

static struct {
    // The thread that is asked; -1 while it answers, 0 when it has or nobody asks.
    atomic_int wanted;
    int count;
    void *frames[mostFrames];
} request;

static atomic_int is_prepared;

int32_t csystem_stack_signal(void) { return SIGRTMIN + 6; }

static void answer(int signal) {
    (void)signal;
    int code = errno;
    int expected = own_thread();
    // A thread that was too slow is no longer asked.
    if (atomic_compare_exchange_strong(&request.wanted, &expected, -1)) {
        request.count = backtrace(request.frames, mostFrames);
        atomic_store(&request.wanted, 0);
    }
    errno = code;
}

void csystem_stacks_prepare(void) {
    if (atomic_exchange(&is_prepared, 1)) return;
    symbols_open();
    // The first call loads a library.
    void *frame;
    backtrace(&frame, 1);
    struct sigaction action = {.sa_handler = answer, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(csystem_stack_signal(), &action, NULL);
}

static int32_t copy(uint64_t *addresses, int32_t capacity, void *const *frames, int count) {
    int32_t copied = count < 0 ? 0 : count < capacity ? count : capacity;
    for (int32_t i = 0; i < copied; i++) addresses[i] = (uint64_t)(uintptr_t)frames[i];
    return copied;
}

static void sleep_millisecond(void) {
    struct timespec time = {0, 1000000};
    nanosleep(&time, NULL);
}

int32_t csystem_stack(int32_t thread, int32_t milliseconds, uint64_t *addresses, int32_t capacity) {
    if (!atomic_load(&is_prepared)) return -1;
    if (thread == own_thread()) {
        void *frames[mostFrames];
        return copy(addresses, capacity, frames, backtrace(frames, mostFrames));
    }
    int free = 0;
    if (!atomic_compare_exchange_strong(&request.wanted, &free, thread)) return -1;
    if (syscall(SYS_tgkill, getpid(), thread, csystem_stack_signal()) != 0) {
        atomic_store(&request.wanted, 0);
        return -1;
    }
    for (int32_t i = 0; i < milliseconds && atomic_load(&request.wanted) != 0; i++) sleep_millisecond();
    int expected = thread;
    if (atomic_compare_exchange_strong(&request.wanted, &expected, 0)) return -1;
    // It has begun to answer, or has answered. Should it never end, nobody is asked any more.
    for (int32_t i = 0; i < 1000 && atomic_load(&request.wanted) != 0; i++) sleep_millisecond();
    if (atomic_load(&request.wanted) != 0) return -1;
    return copy(addresses, capacity, request.frames + handlerFrames, request.count - handlerFrames);
}
