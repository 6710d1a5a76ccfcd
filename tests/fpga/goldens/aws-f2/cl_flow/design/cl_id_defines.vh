// Rendered by flow: identification of the image. Vendor 1D0F, devices F000 to F0FF are for customers' images.
`ifndef CL_ID_DEFINES
`define CL_ID_DEFINES
`define CL_SH_ID0 32'hF0F1_1D0F
`define CL_SH_ID1 32'h1D51_0001
`endif
