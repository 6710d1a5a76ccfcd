/* What stands for a card: files that both the host's calls and the process with the engine have open.
 *
 * PREFIX_user     the register pages, and behind them the posted writes that have not reached the engine yet
 * PREFIX_h2c_0    sparse, the memories of all channels one after the other; PREFIX_c2h_0 is the same file
 * PREFIX_events_N a pipe */
#ifndef CARD_H
#define CARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "flow_isa.h"

enum { CARD_CORES = 4, CARD_POSTED = 64 };

typedef struct {
    uint32_t address, value;
} card_write;

typedef struct {
    uint32_t registers[CARD_CORES * FLOW_CORE_PAGE_BYTES / 4];
    _Atomic uint32_t posted; /* writes the host has made */
    _Atomic uint32_t taken;  /* writes the engine has seen; the pages are up to date then */
    card_write writes[CARD_POSTED];
} card_bar;

/* The host's side. A read pushes the posted writes before it, as on PCIe; if they do not get through within the
 * root port's time-out, it gives all ones. */
uint32_t card_load(card_bar *bar, uint32_t address);
void card_store(card_bar *bar, uint32_t address, uint32_t value);

#endif
