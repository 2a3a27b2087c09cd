/// A library that removes a file when a process has just opened it, put before the C library.
enum VanishingFile {
  /// Where there is no C compiler, tests that need one are skipped.
  static var isAvailable: Bool { library != nil }

  private static let library = PreloadedLibrary.compile("vanishing-file", source)

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <stdarg.h>
    #include <stdatomic.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>

    static atomic_int openings;

    static void opened(const char *path, int descriptor) {
      const char *victim = getenv("VANISHING_FILE");
      if (descriptor < 0 || !victim || strcmp(victim, path)) return;
      if (++openings != atoi(getenv("VANISHING_OPENING"))) return;
      unlink(path);
      symlink("removed", getenv("VANISHING_MARK"));
    }

    #define OVERRIDE(name)                                                                    \\
      int name(const char *path, int flags, ...) {                                            \\
        va_list more;                                                                         \\
        va_start(more, flags);                                                                \\
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(more, mode_t) : 0;           \\
        va_end(more);                                                                         \\
        int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \\
        int descriptor = next(path, flags, mode);                                             \\
        opened(path, descriptor);                                                             \\
        return descriptor;                                                                    \\
      }

    OVERRIDE(open)
    OVERRIDE(open64)

    """

  /// - Parameters:
  ///   - path: as the process gives it.
  ///   - opening: after which one the file is removed, from 1.
  ///   - mark: a link that is made when it is.
  static func environment(_ path: String, afterOpening opening: Int, mark: String) -> [String: String] {
    [
      "LD_PRELOAD": library ?? "", "VANISHING_FILE": path, "VANISHING_OPENING": "\(opening)", "VANISHING_MARK": mark,
    ]
  }
}
