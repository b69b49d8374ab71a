// Names and arguments of the Python module; what stands behind them is in calls.hpp.
#include <pybind11/stl.h>

#include "calls.hpp"

namespace py = pybind11;
namespace calls = facegate::calls;

PYBIND11_MODULE(_native, m) {
    using py::arg;
    py::options options;
    // Types live in __init__.pyi; generated signatures would only say `object`.
    options.disable_function_signatures();
    m.doc() = "Compiled kernels of face-gate; import them from `native`.";

    m.def("similarity", &calls::similarity, arg("src"), arg("dst"),
          "2x3 matrix of the least-squares rotation, scale and shift from src to dst.");

    m.def("warp", &calls::warp, arg("image"), arg("matrix"), arg("height"), arg("width"),
          py::kw_only(), arg("mean"), arg("std"), arg("swap_rb"), arg("border").none(true),
          arg("out") = py::none(), "Crop by an image-to-crop matrix, normalised, planes first.");

    m.def("align", &calls::align, arg("image"), arg("points"), arg("template"), arg("height"),
          arg("width"), py::kw_only(), arg("mean"), arg("std"), arg("swap_rb"),
          arg("border").none(true), arg("out") = py::none(),
          "Crop so that points come to lie on template, normalised, planes first.");

    m.def("warp_u8", &calls::warp_u8, arg("image"), arg("matrix"), arg("height"), arg("width"),
          py::kw_only(), arg("border").none(true), "Crop by an image-to-crop matrix, as pixels.");

    m.def("decode_yolo", &calls::decode_yolo, arg("planes"), arg("anchors"), py::kw_only(),
          arg("score_threshold"), arg("iou_threshold"), arg("top_k"), arg("layout") = "planes",
          "Boxes and scores out of the raw planes of a one-class YOLO head.");

    m.def("decode_distances", &calls::decode_distances, arg("logits"), arg("distances"),
          py::kw_only(), arg("centre"), arg("score_threshold"), arg("iou_threshold"), arg("top_k"),
          arg("layout") = "planes",
          "Boxes and scores out of the logits and side distances of an anchor-free head.");

    m.def("nms", &calls::nms, arg("boxes"), arg("scores"), py::kw_only(), arg("score_threshold"),
          arg("iou_threshold"), arg("top_k"),
          "Indices of the boxes that greedy non-maximum suppression keeps, best first.");

    m.def("match", &calls::match, arg("probe"), arg("templates"), arg("k"),
          "Rows and cosine similarities of the k best templates, best first.");

    calls::index(m);

    m.def("dispatch", &calls::dispatch, "The instruction set that each kernel uses.");

    m.def("instruction_sets", &calls::instruction_sets,
          "Names of the instruction sets that this processor has, from narrow to wide.");
}
