// One core: fetch, four units with their queues, buffers, columns, registers.
//
//   fetch -> queues -> load   AXI read -> gearbox -> INPUT | WEIGHT | PARAMETER | TABLE
//                      gemm   INPUT -> columns -> ACC
//                      alu    ACC, INPUT, PARAMETER -> lanes in the columns -> ACC, OUT, INPUT
//                      store  OUT -> gearbox -> AXI write
//
// Read IDs: 0 is fetch, 1 is LOAD.
//
// STAGE_ENABLES: registers of the array's and the ALU's stages keep their value while the stage is empty, which saves power
// and time of simulation. Without, they always load, which saves the wires of some thousand clock enables; results are the same.
module flow_core
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
  import alu_pkg::*;
#(
  parameter int unsigned CORE = 0,
  parameter bit STAGE_ENABLES = 1'b1
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  // registers
  input  logic                        reg_write_i,
  input  logic [$bits(REG_MAGIC)-1:0] reg_waddr_i,
  input  logic [31:0]                 reg_wdata_i,
  input  logic [3:0]                  reg_wstrb_i,
  input  logic [$bits(REG_MAGIC)-1:0] reg_raddr_i,
  output logic [31:0]                 reg_rdata_o,
  output logic                        irq_o,
  // memory
  output logic                        arvalid_o,
  input  logic                        arready_i,
  output address_t                    araddr_o,
  output logic [7:0]                  arlen_o,
  output logic [7:0]                  arid_o,
  input  logic                        rvalid_i,
  output logic                        rready_o,
  input  logic [DATA_BITS-1:0]        rdata_i,
  input  logic [1:0]                  rresp_i,
  input  logic                        rlast_i,
  input  logic [7:0]                  rid_i,
  output logic                        awvalid_o,
  input  logic                        awready_i,
  output address_t                    awaddr_o,
  output logic [7:0]                  awlen_o,
  output logic                        wvalid_o,
  input  logic                        wready_i,
  output logic [DATA_BITS-1:0]        wdata_o,
  output logic [AXI_BYTES-1:0]        wstrb_o,
  output logic                        wlast_o,
  input  logic                        bvalid_i,
  output logic                        bready_o,
  input  logic [1:0]                  bresp_i
);

  localparam int unsigned LOAD = 32'(UNIT_LOAD);
  localparam int unsigned GEMM = 32'(UNIT_GEMM);
  localparam int unsigned ALU = 32'(UNIT_ALU);
  localparam int unsigned STORE = 32'(UNIT_STORE);
  localparam int unsigned FETCH = 32'(UNIT_FETCH);

  // --- Registers and supervisor ---

  logic start, reset, launch, running, halt, clear_n, event_pulse, busy, done, error;
  logic [$bits(ERROR_NONE)-1:0] code;
  logic [$bits(UNIT_LOAD)-1:0] error_unit;
  logic [PC_BITS-1:0] error_pc;
  address_t error_address, program_offset, watchdog;
  address_t [REGIONS-1:0] base, size;
  activity_t [UNITS-1:0] activity;
  rest_t [UNITS-1:0] rest;
  fault_t [UNITS:0] fault;
  logic fetch_quiet, fetch_finish, fetch_illegal, fetch_idle, dispatch, tokens_empty, load_bus_idle, store_bus_idle;
  logic [PC_BITS-1:0] fetch_pc;

  core_registers #(.CORE(CORE)) i_registers (
    .clk_i, .rst_ni,
    .write_i(reg_write_i), .waddr_i(reg_waddr_i), .wdata_i(reg_wdata_i), .wstrb_i(reg_wstrb_i),
    .raddr_i(reg_raddr_i), .rdata_o(reg_rdata_o),
    .start_o(start), .reset_o(reset), .base_o(base), .size_o(size), .program_o(program_offset),
    .watchdog_o(watchdog), .launch_i(launch), .running_i(running), .event_i(event_pulse), .busy_i(busy),
    .done_i(done), .error_i(error), .code_i(code), .unit_i(error_unit), .pc_i(error_pc), .address_i(error_address),
    .activity_i(activity), .read_beat_i(rvalid_i && rready_o), .write_beat_i(wvalid_o && wready_i),
    .instruction_i(dispatch), .irq_o
  );

  supervisor i_supervisor (
    .clk_i, .rst_ni,
    .start_i(start), .reset_i(reset), .watchdog_i(watchdog), .rest_i(rest), .fault_i(fault),
    .fetch_quiet_i(fetch_quiet), .fetch_finish_i(fetch_finish), .fetch_illegal_i(fetch_illegal),
    .fetch_pc_i(fetch_pc), .tokens_empty_i(tokens_empty),
    .bus_idle_i(fetch_idle && load_bus_idle && store_bus_idle),
    .launch_o(launch), .running_o(running), .halt_o(halt), .clear_no(clear_n), .event_o(event_pulse),
    .busy_o(busy), .done_o(done), .error_o(error), .code_o(code), .unit_o(error_unit), .pc_o(error_pc),
    .address_o(error_address)
  );

  // --- Fetch and queues ---

  logic [1:0] ar_valid, ar_ready, r_valid, r_ready;
  address_t [1:0] ar_address;
  logic [1:0][7:0] ar_length;
  logic [7:0] r_id;
  logic [UNITS-1:0] dispatch_valid, dispatch_ready, held, queue_valid, queue_pop, queue_waiting;
  logic [PC_BITS-1:0] dispatch_pc;
  logic [INSTRUCTION_BITS-1:0] dispatch_instruction;
  logic [UNITS-1:0][PC_BITS-1:0] queue_pc;
  logic [UNITS-1:0][INSTRUCTION_BITS-1:0] queue_instruction;

  fetch i_fetch (
    .clk_i, .rst_ni(clear_n), .start_i(launch), .halt_i(halt),
    .base_i(base[REGION_CONSTANT]), .size_i(size[REGION_CONSTANT]), .program_i(program_offset),
    .queue_valid_o(dispatch_valid), .queue_ready_i(dispatch_ready), .queue_pc_o(dispatch_pc),
    .queue_instruction_o(dispatch_instruction),
    .quiet_o(fetch_quiet), .finish_o(fetch_finish), .illegal_o(fetch_illegal), .pc_o(fetch_pc),
    .fault_o(fault[FETCH]), .dispatch_o(dispatch), .idle_o(fetch_idle),
    .arvalid_o(ar_valid[0]), .arready_i(ar_ready[0]), .araddr_o(ar_address[0]), .arlen_o(ar_length[0]),
    .rvalid_i(r_valid[0]), .rready_o(r_ready[0]), .rdata_i, .rresp_i, .rlast_i
  );

  logic [UNITS-1:0] pop_valid, pop_ready;
  logic [UNITS-1:0][UNITS-1:0] pop_mask;

  for (genvar u = 0; u < UNITS; u++) begin : gen_queue
    fifo #(.WIDTH(PC_BITS + INSTRUCTION_BITS), .DEPTH(QUEUE_DEPTH)) i_queue (
      .clk_i, .rst_ni(clear_n),
      .push_i(dispatch_valid[u]), .ready_o(dispatch_ready[u]), .data_i({dispatch_pc, dispatch_instruction}),
      .valid_o(held[u]), .pop_i(queue_pop[u]), .data_o({queue_pc[u], queue_instruction[u]})
    );

    header_t header;
    assign header = header_t'(queue_instruction[u]);

    token_gate i_gate (
      .clk_i, .rst_ni(clear_n), .halt_i(halt), .queue_valid_i(held[u]), .queue_mask_i(header.pop),
      .token_valid_o(pop_valid[u]), .token_mask_o(pop_mask[u]), .token_ready_i(pop_ready[u]),
      .valid_o(queue_valid[u]), .pop_i(queue_pop[u]), .waiting_o(queue_waiting[u])
    );
  end

  axi_read_mux #(.SLOTS(2), .ID_BITS(0)) i_read_mux (
    .clk_i, .rst_ni,
    .s_arvalid_i(ar_valid), .s_arready_o(ar_ready), .s_araddr_i(ar_address), .s_arlen_i(ar_length), .s_arid_i('0),
    .s_rvalid_o(r_valid), .s_rready_i(r_ready), .s_rid_o(r_id),
    .m_arvalid_o(arvalid_o), .m_arready_i(arready_i), .m_araddr_o(araddr_o), .m_arlen_o(arlen_o),
    .m_arid_o(arid_o), .m_rvalid_i(rvalid_i), .m_rready_o(rready_o), .m_rid_i(rid_i)
  );

  // --- Tokens ---

  logic [UNITS:0] push_valid, push_ready;
  logic [UNITS:0][UNITS-1:0] push_mask;

  token_channels i_tokens (
    .clk_i, .rst_ni(clear_n),
    .pop_valid_i(pop_valid), .pop_mask_i(pop_mask), .pop_ready_o(pop_ready),
    .push_valid_i(push_valid), .push_mask_i(push_mask), .push_ready_o(push_ready), .empty_o(tokens_empty)
  );

  // --- LOAD ---

  logic input_load_we, input_load_ready, weight_we, parameter_we;
  logic [BLOCK_ADDRESS_BITS-1:0] input_load_block;
  logic [GROUP_BITS-1:0] input_load_data;
  logic [WGT_BITS-1:0] weight_waddr;
  logic [STEP_BITS-1:0] parameter_word;
  logic [DATA_BITS-1:0] load_word;
  logic [2:0] table_we;
  logic [TABLE_BITS-1:0] table_address;
  logic [VALUE_BITS-1:0] table_data;

  load i_load (
    .clk_i, .rst_ni(clear_n), .halt_i(halt), .base_i(base), .size_i(size),
    .queue_valid_i(queue_valid[LOAD]), .queue_pop_o(queue_pop[LOAD]), .queue_pc_i(queue_pc[LOAD]),
    .queue_instruction_i(queue_instruction[LOAD]),
    .waiting_i(queue_waiting[LOAD]),
    .push_valid_o(push_valid[LOAD]), .push_mask_o(push_mask[LOAD]), .push_ready_i(push_ready[LOAD]),
    .input_we_o(input_load_we), .input_ready_i(input_load_ready), .input_block_o(input_load_block),
    .input_data_o(input_load_data), .weight_we_o(weight_we), .weight_address_o(weight_waddr),
    .parameter_we_o(parameter_we), .parameter_address_o(parameter_word), .word_o(load_word),
    .table_we_o(table_we), .table_address_o(table_address), .table_data_o(table_data),
    .bus_idle_o(load_bus_idle), .rest_o(rest[LOAD]), .activity_o(activity[LOAD]), .fault_o(fault[LOAD]),
    .arvalid_o(ar_valid[1]), .arready_i(ar_ready[1]), .araddr_o(ar_address[1]), .arlen_o(ar_length[1]),
    .rvalid_i(r_valid[1]), .rready_o(r_ready[1]), .rdata_i, .rresp_i, .rlast_i
  );

  // --- Buffers ---

  logic input_gemm_want, input_gemm_re, input_gemm_grant, input_alu_re, input_alu_grant, input_alu_we;
  logic [VECTOR_BITS-1:0] input_gemm_vector;
  logic [BLOCKS*GROUP_BITS-1:0] input_gemm_data;
  logic [BLOCK_ADDRESS_BITS-1:0] input_alu_block, input_alu_wblock;
  logic [GROUP_BITS-1:0] input_alu_data, result_group;

  input_buffer i_input (
    .clk_i, .rst_ni(clear_n),
    .gemm_want_i(input_gemm_want), .gemm_re_i(input_gemm_re), .gemm_grant_o(input_gemm_grant),
    .gemm_vector_i(input_gemm_vector), .gemm_data_o(input_gemm_data),
    .alu_re_i(input_alu_re), .alu_grant_o(input_alu_grant), .alu_block_i(input_alu_block),
    .alu_data_o(input_alu_data),
    .alu_we_i(input_alu_we), .alu_wblock_i(input_alu_wblock), .alu_wdata_i(result_group),
    .load_we_i(input_load_we), .load_ready_o(input_load_ready), .load_block_i(input_load_block),
    .load_data_i(input_load_data)
  );

  logic weight_re;
  logic [WGT_BITS-1:0] weight_raddr;
  logic [DATA_BITS-1:0] weight_rdata;

  ram_1r1w #(.WIDTH(DATA_BITS), .DEPTH(WGT_DEPTH)) i_weight (
    .clk_i, .we_i(weight_we), .waddr_i(weight_waddr), .wdata_i(load_word),
    .re_i(weight_re), .raddr_i(weight_raddr), .rdata_o(weight_rdata)
  );

  logic parameter_re;
  logic [PAR_BITS-1:0] parameter_raddr, parameter_waddr;
  logic [PAR_WORDS-1:0][DATA_BITS-1:0] parameter_rdata;
  logic [COLS*ENTRY_BITS-1:0] parameter_vector;

  assign parameter_vector = parameter_rdata;
  assign parameter_waddr = PAR_BITS'(parameter_word / STEP_BITS'(PAR_WORDS));
  for (genvar w = 0; w < PAR_WORDS; w++) begin : gen_parameter
    ram_1r1w #(.WIDTH(DATA_BITS), .DEPTH(PAR_DEPTH)) i_ram (
      .clk_i, .we_i(parameter_we && parameter_word % STEP_BITS'(PAR_WORDS) == STEP_BITS'(w)),
      .waddr_i(parameter_waddr), .wdata_i(load_word),
      .re_i(parameter_re), .raddr_i(parameter_raddr), .rdata_o(parameter_rdata[w])
    );
  end

  logic out_we, out_re;
  logic [OUT_BITS-1:0] out_waddr, out_raddr;
  logic [GROUP_BITS-1:0] out_rdata;

  ram_1r1w #(.WIDTH(GROUP_BITS), .DEPTH(OUT_DEPTH)) i_out (
    .clk_i, .we_i(out_we), .waddr_i(out_waddr), .wdata_i(result_group),
    .re_i(out_re), .raddr_i(out_raddr), .rdata_o(out_rdata)
  );

  // --- GEMM ---

  logic word_valid, word_set, operand_valid, operand_set, read_re, read_bank;
  logic sum_valid, sum_bank, sum_init, write_we, write_bank;
  logic [31:0] word_index;
  logic [DATA_BITS-1:0] word;
  logic [ACC_BITS-1:0] read_address, write_address;
  logic [ACC_BANKS-1:0] gemm_bank_busy, gemm_bank_soon, alu_writing;

  gemm i_gemm (
    .clk_i, .rst_ni(clear_n), .halt_i(halt),
    .queue_valid_i(queue_valid[GEMM]), .queue_pop_o(queue_pop[GEMM]), .queue_pc_i(queue_pc[GEMM]),
    .queue_instruction_i(queue_instruction[GEMM]),
    .waiting_i(queue_waiting[GEMM]),
    .push_valid_o(push_valid[GEMM]), .push_mask_o(push_mask[GEMM]), .push_ready_i(push_ready[GEMM]),
    .weight_re_o(weight_re), .weight_raddr_o(weight_raddr), .weight_rdata_i(weight_rdata),
    .input_want_o(input_gemm_want), .input_re_o(input_gemm_re), .input_grant_i(input_gemm_grant),
    .input_vector_o(input_gemm_vector),
    .word_valid_o(word_valid), .word_set_o(word_set), .word_index_o(word_index), .word_o(word),
    .operand_valid_o(operand_valid), .operand_set_o(operand_set),
    .read_re_o(read_re), .read_bank_o(read_bank), .read_address_o(read_address),
    .sum_valid_o(sum_valid), .sum_bank_o(sum_bank), .sum_init_o(sum_init),
    .write_we_o(write_we), .write_bank_o(write_bank), .write_address_o(write_address),
    .bank_busy_o(gemm_bank_busy), .bank_soon_o(gemm_bank_soon), .alu_writing_i(alu_writing),
    .rest_o(rest[GEMM]), .activity_o(activity[GEMM]), .fault_o(fault[GEMM])
  );

  // --- ALU ---

  logic alu_acc_re, alu_acc_bank, alu_acc_we, alu_acc_wbank;
  logic [ACC_BITS-1:0] alu_acc_address, alu_acc_waddress;
  logic [RESULT:SOURCE] lane_valid;
  control_t lane_control[SOURCE:RESULT];

  alu #(.STAGE_ENABLES(STAGE_ENABLES)) i_alu (
    .clk_i, .rst_ni(clear_n), .halt_i(halt),
    .queue_valid_i(queue_valid[ALU]), .queue_pop_o(queue_pop[ALU]), .queue_pc_i(queue_pc[ALU]),
    .queue_instruction_i(queue_instruction[ALU]),
    .waiting_i(queue_waiting[ALU]),
    .push_valid_o(push_valid[ALU]), .push_mask_o(push_mask[ALU]), .push_ready_i(push_ready[ALU]),
    .input_re_o(input_alu_re), .input_grant_i(input_alu_grant), .input_block_o(input_alu_block),
    .input_we_o(input_alu_we), .input_wblock_o(input_alu_wblock),
    .acc_re_o(alu_acc_re), .acc_bank_o(alu_acc_bank), .acc_address_o(alu_acc_address),
    .parameter_re_o(parameter_re), .parameter_address_o(parameter_raddr),
    .valid_o(lane_valid), .control_o(lane_control),
    .acc_we_o(alu_acc_we), .acc_wbank_o(alu_acc_wbank), .acc_waddress_o(alu_acc_waddress),
    .out_we_o(out_we), .out_waddress_o(out_waddr), .writing_o(alu_writing), .gemm_busy_i(gemm_bank_busy),
    .gemm_soon_i(gemm_bank_soon),
    .rest_o(rest[ALU]), .activity_o(activity[ALU]), .fault_o(fault[ALU])
  );

  // --- Columns ---

  logic [ACC_BANKS-1:0] acc_re, acc_we, acc_alu;
  logic [ACC_BANKS-1:0][ACC_BITS-1:0] acc_raddr, acc_waddr;

  always_comb begin
    for (int unsigned b = 0; b < ACC_BANKS; b++) begin
      automatic logic gemm_reads = read_re && 32'(read_bank) == b;
      acc_alu[b] = alu_acc_we && 32'(alu_acc_wbank) == b;
      acc_re[b] = gemm_reads || (alu_acc_re && 32'(alu_acc_bank) == b);
      acc_raddr[b] = gemm_reads ? read_address : alu_acc_address;
      acc_we[b] = (write_we && 32'(write_bank) == b) || acc_alu[b];
      acc_waddr[b] = acc_alu[b] ? alu_acc_waddress : write_address;
    end
  end

  // Lane p, row r of the vector: byte p * COLS + r % COLS of block r / COLS.
  logic [PIX*ROWS*8-1:0] operand;
  for (genvar p = 0; p < PIX; p++) begin : gen_operand
    for (genvar b = 0; b < BLOCKS; b++) begin : gen_block
      assign operand[(p*ROWS+b*COLS)*8+:BLOCK_BITS] = input_gemm_data[b*GROUP_BITS+p*BLOCK_BITS+:BLOCK_BITS];
    end
  end

  // Weight r of column c is code c * ROWS + r of the tile.
  logic [COLS*PIX*VALUE_BITS-1:0] sums;
  for (genvar c = 0; c < COLS; c += ARRAY_COLS) begin : gen_array
    logic [ARRAY_COLS*ROWS*WEIGHT_BITS-1:0] weights;
    logic [ARRAY_COLS*ROWS-1:0] mask;

    for (genvar r = 0; r < ARRAY_COLS * ROWS; r++) begin : gen_row
      localparam int unsigned AT = (c * ROWS + r) * WEIGHT_BITS;
      assign weights[r*WEIGHT_BITS+:WEIGHT_BITS] = word[AT%DATA_BITS+:WEIGHT_BITS];
      assign mask[r] = word_index == AT / DATA_BITS;
    end

    array_column #(.STAGE_ENABLES(STAGE_ENABLES)) i_array (
      .clk_i, .rst_ni(clear_n),
      .word_valid_i(word_valid && mask != '0), .word_set_i(word_set), .word_mask_i(mask), .word_i(weights),
      .operand_valid_i(operand_valid), .operand_set_i(operand_set), .operand_i(operand),
      .sum_o(sums[c*PIX*VALUE_BITS+:ARRAY_COLS*PIX*VALUE_BITS])
    );
  end

  for (genvar c = 0; c < COLS; c++) begin : gen_column
    logic [PIX*VALUE_BITS-1:0] result;
    logic [ACC_BANKS-1:0][PIX*VALUE_BITS-1:0] acc_data;
    logic [PIX*8-1:0] block;

    accumulator i_accumulator (
      .clk_i,
      .re_i(acc_re), .raddr_i(acc_raddr), .rdata_o(acc_data),
      .add_valid_i(sum_valid), .add_bank_i(sum_bank), .add_init_i(sum_init), .sum_i(sums[c*PIX*VALUE_BITS+:PIX*VALUE_BITS]),
      .we_i(acc_we), .waddr_i(acc_waddr), .alu_i(acc_alu), .alu_data_i(result)
    );

    for (genvar p = 0; p < PIX; p++) begin : gen_lane
      assign block[p*8+:8] = input_alu_data[(p*COLS+c)*8+:8];
      assign result_group[(p*COLS+c)*8+:8] = result[p*VALUE_BITS+:8];
    end

    alu_lanes #(.STAGE_ENABLES(STAGE_ENABLES)) i_lanes (
      .clk_i,
      .valid_i(lane_valid), .control_i(lane_control), .acc_i(acc_data), .block_i(block),
      .entry_i(parameter_vector[c*ENTRY_BITS+:ENTRY_BITS]),
      .table_we_i(table_we), .table_address_i(table_address), .table_data_i(table_data), .result_o(result)
    );
  end

  // --- STORE ---

  store i_store (
    .clk_i, .rst_ni(clear_n), .halt_i(halt), .base_i(base), .size_i(size),
    .queue_valid_i(queue_valid[STORE]), .queue_pop_o(queue_pop[STORE]), .queue_pc_i(queue_pc[STORE]),
    .queue_instruction_i(queue_instruction[STORE]),
    .waiting_i(queue_waiting[STORE]),
    .read_push_valid_o(push_valid[STORE]), .read_push_mask_o(push_mask[STORE]),
    .read_push_ready_i(push_ready[STORE]),
    .written_push_valid_o(push_valid[UNITS]), .written_push_mask_o(push_mask[UNITS]),
    .written_push_ready_i(push_ready[UNITS]),
    .out_re_o(out_re), .out_raddr_o(out_raddr), .out_rdata_i(out_rdata),
    .bus_idle_o(store_bus_idle), .rest_o(rest[STORE]), .activity_o(activity[STORE]), .fault_o(fault[STORE]),
    .awvalid_o, .awready_i, .awaddr_o, .awlen_o, .wvalid_o, .wready_i, .wdata_o, .wstrb_o, .wlast_o,
    .bvalid_i, .bready_o, .bresp_i
  );

endmodule
