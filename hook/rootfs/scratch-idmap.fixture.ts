import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dlopen } from 'node:ffi';
import { closeSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { IdMappings } from '#digest/id-mapping';
import { close } from '#digest/linux-syscalls';
import { moveMount } from './scratch-overlay.fixture.ts';

/** As `--userns` of podman or a Kubernetes pod with `hostUsers: false` would have it. */
export const shifted: IdMappings = {
  uids: [{ containerID: 0, hostID: 100000, size: 65536 }],
  gids: [{ containerID: 0, hostID: 100000, size: 65536 }],
};

/** Mounts `source` at `point` so that its ids show shifted, as containerd and containers/storage do with image layers. */
export async function mountIdMapped(source: string, point: string): Promise<void> {
  const namespace = await openUserNamespace();
  const [openTree, mountSetattr] = [428, 442];
  const [AT_FDCWD, OPEN_TREE_CLONE, AT_EMPTY_PATH] = [-100, 1, 0x1000];
  const word = 'i32';
  const open = dlopen(null, { syscall: { arguments: [word, word, 'buffer', word], return: word } });
  const tree = open.functions.syscall(openTree, AT_FDCWD, cString(source), OPEN_TREE_CLONE);
  assert.ok(tree >= 0);
  const types = [word, word, 'buffer', word, 'buffer', word] as const;
  const setattr = dlopen(null, { syscall: { arguments: types, return: word } });
  const attributes = Buffer.alloc(32); // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
  attributes.writeBigUInt64LE(0x100000n, 0); // MOUNT_ATTR_IDMAP
  attributes.writeBigUInt64LE(BigInt(namespace), 24);
  const set = setattr.functions.syscall(
    mountSetattr,
    tree,
    cString(''),
    AT_EMPTY_PATH,
    attributes,
    32,
  );
  assert.equal(set, 0);
  moveMount(tree, point);
  close(tree);
  closeSync(namespace);
}

async function openUserNamespace(): Promise<number> {
  const holder = spawn('unshare', ['--user', 'sleep', '20'], { stdio: 'ignore' });
  try {
    const own = readlinkSync('/proc/self/ns/user');
    for (let tries = 0; readlinkSync(`/proc/${holder.pid}/ns/user`) === own; tries++) {
      assert.ok(tries < 500);
      await setTimeout(10);
    }
    for (const map of ['uid_map', 'gid_map'])
      writeFileSync(`/proc/${holder.pid}/${map}`, '0 100000 65536\n');
    assert.match(readFileSync(`/proc/${holder.pid}/uid_map`, 'utf8'), /100000/);
    return openSync(`/proc/${holder.pid}/ns/user`, 'r');
  } finally {
    holder.kill('SIGKILL');
  }
}

function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
