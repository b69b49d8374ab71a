// match for Python.
#include "calls.hpp"
#include "facegate/match.hpp"

namespace facegate::calls {

using namespace border;

py::tuple match(py::handle got_probe, py::handle got_templates, py::ssize_t k) {
    constexpr const char* need = "a float32 array (N, D), D as long as the probe";
    const py::array probe = dense_floats("probe", got_probe, "a float32 array (D,)", {-1});
    const py::array templates = typed<float>("templates", got_templates, need);
    expect_shape("templates", templates, need, {-1, probe.shape(0)});
    expect_dense("templates", templates, 1);
    const std::size_t dim = extent(probe, 0);
    const std::size_t count = extent(templates, 0);
    const std::size_t most = std::min(positive("k", k), count);
    expect_finite("probe", floats(probe), dim);
    const double norm2 = squared_norm(floats(probe), dim);
    if (!(norm2 > 0.0)) refuse("probe", "is a zero vector");

    const auto row_floats = templates.strides(0) / static_cast<py::ssize_t>(sizeof(float));
    std::vector<float> scores(count);
    std::vector<std::int64_t> order(count);
    std::size_t bad = count;
    {
        const py::gil_scoped_release unlocked;
        bad = cosine_scores(floats(probe), norm2, floats(templates), row_floats, count, dim,
                            scores.data());
        if (bad == count && most > 0) best_rows(scores.data(), count, most, order.data());
    }
    if (bad != count) {
        refuse("templates", "row " + std::to_string(bad) + " is a zero vector or not finite");
    }
    py::array_t<float> best(static_cast<py::ssize_t>(most));
    for (std::size_t i = 0; i < most; ++i) {
        best.mutable_data()[i] = scores[static_cast<std::size_t>(order[i])];
    }
    return py::make_tuple(py::array_t<std::int64_t>(static_cast<py::ssize_t>(most), order.data()),
                          best);
}

}  // namespace facegate::calls
