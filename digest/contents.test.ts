import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { LISTING_HEADER } from './listing.ts';
import { asNobody } from './nobody.fixture.ts';
import { digestDirectory, scratchDirectory } from './tree.fixture.ts';

const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex');

/** Of `head` and zeros, by `openssl dgst -sha256`. */
const TEN_GIGABYTES = '2498b7a1225564345f75a83870547b56b18490603e244a5185df0b67a6f220e3';

/** A limit of processes counts threads, of everybody but root. */
const NO_MORE_THREADS = `
  import { spawnSync } from 'node:child_process';
  import { Worker } from 'node:worker_threads';
  spawnSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
  try { new Worker('', { eval: true }); console.log('there are more'); } catch {}`;

/** Digests a directory in a process of its own. */
function digestInChild(
  path: string,
  wrap = (words: readonly string[]): readonly string[] => words,
  before = '',
): string {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url));
  const code = `
    import { readFileSync } from 'node:fs';
    import { digestRootfs } from ${url('./rootfs.ts')};
    import { openTreeRoot } from ${url('./tree-root.ts')};
    ${before}
    try {
      using root = openTreeRoot(process.argv[1]);
      console.log(digestRootfs([root], { foreignMounts: 'refuse' }).digest);
      console.log(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'ascii'))[1]);
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module'];
  return execFileSync('env', wrap([...node, '-e', code, path]), { encoding: 'utf8', cwd: '/' });
}

describe('contents', () => {
  test('of every size around the buffer’s are hashed whole', () => {
    using scratch = scratchDirectory();
    const chunk = 256 * 1024;
    const sizes = [1, 4095, 4096, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 17];
    for (const size of sizes)
      writeFileSync(`${scratch.path}/${size}`, Buffer.alloc(size, size & 255));
    const expected = sizes.map((size) => sha256(Buffer.alloc(size, size & 255)));
    const found = digestDirectory(scratch.path).lines.map((line) => line.slice(-64));
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });

  test('of a thousand files are hashed by several threads, and listed in order', () => {
    using scratch = scratchDirectory();
    const names = Array.from({ length: 1000 }, (_, i) => `f${String(i).padStart(4, '0')}`);
    for (const name of names) writeFileSync(`${scratch.path}/${name}`, name);
    const { lines } = digestDirectory(scratch.path);
    assert.deepEqual(
      lines.map((line) => line.slice(-64)),
      names.map((name) => sha256(name)),
    );
  });

  test('are hashed by the calling thread where no other can be started', () => {
    using scratch = scratchDirectory();
    chmodSync(scratch.path, 0o755);
    for (let i = 0; i < 500; i++) writeFileSync(`${scratch.path}/${i}`, String(i), { mode: 0o644 });
    const [alone] = digestInChild(scratch.path, asNobody, NO_MORE_THREADS).split('\n');
    assert.equal(alone, digestInChild(scratch.path, asNobody).split('\n')[0]);
  });

  test('of ten gigabytes are streamed', () => {
    using scratch = scratchDirectory();
    // Where holes need no page cache.
    scratch.mount(scratch.path, { type: 'tmpfs' });
    writeFileSync(`${scratch.path}/sparse`, 'head', { mode: 0o644 });
    truncateSync(`${scratch.path}/sparse`, 10 * 1024 ** 3);
    const [digest, peak] = digestInChild(scratch.path).split('\n');
    const line = `./sparse type=file mode=0644 uid=0 gid=0 size=10737418240 sha256digest=${TEN_GIGABYTES}`;
    assert.equal(digest, `sha256:${sha256(`${LISTING_HEADER.rootfs}${line}\n`)}`);
    assert.ok(Number(peak) < 150_000, `${peak} kB`);
  });

  test('that cannot be read are an error that names the file and says why', () => {
    using scratch = scratchDirectory();
    chmodSync(scratch.path, 0o755);
    mkdirSync(`${scratch.path}/a b`);
    writeFileSync(`${scratch.path}/a b/secret`, 'x', { mode: 0o600 });
    const output = digestInChild(scratch.path, asNobody);
    assert.match(output, /^unreadable could not open "\.\/a\\040b\/secret": EACCES/);
    chmodSync(`${scratch.path}/a b`, 0o700);
    assert.match(
      digestInChild(scratch.path, asNobody),
      /^unreadable could not open "\.\/a\\040b": EACCES/,
    );
  });

  test('are read without being root where nobody but root may read them', () => {
    using scratch = scratchDirectory();
    for (let i = 0; i < 500; i++) writeFileSync(`${scratch.path}/f${i}`, 'x', { mode: 0 });
    const trace = `${scratch.path}.strace`;
    using _removed = { [Symbol.dispose]: () => execFileSync('rm', ['-f', trace]) };
    const strace = ['strace', '-f', '-o', trace, '-e', 'trace=openat,setresuid'];
    const [digest] = digestInChild(scratch.path, (words) => [...strace, ...words]).split('\n');
    assert.equal(digest, digestDirectory(scratch.path).digest);

    const opens = contentOpens(readFileSync(trace, 'latin1'));
    assert.equal(opens.length, 500);
    assert.deepEqual(new Set(opens.map(({ uid }) => uid)), new Set(['4294967293']));
  });

  test('and memory: a hundred thousand files take less than 200 MB', () => {
    using scratch = scratchDirectory();
    scratch.mount(scratch.path, { type: 'tmpfs' });
    for (let i = 0; i < 100_000; i++) writeFileSync(`${scratch.path}/file-${i}`, 'x');
    const [, peak] = digestInChild(scratch.path).split('\n');
    assert.ok(Number(peak) < 200_000, `${peak} kB`);
  });
});

interface ContentOpen {
  readonly thread: string;
  readonly uid: string;
}

/** The opens of contents in a trace, each with the user id that its thread had taken. */
function contentOpens(trace: string): ContentOpen[] {
  const uids = new Map<string, string>();
  const opens: ContentOpen[] = [];
  for (const line of trace.split('\n')) {
    const thread = line.split(' ')[0] ?? '';
    const uid = /setresuid\((\d+|-\d+), \1, \1\)\s+= 0/.exec(line)?.[1];
    if (uid !== undefined) uids.set(thread, uid === '-3' ? '4294967293' : uid);
    // Nothing else is opened with O_NOCTTY.
    if (/openat\(.*O_NOCTTY/.test(line)) opens.push({ thread, uid: uids.get(thread) ?? '0' });
  }
  return opens;
}
