import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuestHost } from './containers.ts';
import { bootMachine } from './machine.ts';

const t0 = Date.now();
await using machine = await bootMachine({
  kernel: process.argv[2] as 'trixie',
  commandLine: process.argv[3] ?? '',
});
console.log('boot', Date.now() - t0);
const host = new GuestHost(machine);
await host.configure('[ima]\nmode = "require"\n');
for (const end = Date.now() + 900_000; Date.now() < end; await sleep(100)) {
  if (existsSync('/tmp/vmcmd/quit')) break;
  if (!existsSync('/tmp/vmcmd/go')) continue;
  const script = readFileSync('/tmp/vmcmd/cmd', 'utf8');
  rmSync('/tmp/vmcmd/go');
  const t = Date.now();
  try {
    if (script.startsWith('#js')) {
      const f = new Function('host', 'machine', `return (async () => {${script.slice(3)}})()`);
      writeFileSync(
        '/tmp/vmcmd/out',
        `${JSON.stringify(await f(host, machine), undefined, 1)}\n[${Date.now() - t} ms]\n`,
      );
    } else {
      const r = await machine.run(script);
      writeFileSync(
        '/tmp/vmcmd/out',
        `${r.stdout}${r.stderr}[${r.exitCode}, ${Date.now() - t} ms]\n`,
      );
    }
  } catch (e) {
    writeFileSync('/tmp/vmcmd/out', String(e));
  }
  writeFileSync('/tmp/vmcmd/done', '');
}
rmSync('/tmp/vmcmd/quit', { force: true });
