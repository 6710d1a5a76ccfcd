# Timing report and the timing gate over all operating conditions (quartus_sta). Not run in Quartus here.

package require ::quartus::project
package require ::quartus::sta
source [file join [file dirname [file normalize [info script]]] common.tcl]

project_open flow
create_timing_netlist
read_sdc
update_timing_netlist
create_timing_summary -setup -file reports/timing.rpt
create_timing_summary -hold -append -file reports/timing.rpt
foreach analysis {setup hold recovery removal} {
  foreach_in_collection condition [get_available_operating_conditions] {
    set_operating_conditions $condition
    update_timing_netlist
    set result [report_timing -$analysis -npaths 1]
    lassign $result paths slack
    if {$paths > 0 && $slack < 0} {
      error "FLOW: timing is not met: worst $analysis slack is $slack ns"
    }
    post_message -type info "FLOW: worst $analysis slack $slack ns"
  }
}
delete_timing_netlist
project_close
