# Rendered by flow: nothing beyond the shell's own constraints. Not run in Vivado here.
