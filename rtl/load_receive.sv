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

  // --- The next instruction, prepared ---

  typedef struct packed {
    logic is_input;
    logic nothing;
    logic padding;                       // only padding: no beats come
    logic [2:0] tables;                  // one of them for a TABLE
    logic [STEP_BITS-1:0] limit;
    logic [SIZE_BITS-1:0] x_total;
    logic [SIZE_BITS-1:0] y_total;
    logic [SIZE_BITS-1:0] x_end;
    logic [SIZE_BITS-1:0] y_end;
    load_t load;
    logic [PC_BITS-1:0] pc;
  } work_t;

  logic next_valid_q, start, active_q, received_q;
  work_t next, next_q, work_q;

  always_comb begin
    next.is_input = load_i.buffer == BUFFER_INPUT;
    next.nothing = (load_i.pad_left == '0 && load_i.x_size == '0 && load_i.pad_right == '0) ||
                   (load_i.pad_top == '0 && load_i.y_size == '0 && load_i.pad_bottom == '0) || load_i.z_size == '0;
    next.padding = load_i.x_size == '0 || load_i.y_size == '0;
    next.tables = '0;
    if (load_i.buffer == BUFFER_TABLE) begin
      next.tables[0] = load_i.base < TABLE_B;
      next.tables[1] = load_i.base >= TABLE_B && load_i.base < TABLE_O;
      next.tables[2] = load_i.base >= TABLE_O;
    end
    unique case (load_i.buffer)
      BUFFER_INPUT: next.limit = STEP_BITS'(INP_BLOCKS);
      BUFFER_WEIGHT: next.limit = STEP_BITS'(WGT_DEPTH);
      BUFFER_PARAMETER: next.limit = STEP_BITS'(PAR_SIZE);
      default: next.limit = '1;
    endcase
    next.x_end = SIZE_BITS'(load_i.pad_left) + SIZE_BITS'(load_i.x_size);
    next.y_end = SIZE_BITS'(load_i.pad_top) + SIZE_BITS'(load_i.y_size);
    next.x_total = next.x_end + SIZE_BITS'(load_i.pad_right);
    next.y_total = next.y_end + SIZE_BITS'(load_i.pad_bottom);
    next.load = load_i;
    next.pc = pc_i;
  end

  assign pop_o = valid_i && !next_valid_q;

  always_ff @(posedge clk_i) begin
    if (start) next_valid_q <= 1'b0;
    if (pop_o) begin
      next_valid_q <= 1'b1;
      next_q <= next;
    end
    if (!rst_ni) next_valid_q <= 1'b0;
  end

  // --- Beats: to the gearbox, or as they are ---

  logic gearbox_valid, gearbox_ready, group_valid, group_ready;
  logic [GROUP_BITS-1:0] group;

  assign gearbox_valid = active_q && work_q.is_input && beat_valid_i && !received_q && !beat_error_i;

  gearbox_in i_gearbox (
    .clk_i, .rst_ni,
    .beat_valid_i(gearbox_valid), .beat_ready_o(gearbox_ready), .beat_data_i, .beat_last_i, .burst_i(beat_burst_i),
    .group_valid_o(group_valid), .group_ready_i(group_ready), .group_o(group)
  );

  // --- One position (INPUT) or word (others) per cycle into the write stage ---

  localparam int unsigned WRITE_BITS = (GROUP_BITS > DATA_BITS) ? GROUP_BITS : DATA_BITS;

  typedef struct packed {
    logic nothing;
    logic [1:0] buffer;
    logic [2:0] tables;
    logic [STEP_BITS-1:0] address;
    logic last;
    push_t push;
    logic [WRITE_BITS-1:0] data;
  } write_t;

  logic write_valid, write_ready, writes_ready;
  write_t write_new, write;

  logic x_in_q, y_in_q, in_map, x_last, y_last, z_last, have, go, outside, finish;
  logic [SIZE_BITS-1:0] x_next_q, y_next_q;  // of the position after this one
  logic [STEP_BITS-1:0] step_q, row_q, plane_q;

  loop_counter #(.WIDTH(SIZE_BITS)) i_x (
    .clk_i, .load_i(start), .size_i(next_q.x_total), .step_i(go), .last_o(x_last)
  );
  loop_counter #(.WIDTH(SIZE_BITS)) i_y (
    .clk_i, .load_i(start), .size_i(next_q.y_total), .step_i(go && x_last), .last_o(y_last)
  );
  loop_counter #(.WIDTH($bits(load_i.z_size))) i_z (
    .clk_i, .load_i(start), .size_i(next_q.load.z_size), .step_i(go && x_last && y_last), .last_o(z_last)
  );

  assign in_map = x_in_q && y_in_q;
  assign outside = step_q >= work_q.limit;
  assign have = work_q.is_input ? (!in_map || group_valid) : (beat_valid_i && !beat_error_i);
  assign go = active_q && have && !outside && writes_ready && !halt_i;
  assign group_ready = go && work_q.is_input && in_map;
  assign beat_ready_o = active_q && !beat_error_i && (work_q.is_input ? gearbox_ready && !received_q : go);
  assign finish = go && x_last && y_last && z_last;
  assign start = next_valid_q && (next_q.nothing ? !active_q && writes_ready : !active_q || finish);

  always_ff @(posedge clk_i) begin
    if (gearbox_valid && gearbox_ready && beat_last_i && beat_burst_i.last) received_q <= 1'b1;
    if (go) begin
      x_next_q <= x_last ? SIZE_BITS'(1) : x_next_q + 1'b1;
      x_in_q <= x_last ? work_q.load.pad_left == '0 && work_q.load.x_size != '0
                       : x_next_q >= SIZE_BITS'(work_q.load.pad_left) && x_next_q < work_q.x_end;
      step_q <= step_q + (work_q.is_input ? STEP_BITS'(work_q.load.x_stride) : STEP_BITS'(1));
      if (x_last) begin
        y_next_q <= y_last ? SIZE_BITS'(1) : y_next_q + 1'b1;
        y_in_q <= y_last ? work_q.load.pad_top == '0 && work_q.load.y_size != '0
                         : y_next_q >= SIZE_BITS'(work_q.load.pad_top) && y_next_q < work_q.y_end;
        row_q <= row_q + STEP_BITS'(work_q.load.y_stride);
        step_q <= row_q + STEP_BITS'(work_q.load.y_stride);
        if (y_last) begin
          plane_q <= plane_q + STEP_BITS'(work_q.load.z_stride);
          row_q <= plane_q + STEP_BITS'(work_q.load.z_stride);
          step_q <= plane_q + STEP_BITS'(work_q.load.z_stride);
        end
      end
      if (finish) active_q <= 1'b0;
    end
    if (start && !next_q.nothing) begin
      active_q <= 1'b1;
      received_q <= next_q.padding;
      work_q <= next_q;
      x_next_q <= SIZE_BITS'(1);
      y_next_q <= SIZE_BITS'(1);
      x_in_q <= next_q.load.pad_left == '0 && next_q.load.x_size != '0;
      y_in_q <= next_q.load.pad_top == '0 && next_q.load.y_size != '0;
      step_q <= STEP_BITS'(next_q.load.base);
      row_q <= STEP_BITS'(next_q.load.base);
      plane_q <= STEP_BITS'(next_q.load.base);
    end
    if (!rst_ni) active_q <= 1'b0;
  end

  // --- Write stage ---

  always_comb begin
    if (active_q) begin
      write_new = '{nothing: 1'b0, buffer: work_q.load.buffer, tables: work_q.tables,
                    address: (work_q.tables == '0) ? step_q : STEP_BITS'(work_q.load.base), last: x_last && y_last && z_last,
                    push: '{mask: work_q.load.push, pc: work_q.pc}, data: '0};
    end else begin
      write_new = '{nothing: 1'b1, buffer: next_q.load.buffer, tables: '0, address: '0, last: 1'b1,
                    push: '{mask: next_q.load.push, pc: next_q.pc}, data: '0};
    end
    if (!work_q.is_input) write_new.data = WRITE_BITS'(beat_data_i);
    else write_new.data = WRITE_BITS'(in_map ? group : {GROUP_BYTES{work_q.load.pad_value}});
  end

  fifo #(.WIDTH($bits(write_t)), .DEPTH(2)) i_writes (
    .clk_i, .rst_ni,
    .push_i(go || (start && next_q.nothing)), .ready_o(writes_ready), .data_i(write_new),
    .valid_o(write_valid), .pop_i(write_ready), .data_o(write)
  );

  // Tables take one entry per cycle: VALUE_BYTES of a beat for A and B, one byte for O.
  localparam int unsigned BYTE_BITS = bits(AXI_BYTES);
  logic [BYTE_BITS-1:0] byte_q, byte_last;
  logic [TABLE_BITS-1:0] entry_q;  // slot and entry of the next write
  logic table_busy;

  assign table_busy = write_valid && write.tables != '0;
  assign byte_last = write.tables[2] ? BYTE_BITS'(AXI_BYTES - 1) : BYTE_BITS'(AXI_BYTES - VALUE_BYTES);

  always_ff @(posedge clk_i) begin
    if (!table_busy) begin
      byte_q <= '0;
    end else begin
      byte_q <= (byte_q == byte_last) ? '0 : byte_q + (write.tables[2] ? BYTE_BITS'(1) : BYTE_BITS'(VALUE_BYTES));
    end
    if (table_busy) entry_q <= entry_q + 1'b1;
    if (table_busy && write.last && byte_q == byte_last) entry_q <= '0;
    if (!rst_ni) entry_q <= '0;
  end

  localparam int unsigned SLOT_LSB = $clog2(TABLE_ENTRIES);
  logic [TABLE_BITS-SLOT_LSB-1:0] slot;
  assign slot = (TABLE_BITS - SLOT_LSB)'(write.address);  // slots of a table are adjacent and begin at an even index
  assign table_we_o = write_valid ? write.tables : '0;
  // entry i belongs to the value i - TABLE_ENTRIES / 2; memories are addressed with the value's low byte
  assign table_address_o = {slot, SLOT_LSB'(entry_q) ^ SLOT_LSB'(TABLE_ENTRIES / 2)};
  assign table_data_o = write.data[32'(byte_q)*8+:VALUE_BITS];

  assign input_we_o = write_valid && !write.nothing && write.buffer == BUFFER_INPUT;
  assign input_block_o = BLOCK_ADDRESS_BITS'(write.address);
  assign input_data_o = write.data[GROUP_BITS-1:0];
  assign weight_we_o = write_valid && !write.nothing && write.buffer == BUFFER_WEIGHT;
  assign weight_address_o = WGT_BITS'(write.address);
  assign parameter_we_o = write_valid && !write.nothing && write.buffer == BUFFER_PARAMETER;
  assign parameter_address_o = write.address;
  assign word_o = write.data[DATA_BITS-1:0];

  always_comb begin
    unique case (write.buffer)
      BUFFER_INPUT: write_ready = input_ready_i || write.nothing;
      BUFFER_TABLE: write_ready = byte_q == byte_last || write.nothing;
      default: write_ready = 1'b1;
    endcase
  end

  assign done_o = write_valid && write_ready && write.last;
  assign done_push_o = write.push;
  assign idle_o = !next_valid_q && !active_q && !write_valid;
  assign moved_o = go;

  always_comb begin
    fault_o = '0;
    fault_o.pc = work_q.pc;
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
