/** Whether the next container that containerd starts for a kubelet calls the hook. containerd has no hooks directory: a base spec has the hook. */

import { dirname } from 'node:path';
import { checkBaseSpec } from './base-spec.ts';
import { checkDrift } from './base-spec-drift.ts';
import { checkChangedSince } from './changed-since.ts';
import {
  type ContainerdConfig,
  type RuntimeHandler,
  readContainerdConfig,
} from './containerd-config.ts';
import { askContainerd, checkInForce } from './containerd-in-force.ts';
import { type Daemon, flagOf } from './daemons.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { checkNamespace } from './namespace.ts';
import { checkNri } from './nri.ts';
import { checkOwned } from './owned-files.ts';
import { findProgram, runProgram } from './programs.ts';

const CHECK = 'engine';
const HANDLER = 'runtime-handler';
/** runc's shims, which start whatever runtime behaves like it. */
const OCI_RUNTIME = /^io\.containerd\.(?:runc\.v[12]|runtime\.v1\.linux)$/;
const DEFAULT_CONFIG = '/etc/containerd/config.toml';
const INSTALL = 'oci-measure install containerd';

interface Instance {
  readonly path: string;
  readonly config: string;
  readonly daemon: Daemon | undefined;
}

export async function checkContainerd(setup: EngineSetup): Promise<readonly Finding[]> {
  const findings = await Promise.all(
    instancesOf(setup).map((instance) => checkInstance(instance, setup)),
  );
  return findings.flat();
}

/** Those that run, else the one that would. */
function instancesOf({ daemons, programs }: EngineSetup): readonly Instance[] {
  const running = daemons.filter(({ name }) => name === 'containerd');
  const instances = running.map((daemon) => ({
    path: daemon.executable,
    config: flagOf(daemon.args, 'config', 'c') ?? DEFAULT_CONFIG,
    daemon,
  }));
  if (instances.length > 0) return instances;
  const path = findProgram('containerd', programs);
  return path === undefined ? [] : [{ path, config: DEFAULT_CONFIG, daemon: undefined }];
}

async function checkInstance(instance: Instance, setup: EngineSetup): Promise<readonly Finding[]> {
  const { path, config: file, daemon } = instance;
  const expected = 'a configuration that containerd can be started with';
  const [dump, version] = await Promise.all([
    runProgram(path, ['--config', file, 'config', 'dump']),
    runProgram(path, ['--version']),
  ]);
  if (dump.exitCode === undefined) {
    const found = `${path} does not tell its configuration: ${dump.failure}`;
    return [problem(CHECK, found, expected, 'ask again; if it stays so, find out why')];
  }
  if (dump.exitCode !== 0) {
    const reason = dump.stderr.trim().split('\n').at(-1) ?? '';
    return [problem(CHECK, `${path} --config ${file}: ${reason}`, expected, `mend ${file}`)];
  }
  const config = readContainerdConfig(dump.stdout);
  const name = `${path} ${versionIn(version.stdout)}`;
  const state = daemon === undefined ? 'does not run' : `runs as pid ${daemon.pid}`;
  const told = ok(
    CHECK,
    `${name}, ${state}, configured by ${[...new Set([file, ...config.imports])].join(', ')}`,
    expected,
  );
  if (!config.hasCri) return [told, withoutCri(file)];
  const socket = flagOf(daemon?.args ?? [], 'address', 'a') ?? config.socket;
  const inForce = daemon === undefined ? undefined : await askContainerd(socket);
  if (typeof inForce === 'string') {
    return [told, notAnswering(socket, inForce), ...checkHandlers(config, setup)];
  }
  const handlers = checkHandlers({ ...config, ...inForce }, setup);
  const callsHook = handlers.some(({ check, status }) => check === HANDLER && status === 'ok');
  return [
    told,
    ...handlers,
    ...(await checkDrift(config)),
    ...checkOwned([path, file, dirname(file), ...config.imports, ...config.imports.map(dirname)]),
    ...checkNri(config.nri, setup, callsHook),
    ...(inForce === undefined ? [] : checkInForce(inForce, config)),
    ...checkRestart(instance, inForce ?? config),
    ...(daemon === undefined ? [] : checkNamespace(daemon, setup)),
  ];
}

function versionIn(text: string): string {
  return /\bv?(\d+\.\d+\.\d+[^\s]*)/.exec(text)?.[1] ?? 'of unknown version';
}

function withoutCri(file: string): Finding {
  const found = `no CRI in ${file}: whoever uses it (Docker, ctr, nerdctl) makes its containers' configuration alone`;
  return ok(HANDLER, found, 'nothing, without a CRI');
}

function checkHandlers(config: ContainerdConfig, setup: EngineSetup): readonly Finding[] {
  const specs = [...new Set(config.handlers.map(({ baseSpec }) => baseSpec))];
  const checked = new Map(specs.map((spec) => [spec, checkSpec(spec, setup)]));
  const callsHook = (spec: string) => checked.get(spec)?.callsHook === true;
  const findings = [...checked.values()].flatMap((one) => one.findings);
  const without = config.handlers.filter(({ baseSpec }) => !callsHook(baseSpec));
  const expected = 'a base_runtime_spec with the hook for every runtime handler';
  if (without.length === config.handlers.length) {
    const found = 'no runtime handler has a base_runtime_spec that calls the hook';
    return [...findings, ...checkDefault(config), warning(HANDLER, found, expected, INSTALL)];
  }
  return [
    ...findings,
    ...checkDefault(config),
    ...without.map((handler) => checkWithout(handler, config, expected)),
    ok(HANDLER, measuredHandlers(config, callsHook), expected),
  ];
}

function checkWithout(
  { name, type }: RuntimeHandler,
  { defaultHandler }: ContainerdConfig,
  expected: string,
): Finding {
  if (name === defaultHandler) {
    return problem(HANDLER, `${name}, the default, calls no hook`, expected, INSTALL);
  }
  const found = `${name}, for pods of its RuntimeClass, calls no hook`;
  const mend = OCI_RUNTIME.test(type)
    ? INSTALL
    : `none: ${type} starts no OCI runtime; do not offer its RuntimeClass where all has to be measured`;
  return warning(HANDLER, found, expected, mend);
}

/** Tables of runtimes take the place of what containerd has by itself. */
function checkDefault({ handlers, defaultHandler }: ContainerdConfig): readonly Finding[] {
  if (handlers.some(({ name }) => name === defaultHandler)) return [];
  const found = `${defaultHandler}, the default, is not configured: the CRI does not start`;
  return [problem(HANDLER, found, 'the default runtime handler', 'mend default_runtime_name')];
}

function checkSpec(spec: string, setup: EngineSetup): ReturnType<typeof checkBaseSpec> {
  return spec === '' ? { callsHook: false, findings: [] } : checkBaseSpec(spec, setup);
}

function measuredHandlers(
  { handlers }: ContainerdConfig,
  callsHook: (spec: string) => boolean,
): string {
  const names = handlers.filter(({ baseSpec }) => callsHook(baseSpec)).map(({ name }) => name);
  return `${names.join(', ')}: containers of pods call the hook; pods' own containers (pause), ctr and nerdctl do not, as containerd gives them no base spec`;
}

/** The CRI does not start where a base spec cannot be read, and then no pod does. */
function notAnswering(socket: string, reason: string): Finding {
  const expected = 'a CRI that answers: without it no pod starts';
  const mend = 'see `ctr plugins ls` and the log of containerd';
  return problem(CHECK, `the CRI at ${socket} does not answer: ${reason}`, expected, mend);
}

/** containerd reads base specs when it is started, and never again. Those that it does not take yet come with the next start. */
function checkRestart(
  { daemon }: Instance,
  { handlers }: Pick<ContainerdConfig, 'handlers'>,
): readonly Finding[] {
  if (daemon === undefined) return [];
  const specs = handlers.map(({ baseSpec }) => baseSpec).filter((spec) => spec !== '');
  return checkChangedSince(daemon, [...new Set(specs)], 'containerd.service');
}
