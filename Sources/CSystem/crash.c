#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "csystem.h"
#include "text.h"
#include "thread.h"

enum { noteCount = 64, noteBytes = 96, pathBytes = 4096, whoBytes = 256, mostFrames = 64 };

struct note {
    double time;
    int64_t step;
    char operation[noteBytes];
};

static struct {
    char path[pathBytes];
    char who[whoBytes];
    struct note notes[noteCount];
    atomic_ulong next;
    atomic_flag is_locked;
    atomic_int is_prepared;
    // The first thread that crashed; 0: none.
    atomic_int crashed_thread;
} record;

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"},
               {SIGTRAP, "SIGTRAP"}, {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}};
enum { signalCount = sizeof signals / sizeof signals[0] };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put(int file, const struct text *text) {
    size_t done = 0;
    while (done < text->count) {
        ssize_t count = write(file, text->start + done, text->count - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        done += (size_t)count;
    }
}

static void put_stack(int file) {
    void *frames[mostFrames];
    int count = backtrace(frames, mostFrames);
    for (int i = 0; i < count; i++) {
        char line[1200];
        char symbol[1024];
        csystem_symbol((uint64_t)(uintptr_t)frames[i], symbol, sizeof symbol);
        struct text text = {line, sizeof line, 0};
        text_add(&text, "  0x");
        text_add_number(&text, (uint64_t)(uintptr_t)frames[i], 16);
        text_add(&text, "  ");
        text_add(&text, symbol);
        text_add(&text, "\n");
        put(file, &text);
    }
}

static void put_notes(int file) {
    unsigned long next = atomic_load(&record.next);
    double now = seconds();
    for (unsigned long i = next < noteCount ? 0 : next - noteCount; i < next; i++) {
        const struct note *note = &record.notes[i % noteCount];
        double age = now - note->time;
        char line[noteBytes + 100];
        struct text text = {line, sizeof line, 0};
        text_add(&text, "  ");
        text_add_number(&text, age > 0 ? (uint64_t)(age * 1000) : 0, 10);
        text_add(&text, " ms before  step ");
        text_add_number(&text, (uint64_t)(note->step < 0 ? 0 : note->step), 10);
        text_add(&text, "  ");
        text_add(&text, note->operation);
        text_add(&text, "\n");
        put(file, &text);
    }
}

// "rank 1 on node7 crashed (SIGSEGV) in "computing gradients" of step 5"
static void describe(struct text *text, const char *signal_name) {
    text_add(text, record.who);
    text_add(text, " crashed (");
    text_add(text, signal_name);
    text_add(text, ")");
    unsigned long next = atomic_load(&record.next);
    if (next == 0) return;
    const struct note *note = &record.notes[(next - 1) % noteCount];
    text_add(text, " in \"");
    text_add(text, note->operation);
    text_add(text, "\" of step ");
    text_add_number(text, (uint64_t)(note->step < 0 ? 0 : note->step), 10);
}

// The bytes of addresses that this process has, 0 where the system does not say.
static uint64_t address_space(void) {
    char digits[32] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, digits, sizeof digits);
    close(file);
    uint64_t pages = 0;
    for (ssize_t i = 0; i < count && digits[i] >= '0' && digits[i] <= '9'; i++) {
        pages = pages * 10 + (uint64_t)(digits[i] - '0');
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// Libraries that are refused memory crash as if by an error of their own. What was refused is not known, so that half
// the limit is enough to speak of it.
static void describe_memory(struct text *text) {
    struct rlimit limit;
    uint64_t used = address_space();
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || used < limit.rlim_cur / 2) return;
    text_add(text, ", perhaps for want of memory: it has ");
    text_add_number(text, used >> 20, 10);
    text_add(text, " of the ");
    text_add_number(text, limit.rlim_cur >> 20, 10);
    text_add(text, " MiB that `ulimit -v` allows; raise it, or use fewer ranks on this machine or a smaller batch.micro");
}

static void put_string(int file, const char *string) {
    struct text text = {(char *)string, strlen(string) + 1, strlen(string)};
    put(file, &text);
}

static void leave_record(const char *signal_name) {
    char line[whoBytes + noteBytes + pathBytes + 400];
    struct text text = {line, sizeof line, 0};
    int file = open(record.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    text_add(&text, "fcn-dist: error: ");
    describe(&text, signal_name);
    describe_memory(&text);
    if (file >= 0) {
        text_add(&text, "; see ");
        text_add(&text, record.path);
    }
    text_add(&text, "\n");
    // First of all: should the rest fail, this is said.
    put(STDERR_FILENO, &text);
    if (file < 0) return;
    struct text title = {line, sizeof line, 0};
    describe(&title, signal_name);
    text_add(&title, "\n\nLast operations, the newest last:\n");
    put(file, &title);
    put_notes(file);
    put_string(file, "\nStack of the thread that crashed:\n");
    put_stack(file);
    close(file);
}

static void crashed(int number) {
    int code = errno;
    int index = 0;
    while (index < signalCount - 1 && signals[index].number != number) index++;
    int first = 0;
    if (atomic_compare_exchange_strong(&record.crashed_thread, &first, own_thread())) {
        leave_record(signals[index].name);
    } else if (first != own_thread()) {
        // Threads of one loop like to crash together. The first leaves the record and then ends the process: this one
        // gives it the time. A crash of the first itself while it does leaves no other record.
        nanosleep(&(struct timespec){.tv_sec = 10}, NULL);
    }
    // The end that the system has for this signal, when this handler has returned. Not what other libraries would do
    // with it: Swift's own record of a crash takes half a minute on a busy machine, and goes on after a signal that was
    // sent.
    signal(number, SIG_DFL);
    raise(number);
    errno = code;
}

static void set_text(char *target, size_t capacity, const char *source) {
    struct text text = {target, capacity, 0};
    text_add(&text, source);
}

// Between threads that write. Whoever reads has crashed, and waits for nobody.
static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&record.is_locked, memory_order_acquire)) {
    }
}

static void unlock(void) { atomic_flag_clear_explicit(&record.is_locked, memory_order_release); }

void csystem_crash_prepare(const char *path, const char *who) {
    lock();
    set_text(record.path, sizeof record.path, path);
    set_text(record.who, sizeof record.who, who);
    unlock();
    if (atomic_exchange(&record.is_prepared, 1)) return;
    csystem_stacks_prepare();
    // A stack that has run over leaves no room for a handler.
    size_t size = 1 << 16;
    stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
    if (stack.ss_sp != NULL) sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < signalCount; i++) sigaction(signals[i].number, &action, NULL);
}

void csystem_crash_note(const char *operation, int64_t step) {
    lock();
    unsigned long place = atomic_load_explicit(&record.next, memory_order_relaxed);
    struct note *note = &record.notes[place % noteCount];
    note->time = seconds();
    note->step = step;
    set_text(note->operation, noteBytes, operation);
    atomic_store_explicit(&record.next, place + 1, memory_order_release);
    unlock();
}
