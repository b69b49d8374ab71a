// decode_yolo and nms for Python.
#include "calls.hpp"
#include "facegate/decode.hpp"
#include "facegate/nms.hpp"

namespace facegate::calls {

using namespace border;

namespace {

Grid grid_of(const py::array& planes, const py::array& anchors) {
    if (planes.size() == 0) refuse("planes", "need at least one cell, got " + describe(planes));
    for (py::ssize_t i = 0; i < anchors.size(); ++i) {
        const float side = floats(anchors)[i];
        if (!(std::isfinite(side) && side > 0.0F)) {
            refuse("anchors", "sizes must be finite and above 0, got " + std::to_string(side));
        }
    }
    return {floats(planes), floats(anchors), extent(anchors, 0), extent(planes, 1),
            extent(planes, 2)};
}

}  // namespace

py::tuple decode_yolo(py::handle got_planes, py::handle got_anchors, double score_threshold,
                      double iou_threshold, py::ssize_t top_k) {
    const py::array anchors =
        dense_floats("anchors", got_anchors, "a float32 array (A, 2)", {-1, 2});
    const py::array planes = dense_floats("planes", got_planes, "a float32 array (A*5, gh, gw)",
                                          {5 * anchors.shape(0), -1, -1});
    const Grid grid = grid_of(planes, anchors);
    if (!(score_threshold > 0.0 && score_threshold < 1.0)) {
        refuse("score_threshold", "need a value between 0 and 1, both excluded, got " +
                                      std::to_string(score_threshold));
    }
    expect_unit("iou_threshold", iou_threshold);
    const std::size_t most = positive("top_k", top_k);

    std::vector<float> boxes;
    std::vector<float> scores;
    std::vector<std::int64_t> order;
    std::size_t kept = 0;
    bool finite = false;
    {
        const py::gil_scoped_release unlocked;
        const float logit = logit_of(score_threshold);
        scores.resize(count_survivors(grid, logit));
        boxes.resize(4 * scores.size());
        order.resize(scores.size());
        finite = facegate::decode_yolo(grid, logit, boxes.data(), scores.data());
        if (finite) {
            kept = facegate::nms(boxes.data(), scores.data(), scores.size(), 0.0F, iou_threshold,
                                 most, order.data());
        }
    }
    if (!finite) refuse("planes", "a cell that reaches the threshold is not finite");

    const auto count = static_cast<py::ssize_t>(kept);
    py::array_t<float> kept_boxes({count, py::ssize_t{4}});
    py::array_t<float> kept_scores(count);
    for (std::size_t i = 0; i < kept; ++i) {
        const auto from = static_cast<std::size_t>(order[i]);
        std::copy_n(&boxes[4 * from], 4, kept_boxes.mutable_data() + 4 * i);
        kept_scores.mutable_data()[i] = scores[from];
    }
    return py::make_tuple(kept_boxes, kept_scores);
}

py::array_t<std::int64_t> nms(py::handle got_boxes, py::handle got_scores, double score_threshold,
                              double iou_threshold, py::ssize_t top_k) {
    const py::array boxes = dense_floats("boxes", got_boxes, "a float32 array (N, 4)", {-1, 4});
    const py::array scores =
        dense_floats("scores", got_scores, "a float32 array (N,), one per box", {boxes.shape(0)});
    const std::size_t count = extent(boxes, 0);
    expect_finite("boxes", floats(boxes), 4 * count);
    expect_finite("scores", floats(scores), count);
    if (std::isnan(score_threshold)) refuse("score_threshold", "is not a number");
    expect_unit("iou_threshold", iou_threshold);
    const std::size_t most = positive("top_k", top_k);
    std::vector<std::int64_t> order(count);
    std::size_t kept = 0;
    {
        const py::gil_scoped_release unlocked;
        // Scores are compared as NumPy compares a float32 array with a number: as float32.
        kept =
            facegate::nms(floats(boxes), floats(scores), count, static_cast<float>(score_threshold),
                          iou_threshold, most, order.data());
    }
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(kept), order.data());
}

}  // namespace facegate::calls
