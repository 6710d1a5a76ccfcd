#include "stand_in.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "flow_isa.h"
#include "flow_sim.h"

namespace {

/* Buffers lie above 4 GiB, so that both halves of an address matter. */
constexpr uint64_t PLACE = 0x123456000, MEMORY = uint64_t{1} << 34;

void call(const char *name) {
    const char *fault = std::getenv("FLOW_XRT_FAULT");
    if (fault && std::strcmp(fault, name) == 0) throw std::runtime_error(std::string(name) + " failed");
}

void good(int status, const char *what) {
    if (status != 0) throw std::runtime_error(std::string(what) + ": no answer");
}

void pull_out(flow_sim *card) {
    const char *breach = flow_sim_protocol_error(card);
    if (breach) std::fprintf(stderr, "protocol: %s\n", breach), std::abort();
    flow_sim_destroy(card);
}

} // namespace

namespace xrt {

xclbin::xclbin(const std::string &file) {
    std::ifstream text(file);
    if (!text) throw std::runtime_error(file + " cannot be opened");
    for (ip found; text >> found.name >> found.bank;) ips.push_back(found);
}

device::device(unsigned number) {
    call("device");
    if (number) throw std::runtime_error("no such device");
    flow_sim_config config{};
    config.memory_bytes = MEMORY;
    config.latency = FLOW_SIM_DEFAULT_LATENCY;
    config.bandwidth_millibytes = FLOW_SIM_DEFAULT_BANDWIDTH;
    config.threads = 1;
    card = {flow_sim_create(&config), pull_out};
    if (!card) throw std::runtime_error("no card");
}

bo::bo(const device &owner, size_t size, flags, memory_group bank)
    : card(owner.card), channel(bank - FIRST_BANK), place(PLACE), copy(size, 0x55) {
    call("bo");
}

void bo::write(const void *from, size_t size, size_t at) {
    if (at + size > copy.size()) throw std::out_of_range("buffer");
    std::memcpy(copy.data() + at, from, size);
}

void bo::read(void *to, size_t size, size_t at) {
    if (at + size > copy.size()) throw std::out_of_range("buffer");
    std::memcpy(to, copy.data() + at, size);
}

void bo::sync(xclBOSyncDirection direction, size_t size, size_t at) {
    call(direction == XCL_BO_SYNC_BO_TO_DEVICE ? "to the card" : "from the card");
    char *data = copy.data() + at;
    good(direction == XCL_BO_SYNC_BO_TO_DEVICE ? flow_sim_mem_write(card.get(), channel, place + at, data, size)
                                               : flow_sim_mem_read(card.get(), channel, place + at, data, size), "memory");
}

ip::ip(const device &owner, const uuid &, const std::string &name) : card(owner.card), core(0) {
    unsigned number = 0;
    if (std::sscanf(name.c_str(), "flow_xrt:{flow_xrt_%u}", &number) != 1 || number < 1 || number > flow_sim_cores())
        throw std::runtime_error("no unit " + name);
    core = number - 1;
}

void ip::write_register(uint32_t offset, uint32_t value) {
    call("write");
    if (offset >= FLOW_CORE_PAGE_BYTES) throw std::out_of_range("register");
    good(flow_sim_reg_write(card.get(), core * FLOW_CORE_PAGE_BYTES + offset, value), "register");
}

uint32_t ip::read_register(uint32_t offset) const {
    call("read");
    if (offset >= FLOW_CORE_PAGE_BYTES) throw std::out_of_range("register");
    uint32_t value = 0;
    good(flow_sim_reg_read(card.get(), core * FLOW_CORE_PAGE_BYTES + offset, &value), "register");
    if (offset == FLOW_REG_SYSTEM) { /* a unit is an engine of one core */
        value &= ~(FLOW_REG_SYSTEM_CORES_MASK | FLOW_REG_SYSTEM_CORE_MASK);
        value |= 1u << FLOW_REG_SYSTEM_CORES_LSB;
    }
    return value;
}

} // namespace xrt
