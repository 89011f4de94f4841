/** The filesystem that records are on (docs/ima-records.md, §1): of its own, so that a rule can mean it and nothing else. */
import { constants, fsyncSync, ftruncateSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { RECORDS_DIRECTORY } from '#hook/ima/record';
import { withFile } from '#hook/with-file';
import { syncDirectory } from '#tools/install/file-change';
import { runProgram } from './system.ts';

const { O_CREAT, O_EXCL, O_RDWR, O_WRONLY } = constants;

export const LABEL = 'oci-measure';
/** Sparse: it takes what its records take. Not larger, since under `ima_policy=tcb` the kernel reads all of it when it is mounted. */
const IMAGE_BYTES = 64 * 1024 * 1024;
/** An image record stays for good: 20 new images a day for four years. */
const INODES = 32_768;
/** A record takes one block, however short it is. */
const BLOCK_BYTES = 1024;

/** systemd.unit(5) names a mount unit after its mount point: `/` is `-`, `-` is `\x2d`. */
export const UNIT_NAME: string = `${RECORDS_DIRECTORY.slice(1).replaceAll('-', '\\x2d').replaceAll('/', '-')}.mount`;

export interface RecordDevice {
  /** An image file or a partition, absolute. */
  readonly path: string;
  readonly isPartition: boolean;
}

/** Made under another name, so that an image file is whole or not there. @throws ToolError `install` */
export async function makeFilesystem(device: RecordDevice, uuid: string): Promise<void> {
  const { path, isPartition } = device;
  if (isPartition) return await formatDevice(path, uuid);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const made = `${path}.new`;
  rmSync(made, { force: true });
  withFile(made, O_WRONLY | O_CREAT | O_EXCL, (file) => ftruncateSync(file, IMAGE_BYTES));
  await formatDevice(made, uuid);
  withFile(made, O_RDWR, fsyncSync);
  renameSync(made, path);
  syncDirectory(dirname(path));
}

/** mke2fs(8): nothing reserved, inodes rather than space. */
async function formatDevice(path: string, uuid: string): Promise<void> {
  const sizes = ['-b', String(BLOCK_BYTES), '-N', String(INODES), '-m', '0'];
  await runProgram('mkfs.ext4', ['-q', '-U', uuid, '-L', LABEL, ...sizes, path]);
}

export function mountOptions({ isPartition }: RecordDevice): string {
  return `${isPartition ? '' : 'loop,'}nosuid,nodev,noexec`;
}

const DIRECTORY = '# Made with it, and removed with it if nothing is in it: ';

/**
 * Mounted before any container engine starts, and never with more rights than records need.
 *
 * @param made directories that were not there before the installation
 */
export function mountUnit(
  device: RecordDevice,
  uuid: string,
  records: string,
  made: readonly string[],
): string {
  // The name of a partition may be another one when the machine starts again.
  const what = device.isPartition ? `/dev/disk/by-uuid/${uuid}` : device.path;
  return `# Made by \`oci-measure install ima\`; \`oci-measure uninstall ima\` removes it.
${made.map((directory) => `${DIRECTORY}${directory}\n`).join('')}[Unit]
Description=Records of container images for the kernel's measurement list
Before=containerd.service docker.service crio.service podman.service kubelet.service

[Mount]
What=${what}
Where=${records}
Type=ext4
Options=${mountOptions(device)}

[Install]
WantedBy=multi-user.target
`;
}

/** The directories that a unit of ours says were made with it, outermost first. */
export function directoriesInUnit(unit: string): readonly string[] {
  const lines = unit.split('\n').filter((line) => line.startsWith(DIRECTORY));
  return lines.map((line) => line.slice(DIRECTORY.length));
}

/** The device in a unit of ours. */
export function deviceInUnit(unit: string): RecordDevice | undefined {
  const path = /^What=(.+)$/m.exec(unit)?.[1];
  return path === undefined ? undefined : { path, isPartition: path.startsWith('/dev/') };
}
