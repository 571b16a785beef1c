# devices.mak - what our QEMU emulates beside its processors: what vmtap's guests are given, and no board but theirs
#
# ci/qemu lays this file into QEMU's configs/devices/ and turns the defaults off, so what is not named is not there,
# unless a device that is named cannot be without it.

# ---- the machine of src/qemu/arch_x86_64.c ----
CONFIG_Q35=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y

# ---- what a test may ask for by .qemu ----
CONFIG_VIRTIO_BALLOON=y
CONFIG_VHOST_VSOCK=y
CONFIG_PCIE_PORT=y
CONFIG_PVPANIC_PCI=y
CONFIG_ISA_DEBUG=y
# A disk that is not virtio's, and a device that cannot be saved: tests of vmtap need one.
CONFIG_NVME_PCI=y

# ---- screens, keyboards and mice ----
CONFIG_VGA_PCI=y
CONFIG_VIRTIO_GPU=y
CONFIG_VIRTIO_VGA=y
CONFIG_VIRTIO_INPUT=y

# ---- a TPM, 1.2 and 2.0: the chip itself is swtpm, a program beside QEMU ----
CONFIG_TPM_TIS_ISA=y
CONFIG_TPM_CRB=y
CONFIG_TPM_EMULATOR=y
