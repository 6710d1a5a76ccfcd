# Rendered by flow. Not run in Vivado here.
# interrupt levels enter their synchroniser at any time
set_false_path -to [get_pins -hierarchical -filter {NAME =~ *irq_meta_reg*/D}]
