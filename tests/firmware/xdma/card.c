/* The card: the Verilated engine behind files (card.h). card PREFIX STRIDE [FAULT [NUMBER]]; ends with its standard input.
 *
 * FAULT, from launch NUMBER (0) on: abi (another major version), gone (all registers read as ones), hang (a start is not
 * taken), lost (no interrupts), bus (NUMBER: address in channel 0 that answers with an error), dies (the process ends). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "card.h"
#include "flow_sim.h"

enum { SLICE_CYCLES = 2000, PAGE_WORDS = FLOW_CORE_PAGE_BYTES / 4 };

static flow_sim *sim;
static card_bar *bar;
static int data_file = -1;
static uint64_t stride, mapped;
static const char *fault = "";
static uint64_t fault_number, launches;
static int events[CARD_CORES], raised[CARD_CORES], present[CARD_CORES * PAGE_WORDS];

static int is(const char *name) { return strcmp(fault, name) == 0; }

static void fatal(const char *what) {
    fprintf(stderr, "card: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* flow_sim allocates each channel's memory with mmap, in their order: give it the data file's pages. */
void *mmap(void *start, size_t length, int protection, int flags, int file, off_t offset) {
    if (data_file >= 0 && (flags & MAP_NORESERVE) && length == stride) {
        flags = MAP_SHARED;
        file = data_file;
        offset = (off_t)mapped;
        mapped += stride;
    }
    return (void *)syscall(SYS_mmap, start, length, protection, flags, file, offset);
}

static char *named(const char *prefix, const char *suffix) {
    static char path[4096];
    const int length = snprintf(path, sizeof path, "%s_%s", prefix, suffix);
    if (length < 0 || (size_t)length >= sizeof path) fatal("name");
    return path;
}

static int made(const char *prefix, const char *suffix, uint64_t bytes) {
    const int file = open(named(prefix, suffix), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) fatal(suffix);
    return file;
}

/* What the host would read now. STATUS is read first and shown last: no other register shown with it is older. */
static void publish(void) {
    const int gone = is("gone") && launches > fault_number;
    uint32_t shown[CARD_CORES * PAGE_WORDS];
    const uint32_t words = flow_sim_cores() * PAGE_WORDS;
    for (int status = 1; status >= 0; --status)
        for (uint32_t word = 0; word < words; ++word) {
            if (!present[word] || (word % PAGE_WORDS == FLOW_REG_STATUS / 4) != status) continue;
            if (flow_sim_reg_read(sim, word * 4, &shown[word]) != 0) fatal("a register read");
            if (is("abi") && word % PAGE_WORDS == FLOW_REG_ABI / 4) shown[word] += 1u << FLOW_REG_ABI_MAJOR_LSB;
        }
    for (int status = 0; status <= 1; ++status)
        for (uint32_t word = 0; word < words; ++word)
            if (present[word] && (word % PAGE_WORDS == FLOW_REG_STATUS / 4) == status)
                ((volatile uint32_t *)bar->registers)[word] = gone ? 0xFFFFFFFFu : shown[word];
}

static void take(card_write write) {
    if (write.address % FLOW_CORE_PAGE_BYTES == FLOW_REG_CONTROL && (write.value & FLOW_REG_CONTROL_START_MASK)) {
        ++launches;
        if (is("dies") && launches > fault_number) _exit(0);
        if (is("hang") && launches > fault_number) return;
    }
    if (flow_sim_reg_write(sim, write.address, write.value) != 0) fatal("a register write");
}

static void interrupts(void) {
    for (uint32_t core = 0; core < flow_sim_cores(); ++core) {
        const int level = flow_sim_wait_irq(sim, core, 0) == 0;
        const uint32_t event = 1;
        if (level && !raised[core] && !(is("lost") && launches > fault_number)) {
            publish();
            if (write(events[core], &event, sizeof event) != (ssize_t)sizeof event) fatal("an event");
        }
        raised[core] = level;
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    stride = strtoull(argv[2], NULL, 0);
    fault = argc > 3 ? argv[3] : "";
    fault_number = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
    const int user = made(argv[1], "user", sizeof *bar);
    bar = mmap(NULL, sizeof *bar, PROT_READ | PROT_WRITE, MAP_SHARED, user, 0);
    data_file = made(argv[1], "h2c_0", stride * flow_sim_channels());
    char *data = strdup(named(argv[1], "h2c_0"));
    if (!data || bar == MAP_FAILED || link(data, named(argv[1], "c2h_0")) != 0) fatal("nodes");
    free(data);
    for (uint32_t core = 0; core < flow_sim_cores(); ++core) {
        char suffix[32];
        (void)snprintf(suffix, sizeof suffix, "events_%u", (unsigned)core);
        if (mkfifo(named(argv[1], suffix), 0600) != 0) fatal(suffix);
        events[core] = open(named(argv[1], suffix), O_RDWR | O_NONBLOCK);
        if (events[core] < 0) fatal(suffix);
    }
    const flow_sim_config config = {.memory_bytes = stride, .seed = 1, .latency = FLOW_SIM_DEFAULT_LATENCY, .threads = 1};
    sim = flow_sim_create(&config);
    if (!sim || mapped != stride * flow_sim_channels()) fatal("the engine");
    if (is("bus") && flow_sim_inject_error(sim, 0, fault_number, 1, 1, 1) != 0) fatal("the fault");
    for (uint32_t word = 0; word < flow_sim_cores() * PAGE_WORDS; ++word) {
        uint32_t value = 0;
        present[word] = flow_sim_reg_read(sim, word * 4, &value) == 0;
    }
    publish();
    printf("ready\n");
    fflush(stdout);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&input, 1, 0) == 0) {
        if (bar->taken != bar->posted) {
            uint32_t taken = bar->taken;
            while (taken != bar->posted) {
                take(bar->writes[taken++ % CARD_POSTED]);
                interrupts();
            }
            publish();
            bar->taken = taken;
        }
        flow_sim_step(sim, SLICE_CYCLES);
        interrupts();
        publish();
    }
    const char *broken = flow_sim_protocol_error(sim);
    if (broken) fprintf(stderr, "card: protocol: %s\n", broken);
    return broken != NULL;
}
