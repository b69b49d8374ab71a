// Functions that run for every frame take their arguments as the interpreter passes them (PEP 590).
// pybind11 makes a string of every keyword's name and looks it up, call by call, which takes longer
// than some of these kernels do.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

#include "frames.hpp"

namespace facegate::border {

// What a function may be called with. Of N arguments the first `positional` need no name; those
// from `optional` on may be left out.
template <std::size_t N>
class Signature {
  public:
    Signature(const char* function, std::size_t positional, std::size_t optional,
              const std::array<const char*, N>& names)
        : function_(function), positional_(positional), optional_(optional), names_(names) {
        // Kept for as long as the process runs, as are names in code; usually the same object.
        for (std::size_t i = 0; i < N; ++i) interned_[i] = PyUnicode_InternFromString(names[i]);
    }

    // Null for those left out.
    std::array<py::handle, N> bind(PyObject* const* given, Py_ssize_t count,
                                   PyObject* keywords) const {
        std::array<py::handle, N> bound{};
        if (static_cast<std::size_t>(count) > positional_) {
            refuse_call("takes " + std::to_string(positional_) + " arguments without a name, got " +
                        std::to_string(count));
        }
        for (Py_ssize_t i = 0; i < count; ++i) bound[static_cast<std::size_t>(i)] = given[i];
        const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
        for (Py_ssize_t i = 0; i < named; ++i) {
            py::handle& place = bound[find(PyTuple_GET_ITEM(keywords, i))];
            if (place) {
                refuse_call("got '" + name_of_keyword(PyTuple_GET_ITEM(keywords, i)) + "' twice");
            }
            place = given[count + i];
        }
        for (std::size_t i = 0; i < optional_; ++i) {
            if (!bound[i]) refuse_call(std::string("needs '") + names_[i] + "'");
        }
        return bound;
    }

  private:
    static std::string name_of_keyword(py::handle keyword) {
        return py::reinterpret_borrow<py::str>(keyword);
    }

    std::size_t find(PyObject* keyword) const {
        for (std::size_t i = 0; i < N; ++i) {
            if (keyword == interned_[i]) return i;
        }
        for (std::size_t i = 0; i < N; ++i) {
            if (PyUnicode_Compare(keyword, interned_[i]) == 0) return i;
        }
        refuse_call("has no argument '" + name_of_keyword(keyword) + "'");
    }

    [[noreturn]] void refuse_call(const std::string& problem) const {
        throw py::type_error(std::string(function_) + "() " + problem);
    }

    const char* function_;
    std::size_t positional_;
    std::size_t optional_;
    std::array<const char*, N> names_;
    std::array<PyObject*, N> interned_{};
};

inline double number(const char* name, py::handle got) {
    const double value = PyFloat_AsDouble(got.ptr());
    if (value == -1.0 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        refuse_type(name, "a number", got);
    }
    return value;
}

inline py::ssize_t integer(const char* name, py::handle got) {
    const py::ssize_t value = PyNumber_AsSsize_t(got.ptr(), nullptr);  // clipped to its range
    if (value == -1 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        refuse_type(name, "an integer", got);
    }
    return value;
}

inline bool truth(const char* name, py::handle got) {
    const std::string type = Py_TYPE(got.ptr())->tp_name;
    if (!PyBool_Check(got.ptr()) && type != "numpy.bool" && type != "numpy.bool_") {
        refuse_type(name, "True or False", got);
    }
    return PyObject_IsTrue(got.ptr()) == 1;
}

inline Triple triple(const char* name, py::handle got) {
    const auto sequence =
        py::reinterpret_steal<py::object>(PySequence_Fast(got.ptr(), "not a sequence"));
    if (!sequence) PyErr_Clear();
    if (!sequence || PySequence_Fast_GET_SIZE(sequence.ptr()) != 3) {
        refuse_type(name, "three numbers", got);
    }
    Triple values{};
    for (std::size_t i = 0; i < 3; ++i) {
        values[i] =
            number(name, PySequence_Fast_GET_ITEM(sequence.ptr(), static_cast<Py_ssize_t>(i)));
    }
    return values;
}

inline std::string text(const char* name, py::handle got) {
    if (!PyUnicode_Check(got.ptr())) refuse_type(name, "a string", got);
    return py::reinterpret_borrow<py::str>(got);
}

// Runs the work of a function; what it throws becomes what pybind11 would raise.
template <class Work>
PyObject* answer(const Work& work) noexcept {
    try {
        return work().release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

// An entry of the module's table of functions.
using Fast = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

inline PyMethodDef method(const char* name, Fast function, const char* about) {
    // The table's type is that of the plainest calls; the flags say what it really is.
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
            METH_FASTCALL | METH_KEYWORDS, about};
}

}  // namespace facegate::border
