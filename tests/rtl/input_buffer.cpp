// Random reads and writes against a copy kept here. Arguments: seed, cycles. Ends with 1 and a line at the first difference.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>

#include "Vinput_buffer.h"

constexpr unsigned BLOCKS = 2, VECTORS = 32, STAGE = 4;  // the test's engine; data come STAGE cycles after a grant

struct Read {
    uint64_t due, value;
    bool known;
};

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    std::mt19937 random(static_cast<unsigned>(std::atoi(argv[1])));
    const uint64_t cycles = static_cast<uint64_t>(std::atoll(argv[2]));
    Vinput_buffer top;
    uint32_t copy[VECTORS * BLOCKS];
    uint64_t written[VECTORS * BLOCKS] = {};
    std::deque<Read> gemm, alu;
    uint64_t loads = 0, both = 0;
    bool denied = false;
    top.rst_ni = 0;
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        const bool filling = cycle >= 4 && cycle < 4 + VECTORS * BLOCKS;
        if (cycle == 4) top.rst_ni = 1;
        const bool held = top.load_we_i && !top.load_ready_o;  // a write that waits stays as it is
        top.gemm_re_i = cycle > 100 && random() % 4 != 0;
        top.gemm_want_i = top.gemm_re_i || random() % 2;
        top.gemm_vector_i = random() % VECTORS;
        top.alu_re_i = cycle > 100 && random() % 2;
        top.alu_block_i = random() % (VECTORS * BLOCKS);
        top.alu_we_i = cycle > 100 && random() % 2;
        top.alu_wblock_i = random() % (VECTORS * BLOCKS);
        top.alu_wdata_i = random();
        if (!held) {
            top.load_we_i = filling || (cycle > 100 && random() % 4 != 0);
            top.load_block_i = filling ? static_cast<unsigned>(cycle - 4) : random() % (VECTORS * BLOCKS);
            top.load_data_i = random();
        }
        top.clk_i = 0;
        top.eval();
        const bool loaded = top.load_we_i && top.load_ready_o;
        if (!top.alu_we_i && top.load_we_i && !loaded) return std::printf("cycle %lu: LOAD waits for nothing\n", cycle), 1;
        if (top.alu_re_i && !top.alu_grant_o && top.gemm_re_i && !top.gemm_grant_o)
            return std::printf("cycle %lu: nobody reads\n", cycle), 1;
        if (top.alu_re_i && !top.alu_grant_o && denied) return std::printf("cycle %lu: ALU waits again\n", cycle), 1;
        denied = top.alu_re_i && !top.alu_grant_o;
        auto seen = [&](unsigned block) { return written[block] < cycle; };
        if (top.alu_we_i) written[top.alu_wblock_i] = cycle;
        if (loaded) written[top.load_block_i] = cycle;
        if (top.gemm_re_i && top.gemm_grant_o) {
            const unsigned b = top.gemm_vector_i * BLOCKS;
            gemm.push_back({cycle + STAGE, copy[b] | static_cast<uint64_t>(copy[b + 1]) << 32, seen(b) && seen(b + 1)});
        }
        if (top.alu_re_i && top.alu_grant_o) alu.push_back({cycle + STAGE, copy[top.alu_block_i], seen(top.alu_block_i)});
        if (top.alu_we_i) copy[top.alu_wblock_i] = top.alu_wdata_i;
        if (loaded) copy[top.load_block_i] = top.load_data_i;
        loads += loaded;
        both += top.alu_we_i && top.load_we_i;
        if (!gemm.empty() && gemm.front().due == cycle) {
            if (gemm.front().known && top.gemm_data_o != gemm.front().value)
                return std::printf("cycle %lu: GEMM reads wrong data\n", cycle), 1;
            gemm.pop_front();
        }
        if (!alu.empty() && alu.front().due == cycle) {
            if (alu.front().known && top.alu_data_o != alu.front().value)
                return std::printf("cycle %lu: ALU reads wrong data\n", cycle), 1;
            alu.pop_front();
        }
        top.clk_i = 1;
        top.eval();
    }
    std::printf("%lu loads, %lu cycles with two writers\n", loads, both);
    return loads > cycles / 8 && both > cycles / 8 ? 0 : 1;
}
