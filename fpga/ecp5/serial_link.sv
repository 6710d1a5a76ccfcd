// The host's frames, executed on the engine's registers and on the memory.
//
//   request   A5 | number | operation | address (4) | length (2) | data (writes) | CRC (2)
//   response  5A | number | status | data (reads that went well) | CRC (2)
//
// The number is the host's, the response has its request's (of a request whose CRC is wrong: what arrived).
// Operations: 1 read register, 2 write register (length 4), 3 read memory, 4 write memory (length a multiple of 8 up to
// MAX_BYTES, address a multiple of 8). Status: 0 done, 1 CRC wrong, 2 refused or bus error. Numbers are little-endian; the CRC is
// CRC-16 (0x1021, from FFFF, high bit first, sent low byte first) over all after the first byte. Nothing is executed before the CRC was
// right. A frame that pauses for TIMEOUT cycles is forgotten.
module serial_link #(
  parameter int unsigned MEMORY_BYTES = 65536,
  parameter int unsigned MAX_BYTES = 512,
  parameter int unsigned TIMEOUT = 1 << 16
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // bytes
  input  logic        rx_valid_i,
  input  logic [7:0]  rx_data_i,
  output logic        tx_valid_o,
  input  logic        tx_ready_i,
  output logic [7:0]  tx_data_o,
  // registers
  output logic        awvalid_o,
  input  logic        awready_i,
  output logic        wvalid_o,
  input  logic        wready_i,
  output logic [31:0] wdata_o,
  input  logic        bvalid_i,
  input  logic [1:0]  bresp_i,
  output logic        arvalid_o,
  input  logic        arready_i,
  input  logic        rvalid_i,
  input  logic [31:0] rdata_i,
  input  logic [1:0]  rresp_i,
  output logic [31:0] address_o,
  // memory, in words of 8 bytes
  output logic        mem_valid_o,
  input  logic        mem_ready_i,
  output logic        mem_write_o,
  output logic [28:0] mem_address_o,
  output logic [63:0] mem_wdata_o,
  input  logic        mem_rvalid_i,
  input  logic [63:0] mem_rdata_i
);

  localparam logic [7:0] REQUEST = 8'hA5, RESPONSE = 8'h5A;
  localparam logic [7:0] READ_REGISTER = 8'd1, WRITE_REGISTER = 8'd2, READ_MEMORY = 8'd3, WRITE_MEMORY = 8'd4;
  localparam logic [7:0] DONE = 8'd0, BAD_CRC = 8'd1, REFUSED = 8'd2;
  localparam int unsigned WORDS = MAX_BYTES / 8;
  localparam int unsigned WORD_BITS = $clog2(WORDS);
  localparam int unsigned TIMER_BITS = $clog2(TIMEOUT);

  typedef enum logic [3:0] {
    IDLE, HEADER, DATA, CHECK, DECIDE, REGISTER_ADDRESS, REGISTER_WAIT, MEMORY_REQUEST, MEMORY_WAIT,
    SEND_SYNC, SEND_NUMBER, SEND_STATUS, SEND_DATA, SEND_CRC
  } state_t;

  function automatic logic [15:0] crc_next(input logic [15:0] crc, input logic [7:0] value);
    logic [15:0] c;
    c = crc ^ {value, 8'd0};
    for (int i = 0; i < 8; i++) c = c[15] ? {c[14:0], 1'b0} ^ 16'h1021 : {c[14:0], 1'b0};
    return c;
  endfunction

  state_t state_q;
  logic [15:0] crc_q;
  logic [7:0] number_q, operation_q, status_q;
  logic [31:0] at_q;
  logic [15:0] length_q, count_q; // bytes of the frame's data, and how many are done
  logic [63:0] shift_q;           // newest byte on top; what is sent next at the bottom
  logic [63:0] buffer[WORDS];
  logic [63:0] word_q;
  logic [TIMER_BITS-1:0] timer_q;
  logic sent_high_q;
  logic address_done_q, data_done_q;

  logic reads, is_memory, fits, sending;
  logic [15:0] last;

  assign reads = operation_q == READ_REGISTER || operation_q == READ_MEMORY;
  assign is_memory = operation_q == READ_MEMORY || operation_q == WRITE_MEMORY;
  assign last = length_q - 1'b1;
  assign fits = is_memory
    ? length_q != '0 && length_q <= 16'(MAX_BYTES) && length_q[2:0] == '0 && at_q[2:0] == '0
      && at_q < MEMORY_BYTES && 32'(length_q) <= MEMORY_BYTES - at_q
    : (operation_q == READ_REGISTER || operation_q == WRITE_REGISTER) && length_q == 16'd4;

  // --- Out ---

  assign sending = state_q == SEND_SYNC || state_q == SEND_NUMBER || state_q == SEND_STATUS || state_q == SEND_DATA
    || state_q == SEND_CRC;
  assign tx_valid_o = sending;
  always_comb begin
    unique case (state_q)
      SEND_SYNC:   tx_data_o = RESPONSE;
      SEND_NUMBER: tx_data_o = number_q;
      SEND_STATUS: tx_data_o = status_q;
      SEND_DATA:   tx_data_o = shift_q[7:0];
      default:     tx_data_o = sent_high_q ? crc_q[15:8] : crc_q[7:0];
    endcase
  end

  assign address_o = at_q;
  assign awvalid_o = state_q == REGISTER_ADDRESS && !reads && !address_done_q;
  assign wvalid_o = state_q == REGISTER_ADDRESS && !reads && !data_done_q;
  assign wdata_o = shift_q[63:32];
  assign arvalid_o = state_q == REGISTER_ADDRESS && reads;

  assign mem_valid_o = state_q == MEMORY_REQUEST;
  assign mem_write_o = !reads;
  assign mem_address_o = at_q[31:3] + 29'(count_q[15:3]);
  assign mem_wdata_o = word_q;

  // --- Frames ---

  always_ff @(posedge clk_i) begin
    timer_q <= rx_valid_i ? '0 : timer_q + 1'b1;
    word_q <= buffer[count_q[3 +: WORD_BITS]];

    unique case (state_q)
      IDLE: begin
        crc_q <= '1;
        count_q <= '0;
        status_q <= DONE;
        sent_high_q <= 1'b0;
        if (rx_valid_i && rx_data_i == REQUEST) state_q <= HEADER;
      end
      HEADER: if (rx_valid_i) begin
        crc_q <= crc_next(crc_q, rx_data_i);
        count_q <= count_q + 1'b1;
        {length_q, at_q, operation_q, number_q} <= {rx_data_i, length_q, at_q, operation_q};
        if (count_q == 16'd7) begin
          count_q <= '0;
          // the operation has one byte to go and still lies above its place
          state_q <= (at_q[7:0] == WRITE_REGISTER || at_q[7:0] == WRITE_MEMORY) ? DATA : CHECK;
        end
      end
      DATA: if (rx_valid_i) begin
        crc_q <= crc_next(crc_q, rx_data_i);
        shift_q <= {rx_data_i, shift_q[63:8]};
        count_q <= count_q + 1'b1;
        if (count_q[2:0] == 3'd7) buffer[count_q[3 +: WORD_BITS]] <= {rx_data_i, shift_q[63:8]};
        if (count_q == last) begin
          count_q <= '0;
          state_q <= CHECK;
        end
      end
      CHECK: if (rx_valid_i) begin
        count_q <= count_q + 1'b1;
        if (rx_data_i != (count_q[0] ? crc_q[15:8] : crc_q[7:0])) status_q <= BAD_CRC;
        if (count_q[0]) state_q <= DECIDE;
      end
      DECIDE: begin
        crc_q <= '1;
        count_q <= '0;
        address_done_q <= 1'b0;
        data_done_q <= 1'b0;
        if (status_q != DONE) state_q <= SEND_SYNC;
        else if (!fits) begin
          status_q <= REFUSED;
          state_q <= SEND_SYNC;
        end else if (reads && is_memory) state_q <= SEND_SYNC;
        else state_q <= is_memory ? MEMORY_WAIT : REGISTER_ADDRESS;
      end
      REGISTER_ADDRESS: begin
        if (awready_i) address_done_q <= 1'b1;
        if (wready_i) data_done_q <= 1'b1;
        if (reads ? arready_i : (address_done_q || awready_i) && (data_done_q || wready_i)) state_q <= REGISTER_WAIT;
      end
      REGISTER_WAIT: if (reads ? rvalid_i : bvalid_i) begin
        shift_q <= {32'd0, rdata_i};
        if ((reads ? rresp_i : bresp_i) != 2'b00) status_q <= REFUSED;
        state_q <= SEND_SYNC;
      end
      MEMORY_REQUEST: if (mem_ready_i) begin
        if (reads) state_q <= MEMORY_WAIT;
        else begin
          count_q <= count_q + 16'd8;
          state_q <= (count_q + 16'd8 == length_q) ? SEND_SYNC : MEMORY_WAIT;
        end
      end
      // a write waits for its word from the buffer, a read for its word from the memory
      MEMORY_WAIT: begin
        if (!reads) state_q <= MEMORY_REQUEST;
        else if (mem_rvalid_i) begin
          shift_q <= mem_rdata_i;
          state_q <= SEND_DATA;
        end
      end
      SEND_SYNC: if (tx_ready_i) begin
        if (!reads) count_q <= '0;
        state_q <= SEND_NUMBER;
      end
      SEND_NUMBER: if (tx_ready_i) begin
        crc_q <= crc_next(crc_q, number_q);
        state_q <= SEND_STATUS;
      end
      SEND_STATUS: if (tx_ready_i) begin
        crc_q <= crc_next(crc_q, status_q);
        if (status_q != DONE || !reads) state_q <= SEND_CRC;
        else state_q <= is_memory ? MEMORY_REQUEST : SEND_DATA;
      end
      SEND_DATA: if (tx_ready_i) begin
        crc_q <= crc_next(crc_q, shift_q[7:0]);
        shift_q <= shift_q >> 8;
        count_q <= count_q + 1'b1;
        if (count_q == last) state_q <= SEND_CRC;
        else if (is_memory && count_q[2:0] == 3'd7) state_q <= MEMORY_REQUEST;
      end
      SEND_CRC: if (tx_ready_i) begin
        sent_high_q <= 1'b1;
        if (sent_high_q) state_q <= IDLE;
      end
      default: state_q <= IDLE;
    endcase

    if ((state_q == HEADER || state_q == DATA || state_q == CHECK) && !rx_valid_i && timer_q == TIMER_BITS'(TIMEOUT - 1))
      state_q <= IDLE;
    if (!rst_ni) begin
      state_q <= IDLE;
      timer_q <= '0;
    end
  end

endmodule
