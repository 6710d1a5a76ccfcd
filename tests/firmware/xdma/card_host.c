#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "card.h"

#define TIMEOUT_NS INT64_C(500000000)

static int64_t now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* 0 when at most left posted writes are still on their way. */
static int pushed(card_bar *bar, uint32_t left) {
    const struct timespec pause = {.tv_nsec = 1000};
    const int64_t start = now();
    while (bar->posted - bar->taken > left) {
        if (now() - start > TIMEOUT_NS) return -1;
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

uint32_t card_load(card_bar *bar, uint32_t address) {
    return pushed(bar, 0) == 0 ? ((volatile uint32_t *)bar->registers)[address / 4] : 0xFFFFFFFFu;
}

void card_store(card_bar *bar, uint32_t address, uint32_t value) {
    if (pushed(bar, CARD_POSTED - 1) != 0) return; /* a posted write that is lost is lost in silence */
    bar->writes[bar->posted % CARD_POSTED] = (card_write){address, value};
    ++bar->posted;
}
