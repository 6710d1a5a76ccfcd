/* What differs between OpenCL compilers: Intel's FPGA SDK, AMD's Vitis, everything else (CPUs; PoCL).
 *
 * FLOW_TASK           before the kernel: one work item, started without a dispatcher where that exists
 * FLOW_UNROLL         before a loop: hardware for every iteration
 * FLOW_UNROLL_ARRAY   before a loop: likewise on FPGAs; a CPU keeps the loop (the dot products' long side)
 * FLOW_PIPELINE       before the main loop: one iteration each cycle
 * FLOW_REGISTERS      on an array: every element a register of its own
 * FLOW_BANKS(n, w)    on a local memory: n banks of w bytes
 * FLOW_INDEPENDENT    before the main loop: the compiler need not order its memory accesses, flow_hazard.h does
 * FLOW_LATENCY        iterations that the pipeline holds at once, from a read to the write that follows from it at the most
 * FLOW_BUFFER         address space of the buffers on the chip. FLOW_STATE_IN_MEMORY puts them into a buffer of the host
 *                     for devices whose local memory is smaller than the engine's; FPGAs never set it. */
#ifndef FLOW_VENDOR_H
#define FLOW_VENDOR_H

#if defined(FLOW_VENDOR_INTEL) || defined(FLOW_VENDOR_AMD)
#elif defined(INTELFPGA_CL) || defined(ALTERA_CL)
#define FLOW_VENDOR_INTEL
#elif defined(__xilinx__)
#define FLOW_VENDOR_AMD
#endif

#if defined(FLOW_VENDOR_INTEL)
#define FLOW_TASK __attribute__((max_global_work_dim(0)))
#define FLOW_UNROLL _Pragma("unroll")
#define FLOW_UNROLL_ARRAY _Pragma("unroll")
#define FLOW_PIPELINE
#define FLOW_INDEPENDENT _Pragma("ivdep")
#define FLOW_PIPELINE_DEPTH 64
#define FLOW_REGISTERS __attribute__((register))
#define FLOW_BANKS(n, w) __attribute__((memory, numbanks(n), bankwidth(w)))
#elif defined(FLOW_VENDOR_AMD)
#define FLOW_TASK __attribute__((reqd_work_group_size(1, 1, 1)))
#define FLOW_UNROLL __attribute__((opencl_unroll_hint))
#define FLOW_UNROLL_ARRAY __attribute__((opencl_unroll_hint))
#define FLOW_PIPELINE __attribute__((xcl_pipeline_loop(1)))
#define FLOW_INDEPENDENT
#define FLOW_PIPELINE_DEPTH 64
#define FLOW_REGISTERS __attribute__((xcl_array_partition(complete, 0)))
#define FLOW_BANKS(n, w) __attribute__((xcl_array_reshape(cyclic, w, 1)))
#else
#define FLOW_TASK __attribute__((reqd_work_group_size(1, 1, 1)))
#define FLOW_UNROLL _Pragma("unroll")
#define FLOW_UNROLL_ARRAY
#define FLOW_PIPELINE
#define FLOW_INDEPENDENT
#define FLOW_PIPELINE_DEPTH 0
#define FLOW_REGISTERS
#define FLOW_BANKS(n, w)
#endif

#ifndef FLOW_LATENCY
#define FLOW_LATENCY FLOW_PIPELINE_DEPTH
#endif

#ifdef FLOW_STATE_IN_MEMORY
#define FLOW_BUFFER __global
#else
#define FLOW_BUFFER __local
#endif

/* Vectors of channels: the widest of OpenCL's vector types that divides the array's columns. */
#if FLOW_ENGINE_COLS % 16 == 0
#define FLOW_CHANNELS 16
#elif FLOW_ENGINE_COLS % 8 == 0
#define FLOW_CHANNELS 8
#elif FLOW_ENGINE_COLS % 4 == 0
#define FLOW_CHANNELS 4
#elif FLOW_ENGINE_COLS % 2 == 0
#define FLOW_CHANNELS 2
#else
#define FLOW_CHANNELS 1
#endif

/* A weight in the tile: FPGAs hold bytes; CPUs multiply halves faster. */
#if defined(FLOW_VENDOR_INTEL) || defined(FLOW_VENDOR_AMD)
typedef char FLOW_WEIGHT;
#else
typedef short FLOW_WEIGHT;
#endif

#define FLOW_JOIN_(a, b) a##b
#define FLOW_JOIN(a, b) FLOW_JOIN_(a, b)
#if FLOW_CHANNELS == 1
typedef int flow_ints;
typedef uint flow_uints;
typedef long flow_longs;
#define flow_to_ints convert_int
#define flow_to_longs convert_long
#define flow_to_bytes convert_char
#define flow_as_ints as_int
#define flow_as_uints as_uint
#define flow_read(p) (*(p))
#define flow_write(v, p) (*(p) = (v))
#else
typedef FLOW_JOIN(int, FLOW_CHANNELS) flow_ints;
typedef FLOW_JOIN(uint, FLOW_CHANNELS) flow_uints;
typedef FLOW_JOIN(long, FLOW_CHANNELS) flow_longs;
#define flow_to_ints FLOW_JOIN(convert_int, FLOW_CHANNELS)
#define flow_to_longs FLOW_JOIN(convert_long, FLOW_CHANNELS)
#define flow_to_bytes FLOW_JOIN(convert_char, FLOW_CHANNELS)
#define flow_as_ints FLOW_JOIN(as_int, FLOW_CHANNELS)
#define flow_as_uints FLOW_JOIN(as_uint, FLOW_CHANNELS)
#define flow_read(p) FLOW_JOIN(vload, FLOW_CHANNELS)(0, p)
#define flow_write(v, p) FLOW_JOIN(vstore, FLOW_CHANNELS)(v, 0, p)
#endif

/* Copy a constant number of bytes between address spaces, as wide as the language allows. */
#define FLOW_COPY(to, from, bytes)                                              \
    do {                                                                        \
        FLOW_UNROLL                                                             \
        for (uint n_ = 0; n_ < (bytes) / 16; ++n_) vstore16(vload16(n_, from), n_, to); \
        FLOW_UNROLL                                                             \
        for (uint n_ = (bytes) / 16 * 16; n_ < (bytes); ++n_) (to)[n_] = (from)[n_]; \
    } while (0)

#endif
