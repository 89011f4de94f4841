import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startContainerd } from './engines/containerd.ts';
import { startDocker } from './engines/docker.ts';
import type { Engine } from './engines/engine.ts';
import { lastRecord } from './engines/last-record.ts';
import { startPodman } from './engines/podman.ts';
import { type Host, startHost } from './host.ts';
import { disputedImage } from './images.ts';
import { program } from './program.ts';
import { run } from './runtime.ts';

const source = `oci:${disputedImage.gzip}`;
const start = { containerd: startContainerd, docker: startDocker, podman: startPodman };

describe('an image that engines unpack differently', () => {
  let host: Host;
  before(async () => {
    // podman makes directories that no layer mentions with the modes that its own umask leaves.
    process.umask(0o022);
    host = await startHost();
  });
  after(async () => await host[Symbol.asyncDispose]());

  test('is refused, with the paths and what each engine shows there', async () => {
    const { exitCode, stdout, stderr } = await run(program, ['digest', source]);
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(stderr, /\.\/private\n.*containerd: .*mode=0700.*\n.*docker, podman: .*mode=0755/);
    assert.match(stderr, /\.\/only-a-header\n.*containerd, podman: .*\n.*docker: absent/);
    assert.match(stderr, /--semantics/);
  });

  for (const [name, startEngine] of Object.entries(start)) {
    test(`has with --semantics ${name} the digest that the hook records there`, async () => {
      await using engine: Engine = await startEngine(host);
      await engine.load(disputedImage);
      // No program is in it: it ends where the hook has measured it.
      const { exitCode, stderr } = await engine.start(`by-${name}`);
      assert.notEqual(exitCode, 0, stderr);
      const { stdout } = await run(program, ['digest', '--semantics', name, source]);
      assert.equal(lastRecord(host, engine)['rootfs'], stdout);
    });
  }
});
