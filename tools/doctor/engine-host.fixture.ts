import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type HookCommand, hookCommand } from '#tools/install/hook-command';
import { EXECUTABLE } from '#tools/install/own-places';
import { makeTestDirectory, nodeOptions, parseOutput, type Run } from '#tools/program.fixture';
import type { Engine, Finding } from './finding.ts';

/** What is seen of the machine's own, below what is written here; everything in /run is its own. */
const SHOWN = ['etc', 'usr/share/containers', 'usr/libexec'];
/** Where engines keep what they have: of this machine alone, and no overlay, on which they could not mount another. */
const OWN = ['var/lib/containers', 'var/lib/containerd', 'var/lib/docker', 'var/lib/oci-measure'];
const driver = fileURLToPath(new URL('engine.driver.ts', import.meta.url));
const TIME_LIMIT_MS = 60_000;

const SCRIPT = `
  mount --make-rprivate /
  for place in ${SHOWN.join(' ')}; do
    mount -t overlay -o "lowerdir=/$place,upperdir=$0/upper/$place,workdir=$0/work/$place" overlay "/$place"
  done
  for place in ${OWN.join(' ')}; do
    mkdir -p "/$place" "$0/$place"
    mount --bind "$0/$place" "/$place"
  done
  mount -t tmpfs -o mode=755 tmpfs /run
  # podman keeps locks there, for all containers of a machine.
  mount -t tmpfs tmpfs /dev/shm
`;

/** A machine with the engines of this one, in which no other engine runs, and whose configuration is the test's. */
export class EngineHost implements Disposable {
  readonly directory: string;

  constructor() {
    this.directory = makeTestDirectory('engines');
    for (const place of SHOWN) {
      mkdirSync(join(this.directory, 'upper', place), { recursive: true });
      mkdirSync(join(this.directory, 'work', place), { recursive: true });
    }
    this.write('/etc/oci-measure/config.toml', '[ima]\nmode = "off"\n');
    this.write(EXECUTABLE, '#!/bin/sh\n', 0o755);
  }

  /** @param path below one of the places that are shown */
  write(path: string, content: unknown, mode = 0o644): void {
    const file = join(this.directory, 'upper', path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(file, text, { mode });
  }

  remove(path: string): void {
    rmSync(join(this.directory, 'upper', path), { recursive: true });
  }

  link(path: string, target: string): void {
    symlinkSync(target, join(this.directory, 'upper', path));
  }

  /** @param script for a shell: what is done before, and what runs meanwhile */
  async run(script: string, ...args: readonly string[]): Promise<Run> {
    const words = ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-ec'];
    const { exitCode, stdout, stderr } = await execa(
      'unshare',
      [...words, SCRIPT + script, this.directory, ...args],
      {
        reject: false,
        timeout: TIME_LIMIT_MS,
        env: { NODE_COMPILE_CACHE: '/var/lib/oci-measure-test/compile-cache' },
      },
    );
    return { exitCode, stdout, stderr };
  }

  /** What doctor finds about an engine: that part of it alone, since its other checks take time. */
  async doctor(engine: Engine, before = ''): Promise<readonly Finding[]> {
    const words = [process.execPath, ...nodeOptions, driver, engine];
    const { stdout, stderr } = await this.run(`${before}\n"$@"`, ...words);
    if (!stdout.startsWith('[')) throw new Error(stderr || stdout);
    const findings: readonly Finding[] = JSON.parse(stdout);
    parseOutput('doctor', JSON.stringify({ healthy: true, findings }));
    return findings;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The hook as `install` writes it. */
export const HOOK: HookCommand = hookCommand({
  executable: EXECUTABLE,
  config: undefined,
  timeout: 100,
});

/** In a hooks directory. */
export const HOOKS_FILE: object = {
  version: '1.0.0',
  hook: HOOK,
  when: { always: true },
  stages: ['createRuntime'],
};
