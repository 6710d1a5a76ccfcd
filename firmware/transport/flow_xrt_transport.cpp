#include "flow_xrt_transport.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#if __has_include(<xrt/experimental/xrt_ip.h>)
#include <xrt/experimental/xrt_ip.h>
#include <xrt/experimental/xrt_xclbin.h>
#else
#include <experimental/xrt_ip.h>
#include <experimental/xrt_xclbin.h>
#endif

namespace {

struct unit {
    xrt::ip ip;
    xrt::bo memory;
    uint64_t bytes;
    uint32_t low; /* of a region's base whose upper half is still to come */
};

} // namespace

struct flow_xrt_link {
    xrt::device device;
    std::vector<unit> units;
};

namespace {

/* No exception may reach the firmware, which is C. */
template <typename Action> int guarded(Action &&action) noexcept {
    try {
        action();
        return 0;
    } catch (...) {
        return -1;
    }
}

unit &unit_of(void *context, uint32_t index) { return static_cast<flow_xrt_link *>(context)->units.at(index); }

/* A unit holds one core and knows of no other: SYSTEM is told from here. */
uint32_t system_of(const flow_xrt_link *link, uint32_t index, uint32_t value) {
    value &= ~(FLOW_REG_SYSTEM_CORES_MASK | FLOW_REG_SYSTEM_CORE_MASK);
    return value | static_cast<uint32_t>(link->units.size()) << FLOW_REG_SYSTEM_CORES_LSB | index << FLOW_REG_SYSTEM_CORE_LSB;
}

int reg_read(void *context, uint32_t address, uint32_t *value) {
    return guarded([&] {
        const uint32_t index = address / FLOW_CORE_PAGE_BYTES, offset = address % FLOW_CORE_PAGE_BYTES;
        *value = unit_of(context, index).ip.read_register(offset);
        if (offset == FLOW_REG_SYSTEM) *value = system_of(static_cast<flow_xrt_link *>(context), index, *value);
    });
}

bool is_base(uint32_t offset) {
    return offset == FLOW_REG_CONSTANT_BASE_LO || offset == FLOW_REG_SCRATCH_BASE_LO || offset == FLOW_REG_INPUT_BASE_LO ||
           offset == FLOW_REG_OUTPUT_BASE_LO;
}

/* A region's base counts from the buffer's place in the card's memory; both halves are written with the upper one. */
int reg_write(void *context, uint32_t address, uint32_t value) {
    return guarded([&] {
        unit &u = unit_of(context, address / FLOW_CORE_PAGE_BYTES);
        const uint32_t offset = address % FLOW_CORE_PAGE_BYTES;
        const uint32_t low = offset - static_cast<uint32_t>(sizeof(uint32_t));
        if (is_base(offset)) {
            u.low = value;
        } else if (is_base(low)) {
            const uint64_t place = u.memory.address() + (static_cast<uint64_t>(value) << 32 | u.low);
            u.ip.write_register(low, static_cast<uint32_t>(place));
            u.ip.write_register(offset, static_cast<uint32_t>(place >> 32));
        } else {
            u.ip.write_register(offset, value);
        }
    });
}

void check(const unit &u, uint64_t address, size_t length) {
    if (length > u.bytes || address > u.bytes - length) throw std::out_of_range("outside the core's memory");
}

int mem_write(void *context, uint32_t channel, uint64_t address, const void *data, size_t length) {
    return guarded([&] {
        unit &u = unit_of(context, channel);
        check(u, address, length);
        if (!length) return;
        u.memory.write(data, length, address);
        u.memory.sync(XCL_BO_SYNC_BO_TO_DEVICE, length, address);
    });
}

int mem_read(void *context, uint32_t channel, uint64_t address, void *data, size_t length) {
    return guarded([&] {
        unit &u = unit_of(context, channel);
        check(u, address, length);
        if (!length) return;
        u.memory.sync(XCL_BO_SYNC_BO_FROM_DEVICE, length, address);
        u.memory.read(data, length, address);
    });
}

uint64_t now_ns(void *) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

/* The memory that a unit's pointer register is linked to. */
int32_t bank_of(const xrt::xclbin &binary, const std::string &name) {
    for (const auto &ip : binary.get_ips()) {
        if (ip.get_name() != name) continue;
        const auto memories = ip.get_arg(0).get_mems();
        if (memories.empty()) break;
        return memories.front().get_index();
    }
    throw std::runtime_error("the binary has no unit " + name + " with a memory");
}

void open_units(flow_xrt_link &link, const flow_xrt_config &config) {
    const xrt::xclbin binary{std::string(config.xclbin)};
    link.device = xrt::device(config.device);
    const xrt::uuid id = link.device.load_xclbin(binary);
    for (uint32_t k = 1; k <= config.cores; ++k) {
        const std::string name = "flow_xrt_" + std::to_string(k);
        const auto bank = static_cast<xrt::memory_group>(bank_of(binary, "flow_xrt:" + name));
        link.units.push_back({xrt::ip(link.device, id, "flow_xrt:{" + name + "}"),
                              xrt::bo(link.device, config.memory_bytes, xrt::bo::flags::normal, bank), config.memory_bytes, 0});
    }
}

} // namespace

flow_status flow_xrt_open(flow_xrt_link **link, const flow_xrt_config *config, flow_transport *transport, char *problem,
                          size_t room) {
    if (!link || !config || !config->xclbin || !config->cores || !config->memory_bytes || !transport || !problem)
        return FLOW_BAD_ARGUMENT;
    *link = nullptr;
    try {
        auto made = std::make_unique<flow_xrt_link>();
        open_units(*made, *config);
        *transport = flow_transport{};
        transport->context = made.get();
        transport->reg_read = reg_read;
        transport->reg_write = reg_write;
        transport->mem_write = mem_write;
        transport->mem_read = mem_read;
        transport->wait_interrupt = nullptr; /* polled: XRT's notification was not tried with registers of one's own */
        transport->now_ns = now_ns;
        *link = made.release();
        return FLOW_OK;
    } catch (const std::exception &error) {
        std::snprintf(problem, room, "%s", error.what());
    } catch (...) {
        std::snprintf(problem, room, "XRT gave no reason");
    }
    return FLOW_BAD_TRANSPORT;
}

void flow_xrt_close(flow_xrt_link *link) { delete link; }
