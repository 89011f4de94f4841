/** The filesystem that records are on (docs/ima-records.md, §1): of its own, so that a rule can mean it and nothing else. */
import { RECORDS_DIRECTORY } from '#hook/ima/record';

/** In an image file by default, sparse: it takes what its records take. */
export const IMAGE_FILE = '/var/lib/oci-measure/records.ext4';
const IMAGE_MEBIBYTES = 256;
/** An image record stays for good: 40 new images a day for four years. */
const INODES = 65_536;

/** systemd.unit(5) names a mount unit after its mount point: `/` is `-`, `-` is `\x2d`. */
export const UNIT_NAME: string = `${RECORDS_DIRECTORY.slice(1).replaceAll('-', '\\x2d').replaceAll('/', '-')}.mount`;

export const UNIT_FILE: string = `/etc/systemd/system/${UNIT_NAME}`;

export interface RecordDevice {
  /** An image file or a partition, absolute. */
  readonly path: string;
  readonly isPartition: boolean;
}

/** For mkfs.ext4 (mke2fs(8)): no journal to replay, nothing reserved, inodes rather than space. */
export function makeFilesystemArguments(
  { path, isPartition }: RecordDevice,
  uuid: string,
): string[] {
  const size = isPartition ? [] : [`${IMAGE_MEBIBYTES}M`];
  return ['-q', '-U', uuid, '-L', 'oci-measure', '-N', String(INODES), '-m', '0', path, ...size];
}

/** Mounted before any container engine starts, and never with more rights than records need. */
export function mountUnit({ path, isPartition }: RecordDevice): string {
  const loop = isPartition ? '' : 'loop,';
  return `# Made by \`oci-measure install ima\`; \`oci-measure uninstall ima\` removes it.
[Unit]
Description=Records of container images for the kernel's measurement list
Before=containerd.service docker.service crio.service podman.service kubelet.service

[Mount]
What=${path}
Where=${RECORDS_DIRECTORY}
Type=ext4
Options=${loop}nosuid,nodev,noexec

[Install]
WantedBy=multi-user.target
`;
}
