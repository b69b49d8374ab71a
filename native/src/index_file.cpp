// An index on disk: a header of one page, then the parts of the store as they lie in memory.
//
// Opening checks the header by its own sum and the file's size by what the header says, and reads
// nothing else. `verify` reads the rest. A damaged row that is not noticed cannot become a false
// match by its bound, since every answer is rescored.
#include "index_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "facegate/index.hpp"

namespace facegate {

namespace {

constexpr std::size_t header_bytes = 4096;
constexpr std::size_t model_bytes = 64;
constexpr char magic[8] = {'F', 'G', 'I', 'N', 'D', 'E', 'X', '1'};
constexpr std::uint64_t byte_order = 0x0102030405060708;
constexpr std::uint64_t most_groups = std::uint64_t{1} << 32;

struct Header {
    char magic[8];
    std::uint64_t byte_order;
    std::uint64_t dim;
    std::uint64_t groups;
    std::uint64_t live;
    char model[model_bytes];  // padded with zeros
    std::uint64_t data_sum;
    std::uint64_t header_sum;  // of all above
};

// FNV-1a over words of eight bytes, four at a time: against accidents, at memory speed.
class Sum {
  public:
    // Lengths are multiples of 32, but for the last call.
    void add(const unsigned char* data, std::size_t bytes) noexcept {
        std::size_t i = 0;
        for (; i + 32 <= bytes; i += 32) {
            for (std::size_t j = 0; j < 4; ++j) mix(lane_[j], data + i + 8 * j, 8);
        }
        for (std::size_t j = 0; i < bytes; i += 8, ++j) {
            mix(lane_[j], data + i, std::min<std::size_t>(8, bytes - i));
        }
    }

    std::uint64_t value() const noexcept {
        std::uint64_t all = start;
        for (const std::uint64_t& lane : lane_) {
            mix(all, reinterpret_cast<const unsigned char*>(&lane), 8);
        }
        return all;
    }

  private:
    static constexpr std::uint64_t start = 0xcbf29ce484222325;

    static void mix(std::uint64_t& lane, const unsigned char* word, std::size_t bytes) noexcept {
        std::uint64_t value = 0;
        std::memcpy(&value, word, bytes);
        lane = (lane ^ value) * 0x100000001b3;
        lane ^= lane >> 32;  // multiplying alone never carries downwards
    }

    std::uint64_t lane_[4] = {start, start + 1, start + 2, start + 3};
};

std::uint64_t sum_of(const unsigned char* data, std::size_t bytes) noexcept {
    Sum sum;
    sum.add(data, bytes);
    return sum.value();
}

std::uint64_t sum_of(const Header& header) noexcept {
    return sum_of(reinterpret_cast<const unsigned char*>(&header), offsetof(Header, header_sum));
}

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
    throw std::invalid_argument("path: " + path + " " + problem);
}

[[noreturn]] void failed() { throw std::system_error(errno, std::generic_category()); }

class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {
        if (descriptor < 0) failed();
    }
    ~File() { ::close(descriptor_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    int get() const noexcept { return descriptor_; }

    void write(const void* data, std::size_t bytes) const {
        const auto* at = static_cast<const unsigned char*>(data);
        while (bytes > 0) {
            const ssize_t done = ::write(descriptor_, at, bytes);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) failed();
            at += done;
            bytes -= static_cast<std::size_t>(done);
        }
    }

    void sync() const {
        if (::fsync(descriptor_) != 0) failed();
    }

  private:
    int descriptor_;
};

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// The parts of a store in their order on disk.
struct Parts {
    explicit Parts(const Store& store)
        : start{store.group(0), reinterpret_cast<const unsigned char*>(store.vector(0)),
                reinterpret_cast<const unsigned char*>(store.people())},
          bytes{store.groups() * store.layout().group(),
                store.rows() * store.layout().dim * sizeof(float),
                store.rows() * sizeof(std::int64_t)} {}

    const unsigned char* start[3];
    std::size_t bytes[3];
};

Header header_of(const Store& store, const std::string& model) {
    Header header{};
    std::copy_n(magic, sizeof magic, header.magic);
    header.byte_order = byte_order;
    header.dim = store.layout().dim;
    header.groups = store.groups();
    header.live = store.live();
    std::copy(model.begin(), model.end(), header.model);
    Sum sum;  // each part is a multiple of 32 bytes long, as 16 rows are
    const Parts parts(store);
    for (std::size_t i = 0; i < 3; ++i) sum.add(parts.start[i], parts.bytes[i]);
    header.data_sum = sum.value();
    header.header_sum = sum_of(header);
    return header;
}

Header checked(const unsigned char* start, const std::string& path, std::size_t bytes,
               const std::string& model) {
    Header header;
    std::memcpy(&header, start, sizeof header);
    if (!std::equal(magic, magic + sizeof magic, header.magic)) refuse(path, "is not an index");
    if (header.byte_order != byte_order) refuse(path, "is of a machine with another byte order");
    if (header.header_sum != sum_of(header)) refuse(path, "has a damaged header");
    // A sum that fits does not make the numbers sane: whoever writes a file can write its sum.
    if (header.dim < 1 || header.dim > longest_vector || header.groups > most_groups ||
        header.live > header.groups * group_rows) {
        refuse(path, "has a header that makes no sense");
    }
    const std::size_t named = ::strnlen(header.model, model_bytes);
    if (const std::string made(header.model, named); made != model) {
        refuse(path, "was made with model '" + made + "', in use is '" + model + "'");
    }
    // In 64 bits wherever it runs: addresses may have fewer, and a product of theirs wraps.
    const std::uint64_t per_group =
        Store::file_bytes(Layout(static_cast<std::size_t>(header.dim)), 1);
    const std::uint64_t need = header_bytes + header.groups * per_group;
    if (bytes != need) {
        refuse(path, "has " + std::to_string(bytes) + " bytes, need " + std::to_string(need) +
                         "; it is cut off or damaged");
    }
    return header;
}

}  // namespace

void require_model(const std::string& model) {
    const bool printable =
        std::all_of(model.begin(), model.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!printable || model.empty() || model.size() > model_bytes) {
        throw std::invalid_argument("model: need 1.." + std::to_string(model_bytes) +
                                    " printable ASCII characters, got '" + model + "'");
    }
}

std::unique_ptr<Index> Index::open(const std::string& path, const std::string& model) {
    require_model(model);
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about{};
    if (::fstat(file.get(), &about) != 0) failed();
    if (!S_ISREG(about.st_mode)) refuse(path, "is not a file");
    const auto bytes = static_cast<std::size_t>(about.st_size);
    if (static_cast<std::uint64_t>(about.st_size) != bytes)
        refuse(path, "is too large to be mapped");
    if (bytes < header_bytes) refuse(path, "is too short for an index");
    Pages pages(file.get(), bytes);
    const Header header = checked(pages.start(), path, bytes, model);
    // All of it was mapped, so none of these is too large for an address.
    Store store(static_cast<std::size_t>(header.dim), std::move(pages), header_bytes,
                static_cast<std::size_t>(header.groups), static_cast<std::size_t>(header.live));
    return std::unique_ptr<Index>(new Index(std::move(store), model, header.data_sum));
}

void Index::verify() const {
    const auto lock = reading();
    if (!writable() && header_of(store_, model_).data_sum != saved_sum_) {
        throw std::invalid_argument("index: its file is damaged; make it again");
    }
}

void Index::save(const std::string& path) const {
    const auto lock = reading();
    unsigned char page[header_bytes] = {};
    const Header header = header_of(store_, model_);
    std::memcpy(page, &header, sizeof header);
    std::string temporary = path + ".XXXXXX";
    const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // with mode 0600
    try {
        file.write(page, sizeof page);
        const Parts parts(store_);
        for (std::size_t i = 0; i < 3; ++i) file.write(parts.start[i], parts.bytes[i]);
        file.sync();
        if (::rename(temporary.c_str(), path.c_str()) != 0) failed();
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    const File folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    folder.sync();
}

}  // namespace facegate
