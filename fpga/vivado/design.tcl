# Procedures that build the block design; each fails on a name that does not exist. Not run in Vivado here.

# A new block of the newest installed version of an IP.
proc add_ip {name ip {config {}}} {
  set versions [lsort -dictionary [get_ipdefs "xilinx.com:ip:$ip:*"]]
  if {[llength $versions] == 0} {
    error "FLOW: this Vivado has no IP $ip"
  }
  set cell [create_bd_cell -type ip -vlnv [lindex $versions end] $name]
  if {[llength $config]} {
    set_property -dict $config $cell
  }
  return $cell
}

# A pin (block/pin) or a port of the design.
proc pin {name} {
  if {[string first / $name] < 0} {
    set found [get_bd_ports $name]
  } else {
    set found [get_bd_pins $name]
  }
  if {[llength $found] != 1} {
    error "FLOW: no pin $name"
  }
  return $found
}

# The same for interfaces.
proc intf {name} {
  if {[string first / $name] < 0} {
    set found [get_bd_intf_ports $name]
  } else {
    set found [get_bd_intf_pins $name]
  }
  if {[llength $found] != 1} {
    error "FLOW: no interface $name"
  }
  return $found
}

# Connect the first pin, which drives, with all others.
proc wire {driver args} {
  foreach sink $args {
    connect_bd_net [pin $driver] [pin $sink]
  }
}

proc link {one other} {
  connect_bd_intf_net [intf $one] [intf $other]
}

# A SmartConnect with one clock per element of clocks; the first is of its reset.
proc add_smartconnect {name slaves masters clocks reset} {
  add_ip $name smartconnect [list CONFIG.NUM_SI $slaves CONFIG.NUM_MI $masters CONFIG.NUM_CLKS [llength $clocks]]
  set number 0
  foreach clock $clocks {
    if {$number == 0} {
      wire $clock $name/aclk
    } else {
      wire $clock $name/aclk$number
    }
    incr number
  }
  wire $reset $name/aresetn
}

# Put the slave interface's memory at offset of the master interface's space; segment names one of several.
proc map {master slave offset range {segment *}} {
  set space [get_bd_addr_spaces -of_objects [intf $master]]
  set found {}
  foreach candidate [get_bd_addr_segs -of_objects [intf $slave]] {
    if {[string match $segment [lindex [split $candidate /] end]]} {
      lappend found $candidate
    }
  }
  if {[llength $found] != 1} {
    error "FLOW: $slave has [llength $found] segments $segment"
  }
  assign_bd_address -offset $offset -range $range -target_address_space $space $found
}

# Leave every segment of slave out of master's space whose name matches none of the patterns.
proc leave_out {master slave patterns} {
  set space [get_bd_addr_spaces -of_objects [intf $master]]
  foreach candidate [get_bd_addr_segs -of_objects [intf $slave]] {
    set wanted 0
    foreach pattern $patterns {
      incr wanted [string match $pattern [lindex [split $candidate /] end]]
    }
    if {!$wanted} {
      exclude_bd_addr_seg -target_address_space $space $candidate
    }
  }
}

# The engine's clock, made from source of source_mhz, and its reset; names clock/clk_out1 and reset/peripheral_aresetn.
proc add_engine_clock {source source_mhz source_reset} {
  global flow_clock_mhz
  add_ip clock clk_wiz [list CONFIG.PRIM_SOURCE No_buffer CONFIG.PRIM_IN_FREQ $source_mhz \
    CONFIG.CLKOUT1_REQUESTED_OUT_FREQ $flow_clock_mhz CONFIG.USE_LOCKED true CONFIG.USE_RESET true \
    CONFIG.RESET_TYPE ACTIVE_LOW CONFIG.RESET_PORT resetn]
  wire $source clock/clk_in1
  wire $source_reset clock/resetn
  add_ip reset proc_sys_reset
  wire clock/clk_out1 reset/slowest_sync_clk
  wire $source_reset reset/ext_reset_in
  wire clock/locked reset/dcm_locked
}

# The engine with its own clock and reset; interrupt_clock is the domain of its interrupts.
proc add_engine {interrupt_clock} {
  create_bd_cell -type module -reference flow_wrapper engine
  wire clock/clk_out1 engine/clk
  wire reset/peripheral_aresetn engine/rst_n
  wire $interrupt_clock engine/irq_clk
}

create_bd_design flow_bd
