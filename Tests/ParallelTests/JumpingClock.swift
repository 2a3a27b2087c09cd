/// A library that lets a process see another time of day than there is, put before the C library. All other clocks go on
/// as they do.
enum JumpingClock {
  /// Where there is no C compiler, tests that need one are skipped.
  static var isAvailable: Bool { library != nil }

  private static let library = PreloadedLibrary.compile("jumping-clock", source)

  private static let source = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    /* Seconds added to the time of day: always the same, or by turns added and taken away; more on higher ranks, each
       beginning with another sign. */
    static long jump(void) {
      const char *seconds = getenv("CLOCK_JUMP_SECONDS"), *period = getenv("CLOCK_JUMP_MILLISECONDS");
      const char *rank = getenv("OMPI_COMM_WORLD_RANK");
      if (!seconds) return 0;
      long number = rank ? atol(rank) : 0, size = atol(seconds) * (1 + number);
      if (!period) return size;
      struct timespec now;
      syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
      long turn = (now.tv_sec * 1000 + now.tv_nsec / 1000000) / atol(period);
      return (turn + number) % 2 ? size : -size;
    }

    int clock_gettime(clockid_t clock, struct timespec *time) {
      int result = (int)syscall(SYS_clock_gettime, clock, time);
      if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += jump();
      return result;
    }

    int gettimeofday(struct timeval *restrict place, void *restrict zone) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      *place = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
      return 0;
    }

    time_t time(time_t *place) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (place) *place = now.tv_sec;
      return now.tv_sec;
    }

    """

  /// - Parameters:
  ///   - seconds: between the time of day and what the processes see of it.
  ///   - period: milliseconds until the clock jumps to the other side; nil: it stays.
  static func environment(seconds: Int, period: Int? = nil) -> [String: String] {
    var variables = ["LD_PRELOAD": library ?? "", "CLOCK_JUMP_SECONDS": "\(seconds)"]
    if let period { variables["CLOCK_JUMP_MILLISECONDS"] = "\(period)" }
    return variables
  }
}
