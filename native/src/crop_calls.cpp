// similarity, warp, align and warp_u8 for Python.
#include "calls.hpp"
#include "keywords.hpp"

namespace facegate::calls {

using namespace border;

namespace {

// What a crop is to be, as a call says it.
struct Destination {
    Destination(py::handle height, py::handle width, py::handle mean, py::handle std,
                py::handle swap_rb, py::handle border, py::handle out)
        : height(integer("height", height)),
          width(integer("width", width)),
          colours(normalise(triple("mean", mean), triple("std", std), truth("swap_rb", swap_rb))),
          level(border.is_none() ? std::nullopt : std::optional(number("border", border))),
          out(out ? out : py::handle(Py_None)) {}

    py::ssize_t height;
    py::ssize_t width;
    Normalise colours;
    std::optional<double> level;
    py::handle out;
};

py::array crop(py::handle got_image, const char* map_name, const Matrix& map,
               const Destination& to) {
    const py::array owner = image_array(got_image);
    const ImageView image = image_view(owner);
    const Sampling plan = sampling(map_name, map);
    const CropSize size = crop_size(to.height, to.width);
    const Edge beyond = edge(to.level);
    py::array out = crop_buffer(to.out, size);
    auto* data = static_cast<float*>(out.mutable_data());
    {
        const py::gil_scoped_release unlocked;
        facegate::warp(image, plan, beyond, to.colours, size.height, size.width, data);
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

PyObject* warp(PyObject*, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
    return answer([&]() -> py::object {
        static const Signature<9> signature(
            "warp", 4, 8,
            {"image", "matrix", "height", "width", "mean", "std", "swap_rb", "border", "out"});
        const auto got = signature.bind(given, count, keywords);
        const Destination to(got[2], got[3], got[4], got[5], got[6], got[7], got[8]);
        return crop(got[0], "matrix", matrix(got[1]), to);
    });
}

PyObject* align(PyObject*, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
    return answer([&]() -> py::object {
        static const Signature<10> signature("align", 5, 9,
                                             {"image", "points", "template", "height", "width",
                                              "mean", "std", "swap_rb", "border", "out"});
        const auto got = signature.bind(given, count, keywords);
        const Destination to(got[3], got[4], got[5], got[6], got[7], got[8], got[9]);
        const std::vector<double> source = points("points", got[1]);
        const Matrix map = fit("points", source, "template", points("template", got[2]));
        return crop(got[0], "points", map, to);
    });
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
