/* As fpga_pci.h. */
#ifndef FPGA_MGMT_H
#define FPGA_MGMT_H

#include <stdint.h>

enum { FPGA_CMD_GET_HW_METRICS = 1 << 1 };

struct f2_metrics_common {
    uint32_t dma_pcis_timeout_count, ocl_slave_timeout_count;
};

struct fpga_mgmt_image_info {
    union {
        struct f2_metrics_common f2_metrics;
    } metrics;
};

int fpga_mgmt_init(void);
int fpga_mgmt_close(void);
int fpga_mgmt_describe_local_image(int slot_id, struct fpga_mgmt_image_info *info, uint32_t flags);

#endif
