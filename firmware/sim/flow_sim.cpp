// See flow_sim.h. One cycle: drive inputs, settle with the clock low, sample handshakes, rising edge, next inputs.

#include "flow_sim.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "Vflow_top.h"
#include "flow_sim_config.h"
#include "verilated.h"

namespace {

constexpr unsigned CHANNELS = FLOW_SIM_CHANNELS;
constexpr unsigned CORES = FLOW_SIM_CORES;
constexpr unsigned BEAT = FLOW_SIM_AXI_BYTES;
constexpr unsigned STROBE = BEAT / 8;
constexpr unsigned OUTSTANDING = 64;
constexpr unsigned MAX_BEATS = 256;
constexpr unsigned PAGE = 4096;
constexpr unsigned REGISTER_TIMEOUT = 10000;
constexpr unsigned OKAY = 0, SLVERR = 2, DECERR = 3;

constexpr unsigned log2_of(unsigned value) { return value <= 1 ? 0 : 1 + log2_of(value / 2); }

// Ports are packed arrays over the channels; Verilator keeps them little-endian, whatever their C++ type.
template <class T>
inline uint8_t *bytes_of(T &port) {
    return reinterpret_cast<uint8_t *>(&port);
}

template <class T>
inline unsigned get_bits(T &port, unsigned channel, unsigned width) {
    const uint8_t *bytes = bytes_of(port);
    unsigned value = 0;
    for (unsigned i = 0, at = channel * width; i < width; ++i, ++at) value |= ((bytes[at >> 3] >> (at & 7)) & 1u) << i;
    return value;
}

template <class T>
inline bool get_bit(T &port, unsigned channel) {
    return (bytes_of(port)[channel >> 3] >> (channel & 7)) & 1u;
}

template <class T>
inline void set_bit(T &port, unsigned channel, bool value) {
    uint8_t &byte = bytes_of(port)[channel >> 3];
    const uint8_t mask = static_cast<uint8_t>(1u << (channel & 7));
    byte = static_cast<uint8_t>(value ? byte | mask : byte & ~mask);
}

template <class T>
inline void set_bits(T &port, unsigned channel, unsigned width, unsigned value) {
    for (unsigned i = 0; i < width; ++i) set_bit(port, channel * width + i, (value >> i) & 1u);
}

template <class U, class T>
inline U get_value(T &port, unsigned channel) {
    U value;
    std::memcpy(&value, bytes_of(port) + channel * sizeof(U), sizeof(U));
    return value;
}

struct Random {
    uint64_t state;
    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state * 0x2545F4914F6CDD1Dull;
    }
};

struct Burst {
    uint64_t address;
    uint64_t due;  // cycle from which it may be answered
    uint32_t beats;
    uint32_t done;
    uint8_t id;
    uint8_t response;
    bool early;          // reads: data taken when the address was accepted; writes: visible beat by beat
    bool whole;          // writes: every strobe was set so far
    const uint8_t *source;
    uint8_t data[MAX_BEATS * BEAT];
    uint8_t strobe[MAX_BEATS * STROBE];
};

// Bursts in their order of arrival; slots are reused, none is moved.
struct Queue {
    std::unique_ptr<Burst[]> slots{new Burst[OUTSTANDING]};
    uint8_t order[OUTSTANDING];
    uint8_t free[OUTSTANDING];
    unsigned count = 0;
    Queue() {
        for (unsigned i = 0; i < OUTSTANDING; ++i) free[i] = static_cast<uint8_t>(i);
    }
    bool full() const { return count == OUTSTANDING; }
    Burst &at(unsigned i) { return slots[order[i]]; }
    Burst &push() {
        order[count] = free[OUTSTANDING - 1 - count];
        return slots[order[count++]];
    }
    void remove(unsigned i) {
        const uint8_t slot = order[i];
        std::memmove(order + i, order + i + 1, count - i - 1);
        --count;
        free[OUTSTANDING - 1 - count] = slot;
    }
};

struct Address {
    uint64_t address;
    uint8_t length, id, size, burst;
    bool operator==(const Address &o) const {
        return address == o.address && length == o.length && id == o.id && size == o.size && burst == o.burst;
    }
};

struct ErrorRange {
    uint64_t address, length;
    bool reads, writes;
};

struct Watch {
    unsigned channel;
    uint64_t address, length, expected;
    uint64_t written = 0;
    uint64_t cycle = 0;
    bool complete = false;
    std::vector<uint8_t> snapshot;
};

struct Channel {
    uint8_t *memory = nullptr;
    Random random{1};
    Queue reads, writes;  // writes: also those that still receive data
    unsigned receiving = 0;  // index into writes of the burst that gets the next data beat
    int answering = -1;      // index into reads of the burst being answered
    int64_t tokens = 0;      // 1/1000 bytes
    bool write_first = false;
    std::vector<ErrorRange> errors;
    std::vector<unsigned> watches;
    size_t first_watch = 0;
    uint64_t read_bytes = 0, written_bytes = 0;
    // what is driven now
    bool arready = false, rvalid = false, awready = false, wready = false, bvalid = false;
    // a valid that was not taken must stay as it is
    bool ar_waits = false, aw_waits = false, w_waits = false;
    Address ar, aw;
    uint8_t w_data[BEAT];
    uint8_t w_strobe[STROBE];
    bool w_last = false;
};

}  // namespace

struct flow_sim {
    flow_sim_config config;
    VerilatedContext context;
    std::unique_ptr<Vflow_top> top;
    Channel channels[CHANNELS];
    std::vector<Watch> watches;
    uint64_t cycle = 0;
    uint8_t stall = 0;  // threshold of a random byte
    char protocol_error[200] = "";

    void breach(unsigned channel, const char *text, uint64_t address) {
        if (protocol_error[0]) return;
        std::snprintf(protocol_error, sizeof protocol_error, "cycle %llu, channel %u: %s (address 0x%llx)",
                      static_cast<unsigned long long>(cycle), channel, text, static_cast<unsigned long long>(address));
    }

    unsigned response(const Channel &c, const Burst &burst, bool write) const {
        const uint64_t length = static_cast<uint64_t>(burst.beats) * BEAT;
        if (burst.address > config.memory_bytes || length > config.memory_bytes - burst.address) return DECERR;
        for (const ErrorRange &e : c.errors)
            if ((write ? e.writes : e.reads) && burst.address < e.address + e.length && e.address < burst.address + length)
                return SLVERR;
        return OKAY;
    }

    void check_address(unsigned n, const Address &a, bool write) {
        const uint64_t length = (a.length + 1ull) * BEAT;
        if (a.size != log2_of(BEAT)) breach(n, write ? "AWSIZE is not the bus width" : "ARSIZE is not the bus width", a.address);
        if (a.burst != 1) breach(n, write ? "AWBURST is not INCR" : "ARBURST is not INCR", a.address);
        if (a.address % BEAT) breach(n, write ? "AWADDR is not aligned to the bus" : "ARADDR is not aligned to the bus", a.address);
        if ((a.address % PAGE) + length > PAGE)
            breach(n, write ? "write burst crosses 4 KiB" : "read burst crosses 4 KiB", a.address);
    }

    // --- writes -----------------------------------------------------------------------------------------------------

    void account(Channel &c, uint64_t address, uint64_t length) {
        while (length) {
            uint64_t part = length;
            Watch *found = nullptr;
            while (c.first_watch < c.watches.size() && watches[c.watches[c.first_watch]].complete) ++c.first_watch;
            for (size_t i = c.first_watch; i < c.watches.size(); ++i) {
                Watch &w = watches[c.watches[i]];
                if (w.complete) continue;
                if (address >= w.address && address - w.address < w.length) {
                    const uint64_t room = w.address + w.length - address;
                    if (part > room) part = room;
                    if (part > w.expected - w.written) part = w.expected - w.written;
                    found = &w;
                    break;
                }
                if (w.address > address && w.address - address < part) part = w.address - address;
            }
            if (found) {
                found->written += part;
                if (found->written == found->expected) {
                    found->complete = true;
                    found->cycle = cycle;
                    std::memcpy(found->snapshot.data(), c.memory + found->address, found->length);
                }
            }
            address += part;
            length -= part;
        }
    }

    template <class F>
    static void each_run(const Burst &b, F f) {  // runs of bytes whose strobe is set
        const uint32_t total = b.beats * BEAT;
        for (uint32_t i = 0; i < total;) {
            if (!((b.strobe[i >> 3] >> (i & 7)) & 1)) {
                ++i;
                continue;
            }
            uint32_t end = i + 1;
            while (end < total && ((b.strobe[end >> 3] >> (end & 7)) & 1)) ++end;
            f(i, end - i);
            i = end;
        }
    }

    void take_beat(Channel &c, Burst &b) {
        uint8_t *data = b.data + b.done * BEAT;
        std::memcpy(data, c.w_data, BEAT);
        std::memcpy(b.strobe + b.done * STROBE, c.w_strobe, STROBE);
        bool whole = true;
        for (unsigned i = 0; i < STROBE; ++i) whole &= c.w_strobe[i] == 0xFF;
        b.whole &= whole;
        if (b.early && b.response == OKAY) {
            uint8_t *target = c.memory + b.address + b.done * BEAT;
            if (whole) {
                std::memcpy(target, data, BEAT);
            } else {
                for (unsigned i = 0; i < BEAT; ++i)
                    if ((c.w_strobe[i >> 3] >> (i & 7)) & 1) target[i] = data[i];
            }
        }
        ++b.done;
        c.written_bytes += BEAT;
    }

    void answer_write(Channel &c, Burst &b) {  // the response is given: all bytes are visible
        if (b.response != OKAY) return;
        if (b.whole) {
            if (!b.early) std::memcpy(c.memory + b.address, b.data, b.beats * BEAT);
            if (!c.watches.empty()) account(c, b.address, b.beats * BEAT);
            return;
        }
        if (!b.early) each_run(b, [&](uint32_t at, uint32_t n) { std::memcpy(c.memory + b.address + at, b.data + at, n); });
        each_run(b, [&](uint32_t at, uint32_t n) { account(c, b.address + at, n); });
    }

    // --- one cycle --------------------------------------------------------------------------------------------------

    // Index of a burst that may be answered now, or -1. Bursts of one ID keep their order.
    int choose(Channel &c, Queue &q, unsigned limit) {
        if (!limit) return -1;
        if (!config.reorder) return q.at(0).due <= cycle ? 0 : -1;
        int chosen = -1;
        unsigned seen = 0;
        uint64_t ids[4] = {0, 0, 0, 0};
        for (unsigned i = 0; i < limit; ++i) {
            Burst &b = q.at(i);
            uint64_t &word = ids[b.id >> 6];
            const uint64_t mask = 1ull << (b.id & 63);
            const bool first = !(word & mask);
            word |= mask;
            if (first && b.due <= cycle && c.random.next() % ++seen == 0) chosen = static_cast<int>(i);
        }
        return chosen;
    }

    void sample(unsigned n) {  // before the rising edge
        Channel &c = channels[n];
        Vflow_top &t = *top;
        if (get_bit(t.m_axi_arvalid_o, n)) {
            const Address a{get_value<uint64_t>(t.m_axi_araddr_o, n), get_value<uint8_t>(t.m_axi_arlen_o, n),
                            get_value<uint8_t>(t.m_axi_arid_o, n), static_cast<uint8_t>(get_bits(t.m_axi_arsize_o, n, 3)),
                            static_cast<uint8_t>(get_bits(t.m_axi_arburst_o, n, 2))};
            if (c.ar_waits && !(c.ar == a)) breach(n, "AR changed before ARREADY", a.address);
            c.ar = a;
            c.ar_waits = !c.arready;
            if (c.arready) {
                check_address(n, a, false);
                Burst &b = c.reads.push();
                b.address = a.address;
                b.beats = a.length + 1u;
                b.done = 0;
                b.id = a.id;
                b.due = cycle + config.latency;
                b.response = static_cast<uint8_t>(response(c, b, false));
                b.early = c.random.next() >> 63;
                if (b.response == DECERR) {
                    std::memset(b.data, 0xDE, b.beats * BEAT);
                    b.source = b.data;
                } else if (b.early) {
                    std::memcpy(b.data, c.memory + b.address, b.beats * BEAT);
                    b.source = b.data;
                } else {
                    b.source = c.memory + b.address;
                }
            }
        } else if (c.ar_waits) {
            breach(n, "ARVALID fell before ARREADY", c.ar.address);
            c.ar_waits = false;
        }
        if (get_bit(t.m_axi_awvalid_o, n)) {
            const Address a{get_value<uint64_t>(t.m_axi_awaddr_o, n), get_value<uint8_t>(t.m_axi_awlen_o, n),
                            get_value<uint8_t>(t.m_axi_awid_o, n), static_cast<uint8_t>(get_bits(t.m_axi_awsize_o, n, 3)),
                            static_cast<uint8_t>(get_bits(t.m_axi_awburst_o, n, 2))};
            if (c.aw_waits && !(c.aw == a)) breach(n, "AW changed before AWREADY", a.address);
            c.aw = a;
            c.aw_waits = !c.awready;
        } else if (c.aw_waits) {
            breach(n, "AWVALID fell before AWREADY", c.aw.address);
            c.aw_waits = false;
        }
        if (get_bit(t.m_axi_wvalid_o, n)) {
            const uint8_t *data = bytes_of(t.m_axi_wdata_o) + n * BEAT;
            const uint8_t *strobe = bytes_of(t.m_axi_wstrb_o) + n * STROBE;
            const bool last = get_bit(t.m_axi_wlast_o, n);
            if (c.w_waits && (last != c.w_last || std::memcmp(strobe, c.w_strobe, STROBE) || std::memcmp(data, c.w_data, BEAT)))
                breach(n, "W changed before WREADY", c.receiving < c.writes.count ? c.writes.at(c.receiving).address : 0);
            std::memcpy(c.w_data, data, BEAT);
            std::memcpy(c.w_strobe, strobe, STROBE);
            c.w_last = last;
            c.w_waits = !c.wready;
            if (c.wready) {  // only ever driven while a burst receives
                Burst &b = c.writes.at(c.receiving);
                take_beat(c, b);
                if (last != (b.done == b.beats)) breach(n, "WLAST at the wrong beat", b.address);
                if (b.done == b.beats) {
                    b.due = cycle + config.latency;
                    ++c.receiving;
                }
                c.tokens -= 1000ll * BEAT;
                c.write_first = false;
            }
        } else if (c.w_waits) {
            breach(n, "WVALID fell before WREADY", 0);
            c.w_waits = false;
        }
        if (c.awready && get_bit(t.m_axi_awvalid_o, n)) {
            check_address(n, c.aw, true);
            bool ordered = true;  // bytes of one ID become visible in order, also where bursts overlap
            for (unsigned i = 0; i < c.writes.count; ++i) {
                if (c.writes.at(i).id == c.aw.id && !c.writes.at(i).early) ordered = false;
            }
            Burst &b = c.writes.push();
            b.address = c.aw.address;
            b.beats = c.aw.length + 1u;
            b.done = 0;
            b.id = c.aw.id;
            b.due = ~0ull;
            b.early = (c.random.next() >> 63) && ordered;
            b.whole = true;
            b.response = static_cast<uint8_t>(response(c, b, true));
        }
        if (c.rvalid && get_bit(t.m_axi_rready_o, n)) {
            Burst &b = c.reads.at(static_cast<unsigned>(c.answering));
            c.read_bytes += BEAT;
            c.rvalid = false;
            if (++b.done == b.beats) {
                c.reads.remove(static_cast<unsigned>(c.answering));
                c.answering = -1;
            }
        }
        if (c.bvalid && get_bit(t.m_axi_bready_o, n)) c.bvalid = false;
    }

    void drive(unsigned n) {  // after the rising edge; cycle is already the new one
        Channel &c = channels[n];
        Vflow_top &t = *top;
        uint64_t dice = ~0ull;
        if (stall) dice = c.random.next();
        auto held = [&](unsigned what) { return static_cast<uint8_t>(dice >> (8 * what)) < stall; };
        constexpr int64_t cost = 1000ll * BEAT;
        if (config.bandwidth_millibytes) {
            c.tokens += config.bandwidth_millibytes;
            const int64_t cap = cost + config.bandwidth_millibytes;
            if (c.tokens > cap) c.tokens = cap;
        } else {
            c.tokens = 2 * cost;
        }
        int64_t tokens = c.tokens;
        const bool receives = c.receiving < c.writes.count;
        bool wready = false;
        auto grant_write = [&] {
            wready = receives && tokens >= cost && !held(0);
            if (wready) tokens -= cost;
        };
        if (c.write_first) grant_write();

        if (!c.rvalid) {
            if (c.answering < 0) c.answering = choose(c, c.reads, c.reads.count);
            const bool rvalid = c.answering >= 0 && tokens >= cost && !held(1);
            if (rvalid) {
                const Burst &b = c.reads.at(static_cast<unsigned>(c.answering));
                std::memcpy(bytes_of(t.m_axi_rdata_i) + n * BEAT, b.source + static_cast<size_t>(b.done) * BEAT, BEAT);
                set_bits(t.m_axi_rresp_i, n, 2, b.response);
                set_bit(t.m_axi_rlast_i, n, b.done + 1 == b.beats);
                bytes_of(t.m_axi_rid_i)[n] = b.id;
                tokens -= cost;
                c.tokens -= cost;
                c.write_first = true;
            }
            if (rvalid != get_bit(t.m_axi_rvalid_i, n)) set_bit(t.m_axi_rvalid_i, n, rvalid);
            c.rvalid = rvalid;
        }
        if (!wready) grant_write();
        if (wready != c.wready) {
            c.wready = wready;
            set_bit(t.m_axi_wready_i, n, wready);
        }
        const bool arready = !c.reads.full() && !held(2);
        if (arready != c.arready) {
            c.arready = arready;
            set_bit(t.m_axi_arready_i, n, arready);
        }
        const bool awready = !c.writes.full() && !held(3);
        if (awready != c.awready) {
            c.awready = awready;
            set_bit(t.m_axi_awready_i, n, awready);
        }
        if (!c.bvalid) {
            int index = -1;
            if (c.receiving && !held(4)) index = choose(c, c.writes, c.receiving);
            const bool bvalid = index >= 0;
            if (bvalid) {
                Burst &b = c.writes.at(static_cast<unsigned>(index));
                answer_write(c, b);
                set_bits(t.m_axi_bresp_i, n, 2, b.response);
                bytes_of(t.m_axi_bid_i)[n] = b.id;
                c.writes.remove(static_cast<unsigned>(index));
                --c.receiving;
            }
            if (bvalid != get_bit(t.m_axi_bvalid_i, n)) set_bit(t.m_axi_bvalid_i, n, bvalid);
            c.bvalid = bvalid;
        }
    }

    void rise() {
        top->clk_i = 1;
        top->eval();
        ++cycle;
    }

    void settle() {
        top->clk_i = 0;
        top->eval();
    }

    void tick() {
        settle();
        for (unsigned n = 0; n < CHANNELS; ++n) sample(n);
        rise();
        for (unsigned n = 0; n < CHANNELS; ++n) drive(n);
    }

    void reset() {
        Vflow_top &t = *top;
        t.rst_ni = 0;
        t.s_axil_awvalid_i = t.s_axil_wvalid_i = t.s_axil_bready_i = t.s_axil_arvalid_i = t.s_axil_rready_i = 0;
        for (unsigned n = 0; n < CHANNELS; ++n) {
            Channel &c = channels[n];
            while (c.reads.count) c.reads.remove(0);
            while (c.writes.count) c.writes.remove(0);
            c.receiving = 0;
            c.answering = -1;
            c.tokens = 0;
            c.arready = c.rvalid = c.awready = c.wready = c.bvalid = false;
            c.ar_waits = c.aw_waits = c.w_waits = false;
            set_bit(t.m_axi_arready_i, n, false);
            set_bit(t.m_axi_rvalid_i, n, false);
            set_bit(t.m_axi_awready_i, n, false);
            set_bit(t.m_axi_wready_i, n, false);
            set_bit(t.m_axi_bvalid_i, n, false);
        }
        for (int i = 0; i < 16; ++i) {
            settle();
            rise();
        }
        t.rst_ni = 1;
        tick();
    }
};

extern "C" {

uint32_t flow_sim_channels(void) { return CHANNELS; }
uint32_t flow_sim_cores(void) { return CORES; }
uint32_t flow_sim_axi_bytes(void) { return BEAT; }

flow_sim *flow_sim_create(const flow_sim_config *config) {
    if (!config || !config->memory_bytes || !config->latency || config->stall_permille >= 1000) return nullptr;
    flow_sim *sim = new (std::nothrow) flow_sim;
    if (!sim) return nullptr;
    sim->config = *config;
    sim->stall = static_cast<uint8_t>((config->stall_permille * 256 + 999) / 1000 > 255
                                          ? 255 : (config->stall_permille * 256 + 999) / 1000);
    sim->context.randReset(2);
    sim->context.randSeed(static_cast<int>((config->seed ^ (config->seed >> 31)) & 0x3FFFFFFF) + 1);
    if (config->threads > 1) sim->context.threads(config->threads);
    for (unsigned n = 0; n < CHANNELS; ++n) {
        Channel &c = sim->channels[n];
        c.random.state = (config->seed + 1 + n) * 0x9E3779B97F4A7C15ull | 1;
        for (int i = 0; i < 8; ++i) c.random.next();
        void *memory = mmap(nullptr, config->memory_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            flow_sim_destroy(sim);
            return nullptr;
        }
        c.memory = static_cast<uint8_t *>(memory);
    }
    sim->top = std::make_unique<Vflow_top>(&sim->context, "flow_top");
    sim->reset();
    return sim;
}

void flow_sim_destroy(flow_sim *sim) {
    if (!sim) return;
    for (Channel &c : sim->channels)
        if (c.memory) munmap(c.memory, sim->config.memory_bytes);
    if (sim->top) sim->top->final();
    delete sim;
}

void flow_sim_reset(flow_sim *sim) { sim->reset(); }

int flow_sim_reg_read(flow_sim *sim, uint32_t address, uint32_t *value) {
    Vflow_top &t = *sim->top;
    t.s_axil_araddr_i = address;
    t.s_axil_arvalid_i = 1;
    t.s_axil_rready_i = 1;
    for (unsigned i = 0; i < REGISTER_TIMEOUT; ++i) {
        sim->settle();
        const bool taken = t.s_axil_arvalid_i && t.s_axil_arready_o;
        const bool answered = t.s_axil_rvalid_o;
        const unsigned response = t.s_axil_rresp_o;
        *value = t.s_axil_rdata_o;
        sim->tick();
        if (taken) t.s_axil_arvalid_i = 0;
        if (answered) {
            t.s_axil_rready_i = 0;
            return response == OKAY ? 0 : -2;
        }
    }
    t.s_axil_arvalid_i = t.s_axil_rready_i = 0;
    return -1;
}

int flow_sim_reg_write(flow_sim *sim, uint32_t address, uint32_t value) {
    Vflow_top &t = *sim->top;
    t.s_axil_awaddr_i = address;
    t.s_axil_awvalid_i = 1;
    t.s_axil_wdata_i = value;
    t.s_axil_wstrb_i = 0xF;
    t.s_axil_wvalid_i = 1;
    t.s_axil_bready_i = 1;
    for (unsigned i = 0; i < REGISTER_TIMEOUT; ++i) {
        sim->settle();
        const bool address_taken = t.s_axil_awvalid_i && t.s_axil_awready_o;
        const bool data_taken = t.s_axil_wvalid_i && t.s_axil_wready_o;
        const bool answered = t.s_axil_bvalid_o;
        const unsigned response = t.s_axil_bresp_o;
        sim->tick();
        if (address_taken) t.s_axil_awvalid_i = 0;
        if (data_taken) t.s_axil_wvalid_i = 0;
        if (answered) {
            t.s_axil_bready_i = 0;
            return response == OKAY ? 0 : -2;
        }
    }
    t.s_axil_awvalid_i = t.s_axil_wvalid_i = t.s_axil_bready_i = 0;
    return -1;
}

int flow_sim_mem_write(flow_sim *sim, uint32_t channel, uint64_t address, const void *data, size_t length) {
    const uint64_t size = sim->config.memory_bytes;
    if (channel >= CHANNELS || length > size || address > size - length) return -1;
    std::memcpy(sim->channels[channel].memory + address, data, length);
    return 0;
}

int flow_sim_mem_read(const flow_sim *sim, uint32_t channel, uint64_t address, void *data, size_t length) {
    const uint64_t size = sim->config.memory_bytes;
    if (channel >= CHANNELS || length > size || address > size - length) return -1;
    std::memcpy(data, sim->channels[channel].memory + address, length);
    return 0;
}

void flow_sim_step(flow_sim *sim, uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) sim->tick();
}

int flow_sim_wait_irq(flow_sim *sim, uint32_t core, uint64_t max_cycles) {
    if (core >= CORES) return -1;
    for (uint64_t i = 0; i <= max_cycles; ++i) {
        if (get_bit(sim->top->irq_o, core)) return 0;
        if (i < max_cycles) sim->tick();
    }
    return 1;
}

uint64_t flow_sim_cycles(const flow_sim *sim) { return sim->cycle; }

int flow_sim_inject_error(flow_sim *sim, uint32_t channel, uint64_t address, uint64_t length, int reads, int writes) {
    if (channel >= CHANNELS) return -1;
    sim->channels[channel].errors.push_back({address, length, reads != 0, writes != 0});
    return 0;
}

void flow_sim_clear_errors(flow_sim *sim) {
    for (Channel &c : sim->channels) c.errors.clear();
}

const char *flow_sim_protocol_error(const flow_sim *sim) { return sim->protocol_error[0] ? sim->protocol_error : nullptr; }

int flow_sim_traffic(const flow_sim *sim, uint32_t channel, uint64_t *read_bytes, uint64_t *written_bytes) {
    if (channel >= CHANNELS) return -1;
    if (read_bytes) *read_bytes = sim->channels[channel].read_bytes;
    if (written_bytes) *written_bytes = sim->channels[channel].written_bytes;
    return 0;
}

int flow_sim_watch(flow_sim *sim, uint32_t channel, uint64_t address, uint64_t length, uint64_t expected_bytes) {
    const uint64_t size = sim->config.memory_bytes;
    if (channel >= CHANNELS || length > size || address > size - length || !expected_bytes) return -1;
    const unsigned number = static_cast<unsigned>(sim->watches.size());
    Watch watch;
    watch.channel = channel;
    watch.address = address;
    watch.length = length;
    watch.expected = expected_bytes;
    watch.snapshot.resize(length);
    sim->watches.push_back(std::move(watch));
    sim->channels[channel].watches.push_back(number);
    return static_cast<int>(number);
}

void flow_sim_watch_clear(flow_sim *sim) {
    sim->watches.clear();
    for (Channel &c : sim->channels) {
        c.watches.clear();
        c.first_watch = 0;
    }
}

int flow_sim_watch_result(const flow_sim *sim, uint32_t watch, uint64_t *cycle, const uint8_t **data) {
    if (watch >= sim->watches.size()) return -1;
    const Watch &w = sim->watches[watch];
    if (!w.complete) return 0;
    if (cycle) *cycle = w.cycle;
    if (data) *data = w.snapshot.data();
    return 1;
}

uint64_t flow_sim_watch_bytes(const flow_sim *sim, uint32_t watch) {
    return watch < sim->watches.size() ? sim->watches[watch].written : 0;
}

}  // extern "C"
