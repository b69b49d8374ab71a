// Enough of a test framework: failures say where and what, and the exit status says how it went.
#pragma once

#include <cmath>
#include <cstdio>
#include <random>

namespace check {

inline int failures = 0;
inline int checks = 0;

inline void that(bool holds, const char* what, const char* file, int line) {
    ++checks;
    if (holds) return;
    ++failures;
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

inline void near(double got, double want, double tolerance, const char* what, const char* file,
                 int line) {
    ++checks;
    // Written so that a NaN is a failure.
    if (std::abs(got - want) <= tolerance) return;
    ++failures;
    std::fprintf(stderr, "%s:%d: %s: got %.17g, want %.17g within %g\n", file, line, what, got,
                 want, tolerance);
}

// A test that checked nothing has not passed.
inline int verdict() {
    std::printf("%d checks, %d failures\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}

// std::uniform_real_distribution may differ between libraries; this is the same everywhere.
class Random {
  public:
    explicit Random(std::uint32_t seed) : engine_(seed) {}

    double between(double low, double high) {
        return low + (high - low) * (static_cast<double>(engine_()) / 4294967296.0);
    }
    int below(int bound) { return static_cast<int>(between(0.0, bound)); }

  private:
    std::mt19937 engine_;
};

}  // namespace check

#define CHECK(condition) check::that((condition), #condition, __FILE__, __LINE__)
#define CHECK_NEAR(got, want, tolerance) \
    check::near((got), (want), (tolerance), #got, __FILE__, __LINE__)
