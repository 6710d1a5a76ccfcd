# Rendered by flow. Not run in Quartus here.
create_clock -name pcie_refclk -period 10.000 [get_ports {pcie_refclk_clk}]
create_clock -name ddr4_0_refclk -period 3.750 [get_ports {ddr4_0_refclk_clk}]
create_clock -name ddr4_1_refclk -period 3.750 [get_ports {ddr4_1_refclk_clk}]
derive_pll_clocks -create_base_clocks
derive_clock_uncertainty
# interrupt levels enter their synchroniser at any time
set_false_path -to [get_registers {*|irq_meta[*]}]
