// Takes the tokens of a queue's oldest instruction, then lets its unit have it.
//
// The queue shows an instruction (queue_valid_i) and its mask; valid_o says that its tokens were taken; pop_i with valid_o
// ends that. waiting_o: not all tokens are there.
module token_gate
  import core_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             halt_i,
  input  logic             queue_valid_i,
  input  logic [UNITS-1:0] queue_mask_i,
  output logic             token_valid_o,
  output logic [UNITS-1:0] token_mask_o,
  input  logic             token_ready_i,
  output logic             valid_o,
  input  logic             pop_i,
  output logic             waiting_o
);

  assign token_valid_o = queue_valid_i && !valid_o && !halt_i;
  assign token_mask_o = queue_mask_i;
  assign waiting_o = token_valid_o && !token_ready_i;

  always_ff @(posedge clk_i) begin
    if (pop_i) valid_o <= 1'b0;
    if (token_valid_o && token_ready_i) valid_o <= 1'b1;
    if (!rst_ni) valid_o <= 1'b0;
  end

endmodule
