import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HookError } from '#hook/errors';
import { digestString } from './pcr.ts';
import { type Swtpm, startSwtpm } from './swtpm.fixture.ts';
import { describeTpm } from './tpm.contract.ts';
import { createTpmTools } from './tpm-tools.ts';

describeTpm('tpm2-tools on swtpm', async () => {
  const swtpm = await startSwtpm();
  const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10 });
  return { tpm, [Symbol.asyncDispose]: async () => swtpm[Symbol.asyncDispose]() };
});

/** Tools that behave as this shell script does. */
async function toolsSaying(swtpm: Swtpm, script: string): Promise<string[]> {
  const directory = join(swtpm.directory, 'tools');
  await mkdir(directory, { recursive: true });
  for (const name of ['tpm2_getcap', 'tpm2_pcrread', 'tpm2_pcrextend']) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, name), 0o755);
  }
  return [directory];
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof HookError);
  assert.equal(thrown.code, 'tpm');
  assert.doesNotMatch(thrown.message, /\n/);
  return thrown.message;
}

describe('createTpmTools', () => {
  it('names the TCTI and the reason when the TPM is gone', async () => {
    await using swtpm = await startSwtpm();
    const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10 });
    await swtpm.kill();
    const message = await messageOf(tpm.readPcr(13));
    assert.match(message, /tpm2_getcap/);
    assert.ok(message.includes(JSON.stringify(swtpm.tcti)));
    assert.match(message, /tcti|connect/i);
  });

  it('names the device that is not there', async () => {
    const tpm = createTpmTools({ tcti: 'device:/dev/no-such-tpm', timeoutSeconds: 10 });
    assert.match(await messageOf(tpm.readPcr(13)), /no-such-tpm.*No such file or directory/);
  });

  it('says which tool is missing and where it was looked for', async () => {
    const tpm = createTpmTools({ tcti: 'swtpm:path=/x', timeoutSeconds: 1, directories: ['/sys'] });
    assert.equal(
      await messageOf(tpm.readPcr(13)),
      'tpm2_getcap is not in /sys: install tpm2-tools',
    );
  });

  it('gives up on a tool that does not answer', async () => {
    await using swtpm = await startSwtpm();
    const directories = await toolsSaying(swtpm, 'sleep 30');
    const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 0.2, directories });
    assert.match(await messageOf(tpm.readPcr(13)), /no answer within 0.2 s/);
  });

  it('gives up on a tool that prints without end', async () => {
    await using swtpm = await startSwtpm();
    const directories = await toolsSaying(swtpm, 'yes');
    const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 5, directories });
    assert.match(await messageOf(tpm.readPcr(13)), /more than 65536 bytes/);
  });

  it('believes no garbage', async () => {
    await using swtpm = await startSwtpm();
    for (const answer of ['', 'selected-pcrs:\\n  - sha256: [ 13 ]', '\\377\\376']) {
      const directories = await toolsSaying(swtpm, `printf '${answer}'`);
      const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 5, directories });
      assert.match(await messageOf(tpm.readPcr(13)), /answers what cannot be right/);
    }
  });

  it('gives tools nothing of its own environment', async () => {
    await using swtpm = await startSwtpm();
    process.env['TPM2TOOLS_TCTI'] = 'swtpm:path=/elsewhere';
    const directories = await toolsSaying(swtpm, 'env >&2; exit 1');
    const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 5, directories });
    try {
      await tpm.readPcr(13);
      assert.fail('not reached');
    } catch (thrown) {
      assert.ok(thrown instanceof HookError && thrown.cause instanceof Object);
      assert.ok('stderr' in thrown.cause && typeof thrown.cause.stderr === 'string');
      const names = thrown.cause.stderr.split('\n').map((line) => line.replace(/=.*/, ''));
      assert.deepEqual(names.toSorted(), ['', 'LC_ALL', 'PATH', 'PWD', 'TSS2_LOG'].toSorted());
    } finally {
      delete process.env['TPM2TOOLS_TCTI'];
    }
  });

  it('extends all banks by one command', async () => {
    await using swtpm = await startSwtpm();
    const real = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10 });
    const banks = (await real.readPcr(13)).keys();
    const count = join(swtpm.directory, 'count');
    const script = `echo x >> ${count}; exec /usr/bin/$(basename "$0") "$@"`;
    const directories = await toolsSaying(swtpm, script);
    const counted = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10, directories });
    await counted.extendPcr(13, digestString('x', banks));
    const { readFile } = await import('node:fs/promises');
    assert.equal(await readFile(count, 'utf8'), 'x\n');
  });

  it('refuses to run without a TCTI', () => {
    assert.throws(() => createTpmTools({ tcti: '', timeoutSeconds: 1 }), { code: 'config' });
  });
});
