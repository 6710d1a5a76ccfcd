// Rendered by flow.isa.render from the engine's parameters (hw.json). Do not edit.
package engine_pkg;

  localparam int unsigned PIX = 1;
  localparam int unsigned ROWS = 4;
  localparam int unsigned COLS = 4;
  localparam int unsigned WEIGHT_BITS = 8;
  localparam int unsigned AXI_BYTES = 8;
  localparam int unsigned INP_BANKS = 2;
  localparam int unsigned INP_DEPTH = 256;
  localparam int unsigned ACC_DEPTH = 64;
  localparam int unsigned WGT_DEPTH = 256;
  localparam int unsigned OUT_DEPTH = 64;
  localparam int unsigned PAR_DEPTH = 16;
  localparam int unsigned QUEUE_DEPTH = 16;
  localparam int unsigned CORES = 1;
  localparam int unsigned CHANNELS = 1;
  localparam int unsigned BLOCKS = 1;
  localparam int unsigned GROUP_BYTES = 4;
  localparam int unsigned GRANULE_BYTES = 4;
  localparam int unsigned TILE_WORDS = 2;
  localparam int unsigned PAR_WORDS = 8;
  localparam bit PACKED = 1'b1;
  localparam logic [63:0] CONFIG_HASH = 64'h811ADF74D370FC1D;

endpackage
