// One column's accumulators: two banks of PIX values, each with one read and one write port, and GEMM's adder.
//
// read: rdata_o[b] two cycles after re_i[b]. add_valid_i: result is sum_i plus bank add_bank_i's data shown (or alone
// with add_init_i), written by we_i in the next cycle; alu_i[b] instead chooses alu_data_i for bank b's write.
module accumulator
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                                      clk_i,
  input  logic [ACC_BANKS-1:0]                      re_i,
  input  logic [ACC_BANKS-1:0][ACC_BITS-1:0]        raddr_i,
  output logic [ACC_BANKS-1:0][PIX*VALUE_BITS-1:0]  rdata_o,
  input  logic                                      add_valid_i,
  input  logic                                      add_bank_i,
  input  logic                                      add_init_i,
  input  logic [PIX*VALUE_BITS-1:0]                 sum_i,
  input  logic [ACC_BANKS-1:0]                      we_i,
  input  logic [ACC_BANKS-1:0][ACC_BITS-1:0]        waddr_i,
  input  logic [ACC_BANKS-1:0]                      alu_i,
  input  logic [PIX*VALUE_BITS-1:0]                 alu_data_i
);

  /* verilator no_inline_module */  // one copy of the code for all columns

  logic [PIX*VALUE_BITS-1:0] result_q;

  always_ff @(posedge clk_i) begin
    if (add_valid_i) begin
      for (int unsigned p = 0; p < PIX; p++) begin
        result_q[p*VALUE_BITS+:VALUE_BITS] <= sum_i[p*VALUE_BITS+:VALUE_BITS] +
            (add_init_i ? '0 : rdata_o[add_bank_i][p*VALUE_BITS+:VALUE_BITS]);
      end
    end
  end

  for (genvar b = 0; b < ACC_BANKS; b++) begin : gen_bank
    ram_1r1w #(.WIDTH(PIX * VALUE_BITS), .DEPTH(ACC_DEPTH)) i_ram (
      .clk_i,
      .we_i(we_i[b]), .waddr_i(waddr_i[b]), .wdata_i(alu_i[b] ? alu_data_i : result_q),
      .re_i(re_i[b]), .raddr_i(raddr_i[b]), .rdata_o(rdata_o[b])
    );
  end

endmodule
