#define _GNU_SOURCE
#include "chdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/// The environment of this process, in which a crash is left to the system: a page of registers would only take time.
static char **reader_environment(void) {
  static char no_backtrace[] = "SWIFT_BACKTRACE=enable=no";
  size_t count = 0, kept = 0;
  while (environ[count]) ++count;
  char **variables = calloc(count + 2, sizeof *variables);
  if (!variables) return NULL;
  for (size_t i = 0; i < count; ++i)
    if (strncmp(environ[i], "SWIFT_BACKTRACE=", 16) != 0) variables[kept++] = environ[i];
  variables[kept] = no_backtrace;
  return variables;
}

/// Signals do in the process what they do by default: a caller may ignore those by which the system ends it.
static int default_signals(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int status = posix_spawnattr_setsigdefault(attributes, &all);
  if (status == 0) status = posix_spawnattr_setsigmask(attributes, &none);
  if (status == 0) status = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return status;
}

static int spawn(const char *program, char *const *arguments, int descriptor, pid_t *process) {
  char **variables = reader_environment();
  if (!variables) return ENOMEM;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int status = posix_spawn_file_actions_init(&actions);
  if (status == 0 && (status = posix_spawnattr_init(&attributes)) != 0) posix_spawn_file_actions_destroy(&actions);
  if (status == 0) {
    status = default_signals(&attributes);
    // First of all: where the caller's own streams are closed, the sockets have their numbers.
    if (status == 0) status = posix_spawn_file_actions_adddup2(&actions, descriptor, CHDF5_READER_DESCRIPTOR);
    for (int stream = 0; stream < 3 && status == 0; ++stream)
      status = posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
    if (status == 0) status = posix_spawn(process, program, &actions, &attributes, arguments, variables);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  free(variables);
  return status;
}

int32_t chdf5_reader_start(const char *program, const char *word, const char *path, const char *memory,
                           const char *seconds, int32_t *descriptor, int32_t *process) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  char *const arguments[] = {(char *)"fcn-dist", (char *)word, (char *)path, (char *)memory, (char *)seconds, NULL};
  pid_t started = -1;
  int status = spawn(program, arguments, ends[1], &started);
  close(ends[1]);
  if (status != 0) close(ends[0]);
  *descriptor = ends[0];
  *process = started;
  return status;
}

void chdf5_reader_limit(int64_t memory, int64_t seconds) {
  struct rlimit limit = {(rlim_t)memory, (rlim_t)memory};
  // A sanitizer's shadow memory alone takes terabytes of addresses.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  setrlimit(RLIMIT_AS, &limit);
#endif
  limit.rlim_cur = limit.rlim_max = (rlim_t)seconds;
  limit.rlim_max += 1;
  setrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = limit.rlim_max = 0;
  setrlimit(RLIMIT_CORE, &limit);
}

ssize_t chdf5_reader_send(int32_t descriptor, const void *bytes, size_t count) {
  return send(descriptor, bytes, (size_t)count, MSG_NOSIGNAL);
}

int32_t chdf5_reader_end(int32_t process) {
  int status = 0;
  pid_t ended = 0;
  // It has lost its other end by now, or has just died: the reason of its own end says more than ours.
  for (int attempt = 0; attempt < 250; ++attempt) {
    ended = waitpid(process, &status, WNOHANG);
    if (ended != 0) break;
    nanosleep(&(struct timespec){0, 200000}, NULL);
  }
  if (ended == 0) {
    kill(process, SIGKILL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
    return 0;
  }
  return ended == process && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
