// The k best of what is offered, and what a newcomer must reach.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <unordered_map>
#include <vector>

namespace facegate {

struct Scored {
    float score;
    std::int64_t id;
};

inline bool better(const Scored& a, const Scored& b) noexcept {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

inline constexpr float no_score = -std::numeric_limits<float>::infinity();

// Each id is offered once.
class BestOnce {
  public:
    explicit BestOnce(std::size_t k) : k_(k) {}

    float needed() const noexcept { return heap_.size() < k_ ? no_score : heap_.front().score; }

    void offer(const Scored& one) {
        if (heap_.size() == k_) {
            if (!better(one, heap_.front())) return;
            std::pop_heap(heap_.begin(), heap_.end(), better);
            heap_.back() = one;
        } else {
            heap_.push_back(one);
        }
        std::push_heap(heap_.begin(), heap_.end(), better);
    }

    std::vector<Scored> sorted() && {
        std::sort_heap(heap_.begin(), heap_.end(), better);
        return std::move(heap_);
    }

  private:
    std::size_t k_;
    std::vector<Scored> heap_;  // the worst at the front
};

// An id may be offered again; its best score counts.
class BestPerId {
  public:
    explicit BestPerId(std::size_t k) : k_(k) {}

    float needed() const noexcept { return order_.size() < k_ ? no_score : order_.rbegin()->score; }

    void offer(const Scored& one) {
        const auto known = scores_.find(one.id);
        if (known != scores_.end()) {
            if (one.score <= known->second) return;
            order_.erase({known->second, one.id});
        } else if (order_.size() == k_) {
            if (!better(one, *order_.rbegin())) return;
            scores_.erase(order_.rbegin()->id);
            order_.erase(std::prev(order_.end()));
        }
        scores_[one.id] = one.score;
        order_.insert(one);
    }

    std::vector<Scored> sorted() && { return {order_.begin(), order_.end()}; }

  private:
    struct Order {
        bool operator()(const Scored& a, const Scored& b) const noexcept { return better(a, b); }
    };

    std::size_t k_;
    std::set<Scored, Order> order_;
    std::unordered_map<std::int64_t, float> scores_;
};

}  // namespace facegate
