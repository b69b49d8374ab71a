// Any numbers in a detector head: places in order, boxes that are finite or reported.
#include "facegate/decode.hpp"

#include <cmath>

#include "bytes.hpp"

using namespace facegate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes bytes(data, size);
    Head head{};
    head.kind = bytes.below(2) == 0 ? HeadKind::anchors : HeadKind::distances;
    head.planes = bytes.below(2) == 0;
    head.anchor_count = 1 + bytes.below(3);
    head.rows = 1 + bytes.below(9);
    head.cols = 1 + bytes.below(9);
    head.centre = bytes.below(2) == 0 ? 0.0 : 0.5;
    const float logit = logit_of(static_cast<double>(1 + bytes.below(999)) / 1000.0);
    std::vector<float> anchors = bytes.many<float>(2 * head.anchor_count);
    for (float& side : anchors) {
        if (!(std::isfinite(side) && side > 0.0F)) side = 1.0F;  // refused at the border
    }
    const std::size_t places = place_count(head);
    const auto logits = bytes.many<float>(places);
    const auto values = bytes.many<float>(places * (head.kind == HeadKind::anchors ? 5 : 4));
    head.anchors = anchors.data();
    head.logits = logits.data();
    head.values = values.data();

    std::vector<std::uint32_t> found(places + spare_places);
    found.resize(survivors(head, logit, found.data()));
    std::size_t next = 0;
    bool all = true;
    for (const std::uint32_t place : found) {
        for (; next < place; ++next) fuzz::demand(logit_at(head, next) < logit);
        ++next;
        float box[4];
        const bool finite = decode_box(head, place, box);
        fuzz::demand(finite == decodes(head, place));
        for (const float corner : box) fuzz::demand(!finite || std::isfinite(corner));
        all = all && finite;
    }
    for (; next < places; ++next) fuzz::demand(logit_at(head, next) < logit);
    if (all && !found.empty()) {
        const std::size_t best = best_place(head, found.data(), found.size());
        const float score = score_of(logit_at(head, found[best]));
        for (std::size_t i = 0; i < found.size(); ++i) {
            const float other = score_of(logit_at(head, found[i]));
            fuzz::demand(i < best ? other < score : other <= score);
        }
    }
    return 0;
}
