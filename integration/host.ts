import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Swtpm, startSwtpm } from '#hook/log/swtpm.fixture';
import { type BundleOptions, type HookEntry, writeBundle } from './bundle.ts';
import { mountOverlay } from './overlay.ts';
import { program, workDirectory } from './program.ts';
import { type Ended, type RuntimeName, run, runContainer } from './runtime.ts';

export interface HostOptions {
  /** TOML between the first key and the tables. */
  readonly toml?: string;
  /** Seconds for one tpm2 command. */
  readonly tpmTimeout?: number;
}

/** A container host of its own: a software TPM, a configuration, a state directory, and nothing shared with another test. */
export class Host implements AsyncDisposable {
  readonly directory: string;
  readonly tpm: Swtpm;

  constructor(directory: string, tpm: Swtpm) {
    this.directory = directory;
    this.tpm = tpm;
  }

  get config(): string {
    return `${this.directory}/config.toml`;
  }

  get state(): string {
    return `${this.directory}/state`;
  }

  /** The entry that the README tells people to write. */
  hookEntry(stage = 'createRuntime'): HookEntry {
    return {
      path: program,
      args: ['oci-measure', 'hook', '--config', this.config, stage],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
      timeout: 100,
    };
  }

  /** Creates and runs a container of an image of `lowers` (topmost first), with the hook at createRuntime. */
  async run(
    runtime: RuntimeName,
    id: string,
    lowers: readonly string[],
    bundle: Partial<BundleOptions> = {},
  ): Promise<Ended> {
    const directory = `${this.directory}/bundles/${id}`;
    mkdirSync(directory, { recursive: true });
    await using mount = await mountOverlay(directory, lowers);
    writeBundle(directory, {
      rootPath: mount.rootfs,
      hooks: { createRuntime: [this.hookEntry()] },
      ...bundle,
    });
    return await runContainer(runtime, id, directory);
  }

  /** Runs the program with this host's configuration. */
  async oci(...args: readonly string[]): Promise<Ended> {
    return await run(program, [...args, '--config', this.config]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tpm[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function startHost(options: HostOptions = {}): Promise<Host> {
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(`${workDirectory}/host-`);
  const host = new Host(directory, await startSwtpm());
  writeFileSync(host.config, configuration(host, options), { mode: 0o600 });
  return host;
}

function configuration(host: Host, { toml = '', tpmTimeout = 10 }: HostOptions): string {
  return [
    `state = ${JSON.stringify(host.state)}`,
    toml,
    '[tpm]',
    `tcti = ${JSON.stringify(host.tpm.tcti)}`,
    `timeout = ${tpmTimeout}`,
    '[ima]',
    'mode = "off"',
    '',
  ].join('\n');
}
