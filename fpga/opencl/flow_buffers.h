/* The memories on the chip. An input vector is its blocks one after the other, a block is [lane][channel]. */
#ifndef FLOW_BUFFERS_H
#define FLOW_BUFFERS_H

/* FETCH has the highest number; the units below it exchange tokens. */
#define UNITS FLOW_UNIT_FETCH
#define VECTOR_LANES (FLOW_ENGINE_PIX * FLOW_ENGINE_COLS)
#define TILE (FLOW_ENGINE_ROWS * FLOW_ENGINE_COLS)
#define ACC_BANKS (1u << FLOW_GEMM_ACC_BANK_WIDTH)

#define INPUT_BYTES ((ulong)INPUT_BLOCKS * FLOW_ENGINE_GROUP_BYTES)
#define WEIGHT_BYTES ((ulong)FLOW_ENGINE_WGT_DEPTH * FLOW_ENGINE_AXI_BYTES)
#define PARAMETERS_BYTES ((ulong)PARAMETER_WORDS * FLOW_ENGINE_AXI_BYTES)
#define OUT_BYTES ((ulong)FLOW_ENGINE_OUT_DEPTH * FLOW_ENGINE_GROUP_BYTES)
#define ACC_INTS ((ulong)ACC_BANKS * FLOW_ENGINE_ACC_DEPTH * VECTOR_LANES)
#define TABLE_INTS ((ulong)FLOW_TABLE_O * FLOW_TABLE_ENTRIES)
#define TABLE_CHARS ((ulong)FLOW_TABLE_SLOTS * FLOW_TABLE_ENTRIES)

typedef struct {
    FLOW_BUFFER uchar *inp;   /* [block][lane][channel] */
    FLOW_BUFFER uchar *wgt;   /* [word][byte] */
    FLOW_BUFFER uchar *par;   /* [vector][channel][byte] */
    FLOW_BUFFER uchar *out;   /* [group][lane][channel] */
    FLOW_BUFFER int *acc;     /* [bank][vector][lane][channel] */
    FLOW_BUFFER int *table;   /* A and B: [index][entry] */
    FLOW_BUFFER uchar *table_o; /* [slot][entry] */
} flow_buffers;

#define STATE_ALIGNMENT (FLOW_INSTRUCTION_BYTES)
#define STATE_ALIGNED(bytes) (((bytes) + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT)
#define STATE_ACC_AT 0UL
#define STATE_TABLE_AT (STATE_ACC_AT + STATE_ALIGNED(ACC_INTS * sizeof(int)))
#define STATE_TABLE_O_AT (STATE_TABLE_AT + STATE_ALIGNED(TABLE_INTS * sizeof(int)))
#define STATE_INP_AT (STATE_TABLE_O_AT + STATE_ALIGNED(TABLE_CHARS))
#define STATE_WGT_AT (STATE_INP_AT + STATE_ALIGNED(INPUT_BYTES))
#define STATE_PAR_AT (STATE_WGT_AT + STATE_ALIGNED(WEIGHT_BYTES))
#define STATE_OUT_AT (STATE_PAR_AT + STATE_ALIGNED(PARAMETERS_BYTES))
#define STATE_BYTES (STATE_OUT_AT + STATE_ALIGNED(OUT_BYTES))

#endif
