/** The filesystem that records are made on, and nothing else: believed only if it is what the rule of the IMA policy expects. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statfsSync,
} from 'node:fs';
import { join } from 'node:path';
import { quoted } from '#digest/quoted';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import { unescapeOctal } from '#hook/rootfs/mountinfo';
import { getExt4Uuid } from './ima-syscalls.ts';
import { recordDirectories } from './record.ts';

export interface RecordFilesystem {
  /** Where it is mounted. */
  readonly directory: string;
  /** As `fsuuid=` of a rule takes it. */
  readonly uuid: string;
}

/** A mount of /proc/self/mountinfo, with the options that are the mount's own. */
interface MountFacts {
  readonly device: string;
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
  readonly type: string;
  readonly superOptions: readonly string[];
}

const requiredOptions = ['nosuid', 'nodev', 'noexec'];
/** A temporary name has an inode of its own while it is there. */
const NEEDED_INODES = 4;
const OTHERS_WRITE = 0o022;

/**
 * Looks at what is mounted at `directory`, and makes the directories of records there if need be.
 * @param uuid what the policy's rule says, where that is known
 * @throws HookError 'ima' naming what is not as it has to be
 */
export function openRecordFilesystem(directory: string, uuid?: string): RecordFilesystem {
  const fd = openDirectory(directory);
  try {
    checkMount(directory, findMount(fd));
    checkRoom(directory, fd);
    checkOwner(directory, fstatSync(fd));
    const found = readUuid(fd, directory);
    if (uuid !== undefined && found !== uuid.toLowerCase()) {
      throw wrong(directory, `UUID ${quoted(uuid)}`, found);
    }
    const { dev } = fstatSync(fd);
    for (const name of recordDirectories) makeOwnDirectory(join(directory, name), dev);
    return { directory, uuid: found };
  } finally {
    closeSync(fd);
  }
}

function openDirectory(directory: string): number {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new HookError('ima', `no record filesystem at ${quoted(directory)}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** By the mount's id: of several mounts at one place, the one that the descriptor is of. */
function findMount(fd: number): MountFacts {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  const fields = lines.find((line) => line.startsWith(`${id} `))?.split(' ') ?? [];
  const separator = fields.indexOf('-', 6);
  const [, , device = '', root = '', point = '', options = ''] = fields;
  const [type = '', , superOptions = ''] = fields.slice(separator + 1);
  return {
    device,
    root: unescapeOctal(root),
    point: unescapeOctal(point),
    options: options.split(','),
    type,
    superOptions: superOptions.split(','),
  };
}

function checkMount(directory: string, mount: MountFacts): void {
  if (mount.point !== directory) {
    throw wrong(directory, 'a filesystem mounted there', 'a directory of another one');
  }
  if (mount.type !== 'ext4') throw wrong(directory, 'an ext4 filesystem', quoted(mount.type));
  if (mount.root !== '/') {
    throw wrong(directory, 'the whole filesystem', `its directory ${quoted(mount.root)}`);
  }
  const { options } = mount;
  const missing = requiredOptions.filter((option) => !options.includes(option));
  if (missing.length > 0) {
    throw wrong(directory, requiredOptions.join(','), `a mount without ${missing.join(',')}`);
  }
  if (options.includes('ro') || mount.superOptions.includes('ro')) {
    throw wrong(directory, 'a writable mount', 'a read-only one');
  }
  if (options.includes('idmapped')) {
    throw wrong(directory, 'a mount with its own owners', 'an id-mapped one');
  }
}

function checkRoom(directory: string, fd: number): void {
  const { ffree, bavail } = statfsSync(`/proc/self/fd/${fd}`);
  if (ffree < NEEDED_INODES) throw wrong(directory, 'free inodes', `${ffree}`);
  if (bavail < NEEDED_INODES) throw wrong(directory, 'free blocks', `${bavail}`);
}

function checkOwner(path: string, { uid, mode }: { uid: number; mode: number }): void {
  if (uid !== 0) throw wrong(path, 'a directory of root', `one of user ${uid}`);
  if ((mode & OTHERS_WRITE) !== 0) {
    throw wrong(path, 'a directory that root alone can write to', `mode ${octal(mode)}`);
  }
}

function makeOwnDirectory(path: string, dev: number): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (systemErrorCode(cause) !== 'EEXIST') {
      throw new HookError('ima', `cannot make ${quoted(path)}: ${reasonOf(cause)}`, { cause });
    }
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw wrong(path, 'a directory', 'something else');
  if (stat.dev !== dev) throw wrong(path, 'no other filesystem', 'one mounted over it');
  checkOwner(path, stat);
}

/** By ioctl since Linux 6.0; before, where the superblock has it. */
function readUuid(fd: number, directory: string): string {
  const answer = getExt4Uuid(fd);
  const bytes = typeof answer === 'number' ? readSuperblockUuid(fd, directory) : answer;
  if (bytes.every((byte) => byte === 0)) throw wrong(directory, 'a UUID', 'none');
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `s_magic` and `s_uuid` of struct ext4_super_block, which begins at byte 1024. */
export function readSuperblockUuid(fd: number, directory: string): Uint8Array {
  const superblock = Buffer.alloc(1024);
  try {
    const block = openDevice(findMount(fd).device, fstatSync(fd).dev);
    try {
      readSync(block, superblock, 0, superblock.length, 1024);
    } finally {
      closeSync(block);
    }
  } catch (cause) {
    throw new HookError(
      'ima',
      `${quoted(directory)}: its UUID cannot be read: ${reasonOf(cause)}`,
      { cause },
    );
  }
  if (superblock.readUInt16LE(0x38) !== 0xef53) {
    throw wrong(directory, 'an ext4 superblock on its device', 'none');
  }
  return new Uint8Array(superblock.subarray(0x68, 0x78));
}

/** @param numbers of the block device, as `major:minor` */
function openDevice(numbers: string, device: number): number {
  const facts = readFileSync(`/sys/dev/block/${numbers}/uevent`, 'latin1');
  const fd = openSync(`/dev/${/^DEVNAME=(.+)$/m.exec(facts)?.[1]}`, constants.O_RDONLY);
  const found = fstatSync(fd);
  if (found.isBlockDevice() && found.rdev === device) return fd;
  closeSync(fd);
  throw new Error(`the device ${numbers} is not at its place in /dev`);
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function wrong(path: string, expected: string, found: string): HookError {
  return new HookError('ima', `${quoted(path)}: expected ${expected}, found ${found}`);
}
