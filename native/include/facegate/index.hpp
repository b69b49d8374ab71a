// A gallery that is searched by its 8-bit copies and answers as float32 does.
//
// `scan.hpp` bounds every row's cosine similarity from above. Rows are rescored with
// `cosine_scores`, the highest bound first, until no bound reaches the k-th best score found; so
// the answer is that of scoring every row, ties included, whatever instruction set scanned.
//
// Searches run side by side. A writer prepares its rows first, then waits until no search runs and
// changes them in one go: a search sees all of a change or nothing of it, and a waiting writer goes
// before later searches. What is removed is overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "facegate/store.hpp"

namespace facegate {

struct ByPerson;
class Query;

// `count` answers of `k` each, best first.
struct Answers {
    std::size_t count = 0;
    std::size_t k = 0;
    std::vector<std::int64_t> ids;
    std::vector<float> scores;
};

enum class PersonScore { best, mean };

class Index {
  public:
    // dim: 1..4096. model: what made the vectors, 1..64 printable ASCII characters; vectors of two
    // models can be compared but the result means nothing, so a file is opened for its own only.
    Index(std::size_t dim, std::string model);
    ~Index();
    Index(const Index&) = delete;
    Index& operator=(const Index&) = delete;

    // A saved index, mapped and not read: at once, whatever its size. It cannot be changed.
    // Throws std::invalid_argument if the file is not an index, is cut off, or was made with
    // another model; std::system_error if it cannot be read.
    static std::unique_ptr<Index> open(const std::string& path, const std::string& model);

    // All of it in memory, to be changed.
    std::unique_ptr<Index> copy() const;

    // In all of these std::invalid_argument names the argument, and nothing has changed then.
    // vectors: `count` times dim. people: who each is of, 0 or more. Returns the rows they got,
    // the lowest free ones.
    std::vector<std::int64_t> add(const float* vectors, std::size_t count,
                                  const std::int64_t* people);
    void remove(const std::int64_t* rows, std::size_t count);
    void replace(const std::int64_t* rows, std::size_t count, const float* vectors);

    // probes: `count` times dim, each with a direction. k >= 1; fewer come back if there are fewer.
    // Equal scores: the lowest row, or person, first.
    Answers search(const float* probes, std::size_t count, std::size_t k) const;

    // Scores of people: their best row's, or the mean of their rows' scores, summed in double.
    Answers search_people(const float* probes, std::size_t count, std::size_t k,
                          PersonScore by) const;

    std::size_t dim() const noexcept { return store_.layout().dim; }
    const std::string& model() const noexcept { return model_; }
    bool writable() const noexcept { return store_.writable(); }
    std::size_t size() const;                  // rows in use
    std::vector<std::int64_t> people() const;  // of each row, -1 where it is free
    std::vector<float> vector(std::int64_t row) const;

    // Into a new file that takes the old one's place when it is whole and on the disk.
    // Readable by its owner alone, since templates are personal data.
    void save(const std::string& path) const;

    // Reads everything. Throws std::invalid_argument if a mapped file is not what was saved.
    void verify() const;

  private:
    Index(Store store, std::string model, std::uint64_t saved_sum);

    std::shared_lock<std::shared_mutex> reading() const;
    std::unique_lock<std::shared_mutex> writing() const;
    std::size_t used(std::int64_t row) const;
    Query ready(const float* probes, std::size_t count) const;
    std::shared_ptr<const ByPerson> by_person() const;
    void changed();

    std::string model_;
    Store store_;
    std::uint64_t saved_sum_;  // of a mapped file
    mutable std::mutex turnstile_;
    mutable std::shared_mutex rows_;
    mutable std::mutex by_person_mutex_;
    mutable std::shared_ptr<const ByPerson> by_person_;
};

}  // namespace facegate
