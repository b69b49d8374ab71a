// Names and arguments of the Python module; what stands behind them is in calls.hpp.
#include <pybind11/stl.h>

#include "calls.hpp"
#include "keywords.hpp"

namespace py = pybind11;
namespace calls = facegate::calls;
using facegate::border::method;

PYBIND11_MODULE(_native, m) {
    using py::arg;
    py::options options;
    // Types live in __init__.pyi; generated signatures would only say `object`.
    options.disable_function_signatures();
    m.doc() = "Compiled kernels of face-gate; import them from `native`.";

    m.def("similarity", &calls::similarity, arg("src"), arg("dst"),
          "2x3 matrix of the least-squares rotation, scale and shift from src to dst.");

    m.def("warp_u8", &calls::warp_u8, arg("image"), arg("matrix"), arg("height"), arg("width"),
          py::kw_only(), arg("border").none(true), "Crop by an image-to-crop matrix, as pixels.");

    m.def("nms", &calls::nms, arg("boxes"), arg("scores"), py::kw_only(), arg("score_threshold"),
          arg("iou_threshold"), arg("top_k"),
          "Indices of the boxes that greedy non-maximum suppression keeps, best first.");

    m.def("match", &calls::match, arg("probe"), arg("templates"), arg("k"),
          "Rows and cosine similarities of the k best templates, best first.");

    static PyMethodDef fast[] = {
        method("warp", calls::warp, "Crop by an image-to-crop matrix, normalised, planes first."),
        method("align", calls::align,
               "Crop so that points come to lie on template, normalised, planes first."),
        method("decode_yolo", calls::decode_yolo,
               "Boxes and scores out of the raw planes of a one-class YOLO head."),
        method("decode_distances", calls::decode_distances,
               "Boxes and scores out of the logits and side distances of an anchor-free head."),
        {nullptr, nullptr, 0, nullptr}};
    if (PyModule_AddFunctions(m.ptr(), fast) != 0) throw py::error_already_set();

    calls::index(m);

    m.def("dispatch", &calls::dispatch, "The instruction set that each kernel uses.");

    m.def("instruction_sets", &calls::instruction_sets,
          "Names of the instruction sets that this processor has, from narrow to wide.");
}
