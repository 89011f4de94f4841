import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';

/** Of a container's files: nothing else is opened like that. */
const OPENS_CONTENT =
  /openat\(\d+, "([^"]+)", O_RDONLY\|O_NOCTTY\|O_NONBLOCK\|O_NOFOLLOW\|O_CLOEXEC\)/;
const BECOMES = /setresuid\((\d+)/;

test('under runc the finished hook opens the contents of files as no user, never as root', async () => {
  await using host = await startHost();
  const trace = `${host.directory}/trace`;
  const entry = host.hookEntry();
  const strace = ['strace', '-f', '-e', 'trace=openat,setresuid', '-o', trace, program];
  const hook = { ...entry, path: '/usr/bin/strace', args: [...strace, ...entry.args.slice(1)] };
  const hooks = { createRuntime: [hook] };
  const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs], { hooks });
  assert.equal(exitCode, 0, stderr);

  const uids = new Map<string, string>();
  const opened = new Map<string, number>();
  for (const line of readFileSync(trace, 'latin1').split('\n')) {
    const [thread = ''] = line.split(' ', 1);
    const uid = BECOMES.exec(line)?.[1];
    if (uid !== undefined) uids.set(thread, uid);
    if (!OPENS_CONTENT.test(line)) continue;
    const reader = uids.get(thread) ?? '0';
    opened.set(reader, (opened.get(reader) ?? 0) + 1);
  }
  assert.deepEqual([...opened.keys()], ['4294967293']);
  assert.ok((opened.get('4294967293') ?? 0) > 5000);
});
