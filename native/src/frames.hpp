// The part of the border that concerns pictures: frames in, crops out, the map between them.
#pragma once

#include <array>
#include <optional>

#include "arrays.hpp"
#include "facegate/align.hpp"
#include "facegate/similarity.hpp"

namespace facegate::border {

constexpr py::ssize_t max_image_side = 65535;
constexpr py::ssize_t max_crop_side = 4096;

using Matrix = std::array<double, 6>;
using Triple = std::array<double, 3>;

// `owner` must outlive the view.
inline ImageView image_view(const py::array& owner) {
    constexpr const char* need = "a uint8 array (H, W, 3)";
    expect_shape("image", owner, need, {-1, -1, 3});
    for (const py::ssize_t axis : {0, 1}) {
        if (owner.shape(axis) < 1 || owner.shape(axis) > max_image_side) {
            refuse("image", "sides must be 1..65535, got " + describe(owner));
        }
    }
    expect_dense("image", owner, 1);
    return {static_cast<const std::uint8_t*>(owner.data()), owner.strides(0),
            static_cast<int>(owner.shape(0)), static_cast<int>(owner.shape(1))};
}

inline py::array image_array(py::handle got) {
    return typed<std::uint8_t>("image", got, "a uint8 array (H, W, 3)");
}

inline Matrix matrix(py::handle got) {
    constexpr const char* need = "a float64 array (2, 3)";
    const py::array array = typed<double>("matrix", got, need);
    expect_shape("matrix", array, need, {2, 3});
    Matrix values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = *static_cast<const double*>(
            array.data(static_cast<py::ssize_t>(i / 3), static_cast<py::ssize_t>(i % 3)));
    }
    expect_finite("matrix", values.data(), values.size());
    return values;
}

inline Sampling sampling(const char* name, const Matrix& map) {
    Sampling plan{};
    switch (plan_sampling(map.data(), &plan)) {
        case Plan::ok:
            return plan;
        case Plan::singular:
            refuse(name, "the map from image to crop has no inverse");
        default:
            refuse(name,
                   "the crop shrinks the image more than " + std::to_string(max_shrink) + " times");
    }
}

inline Matrix fit(const char* source_name, const std::vector<double>& source,
                  const char* target_name, const std::vector<double>& target) {
    if (source.size() != target.size()) {
        refuse(target_name, "need as many points as " + std::string(source_name) + " (" +
                                std::to_string(source.size() / 2) + "), got " +
                                std::to_string(target.size() / 2));
    }
    Matrix map{};
    switch (fit_similarity(source.data(), target.data(), source.size() / 2, map.data())) {
        case Fit::ok:
            return map;
        case Fit::source_coincides:
            refuse(source_name, "all points coincide");
        case Fit::target_coincides:
            refuse(target_name, "all points coincide");
        default:
            refuse(source_name, std::string("mirror image of ") + target_name +
                                    ": no rotation fits better than another");
    }
}

struct CropSize {
    int height;
    int width;
};

inline CropSize crop_size(py::ssize_t height, py::ssize_t width) {
    if (height < 1 || height > max_crop_side || width < 1 || width > max_crop_side) {
        refuse("height, width",
               "need 1..4096, got " + std::to_string(height) + ", " + std::to_string(width));
    }
    return {static_cast<int>(height), static_cast<int>(width)};
}

inline Edge edge(std::optional<double> level) {
    if (!level) return {false, 0.0F};
    if (!(*level >= 0.0 && *level <= 255.0)) {
        refuse("border", "need None or a grey level 0..255, got " + std::to_string(*level));
    }
    return {true, static_cast<float>(*level)};
}

inline Normalise normalise(const Triple& mean, const Triple& std, bool swap_rb) {
    Normalise result{};
    result.swap_rb = swap_rb;
    for (std::size_t c = 0; c < 3; ++c) {
        result.mean[c] = static_cast<float>(mean[c]);
        result.std[c] = static_cast<float>(std[c]);
        if (!std::isfinite(result.mean[c])) refuse("mean", "must be finite");
        // Below 1e-6 the quotient of two grey levels leaves the range where floats are exact.
        if (!(std::isfinite(result.std[c]) && result.std[c] >= 1e-6F)) {
            refuse("std", "must be finite and at least 1e-6");
        }
    }
    return result;
}

// The caller's buffer if there is one, else a new one.
inline py::array crop_buffer(py::handle out, CropSize size) {
    if (out.is_none()) return py::array_t<float>({3, size.height, size.width});
    py::array array = dense_floats("out", out, "a float32 array (3, height, width)",
                                   {3, size.height, size.width});
    if (!array.writeable()) refuse("out", "is read-only");
    return array;
}

}  // namespace facegate::border
