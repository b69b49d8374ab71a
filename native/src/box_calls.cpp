// decode_yolo, decode_distances and nms for Python.
#include <memory>

#include "boxes/plan.hpp"
#include "calls.hpp"
#include "facegate/decode.hpp"
#include "facegate/nms.hpp"
#include "keywords.hpp"

namespace facegate::calls {

using namespace border;

namespace {

constexpr std::size_t most_boxes = 0xffffffff;  // indices have 32 bits

bool lies_in_planes(const std::string& layout) {
    if (layout == "planes") return true;
    if (layout == "rows") return false;
    refuse("layout", "need 'planes' or 'rows', got '" + layout + "'");
}

void expect_anchors(const py::array& anchors) {
    for (py::ssize_t i = 0; i < anchors.size(); ++i) {
        const float side = floats(anchors)[i];
        if (!(std::isfinite(side) && side > 0.0F)) {
            refuse("anchors", "sizes must be finite and above 0, got " + std::to_string(side));
        }
    }
}

// Rows and columns of the grid are given by the first array that holds them.
void set_grid(const char* name, const py::array& array, Head& head) {
    if (array.size() == 0) refuse(name, "need at least one cell, got " + describe(array));
    head.rows = extent(array, head.planes ? 1 : 0);
    head.cols = extent(array, head.planes ? 2 : 1);
    if (place_count(head) > most_boxes) refuse(name, "need fewer than 2^32 boxes");
}

struct Found {
    std::vector<float> boxes;
    std::vector<float> scores;
    std::vector<std::int64_t> kept;
    bool finite = true;
};

// Of many survivors the best alone: exponentials for one box. False if that box has no area, so
// that the next best must be found.
bool find_best(const Head& head, const std::uint32_t* places, std::size_t count, Found& found) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!decodes(head, places[i])) {
            found.finite = false;
            return true;
        }
    }
    const std::size_t best = places[best_place(head, places, count)];
    found.boxes.resize(4);
    decode_box(head, best, found.boxes.data());
    if (!(found.boxes[2] > found.boxes[0] && found.boxes[3] > found.boxes[1])) return false;
    found.scores = {score_of(logit_at(head, best))};
    found.kept = {0};
    return true;
}

Found find(const Head& head, double score_threshold, double iou_threshold, std::size_t top_k) {
    Found found;
    const float logit = logit_of(score_threshold);
    // Not a vector, which would be written before it is filled.
    const std::unique_ptr<std::uint32_t[]> places(
        new std::uint32_t[place_count(head) + spare_places]);
    const std::size_t count = survivors(head, logit, places.get());
    if (count == 0) return found;
    if (top_k == 1 && find_best(head, places.get(), count, found)) return found;

    found.boxes.resize(4 * count);
    found.scores.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (!decode_box(head, places[i], &found.boxes[4 * i])) {
            found.finite = false;
            return found;
        }
        found.scores[i] = score_of(logit_at(head, places[i]));
    }
    const std::unique_ptr<std::uint64_t[]> room(
        new std::uint64_t[nms_room(count) / sizeof(std::uint64_t) + 1]);
    found.kept.resize(std::min(top_k, count));
    found.kept.resize(facegate::nms(found.boxes.data(), found.scores.data(), count, 0.0F,
                                    iou_threshold, top_k, room.get(), found.kept.data()));
    return found;
}

py::tuple decode(const char* name, const Head& head, double score_threshold, double iou_threshold,
                 py::ssize_t top_k) {
    if (!(score_threshold > 0.0 && score_threshold < 1.0)) {
        refuse("score_threshold", "need a value between 0 and 1, both excluded, got " +
                                      std::to_string(score_threshold));
    }
    expect_unit("iou_threshold", iou_threshold);
    const std::size_t most = positive("top_k", top_k);
    Found found;
    {
        const py::gil_scoped_release unlocked;
        found = find(head, score_threshold, iou_threshold, most);
    }
    if (!found.finite) refuse(name, "a cell that reaches the threshold is not finite");

    const auto count = static_cast<py::ssize_t>(found.kept.size());
    py::array_t<float> boxes({count, py::ssize_t{4}});
    py::array_t<float> scores(count);
    for (std::size_t i = 0; i < found.kept.size(); ++i) {
        const auto from = static_cast<std::size_t>(found.kept[i]);
        std::copy_n(&found.boxes[4 * from], 4, boxes.mutable_data() + 4 * i);
        scores.mutable_data()[i] = found.scores[from];
    }
    return py::make_tuple(boxes, scores);
}

}  // namespace

namespace {

py::tuple decode_anchors(py::handle got_planes, py::handle got_anchors, double score_threshold,
                         double iou_threshold, py::ssize_t top_k, const std::string& layout) {
    const py::array anchors =
        dense_floats("anchors", got_anchors, "a float32 array (A, 2)", {-1, 2});
    Head head{HeadKind::anchors,
              lies_in_planes(layout),
              nullptr,
              nullptr,
              floats(anchors),
              extent(anchors, 0),
              0,
              0,
              0.0};
    const py::ssize_t channels = 5 * anchors.shape(0);
    const py::array planes =
        head.planes ? dense_floats("planes", got_planes, "a float32 array (A*5, gh, gw)",
                                   {channels, -1, -1})
                    : dense_floats("planes", got_planes, "a float32 array (gh, gw, A*5)",
                                   {-1, -1, channels});
    set_grid("planes", planes, head);
    expect_anchors(anchors);
    head.values = floats(planes);
    return decode("planes", head, score_threshold, iou_threshold, top_k);
}

py::tuple decode_sides(py::handle got_logits, py::handle got_distances, double centre,
                       double score_threshold, double iou_threshold, py::ssize_t top_k,
                       const std::string& layout) {
    Head head{
        HeadKind::distances, lies_in_planes(layout), nullptr, nullptr, nullptr, 0, 0, 0, centre};
    const py::array logits = dense_floats(
        "logits", got_logits,
        head.planes ? "a float32 array (A, gh, gw)" : "a float32 array (gh, gw, A)", {-1, -1, -1});
    head.anchor_count = extent(logits, head.planes ? 0 : 2);
    set_grid("logits", logits, head);
    const auto channels = static_cast<py::ssize_t>(4 * head.anchor_count);
    const py::array distances =
        head.planes ? dense_floats("distances", got_distances,
                                   "a float32 array (A*4, gh, gw) on the grid of the logits",
                                   {channels, logits.shape(1), logits.shape(2)})
                    : dense_floats("distances", got_distances,
                                   "a float32 array (gh, gw, A*4) on the grid of the logits",
                                   {logits.shape(0), logits.shape(1), channels});
    expect_unit("centre", centre);
    head.logits = floats(logits);
    head.values = floats(distances);
    return decode("logits, distances", head, score_threshold, iou_threshold, top_k);
}

std::string layout_of(py::handle got) { return got ? text("layout", got) : "planes"; }

}  // namespace

PyObject* decode_yolo(PyObject*, PyObject* const* given, Py_ssize_t count, PyObject* keywords) {
    return answer([&]() -> py::object {
        static const Signature<6> signature(
            "decode_yolo", 2, 5,
            {"planes", "anchors", "score_threshold", "iou_threshold", "top_k", "layout"});
        const auto got = signature.bind(given, count, keywords);
        return decode_anchors(got[0], got[1], number("score_threshold", got[2]),
                              number("iou_threshold", got[3]), integer("top_k", got[4]),
                              layout_of(got[5]));
    });
}

PyObject* decode_distances(PyObject*, PyObject* const* given, Py_ssize_t count,
                           PyObject* keywords) {
    return answer([&]() -> py::object {
        static const Signature<7> signature("decode_distances", 2, 6,
                                            {"logits", "distances", "centre", "score_threshold",
                                             "iou_threshold", "top_k", "layout"});
        const auto got = signature.bind(given, count, keywords);
        return decode_sides(got[0], got[1], number("centre", got[2]),
                            number("score_threshold", got[3]), number("iou_threshold", got[4]),
                            integer("top_k", got[5]), layout_of(got[6]));
    });
}

py::array_t<std::int64_t> nms(py::handle got_boxes, py::handle got_scores, double score_threshold,
                              double iou_threshold, py::ssize_t top_k) {
    const py::array boxes = dense_floats("boxes", got_boxes, "a float32 array (N, 4)", {-1, 4});
    const py::array scores =
        dense_floats("scores", got_scores, "a float32 array (N,), one per box", {boxes.shape(0)});
    const std::size_t count = extent(boxes, 0);
    if (count > most_boxes) refuse("boxes", "need fewer than 2^32");
    const BoxKernels& kernels = box_kernels();
    // The slower look names the element.
    if (!kernels.finite(floats(boxes), 4 * count)) expect_finite("boxes", floats(boxes), 4 * count);
    if (!kernels.finite(floats(scores), count)) expect_finite("scores", floats(scores), count);
    if (std::isnan(score_threshold)) refuse("score_threshold", "is not a number");
    expect_unit("iou_threshold", iou_threshold);
    const std::size_t most = positive("top_k", top_k);
    // Scores are compared as NumPy compares a float32 array with a number: as float32.
    const auto threshold = static_cast<float>(score_threshold);
    std::vector<std::int64_t> kept;
    {
        const py::gil_scoped_release unlocked;
        const std::size_t candidates = count_scores(floats(scores), count, threshold);
        const std::unique_ptr<std::uint64_t[]> room(
            new std::uint64_t[nms_room(candidates) / sizeof(std::uint64_t) + 1]);
        kept.resize(std::min(most, candidates));
        kept.resize(facegate::nms(floats(boxes), floats(scores), count, threshold, iou_threshold,
                                  most, room.get(), kept.data()));
    }
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(kept.size()), kept.data());
}

}  // namespace facegate::calls
