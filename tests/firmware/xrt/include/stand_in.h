/* What the transport uses of XRT, on the Verilated engine. An xclbin is a text file with a line "unit bank" for each unit; bank
 * b is the memory of channel b - FIRST_BANK. A buffer has a copy on the host, which only sync carries to the card and back.
 * FLOW_XRT_FAULT names a call that throws from then on. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE, XCL_BO_SYNC_BO_FROM_DEVICE };

struct flow_sim;

namespace xrt {

using memory_group = uint32_t;
constexpr memory_group FIRST_BANK = 7;
struct uuid {};

class xclbin {
  public:
    struct mem {
        int32_t index;
        int32_t get_index() const { return index; }
    };
    struct arg {
        std::vector<mem> memories;
        std::vector<mem> get_mems() const { return memories; }
    };
    struct ip {
        std::string name;
        int32_t bank;
        std::string get_name() const { return name; }
        arg get_arg(int32_t) const { return {{{bank}}}; }
    };
    explicit xclbin(const std::string &file);
    std::vector<ip> get_ips() const { return ips; }

  private:
    std::vector<ip> ips;
};

class device {
  public:
    device() = default;
    explicit device(unsigned number);
    uuid load_xclbin(const xclbin &) { return {}; }
    std::shared_ptr<flow_sim> card;
};

class bo {
  public:
    enum class flags : uint32_t { normal };
    bo(const device &owner, size_t size, flags, memory_group bank);
    void write(const void *from, size_t size, size_t at);
    void read(void *to, size_t size, size_t at);
    void sync(xclBOSyncDirection direction, size_t size, size_t at);
    uint64_t address() const { return place; }

  private:
    std::shared_ptr<flow_sim> card;
    uint32_t channel;
    uint64_t place;
    std::vector<char> copy;
};

class ip {
  public:
    ip(const device &owner, const uuid &, const std::string &name);
    void write_register(uint32_t offset, uint32_t value);
    uint32_t read_register(uint32_t offset) const;

  private:
    std::shared_ptr<flow_sim> card;
    uint32_t core;
};

} // namespace xrt
