// The eight sums of a vector are one register here. What is beyond the end of a vector is read as
// zeros, which change no sum.
#include <immintrin.h>

#include "total.hpp"

namespace facegate {

namespace {

__mmask8 lanes_left(std::size_t left) noexcept {
    return static_cast<__mmask8>(left < lanes ? (1U << left) - 1 : 0xff);
}

__m512d load(const float* from, __mmask8 which) noexcept {
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(which, from));
}

double total(__m512d sums) noexcept {
    double lane[lanes];
    _mm512_storeu_pd(lane, sums);
    return total(lane);
}

double squared_norm(const float* vector, std::size_t dim) noexcept {
    __m512d sum = _mm512_setzero_pd();
    for (std::size_t i = 0; i < dim; i += lanes) {
        const __m512d value = load(vector + i, lanes_left(dim - i));
        sum = _mm512_add_pd(sum, _mm512_mul_pd(value, value));
    }
    return total(sum);
}

// Both at once: a sum waits for the one before it, and meanwhile the other is added.
Products multiply(const float* probe, const float* row, std::size_t dim) noexcept {
    __m512d dot = _mm512_setzero_pd();
    __m512d norm2 = _mm512_setzero_pd();
    for (std::size_t i = 0; i < dim; i += lanes) {
        const __mmask8 which = lanes_left(dim - i);
        const __m512d value = load(row + i, which);
        dot = _mm512_add_pd(dot, _mm512_mul_pd(load(probe + i, which), value));
        norm2 = _mm512_add_pd(norm2, _mm512_mul_pd(value, value));
    }
    return {total(dot), total(norm2)};
}

float largest(const float* vector, std::size_t dim) noexcept {
    __m512 most = _mm512_setzero_ps();
    std::size_t i = 0;
    for (; i + 16 <= dim; i += 16) {
        most = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(vector + i)), most);
    }
    const auto rest = static_cast<__mmask16>((1U << (dim - i)) - 1);
    most = _mm512_max_ps(_mm512_abs_ps(_mm512_maskz_loadu_ps(rest, vector + i)), most);
    return _mm512_reduce_max_ps(most);
}

double round(const float* vector, double per_norm, double step, std::size_t dim,
             std::int8_t* q) noexcept {
    const __m512d norms = _mm512_set1_pd(per_norm);
    const __m512d per_step = _mm512_set1_pd(per_norm / step);
    const __m512d steps = _mm512_set1_pd(step);
    __m512d left = _mm512_setzero_pd();
    for (std::size_t i = 0; i < dim; i += lanes) {
        const __mmask8 which = lanes_left(dim - i);
        const __m512d value = load(vector + i, which);
        // To the nearest integer, halves to the even one, as the other variants do.
        const __m512d whole = _mm512_roundscale_pd(_mm512_mul_pd(value, per_step),
                                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        const __m512d rest =
            _mm512_sub_pd(_mm512_mul_pd(value, norms), _mm512_mul_pd(whole, steps));
        left = _mm512_add_pd(left, _mm512_mul_pd(rest, rest));
        const __m128i bytes = _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(whole));
        if (which == 0xff) {
            _mm_storel_epi64(reinterpret_cast<__m128i*>(q + i), bytes);
        } else {
            _mm_mask_storeu_epi8(q + i, which, bytes);
        }
    }
    return total(left);
}

}  // namespace

const Exact exact_avx512vnni = {squared_norm, multiply, largest, round};

}  // namespace facegate
