// The functions Python sees, one per operation. Each checks its arguments at the border, lets go
// of the GIL and runs a kernel; native/__init__.pyi describes types and meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frames.hpp"

namespace facegate::calls {

namespace py = pybind11;
using border::Triple;

py::array_t<double> similarity(py::handle src, py::handle dst);

// These and the two that decode are called as keywords.hpp says.
PyObject* warp(PyObject* module, PyObject* const* given, Py_ssize_t count, PyObject* keywords);
PyObject* align(PyObject* module, PyObject* const* given, Py_ssize_t count, PyObject* keywords);

py::array_t<std::uint8_t> warp_u8(py::handle image, py::handle matrix, py::ssize_t height,
                                  py::ssize_t width, std::optional<int> level);

PyObject* decode_yolo(PyObject* module, PyObject* const* given, Py_ssize_t count,
                      PyObject* keywords);
PyObject* decode_distances(PyObject* module, PyObject* const* given, Py_ssize_t count,
                           PyObject* keywords);

py::array_t<std::int64_t> nms(py::handle boxes, py::handle scores, double score_threshold,
                              double iou_threshold, py::ssize_t top_k);

py::tuple match(py::handle probe, py::handle templates, py::ssize_t k);

// Defines the class Index.
void index(py::module_& m);

py::dict dispatch();

py::list instruction_sets();

}  // namespace facegate::calls
