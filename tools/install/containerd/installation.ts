/** What of containerd a host has. */
import { existsSync } from 'node:fs';
import { ToolError } from '#tools/errors';
import type { Host } from '#tools/install/host';
import { MAIN_FILE, readConfiguration } from './configuration-files.ts';
import { defaultVersion, findPrograms, majorRelease, type Programs } from './engine.ts';
import type { Configuration } from './place-base-specs.ts';
import { refuseOnlyRendered, refuseRendered } from './rendered.ts';
import { findService, type Service } from './service.ts';

export interface Installation extends Configuration {
  readonly service: Service | undefined;
  /** Of this machine. Programs of another file tree are not started. */
  readonly programs: Programs | undefined;
  readonly hasSystemd: boolean;
}

/** That every release reads; nobody is asked where there is a file already. */
const OLDEST = 2;

const PROGRAMS = ['/usr/bin/containerd', '/usr/local/bin/containerd', '/bin/containerd'];

/** @throws ToolError `install` for a host without containerd, or with one whose configuration is not to be added to */
export async function findInstallation(host: Host): Promise<Installation> {
  const service = findService(host);
  const main = service?.configuration ?? MAIN_FILE;
  const programs = host.isThisMachine ? findPrograms(service?.program) : undefined;
  const isThere = [service?.program, ...PROGRAMS, main].some(
    (path) => path !== undefined && existsSync(host.at(path)),
  );
  if (!isThere) {
    refuseOnlyRendered(host);
    throw new ToolError('install', `found no containerd, and no ${JSON.stringify(main)}`);
  }
  refuseRendered(host, main);
  const major = programs === undefined ? undefined : await majorRelease(programs);
  const files = readConfiguration(host, main, major);
  return {
    service,
    programs,
    main,
    files,
    mergesTables: mergesTables(major, files[0]?.version),
    newVersion:
      files.length > 0 || programs === undefined ? OLDEST : await defaultVersion(programs),
    hasSystemd: host.isThisMachine ? existsSync('/run/systemd/system') : service !== undefined,
  };
}

/** Releases before 2.0 read no version above 2. */
function mergesTables(major: number | undefined, version: number | undefined): boolean | undefined {
  if (major !== undefined) return major >= 2;
  return version !== undefined && version > 2 ? true : undefined;
}
