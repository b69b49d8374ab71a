// Any boxes and scores: what the textbook keeps, and nothing read or written outside.
#include <cmath>

#include "bytes.hpp"
#include "facegate/nms.hpp"
#include "nms_reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes bytes(data, size);
    const std::size_t count = bytes.below(80);
    const bool coarse = bytes.below(2) == 0;
    std::vector<float> boxes;
    std::vector<float> scores;
    const auto number = [&]() -> float {
        return coarse ? static_cast<float>(bytes.take<std::int8_t>() / 8) : bytes.take<float>();
    };
    for (std::size_t i = 0; i < 4 * count; ++i) boxes.push_back(number());
    for (std::size_t i = 0; i < count; ++i) scores.push_back(number());
    for (const float value : boxes) {
        if (!std::isfinite(value)) return 0;  // refused at the border
    }
    for (const float value : scores) {
        if (!std::isfinite(value)) return 0;
    }
    const float threshold = number();
    if (std::isnan(threshold)) return 0;
    const double bound = static_cast<double>(bytes.below(1001)) / 1000.0;
    const std::size_t top_k = bytes.below(4) == 0 ? 1 : 1 + bytes.below(100);

    const std::size_t most = facegate::count_scores(scores.data(), count, threshold);
    std::vector<std::uint64_t> room(facegate::nms_room(most) / 8 + 1);
    std::vector<std::int64_t> kept(top_k < most ? top_k : most);
    kept.resize(facegate::nms(boxes.data(), scores.data(), count, threshold, bound, top_k,
                              room.data(), kept.data()));
    fuzz::demand(kept == facegate::nms_reference(boxes.data(), scores.data(), count, threshold,
                                                 bound, top_k));
    return 0;
}
