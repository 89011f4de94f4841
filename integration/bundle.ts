import { mkdirSync, writeFileSync } from 'node:fs';

export interface HookEntry {
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: readonly string[] | undefined;
  readonly timeout: number;
}

export interface BundleOptions {
  readonly rootPath: string;
  readonly hooks?: Partial<Record<'prestart' | 'createRuntime', readonly HookEntry[]>>;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly mounts?: readonly object[];
  readonly readonlyRoot?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes `directory`/config.json: what an engine hands to a runtime, reduced to what every runtime here accepts. */
export function writeBundle(directory: string, options: BundleOptions): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/config.json`, JSON.stringify(runtimeSpec(options), undefined, 1));
}

function runtimeSpec(options: BundleOptions): object {
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: options.args ?? ['/bin/true'],
      env: options.env ?? ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      noNewPrivileges: true,
    },
    root: { path: options.rootPath, readonly: options.readonlyRoot ?? false },
    hostname: 'measured',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...(options.mounts ?? []),
    ],
    hooks: options.hooks ?? {},
    annotations: options.annotations ?? {},
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
    },
  };
}
