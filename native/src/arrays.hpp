// The border between Python and the kernels: arrays are taken as they are or refused, never
// converted, so that no call copies a frame or a gallery without the caller knowing.
//
// Wrong kind of thing: TypeError. Right kind, wrong shape, layout or value: ValueError. Every
// message names the argument, what is needed and what was got.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace facegate::border {

namespace py = pybind11;

inline std::string describe(py::handle got) {
    if (!py::isinstance<py::array>(got)) {
        return py::str(py::type::handle_of(got).attr("__name__")).cast<std::string>();
    }
    return py::str("{} {}").format(got.attr("dtype"), got.attr("shape")).cast<std::string>();
}

[[noreturn]] inline void refuse_type(const char* name, const std::string& need, py::handle got) {
    throw py::type_error(std::string(name) + ": need " + need + ", got " + describe(got));
}

[[noreturn]] inline void refuse(const char* name, const std::string& problem) {
    throw py::value_error(std::string(name) + ": " + problem);
}

// The element type in native byte order; `need` describes the array in messages.
template <class T>
py::array typed(const char* name, py::handle got, const char* need) {
    if (!py::isinstance<py::array_t<T>>(got)) refuse_type(name, need, got);
    auto array = py::reinterpret_borrow<py::array>(got);
    if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
        refuse(name, "elements must be aligned in memory");
    }
    return array;
}

// -1 in `shape` stands for any size.
inline void expect_shape(const char* name, const py::array& array, const char* need,
                         std::initializer_list<py::ssize_t> shape) {
    bool fits = array.ndim() == static_cast<py::ssize_t>(shape.size());
    py::ssize_t axis = 0;
    for (const py::ssize_t size : shape) {
        fits = fits && (size == -1 || array.shape(axis) == size);
        ++axis;
    }
    if (!fits) refuse(name, std::string("need ") + need + ", got " + describe(array));
}

// All dimensions from `first` on lie densely; the ones before may be strided. A dimension of
// size one is never stepped along, so its stride means nothing.
inline void expect_dense(const char* name, const py::array& array, py::ssize_t first) {
    if (array.size() == 0) return;
    py::ssize_t step = array.itemsize();
    for (py::ssize_t i = array.ndim() - 1; i >= first; --i) {
        if (array.shape(i) != 1 && array.strides(i) != step) {
            refuse(name, first == 0
                             ? "must be C-contiguous"
                             : "rows must be contiguous (only the first axis may be strided)");
        }
        step *= array.shape(i);
    }
}

template <class T>
void expect_finite(const char* name, const T* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!std::isfinite(values[i])) {
            refuse(name, "element " + std::to_string(i) + " is not finite");
        }
    }
}

// A float32 array that the kernels read from end to end.
inline py::array dense_floats(const char* name, py::handle got, const char* need,
                              std::initializer_list<py::ssize_t> shape) {
    py::array array = typed<float>(name, got, need);
    expect_shape(name, array, need, shape);
    expect_dense(name, array, 0);
    return array;
}

inline const float* floats(const py::array& array) {
    return static_cast<const float*>(array.data());
}

inline std::size_t extent(const py::array& array, py::ssize_t axis) {
    return static_cast<std::size_t>(array.shape(axis));
}

// x,y pairs as doubles. A handful of points, so they are copied, whatever their strides.
inline std::vector<double> points(const char* name, py::handle got) {
    constexpr const char* need = "a float32 or float64 array (K, 2)";
    constexpr double limit = 1e9;  // see similarity.hpp
    const bool wide = py::isinstance<py::array_t<double>>(got);
    if (!wide && !py::isinstance<py::array_t<float>>(got)) refuse_type(name, need, got);
    const auto array = py::reinterpret_borrow<py::array>(got);
    expect_shape(name, array, need, {-1, 2});
    if (array.shape(0) < 2) refuse(name, "need at least 2 points, got " + describe(got));
    std::vector<double> values(extent(array, 0) * 2);
    const auto* const data = static_cast<const char*>(array.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const char* const from = data + static_cast<py::ssize_t>(i / 2) * array.strides(0) +
                                 static_cast<py::ssize_t>(i % 2) * array.strides(1);
        // Copied, as it may lie anywhere.
        if (wide) {
            std::memcpy(&values[i], from, sizeof values[i]);
        } else {
            float value = 0.0F;
            std::memcpy(&value, from, sizeof value);
            values[i] = static_cast<double>(value);
        }
    }
    expect_finite(name, values.data(), values.size());
    for (const double value : values) {
        if (std::abs(value) > limit) refuse(name, "coordinates beyond 1e9 are no pixels");
    }
    return values;
}

inline void expect_unit(const char* name, double value) {
    if (!(value >= 0.0 && value <= 1.0)) refuse(name, "need 0..1, got " + std::to_string(value));
}

inline std::size_t positive(const char* name, py::ssize_t value) {
    if (value < 1) refuse(name, "need at least 1, got " + std::to_string(value));
    return static_cast<std::size_t>(value);
}

}  // namespace facegate::border
