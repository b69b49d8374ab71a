#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "facegate/index.hpp"
#include "facegate/match.hpp"

namespace {

constexpr std::size_t dim = 48;

std::vector<float> vectors_of(check::Random& random, std::size_t count) {
    std::vector<float> values(count * dim);
    for (float& value : values) value = static_cast<float>(random.between(-1, 1));
    return values;
}

// The first k of all rows in use, each scored.
std::vector<std::int64_t> want(const facegate::Index& index, const float* probe, std::size_t k) {
    std::vector<std::int64_t> rows;
    std::vector<float> scores;
    const auto people = index.people();
    for (std::size_t row = 0; row < people.size(); ++row) {
        if (people[row] < 0) continue;
        const auto vector = index.vector(static_cast<std::int64_t>(row));
        float score = 0.0F;
        facegate::cosine_scores(probe, facegate::squared_norm(probe, dim), vector.data(), 0, 1, dim,
                                &score);
        rows.push_back(static_cast<std::int64_t>(row));
        scores.push_back(score);
    }
    std::vector<std::int64_t> order(rows.size());
    k = std::min(k, rows.size());
    if (k == 0) return {};
    facegate::best_rows(scores.data(), scores.size(), k, order.data());
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < k; ++i) found.push_back(rows[static_cast<std::size_t>(order[i])]);
    return found;
}

void answers_stay_right_through_changes() {
    check::Random random(31);
    facegate::Index index(dim, "test");
    std::vector<std::int64_t> rows;
    for (int round = 0; round < 60; ++round) {
        const auto some = static_cast<std::size_t>(random.below(30));
        const auto vectors = vectors_of(random, some);
        const std::vector<std::int64_t> people(some, round);
        for (const std::int64_t row : index.add(vectors.data(), some, people.data())) {
            rows.push_back(row);
        }
        while (rows.size() > 100) {
            index.remove(rows.data(), 40);
            rows.erase(rows.begin(), rows.begin() + 40);
        }
        if (rows.size() > 3) {
            const auto fresh = vectors_of(random, 2);
            index.replace(rows.data() + 1, 2, fresh.data());
        }
        CHECK(index.size() == rows.size());
        const auto probes = vectors_of(random, 3);
        const auto got = index.search(probes.data(), 3, 5);
        for (std::size_t p = 0; p < 3; ++p) {
            const auto expected = want(index, probes.data() + p * dim, 5);
            CHECK(got.k == expected.size());
            for (std::size_t i = 0; i < got.k; ++i) CHECK(got.ids[p * got.k + i] == expected[i]);
        }
    }
}

template <class Work>
bool refused(const Work& work) {
    try {
        work();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

void a_refused_change_changes_nothing() {
    check::Random random(32);
    facegate::Index index(dim, "test");
    auto vectors = vectors_of(random, 4);
    const std::int64_t people[4] = {0, 1, 2, 3};
    index.add(vectors.data(), 4, people);
    const auto before = index.people();
    const std::int64_t beyond[2] = {0, 9}, twice[2] = {1, 1};
    CHECK(refused([&] { index.remove(beyond, 2); }));
    CHECK(refused([&] { index.remove(twice, 2); }));
    CHECK(refused([&] { index.replace(beyond, 2, vectors.data()); }));
    vectors[dim] = std::numeric_limits<float>::quiet_NaN();
    CHECK(refused([&] { index.add(vectors.data(), 4, people); }));
    CHECK(refused([&] { index.search(vectors.data(), 4, 1); }));
    CHECK(index.people() == before);
}

void a_file_gives_the_same_answers() {
    check::Random random(33);
    facegate::Index index(dim, "test");
    const auto vectors = vectors_of(random, 50);
    const std::vector<std::int64_t> people(50, 7);
    index.add(vectors.data(), 50, people.data());
    char folder[] = "/tmp/facegate-index-XXXXXX";
    CHECK(::mkdtemp(folder) != nullptr);
    const std::string path = std::string(folder) + "/gallery";
    index.save(path);
    {
        const auto mapped = facegate::Index::open(path, "test");
        mapped->verify();
        CHECK(!mapped->writable() && mapped->size() == 50);
        const auto probes = vectors_of(random, 2);
        CHECK(mapped->search(probes.data(), 2, 3).ids == index.search(probes.data(), 2, 3).ids);
        const std::int64_t row = 0;
        CHECK(refused([&] { mapped->remove(&row, 1); }));
        const auto copy = mapped->copy();
        copy->remove(&row, 1);
        CHECK(copy->size() == 49);
        CHECK(refused([&] { facegate::Index::open(path, "other"); }));
    }
    CHECK(::truncate(path.c_str(), 5000) == 0);
    CHECK(refused([&] { facegate::Index::open(path, "test"); }));
    ::unlink(path.c_str());
    ::rmdir(folder);
}

}  // namespace

int main() {
    answers_stay_right_through_changes();
    a_refused_change_changes_nothing();
    a_file_gives_the_same_answers();
    return check::verdict();
}
