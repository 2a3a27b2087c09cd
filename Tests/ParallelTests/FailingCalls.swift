import Foundation

/// A library that makes chosen system calls of a process fail.
enum FailingCalls {
  /// Where there is no C compiler, tests that need one are skipped.
  static var isAvailable: Bool { library != nil }

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <stdatomic.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/types.h>
    #include <unistd.h>

    static atomic_int matches;

    /* The error that a call on a descriptor is to have, or 0. */
    static int failure(const char *call, int descriptor) {
      const char *wanted = getenv("FAILING_CALL"), *pattern = getenv("FAILING_PATH");
      if (!wanted || strcmp(wanted, call) || !pattern) return 0;
      char link[64], path[4096];
      snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
      ssize_t length = readlink(link, path, sizeof path - 1);
      if (length <= 0) return 0;
      path[length] = 0;
      if (!strstr(path, pattern)) return 0;
      int number = ++matches, first = atoi(getenv("FAILING_FIRST")), count = atoi(getenv("FAILING_COUNT"));
      return number >= first && number < first + count ? atoi(getenv("FAILING_ERROR")) : 0;
    }

    #define OVERRIDE(result, call, name, parameters, arguments)                 \\
      result name parameters {                                                  \\
        int error = failure(call, descriptor);                                  \\
        if (error) { errno = error; return -1; }                                \\
        result(*next) parameters = (result(*) parameters)dlsym(RTLD_NEXT, #name); \\
        return next arguments;                                                  \\
      }

    OVERRIDE(ssize_t, "write", write, (int descriptor, const void *bytes, size_t count), (descriptor, bytes, count))
    OVERRIDE(ssize_t, "write", pwrite, (int descriptor, const void *bytes, size_t count, off_t place),
             (descriptor, bytes, count, place))
    OVERRIDE(ssize_t, "write", pwrite64, (int descriptor, const void *bytes, size_t count, off64_t place),
             (descriptor, bytes, count, place))
    OVERRIDE(int, "fsync", fsync, (int descriptor), (descriptor))
    OVERRIDE(int, "flock", flock, (int descriptor, int operation), (descriptor, operation))

    """

  /// Compiled once for all tests of a run.
  private static let library = PreloadedLibrary.compile("failing-calls", source)

  /// Makes the calls numbered `first ..< first + count` fail among those on files whose path has `pattern` in it.
  ///
  /// - Parameter call: "write" (pwrite too), "fsync" or "flock".
  static func environment(
    _ call: String, _ error: String, on pattern: String, from first: Int = 1, count: Int = 1
  ) -> [String: String] {
    let numbers = ["ENOSPC": ENOSPC, "EIO": EIO, "ENOLCK": ENOLCK]
    return [
      "LD_PRELOAD": library ?? "", "FAILING_CALL": call, "FAILING_PATH": pattern,
      "FAILING_FIRST": "\(first)", "FAILING_COUNT": "\(count)", "FAILING_ERROR": "\(numbers[error] ?? EIO)",
    ]
  }
}
