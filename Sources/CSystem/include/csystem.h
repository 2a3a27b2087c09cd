#pragma once
#include <stddef.h>
#include <stdint.h>

// Calls of the system that Swift's import of the C library leaves out, and what a dying process can still do.

/// Copies `count` bytes at `address` of another process of this machine, as MPI does between its ranks.
/// Returns 0 or the system's error number.
int32_t csystem_read_process(
    int32_t process, uint64_t address, void *_Nonnull destination, size_t count);

// Stacks. `csystem_stacks_prepare` loads what the others use, so that they need no memory; they do nothing before it.
void csystem_stacks_prepare(void);
/// The return addresses of a thread of this process, the innermost first, at most `capacity`. Of another thread by a
/// signal that it has to take within `milliseconds`. Returns how many, or -1 where the thread does not answer.
int32_t csystem_stack(int32_t thread, int32_t milliseconds, uint64_t *_Nonnull addresses, int32_t capacity);
/// The signal that asks; threads that block it cannot be asked.
int32_t csystem_stack_signal(void);
/// The function that an address lies in, as the linker knows it, empty where it is in none. Safe in a signal handler.
void csystem_symbol(uint64_t address, char *_Nonnull text, size_t capacity);
/// A Swift function's name for people, into `text`; the name itself where it is no Swift name.
void csystem_demangle(const char *_Nonnull name, char *_Nonnull text, size_t capacity);

// Crashes. From `csystem_crash_prepare` on, a signal that ends the process for an error of its own (SIGSEGV, SIGBUS,
// SIGILL, SIGTRAP, SIGFPE, SIGABRT) first leaves the stack and the last notes in the file `path` and a line on the
// error stream; then it ends the process. `who` begins both. Later calls change only the texts.
void csystem_crash_prepare(const char *_Nonnull path, const char *_Nonnull who);
/// Notes what the process begins to do now.
void csystem_crash_note(const char *_Nonnull operation, int64_t step);
