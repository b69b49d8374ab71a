// Index for Python.
#include <pybind11/stl.h>

#include <system_error>

#include "calls.hpp"
#include "facegate/index.hpp"
#include "keywords.hpp"

namespace facegate::calls {

using namespace border;

namespace {

// An OSError of the kind that the error number stands for, naming the file.
template <class Work>
auto with_file(const std::string& path, const Work& work) {
    try {
        return work();
    } catch (const std::system_error& error) {
        PyErr_SetObject(PyExc_OSError,
                        py::make_tuple(error.code().value(),
                                       std::generic_category().message(error.code().value()), path)
                            .ptr());
        throw py::error_already_set();
    }
}

// A path as str or os.PathLike.
std::string path_of(py::handle path) {
    return py::module_::import("os").attr("fsdecode")(path).cast<std::string>();
}

py::array vectors_of(const char* name, py::handle got, std::size_t dim) {
    constexpr const char* need = "a float32 array (N, D), D as the index has it";
    return dense_floats(name, got, need, {-1, static_cast<py::ssize_t>(dim)});
}

py::array ids_of(const char* name, py::handle got) {
    constexpr const char* need = "an int64 array (N,)";
    py::array array = typed<std::int64_t>(name, got, need);
    expect_shape(name, array, need, {-1});
    expect_dense(name, array, 0);
    return array;
}

const std::int64_t* ids(const py::array& array) {
    return static_cast<const std::int64_t*>(array.data());
}

template <class T>
py::array_t<T> array_of(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

// (count, k). Filled after it is made: pybind11 would make it from the numbers, then copy it.
template <class T>
py::array_t<T> table_of(const Answers& answers, const std::vector<T>& values) {
    py::array_t<T> table(
        {static_cast<py::ssize_t>(answers.count), static_cast<py::ssize_t>(answers.k)});
    std::copy(values.begin(), values.end(), table.mutable_data());
    return table;
}

py::tuple arrays(const Answers& answers) {
    return py::make_tuple(table_of(answers, answers.ids), table_of(answers, answers.scores));
}

py::array probes_of(py::handle got, std::size_t dim) {
    py::array probes = vectors_of("probes", got, dim);
    if (probes.shape(0) == 0) refuse("probes", "need at least one");
    return probes;
}

py::array_t<std::int64_t> add(Index& index, py::handle got_vectors, py::handle got_people) {
    const py::array vectors = vectors_of("vectors", got_vectors, index.dim());
    const py::array people = ids_of("people", got_people);
    if (people.shape(0) != vectors.shape(0)) {
        refuse("people", "need one for each vector, got " + describe(people));
    }
    std::vector<std::int64_t> rows;
    {
        const py::gil_scoped_release unlocked;
        rows = index.add(floats(vectors), extent(vectors, 0), ids(people));
    }
    return array_of(rows);
}

void remove(Index& index, py::handle got_rows) {
    const py::array rows = ids_of("rows", got_rows);
    const py::gil_scoped_release unlocked;
    index.remove(ids(rows), extent(rows, 0));
}

void replace(Index& index, py::handle got_rows, py::handle got_vectors) {
    const py::array rows = ids_of("rows", got_rows);
    const py::array vectors = vectors_of("vectors", got_vectors, index.dim());
    if (rows.shape(0) != vectors.shape(0)) {
        refuse("vectors", "need one for each row, got " + describe(vectors));
    }
    const py::gil_scoped_release unlocked;
    index.replace(ids(rows), extent(rows, 0), floats(vectors));
}

// Called as keywords.hpp says: a door's gallery takes less time than pybind11 takes for its call.
PyObject* search(PyObject* self, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
    return answer([&]() -> py::object {
        static const Signature<2> signature("search", 2, 2, {"probes", "k"});
        const auto got = signature.bind(given, count, keywords);
        if (!reinterpret_cast<py::detail::instance*>(self)
                 ->get_value_and_holder()
                 .holder_constructed()) {
            throw py::type_error("search: this Index was never initialised");
        }
        const auto& index = py::cast<const Index&>(py::handle(self));
        const py::array probes = probes_of(got[0], index.dim());
        const std::size_t most = positive("k", integer("k", got[1]));
        Answers answers;
        {
            const py::gil_scoped_release unlocked;
            answers = index.search(floats(probes), extent(probes, 0), most);
        }
        return arrays(answers);
    });
}

py::tuple search_people(const Index& index, py::handle got_probes, py::ssize_t k,
                        const std::string& by) {
    const py::array probes = probes_of(got_probes, index.dim());
    const std::size_t most = positive("k", k);
    if (by != "max" && by != "mean") refuse("by", "need 'max' or 'mean', got '" + by + "'");
    const PersonScore score = by == "max" ? PersonScore::best : PersonScore::mean;
    Answers answers;
    {
        const py::gil_scoped_release unlocked;
        answers = index.search_people(floats(probes), extent(probes, 0), most, score);
    }
    return arrays(answers);
}

// Also a short look waits for a writer, who may take long: other threads run meanwhile.
py::array_t<float> vector(const Index& index, std::int64_t row) {
    std::vector<float> values;
    {
        const py::gil_scoped_release unlocked;
        values = index.vector(row);
    }
    return array_of(values);
}

py::array_t<std::int64_t> people(const Index& index) {
    std::vector<std::int64_t> all;
    {
        const py::gil_scoped_release unlocked;
        all = index.people();
    }
    return array_of(all);
}

std::unique_ptr<Index> open(py::handle got_path, const std::string& model) {
    const std::string path = path_of(got_path);
    return with_file(path, [&] { return Index::open(path, model); });
}

void save(const Index& index, py::handle got_path) {
    const std::string path = path_of(got_path);
    with_file(path, [&] {
        const py::gil_scoped_release unlocked;
        index.save(path);
    });
}

}  // namespace

void index(py::module_& m) {
    using py::arg;
    using Unlocked = py::call_guard<py::gil_scoped_release>;
    py::class_<Index> type(m, "Index",
                           "Vectors of people, searched by 8-bit copies, exact answers.");
    type.def(py::init([](py::ssize_t dim, const std::string& model) {
                 return std::make_unique<Index>(positive("dim", dim), model);
             }),
             arg("dim"), arg("model"))
        .def_static("open", &open, arg("path"), arg("model"))
        .def("copy", &Index::copy, Unlocked())
        .def("add", &add, arg("vectors"), arg("people"))
        .def("remove", &remove, arg("rows"))
        .def("replace", &replace, arg("rows"), arg("vectors"))
        .def("search_people", &search_people, arg("probes"), arg("k"), py::kw_only(), arg("by"))
        .def("save", &save, arg("path"))
        .def("verify", &Index::verify, Unlocked())
        .def("vector", &vector, arg("row"))
        .def_property_readonly("people", &people)
        .def_property_readonly("dim", &Index::dim)
        .def_property_readonly("model", &Index::model)
        .def_property_readonly("writable", &Index::writable)
        .def("__len__", &Index::size, Unlocked());
    static PyMethodDef fast = method("search", search, "search(probes, k): ids and scores");
    auto* const of = reinterpret_cast<PyTypeObject*>(type.ptr());
    type.attr("search") = py::reinterpret_steal<py::object>(PyDescr_NewMethod(of, &fast));
}

}  // namespace facegate::calls
