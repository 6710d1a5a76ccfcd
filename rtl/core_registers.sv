// A core's page of registers and its performance counters.
//
// write_i with address_i (byte offset in the page) and byte strobes; read data follow raddr_i by one cycle. start_o and
// reset_o are pulses in the cycle after the write. Counters count while running_i and are cleared by launch_i.
module core_registers
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
#(
  parameter int unsigned CORE = 0
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   write_i,
  input  logic [$bits(REG_MAGIC)-1:0] waddr_i,
  input  logic [31:0]            wdata_i,
  input  logic [3:0]             wstrb_i,
  input  logic [$bits(REG_MAGIC)-1:0] raddr_i,
  output logic [31:0]            rdata_o,
  output logic                   start_o,
  output logic                   reset_o,
  output address_t [REGIONS-1:0] base_o,
  output address_t [REGIONS-1:0] size_o,
  output address_t               program_o,
  output address_t               watchdog_o,
  input  logic                   launch_i,
  input  logic                   running_i,
  input  logic                   event_i,
  input  logic                   busy_i,
  input  logic                   done_i,
  input  logic                   error_i,
  input  logic [$bits(ERROR_NONE)-1:0] code_i,
  input  logic [$bits(UNIT_LOAD)-1:0]  unit_i,
  input  logic [PC_BITS-1:0]     pc_i,
  input  address_t               address_i,
  input  activity_t [UNITS-1:0]  activity_i,
  input  logic                   read_beat_i,
  input  logic                   write_beat_i,
  input  logic                   instruction_i,
  output logic                   irq_o
);

  localparam int unsigned WINDOW_WORDS = REGIONS * 4;  // base and size, low and high halves

  logic [31:0] scratch_q;
  logic [WINDOW_WORDS-1:0][31:0] window_q;
  logic [1:0][31:0] program_q, watchdog_q;
  logic enable_q, pending_q;
  logic [63:0] counter_q[NUM_COUNTERS];

  for (genvar r = 0; r < REGIONS; r++) begin : gen_region
    assign base_o[r] = {window_q[4*r+1], window_q[4*r]};
    assign size_o[r] = {window_q[4*r+3], window_q[4*r+2]};
  end
  assign program_o = program_q;
  assign watchdog_o = watchdog_q;
  assign irq_o = enable_q && pending_q;

  function automatic logic [31:0] merge(input logic [31:0] old, input logic [31:0] data, input logic [3:0] strobe);
    for (int unsigned b = 0; b < 4; b++) merge[8*b+:8] = strobe[b] ? data[8*b+:8] : old[8*b+:8];
  endfunction

  function automatic logic [31:0] halves(input address_t value, input logic high);
    return high ? value[63:32] : value[31:0];
  endfunction

  // Word index of a register within a block that begins at `first`.
  function automatic int unsigned word(input logic [$bits(REG_MAGIC)-1:0] at, input logic [$bits(REG_MAGIC)-1:0] first);
    return (32'(at) - 32'(first)) >> 2;
  endfunction

  logic waddr_window, raddr_window, raddr_counter;
  assign waddr_window = waddr_i >= REG_CONSTANT_BASE_LO && waddr_i <= REG_OUTPUT_SIZE_HI;
  assign raddr_window = raddr_i >= REG_CONSTANT_BASE_LO && raddr_i <= REG_OUTPUT_SIZE_HI;
  assign raddr_counter = 32'(raddr_i) >= COUNTER_BASE && word(raddr_i, '0) < word(($bits(REG_MAGIC))'(COUNTER_BASE), '0) +
                         2 * NUM_COUNTERS;

  always_ff @(posedge clk_i) begin
    start_o <= 1'b0;
    reset_o <= 1'b0;
    if (event_i) pending_q <= 1'b1;
    if (write_i) begin
      unique case (waddr_i)
        REG_SCRATCH: scratch_q <= merge(scratch_q, wdata_i, wstrb_i);
        REG_CONTROL: begin
          start_o <= wdata_i[REG_CONTROL_START_LSB] && wstrb_i[REG_CONTROL_START_LSB/8];
          reset_o <= wdata_i[REG_CONTROL_RESET_LSB] && wstrb_i[REG_CONTROL_RESET_LSB/8];
        end
        REG_IRQ_ENABLE: if (wstrb_i[0]) enable_q <= wdata_i[0];
        REG_IRQ_PENDING: if (wstrb_i[0] && wdata_i[0]) pending_q <= event_i;
        REG_PROGRAM_LO: program_q[0] <= merge(program_q[0], wdata_i, wstrb_i);
        REG_PROGRAM_HI: program_q[1] <= merge(program_q[1], wdata_i, wstrb_i);
        REG_WATCHDOG_LO: watchdog_q[0] <= merge(watchdog_q[0], wdata_i, wstrb_i);
        REG_WATCHDOG_HI: watchdog_q[1] <= merge(watchdog_q[1], wdata_i, wstrb_i);
        default: if (waddr_window) begin
          window_q[word(waddr_i, REG_CONSTANT_BASE_LO)] <=
              merge(window_q[word(waddr_i, REG_CONSTANT_BASE_LO)], wdata_i, wstrb_i);
        end
      endcase
    end
    if (!rst_ni) begin
      scratch_q <= '0;
      window_q <= '0;
      program_q <= '0;
      watchdog_q <= '0;
      enable_q <= 1'b0;
      pending_q <= 1'b0;
      start_o <= 1'b0;
      reset_o <= 1'b0;
    end
  end

  logic [31:0] rdata;
  always_ff @(posedge clk_i) rdata_o <= rdata;

  always_comb begin
    rdata = '0;
    unique case (raddr_i)
      REG_MAGIC: rdata = MAGIC;
      REG_ABI: begin
        rdata[REG_ABI_MINOR_LSB+:REG_ABI_MINOR_WIDTH] = REG_ABI_MINOR_WIDTH'(ABI_MINOR);
        rdata[REG_ABI_MAJOR_LSB+:REG_ABI_MAJOR_WIDTH] = REG_ABI_MAJOR_WIDTH'(ABI_MAJOR);
      end
      REG_HASH_LO: rdata = halves(CONFIG_HASH, 1'b0);
      REG_HASH_HI: rdata = halves(CONFIG_HASH, 1'b1);
      REG_SHAPE: begin
        rdata[REG_SHAPE_PIX_LSB+:REG_SHAPE_PIX_WIDTH] = REG_SHAPE_PIX_WIDTH'(PIX);
        rdata[REG_SHAPE_ROWS_LSB+:REG_SHAPE_ROWS_WIDTH] = REG_SHAPE_ROWS_WIDTH'(ROWS);
        rdata[REG_SHAPE_COLS_LSB+:REG_SHAPE_COLS_WIDTH] = REG_SHAPE_COLS_WIDTH'(COLS);
      end
      REG_SYSTEM: begin
        rdata[REG_SYSTEM_CORES_LSB+:REG_SYSTEM_CORES_WIDTH] = REG_SYSTEM_CORES_WIDTH'(CORES);
        rdata[REG_SYSTEM_CORE_LSB+:REG_SYSTEM_CORE_WIDTH] = REG_SYSTEM_CORE_WIDTH'(CORE);
        rdata[REG_SYSTEM_AXI_BYTES_LSB+:REG_SYSTEM_AXI_BYTES_WIDTH] = REG_SYSTEM_AXI_BYTES_WIDTH'(AXI_BYTES);
      end
      REG_SCRATCH: rdata = scratch_q;
      REG_STATUS: begin
        rdata[REG_STATUS_BUSY_LSB] = busy_i || start_o || reset_o;
        rdata[REG_STATUS_DONE_LSB] = done_i;
        rdata[REG_STATUS_ERROR_LSB] = error_i;
      end
      REG_IRQ_ENABLE: rdata[0] = enable_q;
      REG_IRQ_PENDING: rdata[0] = pending_q;
      REG_ERROR: begin
        rdata[REG_ERROR_CODE_LSB+:REG_ERROR_CODE_WIDTH] = REG_ERROR_CODE_WIDTH'(code_i);
        rdata[REG_ERROR_UNIT_LSB+:REG_ERROR_UNIT_WIDTH] = REG_ERROR_UNIT_WIDTH'(unit_i);
      end
      REG_ERROR_PC: rdata = pc_i;
      REG_ERROR_ADDRESS_LO: rdata = halves(address_i, 1'b0);
      REG_ERROR_ADDRESS_HI: rdata = halves(address_i, 1'b1);
      REG_PROGRAM_LO: rdata = program_q[0];
      REG_PROGRAM_HI: rdata = program_q[1];
      REG_WATCHDOG_LO: rdata = watchdog_q[0];
      REG_WATCHDOG_HI: rdata = watchdog_q[1];
      default: begin
        if (raddr_window) rdata = window_q[word(raddr_i, REG_CONSTANT_BASE_LO)];
        if (raddr_counter) begin
          rdata = halves(counter_q[word(raddr_i, ($bits(REG_MAGIC))'(COUNTER_BASE))/2], raddr_i[2]);
        end
      end
    endcase
  end

  // --- Performance counters ---

  logic [NUM_COUNTERS-1:0] count;

  activity_t [UNITS-1:0] activity_q;
  logic read_beat_q, write_beat_q, instruction_q;

  always_ff @(posedge clk_i) begin
    activity_q <= activity_i;
    read_beat_q <= read_beat_i;
    write_beat_q <= write_beat_i;
    instruction_q <= instruction_i;
  end

  always_comb begin
    count = '0;
    count[COUNTER_CYCLES] = 1'b1;
    count[COUNTER_LOAD_BUSY] = activity_q[UNIT_LOAD[1:0]].busy;
    count[COUNTER_LOAD_STARVED] = activity_q[UNIT_LOAD[1:0]].starved;
    count[COUNTER_LOAD_BLOCKED] = activity_q[UNIT_LOAD[1:0]].blocked;
    count[COUNTER_GEMM_BUSY] = activity_q[UNIT_GEMM[1:0]].busy;
    count[COUNTER_GEMM_STARVED] = activity_q[UNIT_GEMM[1:0]].starved;
    count[COUNTER_GEMM_BLOCKED] = activity_q[UNIT_GEMM[1:0]].blocked;
    count[COUNTER_ALU_BUSY] = activity_q[UNIT_ALU[1:0]].busy;
    count[COUNTER_ALU_STARVED] = activity_q[UNIT_ALU[1:0]].starved;
    count[COUNTER_ALU_BLOCKED] = activity_q[UNIT_ALU[1:0]].blocked;
    count[COUNTER_STORE_BUSY] = activity_q[UNIT_STORE[1:0]].busy;
    count[COUNTER_STORE_STARVED] = activity_q[UNIT_STORE[1:0]].starved;
    count[COUNTER_STORE_BLOCKED] = activity_q[UNIT_STORE[1:0]].blocked;
    count[COUNTER_READ_BEATS] = read_beat_q;
    count[COUNTER_WRITE_BEATS] = write_beat_q;
    count[COUNTER_INSTRUCTIONS] = instruction_q;
  end

  for (genvar n = 0; n < NUM_COUNTERS; n++) begin : gen_counter
    always_ff @(posedge clk_i) begin
      if (!rst_ni || launch_i) counter_q[n] <= '0;
      else if (running_i && count[n]) counter_q[n] <= counter_q[n] + 1'b1;
    end
  end

endmodule
