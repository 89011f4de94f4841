import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { basename } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { version } from '#tools/version';
import { bundleProgram } from './bundle.ts';
import { makeExecutable } from './executable.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const FILES = 500;
const FILE_BYTES = 64 * 1024;
/** Reading it takes longer than starting a thread. */
const LAYER_BYTES = 64 * 1024 ** 2;
const PARENT = '/var/lib/oci-measure-test';

let work = '';
let program = '';
let tree = '';

before(async () => {
  mkdirSync(PARENT, { recursive: true });
  work = mkdtempSync(`${PARENT}/build-`);
  program = `${work}/oci-measure`;
  await makeExecutable(await bundleProgram(repository, version), program);
  tree = `${work}/tree`;
  mkdirSync(`${tree}/a directory`, { recursive: true });
  for (const name of ['Ä', 'z', 'ı', 'i', 'line\nfeed']) writeFileSync(`${tree}/${name}`, name);
  // So much that the program starts a thread to help hashing.
  for (let index = 0; index < FILES; index += 1) {
    writeFileSync(`${tree}/a directory/${index}`, String(index).padEnd(FILE_BYTES));
  }
});

after(() => {
  rmSync(work, { recursive: true, force: true });
});

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly umask?: string;
}

function listTree({ env = {}, cwd = '/', umask = '022' }: Surroundings = {}) {
  const script = 'umask "$1"; exec "$2" digest "$3" --listing';
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', script, 'sh', umask, program, tree],
    {
      env,
      cwd,
      encoding: 'latin1',
    },
  );
  return { status, stdout, stderr };
}

describe('the executable', () => {
  test('is the same bytes when it is built elsewhere', async () => {
    const elsewhere = `${work}/a/longer path/elsewhere`;
    mkdirSync(elsewhere, { recursive: true });
    for (const name of ['digest', 'hook', 'tools', 'package.json', 'tsconfig.json']) {
      cpSync(`${repository}/${name}`, `${elsewhere}/${name}`, { recursive: true });
    }
    symlinkSync(`${repository}/node_modules`, `${elsewhere}/node_modules`);
    await makeExecutable(await bundleProgram(elsewhere, version), `${elsewhere}/oci-measure`);
    assert.ok(readFileSync(`${elsewhere}/oci-measure`).equals(readFileSync(program)));
  });

  test('says the version of package.json', () => {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    assert.equal(stdout, `${version}\n`);
  });

  const surroundings: Readonly<Record<string, Surroundings>> = {
    'NODE_OPTIONS naming a module that is missing': {
      env: { NODE_OPTIONS: '--require /nonexistent' },
    },
    'NODE_OPTIONS that Node refuses': { env: { NODE_OPTIONS: '--no-such-option' } },
    'an OPENSSL_CONF that is missing': { env: { OPENSSL_CONF: '/nonexistent' } },
    'a PATH': { env: { PATH: '/nonexistent' } },
    'a HOME': { env: { HOME: '/nonexistent' } },
    'a Turkish locale': { env: { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } },
    'a time zone': { env: { TZ: 'Asia/Kathmandu' } },
    'another working directory': { cwd: '/proc/self' },
    'a umask of 0': { umask: '000' },
    'a umask of 0777': { umask: '777' },
  };
  for (const [name, surrounding] of Object.entries(surroundings)) {
    test(`does the same with ${name}`, () => {
      const expected = listTree();
      assert.equal(expected.status, 0, expected.stderr);
      assert.deepEqual(listTree(surrounding), expected);
    });
  }

  test('reads no OpenSSL configuration', () => {
    const configuration = `${work}/openssl.cnf`;
    writeFileSync(configuration, 'nodejs_conf = [missing\n');
    const { stderr, status } = spawnSync(
      'strace',
      ['-f', '-e', 'trace=openat', program, '--version'],
      { env: { OPENSSL_CONF: configuration }, encoding: 'utf8' },
    );
    assert.equal(status, 0);
    assert.match(stderr, /openat/);
    assert.doesNotMatch(stderr, /\.cnf/);
  });

  test('has no handler for SIGUSR1, at which Node would open a debugger', async () => {
    const hook = spawn(program, ['hook'], { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      while (!threadsOf(hook.pid).includes('WorkerThread')) await setTimeout(5);
      const status = readFileSync(`/proc/${hook.pid}/status`, 'utf8');
      const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1]}`);
      assert.equal(caught & (1n << BigInt(constants.signals.SIGUSR1 - 1)), 0n);
    } finally {
      hook.kill('SIGKILL');
    }
  });

  test('reads the layers of an image by two threads', () => {
    const layout = makeLayout(2);
    const trace = `${work}/trace`;
    const args = ['-f', '-e', 'trace=pread64', '-o', trace, program, 'digest', `oci:${layout}`];
    const { status, stderr } = spawnSync('strace', args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const reads = readFileSync(trace, 'utf8').matchAll(/^(\d+) .* = 131072$/gm);
    const threads = new Set(Array.from(reads, ([, thread]) => thread));
    assert.equal(threads.size, Math.min(availableParallelism(), 2));
  });

  test('needs glibc, libstdc++6 and libatomic1, and nothing else', () => {
    const root = `${work}/bare`;
    const libraries = neededLibraries();
    const allowed = /^(libc|libm|libdl|libpthread|ld-linux-.*|libstdc\+\+|libgcc_s|libatomic)\.so/;
    for (const library of libraries) {
      assert.match(basename(library), allowed);
      cpSync(library, `${root}${library}`, { recursive: true, dereference: true });
    }
    cpSync(program, `${root}/oci-measure`);
    cpSync(tree, `${root}${tree}`, { recursive: true });
    mkdirSync(`${root}/proc`);
    const script =
      'mount -t proc proc "$1/proc" && exec chroot "$1" /oci-measure digest "$2" --listing';
    const found = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', root, tree], {
      encoding: 'latin1',
    });
    assert.equal(found.status, 0, found.stderr);
    assert.equal(found.stdout, listTree().stdout);
  });
});

/** An image of layers that are worth a thread each. */
function makeLayout(layers: number): string {
  const layout = `${work}/layout`;
  mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
  const store = (content: Uint8Array | object): { digest: string; size: number } => {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(`${layout}/blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const type = (name: string): string => `application/vnd.oci.image.${name}`;
  const archives = Array.from({ length: layers }, (_, index) => {
    writeFileSync(`${work}/file-${index}`, Buffer.alloc(LAYER_BYTES, index));
    const { stdout } = spawnSync('tar', ['-C', work, '-c', `file-${index}`], {
      maxBuffer: 2 ** 26,
    });
    return { mediaType: type('layer.v1.tar'), ...store(stdout) };
  });
  const rootfs = { type: 'layers', diff_ids: archives.map(({ digest }) => digest) };
  const config = store({ os: 'linux', architecture: 'amd64', rootfs });
  const manifest = store({
    schemaVersion: 2,
    config: { mediaType: type('config.v1+json'), ...config },
    layers: archives,
  });
  const manifests = [{ mediaType: type('manifest.v1+json'), ...manifest }];
  writeFileSync(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  return layout;
}

/** The names of its threads: once it hashes, it is up and reads its input. */
function threadsOf(pid: number | undefined): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim());
}

function neededLibraries(): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return Array.from(stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g), ([, path = '']) => path);
}
