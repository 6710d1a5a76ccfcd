/* Rendered from flow/emit/container.py: header of weights.bin, little-endian. Do not edit. */
#ifndef FLOW_CONTAINER_H
#define FLOW_CONTAINER_H

#define FLOW_CONTAINER_MAGIC 0x42574C46u
#define FLOW_CONTAINER_BYTES 64u
#define FLOW_CONTAINER_MAGIC_AT 0u /* 4 bytes: FLOW_CONTAINER_MAGIC */
#define FLOW_CONTAINER_ABI_MINOR_AT 4u /* 2 bytes: informative */
#define FLOW_CONTAINER_ABI_MAJOR_AT 6u /* 2 bytes: must be the firmware's and the engine's */
#define FLOW_CONTAINER_CONFIG_HASH_AT 8u /* 8 bytes: the engine's configuration hash */
#define FLOW_CONTAINER_MODEL_HASH_AT 16u /* 8 bytes: first 8 bytes of the image's SHA-256, must be model.c's */
#define FLOW_CONTAINER_LENGTH_AT 24u /* 8 bytes: bytes of the image that follows the header */
#define FLOW_CONTAINER_CRC32_AT 32u /* 4 bytes: of the image (polynomial 0xEDB88320, reflected) */
#define FLOW_CONTAINER_HEADER_BYTES_AT 36u /* 4 bytes: size of this header; the rest of it is 0 */

#endif
