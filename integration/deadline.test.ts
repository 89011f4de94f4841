import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';

const toml = 'deadline = 2';

describe('the hook ends by its own deadline, with the reason, when', () => {
  test('the runtime never closes standard input', async () => {
    await using host = await startHost({ toml, tpmTimeout: 1 });
    const hook = spawn(program, ['hook', '--config', host.config], { stdio: 'pipe' });
    hook.stdin.write('{"ociVersion":"1.0.2"');
    let told = '';
    hook.stderr.on('data', (chunk) => {
      told += String(chunk);
    });
    const [code] = await once(hook, 'close');
    assert.equal(code, 1);
    assert.match(told, /\[deadline\]/);
  });

  test('the image takes longer to read', async () => {
    await using host = await startHost({ toml, tpmTimeout: 1 });
    const image = `${host.directory}/image`;
    mkdirSync(image);
    writeFileSync(`${image}/sparse`, '');
    truncateSync(`${image}/sparse`, 2 ** 40);
    const { exitCode, stderr } = await host.run('runc', 'web', [image, debianRootfs]);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /not measured within 2 s .*\[deadline\]/);
  });

  test('the TPM does not answer', async () => {
    await using host = await startHost({ toml, tpmTimeout: 1 });
    process.kill(host.tpm.pid, 'SIGSTOP');
    const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs]);
    process.kill(host.tpm.pid, 'SIGCONT');
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /no answer within 1 s.*\[tpm\]|\[deadline\]/);
  });

  test('another hook holds the log', async () => {
    await using host = await startHost({ toml, tpmTimeout: 1 });
    await host.run('runc', 'first', [debianRootfs]);
    const holder = spawn('flock', [`${host.state}/lock`, 'sleep', '30'], { stdio: 'ignore' });
    try {
      await once(holder, 'spawn');
      const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs]);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, /lock.*was held|\[deadline\]/);
    } finally {
      holder.kill();
    }
  });
});
