import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { program, workDirectory } from '#integration/program';

export interface Images {
  /** The disk with the userland, ext4. Read only: machines write to overlays of their own. */
  readonly root: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A disk with the finished program, ext4. */
  readonly program: string;
}

export type KernelName = 'bookworm' | 'trixie';

const setup = fileURLToPath(new URL('setup.sh', import.meta.url));

/** What a machine is made of; downloaded and made if it is not there, which takes two minutes. */
export async function prepareImages(kernel: KernelName, userland: KernelName): Promise<Images> {
  const { stdout } = await execa('sh', [setup], { stderr: 'inherit' });
  return {
    root: `${stdout}/${userland}/root.ext4`,
    kernel: `${stdout}/${kernel}/vmlinux`,
    initrd: `${stdout}/${kernel}/initrd.cpio`,
    program: await programDisk(),
  };
}

async function programDisk(): Promise<string> {
  const { size, mtimeMs } = await stat(program);
  const directory = `${workDirectory}/cache/vm/program`;
  const name = `${size}-${Math.trunc(mtimeMs)}.ext4`;
  await mkdir(directory, { recursive: true });
  const disks = await readdir(directory);
  if (disks.includes(name)) return `${directory}/${name}`;
  const tree = await mkdtemp(`${directory}/new-`);
  await chmod(tree, 0o755);
  await execa('cp', [program, tree]);
  const room = `${Math.ceil(size / 2 ** 20) + 16}M`;
  await execa('mke2fs', ['-q', '-O', '^has_journal', '-m', '0', '-d', tree, `${tree}.new`, room]);
  await rm(tree, { recursive: true });
  await rename(`${tree}.new`, `${directory}/${name}`);
  for (const old of disks.filter((disk) => /^[0-9]+-[0-9]+\.ext4$/.test(disk))) {
    await rm(`${directory}/${old}`, { force: true });
  }
  return `${directory}/${name}`;
}
