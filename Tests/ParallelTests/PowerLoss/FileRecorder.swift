/// A library that writes down what a process does to the files of a folder, in the order in which it does so.
///
/// Every record is one append to the log: four integers of 64 bits (kind, number, length of the path, length of the
/// rest), the path and the rest; `FileOperation` reads them. What is overridden are the calls that the program makes
/// (`strace` names them). A call that is missing shows: what the operations build is compared with the real folder.
enum FileRecorder {
  /// Where there is no C compiler, tests that need one are skipped.
  static var isAvailable: Bool { library != nil }

  /// Compiled once for all tests of a run.
  private static let library = PreloadedLibrary.compile("file-recorder", source)

  /// - Parameters:
  ///   - folder: whose files, and those of its folders, are followed.
  ///   - log: outside of that folder.
  static func environment(folder: String, log: String) -> [String: String] {
    ["LD_PRELOAD": library ?? "", "RECORDED_FOLDER": folder, "RECORDER_LOG": log]
  }

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <fcntl.h>
    #include <limits.h>
    #include <pthread.h>
    #include <stdarg.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/stat.h>
    #include <sys/uio.h>
    #include <unistd.h>

    /* Held over a call and its record: the log has the order in which things have happened. */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    static int is_followed(const char *path) {
      const char *folder = getenv("RECORDED_FOLDER");
      size_t length = folder ? strlen(folder) : 0;
      return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
    }

    static int is_open_on(int descriptor, char *path) {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
      int saved = errno;
      ssize_t length = readlink(link, path, PATH_MAX - 1);
      errno = saved;
      if (length <= 0) return 0;
      path[length] = 0;
      return is_followed(path);
    }

    static void record(char kind, int64_t number, const char *path, const void *rest, size_t rest_length) {
      static int log = -1;
      int saved = errno;
      if (log < 0) {
        int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
        log = next(getenv("RECORDER_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
      }
      int64_t head[4] = {kind, number, (int64_t)strlen(path), (int64_t)rest_length};
      struct iovec parts[3] = {
        {head, sizeof head}, {(void *)path, (size_t)head[2]}, {(void *)rest, rest_length}};
      if (writev(log, parts, 3) != (ssize_t)(sizeof head + head[2] + head[3])) abort();
      errno = saved;
    }

    #define NEXT(result, name, parameters) ((result(*) parameters)dlsym(RTLD_NEXT, #name))

    #define OPEN(name)                                                                  \\
      int name(const char *path, int flags, ...) {                                      \\
        mode_t mode = 0;                                                                \\
        if (flags & (O_CREAT | __O_TMPFILE)) {                                          \\
          va_list more;                                                                 \\
          va_start(more, flags);                                                        \\
          mode = va_arg(more, mode_t);                                                  \\
          va_end(more);                                                                 \\
        }                                                                               \\
        if (!(flags & (O_CREAT | O_TRUNC)) || !is_followed(path))                       \\
          return NEXT(int, name, (const char *, int, ...))(path, flags, mode);          \\
        pthread_mutex_lock(&lock);                                                      \\
        struct stat status;                                                             \\
        int saved = errno, is_new = lstat(path, &status) != 0;                          \\
        errno = saved;                                                                  \\
        int descriptor = NEXT(int, name, (const char *, int, ...))(path, flags, mode);  \\
        if (descriptor >= 0 && is_new) record('c', 0, path, 0, 0);                      \\
        if (descriptor >= 0 && !is_new && flags & O_TRUNC) record('t', 0, path, 0, 0);  \\
        pthread_mutex_unlock(&lock);                                                    \\
        return descriptor;                                                              \\
      }
    OPEN(open)
    OPEN(open64)

    /* Calls on a descriptor; `what` is done when they succeed. */
    #define ON_DESCRIPTOR(result, name, parameters, arguments, what)            \\
      result name parameters {                                                  \\
        char path[PATH_MAX];                                                    \\
        if (!is_open_on(descriptor, path)) return NEXT(result, name, parameters) arguments; \\
        pthread_mutex_lock(&lock);                                              \\
        result outcome = NEXT(result, name, parameters) arguments;              \\
        if (outcome >= 0) what;                                                 \\
        pthread_mutex_unlock(&lock);                                            \\
        return outcome;                                                         \\
      }
    ON_DESCRIPTOR(ssize_t, write, (int descriptor, const void *bytes, size_t count), (descriptor, bytes, count),
                  record('w', lseek(descriptor, 0, SEEK_CUR) - outcome, path, bytes, (size_t)outcome))
    ON_DESCRIPTOR(ssize_t, pwrite, (int descriptor, const void *bytes, size_t count, off_t place),
                  (descriptor, bytes, count, place), record('w', place, path, bytes, (size_t)outcome))
    ON_DESCRIPTOR(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off64_t place),
                  (descriptor, bytes, count, place), record('w', place, path, bytes, (size_t)outcome))
    ON_DESCRIPTOR(int, ftruncate, (int descriptor, off_t length), (descriptor, length),
                  record('t', length, path, 0, 0))
    ON_DESCRIPTOR(int, ftruncate64, (int descriptor, off64_t length), (descriptor, length),
                  record('t', length, path, 0, 0))
    ON_DESCRIPTOR(int, fsync, (int descriptor), (descriptor), record('s', 0, path, 0, 0))
    ON_DESCRIPTOR(int, fdatasync, (int descriptor), (descriptor), record('s', 0, path, 0, 0))

    /* Calls on names; `path` is the one that comes to be or goes. */
    #define ON_NAME(name, parameters, arguments, kind, rest, rest_length)       \\
      int name parameters {                                                     \\
        if (!is_followed(path)) return NEXT(int, name, parameters) arguments;   \\
        pthread_mutex_lock(&lock);                                              \\
        int outcome = NEXT(int, name, parameters) arguments;                    \\
        if (!outcome) record(kind, 0, path, rest, rest_length);                 \\
        pthread_mutex_unlock(&lock);                                            \\
        return outcome;                                                         \\
      }
    ON_NAME(mkdir, (const char *path, mode_t mode), (path, mode), 'd', 0, 0)
    ON_NAME(unlink, (const char *path), (path), 'u', 0, 0)
    ON_NAME(rename, (const char *from, const char *path), (from, path), 'r', from, strlen(from))
    ON_NAME(link, (const char *from, const char *path), (from, path), 'l', from, strlen(from))
    ON_NAME(symlink, (const char *target, const char *path), (target, path), 'y', target, strlen(target))

    """
}
