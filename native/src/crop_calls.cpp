// similarity, warp, align and warp_u8 for Python.
#include "calls.hpp"

namespace facegate::calls {

using namespace border;

namespace {

py::array crop(py::handle got_image, const char* map_name, const Matrix& map, py::ssize_t height,
               py::ssize_t width, const Normalise& colours, std::optional<double> level,
               py::handle got_out) {
    const py::array owner = image_array(got_image);
    const ImageView image = image_view(owner);
    const Sampling plan = sampling(map_name, map);
    const CropSize size = crop_size(height, width);
    const Edge beyond = edge(level);
    py::array out = crop_buffer(got_out, size);
    auto* data = static_cast<float*>(out.mutable_data());
    {
        const py::gil_scoped_release unlocked;
        facegate::warp(image, plan, beyond, colours, size.height, size.width, data);
    }
    return out;
}

}  // namespace

py::array_t<double> similarity(py::handle src, py::handle dst) {
    // One after the other, so that of two bad arguments the first is named.
    const std::vector<double> source = points("src", src);
    const Matrix map = fit("src", source, "dst", points("dst", dst));
    return py::array_t<double>({2, 3}, map.data());
}

py::array warp(py::handle image, py::handle got_matrix, py::ssize_t height, py::ssize_t width,
               const Triple& mean, const Triple& std, bool swap_rb, std::optional<double> level,
               py::handle out) {
    return crop(image, "matrix", matrix(got_matrix), height, width, normalise(mean, std, swap_rb),
                level, out);
}

py::array align(py::handle image, py::handle got, py::handle target, py::ssize_t height,
                py::ssize_t width, const Triple& mean, const Triple& std, bool swap_rb,
                std::optional<double> level, py::handle out) {
    const std::vector<double> source = points("points", got);
    const Matrix map = fit("points", source, "template", points("template", target));
    return crop(image, "points", map, height, width, normalise(mean, std, swap_rb), level, out);
}

py::array_t<std::uint8_t> warp_u8(py::handle got_image, py::handle got_matrix, py::ssize_t height,
                                  py::ssize_t width, std::optional<int> level) {
    const py::array owner = image_array(got_image);
    const ImageView image = image_view(owner);
    const Sampling plan = sampling("matrix", matrix(got_matrix));
    const CropSize size = crop_size(height, width);
    const Edge beyond = edge(level);
    py::array_t<std::uint8_t> out({size.height, size.width, 3});
    std::uint8_t* data = out.mutable_data();
    {
        const py::gil_scoped_release unlocked;
        facegate::warp_u8(image, plan, beyond, size.height, size.width, data);
    }
    return out;
}

}  // namespace facegate::calls
