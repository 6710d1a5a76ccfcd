# Rendered by flow. The bus around the engine runs on the same clock; half of the period is its own.
create_clock -name clk -period 2.000 [get_ports clk_i]
set_clock_uncertainty 0.100 [get_clocks clk]
set_input_delay 1.000 -clock clk [remove_from_collection [all_inputs] [get_ports clk_i]]
set_output_delay 1.000 -clock clk [all_outputs]
