// Second half of LOAD: puts what was read, and the padding, into the buffers.
//
// Takes instructions in order from the first half. INPUT: one position per cycle, a group from the gearbox or pad_value; WEIGHT and
// PARAMETER: one word per beat; TABLE: one entry per cycle. The write stage holds an entry until the buffer takes it
// (INPUT: input_ready_i). done_o with done_push_o: the instruction's last write is being done in this cycle.
module load_receive
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          halt_i,
  input  logic                          valid_i,
  output logic                          pop_o,
  input  logic [PC_BITS-1:0]            pc_i,
  input  load_t                         load_i,
  input  logic                          beat_valid_i,
  output logic                          beat_ready_o,
  input  logic [DATA_BITS-1:0]          beat_data_i,
  input  logic                          beat_error_i,
  input  logic                          beat_last_i,
  input  burst_t                        beat_burst_i,
  // buffers
  output logic                          input_we_o,
  input  logic                          input_ready_i,
  output logic [BLOCK_ADDRESS_BITS-1:0] input_block_o,
  output logic [GROUP_BITS-1:0]         input_data_o,
  output logic                          weight_we_o,
  output logic [WGT_BITS-1:0]           weight_address_o,
  output logic                          parameter_we_o,
  output logic [STEP_BITS-1:0]          parameter_address_o,
  output logic [DATA_BITS-1:0]          word_o,
  output logic [2:0]                    table_we_o,
  output logic [TABLE_BITS-1:0]         table_address_o,
  output logic [VALUE_BITS-1:0]         table_data_o,
  //
  output logic                          done_o,
  output push_t                         done_push_o,
  output logic                          idle_o,
  output logic                          moved_o,
  output fault_t                        fault_o
);

  // --- The instruction under way ---

  logic active_q, input_q, received_q;
  load_t load_q;
  logic [PC_BITS-1:0] pc_q;
  logic [SIZE_BITS-1:0] x_q, y_q, z_q, x_total_q, y_total_q, x_end_q, y_end_q;
  logic [STEP_BITS-1:0] step_q, row_q, plane_q;

  logic [SIZE_BITS-1:0] x_total, y_total;
  logic is_input, nothing;
  assign is_input = load_i.buffer == BUFFER_INPUT;
  assign x_total = SIZE_BITS'(load_i.pad_left) + SIZE_BITS'(load_i.x_size) + SIZE_BITS'(load_i.pad_right);
  assign y_total = SIZE_BITS'(load_i.pad_top) + SIZE_BITS'(load_i.y_size) + SIZE_BITS'(load_i.pad_bottom);
  assign nothing = x_total == '0 || y_total == '0 || load_i.z_size == '0;

  // --- Beats: to the gearbox, or as they are ---

  logic gearbox_valid, gearbox_ready, group_valid, group_ready;
  logic [GROUP_BITS-1:0] group;

  assign gearbox_valid = active_q && input_q && beat_valid_i && !received_q && !beat_error_i;

  gearbox_in i_gearbox (
    .clk_i, .rst_ni,
    .beat_valid_i(gearbox_valid), .beat_ready_o(gearbox_ready), .beat_data_i, .beat_last_i, .burst_i(beat_burst_i),
    .group_valid_o(group_valid), .group_ready_i(group_ready), .group_o(group)
  );

  // --- One position (INPUT) or word (others) per cycle into the write stage ---

  logic write_valid_q, write_q, write_ready, write_last_q;
  logic [1:0] write_buffer_q;
  logic [STEP_BITS-1:0] write_address_q;
  logic [GROUP_BITS-1:0] write_group_q;
  logic [DATA_BITS-1:0] write_word_q;
  push_t write_push_q;

  logic in_map, x_last, y_last, z_last, have, go, outside;
  logic [STEP_BITS-1:0] limit;

  assign in_map = x_q >= SIZE_BITS'(load_q.pad_left) && x_q < x_end_q && y_q >= SIZE_BITS'(load_q.pad_top) &&
                  y_q < y_end_q;
  assign x_last = x_q + 1'b1 == x_total_q;
  assign y_last = y_q + 1'b1 == y_total_q;
  assign z_last = z_q + 1'b1 == SIZE_BITS'(load_q.z_size);

  always_comb begin
    unique case (load_q.buffer)
      BUFFER_INPUT: limit = STEP_BITS'(INP_BLOCKS);
      BUFFER_WEIGHT: limit = STEP_BITS'(WGT_DEPTH);
      BUFFER_PARAMETER: limit = STEP_BITS'(PAR_SIZE);
      default: limit = '1;
    endcase
  end

  assign outside = step_q >= limit;
  assign have = input_q ? (!in_map || group_valid) : (beat_valid_i && !beat_error_i);
  assign go = active_q && have && !outside && (!write_valid_q || write_ready) && !halt_i;
  assign group_ready = go && input_q && in_map;
  assign beat_ready_o = active_q && !beat_error_i && (input_q ? gearbox_ready && !received_q : go);

  logic finish, nothing_go;
  assign finish = go && x_last && y_last && z_last;
  assign nothing_go = valid_i && (!active_q || finish) && nothing;
  assign pop_o = valid_i && (nothing_go ? (!active_q && (!write_valid_q || write_ready)) : (!active_q || finish));

  always_ff @(posedge clk_i) begin
    if (gearbox_valid && gearbox_ready && beat_last_i && beat_burst_i.last) received_q <= 1'b1;
    if (go) begin
      x_q <= x_q + 1'b1;
      step_q <= step_q + (input_q ? STEP_BITS'(load_q.x_stride) : STEP_BITS'(1));
      if (x_last) begin
        x_q <= '0;
        y_q <= y_q + 1'b1;
        row_q <= row_q + STEP_BITS'(load_q.y_stride);
        step_q <= row_q + STEP_BITS'(load_q.y_stride);
        if (y_last) begin
          y_q <= '0;
          z_q <= z_q + 1'b1;
          plane_q <= plane_q + STEP_BITS'(load_q.z_stride);
          row_q <= plane_q + STEP_BITS'(load_q.z_stride);
          step_q <= plane_q + STEP_BITS'(load_q.z_stride);
        end
      end
      if (finish) active_q <= 1'b0;
    end
    if (pop_o && !nothing) begin
      active_q <= 1'b1;
      input_q <= is_input;
      received_q <= load_i.x_size == '0 || load_i.y_size == '0;  // only padding: the beats shown are another's
      load_q <= load_i;
      pc_q <= pc_i;
      x_q <= '0;
      y_q <= '0;
      z_q <= '0;
      x_total_q <= x_total;
      y_total_q <= y_total;
      x_end_q <= SIZE_BITS'(load_i.pad_left) + SIZE_BITS'(load_i.x_size);
      y_end_q <= SIZE_BITS'(load_i.pad_top) + SIZE_BITS'(load_i.y_size);
      step_q <= STEP_BITS'(load_i.base);
      row_q <= STEP_BITS'(load_i.base);
      plane_q <= STEP_BITS'(load_i.base);
    end
    if (!rst_ni) active_q <= 1'b0;
  end

  // --- Write stage ---

  always_ff @(posedge clk_i) begin
    if (write_ready) write_valid_q <= 1'b0;
    if (go) begin
      write_valid_q <= 1'b1;
      write_q <= 1'b1;
      write_buffer_q <= load_q.buffer;
      write_address_q <= step_q;
      write_last_q <= finish;
      write_push_q <= '{mask: load_q.push, pc: pc_q};
      if (input_q) write_group_q <= in_map ? group : {GROUP_BYTES{load_q.pad_value}};
      else write_word_q <= beat_data_i;
    end else if (pop_o && nothing) begin
      write_valid_q <= 1'b1;
      write_q <= 1'b0;
      write_buffer_q <= load_i.buffer;
      write_last_q <= 1'b1;
      write_push_q <= '{mask: load_i.push, pc: pc_i};
    end
    if (!rst_ni) write_valid_q <= 1'b0;
  end

  // Tables take one entry per cycle: VALUE_BYTES of a beat for A and B, one byte for O.
  localparam int unsigned BYTE_BITS = bits(AXI_BYTES);
  logic [BYTE_BITS-1:0] byte_q, byte_last;
  logic [TABLE_BITS-1:0] entry_q;  // slot and entry of the next write
  logic table_narrow, table_busy;
  logic [STEP_BITS-1:0] table_index, load_base_q;

  assign table_index = load_base_q;
  assign table_narrow = table_index >= STEP_BITS'(TABLE_O);
  assign table_busy = write_valid_q && write_q && write_buffer_q == BUFFER_TABLE;
  assign byte_last = table_narrow ? BYTE_BITS'(AXI_BYTES - 1) : BYTE_BITS'(AXI_BYTES - VALUE_BYTES);

  always_ff @(posedge clk_i) begin
    if (go && load_q.buffer == BUFFER_TABLE) load_base_q <= STEP_BITS'(load_q.base);
    if (!table_busy) begin
      byte_q <= '0;
    end else begin
      byte_q <= (byte_q == byte_last) ? '0 : byte_q + (table_narrow ? BYTE_BITS'(1) : BYTE_BITS'(VALUE_BYTES));
    end
    if (table_busy) entry_q <= entry_q + 1'b1;
    if (table_busy && write_last_q && byte_q == byte_last) entry_q <= '0;
    if (!rst_ni) entry_q <= '0;
  end

  localparam int unsigned SLOT_LSB = $clog2(TABLE_ENTRIES);
  logic [TABLE_BITS-SLOT_LSB-1:0] slot;
  assign slot = (TABLE_BITS - SLOT_LSB)'(table_index);  // slots of a table are adjacent and begin at an even index
  assign table_we_o = !table_busy ? '0 : table_narrow ? 3'b100 : (table_index >= STEP_BITS'(TABLE_B)) ? 3'b010 : 3'b001;
  // entry i belongs to the value i - TABLE_ENTRIES / 2; memories are addressed with the value's low byte
  assign table_address_o = {slot, SLOT_LSB'(entry_q) ^ SLOT_LSB'(TABLE_ENTRIES / 2)};
  assign table_data_o = write_word_q[32'(byte_q)*8+:VALUE_BITS];

  assign input_we_o = write_valid_q && write_q && write_buffer_q == BUFFER_INPUT;
  assign input_block_o = BLOCK_ADDRESS_BITS'(write_address_q);
  assign input_data_o = write_group_q;
  assign weight_we_o = write_valid_q && write_q && write_buffer_q == BUFFER_WEIGHT;
  assign weight_address_o = WGT_BITS'(write_address_q);
  assign parameter_we_o = write_valid_q && write_q && write_buffer_q == BUFFER_PARAMETER;
  assign parameter_address_o = write_address_q;
  assign word_o = write_word_q;

  always_comb begin
    unique case (write_buffer_q)
      BUFFER_INPUT: write_ready = input_ready_i || !write_q;
      BUFFER_TABLE: write_ready = !write_q || byte_q == byte_last;
      default: write_ready = 1'b1;
    endcase
  end

  assign done_o = write_valid_q && write_ready && write_last_q;
  assign done_push_o = write_push_q;
  assign idle_o = !active_q && !write_valid_q;
  assign moved_o = go;

  always_comb begin
    fault_o = '0;
    fault_o.pc = pc_q;
    if (active_q && !halt_i) begin
      if (beat_valid_i && beat_error_i) begin
        fault_o.valid = 1'b1;
        fault_o.code = ERROR_BUS;
        fault_o.address = beat_burst_i.address;
      end else if (outside) begin
        fault_o.valid = 1'b1;
        fault_o.code = ERROR_RANGE;
      end
    end
  end

endmodule
