import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { mainFile, makeTestDirectory, nodeOptions, parseOutput, run } from './program.fixture.ts';

let home: string;
let rootfs: string;

before(() => {
  home = makeTestDirectory('digest');
  rootfs = join(home, 'rootfs');
  makeTree(rootfs);
});
after(() => rmSync(home, { recursive: true, force: true }));

function makeTree(path: string): void {
  mkdirSync(join(path, 'etc'), { recursive: true });
  writeFileSync(join(path, 'etc', 'hosts'), 'abc');
  symlinkSync('etc/hosts', join(path, 'link'));
}

function sha256(text: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** A listing of more than a pipe holds. */
function makeLargeTree(): string {
  const large = join(home, 'large');
  mkdirSync(large, { recursive: true });
  for (let index = 0; index < 1500; index += 1) {
    writeFileSync(join(large, `${'x'.repeat(200)}${index}`), '');
  }
  return large;
}

/** Listens on a socket in the tree until it is closed. */
async function listenOn(path: string): Promise<AsyncDisposable> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('digest', () => {
  test('prints the digest and nothing else, and it is the SHA-256 of the listing', async () => {
    const { exitCode, stdout, stderr } = await run(['digest', rootfs]);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    const listing = await run(['digest', rootfs, '--listing']);
    assert.deepEqual([listing.exitCode, listing.stderr], [0, '']);
    assert.equal(sha256(listing.stdout), stdout.trim());
    assert.match(listing.stdout, /^#mtree rootfs-digest v1\n\. type=dir\n\.\/etc type=dir /);
  });

  test('a relative path, a link to the directory and another working directory give the same', async () => {
    const { stdout } = await run(['digest', rootfs]);
    symlinkSync('rootfs', join(home, 'to-rootfs'));
    for (const source of ['rootfs', './rootfs/', 'to-rootfs', 'rootfs/../rootfs']) {
      assert.equal((await run(['digest', source], { cwd: home })).stdout, stdout, source);
    }
  });

  test('--json says what docs/schema/digest.json says', async () => {
    const { stdout } = await run(['digest', rootfs]);
    assert.deepEqual(parseOutput('digest', (await run(['digest', rootfs, '--json'])).stdout), {
      source: rootfs,
      digest: stdout.trim(),
      entries: 3,
      bytes: 3,
      sockets: [],
      foreignMounts: [],
    });
  });

  test('a mount inside the tree is neither crossed nor kept quiet', async () => {
    const tree = join(home, 'with mount');
    makeTree(tree);
    mkdirSync(join(tree, 'proc'));
    execFileSync('mount', ['-t', 'tmpfs', 'x', join(tree, 'proc')]);
    try {
      writeFileSync(join(tree, 'proc', 'secret'), '');
      const { exitCode, stdout, stderr } = await run(['digest', tree, '--listing']);
      assert.equal(exitCode, 0);
      assert.doesNotMatch(stdout, /secret/);
      assert.equal(stderr, 'oci-measure: warning: ./proc: another mount: left out\n');
      const json = (await run(['digest', tree, '--json'])).stdout;
      assert.match(json, /"foreignMounts": \[\s*"\.\/proc"\s*\]/);
      parseOutput('digest', json);
    } finally {
      execFileSync('umount', [join(tree, 'proc')]);
    }
  });

  test('sockets are told on standard error, ten by name, and whatever their names are', async () => {
    const tree = join(home, 'sockets');
    makeTree(tree);
    const { stdout: without } = await run(['digest', tree]);
    const names = Array.from({ length: 12 }, (_, index) => `s\u001b[2J\n${index + 10}`);
    await using servers = new AsyncDisposableStack();
    for (const name of names) servers.use(await listenOn(join(tree, name)));
    const { stdout, stderr } = await run(['digest', tree]);
    assert.equal(stdout, without);
    const lines = stderr.split('\n');
    assert.equal(lines.length, 12);
    assert.equal(
      lines[0],
      'oci-measure: warning: ./s\\033\\1332J\\01210: a socket, as no image holds one: not listed',
    );
    assert.equal(lines[10], 'oci-measure: warning: 2 more sockets not listed');
    parseOutput('digest', (await run(['digest', tree, '--json'])).stdout);
  });

  test('what is not there, or no directory, is told in one line, and what else a source can be', async () => {
    for (const source of ['/nowhere', join(rootfs, 'etc/hosts'), join(rootfs, 'etc/hosts/x')]) {
      const { exitCode, stdout, stderr } = await run(['digest', source]);
      assert.deepEqual([exitCode, stdout], [1, ''], source);
      assert.match(
        stderr,
        /^oci-measure: error: .+\noci-measure: hint: .+ oci-archive:FILE .+\n$/,
        source,
      );
    }
  });

  test('a wrong configuration is told, though nothing of it is used', async () => {
    const { exitCode, stderr } = await run(['digest', rootfs, '--config', '/nowhere.toml']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /"\/nowhere\.toml" is not there/);
  });
});

function makeBundle(name: string, spec: object): string {
  const bundle = join(home, name);
  makeTree(join(bundle, 'tree'));
  const config = { ociVersion: '1.0.2', root: { path: 'tree' }, ...spec };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

describe('digest bundle:DIR', () => {
  test('is the digest of its root.path, relative or absolute', async () => {
    const { stdout } = await run(['digest', rootfs]);
    const relative = makeBundle('relative', {});
    assert.equal((await run(['digest', `bundle:${relative}`])).stdout, stdout);
    assert.equal((await run(['digest', 'bundle:relative'], { cwd: home })).stdout, stdout);
    const absolute = makeBundle('absolute', { root: { path: rootfs } });
    assert.equal((await run(['digest', `bundle:${absolute}`])).stdout, stdout);
  });

  test('has the owners that a user namespace of its own shows', async () => {
    const { stdout } = await run(['digest', rootfs]);
    const mappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const linux = {
      namespaces: [{ type: 'user' }],
      uidMappings: mappings,
      gidMappings: mappings,
    };
    const bundle = makeBundle('mapped', { linux });
    execFileSync('chown', ['-hR', '100000:100000', join(bundle, 'tree')]);
    assert.equal((await run(['digest', `bundle:${bundle}`])).stdout, stdout);
    chownSync(join(bundle, 'tree/etc/hosts'), 7, 7);
    const { exitCode, stderr } = await run(['digest', `bundle:${bundle}`]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /etc\/hosts.*found 7\n$/);
  });

  test('without a config.json, or with a broken one, is refused', async () => {
    assert.match((await run(['digest', `bundle:${rootfs}`])).stderr, /no config\.json: expected/);
    const bundle = makeBundle('broken', {});
    writeFileSync(join(bundle, 'config.json'), '{"root":{"path":"tree"},"Root":{"path":"etc"}}');
    const { exitCode, stdout } = await run(['digest', `bundle:${bundle}`]);
    assert.deepEqual([exitCode, stdout], [1, '']);
  });
});

describe('what happens to standard output', () => {
  test('a reader that has seen enough hears nothing more', async () => {
    const large = makeLargeTree();
    const words = [process.execPath, ...nodeOptions, mainFile, 'digest', large, '--listing'];
    const { stdout, stderr } = await execa(
      'bash',
      ['-c', '"$@" | head -c 5; echo " ${PIPESTATUS[0]}"', 'bash', ...words],
      { timeout: 30_000 },
    );
    assert.deepEqual([stdout, stderr], ['#mtre 141', '']);
  });

  test('a slow reader gets every byte', async () => {
    const large = makeLargeTree();
    const { stdout: expected } = await run(['digest', large]);
    const child = spawn(process.execPath, [...nodeOptions, mainFile, 'digest', large, '--listing']);
    const hash = createHash('sha256');
    await sleep(700);
    for await (const chunk of child.stdout) {
      hash.update(Buffer.from(chunk));
      await sleep(5);
    }
    assert.equal(`sha256:${hash.digest('hex')}\n`, expected);
  });

  test('a full disk is no success', () => {
    const full = openSync('/dev/full', 'w');
    const args = [...nodeOptions, mainFile, 'digest', rootfs];
    const { status, stderr } = spawnSync(process.execPath, args, {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      timeout: 30_000,
    });
    closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /^oci-measure: error: could not write to standard output: .*ENOSPC/);
  });
});
